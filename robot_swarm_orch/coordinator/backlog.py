# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The orders that wait for a robot, in lanes, so that ten thousand of them cost little to look at.

A `Lane` is what an order asks of a robot: where it begins, and what the robot must have and be.
Orders of one lane differ by urgency alone. Ages, priorities and deadlines stand in arrays: who is
most urgent is found anew in each decision without a look at any order's record.

How urgent an order is, is a bonus in seconds of travel. It grows with the order's age without
bound, so no order starves; each step of priority is worth so much waiting; and a deadline adds
more the less time is left, up to a bound.
"""

from typing import NamedTuple, Tuple

import numpy as np

AGE_WEIGHT = 0.5
"""Seconds of travel that one second of waiting is worth."""

PRIORITY_S = 3.0
"""Seconds of waiting that one step of priority is worth (low to normal: 100 steps)."""

DEADLINE_HORIZON_S = 600.0
"""A deadline begins to count when so little time is left [s]."""

DEADLINE_WEIGHT = 1.0
"""Seconds of waiting that each second below this horizon is worth, until the deadline."""

_ROOM = 256


def bonus_s(now_ms, now_s, placed_ms, priority, deadline_s):
    """
    Return what waiting, priority and deadline of orders are worth [s of travel].

    now_ms: log time. now_s: ROS time, as deadlines are; 0: unknown. Numbers or arrays of them.
    """
    slack_s = np.clip(deadline_s - now_s, 0.0, DEADLINE_HORIZON_S)
    hurry_s = np.where((np.asarray(deadline_s) > 0.0) & (now_s > 0.0),
                       DEADLINE_WEIGHT * (DEADLINE_HORIZON_S - slack_s), 0.0)
    return AGE_WEIGHT * ((now_ms - placed_ms) / 1000.0 + PRIORITY_S * priority + hurry_s)


class Lane(NamedTuple):
    """
    What orders ask of a robot.

    goal: node where they begin, -1: wherever the robot is. needs_payload: whether there is a load
    to pick. mass_kg: of that load, 0: unknown. tools: what the robot must have. robot: the only
    one that may do it, '': any. tail_s: time from the goal to the end and on to a charger [s],
    -inf: the goal is a charger, so that no battery is too low for it.
    """

    goal: int
    needs_payload: bool = False
    mass_kg: float = 0.0
    tools: Tuple[str, ...] = ()
    robot: str = ''
    tail_s: float = 0.0


class Backlog:
    """Waiting orders by lane; `lane_of(order)` says in which an OrderRecord belongs."""

    def __init__(self, lane_of, orders=()):
        """Begin with some OrderRecords."""
        self._lane_of = lane_of
        self.lanes = []  # Lane by number; those without orders stay
        self._numbers = {}
        self._ids, self._rows = [], {}
        self._placed_ms, self._priority = np.zeros(_ROOM), np.zeros(_ROOM)
        self._deadline_s, self._lane = np.zeros(_ROOM), np.zeros(_ROOM, dtype=np.int64)
        for order in orders:
            self.put(order)

    def __len__(self):
        """Return how many orders wait."""
        return len(self._ids)

    def __contains__(self, order_id):
        """Return whether an order is among them."""
        return order_id in self._rows

    def put(self, order) -> None:
        """Take in an order (OrderRecord), or what was changed about it."""
        row = self._rows.get(order.order_id)
        if row is None:
            row = self._rows[order.order_id] = len(self._ids)
            self._ids.append(order.order_id)
            if row == len(self._lane):
                self._resize(2 * row)
        self._placed_ms[row], self._priority[row] = order.placed_ms, order.priority
        self._deadline_s[row] = order.deadline_s
        self._lane[row] = self._number(self._lane_of(order))

    def drop(self, order_id) -> None:
        """Forget an order that waits no more; another takes its row."""
        row = self._rows.pop(order_id, None)
        if row is None:
            return
        last_id, last = self._ids.pop(), len(self._ids)
        if row != last:
            self._ids[row], self._rows[last_id] = last_id, row
            for column in self._columns():
                column[row] = column[last]

    def least_tail_s(self) -> float:
        """Return the least tail of the waiting orders for which a battery matters [s], or 0."""
        used = np.unique(self._lane[:len(self._ids)]).tolist()
        tails_s = (self.lanes[lane].tail_s for lane in used)
        return min((tail_s for tail_s in tails_s if tail_s >= 0.0), default=0.0)

    def _columns(self):
        return self._placed_ms, self._priority, self._deadline_s, self._lane

    def _resize(self, room):
        self._placed_ms, self._priority, self._deadline_s, self._lane = (
            np.concatenate([column, np.zeros(room - len(column), dtype=column.dtype)])
            for column in self._columns())

    def _number(self, lane):
        number = self._numbers.get(lane)
        if number is None:
            number = self._numbers[lane] = len(self.lanes)
            self.lanes.append(lane)
        return number

    def of_highest_priority(self, count, without=()):
        """Return the ids of orders with the highest priority, but those in `without`."""
        priority = self._priority[:len(self._ids)]
        most = min(count + len(without), len(priority))
        rows = np.argsort(-priority, kind='stable')[:most].tolist()
        return [order_id for order_id in map(self._ids.__getitem__, rows)
                if order_id not in without][:count]

    def look(self, now_ms, now_s, without=()):
        """
        Return the Queues of now.

        now_ms: log time. now_s: ROS time [s], 0: unknown. without: ids of orders that can't be
        given out now.
        """
        count = len(self._ids)
        rows = np.arange(count)
        if without:
            rows = np.delete(rows, [self._rows[order_id] for order_id in without
                                    if order_id in self._rows])
        bonuses_s = bonus_s(now_ms, now_s, self._placed_ms[rows], self._priority[rows],
                            self._deadline_s[rows])
        return Queues(self, rows, self._lane[rows], bonuses_s)


class Queues:
    """
    The lanes that have orders, and each lane's orders, the most urgent first.

    lanes: Lane by number. first: (lanes + 1), where each begins in `bonus_s`. Among equal orders
    the one with the smaller id goes first.
    """

    __slots__ = ('lanes', 'bonus_s', 'first', '_rows', '_ids')

    def __init__(self, backlog, rows, lane, bonuses_s):
        """Sort the orders into lanes."""
        self._ids = backlog._ids
        in_order = np.lexsort((-bonuses_s, lane))
        self._rows, self.bonus_s = rows[in_order], bonuses_s[in_order]
        numbers, lengths = np.unique(lane, return_counts=True)
        self.lanes = [backlog.lanes[number] for number in numbers.tolist()]
        self.first = np.concatenate([[0], np.cumsum(lengths)])

    def of_lanes(self, lanes):
        """Return (bonuses [s], where each lane begins in them) of some lanes, by number."""
        lengths = self.first[lanes + 1] - self.first[lanes]
        first = np.concatenate([[0], np.cumsum(lengths)])
        places = np.arange(first[-1]) - np.repeat(first[:-1] - self.first[lanes], lengths)
        return self.bonus_s[places], first

    def heads_s(self):
        """Return the bonus of the most urgent order of each lane, (lanes,) [s]."""
        return self.bonus_s[self.first[:-1]]

    def urgent_goals(self):
        """Return the nodes where orders begin, those of the most urgent first."""
        goals = [self.lanes[lane].goal for lane in np.argsort(-self.heads_s(), kind='stable')]
        return tuple(dict.fromkeys(goal for goal in goals if goal >= 0))

    def order_ids(self, lane, count):
        """Return the ids of the `count` most urgent orders of a lane."""
        start = self.first[lane]
        least_s = self.bonus_s[start + count - 1]
        end = start + np.searchsorted(-self.bonus_s[start:self.first[lane + 1]], -least_s, 'right')
        rows = self._rows[start:end].tolist()
        in_order = sorted(zip((-self.bonus_s[start:end]).tolist(),
                              [self._ids[row] for row in rows]))
        return [order_id for _, order_id in in_order[:count]]
