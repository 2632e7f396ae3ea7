# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a robot must still know after its computer died: its command, its load action, its latch.

A journal takes records and gives back the state they add up to. `write` returns only when the
record would survive a power cut: the load is touched after STARTED is on disk, a command is
acknowledged after its outcome is, and an emergency stop is released after LATCH is
(`stop_latch.py`).

`FileJournal` keeps one append-only file. Each record is its length, a CRC-32 and its bytes; a torn
tail, which only a record that nobody relied on can have, is cut off at start, and damage before
the tail is refused. A file that has grown is rewritten with only the records that still count.
"""

from dataclasses import dataclass, replace
import fcntl
import os
from pathlib import Path
import struct
from typing import Optional, Protocol, Tuple, Union
from zlib import crc32

from robot_swarm_orch.codec import pack, unpack
from robot_swarm_orch.errors import StorageError, WireError
from robot_swarm_orch.types import CommandKind, LoadAction, Outcome

_HEADER = struct.Struct('<II')
_MAGIC = b'swarm-journal-1\n'
_COMPACT_BYTES = 64 * 1024


@dataclass(frozen=True)
class Accepted:
    """A command was accepted; it is carried out once, whatever happens to the robot."""

    seq: int
    term: int
    kind: CommandKind
    order_id: str = ''
    step: int = 0


@dataclass(frozen=True)
class Started:
    """A load action is about to be asked for: from here on a repetition could do it twice."""

    seq: int
    action_id: str
    action: LoadAction


@dataclass(frozen=True)
class Finished:
    """A command has ended, or its load action is in doubt."""

    seq: int
    outcome: Outcome
    reason: str = ''


@dataclass(frozen=True)
class Latch:
    """
    Who holds the robot by an emergency stop (empty: nobody), and the acts on it that were heard.

    `seen` has a pair for each source: its name, and the numbers of the acts that were heard of it
    last, in that order, but for the highest one, which stands at the end.
    """

    by: str = ''
    seen: Tuple[Tuple[str, Tuple[int, ...]], ...] = ()


Record = Union[Accepted, Started, Finished, Latch]


@dataclass(frozen=True)
class JournalState:
    """
    The newest command and what became of it, and the emergency stop.

    `started` and `finished` are about the command.
    """

    accepted: Optional[Accepted] = None
    started: Optional[Started] = None
    finished: Optional[Finished] = None
    latch: Optional[Latch] = None

    def after(self, record: Record) -> 'JournalState':
        """Return the state with one more record."""
        if isinstance(record, Accepted):
            return JournalState(record, latch=self.latch)
        return replace(self, **{type(record).__name__.lower(): record})

    def records(self) -> Tuple[Record, ...]:
        """Return the fewest records that add up to this state."""
        return tuple(record for record in (self.accepted, self.started, self.finished, self.latch)
                     if record is not None)


class Journal(Protocol):
    """Keeps records safe; one robot writes to it."""

    def load(self) -> JournalState:
        """Return what the records so far add up to."""

    def write(self, record: Record) -> None:
        """Add a record; it is safe when this returns. StorageError if the disk refuses."""


class MemoryJournal:
    """A journal that survives a simulated reboot, because the simulation keeps the object."""

    def __init__(self):
        """Start empty."""
        self._state = JournalState()

    def load(self) -> JournalState:
        """Return what the records so far add up to."""
        return self._state

    def write(self, record: Record) -> None:
        """Add a record."""
        self._state = self._state.after(record)


class FileJournal:
    """A journal in one file."""

    def __init__(self, path):
        """Open or create the file; StorageError if it is damaged or the disk refuses."""
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            data = self.path.read_bytes() if self.path.exists() else b''
            self._state, end = _replay(self.path, data)
            if end == 0:
                self._rewrite()
            self._file = os.open(self.path, os.O_WRONLY)
            _lock(self._file, self.path)
            self._end = end or self.path.stat().st_size
            os.ftruncate(self._file, self._end)
            os.fdatasync(self._file)  # what a killed process wrote must be safe before it counts
        except OSError as error:
            raise StorageError(f'cannot use the journal {self.path}: {error.strerror}') from error

    def load(self) -> JournalState:
        """Return what the records so far add up to."""
        return self._state

    def write(self, record: Record) -> None:
        """Add a record and sync it to the disk."""
        data = _frame(record)
        try:
            os.pwrite(self._file, data, self._end)
            os.fdatasync(self._file)
            self._end += len(data)
            self._state = self._state.after(record)
            if self._end > _COMPACT_BYTES:
                self._compact()
        except OSError as error:
            raise StorageError(f'cannot write the journal {self.path}: {error.strerror}; '
                               'free or repair the disk, then restart the robot') from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _compact(self):
        """Replace the file by a short one that adds up to the same state."""
        self._rewrite()
        os.close(self._file)
        self._file = os.open(self.path, os.O_WRONLY)
        _lock(self._file, self.path)
        self._end = self.path.stat().st_size

    def _rewrite(self):
        """Write the state to a new file and put it in the old one's place, whole or not at all."""
        fresh = self.path.with_suffix(self.path.suffix + '.new')
        with open(fresh, 'wb') as file:
            file.write(_MAGIC + b''.join(map(_frame, self._state.records())))
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _lock(file, path):
    """Keep other processes out; StorageError if one is in already."""
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(file)
        raise StorageError(f'the journal {path} is in use by another process, which runs as the '
                           'same robot: stop one of them, or give each robot a name of its own'
                           ) from error


def _frame(record):
    """Return a record's bytes with length and checksum."""
    if isinstance(record, Accepted):
        body = pack((1, record.seq, record.term, int(record.kind), record.order_id, record.step))
    elif isinstance(record, Started):
        body = pack((2, record.seq, record.action_id, int(record.action)))
    elif isinstance(record, Finished):
        body = pack((3, record.seq, int(record.outcome), record.reason))
    else:
        body = pack((4, record.by, record.seen))
    return _HEADER.pack(len(body), crc32(body)) + body


def _record(body):
    """Return the record behind its bytes; WireError if they are none."""
    kind, *values = unpack(body)
    try:
        if kind == 1:
            seq, term, command, order_id, step = values
            return Accepted(seq, term, CommandKind(command), order_id, step)
        if kind == 2:
            seq, action_id, action = values
            return Started(seq, action_id, LoadAction(action))
        if kind == 3:
            seq, outcome, reason = values
            return Finished(seq, Outcome(outcome), reason)
        if kind == 4:
            by, seen = values
            return Latch(by, tuple((source, tuple(acts)) for source, acts in seen))
    except (TypeError, ValueError) as error:
        raise WireError(f'not a journal record: {error}') from error
    raise WireError(f'unknown journal record {kind}: it is from a newer release')


def _replay(path, data):
    """Return (state, end of the last good record); end 0 means the file must be begun anew."""
    state = JournalState()
    if len(data) < len(_MAGIC) and _MAGIC.startswith(data):
        return state, 0
    if not data.startswith(_MAGIC):
        raise StorageError(f'{path} is not a robot journal; move it away to start without memory')
    at = len(_MAGIC)
    while at < len(data):
        body = None
        if at + _HEADER.size <= len(data):
            size, check = _HEADER.unpack_from(data, at)
            body = data[at + _HEADER.size:at + _HEADER.size + size]
        if body is None or len(body) < size:
            return state, at
        if crc32(body) != check:
            if at + _HEADER.size + size >= len(data):
                return state, at
            raise StorageError(f'{path} is damaged at byte {at}, before its end: what this robot '
                               'carries is in doubt; settle it, then move the file away')
        try:
            state = state.after(_record(body))
        except WireError as error:
            raise StorageError(f'{path} at byte {at}: {error}') from error
        at += _HEADER.size + size
    return state, at
