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

PROBE = 'probe'
REPLICATE = 'replicate'
SNAPSHOT = 'snapshot'


class Progress:
    """
    One follower's state, as its leader sees it.

    match_index: the logs are known to be equal up to here. next_index: the next entry to send.
    contact_tick: the leader's tick count when it *sent* the newest message that was answered, or
    None. acked_round: the newest read round answered.
    """

    __slots__ = ('match_index', 'next_index', 'state', 'contact_tick', 'acked_round', 'probing',
                 'inflight', 'snapshot_tick')

    def __init__(self, next_index):
        """Start probing at `next_index`."""
        self.match_index = 0
        self.next_index = next_index
        self.state = PROBE
        self.contact_tick = None
        self.acked_round = 0
        self.probing = False
        self.inflight = deque()
        self.snapshot_tick = 0

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
        self.next_index = self.match_index + 1
        self.inflight.clear()
        self.probing = False

    def become_snapshot(self, index, tick):
        """Note that a snapshot at `index` is on its way since `tick`."""
        self.state = SNAPSHOT
        self.next_index = index + 1
        self.snapshot_tick = tick
        self.inflight.clear()
        self.probing = False


def quorum_value(own, values, quorum):
    """Return the largest value that at least `quorum` of `own` and `values` reach."""
    ranked = sorted((own, *values), reverse=True)
    return ranked[quorum - 1]
