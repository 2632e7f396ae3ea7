# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Graphs of nav2_route and LIF layouts become drawings; what does not fit together is refused."""

from map_files import GRAPH, graph, layout, lif, line, point
import pytest
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.maps.lif import read_layout
from robot_swarm_orch.maps.nav2_route import read_graph


def test_points_are_nodes_and_lines_are_streets_in_one_direction(tmp_path):
    drawing = read_graph(graph(tmp_path, GRAPH))
    assert drawing.nodes == {'0': (0.0, 0.0), '1': (4.0, 0.0), '2': (4.0, 3.0)}
    assert drawing.edges() == [['0', '1'], ['1', '2', 'oneway'], ['2', '0', 'oneway']]
    assert drawing.places == {'desk': ('station', '1')}
    assert drawing.remarks[0].startswith('1 streets have points between their ends')


def test_another_frame_needs_a_transform(tmp_path):
    path = graph(tmp_path, [point(0, 0, 0, frame='wgs84')])
    with pytest.raises(SiteError, match="in the frame 'wgs84', not in map"):
        read_graph(path)
    assert read_graph(path, is_moved=True).nodes == {'0': (0.0, 0.0)}


@pytest.mark.parametrize('features, words', [
    ([point(0, 0, 0), point(0, 2, 2)], r'features\[1\]: node 0 stands twice'),
    ([point(0, 0, 0), line(5, 0, 7)], r'features\[1\]: it joins 0 and 7, but there is no node 7'),
    ([point(0, 0, 0), line(5, 0, 0)], 'leads from node 0 to itself'),
    ([point(0, 'far', 0)], 'is no point'), ([point(0, 1e9, 0)], 'is no point in metres'),
    ([{'type': 'Feature'}], 'needs `geometry` and `properties`'), ('none', 'no list `features`')])
def test_a_graph_that_does_not_fit_together_is_refused(tmp_path, features, words):
    with pytest.raises(SiteError, match=words):
        read_graph(graph(tmp_path, features))


def test_what_is_no_json_is_refused_with_line_and_column(tmp_path):
    path = tmp_path / 'torn.geojson'
    path.write_text('{"features": [\n  {]')
    with pytest.raises(SiteError, match='no JSON: .*line 2 column 4'):
        read_graph(path)


def test_a_layout_becomes_nodes_streets_and_places(tmp_path):
    drawing = read_layout(lif(tmp_path, layout()))
    assert drawing.nodes['n3'] == (3.0, 3.0)
    assert drawing.edges() == [['n1', 'n2', 'oneway'], ['n2', 'n3', 'oneway'],
                               ['n3', 'n1', 'oneway']]
    assert drawing.places == {'s1': ('charger', 'n1'), 's2': ('station', 'n2')}
    assert drawing.remarks[0].startswith('2 streets are curves')
    assert 'of the 2 nodes of station s1 the first is used, n1' in drawing.remarks


def test_of_several_layouts_one_has_to_be_chosen(tmp_path):
    path = lif(tmp_path, layout(), layout(layoutId='yard', stations=[]))
    with pytest.raises(SiteError, match='hall, yard: choose one'):
        read_layout(path)
    assert read_layout(path, 'yard').places == {}
    with pytest.raises(SiteError, match="no layout 'attic': there are hall, yard"):
        read_layout(path, 'attic')


@pytest.mark.parametrize('changes, words', [
    ({'nodes': [{'nodeId': 'n1'}]}, r'nodes\[0\]: node n1 has no nodePosition'),
    ({'nodes': [{}]}, 'nodeId is missing'), ({'nodes': {}}, 'nodes must be a list'),
    ({'edges': [{'startNodeId': 'n1', 'endNodeId': 'n9'}]}, r'edges\[0\]: there is no node n9'),
    ({'stations': [{'stationId': 's', 'interactionNodeIds': []}]}, 'no interactionNodeIds'),
    ({'stations': [{'stationId': 's', 'interactionNodeIds': ['x']}]}, 'the unknown node x')])
def test_a_layout_that_does_not_fit_together_is_refused(tmp_path, changes, words):
    with pytest.raises(SiteError, match=words):
        read_layout(lif(tmp_path, layout(**changes)))
