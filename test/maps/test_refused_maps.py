# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Maps that nobody could drive, or in which robots would stand for ever: `refused/*.yaml`.

Each says in its comments why, with the words of the refusal and the nodes that it names.
"""

from pathlib import Path
import re

import cv2
from map_files import graph, layout, lif, line, point
import pytest
from robot_swarm_orch import cli
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.maps import checked
from robot_swarm_orch.site import load_site

REFUSED = sorted((Path(__file__).parent / 'refused').glob('*.yaml'))


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    """Run each test in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def expected(path):
    """Return (words of the refusal as a pattern, names of nodes) that a map's comments tell."""
    said = dict(re.findall(r'^# (refused|nodes): (.*)$', path.read_text(), re.MULTILINE))
    return said['refused'], set(said['nodes'].split())


def red_dots(picture):
    """Return how many dots of a picture are red."""
    image = cv2.imread(str(picture))
    return int(((image[..., 2] > 200) & (image[..., 1] < 60) & (image[..., 0] < 60)).sum())


def refused(capsys, *arguments):
    """Run a command that must fail; return what it said."""
    assert cli.main(list(map(str, arguments))) != 0
    return capsys.readouterr().err


@pytest.mark.parametrize('path', REFUSED, ids=lambda path: path.stem)
def test_a_wrong_map_is_refused_with_its_nodes_named(path):
    words, nodes = expected(path)
    with pytest.raises(SiteError, match=words) as refusal:
        load_site(path)
    assert set(refusal.value.nodes) == nodes


@pytest.mark.parametrize('verb', ['check', 'show', 'places', 'import'])
def test_every_verb_of_swarm_map_draws_what_it_refuses(verb, capsys):
    path = REFUSED[0]
    said = refused(capsys, 'map', verb, path)
    assert re.search(expected(path)[0], said) and f'Drawn in {path.name}.wrong.png' in said
    assert red_dots(f'{path.name}.wrong.png') > 20


@pytest.mark.parametrize('bench', [
    ('traffic', '--robots', '2'), ('contacts', '--robots', '2', '--workers', '1')])
def test_the_benchmarks_on_maps_draw_what_they_refuse(bench, capsys):
    path = REFUSED[-1]
    said = refused(capsys, 'bench', bench[0], '--map', path, *bench[1:])
    assert re.search(expected(path)[0], said) and red_dots(f'{path.name}.wrong.png') > 20


def test_a_graph_and_a_layout_are_refused_like_a_site_file(tmp_path, capsys):
    corners = [point(0, 0.0, 0.0), point(1, 4.0, 0.3), point(2, 8.0, 0.0), line(10, 0, 2),
               line(11, 2, 1), line(12, 1, 0)]
    said = refused(capsys, 'map', 'check', graph(tmp_path, corners))
    assert '0 - 2 through 1' in said and red_dots('graph.geojson.wrong.png') > 20
    drawn = layout()
    drawn['nodes'][2]['nodePosition'] = {'x': 9, 'y': 0}
    said = refused(capsys, 'map', 'show', lif(tmp_path, drawn))
    assert 'n1 - n3 through n2' in said and red_dots('layout.lif.wrong.png') > 20


def test_a_refusal_is_said_also_where_nothing_can_be_drawn(monkeypatch, capsys):
    def no_library(*_):
        raise ImportError('matplotlib is missing')
    monkeypatch.setattr(checked, 'draw_mapping', no_library)
    said = refused(capsys, 'map', 'check', REFUSED[0])
    assert re.search(expected(REFUSED[0])[0], said)
    assert 'could not be drawn' in said and 'matplotlib is missing' in said


def test_a_dead_end_whose_neck_is_a_section_for_one_robot_is_no_trap():
    drawing = {'nodes': {'a': [0, 0], 'b': [4, 0], 'x': [2, 1.6], 'y': [2, 4]},
               'edges': [['a', 'b'], ['x', 'y'], ['y', 'a']]}
    assert load_site(drawing).lock_set(0, 3) == (0, 2, 3)
