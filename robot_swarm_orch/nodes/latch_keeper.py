# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Writes emergency stops into journals beside the control loop, so that no robot waits for a disk.

A process may host many robots, and one stop of the fleet concerns them all in the same tick. The
speeds of that tick are sent first; then each robot's latch goes to a thread of this keeper, and
what came of it is taken in at a later tick of that robot. A disk that takes 100 ms, or hangs,
delays nobody's tick: the robots that are stopped stand, the others drive on.
"""

from concurrent.futures import ThreadPoolExecutor, wait
from math import inf
from threading import Lock

from robot_swarm_orch.edge.journal import Journal, JournalState, Record

# Several at once: a file system that syncs for one syncs for all that wait.
_THREADS = 4


class SharedJournal:
    """A journal that the control loop and the keeper's threads may both write to."""

    def __init__(self, journal: Journal):
        """Guard a journal."""
        self._journal, self._lock = journal, Lock()

    def load(self) -> JournalState:
        """Return what the records so far add up to."""
        with self._lock:
            return self._journal.load()

    def write(self, record: Record) -> None:
        """Add a record; it is safe when this returns. StorageError if the disk refuses."""
        with self._lock:
            self._journal.write(record)

    def close(self) -> None:
        """Close the file, if it is one."""
        close = getattr(self._journal, 'close', None)
        if close is not None:
            with self._lock:
                close()


class LatchKeeper:
    """The threads of a process that write; none runs before the first emergency stop."""

    def __init__(self):
        """Start idle."""
        self._pool = ThreadPoolExecutor(_THREADS, 'latch')
        self._keepings = []

    def keep(self, latch, journal: Journal):
        """Return a Keeping: what one robot's latch is written down with."""
        self._keepings.append(Keeping(latch, journal, self._pool))
        return self._keepings[-1]

    def close(self) -> None:
        """Write what is not written yet, and end; this waits for the disk."""
        for keeping in self._keepings:
            keeping.finish()
        self._pool.shutdown()


class Keeping:
    """Writes down one robot's latch; for the control loop alone."""

    def __init__(self, latch, journal, pool):
        """Write the latch (edge.stop_latch.StopLatch) into the journal by threads of the pool."""
        self._latch, self._journal, self._pool = latch, journal, pool
        self._writing = self._record = None

    def tick(self, now_s: float) -> None:
        """Take in what was written, and begin to write what is new [steady s]; never wait."""
        if self._writing is not None:
            if not self._writing.done():
                return
            error = self._writing.exception()
            if error is None:
                self._latch.saved(self._record)
            else:
                self._latch.failed(error, now_s)
            self._writing = None
        self._record = self._latch.unsaved(now_s)
        if self._record is not None:
            self._writing = self._pool.submit(self._journal.write, self._record)

    def finish(self) -> None:
        """Write what is not written yet; a disk that refuses is not asked a third time."""
        for _ in range(2):
            if self._writing is not None:
                wait((self._writing,))
            self.tick(inf)
        if self._writing is not None:
            wait((self._writing,))
