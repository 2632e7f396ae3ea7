# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
One replica: what goes in (ticks, messages, proposals) and what comes out (`Ready`).

The package's docstring lists the caller's duties. Who may lead is decided in `election.py`, what a
follower accepts in `follower.py`, what a leader sends and commits in `leader.py`; this file holds
what they share and the one way in and out.
"""

from robot_swarm_orch.errors import ConfigError, InvariantError, NotLeader
from robot_swarm_orch.raft import follower
from robot_swarm_orch.raft.amnesia import Amnesia
from robot_swarm_orch.raft.election import Election
from robot_swarm_orch.raft.errors import MembershipRefused, RaftMisuse
from robot_swarm_orch.raft.leader import Leadership
from robot_swarm_orch.raft.members import changed, pack_members
from robot_swarm_orch.raft.messages import (
    Append, AppendReply, CONFIG, Entry, HardState, InstallSnapshot, Members, NOOP, NORMAL, PreVote,
    PreVoteReply, Snapshot, SnapshotReply, TimeoutNow, Vote, VoteReply)
from robot_swarm_orch.raft.outputs import ReadState, Ready, Role, Status


class Raft:
    """
    One replica of a Raft group.

    config: a RaftConfig. hard_state: what the store held. log: a RaftLog over the stored snapshot
    and entries. rng: the random.Random that spreads election timeouts.

    `role`, `term`, `leader_id`, `commit_index`, `last_applied`, `tick_count` and `members` (the
    newest Members in the log, committed or not) are for reading. A group of one voter elects
    itself here and now.
    """

    def __init__(self, config, hard_state, log, rng):
        """Start as a follower of nobody; raises InvariantError if the store lost entries."""
        if hard_state.commit > log.last_index:
            raise InvariantError(
                f'the store holds {log.last_index} entries, of which {hard_state.commit} were '
                'committed: it lost some. Wipe it and let this replica join empty only if a '
                'majority of the others is intact')
        self.config = config
        self.log = log
        self.rng = rng
        self.role = Role.FOLLOWER
        self.term = hard_state.term
        self.vote = hard_state.vote
        self.leader_id = None
        self.commit_index = max(hard_state.commit, log.snapshot_index)
        self.last_applied = log.snapshot_index
        self.tick_count = 0
        self.messages_refused = 0
        self.last_step_down = ''
        self.received_snapshot = None
        self.incoming = None
        self.amnesia = Amnesia(hard_state, log.last_index == 0, config.join, rng)
        self._saved = (hard_state.term, hard_state.vote, hard_state.commit,
                       self.amnesia.life != 0)
        self._handed_index = self.last_applied
        self._messages = []
        self._reads = []
        self._applied_on_advance = None
        self._leadership = None
        log.found(Members(() if config.join else config.voters))
        self._adopt_members()
        self.election = Election(self)
        if self.members.voters == (config.node_id,):
            self.election.stand()

    @property
    def last_index(self):
        """Index of the newest entry in the log, committed or not."""
        return self.log.last_index

    @property
    def is_voter(self):
        """Return True if this replica has a voice in its newest configuration."""
        return self.config.node_id in self.members.voters

    @property
    def is_handing_over(self):
        """Return True while this leader refuses proposals, since another one is to take over."""
        return self._leadership is not None and self._leadership.transfer_to is not None

    # What goes in

    def tick(self):
        """Let one tick of steady time pass."""
        self.tick_count += 1
        if self._leadership is not None:
            self._leadership.tick()
        else:
            self.election.tick()

    def step(self, message):
        """
        Take one received message.

        Requests are answered without asking whether the sender is a member: a leader or candidate
        may belong to a configuration that has not arrived here yet, and its request may be what
        brings it (thesis, section 4.1). Pre-vote and loyalty keep those who were removed from
        disturbing. Answers of strangers, and messages for somebody else, are refused and counted.
        Raises InvariantError if the group has broken Raft's own laws: then stop the process.
        """
        kind = type(message)
        sender = message.sender
        if message.to != self.config.node_id or sender not in self._peers and (
                kind in _ANSWERS or sender == self.config.node_id):
            self.messages_refused += 1
            return
        if message.term > self.term:
            if not self._enter_term_of(message, kind):
                return
        elif message.term < self.term and not self._answer_old_term(message, kind):
            return
        _HANDLERS[kind](self, message)

    def _enter_term_of(self, message, kind):
        """Follow a message of a later term (paper, section 5.1); False if it must be ignored."""
        if kind is PreVote or kind is PreVoteReply and message.granted:
            return True
        if kind is Vote and not message.transfer and self.election.is_loyal():
            return False
        is_from_leader = kind is Append or kind is InstallSnapshot
        self.become_follower(message.term, message.sender if is_from_leader else None,
                             f'{message.sender} is in term {message.term}')
        return True

    def _answer_old_term(self, message, kind):
        """
        Tell a sender of an earlier term about this one; True if the message still counts.

        An answer matters even to a leader that nobody follows any more: without it, a replica
        with a later term could neither join it nor win an election against it.
        """
        if kind is Append or kind is InstallSnapshot:
            self.send(AppendReply(message.sender, self.config.node_id, self.term, True, 0,
                                  life=self.amnesia.life))
        elif kind is PreVote:
            self.send(PreVoteReply(message.sender, self.config.node_id, self.term, False))
        elif kind is Vote:
            self.send(VoteReply(message.sender, self.config.node_id, self.term, False))
        return False

    def propose(self, data):
        """
        Append `data` (bytes) to the log and return the index that it will have.

        It is decided only when it comes back in `Ready.committed` at that index and this term; a
        new leader may put another entry there. Raises NotLeader, also while leadership is being
        handed over.
        """
        self._check_leading()
        return self.append_own(data, NORMAL)

    def _check_leading(self):
        """Raise NotLeader unless this replica leads and is not handing over."""
        if self._leadership is None:
            raise NotLeader(self.leader_id)
        if self._leadership.transfer_to is not None:
            raise NotLeader(self._leadership.transfer_to)

    def append_own(self, data, kind):
        """Append an entry of this leader's term and return its index."""
        index = self.log.last_index + 1
        self.log.append(Entry(self.term, index, data, kind))
        return index

    def change_members(self, kind, node_id):
        """
        Change the group by one replica and return the index of the entry that says so.

        kind: 'add' (as a learner), 'promote' (a learner to a voter, once it has caught up) or
        'remove'. It is in effect at once, and decided when that entry comes back in
        `Ready.committed`. A leader that removes itself steps down then, and hands over where it
        can. Raises NotLeader, and MembershipRefused (`members.py` tells the rules).
        """
        self._check_leading()
        members = changed(self.members, kind, node_id)
        obstacle = self._leadership.obstacle_to(kind, node_id, members)
        if obstacle:
            raise MembershipRefused(obstacle)
        index = self.append_own(pack_members(members), CONFIG)
        self.follow_members()
        return index

    def caught_up_learner(self):
        """Return a learner that could be promoted now, or None; cheap where there are none."""
        if self._leadership is None or not self.members.learners:
            return None
        for node_id in self.members.learners:
            if not self._leadership.obstacle_to(
                    'promote', node_id, changed(self.members, 'promote', node_id)):
                return node_id
        return None

    def read_index(self, ctx):
        """
        Ask for a linearizable read without a log entry (thesis, section 6.4).

        The answer comes as a ReadState with this `ctx` in `Ready.reads`. Raises NotLeader.
        """
        if self._leadership is None:
            raise NotLeader(self.leader_id)
        self._leadership.read_index(ctx)

    def transfer_leadership(self, to=None):
        """
        Hand leadership to `to`, or to the most advanced follower in contact.

        Proposals are refused meanwhile. If it does not happen within the longest election timeout,
        this replica goes on leading. Raises NotLeader, and ConfigError for a stranger.
        """
        if self._leadership is None:
            raise NotLeader(self.leader_id)
        if to is not None and to not in self.members.voters:
            raise ConfigError(f'{to!r} is not among the voters {self.members.voters}')
        self._leadership.transfer(to)

    def step_down(self, reason):
        """
        Stop leading or standing, and forget what was not sent yet.

        For a replica that was away (frozen, swapped out) longer than the shortest election
        timeout: it can't know what happened meanwhile. It then waits a whole timeout.
        """
        self._messages.clear()
        self.become_follower(self.term, None, reason)

    def snapshot_of(self, index, data):
        """
        Return a Snapshot of the machine's state `data` (bytes) after entry `index`.

        Raises RaftMisuse unless `index` is applied and newer than the last snapshot.
        """
        if not self.log.snapshot_index < index <= self.last_applied:
            raise RaftMisuse(
                f'a snapshot at {index} must lie above the last one ({self.log.snapshot_index}) '
                f'and not above last_applied ({self.last_applied})')
        return Snapshot(index, self.log.term_at(index), bytes(data),
                        self.log.configurations.at(index))

    def compact(self, index, data):
        """
        Return the same, and let the log drop what it covers, but `snapshot_keep_entries`.

        The caller persists the snapshot: `store.save(None, (), snapshot)`, then
        `store.compact(snapshot.index)`.
        """
        snapshot = self.snapshot_of(index, data)
        self.log.compact(snapshot, self.config.snapshot_keep_entries)
        return snapshot

    # What comes out

    def ready(self):
        """Return what there is to do as a Ready, or None; cheap when there is nothing."""
        if self._applied_on_advance is not None:
            raise RaftMisuse('ready() again before advance(): finish the last Ready first')
        if self._leadership is not None:
            self._leadership.flush()
        hard = (self.term, self.vote, self.commit_index, self.amnesia.life != 0)
        if not (hard != self._saved or self._messages or self._handed_index < self.commit_index
                or self.log.has_unstable() or self._reads or self.received_snapshot):
            return None
        snapshot, self.received_snapshot = self.received_snapshot, None
        if snapshot is not None:
            self._handed_index = snapshot.index
        last = min(self.commit_index, self._handed_index + self.config.max_apply_entries)
        ready = Ready(
            HardState(*hard) if hard != self._saved else None,
            self.log.hand_out_unstable() if self.log.has_unstable() else (),
            snapshot,
            tuple(self._messages),
            self.log.slice(self._handed_index + 1, last) if last > self._handed_index else (),
            tuple(self._reads))
        self._saved = hard
        self._handed_index = last
        self._messages.clear()
        self._reads.clear()
        self._applied_on_advance = last
        return ready

    def advance(self):
        """Confirm that everything in the last Ready is done."""
        if self._applied_on_advance is None:
            raise RaftMisuse('advance() without a Ready')
        self.last_applied, self._applied_on_advance = self._applied_on_advance, None
        self.log.mark_stable()
        if self._leadership is not None:
            self._leadership.try_commit()

    def quorum_contact_tick(self):
        """
        Return when, in ticks, the newest word was *sent* that a majority has answered.

        The age of this leader's contact with a majority is `tick_count` less this (plus the time
        since the last tick). None: no leader, or no majority has answered yet in this term.
        """
        return None if self._leadership is None else self._leadership.quorum_contact_tick()

    def status(self):
        """Return a Status."""
        peers = () if self._leadership is None else self._leadership.peer_status()
        return Status(
            self.config.node_id, self.role, self.term, self.leader_id, self.vote,
            self.commit_index, self.log.last_index, self.last_applied, self.log.first_index,
            self.tick_count, self.election.started, self.messages_refused, self.last_step_down,
            peers, self.members, self.amnesia.life != 0)

    # For election.py, follower.py and leader.py

    def send(self, message):
        """Queue a message for the next Ready."""
        self._messages.append(message)

    def answer_read(self, ctx, index):
        """Queue the answer to a read."""
        self._reads.append(ReadState(ctx, index))

    def commit_to(self, index):
        """Everything up to `index` is decided."""
        if index > self.log.last_index:
            raise InvariantError(
                f'entry {index} is committed, but the log ends at {self.log.last_index}')
        if index > self.commit_index:
            self.commit_index = index

    def follow_members(self):
        """Take up what the log's newest CONFIG entry says, if that has changed."""
        if self.log.members is not self.members:
            self._adopt_members()
            if self._leadership is not None:
                self._peers = self._leadership.regroup()

    def _adopt_members(self):
        self.members = self.log.members
        self._peers = frozenset(self.members.all) - {self.config.node_id}

    def become_follower(self, term, leader_id, reason):
        """Follow `leader_id` (or nobody yet) in `term`."""
        if self._leadership is not None:
            self.last_step_down = reason
            self._leadership.abandon()
            self._leadership = None
        if term != self.term:
            self.term = term
            self.vote = None
        self.role = Role.FOLLOWER
        self.leader_id = leader_id
        self.election.rest()

    def become_pre_candidate(self):
        """Ask around without changing the term (thesis, section 9.6)."""
        self.role = Role.PRE_CANDIDATE
        self.leader_id = None

    def become_candidate(self):
        """Open a new term with a vote for itself (paper, section 5.2)."""
        self.role = Role.CANDIDATE
        self.leader_id = None
        self.term += 1
        self.vote = self.config.node_id
        self.amnesia.end()

    def become_leader(self):
        """
        Lead the current term, opening it with an entry of its own.

        That entry is what commits the entries of earlier terms: they are never committed by
        counting copies (paper, sections 5.4.2 and 8). It is empty, except that the first entry of
        all names the founders.
        """
        self.role = Role.LEADER
        self.leader_id = self.config.node_id
        if self.log.last_index == 0:
            opening_index = self.append_own(pack_members(self.members), CONFIG)
            self._adopt_members()
        else:
            opening_index = self.append_own(b'', NOOP)
        self._leadership = Leadership(self, opening_index)

    def on_leader_reply(self, message):
        """Hand a follower's answer to the leadership that it was meant for, if that still is."""
        if self._leadership is not None:
            self._leadership.on_reply(message)


_HANDLERS = {
    PreVote: lambda raft, message: raft.election.on_pre_vote(message),
    PreVoteReply: lambda raft, message: raft.election.on_pre_vote_reply(message),
    Vote: lambda raft, message: raft.election.on_vote(message),
    VoteReply: lambda raft, message: raft.election.on_vote_reply(message),
    TimeoutNow: lambda raft, message: raft.election.on_timeout_now(message),
    Append: follower.on_append,
    InstallSnapshot: follower.on_install_snapshot,
    AppendReply: Raft.on_leader_reply,
    SnapshotReply: Raft.on_leader_reply,
}
_ANSWERS = frozenset({PreVoteReply, VoteReply, AppendReply, SnapshotReply})
