# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
`swarm bench gateway --robots`: the demo's fleet drives, and clients hear of orders from a gateway.

What the clients should hear is heard here too, on the leader's own topic: its words bear the time
at which it said them, right after their commit.
"""

from pathlib import Path
import sys
import time
import uuid

from robot_swarm_orch.bench.audience import Audience
from robot_swarm_orch.bench.gateway import GatewayBenchOptions
from robot_swarm_orch.bench.gateway_moving import (
    bustle, moving_lines, moving_report, MovingBenchOptions, Span, work)
from robot_swarm_orch.bench.group import BenchFailed
from robot_swarm_orch.bench.text import publish
from robot_swarm_orch.bringup import default_site_file, simulated_fleet
from robot_swarm_orch.demo.observation import Observation
from robot_swarm_orch.demo.orders import OrderDesk
from robot_swarm_orch.nodes.demo_client import DemoClient
from robot_swarm_orch.nodes.gateway_rig import ENOUGH, HOST, LoadProcess, Rig, UNLIMITED
from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import OrderState

_START_S, _OPEN_S = 180.0, 60.0
_FILL_PER_S = 20.0
_TAIL_S = 2.0  # for the last events to reach the clients
_CONNECTIONS = 8
_POLL_S = 0.05


class Witness(DemoClient):
    """Notes when the leader told what: (order id, log index) -> [s, steady clock]."""

    def __init__(self, plan, site, observation: Observation):
        """Join ROS; no orders are handed in here."""
        super().__init__(plan.site_id, site.node_count, observation,
                         OrderDesk(OrderStream(site, 1, 0)))
        self.stamps = {}

    def hear_sent(self, sent_s, status):
        """Note an order's state; a repetition is no news, a refusal is no event."""
        if status.state not in (OrderState.REFUSED, OrderState.UNKNOWN):
            self.stamps.setdefault((status.order_id, status.seq), sent_s)


class Fleet:
    """The fleet under way, with what is heard of it."""

    def __init__(self, rig: Rig, observation: Observation, witness: Witness):
        """Watch a rig's fleet."""
        self.rig, self.observation, self.witness = rig, observation, witness
        self._watched_s = 0.0

    def watch(self, for_s: float, holds=None) -> float:
        """Hear for a while, or until `holds()`; return the part of the robots that moved."""
        end_s, moving, looks = time.monotonic() + for_s, 0.0, 0
        while time.monotonic() < end_s and not (holds and holds()):
            self.witness.poll(_POLL_S)
            moving += self.observation.moving()
            looks += 1
            if time.monotonic() - self._watched_s > 1.0:
                self._watched_s = time.monotonic()
                self.rig.supervisor.check()
        return moving / max(1, looks * len(self.observation.robots))

    def wait_until_ready(self) -> None:
        """Wait until all robots are under way; raises BenchFailed."""
        observation = self.observation
        self.watch(_START_S, lambda: observation.leader and not observation.missing())
        if observation.missing():
            raise BenchFailed(f'{len(observation.missing())} robots were not under way within '
                              f'{_START_S:g} s')

    def span(self, for_s: float) -> Span:
        """Hear for a while; return what the fleet did meanwhile."""
        before = self._ticks()
        moving = self.watch(for_s)
        ticks, late = (after - first for after, first in zip(self._ticks(), before))
        return Span(ticks, late, moving)

    def _ticks(self):
        counters = self.observation.all_metrics().counters
        return counters.get('ticks', 0), counters.get('tick_overruns', 0)


def run_moving_bench(options: MovingBenchOptions, out: str, as_json: bool = False) -> int:
    """Measure, write report.json into `out`, print it; 0 if the bounds held, else 1."""
    folder, site = Path(out).resolve(), load_site(default_site_file())
    plan = simulated_fleet(
        default_site_file(), options.robots, robots_per_process=options.robots_per_process,
        data_dir=str(folder / 'run' / 'data'), cluster_id='bench',
        coordinator_parameters={'queue_bound': ENOUGH})
    observation = Observation(site, plan.robots)
    witness = Witness(plan, site, observation)
    try:
        with Rig(plan, folder, [UNLIMITED]) as rig:
            fleet = Fleet(rig, observation, witness)
            fleet.wait_until_ready()
            rig.wait_until_ready()
            print('the fleet is ready', file=sys.stderr, flush=True)
            figures = _measure(fleet, OrderStream(site, 1, options.robots), options)
    finally:
        witness.close()
    return publish(figures, moving_lines(figures), folder, as_json)


def _measure(fleet, stream, options) -> dict:
    """Run the calm span and the one that is told; return the figures."""
    prefix, fill = uuid.uuid4().hex[:8], round(1.5 * options.robots)
    _load_beside(fleet, work(stream, prefix, fill), _FILL_PER_S)
    fleet.watch(options.warm_s)
    count = max(1, round(options.work_per_s * options.duration_s))
    calm, _ = _load_beside(fleet, work(stream, prefix, count), count / options.duration_s)
    print('the calm span is over', file=sys.stderr, flush=True)
    audience = Audience(HOST, fleet.rig.ports[0], fleet.rig.listeners(
        options.websockets, options.server_sent))
    try:
        fleet.watch(1.0)
        audience.wait_until_open(_OPEN_S)
        audience.forget()
        before, begun_s = fleet.rig.supervisor.usage(), time.monotonic()
        fleet.witness.stamps.clear()
        told, load = _load_beside(fleet, bustle(stream, prefix, options), options.rate_per_s)
        end_s = time.monotonic()
        cores = fleet.rig.cores(before, end_s - begun_s)
        fleet.watch(_TAIL_S)
        stamps = {key: sent_s for key, sent_s in fleet.witness.stamps.items()
                  if begun_s <= sent_s < begun_s + options.duration_s}
        report = audience.finish(stamps)
    finally:
        audience.end()
    figures = moving_report(load, report, stamps, {'calm': calm, 'told': told}, options)
    return {**figures, 'cores': cores}


def _load_beside(fleet, requests, rate_per_s):
    """Hand requests in at a rate while the fleet is heard; return (Span, Load)."""
    for_s = len(requests) / rate_per_s
    process = LoadProcess(fleet.rig.ports[0], fleet.rig.token('bench'), requests,
                          GatewayBenchOptions(rate_per_s, for_s, _CONNECTIONS))
    try:
        process.wait_until_begun()
        span = fleet.span(for_s)
        return span, process.result(for_s)
    finally:
        process.end()
