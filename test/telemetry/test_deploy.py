# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The files of `deploy/`, as Prometheus's own tool sees them."""

from pathlib import Path
import shutil
import subprocess

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / 'deploy'


def promtool(*arguments):
    """Run promtool; skip where there is none."""
    if shutil.which('promtool') is None:
        pytest.skip('promtool is not installed: apt install prometheus')
    return subprocess.run(['promtool', *map(str, arguments)], capture_output=True, text=True,
                          check=False)


def test_the_rules_are_well_formed():
    result = promtool('check', 'rules', DEPLOY / 'alerts.yml')
    assert result.returncode == 0, result.stdout + result.stderr
    assert 'SUCCESS' in result.stdout


def test_the_scrape_configuration_is_well_formed():
    result = promtool('check', 'config', DEPLOY / 'prometheus.yml')
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_rules_fire_when_they_should_and_not_before():
    """Series by hand: a leader that is lost, robots that are lost, a slow disk."""
    result = promtool('test', 'rules', Path(__file__).with_name('alerts_test.yml'))
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_grouping_of_diagnostics_covers_every_name():
    """Robots, coordinators and hosts each fall into one group."""
    import re
    config = yaml.safe_load((ROOT / 'config' / 'diagnostics_aggregator.yaml').read_text())
    groups = config['analyzers']['ros__parameters']

    def group_of(name):
        return [key for key, group in groups.items() if isinstance(group, dict) and (
            any(re.fullmatch(regex, name) for regex in group.get('regex', ()))
            or any(name.startswith(start) for start in group.get('startswith', ())))]
    assert group_of('/r001/robot') == group_of('/r001/edge') == ['robots']
    assert group_of('/coordinator_c1') == ['coordinators']
    assert group_of('/edge_1') == group_of('/edge') == group_of('/sim') == ['hosts']
