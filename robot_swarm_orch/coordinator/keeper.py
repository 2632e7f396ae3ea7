# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The keeper of movement authority: who owns which node of the roadmap.

This is the safety core of the fleet. Every replica folds the same log into it, so it is written in
integers and sorted order only: no clock, no float, no order of a set. Nothing here knows routes,
distances or priorities; whatever the leader's policy proposes, a node is owned by one robot.

The rules (docs/architecture.md, "How a robot may move"):

- A row `(robot, seq, keep, grant)` speaks of the robot's report `seq`. A seq that is not above
  `last_seq` of the robot is old news and the row is skipped; so is one of another incarnation.
- The rows of one entry first all free what their robots no longer keep; then each gives its
  `grant`, in order, up to the first node that is not free. Only nodes that the report named are
  given: the robot would not accept others.
- A boot gets the next incarnation, and with it a `last_seq` above all that older boots ever sent.
- Enrolment gives a free node. Clearance takes everything, blocks what the body still occupies, and
  starts an incarnation that nobody has: the old boot is fenced.

Blocked nodes belong to the robot whose body blocks them. They are never granted. Enrolling that
robot on one of them, or clearing it again, frees the others.

A person may shut nodes and edges (`swarm block`). A shut node is given to nobody; who owns it
keeps it until it has left. Shut edges are only remembered here, in the direction in which they are
shut: which edge a robot would take to a node is for the roadmap to say, so the leader sees to them
(`traffic.py`).
"""

from hashlib import blake2b

from robot_swarm_orch.codec import pack
from robot_swarm_orch.types import first_seq, incarnation_of

NOBODY = 0
"""The boot id of a robot that has no registered boot."""


class Keeper:
    """
    Owners, sequence numbers, boots and fences; robots are numbers in order of first enrolment.

    For reading: `names[number]`, `numbers[name]`, `owner[node]` (absent: free), `owned[number]` (a
    set), `last_seq`, `boots`, `incarnations`, `enrolled` (by number), `blocked[node]` (the number
    of the robot whose body blocks it), `site_hash` (0 until a site is laid), `node_count`,
    `shut_nodes` and `shut_edges` (sets of nodes, and of pairs from, to).
    """

    __slots__ = ('site_hash', 'node_count', 'names', 'numbers', 'owner', 'owned', 'last_seq',
                 'boots', 'incarnations', 'enrolled', 'blocked', 'shut_nodes', 'shut_edges')

    def __init__(self):
        """Start without a site and without robots."""
        self.site_hash = 0
        self.node_count = 0
        self.names = []
        self.numbers = {}
        self.owner = {}
        self.owned = []
        self.last_seq = []
        self.boots = []
        self.incarnations = []
        self.enrolled = []
        self.blocked = {}
        self.shut_nodes = set()
        self.shut_edges = set()

    # Movement authority

    def apply_rows(self, rows):
        """Apply the rows of one entry; return the numbers of the robots whose row counted."""
        valid = []
        for row in rows:
            if not self._counts(row):
                continue
            valid.append(row)
            number, seq, keep, _ = row
            self.last_seq[number] = seq
            for node in sorted(self.owned[number].difference(keep)):
                self._free(node)
        for number, _, keep, grant in valid:
            self._give(number, keep, grant)
        return tuple(row[0] for row in valid)

    def _counts(self, row):
        """Return whether a row speaks of news from the robot's present incarnation."""
        number, seq = row[0], row[1]
        return (0 <= number < len(self.names) and self.boots[number] != NOBODY
                and seq > self.last_seq[number]
                and incarnation_of(seq) == self.incarnations[number])

    def _give(self, number, keep, grant):
        for node in grant:
            holder = self.owner.get(node)
            if holder == number:
                continue
            if (holder is not None or node in self.blocked or node in self.shut_nodes
                    or node not in keep):
                return
            if not 0 <= node < self.node_count:
                return
            self.owner[node] = number
            self.owned[number].add(node)

    def _free(self, node):
        self.owned[self.owner.pop(node)].discard(node)

    def is_free(self, node):
        """Return whether a node could be given to anybody."""
        return not (node in self.owner or node in self.blocked or node in self.shut_nodes)

    def nodes_of(self, number):
        """Return all nodes that a robot owns, ascending."""
        return tuple(sorted(self.owned[number]))

    # Site, boots, enrolment, clearance, shut ways: each returns '' when done, else why not

    def lay_site(self, site_hash, node_count):
        """Fix the roadmap of this log, once."""
        if self.site_hash == 0:
            self.site_hash, self.node_count = site_hash, node_count
        if (site_hash, node_count) != (self.site_hash, self.node_count):
            return f'the log was laid for the roadmap {self.site_hash}, not {site_hash}'
        return ''

    def register_boot(self, name, boot_id):
        """Give a boot the next incarnation of its robot."""
        number = self.numbers.get(name)
        if number is None or not self.enrolled[number]:
            return f'{name} is not enrolled'
        if boot_id == NOBODY:
            return 'a boot id must not be 0'
        if self.boots[number] != boot_id:
            self._next_incarnation(number, boot_id)
        return ''

    def _next_incarnation(self, number, boot_id):
        self.boots[number] = boot_id
        self.incarnations[number] += 1
        self.last_seq[number] = first_seq(self.incarnations[number])

    def enrol(self, name, node):
        """Let a robot stand at a node; nothing changes when it already does, and no more."""
        if not 0 <= node < self.node_count:
            return f'there is no node {node}: the roadmap has {self.node_count}'
        number = self.numbers.get(name)
        if number is not None and self.enrolled[number]:
            if self.owned[number] == {node}:
                return ''
            return f'{name} is enrolled and holds {list(self.nodes_of(number))}: clear it first'
        if node in self.owner:
            return f'node {node} is held by {self.names[self.owner[node]]}'
        if self.blocked.get(node, number) != number:
            return f'node {node} is blocked by {self.names[self.blocked[node]]}'
        if number is None:
            number = self._add(name)
        self._unblock(number)
        self.enrolled[number] = True
        self.owner[node] = number
        self.owned[number].add(node)
        return ''

    def _add(self, name):
        number = self.numbers[name] = len(self.names)
        self.names.append(name)
        self.owned.append(set())
        self.last_seq.append(0)
        self.boots.append(NOBODY)
        self.incarnations.append(0)
        self.enrolled.append(False)
        return number

    def _unblock(self, number):
        for node in [node for node, by in self.blocked.items() if by == number]:
            del self.blocked[node]

    def clear(self, name, occupied):
        """Take all nodes of a robot that is off or gone, but block those its body occupies."""
        number = self.numbers.get(name)
        if number is None:
            return f'{name} is unknown'
        for node in occupied:
            if not 0 <= node < self.node_count:
                return f'there is no node {node}: the roadmap has {self.node_count}'
            if self.owner.get(node, number) != number:
                return f'node {node} is held by {self.names[self.owner[node]]}'
            if self.blocked.get(node, number) != number:
                return f'node {node} is blocked by {self.names[self.blocked[node]]}'
        for node in sorted(self.owned[number]):
            self._free(node)
        self._unblock(number)
        for node in occupied:
            self.blocked[node] = number
        self.enrolled[number] = False
        self._next_incarnation(number, NOBODY)
        return ''

    def shut(self, nodes, edges):
        """Let nobody enter some nodes any more, nor set out on some edges (from, to)."""
        for node in (*nodes, *(node for edge in edges for node in edge)):
            if not 0 <= node < self.node_count:
                return f'there is no node {node}: the roadmap has {self.node_count}'
        self.shut_nodes.update(nodes)
        self.shut_edges.update(edges)
        return ''

    def reopen(self, nodes, edges):
        """Let robots use nodes and edges (from, to) again, those that were shut."""
        self.shut_nodes.difference_update(nodes)
        self.shut_edges.difference_update(edges)
        return ''

    # Copies

    def to_plain(self):
        """
        Return the whole state as tuples of plain values, the same for equal states.

        What is shut is told only if something is: so releases that know nothing of it agree with
        this one until then.
        """
        shut = (tuple(sorted(self.shut_nodes)), tuple(sorted(self.shut_edges)))
        return self._plain() + ((shut,) if any(shut) else ())

    def _plain(self):
        return (self.site_hash, self.node_count, tuple(self.names),
                tuple(sorted(self.owner.items())), tuple(self.last_seq), tuple(self.boots),
                tuple(self.incarnations), tuple(self.enrolled),
                tuple(sorted(self.blocked.items())))

    @classmethod
    def from_plain(cls, plain):
        """Return the keeper that `to_plain` described."""
        keeper = cls()
        (keeper.site_hash, keeper.node_count, names, owner, last_seq, boots, incarnations,
         enrolled, blocked) = plain[:9]
        keeper.names = list(names)
        keeper.numbers = {name: number for number, name in enumerate(names)}
        keeper.owner = dict(owner)
        keeper.owned = [set() for _ in names]
        for node, number in owner:
            keeper.owned[number].add(node)
        keeper.last_seq, keeper.boots = list(last_seq), list(boots)
        keeper.incarnations, keeper.enrolled = list(incarnations), list(enrolled)
        keeper.blocked = dict(blocked)
        if len(plain) > 9:
            keeper.shut_nodes, keeper.shut_edges = map(set, plain[9])
        return keeper

    def digest(self):
        """Return 16 bytes that differ for different states."""
        return blake2b(pack(self.to_plain()), digest_size=16).digest()
