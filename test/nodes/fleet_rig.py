# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A small fleet of real processes on real DDS, and a client that watches it."""

from contextlib import contextmanager
import os
from pathlib import Path
import random
import signal
import subprocess
import sys
import time

from rclpy.clock import Clock
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from robot_swarm_orch import bringup
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import Endpoints, Traffic
from robot_swarm_orch.nodes.wire import Wire
from robot_swarm_orch.site import load_site
import yaml

# A one-way ring of 6 by 4 m with a shelf, a desk and two parking pockets.
SITE = {
    'name': 'ring', 'zone_size_m': 25.0,
    'nodes': {'a': [0, 0], 'b': [2, 0], 'c': [4, 0], 'd': [6, 0], 'e': [6, 2], 'f': [6, 4],
              'g': [4, 4], 'h': [2, 4], 'i': [0, 4], 'j': [0, 2], 'p': [2, -2], 'q': [4, -2]},
    'edges': [['a', 'b', 'oneway'], ['b', 'c', 'oneway'], ['c', 'd', 'oneway'],
              ['d', 'e', 'oneway'], ['e', 'f', 'oneway'], ['f', 'g', 'oneway'],
              ['g', 'h', 'oneway'], ['h', 'i', 'oneway'], ['i', 'j', 'oneway'],
              ['j', 'a', 'oneway'], ['p', 'b', 'both'], ['q', 'c', 'both']],
    'places': {'shelf': ['storage', 'd'], 'desk': ['station', 'f'],
               'park_1': ['parking', 'p'], 'park_2': ['parking', 'q']},
}
PATIENCE_S = 60.0


class Fleet:
    """Processes of this package's nodes, each ended with the test."""

    def __init__(self, folder: Path, robots: int = 2):
        """Prepare a fleet; nothing runs yet. The domain is drawn, so that tests do not meet."""
        self.folder = folder
        self.domain = random.SystemRandom().randint(1, 100)
        site_file = folder / 'ring.yaml'
        site_file.write_text(yaml.safe_dump(SITE))
        self.site = load_site(site_file)
        self.truth = folder / 'truth.jsonl'
        self.plan = bringup.simulated_fleet(
            str(site_file), robots, data_dir=str(folder), coordinators=('c1',), seed=1,
            truth_path=str(self.truth), sim_parameters={'load_s': 0.5})
        self.processes = {}

    def start(self, *names):
        """Start processes by the names that `bringup` gives them; all when none is named."""
        for spec in bringup.processes(self.plan):
            if not names or spec.name in names:
                self.run(spec.name, spec.executable, spec.arguments(
                    bringup.write_parameters(spec, self.folder)))

    def run(self, name, executable, arguments):
        """Start one executable; what it says goes to a file."""
        environment = bringup.one_host_environment(os.environ, self.domain)
        with open(self.folder / f'{name}.log', 'w') as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, '-m', f'robot_swarm_orch.nodes.{executable}', *arguments],
                env=environment, stdout=log, stderr=subprocess.STDOUT)
        return self.processes[name]

    def said(self, name) -> str:
        """Return what a process wrote to its terminal."""
        return (self.folder / f'{name}.log').read_text()

    def end(self, name, number=signal.SIGTERM):
        """Send a signal and return (exit code, seconds until the end)."""
        process, began_s = self.processes.pop(name), time.monotonic()
        process.send_signal(number)
        return process.wait(20.0), time.monotonic() - began_s

    def close(self):
        """End everything that still runs."""
        for process in self.processes.values():
            process.send_signal(signal.SIGINT)
        for process in self.processes.values():
            try:
                process.wait(10.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def running(fleet):
    """Start a fleet and give it out; end all of it with the block."""
    try:
        fleet.start()
        yield fleet
    finally:
        fleet.close()


class Watcher:
    """A node that hears the fleet and hands in orders."""

    def __init__(self, fleet: Fleet):
        """Open the topics of the fleet's site."""
        self.fleet = fleet
        self.context = Context()
        self.context.init(domain_id=fleet.domain)
        self.node = Node('watcher', context=self.context, enable_rosout=False,
                         start_parameter_services=False)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.wire = Wire(fleet.site.name, fleet.site.node_count)
        self.endpoints = Endpoints(self.node, fleet.site.name, Traffic())
        self.orders = self.endpoints.outlet(self.node, topics.ORDER)
        self.stops = self.endpoints.outlet(self.node, topics.EMERGENCY_STOP)
        self._reports = self.endpoints.inbox(self.node, topics.ROBOT_REPORT)
        self._statuses = self.endpoints.inbox(self.node, topics.TASK_STATUS)
        self._health = self.endpoints.inbox(self.node, topics.DIAGNOSTICS)
        self.reports, self.statuses, self.health = {}, {}, {}

    def until(self, holds, what, again=None, patience_s=PATIENCE_S):
        """Wait until `holds()` is true; call `again()` each second; fail by name after a while."""
        end_s, next_s = time.monotonic() + patience_s, 0.0
        while True:
            self.hear()
            if holds():
                return
            now_s = time.monotonic()
            if now_s > end_s:
                raise AssertionError(
                    f'not within {patience_s} s (domain {self.fleet.domain}): {what}; '
                    f'last heard: {self.reports} {self.statuses}')
            if again is not None and now_s >= next_s:
                next_s = now_s + 1.0
                again()
            time.sleep(0.01)

    def hear(self):
        """Take in what was said."""
        self.wire.set_time(Clock().now().nanoseconds)
        for msg in self._reports.all():
            report = self.wire.read_report(msg)
            self.reports[report.robot] = report
        for msg in self._statuses.all():
            status = self.wire.read_status(msg)
            self.statuses.setdefault(status.order_id, []).append(status)
        for msg in self._health.all():
            for status in msg.status:
                self.health[status.name] = status

    def call(self, service_type, name, request, patience_s=PATIENCE_S):
        """Call a service and return its answer; call again when nobody answers for 2 s."""
        client = self.node.create_client(service_type, name)
        end_s = time.monotonic() + patience_s
        try:
            while time.monotonic() < end_s:
                if not client.wait_for_service(timeout_sec=1.0):
                    continue
                future = client.call_async(request)
                self.executor.add_node(self.node)
                self.executor.spin_until_future_complete(future, timeout_sec=2.0)
                self.executor.remove_node(self.node)
                if future.done():
                    return future.result()
            raise AssertionError(f'{name} did not answer within {patience_s} s')
        finally:
            self.node.destroy_client(client)

    def close(self):
        """Close everything."""
        self.endpoints.close()
        self.node.destroy_node()
        self.context.try_shutdown()
