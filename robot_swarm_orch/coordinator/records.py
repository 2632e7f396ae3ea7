# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What the fleet state is made of: orders, robots, open commands; and what a batch changed."""

from dataclasses import dataclass, field
from typing import List, Optional, Tuple

from robot_swarm_orch.codec import register
from robot_swarm_orch.coordinator.saga import State


@register(31)
@dataclass(frozen=True, slots=True)
class OpenCommand:
    """A command that was sent and has no last word yet; `seq` is the robot's own sequence."""

    command_id: str
    seq: int
    kind: int
    node: int
    place: str
    order_id: str
    step: int


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

    attempts: robots that failed on it before the pick. step: number of its next command. chosen:
    why it went to `robot`, for people.
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

    def place(self, which: str) -> str:
        """Return the name of the 'pick' or 'drop' place."""
        return self.pick if which == 'pick' else self.drop


@dataclass(slots=True)
class Effects:
    """
    What a batch changed.

    granted: numbers of robots whose row counted. orders: ids of orders that changed. commands:
    robots that have a new open command. closed: robots whose command ended, and whether it failed.
    booted: robots with a new boot. answers: (position in the batch, '' or why not) of each event
    that a person or a robot waits for. marks: (what, order id) of what is counted: accepted,
    assigned, refused (an assignment that no longer fitted), returned, in_doubt, ended. ways:
    whether what people have blocked may have changed.
    """

    granted: Tuple[int, ...] = ()
    orders: List[str] = field(default_factory=list)
    commands: List[str] = field(default_factory=list)
    closed: List[Tuple[str, bool]] = field(default_factory=list)
    booted: List[str] = field(default_factory=list)
    answers: List[Tuple[int, str]] = field(default_factory=list)
    marks: List[Tuple[str, str]] = field(default_factory=list)
    ways: bool = False
