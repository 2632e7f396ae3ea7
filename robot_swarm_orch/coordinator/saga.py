# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What becomes of an order: a saga of commanded steps, each with its compensation.

An order is a list of legs, done by one robot in turn (`legs.py`). A MOVE leg goes GO to the pick
place, PICK, GO to the drop place, DROP. A GO or PARK leg is one GO. An INSPECT or CHARGE leg is a
GO, then the work. PICK, DROP and the work are commands of their own, sent after arrival, and their
sending is a state of its own. For a PICK it is the point of no return:

- Up to and including arrival at the pick place nothing has been touched. If the robot falls silent
  (SILENT), refuses, or fails, or a more urgent order takes it away (PREEMPTED), the order goes
  back to WAITING at this leg, and another robot gets it. Legs that are done stay done.
- From PICK_SENT on, silence proves nothing: the load may be on the robot. Only the robot's own
  word, or a person's, moves the order on. A pick that *failed* changed nothing: back to WAITING.
- A pick or drop that the robot refused (it does not stand there, say) was not started: the robot
  drives there again.
- After the pick the order stays with its robot. A failed GO or DROP changed nothing and is
  commanded again; another drop place may be chosen (REDIRECTED).
- To inspect or to charge twice does no harm, so that work is never in doubt: what fails or falls
  silent goes back to WAITING.
- When nobody can tell whether a pick or a drop took place, the order is in doubt until a person
  settles it. Clearing a robot away after the pick was sent does the same: the person who finds the
  load says whether it HAPPENED. It is never repeated on a guess.

The compensation of a pick is to SET DOWN: the robot drives to a place and drops the load there.
One set of states serves three purposes, and what follows tells them apart:

- CANCELLED by its owner: the load is put back where it was, and the order ends CANCELLED. Before
  the pick there is nothing to put back, and it ends at once. In the midst of a step that must not
  be broken off, the cancellation is remembered (REMEMBERS) and takes effect as soon as the table
  has a move for it; where the load is about to arrive, it comes too late (TOO_LATE). So does one
  that is remembered while a drop is in doubt, if the drop turns out to have HAPPENED on the last
  leg: the order is DONE, and says so. If it did not, the load is put back.
- GAVE_UP, because the drop place cannot be used: the load is put back, and the order has FAILED.
- HAND_OVER: the load is set down where another robot can fetch it, and the order waits for one.

A person who takes the load off a robot says where it stands now (STRANDED). That order has FAILED;
a new one fetches the load from there.

An order that is too large for one robot is SPLIT into parts, which are orders of their own, and
ends when they have all ended.

LEG_DONE and SET_DOWN are left in the same breath in which they are reached: they only say what was
done, and the event that follows says what comes next.

The table lists every move there is. Any other pair is refused and changes nothing.
"""

from enum import IntEnum

from robot_swarm_orch.errors import SwarmError
from robot_swarm_orch.types import CommandKind, OrderKind, OrderState, Outcome


class State(IntEnum):
    """Where an order stands; the numbers are kept in snapshots."""

    WAITING = 1
    TO_PICK = 2
    AT_PICK = 3
    PICKING = 4
    TO_DROP = 5
    AT_DROP = 6
    DROPPING = 7
    GOING = 8
    PICK_IN_DOUBT = 9
    DROP_IN_DOUBT = 10
    DONE = 11
    FAILED = 12
    CANCELLED = 13
    TO_WORK = 14
    AT_WORK = 15
    WORKING = 16
    LEG_DONE = 17
    TO_SET_DOWN = 18
    AT_SET_DOWN = 19
    SETTING_DOWN = 20
    SET_DOWN = 21
    SET_DOWN_IN_DOUBT = 22
    SPLIT = 23


class Event(IntEnum):
    """What can happen to an order; some numbers are kept in snapshots."""

    MOVE_ASSIGNED = 1
    GO_ASSIGNED = 2
    PICK_SENT = 3
    DROP_SENT = 4
    STEP_DONE = 5
    STEP_FAILED = 6
    DOUBTED = 7
    HAPPENED = 8
    DID_NOT_HAPPEN = 9
    SILENT = 10
    CLEARED = 11
    GAVE_UP = 12
    NOT_STARTED = 13
    WORK_ASSIGNED = 14
    WORK_SENT = 15
    NO_LEG_LEFT = 16
    HELD_BACK = 17
    CANCELLED = 18
    PREEMPTED = 19
    REDIRECTED = 20
    HAND_OVER = 21
    HANDED_OVER = 22
    STRANDED = 23
    SPLIT_UP = 24
    PARTS_DONE = 25
    PARTS_FAILED = 26
    PARTS_CANCELLED = 27


TRANSITIONS = {
    State.WAITING: {
        Event.MOVE_ASSIGNED: State.TO_PICK,
        Event.GO_ASSIGNED: State.GOING,
        Event.WORK_ASSIGNED: State.TO_WORK,
        Event.GAVE_UP: State.FAILED,
        Event.CANCELLED: State.CANCELLED,
        Event.SPLIT_UP: State.SPLIT,
    },
    State.TO_PICK: {
        Event.STEP_DONE: State.AT_PICK,
        Event.STEP_FAILED: State.WAITING,
        Event.SILENT: State.WAITING,
        Event.CLEARED: State.WAITING,
        Event.PREEMPTED: State.WAITING,
        Event.CANCELLED: State.CANCELLED,
    },
    State.AT_PICK: {
        Event.PICK_SENT: State.PICKING,
        Event.SILENT: State.WAITING,
        Event.CLEARED: State.WAITING,
        Event.CANCELLED: State.CANCELLED,
    },
    State.PICKING: {
        Event.STEP_DONE: State.TO_DROP,
        Event.STEP_FAILED: State.WAITING,
        Event.NOT_STARTED: State.TO_PICK,
        Event.DOUBTED: State.PICK_IN_DOUBT,
        Event.CLEARED: State.PICK_IN_DOUBT,
    },
    State.PICK_IN_DOUBT: {
        Event.HAPPENED: State.TO_DROP,
        Event.DID_NOT_HAPPEN: State.WAITING,
        Event.CLEARED: State.PICK_IN_DOUBT,
        Event.STRANDED: State.FAILED,
    },
    State.TO_DROP: {
        Event.STEP_DONE: State.AT_DROP,
        Event.STEP_FAILED: State.TO_DROP,
        Event.REDIRECTED: State.TO_DROP,
        Event.DOUBTED: State.DROP_IN_DOUBT,
        Event.CLEARED: State.DROP_IN_DOUBT,
        Event.CANCELLED: State.TO_SET_DOWN,
        Event.GAVE_UP: State.TO_SET_DOWN,
        Event.HAND_OVER: State.TO_SET_DOWN,
        Event.STRANDED: State.FAILED,
    },
    State.AT_DROP: {
        Event.DROP_SENT: State.DROPPING,
        Event.REDIRECTED: State.TO_DROP,
        Event.CLEARED: State.DROP_IN_DOUBT,
        Event.CANCELLED: State.TO_SET_DOWN,
        Event.GAVE_UP: State.TO_SET_DOWN,
        Event.HAND_OVER: State.TO_SET_DOWN,
        Event.STRANDED: State.FAILED,
    },
    State.DROPPING: {
        Event.STEP_DONE: State.LEG_DONE,
        Event.STEP_FAILED: State.AT_DROP,
        Event.NOT_STARTED: State.TO_DROP,
        Event.DOUBTED: State.DROP_IN_DOUBT,
        Event.CLEARED: State.DROP_IN_DOUBT,
    },
    State.DROP_IN_DOUBT: {
        Event.HAPPENED: State.LEG_DONE,
        Event.DID_NOT_HAPPEN: State.TO_DROP,
        Event.CLEARED: State.DROP_IN_DOUBT,
        Event.STRANDED: State.FAILED,
    },
    State.GOING: {
        Event.STEP_DONE: State.LEG_DONE,
        Event.STEP_FAILED: State.WAITING,
        Event.SILENT: State.WAITING,
        Event.CLEARED: State.WAITING,
        Event.PREEMPTED: State.WAITING,
        Event.CANCELLED: State.CANCELLED,
    },
    State.TO_WORK: {
        Event.STEP_DONE: State.AT_WORK,
        Event.STEP_FAILED: State.WAITING,
        Event.REDIRECTED: State.TO_WORK,
        Event.SILENT: State.WAITING,
        Event.CLEARED: State.WAITING,
        Event.PREEMPTED: State.WAITING,
        Event.CANCELLED: State.CANCELLED,
    },
    State.AT_WORK: {
        Event.WORK_SENT: State.WORKING,
        Event.SILENT: State.WAITING,
        Event.CLEARED: State.WAITING,
        Event.CANCELLED: State.CANCELLED,
    },
    State.WORKING: {
        Event.STEP_DONE: State.LEG_DONE,
        Event.STEP_FAILED: State.WAITING,
        Event.NOT_STARTED: State.TO_WORK,
        Event.SILENT: State.WAITING,
        Event.CLEARED: State.WAITING,
        Event.CANCELLED: State.CANCELLED,
    },
    State.LEG_DONE: {
        Event.MOVE_ASSIGNED: State.TO_PICK,
        Event.GO_ASSIGNED: State.GOING,
        Event.WORK_ASSIGNED: State.TO_WORK,
        Event.HELD_BACK: State.WAITING,
        Event.NO_LEG_LEFT: State.DONE,
    },
    State.TO_SET_DOWN: {
        Event.STEP_DONE: State.AT_SET_DOWN,
        Event.STEP_FAILED: State.TO_SET_DOWN,
        Event.REDIRECTED: State.TO_SET_DOWN,
        Event.DOUBTED: State.SET_DOWN_IN_DOUBT,
        Event.CLEARED: State.SET_DOWN_IN_DOUBT,
        Event.STRANDED: State.FAILED,
    },
    State.AT_SET_DOWN: {
        Event.DROP_SENT: State.SETTING_DOWN,
        Event.REDIRECTED: State.TO_SET_DOWN,
        Event.CLEARED: State.SET_DOWN_IN_DOUBT,
        Event.STRANDED: State.FAILED,
    },
    State.SETTING_DOWN: {
        Event.STEP_DONE: State.SET_DOWN,
        Event.STEP_FAILED: State.AT_SET_DOWN,
        Event.NOT_STARTED: State.TO_SET_DOWN,
        Event.DOUBTED: State.SET_DOWN_IN_DOUBT,
        Event.CLEARED: State.SET_DOWN_IN_DOUBT,
    },
    State.SET_DOWN_IN_DOUBT: {
        Event.HAPPENED: State.SET_DOWN,
        Event.DID_NOT_HAPPEN: State.TO_SET_DOWN,
        Event.CLEARED: State.SET_DOWN_IN_DOUBT,
        Event.STRANDED: State.FAILED,
    },
    State.SET_DOWN: {
        Event.CANCELLED: State.CANCELLED,
        Event.GAVE_UP: State.FAILED,
        Event.HANDED_OVER: State.WAITING,
    },
    State.SPLIT: {
        Event.PARTS_DONE: State.DONE,
        Event.PARTS_FAILED: State.FAILED,
        Event.PARTS_CANCELLED: State.CANCELLED,
    },
    State.DONE: {},
    State.FAILED: {},
    State.CANCELLED: {},
}

STEPS = {
    State.TO_PICK: (CommandKind.GO, 'pick'),
    State.AT_PICK: (CommandKind.PICK, 'pick'),
    State.TO_DROP: (CommandKind.GO, 'drop'),
    State.AT_DROP: (CommandKind.DROP, 'drop'),
    State.GOING: (CommandKind.GO, 'drop'),
    State.TO_WORK: (CommandKind.GO, 'drop'),
    State.AT_WORK: (None, 'drop'),
    State.TO_SET_DOWN: (CommandKind.GO, 'set_down'),
    State.AT_SET_DOWN: (CommandKind.DROP, 'set_down'),
}
"""The command that a state calls for (None: the leg's work), and at which of its places."""

WORK = {OrderKind.INSPECT: CommandKind.INSPECT, OrderKind.CHARGE: CommandKind.CHARGE}
"""The command that does the work of a leg of this kind."""

SENDING = {CommandKind.PICK: Event.PICK_SENT, CommandKind.DROP: Event.DROP_SENT,
           CommandKind.INSPECT: Event.WORK_SENT, CommandKind.CHARGE: Event.WORK_SENT}
"""Commands whose sending is itself an event; sending a GO changes nothing."""

DOUBTFUL = frozenset((CommandKind.PICK, CommandKind.DROP))
"""Commands that must not be done twice, so that their outcome can be in doubt."""

PUBLIC = {
    State.WAITING: OrderState.ACCEPTED,
    State.TO_PICK: OrderState.ASSIGNED,
    State.AT_PICK: OrderState.ASSIGNED,
    State.PICKING: OrderState.PICKING,
    State.TO_DROP: OrderState.CARRYING,
    State.AT_DROP: OrderState.CARRYING,
    State.DROPPING: OrderState.DROPPING,
    State.GOING: OrderState.ASSIGNED,
    State.PICK_IN_DOUBT: OrderState.IN_DOUBT,
    State.DROP_IN_DOUBT: OrderState.IN_DOUBT,
    State.DONE: OrderState.DONE,
    State.FAILED: OrderState.FAILED,
    State.CANCELLED: OrderState.CANCELLED,
    State.TO_WORK: OrderState.ASSIGNED,
    State.AT_WORK: OrderState.ASSIGNED,
    State.WORKING: OrderState.WORKING,
    State.LEG_DONE: OrderState.ASSIGNED,
    State.TO_SET_DOWN: OrderState.SETTING_DOWN,
    State.AT_SET_DOWN: OrderState.SETTING_DOWN,
    State.SETTING_DOWN: OrderState.SETTING_DOWN,
    State.SET_DOWN: OrderState.SETTING_DOWN,
    State.SET_DOWN_IN_DOUBT: OrderState.IN_DOUBT,
    State.SPLIT: OrderState.SPLIT,
}
"""What the world is told (TaskStatus)."""

IN_DOUBT = frozenset((State.PICK_IN_DOUBT, State.DROP_IN_DOUBT, State.SET_DOWN_IN_DOUBT))
ENDED = frozenset((State.DONE, State.FAILED, State.CANCELLED))

CARRYING = frozenset((State.TO_DROP, State.AT_DROP, State.TO_SET_DOWN, State.AT_SET_DOWN))
"""States in which the load is on the robot, and no command touches it."""

SETTING_DOWN = frozenset((State.TO_SET_DOWN, State.AT_SET_DOWN, State.SETTING_DOWN,
                          State.SET_DOWN_IN_DOUBT))
"""States of the compensation."""

REMEMBERS = SETTING_DOWN | {State.PICKING, State.PICK_IN_DOUBT, State.DROP_IN_DOUBT, State.SPLIT}
"""States in which a cancellation is remembered, to take effect later."""

TOO_LATE = {
    State.DROPPING: 'its load is being set down where it was ordered to: that must not be broken '
                    'off',
}
"""States in which a cancellation is refused, and why."""


class RefusedEvent(SwarmError):
    """An event that the table does not list for the order's state; nothing changed."""


def next_state(state, event):
    """Return the state that an event leads to; raise RefusedEvent if there is none."""
    following = TRANSITIONS[state].get(event)
    if following is None:
        raise RefusedEvent(f'{event.name} does not fit an order in {state.name}')
    return following


def assigned_event(kind):
    """Return the event of giving a leg (or order of one leg) of this kind to a robot."""
    if kind == OrderKind.MOVE:
        return Event.MOVE_ASSIGNED
    return Event.WORK_ASSIGNED if kind in WORK else Event.GO_ASSIGNED


def answer_event(kind, outcome, reason=''):
    """
    Return the event that a robot's last word on a command of this kind means.

    Driving can't be in doubt: a GO whose outcome nobody knows has failed, and is given again. A
    pick or drop with a number that the robot has passed, and whose outcome it has forgotten, is.
    """
    if outcome == Outcome.DONE:
        return Event.STEP_DONE
    if kind not in SENDING or outcome == Outcome.FAILED:
        return Event.STEP_FAILED
    if outcome == Outcome.REJECTED and reason != 'seen':
        return Event.NOT_STARTED
    return Event.DOUBTED if kind in DOUBTFUL else Event.STEP_FAILED
