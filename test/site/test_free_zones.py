# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Free zones in a site file: what they become, and what is refused, with everything named."""

from copy import deepcopy
from pathlib import Path

import pytest

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.site import load_site, PlaceKind, read_site

EXAMPLE = Path(__file__).parents[2] / 'config' / 'free_zone_site.yaml'
CLEARANCE_M = 1.7


def drawing(**changes):
    """Return a street along y = 0 with a door at its middle and a zone above, with changes."""
    result = {
        'name': 'hall',
        'nodes': {'a': [0.0, 0.0], 'b': [4.0, 0.0], 'c': [8.0, 0.0], 'door': [4.0, 2.0]},
        'edges': [['a', 'b'], ['b', 'c'], ['b', 'door']],
        'places': {'shelf': ['storage', 'a'], 'pad': ['station', 'yard', 4.0, 7.0],
                   'corner': ['parking', 'yard', 7.0, 7.0]},
        'free_zones': {'yard': {'polygon': [[0.0, 3.0], [8.0, 3.0], [8.0, 9.0], [0.0, 9.0]],
                                'doors': ['door'], 'speed_mps': 0.5}}}
    result.update(changes)
    return deepcopy(result)


def zone(**changes):
    """Return the drawing's zones with the only one changed."""
    return {'yard': {**drawing()['free_zones']['yard'], **changes}}


def test_a_place_in_a_zone_is_a_node_that_is_joined_to_doors_and_other_places():
    site = load_site(drawing())
    pad, corner, door = (site.node_names.index(name) for name in ('pad', 'corner', 'door'))
    assert site.places['pad'].kind == PlaceKind.STATION
    assert site.places['pad'].node == pad < site.real_count
    assert site.successors[pad] == tuple(sorted((door, corner)))
    assert pad in site.successors[door]
    assert site.lock_set(door, pad) == (door, pad)
    assert site.free_zone_at(pad).name == 'yard' and site.free_zone_at(door) is None
    assert site.free_zone_on(door, pad) is site.free_zones[0]
    assert site.free_zone_on(door, site.node_names.index('b')) is None
    assert site.is_junction(door) and not site.is_junction(pad)


def test_a_site_without_zones_is_what_it_was():
    """Only with zones does the hash cover them, or is there more than the roadmap."""
    plain = drawing(places={'shelf': ['storage', 'a']})
    del plain['free_zones']
    site = load_site(plain)
    assert site.free_zones == () and site.real_count == 4
    assert site.hash == load_site({**plain, 'free_zones': {}}).hash
    assert site.hash != load_site(drawing()).hash


def test_conflict_nodes_come_after_the_spots():
    """A crossing far from the zone keeps its conflict node, under another number."""
    crossing = {'e': [20.0, 0.0], 'f': [24.0, 4.0], 'g': [24.0, 0.0], 'h': [20.0, 4.0]}
    drawn = drawing()
    drawn['nodes'].update(crossing)
    drawn['edges'] += [['e', 'f'], ['g', 'h'], ['c', 'e'], ['e', 'g']]
    site = load_site(drawn)
    assert site.node_count == site.real_count + 1
    e, f, g, h = (site.node_names.index(name) for name in 'efgh')
    assert set(site.lock_set(e, f)) & set(site.lock_set(g, h)) == {site.real_count}
    assert site.real_count in site.release_m(e, f)


def test_the_route_to_a_place_in_a_zone_costs_the_way_at_the_zones_speed():
    site, robot = load_site(drawing()), RobotConfig()
    names = site.node_names
    planner = Planner(site, robot)
    way = planner.route(names.index('a'), 0.0, names.index('pad'))
    assert [names[node] for node in way] == ['a', 'b', 'door', 'pad']
    to_door = planner.cost_s(names.index('b'), 1.5707963, names.index('door'))
    to_pad = planner.cost_s(names.index('b'), 1.5707963, names.index('pad'))
    assert to_pad - to_door == pytest.approx(5.0 / 0.5, abs=1e-6)


@pytest.mark.parametrize('changes, words', (
    ({'free_zones': zone(polygon=[[0, 3], [8, 3]])}, 'yard.*at least three'),
    ({'free_zones': zone(polygon=[[0, 3], [8, 3], [4, 5], [8, 9], [0, 9]])}, 'yard.*not convex'),
    ({'free_zones': zone(polygon=[[0, 3], [8, 3], [8, 4.5], [0, 4.5]])}, 'yard is too narrow'),
    ({'free_zones': zone(polygon=[[0, 3], [8, 3], [8, 'x'], [0, 9]])}, 'yard.*is no point'),
    ({'free_zones': zone(doors=['dor'])}, 'unknown door dor.*door'),
    ({'free_zones': zone(doors=[])}, 'doors must be a list'),
    ({'free_zones': zone(speed_mps=-1.0)}, 'speed_mps is -1.0'),
    ({'free_zones': zone(hight=2)}, 'yard must be a mapping'),
    ({'places': {'pad': ['station', 'yrad', 4.0, 7.0]}}, "place pad.*unknown free zone 'yrad'"),
    ({'places': {'pad': ['stat', 'yard', 4.0, 7.0]}}, 'place pad is of unknown kind'),
    ({'places': {'a': ['station', 'yard', 4.0, 7.0]}}, 'place a in a free zone has the name'),
    ({'places': {}}, 'yard has no place in it'),
    ({'places': {'pad': ['station', 'yard', 0.9, 7.0]}}, 'not far enough inside.*yard: pad'),
    ({'places': {'pad': ['station', 'yard', 4.0, 7.0], 'two': ['station', 'yard', 5.0, 7.0]}},
     'nodes closer than 1.700 m.*pad and two'),
    ({'free_zones': zone(polygon=[[0, 2.2], [8, 2.2], [8, 9], [0, 9]]),
      'places': {'pad': ['station', 'yard', 4.0, 3.75]}}, 'place pad lies within.*door door'),
    ({'free_zones': zone(polygon=[[0, 0.5], [8, 0.5], [8, 9], [0, 9]])},
     'too near to the free zone yard'),
))
def test_a_zone_that_does_not_fit_is_refused_with_everything_named(changes, words):
    with pytest.raises(SiteError, match=words):
        load_site(drawing(**changes))


def test_a_street_past_a_zone_is_refused_though_its_nodes_are_far_enough():
    """The zone's corner points at the middle of the street."""
    drawn = drawing(free_zones=zone(polygon=[[20.0, -0.3], [24.0, 8.0], [16.0, 8.0]], doors=['d']),
                    places={'pad': ['station', 'yard', 20.0, 6.0]})
    drawn['nodes'].update({'e': [16.0, 0.0], 'f': [24.0, 0.0], 'd': [14.0, 8.0]})
    drawn['edges'] += [['c', 'e'], ['e', 'f'], ['e', 'd']]
    with pytest.raises(SiteError, match='street e - f comes too near to the free zone yard'):
        load_site(drawn)


def test_zones_that_overlap_are_refused():
    drawn = drawing()
    drawn['nodes']['d2'] = [12.0, 2.0]
    drawn['nodes']['c2'] = [12.0, 0.0]
    drawn['edges'] += [['c', 'c2'], ['c2', 'd2']]
    drawn['free_zones']['next'] = {
        'polygon': [[7.5, 3.0], [16.0, 3.0], [16.0, 9.0], [7.5, 9.0]], 'doors': ['d2']}
    drawn['places']['far'] = ['station', 'next', 12.0, 7.0]
    with pytest.raises(SiteError, match='zones yard and next overlap'):
        load_site(drawn)


def test_a_door_of_two_zones_is_refused():
    drawn = drawing()
    drawn['free_zones']['next'] = {
        'polygon': [[9.0, 3.0], [16.0, 3.0], [16.0, 9.0], [9.0, 9.0]], 'doors': ['door']}
    drawn['places']['far'] = ['station', 'next', 12.0, 7.0]
    with pytest.raises(SiteError, match='door is a door of the free zones yard and next'):
        load_site(drawn)


@pytest.mark.parametrize('x, y, held, allowed', (
    (4.0, 7.0, (), True), (4.0, 3.84, (), False), (0.84, 7.0, (), False),
    (4.0, 3.6, (), False), (4.0, 3.6, ('door',), True), (4.0, 2.0, ('door',), True),
    (4.2, 3.0, ('door',), False), (5.0, 3.9, ('door',), True)))
def test_the_fence_is_the_room_and_the_lanes_of_doors_held(x, y, held, allowed):
    """A robot's centre, without tolerance; the lane leads straight up from the door."""
    site = load_site(drawing())
    nodes = frozenset(site.node_names.index(name) for name in held)
    assert (site.free_zones[0].depth_m(x, y, nodes, 0.0) >= -1e-9) is allowed


def test_the_fence_keeps_a_clearance_from_a_door_that_is_not_held():
    """Also where the door lies next to the room, and its disc reaches far in."""
    site = load_site(drawing(free_zones=zone(
        polygon=[[0.0, 1.3], [8.0, 1.3], [8.0, 9.0], [0.0, 9.0]])))
    yard, door = site.free_zones[0], site.node_names.index('door')
    assert yard.entries[door] == pytest.approx((4.0, 2.15))
    assert yard.depth_m(4.0, 2.0 + CLEARANCE_M + 0.01, frozenset(), 0.0) >= 0.0
    assert yard.depth_m(4.0, 2.0 + CLEARANCE_M - 0.01, frozenset(), 0.0) < 0.0
    assert yard.depth_m(4.0, 2.0 + CLEARANCE_M - 0.01, frozenset((door,)), 0.0) >= 0.0


def test_the_example_site_loads_and_no_node_of_a_street_comes_near_its_room():
    site = load_site(EXAMPLE)
    square = site.free_zones[0]
    assert read_site(EXAMPLE)['free_zones'].keys() == {square.name}
    others = set(range(site.real_count)) - set(square.points)
    assert max(square.room_m(*site.xy[node]) for node in others) <= -CLEARANCE_M
