# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Who leads: election timeouts, pre-vote, vote, and when a replica stays loyal to its leader.

A replica that hears no leader for its random timeout first asks around (pre-vote, thesis section
9.6): only if a majority would vote for it does it open a new term. So a replica that comes back
from a partition disturbs nobody. Whoever heard a leader within the shortest election timeout votes
for nobody (thesis, section 4.2.3), unless the leader itself asked for the election.

Only a voter of the newest configuration in its own log stands, with one exception: a voter whose
removal is in its log but not committed. Its log may be the newest, and then only it can bring its
own removal about; it counts no voice of its own (thesis, section 4.2.2). But whoever is asked for
a vote answers, a learner too: it may have been promoted by an entry that it has not got yet, and
its vote may be needed. The candidate counts only voters.

Requests are repeated every `heartbeat_ticks` to those who have not answered: a lost message, or a
voter whose loyalty ends a moment later, then costs one heartbeat instead of a whole timeout.
"""

from robot_swarm_orch.raft.messages import PreVote, PreVoteReply, Vote, VoteReply


class Election:
    """The election side of one replica; lives as long as its Raft object."""

    __slots__ = ('started', '_raft', '_heir_ticks', '_elapsed', '_timeout', '_round',
                 '_transfer', '_granted', '_refused')

    def __init__(self, raft):
        """Start the first timeout; after a restart it is longer by `start_patience_ticks`."""
        self.started = 0
        self._raft = raft
        self._heir_ticks = raft.config.election_ticks_min + 1
        self._transfer = False
        self._granted = set()
        self._refused = set()
        self.rest()
        if raft.log.last_index:
            self._timeout += raft.config.start_patience_ticks

    def rest(self):
        """Close any round and begin a new random timeout."""
        config = self._raft.config
        self._round = None
        self._elapsed = 0
        self._timeout = self._raft.rng.randint(
            config.election_ticks_min, config.election_ticks_max)
        self._granted.clear()
        self._refused.clear()

    def heard_leader(self):
        """Restart the timeout: the leader lives."""
        self._elapsed = 0

    def is_loyal(self):
        """Return True while this replica leads, or heard its leader a moment ago."""
        raft = self._raft
        if raft.leader_id is None:
            return False
        return (raft.leader_id == raft.config.node_id
                or self._elapsed < raft.config.election_ticks_min)

    def tick(self):
        """Count; stand for election when the timeout has passed; repeat unanswered requests."""
        self._elapsed += 1
        if self._elapsed >= self._timeout or (
                self._elapsed == self._heir_ticks and self._is_heirs_turn()):
            if self._may_stand():
                self.stand()
            else:
                self._raft.become_follower(self._raft.term, None, 'hears no leader')
        elif self._round and self._elapsed % self._raft.config.heartbeat_ticks == 0:
            self._ask()

    def _is_heirs_turn(self):
        """Return True when this replica is next in line to a leader that has just gone silent."""
        raft = self._raft
        config = raft.config
        if (not config.heir_first or raft.leader_id is None
                or self._elapsed != config.election_ticks_min + 1):
            return False
        return config.node_id == min(set(raft.members.voters) - {raft.leader_id}, default=None)

    def _may_stand(self):
        """Return True if the group may need this replica as its leader (see above)."""
        raft = self._raft
        if not raft.amnesia.may_stand():
            return False
        configurations = raft.log.configurations
        return raft.is_voter or (
            configurations.index > raft.commit_index
            and raft.config.node_id in configurations.at(configurations.index - 1).voters)

    def stand(self):
        """Start with the pre-vote; a majority of it leads on to the vote (paper, section 5.2)."""
        self.started += 1
        self._open(PreVote)

    def _open(self, round_kind, transfer=False):
        """Open a round of PreVote or Vote with this replica's own voice."""
        raft = self._raft
        self.rest()
        self._round = round_kind
        self._transfer = transfer
        if round_kind is PreVote:
            raft.become_pre_candidate()
        else:
            raft.become_candidate()
        self._ask()
        self._count(raft.config.node_id, True)

    def _ask(self):
        """Send the request of the open round to all who have not answered it."""
        raft = self._raft
        me, log = raft.config.node_id, raft.log
        for peer in raft.members.voters:
            if peer == me or peer in self._granted or peer in self._refused:
                continue
            if self._round is PreVote:
                raft.send(PreVote(peer, me, raft.term + 1, log.last_index, log.last_term))
            else:
                raft.send(Vote(peer, me, raft.term, log.last_index, log.last_term,
                               self._transfer))

    def _count(self, voter, granted):
        """Note one answer of a voter; a majority either way ends the round."""
        raft = self._raft
        if voter not in raft.members.voters:
            return
        (self._granted if granted else self._refused).add(voter)
        if len(self._granted) >= raft.members.quorum:
            if self._round is PreVote:
                self._open(Vote)
            else:
                self.rest()
                raft.become_leader()
        elif len(self._refused) >= raft.members.quorum:
            raft.become_follower(raft.term, None, 'refused by a majority')

    def on_pre_vote(self, message):
        """
        Say whether this replica would vote for the sender; no state changes by granting.

        A loyal replica stays silent: the sender asks again, and loyalty may end meanwhile. Of two
        replicas that stand at the same time, the one with the smaller (last term, last index, id)
        yields: otherwise both would open the same term and split the vote.
        """
        raft = self._raft
        if self.is_loyal():
            return
        log, me = raft.log, raft.config.node_id
        granted = (
            (message.term > raft.term or raft.vote in (None, message.sender))
            and raft.amnesia.may_vote_for(message.last_index)
            and log.is_up_to_date(message.last_index, message.last_term))
        if granted and self._round is PreVote:
            theirs = (message.last_term, message.last_index, message.sender)
            if theirs > (log.last_term, log.last_index, me):
                raft.become_follower(raft.term, None, f'yields to {message.sender}')
            else:
                granted = False
        raft.send(PreVoteReply(message.sender, me, message.term if granted else raft.term,
                               granted))

    def on_pre_vote_reply(self, message):
        """Count an answer to the open pre-vote; answers to earlier ones don't count."""
        asked = self._raft.term + (1 if message.granted else 0)
        if self._round is PreVote and message.term == asked:
            self._count(message.sender, message.granted)

    def on_vote(self, message):
        """Vote at most once in a term, for a log that is up to date (paper, 5.2 and 5.4.1)."""
        raft = self._raft
        granted = (
            (raft.vote == message.sender or raft.vote is None and raft.leader_id is None)
            and raft.amnesia.may_vote_for(message.last_index)
            and raft.log.is_up_to_date(message.last_index, message.last_term))
        if granted:
            raft.amnesia.end()
            raft.become_follower(raft.term, None, f'votes for {message.sender}')
            raft.vote = message.sender
        raft.send(VoteReply(message.sender, raft.config.node_id, raft.term, granted))

    def on_vote_reply(self, message):
        """Count an answer to the open vote."""
        if self._round is Vote:
            self._count(message.sender, message.granted)

    def on_timeout_now(self, message):
        """Stand at once, without a pre-vote: the leader hands over (thesis, section 3.10)."""
        if self._raft.leader_id == message.sender and self._may_stand():
            self.started += 1
            self._open(Vote, transfer=True)
