# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The commands of robots in the fleet state: which one is due, which was sent, what was answered.

A robot has at most one open command. A GO that its order no longer wants, since the order was
cancelled, taken away or sent elsewhere, is replaced: by what is wanted instead, which supersedes
it on the robot, or by a CANCEL, for which the robot stops. Anything else is waited for.
"""

from typing import Optional, Tuple

from robot_swarm_orch.coordinator import saga
from robot_swarm_orch.coordinator.records import OpenCommand
from robot_swarm_orch.coordinator.saga import Event, State
from robot_swarm_orch.types import CommandKind

STEPS_AT_MOST = 250
"""Commands of one leg, until a person has to look; TaskCommand.step is eight bits wide."""

DRIVES = frozenset((CommandKind.GO, CommandKind.PARK))
"""Commands that a robot forgets when its program starts anew, and that a newer one supersedes."""

_AFTER_THE_PICK = saga.CARRYING | {State.DROPPING, State.SETTING_DOWN}


def wanted(state, name) -> Optional[Tuple[CommandKind, str]]:
    """Return (kind, place) of the command that a robot's order calls for, None if it does not."""
    order = state.live.get(state.robots[name].order_id)
    step = None if order is None else saga.STEPS.get(order.state)
    if step is None:
        return None
    kind, which = step
    place = order.place(which)
    if kind is None:
        kind = saga.WORK[order.leg_kind]
    if not place or kind == CommandKind.DROP and state.slots.why_taken(place, order.order_id):
        return None
    return kind, place


def is_outdated(state, name) -> bool:
    """Return whether a robot's open command is one that its order no longer wants."""
    record = state.robots[name]
    command = record.open
    if command is None or command.kind in (CommandKind.PARK, CommandKind.CANCEL):
        return False
    if command.order_id != record.order_id:
        return True
    return (command.kind == CommandKind.GO
            and wanted(state, name) != (command.kind, command.place))


def due(state, name) -> Optional[Tuple[CommandKind, str]]:
    """Return (kind, place) of the command to send to a robot now, None if there is none."""
    command = state.robots[name].open
    if command is not None and not is_outdated(state, name):
        return None
    what = wanted(state, name)
    if what is None and command is not None:
        return CommandKind.CANCEL, command.place
    return what


def send(state, event, effects) -> str:
    """Apply a CommandSent; return why not, '' if done."""
    record = state.robots.get(event.robot)
    if record is None:
        return 'the robot is unknown'
    step, target_seq, order_id = 0, 0, event.order_id
    if event.kind == CommandKind.PARK:
        if order_id or record.open is not None or not _may_park(state, event):
            return 'the robot may not park there now'
        record.parking = event.place
    elif (event.kind, event.place) != due(state, event.robot):
        return 'the robot is not to have this command now'
    elif event.kind == CommandKind.CANCEL:
        target_seq, order_id = record.open.seq, ''
    elif order_id != record.order_id:
        return 'another robot has the order'
    else:
        order = state.live[order_id]
        step = min(order.step, STEPS_AT_MOST)
        order.step = step + 1
        if event.kind in saga.SENDING:
            state.move(order, saga.SENDING[event.kind], effects)
    record.command_seq += 1
    record.open = OpenCommand(event.command_id, record.command_seq, event.kind, event.node,
                              event.place, order_id, step, target_seq)
    effects.commands.append(event.robot)
    state.refresh_due(event.robot)
    return ''


def _may_park(state, event):
    return state.is_idle(event.robot) and not any(
        record.parking == event.place for name, record in state.robots.items()
        if name != event.robot)


def answer(state, event, effects) -> str:
    """Apply a CommandAcked; return why not, '' if done."""
    record = state.robots.get(event.robot)
    if record is None or record.open is None or record.open.seq != event.seq:
        return 'no such open command'
    outdated = is_outdated(state, event.robot)
    command, record.open = record.open, None
    means = saga.answer_event(command.kind, event.outcome, event.reason)
    failed = means != Event.STEP_DONE
    effects.closed.append((event.robot, failed))
    order = None if outdated else state.live.get(command.order_id)
    if order is not None:
        means = _count_failure(order, means)
        state.move(order, means, effects, event.reason if failed else '')
    elif not record.order_id:
        if failed:
            record.parking = ''
        record.idle_ms = state.time_ms
    state.refresh_due(event.robot)
    return ''


def _count_failure(order, means):
    """Count a failure; after the pick, give up repeating at some point."""
    if means not in (Event.STEP_FAILED, Event.NOT_STARTED):
        return means
    if order.state in _AFTER_THE_PICK:
        order.misses += 1
    else:
        order.attempts += 1
    if order.step >= STEPS_AT_MOST and Event.DOUBTED in saga.TRANSITIONS[order.state]:
        return Event.DOUBTED
    return means
