# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Our side of `swarm bench consensus`: three coordinator processes over DDS, and a client of theirs.

A write is an order: from handing it in on the order topic to the status that says ACCEPTED, which
leaves once the order is on disk on a majority. The client is told of the leader by its leases.
Both are heard the moment they come (`pulse.Ears`), with no executor between.
"""

from contextlib import suppress
import os
from pathlib import Path
import shutil
import time
from typing import Optional
import uuid

import rclpy
from rclpy.signals import SignalHandlerOptions
from robot_swarm_orch.bench.group import (
    BenchFailed, Failover, MEMBERS, PATIENCE_S, RETRY_S, Timers)
from robot_swarm_orch.bringup import default_site_file, FleetPlan, processes, simulated_fleet
from robot_swarm_orch.errors import WireError
from robot_swarm_orch.metrics import Metrics
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import Endpoints, Traffic
from robot_swarm_orch.nodes.pulse import Ears
from robot_swarm_orch.nodes.wire import Wire
from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.site import load_site
from robot_swarm_orch.supervisor import Supervisor
from robot_swarm_orch.types import OrderState

_START_S = 120.0   # for a fleet of 100 robots to be under way
_RESEND_S = 0.5    # as the command line's client
_IDS = tuple(f'c{number + 1}' for number in range(MEMBERS))
_QUEUE = 1_000_000  # the benchmark's orders must wait, not be refused


class SwarmGroup:
    """
    The group of three coordinators; see `bench.group.Group`. `robots` run beside them.

    site_id, domain: as a shard of its own; else the demo's site on the domain of the environment.
    """

    name = 'swarm'

    def __init__(self, folder: Path, timers: Timers, robots: int = 0, seed: int = 1,
                 site_id: str = '', domain: Optional[int] = None):
        """Start nothing yet."""
        self._folder = Path(folder)
        self.stays_open = robots > 0
        site_file = default_site_file()
        self._site = load_site(site_file)
        options = {
            'coordinators': _IDS, 'data_dir': str(self._folder / 'data'), 'cluster_id': 'bench',
            'seed': seed, 'site_id': site_id or self._site.name, 'domain': domain,
            'coordinator_parameters': {
                'heartbeat_s': timers.heartbeat_s, 'election_min_s': timers.election_s,
                'election_max_s': 2.0 * timers.election_s, 'queue_bound': _QUEUE}}
        self.plan = simulated_fleet(site_file, robots, **options) if robots else FleetPlan(
            site_file=site_file, **options)
        self._stream = OrderStream(self._site, seed, robots)
        self._boot = uuid.uuid4().hex[:8]
        self._supervisor = self._client = None
        self._killed = ''

    # -- processes ------------------------------------------------------------------------------

    def open(self) -> None:
        """Start a fresh group, and wait until one leads and all are in step."""
        if self._supervisor is not None:
            return
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._client = self.client()
        self._supervisor = Supervisor(processes(self.plan), self._folder, dict(os.environ))
        self._supervisor.start()
        self._wait_in_step(_IDS, 0)
        self._await(lambda: self._client.robots >= len(self.plan.robots), _START_S,
                    f'not all of {len(self.plan.robots)} robots were enrolled')

    def client(self) -> 'Client':
        """Return a new client of this group."""
        return Client(self.plan.site_id, self._site.node_count, self.plan.domain)

    def order(self):
        """Return the next order, with an id that no earlier run has used."""
        order = self._stream.next()
        name = f'{self._boot}-{order.order_id}'
        return type(order)(name, name, order.kind, order.pick, order.drop)

    def close(self) -> None:
        """Stop the processes and leave ROS."""
        if self._supervisor is not None:
            self._supervisor.stop()
            self._supervisor = None
        if self._client is not None:
            self._client.close()
            self._client = None

    def restore(self) -> None:
        """Start the killed coordinator again, and wait until it has committed what others had."""
        client = self._client
        target = max(client.commits.get(self._pid(node), 0) for node in _IDS)
        self._supervisor.start(f'coordinator_{self._killed}')
        self._wait_in_step(_IDS, target)

    def _pid(self, node_id) -> int:
        return self._supervisor.pid(f'coordinator_{node_id}')

    def _wait_in_step(self, ids, index):
        """Wait until one leads and all processes say that they have committed entry `index`."""
        self._await(lambda: self._client.leader and all(
            self._client.commits.get(self._pid(node), -1) >= index for node in ids),
            _START_S, 'the coordinators were not in step')

    def _await(self, holds, for_s, otherwise):
        """Hear the group until something holds; raises BenchFailed."""
        end_s = time.monotonic() + for_s
        while not holds():
            if time.monotonic() > end_s:
                raise BenchFailed(f'{otherwise} within {for_s:g} s; the logs are in '
                                  f'{self._folder / "logs"}')
            self._client.hear(RETRY_S)
            self._supervisor.check()

    # -- the client -----------------------------------------------------------------------------

    def write(self) -> None:
        """Hand one order in, and wait until it is accepted."""
        self.write_many(1, 1)

    def write_many(self, count: int, at_once: int) -> None:
        """Have `count` orders accepted, up to `at_once` of them under way."""
        client, begun, open_ids = self._client, 0, {}
        end_s = time.monotonic() + PATIENCE_S + 0.05 * count
        while begun < count or open_ids:
            while begun < count and len(open_ids) < at_once:
                order = self.order()
                client.send(order)
                open_ids[order.order_id] = order, time.monotonic() + _RESEND_S
                begun += 1
            for order_id in client.accepted(_RESEND_S):
                open_ids.pop(order_id, None)
            now_s = time.monotonic()
            if now_s > end_s:
                raise BenchFailed(f'{len(open_ids)} orders were not accepted; the logs are in '
                                  f'{self._folder / "logs"}')
            for order_id, (order, due_s) in open_ids.items():
                if now_s >= due_s:
                    client.send(order)
                    open_ids[order_id] = order, now_s + _RESEND_S

    def fail_over(self) -> Failover:
        """Kill the leader, and hand one new order in again and again until it is accepted."""
        client, order = self._client, self.order()
        client.hear(0.0)
        self._killed, term = client.leader, client.term
        killed_s = self._supervisor.kill(f'coordinator_{self._killed}')
        write_s, lead_s, due_s = None, None, killed_s
        while write_s is None or lead_s is None:
            now_s = time.monotonic()
            if now_s - killed_s > PATIENCE_S:
                raise BenchFailed(f'no new leader accepted an order within {PATIENCE_S:g} s; the '
                                  f'logs are in {self._folder / "logs"}')
            if now_s >= due_s and write_s is None:
                due_s += RETRY_S
                client.send(order)
            if order.order_id in client.accepted(max(0.0, min(
                    RETRY_S, due_s - time.monotonic()))):
                write_s = write_s or time.monotonic()
            if client.term > term and lead_s is None:
                lead_s = time.monotonic()
        return Failover(write_s - killed_s, lead_s - killed_s)


class Client:
    """Hands orders in, and hears what becomes of them, who leads, and how the processes do."""

    def __init__(self, site_id: str, node_count: int, domain: Optional[int] = None):
        """Join ROS, on the domain of the environment if None; signals stay with the caller."""
        self.leader, self.term, self.robots = '', 0, 0
        self.commits = {}  # process id -> the commit index that it told last
        self._wire = Wire(site_id, node_count)
        self._context = rclpy.Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO,
                   domain_id=domain)
        self._node = rclpy.create_node('swarm_bench', context=self._context,
                                       start_parameter_services=False, enable_rosout=False)
        self._endpoints = Endpoints(self._node, site_id, Traffic())
        self._orders = self._endpoints.outlet(self._node, topics.ORDER)
        self._statuses, self._leases, self._views, self._health = (
            self._endpoints.inbox(self._node, topic) for topic in (
                topics.TASK_STATUS, topics.LEASE, topics.FLEET_STATUS, topics.DIAGNOSTICS))
        self._ears = Ears(self._context, (self._statuses, self._leases))
        self._accepted = set()
        self._slow_due_s = 0.0

    def send(self, order) -> None:
        """Hand an order in."""
        self._orders.send(self._wire.write_order(order))

    def accepted(self, for_s: float) -> set:
        """Return the ids of orders that were accepted, waiting for a word up to `for_s`."""
        self.hear(for_s)
        result, self._accepted = self._accepted, set()
        return result

    def hear(self, for_s: float) -> None:
        """Take in what has come, or comes first within a time."""
        self._ears.wait(for_s)
        for msg in self._statuses.all():
            status = self._wire.hear(self._wire.read_status, msg)
            if status is not None and OrderState.ACCEPTED <= status.state <= OrderState.DONE:
                self._accepted.add(status.order_id)
        for msg in self._leases.all():
            lease = self._wire.hear(self._wire.read_lease, msg)
            if lease is not None and lease.term >= self.term:
                self.leader, self.term = lease.leader_id, lease.term
        now_s = time.monotonic()
        if now_s >= self._slow_due_s:
            self._slow_due_s = now_s + 0.05
            self._hear_slow()

    def _hear_slow(self):
        """Take in what comes once a second, and is not timed."""
        for msg in self._views.all():
            view = self._wire.hear(self._wire.read_view, msg)
            if view is not None:
                self.robots = sum(mode.name == 'AUTOMATIC' for mode in view.modes)
        for msg in self._health.all():
            for status in msg.status:
                values = {pair.key: pair.value for pair in status.values}
                commit = _commit_index(values.get('metrics'))
                if commit is not None:
                    self.commits[int(values['pid'])] = commit

    def close(self) -> None:
        """Leave ROS."""
        self._endpoints.close()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)


def _commit_index(text: Optional[str]) -> Optional[int]:
    """Return the commit index among a process's metrics; None for what is no coordinator."""
    if text is None:
        return None
    with suppress(WireError):
        return Metrics.from_json(text).counters.get('consensus_commit_index')
    return None
