# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""`swarm bench traffic`: what it measures on a small map, and which maps and bounds it refuses."""

import json

import pytest
from robot_swarm_orch.bench.traffic import (
    build_report, placed_goals, report_lines, TrafficBenchOptions)
from robot_swarm_orch.cli import main
from robot_swarm_orch.errors import SwarmError
from robot_swarm_orch.maps.importer import ImportOptions, read_mapping
from robot_swarm_orch.site import load_site

GRID = """type octile
height 7
width 12
map
............
.TTT.TTT.TT.
............
.TTT.TTT.TT.
............
.TTT.TTT.TT.
............
"""


@pytest.fixture()
def grid(tmp_path):
    path = tmp_path / 'hall.map'
    path.write_text(GRID)
    return path


def scenario(path, *pairs):
    path.write_text('version 1\n' + ''.join(
        f'0\thall.map\t12\t7\t{x0}\t{y0}\t{x1}\t{y1}\t1.0\n' for (x0, y0), (x1, y1) in pairs))
    return str(path)


def test_a_few_robots_on_a_bad_network_keep_moving_and_never_touch(grid):
    report = build_report(TrafficBenchOptions(
        str(grid), robots=6, loss=0.3, delay_s=0.1, duration_s=120.0, settle_s=20.0))
    assert report['contacts'] == 0 and report['violations'] == []
    assert report['goals_per_hour'] > 0.4 * report['ghost_goals_per_hour'] > 0
    assert report['robots_stuck'] == 0 and report['longest_wait_s'] < 60.0
    assert 0.0 < report['leader_traffic_share'] < 0.1
    assert 'ratio' in '\n'.join(report_lines(report))


def test_a_scenario_says_where_robots_start_and_where_they_go_first(grid, tmp_path):
    options = TrafficBenchOptions(str(grid), scenario(
        tmp_path / 'hall.scen', ((0, 0), (11, 6)), ((11, 0), (0, 6)), ((0, 0), (4, 4))), 2)
    site = load_site(read_mapping(grid, ImportOptions())[0])
    starts, goals = placed_goals(site, options)
    named = site.node_names
    assert [named[node] for _, node in starts] == ['n0_0', 'n11_0']
    first = {robot: named[next(stream)] for robot, stream in goals().items()}
    assert first == {'r0001': 'n11_6', 'r0002': 'n0_6'}
    again = [[next(stream) for _ in range(20)] for stream in goals().values()]
    assert again == [[next(stream) for _ in range(20)] for stream in goals().values()]


@pytest.mark.parametrize('more, words', [
    (['--robots', '900'], 'there are starts for'),
    (['--scen', '{walls}'], 'names n1_1, which is no free cell'),
    (['--settle', '700'], 'must be less than --duration'),
    (['--map', '{missing}'], 'cannot read the map')])
def test_what_cannot_be_measured_is_said(grid, tmp_path, capsys, more, words):
    names = {'walls': scenario(tmp_path / 'walls.scen', ((1, 1), (0, 0))),
             'missing': str(tmp_path / 'none.map')}
    with pytest.raises((SwarmError, SystemExit)) as caught:
        code = main(['bench', 'traffic', '--map', str(grid),
                     *[word.format(**names) for word in more]])
        raise SystemExit(code)
    assert words in str(caught.value) + ''.join(capsys.readouterr())


def test_json_is_for_programs_and_a_bound_that_breaks_ends_with_an_exit_status(grid, capsys):
    code = main(['bench', 'traffic', '--map', str(grid), '--robots', '30', '--duration', '40',
                 '--settle', '10', '--json'])
    report = json.loads(capsys.readouterr().out)
    assert code == (1 if report['broken'] else 0)
    assert report['setting']['robots'] == 30 and report['robot_seconds'] == 1200.0
    assert any('ghost ratio' in text for text in report['broken'])
