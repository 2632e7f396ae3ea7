# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a replica notes of each entry as it applies it, until somebody writes it down.

To note an entry takes microseconds and never waits: the replica puts a Note into a Notebook, and
whoever keeps the event log (`chronicle.py`) takes them out, in a thread of its own if it likes. A
notebook is bounded: while nobody takes anything out, as when the disk refuses, notes beyond the
bound are dropped, and the event log has a gap there and says so.
"""

from collections import deque
from dataclasses import dataclass
from typing import List, Tuple, Union

from robot_swarm_orch.coordinator import events
from robot_swarm_orch.coordinator.records import Change, OrderRecord
from robot_swarm_orch.raft import Snapshot

BOUND_BYTES = 32 * 1024 * 1024
QUIET = (events.AuthorityChanged, events.StateDigest)
"""Events without a line for people: they come many times a second, or tell machines alone."""


@dataclass(frozen=True, slots=True)
class Fact:
    """
    An event that people are told of, and its position in the batch.

    order_id, robot: what the event names, or ''. why_not: why it had no effect, or ''.
    """

    position: int
    order_id: str
    robot: str
    why_not: str


@dataclass(frozen=True, slots=True)
class Note:
    """
    An applied entry: its bytes as they are in the log, and what came of it.

    time_ms, ros_time_ms: as in `events.Batch`. ended: orders that it ended, whole.
    """

    index: int
    term: int
    kind: int
    data: bytes
    time_ms: int
    ros_time_ms: int = 0
    facts: Tuple[Fact, ...] = ()
    changes: Tuple[Change, ...] = ()
    ended: Tuple[OrderRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class SnapshotNote:
    """A snapshot of the state after the entry `index`, taken here or received; as of `time_ms`."""

    index: int
    term: int
    time_ms: int
    data: bytes


class Notebook:
    """Notes that wait to be written down; one thread may put, another one take."""

    __slots__ = ('_notes', '_put_bytes', '_taken_bytes', '_bound_bytes', 'dropped')

    def __init__(self, bound_bytes: int = BOUND_BYTES):
        """Start empty; what is put beyond `bound_bytes` is dropped and counted."""
        self._notes = deque()
        self._put_bytes = self._taken_bytes = 0
        self._bound_bytes = bound_bytes
        self.dropped = 0

    def batch(self, entry, batch, effects, state) -> None:
        """Note a Raft entry that held an events.Batch, and what it did to the FleetState."""
        facts = tuple(
            Fact(position, getattr(event, 'order_id', ''), getattr(event, 'robot', ''),
                 effects.refused.get(position, ''))
            for position, event in enumerate(batch.events) if type(event) not in QUIET)
        ended = tuple(state.ended[order_id] for mark, order_id in effects.marks
                      if mark == 'ended' and order_id in state.ended)
        self._put(Note(entry.index, entry.term, entry.kind, entry.data, state.time_ms,
                       batch.ros_time_ms, facts, tuple(effects.changes), ended))

    def other(self, entry, state) -> None:
        """Note an entry of Raft's own: a term that begins, or another group."""
        self._put(Note(entry.index, entry.term, entry.kind, entry.data, state.time_ms,
                       facts=(Fact(0, '', '', ''),)))

    def snapshot(self, snapshot: Snapshot, time_ms: int) -> None:
        """Note a snapshot, taken here or received."""
        self._put(SnapshotNote(snapshot.index, snapshot.term, time_ms, snapshot.data))

    def _put(self, note):
        if self._put_bytes - self._taken_bytes > self._bound_bytes:
            self.dropped += 1
            return
        self._put_bytes += _size(note)
        self._notes.append(note)

    def take(self) -> List[Union[Note, SnapshotNote]]:
        """Return all notes, oldest first, and forget them."""
        notes = []
        for _ in range(len(self._notes)):
            notes.append(self._notes.popleft())
            self._taken_bytes += _size(notes[-1])
        return notes

    def give_back(self, notes) -> None:
        """Take back notes that could not be written down."""
        for note in reversed(notes):
            self._notes.appendleft(note)
            self._taken_bytes -= _size(note)


def _size(note):
    """Return about how much memory a note takes [bytes]."""
    return len(note.data) + 200
