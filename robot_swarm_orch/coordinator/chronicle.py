# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The event log of one replica: what was applied, for people and for replay.

It lies beside the replica's Raft log and is a copy for reading: bounded by age and size, behind
the replica by a moment, and of no part in any decision. A replica that received a snapshot never
saw the entries before it, so there is a gap, and lines say so. `chronicle_writer.py` writes it.

Indices are those of the Raft log, so they mean the same on every replica.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Iterator, List, Optional, Tuple
import zlib

from robot_swarm_orch.codec import unpack
from robot_swarm_orch.coordinator.chronicle_file import NAME, open_to_read, size_bytes, told
from robot_swarm_orch.coordinator.records import Change, OrderRecord
from robot_swarm_orch.coordinator.wording import (
    event_at, events_of, gap_line, line_of, who_of)
from robot_swarm_orch.orders import LogLine, OrderEvent
from robot_swarm_orch.raft import Entry

LINES_MAX = 500
_FOR_EVER = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """A log entry as the event log keeps it; times as in `events.Batch` [ms]."""

    entry: Entry
    time_ms: int
    ros_time_ms: int


@dataclass(frozen=True, slots=True)
class KeptSnapshot:
    """The state after the entry `index`, as FleetState.snapshot packed it, at a log time [ms]."""

    index: int
    term: int
    time_ms: int
    data: bytes


def order_subject(order_id: str) -> str:
    """Return under which name an order's lines are found."""
    return f'order {order_id}'


def robot_subject(robot: str) -> str:
    """Return under which name a robot's lines are found."""
    return f'robot {robot}'


class Chronicle:
    """
    An event log to read; close it after use, or use it as a context manager.

    All methods raise ChronicleRefused when the disk does not give what it holds.
    """

    def __init__(self, path, connection):
        """Read a file through a connection of `chronicle_file.py`."""
        self.path = path
        self._db = connection

    @classmethod
    def of(cls, data_dir) -> 'Chronicle':
        """Open the event log in a coordinator's data_dir; ConfigError if there is none."""
        path = data_dir / NAME
        return cls(path, open_to_read(path))

    def __enter__(self):
        """Return the event log."""
        return self

    def __exit__(self, *_):
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _rows(self, query, *values):
        with told(self.path):
            return self._db.execute(query, values).fetchall()

    def used_bytes(self) -> int:
        """Return how many bytes of the file are in use."""
        with told(self.path):
            return size_bytes(self._db)

    # Entries and snapshots

    def reach(self) -> Tuple[int, int]:
        """Return the indices of the oldest and the newest entry, (0, 0) if there is none."""
        oldest, newest = self._rows('SELECT min(idx), max(idx) FROM entry')[0]
        return oldest or 0, newest or 0

    def gaps(self) -> List[Tuple[int, int]]:
        """Return (first, last) of each run of entries that is missing in between."""
        return self._rows('SELECT first, last FROM gap ORDER BY first')

    def entries(self, first: int, last: int = _FOR_EVER) -> Iterator[KeptEntry]:
        """Go through the entries `first..last` that are kept."""
        with told(self.path):
            for index, term, kind, time_ms, ros_time_ms, data in self._db.execute(
                    'SELECT idx, term, kind, time_ms, ros_time_ms, data FROM entry '
                    'WHERE idx BETWEEN ? AND ? ORDER BY idx', (first, last)):
                yield KeptEntry(Entry(term, index, data, kind), time_ms, ros_time_ms)

    def snapshots(self) -> List[int]:
        """Return the indices of the snapshots that are kept."""
        return [index for index, in self._rows('SELECT idx FROM snapshot ORDER BY idx')]

    def snapshot_before(self, index: int) -> Optional[KeptSnapshot]:
        """Return the newest snapshot at or before an index, None if there is none."""
        rows = self._rows('SELECT idx, term, time_ms, data FROM snapshot WHERE idx <= ? '
                          'ORDER BY idx DESC LIMIT 1', index)
        return KeptSnapshot(*rows[0][:3], zlib.decompress(rows[0][3])) if rows else None

    # Orders

    def order_history(self, order_id: str) -> List[OrderEvent]:
        """Return what became of an order, oldest first."""
        result, known = [], lru_cache(16)(self._told)
        for index, position, state, robot, reason in self._rows(
                'SELECT idx, position, state, robot, reason FROM happening WHERE order_id = ? '
                'ORDER BY idx, position', order_id):
            kept, events = known(index)
            result.append(OrderEvent(index, 0.001 * kept.ros_time_ms, state, robot, reason,
                                     who_of(event_at(events, position))))
        return result

    def ended_order(self, order_id: str) -> Optional[OrderRecord]:
        """Return the whole record of an order that ended, None if it is not kept."""
        rows = self._rows('SELECT record FROM ended WHERE order_id = ?', order_id)
        return unpack(rows[0][0]) if rows else None

    def ended_orders(self, after: str, limit: int, states=(), robot: str = '',
                     client: str = '') -> List[OrderRecord]:
        """
        Return records of orders that ended, by id from `after` on.

        states: only those in one of these `saga.State`; robot, client: only theirs; '' for any.
        """
        query, values = 'SELECT record FROM ended WHERE order_id > ?', [after]
        if states:
            query += f' AND state IN ({", ".join("?" * len(states))})'
            values += [int(state) for state in states]
        for column, value in (('robot', robot), ('client', client)):
            if value:
                query += f' AND {column} = ?'
                values.append(value)
        return [unpack(record) for record, in self._rows(
            query + ' ORDER BY order_id LIMIT ?', *values, limit)]

    def order_changes(self, states) -> Iterator[Tuple[str, int, int, object]]:
        """
        Go through (order id, index, position, event) of all changes of orders into some states.

        states: `OrderState`s. Oldest first.
        """
        known = lru_cache(16)(self._told)
        for name, index, position in self._rows(
                'SELECT order_id, idx, position FROM happening WHERE state IN '
                f'({", ".join("?" * len(states))}) ORDER BY idx, position', *map(int, states)):
            yield name, index, position, event_at(known(index)[1], position)

    # Lines

    def lines(self, after: int, limit: int = 100, order_id: str = '',
              robot: str = '') -> Tuple[List[LogLine], int]:
        """
        Return the lines of entries behind the index `after`, oldest first, and the next `after`.

        order_id, robot: only lines about these; '' for all. An entry's lines are never parted, so
        there may be more than `limit`. A gap is a line of its own, whatever is asked for. Without
        further lines, the next `after` is the newest index that is kept.
        """
        found = self._positions(after, limit + 1, order_id, robot)
        if len(found) > limit:
            last = found[-1][0]
            whole = [place for place in found if place[0] < last]
            if whole:
                found, upto = whole, whole[-1][0]
            else:
                found, upto = self._positions(last - 1, _FOR_EVER, order_id, robot, last), last
        else:
            upto = max(after, self.reach()[1])
        result = [gap_line(first, last) for first, last in self.gaps() if after < first <= upto]
        known = lru_cache(16)(self._told)
        for index, position, why_not in found:
            kept, events = known(index)
            result.append(line_of(kept.entry, kept.ros_time_ms, position,
                                  event_at(events, position), why_not,
                                  self._changes(index, position)))
        return sorted(result, key=lambda line: (line.index, line.position)), upto

    def _positions(self, after, limit, order_id, robot, upto=_FOR_EVER):
        """Return (index, position, why not) of lines."""
        query, values = 'SELECT line.idx, line.position, line.why_not FROM line', []
        subjects = [order_subject(order_id)] * bool(order_id)
        subjects += [robot_subject(robot)] * bool(robot)
        for number, subject in enumerate(subjects):
            query += (f' JOIN about AS a{number} ON a{number}.subject = ? AND a{number}.idx = '
                      f'line.idx AND a{number}.position = line.position')
            values.append(subject)
        # SQLite should start from the subject, whose lines are few.
        index = 'a0.idx' if subjects else 'line.idx'
        place = 'a0.position' if subjects else 'line.position'
        query += f' WHERE {index} > ? AND {index} <= ? ORDER BY {index}, {place} LIMIT ?'
        return self._rows(query, *values, after, upto, limit)

    def _told(self, index):
        """Return (KeptEntry, its events)."""
        kept = next(self.entries(index, index))
        return kept, events_of(kept.entry)

    def _changes(self, index, position):
        return [Change(position, *row) for row in self._rows(
            'SELECT order_id, state, robot, reason FROM happening WHERE idx = ? AND position = ? '
            'ORDER BY order_id', index, position)]

    def index_at(self, ros_time_ms: int) -> int:
        """Return the newest index proposed before a ROS time [ms]; 0 if there is none."""
        low, high = self.reach()
        low -= 1
        while low < high:  # ROS time of the log hardly ever runs back
            middle = (low + high + 1) // 2
            rows = self._rows('SELECT idx, ros_time_ms FROM entry WHERE idx <= ? AND '
                              'ros_time_ms > 0 ORDER BY idx DESC LIMIT 1', middle)
            if rows and rows[0][1] >= ros_time_ms:
                high = rows[0][0] - 1
            else:
                low = middle
        return max(0, low)
