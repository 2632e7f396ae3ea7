# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A coordinator's memory on disk, torn, corrupt, shared or read-only: no promise is lost."""

import ctypes
import os
from pathlib import Path
import subprocess
import sys

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from robot_swarm_orch import bringup  # noqa: E402
from robot_swarm_orch.raft import Entry, FileStore, HardState  # noqa: E402
from robot_swarm_orch.raft import segments  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))
from bad_input_rig import planned_fleet, run_again, said_within, Stage  # noqa: E402,I100

pytestmark = pytest.mark.dds

_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1
KEPT = 5


def laid_log(folder):
    """Lay a log of some entries for coordinator c1 of an otherwise new fleet; return its file."""
    store = FileStore(folder, 'ring/demo/c1')
    for index in range(1, KEPT + 1):
        store.save(HardState(3, 'c1', 0), (Entry(3, index, b'', 1),), None)
    store.close()
    return folder / segments.segment_name(1)


@pytest.fixture
def fleet(tmp_path):
    """Return a fleet of three coordinators, of which tests start the first."""
    made = planned_fleet(tmp_path, coordinators=('c1', 'c2', 'c3'))
    yield made
    made.close()


def held(folder):
    """Return the indices that a log holds."""
    store = FileStore(folder)
    try:
        return [entry.index for entry in store.load()[2]]
    finally:
        store.close()


def refused(fleet, **parameters):
    """Start c1, which must end by itself; return what it said, one line."""
    process = run_again(fleet, 'coordinator_c1', 'c1', **parameters)
    code = process.wait(30.0)
    said = fleet.said('c1')
    assert code == 3, said
    assert said.startswith('coordinator_node: storage: ') and len(said.splitlines()) == 1, said
    return said


def test_a_torn_tail_is_cut_off_and_said_and_the_coordinator_goes_on(fleet, tmp_path):
    """What a crash left half written was promised to nobody; all that was is there."""
    folder = tmp_path / 'coordinator_c1'
    path = laid_log(folder)
    whole = path.read_bytes()
    path.write_bytes(whole + segments.frame([segments.SAVE, [4, 'c1', 0], [], None])[:-3])
    run_again(fleet, 'coordinator_c1', 'c1')
    said = said_within(fleet, 'c1', ['torn bytes'])
    assert f'{path}: cut ' in said and f'at offset {len(whole)}' in said
    assert 'Nothing was lost' in said
    watcher = Stage(fleet)
    try:
        watcher.until(lambda: '/coordinator_c1' in watcher.health, 'c1 goes on')
    finally:
        watcher.close()
    assert fleet.end('c1')[0] == 0
    assert held(folder) == list(range(1, KEPT + 1))


def test_damage_in_the_middle_ends_it_with_file_offset_and_way_out(fleet, tmp_path):
    """Nothing is repaired by guessing, and nothing is changed."""
    path = laid_log(tmp_path / 'coordinator_c1')
    damaged = bytearray(path.read_bytes())
    offset = segments.parse(bytes(damaged), 0)[1]
    damaged[offset + 20] ^= 0x10
    path.write_bytes(damaged)
    said = refused(fleet)
    assert f'{path}: the record at offset {offset} is damaged' in said
    assert 'Restore this directory from a copy, or' in said
    assert path.read_bytes() == damaged


def test_a_second_coordinator_on_the_same_directory_is_told_who_is_there(fleet, tmp_path):
    """The lock names the process; the first one is not disturbed."""
    store = FileStore(tmp_path / 'coordinator_c1')
    try:
        said = refused(fleet)
    finally:
        store.close()
    assert f'is in use by process {os.getpid()}' in said and 'its own directory' in said


def test_the_log_of_another_coordinator_is_refused(fleet, tmp_path):
    """Copied or mounted under the wrong name, it would make one vote count twice."""
    laid_log(tmp_path / 'coordinator_c1')
    said = refused(fleet, site_id='north')
    assert "memory of 'ring/demo/c1', not of 'north/demo/c1'" in said


def _without_override():
    """Let permissions bind root too, in the process to be started."""
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0)


def test_a_directory_that_cannot_be_written_is_said_at_the_start(fleet, tmp_path):
    """What, where, and what to do, before anything is promised."""
    folder = tmp_path / 'coordinator_c1'
    folder.mkdir(mode=0o555)
    spec, = (spec for spec in bringup.processes(fleet.plan) if spec.name == 'coordinator_c1')
    done = subprocess.run(
        [sys.executable, '-m', 'robot_swarm_orch.nodes.coordinator_node',
         *spec.arguments(bringup.write_parameters(spec, tmp_path))], text=True, timeout=40.0,
        env=bringup.one_host_environment(os.environ, fleet.domain), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, preexec_fn=_without_override)
    assert done.returncode == 3, done.stdout
    assert f'cannot keep a log in {folder}' in done.stdout and 'denied' in done.stdout
    assert 'data_dir' in done.stdout and len(done.stdout.splitlines()) == 1, done.stdout
    assert list(folder.iterdir()) == []
