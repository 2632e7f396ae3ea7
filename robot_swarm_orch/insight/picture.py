# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What was heard of one site while somebody listened: plain values, ages counted back from now."""

from dataclasses import dataclass, field
import json
from typing import Dict, FrozenSet, Mapping, Optional, Tuple

from robot_swarm_orch.site import Site
from robot_swarm_orch.types import FleetView, Grant, Lease, OrderStatus, Report, Safety


@dataclass(frozen=True)
class Wait:
    """
    What keeps a standing robot from its next node, in the leader's words.

    kind: `held` by `holder`, `blocked` by the body of `holder`, `promised` to `holder`, or `ring`:
    the node is free, but giving it would close a ring of waiting robots.
    """

    robot: str
    node: int
    kind: str
    holder: str = ''
    waited_s: float = 0.0


@dataclass(frozen=True)
class Process:
    """What a process says of itself on /diagnostics: level 0 to 2, a word, its share of a core."""

    name: str
    level: int
    word: str
    cores: float = 0.0
    counters: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """
    The fleet as it was heard within `listened_s`. What is missing was not heard.

    reports, safeties, grants: the newest of each robot; the ages [s] of reports since they came,
    of safeties since the robot decided so. view, lease: the leader's newest words. waits,
    silent_s: what the leader says of robots that wait, and of those that it has not heard for a
    while [s].
    alive, voters: coordinators that spoke, and that are known to vote. leaders: (term, id) in the
    order in which they were heard, each change once. boots: boot ids of each robot, in the same
    manner. offsets_s: least arrival minus stamp of each sender's messages [s]. logs: cluster ids.
    """

    site_id: str
    listened_s: float
    domain: int = 0
    reports: Mapping[str, Report] = field(default_factory=dict)
    report_ages_s: Mapping[str, float] = field(default_factory=dict)
    safeties: Mapping[str, Safety] = field(default_factory=dict)
    safety_ages_s: Mapping[str, float] = field(default_factory=dict)
    grants: Mapping[str, Grant] = field(default_factory=dict)
    statuses: Mapping[str, OrderStatus] = field(default_factory=dict)
    view: Optional[FleetView] = None
    lease: Optional[Lease] = None
    lease_age_s: float = 0.0
    waits: Mapping[str, Wait] = field(default_factory=dict)
    silent_s: Mapping[str, float] = field(default_factory=dict)
    alive: FrozenSet[str] = frozenset()
    voters: FrozenSet[str] = frozenset()
    leaders: Tuple[Tuple[int, str], ...] = ()
    logs: FrozenSet[str] = frozenset()
    boots: Mapping[str, Tuple[int, ...]] = field(default_factory=dict)
    offsets_s: Mapping[str, float] = field(default_factory=dict)
    processes: Mapping[str, Process] = field(default_factory=dict)
    site: Optional[Site] = None

    @property
    def is_heard(self) -> bool:
        """Whether anything of the fleet was heard."""
        return bool(self.reports or self.alive or self.view)

    def is_known(self, robot: str) -> bool:
        """Return whether a robot is enrolled, or was heard."""
        return (robot in self.reports or robot in self.safeties
                or self.view is not None and robot in self.view.robots)

    def robots(self) -> Tuple[str, ...]:
        """Return the ids of all known robots, ascending."""
        enrolled = () if self.view is None else self.view.robots
        return tuple(sorted({*self.reports, *enrolled}))

    def mode_in_view(self, robot: str):
        """Return the leader's word on a robot's mode, None if it has none."""
        if self.view is None or robot not in self.view.robots:
            return None
        return self.view.modes[self.view.robots.index(robot)]

    def place(self, node: int) -> str:
        """Return the name of the place at a node, '' if it has none or no site is known."""
        if self.site is None or not 0 <= node < self.site.real_count:
            return ''
        place = self.site.place_at(node)
        return '' if place is None else place.name


def waits_to_json(rows) -> str:
    """Return rows (robot, node, kind, holder, waited [s]) as compact JSON."""
    return json.dumps([list(row) for row in rows], separators=(',', ':'))


def waits_from_json(text: str) -> Dict[str, Wait]:
    """Return the waits of a leader by robot; {} when the text is none of ours."""
    try:
        waits = [Wait(str(robot), int(node), str(kind), str(holder), float(waited_s))
                 for robot, node, kind, holder, waited_s in json.loads(text)]
    except (TypeError, ValueError):
        return {}
    return {wait.robot: wait for wait in waits}


def silent_from_json(text: str) -> Dict[str, float]:
    """Return for how long [s] a leader has not heard robots; {} when the text is none of ours."""
    try:
        return {str(robot): float(age_s) for robot, age_s in json.loads(text).items()}
    except (AttributeError, TypeError, ValueError):
        return {}
