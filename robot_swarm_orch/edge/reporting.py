# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
When a robot reports.

What changed is told at once: the leader waits for what was given back, and a robot at the end of
its base waits for the leader. What did not change is repeated, so that nothing rests on one
message; more often while the lease runs short, because reports get lost then, but not after it has
run out: a fleet without a leader is not to shout.
"""

from typing import Optional

from robot_swarm_orch.config import RobotConfig

# With less lease than this left, the leader has heard nothing for a while [s].
_SHORT_LEASE_S = 0.7


class ReportClock:
    """Says when the next report of one robot is due."""

    def __init__(self, config: RobotConfig):
        """Nothing was reported yet."""
        self._config = config
        self._last_s: Optional[float] = None
        self._told = None

    def is_due(self, now_s: float, news: tuple, waits: bool, lease_left_s: float) -> bool:
        """
        Return whether to report now, and note it.

        news: what is told at once when it changes. waits: the robot stands at the end of its base.
        """
        config, last_s = self._config, self._last_s
        period_s = config.report_waiting_period_s if waits else config.report_period_s
        if 0.0 < lease_left_s < _SHORT_LEASE_S:
            period_s = config.tick_s
        is_same = last_s is not None and news == self._told
        if is_same and now_s < last_s + period_s - 0.5 * config.tick_s:
            return False
        steady = is_same and now_s < last_s + 1.5 * period_s
        self._last_s = last_s + period_s if steady else now_s
        self._told = news
        return True
