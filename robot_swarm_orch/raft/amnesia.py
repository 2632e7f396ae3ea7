# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a replica may do whose disk is empty: it may be new, or have lost all that it promised.

Raft rests on disks that forget nothing (paper, section 5.2). Yet a disk dies, or a person clears
the directory and starts the replica under its old id. It then could vote twice in one term, or
help to elect a leader that lacks entries which were committed thanks to this very disk. Nobody
can tell such a replica from a new one, so both live by one rule: an *amnesic* replica

- votes only for candidates whose log is empty too, and for nobody once it has heard of a log that
  is not: so a new group elects at once, and an old one is not founded anew;
- follows its leader, but its answers count for nothing, neither for commitment nor as contact nor
  for reads, until the leader admits it.

In each answer it names its *life*, a random number drawn at the start. A leader to whom a life is
new forgets what the follower had confirmed, and appends an entry E. Once E is committed without
the follower's help, and the follower has it, the leader admits that life (`Append.admits`). With
its first answer without a life, which follows once that is on disk, the follower counts again.

Why that is enough: E was appended after the memory was lost, by a leader of term T.

- Entries that were committed thanks to the lost memory lie before E: in earlier terms, since the
  leader of T was elected without this replica's new voice and has them all (leader completeness);
  in term T, since E is newer. The replica has E, so it votes for no log that lacks them.
- A vote that it gave in an earlier term, and forgot, elects nobody in T or later. In T itself it
  counts the leader as its vote.
- A vote that it gave in a later term, to X, is worthless: X was a candidate before E was appended,
  so its log lacks E. E lies on a majority without this replica. Whoever of that majority had voted
  for X before could not have accepted E any more, and afterwards none votes for X, whose log is
  behind. What is left to X is a minority.

- An entry that it accepted in a later term was accepted from such an X that had won: then a
  majority had left term T before E was appended, and E could not have been committed.

Until then the replica counts as failed. The limit: empty logs that are a majority of the
configured `voters` (two of three, wiped or never written) can found the group anew unless they
hear of the old one first, and what only the others held is lost. So clear no second disk, and
remove nobody, before the first replica is back; keep `voters` up to date; and start a replacement
with `join`.
"""

_LIFE_MAX = (1 << 62) - 1


class Amnesia:
    """
    The memory of one replica, as far as it may vouch for it.

    life: 0 once it may; else the number that its answers carry.
    """

    __slots__ = ('life', '_may_found')

    def __init__(self, hard_state, is_log_empty, is_joining, rng):
        """Judge by what the disk held: any term at all means that it was not empty."""
        is_amnesic = hard_state.term == 0 or hard_state.amnesic
        self.life = rng.randint(1, _LIFE_MAX) if is_amnesic else 0
        self._may_found = is_log_empty and not is_joining

    def may_vote_for(self, last_index):
        """Return True if a log that ends at `last_index` may get this replica's voice."""
        if not self.life:
            return True
        if last_index > 0:
            self._may_found = False
        return self._may_found

    def may_stand(self):
        """Return True if this replica may become a leader: with a memory, or as a founder."""
        return not self.life or self._may_found

    def heard_leader(self):
        """Note that there is a group already."""
        self._may_found = False

    def end(self):
        """Note that from here on the disk holds all that this replica has promised."""
        self.life = 0
