# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The coordinator node: one replica of the fleet's head, between its log on disk and the DDS topics.

Consensus comes first: Raft messages are taken as soon as they come, and a periodic step turns
steady time into the replica's ticks. Everything else is read in that step, and only while this
replica leads: orders at every step, reports and answers at the traffic period.
What a follower does not need is thrown away unread. Deactivated, the replica is silent, so the
others elect a new leader.
"""

from pathlib import Path
import random
import secrets
import sys
import time

from robot_swarm_orch.config import check_fleet, CoordinatorConfig, RobotConfig
from robot_swarm_orch.coordinator.replica import Replica
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import quiet_node
from robot_swarm_orch.nodes.front_desk import FrontDesk
from robot_swarm_orch.nodes.lifecycle import Host, run
from robot_swarm_orch.nodes.pacing import Pace
from robot_swarm_orch.nodes.params import check_ids, CoordinatorParams, declare
from robot_swarm_orch.nodes.pulse import Pulse
from robot_swarm_orch.raft import FileStore

# A follower empties its unread queues this often, so that it starts to lead with fresh words [s].
DISCARD_PERIOD_S = 0.5
# Each step hands the replica so many ticks; messages bring it up to date between.
TICKS_AT_ONCE = 2
# Robots that nobody enrolled get answers too, but only so many of them get topics of their own.
STRANGERS_MAX = 256


class CoordinatorNode(Host):
    """The lifecycle host of one replica."""

    def __init__(self):
        """Declare and check parameters; raises ConfigError."""
        super().__init__('coordinator')
        self._robot = declare(self, RobotConfig, 'robot.')
        self._config = declare(self, CoordinatorConfig)
        self._options = declare(self, CoordinatorParams)
        check_fleet(self._robot, self._config)
        check_ids(self.site_id, self._config.cluster_id, *self._config.voters)
        self._replica = self._store = self._node = None

    # -- building -------------------------------------------------------------------------------

    def build(self) -> None:
        """Open the log, make the replica and the endpoints, and start to tick."""
        config, options = self._config, self._options
        self._store = FileStore(
            Path(options.data_dir), f'{self.site_id}/{config.cluster_id}/{config.node_id}')
        if self._store.repaired:
            self.get_logger().warning(f'log: {self._store.repaired}')
        seed = secrets.randbits(63) if options.seed < 0 else options.seed
        rng = random.Random(f'{seed}/{config.node_id}')
        placement = self.site.place_robots(options.enrol_count) if options.enrol_count else ()
        self._replica = Replica(
            config, self.site, self._robot, self._store, rng, Planner(self.site, self._robot),
            placement=placement, observe=self.metrics.observe, perf=time.perf_counter)
        self._node = quiet_node(self, f'{self.get_name()}_io', self.get_namespace())
        self.traffic.opened()
        self._open(placement)
        self._read_due_s = self._discard_due_s = 0.0
        self._period_s = TICKS_AT_ONCE * config.tick_s
        self._pace = Pace(self._period_s, self.metrics, 'consensus_')
        self.pulse = Pulse(self.context, self._period_s, self._tick, self._raft_in,
                           self._hear_raft)

    def _open(self, placement) -> None:
        """Open all endpoints; those of the enrolled robots too, before they are needed."""
        endpoints, node = self.endpoints, self._node
        self._raft_out = endpoints.outlet(node, topics.RAFT)
        self._raft_in = endpoints.inbox(node, topics.RAFT)
        self._lease_out = endpoints.outlet(node, topics.LEASE)
        self._status_out = endpoints.outlet(node, topics.TASK_STATUS)
        self._view_out = endpoints.outlet(node, topics.FLEET_STATUS)
        self._reports_in = endpoints.inbox(node, topics.ROBOT_REPORT)
        self._acks_in = endpoints.inbox(node, topics.COMMAND_ACK)
        self._orders_in = endpoints.inbox(node, topics.ORDER)
        self._stops_in = endpoints.inbox(node, topics.EMERGENCY_STOP)
        self._desk = FrontDesk(self._replica, self.wire,
                               endpoints.desk(node, topics.SUBMIT_ORDER),
                               endpoints.desk(node, topics.OPERATE))
        self._grant_out, self._command_out = {}, {}
        known = {robot for robot, _ in placement} | set(self._replica.state.robots)
        for robot in sorted(known):
            self._open_robot(robot)

    def _open_robot(self, robot) -> bool:
        """Open the topics of one robot; False for one stranger too many."""
        if robot not in self._grant_out:
            if len(self._grant_out) - len(self._replica.state.robots) > STRANGERS_MAX:
                return False
            self._grant_out[robot] = self.endpoints.outlet(self._node, topics.AUTHORITY,
                                                           robot=robot)
            self._command_out[robot] = self.endpoints.outlet(self._node, topics.COMMAND,
                                                             robot=robot)
        return True

    def dismantle(self) -> None:
        """Close the log and everything else."""
        self.endpoints.close()
        if self._node is not None:
            self._node.destroy_node()
            self.traffic.opened(-1)
            self._node = None
        if self._store is not None:
            self._store.close()
            self._store = self._replica = None

    # -- running --------------------------------------------------------------------------------

    def _hear_raft(self) -> None:
        """Take in the Raft messages that have come."""
        messages = self._raft_in.all()
        if not self.active:
            return
        self._replica.tick(time.monotonic())
        for msg in messages:
            if msg.to == self._config.node_id:
                message = self.wire.hear(self.wire.read_raft, msg, self._config.cluster_id)
                if message is not None:
                    self._replica.receive(time.monotonic(), message)
        self._send(self._replica.poll(time.monotonic()))

    def _tick(self) -> None:
        """Run one period of the consensus clock."""
        if not self.active:
            return
        with self._pace:
            now_s = time.monotonic()
            replica = self._replica
            replica.tick(now_s)
            if now_s >= self._read_due_s:
                self._read_due_s = now_s + self._config.traffic_period_s
                self._hear_stops(now_s)
                if replica.wants_reports:
                    self._hear_robots(now_s)
                elif now_s >= self._discard_due_s:
                    self._discard_due_s = now_s + DISCARD_PERIOD_S
                    self._discard()
            if replica.wants_reports:
                for msg in self._orders_in.all():
                    order = self.wire.hear(self.wire.read_order, msg)
                    if order is not None:
                        replica.submit(now_s, order)
            self._desk.serve(now_s)
            self._send(replica.poll(time.monotonic()))

    def _hear_stops(self, now_s):
        for msg in self._stops_in.all():
            stop = self.wire.hear(self.wire.read_stop, msg)
            if stop is not None:
                self._replica.hear_stop(now_s, stop)

    def _hear_robots(self, now_s):
        """Hand reports and answers to the replica."""
        wire, replica = self.wire, self._replica
        for msg in self._reports_in.all():
            report = wire.hear(wire.read_report, msg)
            if report is not None:
                replica.hear_report(now_s, report)
        for msg in self._acks_in.all():
            ack = wire.hear(wire.read_ack, msg)
            if ack is not None:
                replica.hear_ack(now_s, ack)

    def _discard(self):
        """Empty the queues that only a leader reads."""
        for inbox in (self._reports_in, self._acks_in, self._orders_in):
            inbox.discard()

    def _send(self, outputs) -> None:
        """Publish what the replica wants said; consensus first, then the lease."""
        wire = self.wire
        for message in outputs.messages:
            self._raft_out.send(wire.write_raft(message, self._config.cluster_id))
        if not self._replica.wants_reports and not outputs.answers:
            return
        wire.set_time(self.get_clock().now().nanoseconds)
        if outputs.lease is not None:
            self._lease_out.send(wire.write_lease(outputs.lease))
        for grant in outputs.grants:
            if self._open_robot(grant.robot):
                self._grant_out[grant.robot].send(wire.write_grant(grant))
        for command in outputs.commands:
            if self._open_robot(command.robot):
                self._command_out[command.robot].send(wire.write_command(command))
        for status in outputs.statuses:
            self._status_out.send(wire.write_status(status))
        if outputs.view is not None:
            self._view_out.send(wire.write_view(outputs.view))
        self._desk.answer(outputs.statuses, outputs.answers)

    # -- health ---------------------------------------------------------------------------------

    def gather(self) -> None:
        """Add what the replica says about itself."""
        super().gather()
        if self._replica is not None:
            self.details = self._replica.status()
            for name in ('term', 'commit_index', 'elections'):
                self.metrics.set(f'consensus_{name}', self.details[name])
            for reason, number in self.details['refused'].items():
                self.metrics.set(f'refused.{reason}', number)

    def health(self):
        """Return who leads; a warning while nobody does."""
        if not self.active or self._replica is None:
            return 1, 'inactive'
        leader = self.details['leader']
        if leader is None:
            return 1, f"{self.details['role']}, no leader is known"
        return 0, f"{self.details['role']}, term {self.details['term']}, leader {leader}"


def main(args=None) -> None:
    """Run the node."""
    sys.exit(run(CoordinatorNode, args))


if __name__ == '__main__':
    main()
