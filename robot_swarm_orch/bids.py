# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What the leader asks robots about work that waits, and what they offer."""

from dataclasses import dataclass
from math import nan
from typing import Tuple

GOALS_MAX = 4
"""Places that one call names: each may cost each robot a search for a way."""

CALLED_MAX = 256
"""Robots that one call names."""


@dataclass(frozen=True)
class CallForBids:
    """
    Which robots are to say how long they would take to which nodes.

    seq grows with each call of a term.
    """

    term: int
    seq: int
    robots: Tuple[str, ...]
    goals: Tuple[int, ...]


@dataclass(frozen=True)
class Bid:
    """
    A robot's answer to the call (term, seq): its travel times [s] from `node` to goals.

    offers: (goal, seconds) by its own search, with what it knows to be blocked; a goal that it
    finds no way to is missing. battery: state of charge, 0 to 1, NaN: unknown. payload_max_kg: 0:
    carries anything.
    """

    robot: str
    boot_id: int
    term: int
    seq: int
    node: int
    offers: Tuple[Tuple[int, float], ...]
    battery: float = nan
    payload_max_kg: float = 0.0
    tools: Tuple[str, ...] = ()
