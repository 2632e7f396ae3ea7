# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What `swarm bench orders --allocation` says, on small sizes."""

import json

import pytest
from robot_swarm_orch.bench import allocation
from robot_swarm_orch.bench.allocation import AllocationBenchOptions, run_bench
from robot_swarm_orch.cli import main


@pytest.fixture
def small(monkeypatch):
    """Make the bench small and its bounds wide."""
    monkeypatch.setattr(allocation, 'SIZES', ((10, 60, 60.0, 'hungarian'),))
    monkeypatch.setattr(allocation, 'BURST', 40)


def test_it_reports_times_gaps_and_the_burst_and_all_bounds_hold(small, capsys):
    assert run_bench(AllocationBenchOptions(runs=3, burst_robots=5, burst_s=20.0), True) == 0
    report = json.loads(capsys.readouterr().out)
    size, = report['sizes']
    of = size['strategies']
    assert of['hungarian']['gap_s'] == pytest.approx(0.0, abs=1e-6)
    assert 0.0 <= of['auction']['gap_s'] <= 0.011
    assert of['greedy']['gap_s'] > 0.0
    assert size['peers']['SciPy, whole matrix']['gap_s'] == pytest.approx(0.0, abs=1e-6)
    burst = report['burst']
    assert (burst['accepted'], burst['refused']) == (40, 0)
    assert burst['assigned'] == 5
    assert burst['per_robot'] == {'min': 1, 'median': 1, 'max': 1}
    assert burst['each_robot_busy_s'] < 5.0


def test_people_read_a_table_and_a_bound_that_breaks_ends_with_an_exit_status(
        small, monkeypatch, capsys):
    monkeypatch.setattr(allocation, 'SIZES', ((10, 60, 0.0, 'hungarian'),))
    assert main(['bench', 'orders', '--allocation', '--runs', '1', '--burst-robots', '2']) == 1
    text = capsys.readouterr().out
    assert '10 robots, 60 orders in ' in text
    assert 'BROKEN: p99 of 10 robots and 60 orders is' in text
