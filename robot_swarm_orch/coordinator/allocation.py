# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which idle robot carries out which waiting order.

All idle robots and all waiting orders are looked at together. What a pair costs is the robot's
travel time to the order's first place, less the order's bonus (`backlog.py`). Travel times come
from the robot's own bid, if there is a fresh one, else from one distance table per place
(`edge/planning.py`), looked up for all robots at once; of a place whose table nobody has made yet
they are as the crow flies. Who may do what, and has the battery for it, is `Candidate.may`'s to
say. How the least total is found is the business of the `strategies.py`.
"""

from math import hypot, isnan, nan
from typing import NamedTuple, Tuple

import numpy as np
from robot_swarm_orch.coordinator import bars
from robot_swarm_orch.coordinator.market import Market
from robot_swarm_orch.coordinator.strategies import ALLOCATORS, warm_up  # noqa: F401: also here

LANES_AT_ONCE = 1024
"""Lanes that one allocation looks at, those with the most urgent orders; bounds its time."""


class Candidate(NamedTuple):
    """
    An idle robot, as far as an order is concerned.

    has_payload: whether there is a device that can take loads. payload_max_kg: what it can carry,
    0: anything. tools: what it has. range_s: how long it may drive until it must stand at a
    charger [s], NaN: unknown, so nothing is said against it. bids_s: travel times [s] that the
    robot itself offers, (node, seconds) each.
    """

    name: str
    node: int
    yaw_rad: float
    has_payload: bool = True
    payload_max_kg: float = 0.0
    tools: Tuple[str, ...] = ()
    range_s: float = nan
    bids_s: Tuple[Tuple[int, float], ...] = ()

    def may(self, lane) -> bool:
        """Return whether the robot may do a lane's orders, its battery aside."""
        return (not lane.robot or lane.robot == self.name) and self.why_not(lane) is None

    def why_not(self, lane):
        """Return what the robot lacks to do a lane's orders (Bar), None if nothing."""
        if self.payload_max_kg and lane.mass_kg > self.payload_max_kg:
            return bars.TOO_HEAVY
        if not set(lane.tools).issubset(self.tools):
            return bars.TOOLS
        return None if self.has_payload or not lane.needs_payload else bars.NO_DEVICE

    def lasts(self, way_s, lane) -> bool:
        """Return whether the battery is enough for a lane's orders, so far away [s]."""
        return not way_s + lane.tail_s > self.range_s  # one that is not known (NaN) is


class TravelTimes:
    """
    Travel times to places, with at most one new distance table for each call of `admit`.

    On a large map, or without Numba, a table takes tens of milliseconds, so a burst of orders to
    new places, or a jam of robots on their way to them, must not make them all in one decision:
    consensus timers wait behind it.
    """

    def __init__(self, planner):
        """Use the tables of an edge.planning.Planner."""
        self._planner = planner
        self._x_m, self._y_m = planner.site.xy.T.tolist()

    def admit(self, goals):
        """Return the distinct goals whose tables are known, and learn one more."""
        has_whole = self._planner.has_whole
        fresh = next((goal for goal in goals if not has_whole(goal)), None)
        if fresh is not None:
            self._planner.table(fresh).finish()
        return {goal for goal in goals if has_whole(goal)}

    def to(self, goal, nodes, yaws_rad):
        """Return the travel times [s] of robots at `nodes` with headings `yaws_rad`, (n,)."""
        return self._planner.table(goal).costs_s(nodes, yaws_rad)

    def to_each(self, goals, nodes, yaws_rad):
        """Return the travel times (goals, n) [s]: by the tables that are known, else as flown."""
        planner, xy = self._planner, self._planner.site.xy
        known = np.array([planner.has_whole(goal) for goal in goals])
        if known.all():
            return planner.costs_s(goals, nodes, yaws_rad)
        result, goals = np.empty((len(goals), len(nodes))), np.array(goals)
        result[known] = planner.costs_s(goals[known].tolist(), nodes, yaws_rad)
        way = xy[goals[~known]][:, None] - xy[nodes]
        result[~known] = np.hypot(way[..., 0], way[..., 1]) / planner.robot.speed_mps
        return result

    def least_s(self, goal, node):
        """
        Return the travel time from a node with the best heading there [s].

        As long as no call of `admit` has learnt the goal, that is as the crow flies.
        """
        if self._planner.has_whole(goal):
            return self._planner.table(goal).least_s(node)
        return (hypot(self._x_m[goal] - self._x_m[node], self._y_m[goal] - self._y_m[node])
                / self._planner.robot.speed_mps)


def allocate(strategy, robots, queues, travel, has_time=None):
    """
    Return (robot name, order id, why that robot, for people) of each order given.

    strategy: one of ALLOCATORS. robots: idle Candidates. queues: the waiting orders
    (`Backlog.look`). travel: TravelTimes. has_time: see `strategies.py`.
    """
    if not robots or not queues.lanes:
        return []
    heads_s = queues.heads_s()
    chosen = np.argsort(-heads_s, kind='stable')
    travel.admit([queues.lanes[lane].goal for lane in chosen if queues.lanes[lane].goal >= 0])
    chosen = _some(chosen, np.diff(queues.first), len(robots))
    lanes = [queues.lanes[lane] for lane in chosen.tolist()]
    times_s = travel_times(robots, lanes, travel)
    bonus_s, first = queues.of_lanes(chosen)
    lane_of = strategy(Market(allowed(robots, lanes, times_s), bonus_s, first), has_time)
    given = _pairs(lane_of, lambda lane, count: queues.order_ids(chosen[lane], count), times_s)
    whys = Reasons([robot.name for robot in robots], times_s, lane_of, dict(given))
    return [(robots[row].name, order_id, whys.of(row)) for row, order_id in given]


def _some(lanes, lengths, robots):
    """Return the first lanes: at least LANES_AT_ONCE, and such that robots have a choice."""
    enough = int(np.searchsorted(np.cumsum(lengths[lanes]), 2 * robots)) + 1
    return lanes[:max(LANES_AT_ONCE, enough)]


def travel_times(robots, lanes, travel):
    """Return the travel times of Candidates to the first places of lanes, (robots, lanes) [s]."""
    goals = sorted({lane.goal for lane in lanes} - {-1})
    result = np.zeros((len(lanes), len(robots)))  # so that a lane's times lie side by side
    if goals:
        nodes = np.array([robot.node for robot in robots])
        yaws_rad = np.array([robot.yaw_rad for robot in robots])
        by_goal = travel.to_each(goals, nodes, yaws_rad)
        column = {goal: index for index, goal in enumerate(goals)}
        for row, robot in enumerate(robots):
            for node, offered_s in robot.bids_s:
                if node in column:
                    by_goal[column[node], row] = offered_s
        at_goal = [index for index, lane in enumerate(lanes) if lane.goal >= 0]
        result[at_goal] = by_goal[[column[lanes[index].goal] for index in at_goal]]
    return result.T


def allowed(robots, lanes, times_s):
    """Return travel times (robots, lanes) with inf where a robot may not or can't do the work."""
    result = np.array(times_s)
    asks = [index for index, lane in enumerate(lanes)
            if lane.robot or lane.needs_payload or lane.mass_kg or lane.tools]
    if asks:
        limits = {}  # lanes that differ by place only ask the same
        for index in asks:
            limits.setdefault(lanes[index]._replace(goal=0, tail_s=0.0), []).append(index)
        for lane, columns in limits.items():
            may_not = [row for row, robot in enumerate(robots) if not robot.may(lane)]
            if may_not:
                result[np.ix_(may_not, columns)] = np.inf
    tails_s = np.array([lane.tail_s for lane in lanes])
    for row, robot in enumerate(robots):
        if not isnan(robot.range_s):
            result[row, times_s[row] + tails_s > robot.range_s] = np.inf
    return result


def _pairs(lane_of, order_ids, times_s):
    """Return (row, order id): in each lane the nearest robot gets the most urgent order."""
    at_work = np.flatnonzero(lane_of >= 0)
    by_lane = at_work[np.lexsort((times_s[at_work, lane_of[at_work]], lane_of[at_work]))]
    result = []
    for rows in np.split(by_lane, np.flatnonzero(np.diff(lane_of[by_lane])) + 1):
        if len(rows):
            result += zip(rows.tolist(), order_ids(int(lane_of[rows[0]]), len(rows)))
    return sorted(result)


class Reasons:
    """Why each robot got its order, in words."""

    def __init__(self, names, times_s, lane_of, goes):
        """
        Rank the robots.

        names: of the robots. times_s: (robots, lanes). lane_of: lane by robot, -1: none. goes:
        row to order id of all that got one.
        """
        self._names, self._lane_of, self._goes = names, lane_of, goes
        rows = np.array(sorted(goes), dtype=int)
        columns = times_s[:, lane_of[rows]]
        own_s = columns[rows, np.arange(len(rows))]
        self._own_s = dict(zip(rows.tolist(), own_s.tolist()))
        self._rank = dict(zip(rows.tolist(), ((columns < own_s).sum(axis=0) + 1).tolist()))
        self._nearest = {}
        for lane in np.unique(lane_of[rows]).tolist():
            column = times_s[:, lane]
            two = np.argpartition(column, 1)[:2] if len(column) > 1 else np.array([0])
            self._nearest[lane] = [(int(row), float(column[row])) for row in
                                   two[np.argsort(column[two], kind='stable')]]

    def of(self, row) -> str:
        """Return in words why a robot got its order."""
        count, own_s, rank = len(self._names), self._own_s[row], self._rank[row]
        if count == 1:
            return f'the only idle robot, {own_s:.0f} s away'
        nearest = self._nearest[int(self._lane_of[row])]
        if rank == 1:
            other, other_s = nearest[1] if nearest[0][0] == row else nearest[0]
            return (f'nearest of {count} idle robots, {own_s:.0f} s away; runner-up '
                    f'{self._names[other]} {other_s:.0f} s')
        first, first_s = nearest[0]
        words = f'number {rank} of {count} idle robots by distance, {own_s:.0f} s away'
        if first in self._goes:
            words += (f'; {self._names[first]}, {first_s:.0f} s away, got order '
                      f'{self._goes[first]}')
        return words
