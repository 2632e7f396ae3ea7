# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A judge of batteries: what each really holds, and who really stands at which charger."""

from math import inf

import numpy as np


class BatteryJudge:
    """
    Finds robots that run empty, that share a charger, or that wait too long for one.

    It knows charges and positions of the simulated world alone: no order, plan or reservation. A
    robot waits from when its charge sinks below `low` until it stands at a charger.

    For reading: `least` (lowest charge of any robot so far, 0 to 1), `longest_s` (longest wait
    so far, also one that has not ended [s]), `charges` (arrivals of each robot at chargers).
    """

    def __init__(self, robots, chargers_xy, reach_m: float, low: float, patience_s: float = inf):
        """
        Know who and what there is.

        robots: names, in index order. chargers_xy: (n, 2) [m; map frame]. reach_m: who is so close
        to a charger stands at it [m]. low: charge, 0 to 1. patience_s: longest wait allowed [s].
        """
        self._robots, self._reach_m = tuple(robots), reach_m
        self._chargers = np.reshape(np.asarray(chargers_xy, dtype=float), (-1, 2))
        self._low, self._patience_s = low, patience_s
        self._low_since_s = np.full(len(self._robots), inf)
        self._at = np.ones(len(self._robots), dtype=bool)
        self._told = set()
        self.least, self.longest_s = 1.0, 0.0
        self.charges = np.zeros(len(self._robots), dtype=int)
        self.violations = []

    def feed(self, time_s: float, charge, x, y) -> None:
        """Judge true charges (n,), 0 to 1, and positions (n,) [m; map frame] at one time [s]."""
        charge = np.asarray(charge)
        self.least = min(self.least, float(charge.min(initial=1.0)))
        for robot in np.flatnonzero(charge <= 0.0):
            self._tell(('empty', robot), f'{time_s:.2f} s: {self._robots[robot]} has run empty')
        gap = np.hypot(self._chargers[:, :1] - x, self._chargers[:, 1:] - y)
        at = gap < self._reach_m
        for charger in np.flatnonzero(at.sum(axis=1) > 1):
            names = [self._robots[robot] for robot in np.flatnonzero(at[charger])]
            self._tell(('shared', charger, *names), f'{time_s:.2f} s: {" and ".join(names)} are '
                       f'at one charger, number {charger}')
        self._wait(time_s, charge < self._low, at.any(axis=0))

    def _wait(self, time_s, low, charges):
        """Count how long robots that are low wait."""
        waited = np.isfinite(self._low_since_s)
        self.charges += charges & ~self._at
        self._at = charges
        self._low_since_s[charges] = inf
        begun = low & ~charges & ~waited
        self._low_since_s[begun] = time_s
        waits_s = np.where(np.isfinite(self._low_since_s), time_s - self._low_since_s, 0.0)
        self.longest_s = max(self.longest_s, float(waits_s.max(initial=0.0)))
        for robot in np.flatnonzero(waits_s > self._patience_s):
            self._tell(('waits', robot, self._low_since_s[robot]),
                       f'{time_s:.2f} s: {self._robots[robot]} has been low since '
                       f'{self._low_since_s[robot]:.2f} s and stands at no charger')

    def _tell(self, key, text):
        """Write a finding down once."""
        if key not in self._told:
            self._told.add(key)
            self.violations.append(text)
