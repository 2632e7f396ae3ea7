# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What the fleet state is made of: orders, robots, open commands; and what a batch changed."""

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

from robot_swarm_orch.codec import register
from robot_swarm_orch.coordinator.legs import leg_under_way
from robot_swarm_orch.coordinator.saga import State
from robot_swarm_orch.types import Leg, OrderKind


@register(31)
@dataclass(frozen=True, slots=True)
class OpenCommand:
    """
    A command that was sent and has no last word yet; `seq` is the robot's own sequence.

    target_seq: the command that a CANCEL ends.
    """

    command_id: str
    seq: int
    kind: int
    node: int
    place: str
    order_id: str
    step: int
    target_seq: int = 0


@register(32)
@dataclass(slots=True)
class RobotRecord:
    """
    What the log knows of a robot, its nodes and boot aside.

    order_id: the order that it carries out, or ''. parking: the parking place kept for it, or ''.
    idle_ms: log time since which it has no order.
    """

    lost: bool = False
    command_seq: int = 0
    open: Optional[OpenCommand] = None
    order_id: str = ''
    parking: str = ''
    idle_ms: int = 0


@register(33)
@dataclass(slots=True)
class OrderRecord:
    """
    An accepted order. `index` is the log entry that last changed it, `changed_ms` its log time.

    As it was ordered: order_id to placed_ms, and alternates to content (see `types.Order`;
    `only_robot` is its `robot`).

    attempts: robots that failed on this leg before its pick. step: number of this leg's next
    command. chosen: why it went to `robot`, for people. leg: number of the leg under way, from 0.
    source, target: where the load of this leg stands, and where it goes, if not as ordered.
    refuge: where it is set down in a compensation, '' until that is chosen; follow: the saga.Event
    that comes after that; why: why it is cancelled or set down. is_cancelled: its owner wants it
    to end. is_late: its deadline passed. held_ms: log time since which its drop place can't be
    used, 0 if it can. misses: failures in a row after the pick. parent: the order of which it is a
    part. parts, parts_done, parts_ended: how many parts it has, and how many are DONE, and ended.
    """

    order_id: str
    trace_id: str
    kind: int
    pick: str
    drop: str
    load_id: str
    priority: int
    deadline_s: float
    placed_ms: int
    state: int = State.WAITING
    robot: str = ''
    attempts: int = 0
    step: int = 0
    index: int = 0
    changed_ms: int = 0
    reason: str = ''
    chosen: str = ''
    alternates: Tuple[str, ...] = ()
    places: Tuple[str, ...] = ()
    legs: Tuple[Leg, ...] = ()
    only_robot: str = ''
    load_mass_kg: float = 0.0
    tools: Tuple[str, ...] = ()
    client: str = ''
    content: int = 0
    leg: int = 0
    source: str = ''
    target: str = ''
    refuge: str = ''
    follow: int = 0
    why: str = ''
    is_cancelled: bool = False
    is_late: bool = False
    held_ms: int = 0
    misses: int = 0
    parent: str = ''
    parts: int = 0
    parts_done: int = 0
    parts_ended: int = 0

    @property
    def present(self) -> Leg:
        """Return the leg that is under way."""
        return leg_under_way(self)

    @property
    def leg_kind(self) -> int:
        """Return the kind of the leg that is under way."""
        return self.present.kind if self.kind == OrderKind.SEQUENCE else self.kind

    @property
    def load(self) -> str:
        """Return what the load of this leg is called."""
        return self.present.load_id or self.order_id

    def place(self, which: str) -> str:
        """Return the name of the 'pick', 'drop' or 'set_down' place of this leg, '' if open."""
        if which == 'set_down':
            return self.refuge
        # Most orders are their only leg; this is asked often.
        leg = self if self.kind == OrderKind.MOVE else self.present
        return self.source or leg.pick if which == 'pick' else self.target or leg.drop

    def short(self) -> tuple:
        """Return what is kept of it long after its end; see `ended.py`."""
        reason = '' if self.state == State.DONE else self.reason or self.why
        return (self.content, int(self.kind), int(self.state), self.index, self.changed_ms,
                self.robot, reason, self.is_late)

    @classmethod
    def from_short(cls, order_id: str, short: tuple) -> 'OrderRecord':
        """Return a record of which no more is known."""
        content, kind, state, index, changed_ms, robot, reason, is_late = short
        return cls(order_id, '', kind, '', '', '', 100, 0.0, 0, state, robot, index=index,
                   changed_ms=changed_ms, reason=reason, content=content, is_late=is_late)


@dataclass(frozen=True, slots=True)
class Change:
    """What the event at `position` of its batch did to an order: its public state from then."""

    position: int
    order_id: str
    state: int
    robot: str
    reason: str


@dataclass(slots=True)
class Effects:
    """
    What a batch changed.

    granted: numbers of robots whose row counted. orders: ids of orders that changed. commands:
    robots that have a new open command. closed: robots whose command ended, and whether it failed.
    booted: robots with a new boot. answers: (position in the batch, '' or why not) of each event
    that a person or a robot waits for. notes: what is to be said of those that were done, by
    position. marks: (what, order id) of what is counted: accepted, assigned, refused (an
    assignment that no longer fitted), returned, in_doubt, ended, amended, late. ways: whether what
    people have blocked or paused may have changed. refused: position of each event that no longer
    fitted -> why not. changes: what became of orders, event by event.
    """

    granted: Tuple[int, ...] = ()
    orders: List[str] = field(default_factory=list)
    commands: List[str] = field(default_factory=list)
    closed: List[Tuple[str, bool]] = field(default_factory=list)
    booted: List[str] = field(default_factory=list)
    answers: List[Tuple[int, str]] = field(default_factory=list)
    notes: Dict[int, str] = field(default_factory=dict)
    marks: List[Tuple[str, str]] = field(default_factory=list)
    ways: bool = False
    refused: Dict[int, str] = field(default_factory=dict)
    changes: List[Change] = field(default_factory=list)
