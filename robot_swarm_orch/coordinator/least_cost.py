# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The least total cost of a `Market`, exactly: successive shortest augmenting paths over its lanes.

Robot after robot is taken in. It goes to a lane; a robot of that lane may have to change to
another one, and so on, until a lane takes its next order into use. The shortest such way keeps the
total the least for all robots so far (R. Jonker and A. Volgenant, "A shortest augmenting path
algorithm for dense and sparse linear assignment problems", Computing 38, 1987). It is found by
Dijkstra's algorithm over lanes, not orders: a lane's orders are the pieces of a convex cost
(R. K. Ahuja, T. L. Magnanti and J. B. Orlin, "Network Flows", 1993, chapter 14), so its next one
is the only one that a way can end with, however many wait.

Each lane has a price, between the bonuses of the last order in use and the next one; for a robot a
lane costs its travel time less that price. Each robot is in a lane that is cheapest for it. Robots
that can do nothing stand aside, in a lane of their own that costs more than any way could save.
Among equals the lane and the robot with the smaller number win. Machine code where Numba is
installed (`compiled.py`).
"""

import numpy as np
from robot_swarm_orch.compiled import compiled

_AT_ONCE = 16  # robots that are taken in between two looks at the clock


def least_cost_lanes(market, has_time=None):
    """
    Return (lane of each robot, -1: none; how many robots were looked at).

    has_time: whether to go on, asked now and then; None: to the end. The lanes are the best for
    the robots that were looked at, which are the first ones.
    """
    costs, bonus_s, first = _with_aside(market)
    robots, lanes = costs.shape
    lane_of, used = np.full(robots, -1), np.zeros(lanes, dtype=np.int64)
    price = np.append(bonus_s, 0.0)[first[:-1]]
    changes = np.empty((lanes, lanes))
    done = 0
    while done < robots and (has_time is None or has_time()):
        until = robots if has_time is None else min(done + _AT_ONCE, robots)
        take_in(done, until, costs, bonus_s, first, lane_of, used, price, changes)
        done = until
    lane_of[lane_of == lanes - 1] = -1
    return lane_of, done


def _with_aside(market):
    """Return (costs, bonuses, first) with one more lane, which takes any robot but dearly."""
    times_s, robots = market.times_s, len(market.times_s)
    finite = times_s[np.isfinite(times_s)]
    most_s = float(np.ptp(finite)) if len(finite) else 0.0
    most_s += float(np.ptp(market.bonus_s)) if len(market.bonus_s) else 0.0
    # Dearer than the dearest pair by more than one way, which changes each robot once, can save.
    aside_s = (float(finite.max()) if len(finite) else 0.0) + (robots + 1) * (most_s + 1.0)
    least_s = float(market.bonus_s.min()) if len(market.bonus_s) else 0.0
    # One layout in memory, whatever the market's: another would be compiled anew.
    return (np.ascontiguousarray(np.column_stack([times_s, np.full(robots, aside_s)])),
            np.append(market.bonus_s, np.full(robots, least_s)),
            np.append(market.first, market.first[-1] + robots))


@compiled
def take_in(start, end, costs, bonus_s, first, lane_of, used, price, changes):
    """
    Give each of the robots from `start` to before `end` a lane, and others another one.

    costs: (robots, lanes) [s], inf where it can't be. bonus_s, first: as of a Market. The rest is
    kept from call to call: lane_of: by robot, -1: none yet. used: orders in use, by lane. price:
    by lane [s]. changes: (lanes, lanes) [s], of each lane in use the least by which one of its
    robots costs more in another lane.
    """
    lanes = costs.shape[1]
    dear = np.empty(lanes)                      # price less the bonus of the next order
    for lane in range(lanes):
        at = first[lane] + used[lane]
        dear[lane] = price[lane] - bonus_s[at] if at < first[lane + 1] else np.inf
    far = np.empty(lanes)                       # length of the shortest way found so far
    before = np.empty(lanes, dtype=np.int64)    # lane that it comes from, -1: from the robot
    is_done = np.empty(lanes, dtype=np.bool_)
    for robot in range(start, end):
        last, length = 0, np.inf
        nearest, least = 0, np.inf
        for lane in range(lanes):
            far[lane] = costs[robot, lane] - price[lane]
            before[lane], is_done[lane] = -1, False
            if far[lane] < least:
                nearest, least = lane, far[lane]
            if far[lane] + dear[lane] < length:
                last, length = lane, far[lane] + dear[lane]
        while least < length:
            here, offset = nearest, least + price[nearest]
            is_done[here] = True
            is_used = used[here] > 0
            least = np.inf
            for lane in range(lanes):
                if is_done[lane]:
                    continue
                if is_used:
                    way = offset + changes[here, lane] - price[lane]
                    if way < far[lane]:
                        far[lane], before[lane] = way, here
                        if way + dear[lane] < length:
                            last, length = lane, way + dear[lane]
                if far[lane] < least:
                    nearest, least = lane, far[lane]
        for lane in range(lanes):
            if is_done[lane]:
                price[lane] -= length - far[lane]
                dear[lane] -= length - far[lane]
        _change(robot, last, before, costs, lane_of, changes)
        used[last] += 1
        at = first[last] + used[last]
        price[last] = bonus_s[at - 1]
        dear[last] = price[last] - bonus_s[at] if at < first[last + 1] else np.inf


@compiled
def _change(robot, last, before, costs, lane_of, changes):
    """Move robots along a way that ends at lane `last`, and note what changes cost from now on."""
    lane = last
    while True:
        mover = robot
        if before[lane] >= 0:
            least = np.inf
            for other in range(robot):
                if lane_of[other] == before[lane]:
                    more = costs[other, lane] - costs[other, before[lane]]
                    if more < least:
                        mover, least = other, more
        lane_of[mover] = lane
        if before[lane] < 0:
            break
        lane = before[lane]
    lane = last
    while lane >= 0:
        changes[lane] = np.inf
        for member in range(robot + 1):
            if lane_of[member] == lane:
                for to in range(costs.shape[1]):
                    changes[lane, to] = min(changes[lane, to],
                                            costs[member, to] - costs[member, lane])
        lane = before[lane]
