# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
When a robot reports.

What changed is told at once: the leader waits for what was given back, and a robot at the end of
its base waits for the leader. What did not change is repeated, so that nothing rests on one
message; more often while the lease runs short, because reports get lost then, but not after it has
run out: a fleet without a leader is not to shout.

A leader that falls behind asks for fewer repetitions (`coordinator/back_pressure.py`). Then some
of them go to the neighbours only, which hear as much of each other as ever.
"""

from math import inf
from typing import Optional

from robot_swarm_orch.config import REPORTS_IN_A_LEASE, RobotConfig
from robot_swarm_orch.edge.lease import LeaseClock

# With less lease than this left, the leader has heard nothing for a while [s].
_SHORT_LEASE_S = 0.7
# A report and the lease that answers it may be under way for this long [s].
_WAY_S = 0.3


class ReportClock:
    """Says when the next report of one robot is due."""

    def __init__(self, config: RobotConfig):
        """Nothing was reported yet."""
        self._config = config
        self._last_s: Optional[float] = None
        self._told = None
        self._leader_s = -inf  # when the last one for the leader was due
        self._urgent = True    # what is due now can't be left out

    def is_due(self, now_s: float, news: tuple, waits: bool, clock: LeaseClock) -> bool:
        """
        Return whether to report now, and note it.

        news: what is told at once when it changes. waits: the robot stands at the end of its base.
        """
        config, last_s = self._config, self._last_s
        period_s = config.report_waiting_period_s if waits else config.report_period_s
        short_s = _SHORT_LEASE_S
        asked_s = _asked_s(clock)
        if asked_s > period_s:
            short_s = min(short_s, clock.duration_s - asked_s - _WAY_S)
        is_short = 0.0 < clock.until_s - now_s < short_s
        if is_short:
            period_s = config.tick_s
        is_same = last_s is not None and news == self._told
        if is_same and now_s < last_s + period_s - 0.5 * config.tick_s:
            return False
        steady = is_same and now_s < last_s + 1.5 * period_s
        self._last_s = last_s + period_s if steady else now_s
        self._told = news
        self._urgent = waits or is_short or not is_same
        return True

    def is_for_leader(self, now_s: float, clock: LeaseClock) -> bool:
        """Return whether the report that is due goes to the leader, and note it."""
        if not self._urgent and now_s < (
                self._leader_s + _asked_s(clock) - 0.5 * self._config.tick_s):
            return False
        self._leader_s = now_s
        return True


def _asked_s(clock):
    """Return how seldom the leader wants repetitions [s]: never so seldom that the lease ends."""
    return min(clock.report_period_s, clock.duration_s / REPORTS_IN_A_LEASE)
