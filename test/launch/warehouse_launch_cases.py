# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A small warehouse under `ros2 launch`: it works, mends itself, and ends clean.

Run by test_launch_for_real.py, or by hand: `launch_test test/launch/warehouse_launch_cases.py`.
"""

import os
from pathlib import Path
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
import launch_testing
from launch_testing.actions import ReadyToTest
import psutil
from robot_swarm_orch.nodes.fleet_client import FleetClient
from robot_swarm_orch.types import Mode
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'test' / 'nodes'))
from fleet_rig import SITE  # noqa: E402,I100

PATIENCE_S = 60.0


def generate_test_description():
    """Start one coordinator, the simulation, and two robots in a process each."""
    site = Path(tempfile.mkdtemp(prefix='launch_test_')) / 'ring.yaml'
    site.write_text(yaml.safe_dump(SITE))
    arguments = {'site': str(site), 'robots': '2', 'robots_per_process': '1', 'voters': 'c1'}
    source = PythonLaunchDescriptionSource(str(ROOT / 'launch' / 'warehouse.launch.py'))
    return LaunchDescription([
        IncludeLaunchDescription(source, launch_arguments=arguments.items()), ReadyToTest()])


def pid_of(node):
    """Return the process id of a node that this process launched, None when it does not run."""
    for child in psutil.Process().children(recursive=True):
        try:
            # A killed process stays listed until it is reaped; its command line is empty then.
            if f'__node:={node}' in child.cmdline():
                return child.pid
        except psutil.NoSuchProcess:
            continue
    return None


def swarm(*words):
    """Run a verb of the command line; return (exit status, what it said)."""
    done = subprocess.run([sys.executable, '-m', 'robot_swarm_orch.cli', *words, '--site', 'ring'],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=PATIENCE_S)
    return done.returncode, done.stdout


class TestRunningWarehouse(unittest.TestCase):
    """While it runs."""

    def test_1_all_robots_join_and_carry_out_an_order(self):
        """Through the command line, as an operator would."""
        with FleetClient('ring') as client:
            end_s = time.monotonic() + PATIENCE_S
            while time.monotonic() < end_s:
                view = client.view(PATIENCE_S)
                if [Mode(mode) for mode in view.modes] == [Mode.AUTOMATIC] * 2:
                    break
            else:
                self.fail(f'the robots did not join: {view}')
        status, said = swarm('order', 'desk', '--pick', 'shelf', '--timeout', '20')
        self.assertEqual(status, 0, said)

    def test_2_a_killed_coordinator_is_started_again_and_leads(self):
        """With its log: the order that it knew is still done."""
        first = pid_of('coordinator_c1')
        self.assertIsNotNone(first)
        os.kill(first, signal.SIGKILL)
        end_s = time.monotonic() + PATIENCE_S
        while pid_of('coordinator_c1') in (None, first):
            self.assertLess(time.monotonic(), end_s, 'it was not started again')
            time.sleep(0.05)
        with FleetClient('ring') as client:
            while client.view(PATIENCE_S).orders_done != 1:
                self.assertLess(time.monotonic(), end_s, 'it does not lead')


@launch_testing.post_shutdown_test()
class TestEndedWarehouse(unittest.TestCase):
    """After Ctrl-C."""

    def test_every_process_ended_well_but_the_one_that_was_killed(self, proc_info):
        """Exit code 0: nothing died, nothing had to be killed."""
        codes = sorted(info.returncode for info in proc_info)
        self.assertEqual(codes, [-signal.SIGKILL, 0, 0, 0, 0])

    def test_nobody_says_a_traceback(self, proc_output):
        """An end is no error."""
        said = ''.join(output.text.decode(errors='replace') for output in proc_output)
        self.assertNotIn('Traceback', said)
