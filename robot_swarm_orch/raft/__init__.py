# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Raft as a value machine: no threads, no clock, no sockets and, except in the stores, no files.

The caller owns time, the network and the disk; a `Raft` object only decides. Build one from what
the store holds, then feed it and carry out what it asks for::

    store = FileStore('/var/lib/swarm/c1', identity='north/c1')
    hard_state, snapshot, entries = store.load()
    machine.restore(snapshot)                               # when there is one
    raft = Raft(config, hard_state, RaftLog(snapshot, entries), random.Random(seed))

    every 10 ms:          raft.tick()
    on a message:         raft.step(decode(payload))
    on a client's fact:   raft.propose(data)                # NotLeader names whom to ask

    after each of these, until ready() answers None:
        ready = raft.ready()
        store.save(ready.hard_state, ready.entries, ready.snapshot)       # 1. persist
        if ready.snapshot: machine.restore(ready.snapshot)
        for message in ready.messages: send(message.to, encode(message))  # 2. send
        for entry in ready.committed: machine.apply(entry)                # 3. apply
        raft.advance()                                                    # 4. advance

The caller's duties, and what breaks without them:

1.  *Persist* before anything else. `save` must be on disk when it returns. A vote or an accepted
    entry that is told to others and then forgotten elects two leaders or loses an order. The one
    exception is `may_precede_save(message)`: a leader's appends may leave while its disk works.
2.  *Send* each message once. It may be lost, repeated, delayed or reordered; never changed.
3.  *Apply* in the order given, on every replica, with the same result. Entries of another kind
    than `NORMAL` are Raft's own: count them, do nothing. After a restart `committed` starts behind
    the stored snapshot.
4.  *Advance* when all of that is done. A second `ready()` before it raises. `tick`, `step` and
    `propose` are welcome in between: what they cause appears in the next `Ready`.

If a step fails half way (DiskRefused: it is full, say), throw the `Raft` object away, `reopen` the
store and start again from what it holds: nothing of the failed `Ready` was promised to anybody.

Three duties about time. Ticks are steady time divided by the tick length, never wall-clock time.
After any delay, waiting messages go in before the ticks that have passed: else a heartbeat that
lies in the queue counts as missed. And whoever was away for longer than `election_ticks_min`
(frozen, swapped out) calls `step_down` before it sends anything, then hands in the queue, then
ticks on.

Compaction: `snapshot = raft.compact(index, data)` once in a while, with `data` the machine's state
after `index`; then `store.save(None, (), snapshot)` and `store.compact(snapshot.index)`. Where
the state is large: `store.draft(raft.snapshot_of(index, data))` before, and a `step()` of the
draft now and then until it returns True; ticks, messages and entries go between.

Reading order: `messages.py` (what is said), `log.py` (what is kept), `core.py` with `outputs.py`
(the flow), `election.py` (who leads), `follower.py` (what is accepted), `leader.py` with
`progress.py` (what is replicated, when it is committed), `members.py` (who belongs to the group),
`amnesia.py` (what an empty disk may do), `storage.py` with `segments.py` and `disk.py` (what
survives).

Sources: D. Ongaro and J. Ousterhout, "In Search of an Understandable Consensus Algorithm (Extended
Version)", 2014 ("the paper"); D. Ongaro, "Consensus: Bridging Theory and Practice", 2014 ("the
thesis").
"""

from robot_swarm_orch.errors import NotLeader
from robot_swarm_orch.raft.config import RaftConfig
from robot_swarm_orch.raft.core import Raft
from robot_swarm_orch.raft.errors import (
    CorruptLog, DiskRefused, MalformedMessage, MembershipRefused, RaftMisuse, StoreLocked)
from robot_swarm_orch.raft.log import RaftLog
from robot_swarm_orch.raft.messages import (
    Append, AppendReply, CONFIG, Entry, HardState, InstallSnapshot, may_precede_save, Members,
    NOOP, NORMAL, PreVote, PreVoteReply, Snapshot, SnapshotReply, TimeoutNow, Vote, VoteReply)
from robot_swarm_orch.raft.outputs import ReadState, Ready, Role, Status
from robot_swarm_orch.raft.storage import FileStore, MemoryStore
from robot_swarm_orch.raft.wire import decode, encode

__all__ = [
    'Append', 'AppendReply', 'CONFIG', 'CorruptLog', 'decode', 'DiskRefused', 'encode', 'Entry',
    'FileStore', 'HardState', 'InstallSnapshot', 'MalformedMessage', 'may_precede_save', 'Members',
    'MembershipRefused', 'MemoryStore', 'NOOP', 'NORMAL', 'NotLeader', 'PreVote', 'PreVoteReply',
    'Raft', 'RaftConfig', 'RaftLog', 'RaftMisuse', 'ReadState', 'Ready', 'Role', 'Snapshot',
    'SnapshotReply', 'Status', 'StoreLocked', 'TimeoutNow', 'Vote', 'VoteReply',
]
