# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Pictures of traffic: throughput against the number of robots, and an aisle in space and time.

A folder takes the report of each run as a JSON file and keeps it; `throughput.png` shows all
reports in it of the last run's map and duration, `space_time.png` the last run.
"""

import json
from pathlib import Path
from statistics import median
from typing import List

from robot_swarm_orch.bench.tracks import busiest_aisle
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.plotting import pyplot

_INK, _FAINT = '#22303c', '#c9d3dc'
_SERIES = ('#1f6fb2', '#d1792c', '#3d8f5f', '#8a5aa8', '#b23a48')
_MOVES, _WAITS = '#1f6fb2', '#d1792c'


def report_name(setting: dict) -> str:
    """Return the name of a report's file: another setting has another name."""
    seeds = '-'.join(map(str, setting.get('seeds', None) or [setting['seed']]))
    return (f'traffic-{Path(setting["map"]).stem}-{setting["robots"]}-robots-loss-'
            f'{setting["loss"]:g}-delay-{setting["delay_s"]:g}-{setting["duration_s"]:g}-s-seed-'
            f'{seeds}.json')


def check_folder(folder) -> None:
    """Make a folder for reports, and see that it and matplotlib can be used; ConfigError."""
    try:
        pyplot()
        Path(folder).mkdir(parents=True, exist_ok=True)
    except (ImportError, OSError) as error:
        raise ConfigError(f'--plot {folder}: {error}') from error
    read_reports(folder)


def keep_and_draw(folder, report: dict, tracks, site) -> List[str]:
    """Write a report into a folder, draw its pictures anew; return all paths that were written."""
    folder = Path(folder)
    kept = folder / report_name(report['setting'])
    kept.write_text(json.dumps(report, indent=2) + '\n', encoding='utf-8')
    throughput, space_time = folder / 'throughput.png', folder / 'space_time.png'
    draw_throughput(comparable(read_reports(folder), report['setting']), throughput)
    draw_space_time(report, tracks, site, space_time)
    return [str(kept), str(throughput), str(space_time)]


def read_reports(folder) -> List[dict]:
    """Return the reports in a folder; ConfigError names a file that is none."""
    reports = []
    for path in sorted(Path(folder).glob('traffic-*.json')):
        try:
            report = json.loads(path.read_text(encoding='utf-8'))
            for one in (report, *report.get('seeds', ())):
                for name in ('robots', 'nodes', 'loss', 'delay_s', 'duration_s', 'settle_s'):
                    float(one['setting'][name])
                for name in ('goals_per_hour', 'ghost_goals_per_hour', 'ghost_ratio'):
                    float(one[name])
                Path(one['setting']['map'])
            reports.append(report)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f'{path}: this is no report of `swarm bench traffic` '
                              f'({type(error).__name__}: {error}); move it elsewhere') from error
    return reports


def comparable(reports, setting: dict) -> List[dict]:
    """Return the reports of the same map that count the same stretch of time."""
    def what(one):
        return Path(one['map']).name, one['duration_s'], one['settle_s']
    return [report for report in reports if what(report['setting']) == what(setting)]


def series_of(reports) -> dict:
    """Return {(loss, delay_s): {robots: [report of each seed]}}, sorted; one report a seed."""
    found = {}
    for report in reports:
        for one in report.get('seeds', [report]):
            setting = one['setting']
            key = setting['loss'], setting['delay_s']
            seeds = found.setdefault(key, {}).setdefault(setting['robots'], {})
            seeds[setting.get('seed')] = one
    return {key: {robots: list(by_robots[robots].values()) for robots in sorted(by_robots)}
            for key, by_robots in sorted(found.items(), reverse=True)}


def draw_throughput(reports, path) -> None:
    """Draw goals an hour, and the ratio to the ghost bound, against the number of robots."""
    plots, series = pyplot(), series_of(reports)
    figure = plots.figure(figsize=(8.0, 6.0), dpi=100, layout='constrained')
    upper, lower = figure.subplots(2, 1, sharex=True)
    ghosts = {}
    for colour, ((loss, delay_s), by_robots) in zip(_SERIES * len(series), series.items()):
        label = f'loss {100 * loss:g} %, delay {1000 * delay_s:g} ms'
        for axes, name in ((upper, 'goals_per_hour'), (lower, 'ghost_ratio')):
            _points(axes, by_robots, lambda one, name=name: one[name], colour, label)
        for robots, ones in by_robots.items():
            ghosts.setdefault(robots, []).extend(ones)
    _points(upper, dict(sorted(ghosts.items())), lambda one: one['ghost_goals_per_hour'], _INK,
            'alone on the map (ghosts)', '--')
    asked = {robots: [one for one in ones if 'pypibt' in one.get('peers', ())]
             for robots, ones in sorted(ghosts.items())}
    asked = {robots: ones for robots, ones in asked.items() if ones}
    for axes, name in ((upper, 'goals_per_hour'), (lower, 'alone_ratio')):
        _points(axes, asked, lambda one, name=name: one['peers']['pypibt'][name], '#7a7f85',
                'PIBT (pypibt), without turns and ramps', ':')
    upper.set_ylabel('goals an hour')
    lower.set_ylabel('ratio to alone on the map')
    lower.set_ylim(0.0, 1.05)
    upper.set_ylim(bottom=0.0)
    lower.set_xlabel('robots')
    lower.set_xlim(left=0)
    upper.legend(loc='upper left', frameon=False, fontsize=9)
    for axes in (upper, lower):
        axes.grid(color=_FAINT, linewidth=0.5)
        axes.spines[['top', 'right']].set_visible(False)
    setting = reports[0]['setting']
    figure.suptitle(f'{Path(setting["map"]).name}, {setting["nodes"]} nodes; '
                    f'{setting["duration_s"]:g} s, goals counted after '
                    f'{setting["settle_s"]:g} s', color=_INK, fontsize=11)
    figure.savefig(path)
    plots.close(figure)


def _points(axes, by_robots, value_of, colour, label, style='-'):
    """Draw a value of each seed as a point, and a line through the medians."""
    if not by_robots:
        return
    medians = [median(map(value_of, ones)) for ones in by_robots.values()]
    axes.plot(list(by_robots), medians, style, color=colour, label=label, linewidth=1.6)
    pairs = [(robots, value_of(one)) for robots, ones in by_robots.items() for one in ones]
    axes.plot(*zip(*pairs), 'o', color=colour, markersize=3.5)


def draw_space_time(report: dict, tracks, site, path) -> None:
    """Draw the busiest aisle of a run: time across, the way along it up, a line for each robot."""
    plots = pyplot()
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D
    nodes = site.xy[:site.real_count]
    spacing_m = min(site.edge_length_m(a, b) for a in range(site.real_count)
                    for b in site.successors[a])
    aisle = busiest_aisle(nodes, spacing_m, tracks)
    figure = plots.figure(figsize=(9.0, 5.0), dpi=100, layout='constrained')
    axes = figure.subplots()
    for waits, colour, width in ((False, _MOVES, 0.9), (True, _WAITS, 2.0)):
        axes.add_collection(LineCollection(aisle.segments[aisle.waits == waits], colors=colour,
                                           linewidths=width))
    along, across = 'xy'[aisle.axis], 'yx'[aisle.axis]
    on_line = nodes[abs(nodes[:, 1 - aisle.axis] - aisle.across_m) < 0.5 * spacing_m, aisle.axis]
    axes.set_xlim(tracks.times_s[0], tracks.times_s[-1])
    axes.set_ylim(on_line.min() - spacing_m, on_line.max() + spacing_m)
    axes.set_xlabel('time [s]')
    axes.set_ylabel(f'{along} [m]')
    setting = report['setting']
    axes.set_title(f'{setting["robots"]} robots, loss {100 * setting["loss"]:g} %, delay '
                   f'{1000 * setting["delay_s"]:g} ms: the busiest aisle, {across} = '
                   f'{aisle.across_m:.1f} m', color=_INK, fontsize=11, loc='left')
    axes.legend(handles=[Line2D([], [], color=_MOVES, label='drives'),
                         Line2D([], [], color=_WAITS, label='stands on its way')],
                loc='lower right', bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, fontsize=9)
    axes.spines[['top', 'right']].set_visible(False)
    figure.savefig(path)
    plots.close(figure)
