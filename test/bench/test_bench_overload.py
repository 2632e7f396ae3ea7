# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The judge of overload finds what was given up that should not be; processes are slowed."""

from dataclasses import replace
import os
import subprocess
import sys
import time

import pytest
from robot_swarm_orch.bench.group import BenchFailed
from robot_swarm_orch.bench.overload import (
    overload_lines, overload_report, OverloadOptions, Span)
from robot_swarm_orch.bench.slowed import Slowed
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.metrics import Metrics

OPTIONS = OverloadOptions(robots=10, rounds=3)


def robots_metrics(ticks=3000, late=3):
    """Return what robots' processes count in a span."""
    metrics = Metrics()
    metrics.count('ticks', ticks)
    metrics.count('tick_overruns', late)
    metrics.count('messages_received', 900)
    metrics.observe('decision_s', 0.001)
    return metrics


CALM = Span(seconds=30.0, reports=1800, driven_m=240.0, leader_cores=0.1,
            metrics=robots_metrics(), stop_s=(0.05, 0.09))
SLOWED = replace(CALM, reports=900, asked_s=0.5, refused=900, stop_s=(0.06, 0.1))


def report(*slowed, calm=CALM):
    """Return the report of some slowed spans beside as many calm ones."""
    return overload_report({'calm': [calm] * len(slowed), 'slowed': list(slowed)}, OPTIONS)


def test_telemetry_that_gets_rarer_while_all_else_stays_is_what_should_be():
    figures = report(SLOWED, SLOWED, SLOWED)
    assert figures['broken'] == []
    assert figures['slowed_over_calm'] == {'reports_per_robot_s': 0.5, 'driven_mps': 1.0}
    text = '\n'.join(overload_lines(figures))
    assert '6.00 reports/s of each robot' in text and 'refused 30 orders/s' in text


@pytest.mark.parametrize('change, words', [
    ({'reports': 1790}, 'telemetry was not thinned'),
    ({'driven_m': 200.0}, 'robots drove 0.83 of the way'),
    ({'stop_s': (0.06, 0.4)}, 'emergency stop 0.310 s later'),
    ({'lease_stops': 3}, 'robots stopped 9 times because their lease ran out, 0 times in calm'),
])
def test_what_is_given_up_but_should_not_be_is_named(change, words):
    bad = replace(SLOWED, **change)
    broken = report(bad, bad, bad)['broken']
    assert len(broken) == 1 and words in broken[0]
    assert any(line.startswith('BROKEN: ') for line in overload_lines(report(bad, bad, bad)))


def test_one_odd_round_of_three_does_not_decide_but_all_leases_that_ran_out_count():
    assert report(SLOWED, SLOWED, replace(SLOWED, driven_m=0.0))['broken'] == []
    assert report(SLOWED, SLOWED, replace(SLOWED, lease_stops=6))['broken'] == []
    assert report(SLOWED, SLOWED, replace(SLOWED, lease_stops=7))['broken']


def test_a_fleet_that_stood_in_the_calm_spans_is_no_measure():
    with pytest.raises(BenchFailed, match='nothing to compare with'):
        report(SLOWED, calm=replace(CALM, driven_m=0.0))


def test_a_slowed_process_gets_its_part_of_a_core_and_all_of_it_afterwards():
    with subprocess.Popen([sys.executable, '-c', 'while True: pass'],
                          start_new_session=True) as busy:
        try:
            def used_s():
                return time.clock_gettime((~busy.pid << 3) | 2)

            def used_until(seconds):
                """Return the part of a core that it used in a span."""
                first_s, used_first_s = time.monotonic(), used_s()
                while time.monotonic() < first_s + seconds:
                    time.sleep(0.01)
                return (used_s() - used_first_s) / (time.monotonic() - first_s)
            with Slowed([busy.pid], 0.05):
                state = f'/proc/{busy.pid}/stat'
                until_s = time.monotonic() + 20.0  # a process has to be started for it
                while open(state, encoding='ascii').read().split()[2] != 'T':
                    assert time.monotonic() < until_s, 'it was never stopped'
                    time.sleep(0.001)
                slow = used_until(0.5)
            assert 0.0 < slow < 0.15
            assert used_until(0.2) > 0.0
            assert open(state, encoding='ascii').read().split()[2] != 'T'
        finally:
            os.killpg(busy.pid, 9)


def test_no_time_at_all_is_refused():
    with pytest.raises(ConfigError, match='more than 0'):
        Slowed([1], 0.0)
