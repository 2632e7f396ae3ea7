# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A judge that watches a whole Raft group.

It knows Raft's promises (figure 3 of the paper) and nothing of how the code under test keeps them.
"""

from robot_swarm_orch.raft import CONFIG, VoteReply
from robot_swarm_orch.raft.members import unpack_members


class PromiseBroken(Exception):
    """The judge saw Raft break one of its promises."""


class Judge:
    """Checks over the whole group and its whole history."""

    def __init__(self):
        """Know nothing yet."""
        self.leader_by_term = {}
        self.vote_by_voter_and_term = {}
        self.entry_by_slot = {}
        self.decided = {}
        self.checksum_by_index = {}
        self.elected_at = {}
        self.group_by_index = {}

    def saw_message(self, message):
        """Check one vote a term (paper, section 5.2)."""
        if type(message) is VoteReply and message.granted:
            key = (message.sender, message.term)
            first = self.vote_by_voter_and_term.setdefault(key, message.to)
            if first != message.to:
                raise PromiseBroken(f'{key} voted for {first} and for {message.to}')

    def saw_leader(self, raft, now):
        """Check election safety and leader completeness (paper, figure 3)."""
        first = self.leader_by_term.setdefault(raft.term, raft.config.node_id)
        if first != raft.config.node_id:
            raise PromiseBroken(f'term {raft.term} has leaders {first} and {raft.config.node_id}')
        if raft.term in self.elected_at:
            return
        self.elected_at[raft.term] = now
        for index, (term, _) in self.decided.items():
            if index > raft.log.base_index and raft.log.term_at(index) != term:
                raise PromiseBroken(
                    f'leader {first} of term {raft.term} lacks decided entry {index}')

    def saw_saved(self, raft, entries):
        """Check log matching (paper, figure 3): same slot and term, same entry and past."""
        for entry in entries:
            value = (entry.data, entry.kind, raft.log.term_at(entry.index - 1))
            first = self.entry_by_slot.setdefault((entry.index, entry.term), value)
            if first != value and None not in (first[2], value[2]):
                raise PromiseBroken(f'slot {entry.index}, {entry.term}: {first} and {value}')

    def saw_applied(self, node_id, entry, checksum):
        """Check state machine safety (paper, figure 3), by entry and by the machine's state."""
        value = (entry.term, entry.data)
        if self.decided.setdefault(entry.index, value) != value:
            raise PromiseBroken(
                f'{node_id} applied {value} at {entry.index}, others '
                f'{self.decided[entry.index]}')
        if self.checksum_by_index.setdefault(entry.index, checksum) != checksum:
            raise PromiseBroken(f'{node_id} has another state after entry {entry.index}')
        if entry.kind == CONFIG:
            self._saw_group(entry.index, set(unpack_members(entry.data).voters))

    def _saw_group(self, index, voters):
        """Check that decided groups differ by one voter at most (thesis, section 4.1)."""
        before = max((at for at in self.group_by_index if at < index), default=None)
        self.group_by_index[index] = voters
        if before is not None and len(voters ^ self.group_by_index[before]) > 1:
            raise PromiseBroken(f'{self.group_by_index[before]} became {voters} at {index}')

    def saw_read(self, index, decided_when_asked):
        """Check that a read sees all that was decided before it was asked (thesis, 6.4)."""
        if index < decided_when_asked:
            raise PromiseBroken(f'a read at {index} misses decided entry {decided_when_asked}')

    def saw_contact(self, raft, contact_at):
        """Check that no majority contact is newer than the election of a later leader."""
        later = [at for term, at in self.elected_at.items() if term > raft.term]
        if later and contact_at > min(later):
            raise PromiseBroken(
                f'{raft.config.node_id} of term {raft.term} claims contact at {contact_at}, '
                f'after an election at {min(later)}')
