# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A late or long tick is counted, an ordinary one is not."""

from robot_swarm_orch.metrics import Metrics
from robot_swarm_orch.nodes import pacing


def run(monkeypatch, ticks, period_s=0.1):
    """Return the counters after ticks given as (start, duration) [s]."""
    clock = {'now': 0.0}
    monkeypatch.setattr(pacing, 'monotonic', lambda: clock['now'])
    metrics = Metrics()
    pace = pacing.Pace(period_s, metrics)
    for start_s, lasted_s in ticks:
        clock['now'] = start_s
        with pace:
            clock['now'] = start_s + lasted_s
    return metrics.counters


def test_ticks_on_their_grid_do_not_overrun(monkeypatch):
    """A little late is not too late."""
    counters = run(monkeypatch, [(0.1 * i + 0.05 * (i % 2), 0.04) for i in range(10)])
    assert counters == {'ticks': 10, 'tick_overruns': 0}


def test_a_tick_that_lasts_longer_than_the_period_overruns(monkeypatch):
    """Whatever came of the next one."""
    counters = run(monkeypatch, [(0.0, 0.11), (0.11, 0.02), (0.2, 0.02)])
    assert counters == {'ticks': 3, 'tick_overruns': 1}


def test_each_period_that_a_stall_left_out_counts(monkeypatch):
    """A stall of half a second is five ticks that the robots did not get."""
    counters = run(monkeypatch, [(0.0, 0.01), (0.65, 0.01), (0.7, 0.01), (0.8, 0.01)])
    assert counters == {'ticks': 9, 'tick_overruns': 5}


def test_a_loop_that_is_always_a_period_late_is_counted_once(monkeypatch):
    """The grid moves on with the periods that were left out."""
    counters = run(monkeypatch, [(0.0, 0.01)] + [(0.1 * i + 0.15, 0.01) for i in range(1, 20)])
    assert counters['tick_overruns'] == 1
