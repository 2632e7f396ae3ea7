# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What there is to assign: idle robots on one side, waiting orders in lanes on the other.

Orders of one lane begin at the same place and ask the same of a robot, so they differ by nothing
but their bonus, and the most urgent of them go first. That is what makes thousands of orders
cheap: whatever their number, a lane is one column of travel times.
"""

import numpy as np

IMPOSSIBLE = 1e9
"""Stands for a pair that can't be, where a solver needs a number [s]."""


class Market:
    """
    Travel times of robots to lanes, and the bonuses of the orders of each lane.

    times_s: (robots, lanes), inf where the robot can't do the lane's orders. bonus_s: of all
    orders, lane after lane, falling within a lane. first: (lanes + 1), where each lane begins in
    `bonus_s`. A robot that takes a lane's order costs its travel time less the order's bonus.
    """

    __slots__ = ('times_s', 'bonus_s', 'first')

    def __init__(self, times_s, bonus_s, first):
        """Keep the arrays."""
        self.times_s, self.bonus_s, self.first = times_s, bonus_s, first

    @classmethod
    def of_costs(cls, costs_s):
        """Return a market in which each column of a cost matrix is a lane of one order."""
        costs_s = np.asarray(costs_s, dtype=float)
        columns = costs_s.shape[1]
        return cls(costs_s, np.zeros(columns), np.arange(columns + 1))

    @property
    def lengths(self):
        """Return how many orders each lane has."""
        return np.diff(self.first)

    def head(self, counts):
        """Return (lane, bonus [s]) of the first `counts[lane]` orders of each lane."""
        lanes = np.repeat(np.arange(len(counts)), counts)
        rank = np.arange(len(lanes)) - np.repeat(np.cumsum(counts) - counts, counts)
        return lanes, self.bonus_s[self.first[lanes] + rank]

    def total_s(self, lane_of):
        """Return the total cost when robot i takes an order of lane_of[i]; -1: none."""
        at_work = np.flatnonzero(lane_of >= 0)
        counts = np.bincount(lane_of[at_work], minlength=len(self.first) - 1)
        return float(self.times_s[at_work, lane_of[at_work]].sum() - self.head(counts)[1].sum())

    def trimmed(self):
        """
        Return a market with the same best assignments and fewer, closer bonuses.

        For solvers that are shown each order as a column of its own.

        With R robots, `reach` the largest difference between two travel times of one robot, and
        orders that any robot can do: one whose bonus exceeds the R-th largest by more than the
        reach is done in each best assignment (else the robot that does the least urgent order
        would gain by changing to it), so by how much it exceeds is of no account. And an order
        whose bonus falls short of the R-th largest of those that anyone can do by more than the
        reach is done in none.
        """
        robots, lengths = len(self.times_s), self.lengths
        if len(self.bonus_s) <= robots:
            return self
        finite = np.isfinite(self.times_s)
        open_lane = finite.all(axis=0)
        reach_s = float((np.where(finite, self.times_s, -np.inf).max(axis=1)
                         - np.where(finite, self.times_s, np.inf).min(axis=1)).max())
        for_all = np.repeat(open_lane, lengths)
        anyones = self.bonus_s[for_all]
        least_s = _nth_largest(anyones, robots) - reach_s
        most_s = _nth_largest(self.bonus_s, robots) + reach_s + 1.0
        rank = np.arange(len(self.bonus_s)) - np.repeat(self.first[:-1], lengths)
        keep = (self.bonus_s >= least_s) & (rank < robots)
        bonus_s = np.where(for_all, np.minimum(self.bonus_s, most_s), self.bonus_s)
        lanes = np.repeat(np.arange(len(lengths)), lengths)[keep]
        counts = np.bincount(lanes, minlength=len(lengths))
        return Market(self.times_s, bonus_s[keep], np.concatenate([[0], np.cumsum(counts)]))

    def of_robots(self, rows, taken):
        """Return the market of some robots when others take the first `taken` of each lane."""
        lengths = self.lengths - taken
        lanes = np.repeat(np.arange(len(lengths)), lengths)
        rank = np.arange(len(lanes)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return Market(self.times_s[rows],
                      self.bonus_s[(self.first[:-1] + taken)[lanes] + rank],
                      np.concatenate([[0], np.cumsum(lengths)]))


def _nth_largest(values, n):
    """Return the n-th largest value, -inf if there are fewer."""
    return -np.inf if len(values) < n else float(np.partition(values, -n)[-n])
