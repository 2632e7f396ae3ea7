# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What the leader's traffic policy gives, and what it holds back."""

from pathlib import Path

from robot_swarm_orch.config import CoordinatorConfig, RobotConfig
from robot_swarm_orch.coordinator.keeper import Keeper
from robot_swarm_orch.coordinator.traffic import lookahead_for, Traffic
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import first_seq, Mode, Pose, Report

ROBOT = RobotConfig()
CONFIG = CoordinatorConfig()


def lane(count=12):
    """Return a one-way ring whose first row is a long straight lane of nodes 0, 1, 2, ..."""
    nodes = {f'n{i}': [2 * i, 0] for i in range(count)}
    nodes.update({f'b{i}': [2 * (count - 1 - i), 2] for i in range(count)})
    names = list(nodes)
    return load_site({'nodes': nodes, 'edges': [
        [a, b, 'oneway'] for a, b in zip(names, names[1:] + names[:1])]})


def crossing():
    """
    Return two one-way loops through one junction x; node ids in the order of `nodes`.

    West to east w1 w2 x e1 e2, south to north s1 s2 x n1 n2; both close far away.
    """
    nodes = {'w1': [-4, 0], 'w2': [-2, 0], 'x': [0, 0], 'e1': [2, 0], 'e2': [4, 0],
             's1': [0, -4], 's2': [0, -2], 'n1': [0, 2], 'n2': [0, 4],
             'far1': [9, 9], 'far2': [-9, -9], 'far3': [-9, 12], 'far4': [9, -9], 'far5': [-3, 8]}
    ways = ('w1 w2 x e1 e2 far1 far3 w1', 's1 s2 x n1 n2 far5 far2 s1')
    edges = []
    for way in ways:
        names = way.split()
        edges += [[a, b, 'oneway'] for a, b in zip(names, names[1:])]
    edges += [[a, b, 'oneway'] for a, b in (
        ('e2', 'far4'), ('far4', 'far2'), ('n2', 'far1'), ('far1', 'far4'), ('far4', 's1'))]
    return load_site({'nodes': nodes, 'edges': edges})


class Floor:
    """A keeper and a policy, and robots that stand where they are put."""

    def __init__(self, site, *placement, lookahead_m=None):
        self.site = site
        self.keeper = Keeper()
        self.keeper.lay_site(site.hash, site.node_count)
        self.held = []
        self.seqs = []
        for number, name in enumerate(placement):
            node = self.id(name)
            assert self.keeper.enrol(f'r{number}', node) == ''
            self.keeper.register_boot(f'r{number}', 1)
            self.held.append((node,))
            self.seqs.append(first_seq(1))
        self.traffic = Traffic(site, ROBOT, CONFIG, self.keeper, lookahead_m)
        self.now_s = 0.0

    def id(self, name):
        return self.site.node_names.index(name) if isinstance(name, str) else name

    def want(self, number, names, held=None, goal=-1, at=None):
        """Let a robot report; it stands at the first node it holds unless `at` says else."""
        if held is not None:
            self.held[number] = tuple(self.id(name) for name in held)
        x, y = self.site.xy[self.held[number][0] if at is None else self.id(at)].tolist()
        self.seqs[number] += 1
        self.traffic.hear(self.now_s, number, Report(
            f'r{number}', 1, self.seqs[number], Mode.AUTOMATIC, self.site.hash,
            self.held[number], tuple(self.id(name) for name in names), Pose(x, y, 0.0),
            goal=self.id(goal)))

    def decide(self):
        """Decide, apply, and return {robot: names granted in its row}."""
        self.now_s += 0.05
        rows = self.traffic.decide(self.now_s)
        self.keeper.apply_rows(rows)
        return {row[0]: tuple(self.site.node_names[node] for node in row[3]) for row in rows}

    def owned(self, number):
        return {self.site.node_names[node] for node in self.keeper.owned[number]}


def test_a_robot_is_given_as_far_ahead_as_cruising_needs_and_no_further():
    floor = Floor(lane(), 'n0')
    floor.want(0, [f'n{i}' for i in range(1, 9)])
    granted = floor.decide()[0]
    reach_m = 2.0 * len(granted)
    assert lookahead_for(ROBOT, CONFIG) <= reach_m < lookahead_for(ROBOT, CONFIG) + 2.0


def test_a_robot_that_has_enough_ahead_gets_no_row():
    floor = Floor(lane(), 'n0')
    floor.want(0, ['n1', 'n2', 'n3', 'n4'])
    floor.decide()
    floor.want(0, ['n3', 'n4'], held=['n0', 'n1', 'n2'])
    assert floor.decide() == {}


def test_a_lost_grant_gets_a_new_row_so_that_it_is_acknowledged_anew():
    floor = Floor(lane(), 'n0')
    floor.want(0, ['n1', 'n2', 'n3'])
    first = floor.decide()
    floor.want(0, ['n1', 'n2', 'n3'])
    assert floor.decide() == first


def test_nodes_that_are_given_back_are_free_in_the_same_decision():
    floor = Floor(lane(), 'n1', 'n0')
    floor.want(0, ['n2'], goal='n2')
    floor.decide()
    floor.want(0, [], held=['n2'])
    floor.want(1, ['n1'], goal='n1')
    assert floor.decide() == {0: (), 1: ('n1',)}


def test_nobody_waits_on_a_junction():
    floor = Floor(crossing(), 'w2', 'e1')
    floor.want(0, ['x', 'e1', 'e2'], goal='e2')
    floor.want(1, [])
    assert floor.decide() == {}
    assert floor.owned(0) == {'w2'}


def test_a_junction_that_is_the_goal_may_be_entered():
    floor = Floor(crossing(), 'w2')
    floor.want(0, ['x'], goal='x')
    assert floor.decide() == {0: ('x',)}


def test_a_follower_may_enter_a_junction_behind_a_robot_that_is_leaving():
    floor = Floor(crossing(), 'w2', 'e1', lookahead_m=2.5)
    floor.want(1, ['e2', 'far1'], goal='far1')
    floor.decide()
    floor.want(1, ['far1'], held=['e1', 'e2'], goal='far1')
    floor.want(0, ['x', 'e1', 'e2'], goal='e2')
    assert floor.decide()[0] == ('x',)


def test_what_is_promised_to_a_robot_on_a_junction_goes_to_nobody_else():
    site = load_site({
        'nodes': {'a': [-2, 0], 'x': [0, 0], 'm': [2, 0], 'z': [4, 0], 'b': [2, -2],
                  'y': [0, 2], 'q': [4, -4]},
        'edges': [['a', 'x', 'oneway'], ['x', 'm', 'oneway'], ['x', 'y', 'oneway'],
                  ['m', 'z', 'oneway'], ['b', 'm', 'oneway'], ['z', 'q', 'oneway'],
                  ['q', 'b', 'oneway'], ['y', 'a', 'oneway'], ['z', 'y', 'oneway']]})
    floor = Floor(site, 'a', 'm', 'b', lookahead_m=2.5)
    floor.want(1, ['z'], goal='z')
    floor.decide()
    floor.want(2, ['m'], goal='m')
    floor.want(1, [], held=['m', 'z'])
    floor.want(0, ['x', 'm'], goal='m')
    assert floor.decide() == {0: ('x',)}
    floor.want(1, [], held=['z'])
    floor.want(2, ['m'], goal='m')
    assert floor.decide() == {1: ()}
    floor.want(0, ['m'], held=['x'], goal='m')
    floor.want(2, ['m'], goal='m')
    assert floor.decide() == {0: ('m',)}


def test_who_wanted_a_node_for_longest_goes_first():
    floor = Floor(crossing(), 'w2', 's2')
    floor.want(1, ['x', 'n1'], goal='n1')
    floor.now_s += 1.0
    floor.want(0, ['x', 'e1'], goal='e1')
    assert floor.decide() == {1: ('x', 'n1')}


def nearly_a_ring():
    """Return four places in a square, three of them taken, and a robot that wants in."""
    nodes = {'a': [0, 0], 'b': [2, 0], 'c': [2, 2], 'd': [0, 2], 'in': [-2, 0], 'out': [4, 0],
             'round': [1, -4]}
    edges = [['a', 'b'], ['b', 'c'], ['c', 'd'], ['d', 'a'], ['in', 'a'], ['out', 'round'],
             ['round', 'in'], ['b', 'out']]
    site = load_site({'nodes': nodes, 'edges': [edge + ['oneway'] for edge in edges]})
    return Floor(site, 'b', 'c', 'd', 'in', lookahead_m=1.0)


def test_the_last_free_place_of_a_ring_is_not_filled_by_one_who_would_wait_in_it():
    floor = nearly_a_ring()
    floor.want(3, ['a', 'b', 'c'], goal='c')
    floor.now_s += 1.0
    floor.want(0, ['c', 'd'], goal='d')
    floor.want(1, ['d', 'a'], goal='a')
    floor.want(2, ['a', 'b'], goal='b')
    assert floor.decide() == {2: ('a',)}
    assert floor.traffic.rings() == ()


def test_a_new_leader_closes_no_ring_with_robots_that_it_has_not_heard_yet():
    floor = nearly_a_ring()
    floor.want(3, ['a', 'b', 'c'], goal='c')
    assert floor.decide() == {}
    floor.want(0, ['c', 'd'], goal='d')
    floor.want(1, ['d', 'a'], goal='a')
    assert floor.decide() == {}
    floor.want(2, ['a', 'b'], goal='b')
    assert floor.decide() == {2: ('a',)}


def test_a_robot_that_stays_silent_holds_nobody_up_for_long():
    floor = nearly_a_ring()
    floor.want(3, ['a', 'b', 'c'], goal='c')
    assert floor.decide() == {}
    floor.now_s += 1.0
    assert floor.decide() == {3: ('a',)}


def test_a_ring_that_exists_is_found():
    nodes = {'a': [0, 0], 'b': [2, 0], 'c': [2, 2], 'd': [0, 2]}
    edges = [['a', 'b'], ['b', 'c'], ['c', 'd'], ['d', 'a']]
    site = load_site({'nodes': nodes, 'edges': [edge + ['oneway'] for edge in edges]})
    floor = Floor(site, 'a', 'b', 'c', 'd')
    for number, wanted in enumerate(('b', 'c', 'd', 'a')):
        floor.want(number, [wanted], goal=wanted)
    assert floor.decide() == {}
    assert [sorted(ring) for ring in floor.traffic.rings()] == [[0, 1, 2, 3]]


def test_an_edge_is_given_only_with_its_whole_lock_set():
    """The edge a-b passes close to c, which somebody holds."""
    site = load_site({'nodes': {'a': [0, 0], 'b': [4, 0], 'c': [2, 1], 'd': [2, 4]},
                      'edges': [['a', 'b'], ['c', 'd'], ['d', 'a'], ['d', 'b']]})
    a, b, c = (site.node_names.index(name) for name in 'abc')
    assert c in site.lock_set(a, b)
    floor = Floor(site, 'a', 'c')
    floor.want(0, [*(node for node in site.lock_set(a, b) if node not in (a, b)), b], goal='b')
    floor.want(1, [])
    assert floor.decide() == {}
    assert floor.owned(0) == {'a'}


def test_an_edge_without_competition_is_given_with_its_whole_lock_set():
    site = load_site({'nodes': {'a': [0, 0], 'b': [4, 0], 'c': [2, 1], 'd': [2, 4]},
                      'edges': [['a', 'b'], ['c', 'd'], ['d', 'a'], ['d', 'b']]})
    a, b = (site.node_names.index(name) for name in 'ab')
    extras = [node for node in site.lock_set(a, b) if node not in (a, b)]
    floor = Floor(site, 'a')
    floor.want(0, [*extras, b], goal='b')
    floor.decide()
    assert floor.keeper.owned[0] == set(site.lock_set(a, b))


def test_a_robot_in_a_free_zone_makes_way_to_another_spot_and_not_into_a_door():
    site = load_site(Path(__file__).parents[2] / 'config' / 'free_zone_site.yaml')
    spots = {site.node_names[node]: node for node in site.free_zones[0].spots}
    for name in spots:
        floor = Floor(site, spots[name], 'west')
        for _ in range(100):
            floor.want(0, [])
            floor.want(1, [spots[name]], goal=spots[name])
            floor.decide()
        told = dict(floor.traffic.advise())
        assert site.node_names[told[0]] in spots.keys() - {name}
