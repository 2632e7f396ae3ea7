# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
How robots that wait for each other, or for one who has nothing to do, are got out of that.

A robot at rest waits for whoever holds the next node of its way. Who waits in the end for somebody
in motion need only wait. A chain of waiting that comes back to itself, or that ends at a robot
that stands and wants nothing, never ends by itself. Then, for the robot of the chain that has been
on its way for longest:

    its next node is the neighbouring one nearest to its goal. If somebody stands there, that robot
    is pushed: it has to go to a node of its own choice first, and pushes whoever stands on that,
    until the chain ends at a free node. A choice that ends nowhere is taken back, and the next
    best is tried.

This is priority inheritance with backtracking: K. Okumura, M. Machida, X. Defago and Y. Tamura,
"Priority inheritance with backtracking for iterative multi-agent path finding", Artificial
Intelligence 310, 2022, section 4; and its form without common time steps, K. Okumura, Y. Tamura
and X. Defago, "Time-independent planning for multiple moving agents", AAAI 2021. On a roadmap in
which every two neighbours lie on a ring, and with a free node left, the robot of highest priority
gets its way.

What comes out is advice: the node that a robot should want next. To follow it or not costs time,
never safety: nodes are given by the keeper alone.
"""

# What it costs to make way into the way of who pushes [s].
_AHEAD_S = 30.0


class Stander:
    """
    A robot at rest, as the pusher looks at it.

    number: the robot. node: where it stands. goal: where it goes, -1 for nowhere. since_s: when it
    was first seen to go there. needs: the nodes that it has to be given next, () if it wants none.
    ahead: all nodes that it says it wants.
    """

    __slots__ = ('number', 'node', 'goal', 'since_s', 'needs', 'ahead')

    def __init__(self, number, node, goal, since_s, needs, ahead=()):
        """Keep what is given."""
        self.number, self.node, self.goal = number, node, goal
        self.since_s, self.needs, self.ahead = since_s, tuple(needs), frozenset(ahead)


def hopeless(standers, waits_for):
    """
    Return the numbers of the robots that wait for ever, in ascending order.

    standers: {number: Stander}. waits_for: {number: numbers of those whose nodes it needs}, for
    those of them that want something. A robot that is no stander moves on by itself.
    """
    idle = {number for number, stander in standers.items() if not stander.needs}
    # Whoever waits for nobody but robots that move on will move on: take those away until all that
    # is left waits for others that are left, or for one who is idle.
    left = set(waits_for) - idle
    while True:
        freed = {number for number in left
                 if not any(other in left or other in idle for other in waits_for[number])}
        if not freed:
            return sorted(left)
        left -= freed


class Pusher:
    """One round of pushing among robots at rest; nobody is moved twice."""

    def __init__(self, standers, neighbours, lock_set, holder, cost_s):
        """
        Begin a round.

        neighbours(node): nodes to which an edge leads. lock_set(a, b): nodes to hold for an edge.
        holder(node): who holds a node, None if it is free; a number that is no stander's stands
        for somebody who cannot be pushed. cost_s(goal, node): estimate of the way to go [s].
        """
        self._standers = standers
        self._neighbours, self._lock_set = neighbours, lock_set
        self._holder, self._cost_s = holder, cost_s
        self.advice = {}  # number -> the node that it should go to
        self._tried = set()
        self._taken = set()

    def has_tried(self, number):
        """Return whether a robot was pushed in this round, or is to be left alone."""
        return number in self._tried

    def leave(self, number):
        """Leave a robot alone in this round."""
        self._tried.add(number)
        self._taken.add(self._standers[number].node)

    def push(self, number, ahead=frozenset()):
        """
        Find a next node for a robot at rest; return whether there is one.

        ahead: where those who push it want to go: it had better not stand there next.
        """
        if number in self._tried:
            return False
        self._tried.add(number)
        stander = self._standers[number]
        self._taken.add(stander.node)
        for node in self._choices(stander, ahead):
            locked = [n for n in self._lock_set(stander.node, node) if n != stander.node]
            if not self._taken.isdisjoint(locked):
                continue
            holders = {self._holder(n) for n in locked} - {None, number}
            if holders and not self._can_be_pushed(holders, locked):
                continue
            self._taken.update(locked)
            if not holders or self.push(*holders, ahead | stander.ahead):
                self.advice[number] = node
                return True
        return False

    def _choices(self, stander, ahead):
        """Return the neighbouring nodes, nearest to the goal first, and free ones before held."""
        goal = stander.goal

        def rank(node):
            cost_s = self._cost_s(goal, node) if goal >= 0 else 0.0
            cost_s += _AHEAD_S * (node in ahead)
            return cost_s, self._holder(node) is not None, node
        return sorted(self._neighbours(stander.node), key=rank)

    def _can_be_pushed(self, holders, locked):
        """Return whether the holders of a lock set are one robot that stands in it."""
        if len(holders) > 1:
            return False
        other = self._standers.get(next(iter(holders)))
        return other is not None and other.node in locked and other.number not in self._tried
