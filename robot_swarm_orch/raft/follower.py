# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a follower accepts from its leader: entries, commit indices, snapshots.

Both functions get a Raft object and a message of the current term (`core.py` has dealt with
others), so the sender is the leader of this term.
"""

from robot_swarm_orch.errors import InvariantError
from robot_swarm_orch.raft.messages import AppendReply, SnapshotReply


def on_append(raft, message):
    """Take entries that join the own log, or say where to look for the join (paper, 5.3)."""
    _follow(raft, message.sender)
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
    log.merge(entries, raft.commit_index)
    raft.commit_to(max(raft.commit_index, min(message.commit, last_index)))
    _reply(raft, message, False, last_index)


def on_install_snapshot(raft, message):
    """Take a leader's snapshot, unless the own log reaches as far already (paper, section 7)."""
    snapshot = message.snapshot
    if set(snapshot.voters) != set(raft.config.voters):
        raft.messages_refused += 1
        return
    _follow(raft, message.sender)
    log = raft.log
    if snapshot.index <= raft.commit_index:
        index = raft.commit_index
    else:
        index = snapshot.index
        if log.term_at(index) != snapshot.term:
            log.reset(snapshot)
            raft.received_snapshot = snapshot
        raft.commit_to(index)
    raft.send(SnapshotReply(message.sender, raft.config.node_id, raft.term, index,
                            message.sent_tick, message.read_round))


def _follow(raft, leader_id):
    """Acknowledge the leader of the current term; there can be only one (paper, 5.2)."""
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
                          hint_index, hint_term, message.sent_tick, message.read_round))
