# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Judges what a fleet gives up when its coordinators have too little of a processor.

Spans of the same length take turns: `calm`, and `slowed`, in which each coordinator gets less than
the leader took in the calm one, and more orders come than the queue takes. Repetitions, which are
telemetry, are to get rarer; motion is to stay what it was; an emergency stop is to be obeyed as
soon.
"""

from dataclasses import dataclass, field
from statistics import median
from typing import Dict, List, Tuple

from robot_swarm_orch.bench.group import BenchFailed
from robot_swarm_orch.metrics import Metrics


@dataclass(frozen=True)
class OverloadOptions:
    """What is measured; what ends with `_min` and `_max` are the bounds."""

    robots: int = 100
    robots_per_process: int = 50
    rounds: int = 3
    span_s: float = 30.0
    share: float = 0.9        # of the processor time that the leader took when nothing was amiss
    flood_per_s: float = 100.0
    queue_bound: int = 200
    lease_s: float = 2.0      # the longer, the rarer repetitions may get
    robot_silent_s: float = 8.0
    seed: int = 1
    repeated_max: float = 0.9      # repetitions, slowed over calm
    driven_min: float = 0.95       # metres driven, slowed over calm
    stopped_more_s_max: float = 0.1  # until the last robot obeys a stop, beyond calm: a period
    lease_stops_max: float = 0.2   # for each robot and slowed span: each costs way driven, too


@dataclass
class Span:
    """What the fleet did in a span."""

    seconds: float = 0.0
    reports: int = 0          # that went to the leader
    driven_m: float = 0.0
    lease_stops: int = 0
    terms: int = 0            # changes of the leader
    refused: int = 0          # orders, since the queue was full
    leader_cores: float = 0.0
    asked_s: float = 0.0      # how seldom the leader wanted repetitions, at the end
    metrics: Metrics = field(default_factory=Metrics)  # of the processes that host robots
    stop_s: Tuple[float, ...] = ()  # from an emergency stop until each robot obeyed


def overload_report(spans: Dict[str, List[Span]], options: OverloadOptions) -> Dict[str, object]:
    """Return the figures as JSON can carry them: of each kind of span the medians over rounds."""
    figures = {kind: _figures(some, options) for kind, some in spans.items()}
    calm, slowed = figures['calm'], figures['slowed']
    if not calm['reports_per_robot_s'] or not calm['driven_mps']:
        raise BenchFailed('no robot drove or reported in the calm spans: nothing to compare with')
    ratios = {name: round(slowed[name] / calm[name], 3)
              for name in ('reports_per_robot_s', 'driven_mps')}
    return {'robots': options.robots, 'rounds': options.rounds, 'span_s': options.span_s,
            'spans': figures, 'slowed_over_calm': ratios,
            'broken': _broken(calm, slowed, ratios, options)}


def _figures(spans, options) -> Dict[str, object]:
    """Return the medians of some spans, and sums of what should not happen at all."""
    def middle(value):
        return median(value(span) for span in spans)

    def ticks(name):
        return sum(span.metrics.counters.get(name, 0) for span in spans)
    decisions = Metrics()
    for span in spans:
        decisions.merge(span.metrics)
    robots = options.robots
    return {
        'reports_per_robot_s': round(middle(lambda s: s.reports / s.seconds / robots), 3),
        'driven_mps': round(middle(lambda s: s.driven_m / s.seconds / robots), 4),
        'between_robots_per_s': round(middle(
            lambda s: s.metrics.counters.get('messages_received', 0) / s.seconds), 1),
        'decision_p99_s': decisions.histogram('decision_s').quantile(0.99),
        'late_ticks_ratio': round(ticks('tick_overruns') / max(1, ticks('ticks')), 5),
        'leader_cores': round(middle(lambda s: s.leader_cores), 3),
        'report_period_asked_s': round(middle(lambda s: s.asked_s), 3),
        'orders_refused_per_s': round(middle(lambda s: s.refused / s.seconds), 1),
        'stop_p50_s': round(middle(lambda s: median(s.stop_s)), 3),
        'stop_last_s': round(middle(lambda s: max(s.stop_s)), 3),
        'lease_stops': sum(span.lease_stops for span in spans),
        'changes_of_leader': sum(span.terms for span in spans)}


def _broken(calm, slowed, ratios, options) -> List[str]:
    """Return what was not kept."""
    broken = []
    if ratios['reports_per_robot_s'] > options.repeated_max:
        broken.append(f"the leader heard {ratios['reports_per_robot_s']:.2f} of the reports of "
                      f'calm spans, not {options.repeated_max:g} or less: telemetry was not '
                      'thinned')
    if ratios['driven_mps'] < options.driven_min:
        broken.append(f"robots drove {ratios['driven_mps']:.2f} of the way of calm spans, not "
                      f'{options.driven_min:g}')
    more_s = slowed['stop_last_s'] - calm['stop_last_s']
    if more_s > options.stopped_more_s_max:
        broken.append(f'the last robot obeyed an emergency stop {more_s:.3f} s later than in calm '
                      f'spans, allowed are {options.stopped_more_s_max:g} s')
    if slowed['lease_stops'] > options.lease_stops_max * options.robots * options.rounds:
        broken.append(f"robots stopped {slowed['lease_stops']} times because their lease ran out, "
                      f"{calm['lease_stops']} times in calm spans")
    return broken


def overload_lines(figures: Dict[str, object]) -> List[str]:
    """Return the report for people."""
    lines = [f'{figures["robots"]} robots, {figures["rounds"]} rounds of '
             f'{figures["span_s"]:g} s each; medians']
    for kind, span in figures['spans'].items():
        lines += [
            f'{kind}: the leader took {span["leader_cores"]:.3f} cores, refused '
            f'{span["orders_refused_per_s"]:g} orders/s, asked for repetitions every '
            f'{span["report_period_asked_s"]:g} s (0: as ever)',
            f'  telemetry: {span["reports_per_robot_s"]:.2f} reports/s of each robot; '
            f'{span["between_robots_per_s"]:g} words/s reached robots',
            f'  motion: {span["driven_mps"]:.3f} m/s on average, {span["lease_stops"]} stops for '
            f'lack of a lease, {span["changes_of_leader"]} changes of leader',
            f'  safety: decision p99 {1000 * span["decision_p99_s"]:.2f} ms, '
            f'{100 * span["late_ticks_ratio"]:.2f} % late ticks, emergency stop obeyed after '
            f'{span["stop_p50_s"]:.3f} s (median robot), {span["stop_last_s"]:.3f} s (last)']
    ratios = figures['slowed_over_calm']
    lines.append(f'slowed over calm: reports {ratios["reports_per_robot_s"]:.3f}, metres driven '
                 f'{ratios["driven_mps"]:.3f}')
    return lines + [f'BROKEN: {text}' for text in figures['broken']]
