# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""`swarm bench shards`: what its report says of measured times."""

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')
from robot_swarm_orch.nodes import shard_bench  # noqa: E402,I100
from robot_swarm_orch.nodes.shard_bench import ShardBenchOptions  # noqa: E402


def report(flooded_p99_s):
    """Return the report on 100 commits of each kind, all of 10 ms but for the slowest ones."""
    options = ShardBenchOptions(windows=2)
    calm, flooded = [0.01] * 98 + [0.05] * 2, [0.01] * 98 + [flooded_p99_s] * 2
    return shard_bench._report(options, {
        'calm': {'commit_s': calm, 'busy_per_s': [19.0, 21.0]},
        'flooded': {'commit_s': flooded, 'busy_per_s': [190.0, 210.0]}})


def test_the_bound_is_on_the_slowest_commits_and_is_judged():
    kept, broken = report(0.06), report(0.061)
    assert kept['kept'] and not broken['kept']
    assert kept['ratio'] == {'p50': 1.0, 'p99': pytest.approx(1.2)}
    assert (kept['calm']['busy_per_s'], kept['flooded']['busy_per_s']) == (20.0, 200.0)


def test_people_read_milliseconds_and_the_verdict():
    *_, calm, flooded, verdict = shard_bench._lines(report(0.1))
    assert calm.split() == ['calm', '10.00', '50.00', '50.00', '100', '20.0']
    assert flooded.split()[2] == '100.00'
    assert verdict.endswith('p99 2.00 (at most 1.2): NOT KEPT')
