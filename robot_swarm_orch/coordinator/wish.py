# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What one robot wants of the roadmap, as the leader's traffic policy remembers it."""

_STILL_MPS = 0.02  # slower than this is no motion


class Wish:
    """
    What a robot wants, from its newest report.

    front, since_s: its next node, and since when. count: how many of the wanted nodes it has been
    given. end: the node where its base ends, those included; ahead_m: the way to there. unit,
    next_unit: the unit that it needs next, as from `Traffic._unit` and as nodes, () if none.
    moved_s: when it was last seen to move. goal, goal_s: where it goes, and since when.
    """

    __slots__ = ('number', 'report', 'heard_s', 'priority', 'front', 'since_s', 'count', 'end',
                 'ahead_m', 'unit', 'next_unit', 'moved_s', 'goal', 'goal_s')

    def __init__(self, number):
        """Know nothing yet but whose it is."""
        self.number = number
        self.report = None
        self.heard_s = self.since_s = self.ahead_m = self.moved_s = self.goal_s = 0.0
        self.priority = self.count = 0
        self.front = self.end = self.goal = -1
        self.unit = None
        self.next_unit = ()

    def hear(self, now_s, report, priority):
        """Note the newest report of the robot's present incarnation."""
        self.report, self.heard_s, self.priority = report, now_s, priority
        if abs(report.speed_mps) >= _STILL_MPS:
            self.moved_s = now_s
        if report.goal != self.goal:
            self.goal, self.goal_s = report.goal, now_s
        front = report.wanted[0] if report.wanted else -1
        if front != self.front:
            self.front, self.since_s = front, now_s
