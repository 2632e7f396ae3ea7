# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark's report, as people read it."""

import json
from pathlib import Path
from typing import List

from robot_swarm_orch.bench.figures import bins, counts, QUANTILES

_BAR = 24


def publish(figures: dict, lines: List[str], folder: Path, as_json: bool) -> int:
    """Write report.json into a folder and print it, or its lines; 0 if no bound is broken."""
    content = json.dumps(figures, indent=2)
    (folder / 'report.json').write_text(content + '\n', encoding='utf-8')
    print(content if as_json else '\n'.join(lines))
    return 1 if figures['broken'] else 0


def report_lines(report: dict) -> List[str]:
    """Return the report (see `nodes/consensus_bench.py`) as lines, the verdict last."""
    groups, compared = report['groups'], report.get('compared', {})
    lines = [*report['setting'], '']
    lines += _table('commit: one write after another', 'commit_s', groups,
                    compared.get('commit'))
    lines += [f'writes a second, {report["at_once"]} under way', *(
        f'  {name:8}{group["writes_per_s"]:10.0f}' for name, group in groups.items())]
    if compared:
        lines.append(f'  {"ratio":8}{compared["writes_per_s"]:10.2f}')
    lines.append('')
    if all('failover_s' in group for group in groups.values()):
        lines += _table('failover: SIGKILL of the leader to the first acknowledged write',
                        'failover_s', groups, compared.get('failover'))
        lines += _table('failover: SIGKILL of the leader to the word that another one leads',
                        'lead_change_s', groups, compared.get('lead_change'))
        lines += histogram({name: [trial[0] for trial in group['trials_s']]
                            for name, group in groups.items()})
    return lines + _verdict(report)


def _table(title: str, key: str, groups: dict, ratio) -> List[str]:
    """Return a block of quantiles in milliseconds, and the ratio ours/etcd if there is one."""
    names = [name for name, _ in QUANTILES]
    lines = [f'{title} [ms]', f'  {"":8}' + ''.join(f'{name:>10}' for name in (*names, 'count'))]
    for group, figures in groups.items():
        cells = ''.join(f'{1000.0 * figures[key][name]:10.2f}' for name in names)
        lines.append(f'  {group:8}{cells}{figures[key]["count"]:10}')
    if ratio:
        lines.append(f'  {"ratio":8}' + ''.join(f'{ratio[name]:10.2f}' for name in names))
    return lines + ['']


def histogram(samples: dict) -> List[str]:
    """Return the trials of each group in common bins, as bars beside each other."""
    edges = bins(*samples.values())
    tallies = {name: counts(values, edges) for name, values in samples.items()}
    most = max(max(tally) for tally in tallies.values())
    lines = ['trials by failover time [ms]', '  ' + f'{"from":>6}' + ''.join(
        f'   {name:<{_BAR + 4}}' for name in samples)]
    for number, edge in enumerate(edges[:-1]):
        row = f'  {1000.0 * edge:6.0f}'
        for tally in tallies.values():
            bar = '#' * max(int(tally[number] > 0), round(_BAR * tally[number] / most))
            row += f'   {bar:<{_BAR}}{tally[number] or "":>4}'
        lines.append(row.rstrip())
    return lines + ['']


def _verdict(report: dict) -> List[str]:
    """Return whether the bounds held; without etcd there are none."""
    if 'compared' not in report:
        return [report['alone']]
    broken = report['compared']['broken']
    return ['bounds: kept'] if not broken else ['bounds: BROKEN', *(f'  {one}' for one in broken)]
