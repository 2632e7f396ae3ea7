# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The replicated log in memory: entries behind a base, which a snapshot covers.

Indices count from 1. `base_index` is the newest entry that is gone; its term is still known, so it
can stand as `prev_index` of an append. The log also knows which of its entries are on disk, and
who belongs to the group by them.
"""

from robot_swarm_orch.errors import InvariantError
from robot_swarm_orch.raft.members import Configurations
from robot_swarm_orch.raft.messages import CONFIG, Members


class RaftLog:
    """
    Entries `base_index + 1 .. last_index`, the newest snapshot, and the stable mark.

    snapshot: the stored snapshot, or None. entries: the stored entries that follow it.
    configurations: who belongs to the group, a Configurations.
    Raises InvariantError if they do not join without a gap.
    """

    __slots__ = ('snapshot', 'base_index', 'base_term', 'last_index', 'stable_index',
                 'configurations', '_entries', '_handed_index')

    def __init__(self, snapshot=None, entries=()):
        """Take what the store held; all of it counts as stable."""
        self.snapshot = snapshot
        self.base_index = snapshot.index if snapshot else 0
        self.base_term = snapshot.term if snapshot else 0
        self._entries = list(entries)
        for offset, entry in enumerate(self._entries):
            if entry.index != self.base_index + 1 + offset:
                raise InvariantError(
                    f'the stored log has a gap: entry {entry.index} where '
                    f'{self.base_index + 1 + offset} belongs')
        self.last_index = self.base_index + len(self._entries)
        self.stable_index = self.last_index
        self._handed_index = self.last_index
        self.configurations = Configurations(
            self.base_index, snapshot.members if snapshot else Members(()))
        self.configurations.take(self._entries)

    def found(self, founders):
        """Say who founded the group: in effect at index 0, if the log begins there."""
        if self.base_index == 0:
            self.configurations = Configurations(0, founders)
            self.configurations.take(self._entries)

    @property
    def members(self):
        """Return the Members in effect: of the newest CONFIG entry, committed or not."""
        return self.configurations.members

    @property
    def first_index(self):
        """Index of the oldest entry still held (one above the last, when none is)."""
        return self.base_index + 1

    @property
    def last_term(self):
        """Term of the newest entry, also when only a snapshot remembers it."""
        return self._entries[-1].term if self._entries else self.base_term

    @property
    def snapshot_index(self):
        """Index of the newest snapshot, or 0."""
        return self.snapshot.index if self.snapshot else 0

    def term_at(self, index):
        """Return the term of the entry at `index`, or None if it is compacted or not there yet."""
        offset = index - self.base_index
        if offset <= 0:
            return self.base_term if offset == 0 else None
        return self._entries[offset - 1].term if index <= self.last_index else None

    def slice(self, first, last):
        """Return the entries `first..last`, both included, as a tuple."""
        base = self.base_index + 1
        if first < base:
            raise InvariantError(f'entry {first} is asked for, but the log begins at {base}')
        return tuple(self._entries[first - base:last + 1 - base])

    def batch(self, first, max_bytes):
        """Return entries from `first` on with at most `max_bytes` of data, but at least one."""
        offset = first - self.base_index - 1
        size = 0
        end = offset
        while end < len(self._entries):
            size += len(self._entries[end].data)
            if size > max_bytes and end > offset:
                break
            end += 1
        return tuple(self._entries[offset:end])

    def is_up_to_date(self, last_index, last_term):
        """Return True if a log ending so is at least as new as this one (paper, section 5.4.1)."""
        own_term = self.last_term
        return last_term > own_term or last_term == own_term and last_index >= self.last_index

    def newest_at_most(self, index, term):
        """
        Return the index and term of the newest entry at or before `index` of at most `term`.

        The search ends at the base: what lies behind it is committed, so both logs agree there.
        """
        index = min(index, self.last_index)
        while index > self.base_index and self.term_at(index) > term:
            index -= 1
        return index, self.term_at(index) or 0

    def append(self, entry):
        """Add one entry of the leader itself at the end."""
        self._entries.append(entry)
        self.last_index += 1
        if entry.kind == CONFIG:
            self.configurations.take((entry,))

    def merge(self, entries, commit):
        """
        Take a leader's entries (paper, section 5.3), whose predecessor is known to match.

        Entries already present stay; the first one that differs removes itself and all behind it.
        Raises InvariantError if that would remove an entry at or below `commit`.
        """
        for position, entry in enumerate(entries):
            if self.term_at(entry.index) == entry.term or entry.index <= self.base_index:
                continue
            if entry.index <= self.last_index:
                self._truncate(entry.index, commit)
            news = entries[position:]
            self._entries.extend(news)
            self.last_index = self.base_index + len(self._entries)
            self.configurations.take(news)
            return

    def _truncate(self, index, commit):
        if index <= commit:
            raise InvariantError(
                f'a leader would overwrite committed entry {index} (commit index {commit}): two '
                'groups share one name, or a disk forgot what it had promised')
        del self._entries[index - self.base_index - 1:]
        self.last_index = index - 1
        self.stable_index = min(self.stable_index, index - 1)
        self._handed_index = min(self._handed_index, index - 1)
        self.configurations.take_back(index)

    def has_unstable(self):
        """Return True if some entries are not on disk yet."""
        return self.last_index > self.stable_index

    def hand_out_unstable(self):
        """Return the entries to persist, and remember that the caller has them."""
        self._handed_index = self.last_index
        return self.slice(self.stable_index + 1, self.last_index)

    def mark_stable(self):
        """All that was handed out, less what was overwritten since, is on disk."""
        self.stable_index = self._handed_index

    def compact(self, snapshot, keep):
        """Remember `snapshot` and drop the entries that it covers, except the newest `keep`."""
        self.snapshot = snapshot
        base = snapshot.index - keep
        if base > self.base_index:
            term = self.term_at(base)
            del self._entries[:base - self.base_index]
            self.base_index, self.base_term = base, term
            self.configurations.forget(base)

    def reset(self, snapshot):
        """Replace the whole log by a leader's snapshot (paper, section 7)."""
        self.snapshot = snapshot
        self.base_index, self.base_term = snapshot.index, snapshot.term
        self._entries.clear()
        self.last_index = self.stable_index = self._handed_index = snapshot.index
        self.configurations = Configurations(snapshot.index, snapshot.members)
