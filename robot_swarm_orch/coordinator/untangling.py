# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
How a few robots get past each other: a search over where all of them stand.

Pushing (`pushing.py`) looks one move ahead, which is not enough where a way ends: a robot that is
pushed into a dead end stays in the way. So for small groups all moves are searched, of one robot
at a time to a free neighbouring node, until the robot that goes first has got well on its way.

The group begins with that robot alone, and takes in whoever stands in its way until there is a
plan (the idea of subdimensional expansion: G. Wagner and H. Choset, "Subdimensional expansion for
multirobot path planning", Artificial Intelligence 219, 2015). Groups that are too large, or that
take too long, are left to pushing.
"""

from heapq import heappop, heappush
from itertools import count

GROUP_MAX = 4
"""Robots that are planned for at once."""

_STATES_MAX = 1500
"""Arrangements that are looked at for one robot, in all groups; bounds the time."""

_PROGRESS_S = 12.0
"""A plan ends when the first robot is nearer to its goal by this much, or there [s]."""

_MOVE_S = 1.5
"""About what one move takes, to weigh moves against what is left [s]."""


def untangle(first, standers, neighbours, lock_set, holder, cost_s):
    """
    Return the moves (number, node) that let a robot go on, in order; () if none were found.

    first: number of the robot that goes first, which has a goal. standers: {number: Stander}. The
    functions are those of `pushing.Pusher`.
    """
    group, left = [first], _STATES_MAX
    while len(group) <= GROUP_MAX and left > 0:
        search = _Search(group, standers, neighbours, lock_set, holder, cost_s)
        moves, looked_at = search.run(left)
        if moves:
            return moves
        left -= looked_at
        met = [number for number in search.met if number not in group]
        if not met:
            return ()
        group.append(met[0])
    return ()


class _Search:
    """One search, for one group; the others stand where they are."""

    def __init__(self, group, standers, neighbours, lock_set, holder, cost_s):
        self._group, self._standers = tuple(group), standers
        self._neighbours, self._lock_set, self._holder = neighbours, lock_set, holder
        goal = standers[group[0]].goal
        self._cost_s = lambda node: cost_s(goal, node)
        self._start = tuple(standers[number].node for number in group)
        # Nobody but the group stands where the group stands.
        self._own = frozenset(self._start)
        self._until_s = max(0.0, self._cost_s(self._start[0]) - _PROGRESS_S)
        self.met = {}  # robots outside that stood in the way, those nearest to the start first

    def run(self, most):
        """Return (moves, arrangements looked at); no moves if there are none or too many."""
        tie, before = count(), {self._start: None}
        heap = [(self._left(self._start), next(tie), 0, self._start)]
        while heap and len(before) < most:
            _, _, moves, state = heappop(heap)
            if self._cost_s(state[0]) <= self._until_s:
                return self._way(state, before), len(before)
            for index, node in self._moves(state):
                following = state[:index] + (node,) + state[index + 1:]
                if following not in before:
                    before[following] = (state, self._group[index], node)
                    heappush(heap, (moves + 1 + self._left(following), next(tie), moves + 1,
                                    following))
        return (), len(before)

    def _left(self, state):
        """Return about how many moves are left."""
        return max(0.0, self._cost_s(state[0]) - self._until_s) / _MOVE_S

    def _moves(self, state):
        """Yield (index in the group, node) of what could be done next."""
        for index, here in enumerate(state):
            for node in self._neighbours(here):
                if node in state:
                    continue
                needs = [n for n in self._lock_set(here, node) if n != here]
                others = {self._holder(n) for n in needs if n not in self._own}
                others -= {None, *self._group}
                if not others and not any(n in state for n in needs):
                    yield index, node
                elif index == 0 and all(other in self._standers for other in others):
                    self.met.update(dict.fromkeys(sorted(others)))

    def _way(self, state, before):
        """Return the moves that led to an arrangement."""
        moves = []
        while before[state] is not None:
            state, number, node = before[state]
            moves.append((number, node))
        return tuple(reversed(moves))
