# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""One replica alone on the bench: build it, drain it, lead with it."""

import random

from robot_swarm_orch.raft import (
    AppendReply, Entry, HardState, PreVoteReply, Raft, RaftConfig, RaftLog, Role, VoteReply)

VOTERS = ('c1', 'c2', 'c3')


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


def entries(*pairs):
    """Return entries from (index, term) pairs."""
    return tuple(Entry(term, index, b'%d.%d' % (index, term)) for index, term in pairs)
