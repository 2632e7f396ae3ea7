# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""One replica alone on the bench: build it, drain it, lead with it."""

import random
from zlib import crc32

from robot_swarm_orch.raft import (
    AppendReply, Entry, HardState, InstallSnapshot, Members, PreVoteReply, Raft, RaftConfig,
    RaftLog, Role, Snapshot, VoteReply)

VOTERS = ('c1', 'c2', 'c3')
MEMBERS = Members(VOTERS)


def lone_raft(node_id='c1', voters=VOTERS, terms=(), hard_state=None, seed=1,
              **settings):
    """Return a Raft whose log has entries of the given terms, for instance (1, 1, 2)."""
    entries = [Entry(term, index, b'%d' % index) for index, term in enumerate(terms, 1)]
    hard_state = hard_state or HardState(terms[-1] if terms else 0)
    return Raft(RaftConfig(node_id, voters, **settings), hard_state, RaftLog(None, entries),
                random.Random(seed))


def drain(raft):
    """Do a caller's duties without a disk; return all messages and all committed entries."""
    messages, committed = [], []
    while True:
        ready = raft.ready()
        if ready is None:
            return messages, committed
        messages += ready.messages
        committed += ready.committed
        raft.advance()


def leading(terms=(), **settings):
    """Return a leader of c1, c2, c3 with its opening append sent but not answered."""
    raft = lone_raft(terms=terms, **settings)
    while raft.role is not Role.PRE_CANDIDATE:
        raft.tick()
    raft.step(PreVoteReply('c1', 'c2', raft.term + 1, True))
    drain(raft)
    raft.step(VoteReply('c1', 'c2', raft.term, True))
    drain(raft)
    return raft


def accept(raft, sender, index, **marks):
    """Let a follower accept everything up to `index`."""
    raft.step(AppendReply('c1', sender, raft.term, False, index, **marks))


def chunk(snapshot, first=0, last=None, term=2, sender='c2', to='c1', **marks):
    """Return the message that brings the bytes `first..last` of a snapshot."""
    data = snapshot.data[first:last]
    return InstallSnapshot(to, sender, term, snapshot.index, snapshot.term, snapshot.members,
                           crc32(snapshot.data), first, data,
                           first + len(data) == len(snapshot.data), **marks)


def state_at(index, data=b'state', term=2, members=MEMBERS):
    """Return a Snapshot at `index`."""
    return Snapshot(index, term, data, members)


def entries(*pairs):
    """Return entries from (index, term) pairs."""
    return tuple(Entry(term, index, b'%d.%d' % (index, term)) for index, term in pairs)
