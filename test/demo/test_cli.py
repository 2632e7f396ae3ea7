# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line explains itself and answers mistakes in one line."""

import subprocess
import sys

import pytest
from robot_swarm_orch.cli import main, parser

VERBS = ('demo', 'chaos', 'order', 'orders', 'robots', 'leader', 'estop', 'why', 'doctor', 'top',
         'coordinators', 'enrol', 'bench')


@pytest.mark.parametrize('verb', VERBS)
def test_every_verb_has_help(verb, capsys):
    with pytest.raises(SystemExit) as end:
        main([verb, '--help'])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert f'usage: swarm {verb}' in text
    assert '--' in text


def test_the_demo_runs_a_hundred_robots_for_ten_minutes_unless_told_otherwise():
    options = parser().parse_args(['demo'])
    assert (options.robots, options.duration, options.seed, options.faults, options.out) == (
        100, 600.0, 1, 'default', 'swarm-report')


@pytest.mark.parametrize('arguments', [
    ['demo', '--robots', '0'], ['demo', '--duration', '-1'], ['demo', '--domain', '400'],
    ['juggle'], [], ['order']])
def test_a_wrong_argument_ends_with_usage(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert 'usage: swarm' in capsys.readouterr().err


def test_asking_for_help_loads_no_ros():
    code = ('import sys; from robot_swarm_orch.cli import parser; parser().format_help(); '
            'sys.exit("rclpy" in sys.modules)')
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0
