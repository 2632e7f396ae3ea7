# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
One coordinator: inputs -> Raft -> apply -> decide -> outputs.

A Replica has no thread, clock, socket or log file of its own (the store it is given does the disk
work). The shell hands in what it hears, calls `tick` every `tick_s`, and after each of these
`poll`, whose Outputs it sends. Times are seconds of the shell's steady clock.

The flow of `poll`, top to bottom: persist what Raft wants kept, apply what is committed, let the
leader decide on it and propose, until nothing is left to do; then gather what is to be said. So
grants, commands and statuses leave only after the entry behind them is committed.

A replica that was away for longer than the shortest election timeout (frozen, swapped out) steps
down before it does anything else: others may lead by now. One whose disk refuses falls silent
until the disk takes its log again (`disk_watch.py`).
"""

from dataclasses import dataclass
from math import ceil
from typing import Callable, Optional, Tuple

from robot_swarm_orch.bids import CallForBids
from robot_swarm_orch.codec import pack, unpack
from robot_swarm_orch.coordinator.allocation import TravelTimes, warm_up
from robot_swarm_orch.coordinator.back_pressure import ORDERS_AT_ONCE
from robot_swarm_orch.coordinator.disk_watch import DiskWatch
from robot_swarm_orch.coordinator.events import Batch
from robot_swarm_orch.coordinator.fleet_state import FleetState
from robot_swarm_orch.coordinator.group import group_word, GroupActs, reachable
from robot_swarm_orch.coordinator.leader import Leader
from robot_swarm_orch.coordinator.snapshots import Snapshots
from robot_swarm_orch.coordinator.words import silent, waits
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.errors import ConfigError, NotLeader
from robot_swarm_orch.raft import (
    DiskRefused, may_precede_save, NORMAL, Raft, RaftConfig, RaftLog, Role)
from robot_swarm_orch.types import Command, FleetView, Grant, GroupAct, Lease, OrderStatus


@dataclass(frozen=True, slots=True)
class Outputs:
    """
    What the shell is to send; `messages` are Raft messages, `lease.heard` holds all robots.

    answers: (request_id, done, reason) for the requests handed to `operate`. reads: request ids
    handed to `read` whose state is now new enough to look at.
    """

    messages: tuple = ()
    lease: Optional[Lease] = None
    grants: Tuple[Grant, ...] = ()
    commands: Tuple[Command, ...] = ()
    statuses: Tuple[OrderStatus, ...] = ()
    view: Optional[FleetView] = None
    answers: Tuple[Tuple[object, bool, str], ...] = ()
    reads: tuple = ()
    call: Optional[CallForBids] = None


NOTHING = Outputs()

STATUSES_AT_ONCE = 50
"""Order statuses that leave in one go: after a burst of orders, leases and grants go between."""


class Parts:
    """The fixed parts that a replica shares with its leader."""

    __slots__ = ('config', 'site', 'robot', 'rng', 'travel', 'placement', 'observe', 'perf',
                 'parking', 'count', 'ros_time', 'clock')

    def __init__(self, config, site, robot, rng, planner, placement, observe, perf, count,
                 ros_time, clock):
        """Fill in what was left out; see Replica."""
        self.config, self.site, self.robot, self.rng = config, site, robot, rng
        self.travel = TravelTimes(planner or Planner(site, robot))
        warm_up()
        self.placement = tuple(placement)
        self.observe = observe or (lambda name, value_s: None)
        self.perf = perf or (lambda: 0.0)
        self.count = count or (lambda name: None)
        self.ros_time = ros_time or (lambda: 0.0)
        self.clock = clock or (lambda: 0.0)
        self.parking = tuple(site.places[name] for name in site.parking)


def raft_config(config):
    """Return the RaftConfig of a CoordinatorConfig: its seconds in ticks, rounded up."""
    def ticks(seconds):
        return ceil(seconds / config.tick_s - 1e-9)
    return RaftConfig(
        config.node_id, config.voters, config.join,
        election_ticks_min=ticks(config.election_min_s),
        election_ticks_max=ticks(config.election_max_s),
        heartbeat_ticks=ticks(config.heartbeat_s), heir_first=True,
        start_patience_ticks=ticks(config.start_patience_s))


class Replica:
    """
    One coordinator of a group.

    config: CoordinatorConfig. site: Site. robot: RobotConfig that every robot of the fleet keeps.
    store: what the log is kept in (raft.MemoryStore or FileStore); load() is called here. rng:
    random.Random. planner: edge.planning.Planner for travel times, made if None. placement:
    ((robot, node), ...) that the first leader of an empty log enrols. observe(name, value [s]):
    takes measurements. perf: clock for measurements only [s]. count(name): takes counts.
    ros_time: for deadlines only [s]; 0: unknown. witness(entry): is shown each committed Raft
    entry before it is applied, for judges and audit. send_early(message): takes Raft messages that
    may leave while the disk works (raft.may_precede_save), so that the disks of leader and
    followers work at the same time; without it they wait for the next Outputs. leader: what makes
    the leader, with the arguments of Leader. notes: notes.Notebook that gets what is applied.
    clock: bounds how long an allocation is improved [s]; without one it takes the time that it
    needs, as in virtual time.

    Raises ConfigError when the log was laid for another roadmap.
    """

    def __init__(self, config, site, robot, store, rng, planner=None, placement=(),
                 observe: Optional[Callable[[str, float], None]] = None,
                 perf: Optional[Callable[[], float]] = None,
                 witness: Optional[Callable[[object], None]] = None,
                 count: Optional[Callable[[str], None]] = None,
                 ros_time: Optional[Callable[[], float]] = None,
                 send_early: Optional[Callable[[object], None]] = None, leader=Leader,
                 notes=None, clock: Optional[Callable[[], float]] = None):
        """Load what the store holds; nothing is sent before the first poll."""
        self.config = config
        self.store = store
        self._parts = Parts(config, site, robot, rng, planner, placement, observe, perf, count,
                            ros_time, clock)
        self._disk = DiskWatch()
        self._answers = []
        self._witness = witness
        self._send_early = send_early
        self._new_leader = leader
        self._notes = notes
        self._group = GroupActs()
        self._begin()
        self._tick_at_s = None
        self._awake_s = None
        self._led_s = None  # when somebody was last known to lead, for measuring failover

    def _begin(self):
        """Take up what the store holds; nothing else is known."""
        hard_state, snapshot, entries = self.store.load()
        self.state = FleetState.restore(snapshot.data) if snapshot else FleetState()
        if snapshot and self._notes is not None:
            self._notes.snapshot(snapshot, self.state.time_ms)
        self.raft = Raft(raft_config(self.config), hard_state, RaftLog(snapshot, entries),
                         self._parts.rng)
        self._check_site()
        self._leader = None
        self._messages = []
        self._proposed = {}
        self._snapshots = Snapshots(self.config.snapshot_entries, self.raft, self.store,
                                    self.state)
        self._sliced_at_tick = 0

    # Inputs

    def receive(self, now_s, message):
        """Take in a Raft message from another coordinator."""
        self._wake(now_s)
        if self._disk.refusal:
            return
        self.raft.step(message)
        if message.sender == self.raft.leader_id:
            self._led_s = now_s

    def hear_report(self, now_s, report):
        """Take in a robot's report; followers need not be given any (see `wants_reports`)."""
        self._wake(now_s)
        if self._leader is not None:
            self._leader.hear_report(now_s, report)

    def hear_ack(self, now_s, ack):
        """Take in a robot's answer to a command; the robot repeats it if nobody leads now."""
        self._wake(now_s)
        if self._leader is not None:
            self._leader.hear_ack(now_s, ack)

    def note_lag(self, lag_s):
        """Take in how much later than it was due the shell has read what robots say [s]."""
        if self._leader is not None:
            self._leader.back_pressure.note(lag_s)

    def hear_bid(self, now_s, bid):
        """Take in a robot's bid; nobody waits for one."""
        self._wake(now_s)
        if self._leader is not None:
            self._leader.tasking.hear_bid(now_s, bid)

    def submit(self, now_s, order):
        """Take in an order. Only the leader answers, with a status; clients repeat."""
        self._wake(now_s)
        if self._leader is not None:
            self._leader.submit(order)

    def read(self, now_s, request_id):
        """Ask when `state` is as new as now; only a leader answers, in `reads`."""
        self._wake(now_s)
        if self._leader is not None:
            self._leader.questions.read(request_id)

    def operate(self, now_s, act, request_id):
        """Take in an operator's act (see `types`); answered in `answers`, once it is decided."""
        self._wake(now_s)
        if isinstance(act, GroupAct):
            self._answers += self._group.begin(self.raft, act, request_id)
        elif self._leader is not None:
            self._leader.operate(now_s, act, request_id)
        else:
            self._answers.append((request_id, False, str(NotLeader(self.raft.leader_id))))

    def tick(self, now_s):
        """Turn the time since the last call into Raft ticks."""
        self._wake(now_s)
        count = int((now_s - self._tick_at_s) / self.config.tick_s + 1e-6)
        self._tick_at_s += count * self.config.tick_s
        if not self._disk.refusal:
            for _ in range(count):
                self.raft.tick()

    def _wake(self, now_s):
        """Step down first if this replica was away for too long."""
        if self._awake_s is None:
            self._tick_at_s = now_s
        elif now_s - self._awake_s > self.config.election_min_s:
            self.raft.step_down(f'away for {now_s - self._awake_s:.3f} s')
            self._tick_at_s = now_s
            self._follow_role(now_s)
        self._awake_s = now_s

    # The flow

    def poll(self, now_s):
        """Do all that is to do now and return the Outputs to send."""
        self._wake(now_s)
        try:
            if not self._disk.refusal or self._disk.is_due(now_s) and self._come_back(now_s):
                self._work(now_s)
        except DiskRefused as error:
            self._fall_silent(now_s, error)
        return self._gather(now_s)

    def _work(self, now_s):
        """Let Raft and the leader work until there is nothing left to do."""
        self._follow_role(now_s)
        while self._run_raft(now_s) or self._decide(now_s):
            self._follow_role(now_s)
        self._take_snapshot()

    def _fall_silent(self, now_s, error):
        """Follow nobody and say nothing: what this replica promised now, it would forget."""
        self._disk.refused(now_s, error)
        self.raft.step_down('its disk refuses')
        self._follow_role(now_s)
        self._messages = []

    def _come_back(self, now_s):
        """Start anew from what the disk holds, as a new process would."""
        self.store.reopen()
        self._begin()
        self._disk.mended(now_s)
        return True

    def _run_raft(self, now_s):
        """Persist, send, apply, advance (the duties of raft/__init__.py); False if idle."""
        ready = self.raft.ready()
        if ready is None:
            return False
        messages = ready.messages
        if self._send_early is not None:
            messages = [message for message in messages if not may_precede_save(message)]
            for message in ready.messages:
                if may_precede_save(message):
                    self._send_early(message)
        if ready.hard_state or ready.entries or ready.snapshot:
            started = self._parts.perf()
            self.store.save(ready.hard_state, ready.entries, ready.snapshot)
            self._parts.observe('sync_s', self._parts.perf() - started)
        if ready.snapshot is not None:
            self.state = FleetState.restore(ready.snapshot.data)
            self._snapshots.restart(self.state)
            if self._notes is not None:
                self._notes.snapshot(ready.snapshot, self.state.time_ms)
            self._check_site()
        self._messages += messages
        for entry in ready.committed:
            self._apply(now_s, entry)
        self.raft.advance()
        if ready.reads and self._leader is not None:
            self._leader.questions.confirm(ready.reads)
        return True

    def _apply(self, now_s, entry):
        """Fold one committed entry; the entry that opens an own term begins the leadership."""
        if self._witness is not None:
            self._witness(entry)
        if entry.kind == NORMAL:
            batch = unpack(entry.data)
            effects = self.state.apply(entry.index, batch)
            if self._notes is not None:
                self._notes.batch(entry, batch, effects, self.state)
            if self.state.keeper.site_hash:
                self._check_site()
            if self._leader is not None:
                self._observe_commit(entry.index)
                self._leader.applied(now_s, effects)
            return
        self.state.skip(entry.index)
        if self._notes is not None:
            self._notes.other(entry, self.state)
        self._answers += self._group.committed(entry)
        if self._leader is not None:
            self._leader.voters = self.raft.members.voters
        elif self.raft.role is Role.LEADER and entry.term == self.raft.term:
            if self._led_s is not None:
                self._parts.observe('failover_s', now_s - self._led_s)
            self._leader = self._new_leader(self._parts, self.state, entry.term, now_s)
            self._leader.voters = self.raft.members.voters

    def _decide(self, now_s):
        """Let the leader propose; False if it has nothing to, or hands over."""
        leader = self._leader
        if leader is None or self.raft.is_handing_over:
            return False
        learner = self.raft.caught_up_learner()
        if learner is not None:
            self.raft.change_members('promote', learner)
        asked = leader.questions.begin(self.raft)
        return leader.decide(now_s, lambda events: self._propose(now_s, events)) or asked

    def _propose(self, now_s, events):
        index = self.raft.propose(pack(Batch(self._leader.log_time_ms(now_s), events,
                                             int(1000.0 * self._parts.ros_time()))))
        self._proposed[index] = self._parts.perf()
        return index

    def _follow_role(self, now_s):
        """Drop the leadership when Raft says that it is over."""
        leader = self._leader
        if leader is not None and not (
                self.raft.role is Role.LEADER and self.raft.term == leader.term):
            self._answers += leader.abandoned()
            self._leader = None
            self._led_s = now_s
            self._proposed.clear()

    def _observe_commit(self, index):
        started = self._proposed.pop(index, None)
        if started is not None:
            self._parts.observe('commit_s', self._parts.perf() - started)

    def _check_site(self):
        """Refuse to work on another roadmap than the log's."""
        laid = self.state.keeper.site_hash
        if laid and laid != self._parts.site.hash:
            raise ConfigError(
                f'the log of cluster {self.config.cluster_id} was laid for the roadmap {laid}, '
                f'but site {self._parts.site.name} is {self._parts.site.hash}: give the old site, '
                'or a new cluster_id and an empty data directory')

    def _take_snapshot(self):
        """Do a slice of what is to do for one, once a tick at most."""
        if self.raft.tick_count != self._sliced_at_tick:
            self._sliced_at_tick = self.raft.tick_count
            finished = self._snapshots.step()
            if finished is not None and self._notes is not None:
                self._notes.snapshot(*finished)

    # Outputs

    def _gather(self, now_s):
        """Return what has come together, and forget it."""
        leader = self._leader
        if self._group:
            self._answers += self._group.settle(self.raft)
        if leader is None:
            if not (self._messages or self._answers):
                return NOTHING
            outputs = Outputs(tuple(self._messages), answers=tuple(self._answers))
        else:
            leader.speak(now_s)
            lease = leader.lease(now_s, self._contact_age_s(now_s))
            box = leader.outbox
            if not (self._messages or lease or box.grants or box.commands or box.statuses
                    or box.view or box.answers or box.reads or box.call or self._answers):
                return NOTHING
            outputs = Outputs(
                tuple(self._messages), lease, tuple(box.grants), tuple(box.commands),
                tuple(box.statuses[:STATUSES_AT_ONCE]), box.view,
                tuple(self._answers + box.answers), tuple(box.reads), box.call)
            leader.outbox = type(box)()
            leader.outbox.statuses = box.statuses[STATUSES_AT_ONCE:]
        self._messages = []
        self._answers = []
        return outputs

    def _contact_age_s(self, now_s):
        """Return how long ago the newest word was sent that a majority answered, None if none."""
        tick = self.raft.quorum_contact_tick()
        if tick is None:
            return None
        return (self.raft.tick_count - tick) * self.config.tick_s + (now_s - self._tick_at_s)

    @property
    def led_since(self):
        """Index of the log entry with which this replica began to lead, None if it does not."""
        return None if self._leader is None else self._leader.since_index

    @property
    def term(self):
        """Term in which this replica leads, 0 if it does not."""
        return 0 if self._leader is None else self._leader.term

    @property
    def wants_reports(self):
        """Whether reports and acks are of use now: only the leader reads them."""
        return self._leader is not None

    @property
    def report_period_s(self):
        """Return how seldom robots are asked to report [s]; 0 where they keep their own period."""
        return 0.0 if self._leader is None else self._leader.back_pressure.report_period_s

    @property
    def orders_at_once(self):
        """Return how many orders to read in one go; less than ORDERS_AT_ONCE while behind."""
        return ORDERS_AT_ONCE if self._leader is None else (
            self._leader.back_pressure.orders_at_once)

    @property
    def is_behind(self):
        """Whether this one leads and takes in fewer orders than come, since it is late."""
        return self.orders_at_once < ORDERS_AT_ONCE

    @property
    def disk_refusal(self):
        """Why the log's disk refuses and what happens next, for people; '' while it does not."""
        return self._disk.refusal

    def hears_leader(self, now_s):
        """Return whether this replica leads, or has heard the leader within two heartbeats."""
        return self.raft.role is Role.LEADER or (
            self._led_s is not None and now_s - self._led_s <= 2.0 * self.config.heartbeat_s)

    def group_word(self):
        """Return what this replica knows of the group of coordinators, as JSON can carry it."""
        return group_word(self.raft, self.state.index, self.config.tick_s)

    def hand_over(self):
        """
        Begin to hand the lead over to whoever can take it, for a process that is about to end.

        Returns False while that is under way, True when there is nothing to wait for any more.
        """
        if self.raft.role is not Role.LEADER:
            return True
        if not self.raft.is_handing_over:
            if not reachable(self.raft):
                return True
            self.raft.transfer_leadership()
        return False

    def words(self):
        """Return what the leader can tell people about robots that stand: (waits, silent)."""
        if self._leader is None:
            return [], {}
        return waits(self._leader, self._awake_s), silent(self._leader, self._awake_s)

    def doubles(self, now_s):
        """Return the robots under whose name two boots speak, as far as this replica leads."""
        return [] if self._leader is None else self._leader.reports.doubles(now_s)

    def status(self):
        """Return a dict about this replica for people and metrics."""
        raft, state, leader = self.raft.status(), self.state, self._leader
        return {
            'node_id': raft.node_id, 'role': raft.role.value, 'term': raft.term,
            'leader': raft.leader_id, 'commit_index': raft.commit_index,
            'applied_index': state.index, 'last_index': raft.last_index,
            'elections': raft.elections_started, 'last_step_down': raft.last_step_down,
            'disk_refusal': self._disk.refusal, 'disk_refusals': self._disk.refusals,
            'orders_waiting': len(state.waiting), 'orders_live': len(state.live),
            'orders_done': state.done, 'orders_failed': state.failed,
            'robots': len(state.robots), 'refused': dict(state.counters.refused),
            'modes': [] if leader is None else leader.view().modes,
            'rings': [] if leader is None else [
                [state.keeper.names[number] for number in ring]
                for ring in leader.traffic.rings()],
        }
