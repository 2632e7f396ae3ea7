# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""`swarm bench traffic`: what it measures on a small map, and which maps and bounds it refuses."""

import json

import pytest
from robot_swarm_orch.bench.traffic import (
    measure, placed_goals, scenario_file, TrafficBenchOptions)
from robot_swarm_orch.bench.traffic_report import broken_bounds, over_seeds, report_lines
from robot_swarm_orch.bench.traffic_run import jobs_of
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
    report, tracks = measure(TrafficBenchOptions(
        str(grid), robots=6, loss=0.3, delay_s=0.1, duration_s=120.0, settle_s=20.0))
    assert tracks is None
    assert report['contacts'] == 0 and report['violations'] == []
    assert report['goals_per_hour'] > 0.4 * report['ghost_goals_per_hour'] > 0
    assert report['robots_stuck'] == 0 and report['longest_wait_s'] < 60.0
    assert 0.0 < report['leader_traffic_share'] < 0.1
    assert report['decision_s']['count'] >= 1000, 'ten a second'
    assert 'ratio' in '\n'.join(report_lines(report))


def test_a_scenario_may_be_named_by_the_seed(grid):
    options = TrafficBenchOptions(str(grid), 'hall-even-{seed}.scen', seed=3)
    assert scenario_file(options) == 'hall-even-3.scen'


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
    (['--map', '{missing}'], 'cannot read the map'),
    (['--seeds', '1,1'], 'must be whole numbers with commas between, each once'),
    (['--peer', '{missing}'], 'none.map'),
    (['--plot', '{map}'], '--plot')])
def test_what_cannot_be_measured_is_said(grid, tmp_path, capsys, more, words):
    names = {'walls': scenario(tmp_path / 'walls.scen', ((1, 1), (0, 0))),
             'missing': str(tmp_path / 'none.map'), 'map': str(grid)}
    with pytest.raises((SwarmError, SystemExit)) as caught:
        code = main(['bench', 'traffic', '--map', str(grid),
                     *[word.format(**names) for word in more]])
        raise SystemExit(code)
    assert words in str(caught.value) + ''.join(capsys.readouterr())


def test_several_seeds_are_one_report(grid, capsys):
    main(['bench', 'traffic', '--map', str(grid), '--robots', '4', '--duration', '20', '--settle',
          '5', '--seeds', '2,5', '--workers', '1', '--json'])
    report = json.loads(capsys.readouterr().out)
    assert [one['setting']['seed'] for one in report['seeds']] == [2, 5]
    assert report['robot_seconds'] == 160.0 and report['peers']['decision_in_tables'] > 0.0


def test_json_is_for_programs_and_a_bound_that_breaks_ends_with_an_exit_status(grid, capsys):
    code = main(['bench', 'traffic', '--map', str(grid), '--robots', '30', '--duration', '40',
                 '--settle', '10', '--json'])
    report = json.loads(capsys.readouterr().out)
    assert code == (1 if report['broken'] else 0)
    assert report['setting']['robots'] == 30 and report['robot_seconds'] == 1200.0
    assert any('ghost ratio' in text for text in report['broken'])
    assert any('pypibt' in text for text in report['peers']['not_compared'])


def of_seed(seed, ratio, **more):
    return {'setting': {'map': 'hall.map', 'nodes': 9, 'robots': 100, 'loss': 0.3, 'delay_s': 0.1,
                        'seed': seed},
            'goals_per_hour': 1000.0 * ratio, 'ghost_goals_per_hour': 1000.0, 'ghost_ratio': ratio,
            'contacts': 0, 'violations': [], 'longest_wait_s': 5.0 + seed, 'robots_stuck': 0,
            'safe_stops_per_robot_hour': 2.0 * seed, 'leader_traffic_share': 0.01,
            'decision_s': {'p50': 0.001 * seed, 'count': 600}, 'robot_seconds': 100.0,
            'wall_s': 1.0, 'broken': [], **more}


def test_over_seeds_bounds_hold_for_medians_but_no_seed_may_touch_or_stick():
    seeds = [of_seed(1, 0.85), of_seed(2, 0.7), of_seed(4, 0.9)]
    report = over_seeds(seeds)
    assert (report['ghost_ratio'], report['goals_per_hour']) == (0.85, 850.0)
    assert (report['safe_stops_per_robot_hour'], report['decision_s']['p50']) == (4.0, 0.002)
    assert (report['longest_wait_s'], report['robot_seconds']) == (9.0, 300.0)
    assert report['setting']['seeds'] == [1, 2, 4] and report['seeds'] == seeds
    assert report['broken'] == [] and broken_bounds(seeds[1]) == [
        'ghost ratio 0.700 is less than 0.8']
    lines = report_lines(report)
    assert 'medians of seeds 1, 2, 4' in lines[0]
    assert next(line for line in lines if 'ratio' in line).split() == [
        'ratio', '0.850', '0.850', '0.700', '0.900']
    seeds[2] = of_seed(4, 0.9, contacts=1, violations=['r1 touched r2'], robots_stuck=1)
    assert over_seeds(seeds)['broken'] == [
        '1 violations, the first: seed 4: r1 touched r2',
        '1 robots stood on their way for more than 60 s']


def test_each_seed_is_a_job_of_its_own_and_the_first_is_drawn():
    jobs = jobs_of(TrafficBenchOptions('hall.map', seed=9, seeds=(3, 1), plot='here'))
    assert [(job.seed, job.seeds, job.plot) for job in jobs] == [(3, (), 'here'), (1, (), '')]
    assert [job.seed for job in jobs_of(TrafficBenchOptions('hall.map', seed=9))] == [9]
