# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Judges of the replicated log and of what it says: who may lead, what is committed, who owns what.

    LeaderJudge    two leaders in one term
    VoteJudge      a replica that votes for two candidates in one term
    PrefixJudge    committed entries that differ between replicas, or that change
    LossJudge      a leader whose log lacks an entry that was committed
    CommitJudge    a leader that commits an entry of an earlier term by counting copies
    OwnerJudge     nodes owned, or believed to be owned, against the rules of authority
    AckJudge       an order acknowledged before it was on the disks of a majority

Sources: D. Ongaro and J. Ousterhout, "In Search of an Understandable Consensus Algorithm (Extended
Version)", 2014 ("the paper"), figure 3 and section 5.4.
"""

_COUNTER_BITS = 32


class LeaderJudge:
    """Finds terms with two leaders (the paper's Election Safety)."""

    def __init__(self):
        """Start without any leader."""
        self.leaders = {}  # term -> set of ids
        self.violations = []

    def feed(self, term: int, leader_id: str) -> None:
        """Judge the claim of one coordinator to lead a term."""
        known = self.leaders.setdefault(term, set())
        if leader_id not in known:
            known.add(leader_id)
            if len(known) > 1:
                self.violations.append(f'term {term} has the leaders {sorted(known)}')

    @property
    def most_in_a_term(self) -> int:
        """Return the largest number of leaders that any term had."""
        return max(map(len, self.leaders.values()), default=0)


class VoteJudge:
    """Finds replicas that give two votes in one term: their disks forgot the first."""

    def __init__(self):
        """Start without any vote."""
        self._votes = {}  # (voter, term) -> candidate
        self.violations = []

    def feed(self, voter: str, term: int, candidate: str) -> None:
        """Judge a vote that leaves a replica; a candidate's request is a vote for itself."""
        first = self._votes.setdefault((voter, term), candidate)
        if first != candidate:
            self.violations.append(f'{voter} votes for {first} and for {candidate} in term {term}')


class PrefixJudge:
    """Finds committed entries that differ between replicas, or that a replica later changes."""

    def __init__(self):
        """Start with an empty log."""
        self.log = {}  # index -> (term, data, who committed it first)
        self.violations = []

    def feed(self, replica: str, index: int, term: int, data: bytes) -> bool:
        """Judge one entry that a replica calls committed; return whether it is a new one."""
        known = self.log.get(index)
        if known is None:
            self.log[index] = (term, data, replica)
            return True
        if known[0] != term or known[1] != data:
            self.violations.append(f'entry {index}: {replica} has term {term}, {known[2]} has '
                                   f'term {known[0]}' + ('' if known[0] != term
                                                         else ' with other data'))
        return False


class LossJudge:
    """Finds leaders whose log lacks what was committed (the paper's Leader Completeness)."""

    def __init__(self):
        """Start without any leader."""
        self.violations = []

    def feed(self, leader_id: str, term: int, committed, term_at) -> None:
        """
        Judge a replica that has just begun to lead.

        committed: {index: (term, ...)} of all entries ever committed before. term_at(index): the
        term in the leader's log, None where it does not know (compacted, or missing), or -1 for
        what a snapshot covers.
        """
        for index, entry in committed.items():
            if entry[0] >= term:
                continue
            held = term_at(index)
            if held not in (entry[0], -1):
                self.violations.append(
                    f'{leader_id} leads term {term} without entry {index} of term {entry[0]}, '
                    f'which {entry[-1]} called committed; it has {held} there')
                return


class CommitJudge:
    """
    Finds commits of an earlier term's entry by counting copies (the paper, section 5.4.2).

    A leader's commit index must only ever stop at an entry of its own term: an entry of an earlier
    one can still be overwritten, though a majority holds it (figure 8).
    """

    def __init__(self):
        """Start without any leader."""
        self._from = {}  # (leader, term) -> commit index when it began to lead
        self.violations = []

    def feed(self, leader_id: str, term: int, commit_index: int, commit_term) -> None:
        """Judge a leader's commit index and the term of the entry there (None: compacted)."""
        key = (leader_id, term)
        begun = self._from.setdefault(key, commit_index)
        if commit_index > begun:
            if commit_term is not None and commit_term != term:
                self.violations.append(f'{leader_id}, leading term {term}, has committed up to '
                                       f'entry {commit_index} of term {commit_term}')
            self._from[key] = commit_index


class OwnerJudge:
    """
    Works out who owns which node from the committed events alone, and compares.

    It knows the rules of `docs/architecture.md` ("How a robot may move") and none of the code that
    carries them out. Robots are numbers in the order of their first enrolment.
    """

    def __init__(self):
        """Start with an empty log."""
        self.index = 0
        self.owner = {}     # node -> number
        self.names = []
        self._boots = {}    # number -> boot id
        self._last = {}     # number -> newest seq that counted
        self._holders = {}  # node -> robot that believes to hold it
        self._held = {}     # robot -> nodes that it believes to hold
        self.violations = []

    def feed(self, index: int, events) -> None:
        """Take in the next committed entry's events, as (name of the kind, event)."""
        self.index = index
        for kind, event in events:
            act = getattr(self, '_' + kind, None)
            if act is not None:
                act(event)

    def _Enrolled(self, event):  # noqa: N802, named as the event is
        if event.node in self.owner or event.robot in self.names:
            return
        self.names.append(event.robot)
        number = len(self.names) - 1
        self.owner[event.node], self._boots[number], self._last[number] = number, 0, 0

    def _BootRegistered(self, event):  # noqa: N802
        if event.robot not in self.names:
            return
        number = self.names.index(event.robot)
        if self._boots[number] != event.boot_id:
            self._boots[number] = event.boot_id
            self._last[number] = ((self._last[number] >> _COUNTER_BITS) + 1) << _COUNTER_BITS

    def _AuthorityChanged(self, event):  # noqa: N802
        valid = []
        for number, seq, keep, grant in event.rows:
            last = self._last.get(number)
            if (last is None or not self._boots[number] or seq <= last
                    or seq >> _COUNTER_BITS != last >> _COUNTER_BITS):
                continue
            self._last[number] = seq
            valid.append((number, keep, grant))
            for node in [node for node, by in self.owner.items()
                         if by == number and node not in keep]:
                del self.owner[node]
        for number, keep, grant in valid:
            for node in grant:
                if self.owner.get(node, number) != number or node not in keep:
                    break
                self.owner[node] = number

    def nodes_of(self, robot: str) -> list:
        """Return what a robot owns."""
        if robot not in self.names:
            return []
        number = self.names.index(robot)
        return [node for node, by in self.owner.items() if by == number]

    def compare(self, time_s: float, replica: str, owner) -> None:
        """Judge a replica's {node: number}, which is of the entry that was fed last."""
        if owner != self.owner:
            differ = sorted(node for node in owner.keys() | self.owner.keys()
                            if owner.get(node) != self.owner.get(node))
            self.violations.append(
                f'{time_s:.2f} s: after entry {self.index} {replica} has other owners of the '
                f'nodes {differ} than the rules give')

    def believe(self, time_s: float, robot: str, held) -> None:
        """Judge what a robot believes to hold now; () when its program dies or begins anew."""
        before = self._held.get(robot, ())
        if held is not before:
            for node in before:
                if self._holders.get(node) == robot:
                    del self._holders[node]
            self._held[robot] = held
        for node in held:
            other = self._holders.setdefault(node, robot)
            if other != robot:
                self.violations.append(f'{time_s:.2f} s: {robot} and {other} both believe to '
                                       f'hold node {node}')
            by = self.owner.get(node)
            if by is None or self.names[by] != robot:
                owner = 'nobody' if by is None else self.names[by]
                self.violations.append(f'{time_s:.2f} s: {robot} believes to hold node {node}, '
                                       f'which belongs to {owner}')


class AckJudge:
    """Finds orders that were acknowledged before they were on the disks of a majority."""

    def __init__(self):
        """Start without any order."""
        self.placed = {}  # order id -> (index, term) of the entry that accepted it
        self.acked = {}   # order id -> when it was first acknowledged [s]
        self.violations = []

    def place(self, order_id: str, index: int, term: int) -> None:
        """Note that a committed entry accepts an order; the first one counts."""
        self.placed.setdefault(order_id, (index, term))

    def feed(self, time_s: float, replica: str, order_id: str, holds, needed: int) -> None:
        """
        Judge an acknowledgement that leaves a coordinator.

        holds(index, term): how many disks have that entry, or a snapshot that covers it. needed: a
        majority.
        """
        if order_id in self.acked:
            return
        self.acked[order_id] = time_s
        entry = self.placed.get(order_id)
        if entry is None:
            self.violations.append(f'{time_s:.2f} s: {replica} acknowledges {order_id}, which no '
                                   'committed entry accepts')
        elif holds(*entry) < needed:
            self.violations.append(f'{time_s:.2f} s: {replica} acknowledges {order_id}, but entry '
                                   f'{entry[0]} is on {holds(*entry)} disks, not on {needed}')
