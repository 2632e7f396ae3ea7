# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The file of an event log: an SQLite database, its tables, and how it is opened.

`entry` holds each log entry as it was; `line` the position of each event that people are told of;
`about` which orders and robots each of those concerns; `happening` what became of orders; `ended`
the whole record of each order that ended; `snapshot` the state at some indices, compressed; `gap`
the entries that are missing in between. Keys are log indices, so writing something twice changes
nothing.

Readers and the writer do not wait for each other (SQLite's write-ahead log). Nothing is synced at
each write: after a power cut the newest seconds may be gone, never what was there before.
"""

import contextlib
import os
from pathlib import Path
import sqlite3

from robot_swarm_orch.errors import ConfigError, StorageError

NAME = 'chronicle.sqlite3'
"""Name of the file beside a replica's log."""

LAYOUT = 1
_SCHEMA = """
CREATE TABLE entry (idx INTEGER PRIMARY KEY, term INTEGER, kind INTEGER, time_ms INTEGER,
                    ros_time_ms INTEGER, data BLOB);
CREATE TABLE line (idx INTEGER, position INTEGER, why_not TEXT, PRIMARY KEY (idx, position))
    WITHOUT ROWID;
CREATE TABLE about (subject TEXT, idx INTEGER, position INTEGER,
                    PRIMARY KEY (subject, idx, position)) WITHOUT ROWID;
CREATE INDEX about_idx ON about (idx);
CREATE TABLE happening (order_id TEXT, idx INTEGER, position INTEGER, state INTEGER, robot TEXT,
                        reason TEXT, PRIMARY KEY (order_id, idx, position)) WITHOUT ROWID;
CREATE INDEX happening_idx ON happening (idx);
CREATE TABLE ended (order_id TEXT PRIMARY KEY, idx INTEGER, state INTEGER, robot TEXT,
                    client TEXT, record BLOB);
CREATE INDEX ended_idx ON ended (idx);
CREATE TABLE snapshot (idx INTEGER PRIMARY KEY, term INTEGER, time_ms INTEGER, data BLOB);
CREATE TABLE gap (first INTEGER PRIMARY KEY, last INTEGER);
"""
_CACHE_KIB = 4096
_CHECKPOINT_PAGES = 1000
_BUSY_S = 5.0


class ChronicleRefused(StorageError):
    """
    The event log cannot be written or read now; consensus goes on without it.

    is_damaged: what is in the file is no event log (any more); see `set_aside`.
    """

    def __init__(self, text, is_damaged=False):
        """Remember whether the file is damaged."""
        self.is_damaged = is_damaged
        super().__init__(text)


@contextlib.contextmanager
def told(path):
    """Turn what SQLite and the system raise into ChronicleRefused."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        # Others are of a kind of their own: no room, no permission, busy.
        raise ChronicleRefused(f'{path}: {error}', type(error) is sqlite3.DatabaseError) from error


def set_aside(path) -> None:
    """
    Move a damaged file to a name that ends in `.broken`, so that a new one can be begun.

    It is a copy of what the log said, and the log goes on. Raises ChronicleRefused.
    """
    with told(path):
        for suffix in ('', '-wal', '-shm'):
            with contextlib.suppress(FileNotFoundError):
                os.replace(f'{path}{suffix}', f'{path}.broken{suffix}')


def open_to_write(path) -> sqlite3.Connection:
    """
    Open or make the file, and return a connection in autocommit mode; raises ChronicleRefused.

    A damaged file is set aside and a new one begun.
    """
    path = Path(path)
    try:
        with told(path):
            return _opened(path)
    except ChronicleRefused as refusal:
        if not refusal.is_damaged:
            raise
    set_aside(path)
    with told(path):
        return _opened(path)


def _opened(path):
    """Return a connection, with the tables made if there are none."""
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        for pragma in ('journal_mode=WAL', 'synchronous=NORMAL', f'cache_size=-{_CACHE_KIB}',
                       f'wal_autocheckpoint={_CHECKPOINT_PAGES}'):
            connection.execute(f'PRAGMA {pragma}').fetchall()
        layout = connection.execute('PRAGMA user_version').fetchone()[0]
        if layout > LAYOUT:
            raise sqlite3.OperationalError(
                f'layout {layout} is of a newer release: move the file away, or install that')
        if layout < LAYOUT:
            connection.executescript(
                f'BEGIN; {_SCHEMA} PRAGMA user_version={LAYOUT}; COMMIT')
        return connection
    except BaseException:
        connection.close()
        raise


def open_to_read(path) -> sqlite3.Connection:
    """
    Open an existing file, which may be in use, to read; raises ConfigError if there is none.

    A copy on a disk that cannot be written is read as it lies.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f'{path} does not exist: name the data_dir of a coordinator that has '
                          'run with this release')
    for mode in ('mode=ro', 'mode=ro&immutable=1'):
        connection = None
        try:
            connection = sqlite3.connect(f'{path.resolve().as_uri()}?{mode}', uri=True,
                                         timeout=_BUSY_S, isolation_level=None)
            layout = connection.execute('PRAGMA user_version').fetchone()[0]
            break
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
            failure = error
    else:
        raise ConfigError(f'{path}: this event log cannot be read: {failure}') from failure
    if layout != LAYOUT:
        connection.close()
        raise ConfigError(f'{path} has layout {layout}, this release reads {LAYOUT}')
    return connection


def size_bytes(connection) -> int:
    """Return how many bytes of the file are in use."""
    one = {name: connection.execute(f'PRAGMA {name}').fetchone()[0]
           for name in ('page_count', 'freelist_count', 'page_size')}
    return (one['page_count'] - one['freelist_count']) * one['page_size']


def free_bytes(path) -> int:
    """Return how much room there is on the file's disk."""
    return os.statvfs(Path(path).parent).f_bavail * os.statvfs(Path(path).parent).f_frsize
