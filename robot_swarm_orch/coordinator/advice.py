# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which robots are told to make way, and where to: what pushing and untangling come to.

Robots that wait for ever are found every now and then. Where every two neighbouring nodes lie on a
ring, pushing is enough (`pushing.py`). Near a bridge of the roadmap, such as a dead end, a plan
for the few robots concerned is tried first (`untangling.py`); its moves are told one after
another, and until it is done its robots are given nothing else.

Advice is repeated until it was followed or is too old. It dies with its leader.
"""

from robot_swarm_orch.coordinator.pushing import hopeless, Pusher
from robot_swarm_orch.coordinator.untangling import untangle

ADVICE_S = 8.0
"""Advice that was not followed within this time is over, and so is the plan behind it [s]."""


class _Plan:
    """Moves (number, node) that are left, for the robots of one group."""

    __slots__ = ('robots', 'moves', 'until_s')

    def __init__(self, moves, until_s):
        self.robots = frozenset(number for number, _ in moves)
        self.moves, self.until_s = list(moves), until_s


class Advisor:
    """What one leader has told robots; `to` maps a robot's number to the node it should go to."""

    def __init__(self, site, neighbours, cost_s, admit=None):
        """
        Use a site, and functions that say where robots may go and how far it is.

        neighbours(node): the nodes next on the ways out. cost_s(goal, node): an estimate of the
        way to go [s]. admit: is told, once in each round, the goals that will be asked about.
        """
        self._site, self._neighbours = site, neighbours
        self._cost_s, self._admit = cost_s, admit
        self._bridge_ends = frozenset(node for pair in site.bridges for node in pair)
        self._until_s = {}
        self._plans = []
        self.to = {}

    def is_involved(self, number):
        """Return whether a robot has been told something, or is part of a plan."""
        return number in self.to or any(number in plan.robots for plan in self._plans)

    def holds_back(self, number):
        """Return whether a robot is to stay where it is until it is told to move."""
        return number not in self.to and any(number in plan.robots for plan in self._plans)

    def hear(self, now_s, number, held):
        """Note from a robot's report whether it has done what it was told."""
        node = self.to.get(number)
        if node is None or held[:1] != (node,):
            return
        self._forget(number)
        for plan in self._plans:
            if plan.moves[:1] == [(number, node)]:
                del plan.moves[0]
                plan.until_s = now_s + ADVICE_S
                self._go_on(plan)
        self._plans = [plan for plan in self._plans if plan.moves]

    def advise(self, now_s, standers, waits_for, holder):
        """
        Look at the robots at rest, and tell some of them to go elsewhere.

        standers: {number: pushing.Stander}, without those that are involved already. waits_for:
        {number: numbers of those whose nodes it needs}. holder(node): who holds a node, or None.
        """
        for number in [number for number, until_s in self._until_s.items() if now_s >= until_s]:
            self._forget(number)
        self._plans = [plan for plan in self._plans if now_s < plan.until_s]
        stuck = [standers[number] for number in hopeless(standers, waits_for)]
        if not stuck:
            return
        stuck.sort(key=lambda one: (one.since_s, one.number))
        if self._admit is not None:
            self._admit([one.goal for one in (*stuck, *standers.values()) if one.goal >= 0])
        world = standers, self._neighbours, self._site.lock_set, holder, self._cost_s
        pusher = Pusher(*world)
        may_plan = True
        for stander in stuck:
            if pusher.has_tried(stander.number):
                continue
            if may_plan and self._is_near_a_bridge(stander, waits_for, standers):
                may_plan = False  # one search a round bounds the time
                moves = untangle(stander.number, *world)
                if moves:
                    self._begin(moves, now_s, pusher)
                    continue
            pusher.push(stander.number)
        for number, node in pusher.advice.items():
            self._tell(number, node, now_s + ADVICE_S)

    def _is_near_a_bridge(self, stander, waits_for, standers):
        """Return whether a robot that has a goal, or one that it waits for, stands at a bridge."""
        others = [standers[other].node for other in waits_for.get(stander.number, ())
                  if other in standers]
        return stander.goal >= 0 and not self._bridge_ends.isdisjoint((stander.node, *others))

    def _begin(self, moves, now_s, pusher):
        plan = _Plan(moves, now_s + ADVICE_S)
        self._plans.append(plan)
        self._go_on(plan)
        for number in sorted(plan.robots):
            pusher.leave(number)

    def _go_on(self, plan):
        """Tell the first move that is left."""
        if plan.moves:
            self._tell(*plan.moves[0], plan.until_s)

    def _tell(self, number, node, until_s):
        self.to[number], self._until_s[number] = node, until_s

    def _forget(self, number):
        del self.to[number], self._until_s[number]
