# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A `FileStore` whose computer dies at every single write to the disk, on a simulated disk.

A scripted life is run once to count its changes to the disk. Then it is run again for each of
them, the power goes off in the midst of it, and what a new start finds is held against what `save`
had returned from: nothing of that may be missing, and nothing may have been made up.
"""

import copy
from dataclasses import dataclass, field
import random

import pytest
from robot_swarm_orch.errors import StorageError
from robot_swarm_orch.raft import (
    CorruptLog, DiskRefused, Entry, FileStore, HardState, MemoryStore, Snapshot,
    StoreLocked)
from robot_swarm_orch.raft import segments
from robot_swarm_orch.raft.messages import Members
from robot_swarm_orch.sim.disk import PowerLost, SimDisk

FOLDER = '/var/c1'
VOTERS = ('c1', 'c2', 'c3')
SEGMENT_BYTES = 700
CRASHES = 12  # ways in which each crash is settled


def run_of(first, last, term=1, size=60):
    """Return the entries first..last of one term, each with `size` bytes."""
    return tuple(Entry(term, index, random.Random(f'{index} {term}').randbytes(size))
                 for index in range(first, last + 1))


def snapshot_at(index, term=1):
    """Return a snapshot of more than one sector."""
    return Snapshot(index, term, random.Random(index).randbytes(1300), Members(VOTERS, ('c4',)))


def open_store(disk):
    """Return a store on the simulated disk, with small segments."""
    return FileStore(FOLDER, 'north/c1', SEGMENT_BYTES, disk)


LIFE = (
    (HardState(1, None, 0, True), (), None),
    (HardState(1, 'c2', 0, True), run_of(1, 3), None),
    (HardState(1, 'c2', 3), (), None),                     # admitted
    (HardState(1, 'c2', 7), run_of(4, 9), None),
    (HardState(2, None, 7), run_of(8, 12, 2), None),       # replaces 8 and 9
    (HardState(2, None, 30), run_of(13, 30, 2), None),     # more than a segment
    (HardState(2, None, 32), run_of(31, 32, 2), None),
    (None, (), snapshot_at(20, 2)),                        # an own one
    'compact 20',
    (HardState(3, 'c1', 32), run_of(33, 40, 3), None),
    'reopen',
    (HardState(4, None, 40), run_of(39, 44, 4), None),
    (HardState(5, None, 90), run_of(91, 92, 5), snapshot_at(90, 5)),   # a leader's
    (HardState(5, 'c3', 92), run_of(93, 99, 5), None),
    (None, (), snapshot_at(98, 5)),
    'compact 98',
    (HardState(6, 'c3', 99), run_of(100, 101, 6), None),
)


SLICED_LIFE = (
    (HardState(1, 'c2', 0), run_of(1, 9), None),
    (None, (), snapshot_at(4)),
    'compact 4',
    ('slice', snapshot_at(8)),                             # summed
    ('slice', snapshot_at(8)),                             # its file begun
    (HardState(1, 'c2', 9), run_of(10, 12), None),         # life goes on between
    ('slice', snapshot_at(8)),
    (HardState(2, None, 9), run_of(11, 14, 2), None),
    ('slice', snapshot_at(8)),
    ('finish', snapshot_at(8)),
    'compact 8',
    (HardState(3, 'c1', 14), run_of(15, 16, 3), None),
    ('slice', snapshot_at(12, 2)),
    ('slice', snapshot_at(12, 2)),
    ('slice', snapshot_at(12, 2)),
    'abandon',
    (HardState(4, None, 90), run_of(91, 92, 4), snapshot_at(90, 4)),   # a leader's came
    'compact 90',
)
"""A life whose own snapshots are written in slices."""


@dataclass
class Promise:
    """What `save` has returned from, and what it was about to do."""

    done: MemoryStore = field(default_factory=MemoryStore)
    after: MemoryStore = field(default_factory=MemoryStore)

    def begin(self, step):
        """Note what the step leads to if it goes through."""
        carry_out(self.after, step)

    def end(self):
        """Note that the step has returned."""
        self.done = copy.deepcopy(self.after)


DRAFTS = {}  # store -> the draft that it writes


def carry_out(store, step):
    """Do one step of a life."""
    if step == 'reopen':
        store.reopen()
    elif step == 'abandon':
        DRAFTS.pop(store).abandon()
    elif isinstance(step, str):
        store.compact(int(step.split()[1]))
    elif step[0] in ('slice', 'finish'):
        if store not in DRAFTS:
            DRAFTS[store] = store.draft(step[1])
        is_safe = DRAFTS[store].step()
        assert step[0] == 'finish' or not is_safe or type(store) is MemoryStore
        while step[0] == 'finish' and not is_safe:
            is_safe = DRAFTS[store].step()
        if step[0] == 'finish':
            store.save(None, (), DRAFTS.pop(store) and step[1])
    else:
        store.save(*step)


def live(disk, life=LIFE):
    """Live until the end or until the power goes off; return the Promise."""
    promise = Promise()
    try:
        store = open_store(disk)
        for step in life:
            promise.begin(step)
            carry_out(store, step)
            promise.end()
        store.close()
    except PowerLost:
        pass
    return promise


def durable(store_or_values):
    """Return what matters of a `load`: hard state less the hint, snapshot, entries, their end."""
    hard, snapshot, entries = store_or_values
    last = entries[-1].index if entries else snapshot.index if snapshot else 0
    return (hard.term, hard.vote, hard.amnesic), snapshot, entries, last


def check_kept(found, promise, where):
    """
    Hold what a start found against the promise.

    It is the state before the step that was cut off, or the one after it; or, since a snapshot
    has a file of its own, the one before with the snapshot that the step was about to save.
    """
    before, after = durable(promise.done.load()), durable(promise.after.load())
    got = durable(found)
    assert found[0].commit <= got[3], f'{where}: commit {found[0].commit} of {got[3]} entries'
    if got in (before, after):
        return
    assert got[1] == after[1] != before[1], f'{where}: found {got}, promised {before}'
    assert got[0] in (before[0], after[0], (after[1].term, None, before[0][2])), where
    assert got[2] in (before[2], [entry for entry in before[2] if entry.index > got[1].index], []
                      ), where
    if got[2] == []:
        assert before[3] <= got[1].index or before[2][0].term != got[1].term, where


def test_the_scripted_life_touches_everything_a_store_can_do():
    disk = SimDisk()
    promise = live(disk)
    disk.crash(random.Random(1))
    assert open_store(disk).load() == promise.done.load()
    names = [name.rsplit('/', 1)[1] for name in disk.files()]
    assert disk.steps > 60
    assert sum(name.endswith('.snap') for name in names) == 1
    assert segments.segment_name(1) not in names and len(names) >= 3


@pytest.mark.parametrize('life', (LIFE, SLICED_LIFE), ids=('at once', 'in slices'))
def test_a_crash_at_any_write_loses_nothing_that_was_promised(life, monkeypatch):
    monkeypatch.setattr(segments, 'WRITTEN_BYTES', 500)
    disk = SimDisk()
    live(disk, life)
    for step in range(1, disk.steps + 1):
        died = SimDisk()
        died.crash_at = step
        promise = live(died, life)
        for seed in range(CRASHES):
            disk = copy.deepcopy(died)
            disk.crash(random.Random(f'{step} {seed}'))
            where = f'change {step}, seed {seed}'
            store = open_store(disk)
            check_kept(store.load(), promise, where)
            store.save(HardState(9, 'c1', 0), (), None)
            disk.crash(random.Random(seed))
            assert open_store(disk).load()[0].vote == 'c1', where


def test_a_snapshot_in_slices_counts_when_it_is_safe_and_leaves_nothing_behind(monkeypatch):
    monkeypatch.setattr(segments, 'WRITTEN_BYTES', 500)
    disk = SimDisk()
    promise = live(disk, SLICED_LIFE)
    disk.crash(random.Random(1))
    assert open_store(disk).load() == promise.done.load()
    assert [name for name in disk.files() if '.snap' in name] == [
        f'{FOLDER}/{segments.snapshot_name(90, 4)}']
    disk = SimDisk()
    live(disk, SLICED_LIFE[:8])
    assert open_store(copy.deepcopy(disk)).load()[1] == snapshot_at(4), 'half of one is none'
    live_on = SimDisk()
    live(live_on, SLICED_LIFE[:10])
    assert open_store(live_on).load()[1] == snapshot_at(8)


def test_a_crash_in_the_midst_of_a_recovery_loses_nothing():
    disk = SimDisk()
    live(disk)
    for step in range(1, disk.steps + 1, 2):
        died = SimDisk()
        died.crash_at = step
        promise = live(died)
        died.crash(random.Random(step))
        for later in range(1, 12):
            disk = copy.deepcopy(died)
            disk.crash_at = disk.steps + later
            try:
                open_store(disk).close()
            except PowerLost:
                pass
            disk.crash(random.Random(later))
            check_kept(open_store(disk).load(), promise, f'changes {step} and {later} later')


def test_what_a_start_found_after_a_kill_survives_a_power_cut():
    """A dead process may have written what it never synced; whoever reads it relies on it."""
    disk = SimDisk()
    live(disk)
    for step in range(1, disk.steps + 1):
        killed = SimDisk()
        killed.crash_at = step
        promise = live(killed)
        killed.kill()
        found = open_store(killed).load()
        check_kept(found, promise, f'change {step}')
        for seed in range(4):
            disk = copy.deepcopy(killed)
            disk.crash(random.Random(seed))
            assert open_store(disk).load() == found, f'change {step}, seed {seed}'


def meet_a_failure(spoil, life=LIFE):
    """
    Spoil the disk before each step in turn, and check store and promise.

    Yields disk, store and promise after each refusal, and what was said.
    """
    for index in range(len(life)):
        disk, promise = SimDisk(), Promise()
        store = open_store(disk)
        for step in life[:index]:
            promise.begin(step)
            carry_out(store, step)
            promise.end()
        spoil(disk)
        promise.begin(life[index])
        try:
            carry_out(store, life[index])
        except DiskRefused as refusal:
            said = str(refusal)
            assert FOLDER in said and 'disk' in said
        else:
            promise.end()
            continue
        for refused in (lambda: store.save(HardState(9), (), None), store.load,
                        lambda: store.compact(0)):
            with pytest.raises(StorageError, match='unusable since an earlier failure'):
                refused()
        yield disk, store, promise, said


def check_goes_on(disk, store, promise, where):
    """Reopen a store that refused, let it go on, and cut the power."""
    disk.heal()
    with pytest.raises(StoreLocked):
        open_store(disk)
    store.reopen()
    found = store.load()
    check_kept(found, promise, where)
    relied = copy.deepcopy(disk)
    relied.crash(random.Random(where))
    assert open_store(relied).load() == found, where
    last = durable(found)[3]
    store.save(HardState(9, 'c3', 0), run_of(last + 1, last + 2, 9), None)
    found = store.load()
    disk.crash(random.Random(where))
    assert open_store(disk).load() == found, where


@pytest.mark.parametrize('room', [0, 1, 11, 30, 200, 512, 1000, 1350])
def test_a_full_disk_loses_nothing_and_with_room_the_store_goes_on(room):
    def spoil(disk):
        disk.free_bytes = room
    count = 0
    for disk, store, promise, said in meet_a_failure(spoil):
        assert 'No space left on device' in said
        assert 'Free or mend the disk' in said or 'have room' in said
        with pytest.raises(DiskRefused, match='No space left on device'):
            store.reopen()
        check_goes_on(disk, store, promise, f'room {room}')
        count += 1
    assert count > 1


def test_after_a_failed_sync_nothing_is_trusted_that_the_disk_does_not_give_back():
    def spoil(disk):
        disk.fails_to_sync = True
    met = 0
    for disk, store, promise, _ in meet_a_failure(spoil):
        with pytest.raises(DiskRefused, match='Input/output error'):
            store.reopen()
        check_goes_on(disk, store, promise, f'met {met}')
        met += 1
    assert met == len(LIFE)


def test_a_disk_that_turned_read_only_refuses_and_keeps_everything():
    def spoil(disk):
        disk.read_only = True
    for disk, store, promise, _ in meet_a_failure(spoil):
        with pytest.raises(DiskRefused, match='Read-only file system.*data_dir'):
            store.reopen()
        check_goes_on(disk, store, promise, 'read-only')


def with_bytes(disk, path, data):
    """Let a file of a disk at rest have other bytes."""
    disk.end_with(path, 0, data)


def newest_snapshot(disk):
    """Return the path of the newest snapshot file."""
    return max(path for path in disk.files() if path.endswith('.snap'))


def test_a_snapshot_that_lost_its_end_is_refused_with_its_file_and_the_way_out():
    whole = SimDisk()
    live(whole)
    path = newest_snapshot(whole)
    data = whole.read(path)
    for size in (0, 5, 12, 600, len(data) - 1):
        disk = copy.deepcopy(whole)
        with_bytes(disk, path, data[:size])
        with pytest.raises(CorruptLog, match='the snapshot is damaged.*offset 0.*Restore') as told:
            open_store(disk)
        assert path in str(told.value)
        assert disk.read(path) == data[:size]


def test_a_record_whose_snapshot_is_gone_is_refused():
    for end in range(len(LIFE)):
        disk = SimDisk()
        live(disk, LIFE[:end + 1])
        if not any(path.endswith('.snap') for path in disk.files()):
            continue
        reaches_back = f'{FOLDER}/{segments.segment_name(1)}' in disk.files()
        for path in list(disk.files()):
            if path.endswith('.snap'):
                disk.unlink(path)
        if reaches_back and LIFE[end][2] == snapshot_at(20, 2):
            assert [entry.index for entry in open_store(disk).load()[2]] == [*range(1, 33)]
            continue
        with pytest.raises(CorruptLog, match='a snapshot was removed.*Restore'):
            open_store(disk)


def test_a_received_snapshot_without_its_record_counts_and_without_either_nothing_changed():
    received = (HardState(5, None, 90), (), snapshot_at(90, 5))
    found = set()
    for later in range(1, 8):
        disk = SimDisk()
        live(disk, LIFE[:7])
        store = open_store(disk)
        disk.crash_at = disk.steps + later
        with pytest.raises(PowerLost):
            store.save(*received)
            pytest.fail(f'the save took fewer than {later} changes')
        disk.kill()
        hard, snapshot, entries = open_store(disk).load()
        if snapshot is None:
            assert (hard.term, entries[-1].index) == (2, 32)
        else:
            assert (hard.term, hard.vote, hard.commit, entries) == (5, None, 90, [])
        found.add(snapshot is None)
    assert found == {True, False}


def test_a_rotten_byte_in_the_middle_is_refused_with_file_offset_and_the_way_out():
    whole = SimDisk()
    live(whole)
    rng = random.Random(5)
    last = max(path for path in whole.files() if path.endswith('.log'))
    safe = segments.scan(whole.read(last))[2]
    refused = 0
    for path, size in whole.files().items():
        for offset in rng.sample(range(safe if path == last else size), 25):
            disk = copy.deepcopy(whole)
            disk.flip(path, offset)
            if path.endswith('.snap') and path != newest_snapshot(disk):
                continue
            with pytest.raises(CorruptLog, match='offset.*Nothing was changed.*Restore') as told:
                open_store(disk)
            assert path in str(told.value)
            refused += 1
    assert refused >= 50


def test_a_store_on_a_bad_disk_does_not_open_and_leaves_no_lock():
    disk = SimDisk()
    live(disk)
    for fault in ('read_only', 'fails_to_sync'):
        setattr(disk, fault, True)
        with pytest.raises(DiskRefused, match=f'cannot keep a log in {FOLDER}.*nothing was lost'):
            open_store(disk)
        disk.heal()
        open_store(disk).close()


def test_a_store_whose_last_words_fail_says_so_and_leaves_no_lock():
    disk = SimDisk()
    store = open_store(disk)
    store.save(*LIFE[0])
    disk.free_bytes = 0
    with pytest.raises(DiskRefused, match='No space left'):
        store.close()
    with pytest.raises(StorageError, match='closed'):
        store.reopen()
    disk.heal()
    assert open_store(disk).load()[0] == LIFE[0][0]


def test_after_a_clean_end_a_byte_that_rots_in_the_last_save_is_refused():
    disk = SimDisk()
    store = open_store(disk)
    store.save(HardState(3, 'c2', 0), (), None)
    path, = disk.files()
    size = disk.files()[path]
    store.close()
    disk.flip(path, size - 2)
    with pytest.raises(CorruptLog, match='though later records exist'):
        open_store(disk)


def test_a_first_segment_that_lost_its_header_beside_a_snapshot_is_refused():
    disk = SimDisk()
    live(disk, LIFE[:8])
    path = f'{FOLDER}/{segments.segment_name(1)}'
    for other in list(disk.files()):
        if other.endswith('.log') and other != path:
            disk.unlink(other)
    with_bytes(disk, path, b'SWRF')
    with pytest.raises(CorruptLog, match=r'\(offset 0\) is damaged.*remembers the vote'):
        open_store(disk)
