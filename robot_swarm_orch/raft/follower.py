# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a follower accepts from its leader: entries, commit indices, snapshots.

Both functions get a Raft object and a message of the current term (`core.py` has dealt with
others), so the sender is the leader of this term.
"""

from zlib import crc32

from robot_swarm_orch.errors import InvariantError
from robot_swarm_orch.raft.messages import AppendReply, Snapshot, SnapshotReply


class IncomingSnapshot:
    """The first bytes of a snapshot, begun by a leader of `leader_term`."""

    __slots__ = ('identity', 'leader_term', 'data')

    def __init__(self, message):
        """Begin with nothing of the snapshot that `message` is a chunk of."""
        self.identity = _identity(message)
        self.leader_term = message.term
        self.data = bytearray()


def _identity(message):
    return message.index, message.snapshot_term, message.checksum


def on_append(raft, message):
    """Take entries that join the own log, or say where to look for the join (paper, 5.3)."""
    _follow(raft, message.sender)
    if message.admits and message.admits == raft.amnesia.life:
        raft.amnesia.end()
        raft.vote = message.sender
    log = raft.log
    prev_index = message.prev_index
    if prev_index < raft.commit_index:
        # An old or repeated message. What is committed equals the leader's log by proof; only
        # entries behind it may be news.
        last_index = prev_index + len(message.entries)
        if last_index <= raft.commit_index:
            _reply(raft, message, False, raft.commit_index)
            return
        entries = message.entries[raft.commit_index - prev_index:]
    elif log.term_at(prev_index) == message.prev_term:
        last_index = prev_index + len(message.entries)
        entries = message.entries
    else:
        hint_index, hint_term = log.newest_at_most(prev_index, message.prev_term)
        _reply(raft, message, True, prev_index, hint_index, hint_term)
        return
    if entries:
        log.merge(entries, raft.commit_index)
        raft.follow_members()
        raft.incoming = None
    raft.commit_to(max(raft.commit_index, min(message.commit, last_index)))
    _reply(raft, message, False, last_index)


def on_install_snapshot(raft, message):
    """
    Take a chunk of the leader's snapshot; with the last one, install it (paper, figure 13).

    Only the chunk that goes on where the last one ended is taken, so lost, repeated and overtaken
    ones do no harm: the answer says how far this replica has got, and the leader goes on there.
    One snapshot is held at a time. A newer one replaces it, and so does one of a new leader,
    unless it is the same, down to the checksum: then the work goes on where it stopped.
    """
    _follow(raft, message.sender)
    index, offset = raft.commit_index, 0
    if message.index > raft.commit_index:
        if raft.log.term_at(message.index) == message.snapshot_term:
            raft.incoming = None
            raft.commit_to(message.index)
        else:
            offset = _take_chunk(raft, message)
        index = raft.commit_index
    raft.send(SnapshotReply(message.sender, raft.config.node_id, raft.term, index, offset,
                            message.sent_tick, message.read_round, raft.amnesia.life))


def _take_chunk(raft, message):
    """Add a chunk to what is held; return how many bytes of its snapshot are held then."""
    incoming = raft.incoming
    if incoming is None or incoming.identity != _identity(message):
        is_late = incoming is not None and (
            message.term == incoming.leader_term and message.index < incoming.identity[0])
        if message.offset or is_late:
            return 0
        incoming = raft.incoming = IncomingSnapshot(message)
    if message.offset == len(incoming.data):
        incoming.data += message.data
        if message.done:
            raft.incoming = None
            return _install(raft, message, bytes(incoming.data))
    return len(incoming.data)


def _install(raft, message, data):
    """Replace log and machine by a whole snapshot, if it arrived as it was sent."""
    if crc32(data) == message.checksum:
        snapshot = Snapshot(message.index, message.snapshot_term, data, message.members)
        raft.log.reset(snapshot)
        raft.received_snapshot = snapshot
        raft.commit_to(snapshot.index)
        raft.follow_members()
    else:
        raft.messages_refused += 1
    return 0


def _follow(raft, leader_id):
    """Acknowledge the leader of the current term; there can be only one (paper, 5.2)."""
    if raft.amnesia.life:
        raft.amnesia.heard_leader()
    if raft.leader_id == leader_id:
        raft.election.heard_leader()
        return
    if raft.leader_id is not None:
        raise InvariantError(
            f'{leader_id} and {raft.leader_id} both lead term {raft.term}: two replicas share one '
            'id, or a disk forgot a vote')
    raft.become_follower(raft.term, leader_id, f'{leader_id} leads')


def _reply(raft, message, rejected, index, hint_index=0, hint_term=0):
    raft.send(AppendReply(message.sender, raft.config.node_id, raft.term, rejected, index,
                          hint_index, hint_term, message.sent_tick, message.read_round,
                          raft.amnesia.life))
