# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What only a leader does: replicate, commit, check its quorum, answer reads, hand over.

A Leadership object is born when a replica wins a term and dropped when it loses it, so no state of
one term can leak into another.
"""

from dataclasses import dataclass
import math

from robot_swarm_orch.raft.messages import Append, AppendReply, InstallSnapshot, TimeoutNow
from robot_swarm_orch.raft.progress import Progress, quorum_value, SNAPSHOT


@dataclass(frozen=True, slots=True)
class PeerStatus:
    """One follower as its leader sees it; `contact_tick` is explained in `progress.py`."""

    node_id: str
    state: str
    match_index: int
    next_index: int
    inflight: int
    contact_tick: int | None


class Leadership:
    """The leader's side of one replica during one term."""

    __slots__ = ('transfer_to', '_transfer_until_tick', '_asked_to_stand', '_raft', '_progress',
                 '_opening_index', '_started_tick', '_since_heartbeat', '_heartbeat_due',
                 '_flushed_index', '_must_feed', '_read_round', '_reads_to_start', '_reads')

    def __init__(self, raft, opening_index):
        """Begin with the entry at `opening_index`, the first of this term."""
        self._raft = raft
        self._opening_index = opening_index
        self._started_tick = raft.tick_count
        self._progress = {peer: Progress(opening_index) for peer in raft.config.peers}
        self._since_heartbeat = 0
        self._heartbeat_due = False
        self._flushed_index = opening_index - 1
        self._must_feed = False
        self.transfer_to = None
        self._transfer_until_tick = 0
        self._asked_to_stand = False
        self._read_round = 0
        self._reads_to_start = []
        self._reads = []

    # Time

    def tick(self):
        """Count towards the next heartbeat, and give up without a majority (thesis, 6.2)."""
        raft = self._raft
        if self.transfer_to is not None and raft.tick_count >= self._transfer_until_tick:
            self.transfer_to = None
        self._since_heartbeat += 1
        if self._since_heartbeat < raft.config.heartbeat_ticks:
            return
        self._since_heartbeat = 0
        self._heartbeat_due = True
        contact = self.quorum_contact_tick()
        since = self._started_tick if contact is None else contact
        if raft.tick_count - since > raft.config.election_ticks_max:
            raft.become_follower(
                raft.term, None,
                f'no majority has answered for {raft.tick_count - since} ticks')

    def quorum_contact_tick(self):
        """Return the send tick of the newest word that a majority has answered, or None."""
        own = self._raft.tick_count
        ticks = [-1 if peer.contact_tick is None else peer.contact_tick
                 for peer in self._progress.values()]
        tick = quorum_value(own, ticks, self._raft.config.quorum)
        return None if tick < 0 else tick

    # Replication

    def flush(self):
        """Queue what the followers are to be sent now; called once for each Ready."""
        starts_reads = bool(self._reads_to_start) and self._start_reads()
        speak = self._heartbeat_due or starts_reads
        last_index = self._raft.log.last_index
        if not (speak or self._must_feed or last_index > self._flushed_index):
            return
        self._heartbeat_due = self._must_feed = False
        self._flushed_index = last_index
        for peer_id, peer in self._progress.items():
            if not self._feed(peer_id, peer) and speak:
                self._send_heartbeat(peer_id, peer)

    def _feed(self, peer_id, peer):
        """Send entries, or a snapshot, as far as flow control allows; True if any went."""
        raft = self._raft
        log = raft.log
        if peer.state is SNAPSHOT:
            if raft.tick_count - peer.snapshot_tick < raft.config.snapshot_retry_ticks:
                return False
            return self._send_snapshot(peer_id, peer)
        if peer.next_index <= log.base_index:
            return self._send_snapshot(peer_id, peer)
        if peer.probing or peer.next_index > log.last_index:
            return False
        sent = False
        while (peer.next_index <= log.last_index and not peer.probing
               and len(peer.inflight) < raft.config.max_inflight):
            entries = log.batch(peer.next_index, raft.config.max_batch_bytes)
            self._send_append(peer_id, peer.next_index - 1, entries)
            peer.sent_entries(entries[-1].index)
            sent = True
        return sent

    def _send_heartbeat(self, peer_id, peer):
        """Send an append without entries, joined where the follower should be by now."""
        base_index = self._raft.log.base_index
        prev_index = base_index if peer.state is SNAPSHOT else peer.next_index - 1
        self._send_append(peer_id, max(prev_index, base_index), ())

    def _send_append(self, peer_id, prev_index, entries):
        raft = self._raft
        raft.send(Append(
            peer_id, raft.config.node_id, raft.term, prev_index, raft.log.term_at(prev_index),
            entries, raft.commit_index, raft.tick_count, self._read_round))

    def _send_snapshot(self, peer_id, peer):
        """Send the newest snapshot, but only to a follower that answers at all."""
        raft = self._raft
        if (peer.contact_tick is None
                or raft.tick_count - peer.contact_tick > raft.config.election_ticks_max):
            return False
        snapshot = raft.log.snapshot
        peer.become_snapshot(snapshot.index, raft.tick_count)
        raft.send(InstallSnapshot(peer_id, raft.config.node_id, raft.term, snapshot,
                                  raft.tick_count, self._read_round))
        return True

    def on_reply(self, message):
        """Take a follower's AppendReply or SnapshotReply."""
        raft = self._raft
        if message.index > raft.log.last_index or message.sent_tick > raft.tick_count:
            raft.messages_refused += 1
            return
        peer = self._progress[message.sender]
        peer.heard(message.sent_tick, message.read_round)
        if type(message) is AppendReply and message.rejected:
            meet_index, _ = raft.log.newest_at_most(message.hint_index, message.hint_term)
            peer.rejected(message.index, meet_index)
        elif peer.accepted(message.index):
            self.try_commit()
        self._must_feed = self._must_feed or peer.next_index <= raft.log.last_index
        self._finish_reads()
        self._try_transfer()

    def try_commit(self):
        """Commit what a majority has on disk, if it is of this term (paper, section 5.4.2)."""
        raft = self._raft
        index = quorum_value(raft.log.stable_index,
                             [peer.match_index for peer in self._progress.values()],
                             raft.config.quorum)
        if index > raft.commit_index and raft.log.term_at(index) == raft.term:
            raft.commit_to(index)

    # Reads

    def read_index(self, ctx):
        """Queue a read; it starts with the next Ready."""
        self._reads_to_start.append(ctx)

    def _start_reads(self):
        """
        Open a round for the queued reads; False while they have to wait.

        Before the opening entry is committed a new leader does not know which entries are
        committed, so it must not name a read index (thesis, section 6.4).
        """
        raft = self._raft
        if raft.commit_index < self._opening_index:
            return False
        self._read_round += 1
        self._reads.extend(
            (ctx, raft.commit_index, self._read_round) for ctx in self._reads_to_start)
        self._reads_to_start.clear()
        self._finish_reads()
        return True

    def _finish_reads(self):
        """Answer the reads of every round that a majority has echoed."""
        if not self._reads:
            return
        done = quorum_value(math.inf, [peer.acked_round for peer in self._progress.values()],
                            self._raft.config.quorum)
        while self._reads and self._reads[0][2] <= done:
            ctx, index, _ = self._reads.pop(0)
            self._raft.answer_read(ctx, index)

    def abandon(self):
        """Answer all open reads with "not here": leadership is lost."""
        for ctx in [read[0] for read in self._reads] + self._reads_to_start:
            self._raft.answer_read(ctx, None)

    # Handing over

    def transfer(self, to):
        """Begin to hand over to `to`, or to the most advanced follower in contact."""
        raft = self._raft
        if to is None:
            to = max(self._progress, key=self._fitness, default=None)
        if to is None or to == raft.config.node_id:
            return
        self.transfer_to = to
        self._transfer_until_tick = raft.tick_count + raft.config.election_ticks_max
        self._asked_to_stand = False
        self._must_feed = True
        self._try_transfer()

    def _fitness(self, peer_id):
        peer = self._progress[peer_id]
        contact = -1 if peer.contact_tick is None else peer.contact_tick
        is_alive = self._raft.tick_count - contact <= self._raft.config.election_ticks_max
        return is_alive and contact >= 0, peer.match_index

    def _try_transfer(self):
        """Once the follower has the whole log, tell it to stand (thesis, section 3.10)."""
        if self.transfer_to is None or self._asked_to_stand:
            return
        raft = self._raft
        if self._progress[self.transfer_to].match_index == raft.log.last_index:
            self._asked_to_stand = True
            raft.send(TimeoutNow(self.transfer_to, raft.config.node_id, raft.term))

    def peer_status(self):
        """Return a PeerStatus for each follower."""
        return tuple(
            PeerStatus(peer_id, peer.state, peer.match_index, peer.next_index,
                       len(peer.inflight), peer.contact_tick)
            for peer_id, peer in self._progress.items())
