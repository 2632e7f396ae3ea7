# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Replicas whose disks fill up, fail or lose power: silent, honest, and back by themselves."""

from random import Random

from coordinator_bench import Group, move
import pytest
from robot_swarm_orch.coordinator.disk_watch import DiskWatch, RETRY_S_MAX, RETRY_S_MIN
from robot_swarm_orch.raft import CorruptLog, FileStore
from robot_swarm_orch.sim.disk import PowerLost, SimDisk
from robot_swarm_orch.types import Clearance, Mode, OrderState


class DiskGroup(Group):
    """A group with file stores on simulated disks, which watches what a silent replica says."""

    def __init__(self, **options):
        """Start on empty disks."""
        self.disks = {f'c{number + 1}': SimDisk() for number in range(options.get('replicas', 3))}
        super().__init__(make_store=self.open_store, **options)

    def open_store(self, voter):
        """Return the store that lies on a replica's disk."""
        return FileStore('/log', f'ring/{voter}', 4000, self.disks[voter])

    def _send(self, voter, outputs):
        if self.replicas[voter].disk_refusal:
            assert outputs.messages == outputs.grants == outputs.commands == ()
            assert outputs.statuses == () and outputs.lease is outputs.view is None
        super()._send(voter, outputs)

    def refusals(self):
        """Return the ids of the replicas whose disks refuse."""
        return [voter for voter, replica in self.replicas.items() if replica.disk_refusal]


def joined(**options):
    """Return a group whose robots have joined."""
    group = DiskGroup(**options)
    group.run(until=lambda: all(robot.book.mode == Mode.AUTOMATIC
                                for robot in group.robots.values()))
    return group


def done(group, *order_ids):
    return all(group.status(order_id) is not None
               and group.status(order_id).state == OrderState.DONE for order_id in order_ids)


def run_until_done(group, *order_ids):
    """Let clients repeat their orders until all are done."""
    def submitted():
        for order_id in order_ids:
            if not done(group, order_id):
                group.submit(move(order_id))
        return done(group, *order_ids)
    group.run(until=submitted)


def check_states_agree(group):
    """Let everybody catch up, then compare all replicas."""
    group.run(seconds=RETRY_S_MAX + 1.0)
    for robot in group.robots.values():
        robot.silent = True
    group.run(seconds=0.5)
    states = [replica.state for replica in group.replicas.values()]
    assert len({(state.index, state.digest()) for state in states}) == 1
    assert not group.refusals()


def starts(group):
    """Return the (kind, order) of every load action that a robot started, repetitions too."""
    return sorted((kind, order_id) for robot in group.robots.values()
                  for kind, order_id, _ in robot.actions)


@pytest.mark.parametrize('fault, words', [
    ('free_bytes', 'No space left on device'), ('fails_to_sync', 'Input/output error'),
    ('read_only', 'Read-only file system')])
def test_a_leader_whose_disk_refuses_becomes_a_follower_that_says_so(fault, words):
    group = joined()
    run_until_done(group, 'before')
    old = group.leader
    setattr(group.disks[old], fault, 0 if fault == 'free_bytes' else True)
    group.submit(move('precious'))
    group.run(until=lambda: group.replicas[old].disk_refusal, limit_s=2.0)
    status = group.replicas[old].status()
    assert status['role'] == 'follower' and status['last_step_down'] == 'its disk refuses'
    assert words in status['disk_refusal'] and '/log' in status['disk_refusal']
    assert 'looks again in 1 s and goes on by itself' in status['disk_refusal']
    group.run(until=lambda: group.leader not in (None, old), limit_s=2.0)
    run_until_done(group, 'precious')
    assert group.replicas[old].disk_refusal and group.replicas[old].state.index > 0
    group.disks[old].heal()
    run_until_done(group, 'after')
    check_states_agree(group)
    assert len(starts(group)) == len(set(starts(group))) == 6


def test_a_follower_whose_disk_refuses_neither_votes_nor_acknowledges():
    group = joined()
    follower = next(voter for voter in group.voters if voter != group.leader)
    group.disks[follower].fails_to_sync = True
    group.submit(move('precious'))
    group.run(until=lambda: group.refusals() == [follower], limit_s=2.0)
    kept = group.stores[follower]
    other = next(voter for voter in group.voters if voter not in (follower, group.leader))
    group.kill(other)
    group.run(seconds=3.0)
    assert group.leader is None, 'one of three disks is no majority'
    group.disks[follower].heal()
    group.run(until=lambda: group.leader, limit_s=RETRY_S_MAX + 2.0)
    assert group.stores[follower] is kept
    run_until_done(group, 'after')


def test_while_all_disks_are_full_nothing_is_accepted_and_then_all_goes_on():
    group = joined()
    run_until_done(group, 'before')
    for disk in group.disks.values():
        disk.free_bytes = 0
    for number in range(600):
        group.submit(move('precious'))
        group.step()
        for voter in group.refusals():
            group.replicas[voter].operate(group.now_s, Clearance('r0'), number)
    assert group.status('precious') is None and group.leader is None
    assert group.refusals()
    assert {done for _, done, _ in group.answers} == {False}
    assert any('no leader is known' in reason for _, _, reason in group.answers)
    for disk in group.disks.values():
        disk.heal()
    run_until_done(group, 'precious')
    check_states_agree(group)


def test_a_lone_coordinator_acknowledges_nothing_that_is_not_on_its_disk():
    outcomes = set()
    for room in range(0, 400, 25):
        group = joined(replicas=1, robots=1)
        group.disks['c1'].free_bytes = room
        group.submit(move('precious'))
        group.run(until=group.refusals, limit_s=5.0)
        accepted = group.status('precious') is not None
        group.kill('c1')
        group.disks['c1'].crash(Random(room))
        group.disks['c1'].heal()
        group.stores['c1'] = group.open_store('c1')
        group.start('c1')
        group.run(until=lambda: group.leader, limit_s=2.0)
        known = group.replicas['c1'].state.order('precious') is not None
        assert known or not accepted, f'room {room}'
        outcomes.add(accepted)
    assert outcomes == {True, False}


def test_a_disk_that_fills_up_during_a_snapshot_silences_too():
    met = 0
    for room in range(500, 3500, 500):
        group = joined(snapshot_entries=10)
        victim = group.leader
        disk = group.disks[victim]
        disk.free_bytes = room
        for number in range(20):
            group.submit(move(f'o{number}'))
            group.run(seconds=0.1)
            if group.refusals():
                break
        assert group.refusals() == [victim]
        met += any(name.endswith('.snap.tmp') for name in disk.files())
        disk.heal()
        run_until_done(group, 'after')
        check_states_agree(group)
        assert not any(name.endswith('.snap.tmp') for name in disk.files())
    assert met > 1


def test_damage_that_is_found_when_the_disk_is_read_anew_ends_the_coordinator():
    group = joined()
    victim = next(voter for voter in group.voters if voter != group.leader)
    disk = group.disks[victim]
    disk.fails_to_sync = True
    group.submit(move('precious'))
    group.run(until=lambda: group.refusals() == [victim], limit_s=2.0)
    disk.heal()
    path = min(path for path in disk.files() if path.endswith('.log'))
    disk.flip(path, 60)
    with pytest.raises(CorruptLog, match='offset'):
        group.run(seconds=RETRY_S_MAX)


def test_a_power_cut_at_any_moment_loses_and_repeats_nothing():
    """Each replica in turn loses its power in the midst of a change to its disk."""
    group = joined(snapshot_entries=64)
    rng = Random(3)
    for number in range(24):
        victim = group.leader if number % 2 else group.voters[number // 2 % 3]
        disk = group.disks[victim]
        disk.crash_at = disk.steps + 1 + number % 9
        run_until_power_lost(group, victim, f'o{number}')
        group.kill(victim)
        disk.crash(rng)
        group.stores[victim] = group.open_store(victim)
        group.start(victim)
        run_until_done(group, f'o{number}')
    check_states_agree(group)
    assert len(starts(group)) == len(set(starts(group))) == 48


def run_until_power_lost(group, victim, order_id):
    """Hand in an order, and run until the victim's disk is off."""
    group.submit(move(order_id))
    with pytest.raises(PowerLost):
        group.run(seconds=30.0)


def test_looks_at_a_bad_disk_become_rarer_up_to_a_bound():
    watch, now_s, waits = DiskWatch(), 100.0, []
    for _ in range(6):
        watch.refused(now_s, OSError('full'))
        due_s = now_s
        while not watch.is_due(due_s):
            due_s += 0.5
        waits.append(due_s - now_s)
        now_s = due_s
    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0] and watch.refusals == 6
    watch.mended(now_s)
    assert watch.refusal == ''
    watch.refused(now_s + 3.0, OSError('full again'))
    assert not watch.is_due(now_s + 3.0 + RETRY_S_MAX - 0.5)
    watch.mended(now_s + 11.0)
    watch.refused(now_s + 11.0 + RETRY_S_MAX + 1.0, OSError('another day'))
    assert watch.is_due(now_s + 11.0 + RETRY_S_MAX + 1.0 + RETRY_S_MIN)
