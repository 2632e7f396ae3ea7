# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The coordinator node: one replica of the fleet's head, between its log on disk and the DDS topics.

Consensus comes first: Raft messages are taken as soon as they come, and a periodic step turns
steady time into the replica's ticks. Everything else is read in that step, and only while this
replica leads: reports and answers at the traffic period. Orders and calls wake a leader up, since
clients wait for the answer, unless it is behind: then they wait for that period, too. What a
follower does not need is thrown away unread. Deactivated, the replica is silent, so the others
elect a new leader.
"""

import json
from pathlib import Path
import random
import secrets
import sys
import time

from robot_swarm_orch.config import check_fleet, CoordinatorConfig, RobotConfig
from robot_swarm_orch.coordinator.back_pressure import ORDERS_AT_ONCE
from robot_swarm_orch.coordinator.chronicle_writer import Bounds
from robot_swarm_orch.coordinator.presence import Presence
from robot_swarm_orch.coordinator.replica import Replica
from robot_swarm_orch.coordinator.tally import initial_counts
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.errors import WireError
from robot_swarm_orch.insight.picture import waits_to_json
from robot_swarm_orch.msg import RaftMessage
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import quiet_node
from robot_swarm_orch.nodes.front_desk import FrontDesk
from robot_swarm_orch.nodes.lifecycle import Host, run
from robot_swarm_orch.nodes.pacing import Pace
from robot_swarm_orch.nodes.params import check_ids, CoordinatorParams, declare
from robot_swarm_orch.nodes.pulse import Ears, Pulse
from robot_swarm_orch.nodes.reading_desk import ReadingDesk
from robot_swarm_orch.nodes.report_glance import head
from robot_swarm_orch.nodes.scribe import Scribe
from robot_swarm_orch.raft import FileStore
from robot_swarm_orch.telemetry.event_log import WARNING
from robot_swarm_orch.telemetry.health import judge_coordinator, worst
from robot_swarm_orch.telemetry.trail import CoordinatorTrail
from robot_swarm_orch.types import Mode

# A follower empties its unread queues this often, so that it starts to lead with fresh words [s].
DISCARD_PERIOD_S = 0.5
# What robots say is read for so long in one go [s]: heartbeats and leases must go out between,
# also where the cores are slow or shared.
READING_S = 0.01
# Each step hands the replica so many ticks; messages bring it up to date between.
TICKS_AT_ONCE = 2
# Robots whose newest reports are kept until they are read.
ROBOTS_MAX = 4096
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
        self._replica = self._store = self._scribe = self._node = None
        self._trail = CoordinatorTrail(self.event_log)
        self._leads, self._led_s, self._sync_worst_s = False, time.monotonic(), 0.0
        self._disk_refusal = ''

    # -- building -------------------------------------------------------------------------------

    def build(self) -> None:
        """Open the log, make the replica and the endpoints, and start to tick."""
        config, options = self._config, self._options
        self._store = FileStore(
            Path(options.data_dir), f'{self.site_id}/{config.cluster_id}/{config.node_id}')
        if self._store.repaired:
            self.event_log.event('log_repaired', WARNING, reason=self._store.repaired)
        self._scribe = Scribe(Path(options.data_dir),
                              Bounds(options.chronicle_age_s, options.chronicle_mib << 20))
        seed = secrets.randbits(63) if options.seed < 0 else options.seed
        rng = random.Random(f'{seed}/{config.node_id}')
        placement = self.site.place_robots(options.enrol_count) if options.enrol_count else ()
        self._replica = Replica(
            config, self.site, self._robot, self._store, rng, Planner(self.site, self._robot),
            placement=placement, observe=self._observe, perf=time.perf_counter,
            count=self.metrics.count,
            ros_time=lambda: 1e-9 * self.get_clock().now().nanoseconds,
            send_early=self._send_raft, notes=self._scribe.notes, clock=time.perf_counter)
        for name in initial_counts():
            self.metrics.count(name, 0)
        self._node = quiet_node(self, f'{self.get_name()}_io', self.get_namespace())
        self.traffic.opened()
        self._open(placement)
        self._presence = Presence(self.site_id, config.cluster_id, config.node_id,
                                  secrets.randbits(62), time.monotonic())
        self._read_due_s = self._discard_due_s = 0.0
        self._reports = {}  # robot -> its newest report, serialized, that was not read yet
        self._period_s = TICKS_AT_ONCE * config.tick_s
        self._pace = Pace(self._period_s, self.metrics, 'consensus_')
        self.pulse = Pulse(self._period_s, self._tick, self._ears, self._hear)

    def _open(self, placement) -> None:
        """Open all endpoints; those of the enrolled robots too, before they are needed."""
        endpoints, node = self.endpoints, self._node
        own = self._config.node_id
        self._presence_out = endpoints.outlet(node, topics.PRESENCE)
        self._presence_in = endpoints.inbox(node, topics.PRESENCE)
        self._raft_in = endpoints.inbox(node, topics.RAFT, coordinator=own)
        self._raft_out = {}
        for peer in {*self._config.voters, *self._replica.raft.members.all} - {own}:
            self._open_peer(peer)
        self._lease_out = endpoints.outlet(node, topics.LEASE)
        self._status_out = endpoints.outlet(node, topics.TASK_STATUS)
        self._view_out = endpoints.outlet(node, topics.FLEET_STATUS)
        self._call_out = endpoints.outlet(node, topics.CALL_FOR_BIDS)
        self._bids_in = endpoints.inbox(node, topics.BID)
        self._reports_in = endpoints.inbox(node, topics.ROBOT_REPORT)
        self._acks_in = endpoints.inbox(node, topics.COMMAND_ACK)
        self._orders_in = endpoints.inbox(node, topics.ORDER)
        desks = endpoints.desk(node, topics.SUBMIT_ORDER), endpoints.desk(node, topics.OPERATE)
        self._desk = FrontDesk(self._replica, self.wire, *desks)
        readers = tuple(endpoints.desk(node, topic) for topic in (
            topics.GET_ORDER, topics.LIST_ORDERS, topics.GET_LOG))
        self._reading_desk = ReadingDesk(self._replica, self._scribe, self.wire, *readers)
        self._ears_of_all = Ears(self.context, (self._raft_in,))
        self._ears_of_leader = Ears(self.context, (self._raft_in, self._orders_in),
                                    desks + readers)
        self._ears_when_behind = Ears(self.context, (self._raft_in,), desks[1:])
        self._grant_out, self._command_out = {}, {}
        known = {robot for robot, _ in placement} | set(self._replica.state.robots)
        for robot in sorted(known):
            self._open_robot(robot)

    def _open_peer(self, peer):
        """Return the publisher to another coordinator, opened before."""
        if peer not in self._raft_out:
            self._raft_out[peer] = self.endpoints.outlet(self._node, topics.RAFT,
                                                         coordinator=peer)
        return self._raft_out[peer]

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
        if self._scribe is not None:
            self._scribe.close()
            self._scribe = None
        if self._store is not None:
            self._store.close()
            self._store = self._replica = None

    # -- running --------------------------------------------------------------------------------

    def _ears(self) -> Ears:
        """Return what must be heard at once: a leader's clients wait for it, too."""
        if not (self.active and self._replica.wants_reports):
            return self._ears_of_all
        return self._ears_when_behind if self._replica.is_behind else self._ears_of_leader

    def _hear(self) -> None:
        """Take in the Raft messages that have come, and what people handed to a leader."""
        now_s, msgs = time.monotonic(), self._raft_in.all()
        if not self._takes_part(now_s):
            return
        # Before the time that has passed counts: whoever was held up has not lost its leader.
        for msg in msgs:
            if msg.to != self._config.node_id:
                continue
            message = self.wire.hear(self.wire.read_raft, msg, self._config.cluster_id)
            if message is not None:
                self._replica.receive(time.monotonic(), message)
        self._replica.tick(now_s)
        if self._replica.wants_reports:
            self._serve(now_s, 0 if self._replica.is_behind else ORDERS_AT_ONCE)
        self._send(self._replica.poll(time.monotonic()))

    def _hear_presence(self, msg, now_s) -> None:
        """Take in that a coordinator is there; WireError when it is not one of this group."""
        try:
            self._presence.hear(now_s, msg.cluster_id, msg.sender, bytes(msg.payload))
        except WireError as error:
            raise WireError(f'RaftMessage.payload: from {msg.sender[:80]!r}: {error}') from error
        self.wire.check_envelope(msg, self._config.cluster_id)

    def _tell_presence(self, now_s) -> None:
        """Tell all coordinators of the site that this one is there, a few times a second."""
        word = self._presence.word(now_s)
        if word is not None:
            self._presence_out.send(RaftMessage(
                site_id=self.site_id, cluster_id=self._config.cluster_id,
                sender=self._config.node_id, version=RaftMessage.VERSION, payload=word))

    def _takes_part(self, now_s) -> bool:
        """Return whether this coordinator is active, and has listened before it spoke."""
        return self.active and self._presence.may_speak(now_s)

    def _tick(self) -> None:
        """Run one period of the consensus clock; ConfigError when this one has to give way."""
        if not self.active:
            return
        with self._pace:
            now_s = time.monotonic()
            self._tell_presence(now_s)
            for msg in self._presence_in.all():
                self.wire.hear(self._hear_presence, msg, now_s)
            self._presence.check(now_s)
            if self._presence.may_speak(now_s):
                self._step(now_s)
                # When an election is near, each tick counts.
                self.pulse.period_s = (self._period_s if self._replica.hears_leader(now_s)
                                       else self._config.tick_s)

    def _step(self, now_s) -> None:
        """Let the replica work, and read what it wants to hear."""
        replica = self._replica
        replica.tick(now_s)
        orders_at_once = 0 if replica.is_behind else ORDERS_AT_ONCE
        if now_s >= self._read_due_s:
            # Consensus does not wait for what robots say, however much that is.
            self._send(replica.poll(time.monotonic()))
            if not replica.wants_reports:
                self._read_due_s = now_s + self._config.traffic_period_s
                if now_s >= self._discard_due_s:
                    self._discard_due_s = now_s + DISCARD_PERIOD_S
                    self._discard()
            else:
                orders_at_once = self._read(now_s, orders_at_once)
        self._serve(now_s, orders_at_once)
        self._send(replica.poll(time.monotonic()))

    def _read(self, now_s, orders_at_once) -> int:
        """Read what robots say; return how many orders to take in along with it."""
        period_s, replica = self._config.traffic_period_s, self._replica
        done, lag_s = self._hear_robots(now_s), time.monotonic() - self._read_due_s
        if not done and lag_s < period_s:
            return orders_at_once
        # A reading that is not done by when the next is due counts as well: it may never be.
        replica.note_lag(lag_s)
        self._read_due_s = now_s + period_s if done else self._read_due_s + period_s
        return replica.orders_at_once

    def _serve(self, now_s, orders_at_once) -> None:
        """Take in acts, and orders and questions if any are wanted; only a leader takes them."""
        if orders_at_once and self._replica.wants_reports:
            for msg in self._orders_in.all(orders_at_once):
                order = self.wire.hear(self.wire.read_order, msg)
                if order is not None:
                    self._replica.submit(now_s, order)
        self._desk.serve(now_s, orders_at_once)
        if orders_at_once:
            self._reading_desk.serve(now_s)

    def _hear_robots(self, now_s) -> bool:
        """
        Hand answers, bids and reports to the replica; False if there is no time for all reports.

        Answers come first and whole: orders go on by them, while a report is said again.
        """
        wire, replica, reports = self.wire, self._replica, self._reports
        until_s = time.monotonic() + READING_S
        for msg in self._acks_in.all():
            ack = wire.hear(wire.read_ack, msg)
            if ack is not None:
                self._trail.ack(ack)
                replica.hear_ack(now_s, ack)
        for msg in self._bids_in.all():
            bid = wire.hear(wire.read_bid, msg)
            if bid is not None:
                replica.hear_bid(now_s, bid)
        for data in self._reports_in.all_raw():
            said = wire.hear(head, data)
            if said is not None and (said[1] in reports or len(reports) < ROBOTS_MAX):
                reports[said[1]] = data
        while reports:
            data = reports.pop(next(iter(reports)))
            report = wire.hear(wire.read_report_bytes, data)
            if report is not None:
                replica.hear_report(now_s, report)
            if time.monotonic() > until_s:
                return not reports
        return True

    def _discard(self):
        """Empty the queues that only a leader reads."""
        self._reports.clear()
        for inbox in (self._reports_in, self._bids_in, self._acks_in, self._orders_in):
            inbox.discard()

    def _send(self, outputs) -> None:
        """Publish what the replica wants said; consensus first, then the lease."""
        wire = self.wire
        for message in outputs.messages:
            self._send_raft(message)
        refusal = self._replica.disk_refusal
        if refusal != self._disk_refusal:
            self._trail.disk(self._disk_refusal, refusal, self._store.repaired)
            self._disk_refusal = refusal
        leads = self._replica.wants_reports
        if leads != self._leads:
            self._leads = leads
            self._trail.leads(self._replica.led_since, self._replica.raft.term)
        if not leads and not outputs.answers:
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
                self._trail.command(command)
        for status in outputs.statuses:
            self._status_out.send(wire.write_status(status))
            self._trail.status(status)
        if outputs.call is not None:
            self._call_out.send(wire.write_call(outputs.call))
        if outputs.view is not None:
            self._view_out.send(wire.write_view(outputs.view))
        self._desk.answer(outputs.statuses, outputs.answers)
        self._reading_desk.answer(outputs.reads)

    def _send_raft(self, message) -> None:
        """Publish one message of consensus."""
        self._open_peer(message.to).send(self.wire.write_raft(message, self._config.cluster_id))

    # -- health ---------------------------------------------------------------------------------

    def _observe(self, name, value) -> None:
        """Take in a measurement of the replica."""
        self.metrics.observe(name, value)
        if name == 'sync_s' and value > self._sync_worst_s:
            self._sync_worst_s = value

    def _gather_lead(self) -> None:
        """Tell what only a leader knows, and let it go with the lead: others tell it now."""
        details, metrics = self.details, self.metrics
        metrics.set('consensus_is_leader', int(self._replica.wants_reports))
        known = {}
        if self._replica.wants_reports:
            known = {'queue_depth': details['orders_waiting'],
                     'orders_open': details['orders_live'] - details['orders_waiting'],
                     **{f'robot_modes.{mode.name.lower()}': details['modes'].count(mode)
                        for mode in Mode}}
        for name in [name for name in metrics.counters
                     if name.startswith(('queue_depth', 'orders_open', 'robot_modes.'))
                     and name not in known]:
            del metrics.counters[name]
        for name, value in known.items():
            metrics.set(name, value)

    def gather(self) -> None:
        """Add what the replica says about itself."""
        super().gather()
        if self._replica is not None:
            self.details = self._replica.status()
            for name in ('term', 'commit_index', 'elections'):
                self.metrics.set(f'consensus_{name}', self.details[name])
            self.metrics.set('report_period_asked_s', self._replica.report_period_s)
            self.metrics.set('log_refused', int(bool(self.details['disk_refusal'])))
            self._gather_lead()
            if self.details['leader'] is not None:
                self._led_s = time.monotonic()
            for reason, number in self.details['refused'].items():
                self.metrics.set(f'refused.{reason}', number)

    def troubles(self) -> list:
        """Return doubles (of this coordinator, fleet or robots), and an event log that ails."""
        if self._replica is None:
            return []
        now_s = time.monotonic()
        found = self._presence.trouble(now_s)
        untold = self._scribe.trouble
        return [(2, found)] * bool(found) + [(1, untold)] * bool(untold) + [
            (2, f'two boots speak as robot {name!r}, and the one that came last is refused: '
             'rename or stop one of them') for name in self._replica.doubles(now_s)]

    def words(self) -> dict:
        """Return what it knows of the group, for `swarm coordinators`; a leader, of robots too."""
        if not self.active or self._replica is None:
            return {}
        words = {'group': json.dumps(self._replica.group_word())}
        if self._replica.wants_reports:
            waits, silent = self._replica.words()
            words.update(waits=waits_to_json(waits), silent=json.dumps(silent))
        return words

    def part(self) -> bool:
        """Hand the lead over before the process ends, so that no election is needed."""
        return not self.active or self._replica is None or self._replica.hand_over()

    def health(self):
        """Return who leads; a warning while nobody does, an error while the disk refuses."""
        if not self.active or self._replica is None:
            return 1, 'inactive'
        leader, sync_worst_s, self._sync_worst_s = self.details['leader'], self._sync_worst_s, 0.0
        refusal = self.details['disk_refusal']
        if refusal:
            return 2, f"{self.details['role']}, silent: {refusal}"
        leaderless_s = time.monotonic() - self._led_s if leader is None else None
        return worst([
            (0, f"{self.details['role']}, term {self.details['term']}, leader {leader}"),
            *judge_coordinator(leaderless_s, sync_worst_s, self.limits)])


def main(args=None) -> None:
    """Run the node."""
    sys.exit(run(CoordinatorNode, args))


if __name__ == '__main__':
    main()
