# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Independent judges of a fleet: what must never happen, found without the code under test.

Each judge is fed plain facts as they come and keeps what it found in `violations`, as text. None
of them knows a planner, a protocol or a state machine; they know geometry, stamps and counts.

Invariant (docs/verification.md)  Judge
1 one history                     LeaderJudge, VoteJudge, PrefixJudge, LossJudge, CommitJudge
2 nodes and bodies                OverlapJudge, HoldJudge, InsideJudge, OwnerJudge
3 orders once                     OrderJudge, LoadJudge
4 nothing stale is acted on       CommandJudge, LeaseJudge
5 no consensus, no motion         LeaseJudge, MandateJudge, RestJudge
6 the limiter only slows down     LimiterJudge
7 nothing accepted is lost        AckJudge, OrderJudge (and `linearizability.py`)

    OverlapJudge   bodies that touch, from true positions
    HoldJudge      nodes held by two robots at once, from the robots' stamped reports
    InsideJudge    bodies that leave what they hold, from positions and held nodes
    OrderJudge     picks and drops done twice, or out of order, from what really happened

Those of the log are in `log_checks.py`, those of the words to robots in `word_checks.py`; both are
to be imported from here.
"""

from collections import deque

import numpy as np

from robot_swarm_orch.sim.load_checks import LoadJudge
from robot_swarm_orch.sim.log_checks import (
    AckJudge, CommitJudge, LeaderJudge, LossJudge, OwnerJudge, PrefixJudge, VoteJudge)
from robot_swarm_orch.sim.word_checks import (
    CommandJudge, LeaseJudge, LimiterJudge, MandateJudge, RestJudge, SentReports)
from robot_swarm_orch.sim.zone_checks import ZoneRule
from robot_swarm_orch.site.lock_sets import point_segment_m

__all__ = [
    'AckJudge', 'CommandJudge', 'CommitJudge', 'HoldJudge', 'InsideJudge', 'LeaderJudge',
    'LeaseJudge', 'LimiterJudge', 'LoadJudge', 'LossJudge', 'MandateJudge', 'OrderJudge',
    'OverlapJudge', 'OwnerJudge', 'PrefixJudge', 'RestJudge', 'SentReports', 'VoteJudge',
]

# How much of the past a judge keeps, to weigh words that arrive late [s].
_MEMORY_S = 10.0


class OverlapJudge:
    """Counts contacts: two centres closer than twice the footprint radius."""

    def __init__(self, robots, radius_m: float):
        """Know the robots' names, in index order, and their radius."""
        self._robots = tuple(robots)
        self._reach = 2.0 * radius_m
        self._touching = set()
        self.violations = []

    def feed(self, time_s: float, x, y):
        """Judge true positions (n,) [m]; return the contacts that began as (a, b, gap in m)."""
        dx, dy = x[:, None] - x, y[:, None] - y
        close = np.argwhere(np.triu(dx * dx + dy * dy < self._reach ** 2, 1))
        now = set(map(tuple, close.tolist()))
        begun = []
        for i, j in sorted(now - self._touching):
            gap = float(np.hypot(dx[i, j], dy[i, j])) - self._reach
            begun.append((self._robots[i], self._robots[j], gap))
            self.violations.append(f'{time_s:.2f} s: {self._robots[i]} and {self._robots[j]} '
                                   f'overlap by {-gap:.3f} m')
        self._touching = now
        return begun


class HoldJudge:
    """
    Finds nodes that two robots held at the same instant, in their own beliefs.

    Proof of a double hold: a robot names a node in two reports that follow each other, and the
    stamp of another robot's report that names it lies between theirs.
    """

    def __init__(self):
        """Start without any report."""
        self._last = {}  # robot -> (boot, seq, stamp, held)
        self._spans = {}  # node -> {robot: deque of [first stamp, last stamp, ...]}
        self.violations = []
        self._told = set()

    def feed(self, robot: str, boot_id: int, seq: int, stamp_s: float, held) -> None:
        """Judge one report; stamps of all robots must come from one clock."""
        before = self._last.get(robot)
        held = frozenset(held)
        follows = before is not None and before[:2] == (boot_id, seq - 1)
        if before is not None and not follows and before[2] > stamp_s:
            return
        self._last[robot] = (boot_id, seq, stamp_s, held)
        for node in held:
            spans = self._spans.setdefault(node, {})
            mine = spans.setdefault(robot, deque(maxlen=64))
            if follows and node in before[3] and mine:
                mine[-1][1] = stamp_s
            else:
                mine.append([stamp_s, stamp_s])
            if len(spans) > 1:
                self._compare(node, robot, mine[-1], spans, stamp_s)

    def _compare(self, node, robot, span, spans, now_s):
        """Compare a span of one robot with those of others on the same node."""
        for other in list(spans):
            if other == robot:
                continue
            while spans[other] and spans[other][0][1] < now_s - _MEMORY_S:
                spans[other].popleft()
            if not spans[other]:
                del spans[other]
                continue
            for first, last in spans[other]:
                # Two stretches of certain holding that share an instant.
                if first <= span[1] and span[0] <= last:
                    self._tell(node, robot, other, max(first, span[0]))

    def _tell(self, node, one, two, stamp_s):
        """Write a double hold down once."""
        key = (node, *sorted((one, two)))
        if key not in self._told:
            self._told.add(key)
            self.violations.append(
                f'{stamp_s:.2f} s: node {node} held by {key[1]} and {key[2]}')


class InsideJudge:
    """
    Finds bodies outside what they hold.

    A body is inside if nobody else could rightly drive or stand within reach of it: each node in
    reach is held, and of each segment in reach at least one locked node is. For free zones see
    `zone_checks.py`.
    """

    def __init__(self, site):
        """Index the site's segments by squares of ground."""
        self._site = site
        self._reach = site.clearance_m - site.pose_error_m
        self._cell = 2.0 * self._reach
        arcs = sorted({(min(a, b), max(a, b)) for a in range(site.real_count)
                       for b in site.successors[a] if site.free_zone_on(a, b) is None})
        self._zones = ZoneRule(site) if site.free_zones else None
        self._locks = [frozenset(site.lock_set(a, b)) for a, b in arcs]
        self._starts = site.xy[[a for a, _ in arcs]]
        self._ends = site.xy[[b for _, b in arcs]]
        self._near = {}
        self.violations = []
        self._told = set()

    def _segments_near(self, x, y):
        """Return the indices of segments within reach of the square around a point."""
        cell = (int(x // self._cell), int(y // self._cell))
        found = self._near.get(cell)
        if found is None:
            middle = (np.asarray(cell) + 0.5) * self._cell
            reach = self._reach + self._cell
            found = self._near[cell] = np.flatnonzero(
                point_segment_m(middle, self._starts, self._ends) < reach)
        return found

    def feed(self, time_s: float, robot: str, x: float, y: float, held) -> bool:
        """Judge one body; return whether it is inside what it holds."""
        held = frozenset(held)
        if self._zones is not None and self._zones.allows(x, y, held):
            return True
        near = self._segments_near(x, y)
        point = np.asarray((x, y))
        touched = near[point_segment_m(point, self._starts[near], self._ends[near])
                       < self._reach]
        inside = len(touched) > 0 and all(self._locks[i] & held for i in touched)
        if inside:
            nodes = {n for i in touched for n in self._locks[i] if n < self._site.real_count}
            inside = not any(
                np.hypot(*(self._site.xy[n] - point)) < self._reach for n in nodes - held)
        if not inside and robot not in self._told:
            self._told.add(robot)
            self.violations.append(f'{time_s:.2f} s: {robot} at ({x:.2f}, {y:.2f}) is outside '
                                   f'its nodes {sorted(held)}')
        return inside


class OrderJudge:
    """Finds picks and drops that were started twice, or out of order, and orders lost."""

    def __init__(self):
        """Start without any order."""
        self._starts = {}  # (order, 'pick' or 'drop') -> count
        self.dropped = {}  # order -> (place, time)
        self.violations = []

    def feed(self, happening) -> None:
        """Judge one `Happening` of the world."""
        kind, order = happening.kind, happening.order
        if kind in ('pick_started', 'drop_started'):
            key = (order, kind[:4])
            self._starts[key] = self._starts.get(key, 0) + 1
            if self._starts[key] == 2:
                self.violations.append(f'{happening.time_s:.2f} s: the {kind[:4]} of {order} was '
                                       f'started twice, the second time by {happening.robot}')
            if kind == 'drop_started' and (order, 'pick') not in self._starts:
                self.violations.append(f'{happening.time_s:.2f} s: {order} dropped, never picked')
        elif kind == 'drop':
            self.dropped[order] = (happening.place, happening.time_s)

    def close(self, ended) -> None:
        """Judge the orders called DONE, as {order id: name of its drop}."""
        for order, place in sorted(ended.items()):
            found = self.dropped.get(order)
            if found is None or found[0] != place:
                self.violations.append(f'{order} is called done, but was dropped at '
                                       f'{found[0] if found else "no place"}, not at {place}')
