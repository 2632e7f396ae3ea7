# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Map and roadmap say what the site file says."""

from pathlib import Path
import sys

import numpy as np
import pytest
from robot_swarm_orch.bringup import default_site_file
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.site import load_site
from robot_swarm_orch.viz.roadmap import FREE, occupancy, OCCUPIED, roadmap, UNKNOWN
from robot_swarm_orch.viz.shapes import Kind

sys.path.insert(0, str(Path(__file__).parent))
from viz_values import SITE  # noqa: E402,I100


def cell(grid, x_m, y_m):
    """Return the value of a map at a point."""
    column = int((x_m - grid.origin_m[0]) / grid.resolution_m)
    row = int((y_m - grid.origin_m[1]) / grid.resolution_m)
    return grid.cells[row, column]


def test_streets_are_free_racks_occupied_and_the_rest_unknown():
    grid = occupancy(SITE, 0.1)
    for node in range(SITE.real_count):
        assert cell(grid, *SITE.xy[node]) == FREE
    assert cell(grid, 5.0, 0.8) == FREE, 'a body sweeps beside the middle of the street'
    assert cell(grid, 7.5, 2.0) == OCCUPIED
    assert cell(grid, 2.0, 1.5) == UNKNOWN
    assert cell(grid, 6.05, 1.55) == OCCUPIED and cell(grid, 5.9, 1.4) != OCCUPIED


def test_the_map_covers_the_site_in_whole_cells():
    x0, y0, x1, y1 = SITE.bounds
    grid = occupancy(SITE, 0.3)
    rows, columns = grid.cells.shape
    assert grid.origin_m == (x0, y0)
    assert 0.0 <= columns * 0.3 - (x1 - x0) < 0.3 and 0.0 <= rows * 0.3 - (y1 - y0) < 0.3


def test_the_area_of_the_demo_warehouses_racks_is_theirs():
    """Within what a cell's rounding allows."""
    site = load_site(default_site_file())
    grid = occupancy(site, 0.1)
    area_m2 = float(np.prod(site.racks[:, 2:] - site.racks[:, :2], axis=1).sum())
    assert (grid.cells == OCCUPIED).sum() * 0.01 == pytest.approx(area_m2, rel=0.05)
    assert set(np.unique(grid.cells)) == {UNKNOWN, FREE, OCCUPIED}


def test_a_map_of_too_many_cells_is_refused_with_the_remedy():
    with pytest.raises(ConfigError, match='choose a coarser one'):
        occupancy(SITE, 0.001)


def test_the_roadmap_has_every_street_and_marks_those_that_are_one_way():
    drawing = roadmap(SITE)
    assert drawing.clear
    shapes = {shape.name: shape for shape in drawing.shapes}
    streets = {frozenset((a[:2], b[:2])) for a, b in zip(
        shapes['street', 0].points[::2], shapes['street', 0].points[1::2])}
    expected = {frozenset((tuple(SITE.xy[a].tolist()), tuple(SITE.xy[b].tolist())))
                for a in range(SITE.real_count) for b in SITE.successors[a]}
    assert streets == expected
    one_way = sum(not SITE.is_edge(b, a) for a in range(SITE.real_count)
                  for b in SITE.successors[a])
    assert len(shapes['direction', 0].points) == 4 * one_way


def test_a_mark_points_the_way_of_the_street():
    points = roadmap(SITE).shapes[1].points  # of a->b first, to the east
    tip, left, _, right = points[:4]
    assert tip[0] > left[0] and tip[0] > right[0] and left[1] == -right[1] != 0.0


def test_every_place_is_drawn_and_named():
    drawing = roadmap(SITE)
    for kind, name in (('storage', 'shelf'), ('station', 'desk'), ('parking', 'pocket'),
                       ('charger', 'plug')):
        dots, = (shape for shape in drawing.shapes if shape.name == (kind, 0))
        assert dots.kind == Kind.DOTS
        node = SITE.places[name].node
        assert [point[:2] for point in dots.points] == [tuple(SITE.xy[node].tolist())]
        label, = (shape for shape in drawing.shapes if shape.namespace == f'{kind}_name')
        assert label.text == name
    names = [shape.name for shape in drawing.shapes]
    assert len(set(names)) == len(names)
