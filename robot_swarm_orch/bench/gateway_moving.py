# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Judges a gateway that tells orders' events beside a fleet under way.

Two spans of the same length: `calm`, in which orders come just as fast as robots need them, and
`told`, in which many more are handed in and cancelled, and clients listen. Both run beside the
same robots and the same gateway, so their late ticks can be compared.
"""

from dataclasses import dataclass
import json
from typing import Dict, List, Tuple

from robot_swarm_orch.bench.audience import AudienceReport
from robot_swarm_orch.bench.figures import summary
from robot_swarm_orch.bench.gateway import Load
from robot_swarm_orch.bench.gateway_kill import refuse_if_late
from robot_swarm_orch.bench.group import BenchFailed

CANCEL_AFTER_S = 1.0
WORK_PER_ROBOT_S = 0.02  # orders that one robot carries out [1/s], with some to spare
WORK_PRIORITY = 200      # robots take these before orders that will be cancelled


@dataclass(frozen=True)
class MovingBenchOptions:
    """What is measured; what ends with `_min` and `_max` are the bounds."""

    robots: int = 100
    robots_per_process: int = 50
    websockets: int = 4
    server_sent: int = 2
    rate_per_s: float = 120.0  # orders and cancellations, together
    duration_s: float = 60.0   # of each span
    warm_s: float = 20.0
    events_per_s_min: float = 100.0
    lag_p99_s_max: float = 0.25
    late_ticks_more_max: float = 0.005  # part of all ticks, beyond those of the calm span
    moving_min: float = 0.5             # part of the robots, on average

    @property
    def work_per_s(self) -> float:
        """Return how many orders the robots need [1/s]."""
        return WORK_PER_ROBOT_S * self.robots


@dataclass(frozen=True)
class Span:
    """What the fleet did in a span."""

    ticks: int
    late_ticks: int
    moving: float  # part of the robots, on average

    @property
    def late_ratio(self) -> float:
        """Return which part of the ticks came late; raises BenchFailed if there were none."""
        if self.ticks <= 0:
            raise BenchFailed('the robots told no ticks: their diagnostics were not heard')
        return self.late_ticks / self.ticks


def work(stream, prefix: str, count: int) -> List[Tuple[str, bytes]]:
    """Return orders for the robots, as `hand_in` takes them."""
    return [_body(stream.next(), prefix, WORK_PRIORITY) for _ in range(count)]


def bustle(stream, prefix: str, options: MovingBenchOptions) -> List[Tuple[str, object]]:
    """Return work for the robots, among many orders that are cancelled after a while."""
    count = round(options.rate_per_s * options.duration_s)
    delay = max(1, round(CANCEL_AFTER_S * options.rate_per_s / 2))
    requests, cancelled, given = [], [], 0
    while len(requests) < count:
        if len(requests) >= given * options.rate_per_s / options.work_per_s:
            requests.append(_body(stream.next(), prefix, WORK_PRIORITY))
            given += 1
            continue
        requests.append(_body(stream.next(), prefix, 0))
        cancelled.append(requests[-1][0])
        if len(cancelled) > delay:
            requests.append((cancelled[-1 - delay], None))
    return requests[:count]


def _body(order, prefix, priority):
    return f'{prefix}-{order.order_id}', json.dumps(
        {'kind': 'move', 'pick': order.pick, 'drop': order.drop,
         'priority': priority}).encode()


def moving_report(load: Load, audience: AudienceReport, stamps: Dict, spans: Dict[str, Span],
                  options: MovingBenchOptions) -> Dict[str, object]:
    """
    Return the figures as JSON can carry them; raises BenchFailed when the load was late.

    stamps: (order id, log index) -> when the leader told it [s], of all events of the span.
    """
    late = {'orders': refuse_if_late('the load of orders', load.late_s),
            'streams': refuse_if_late("the streams' clients", audience.late_s)}
    clients = []
    for number, told in enumerate(audience.clients):
        clients.append({
            'kind': 'WebSocket' if number < options.websockets else 'SSE',
            'events_per_s': round((len(stamps) - told.missed) / options.duration_s, 1),
            'missed': told.missed, 'gaps': told.gaps, 'left_out_silently': told.holes,
            'lag_s': summary(told.lags_s) if told.lags_s else None})
    figures = {
        'robots': options.robots, 'events': len(stamps), 'late_p99_s': late, 'clients': clients,
        'statuses': {str(status): count for status, count in load.statuses.items()},
        'spans': {name: {'late_ticks_ratio': round(span.late_ratio, 6), 'ticks': span.ticks,
                         'moving_ratio': round(span.moving, 3)} for name, span in spans.items()}}
    return {**figures, 'broken': _broken(figures, options)}


def _broken(figures, options) -> List[str]:
    """Return what was not kept."""
    broken = []
    for number, client in enumerate(figures['clients'], 1):
        who = f'client {number} ({client["kind"]})'
        if client['events_per_s'] < options.events_per_s_min:
            broken.append(f'{who} heard {client["events_per_s"]} events/s, not '
                          f'{options.events_per_s_min:g}')
        if client['missed'] or client['gaps'] or client['left_out_silently']:
            broken.append(f'{who} missed {client["missed"]} events, {client["gaps"]} gaps told, '
                          f'{client["left_out_silently"]} not')
        if client['lag_s'] and client['lag_s']['p99'] > options.lag_p99_s_max:
            broken.append(f'{who}: p99 from commit to client is {client["lag_s"]["p99"]:.3f} s, '
                          f'above {options.lag_p99_s_max:g} s')
    calm, told = (figures['spans'][name] for name in ('calm', 'told'))
    more = told['late_ticks_ratio'] - calm['late_ticks_ratio']
    if more > options.late_ticks_more_max:
        broken.append(f"{100 * more:.2f} % more of the robots' ticks came late than without")
    if told['moving_ratio'] < options.moving_min:
        broken.append(f'{100 * told["moving_ratio"]:.0f} % of the robots moved, not '
                      f'{100 * options.moving_min:g} %')
    return broken


def moving_lines(figures: Dict[str, object]) -> List[str]:
    """Return the report for people."""
    lines = []
    for number, client in enumerate(figures['clients'], 1):
        lag = client['lag_s']
        lines.append(f'client {number}, {client["kind"]}: {client["events_per_s"]} events/s, '
                     f'{client["missed"]} missed' + (
                         f'; from commit to client p50 {1000 * lag["p50"]:.1f} ms, p99 '
                         f'{1000 * lag["p99"]:.1f} ms, max {1000 * lag["max"]:.1f} ms'
                         if lag else ''))
    for name, span in figures['spans'].items():
        lines.append(f'{name}: {100 * span["late_ticks_ratio"]:.3f} % of {span["ticks"]} ticks '
                     f'came late, {100 * span["moving_ratio"]:.0f} % of {figures["robots"]} '
                     'robots moved')
    lines.append(f'answers: {figures["statuses"]}')
    lines += [f'{name}: {share:.2f} cores' for name, share in figures.get('cores', {}).items()]
    return lines + [f'BROKEN: {text}' for text in figures['broken']]
