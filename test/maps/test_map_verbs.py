# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""`swarm map` as people call it: every format, and maps that are wrong."""

import json
from pathlib import Path

import cv2
from map_files import GRAPH, graph, hall, layout, lif, ROOM, saved, written
import pytest
from robot_swarm_orch import cli
from robot_swarm_orch.bringup import default_site_file
from robot_swarm_orch.maps.importer import format_of
from robot_swarm_orch.site import load_site


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    """Run each test in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def said(capsys, *arguments):
    """Run a command; return (exit status, what it said)."""
    status = cli.main(['map', *map(str, arguments)])
    told = capsys.readouterr()
    return status, told.out + told.err


def test_every_format_is_known_and_becomes_a_site_file_that_loads(tmp_path, capsys):
    files = {'movingai': written(tmp_path, ROOM), 'nav2_map': saved(tmp_path, hall()),
             'nav2_route': graph(tmp_path, GRAPH), 'lif': lif(tmp_path, layout()),
             'site': default_site_file()}
    for kind, path in files.items():
        assert format_of(path) == kind
        out = tmp_path / f'{kind}_site.yaml'
        status, text = said(capsys, 'import', path, '--out', out)
        assert status == 0 and f'{out}: ' in text, text
        assert load_site(out).real_count >= 3
        assert said(capsys, 'check', out)[0] == 0


def test_a_site_file_and_its_import_are_the_same_roadmap(tmp_path, capsys):
    said(capsys, 'import', default_site_file(), '--out', 'copy.yaml')
    assert load_site('copy.yaml').hash == load_site(default_site_file()).hash


def test_without_a_file_the_text_goes_to_standard_output(tmp_path, capsys):
    status, text = said(capsys, 'import', graph(tmp_path, GRAPH), '--name', 'yard',
                        '--transform', '10,0', '--kind', '0=parking')
    assert status == 0 and '\nname: yard  # ' in text
    assert "'1': [14.0, 0.0]" in text and "'0': [parking, '0']" in text


def test_check_says_what_is_there_and_what_would_help(tmp_path, capsys):
    status, text = said(capsys, 'check', written(tmp_path, ROOM), '--picture', 'room.png')
    assert status == 0
    assert '10 nodes, 0 one-way and 10 two-way streets' in text
    assert 'hint: most streets are both ways' in text
    assert 'hint: there is no station place' in text
    assert cv2.imread('room.png') is not None


@pytest.mark.parametrize('features, words', [
    (GRAPH[:-1], 'could not drive both to and from the nodes 2'),
    (GRAPH[:5], 'to and from the nodes 2')])
def test_a_map_that_does_not_hang_together_is_refused_and_drawn(tmp_path, capsys, features, words):
    path = graph(tmp_path, features)
    status, text = said(capsys, 'check', path)
    assert status == 1 and words in text and 'Drawn in graph.geojson.wrong.png' in text
    picture = cv2.imread('graph.geojson.wrong.png')
    red = (picture[..., 2] > 200) & (picture[..., 1] < 60) & (picture[..., 0] < 60)
    assert red.sum() > 20
    assert said(capsys, 'import', path)[0] == 2


def test_nodes_that_lie_too_near_are_named_and_drawn(tmp_path, capsys):
    status, text = said(capsys, 'check', graph(tmp_path, GRAPH), '--footprint-radius', '1.6',
                        '--picture', 'near.png')
    assert status == 1 and 'nodes closer than 3.400 m' in text and '1 and 2' in text
    assert Path('near.png').is_file()


def test_show_draws_a_warehouse(capsys):
    status, text = said(capsys, 'show', default_site_file(), '--out', 'hall.png')
    assert status == 0 and 'drawn in hall.png' in text
    assert cv2.imread('hall.png').shape[1] > 600


@pytest.mark.parametrize('option, words', [
    (('--transform', '1,2'), '--transform is of no use for the format site'),
    (('--scenario', 'x.scen'), '--scenario is of no use for the format site, only for movingai')])
def test_an_option_that_a_format_has_no_use_for_is_refused(capsys, option, words):
    status, text = said(capsys, 'check', default_site_file(), *option)
    assert status == 2 and words in text


def test_a_floor_is_not_scaled_since_its_walls_would_come_nearer(tmp_path, capsys):
    status, text = said(capsys, 'check', saved(tmp_path, hall()), '--transform', '0,0,0,0.5')
    assert status == 2 and 'a scale is for graphs only' in text


def test_places_are_listed_by_kind(tmp_path, capsys):
    status, text = said(capsys, 'places', lif(tmp_path, layout()))
    assert status == 0
    assert [line.split()[:2] for line in text.splitlines()] == [['s2', 'station'],
                                                                ['s1', 'charger']]
    assert 'x     3.00' in text and 'node n2' in text


def test_a_file_of_no_known_format_is_refused_with_what_to_do(tmp_path, capsys):
    path = tmp_path / 'hall.dxf'
    path.write_text('0')
    status, text = said(capsys, 'check', path)
    assert status == 2 and 'say which of site, movingai' in text
    path = tmp_path / 'other.json'
    path.write_text(json.dumps({'a': 1}))
    assert said(capsys, 'show', path)[0] == 2
    assert said(capsys, 'check', tmp_path / 'gone.map')[0] == 2


@pytest.mark.parametrize('wrong', [('--transform', '1'), ('--kind', 'x'), ('--robots', '0')])
def test_malformed_arguments_are_refused(tmp_path, wrong):
    with pytest.raises(SystemExit):
        cli.main(['map', 'check', str(graph(tmp_path, GRAPH)), *wrong])
