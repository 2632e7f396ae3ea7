# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What operators do to robots, to ways and to the group of coordinators (`Operate.srv`)."""

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
