# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What operators do to orders, robots, ways and the group of coordinators (`Operate.srv`)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Tuple

Nodes = Tuple[int, ...]


@dataclass(frozen=True)
class Enrolment:
    """An operator's act: `robot` stands at `node`; refused while somebody else holds it."""

    robot: str
    node: int
    operator_id: str = ''


@dataclass(frozen=True)
class Clearance:
    """
    An operator's act: `robot` is switched off or gone.

    Its nodes are freed but for `occupied`, which become blocked, and its boot is fenced.
    """

    robot: str
    occupied: Nodes = ()
    operator_id: str = ''


@dataclass(frozen=True)
class Settlement:
    """An operator's act: whether the pick or drop in doubt of `robot` took place."""

    robot: str
    happened: bool
    operator_id: str = ''


@dataclass(frozen=True)
class Blockage:
    """
    An operator's act: nobody is to enter `nodes` or set out on `edges` (a, b), or may again.

    Who is in there finishes its way.
    """

    nodes: Nodes
    edges: Tuple[Tuple[int, int], ...]
    is_blocked: bool
    operator_id: str = ''


class GroupVerb(IntEnum):
    """What an operator does to the group of coordinators; the values are those of Operate.srv."""

    ADD = 4
    REMOVE = 5
    TRANSFER = 6


@dataclass(frozen=True)
class GroupAct:
    """
    An operator's act on the group: `coordinator` comes, goes, or is to lead.

    TRANSFER without a coordinator means the one that is furthest.
    """

    verb: GroupVerb
    coordinator: str = ''
    operator_id: str = ''


@dataclass(frozen=True)
class Cancellation:
    """An operator's or client's act: an order is to end; a load that was picked is set down."""

    order_id: str
    operator_id: str = ''


@dataclass(frozen=True)
class Amendment:
    """
    An act on an order that has not ended: another priority or deadline.

    priority: 0 to 255, -1: as it is. deadline_s: ROS time [s], 0: none, negative: as it is.
    """

    order_id: str
    priority: int = -1
    deadline_s: float = -1.0
    operator_id: str = ''


@dataclass(frozen=True)
class Pause:
    """
    An operator's act: a robot, the robots in an area, or (with neither) all come to rest.

    They get no further nodes, keep what they have, and go on when it is taken back.
    """

    robot: str = ''
    area: str = ''
    is_paused: bool = True
    operator_id: str = ''


@dataclass(frozen=True)
class Drain:
    """An operator's act: `robot` finishes what it does and gets no new orders."""

    robot: str
    is_drained: bool = True
    operator_id: str = ''


@dataclass(frozen=True)
class Stranding:
    """A person's act: the load that `robot` had is not on it any more, it stands at `place`."""

    robot: str
    place: str
    operator_id: str = ''


@dataclass(frozen=True)
class SlotWord:
    """A person's act: a storage place holds a load, or none."""

    place: str
    is_occupied: bool
    load_id: str = ''
    operator_id: str = ''


@dataclass(frozen=True)
class AuditNote:
    """What somebody tried to change, and what came of it, where no other entry says so."""

    what: str
    result: str
    operator_id: str = ''
