# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The commands of docs/operations.md on real processes over real DDS."""

from dataclasses import replace
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from bad_input_rig import planned_fleet, run_again  # noqa: E402,I100
from fleet_rig import Fleet, running  # noqa: E402
from robot_swarm_orch import bringup  # noqa: E402

pytestmark = pytest.mark.dds

IDS = ('c1', 'c2', 'c3')


def swarm(fleet, *arguments):
    """Run a command of the command line against a fleet; return (exit status, what it said)."""
    done = subprocess.run(
        [sys.executable, '-m', 'robot_swarm_orch.cli', *arguments, '--site', 'ring',
         '--timeout', '20'], env=bringup.one_host_environment(os.environ, fleet.domain),
        capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def table(fleet):
    """Return what `swarm coordinators --json` says, the rows by id; {} while nobody answers."""
    _, said = swarm(fleet, 'coordinators', '--json')
    if not said.startswith('{'):
        return {'leader': None, 'coordinators': {}}
    told = json.loads(said)
    return {**told, 'coordinators': {row['coordinator']: row for row in told['coordinators']}}


def until(look, holds, patience_s=60.0):
    """Look again and again until what is seen holds; return it."""
    end_s = time.monotonic() + patience_s
    while True:
        seen = look()
        if holds(seen):
            return seen
        assert time.monotonic() < end_s, f'not within {patience_s} s: {seen}'


@pytest.fixture(scope='module')
def fleet(tmp_path_factory):
    """Return three running coordinators, one of which leads."""
    with running(planned_fleet(tmp_path_factory.mktemp('group'), coordinators=IDS)) as made:
        until(lambda: table(made), lambda told: told['leader'] and len(told['coordinators']) == 3)
        yield made


def test_the_lead_is_handed_over_by_command_and_before_a_process_ends(fleet):
    """A transfer to a named one; then SIGTERM to the leader, which ends well and soon."""
    leader = table(fleet)['leader']
    heir = next(name for name in IDS if name != leader)
    status, said = swarm(fleet, 'coordinators', 'transfer', heir)
    assert status == 0 and said.startswith(f'{heir} leads in term '), said
    old = until(lambda: table(fleet), lambda told: told['leader'])['leader']
    code, ended_s = fleet.end(f'coordinator_{old}', signal.SIGTERM)
    assert code == 0 and ended_s < 5.0
    told = until(lambda: table(fleet), lambda told: told['leader'] not in (None, old))
    assert told['coordinators'][old]['role'] == 'silent'
    fleet.start(f'coordinator_{old}')
    until(lambda: table(fleet), lambda told: all(
        row['role'] != 'silent' and row['lag'] == 0 for row in told['coordinators'].values()))


def test_nodes_and_streets_are_blocked_by_command_and_opened_again(fleet):
    """The leader answers once it is in the log, and refuses what is no street."""
    assert swarm(fleet, 'block', '2', '0-1', '--one-way') == (0, 'done\n')
    status, said = swarm(fleet, 'block', '0-3', '--one-way')
    assert status == 1 and 'no street leads from node 0 to node 3' in said
    assert swarm(fleet, 'unblock', '2', '0-1', '--one-way') == (0, 'done\n')


def test_a_dead_coordinator_is_replaced_step_by_step(fleet, tmp_path):
    """SIGKILL one, add a new one with an empty disk, remove the dead one."""
    leader = table(fleet)['leader']
    dead = next(name for name in IDS if name != leader)
    fleet.end(f'coordinator_{dead}', signal.SIGKILL)
    run_again(fleet, f'coordinator_{leader}', 'coordinator_c4', node_id='c4', join=True,
              data_dir=str(tmp_path / 'c4'))
    status, said = swarm(fleet, 'coordinators', 'add', 'c4')
    assert status == 0 and 'learner' in said, said
    until(lambda: table(fleet), lambda told: told['coordinators'].get(
        'c4', {}).get('part') == 'voter')
    until(lambda: swarm(fleet, 'coordinators', 'remove', dead),
          lambda answer: answer[0] == 0 or 'does not belong' in answer[1])
    told = until(lambda: table(fleet), lambda told: dead not in told['coordinators'])
    assert {name for name, row in told['coordinators'].items() if row['part'] == 'voter'} == {
        *IDS, 'c4'} - {dead}
    status, said = swarm(fleet, 'coordinators', 'remove', dead)
    assert status == 0 and f'{dead} does not belong to the group' in said  # asked once more


@pytest.mark.slow
def test_a_restored_backup_drives_again_once_its_robots_are_enrolled(tmp_path):
    """Three coordinators and two robots; all coordinators are lost but for one old copy."""
    fleet = Fleet(tmp_path)
    fleet.plan = replace(fleet.plan, coordinators=IDS)
    with running(fleet):
        assert until(lambda: swarm(fleet, 'order', 'desk', '--pick', 'shelf'),
                     lambda answer: answer[0] == 0)[0] == 0
        until(lambda: swarm(fleet, 'robots', '--json')[1], lambda said: '"order": ""' in said
              and '"speed_mps": 0.0' in said)
        time.sleep(5.0)  # both drive to their parking places, and stand at nodes
        for name in IDS:
            fleet.end(f'coordinator_{name}', signal.SIGKILL)
        shutil.copytree(tmp_path / 'coordinator_c2', tmp_path / 'backup')
        for name in IDS:
            done = subprocess.run(
                [sys.executable, '-m', 'robot_swarm_orch.cli', 'coordinators', 'restore',
                 str(tmp_path / 'backup'), str(tmp_path / 'new' / f'coordinator_{name}'),
                 '--node', name, '--voters', ','.join(IDS), '--cluster', 'anew', '--site', 'ring'],
                capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0 and 'r001, r002' in done.stdout, done.stderr
        fleet.plan = replace(fleet.plan, cluster_id='anew', data_dir=str(tmp_path / 'new'))
        fleet.start(*(f'coordinator_{name}' for name in IDS))
        until(lambda: table(fleet), lambda told: told['leader'])
        until(lambda: swarm(fleet, 'order', 'desk', '--pick', 'shelf', '--no-follow', '--id',
                            'after'), lambda answer: answer[0] == 0)
        for robot in ('r001', 'r002'):
            answer = until(lambda robot=robot: swarm(
                fleet, 'enrol', robot, '--site-file', str(tmp_path / 'ring.yaml')),
                lambda answer: answer[0] == 0)
            assert 'at node' in answer[1]
        status, said = swarm(fleet, 'order', 'desk', '--pick', 'shelf', '--id', 'after')
        assert status == 0 and 'after done' in said, said
