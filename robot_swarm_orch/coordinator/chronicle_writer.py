# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Writes the event log: notes of applied entries become rows, and what is old goes.

What was written already, as when entries are applied again after a restart, changes nothing. Old
entries go up to a snapshot, so that the state can be rebuilt at whatever index is kept; only when
the size is reached and no later snapshot is there, the oldest tenth goes as it is.
"""

from dataclasses import dataclass
import zlib

from robot_swarm_orch.codec import pack
from robot_swarm_orch.coordinator import chronicle_file
from robot_swarm_orch.coordinator.chronicle import Chronicle, order_subject, robot_subject
from robot_swarm_orch.coordinator.notes import Note

_GONE_AT_ONCE = 5000
"""Entries that one call of `prune` removes at most, so that nobody waits for it long."""

_TABLES = ('entry', 'line', 'about', 'happening', 'ended')


@dataclass(frozen=True)
class Bounds:
    """
    How much is kept.

    age_s: of the time that the fleet was led [s]. size_bytes: of the file. reserve_bytes: of its
    disk, which nothing is written into: the Raft log needs it.
    """

    age_s: float = 86_400.0
    size_bytes: int = 4 << 30
    reserve_bytes: int = 256 << 20


class ChronicleWriter(Chronicle):
    """An event log to write and to read, in one thread; methods raise ChronicleRefused."""

    def __init__(self, path, bounds: Bounds = Bounds()):
        """Open or make the file."""
        super().__init__(path, chronicle_file.open_to_write(path))
        self._bounds = bounds
        self._newest = self.reach()[1]

    def write(self, notes) -> None:
        """Write notes down, all or none of them."""
        notes = list(notes)
        if not notes:
            return
        with chronicle_file.told(self.path):
            room = chronicle_file.free_bytes(self.path)
            if room < self._bounds.reserve_bytes:
                raise chronicle_file.ChronicleRefused(
                    f'{self.path}: {room >> 20} MiB are left on its disk, and the log of the '
                    f'coordinators needs them: free some, {self._bounds.reserve_bytes >> 20} MiB '
                    'at least')
            newest = self._newest
            self._db.execute('BEGIN IMMEDIATE')
            try:
                newest = self._write_all(notes)
                self._db.execute('COMMIT')
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute('ROLLBACK')
                raise
            self._newest = newest

    def _write_all(self, notes):
        """Put all rows in, in the transaction that is open; return the newest index."""
        entries = [note for note in notes if type(note) is Note]
        many = self._db.executemany
        many('INSERT OR IGNORE INTO entry VALUES (?, ?, ?, ?, ?, ?)', (
            (note.index, note.term, note.kind, note.time_ms, note.ros_time_ms, note.data)
            for note in entries))
        many('INSERT OR IGNORE INTO line VALUES (?, ?, ?)', (
            (note.index, fact.position, fact.why_not) for note in entries for fact in note.facts))
        many('INSERT OR IGNORE INTO about VALUES (?, ?, ?)', (
            row for note in entries if note.facts for row in _about(note)))
        many('INSERT OR IGNORE INTO happening VALUES (?, ?, ?, ?, ?, ?)', (
            (change.order_id, note.index, change.position, change.state, change.robot,
             change.reason) for note in entries for change in note.changes))
        many('INSERT OR REPLACE INTO ended VALUES (?, ?, ?, ?, ?, ?)', (
            (order.order_id, note.index, int(order.state), order.robot,
             order.client, pack(order))
            for note in entries for order in note.ended))
        many('INSERT OR IGNORE INTO snapshot VALUES (?, ?, ?, ?)', (
            (note.index, note.term, note.time_ms, zlib.compress(note.data, 1))
            for note in notes if type(note) is not Note))
        newest = self._newest
        for first, last in _runs(note.index for note in entries):
            if newest and first > newest + 1:
                self._db.execute('INSERT OR REPLACE INTO gap VALUES (?, ?)',
                                 (newest + 1, first - 1))
            elif first <= newest:
                self._fill(first, last)
            newest = max(newest, last)
        return newest

    def _fill(self, first, last):
        """Take the entries `first..last` out of the gaps."""
        for begin, end in self._rows('SELECT first, last FROM gap WHERE first <= ? AND last >= ?',
                                     last, first):
            self._db.execute('DELETE FROM gap WHERE first = ?', (begin,))
            left = [(begin, first - 1)] * (begin < first) + [(last + 1, end)] * (last < end)
            self._db.executemany('INSERT INTO gap VALUES (?, ?)', left)

    # Forgetting

    def prune(self) -> bool:
        """Remove some of what is beyond the bounds; return whether more is left to remove."""
        upto = self._upto()
        oldest, _ = self.reach()
        step = min(upto, oldest + _GONE_AT_ONCE - 1)
        if not oldest or step < oldest:
            return False
        with chronicle_file.told(self.path):
            self._db.execute('BEGIN IMMEDIATE')
            try:
                for table in _TABLES:
                    self._db.execute(f'DELETE FROM {table} WHERE idx <= ?', (step,))
                self._db.execute('DELETE FROM snapshot WHERE idx < ?', (step,))
                self._db.execute('DELETE FROM gap WHERE last <= ?', (step,))
                self._db.execute('COMMIT')
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute('ROLLBACK')
                raise
        return step < upto

    def _upto(self):
        """Return up to which index everything is beyond the bounds, 0 if nothing is."""
        oldest, newest = self.reach()
        too_old = self._rows(
            'SELECT max(idx) FROM snapshot WHERE time_ms <= (SELECT time_ms FROM entry WHERE idx '
            '= ?) - ?', newest, int(1000.0 * self._bounds.age_s))[0][0] or 0
        if self.used_bytes() > self._bounds.size_bytes:
            later = [index for index in self.snapshots() if index > oldest]
            too_old = max(too_old, later[0] if later else oldest + (newest - oldest) // 10)
        return too_old


def _about(note):
    """Return the rows that find a note's lines by order and robot."""
    positions = {fact.position for fact in note.facts}
    rows = {}
    for fact in note.facts:
        if fact.order_id:
            rows[order_subject(fact.order_id), note.index, fact.position] = None
        if fact.robot:
            rows[robot_subject(fact.robot), note.index, fact.position] = None
    for change in note.changes:
        if change.position in positions:
            rows[order_subject(change.order_id), note.index, change.position] = None
            if change.robot:
                rows[robot_subject(change.robot), note.index, change.position] = None
    return rows


def _runs(indices):
    """Return (first, last) of each run of indices without a gap, in the order given."""
    runs = []
    for index in indices:
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return runs
