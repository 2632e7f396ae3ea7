# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Allocation strategies: functions from a `Market` to the lane that each robot takes an order from.

`ALLOCATORS` names them. Each takes (market, has_time) and returns an array (robots,) of lanes, -1
for a robot that gets nothing. First as many robots as can be get an order, then the total cost
counts: `hungarian` finds the least, `auction` comes within `EPSILON_S` for each robot, `greedy`
takes the least cost that is left again and again, without looking back.

has_time: says whether there is still time to improve an answer; always true if None. Then
`hungarian` is exact however large the market. Else it is exact for as many robots as there was
time for, and shares what they leave out as `greedy` does.
"""

from heapq import heapify, heappop, heapreplace

import numpy as np
from robot_swarm_orch.compiled import IS_COMPILED
from robot_swarm_orch.coordinator.least_cost import least_cost_lanes
from robot_swarm_orch.coordinator.market import IMPOSSIBLE, Market
from scipy.optimize import linear_sum_assignment

EPSILON_S = 0.01
"""How far from the best an auction may end, for each robot [s]."""

AT_ONCE = 128
"""Robots up to which `hungarian` is exact without Numba while its time is bounded."""

_NEAREST = 16  # robots of a lane that `greedy` looks at in one go
_SCALE = 6.0  # by which the auction's epsilon shrinks from phase to phase


def hungarian(market, has_time=None):
    """
    Return the lanes of least total cost: over lanes (`least_cost.py`) where that is machine code.

    Else on a cost matrix by SciPy's linear_sum_assignment (D. F. Crouse, "On implementing 2D
    rectangular assignment algorithms", IEEE Trans. Aerospace and Electronic Systems 52(4), 2016),
    which can't be told to stop, so that more than AT_ONCE robots are left to `greedy` then.
    """
    if not IS_COMPILED:
        is_exact = has_time is None or len(market.times_s) <= AT_ONCE
        return _by_matrix(market, least_cost_pairs) if is_exact else greedy(market)
    lane_of, done = least_cost_lanes(market, has_time)
    if done < len(lane_of):
        taken = np.bincount(lane_of[:done] + 1, minlength=len(market.lengths) + 1)[1:]
        lane_of[done:] = greedy(market.of_robots(slice(done, None), taken))
    return lane_of


def warm_up():
    """Compile, or load, what the first decision would else have to wait for."""
    hungarian(Market.of_costs([[0.0]]))


def auction(market, has_time=None):
    """
    Return lanes by an auction: robots bid for orders, prices rise, epsilon shrinks.

    D. P. Bertsekas, "The auction algorithm: a distributed relaxation method for the assignment
    problem", Annals of Operations Research 14, 1988; with fewer bidders than objects it ends with
    a reverse auction as in D. P. Bertsekas and D. A. Castanon, "A forward/reverse auction
    algorithm for asymmetric assignment problems", Computational Optimization and Applications 1,
    1992. All robots without an order bid at once.
    """
    return _by_matrix(market, auction_pairs)


def greedy(market, has_time=None):
    """Return lanes by repeatedly taking the least cost that is left."""
    robots, lengths = len(market.times_s), market.lengths
    lane_of, is_free = np.full(robots, -1), np.ones(robots, dtype=bool)
    by_lane = np.ascontiguousarray(market.times_s.T)
    bonus_s, first = market.bonus_s.tolist(), market.first.tolist()
    nearest, taken, heap = _nearest_of_all(by_lane), [0] * len(lengths), []
    for lane in np.flatnonzero(lengths).tolist():
        for time_s, robot in nearest[lane]:
            heap.append((time_s - bonus_s[first[lane]], lane, robot))
            break
    heapify(heap)
    while heap:
        _, lane, robot = heap[0]
        if is_free[robot]:
            is_free[robot], lane_of[robot] = False, lane
            taken[lane] += 1
        robot_left = next((pair for pair in nearest[lane] if is_free[pair[1]]), None)
        if taken[lane] == lengths[lane]:
            heappop(heap)
            continue
        if robot_left is None:
            nearest[lane] = iter(_nearest(by_lane[lane], np.flatnonzero(is_free)))
            robot_left = next(nearest[lane], None)
        # Costs of a lane only grow, so the least on the heap is the least of all.
        if robot_left is None:
            heappop(heap)
        else:
            time_s, robot = robot_left
            heapreplace(heap, (time_s - bonus_s[first[lane] + taken[lane]], lane, robot))
    return lane_of


def _nearest_of_all(by_lane):
    """Return what `_nearest` does of each lane, as iterators."""
    few = (np.argpartition(by_lane, _NEAREST, axis=1)[:, :_NEAREST]
           if by_lane.shape[1] > _NEAREST else
           np.broadcast_to(np.arange(by_lane.shape[1]), by_lane.shape))
    times_s = np.take_along_axis(by_lane, few, axis=1)
    in_order = np.lexsort((few, times_s), axis=1)
    few, times_s = (np.take_along_axis(each, in_order, axis=1).tolist() for each in (few, times_s))
    return [iter([pair for pair in zip(*pairs) if pair[0] < np.inf])
            for pairs in zip(times_s, few)]


def _nearest(times_s, robots):
    """Return (time [s], robot) of the nearest few of some robots that can come, in order."""
    times_s = times_s[robots]
    if len(robots) > _NEAREST:
        few = np.argpartition(times_s, _NEAREST)[:_NEAREST]
        robots, times_s = robots[few], times_s[few]
    return sorted((time_s, robot) for time_s, robot in zip(times_s.tolist(), robots.tolist())
                  if time_s < np.inf)


ALLOCATORS = {'hungarian': hungarian, 'greedy': greedy, 'auction': auction}


def _by_matrix(market, pairs_of):
    """Return the lanes that a solver of cost matrices finds."""
    lane_of = np.full(len(market.times_s), -1)
    rows = np.flatnonzero(np.isfinite(market.times_s[:, market.lengths > 0]).any(axis=1))
    if len(rows):
        market = market.of_robots(rows, np.zeros(len(market.lengths), dtype=int)).trimmed()
        lanes, bonus_s = market.head(market.lengths)
        pairs = pairs_of(market.times_s[:, lanes] - bonus_s)
        lane_of[rows[pairs[:, 0]]] = lanes[pairs[:, 1]]
    return lane_of


def least_cost_pairs(costs):
    """Return (n, 2) rows and columns: as many as can be, of least total cost."""
    can = np.isfinite(costs)
    if can.all():
        return np.stack(linear_sum_assignment(costs), axis=1)
    # Robots that get nothing stand aside, where they take no order's column.
    aside = np.full((len(costs), int((~can.all(axis=1)).sum())), 0.5 * IMPOSSIBLE)
    rows, columns = linear_sum_assignment(
        np.hstack([np.where(can, costs, IMPOSSIBLE), aside]))
    real = columns < costs.shape[1]
    rows, columns = rows[real], columns[real]
    return np.stack([rows, columns], axis=1)[can[rows, columns]]


def auction_pairs(costs):
    """Return (n, 2) rows and columns as `least_cost_pairs` does, within EPSILON_S a row."""
    if not costs.size:
        return np.empty((0, 2), dtype=int)
    if len(costs) > costs.shape[1]:
        return auction_pairs(costs.T)[:, ::-1]
    can = np.isfinite(costs)
    values = costs[can]
    spread = float(np.ptp(values)) + 1.0 if len(values) else 1.0
    if not can.all():
        # A column of its own for each row that may have to go without: worth it for none.
        aside = np.full((len(costs), len(costs)), np.inf)
        np.fill_diagonal(aside, (values.max() if len(values) else 0.0)
                         + spread * (len(costs) + 1))
        costs = np.hstack([costs, aside])
    worth = np.where(np.isfinite(costs), -costs, -np.inf)
    price = np.zeros(worth.shape[1])
    epsilon = spread
    while epsilon > EPSILON_S:
        epsilon = max(epsilon / _SCALE, EPSILON_S)
        column_of, row_of = _forward(worth, price, epsilon)
        _reverse(worth, price, column_of, row_of, epsilon)
    rows = np.arange(len(column_of))
    return np.stack([rows, column_of], axis=1)[column_of < can.shape[1]]


def _forward(worth, price, epsilon):
    """
    Let rows bid until each has a column; return both ways. Raises the prices.

    A row bids for its best column what makes it as good as its second best, and epsilon more.
    """
    column_of = np.full(len(worth), -1)
    row_of = np.full(worth.shape[1], -1)
    bidders = np.arange(len(worth))
    while len(bidders):
        gain = worth[bidders] - price
        each = np.arange(len(bidders))
        best = gain.argmax(axis=1)
        most = gain[each, best]
        gain[each, best] = -np.inf
        second = gain.max(axis=1)
        more = np.where(np.isfinite(second), most - second, 0.0) + epsilon
        in_order = np.lexsort((more, best))
        last = np.append(best[in_order][1:] != best[in_order][:-1], True)
        winners = in_order[last]  # the highest bid for each column
        columns, rows = best[winners], bidders[winners]
        displaced = row_of[columns]
        column_of[displaced[displaced >= 0]] = -1
        row_of[columns], column_of[rows] = rows, columns
        price[columns] += more[winners]
        bidders = np.flatnonzero(column_of < 0)
    return column_of, row_of


def _reverse(worth, price, column_of, row_of, epsilon):
    """Let columns without a row, but with a price from earlier phases, bid for rows."""
    rows = np.arange(len(worth))
    gain = worth[rows, column_of] - price[column_of]
    least = price[column_of].min()
    dear = np.flatnonzero((row_of < 0) & (price > least)).tolist()
    while dear:
        column = dear.pop()
        offers = worth[:, column] - gain
        row = int(offers.argmax())
        most = offers[row]
        if most - epsilon <= least:
            price[column] = least
            continue
        offers[row] = -np.inf
        price[column] = max(least, offers.max(initial=-np.inf) - epsilon)
        given_up = column_of[row]
        column_of[row], row_of[column], row_of[given_up] = column, row, -1
        gain[row] = most + gain[row] - price[column]
        if price[given_up] > least:
            dear.append(int(given_up))
