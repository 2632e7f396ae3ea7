# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A C++ package of somebody else builds against this one, and both speak of the same message."""

import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
pytest.importorskip('colcon_core', reason='colcon is not installed')
from rclpy.serialization import deserialize_message  # noqa: E402,I100
from robot_swarm_orch.msg import RobotState  # noqa: E402

CONSUMER = Path(__file__).resolve().parents[1] / 'consumer'


def prefixes():
    """Return the installed prefixes, ours among them."""
    return [entry for entry in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if entry]


@pytest.fixture(scope='module')
def printed(tmp_path_factory):
    """Build the package in a workspace on top of ours; return what its program printed."""
    if not any((Path(prefix) / 'share' / 'robot_swarm_orch' / 'cmake').is_dir()
               for prefix in prefixes()):
        pytest.skip('robot_swarm_orch is not installed: source install/setup.bash first')
    workspace = tmp_path_factory.mktemp('workspace')
    shutil.copytree(CONSUMER, workspace / 'src' / CONSUMER.name,
                    ignore=shutil.ignore_patterns('COLCON_IGNORE'))
    environment = dict(os.environ, CMAKE_PREFIX_PATH=os.pathsep.join(
        [*prefixes(), os.environ.get('CMAKE_PREFIX_PATH', '')]))
    built = subprocess.run(
        [sys.executable, '-m', 'colcon', 'build', '--event-handlers', 'console_direct+'],
        cwd=workspace, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=300.0)
    assert built.returncode == 0, built.stdout[-4000:]
    assert 'warning:' not in built.stdout, built.stdout
    name = 'robot_state_consumer'
    program = workspace / 'install' / name / 'lib' / name / 'print_robot_state'
    ran = subprocess.run([program], env=environment, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=30.0)
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def test_a_cpp_package_builds_against_the_messages_and_prints_one(printed):
    """Headers, type support and CMake files are all exported."""
    assert 'robot_id: "r042"' in printed
    assert 'mode: 2' in printed


def test_what_cpp_serializes_python_reads(printed):
    """Both sides were generated from the same definition."""
    cdr, = [line.split()[1] for line in printed.splitlines() if line.startswith('cdr: ')]
    state = deserialize_message(bytes.fromhex(cdr), RobotState)
    assert (state.site_id, state.robot_id, state.seq) == ('warehouse', 'r042', (1 << 32) + 5)
    assert state.mode == RobotState.MODE_AUTOMATIC
    assert (state.x, state.y, state.yaw) == (1.25, -2.5, 0.5)
    assert list(state.held) == [3, 17, 412]
    assert state.carrying and state.header.frame_id == 'map'


def test_a_users_colcon_does_not_take_the_example_for_a_package():
    """It stays out of workspaces that hold a checkout of this package."""
    assert (CONSUMER / 'COLCON_IGNORE').is_file()
