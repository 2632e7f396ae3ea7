# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""`swarm verify`: schedules from seeds, exact replay, a few seeds of each kind, and its report."""

from dataclasses import replace
import io
import json
import os
import subprocess
import sys

import pytest
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.sim.faults import draw_schedule, FaultOptions, KINDS, PROFILES
from robot_swarm_orch.sim.injector import Injector
from robot_swarm_orch.sim.trial import Outcome, run_trial, Trial
from robot_swarm_orch.sim.verify import (
    failure_text, read_faults, replay_command, run_verify, VerifyOptions)

QUICK = FaultOptions(start_s=3.0, phase_s=(12.0, 14.0))
_REPLAY = """
import json, sys
from robot_swarm_orch.sim.faults import FaultOptions
from robot_swarm_orch.sim.trial import run_trial, Trial
out = run_trial(Trial(int(sys.argv[1]), 4, FaultOptions(phase_s=(8.0, 9.0))))
print(json.dumps([out.digest, out.log, out.violations]))
"""


@pytest.mark.parametrize(('seed', 'profile'), [
    (3, 'mixed'), (5, 'elections'), (7, 'late_words'), (11, 'disks')])
def test_a_seed_of_each_kind_passes(seed, profile):
    outcome = run_trial(Trial(seed, 6, replace(QUICK, profile=profile)))
    assert outcome.violations == [], failure_text(outcome, VerifyOptions(robots=6), 'test')
    assert outcome.faults >= 3 and outcome.orders_done + outcome.orders_cancelled >= 5


@pytest.mark.slow
@pytest.mark.parametrize('seed', range(1, 41))
def test_forty_seeds_pass_with_all_faults(seed):
    outcome = run_trial(Trial(seed))
    assert outcome.violations == [], failure_text(outcome, VerifyOptions(), 'test')


def test_one_seed_replays_exactly_in_another_process():
    """Two interpreters with different hash seeds, so that no order of a set can matter."""
    def replay(hash_seed):
        return subprocess.Popen(
            [sys.executable, '-c', _REPLAY, '21'], stdout=subprocess.PIPE, text=True,
            env={**os.environ, 'PYTHONHASHSEED': hash_seed})
    runs = [replay('1'), replay('2')]
    digests = [json.loads(run.communicate(timeout=120)[0]) for run in runs]
    assert digests[0] == digests[1]
    assert digests[0][1]


def test_schedules_come_from_the_seed_alone():
    schedules = [draw_schedule(seed) for seed in range(60)]
    assert schedules == [draw_schedule(seed) for seed in range(60)]
    assert len({str(schedule) for schedule in schedules}) == 60
    assert {schedule.profile for schedule in schedules} == set(PROFILES)
    drawn = {fault.kind for schedule in schedules for fault in schedule.faults}
    assert drawn == set(KINDS)


def test_faults_keep_to_their_options():
    options = FaultOptions(profile='late_words', frozen_s=(1.0, 2.0), keep_ratio=1.0)
    for seed in range(30):
        schedule = draw_schedule(seed, options)
        assert all(fault.at_s < schedule.heal_s <= options.start_s + options.phase_s[1]
                   for fault in schedule.faults)
        assert all(1.0 <= fault.lasts_s <= 2.0 for fault in schedule.faults
                   if fault.kind.startswith('freeze'))


def test_every_kind_of_fault_has_somebody_who_does_it():
    assert all(callable(getattr(Injector, '_' + kind)) for kind in KINDS)
    assert set(sum(PROFILES.values(), ())) == set(KINDS)


def test_without_faults_nothing_is_hit_and_everything_ends():
    outcome = run_trial(Trial(1, 4, FaultOptions(profile='none', phase_s=(8.0, 9.0))))
    assert outcome.violations == [] and outcome.faults == 0 and outcome.leader_changes == 0


def test_a_failure_says_how_to_replay_it():
    outcome = Outcome(17, 'mixed', violations=['1.00 s: two of a thing'], log=['0.5 s  boom'])
    text = failure_text(outcome, VerifyOptions(robots=7, profile='mixed'), 'v1.2')
    for part in ('seed 17 FAILED', 'v1.2', 'two of a thing', 'boom',
                 'swarm verify --seeds 1 --first-seed 17 --robots 7 --profile mixed'):
        assert part in text
    assert '--faults my.yaml' in replay_command(1, VerifyOptions(faults_file='my.yaml'))


def test_a_failing_seed_makes_the_exit_status_1(monkeypatch):
    bad = Outcome(1, 'none', violations=['a thing'])
    monkeypatch.setattr('robot_swarm_orch.sim.verify.run_trial', lambda trial: replace(
        run_trial(replace(trial, robots=2)), violations=bad.violations))
    out = io.StringIO()
    assert run_verify(VerifyOptions(1, profile='none', workers=1), out) == 1
    assert 'FAILED' in out.getvalue() and 'median' in out.getvalue()


def test_options_of_faults_come_from_a_file(tmp_path):
    path = tmp_path / 'faults.yaml'
    path.write_text('phase_s: [5.0, 6.0]\ndrift_ratio: 0.01\n')
    faults = read_faults(str(path), 'robots')
    assert (faults.phase_s, faults.drift_ratio, faults.profile) == ((5.0, 6.0), 0.01, 'robots')
    path.write_text('phase: 3\n')
    with pytest.raises(ConfigError, match="'phase'.*known: .*phase_s"):
        read_faults(str(path), '')
    path.write_text('phase_s: 3\n')
    with pytest.raises(ConfigError, match='two numbers'):
        read_faults(str(path), '')


@pytest.mark.parametrize('wrong', [
    {'gap_s': (3.0, 1.0)}, {'loss_ratio': (0.0, 1.0)}, {'profile': 'chaos'},
    {'drift_ratio': 0.5}, {'gap_s': (0.0, 1.0)}])
def test_impossible_faults_are_refused(wrong):
    with pytest.raises(ConfigError):
        FaultOptions(**wrong)
