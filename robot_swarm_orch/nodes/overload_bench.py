# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
`swarm bench overload`: the demo's fleet drives, and its coordinators get less than they need.

Needs an environment that keeps DDS on this machine (`bringup.one_host_environment`).
"""

from dataclasses import replace
from math import hypot
import os
from pathlib import Path
import shutil
import sys
import time
from typing import Dict

from robot_swarm_orch.bench.group import BenchFailed
from robot_swarm_orch.bench.overload import (
    overload_lines, overload_report, OverloadOptions, Span)
from robot_swarm_orch.bench.slowed import Slowed
from robot_swarm_orch.bench.text import publish
from robot_swarm_orch.bringup import default_site_file, processes, simulated_fleet
from robot_swarm_orch.demo.observation import Observation
from robot_swarm_orch.demo.orders import OrderDesk
from robot_swarm_orch.metrics import merged, Metrics
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.demo_client import DemoClient
from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.site import load_site
from robot_swarm_orch.supervisor import Supervisor
from robot_swarm_orch.types import EmergencyStop

_START_S = 180.0
_WARM_S = 30.0
_SETTLE_S = 10.0   # after a change of the load, until figures count
_OBEY_S = 10.0     # in which all robots are to obey
_UNDER_WAY_S = 20.0  # after a release, until all drive again
_POLL_S = 0.05
_RESEND_S = 0.1
_CORES_MIN = 0.01  # a process that gets less cannot even keep the time


class OverloadWatch(Observation):
    """Observes how far robots drive, and when each says that it obeys an emergency stop."""

    def __init__(self, site, robots):
        """Expect these robots on a site."""
        super().__init__(site, robots)
        self.driven_m = 0.0
        self.obeyed_s: Dict[str, float] = {}  # robot -> ROS time

    def hear_report(self, now_s, made_s, report):
        """Take a robot's report in."""
        before = self.reports.get(report.robot)
        if before is not None and before.seq < report.seq and before.boot_id == report.boot_id:
            self.driven_m += hypot(report.pose.x_m - before.pose.x_m,
                                   report.pose.y_m - before.pose.y_m)
        if report.emergency_stop:
            self.obeyed_s.setdefault(report.robot, made_s)
        else:
            self.obeyed_s.pop(report.robot, None)
        super().hear_report(now_s, made_s, report)


class Bench(DemoClient):
    """Drives a fleet's load and takes its figures."""

    def __init__(self, plan, site, options: OverloadOptions, supervisor: Supervisor):
        """Join ROS."""
        self.watch = OverloadWatch(site, plan.robots)
        self.desk = OrderDesk(OrderStream(site, options.seed, options.robots))
        super().__init__(plan.site_id, site.node_count, self.watch, self.desk)
        self._flood = OrderStream(site, options.seed + 1, options.robots)
        self._flooded_s, self._flood_per_s = 0.0, 0.0
        self._stops = self._endpoints.outlet(self._node, topics.EMERGENCY_STOP)
        self._options, self._supervisor = options, supervisor
        self._checked_s = 0.0

    def go_on(self, for_s: float, holds=None) -> bool:
        """Keep orders coming for a while, or until `holds()`; return whether that held."""
        end_s = time.monotonic() + for_s
        while time.monotonic() < end_s:
            self.poll(_POLL_S)
            now_s = time.monotonic()
            if holds is None:
                self.send(self._flood_of(now_s) if self._flood_per_s else self._work(now_s))
            elif holds():
                return True
            if now_s - self._checked_s > 1.0:
                self._checked_s = now_s
                self._supervisor.check()
        return False

    def _work(self, now_s):
        """Return as many orders as the robots need."""
        self.desk.refill(now_s)
        return self.desk.due(now_s)

    def _flood_of(self, now_s):
        """Return the orders of a client that does not ask whether they can be taken."""
        count = int((now_s - self._flooded_s) * self._flood_per_s)
        self._flooded_s += count / self._flood_per_s
        orders = [self._flood.next() for _ in range(count)]
        return [replace(order, order_id=f'flood-{order.order_id}') for order in orders]

    def wait_until_ready(self) -> None:
        """Wait until all robots are under way; raises BenchFailed."""
        watch = self.watch
        if not self.go_on(_START_S, lambda: watch.leader and not watch.missing()):
            raise BenchFailed(f'{len(watch.missing())} robots were not under way within '
                              f'{_START_S:g} s')

    def span(self, flood_per_s: float = 0.0) -> Span:
        """Measure a span, and at its end how soon an emergency stop is obeyed."""
        self._flood_per_s, self._flooded_s = flood_per_s, time.monotonic()
        self.go_on(_SETTLE_S)
        leader = f'coordinator_{self.watch.leader}'
        first, begun_s = self._counts(leader), time.monotonic()
        self.go_on(self._options.span_s)
        last, seconds = self._counts(leader), time.monotonic() - begun_s
        *sums, cpu_s = (after - before for after, before in zip(last[0], first[0]))
        span = Span(seconds, *sums, leader_cores=cpu_s / seconds,
                    asked_s=self._told(leader).get('report_period_asked_s', 0.0),
                    metrics=last[1].since(first[1]), stop_s=self._stop())
        self._flood_per_s = 0.0
        return span

    def _told(self, process):
        """Return the counters that a process tells of itself."""
        return self.watch.metrics.get(process, Metrics()).counters

    def _counts(self, leader):
        """Return the counts so far, in the order of `Span`'s fields, and robots' metrics."""
        watch = self.watch
        robots = merged([metrics for process, metrics in watch.metrics.items()
                         if process.startswith('edge')])
        refused = sum(count for name, count in self._told(leader).items()
                      if name.startswith('orders.refused'))
        return (watch.reports_heard, watch.driven_m, len(watch.lease_stops), watch.term, refused,
                self._supervisor.usage()[leader].cpu_s), robots

    def slowed(self, cores: float) -> Slowed:
        """
        Return what gives each coordinator a part of a core only.

        All of them: a leader alone that is slow loses its lead to one that is not.
        """
        return Slowed([self._supervisor.pid(name) for name in self._supervisor.names
                       if name.startswith('coordinator')], cores)

    def _stop(self):
        """Stop the fleet, and release it; return after how long each robot obeyed [s]."""
        watch, sent_s = self.watch, time.time()
        seq = time.time_ns()
        if not self._say(EmergencyStop('bench', seq, True, 'benchmark'), _OBEY_S,
                         lambda: len(watch.obeyed_s) == len(watch.robots)):
            raise BenchFailed(f'{len(watch.robots) - len(watch.obeyed_s)} robots did not obey an '
                              f'emergency stop within {_OBEY_S:g} s')
        after_s = tuple(max(0.0, at_s - sent_s) for at_s in watch.obeyed_s.values())
        if not self._say(EmergencyStop('bench', seq + 1, False, 'benchmark'), _OBEY_S,
                         lambda: not watch.obeyed_s):
            raise BenchFailed(f'{len(watch.obeyed_s)} robots were not released within '
                              f'{_OBEY_S:g} s')
        return after_s

    def _say(self, act, for_s, holds):
        """Say an act on the emergency stop until it is obeyed."""
        end_s = time.monotonic() + for_s
        while time.monotonic() < end_s:
            self._wire.set_time(self._node.get_clock().now().nanoseconds)
            self._stops.send(self._wire.write_stop(act))
            if self.go_on(_RESEND_S, holds):
                return True
        return False


def run_bench(options: OverloadOptions, out: str, as_json: bool = False) -> int:
    """Measure, write report.json into `out`, print it; 0 if the bounds held, else 1."""
    folder, site = Path(out).resolve(), load_site(default_site_file())
    shutil.rmtree(folder / 'run', ignore_errors=True)
    plan = simulated_fleet(
        default_site_file(), options.robots, robots_per_process=options.robots_per_process,
        data_dir=str(folder / 'run' / 'data'), cluster_id='bench',
        coordinator_parameters={'queue_bound': options.queue_bound, 'lease_s': options.lease_s,
                                'robot_silent_s': options.robot_silent_s})
    supervisor = Supervisor(processes(plan), folder / 'run', dict(os.environ))
    bench = Bench(plan, site, options, supervisor)
    try:
        supervisor.start()
        bench.wait_until_ready()
        figures = overload_report(_measure(bench, options), options)
    finally:
        supervisor.stop()
        bench.close()
    return publish(figures, overload_lines(figures), folder, as_json)


def _measure(bench, options):
    """Let calm and slowed spans take turns; return kind -> its spans."""
    _tell('the fleet is ready')
    bench.go_on(_WARM_S)
    spans = {'calm': [], 'slowed': []}
    for number in range(1, options.rounds + 1):
        calm = bench.span()
        spans['calm'].append(calm)
        bench.go_on(_UNDER_WAY_S)
        cores = max(_CORES_MIN, options.share * calm.leader_cores)
        with bench.slowed(cores):
            spans['slowed'].append(bench.span(options.flood_per_s))
        bench.go_on(_UNDER_WAY_S)
        _tell(f'round {number} of {options.rounds} is over: the leader took '
              f'{calm.leader_cores:.2f} cores, then got {cores:.2f}')
    return spans


def _tell(text):
    print(text, file=sys.stderr, flush=True)
