# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""`swarm chaos` for real: processes, DDS, signals, cut links; the short form of each scenario."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from robot_swarm_orch.demo import namespaces

pytest.importorskip('rclpy', reason='ROS 2 is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')

pytestmark = pytest.mark.dds

DOMAIN = 10 + os.getpid() % 30
PATIENCE_S = 240.0
# Figures of time depend on what else the machine does; their judges have tests of their own.
TIMING = ('tick_overrun_ratio', 'decision_s', 'route_s', 'resume_s_max', 'safe_stop_s_max',
          'robots_stopped_in_failover')


def start(out, scenario, duration_s, *arguments):
    """Start a scenario with few robots in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, '-m', 'robot_swarm_orch.cli', 'chaos', '--scenario', scenario,
         '--robots', '4', '--duration', str(duration_s), '--out', str(out), '--domain',
         str(DOMAIN), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True)


def chaos(out, scenario, duration_s):
    """Run a scenario; return its report and the figures of its faults by their kind."""
    process = start(out, scenario, duration_s)
    try:
        text, _ = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert process.returncode in (0, 1), text
    report = json.loads((out / 'report.json').read_text())
    assert report['scenario'] == scenario
    assert [failure for failure in report['failures'] if not failure.startswith(TIMING)] == [], \
        text
    kinds = {}
    for fault in report['fault_figures']:
        kinds.setdefault(fault['fault'].split('@')[0].split(':')[0], []).append(fault)
    return report, kinds


def test_a_leader_frozen_for_ten_seconds_does_no_harm_and_its_words_are_refused(tmp_path):
    report, kinds = chaos(tmp_path, 'frozen-leader', 23)
    fault, = kinds['freeze']
    assert fault['failover_s'] > 0.0 and fault['new_terms'] >= 1
    assert fault['late_by_s'][0] >= 9.9
    assert fault['refused_for_their_term'] > 0
    assert 'stepped_down_s' in fault
    assert report['leaders_per_term_max'] == 1


def test_words_that_arrive_late_are_refused_in_calm_and_after_a_change_of_leader(tmp_path):
    _, kinds = chaos(tmp_path, 'delayed', 23)
    late = kinds['late']
    assert len(late) == 3 and late[0]['late_by_s'][0] >= 0.5
    for fault in late:
        assert fault['words_said_late']['lease'] == 20
        assert fault['words_refused']['lease'] >= 16
        assert fault['words_refused']['authority'] > 0
    assert late[2]['refused_for_their_term'] > 0


@pytest.mark.slow
def test_no_robot_moves_without_a_majority_though_words_of_its_dead_leader_arrive(tmp_path):
    _, kinds = chaos(tmp_path, 'majority-loss', 24)
    fault, = kinds['majority']
    assert fault['robots_moved_without_lease'] == 0
    assert fault['safe_stop_s'] > 0.0


@pytest.mark.slow
def test_coordinators_are_restarted_one_after_another(tmp_path):
    report, kinds = chaos(tmp_path, 'rolling', 40)
    assert [fault['exit_status'] for fault in kinds['restart']] == [0, 0, 0]
    assert all(process['starts'] == 2 for process in report['processes']
               if process['name'].startswith('coordinator'))


@pytest.mark.slow
def test_a_dead_coordinator_is_replaced_and_an_emptied_one_catches_up(tmp_path):
    _, kinds = chaos(tmp_path, 'replace', 50)
    assert kinds['replace'][0]['group_changed_s'] > 0.0
    assert kinds['wipe'][0]['caught_up_s'] > 0.0


@pytest.mark.slow
def test_a_leader_that_is_cut_off_in_any_way_is_succeeded_and_steps_down(tmp_path):
    reason = namespaces.why_not()
    if reason:
        pytest.skip(f'this machine gives no network namespaces: {reason}')
    _, kinds = chaos(tmp_path, 'partition', 64)
    assert kinds.keys() == {'cut', 'split', 'mute', 'deaf'}
    assert all('stepped_down_s' in fault for faults in kinds.values() for fault in faults)


@pytest.mark.slow
def test_random_faults_break_nothing(tmp_path):
    _, kinds = chaos(tmp_path, 'random', 70)
    assert kinds


@pytest.mark.slow
def test_ctrl_c_ends_frozen_processes_too(tmp_path):
    process = start(tmp_path, 'frozen-leader', 60)
    try:
        for line in process.stdout:
            if 'SIGSTOP' in line:
                break
        asked_s = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert process.returncode == 130
    assert time.monotonic() - asked_s < 30.0


def test_a_machine_without_network_namespaces_is_told_in_one_line(tmp_path):
    """Status 77 is what test harnesses know as skipped."""
    (tmp_path / 'ip').write_text('#!/bin/sh\necho forbidden here >&2\nexit 1\n')
    (tmp_path / 'ip').chmod(0o755)
    done = subprocess.run(
        [sys.executable, '-m', 'robot_swarm_orch.cli', 'chaos', '--scenario', 'partition', '--out',
         str(tmp_path / 'out')], capture_output=True, text=True, check=False, timeout=60.0,
        env={**os.environ, 'PATH': f'{tmp_path}:{os.environ["PATH"]}'})
    assert done.returncode == 77
    assert done.stderr.startswith('swarm: skipped: the scenario partition needs network')
    assert len(done.stderr.splitlines()) == 1
