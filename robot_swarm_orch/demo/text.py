# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The report of a demo for people."""

from typing import List

from robot_swarm_orch.demo.report import OF_CAMERAS, TIMINGS

_MIB = 1024 * 1024
# From here on it is worth telling that the host took the cores away.
STOLEN_RATIO_TOLD = 0.01


def report_text(report: dict) -> str:
    """Return the report as lines of text, the verdict last."""
    return '\n'.join([
        f'{report["robots"]} robots, seed {report["seed"]}, {report["duration_s"]:.0f} s, faults: '
        + (', '.join(report['faults']) or 'none'),
        '',
        *_table('invariants', report, ('overlaps', 'nodes_held_twice',
                                       'robots_outside_their_nodes', 'leaders_per_term_max')),
        *(f'  {violation}' for violation in report['violations']),
        *_table('orders', report, (
            'orders_accepted', 'orders_done', 'orders_open', 'orders_failed', 'orders_refused',
            'orders_lost', 'orders_duplicated', 'orders_taken_back', 'orders_not_done_once',
            'orders_not_once_in_history', 'orders_in_history', 'entries_unkept', 'picks', 'drops',
            'orders_retried', 'orders_retried_after_end',
            'orders_per_hour', 'orders_per_hour_ghost', 'ghost_ratio')),
        *_table('faults', report, (
            'failover_s', 'robots_stopped_in_failover', 'safe_stop_s_max', 'safe_stop_bound_s',
            'resume_s_max', 'robots_with_authority_to_resume')),
        *_fault_lines(report['fault_figures']),
        *_table('health', report, (
            'nuisance_stops_per_robot_hour', 'tick_overrun_ratio', 'stolen_ratio')),
        *_timings(report),
        *_table('network', report['network'], report['network']),
        *_processes(report['processes']),
        *_verdict(report)])


def _table(title: str, values: dict, names) -> List[str]:
    """Return a titled block of figures; what was not measured says so."""
    return [title] + [f'  {name:34}{_shown(values[name])}' for name in names] + ['']


def _fault_lines(faults: List[dict]) -> List[str]:
    """Return what each fault did, a line each and its figures below."""
    lines = []
    for fault in faults:
        lines.append(f'  {fault["fault"]:34}' + ', '.join(fault['victims']))
        lines += [f'    {name:32}{_shown(value)}' for name, value in fault.items()
                  if name not in ('fault', 'victims')]
    return ['each fault', *lines, ''] if lines else []


def _shown(value) -> str:
    """Return a figure as people read it."""
    if isinstance(value, dict):
        return ', '.join(f'{key} {_shown(item)}' for key, item in value.items()) or 'none'
    if isinstance(value, list):
        return ' to '.join(map(_shown, value))
    return 'not measured' if value is None else f'{value:g}' if isinstance(value, float) \
        else str(value)


def _timings(report: dict) -> List[str]:
    """Return the distributions in milliseconds."""
    lines = [f'  {"[ms]":34}{"p50":>9}{"p99":>9}{"max":>9}{"count":>10}']
    for name in TIMINGS:
        summary = report[name]
        if not summary['count'] and name in OF_CAMERAS:
            continue
        cells = ''.join(f'{1000 * summary[key]:9.2f}' if summary[key] is not None
                        else f'{"-":>9}' for key in ('p50', 'p99', 'max'))
        lines.append(f'  {name:34}{cells}{summary["count"]:10}')
    return lines + ['']


def _processes(processes: List[dict]) -> List[str]:
    """Return what each process used; of many robots' processes only the hungriest."""
    edges = [process for process in processes if process['name'].startswith('edge')]
    shown = [process for process in processes if process not in edges]
    if len(edges) > 4:
        worst = max(edges, key=lambda process: process['cpu_share'])
        largest = max(edges, key=lambda process: process['peak_memory_bytes'])
        shown.append({'name': f'worst of {len(edges)} edge processes', 'starts': 1,
                      'cpu_share': worst['cpu_share'],
                      'peak_memory_bytes': largest['peak_memory_bytes']})
    else:
        shown += edges
    total = sum(process['cpu_share'] for process in processes)
    return ['processes', *(
        f'  {process["name"]:34}{process["cpu_share"]:6.3f} core'
        f'{process["peak_memory_bytes"] / _MIB:8.0f} MiB'
        + (f'  started {process["starts"]} times' if process['starts'] > 1 else '')
        for process in shown), f'  {"all":34}{total:6.3f} core', '']


def _stolen(report: dict) -> str:
    """Return a hint for those whose machine is a virtual one on a busy host."""
    share = report.get('stolen_ratio') or 0.0
    return (f'; the host of this virtual machine took {100.0 * share:.1f} % of its cores'
            if share >= STOLEN_RATIO_TOLD else '')


def _verdict(report: dict) -> List[str]:
    """Return the last lines: passed, or what broke."""
    lines = ['PASSED: no invariant and no bound broke']
    if not report['passed']:
        lines = ['FAILED:', *(f'  {failure}' for failure in report['failures'])]
        if any('tick_overrun_ratio' in failure for failure in report['failures']):
            lines.append('  (late ticks: the cores were full; end other programs, or run fewer '
                         f'robots{_stolen(report)})')
    if not report['orders_done']:
        lines.append('No order was done: the first one takes a minute and a half.')
    return lines
