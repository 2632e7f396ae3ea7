# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Who waits for ever, who is pushed where, and plans for a few robots; without any motion."""

import random

import pytest
from robot_swarm_orch.coordinator.advice import Advisor
from robot_swarm_orch.coordinator.pushing import hopeless, Pusher, Stander
from robot_swarm_orch.coordinator.untangling import untangle
from robot_swarm_orch.site import load_site


class Floor:
    """Robots at rest on a drawing of cells; each may have a goal."""

    def __init__(self, *rows):
        cells = [(c, r) for r, row in enumerate(rows) for c, cell in enumerate(row)
                 if cell != '#']
        name = {cell: f'{cell[0]},{cell[1]}' for cell in cells}
        self.site = load_site({
            'nodes': {name[c, r]: [2.0 * c, -2.0 * r] for c, r in cells},
            'edges': [[name[c, r], name[other]] for c, r in cells
                      for other in ((c + 1, r), (c, r + 1)) if other in name]})
        self.standers, self.at = {}, {}

    def node(self, name):
        return self.site.node_names.index(name)

    def put(self, number, place, goal='', wants=(), since_s=0.0):
        """Let a robot stand somewhere, on its way to a goal."""
        node, wants = self.node(place), tuple(map(self.node, wants))
        self.at[node] = number
        self.standers[number] = Stander(number, node, self.node(goal) if goal else -1, since_s,
                                        wants[:1], wants)

    def hops(self, goal, node):
        """Return the number of edges from a node to a goal."""
        if not hasattr(self, '_hops'):
            self._hops = {}
        if goal not in self._hops:
            known, edge = {goal: 0.0}, [goal]
            while edge:
                edge = [b for a in edge for b in self.site.successors[a]
                        if known.setdefault(b, known[a] + 1.0) == known[a] + 1.0
                        and b not in edge and b != goal]
                edge = list(dict.fromkeys(edge))
                if len(known) == self.site.real_count:
                    break
            self._hops[goal] = known
        return 2.0 * self._hops[goal][node]

    def world(self):
        return (self.standers, self.site.successors.__getitem__, self.site.lock_set, self.at.get,
                self.hops)

    def waits(self):
        return {number: [self.at[node] for node in stander.needs if node in self.at]
                for number, stander in self.standers.items() if stander.needs}

    def names(self, advice):
        return {number: self.site.node_names[node] for number, node in advice.items()}


def test_who_waits_for_somebody_in_motion_is_not_lost():
    floor = Floor('....')
    floor.put(1, '0,0', '3,0', ['1,0'])
    floor.at[floor.node('1,0')] = 9  # drives, so it is no stander
    assert hopeless(floor.standers, floor.waits()) == []


def test_who_waits_for_a_ring_or_for_an_idle_robot_waits_for_ever():
    floor = Floor('......')
    floor.put(1, '0,0', '5,0', ['1,0'])
    floor.put(2, '1,0', '5,0', ['2,0'])
    floor.put(3, '2,0', '0,0', ['1,0'])
    floor.put(4, '5,0')
    floor.put(5, '4,0', '5,0', ['5,0'])
    assert hopeless(floor.standers, floor.waits()) == [1, 2, 3, 5]


@pytest.mark.parametrize('seed', range(30))
def test_a_push_ends_at_a_free_node_and_moves_nobody_twice_or_two_to_one_place(seed):
    rng = random.Random(seed)
    floor = Floor(*['.....'] * 4)
    names = list(floor.site.node_names)
    for number, place in enumerate(rng.sample(names, rng.randint(2, 18))):
        floor.put(number, place, rng.choice(names))
    pusher = Pusher(*floor.world())
    first = rng.randrange(len(floor.standers))
    if pusher.push(first):
        targets = list(pusher.advice.values())
        assert len(set(targets)) == len(targets) and first in pusher.advice
        left = {floor.standers[number].node for number in pusher.advice}
        ends = [node for node in targets if node not in left]
        assert len(ends) == 1 and ends[0] not in floor.at
        assert all(node in floor.site.successors[floor.standers[number].node]
                   for number, node in pusher.advice.items())
    else:
        assert pusher.advice == {}


def test_with_a_free_node_left_on_a_grid_any_robot_can_be_pushed_for():
    for free in range(12):
        floor = Floor('....', '....', '....')
        for node, name in enumerate(floor.site.node_names):
            if node != free:
                floor.put(node, name, floor.site.node_names[(5 * node) % 12])
        for number in floor.standers:
            assert Pusher(*floor.world()).push(number)


def test_an_idle_robot_does_not_make_way_into_the_way_of_who_pushes_it():
    floor = Floor('.....', '##.##')
    floor.put(1, '1,0', '4,0', ['2,0', '3,0', '4,0'])
    floor.put(2, '2,0')
    pusher = Pusher(*floor.world())
    assert pusher.push(1) and floor.names(pusher.advice) == {1: '2,0', 2: '2,1'}


def test_a_robot_in_a_dead_end_is_planned_past_where_pushing_would_leave_it_in_the_way():
    floor = Floor('.....', '##.##')
    floor.put(1, '3,0', '4,0', ['4,0'])
    floor.put(2, '4,0', '0,0', ['3,0'], since_s=1.0)
    moves = untangle(1, *floor.world())
    at = {1: floor.node('3,0'), 2: floor.node('4,0')}
    for number, node in moves:
        assert node in floor.site.successors[at[number]] and node not in at.values()
        at[number] = node
    assert at[1] == floor.node('4,0')


def test_what_cannot_be_planned_is_not():
    floor = Floor('..')
    floor.put(1, '0,0', '1,0', ['1,0'])
    floor.put(2, '1,0', '0,0', ['0,0'])
    assert untangle(1, *floor.world()) == ()


def test_the_moves_of_a_plan_are_told_one_after_another_and_others_of_it_are_held_back():
    floor = Floor('.....', '##.##')
    floor.put(1, '3,0', '4,0', ['4,0'])
    floor.put(2, '4,0', '0,0', ['3,0'], since_s=1.0)
    advisor, told = Advisor(floor.site, floor.site.successors.__getitem__, floor.hops), []
    advisor.advise(0.0, floor.standers, floor.waits(), floor.at.get)
    while advisor.to:
        (number, node), = advisor.to.items()
        assert advisor.holds_back(3 - number) and not advisor.holds_back(number)
        told.append((number, node))
        advisor.hear(1.0, number, (node,))
    assert told == list(untangle(1, *floor.world())) and not advisor.is_involved(1)


def test_advice_that_nobody_follows_is_forgotten():
    floor = Floor('.....', '##.##')
    floor.put(1, '1,0', '4,0', ['2,0'])
    floor.put(2, '2,0')
    advisor = Advisor(floor.site, floor.site.successors.__getitem__, floor.hops)
    advisor.advise(0.0, floor.standers, floor.waits(), floor.at.get)
    assert advisor.is_involved(1) and advisor.is_involved(2)
    advisor.advise(100.0, {}, {}, floor.at.get)
    assert advisor.to == {} and not advisor.is_involved(1)
