# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The site: what is refused, what is locked, and the warehouse of the demo."""

from math import hypot
from pathlib import Path

import pytest
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.site import load_site, PlaceKind

CONFIG = Path(__file__).resolve().parents[2] / 'config' / 'site.yaml'
SQUARE = {'a': [0, 0], 'b': [2, 0], 'c': [2, 2], 'd': [0, 2]}
ROUND = [['a', 'b', 'oneway'], ['b', 'c', 'oneway'], ['c', 'd', 'oneway'], ['d', 'a', 'oneway']]


def square(**changes):
    """Return a drawing of four nodes around which a one-way street leads."""
    return {'nodes': dict(SQUARE), 'edges': list(ROUND), **changes}


@pytest.fixture(scope='module')
def warehouse():
    """Return the site of the demo."""
    return load_site(CONFIG)


def test_a_small_site_is_drawn_as_written():
    site = load_site(square(name='small', places={'shelf': ['storage', 'b']}))
    assert (site.name, site.node_count, site.real_count) == ('small', 4, 4)
    assert site.successors == ((1,), (2,), (3,), (0,))
    assert site.edge_length_m(0, 1) == 2.0
    assert site.is_edge(0, 1) and not site.is_edge(1, 0)
    assert site.place_at(1) is site.places['shelf'] and site.place_at(0) is None
    assert site.storage == ('shelf',) and site.places['shelf'].kind == PlaceKind.STORAGE
    assert site.node_near(1.8, 0.3) == 1


def test_nodes_too_close_for_two_robots_are_refused_by_name():
    with pytest.raises(SiteError, match='b and x'):
        load_site({'nodes': dict(SQUARE, x=[3.6, 0]), 'edges': ROUND + [['b', 'x']]})


def test_nodes_that_cannot_be_left_are_refused_by_name():
    with pytest.raises(SiteError, match='x'):
        load_site({'nodes': dict(SQUARE, x=[4, 0]), 'edges': ROUND + [['b', 'x', 'oneway']]})


@pytest.mark.parametrize('changes, named', [
    ({'edges': ROUND + [['a', 'nowhere']]}, 'nowhere'),
    ({'edges': ROUND + [['a', 'c', 'sideways']]}, 'neither'),
    ({'places': {'p': ['storage', 'nowhere']}}, 'nowhere'),
    ({'places': {'p': ['garden', 'a']}}, 'garden'),
    ({'places': {'p': ['storage', 'a'], 'q': ['parking', 'a']}}, 'share'),
    ({'nodes': {'a': [0, 0], 'b': ['x', 1]}}, 'name: '),
    ({'footprint_radius_m': -1}, 'footprint_radius_m'),
    ({'colour': 'blue'}, 'colour'),
])
def test_mistakes_are_named(changes, named):
    with pytest.raises(SiteError, match=named):
        load_site(square(**changes))


def test_a_missing_file_is_said_so(tmp_path):
    with pytest.raises(SiteError, match='cannot read'):
        load_site(tmp_path / 'no.yaml')


def test_the_hash_follows_the_roadmap_and_not_its_name():
    assert load_site(square(name='one')).hash == load_site(square(name='two')).hash
    others = [square(footprint_radius_m=0.7), square(places={'p': ['storage', 'a']}),
              square(edges=ROUND + [['a', 'c']]),
              square(nodes=dict(SQUARE, d=[0, 2.001]))]
    hashes = {load_site(drawing).hash for drawing in others} | {load_site(square()).hash}
    assert len(hashes) == len(others) + 1
    assert all(0 <= number < 2 ** 63 for number in hashes)


def test_a_node_beside_an_edge_is_in_its_lock_set():
    site = load_site({'nodes': {'a': [0, 0], 'b': [4, 0], 'x': [2, 1.6], 'y': [2, 4]},
                      'edges': [['a', 'b'], ['x', 'y'], ['y', 'a']]})
    assert site.lock_set(0, 1) == site.lock_set(1, 0) == (0, 1, 2)


def test_crossing_edges_share_an_added_node():
    site = load_site({'nodes': {'a': [0, 0], 'b': [6, 0], 'c': [3, -3], 'd': [3, 3]},
                      'edges': [['a', 'b'], ['c', 'd'], ['b', 'd']]})
    conflict = set(site.lock_set(0, 1)) & set(site.lock_set(2, 3))
    assert conflict == {4} and site.real_count == 4 and site.node_count == 5
    assert site.xy[4].tolist() == [3.0, 0.0]
    assert site.release_m(0, 1)[4] == pytest.approx(3.0 + site.clearance_m)


def test_a_node_is_left_when_the_body_is_clear_of_all_who_may_use_it():
    site = load_site({'nodes': {'a': [0, 0], 'b': [4, 0], 'c': [4, 4], 'd': [0, 4]},
                      'edges': ROUND})
    assert site.release_m(0, 1) == {0: pytest.approx(site.clearance_m)}
    slanted = load_site({'nodes': {'a': [0, 0], 'b': [4, 0], 'c': [3, 4], 'd': [0, 4]},
                         'edges': ROUND + [['a', 'c']]})
    # The edge a-c leans over the way a->b, so a is left later than on the square.
    assert slanted.release_m(0, 1)[0] == pytest.approx(slanted.clearance_m / 0.8)


def test_junctions_are_where_streets_part_and_pockets_make_none():
    site = load_site({
        'nodes': {'a': [0, 0], 'b': [4, 0], 'c': [4, 4], 'd': [0, 4], 'p': [4, -3], 'e': [8, 4]},
        'edges': ROUND + [['b', 'p'], ['a', 'c', 'oneway'], ['c', 'e', 'oneway'],
                          ['e', 'b', 'oneway']]})
    assert [site.is_junction(node) for node in range(6)] == [True, False, True, False, False,
                                                             False]
    assert site.stubs == (4,)


def test_every_point_is_in_one_zone_and_zones_cover_the_bounds():
    site = load_site(square(zone_size_m=2.0))
    x0, y0, x1, y1 = site.bounds
    assert len(site.zones()) == site.zone_count
    for zone, (x, y) in enumerate(site.zones()):
        assert site.zone_of(x, y) == zone
    assert site.zone_of(x0 - 9, y0 - 9) == 0 and site.zone_of(x1 + 9, y1 + 9) < site.zone_count


def test_the_warehouse_is_big_enough_for_a_hundred_robots(warehouse):
    x0, y0, x1, y1 = warehouse.bounds
    assert 90 <= x1 - x0 <= 115 and 50 <= y1 - y0 <= 75
    assert len(warehouse.stations) >= 24 and len(warehouse.storage) >= 200
    assert warehouse.zone_count <= 16
    placed = warehouse.place_robots(100)
    assert placed[0][0] == 'r001' and placed[-1][0] == 'r100'
    assert len({node for _, node in placed}) == 100
    assert {node for _, node in placed} <= set(warehouse.stubs)


def test_no_two_junctions_of_the_warehouse_are_neighbours(warehouse):
    assert not [(a, b) for a in range(warehouse.real_count) for b in warehouse.successors[a]
                if warehouse.is_junction(a) and warehouse.is_junction(b)]


def test_streets_of_the_warehouse_are_one_way(warehouse):
    stubs = set(warehouse.stubs)
    both = [(a, b) for a in range(warehouse.real_count) for b in warehouse.successors[a]
            if warehouse.is_edge(b, a) and not stubs & {a, b}]
    assert not both


def test_no_street_of_the_warehouse_touches_a_rack(warehouse):
    gap = warehouse.footprint_radius_m + warehouse.pose_error_m
    for x, y in warehouse.xy.tolist():
        for x0, y0, x1, y1 in warehouse.racks.tolist():
            dx, dy = max(x0 - x, x - x1, 0.0), max(y0 - y, y - y1, 0.0)
            assert hypot(dx, dy) > gap


def test_more_robots_than_places_are_refused(warehouse):
    with pytest.raises(SiteError, match='places for'):
        warehouse.place_robots(10_000)


@pytest.mark.parametrize('measures', [{'columns': 7}, {'columns': 'many'}, {'width': 3},
                                      {'spacing_m': 0.0}])
def test_impossible_warehouses_are_refused(measures):
    with pytest.raises(SiteError):
        load_site({'warehouse': measures})
