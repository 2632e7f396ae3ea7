# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What a traffic report says: its bounds, its medians over seeds, and its lines for people."""

from statistics import median
from typing import List

WAIT_S_MAX = 60.0           # at rest on the way for longer is called stuck
NUISANCE_STOPS_MAX = 10.0   # safe stops an hour and robot while a coordinator leads
LEADER_SHARE_MAX = 0.10     # of one core, for traffic decisions
# Of the ghost bound, by the number of robots up to which it is asked for.
GHOST_RATIOS_MIN = ((100, 0.80), (300, 0.70), (600, 0.54))

# What no seed may do is summed or taken from the worst; of the rest a report has the median.
_SUMMED = ('contacts', 'robots_stuck', 'robot_seconds', 'wall_s')
_WORST = ('longest_wait_s',)
_OF_EACH = ('setting', 'violations', 'broken')
_ROWS = (
    ('goals an hour', 'goals_per_hour', '.0f'),
    ('alone on the map', 'ghost_goals_per_hour', '.0f'),
    ('ratio', 'ghost_ratio', '.3f'),
    ('contacts', 'contacts', 'd'),
    ('longest rest [s]', 'longest_wait_s', '.1f'),
    ('stuck robots', 'robots_stuck', 'd'),
    ('safe stops / robot h', 'safe_stops_per_robot_hour', '.2f'),
    ('traffic, of a core', 'leader_traffic_share', '.4f'))


def broken_bounds(figures: dict) -> List[str]:
    """Return in words which bounds the figures of one seed, or those over seeds, break."""
    robots, broken = figures['setting']['robots'], []
    if figures['violations']:
        broken.append(f'{len(figures["violations"])} violations, the first: '
                      f'{figures["violations"][0]}')
    if figures['robots_stuck']:
        broken.append(f'{figures["robots_stuck"]} robots stood on their way for more than '
                      f'{WAIT_S_MAX:g} s')
    least = next((bound for most, bound in GHOST_RATIOS_MIN if robots <= most), 0.0)
    if figures['ghost_ratio'] < least:
        broken.append(f'ghost ratio {figures["ghost_ratio"]:.3f} is less than {least:g}')
    stops, share = figures['safe_stops_per_robot_hour'], figures['leader_traffic_share']
    if stops > NUISANCE_STOPS_MAX:
        broken.append(f'{stops:.1f} safe stops an hour and robot, more than '
                      f'{NUISANCE_STOPS_MAX:g}')
    if share > LEADER_SHARE_MAX and robots <= 100:
        broken.append(f'traffic takes {share:.3f} of a core, more than {LEADER_SHARE_MAX:g}')
    return broken


def over_seeds(reports: List[dict]) -> dict:
    """
    Return one report of those of several seeds, with the same keys and `seeds`, which has each.

    Medians, but what no seed may do is summed (contacts, violations, stuck robots) or the worst.
    """
    setting = {**reports[0]['setting'], 'seeds': [one['setting']['seed'] for one in reports]}
    del setting['seed']
    figures = {
        'setting': setting,
        **middle([{name: value for name, value in one.items() if name not in _OF_EACH}
                  for one in reports]),
        **{name: sum(one[name] for one in reports) for name in _SUMMED},
        **{name: max(one[name] for one in reports) for name in _WORST},
        'violations': [f'seed {one["setting"]["seed"]}: {text}' for one in reports
                       for text in one['violations']]}
    return {**figures, 'broken': broken_bounds(figures), 'seeds': reports}


def middle(values: list):
    """Return the median of numbers, of dicts key by key, and what is the same in all others."""
    first = values[0]
    if isinstance(first, dict):
        return {name: middle([value[name] for value in values]) for name in first}
    if isinstance(first, (int, float)) and not isinstance(first, bool):
        return median(values)
    return first if all(value == first for value in values) else None


def report_lines(report: dict) -> List[str]:
    """Return the report as people read it, the verdict last."""
    setting, seeds = report['setting'], report.get('seeds', ())
    name = (f'seed {setting["seed"]}' if not seeds
            else f'medians of seeds {", ".join(map(str, setting["seeds"]))}')
    lines = [f'{setting["map"]}: {setting["nodes"]} nodes, {setting["robots"]} robots, loss '
             f'{setting["loss"]:g}, delay {setting["delay_s"]:g} s, {name}']
    if seeds:
        lines.append(f'  {"":21}{"in all":>10}' + ''.join(
            f'{"seed " + str(one["setting"]["seed"]):>10}' for one in seeds))
    lines += [f'  {title:21}' + ''.join(f'{one[key]:10{form}}' for one in (report, *seeds))
              for title, key, form in _ROWS]
    lines.append(f'  {report["robot_seconds"]:.0f} robot-seconds in {report["wall_s"]:.0f} s')
    if 'peers' in report:
        lines += peer_lines(report)
    return lines + ([f'BROKEN: {text}' for text in report['broken']] or ['all bounds held'])


def peer_lines(report: dict) -> List[str]:
    """Return what peers did with the same goals, and what was not compared."""
    peers, lines = report['peers'], ['']
    pibt, tables = peers.get('pypibt'), peers['scipy']
    if pibt:
        lines += _pibt_lines(report, pibt)
    breadth_ms, shortest_ms, decision_ms = (1e3 * times['p50'] for times in (
        tables['breadth_first_s'], tables['dijkstra_s'], report['decision_s']))
    lines.append(
        f'a traffic decision: {decision_ms:.2f} ms of processor time (p50), '
        f'{peers["decision_in_tables"]:.1f} tables of distances on this map by Dijkstra of SciPy '
        f'{tables["version"]} ({shortest_ms:.2f} ms; breadth first {breadth_ms:.2f} ms)')
    return lines + [f'not compared: {text}' for text in peers['not_compared']]


def _pibt_lines(report, pibt):
    """Return the table beside PIBT."""
    decision = report['decision_s']
    lines = [
        f'beside pypibt {pibt["version"]}: it knows all, its robots move one node in each step of '
        f'{pibt["step_virtual_s"]:.2f} s (full speed) without turns or ramps',
        f'  {"":30}{"swarm":>10}{"pypibt":>10}']
    for title, ours, theirs, form in (
            ('goals a robot and step', pibt['swarm_goals_per_robot_step'],
             pibt['goals_per_robot_step'], '.4f'),
            ('goals an hour', report['goals_per_hour'], pibt['goals_per_hour'], '.0f'),
            ('alone on the map, an hour', report['ghost_goals_per_hour'],
             pibt['alone_goals_per_hour'], '.0f'),
            ('ratio to alone', report['ghost_ratio'], pibt['alone_ratio'], '.3f'),
            ('decision or step, p50 [ms]', 1e3 * decision['p50'], 1e3 * pibt['decision_s']['p50'],
             '.2f'),
            ('decision or step, p99 [ms]', 1e3 * decision['p99'], 1e3 * pibt['decision_s']['p99'],
             '.2f'),
            ('of a core', report['leader_traffic_share'], pibt['core_share'], '.4f')):
        lines.append(f'  {title:30}{ours:10{form}}{theirs:10{form}}')
    lines.append(
        f'  a decision is {pibt["decision_ratio"]:.2f} of a step of pypibt (p50), whose tables of '
        f'distances come on top ({1e3 * pibt["table_s"]["p50"]:.1f} ms each, p50)')
    if pibt['conflicts']:
        lines.append(f'  pypibt broke its own rules {pibt["conflicts"]} times')
    return lines
