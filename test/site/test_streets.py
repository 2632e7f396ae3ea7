# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Directions of streets that nobody drew, and bridges."""

import random

import numpy as np
import pytest
from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.site import load_site
from robot_swarm_orch.site.streets import against_streets, bridges
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components


def lattice(columns, rows, is_free=lambda column, row: True, pitch=2.0):
    """Return (points, arcs, cells) of a grid of free cells."""
    cells = [(c, r) for r in range(rows) for c in range(columns) if is_free(c, r)]
    number = {cell: node for node, cell in enumerate(cells)}
    arcs = []
    for (c, r), node in number.items():
        for other in ((c + 1, r), (c, r + 1)):
            if other in number:
                arcs += [(node, number[other]), (number[other], node)]
    return np.asarray(cells, dtype=float) * pitch, sorted(arcs), cells


def parts(count, segments):
    """Return into how many parts a roadmap falls."""
    a, b = zip(*segments) if segments else ((), ())
    return connected_components(csr_matrix((np.ones(len(a)), (a, b)), shape=(count, count)),
                                directed=False)[0]


def ways(points, arcs, against):
    """Return {('x' or 'y', line): set of the directions that lead along it}."""
    found = {}
    for a, b in arcs:
        if (a, b) not in against:
            step = points[b] - points[a]
            axis = 0 if step[0] else 1
            found.setdefault(('xy'[axis], points[a][1 - axis]), set()).add(np.sign(step[axis]))
    return found


def test_neighbouring_streets_of_a_grid_lead_in_opposite_directions():
    points, arcs, _ = lattice(6, 5)
    found = ways(points, arcs, against_streets(points, arcs))
    assert all(len(directions) == 1 for directions in found.values())
    for axis, lines in (('x', 5), ('y', 6)):
        signs = [found[axis, 2.0 * line].copy().pop() for line in range(lines)]
        assert all(one == -two for one, two in zip(signs, signs[1:]))


@pytest.mark.parametrize('gap', [2, 3, 4, 5])
def test_aisles_alternate_whatever_the_depth_of_the_racks_between_them(gap):
    def is_free(column, row):
        return column in (0, 1, 12, 13) or row % gap == 0
    points, arcs, _ = lattice(14, 4 * gap + 1, is_free)
    found = ways(points, arcs, against_streets(points, arcs))
    signs = [found['x', 2.0 * gap * aisle].copy().pop() for aisle in range(5)]
    assert all(one == -two for one, two in zip(signs, signs[1:]))


@pytest.mark.parametrize('seed', range(20))
def test_each_two_way_edge_but_a_bridge_has_exactly_one_direction(seed):
    rng = random.Random(seed)
    free = {(c, r) for c in range(8) for r in range(6) if rng.random() < 0.75}
    points, arcs, _ = lattice(8, 6, lambda c, r: (c, r) in free)
    against = against_streets(points, arcs)
    segments = sorted({tuple(sorted(arc)) for arc in arcs})
    single = bridges(len(points), segments)
    for a, b in segments:
        assert ((a, b) in against) + ((b, a) in against) == ((a, b) not in single)


@pytest.mark.parametrize('seed', range(20))
def test_a_bridge_is_an_edge_whose_loss_parts_the_roadmap(seed):
    rng = random.Random(seed)
    count = 12
    segments = sorted({tuple(sorted(rng.sample(range(count), 2))) for _ in range(14)})
    whole = parts(count, segments)
    expected = {pair for pair in segments
                if parts(count, [other for other in segments if other != pair]) > whole}
    assert bridges(count, segments) == expected


def test_streets_that_were_drawn_one_way_keep_their_direction():
    names = [f'n{i}' for i in range(6)]
    nodes = dict(zip(names, ([0, 0], [2, 0], [4, 0], [4, 2], [2, 2], [0, 2])))
    site = load_site({'nodes': nodes, 'edges': [
        [a, b, 'oneway'] for a, b in zip(names, names[1:] + names[:1])]})
    assert not site.against


def test_a_cost_of_zero_leaves_both_ways_equal():
    points, arcs, cells = lattice(3, 3)
    names = [f'{c},{r}' for c, r in cells]
    drawing = {'nodes': dict(zip(names, points.tolist())),
               'edges': [[names[a], names[b]] for a, b in arcs if a < b]}
    robot = RobotConfig()
    dear, free = (Planner(load_site({**drawing, 'against_cost_s': cost}), robot)
                  for cost in (20.0, 0.0))
    there, back = ({planner.cost_s(a, 0.0, b) for planner in (dear, free)}
                   for a, b in ((3, 5), (5, 3)))
    assert sorted(map(len, (there, back))) == [1, 2]


def test_a_corner_of_a_square_is_no_junction_but_a_crossing_of_aisles_is():
    points, arcs, cells = lattice(7, 7, lambda c, r: c % 3 == 0 or r % 3 == 0 or c < 3 and r < 3)
    names = [f'{c},{r}' for c, r in cells]
    site = load_site({'nodes': dict(zip(names, points.tolist())),
                      'edges': [[names[a], names[b]] for a, b in arcs if a < b]})
    assert not site.is_junction(names.index('1,1'))
    assert site.is_junction(names.index('6,3')) and site.is_junction(names.index('3,6'))
