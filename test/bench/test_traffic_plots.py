# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of traffic: the busiest aisle, the folder of reports, and files that are not empty."""

import json

import numpy as np
import pytest
from robot_swarm_orch.bench.tracks import busiest_aisle, Tracks
from robot_swarm_orch.bench.traffic_plots import (
    comparable, read_reports, report_name, series_of)
from robot_swarm_orch.cli import main
from robot_swarm_orch.errors import ConfigError

GRID = 'type octile\nheight 3\nwidth 5\nmap\n.....\n.T.T.\n.....\n'


def tracks_of(*ways):
    """Return tracks of robots that are at these points, second by second."""
    xy = np.asarray(ways, dtype=float).transpose(1, 0, 2)
    return Tracks([float(second) for second in range(len(xy))], list(xy),
                  [np.zeros(len(ways), dtype=bool) for _ in xy])


def test_the_busiest_aisle_is_where_most_drive_along_not_across():
    nodes = np.asarray([(x, y) for x in range(0, 10, 2) for y in range(0, 10, 2)], dtype=float)
    along = [(second, 4.0) for second in range(6)]
    across = [[(x, second) for second in range(6)] for x in (2.0, 6.0)]
    tracks = tracks_of(along, [(second + 0.5, 4.1) for second in range(6)], *across)
    tracks.waits[3][0] = True
    aisle = busiest_aisle(nodes, 2.0, tracks)
    assert (aisle.axis, aisle.across_m) == (0, 4.0)
    assert aisle.segments.shape == (10, 2, 2), 'two robots, five seconds; nobody who crosses'
    assert aisle.segments[0].tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert aisle.waits.sum() == 1


def report(robots, seed, loss=0.0, **more):
    setting = {'map': 'hall.map', 'nodes': 9, 'robots': robots, 'loss': loss, 'delay_s': 0.0,
               'seed': seed, 'duration_s': 60.0, 'settle_s': 10.0}
    return {'setting': setting, 'goals_per_hour': 10.0, 'ghost_goals_per_hour': 20.0,
            'ghost_ratio': 0.5, **more}


def test_reports_are_sorted_into_series_of_one_network_and_each_seed_counts_once():
    several = report(4, 1, seeds=[report(4, 1), report(4, 2)])
    series = series_of([report(8, 1), several, report(4, 1), report(4, 1, loss=0.3)])
    assert list(series) == [(0.3, 0.0), (0.0, 0.0)]
    assert {robots: len(ones) for robots, ones in series[0.0, 0.0].items()} == {4: 2, 8: 1}
    assert report_name(report(4, 1)['setting']) != report_name(report(4, 2)['setting'])


def test_only_reports_of_one_map_and_stretch_of_time_are_drawn_together():
    ours, longer, elsewhere = report(4, 1), report(8, 1), report(9, 1)
    longer['setting']['duration_s'] = 90.0
    elsewhere['setting']['map'] = 'other.map'
    moved = report(5, 1)
    moved['setting']['map'] = '/maps/hall.map'
    assert comparable([ours, longer, elsewhere, moved], ours['setting']) == [ours, moved]


def test_a_file_that_is_no_report_is_named(tmp_path):
    (tmp_path / 'traffic-ours.json').write_text(json.dumps(report(4, 1)))
    (tmp_path / 'notes.json').write_text('of no concern')
    assert len(read_reports(tmp_path)) == 1
    (tmp_path / 'traffic-torn.json').write_text('{"setting": {}')
    with pytest.raises(ConfigError, match='traffic-torn.json: this is no report'):
        read_reports(tmp_path)


def test_a_run_leaves_its_report_and_two_small_pictures(tmp_path, capsys):
    pytest.importorskip('matplotlib', reason='pictures need matplotlib')
    from matplotlib.image import imread
    (tmp_path / 'hall.map').write_text(GRID)
    folder = tmp_path / 'figures'
    main(['bench', 'traffic', '--map', str(tmp_path / 'hall.map'), '--robots', '2', '--duration',
          '15', '--settle', '1', '--plot', str(folder)])
    assert capsys.readouterr().out.count('wrote') == 3
    assert len(read_reports(folder)) == 1
    for name in ('throughput.png', 'space_time.png'):
        assert (folder / name).stat().st_size < 150_000
        assert imread(folder / name)[..., :3].std() > 0.05, 'more than one colour'
