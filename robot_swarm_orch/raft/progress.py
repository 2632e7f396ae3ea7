# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a leader knows about one follower: how far it has got, and how fast it may be fed.

A follower starts in PROBE: the leader does not know where the logs meet, so it sends one append
and waits. The first accepted one moves it to REPLICATE: appends go out without waiting
(`next_index` runs ahead of `match_index`) up to a limit in flight. A rejection, which means that
an append was lost or overtaken, leads back to PROBE. SNAPSHOT: the entries that it needs are gone;
a snapshot is on its way. (The names are those of etcd's flow control.)
"""

from collections import deque
from zlib import crc32

PROBE = 'probe'
REPLICATE = 'replicate'
SNAPSHOT = 'snapshot'


class Progress:
    """
    One follower's state, as its leader sees it.

    match_index: the logs are known to be equal up to here. next_index: the next entry to send.
    contact_tick: the leader's tick count when it *sent* the newest message that was answered, or
    None. acked_round: the newest read round answered. snapshot: the one on its way, from
    `snapshot_offset` on, with `checksum`. life, admit_index, admits: see `new_life`. leaves_tick:
    when a removed follower is dropped, None for members.
    """

    __slots__ = ('match_index', 'next_index', 'state', 'contact_tick', 'acked_round', 'probing',
                 'inflight', 'snapshot', 'snapshot_offset', 'snapshot_tick', 'snapshot_since',
                 'checksum', 'life', 'admit_index', 'admits',
                 'admit_tick', 'leaves_tick')

    def __init__(self, next_index):
        """Start probing at `next_index`."""
        self.life = self.admit_index = self.admits = self.admit_tick = 0
        self.leaves_tick = None
        self.restart(next_index)

    def restart(self, next_index):
        """Know nothing of the follower but who it is."""
        self.match_index = 0
        self.next_index = next_index
        self.state = PROBE
        self.contact_tick = None
        self.acked_round = 0
        self.probing = False
        self.inflight = deque()
        self.snapshot = None
        self.snapshot_offset = self.snapshot_tick = self.snapshot_since = self.checksum = 0

    def new_life(self, life, admit_index):
        """
        Note that the follower has lost its memory and goes by `life` now (`amnesia.py`).

        It doesn't count before it has the entry at `admit_index`, that is committed, and the
        follower has confirmed that it was admitted.
        """
        self.restart(admit_index)
        self.life, self.admit_index, self.admits = life, admit_index, 0

    def admit(self, tick):
        """Tell the follower from `tick` on that it is admitted."""
        self.admits, self.admit_tick = self.life, tick

    def confirms(self, sent_tick):
        """Take the word of a follower with a memory; False if it is from before the loss."""
        if not self.admits or sent_tick < self.admit_tick:
            return False
        self.life = self.admit_index = self.admits = 0
        return True

    def heard(self, sent_tick, read_round):
        """Note an answer to the message sent at `sent_tick` in `read_round`."""
        if self.contact_tick is None or sent_tick > self.contact_tick:
            self.contact_tick = sent_tick
        if read_round > self.acked_round:
            self.acked_round = read_round

    def accepted(self, index):
        """Note that the logs are equal up to `index`; return True if that is news."""
        while self.inflight and self.inflight[0] <= index:
            self.inflight.popleft()
        is_news = index > self.match_index
        self.match_index = max(index, self.match_index)
        if self.state is PROBE or self.state is SNAPSHOT and index >= self.next_index - 1:
            self._become_replicate()
        self.next_index = max(index + 1, self.next_index)
        return is_news

    def rejected(self, prev_index, probe_index):
        """
        Note that the follower lacks `prev_index`; go on at `probe_index` + 1.

        Answers that say nothing new (overtaken, repeated) are ignored. Returns True if the leader
        should send again.
        """
        if self.state is SNAPSHOT or prev_index <= self.match_index:
            return False
        if self.state is PROBE and prev_index != self.next_index - 1:
            return False
        self.state = PROBE
        self.inflight.clear()
        self.next_index = max(self.match_index, min(prev_index - 1, probe_index)) + 1
        self.probing = False
        return True

    def sent_entries(self, last_index):
        """Note that entries up to `last_index` are on their way."""
        if self.state is REPLICATE:
            self.next_index = last_index + 1
            self.inflight.append(last_index)
        else:
            self.probing = True

    def _become_replicate(self):
        """Send without waiting from now on: the logs meet."""
        self.state = REPLICATE
        self.snapshot = None
        self.next_index = self.match_index + 1
        self.inflight.clear()
        self.probing = False

    def become_snapshot(self, snapshot, tick):
        """Begin to send `snapshot` at `tick`."""
        self.state = SNAPSHOT
        self.next_index = snapshot.index + 1
        self.snapshot = snapshot
        self.checksum = crc32(snapshot.data)
        self.snapshot_offset = 0
        self.snapshot_tick = self.snapshot_since = tick
        self.inflight.clear()
        self.probing = False

    def drop_snapshot(self):
        """Give up a snapshot on its way: the follower does not answer any more."""
        if self.state is SNAPSHOT:
            self.state = PROBE
            self.snapshot = None
            self.next_index = self.match_index + 1

    def holds_bytes(self, offset, sent_tick):
        """
        Note how much of the snapshot the follower holds; return True if it needs the next chunk.

        `sent_tick` tells which chunk it answers. Less than before is news only in answer to the
        newest chunk: then the follower has begun anew.
        """
        if self.state is not SNAPSHOT or sent_tick < self.snapshot_since:
            return False
        is_news = self.snapshot_offset < offset < len(self.snapshot.data) or (
            offset < self.snapshot_offset and sent_tick >= self.snapshot_tick)
        if is_news:
            self.snapshot_offset = offset
        return is_news


def quorum_value(own, values, quorum):
    """Return the largest value that at least `quorum` of `own` and `values` reach, else -1."""
    ranked = sorted((own, *values), reverse=True)
    return ranked[quorum - 1] if len(ranked) >= quorum else -1
