# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a replica must not forget: one contract, kept in memory or in files.

    load() -> (HardState, Snapshot or None, list of Entry)     what survived
    save(hard_state, entries, snapshot)                        durable when it returns
    draft(snapshot) -> draft                                   to save a large one without a pause
    compact(index)                                             entries up to here may go
    reopen()                                                   after a failure: see the disk anew
    close()

`entries` replace stored entries of the same and all later indices. A `snapshot` replaces the log
that it covers: entries behind it stay only if the log holds the snapshot's last entry (paper,
section 7).
`load` returns the entries behind the newest snapshot.

A draft is a snapshot on its way to the disk: `step()` does a slice of that and returns True after
the last, `abandon()` ends it. A `save` of that snapshot then has only to name it. One at a time.
"""

import os

from robot_swarm_orch.errors import StorageError
from robot_swarm_orch.raft import segments
from robot_swarm_orch.raft.disk import OsDisk, write_all
from robot_swarm_orch.raft.errors import CorruptLog, DiskRefused, StoreLocked
from robot_swarm_orch.raft.messages import Entry, HardState


class _Image:
    """What a store holds, with the contract's rules; files and memory share it."""

    def __init__(self):
        self.hard_state = HardState()
        self.snapshot = None
        self.entries = []

    def save(self, hard_state, entries, snapshot_mark):
        """Apply one save; `snapshot_mark` is (index, term) or None. StorageError on a gap."""
        if snapshot_mark is not None and not self.joins(*snapshot_mark):
            self.entries = []
        if entries:
            self._append(entries)
        if hard_state is not None:
            self.hard_state = hard_state

    def _append(self, entries):
        if self.entries:
            # In a replay the first entry may lie below the stored ones: its own predecessors were
            # in a segment that compaction has removed.
            offset = max(0, entries[0].index - self.entries[0].index)
            if offset > len(self.entries):
                raise StorageError(
                    f'entry {entries[0].index} does not join the stored log '
                    f'{self.entries[0].index}..{self.entries[-1].index}')
            del self.entries[offset:]
        self.entries.extend(entries)

    def term_at(self, index):
        """Return the term of the stored entry at `index`, or None."""
        offset = index - self.entries[0].index if self.entries else -1
        return self.entries[offset].term if 0 <= offset < len(self.entries) else None

    def joins(self, index, term):
        """Return True if the log goes on behind a snapshot at (`index`, `term`)."""
        return (not self.entries or self.entries[0].index > index
                or self.term_at(index) == term)

    def compact(self, index):
        """Forget entries up to `index`."""
        if self.entries:
            del self.entries[:max(0, index + 1 - self.entries[0].index)]

    def load(self):
        """Return the contract's three values."""
        hard, snapshot, entries = self.hard_state, self.snapshot, self.entries
        if snapshot is not None:
            if entries and entries[0].index <= snapshot.index:
                entries = entries[snapshot.index + 1 - entries[0].index:]
            # The snapshot reaches the disk before the record that names its term. No vote in that
            # term can have left this replica before the record, so none is forgotten here.
            if hard.term < snapshot.term:
                hard = HardState(snapshot.term, None, hard.commit, hard.amnesic)
            if hard.commit < snapshot.index:
                hard = HardState(hard.term, hard.vote, snapshot.index, hard.amnesic)
        return hard, snapshot, list(entries)


class MemoryStore:
    """The contract without a disk, for tests and simulation: it survives the Raft object only."""

    def __init__(self):
        """Start empty."""
        self._image = _Image()

    def load(self):
        """Return (HardState, Snapshot or None, list of Entry)."""
        return self._image.load()

    def save(self, hard_state, entries, snapshot):
        """Take what a Ready asks to persist; each part may be None or empty."""
        mark = None
        if snapshot is not None:
            mark = (snapshot.index, snapshot.term)
            self._image.snapshot = snapshot
        self._image.save(hard_state, entries, mark)

    def draft(self, snapshot):
        """Return a draft with which there is nothing to do."""
        return _NoDraft()

    def compact(self, index):
        """Forget entries up to `index`, which a saved snapshot covers."""
        _check_covered(self._image, index)
        self._image.compact(index)

    def reopen(self):
        """Nothing to see anew."""

    def close(self):
        """Nothing to release."""


class _NoDraft:
    def step(self):
        return True

    def abandon(self):
        pass


class _FileDraft:
    """A draft of a FileStore, which tells the store when it is safe."""

    def __init__(self, file, mark, store):
        self._file, self._mark, self._store = file, mark, store

    def step(self):
        is_safe = self._store.while_usable(self._file.step)
        if is_safe:
            self._store.drafted = self._mark
        return is_safe

    def abandon(self):
        self._store.while_usable(self._file.abandon)


def _check_covered(image, index):
    covered = image.snapshot.index if image.snapshot else 0
    if index > covered:
        raise StorageError(
            f'entries up to {index} may not go: the saved snapshot covers up to {covered}')


class FileStore:
    """
    The contract in a directory: an append-only log in segments, and snapshots beside it.

    directory: made if missing; one store, one directory. identity: a name such as 'north/c1',
    written into the log and compared at every start, so a replica can't pick up another one's
    memory; empty means "don't care". segment_bytes: a segment that has grown past this is closed.
    disk: the operating system, or a simulated one (`sim/disk.py`).

    A torn last record is cut off at the start: nothing of it was promised to anybody; `repaired`
    then says what was cut. Raises StoreLocked if another process has the directory open, and
    CorruptLog for any other damage. (Damage to the last record long after it was written looks the
    same as a torn write; no local check can tell them apart.)

    A change of `commit` alone is not written, but goes with the next save. After an OSError (disk
    full, failed sync) the store refuses everything: the system may show bytes that never reached
    the disk, and call them synced the next time (Rebello et al., "Can Applications Recover from
    fsync Failures?", USENIX ATC 2020). `reopen` reads the disk anew, as a new process would.

    Whatever a start reads is made safe before it counts: the process before may have died between
    writing and syncing. So the names are synced, and the last record is written once more.
    """

    def __init__(self, directory, identity='', segment_bytes=8 * 1024 * 1024, disk=OsDisk):
        """Open or create the store, and read it."""
        self._disk = disk
        self._directory = os.fspath(directory)
        self._identity = identity
        self._segment_bytes = segment_bytes
        self._descriptor = None
        self._lock = None
        try:
            disk.make_folder(self._directory)
            self._lock = self._take_lock()
            self._open()
            self._failure = None
        except OSError as error:
            self._release()
            raise DiskRefused(self._closed_door(error)) from error
        except BaseException:
            self._release()
            raise

    def _closed_door(self, error):
        return (f'cannot keep a log in {self._directory}: {error}. The directory (parameter '
                'data_dir) must be writable and its disk have room; nothing was lost')

    def _take_lock(self):
        """Take the directory's lock, or raise StoreLocked naming who holds it."""
        try:
            return self._disk.lock(os.path.join(self._directory, 'lock'))
        except BlockingIOError as error:
            raise StoreLocked(
                f'{self._directory} is in use by process {error.strerror}: two replicas must not '
                'share one store. Stop that process, or give this replica its own directory'
                ) from error

    # The contract

    def load(self):
        """Return (HardState, Snapshot or None, list of Entry)."""
        self._check_usable()
        return self._image.load()

    def save(self, hard_state, entries, snapshot):
        """
        Put what a Ready asks for on disk; it is there when this returns.

        Raises DiskRefused when the disk refuses, StorageError when the entries leave a gap.
        """
        self._check_usable()
        held = self._image.hard_state
        is_hint_only = hard_state is None or (
            (hard_state.term, hard_state.vote, hard_state.amnesic)
            == (held.term, held.vote, held.amnesic))
        if is_hint_only and not entries and snapshot is None:
            if hard_state is not None:
                self._image.hard_state = hard_state
            return
        mark = None if snapshot is None else (snapshot.index, snapshot.term)
        try:
            if self._size > self._segment_bytes:
                self._start_segment(self._number + 1)
            if snapshot is not None:
                if self.drafted != mark:
                    segments.write_snapshot(self._disk, self._directory, snapshot)
                self._image.snapshot = snapshot
            self._image.save(hard_state, entries, mark)
            self._append_record(entries, mark)
        except OSError as error:
            self._fail(error)

    def draft(self, snapshot):
        """Return a draft of a snapshot; it raises what `save` does."""
        return _FileDraft(segments.SnapshotFile(self._disk, self._directory, snapshot),
                          (snapshot.index, snapshot.term), self)

    def while_usable(self, act):
        """Do something with the disk and return its result, as `save` would; for drafts."""
        self._check_usable()
        try:
            return act()
        except OSError as error:
            self._fail(error)

    def compact(self, index):
        """Remove old snapshots, and segments whose entries the newest snapshot covers."""
        self._check_usable()
        _check_covered(self._image, index)
        self._image.compact(index)
        try:
            for number in sorted(self._last_index_by_segment):
                if number == self._number or self._last_index_by_segment[number] > index:
                    break
                # One after another: a later name that vanished first would leave a gap.
                self._disk.unlink(self._path(number))
                self._disk.sync_folder(self._directory)
                del self._last_index_by_segment[number]
            for held in segments.list_snapshots(self._disk, self._directory)[:-1]:
                self._disk.unlink(os.path.join(self._directory, segments.snapshot_name(*held)))
            self._disk.sync_folder(self._directory)
        except OSError as error:
            self._fail(error)

    def reopen(self):
        """
        Read the disk anew after it refused; the lock is kept meanwhile.

        What `load` returns then is all that this replica ever promised, and perhaps a save that
        failed: it reached the disk, though nobody was told. Raises DiskRefused while the disk
        still refuses, or has next to no room, and CorruptLog as at a start.
        """
        if self._lock is None:
            raise StorageError(f'{self._directory}: the store is closed')
        self._failure = self._failure or 'reopening'
        try:
            segments.try_room(self._disk, self._directory)
            self._open()
            self._failure = None
        except OSError as error:
            raise DiskRefused(self._closed_door(error)) from error

    def close(self):
        """
        Write the newest commit hint, and release files and lock.

        It is written even if it is not new: behind a last record, damage to the one before shows.
        """
        try:
            if self._descriptor is not None and self._failure is None:
                self._append_record((), None)
        except OSError as error:
            self._fail(error)
        finally:
            self._release()

    # Writing

    def _append_record(self, entries, mark):
        """Write one save and wait for the disk."""
        record = segments.frame([
            segments.SAVE, _hard_row(self._image.hard_state),
            [(entry.term, entry.index, entry.kind, entry.data) for entry in entries], mark])
        write_all(self._disk, self._descriptor, record)
        self._disk.sync(self._descriptor)
        self._size += len(record)
        self._note_entries(self._number, entries)

    def _note_entries(self, number, entries):
        """Remember the highest index that a segment ever held; `compact` asks for it."""
        if entries:
            self._last_index_by_segment[number] = max(
                self._last_index_by_segment[number], entries[-1].index)

    def _start_segment(self, number):
        """Go on in a new segment, which starts with all that older ones know but entries."""
        record = segments.frame([segments.HEADER, segments.LAYOUT_VERSION, number,
                                 self._identity, _hard_row(self._image.hard_state)])
        descriptor = self._disk.create(self._path(number))
        try:
            write_all(self._disk, descriptor, record)
            self._disk.sync(descriptor)
            self._disk.sync_folder(self._directory)
        except BaseException:
            self._disk.close(descriptor)
            raise
        self._adopt(number, descriptor, len(record))

    def _adopt(self, number, descriptor, size):
        if self._descriptor is not None:
            self._disk.close(self._descriptor)
        self._number, self._descriptor, self._size = number, descriptor, size
        self._last_index_by_segment.setdefault(number, 0)

    def _fail(self, error):
        self._failure = str(error)
        raise DiskRefused(
            f'{self._directory}: {error}. This replica can promise nothing any more, so it stops '
            'leading and voting, and answers nothing that is not on disk. All that it answered '
            'before is kept. Free or mend the disk') from error

    def _check_usable(self):
        if self._failure is not None:
            raise StorageError(f'{self._directory}: unusable since an earlier failure '
                               f'({self._failure}): reopen the store')
        if self._descriptor is None:
            raise StorageError(f'{self._directory}: the store is closed')

    # Reading

    def _open(self):
        """Read everything, make safe what was read, and be ready to write."""
        disk, directory = self._disk, self._directory
        self._drop_descriptor()
        self._image = _Image()
        self._last_index_by_segment = {}
        self._newest_mark = 0
        self.drafted = None  # (index, term) of the draft that is safe
        self.repaired = ''
        disk.sync_folder(directory)
        segments.remove_leftovers(disk, directory)
        numbers = segments.list_segments(disk, directory)
        self._image.snapshot = segments.read_newest_snapshot(disk, directory)
        for number in numbers:
            self._read_segment(number, number == numbers[0], number == numbers[-1])
        if not self._last_index_by_segment:
            if self._image.snapshot is not None:
                raise CorruptLog(
                    f'{directory}: there is a snapshot but no log segment, so a vote may be '
                    f'forgotten. {segments.WAY_OUT}')
            self._start_segment(1)
            return
        number = max(self._last_index_by_segment)
        self._adopt(number, disk.append_to(self._path(number)), self._size)
        self._join_snapshot()

    def _read_segment(self, number, is_first, is_last):
        """Replay one segment, and cut off a torn end; a torn beginning removes the whole file."""
        path = self._path(number)
        data = self._disk.read(path)
        records, good, last = segments.scan(data)
        if good < len(data) or not records:
            self._refuse_unless_torn(path, data, good, is_last)
            if not records and is_first and (number != 1 or self._image.snapshot is not None):
                raise CorruptLog(
                    f'{path}: its first record (offset 0) is damaged, and no older segment '
                    f'remembers the vote. {segments.WAY_OUT}')
            self.repaired = (
                f'{path}: cut {len(data) - good} torn bytes at offset {good}, left by a crash in '
                'the midst of writing. Nothing was lost: no answer was given on them')
            if not records:
                self._disk.unlink(path)
                self._disk.sync_folder(self._directory)
                return
        self._check_header(path, number, records[0])
        if is_last:
            self._disk.end_with(path, last, data[last:good])
        self._size = good
        self._last_index_by_segment[number] = 0
        for _, hard_row, rows, mark in records[1:]:
            entries = [Entry(term, index, data, kind) for term, index, kind, data in rows]
            self._image.save(HardState(*hard_row), entries, mark)
            self._note_entries(number, entries)
            self._newest_mark = max(self._newest_mark, mark[0] if mark else 0)

    def _refuse_unless_torn(self, path, data, good, is_last):
        """Raise CorruptLog unless only the very last record can be what is damaged."""
        if not is_last or segments.next_whole_record(data, good) is not None:
            raise CorruptLog(
                f'{path}: the record at offset {good} is damaged, though later records exist: '
                f'this is no torn write. {segments.WAY_OUT}')

    def _check_header(self, path, number, record):
        if record[:3] != [segments.HEADER, segments.LAYOUT_VERSION, number]:
            raise CorruptLog(
                f'{path}: its header (offset 0) is that of another layout, version or segment: '
                f'{record[:3]}. {segments.WAY_OUT}')
        if self._identity and record[3] and record[3] != self._identity:
            raise StorageError(
                f'{path}: this is the memory of {record[3]!r}, not of {self._identity!r}. '
                'Give each replica its own directory')
        self._identity = self._identity or record[3]
        self._image.hard_state = HardState(*record[4])

    def _join_snapshot(self):
        """
        Make log and snapshot fit, if a crash came between writing the one and the other.

        Raises CorruptLog if the log does not reach back to its snapshot.
        """
        snapshot, entries = self._image.snapshot, self._image.entries
        covered = snapshot.index if snapshot else 0
        first = entries[0].index if entries else self._newest_mark + 1
        if first > covered + 1:
            raise CorruptLog(
                f'{self._directory}: the log starts at entry {first}, but the newest snapshot '
                f'ends at {covered}: a snapshot was removed. {segments.WAY_OUT}')
        if snapshot is not None and not self._image.joins(snapshot.index, snapshot.term):
            mark = (snapshot.index, snapshot.term)
            self._image.save(None, (), mark)
            self._append_record((), mark)

    def _path(self, number):
        return os.path.join(self._directory, segments.segment_name(number))

    def _drop_descriptor(self):
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            self._disk.close(descriptor)

    def _release(self):
        self._drop_descriptor()
        lock, self._lock = self._lock, None
        if lock is not None:
            self._disk.close(lock)


def _hard_row(hard_state):
    return [hard_state.term, hard_state.vote, hard_state.commit, hard_state.amnesic]
