# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a loop keeps its period: how long its ticks take, and how many came too late."""

from time import monotonic

from robot_swarm_orch.metrics import Metrics


class Pace:
    """
    Wraps each tick of a periodic loop, as a context manager.

    A tick overruns when it starts more than one period after it was due, or lasts longer than one.
    Due times follow a fixed grid from the first tick on, as those of a ROS timer do; each period
    that a stall left out counts as an overrun too.
    """

    def __init__(self, period_s: float, metrics: Metrics, prefix: str = ''):
        """Count `ticks`, `tick_overruns`, `tick_s` and `tick_late_s` under a prefix."""
        self._period_s = period_s
        self._metrics = metrics
        self._lasted = metrics.histogram(prefix + 'tick_s')
        self._late = metrics.histogram(prefix + 'tick_late_s')
        self._due_s = self._began_s = None
        self._ticks, self._overruns = prefix + 'ticks', prefix + 'tick_overruns'
        metrics.count(self._ticks, 0)
        metrics.count(self._overruns, 0)

    def __enter__(self):
        """Note the start of a tick."""
        self._began_s = now_s = monotonic()
        if self._due_s is None:
            self._due_s = now_s
        self._late.observe(now_s - self._due_s)
        return self

    def __exit__(self, *_):
        """Note its end."""
        lasted_s = monotonic() - self._began_s
        self._lasted.observe(lasted_s)
        missed = max(0, int((self._began_s - self._due_s) / self._period_s))
        self._metrics.count(self._ticks, 1 + missed)
        if missed or lasted_s > self._period_s:
            self._metrics.count(self._overruns, max(1, missed))
        self._due_s += (missed + 1) * self._period_s
