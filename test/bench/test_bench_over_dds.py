# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A short run of `swarm bench consensus` on real processes."""

import json
import os
import random
import subprocess
import sys

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')

pytestmark = pytest.mark.dds


def test_two_leaders_are_killed_and_the_report_says_how_long_it_took(tmp_path):
    """Ours always, etcd's where it is installed; bounds are judged, but not by this test."""
    domain = random.SystemRandom().randint(1, 100)
    done = subprocess.run(
        [sys.executable, '-m', 'robot_swarm_orch.cli', 'bench', 'consensus', '--trials', '2',
         '--writes', '20', '--out', str(tmp_path / 'out'), '--domain', str(domain), '--json'],
        env=os.environ, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    ours = report['groups']['swarm']
    assert ours['commit_s']['count'] == 20 and len(ours['trials_s']) == 2
    assert all(0.05 < write_s < 10.0 for write_s, _ in ours['trials_s'])
    assert ours['writes_per_s'] > 10.0
    assert ('compared' in report) == ('etcd' in report['groups'])
    assert (tmp_path / 'out' / 'report.txt').read_text().strip()
