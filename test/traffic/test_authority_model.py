# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Every behaviour of movement authority in small: two robots, two contested nodes, a hostile network.

The real keeper and the real robot's book run against a network that keeps every message for ever
and may deliver any of them, in any order, any number of times, or never. That covers loss, delay,
duplication and reordering at once. The search visits all reachable states within a budget of
messages; after each step no node may be in two robots' hands, nor in one's hands and under the
other's body.

Each rule of the protocol is then left out, one at a time. If the search did not find the collision
that follows, the search would prove nothing.
"""

import re

from robot_swarm_orch.coordinator.keeper import Keeper
from robot_swarm_orch.edge.authority import AuthorityBook
from robot_swarm_orch.types import first_seq, Grant, Mode

SITE = 77
NAMES = ('r0', 'r1')
WANTS = {1: ((), (0,)), 2: ((), (0,), (0, 1), (1, 0))}


class World:
    """
    One state: the keeper, both books, and all messages ever sent.

    bodies[r]: contested nodes that robot r's body may be in while its program knows nothing.
    powered[r]: False after a person switched it off, until it boots.
    """

    __slots__ = ('keeper', 'books', 'reports', 'grants', 'bodies', 'powered', 'left')

    def __init__(self, keeper, books, reports, grants, bodies, powered, left):
        self.keeper, self.books, self.reports, self.grants = keeper, books, reports, grants
        self.bodies, self.powered, self.left = bodies, powered, left

    def key(self):
        return (self.keeper.to_plain(), self.books[0].key(), self.books[1].key(), self.reports,
                self.grants, self.bodies, self.powered, self.left)

    def copy(self):
        return World(copy_keeper(self.keeper), list(self.books), list(self.reports),
                     list(self.grants), list(self.bodies), list(self.powered), list(self.left))

    def freeze(self):
        for name in ('books', 'reports', 'grants', 'bodies', 'powered', 'left'):
            setattr(self, name, tuple(getattr(self, name)))
        return self

    def collision(self):
        """Return whether some node is in the hands, or under the body, of both."""
        taken = [set(book.held).union(body) if powered else set()
                 for book, body, powered in zip(self.books, self.bodies, self.powered)]
        return bool(taken[0] & taken[1])


def copy_keeper(keeper):
    return type(keeper).from_plain(keeper.to_plain())


class Rules:
    """The protocol as it is; each mutant below changes one thing."""

    keeper_class = Keeper
    book_class = AuthorityBook

    def ack_seq(self, keeper, robot, reports):
        """Return what a grant acknowledges: the newest report that the log has applied."""
        return keeper.last_seq[robot]

    def clear(self, keeper, robot):
        keeper.clear(NAMES[robot], ())

    def boot(self, world, robot):
        """Return the book of a robot that has just booted."""
        return self.book_class(NAMES[robot], SITE, world.books[robot].boot_id + 10)


class Model:
    """The steps that can follow a state."""

    def __init__(self, rules, nodes=1, reports=(3, 1), boots=0, clears=0):
        """Allow the robots so many reports each, and robot 0 so many boots and clearances."""
        self.rules = rules
        self.contested = range(nodes)
        self.wants = WANTS[nodes]
        self.start = self._start(reports, boots, clears)

    def _start(self, reports, boots, clears):
        keeper = self.rules.keeper_class()
        keeper.lay_site(SITE, 4)
        books = []
        for robot, name in enumerate(NAMES):
            keeper.enrol(name, 2 + robot)
            keeper.register_boot(name, 1 + robot)
            book = self.rules.book_class(name, SITE, 1 + robot)
            book.hear(grant_of(keeper, robot, keeper.last_seq[robot]), True)
            books.append(book)
        return World(keeper, books, [frozenset()] * 2, [frozenset()] * 2, [frozenset()] * 2,
                     [True, True], [*reports, boots, clears]).freeze()

    def steps(self, world):
        """Yield (what happens, the state after it)."""
        for robot in (0, 1):
            if world.powered[robot]:
                yield from self._robot_steps(world, robot)
            for report in world.reports[robot]:
                yield from self._log(world, robot, report)
        if world.left[2] and world.powered[0]:
            yield 'r0 reboots', self._boot(world)
        if world.left[3] and world.powered[0]:
            yield 'r0 is switched off and cleared away', self._clear(world)
        if not world.powered[0]:
            yield 'r0 is enrolled anew and boots', self._boot(world)

    def _robot_steps(self, world, robot):
        book = world.books[robot]
        if world.left[robot]:
            for wanted in self.wants if book.mode == Mode.AUTOMATIC else ((),):
                yield f'r{robot} reports, wanting {wanted}', self._report(world, robot, wanted)
        for node in self.contested:
            if node in book.held:
                yield f'r{robot} drops {node}', self._drop(world, robot, node)
        for grant in world.grants[robot]:
            after = self._hear(world, robot, grant)
            if after is not None:
                yield f'r{robot} hears {grant.nodes} as of {grant.ack_seq}', after

    def _report(self, world, robot, wanted):
        after = world.copy()
        book = after.books[robot] = world.books[robot].copy()
        book.__class__ = self.rules.book_class
        book.want(wanted)
        after.reports[robot] |= {(book.boot_id, *book.report())}
        after.left[robot] -= 1
        return after.freeze()

    def _drop(self, world, robot, node):
        after = world.copy()
        book = after.books[robot] = world.books[robot].copy()
        book.__class__ = self.rules.book_class
        book.drop(left=(node,))
        return after.freeze()

    def _hear(self, world, robot, grant):
        book = world.books[robot].copy()
        book.__class__ = self.rules.book_class
        before = book.key()
        book.hear(grant, world.bodies[robot] <= set(grant.nodes))
        if book.key() == before:
            return None
        after = world.copy()
        after.books[robot] = book
        if book.mode == Mode.AUTOMATIC:
            after.bodies[robot] = frozenset()
        return after.freeze()

    def _log(self, world, robot, report):
        """Yield what the log may make of a report, in whatever order reports arrive."""
        boot_id, seq, mode, held, wanted = report
        if mode == Mode.JOINING:
            after = world.copy()
            if not after.keeper.register_boot(NAMES[robot], boot_id):
                yield f'the log registers boot {boot_id} of r{robot}', self._tell(after, robot)
            return
        for grant in {wanted, ()}:
            after = world.copy()
            after.keeper.apply_rows(((robot, seq, held + wanted, grant),))
            yield f'the log gives {grant} to report {seq} of r{robot}', self._tell(after, robot)

    def _tell(self, world, robot):
        keeper = world.keeper
        seq = self.rules.ack_seq(keeper, robot, world.reports[robot])
        world.grants[robot] |= {grant_of(keeper, robot, seq)}
        return world.freeze()

    def _boot(self, world):
        after = world.copy()
        if world.powered[0]:
            after.left[2] -= 1
            after.bodies[0] = frozenset(world.bodies[0] | set(world.books[0].held)) - {2}
        else:
            after.keeper.enrol(NAMES[0], 2)
            after.powered[0] = True
        after.books[0] = self.rules.boot(world, 0)
        return after.freeze()

    def _clear(self, world):
        """Let a person carry the robot home, off the contested nodes."""
        after = world.copy()
        self.rules.clear(after.keeper, 0)
        after.left[3] -= 1
        after.powered[0] = False
        after.bodies[0] = frozenset()
        after.books[0] = self.rules.book_class(NAMES[0], SITE, world.books[0].boot_id)
        return after.freeze()


def grant_of(keeper, robot, seq):
    return Grant(NAMES[robot], keeper.boots[robot], SITE, 1, seq, 0, keeper.nodes_of(robot))


def search(model, depth):
    """Return (states visited, shortest trace to a collision or None), at most `depth` steps on."""
    seen = {model.start.key()}
    front = [(model.start, ())]
    for _ in range(depth):
        following = []
        for world, trace in front:
            for what, after in model.steps(world):
                key = after.key()
                if key in seen:
                    continue
                seen.add(key)
                if after.collision():
                    return len(seen), trace + (what,)
                following.append((after, trace + (what,)))
        front = following
    return len(seen), None


class AcceptsWithoutWseq(AuthorityBook):
    """Mutant: takes any wanted node of any grant."""

    __slots__ = ()

    def wseq(self, node):
        return -1


class SkipsSeqCheck(Keeper):
    """Mutant: applies reports in whatever order they come."""

    __slots__ = ()

    def _counts(self, row):
        return True


class KeepsIncarnation(Keeper):
    """Mutant: a new boot starts the old incarnation over."""

    __slots__ = ()

    def _next_incarnation(self, number, boot_id):
        self.incarnations[number] = max(1, self.incarnations[number])
        self.boots[number] = boot_id
        self.last_seq[number] = first_seq(self.incarnations[number])


class Acknowledging(Rules):
    """Mutant: grants acknowledge the newest report heard, logged or not."""

    def ack_seq(self, keeper, robot, reports):
        return max([keeper.last_seq[robot]] + [report[1] for report in reports])


class ClearsWithoutFence(Rules):
    """Mutant: clearing forgets the robot, so its old boot's incarnation comes again."""

    def clear(self, keeper, robot):
        keeper.clear(NAMES[robot], ())
        keeper.incarnations[robot] = keeper.last_seq[robot] = 0


class JoinsBlindly(AuthorityBook):
    """Mutant: a robot that starts takes any grant for its join, however old."""

    __slots__ = ()

    def hear(self, grant, inside=False):
        if self.mode == Mode.JOINING and grant.robot == self.robot:
            self.mode, self.seq, self.held = Mode.AUTOMATIC, grant.ack_seq, grant.nodes
            self.since = dict.fromkeys(self.held, self.seq)
            return None
        return super().hear(grant, inside)


def mutant(**classes):
    return type('Mutant', (Rules,), classes)()


def assert_collides(rules, depth, **budget):
    states, trace = search(Model(rules, **budget), depth)
    assert trace is not None, f'the mutant lived through {states} states'


def assert_never_collides(**budget):
    states, trace = search(Model(Rules(), **budget), depth=60)
    assert trace is None, f'collision after {trace}'
    assert states > 1000, 'the budget allows too little to prove anything'


def test_no_loss_delay_repetition_or_order_of_messages_lets_two_robots_hold_a_node():
    assert_never_collides(reports=(3, 2))


def test_two_contested_nodes_are_never_held_twice():
    assert_never_collides(nodes=2, reports=(2, 1))


def test_a_reboot_at_any_moment_is_safe():
    assert_never_collides(reports=(3, 1), boots=1)


def test_clearing_and_enrolling_a_robot_anew_is_safe():
    assert_never_collides(reports=(3, 1), clears=1)


def test_without_wseq_an_old_grant_does_harm():
    assert_collides(mutant(book_class=AcceptsWithoutWseq), 10)


def test_without_the_seq_check_an_old_report_frees_a_node_under_a_robot():
    assert_collides(mutant(keeper_class=SkipsSeqCheck), 10)


def test_acknowledging_reports_that_were_not_logged_does_harm():
    assert_collides(Acknowledging(), 10)


def test_a_boot_that_continues_the_old_incarnation_does_harm():
    assert_collides(mutant(keeper_class=KeepsIncarnation), 12, boots=1)


def test_joining_on_an_old_grant_does_harm():
    assert_collides(mutant(book_class=JoinsBlindly), 12, boots=1, reports=(2, 1))


OLD_REPORT_AFTER_CLEARANCE = (
    'r0 reports, wanting ()', 'r0 reports, wanting ()',
    'r0 is switched off and cleared away', 'r0 is enrolled anew and boots',
    'r0 reports, wanting ()', 'the log registers boot 11 of r0', 'r0 hears (2,)',
    'r0 reports, wanting (0,)', 'the log gives (0,) to report 1 of r0', 'r0 hears (0, 2)',
    'the log gives () to report 2 of r0', 'r1 reports, wanting (0,)',
    'the log gives (0,) to report 1 of r1', 'r1 hears (0, 3)')


def follow(rules, trace):
    """Return the state after the steps named (counters stand for seqs)."""
    world = Model(rules, reports=(4, 1), clears=1).start
    model = Model(rules, reports=(4, 1), clears=1)
    for name in trace:
        for what, after in model.steps(world):
            plain = re.sub(r'\d{10}', lambda seq: str(int(seq[0]) & 0xffffffff), what)
            if plain == name or plain.startswith(name + ' as of'):
                world = after
                break
    return world


def test_without_the_fence_a_report_from_before_the_clearance_frees_a_node_under_the_robot():
    assert follow(ClearsWithoutFence(), OLD_REPORT_AFTER_CLEARANCE).collision()
    assert not follow(Rules(), OLD_REPORT_AFTER_CLEARANCE).collision()
