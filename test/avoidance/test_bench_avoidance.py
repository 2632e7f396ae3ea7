# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0

"""`swarm bench avoidance`: what it measures, when it fails, and what it says of a peer."""

import json
import os
import sys

import pytest

from robot_swarm_orch.bench.avoidance import (
    ask_peer, AvoidanceBenchOptions, broken_bounds, build_report, compare, report_lines,
    time_decisions)
from robot_swarm_orch.bench.free_zone import circle_swap
from robot_swarm_orch.bench.rvo_scene import run
from robot_swarm_orch.cli import main
from robot_swarm_orch.errors import ConfigError

KEPT = {'contacts': 0, 'loss': 0.5, 'arrived': 19, 'wanted': 20, 'decision_s': {'p999': 0.0009}}


@pytest.fixture(scope='module', name='report')
def made_report():
    """Measure four robots once."""
    return build_report(AvoidanceBenchOptions(robots=4, loss=0.2, decisions=40, repeats=2))


def test_a_report_tells_contacts_arrivals_times_and_decisions(report):
    """All figures are there, and can be written as JSON."""
    assert (report['contacts'], report['arrived'], report['wanted']) == (0, 4, 4)
    assert 10.0 < report['arrive_s']['p50'] <= report['arrive_s']['last'] < 100.0
    assert 0.0 < report['least_gap_m'] < 2.0
    assert 0.0 < report['decision_s']['p50'] <= report['decision_s']['p999']
    assert report['decision_all_s']['count'] == 80 >= report['decision_s']['count'] > 0
    assert report['decision_least_s']['count'] == 40
    assert report['words']['lost'] == pytest.approx(0.2 * report['words']['sent'], rel=0.2)
    json.dumps(report)
    assert 'circle swap of 4' in '\n'.join(report_lines(report))


@pytest.mark.parametrize('change, words', (
    ({'contacts': 1}, '1 contacts'), ({'arrived': 18}, '18 of 20 arrived'),
    ({'loss': 0.0}, '19 of 20 arrived'), ({'decision_s': {'p999': 0.0011}}, 'p99.9')))
def test_each_bound_can_break(change, words):
    """At its boundary it holds; beyond, it is named."""
    assert broken_bounds(KEPT) == []
    assert words in ' '.join(broken_bounds({**KEPT, **change}))


def test_decisions_are_timed_with_all_words_heard():
    """As many times as asked for, none of them nothing."""
    times = time_decisions(5, 1)
    assert len(times.wall_s) == len(times.cpu_s) == len(times.control_s) == 5
    assert min(times.wall_s) > 1e-6 and min(times.cpu_s) >= 0.0 and min(times.control_s) > 1e-6


def test_decisions_during_which_the_core_was_taken_are_not_held_to_the_bound(monkeypatch):
    """They are among all; if the core was taken every time, all there is counts."""
    taken = iter((0, 0, 0, 1, 1, 1, 1, 3))
    monkeypatch.setattr('robot_swarm_orch.bench.avoidance._WARM_UP', 0)
    monkeypatch.setattr('robot_swarm_orch.bench.avoidance._times_taken', lambda: next(taken))
    times = time_decisions(4, 1)
    assert times.alone_s == [times.wall_s[0], times.wall_s[2]]
    taken = iter(range(8))
    times = time_decisions(4, 1)
    assert times.alone_s == times.wall_s


def test_of_decisions_made_several_times_over_the_least_time_of_each_is_kept():
    """What interrupted one of them did not interrupt all."""
    times = time_decisions(3, 1, repeats=4)
    assert len(times.wall_s) == 12
    assert times.least_s == [min(times.wall_s[n::3]) for n in range(3)]


def test_the_bench_gives_back_the_cores_that_it_does_without():
    """It pins itself while it measures alone."""
    cores = os.sched_getaffinity(0)
    time_decisions(1, 1)
    assert os.sched_getaffinity(0) == cores


def test_a_python_without_pyrvo_is_refused_with_what_to_do():
    """So is one that is not there at all."""
    with pytest.raises(ConfigError, match='pip install pyrvo'):
        ask_peer(AvoidanceBenchOptions(robots=2, peer=sys.executable), circle_swap(2))
    with pytest.raises(ConfigError, match='/no/such/python'):
        ask_peer(AvoidanceBenchOptions(robots=2, peer='/no/such/python'), circle_swap(2))


class Point:
    """A position as pyrvo gives it."""

    def __init__(self, x, y):
        self.place = (x, y)

    def to_tuple(self):
        """Return x and y."""
        return self.place


class GhostSimulator:
    """Stands in for RVO2: discs that drive as they want, through each other."""

    def __init__(self, starts):
        self.places, self.wanted = [tuple(start) for start in starts], {}

    def get_agent_position(self, number):
        """Return where a disc is."""
        return Point(*self.places[number])

    def set_agent_pref_velocity(self, number, velocity):
        """Take in a wish."""
        self.wanted[number] = velocity

    def do_step(self):
        """Drive for 0.1 s."""
        self.places = [(x + 0.1 * self.wanted[number][0], y + 0.1 * self.wanted[number][1])
                       for number, (x, y) in enumerate(self.places)]


def test_the_judge_of_the_peer_counts_contacts_once_and_arrivals():
    """Three discs that drive through each other touch in three pairs."""
    starts = [(-3.0, 0.0), (3.0, 0.0), (0.0, 3.0)]
    scene = {'starts': starts, 'goals': [(3.0, 0.0), (-3.0, 0.0), (0.0, -3.0)], 'radius_m': 0.35,
             'speed_mps': 0.5, 'step_s': 0.1, 'until_s': 60.0, 'arrived_m': 0.15, 'seed': 1}
    answer = run(GhostSimulator(starts), scene)
    assert answer['contacts'] == 3
    assert len(answer['arrived_s']) == 3
    assert answer['least_gap_m'] < -0.5


def test_a_peer_that_never_arrives_gives_no_ratio(report):
    """Instead of a division by nothing."""
    answer = {'version': '0', 'contacts': 0, 'least_gap_m': 0.1, 'arrived_s': [],
              'step_s': [1e-4] * 5}
    compared = compare(report, answer)
    assert compared['last_ratio'] is None and compared['arrive_s'] is None
    assert 'none' in '\n'.join(report_lines({**report, 'peer': compared}))


def test_the_command_line_refuses_what_cannot_be(capsys):
    """Shares above one, and negative delays."""
    for wrong in (['--loss', '1.5'], ['--delay', '-1'], ['--robots', '0']):
        with pytest.raises(SystemExit):
            main(['bench', 'avoidance', *wrong])
    assert 'share' in capsys.readouterr().err
