# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Judges a gateway that was killed: who listened to it, and what its return took from commits.

Commits are those of orders that another gateway takes meanwhile, timed from the moment they were
due. Windows: `before` a kill, `during` (from the kill on), and `after` that.
"""

from dataclasses import dataclass
from typing import Dict, List, Sequence

from robot_swarm_orch.bench.audience import AudienceReport
from robot_swarm_orch.bench.figures import quantile, summary
from robot_swarm_orch.bench.gateway import Load
from robot_swarm_orch.bench.group import BenchFailed

WINDOWS = ('before', 'during', 'after')
WINDOW_S = 10.0
LATE_MAX_S = 0.05
"""A load, or an audience, whose own timers ring later than this (p99) measures itself."""
BEHIND_MAX = 100


@dataclass(frozen=True)
class KillBenchOptions:
    """What is measured; `back_max_s` and `ratio_max` are the bounds."""

    sockets: int = 200
    kills: int = 3
    rate_per_s: float = 50.0
    connections: int = 8
    warm_s: float = 5.0  # orders before the first window: connections open, code is loaded
    back_max_s: float = 10.0
    ratio_max: float = 2.0  # commit p99 during and after, over that before

    @property
    def duration_s(self) -> float:
        """Return how long orders are handed in: three windows for each kill."""
        return self.warm_s + len(WINDOWS) * WINDOW_S * self.kills

    @property
    def kills_s(self) -> List[float]:
        """Return when to kill, from the first order on [s]."""
        return [self.warm_s + WINDOW_S * (1 + len(WINDOWS) * number)
                for number in range(self.kills)]


def refuse_if_late(who: str, late_s: Sequence[float]) -> float:
    """Return p99 of how late somebody's own timers were [s]; raise BenchFailed above the bound."""
    p99_s = quantile(late_s, 0.99)
    if p99_s > LATE_MAX_S:
        raise BenchFailed(
            f'{who} was itself late by {1000 * p99_s:.0f} ms (p99, {1000 * LATE_MAX_S:g} ms '
            'allowed), so that nothing can be said of the gateway: measure on a machine that is '
            'less busy, or with less load')
    return p99_s


def by_window(load: Load, killed_s: Sequence[float]) -> Dict[str, List[float]]:
    """Return the times of commits [s] in each window; killed_s: moments on the steady clock."""
    found = {name: [] for name in WINDOWS}
    for due_s, latency_s in zip(load.due_s, load.latencies_s):
        for kill_s in killed_s:
            number = int((due_s - kill_s) // WINDOW_S) + 1
            if 0 <= number < len(WINDOWS):
                found[WINDOWS[number]].append(latency_s)
    return found


def times_back(audience: AudienceReport, killed_s: Sequence[float]) -> List[List[float]]:
    """Return, for each kill, after how long each client that came back heard events again [s]."""
    ends_s = [*killed_s[1:], float('inf')]
    return [[back.heard_s - kill_s for client in audience.clients for back in client.returns
             if kill_s <= back.lost_s < end_s] for kill_s, end_s in zip(killed_s, ends_s)]


def kill_report(load: Load, audience: AudienceReport, killed_s: Sequence[float],
                options: KillBenchOptions) -> Dict[str, object]:
    """Return the figures as JSON can carry them; raises BenchFailed when the load was late."""
    late = {'orders': refuse_if_late('the load of orders', load.late_s),
            'streams': refuse_if_late("the streams' clients", audience.late_s)}
    commits = by_window(load, killed_s)
    for name, times in commits.items():
        if not times:
            raise BenchFailed(f'no order was accepted {name} a kill')
    back = times_back(audience, killed_s)
    clients = audience.clients
    refusals = sum((client.refusals for client in clients), type(clients[0].refusals)())
    figures = {
        'sockets': len(clients), 'kills': len(killed_s), 'late_p99_s': late,
        'asked': round(options.rate_per_s * options.duration_s), 'accepted': len(load.latencies_s),
        'statuses': {str(status): count for status, count in load.statuses.items()},
        'commit_s': {name: summary(times) for name, times in commits.items()},
        'back_s': [summary(times) if times else None for times in back],
        'came_back': [len(times) for times in back],
        'gaps_told': sum(client.gaps for client in clients),
        'left_out_silently': sum(client.holes for client in clients),
        'behind_in_the_end': max(client.behind for client in clients),
        'attempts_failed': dict(sorted(refusals.items()))}
    return {**figures, 'broken': _broken(figures, options)}


def _broken(figures, options) -> List[str]:
    """Return what was not kept."""
    broken = []
    for number, (count, times) in enumerate(zip(figures['came_back'], figures['back_s']), 1):
        if count < options.sockets:
            broken.append(f'kill {number}: {count} of {options.sockets} clients came back')
        if times and times['max'] > options.back_max_s:
            broken.append(f'kill {number}: the last client was back after {times["max"]:.1f} s, '
                          f'allowed are {options.back_max_s:g} s')
    before_s = figures['commit_s']['before']['p99']
    for name in WINDOWS[1:]:
        ratio = figures['commit_s'][name]['p99'] / before_s
        if ratio > options.ratio_max:
            broken.append(f'commit p99 {name} a kill is {ratio:.1f} times that before, allowed '
                          f'are {options.ratio_max:g}')
    if figures['accepted'] < figures['asked']:
        broken.append(f'{figures["asked"] - figures["accepted"]} of {figures["asked"]} orders '
                      'were not accepted')
    if figures['left_out_silently']:
        broken.append(f'{figures["left_out_silently"]} events were left out and nobody was told')
    if figures['gaps_told'] < sum(figures['came_back']):
        broken.append(f'{figures["gaps_told"]} gaps were told to clients that came back '
                      f'{sum(figures["came_back"])} times')
    if figures['behind_in_the_end'] > BEHIND_MAX:
        broken.append(f'a client is {figures["behind_in_the_end"]} events behind in the end')
    return broken


def kill_lines(figures: Dict[str, object]) -> List[str]:
    """Return the report for people."""
    lines = [f'{figures["accepted"]} of {figures["asked"]} orders accepted through the other '
             f'gateway; {figures["kills"]} kills of the one with {figures["sockets"]} WebSockets']
    for name, times in figures['commit_s'].items():
        lines.append(f'commits {name} a kill: p50 {1000 * times["p50"]:.1f} ms, p99 '
                     f'{1000 * times["p99"]:.1f} ms, max {1000 * times["max"]:.1f} ms')
    for number, (count, times) in enumerate(zip(figures['came_back'], figures['back_s']), 1):
        lines.append(f'kill {number}: {count} clients heard events again' + (
            f', half of them after {times["p50"]:.1f} s, the last after {times["max"]:.1f} s'
            if times else ''))
    lines.append(f'{figures["gaps_told"]} gaps told, {figures["left_out_silently"]} events left '
                 f'out silently; attempts that failed: {figures["attempts_failed"]}')
    lines += [f'{name}: {share:.2f} cores' for name, share in figures.get('cores', {}).items()]
    return lines + [f'BROKEN: {text}' for text in figures['broken']]
