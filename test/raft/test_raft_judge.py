# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Each of the judge's checks catches Raft with one rule taken out: clean runs mean something."""

import math

import pytest
from raft_bench import lone_raft
from raft_harness import Cluster, Faults, Machine
from raft_judge import PromiseBroken
from robot_swarm_orch.errors import InvariantError, SwarmError
from robot_swarm_orch.raft import Append, HardState, MemoryStore, Role
from robot_swarm_orch.raft import leader as leader_module
from robot_swarm_orch.raft.amnesia import Amnesia
from robot_swarm_orch.raft.leader import Leadership
from robot_swarm_orch.raft.log import RaftLog
from robot_swarm_orch.raft.progress import quorum_value

ROUGH = Faults(delay_ticks_max=5, loss_ratio=0.1, crash_ratio=0.006, crash_in_ready_ratio=0.01,
               freeze_ratio=0.003, partition_ratio=0.02, down_ticks_max=60)


def broken_promise(make_store=MemoryStore, faults=ROUGH, seeds=60, size=3):
    """Run seeds until the judge, or Raft's own invariants, object; return what was said."""
    for seed in range(seeds):
        cluster = Cluster(seed, size, faults, make_store=make_store)
        try:
            for _ in range(500):
                cluster.run(1)
                if cluster.rng.random() < 0.3:
                    cluster.propose()
                if cluster.rng.random() < 0.2:
                    cluster.read()
            cluster.settle()
        except (PromiseBroken, SwarmError) as error:
            return str(error)
    return None


def test_the_rough_day_is_clean_with_all_rules_in_place():
    assert broken_promise(seeds=15) is None


def test_a_disk_that_forgets_votes_is_caught():
    class Forgetful(MemoryStore):
        def save(self, hard_state, entries, snapshot):
            if hard_state is not None:
                hard_state = HardState(hard_state.term, None, hard_state.commit)
            super().save(hard_state, entries, snapshot)
    assert 'vote' in broken_promise(Forgetful, size=5, seeds=100)


def test_a_disk_that_forgets_entries_is_caught():
    class Leaky(MemoryStore):
        def load(self):
            hard_state, snapshot, entries = super().load()
            kept = entries[:-3]
            return HardState(hard_state.term, hard_state.vote, 0), snapshot, kept
    assert broken_promise(Leaky)


def test_voting_for_a_shorter_log_is_caught(monkeypatch):
    monkeypatch.setattr(RaftLog, 'is_up_to_date', lambda log, index, term: True)
    assert 'committed' in broken_promise() or 'decided' in broken_promise()


def test_committing_without_a_majority_is_caught(monkeypatch):
    monkeypatch.setattr(Leadership, 'try_commit',
                        lambda self: self._raft.commit_to(self._raft.log.stable_index))
    assert broken_promise()


def read_at_a_replaced_leader():
    """Cut a leader off and read at it while a new one decides; return what the judge said."""
    reads_at_old = 0
    for seed in range(30):
        cluster = Cluster(seed, 3)
        old = cluster.elect()
        cluster.run(20)
        cluster.isolate(old.config.node_id)
        try:
            for _ in range(40):
                cluster.run(1)
                if cluster.leader() is not old:
                    cluster.propose()
                    reads_at_old += old.raft.role is Role.LEADER
                cluster.read()
        except PromiseBroken as error:
            return str(error)
    assert reads_at_old > 0, 'no seed had two leaders at a time: nothing was tried'
    return None


def test_a_replaced_leader_answers_no_read():
    assert read_at_a_replaced_leader() is None


def test_reads_without_a_quorum_are_caught(monkeypatch):
    monkeypatch.setattr(
        leader_module, 'quorum_value',
        lambda own, values, quorum: own if own == math.inf
        else quorum_value(own, values, quorum))
    assert 'a read at' in read_at_a_replaced_leader()


def claim_contact_from_late_answers():
    """Let answers reach a leader after its replacement; return what the judge said."""
    late_answers = 0
    for seed in range(60):
        cluster = Cluster(seed, 3)
        old = cluster.elect()
        cluster.run(20)
        me = old.config.node_id
        for peer in set(cluster.nodes) - {me}:
            cluster.extra_delay_ticks[peer, me] = 22
        cluster.run(5)
        cluster.isolate(me)
        try:
            for _ in range(30):
                cluster.run(1)
                late_answers += cluster.leader() is not old and old.raft.role is Role.LEADER
        except PromiseBroken as error:
            return str(error)
    assert late_answers > 0, 'no seed had two leaders at a time: nothing was tried'
    return None


def test_late_answers_make_no_fresh_contact():
    assert claim_contact_from_late_answers() is None


def test_contact_counted_from_arrival_is_caught(monkeypatch):
    original = Leadership.on_reply

    def from_arrival(self, message):
        original(self, message)
        self._progress[message.sender].contact_tick = self._raft.tick_count
    monkeypatch.setattr(Leadership, 'on_reply', from_arrival)
    assert 'claims contact' in claim_contact_from_late_answers()


CHANGING = Faults(delay_ticks_max=5, loss_ratio=0.1, crash_ratio=0.003, crash_in_ready_ratio=0.003,
                  partition_ratio=0.02, change_ratio=0.03, wipe_ratio=0.02, down_ticks_max=60)


def test_a_wiped_disk_that_votes_and_counts_is_caught(monkeypatch):
    assert broken_promise(faults=CHANGING, seeds=10) is None
    monkeypatch.setattr(Amnesia, '__init__', lambda self, hard_state, *rest: None)
    monkeypatch.setattr(Amnesia, 'life', 0)
    monkeypatch.setattr(Amnesia, 'end', lambda self: None)
    assert broken_promise(faults=CHANGING)


def test_changes_before_an_own_entry_and_beside_each_other_are_caught(monkeypatch):
    monkeypatch.setattr(Leadership, 'obstacle_to', lambda self, kind, node_id, members: '')
    assert broken_promise(faults=CHANGING)


def test_replicas_that_compute_differently_are_caught(monkeypatch):
    original = Machine.apply

    def apply(self, entry):
        original(self, entry)
        if entry.index % 50 == 0:
            self.checksum += id(self) % 9973
    monkeypatch.setattr(Machine, 'apply', apply)
    assert 'another state' in broken_promise()


def test_two_groups_under_one_name_are_refused():
    raft = lone_raft(terms=(1, 1, 1), hard_state=HardState(1, None, 3))
    raft.step(Append('c1', 'c2', 2, 3, 1, (), 3))
    with pytest.raises(InvariantError, match='both lead term 2'):
        raft.step(Append('c1', 'c3', 2, 3, 1, (), 3))
