# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""One contract for both stores; then what only a disk can do wrong."""

import os
import random
import subprocess
import sys

import pytest
from robot_swarm_orch.errors import StorageError
from robot_swarm_orch.raft import (
    CorruptLog, Entry, FileStore, HardState, MemoryStore, Snapshot, StoreLocked)
from robot_swarm_orch.raft import segments
from robot_swarm_orch.raft.disk import OsDisk
from robot_swarm_orch.raft.messages import Members

VOTERS = ('c1', 'c2', 'c3')


def entries(*pairs):
    """Return entries from (index, term) pairs."""
    return tuple(Entry(term, index, b'%d.%d' % (index, term)) for index, term in pairs)


def run_of(first, last, term=1):
    """Return the entries first..last of one term."""
    return entries(*((index, term) for index in range(first, last + 1)))


def snapshot_at(index, term=1):
    """Return a snapshot."""
    return Snapshot(index, term, b'state %d' % index, Members(VOTERS, ('c4',)))


@pytest.fixture(params=['memory', 'file', 'file, small segments'])
def reopen(request, tmp_path):
    """Return a function that closes the store, if there is one, and gives it back as found."""
    held = []

    def open_again():
        if request.param == 'memory':
            held[:] = held or [MemoryStore()]
            return held[0]
        if held:
            held.pop().close()
        size = 300 if 'small' in request.param else 1 << 20
        held.append(FileStore(tmp_path / 'c1', segment_bytes=size))
        return held[0]

    yield open_again
    if held:
        held[0].close()


# The contract

def test_a_new_store_is_empty(reopen):
    assert reopen().load() == (HardState(0, None, 0), None, [])


def test_what_was_saved_is_loaded(reopen):
    reopen().save(HardState(3, 'c2', 1), run_of(1, 4), None)
    assert reopen().load() == (HardState(3, 'c2', 1), None, list(run_of(1, 4)))


def test_many_saves_add_up(reopen):
    store = reopen()
    for index in range(1, 41):
        store.save(HardState(1, 'c1', index - 1), run_of(index, index), None)
    hard_state, snapshot, held = reopen().load()
    assert (hard_state, snapshot, held) == (HardState(1, 'c1', 39), None, list(run_of(1, 40)))


def test_entries_replace_a_conflicting_suffix(reopen):
    store = reopen()
    store.save(HardState(1), run_of(1, 5), None)
    store.save(HardState(2), entries((3, 2)), None)
    assert reopen().load()[2] == [*run_of(1, 2), *entries((3, 2))]


def test_entries_with_a_gap_are_refused_and_change_nothing(reopen):
    store = reopen()
    store.save(None, run_of(1, 2), None)
    with pytest.raises(StorageError, match='does not join'):
        store.save(None, run_of(4, 4), None)
    assert reopen().load()[2] == list(run_of(1, 2))


def test_saving_nothing_changes_nothing(reopen):
    store = reopen()
    store.save(HardState(2, 'c1', 0), run_of(1, 2), None)
    store.save(None, (), None)
    assert reopen().load() == (HardState(2, 'c1', 0), None, list(run_of(1, 2)))


def test_an_own_snapshot_leaves_the_entries_behind_it(reopen):
    store = reopen()
    store.save(HardState(1, None, 6), run_of(1, 9), None)
    store.save(None, (), snapshot_at(6))
    assert reopen().load() == (HardState(1, None, 6), snapshot_at(6), list(run_of(7, 9)))
    store = reopen()
    store.compact(6)
    assert reopen().load() == (HardState(1, None, 6), snapshot_at(6), list(run_of(7, 9)))
    reopen().save(None, run_of(10, 11), None)
    assert reopen().load()[2] == list(run_of(7, 11))


def test_a_received_snapshot_replaces_a_shorter_log(reopen):
    store = reopen()
    store.save(HardState(1), run_of(1, 3), None)
    store.save(HardState(4, None, 20), entries((21, 4)), snapshot_at(20, 4))
    assert reopen().load() == (HardState(4, None, 20), snapshot_at(20, 4), list(entries((21, 4))))


def test_a_received_snapshot_replaces_a_longer_log_that_differs(reopen):
    store = reopen()
    store.save(HardState(1), run_of(1, 30), None)
    store.save(HardState(4, None, 20), (), snapshot_at(20, 4))
    assert reopen().load() == (HardState(4, None, 20), snapshot_at(20, 4), [])
    reopen().save(None, entries((21, 4)), None)
    assert reopen().load()[2] == list(entries((21, 4)))


def test_only_what_a_snapshot_covers_may_be_compacted(reopen):
    store = reopen()
    store.save(None, run_of(1, 9), snapshot_at(4))
    with pytest.raises(StorageError, match='covers up to 4'):
        store.compact(5)


def test_an_entry_of_a_megabyte_is_kept(reopen):
    big = Entry(1, 1, random.Random(1).randbytes(1 << 20))
    reopen().save(HardState(1), (big,), None)
    assert reopen().load()[2] == [big]


@pytest.mark.parametrize('seed', range(10))
def test_any_history_is_loaded_like_the_memory_stores(reopen, seed):
    rng = random.Random(seed)
    store, model = reopen(), MemoryStore()
    last, term, covered = 0, 1, 0
    for _ in range(60):
        action = rng.choice(['append', 'append', 'append', 'conflict', 'snapshot', 'received',
                             'reopen'])
        snapshot, rows = None, ()
        if action == 'append':
            rows = run_of(last + 1, last + rng.randint(1, 4), term)
        elif action == 'conflict' and last > covered:
            term += 1
            first = rng.randint(covered + 1, last)
            rows = run_of(first, first + rng.randint(0, 3), term)
        elif action == 'snapshot' and last > covered:
            covered = rng.randint(covered + 1, last)
            held = {entry.index: entry.term for entry in model.load()[2]}
            snapshot = snapshot_at(covered, held[covered])
        elif action == 'received':
            covered, term = last + rng.randint(1, 3), term + 1
            last = covered
            snapshot = snapshot_at(covered, term)
        if rows:
            last = rows[-1].index
        hard_state = HardState(term, rng.choice([None, *VOTERS]), covered)
        for one in (store, model):
            one.save(hard_state, rows, snapshot)
            if snapshot:
                one.compact(covered)
        if action == 'reopen':
            store = reopen()
        assert store.load() == model.load(), f'seed {seed}'
    assert reopen().load() == model.load(), f'seed {seed}'


# Files

def open_store(directory, **options):
    """Open, read and close a store; return what it held."""
    store = FileStore(directory, **options)
    try:
        return store.load()
    finally:
        store.close()


def filled(directory, saves=4, **options):
    """Return the store's one segment's path after some saves, and the size before the last."""
    store = FileStore(directory, **options)
    path = directory / segments.segment_name(1)
    for index in range(1, saves + 1):
        size_before = path.stat().st_size
        store.save(HardState(1, 'c1', 0), run_of(index, index), None)
    store._release()
    return path, size_before


def test_a_torn_last_record_is_cut_off_wherever_it_was_torn(tmp_path):
    path, size_before = filled(tmp_path)
    whole = path.read_bytes()
    for size in range(size_before, len(whole)):
        path.write_bytes(whole[:size])
        store = FileStore(tmp_path)
        assert store.load() == (HardState(1, 'c1', 0), None, list(run_of(1, 3))), size
        assert bool(store.repaired) == (size > size_before)
        store.save(HardState(2, None, 0), run_of(4, 4, 2), None)
        store.close()
        assert open_store(tmp_path)[2] == [*run_of(1, 3), *run_of(4, 4, 2)], size
    path.write_bytes(whole)
    assert open_store(tmp_path)[2] == list(run_of(1, 4))


@pytest.mark.parametrize('filler', [b'\x00', b'\xff', b'SWRF'])
def test_a_last_record_of_garbage_is_cut_off(tmp_path, filler):
    path, size_before = filled(tmp_path)
    whole = path.read_bytes()
    for size in (size_before, size_before + 5, len(whole) - 1):
        path.write_bytes(whole[:size] + filler * 50)
        assert open_store(tmp_path)[2] == list(run_of(1, 3))


def test_damage_in_the_middle_is_refused_with_file_and_offset_and_left_alone(tmp_path):
    path, size_before = filled(tmp_path)
    whole = path.read_bytes()
    for offset in range(size_before):
        damaged = bytearray(whole)
        damaged[offset] ^= 0x10
        path.write_bytes(damaged)
        with pytest.raises(CorruptLog, match='offset') as refusal:
            FileStore(tmp_path)
        assert str(path) in str(refusal.value)
        assert path.read_bytes() == damaged
    path.write_bytes(whole)
    assert open_store(tmp_path)[2] == list(run_of(1, 4))


def test_damage_in_an_older_segment_is_refused_even_at_its_end(tmp_path):
    store = FileStore(tmp_path, segment_bytes=250)
    for index in range(1, 20):
        store.save(HardState(1), run_of(index, index), None)
    store.close()
    path = tmp_path / segments.segment_name(2)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CorruptLog, match='no torn write'):
        FileStore(tmp_path)


def test_a_missing_segment_is_refused(tmp_path):
    store = FileStore(tmp_path, segment_bytes=250)
    for index in range(1, 20):
        store.save(HardState(1), run_of(index, index), None)
    store.close()
    path = tmp_path / segments.segment_name(2)
    path.unlink()
    with pytest.raises(CorruptLog, match='is missing'):
        FileStore(tmp_path)


def test_missing_first_segments_without_their_snapshot_are_refused(tmp_path):
    store = FileStore(tmp_path, segment_bytes=250)
    for index in range(1, 20):
        store.save(HardState(1), run_of(index, index), None)
    store.close()
    (tmp_path / segments.segment_name(1)).unlink()
    with pytest.raises(CorruptLog, match='a snapshot was removed'):
        FileStore(tmp_path)


def test_a_crash_while_a_segment_is_begun_loses_nothing(tmp_path):
    path, _ = filled(tmp_path)
    header_size = segments.parse(path.read_bytes(), 0)[1]
    header = path.read_bytes()[:header_size]
    for size in range(header_size):
        (tmp_path / segments.segment_name(2)).write_bytes(header[:size])
        assert open_store(tmp_path)[2] == list(run_of(1, 4))
        assert not (tmp_path / segments.segment_name(2)).exists()


def test_a_first_segment_that_was_never_finished_is_begun_again(tmp_path):
    (tmp_path / segments.segment_name(1)).write_bytes(b'SWR')
    assert open_store(tmp_path) == (HardState(), None, [])
    assert open_store(tmp_path) == (HardState(), None, [])


def test_a_crash_between_snapshot_and_log_is_healed_at_the_start(tmp_path):
    store = FileStore(tmp_path)
    store.save(HardState(2, 'c2', 3), run_of(1, 30), None)
    store.close()
    segments.write_snapshot(OsDisk, str(tmp_path), snapshot_at(20, 4))
    for _ in range(2):
        # No vote of term 4 can have been given: it would be in the log.
        assert open_store(tmp_path) == (HardState(4, None, 20), snapshot_at(20, 4), [])
    store = FileStore(tmp_path)
    store.save(HardState(4, 'c3', 20), entries((21, 4)), None)
    store.close()
    assert open_store(tmp_path)[2] == list(entries((21, 4)))


def test_a_snapshot_left_half_written_is_removed(tmp_path):
    filled(tmp_path)
    leftover = tmp_path / 'snapshot-0000000000000009-0000000000000001.snap.tmp'
    leftover.write_bytes(b'half')
    assert open_store(tmp_path)[2] == list(run_of(1, 4))
    assert not leftover.exists()


def test_a_damaged_snapshot_is_refused(tmp_path):
    store = FileStore(tmp_path)
    store.save(HardState(1, None, 9), run_of(1, 9), snapshot_at(6))
    store.compact(6)
    store.close()
    path = tmp_path / segments.snapshot_name(6, 1)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(CorruptLog, match='snapshot is damaged'):
        FileStore(tmp_path)


def test_a_snapshot_without_a_log_is_refused(tmp_path):
    store = FileStore(tmp_path)
    store.save(HardState(1, None, 9), run_of(1, 9), snapshot_at(6))
    store.close()
    (tmp_path / segments.segment_name(1)).unlink()
    with pytest.raises(CorruptLog, match='a vote may be forgotten'):
        FileStore(tmp_path)


def test_compaction_removes_old_segments_and_old_snapshots(tmp_path):
    store = FileStore(tmp_path, segment_bytes=300)
    for index in range(1, 101):
        store.save(HardState(1, None, index), run_of(index, index), None)
    before = len(list(tmp_path.glob('segment-*')))
    for index in (40, 90):
        store.save(None, (), snapshot_at(index))
        store.compact(index)
    assert len(list(tmp_path.glob('segment-*'))) < before / 2
    assert [path.name for path in tmp_path.glob('snapshot-*')] == [segments.snapshot_name(90, 1)]
    store.close()
    assert open_store(tmp_path)[2] == list(run_of(91, 100))


def test_a_second_process_is_refused_and_told_who_is_there(tmp_path):
    store = FileStore(tmp_path)
    with pytest.raises(StoreLocked, match=str(os.getpid())):
        FileStore(tmp_path)
    code = ('import sys; from robot_swarm_orch.raft import FileStore, StoreLocked\n'
            'try: FileStore(sys.argv[1])\n'
            'except StoreLocked: sys.exit(7)\n')
    path = [entry or os.getcwd() for entry in sys.path]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path))
    done = subprocess.run([sys.executable, '-c', code, str(tmp_path)], env=environment)
    assert done.returncode == 7
    store.close()
    open_store(tmp_path)


def test_a_store_that_failed_to_open_leaves_no_lock_behind(tmp_path):
    path, _ = filled(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(b'x' + whole[1:])
    for _ in range(2):
        with pytest.raises(CorruptLog):
            FileStore(tmp_path)
    path.write_bytes(whole)
    open_store(tmp_path)


def test_another_replicas_directory_is_refused(tmp_path):
    FileStore(tmp_path, identity='north/c1').close()
    with pytest.raises(StorageError, match="memory of 'north/c1', not of 'north/c2'"):
        FileStore(tmp_path, identity='north/c2')
    open_store(tmp_path, identity='north/c1')
    open_store(tmp_path)


def test_a_closed_store_refuses(tmp_path):
    store = FileStore(tmp_path)
    store.close()
    with pytest.raises(StorageError, match='closed'):
        store.save(HardState(1), (), None)


def test_every_save_waits_for_the_disk_except_a_mere_commit_hint(tmp_path):
    synced = []

    class Watched(OsDisk):
        @staticmethod
        def sync(descriptor):
            synced.append(OsDisk.sync(descriptor))

    store = FileStore(tmp_path, disk=Watched)
    synced.clear()
    store.save(HardState(1, 'c1', 0), (), None)
    store.save(HardState(1, 'c1', 0), run_of(1, 3), None)
    assert len(synced) == 2
    store.save(HardState(1, 'c1', 3), (), None)
    assert len(synced) == 2
    store.save(HardState(2, None, 3), (), None)
    assert len(synced) == 3
    store.close()
    assert open_store(tmp_path)[0] == HardState(2, None, 3)
