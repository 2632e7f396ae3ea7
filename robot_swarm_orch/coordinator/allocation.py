# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which idle robot carries out which waiting order.

A strategy is a function from a cost matrix (robots x orders, seconds, inf where it can't be) to
pairs (robot row, order column), each row and column at most once. `ALLOCATORS` names them.

The costs are travel times to the order's first place, less a bonus that grows while the order
waits: with time the bonus outweighs any way, so no order starves. Travel times come from one
distance table per place (`edge/planning.py`), looked up for all idle robots at once.
"""

from heapq import nsmallest
from math import hypot

import numpy as np
from robot_swarm_orch.types import OrderKind
from scipy.optimize import linear_sum_assignment

AGE_WEIGHT = 0.5
"""Seconds of travel that one second of waiting is worth."""

PRIORITY_S = 3.0
"""Seconds of waiting that one step of priority is worth (low to normal: 100 steps)."""

ORDERS_AT_ONCE = 48
"""Orders that one allocation looks at, the most urgent first; bounds its time."""

ROBOTS_AT_ONCE = 48
"""Idle robots that one allocation looks at; the others come next time."""

_IMPOSSIBLE = 1e9


def hungarian(costs):
    """
    Return the pairs of least total cost.

    D. F. Crouse, "On implementing 2D rectangular assignment algorithms", IEEE Trans. Aerospace
    and Electronic Systems 52(4), 2016 (SciPy's linear_sum_assignment).
    """
    rows, columns = linear_sum_assignment(np.where(np.isfinite(costs), costs, _IMPOSSIBLE))
    return [(int(row), int(column)) for row, column in zip(rows, columns)
            if np.isfinite(costs[row, column])]


def greedy(costs):
    """Return pairs by repeatedly taking the least cost that is left."""
    left = np.array(costs, dtype=float)
    pairs = []
    for _ in range(min(left.shape)):
        row, column = np.unravel_index(int(np.argmin(left)), left.shape)
        if not np.isfinite(left[row, column]):
            break
        pairs.append((int(row), int(column)))
        left[row, :] = np.inf
        left[:, column] = np.inf
    return pairs


ALLOCATORS = {'hungarian': hungarian, 'greedy': greedy}


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
        """Return the distinct goals that can be asked about now, and learn one more."""
        has_whole = self._planner.has_whole
        fresh = next((goal for goal in goals if not has_whole(goal)), None)
        if fresh is not None:
            self._planner.table(fresh).finish()
        return {goal for goal in goals if has_whole(goal)}

    def to(self, goal, nodes, yaws_rad):
        """Return the travel times [s] of robots at `nodes` with headings `yaws_rad`, (n,)."""
        return self._planner.table(goal).costs_s(nodes, yaws_rad)

    def least_s(self, goal, node):
        """
        Return the travel time from a node with the best heading there [s].

        As long as no call of `admit` has learnt the goal, that is as the crow flies.
        """
        if self._planner.has_whole(goal):
            return self._planner.table(goal).least_s(node)
        return (hypot(self._x_m[goal] - self._x_m[node], self._y_m[goal] - self._y_m[node])
                / self._planner.robot.speed_mps)


def most_urgent(orders, now_ms, count=ORDERS_AT_ONCE):
    """Return the `count` orders (OrderRecord) that have the largest bonus, urgent first."""
    return nsmallest(count, orders, key=lambda order: (-bonus_s(order, now_ms), order.order_id))


def bonus_s(order, now_ms):
    """Return what an order's waiting and priority are worth [s of travel]."""
    return AGE_WEIGHT * ((now_ms - order.placed_ms) / 1000.0 + PRIORITY_S * order.priority)


def allocate(strategy, robots, orders, goal_of, travel, now_ms, cannot_carry=frozenset()):
    """
    Return (robot name, OrderRecord, why that robot, for people) of each order given.

    robots: idle robots as (name, node, yaw [rad]). orders: waiting OrderRecords. goal_of: function
    from an order to the node of its first place. travel: TravelTimes. now_ms: log time.
    cannot_carry: names of robots that get orders to drive only, what the others leave of them.
    """
    able = [robot for robot in robots if robot[0] not in cannot_carry]
    given = _allocate(strategy, able, orders, goal_of, travel, now_ms)
    if len(able) < len(robots):
        taken = {order.order_id for _, order, _ in given}
        drives = [order for order in orders
                  if order.kind == OrderKind.GO and order.order_id not in taken]
        bare = [robot for robot in robots if robot[0] in cannot_carry]
        given += _allocate(strategy, bare, drives, goal_of, travel, now_ms)
    return given


def _allocate(strategy, robots, orders, goal_of, travel, now_ms):
    """Return what `allocate` does, of robots that can do any of the orders."""
    if not robots or not orders:
        return []
    candidates = most_urgent(orders, now_ms)
    known = travel.admit([goal_of(order) for order in candidates])
    candidates = [order for order in candidates if goal_of(order) in known]
    idle, robots = len(robots), robots[:ROBOTS_AT_ONCE]
    if not candidates:
        return []
    nodes = np.array([node for _, node, _ in robots])
    yaws = np.array([yaw for _, _, yaw in robots])
    columns = {goal: travel.to(goal, nodes, yaws) for goal in sorted(known)}
    costs = np.stack([columns[goal_of(order)] for order in candidates], axis=1)
    costs = costs - np.array([bonus_s(order, now_ms) for order in candidates])
    pairs, names = strategy(costs), [name for name, _, _ in robots]
    goes = {row: candidates[column].order_id for row, column in pairs}
    return [(names[row], candidates[column],
             why_chosen(row, columns[goal_of(candidates[column])], names, goes, idle))
            for row, column in pairs]


def why_chosen(row, times_s, names, goes, idle):
    """
    Return in words why the robot `names[row]` got an order.

    times_s: travel times of all robots looked at to the order's first place (n,). goes: row to
    order id of all that got one in this allocation. idle: how many robots were idle.
    """
    count, own_s = len(names), times_s[row]
    among = f'{count} idle robots' if count == idle else f'{count} of {idle} idle robots'
    if count == 1:
        return f'the only idle robot, {own_s:.0f} s away'
    rank = int(np.count_nonzero(times_s < own_s)) + 1
    if rank == 1:
        others = np.array(times_s, dtype=float)
        others[row] = np.inf
        second = int(others.argmin())
        return (f'nearest of {among}, {own_s:.0f} s away; runner-up {names[second]} '
                f'{others[second]:.0f} s')
    nearest = int(times_s.argmin())
    words = f'number {rank} of {among} by distance, {own_s:.0f} s away'
    if nearest in goes:
        words += f'; {names[nearest]}, {times_s[nearest]:.0f} s away, got order {goes[nearest]}'
    return words
