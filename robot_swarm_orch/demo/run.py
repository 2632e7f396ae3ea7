# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Drives a demo from start to report: processes, orders, faults, progress, verdict.

Phases: start-up (until every robot is enrolled and under way), warm-up, steady state, faults, the
audit of orders, stop, report. The ROS side comes in as an object (`nodes/demo_client.py`).
"""

import json
import os
from pathlib import Path
import shutil
import signal
import sys
import time
from typing import Callable

import psutil
from robot_swarm_orch.bringup import (
    default_site_file, one_host_environment, processes, scrape_targets, simulated_fleet)
from robot_swarm_orch.config import CoordinatorConfig, RobotConfig, safe_stop_bound_s
from robot_swarm_orch.demo.evidence import Evidence
from robot_swarm_orch.demo.faults import Injector
from robot_swarm_orch.demo.observation import Observation
from robot_swarm_orch.demo.options import DemoOptions
from robot_swarm_orch.demo.orders import OrderDesk
from robot_swarm_orch.demo.progress import Progress
from robot_swarm_orch.demo.timeline import timeline
from robot_swarm_orch.errors import SwarmError
from robot_swarm_orch.sim.mujoco_model import load_mujoco
from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.site import load_site
from robot_swarm_orch.supervisor import own_usage, ProcessDied, stolen_ratio, Supervisor

POLL_S = 0.05
SETTLE_S = 2.5  # for statuses under way, before the leader's counts are compared with ours
AUDIT_S = 10.0  # for the leader to vouch for each open order


class StartFailed(SwarmError):
    """The fleet did not come up in time; the message says what is missing."""


class Stopped(Exception):
    """A person or the system asked the demo to end."""


class Demo:
    """
    One run of a fleet.

    make_client(site_id, node_count, observation, desk, repeats) joins ROS. network: of a
    fleet whose coordinators have network namespaces of their own (`namespaces.Network`).
    """

    def __init__(self, options: DemoOptions, make_client: Callable, out=None, network=None):
        """Check the options and write the parameter files; start nothing yet."""
        self.options = options
        self.folder = Path(options.out)
        site_file = options.site_file or default_site_file()
        self.site = load_site(site_file)
        self._work = prepare_folder(self.folder)
        coordinators = tuple(f'c{number + 1}' for number in range(options.coordinators))
        self.truth_path = self._work / 'truth.jsonl'
        self.data_dir = self._work / 'data'
        plan = simulated_fleet(
            os.path.abspath(site_file), options.robots,
            robots_per_process=options.robots_per_process, coordinators=coordinators,
            data_dir=str(self.data_dir), seed=options.seed,
            truth_path=str(self.truth_path), metrics_port=options.metrics_port,
            log_format=options.log_format, **_hardware(options))
        specs = processes(plan)
        if options.metrics_port:
            (self._work / 'prometheus_targets.json').write_text(
                json.dumps(scrape_targets(specs), indent=2) + '\n', encoding='utf-8')
        self._supervisor = self._make_supervisor(specs, network)
        observation = Observation(self.site, plan.robots)
        desk = OrderDesk(OrderStream(self.site, options.seed, options.robots, options.backlog,
                                     options.trip_m), options.retries_per_s, options.seed)
        config = CoordinatorConfig(node_id='c1', voters=coordinators)
        self.evidence = Evidence(options, timeline(options.duration_s, options.faults),
                                 observation, desk, safe_stop_bound_s(RobotConfig(), config))
        self._client = None
        self._make_client = lambda: make_client(
            plan.site_id, self.site.node_count, observation, desk,
            coordinators if self.evidence.timeline.repeats_words else ())
        self._progress = Progress(out or sys.stdout, self.evidence)
        self._injector = Injector(self._supervisor, specs, self.evidence, self._progress.tell,
                                  lambda: self._client.late_words, network)
        self._sampled_s = 0.0
        self._stop_asked = False

    def _make_supervisor(self, specs, network) -> Supervisor:
        """Return the supervisor of the processes, each in its place on the network."""
        if network is None:
            return Supervisor(specs, self._work,
                              one_host_environment(os.environ, self.options.domain))
        return Supervisor(specs, self._work, network.environment(os.environ, self.options.domain),
                          network.command)

    def run(self) -> Evidence:
        """
        Run the demo and return the evidence; every process is gone afterwards.

        Raises StartFailed, or Stopped after Ctrl-C, SIGTERM or SIGHUP.
        """
        before = {number: signal.signal(number, self._ask_to_stop)
                  for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        evidence, begun_s, cpu_s = self.evidence, time.monotonic(), time.process_time()
        try:
            self._client = self._make_client()
            self._supervisor.start()
            self._wait_until_ready()
            evidence.start_s, cores = time.monotonic(), psutil.cpu_times()
            self._go_on()
            evidence.end_s = time.monotonic()
            evidence.stolen_ratio = stolen_ratio(cores, psutil.cpu_times())
            self._audit()
        except ProcessDied as error:
            evidence.trouble.append(str(error))
            evidence.end_s = evidence.end_s or time.monotonic()
        finally:
            self._progress.close()
            evidence.usage = {**self._supervisor.usage(), 'demo': own_usage(begun_s, cpu_s)}
            self._injector.leave()
            evidence.forced += self._supervisor.stop()
            if self._client is not None:
                self._client.close()
            evidence.segments_left = self._supervisor.segments_left()
            for number, handler in before.items():
                signal.signal(number, handler)
        if not evidence.start_s and evidence.trouble:
            raise StartFailed(evidence.trouble[0])
        return evidence

    def _ask_to_stop(self, number, frame):
        """Note a signal; the loops below act on it."""
        self._stop_asked = True

    def _turn(self) -> float:
        """Hear, watch and show for a moment; return the time [s, steady clock]."""
        self._client.poll(POLL_S)
        if self._stop_asked:
            raise Stopped()
        now_s = time.monotonic()
        if now_s - self._sampled_s >= 1.0:
            self._sampled_s = now_s
            self._supervisor.sample()
            self._supervisor.check()
            self._progress.show(now_s)
        return now_s

    def _wait_until_ready(self) -> None:
        """Wait until all robots are enrolled and under way."""
        observation = self.evidence.observation
        until_s = time.monotonic() + self.options.start_timeout_s
        while observation.missing() or not observation.leader:
            if self._turn() > until_s:
                raise StartFailed(self._what_is_missing())

    def _what_is_missing(self) -> str:
        """Say why the fleet is not ready."""
        observation = self.evidence.observation
        missing = observation.missing()
        words = [] if observation.leader else ['no coordinator leads']
        if missing:
            silent = sum(robot not in observation.reports for robot in missing)
            words.append(f'{len(missing)} of {self.options.robots} robots are not under way '
                         f'({silent} unheard of; the first: {missing[0]})')
        return (f'not ready after {self.options.start_timeout_s:g} s: {"; ".join(words)}. The '
                f'logs are in {self._work / "logs"}')

    def _go_on(self) -> None:
        """Keep orders coming and faults happening until the time is over."""
        evidence = self.evidence
        steady = evidence.timeline.steady
        while True:
            now_s = self._turn()
            t = now_s - evidence.start_s
            if t >= evidence.timeline.duration_s:
                break
            evidence.desk.refill(now_s, time.time())
            self._client.send(evidence.desk.due(now_s))
            self._injector.turn(now_s)
            if steady:
                for name, at_s in zip(('begin', 'end'), steady):
                    if t >= at_s:
                        evidence.steady_metrics.setdefault(
                            name, evidence.observation.all_metrics())
        if steady:
            evidence.steady_metrics.setdefault('end', evidence.observation.all_metrics())
        evidence.trouble += [f'there was no time for the fault {fault}'
                             for fault in self._injector.not_begun()]

    def _audit(self) -> None:
        """Let the leader count and then name every order that has not ended."""
        evidence, desk = self.evidence, self.evidence.desk
        self._progress.tell('asking for the orders that are still open')
        closed_s = time.monotonic()
        while self._turn() < closed_s + SETTLE_S:
            self._injector.turn(time.monotonic())
            self._client.send(desk.due(time.monotonic()))
        view = evidence.observation.view
        if view is not None and evidence.observation.view_s > closed_s + 1.0:
            failed = len(desk.ended) - len(desk.done_s)
            evidence.counted = view.orders_waiting + view.orders_open + view.orders_done + failed
        asked = desk.open()
        desk.ask(asked)
        asked_s = time.monotonic()
        while desk.unheard_since(asked, asked_s) and self._turn() < asked_s + AUDIT_S:
            self._client.send(desk.due(time.monotonic()))
        evidence.vouched = asked - desk.unheard_since(asked, asked_s)


def prepare_folder(folder: Path) -> Path:
    """Empty what an earlier demo left in a folder, make it, and return its `run` folder."""
    work = folder / 'run'
    if work.exists():
        shutil.rmtree(work)
    work.mkdir(parents=True)
    for name in ('report.json', 'report.txt', 'report.png', 'map.png'):
        (folder / name).unlink(missing_ok=True)
    return work.resolve()


def _hardware(options: DemoOptions) -> dict:
    """Return what a plan says of bodies, loads and cameras; ConfigError without MuJoCo."""
    robot, sim = {}, {}
    if options.handling_s:
        sim['load_s'] = options.handling_s
    if options.camera_frames_per_s > 0.0:
        robot['camera'] = True
        sim['camera_frames_per_s'] = options.camera_frames_per_s
    if options.physics == 'mujoco':
        load_mujoco()  # what would end the simulation is better said before anything starts
        sim.update(physics='mujoco', wheel_odometry=True)
    return {'robot_parameters': robot, 'sim_parameters': sim}
