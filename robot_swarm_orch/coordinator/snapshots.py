# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
When and how a replica takes snapshots: a slice a tick, so that consensus never waits for one.

Freeze the state (`frozen.py`), pack it slice by slice, write it aside slice by slice
(`raft/segments.py: SnapshotFile`), and only when it is safe let go of the entries that it covers.
Until then all that counts is the snapshot before, and the log. A hundred thousand orders take a
few seconds so; the next snapshot is due a minute later at the earliest.
"""

from typing import Optional, Tuple

from robot_swarm_orch.raft import Snapshot


class Snapshots:
    """
    The snapshots of one life of a replica.

    every: log entries after which one is due. raft, store, state: the replica's; whoever replaces
    the state calls `restart`.
    """

    def __init__(self, every: int, raft, store, state):
        """Begin behind the state's index, which a snapshot covers."""
        self._every, self._raft, self._store = every, raft, store
        self._frozen = self._draft = None
        self._begin(state)

    def _begin(self, state):
        self._state, self._index = state, state.index

    def restart(self, state) -> None:
        """Go on with another state, from a leader's snapshot; drop what is under way."""
        if self._draft is not None:
            self._draft.abandon()
        self._frozen = self._draft = None
        self._begin(state)

    def step(self) -> Optional[Tuple[Snapshot, int]]:
        """
        Do a slice of what is due; return (Snapshot, its log time [ms]) when one is finished.

        Raises DiskRefused.
        """
        if self._frozen is None:
            if self._raft.last_applied - self._index >= self._every:
                self._index = self._state.index
                self._frozen = self._state.freeze()
        elif self._draft is None:
            if self._frozen.step():
                self._state.thaw()
                self._draft = self._store.draft(
                    self._raft.snapshot_of(self._frozen.index, self._frozen.data))
        elif self._draft.step():
            return self._finish()
        return None

    def _finish(self):
        """Name the snapshot in the log, and let go of what it covers."""
        frozen, self._frozen, self._draft = self._frozen, None, None
        snapshot = self._raft.compact(frozen.index, frozen.data)
        self._store.save(None, (), snapshot)
        self._store.compact(snapshot.index)
        return snapshot, frozen.time_ms
