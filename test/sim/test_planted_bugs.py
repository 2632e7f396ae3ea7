# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Bugs planted on purpose, one at a time: `swarm verify` must find each of them.

A bug is planted by replacing one function, two where another layer would hide it. The product has
no switch for any of this. What finds a bug is named too: a judge that finds it for another reason
than its own would be luck.
"""

import pytest
from robot_swarm_orch.coordinator import events, fleet_state, saga
from robot_swarm_orch.coordinator.fleet_state import FleetState
from robot_swarm_orch.coordinator.keeper import Keeper, NOBODY
from robot_swarm_orch.coordinator.leader import Leader
from robot_swarm_orch.coordinator.records import OrderRecord
from robot_swarm_orch.coordinator.reports import ReportBook
from robot_swarm_orch.coordinator.saga import Event, State
from robot_swarm_orch.coordinator.slots import Slots
from robot_swarm_orch.edge import agent, base
from robot_swarm_orch.edge.lease import LeaseClock
from robot_swarm_orch.edge.task_runner import TaskRunner
from robot_swarm_orch.raft import FileStore, HardState
from robot_swarm_orch.raft.leader import Leadership
from robot_swarm_orch.sim.trial import run_trial, Trial
from robot_swarm_orch.types import Motion, OrderState, OrderStatus

SEEDS = 200
MASK = (1 << 32) - 1


def vote_not_persisted(monkeypatch):
    save = FileStore.save

    def forget(self, hard_state, entries, snapshot):
        if hard_state is not None:
            hard_state = HardState(hard_state.term, None, hard_state.commit)
        save(self, hard_state, entries, snapshot)
    monkeypatch.setattr(FileStore, 'save', forget)


def write_not_synced(monkeypatch):
    append = FileStore._append_record

    def lazy(self, entries, mark):
        sync, self._disk.sync = self._disk.sync, lambda descriptor: None
        try:
            append(self, entries, mark)
        finally:
            self._disk.sync = sync
    monkeypatch.setattr(FileStore, '_append_record', lazy)


def commit_of_an_old_term_counted(monkeypatch):
    def try_commit(self):
        raft = self._raft
        voters = raft.members.voters
        own = [raft.log.stable_index] if raft.config.node_id in voters else []
        copies = own + [self._progress[voter].match_index for voter in voters
                        if voter in self._progress]
        index = sorted(copies, reverse=True)[len(voters) // 2]
        if index > raft.commit_index:
            raft.commit_to(index)
    monkeypatch.setattr(Leadership, 'try_commit', try_commit)


def lease_kept_without_quorum(monkeypatch):
    monkeypatch.setattr(Leadership, 'quorum_contact_tick', lambda self: self._raft.tick_count)


def ack_before_commit(monkeypatch):
    submit = Leader.submit

    def hasty(self, order):
        submit(self, order)
        if order.order_id in self._orders_in:
            self.outbox.statuses.append(OrderStatus(
                order.order_id, order.trace_id, self.term, self.state.index + 1,
                OrderState.ACCEPTED))
    monkeypatch.setattr(Leader, 'submit', hasty)


def report_of_an_earlier_incarnation_applied(monkeypatch):
    def counts(self, row):
        number, seq = row[0], row[1]
        return (0 <= number < len(self.names) and self.boots[number] != NOBODY
                and seq & MASK > self.last_seq[number] & MASK)

    hear = ReportBook.hear

    def gullible(self, now_s, report):
        number = self._keeper.numbers.get(report.robot)
        if number is not None and report.seq >> 32 and (
                report.boot_id != self._keeper.boots[number]):
            heard = self._of(number)
            heard.report, heard.seq = report, report.seq
            return number
        return hear(self, now_s, report)
    # The leader refuses such reports, and the log would too: both must be blind.
    monkeypatch.setattr(Keeper, '_counts', counts)
    monkeypatch.setattr(ReportBook, 'hear', gullible)
    monkeypatch.setattr('robot_swarm_orch.coordinator.traffic.Traffic._forget', lambda self: None)
    monkeypatch.setattr('robot_swarm_orch.coordinator.traffic.Traffic._is_news',
                        lambda self, wish: True)


def node_freed_too_early(monkeypatch):
    needed = base.Track.needed

    def careless(self, x_m, y_m, committed):
        return needed(self, x_m, y_m, committed)[-1:]
    monkeypatch.setattr(base.Track, 'needed', careless)


def stale_lease_accepted(monkeypatch):
    hear = LeaseClock.hear

    def trusting(self, lease):
        if not hear(self, lease) or not self._sent:
            return False
        self.until_s = max(self.until_s, next(reversed(self._sent.values())) + lease.duration_s)
        return True
    monkeypatch.setattr(LeaseClock, 'hear', trusting)


def stale_command_accepted(monkeypatch):
    monkeypatch.setattr(LeaseClock, 'expired', lambda self, heard_seq, life_s, now_s: False)


def command_carried_out_twice(monkeypatch):
    known = TaskRunner._known

    def no_memory(self, command):
        return None if command.seq == self.command_seq else known(self, command)
    monkeypatch.setattr(TaskRunner, '_known', no_memory)


def order_applied_twice(monkeypatch):
    place, submit = FleetState._place, Leader.submit

    def place_again(self, event, effects):
        if event.order_id in self.ended:
            del self.ended[event.order_id]
            self.live[event.order_id] = OrderRecord(
                event.order_id, event.trace_id, event.kind, event.pick, event.drop,
                event.load_id, event.priority, event.deadline_s, self.time_ms, index=self.index)
            self.waiting[event.order_id] = None
            effects.orders.append(event.order_id)
            return ''
        return place(self, event, effects)

    def submit_again(self, order):
        if order.drop and order.order_id in self.state.ended:
            self._orders_in[order.order_id] = order
        else:
            submit(self, order)
    # The leader does not propose an order that it knows: it must forget, too.
    monkeypatch.setitem(fleet_state._APPLY, events.OrderPlaced, place_again)
    monkeypatch.setattr(Leader, 'submit', submit_again)


def cancelled_with_its_load_on_the_robot(monkeypatch):
    monkeypatch.setitem(saga.TRANSITIONS[State.TO_DROP], Event.CANCELLED, State.CANCELLED)


def slots_given_twice(monkeypatch):
    monkeypatch.setattr(Slots, 'why_taken', lambda self, place, order_id='': '')


def robot_ignores_the_end_of_its_base(monkeypatch):
    to_stop = base.Base.to_stop_m
    monkeypatch.setattr(base.Base, 'to_stop_m',
                        lambda self, x_m, y_m: to_stop(self, x_m, y_m) + 2.5)


def limiter_speeds_up(monkeypatch):
    clamp = agent.clamp

    def hasten(wanted, safety):
        motion = clamp(wanted, safety)
        return motion if safety.stopped or not motion.speed_mps else Motion(
            1.05 * motion.speed_mps, motion.yaw_rate_radps)
    monkeypatch.setattr(agent, 'clamp', hasten)


def stale_odometry_trusted(monkeypatch):
    monkeypatch.setattr('robot_swarm_orch.edge.safety.is_fresh', lambda age_s, stale_s: True)


BUGS = {
    vote_not_persisted: 'votes for',
    write_not_synced: '',
    commit_of_an_old_term_counted: 'has committed up to',
    lease_kept_without_quorum: 'gives a lease',
    ack_before_commit: 'acknowledges',
    report_of_an_earlier_incarnation_applied: 'owners',
    node_freed_too_early: 'outside',
    stale_lease_accepted: 'is told to move',
    stale_command_accepted: 'no fresh copy',
    command_carried_out_twice: 'carries out',
    order_applied_twice: 'started twice',
    cancelled_with_its_load_on_the_robot: 'called cancelled',
    slots_given_twice: 'sets',
    robot_ignores_the_end_of_its_base: 'outside',
    limiter_speeds_up: 'was asked for',
    stale_odometry_trusted: 'odometry',
}


@pytest.mark.slow
@pytest.mark.parametrize('plant', BUGS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found_for_what_it_is(plant, monkeypatch):
    plant(monkeypatch)
    for seed in range(1, SEEDS + 1):
        found = run_trial(Trial(seed)).violations
        if any(BUGS[plant] in text for text in found):
            return
    pytest.fail(f'{plant.__name__} was not found in {SEEDS} seeds')
