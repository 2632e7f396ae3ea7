# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Movement authority in small, for a search through everything that can happen.

The real `Keeper` and the real `AuthorityBook` run against a network that keeps every message for
ever and may deliver any of them, in any order, any number of times, or never: loss, delay,
duplication and reordering at once. There are two robots, up to two nodes that both want (0 and 1),
and a node each that only its own robot uses (2 and 3).

A state is seven numbers: keeper, both robots, the reports and the grants that each has sent or
been sent. Each stands for a value in a `Pool`, so that equal values have equal numbers, and what a
step does to a value is worked out once, by the real code, and then looked up.

What bounds a search is each robot's `Budget`, and `MOST_BOOTS` incarnations a robot: a JOINING
report that comes twice could else begin new ones for ever. Within that nothing is left out but
what changes nothing:

- a moving body is in all that its robot holds; to leave a node and to let go of it is one step;
- each state of the keeper is told to the robot that it concerns as soon as it is reached, since
  the network keeps the word until it matters;
- one JOINING report a boot, as they are all alike;
- what is told is told by a leader that is up to date. `stale_words` checks what this rests on: a
  leader of any earlier state has nothing to say that is not in the network already.
"""

from functools import lru_cache
from itertools import combinations, permutations, product
from typing import NamedTuple

from authority_rules import duplicate, grant_of, HOMES, NAMES, Robot, SITE, whole
from robot_swarm_orch.codec import pack, unpack
from robot_swarm_orch.coordinator.keeper import NOBODY
from robot_swarm_orch.edge.authority import Heard
from robot_swarm_orch.types import COUNTER_MASK, incarnation_of, Mode

MOST_BOOTS = 5


def places(body):
    """Return the parts of a body's nodes in which it may stand."""
    nodes = sorted(body)
    return [frozenset(part) for count in range(1, len(nodes) + 1)
            for part in combinations(nodes, count)]


def seq_text(seq):
    return f'{incarnation_of(seq)}:{seq & COUNTER_MASK}'


class Pool:
    """Gives equal values equal numbers."""

    def __init__(self):
        self.values = []
        self._numbers = {}

    def number(self, value, key=None):
        key = value if key is None else key
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.values)
            self.values.append(value)
        return number


class Model:
    """The steps that can follow a state."""

    def __init__(self, rules, budgets, nodes=1, pairs=False, second_thoughts=False,
                 forget=False):
        """
        Say what may happen.

        budgets: of r0 and r1. pairs: whether one entry of the log may hold a row of each robot.
        second_thoughts: whether a robot may want something else without having said so. forget:
        whether words that can never again matter are taken out of the network.
        """
        self.rules, self.pairs, self.second_thoughts = rules, pairs, second_thoughts
        self.forget = forget
        self.contested = tuple(range(nodes))
        self.wishes = tuple(wish for count in range(nodes + 1)
                            for wish in permutations(self.contested, count))
        self.keepers, self.robots, self.reports, self.grants = Pool(), Pool(), Pool(), Pool()
        for name in ('moves', 'hears', 'log', 'person', 'add', 'collide', 'live_reports',
                     'live_grants'):
            setattr(self, name, lru_cache(None)(getattr(self, '_' + name)))
        self.start = self._start(budgets)

    def _start(self, budgets):
        keeper = self.rules.keeper_class()
        keeper.lay_site(SITE, 4)
        robots, told = [], []
        for number, (name, home) in enumerate(zip(NAMES, HOMES)):
            keeper.enrol(name, home)
            keeper.register_boot(name, number + 1)
            book = self.rules.book_class(name, SITE, number + 1)
            book.hear(grant_of(keeper, number), True)
            robots.append(self._robot(Robot(
                book, frozenset((home,)), True, False, False, budgets[number])))
            told.append(self.grants.number(frozenset((grant_of(keeper, number),))))
        nothing = self.reports.number(frozenset())
        start = (self.keepers.number(keeper, whole(keeper)), *robots, nothing, nothing, *told)
        return self._tidy(start) if self.forget else start

    def _robot(self, robot):
        return self.robots.number(robot, robot.key())

    def following(self, state):
        """Yield (what happens, the state after it)."""
        for what, after in self._following(state):
            yield what, self._tidy(after) if self.forget else after

    def _following(self, state):
        k, r0, r1, p0, p1, g0, g1 = state
        for what, robot, sent in self.moves(0, r0, p0):
            yield what, (k, robot, r1, sent, p1, g0, g1)
        for what, robot, sent in self.moves(1, r1, p1):
            yield what, (k, r0, robot, p0, sent, g0, g1)
        for what, robot in self.hears(0, r0, g0) + self.hears(0, r0, g1):
            yield what, (k, robot, r1, p0, p1, g0, g1)
        for what, robot in self.hears(1, r1, g1) + self.hears(1, r1, g0):
            yield what, (k, r0, robot, p0, p1, g0, g1)
        for what, keeper, told in self.log(k, p0, p1):
            yield what, (keeper, r0, r1, p0, p1, self.add(g0, told[0]), self.add(g1, told[1]))
        for what, keeper, robot in self.person(0, r0, k):
            yield what, (keeper, robot, r1, p0, p1, g0, g1)
        for what, keeper, robot in self.person(1, r1, k):
            yield what, (keeper, r0, robot, p0, p1, g0, g1)

    def _tidy(self, state):
        """Return a state without the words that can never again matter."""
        k, r0, r1, p0, p1, g0, g1 = state
        return (k, r0, r1, self.live_reports(0, k, p0), self.live_reports(1, k, p1),
                self.live_grants(r0, g0), self.live_grants(r1, g1))

    def _live_reports(self, number, keeper, sent):
        """Leave out reports that the log has overtaken; what it has applied never falls back."""
        last_seq = self.keepers.values[keeper].last_seq[number]
        return self.reports.number(frozenset(
            report for report in self.reports.values[sent]
            if report[2] == Mode.JOINING or report[1] > last_seq and report[2] == Mode.AUTOMATIC))

    def _live_grants(self, robot, told):
        """Leave out grants to boots that are over, and of nodes named in no later report."""
        book = self.robots.values[robot].book
        return self.grants.number(frozenset(
            grant for grant in self.grants.values[told]
            if grant.boot_id >= book.boot_id and (book.mode == Mode.JOINING or any(
                grant.ack_seq > book.wseq(node) for node in self.contested
                if node in grant.nodes))))

    def _add(self, grants, told):
        return self.grants.number(self.grants.values[grants].union(told))

    # A robot by itself

    def _moves(self, number, robot, sent):
        """Return (what, robot, reports sent) of what a robot does without hearing anything."""
        known, reports = self.robots.values[robot], self.reports.values[sent]
        steps = list(self._reports(number, known, reports))
        steps += [(what, self._robot(after), sent)
                  for act in (self._drops, self._moods, self._ends) for what, after in act(known)]
        return [(f'r{number} {what}', after, now) for what, after, now in steps
                if (after, now) != (robot, sent)]

    def _reports(self, number, robot, reports):
        book = robot.book
        joining = book.mode == Mode.JOINING
        if joining and any(report[0] == book.boot_id for report in reports):
            return
        if not joining and not robot.left.reports:
            return
        for wish in self.wishes if book.mode == Mode.AUTOMATIC else ((),):
            after = robot._replace(book=book.copy())
            after.book.want(wish)
            report = (book.boot_id, *after.book.report())
            after = after if joining else after.spend(reports=1)
            yield (f'reports {seq_text(report[1])} {report[2].name}, wanting {report[4]}',
                   self._robot(after), self.reports.number(reports | {report}))

    def _drops(self, robot):
        """Let go of nodes that the body has left, or, with a wrong pose, that it seems to."""
        book = robot.book
        if self.second_thoughts and book.mode == Mode.AUTOMATIC:
            for wish in self.wishes:
                after = robot._replace(book=book.copy())
                after.book.want(wish)
                yield f'would now rather have {wish}', after
        if not robot.on or robot.astray:
            return
        for node in self.contested:
            if node in book.held:
                after = robot._replace(book=book.copy())
                after.book.drop(left=(node,))
                if node not in after.book.held and not robot.lost:
                    after = after._replace(body=self.rules.leave(robot.body, node))
                yield f'lets go of {node}', after

    def _moods(self, robot):
        """Change what a robot knows of its place."""
        book = robot.book
        if robot.left.jumps and robot.on and not robot.lost:
            after = robot.spend(jumps=1)._replace(lost=True, book=book.copy())
            if book.mode != Mode.JOINING:
                after.book.set_mode(Mode.LOST)
            yield 'has a wrong pose and knows', after
        if robot.lost or book.mode == Mode.MANUAL:
            after = robot._replace(lost=False, book=book.copy())
            if book.mode != Mode.JOINING:
                after.book.set_mode(Mode.AUTOMATIC)
            yield 'is itself again', after.settled()
        if robot.left.pushes:
            yield from self._pushes(robot)

    def _pushes(self, robot):
        """Let a person move a robot, by hand or by joystick, with or without telling it."""
        home = HOMES[NAMES.index(robot.book.robot)]
        for node in (*self.contested, home):
            if node not in robot.body:
                after = robot.spend(pushes=1)._replace(body=frozenset((node,)), astray=True)
                yield f'is pushed to {node}', after.settled()
                if robot.book.mode == Mode.AUTOMATIC:
                    after = after._replace(book=robot.book.copy())
                    after.book.set_mode(Mode.MANUAL)
                    yield f'is driven by hand to {node}', after

    def _ends(self, robot):
        """End a boot: the program starts anew, or is told that its boot is over."""
        boot_id = robot.book.boot_id + 10
        if robot.left.boots and robot.on:
            for body in places(robot.body):
                after = robot.spend(boots=1)._replace(lost=False, body=body)
                where = f', standing in {set(body)}'
                yield 'starts anew' + where, after._replace(
                    book=self.rules.boot(robot, boot_id))
                yield 'is fenced' + where, after._replace(
                    book=self.rules.fence(robot.book, boot_id))
        if not robot.on:
            after = robot._replace(on=True, lost=False)
            yield 'is switched on', after._replace(book=self.rules.boot(robot, boot_id))
            yield 'is heard and fenced', after._replace(
                book=self.rules.fence(robot.book, boot_id)).settled()

    def _hears(self, number, robot, grants):
        """Return (what, robot) of all that a robot may hear now."""
        known, steps = self.robots.values[robot], []
        for grant in self.grants.values[grants]:
            book = known.book.copy()
            inside = bool(known.body) and known.body.issubset(grant.nodes) and not known.lost
            heard = book.hear(grant, inside)
            after = known._replace(book=book)
            if heard == Heard.JOINED and known.on:
                after = after._replace(astray=False)
            after = self._robot(after.settled())
            if after != robot:
                steps.append((f'r{number} hears {grant.nodes} as of {seq_text(grant.ack_seq)}: '
                              f'{heard and heard.name}', after))
        return steps

    # The log

    def act(self, number, verb, *arguments):
        """Return (the keeper's number after an act of the log, what the act answered)."""
        keeper, act = self.keepers.values[number], getattr(self.rules, verb)
        live, answer = duplicate(keeper), None
        if self.rules.snapshots != 'used':
            answer = act(live, *arguments)
        if self.rules.snapshots != 'ignored':
            restored = type(keeper).from_plain(unpack(pack(keeper.to_plain())))
            answer_then = act(restored, *arguments)
            if self.rules.snapshots == 'used':
                live, answer = restored, answer_then
            if (answer, whole(live)) != (answer_then, whole(restored)):
                raise AssertionError(f'{verb}{arguments} differs after a restart from the '
                                     f'snapshot {keeper.to_plain()}')
        return self.keepers.number(live, whole(live)), answer

    def _log(self, keeper, sent0, sent1):
        """Return (what, keeper, what is told to each) of all that the log may do."""
        sent = (self.reports.values[sent0], self.reports.values[sent1])
        acts = [act for robot in (0, 1) for act in self._joins(keeper, robot, sent[robot])]
        rows = [[row for report in sent[robot]
                 for row in self._rows(keeper, robot, report, sent[robot])] for robot in (0, 1)]
        entries = [(row,) for row in rows[0] + rows[1]]
        if self.pairs:
            entries += product(*rows)
            entries += product(*reversed(rows))
        acts += [(f'the log applies {self._text(entry)}', 'apply_rows', (entry,), entry)
                 for entry in entries]
        acts += [(*act, ((0,), (1,))) for act in self.rules.acts()]
        before, steps = self.keepers.values[keeper], []
        for what, verb, arguments, about in acts:
            after, _ = self.act(keeper, verb, *arguments)
            told = [(), ()]
            for robot, *_ in about:
                told[robot] = self.rules.told(
                    before, self.keepers.values[after], robot, sent[robot])
            steps.append((what, after, tuple(told)))
        return steps

    def _joins(self, keeper, robot, reports):
        known = self.keepers.values[keeper]
        if known.incarnations[robot] < MOST_BOOTS:
            for boot_id, _, mode, *_ in reports:
                if mode == Mode.JOINING and known.boots[robot] != boot_id:
                    yield (f'the log registers boot {boot_id} of r{robot}', 'register_boot',
                           (NAMES[robot], boot_id), ((robot,),))

    def _rows(self, keeper, robot, report, reports):
        """Return the rows that a report may make."""
        row = self.rules.row(self.keepers.values[keeper], robot, report, reports)
        if row is None:
            return []
        return [(robot, *row, grant) for grant in self.rules.grants(report[4], self.wishes)]

    @staticmethod
    def _text(entry):
        return ' and '.join(f'{seq_text(seq)} of r{robot}, giving {grant}'
                            for robot, seq, _, grant in entry)

    def _person(self, number, robot, keeper):
        """Return (what, keeper, robot) of what a person may do to a robot and the log."""
        known, name = self.robots.values[robot], NAMES[number]
        steps = []
        if known.left.clears and known.on:
            # What the body is in is named; or the robot is carried off the floor.
            for body in (frozenset(), *places(known.body)):
                occupied = tuple(sorted(body))
                after, why_not = self.act(keeper, 'clear', name, occupied)
                off = known.spend(clears=1)._replace(
                    body=body, on=False, astray=False, lost=False)
                if not why_not:
                    steps.append((f'r{number} is switched off and cleared away, in {occupied}',
                                  after, self._robot(off)))
        if self.may_have_a_lease(keeper, number, known) and not known.on:
            # Its program was never off; it has joined after it was enrolled anew.
            steps.append((f'r{number} gets a lease again', keeper,
                          self._robot(known._replace(on=True).settled())))
        if not self.keepers.values[keeper].enrolled[number]:
            for node in (HOMES[number], *self.contested):
                after, why_not = self.act(keeper, 'enrol', name, node)
                if not why_not:
                    placed = known._replace(body=frozenset((node,)), astray=False)
                    steps.append((f'r{number} is enrolled anew at {node}', after,
                                  self._robot(placed)))
        return steps

    def may_have_a_lease(self, keeper, number, robot):
        """Return whether a leader would renew the lease of the boot that a robot's book is of."""
        log, book = self.keepers.values[keeper], robot.book
        return (book.mode != Mode.JOINING and log.boots[number] == book.boot_id
                and log.incarnations[number] == book.incarnation)

    # What must never be

    def _collide(self, robot0, robot1):
        """Return whether a node is in the hands, or under the body, of both robots."""
        taken = []
        for robot in (self.robots.values[robot0], self.robots.values[robot1]):
            hands = robot.book.held if robot.on else ()
            taken.append(set(hands).union(() if robot.astray else robot.body))
        return bool(taken[0] & taken[1])

    def stale_words(self, state):
        """Return what a leader of this state could say that is not in the network already."""
        keeper = self.keepers.values[state[0]]
        return [grant for robot in (0, 1) for grant in (grant_of(keeper, robot),)
                if keeper.boots[robot] != NOBODY
                and grant not in self.grants.values[state[5 + robot]]]


class Found(NamedTuple):
    """What a search found: how many states, how many steps deep, the way to a collision."""

    states: int
    depth: int
    trace: tuple


def search(model, depth=1000, look=None):
    """
    Visit all states at most `depth` steps away, nearest first; stop at a collision.

    `look` is called with each state. The trace has the fewest steps possible.
    """
    seen, front, reached = {model.start}, [model.start], 0
    while front and reached < depth:
        following = []
        for state in front:
            if look is not None:
                look(state)
            for _, after in model.following(state):
                if after not in seen:
                    seen.add(after)
                    if model.collide(after[1], after[2]):
                        return Found(len(seen), reached + 1, trace_to(model, after))
                    following.append(after)
        front = following
        reached += 1
    return Found(len(seen), reached, ())


def trace_to(model, goal):
    """Return what happens, in the fewest steps, from the start to a state; by another search."""
    parents, front = {model.start: None}, [model.start]
    while goal not in parents:
        following = []
        for state in front:
            for what, after in model.following(state):
                if after not in parents:
                    parents[after] = (state, what)
                    following.append(after)
        front = following
    trace = []
    while parents[goal] is not None:
        goal, what = parents[goal]
        trace.append(what)
    return tuple(reversed(trace))
