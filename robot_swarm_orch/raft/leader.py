# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What only a leader does: replicate, commit, check its quorum, answer reads, lead changes.

A Leadership object is born when a replica wins a term and dropped when it loses it, so no state of
one term can leak into another.
"""

from dataclasses import dataclass
import math

from robot_swarm_orch.raft.messages import (
    Append, AppendReply, InstallSnapshot, NOOP, SnapshotReply, TimeoutNow)
from robot_swarm_orch.raft.progress import Progress, quorum_value, SNAPSHOT


@dataclass(frozen=True, slots=True)
class PeerStatus:
    """
    One follower as its leader sees it; `contact_tick` is explained in `progress.py`.

    is_amnesic: it has lost its memory and does not count yet (`amnesia.py`).
    """

    node_id: str
    state: str
    match_index: int
    next_index: int
    inflight: int
    contact_tick: int | None
    is_voter: bool
    is_amnesic: bool


class Leadership:
    """The leader's side of one replica during one term."""

    __slots__ = ('transfer_to', '_transfer_until_tick', '_asked_to_stand', '_raft', '_progress',
                 '_voices', '_quorum', '_own_counts', '_is_leaving', '_past_lives',
                 '_opening_index', '_started_tick', '_since_heartbeat', '_heartbeat_due',
                 '_flushed_index', '_must_feed', '_commit_at_heartbeat', '_read_round',
                 '_reads_to_start', '_reads')

    def __init__(self, raft, opening_index):
        """Begin with the entry at `opening_index`, the first of this term."""
        self._raft = raft
        self._opening_index = opening_index
        self._started_tick = raft.tick_count
        self._progress = {}
        self._voices = []
        self._quorum = 0
        self._own_counts = True
        self._is_leaving = False
        self._past_lives = set()
        self._since_heartbeat = 0
        self._heartbeat_due = False
        self._flushed_index = opening_index - 1
        self._must_feed = False
        self._commit_at_heartbeat = 0
        self.transfer_to = None
        self._transfer_until_tick = 0
        self._asked_to_stand = False
        self._read_round = 0
        self._reads_to_start = []
        self._reads = []
        self.regroup()

    # Time

    def tick(self):
        """Count towards the next heartbeat, and give up without a majority (thesis, 6.2)."""
        raft = self._raft
        if self.transfer_to is not None and raft.tick_count >= self._transfer_until_tick:
            self.transfer_to = None
            if self._is_leaving:
                self._depart()
                return
        self._since_heartbeat += 1
        if self._since_heartbeat < raft.config.heartbeat_ticks:
            return
        self._since_heartbeat = 0
        self._heartbeat_due = True
        self._commit_at_heartbeat = raft.commit_index
        for peer_id in [peer_id for peer_id, peer in self._progress.items()
                        if peer.leaves_tick is not None and peer.leaves_tick <= raft.tick_count]:
            del self._progress[peer_id]
        contact = self.quorum_contact_tick()
        since = self._started_tick if contact is None else contact
        if raft.tick_count - since > raft.config.election_ticks_max:
            raft.become_follower(
                raft.term, None,
                f'no majority has answered for {raft.tick_count - since} ticks')

    def quorum_contact_tick(self):
        """Return the send tick of the newest word that a majority has answered, or None."""
        own = self._raft.tick_count if self._own_counts else -1
        ticks = [-1 if peer.contact_tick is None else peer.contact_tick for peer in self._voices]
        tick = quorum_value(own, ticks, self._quorum)
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
        if peer.state is SNAPSHOT or peer.next_index <= log.base_index:
            return self._feed_snapshot(peer_id, peer)
        if peer.probing or peer.next_index > log.last_index:
            return False
        sent = False
        while (peer.next_index <= log.last_index and not peer.probing
               and len(peer.inflight) < raft.config.max_inflight):
            entries = log.batch(peer.next_index, raft.config.max_batch_bytes)
            self._send_append(peer_id, peer, peer.next_index - 1, entries)
            peer.sent_entries(entries[-1].index)
            sent = True
        return sent

    def _send_heartbeat(self, peer_id, peer):
        """Send an append without entries, joined where the follower should be by now."""
        base_index = self._raft.log.base_index
        prev_index = base_index if peer.state is SNAPSHOT else peer.next_index - 1
        self._send_append(peer_id, peer, max(prev_index, base_index), ())

    def _send_append(self, peer_id, peer, prev_index, entries):
        raft = self._raft
        raft.send(Append(
            peer_id, raft.config.node_id, raft.term, prev_index, raft.log.term_at(prev_index),
            entries, raft.commit_index, raft.tick_count, self._read_round, peer.admits))

    def _feed_snapshot(self, peer_id, peer):
        """
        Begin with the newest snapshot, or repeat an unanswered chunk; True if one went.

        A snapshot once begun is sent to its end, however many newer ones are taken meanwhile: a
        slow follower would else never see the end of any. Who does not answer gets none.
        """
        raft = self._raft
        if not self._is_alive(peer):
            peer.drop_snapshot()
            return False
        if peer.state is not SNAPSHOT:
            peer.become_snapshot(raft.log.snapshot, raft.tick_count)
        elif raft.tick_count - peer.snapshot_tick < raft.config.snapshot_retry_ticks:
            return False
        self._send_chunk(peer_id, peer)
        return True

    def _send_chunk(self, peer_id, peer):
        raft, snapshot, offset = self._raft, peer.snapshot, peer.snapshot_offset
        data = snapshot.data[offset:offset + raft.config.max_chunk_bytes]
        peer.snapshot_tick = raft.tick_count
        raft.send(InstallSnapshot(
            peer_id, raft.config.node_id, raft.term, snapshot.index, snapshot.term,
            snapshot.members, peer.checksum, offset, data,
            offset + len(data) == len(snapshot.data), raft.tick_count, self._read_round))

    def _is_alive(self, peer):
        """Return True if the follower has answered within the longest election timeout."""
        raft = self._raft
        return (peer.contact_tick is not None
                and raft.tick_count - peer.contact_tick <= raft.config.election_ticks_max)

    def on_reply(self, message):
        """Take a follower's AppendReply or SnapshotReply."""
        raft = self._raft
        peer = self._progress.get(message.sender)
        if (peer is None or message.index > raft.log.last_index
                or message.sent_tick > raft.tick_count):
            raft.messages_refused += 1
            return
        if message.life != peer.life and not self._knows_life(peer, message):
            return
        peer.heard(message.sent_tick, message.read_round)
        if type(message) is AppendReply and message.rejected:
            meet_index, _ = raft.log.newest_at_most(message.hint_index, message.hint_term)
            peer.rejected(message.index, meet_index)
        else:
            if peer.accepted(message.index):
                self.try_commit()
            if type(message) is SnapshotReply and peer.holds_bytes(
                    message.offset, message.sent_tick):
                self._send_chunk(message.sender, peer)
        if peer.admit_index and not peer.admits and (
                peer.match_index >= peer.admit_index <= raft.commit_index):
            peer.admit(raft.tick_count)
            self._heartbeat_due = True
        self._must_feed = self._must_feed or peer.next_index <= raft.log.last_index
        self._finish_reads()
        self._try_transfer()

    def _knows_life(self, peer, message):
        """
        Sort out an answer under another life than the last; False if it is to be ignored.

        Life 0 is that of a follower with a memory: one that has been admitted, or an answer that
        was on its way since before the memory was lost.
        """
        life = message.life
        if life == 0:
            is_known = peer.confirms(message.sent_tick)
        else:
            is_known = life not in self._past_lives
            if is_known:
                self._past_lives.add(life)
                peer.new_life(life, self._raft.append_own(b'', NOOP))
        self._count_voices()
        return is_known

    def try_commit(self):
        """Commit what a majority has on disk, if it is of this term (paper, section 5.4.2)."""
        raft = self._raft
        index = quorum_value(raft.log.stable_index if self._own_counts else -1,
                             [peer.match_index for peer in self._voices], self._quorum)
        if index > raft.commit_index and raft.log.term_at(index) == raft.term:
            raft.commit_to(index)
            if not self._own_counts and index >= raft.log.configurations.index:
                self._leave()

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
        done = quorum_value(math.inf if self._own_counts else -1,
                            [peer.acked_round for peer in self._voices], self._quorum)
        while self._reads and self._reads[0][2] <= done:
            ctx, index, _ = self._reads.pop(0)
            self._raft.answer_read(ctx, index)

    def abandon(self):
        """Answer all open reads with "not here": leadership is lost."""
        for ctx in [read[0] for read in self._reads] + self._reads_to_start:
            self._raft.answer_read(ctx, None)
        self._reads.clear()
        self._reads_to_start.clear()

    # The group

    def regroup(self):
        """
        Take up the newest configuration; return the ids of all that are spoken to.

        Those who were removed are told for a while longer, so that they learn of it: their log
        says so, and they stand for nothing any more.
        """
        raft = self._raft
        others = set(raft.members.all) - {raft.config.node_id}
        for peer_id in raft.members.all:
            if peer_id in others and peer_id not in self._progress:
                self._progress[peer_id] = Progress(raft.log.last_index)
        for peer_id, peer in self._progress.items():
            if peer_id in others:
                peer.leaves_tick = None
            elif peer.leaves_tick is None:
                peer.leaves_tick = raft.tick_count + 4 * raft.config.election_ticks_max
        self._count_voices()
        return frozenset(self._progress)

    def _count_voices(self):
        """Find out who counts: the voters, but nobody who has lost his memory."""
        raft = self._raft
        self._quorum = raft.members.quorum
        self._own_counts = raft.is_voter
        self._voices = [peer for peer_id, peer in self._progress.items()
                        if peer_id in raft.members.voters and not peer.admit_index]

    def obstacle_to(self, kind, node_id, members):
        """Return what stands against the change to `members`, in words, or ''."""
        raft = self._raft
        if raft.commit_index < self._opening_index:
            return ('this leader has not committed an entry of its own term yet: try again '
                    'shortly')
        if raft.commit_index < raft.log.configurations.index:
            return (f'a change is under way (entry {raft.log.configurations.index}): wait until '
                    'it is committed')
        if kind == 'promote' and not self._has_caught_up(self._progress[node_id]):
            return f'{node_id} has not caught up yet: wait, and see that it runs'
        alive = sum(1 for voter in members.voters
                    if voter == raft.config.node_id or self._counts(self._progress[voter]))
        if kind != 'add' and alive < members.quorum:
            return (f'of {", ".join(members.voters)} only {alive} answer now, and '
                    f'{members.quorum} would have to: nothing could be decided any more. Bring '
                    'the others back, or remove those that are gone first')
        return ''

    def _counts(self, peer):
        return self._is_alive(peer) and not peer.admit_index

    def _has_caught_up(self, peer):
        """Return True if a follower holds all that was committed one heartbeat ago."""
        return self._counts(peer) and peer.match_index >= self._commit_at_heartbeat

    def _leave(self):
        """Lead no more: the entry that removes this replica is committed (thesis, 4.2.2)."""
        self._is_leaving = True
        self.transfer(None)

    def _depart(self):
        self._raft.become_follower(self._raft.term, None, 'removed from the group')

    # Handing over

    def transfer(self, to):
        """Begin to hand over to `to`, or to the most advanced follower in contact."""
        raft = self._raft
        if to is None:
            to = max((voter for voter in raft.members.voters if voter != raft.config.node_id),
                     key=self._fitness, default=None)
        if to is None or to == raft.config.node_id:
            return
        self.transfer_to = to
        self._transfer_until_tick = raft.tick_count + raft.config.election_ticks_max
        self._asked_to_stand = False
        self._must_feed = True
        self._try_transfer()

    def _fitness(self, peer_id):
        peer = self._progress[peer_id]
        return self._counts(peer), peer.match_index

    def _try_transfer(self):
        """Once the follower has the whole log, tell it to stand (thesis, section 3.10)."""
        if self.transfer_to is None or self._asked_to_stand:
            return
        raft = self._raft
        if self._progress[self.transfer_to].match_index == raft.log.last_index:
            self._asked_to_stand = True
            raft.send(TimeoutNow(self.transfer_to, raft.config.node_id, raft.term))
            if self._is_leaving:
                self._depart()

    def peer_status(self):
        """Return a PeerStatus for each follower."""
        return tuple(
            PeerStatus(peer_id, peer.state, peer.match_index, peer.next_index,
                       len(peer.inflight), peer.contact_tick,
                       peer_id in self._raft.members.voters, peer.admit_index > 0)
            for peer_id, peer in self._progress.items())
