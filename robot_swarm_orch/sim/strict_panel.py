# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
All judges of `swarm verify`, fed at every step, and a running hash of everything that happened.

Facts are taken where they cannot be made prettier: votes from the words that leave, commits from
the entries that are about to be applied, disks from the stores, motion from the simulated bases.
"""

from hashlib import blake2b

from robot_swarm_orch.codec import unpack
from robot_swarm_orch.config import safe_stop_bound_s
from robot_swarm_orch.raft import NORMAL, Role, Vote, VoteReply
from robot_swarm_orch.sim.checks import (
    AckJudge, CommandJudge, CommitJudge, LeaseJudge, LimiterJudge, LossJudge, MandateJudge,
    OwnerJudge, RestJudge, SentReports, VoteJudge)
from robot_swarm_orch.sim.panel import Judges
from robot_swarm_orch.types import Mode, OrderState

_COMPARE_EVERY = 10  # steps between comparisons of owners; the hash goes on then too
_MOVING = 0.02       # slower is rest [m/s; rad/s]
_SLACK_S = 0.05      # what steps of 10 ms, and ticks that are late by one, add to leases [s]
_NOT_ACCEPTED = (OrderState.UNKNOWN, OrderState.REFUSED)


class StrictJudges(Judges):
    """Every judge there is."""

    def __init__(self, cluster):
        """Judge a cluster under faults."""
        super().__init__(cluster)
        robot, coordinator = cluster.options.robot, cluster.options.coordinator
        drift = cluster.options.drift_ratio
        self.vote, self.loss, self.commit = VoteJudge(), LossJudge(), CommitJudge()
        self.owner, self.ack = OwnerJudge(), AckJudge()
        self.reports = SentReports()
        self.lease = LeaseJudge(self.reports, drift)
        self.command = CommandJudge(self.reports, drift, robot.command_ttl_max_s)
        self.mandate = MandateJudge(coordinator.election_max_s, coordinator.lease_s, drift,
                                    _SLACK_S)
        self.rest = RestJudge(safe_stop_bound_s(robot, coordinator) * (1.0 + 2.0 * drift)
                              + _SLACK_S)
        self.limiter = LimiterJudge(robot.odometry_stale_s, robot.scan_stale_s,
                                    robot.scan_required)
        self.leaders = []     # (term, id) in the order in which they began to lead
        self._leading = {}    # coordinator -> (term, boot) that was judged
        self._contact_s = {}  # coordinator -> when it could last exchange words with a majority
        self._program_s = {}  # robot -> when its program was last dead or frozen
        self._boots = {}      # robot -> (program, boot id)
        self._odometry_s = {}
        self._digest = blake2b(digest_size=16)

    @property
    def digest(self) -> str:
        """Return a hash of all that happened so far."""
        return self._digest.hexdigest()

    # Coordinators

    def committed(self, name, entry):
        """Look at an entry that a coordinator calls committed and is about to apply."""
        if not self.prefix.feed(name, entry.index, entry.term, entry.data):
            return
        self._digest.update(b'%d %d ' % (entry.index, entry.term) + entry.data)
        events = ()
        if entry.kind == NORMAL:
            events = [(type(event).__name__, event) for event in unpack(entry.data).events]
            for kind, event in events:
                if kind == 'OrderPlaced':
                    self.ack.place(event.order_id, entry.index, entry.term)
        self.owner.feed(entry.index, events)

    def spoke(self, name, outputs):
        """Look at what leaves a coordinator."""
        now = self.cluster.now_s
        for message in outputs.messages:
            kind = type(message)
            if kind is Vote:
                self.vote.feed(name, message.term, name)
            elif kind is VoteReply and message.granted:
                self.vote.feed(name, message.term, message.to)
        if outputs.lease is not None:
            self.leader.feed(outputs.lease.term, outputs.lease.leader_id)
            self.mandate.feed(now, name, outputs.lease.duration_s,
                              self._contact_s.get(name, -1e9))
        for status in outputs.statuses:
            if status.state not in _NOT_ACCEPTED and status.order_id not in self.ack.acked:
                self.ack.feed(now, name, status.order_id, self._disks_with, self._quorum())

    def wiped(self, name):
        """Note that a coordinator lost its disk: its earlier votes and terms are forgotten."""
        self._leading.pop(name, None)

    def _disks_with(self, index, term):
        """Return how many disks have an entry, or a snapshot that covers it."""
        count = 0
        for host in self.cluster.hosts.values():
            _, snapshot, entries = host.store.load()
            if snapshot is not None and snapshot.index >= index:
                count += 1
            elif entries and entries[0].index <= index <= entries[-1].index:
                count += entries[index - entries[0].index].term == term
        return count

    def _voters(self):
        """Return who votes, after the newest configuration that any replica has committed."""
        newest = max(self.cluster.replicas.values(), key=lambda replica: replica.raft.last_applied,
                     default=None)
        return self.cluster.options.coordinator.voters if newest is None \
            else newest.raft.members.voters

    def _quorum(self):
        return len(self._voters()) // 2 + 1

    def _look_at_links(self):
        """Note who can exchange words with a majority now; return whether anybody can."""
        cluster, now = self.cluster, self.cluster.now_s
        is_open = cluster.coordinator_network.is_open
        running = [name for name in cluster.replicas
                   if now >= cluster.hosts[name].frozen_until_s]
        possible = False
        for name in running:
            # Of two groups, one in the log and one committed, either may be what counts.
            voters = cluster.replicas[name].raft.members.voters
            reached = sum(other == name or other in running and is_open(name, other)
                          and is_open(other, name) for other in voters)
            if reached >= len(voters) // 2 + 1:
                self._contact_s[name] = now
                possible = True
        return possible

    def _look_at_leader(self, name, replica):
        """Judge a replica that leads."""
        raft = replica.raft
        key = (raft.term, id(replica))
        if self._leading.get(name) != key:
            self._leading[name] = key
            self.leaders.append((raft.term, name))
            self.leader.feed(raft.term, name)
            self.loss.feed(name, raft.term, self.prefix.log, self._term_in(raft.log))
        self.commit.feed(name, raft.term, raft.commit_index, raft.log.term_at(raft.commit_index))

    @staticmethod
    def _term_in(log):
        def term_at(index):
            return -1 if index < log.base_index else log.term_at(index)
        return term_at

    # Robots

    def ticked(self, robot, inputs, outputs):
        """Look at a robot that has just ticked; `outputs` is None if its program died of it."""
        now, name, book = self.cluster.now_s, robot.name, robot.agent and robot.agent.book
        term = self.lease.term(name)
        accepted, robot.journal.accepted = robot.journal.accepted, []
        self.command.feed(now, name, inputs.commands, accepted,
                          None if outputs is None else outputs.acks, term)
        if outputs is None:
            return
        boot = (robot.boots, book.boot_id)
        if self._boots.get(name) != boot:
            self._boots[name] = boot
            self.lease.booted(name)
        self._judge_motion(robot, inputs, outputs)
        if outputs.report is not None:
            report = outputs.report
            self.reports.sent(now, name, report.boot_id, report.seq)
            if report.seq >> 32:
                self.hold.feed(name, report.boot_id, report.seq, now, report.held)

    def _judge_motion(self, robot, inputs, outputs):
        """Judge what a robot's base is told."""
        now, motion, asked = self.cluster.now_s, outputs.motion, robot.asked
        told = (motion.speed_mps, motion.yaw_rate_radps)
        self.lease.feed(now, robot.name, inputs.leases, told != (0.0, 0.0))
        seen, scan = inputs.odometry, inputs.scan
        self.limiter.feed(
            now, robot.name,
            (0.0, 0.0) if asked is None else (asked.speed_mps, asked.yaw_rate_radps), told,
            None if seen is None else inputs.control_s - seen.taken_s,
            None if scan is None else inputs.control_s - scan.taken_s)

    def _look_at_beliefs(self, robots):
        """Judge what robots hold, and whether their bodies are inside it."""
        cluster, now = self.cluster, self.cluster.now_s
        x, y, moving = cluster.world.x, cluster.world.y, self._moving
        for robot in robots:
            name = robot.name
            if robot.agent is not None and robot.agent.book.mode != Mode.JOINING:
                held = robot.agent.book.held
                self.owner.believe(now, name, held)
            else:
                self.owner.believe(now, name, ())
                held = self.owner.nodes_of(name)
            if moving[robot.index] and held:
                self.inside.feed(now, name, x[robot.index], y[robot.index], held)

    # The whole

    def moved(self, happenings):
        """Look at the world, which has just moved."""
        super().moved(happenings)
        for happening in happenings:
            self._digest.update(repr(happening).encode())

    def stepped(self):
        """Look at the whole, at the end of a step."""
        cluster, now = self.cluster, self.cluster.now_s
        world = cluster.world
        for name, replica in cluster.replicas.items():
            if replica.raft.role is Role.LEADER:
                self._look_at_leader(name, replica)
        possible = self._look_at_links()
        self._moving = (abs(world.v) > _MOVING) | (abs(world.w) > _MOVING)
        slot = cluster.steps % 10
        self._look_at_beliefs([robot for robot in cluster.robots.values()
                               if robot.index % 10 == slot])
        for robot in cluster.robots.values():
            if robot.agent is None or now < robot.frozen_until_s:
                self._program_s[robot.name] = now
        moving = [] if possible else [world.robots[i] for i in self._moving.nonzero()[0]]
        late_s = 0.0
        if moving and any(now - self._program_s.get(name, -1e9) < 5.0 for name in moving):
            late_s = cluster.options.robot.react_s
        self.rest.feed(now, possible, moving, late_s)
        if cluster.steps % _COMPARE_EVERY == 0:
            self._compare()

    def _compare(self):
        """Compare owners in all replicas that are as far as the judge, and go on with the hash."""
        cluster, update = self.cluster, self._digest.update
        for name, replica in cluster.replicas.items():
            if replica.state.index == self.owner.index:
                self.owner.compare(cluster.now_s, name, replica.state.keeper.owner)
            raft = replica.raft
            update(f'{name} {raft.role} {raft.term} {raft.commit_index} {raft.last_index};'
                   .encode())
        update(cluster.world.x.tobytes() + cluster.world.y.tobytes()
               + b'%d %d' % (cluster.network.sent, cluster.coordinator_network.sent))
