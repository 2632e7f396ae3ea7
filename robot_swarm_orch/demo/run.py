# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Drives a demo from start to report: processes, orders, faults, progress, verdict.

Phases: start-up (until every robot is enrolled and under way), warm-up, steady state, faults, the
audit of orders, stop, report. The ROS side comes in as an object (`nodes/demo_client.py`).
"""

from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import shutil
import signal
import sys
import time
from typing import Callable, Dict, List, Optional, Set

from robot_swarm_orch.bringup import (
    default_site_file, one_host_environment, processes, scrape_targets, simulated_fleet)
from robot_swarm_orch.config import check, CoordinatorConfig, RobotConfig, safe_stop_bound_s
from robot_swarm_orch.demo.observation import Observation
from robot_swarm_orch.demo.options import DemoOptions
from robot_swarm_orch.demo.orders import OrderDesk
from robot_swarm_orch.demo.progress import Progress
from robot_swarm_orch.demo.timeline import EDGE, Fault, LEADER, MAJORITY, Timeline, timeline
from robot_swarm_orch.errors import SwarmError
from robot_swarm_orch.metrics import Metrics
from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.site import load_site
from robot_swarm_orch.supervisor import own_usage, ProcessDied, Supervisor, Usage

POLL_S = 0.05
SETTLE_S = 2.5  # for statuses under way, before the leader's counts are compared with ours
AUDIT_S = 10.0  # for the leader to vouch for each open order


class StartFailed(SwarmError):
    """The fleet did not come up in time; the message says what is missing."""


class Stopped(Exception):
    """A person or the system asked the demo to end."""


@dataclass
class FaultRecord:
    """What was done to the fleet, and when [s, steady clock]."""

    fault: Fault
    killed: tuple
    killed_s: float
    restarted_s: Optional[float] = None


@dataclass
class Evidence:
    """Everything that the report is made of."""

    options: DemoOptions
    timeline: Timeline
    observation: Observation
    desk: OrderDesk
    bound_s: float
    start_s: float = 0.0
    end_s: float = 0.0
    faults: List[FaultRecord] = field(default_factory=list)
    steady_metrics: Dict[str, Metrics] = field(default_factory=dict)  # 'begin' and 'end'
    usage: Dict[str, Usage] = field(default_factory=dict)
    vouched: Optional[Set[str]] = None  # open orders that the leader named when asked at the end
    counted: Optional[int] = None  # orders that the leader knew of before it was asked
    forced: List[str] = field(default_factory=list)  # processes that only SIGKILL stopped
    segments_left: List[str] = field(default_factory=list)
    trouble: List[str] = field(default_factory=list)  # what went wrong on the way


class Demo:
    """One run of a fleet. `make_client(site_id, node_count, observation, desk)` joins ROS."""

    def __init__(self, options: DemoOptions, make_client: Callable, out=None):
        """Check the options and write the parameter files; start nothing yet."""
        self.options = options
        self.folder = Path(options.out)
        site_file = options.site_file or default_site_file()
        self.site = load_site(site_file)
        self._work = prepare_folder(self.folder)
        coordinators = tuple(f'c{number + 1}' for number in range(options.coordinators))
        self.truth_path = self._work / 'truth.jsonl'
        plan = simulated_fleet(
            os.path.abspath(site_file), options.robots,
            robots_per_process=options.robots_per_process, coordinators=coordinators,
            data_dir=str(self._work / 'data'), seed=options.seed,
            truth_path=str(self.truth_path), metrics_port=options.metrics_port,
            log_format=options.log_format, **_cameras(options.camera_frames_per_s))
        self._specs = processes(plan)
        if options.metrics_port:
            (self._work / 'prometheus_targets.json').write_text(
                json.dumps(scrape_targets(self._specs), indent=2) + '\n', encoding='utf-8')
        self._supervisor = Supervisor(self._specs, self._work,
                                      one_host_environment(os.environ, options.domain))
        observation = Observation(self.site, plan.robots)
        desk = OrderDesk(OrderStream(self.site, options.seed, options.robots))
        config = CoordinatorConfig(node_id='c1', voters=coordinators)
        self.evidence = Evidence(options, timeline(options.duration_s, options.faults),
                                 observation, desk, safe_stop_bound_s(RobotConfig(), config))
        self._client = None
        self._make_client = lambda: make_client(plan.site_id, self.site.node_count, observation,
                                                desk)
        self._progress = Progress(out or sys.stdout, self.evidence)
        self._pending = list(self.evidence.timeline.faults)
        self._sampled_s = 0.0
        self._stop_asked = False

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
            evidence.start_s = time.monotonic()
            self._go_on()
            evidence.end_s = time.monotonic()
            self._audit()
        except ProcessDied as error:
            evidence.trouble.append(str(error))
            evidence.end_s = evidence.end_s or time.monotonic()
        finally:
            self._progress.close()
            evidence.usage = {**self._supervisor.usage(), 'demo': own_usage(begun_s, cpu_s)}
            evidence.forced = self._supervisor.stop()
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
            self._harm(t)
            if steady:
                for name, at_s in zip(('begin', 'end'), steady):
                    if t >= at_s:
                        evidence.steady_metrics.setdefault(
                            name, evidence.observation.all_metrics())
        if steady:
            evidence.steady_metrics.setdefault('end', evidence.observation.all_metrics())

    def _harm(self, t: float) -> None:
        """Kill and restart what the timeline says."""
        records = self.evidence.faults
        for record in records:
            if record.restarted_s is None and t >= record.fault.until_s:
                self._supervisor.start(*record.killed)
                record.restarted_s = time.monotonic()
                self._progress.tell(f'restarted {", ".join(record.killed)}')
        if self._pending and t >= self._pending[0].at_s:
            fault = self._pending.pop(0)
            names = self._victims(fault)
            killed_s = self._supervisor.kill(*names)
            for name in names:
                self.evidence.observation.process_ended(name)
            records.append(FaultRecord(fault, names, killed_s))
            self._progress.tell(f'SIGKILL to {", ".join(names)} ({fault.kind})')

    def _victims(self, fault: Fault) -> tuple:
        """Return the processes that a fault kills, the leader first."""
        leader = f'coordinator_{self.evidence.observation.leader}'
        if fault.kind == EDGE:
            return tuple(spec.name for spec in self._specs if spec.executable == 'edge_node')[:1]
        if fault.kind == LEADER:
            return (leader,)
        check(fault.kind == MAJORITY, f'unknown fault {fault.kind}')
        others = [spec.name for spec in self._specs
                  if spec.executable == 'coordinator_node' and spec.name != leader]
        return (leader, *others[:self.options.coordinators // 2])

    def _audit(self) -> None:
        """Let the leader count and then name every order that has not ended."""
        evidence, desk = self.evidence, self.evidence.desk
        self._progress.tell('asking for the orders that are still open')
        closed_s = time.monotonic()
        while self._turn() < closed_s + SETTLE_S:
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


def _cameras(frames_per_s: float) -> dict:
    """Return what a plan says of cameras; nothing without a budget for them."""
    if frames_per_s <= 0.0:
        return {}
    return {'robot_parameters': {'camera': True},
            'sim_parameters': {'camera_frames_per_s': frames_per_s}}
