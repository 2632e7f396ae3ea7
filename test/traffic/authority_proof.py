# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Movement authority as formulas, for any number of robots, nodes, boots and messages.

A `State` is a set of functions over unbounded sorts. A step is a pair: when it may happen, and the
state after it, as functions of the state before. Messages are sets that only grow, so a message
may come late, twice, or in any order; `lose` takes any of them away.

One act of the log is several steps here: the rows of an entry free, then each gives node by node.
What lies between them is a state as any other, so nothing is lost by that. Replicas, restarts from
a snapshot and changes of leader all work from the same log; so they have no steps of their own.
"""

from dataclasses import make_dataclass, replace

import z3

Robot, Node, Boot = (z3.DeclareSort(name) for name in ('Robot', 'Node', 'Boot'))
INT, BOOL = z3.IntSort(), z3.BoolSort()
NOBODY = z3.Const('nobody', Boot)
R, C, B = z3.Const('R', Robot), z3.Const('C', Node), z3.Const('B', Boot)
Q, N = z3.Ints('Q N')
SPAN = 1 << 32

SHAPES = {
    # The keeper: node c is owned by owner(c) if owned(c), blocked by blocker(c) if blocked(c).
    'owned': (Node, BOOL), 'owner': (Node, Robot), 'blocked': (Node, BOOL),
    'blocker': (Node, Robot), 'incarnation': (Robot, INT), 'last': (Robot, INT),
    'boot': (Robot, Boot), 'enrolled': (Robot, BOOL),
    # The robot's book: its boot, whether it has joined, and since when it names a node.
    'own_boot': (Robot, Boot), 'joined': (Robot, BOOL), 'own_incarnation': (Robot, INT),
    'seq': (Robot, INT), 'held': (Robot, Node, BOOL), 'wanted': (Robot, Node, BOOL),
    'wseq': (Robot, Node, INT),
    # What is true of it: see authority_rules.Robot; and whether its boot was ever registered.
    'on': (Robot, BOOL), 'astray': (Robot, BOOL), 'body': (Robot, Node, BOOL),
    'known': (Robot, BOOL),
    # The network: reports sent, reports sent without a node, grants sent, grants sent with a node.
    'sent': (Robot, INT, BOOL), 'lacks': (Robot, INT, Node, BOOL),
    'told': (Robot, Boot, INT, BOOL), 'gives': (Robot, Boot, INT, Node, BOOL),
}

State = make_dataclass('State', SHAPES, frozen=True)


def any_state():
    """Return a state of which nothing is known."""
    return State(**{name: z3.Function(name, *shape) for name, shape in SHAPES.items()})


def first(incarnation):
    """Return the seq below every report of an incarnation."""
    return SPAN * incarnation


def put(function, *key_and_value):
    """Return a function that is another value at one point; None in the key is any argument."""
    *key, value = key_and_value

    def changed(*arguments):
        same = [a == b for a, b in zip(arguments, key) if b is not None]
        new = value(*arguments) if callable(value) else value
        return z3.If(z3.And(same), new, function(*arguments))
    return changed


def active(s, r):
    """Return whether a robot's book counts: it may move, or would have a lease."""
    return z3.And(s.joined(r), z3.Or(s.on(r), z3.And(
        s.boot(r) == s.own_boot(r), s.own_incarnation(r) == s.incarnation(r))))


def owns(s, r, c):
    return z3.And(s.owned(c), s.owner(c) == r)


def blocks(s, r, c):
    return z3.And(s.blocked(c), s.blocker(c) == r)


def forall(body):
    """Return that a formula of (r, c, q) holds for every robot, node and number."""
    r, c, q = z3.Const('r', Robot), z3.Const('c', Node), z3.Int('q')
    formula = body(r, c, q)
    used = [v for v in (r, c, q) if any(v.eq(u) for u in z3.z3util.get_vars(formula))]
    return z3.ForAll(used, formula)


def invariant(s):
    """Return the claims by name; docs/safety.md says them in words."""
    imp, both, no = z3.Implies, z3.And, z3.Not
    claims = {
        'A held nodes are owned': lambda r, c, q: imp(
            both(active(s, r), s.held(r, c)), both(owns(s, r, c), s.wseq(r, c) <= s.last(r))),
        'B grants that may be taken are true': lambda r, c, q: imp(
            both(active(s, r), s.gives(r, s.own_boot(r), q, c), q > s.wseq(r, c)),
            owns(s, r, c)),
        'C reports that may free are known': lambda r, c, q: imp(
            both(active(s, r), s.lacks(r, q, c), q > s.last(r)), q <= s.wseq(r, c)),
        'D the body is in what is held': lambda r, c, q: imp(
            both(active(s, r), no(s.astray(r)), s.body(r, c)), s.held(r, c)),
        'D the body of a robot that has not joined is safe': lambda r, c, q: imp(
            both(no(active(s, r)), no(s.astray(r)), s.body(r, c)),
            z3.Or(blocks(s, r, c), owns(s, r, c))),
        'D no report frees what is under such a body': lambda r, c, q: imp(
            both(no(active(s, r)), no(s.astray(r)), s.body(r, c), s.lacks(r, q, c),
                 q > s.last(r)), blocks(s, r, c)),
        'E grants to a robot that joins are true': lambda r, c, q: imp(
            both(no(active(s, r)), z3.Or(s.on(r), q >= first(s.incarnation(r))),
                 s.gives(r, s.own_boot(r), q, c)), owns(s, r, c)),
        'F no report from before its boot counts': lambda r, c, q: imp(
            both(no(active(s, r)), s.known(r), s.sent(r, q)), q <= s.last(r)),
        'F only a known boot is told anything': lambda r, c, q: imp(
            s.told(r, s.own_boot(r), q), s.known(r)),
        'F the registered boot is known': lambda r, c, q: both(
            s.own_boot(r) != NOBODY, imp(s.boot(r) == s.own_boot(r), s.known(r))),
        'G grants are not ahead of the log': lambda r, c, q: z3.ForAll(B, both(
            imp(s.told(r, B, q), q <= s.last(r)),
            imp(s.gives(r, B, q, c), s.told(r, B, q)))),
        'G grants of this incarnation are to the registered boot': lambda r, c, q: z3.ForAll(
            B, imp(both(s.told(r, B, q), q >= first(s.incarnation(r))), B == s.boot(r))),
        'H a cleared robot has no boot': lambda r, c, q: both(
            imp(no(s.enrolled(r)), s.boot(r) == NOBODY),
            imp(both(s.on(r), z3.Or(s.known(r), s.joined(r))), s.enrolled(r))),
        'H no report of a cleared robot counts': lambda r, c, q: imp(
            both(no(s.enrolled(r)), s.sent(r, q)), q <= s.last(r)),
        'I reports are of incarnations given': lambda r, c, q: both(
            first(s.incarnation(r)) <= s.last(r), s.last(r) < first(s.incarnation(r) + 1),
            imp(s.sent(r, q), q < first(s.incarnation(r) + 1)),
            imp(s.lacks(r, q, c), s.sent(r, q))),
        'J the book counts in its incarnation': lambda r, c, q: imp(s.joined(r), both(
            s.wseq(r, c) <= s.seq(r), s.seq(r) < first(s.own_incarnation(r) + 1),
            s.own_incarnation(r) <= s.incarnation(r),
            imp(no(active(s, r)), s.own_incarnation(r) < s.incarnation(r)))),
        'K no node is owned and blocked': lambda r, c, q: no(both(s.owned(c), s.blocked(c))),
    }
    return {name: forall(claim) for name, claim in claims.items()}


def exclusion(s):
    """Return that no node is in the hands, or under the body, of two robots."""
    r, t, c = z3.Consts('r t', Robot) + [z3.Const('c', Node)]

    def takes(robot):
        return z3.Or(z3.And(active(s, robot), s.on(robot), s.held(robot, c)),
                     z3.And(z3.Not(s.astray(robot)), s.body(robot, c)))
    return z3.ForAll([r, t, c], z3.Implies(r != t, z3.Not(z3.And(takes(r), takes(t)))))


def initial(s):
    """Return that nobody was enrolled yet, nothing was said, and no robot is on the floor."""
    return forall(lambda r, c, q: z3.And(
        z3.Not(s.owned(c)), z3.Not(s.blocked(c)), s.incarnation(r) == 0, s.last(r) == 0,
        s.boot(r) == NOBODY, z3.Not(s.enrolled(r)), s.own_boot(r) != NOBODY,
        z3.Not(s.joined(r)), z3.Not(s.body(r, c)), z3.Not(s.known(r)), z3.Not(s.sent(r, q)),
        z3.Not(s.lacks(r, q, c)),
        z3.ForAll(B, z3.And(z3.Not(s.told(r, B, q)), z3.Not(s.gives(r, B, q, c))))))


# The steps. Each takes the state before and returns (when it may happen, the state after).
# R, C, B, Q and N are any robot, node, boot, seq and number; SOME and OTHER any sets of nodes.

SOME, OTHER = z3.Function('some', Node, BOOL), z3.Function('other', Node, BOOL)


def all_nodes(body):
    c = z3.Const('c', Node)
    return z3.ForAll(c, body(c))


def report(s):
    """Let a robot say what it holds and wants; one boot does so less than 2**32 times."""
    seq = s.seq(R) + 1

    def keeps(c):
        return z3.Or(s.held(R, c), s.wanted(R, c))
    return (
        z3.And(s.joined(R), seq < first(s.own_incarnation(R) + 1)),
        replace(s, seq=put(s.seq, R, seq), sent=put(s.sent, R, seq, True),
                lacks=put(s.lacks, R, seq, None,
                          lambda r, q, c: z3.Or(s.lacks(r, q, c), z3.Not(keeps(c)))),
                wseq=put(s.wseq, R, None, lambda r, c: z3.If(keeps(c), s.wseq(r, c), seq))))


def lose(s):
    """Lose any messages for ever."""
    stay = any_subset(s, 'sent', 'lacks', 'told', 'gives')
    return z3.And(
        forall(lambda r, c, q: z3.Implies(stay['lacks'](r, q, c), stay['sent'](r, q))),
        forall(lambda r, c, q: z3.ForAll(B, z3.Implies(
            stay['gives'](r, B, q, c), stay['told'](r, B, q))))), replace(s, **stay)


def any_subset(s, *names):
    """Return relations of which nothing is known but that they lie within those of the state."""
    def within(name):
        after = z3.Function(f'{name} still', *SHAPES[name])
        return lambda *arguments: z3.And(getattr(s, name)(*arguments), after(*arguments))
    return {name: within(name) for name in names}


def free(s, counts=lambda s: Q > s.last(R)):
    """Let the log free what is not in SOME, the nodes of report Q, if that is news."""
    return (
        z3.And(s.sent(R, Q), counts(s), s.boot(R) != NOBODY, first(s.incarnation(R)) <= Q,
               Q < first(s.incarnation(R) + 1),
               all_nodes(lambda c: z3.Implies(z3.Not(SOME(c)), s.lacks(R, Q, c)))),
        replace(s, last=put(s.last, R, Q), owned=lambda c: z3.And(
            s.owned(c), z3.Not(z3.And(s.owner(c) == R, z3.Not(SOME(c)))))))


def give(s, blocked=True, owned=True):
    """Let the log give a free node."""
    return (z3.And(z3.Not(z3.And(owned, s.owned(C))), z3.Not(z3.And(blocked, s.blocked(C)))),
            replace(s, owned=put(s.owned, C, True), owner=put(s.owner, C, R)))


def tell(s):
    """Let a leader say what a robot owns; it may be heard now, late, or never."""
    boot, last = s.boot(R), s.last(R)
    return True, replace(
        s, told=put(s.told, R, boot, last, True),
        gives=put(s.gives, R, boot, last, None,
                  lambda r, b, q, c: z3.Or(s.gives(r, b, q, c), owns(s, R, c))))


def accept(s, new=lambda s: Q > s.wseq(R, C)):
    """Let a robot take a node that it wants from a grant to its boot."""
    return (z3.And(s.joined(R), s.wanted(R, C), s.gives(R, s.own_boot(R), Q, C), new(s)),
            replace(s, held=put(s.held, R, C, True), wanted=put(s.wanted, R, C, False)))


def drive(s):
    """Let a robot go where it likes inside what it holds."""
    return (z3.And(s.joined(R), s.on(R), z3.Not(s.astray(R)),
                   all_nodes(lambda c: z3.Implies(SOME(c), s.held(R, c)))),
            replace(s, body=put(s.body, R, None, lambda r, c: SOME(c))))


def drop(s, left=lambda s: z3.Not(s.body(R, C))):
    """Let a robot let go of a node that its body is not in."""
    return z3.And(s.joined(R), left(s)), replace(s, held=put(s.held, R, C, False))


def want(s):
    """Let a robot want other nodes."""
    return s.joined(R), replace(s, wanted=put(s.wanted, R, None, lambda r, c: SOME(c)))


def register(s, incarnation=lambda s: s.incarnation(R) + 1):
    """Let the log give a boot of a robot, present or past, the next incarnation."""
    number = incarnation(s)
    return (z3.And(s.enrolled(R), B != NOBODY, B != s.boot(R)), replace(
        s, boot=put(s.boot, R, B), incarnation=put(s.incarnation, R, number),
        last=put(s.last, R, first(number)),
        known=put(s.known, R, z3.Or(s.known(R), B == s.own_boot(R)))))


def join(s, inside=True):
    """Let a robot take the answer to its join, grant Q of incarnation N, if its body is inside."""
    after = replace(
        s, joined=put(s.joined, R, True), held=put(s.held, R, None, lambda r, c: SOME(c)),
        wanted=put(s.wanted, R, None, False), wseq=put(s.wseq, R, None, Q),
        seq=put(s.seq, R, Q), own_incarnation=put(s.own_incarnation, R, N))
    return (z3.And(z3.Not(s.joined(R)), Q == first(N), s.told(R, s.own_boot(R), Q),
                   all_nodes(lambda c: z3.Implies(SOME(c), s.gives(R, s.own_boot(R), Q, c))),
                   all_nodes(lambda c: z3.Implies(z3.And(inside, s.body(R, c)), SOME(c)))),
            replace(after, astray=put(s.astray, R, z3.And(
                s.astray(R), z3.Not(active(after, R))))))


def start(s):
    """Let a program start, or give its boot up when told to; it stands, as a boot never seen."""
    q, c = z3.Int('q'), z3.Const('c', Node)
    return (z3.And(B != NOBODY, s.boot(R) != B, z3.ForAll([q, c], z3.Not(z3.Or(
        s.told(R, B, q), s.gives(R, B, q, c))))), replace(
            s, own_boot=put(s.own_boot, R, B), joined=put(s.joined, R, False),
            on=put(s.on, R, True), known=put(s.known, R, False),
            held=put(s.held, R, None, False), wanted=put(s.wanted, R, None, False)))


def clear(s, fence=1, blocks_body=True):
    """Let a person clear a robot that is off away, naming SOME; its body is in no others."""
    number = s.incarnation(R) + fence
    return (z3.And(all_nodes(lambda c: z3.Implies(SOME(c), z3.And(
        z3.Or(z3.Not(s.owned(c)), s.owner(c) == R),
        z3.Or(z3.Not(s.blocked(c)), s.blocker(c) == R)))),
        all_nodes(lambda c: z3.Implies(OTHER(c), SOME(c)))), replace(
            s, owned=lambda c: z3.And(s.owned(c), s.owner(c) != R),
            blocked=lambda c: z3.Or(z3.And(s.blocked(c), s.blocker(c) != R),
                                    z3.And(blocks_body, SOME(c))),
            blocker=lambda c: z3.If(SOME(c), R, s.blocker(c)),
            enrolled=put(s.enrolled, R, False), boot=put(s.boot, R, NOBODY),
            incarnation=put(s.incarnation, R, number), last=put(s.last, R, first(number)),
            on=put(s.on, R, False), astray=put(s.astray, R, False),
            body=put(s.body, R, None, lambda r, c: OTHER(c))))


def enrol(s, looks=True):
    """Let a person enrol a robot at a free node, where it stands from then on."""
    return (z3.And(z3.Not(s.enrolled(R)), z3.Not(z3.And(looks, s.owned(C))),
                   z3.Or(z3.Not(s.blocked(C)), s.blocker(C) == R)), replace(
        s, blocked=lambda c: z3.And(s.blocked(c), s.blocker(c) != R),
        owned=put(s.owned, C, True), owner=put(s.owner, C, R),
        enrolled=put(s.enrolled, R, True), astray=put(s.astray, R, False),
        body=put(s.body, R, None, lambda r, c: c == C)))


def push(s):
    """Let a person move a robot; it knows that it is not where it was."""
    return True, replace(s, astray=put(s.astray, R, True),
                         body=put(s.body, R, None, lambda r, c: SOME(c)))


def find(s):
    """Let a robot that was moved find itself inside what it holds."""
    return (z3.And(active(s, R), all_nodes(lambda c: z3.Implies(s.body(R, c), s.held(R, c)))),
            replace(s, astray=put(s.astray, R, False)))


def renew(s):
    """Let a robot whose program was never off, and has joined after it was enrolled anew, move."""
    return active(s, R), replace(s, on=put(s.on, R, True))


STEPS = {step.__name__: step for step in (
    report, lose, free, give, tell, accept, drive, drop, want, register, join, start, clear,
    enrol, push, find, renew)}

BROKEN = {
    'free: without the seq check': lambda s: free(s, lambda s: True),
    'give: a held node': lambda s: give(s, owned=False),
    'give: a blocked node': lambda s: give(s, blocked=False),
    'accept: without wseq': lambda s: accept(s, lambda s: True),
    'drop: before the body has left': lambda s: drop(s, lambda s: True),
    'register: in the same incarnation': lambda s: register(s, lambda s: s.incarnation(R)),
    'join: with the body outside': lambda s: join(s, False),
    'clear: without a fence': lambda s: clear(s, fence=0),
    'clear: without blocking': lambda s: clear(s, blocks_body=False),
    'enrol: on a held node': lambda s: enrol(s, looks=False),
}
