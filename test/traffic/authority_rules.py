# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The protocol of movement authority as rules that a mutant can break, and what a robot is to them.

The rules call the real `Keeper` and the real `AuthorityBook`. What a leader sends and makes rows
of, and what a robot does around its book, is said here again, in as few words as the protocol has.
"""

from typing import NamedTuple

from robot_swarm_orch.coordinator.keeper import Keeper
from robot_swarm_orch.edge.authority import AuthorityBook, Heard
from robot_swarm_orch.types import Grant, GrantStatus, Mode

SITE = 77
NAMES = ('r0', 'r1')
HOMES = (2, 3)


class Budget(NamedTuple):
    """What may still happen to a robot, how often."""

    reports: int = 1
    boots: int = 0    # its program dies, or is told wrongly that its boot is over
    clears: int = 0   # a person switches it off and clears it away
    pushes: int = 0   # a person drives or pushes it into a node that it does not hold
    jumps: int = 0    # its pose is wrong for a while, and it knows


class Robot(NamedTuple):
    """
    One robot: its program's book, and what is true.

    body: the nodes that its body may be in; none if it was carried off the floor.
    on: whether it may move; False from a clearance until it is switched on again, or until its
    program, if that was never off, has a lease again.
    astray: whether a person put it outside what it holds, and it has noticed.
    lost: whether its pose is wrong.
    """

    book: AuthorityBook
    body: frozenset
    on: bool
    astray: bool
    lost: bool
    left: Budget

    def key(self):
        return (self.book.key(), *self[1:])

    def settled(self):
        """Return the robot with its body in all that it holds, as far as it moves by itself."""
        inside = self.body and self.body.issubset(self.book.held)
        if self.book.mode != Mode.AUTOMATIC or not self.on or self.lost or not inside:
            return self
        return self._replace(body=frozenset(self.book.held), astray=False)

    def spend(self, **what):
        """Return the robot with one less of something in its budget."""
        name, = what
        return self._replace(left=self.left._replace(**{name: getattr(self.left, name) - 1}))


class Rules:
    """The protocol as it is; a mutant changes one thing."""

    keeper_class = Keeper
    book_class = AuthorityBook
    snapshots = 'checked'  # also: 'ignored', or 'used' at every step

    # What the log does

    def apply_rows(self, keeper, rows):
        return keeper.apply_rows(rows)

    def register_boot(self, keeper, name, boot_id):
        return keeper.register_boot(name, boot_id)

    def enrol(self, keeper, name, node):
        return keeper.enrol(name, node)

    def clear(self, keeper, name, occupied):
        return keeper.clear(name, occupied)

    def acts(self):
        """Return acts of the log besides those above, as (what, verb, arguments)."""
        return ()

    # What a leader does

    def row(self, keeper, robot, report, reports):
        """Return (seq, keep) of the row that a report makes, None if it makes none."""
        _, seq, mode, held, wanted = report
        return (seq, held + wanted) if mode == Mode.AUTOMATIC else None

    def grants(self, wanted, wishes):
        """Return what may be given of what is wanted: any prefix, by whatever policy."""
        return [wanted[:count] for count in range(len(wanted) + 1)]

    def told(self, before, keeper, robot, reports):
        """Return what is told to a robot when the keeper has changed."""
        return (grant_of(keeper, robot),)

    # What a robot does

    def boot(self, robot, boot_id):
        """Return the book of a program that has just started."""
        return self.book_class(robot.book.robot, SITE, boot_id)

    def fence(self, book, boot_id):
        """Return the book after the word that its boot is over."""
        book = book.copy()
        word = Grant(book.robot, book.boot_id, SITE, 1, 0, 0, (), GrantStatus.FENCED)
        if book.hear(word) == Heard.FENCED:
            book.fence(boot_id)
        return book

    def leave(self, body, node):
        """Return where the body is when the robot lets go of a node."""
        return body - {node}


def grant_of(keeper, robot):
    """Return the authority that a leader with this state sends to a robot."""
    return Grant(NAMES[robot], keeper.boots[robot], SITE, 1, keeper.last_seq[robot], 0,
                 keeper.nodes_of(robot))


class WaysAreBlocked(Rules):
    """A person blocks and opens again, at any time, a node that both robots want."""

    def acts(self):
        return (('node 0 is blocked', 'shut', ((0,), ())),
                ('node 0 is open again', 'reopen', ((0,), ())))

    def shut(self, keeper, nodes, edges):
        return keeper.shut(nodes, edges)

    def reopen(self, keeper, nodes, edges):
        return keeper.reopen(nodes, edges)


def duplicate(keeper):
    """Return a copy of a keeper that was made without its own help."""
    copy = type(keeper)()
    for name in Keeper.__slots__:
        value = getattr(keeper, name)
        if isinstance(value, (list, dict, set)):
            value = value.copy()
        setattr(copy, name, value)
    copy.owned = [set(nodes) for nodes in keeper.owned]
    return copy


def whole(keeper):
    """Return all that a keeper knows, as a hashable value."""
    return keeper.to_plain(), tuple(map(frozenset, keeper.owned))
