# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""MovingAI grids and scenarios: cells become nodes, and what is no map is refused by line."""

from map_files import HEAD, ROOM, written
import pytest
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.maps.movingai import draw_grid, read_map, read_scenario
from robot_swarm_orch.site import load_site


def test_free_cells_become_nodes_and_neighbours_streets_both_ways(tmp_path):
    drawing = draw_grid(read_map(written(tmp_path, ROOM)), 2.0)
    assert len(drawing.nodes) == 10 and 'n1_1' not in drawing.nodes
    assert drawing.nodes['n0_2'] == (0.0, 0.0), 'the lower left cell is the origin'
    assert drawing.nodes['n3_0'] == (6.0, 4.0), 'rows count from the top, y points up'
    assert {('n0_0', 'n1_0'), ('n1_0', 'n0_0')} <= drawing.streets
    assert len(drawing.edges()) == 10
    site = load_site(drawing.mapping('room', 0.75, 0.1))
    assert site.real_count == 10


def test_what_hangs_together_with_nothing_is_left_out_and_said(tmp_path):
    drawing = draw_grid(read_map(written(tmp_path, ['...@.', '...@.', '...@@'])), 2.0)
    assert len(drawing.nodes) == 9
    assert drawing.remarks == ['2 nodes are left out: nothing leads from them to the rest']


def test_marked_cells_become_places(tmp_path):
    path = written(tmp_path, ['.p..', '.@@d', 'e..s'], 'room.map.pd')
    places = draw_grid(read_map(path), 2.0).places
    assert sorted(kind for kind, _ in places.values()) == [
        'parking', 'station', 'storage', 'storage']
    assert ('station', 'n3_1') in places.values()


def test_starts_become_parking_and_goals_storage_and_stations(tmp_path):
    scen = tmp_path / 'room.scen'
    scen.write_text('version 1\n' + ''.join(
        f'0\troom.map\t4\t3\t{x0}\t{y0}\t{x1}\t{y1}\t3.0\n'
        for x0, y0, x1, y1 in ((0, 0, 3, 2), (1, 0, 3, 0), (2, 0, 0, 2))))
    pairs = read_scenario(scen)
    assert pairs[1] == ((1, 0), (3, 0))
    grid = read_map(written(tmp_path, ROOM))
    drawing = draw_grid(grid, 2.0, pairs, robots=2)
    assert drawing.places == {
        'start_0001': ('parking', 'n0_0'), 'start_0002': ('parking', 'n1_0'),
        'goal_0001': ('storage', 'n3_2'), 'goal_0002': ('station', 'n3_0')}
    with pytest.raises(SiteError, match=r'the start \(1, 1\) of robot 1 is no free cell'):
        draw_grid(grid, 2.0, [((1, 1), (0, 0))])


@pytest.mark.parametrize('rows, head, words', [
    (ROOM, 'width 4\nmap\n', 'no MovingAI map'),
    (['....', '...'], HEAD.format(2, 4), 'line 6 has 3 cells, not the 4'),
    (['....'], HEAD.format(2, 4), '1 rows follow line 4, not the 2'),
    (['..x.'], None, "line 5, column 3: 'x' is no cell")])
def test_what_is_no_map_is_refused_by_line(tmp_path, rows, head, words):
    path = written(tmp_path, rows, head=head)
    with pytest.raises(SiteError) as told:
        read_map(path)
    assert words in str(told.value) and str(path) in str(told.value)


@pytest.mark.parametrize('line', ['0\troom.map\t4\t3\t0\t0\tx\t2\t3', 'hello'])
def test_what_is_no_scenario_is_refused_by_line(tmp_path, line):
    path = tmp_path / 'bad.scen'
    path.write_text(f'version 1\n{line}\n')
    with pytest.raises(SiteError, match='line 2 is no robot'):
        read_scenario(path)
