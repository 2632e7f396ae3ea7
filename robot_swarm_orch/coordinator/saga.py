# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What becomes of an order: a saga of commanded steps, each with its compensation.

A MOVE order goes GO to the pick place, PICK, GO to the drop place, DROP. A GO order is one GO.
PICK and DROP are commands of their own, sent after arrival, and their sending is a state of its
own, because it is the point of no return:

- Up to and including arrival at the pick place nothing has been touched. If the robot falls silent
  (SILENT), refuses, or fails, the order goes back to WAITING and another robot gets it.
- From PICK_SENT on, silence proves nothing: the load may be on the robot. Only the robot's own
  word, or a person's, moves the order on. A pick that *failed* changed nothing: back to WAITING.
- A pick or drop that the robot refused (it does not stand there, say) was not started: the robot
  drives there again.
- After the pick the order stays with its robot. A failed GO or DROP changed nothing and is
  commanded again; if that has no end, a person decides.
- When nobody can tell whether a pick or a drop took place, the order is in doubt until a person
  settles it. Clearing a robot away after the pick was sent does the same: the person who finds the
  load says whether it HAPPENED. It is never repeated on a guess.

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


class Event(IntEnum):
    """What can happen to an order."""

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


TRANSITIONS = {
    State.WAITING: {
        Event.MOVE_ASSIGNED: State.TO_PICK,
        Event.GO_ASSIGNED: State.GOING,
        Event.GAVE_UP: State.FAILED,
    },
    State.TO_PICK: {
        Event.STEP_DONE: State.AT_PICK,
        Event.STEP_FAILED: State.WAITING,
        Event.SILENT: State.WAITING,
        Event.CLEARED: State.WAITING,
    },
    State.AT_PICK: {
        Event.PICK_SENT: State.PICKING,
        Event.SILENT: State.WAITING,
        Event.CLEARED: State.WAITING,
    },
    State.PICKING: {
        Event.STEP_DONE: State.TO_DROP,
        Event.STEP_FAILED: State.WAITING,
        Event.NOT_STARTED: State.TO_PICK,
        Event.DOUBTED: State.PICK_IN_DOUBT,
        Event.CLEARED: State.PICK_IN_DOUBT,
    },
    State.TO_DROP: {
        Event.STEP_DONE: State.AT_DROP,
        Event.STEP_FAILED: State.TO_DROP,
        Event.DOUBTED: State.DROP_IN_DOUBT,
        Event.CLEARED: State.DROP_IN_DOUBT,
    },
    State.AT_DROP: {
        Event.DROP_SENT: State.DROPPING,
        Event.CLEARED: State.DROP_IN_DOUBT,
    },
    State.DROPPING: {
        Event.STEP_DONE: State.DONE,
        Event.STEP_FAILED: State.AT_DROP,
        Event.NOT_STARTED: State.TO_DROP,
        Event.DOUBTED: State.DROP_IN_DOUBT,
        Event.CLEARED: State.DROP_IN_DOUBT,
    },
    State.GOING: {
        Event.STEP_DONE: State.DONE,
        Event.STEP_FAILED: State.WAITING,
        Event.SILENT: State.WAITING,
        Event.CLEARED: State.WAITING,
    },
    State.PICK_IN_DOUBT: {
        Event.HAPPENED: State.TO_DROP,
        Event.DID_NOT_HAPPEN: State.WAITING,
        Event.CLEARED: State.PICK_IN_DOUBT,
    },
    State.DROP_IN_DOUBT: {
        Event.HAPPENED: State.DONE,
        Event.DID_NOT_HAPPEN: State.TO_DROP,
        Event.CLEARED: State.DROP_IN_DOUBT,
    },
    State.DONE: {},
    State.FAILED: {},
}

STEPS = {
    State.TO_PICK: (CommandKind.GO, 'pick'),
    State.AT_PICK: (CommandKind.PICK, 'pick'),
    State.TO_DROP: (CommandKind.GO, 'drop'),
    State.AT_DROP: (CommandKind.DROP, 'drop'),
    State.GOING: (CommandKind.GO, 'drop'),
}
"""The command that a state calls for, and at which of the order's places."""

SENDING = {CommandKind.PICK: Event.PICK_SENT, CommandKind.DROP: Event.DROP_SENT}
"""Commands whose sending is itself an event; sending a GO changes nothing."""

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
}
"""What the world is told (TaskStatus)."""

IN_DOUBT = frozenset((State.PICK_IN_DOUBT, State.DROP_IN_DOUBT))
ENDED = frozenset((State.DONE, State.FAILED))


class RefusedEvent(SwarmError):
    """An event that the table does not list for the order's state; nothing changed."""


def next_state(state, event):
    """Return the state that an event leads to; raise RefusedEvent if there is none."""
    following = TRANSITIONS[state].get(event)
    if following is None:
        raise RefusedEvent(f'{event.name} does not fit an order in {state.name}')
    return following


def assigned_event(order_kind):
    """Return the event of giving an order of this kind to a robot."""
    return Event.MOVE_ASSIGNED if order_kind == OrderKind.MOVE else Event.GO_ASSIGNED


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
    return Event.DOUBTED
