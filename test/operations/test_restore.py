# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A backup becomes a new group in which every robot is fenced and nothing is done twice."""

from random import Random

from coordinator_bench import Group, move, ROBOT
import pytest
from robot_swarm_orch.backup import restore
from robot_swarm_orch.config import CoordinatorConfig
from robot_swarm_orch.coordinator.replica import Replica
from robot_swarm_orch.coordinator.restore import restored
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.raft import FileStore, MemoryStore
from robot_swarm_orch.types import Enrolment, GrantStatus, Mode, OrderState


@pytest.fixture
def group():
    """Return a group with two robots at work: an order done, one picked, some waiting."""
    made = Group(robots=2)
    made.run(until=lambda: all(robot.book.mode == Mode.AUTOMATIC
                               for robot in made.robots.values()))
    made.submit(move('done'))
    made.run(until=lambda: made.status('done') and made.status('done').state == OrderState.DONE)
    for number in range(4):
        made.submit(move(f'open-{number}', 'shelf_2', 'shelf_3'))
    made.run(until=lambda: any(status.state == OrderState.CARRYING for status in made.statuses
                               if status.order_id != 'done'))
    return made


def restart(group, memory):
    """Replace the group by one that starts with a restored memory; the robots stay."""
    for voter in group.voters:
        store = MemoryStore()
        store.save(memory.hard_state, (), memory.snapshot)
        group.stores[voter] = store
        config = CoordinatorConfig(node_id=voter, voters=group.voters, cluster_id='anew')
        group.replicas[voter] = Replica(config, group.site, ROBOT, store,
                                        Random(f'anew/{voter}'), group.planner)
    group._mail.clear()
    group.statuses.clear()


def test_all_founders_start_with_equal_bytes(group):
    store = group.stores['c2']
    assert restored(*store.load(), group.voters) == restored(*store.load(), group.voters)


def test_no_robot_of_the_restored_fleet_owns_anything_until_it_is_enrolled(group):
    old_terms = max(lease.term for _, lease in group.leases)
    memory = restored(*group.stores['c2'].load(), group.voters)
    assert memory.robots == ('r0', 'r1')
    restart(group, memory)
    for robot in group.robots.values():
        robot.grants.clear()
    group.run(until=lambda: group.leader, limit_s=5.0)
    group.run(seconds=3.0)
    keeper = group.replicas[group.leader].state.keeper
    assert not keeper.owner and not keeper.blocked
    assert {grant.status for robot in group.robots.values() for grant in robot.grants} == {
        GrantStatus.FENCED, GrantStatus.UNENROLLED}
    assert group.replicas[group.leader].raft.term > old_terms


def test_an_enrolled_robot_joins_the_restored_fleet_and_takes_new_orders(group):
    memory = restored(*group.stores['c2'].load(), group.voters)
    seqs = {name: robot.command_seq for name, robot in group.robots.items()}
    restart(group, memory)
    group.run(until=lambda: group.leader, limit_s=5.0)
    free = next(name for name, robot in group.robots.items()
                if not group.replicas[group.leader].state.robots[name].order_id)
    group.operate(Enrolment(free, group.robots[free].node, 'tester'), 'enrol')
    group.run(until=lambda: ('enrol', True, '') in group.answers, limit_s=5.0)
    group.run(until=lambda: group.robots[free].book.mode == Mode.AUTOMATIC, limit_s=20.0)
    group.submit(move('after'))
    group.run(until=lambda: group.status('after')
              and group.status('after').state == OrderState.DONE)
    assert group.robots[free].command_seq > seqs[free] + 1000


def test_orders_that_waited_fail_those_picked_are_in_doubt_and_ended_ones_are_remembered(group):
    memory = restored(*group.stores['c2'].load(), group.voters)
    assert memory.in_doubt and memory.given_up
    assert set(memory.in_doubt) | set(memory.given_up) == {f'open-{n}' for n in range(4)}
    restart(group, memory)
    group.run(until=lambda: group.leader, limit_s=5.0)
    group.submit(move('done'))
    for order_id in (*memory.given_up, *memory.in_doubt):
        group.submit(move(order_id, 'shelf_2', 'shelf_3'))
    group.run(seconds=1.0)
    assert group.status('done').state == OrderState.DONE
    for order_id in memory.given_up:
        assert group.status(order_id).state == OrderState.FAILED
        assert 'older backup' in group.status(order_id).reason
    for order_id in memory.in_doubt:
        assert group.status(order_id).state == OrderState.IN_DOUBT


def written(group, folder):
    """Write the log of c2 as files, and return the folder."""
    hard_state, snapshot, entries = group.stores['c2'].load()
    store = FileStore(folder, 'ring/demo/c2')
    store.save(hard_state, entries, snapshot)
    store.close()
    return folder


def test_the_command_writes_a_data_directory_and_leaves_the_backup_as_it_was(
        group, tmp_path, capsys):
    backup = written(group, tmp_path / 'backup')
    before = {path.name: path.read_bytes() for path in backup.iterdir()}
    assert restore(str(backup), str(tmp_path / 'c1'), 'ring', 'anew', 'c1',
                   ('c1', 'c2', 'c3')) == 0
    assert {path.name: path.read_bytes() for path in backup.iterdir()} == before
    said = capsys.readouterr().out
    assert 'robots to enrol where they stand: r0, r1' in said and 'open-' in said
    store = FileStore(tmp_path / 'c1', 'ring/anew/c1')
    hard_state, snapshot, entries = store.load()
    store.close()
    assert snapshot.members.voters == ('c1', 'c2', 'c3') and not entries
    assert hard_state.term > 1 << 20


def test_nothing_is_written_over_and_a_wrong_folder_is_named(group, tmp_path):
    backup = written(group, tmp_path / 'backup')
    (tmp_path / 'used').mkdir()
    (tmp_path / 'used' / 'file').touch()
    for source, target, node, word in (
            (tmp_path / 'none', tmp_path / 'new', 'c1', 'no copy of a data_dir'),
            (backup, tmp_path / 'used', 'c1', 'not empty'),
            (backup, tmp_path / 'new', 'c7', 'not among')):
        with pytest.raises(ConfigError, match=word):
            restore(str(source), str(target), 'ring', 'anew', node, ('c1', 'c2', 'c3'))
    empty = FileStore(tmp_path / 'empty', 'ring/demo/c2')
    empty.close()
    with pytest.raises(ConfigError, match='holds no fleet'):
        restore(str(tmp_path / 'empty'), str(tmp_path / 'new'), 'ring', 'anew', 'c1', ('c1',))
