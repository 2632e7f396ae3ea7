# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A warehouse under the real `launch`: it works, mends itself, and ends clean on Ctrl-C."""

import os
from pathlib import Path
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest
from robot_swarm_orch.bringup import one_host_environment

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
pytest.importorskip('launch_ros', reason='launch comes with a ROS installation, not with the '
                    'wheels')

pytestmark = pytest.mark.dds

PATIENCE_S = 90.0
ROS2 = [sys.executable, '-c', 'import sys; from ros2cli.cli import main; sys.exit(main())']


@pytest.fixture
def environment(tmp_path):
    """Return an environment of a domain of its own, launch's own logs in a folder of ours."""
    domain = random.SystemRandom().randint(1, 100)
    return dict(one_host_environment(os.environ, domain), ROS_LOG_DIR=str(tmp_path / 'log'),
                PYTHONUNBUFFERED='1')


def test_a_launched_warehouse_works_mends_itself_and_ends_clean(environment):
    """The cases are in warehouse_launch_cases.py."""
    pytest.importorskip('launch_testing', reason='launch_testing comes with a ROS installation, '
                        'not with the wheels')
    script = Path(__file__).with_name('warehouse_launch_cases.py')
    done = subprocess.run([sys.executable, '-m', 'launch_testing.launch_test', str(script)],
                          env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=3 * PATIENCE_S)
    assert done.returncode == 0, done.stdout[-6000:]


def processes_of(group):
    """Return the commands of all processes of a process group or session."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(' '.join(process.cmdline())[:200])
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue
    return found


@pytest.mark.parametrize('whom', ['terminal', 'launch'])
def test_ctrl_c_ends_ros2_launch_and_leaves_no_process(environment, tmp_path, whom):
    """A terminal interrupts all processes at once, a process manager only `ros2 launch`."""
    pytest.importorskip('ros2launch', reason='ros2launch comes with a ROS installation, not with '
                        'the wheels')
    log = tmp_path / 'launch.txt'
    with open(log, 'w') as output:
        launch = subprocess.Popen(
            [*ROS2, 'launch', 'robot_swarm_orch', 'warehouse.launch.py', 'robots:=2', 'voters:=c1',
             f'data_dir:={tmp_path}'], env=environment, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        ready = subprocess.run([sys.executable, '-m', 'robot_swarm_orch.cli', 'leader',
                                '--timeout', str(PATIENCE_S)], env=environment,
                               capture_output=True, text=True, timeout=2 * PATIENCE_S)
        assert ready.returncode == 0, ready.stderr + log.read_text()
        if whom == 'terminal':
            os.killpg(launch.pid, signal.SIGINT)
        else:
            launch.send_signal(signal.SIGINT)
        launch.wait(30.0)
        end_s = time.monotonic() + 5.0
        while processes_of(launch.pid) and time.monotonic() < end_s:
            time.sleep(0.05)
        assert processes_of(launch.pid) == []
    finally:
        try:
            os.killpg(launch.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        launch.wait()
    said = log.read_text()
    assert said.count('process has finished cleanly') == 3, said
    assert 'Traceback' not in said and 'escalating' not in said, said
