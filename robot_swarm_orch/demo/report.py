# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The verdict on a demo: `report.json`, and what of it broke an invariant or a bound.

Each figure is described in docs/demo.md. A figure that a run was too short for, or that nothing
measured, is None (null in JSON) and judged by nobody; it is never made up.
"""

from typing import Dict, List, Optional, Tuple

from robot_swarm_orch.demo.evidence import Evidence
from robot_swarm_orch.demo.fault_judges import fault_figures, FaultFigures, worst
from robot_swarm_orch.demo.observation import NUISANCE
from robot_swarm_orch.demo.timeline import FREEZE_EDGE, STEADY_LEAST_S
from robot_swarm_orch.demo.truth import Truth
from robot_swarm_orch.metrics import Metrics, with_prefix

RESUME_BOUND_S = 2.0
GHOST_RATIO_LEAST = 0.70
OVERRUN_RATIO_BOUND = 0.01
DECISION_BOUND_S = 0.010
ROUTE_BOUND_S = 0.050
PERCEPTION_BOUND_S = 0.005
OF_CAMERAS = ('perception_s', 'inference_s')
TIMINGS = ('decision_s', 'route_s', 'commit_s', 'tick_s', *OF_CAMERAS)
"""Distributions that the processes keep; those of cameras are empty without any."""
ROBOT_MEMORY_BOUND = 256 * 1024 * 1024
ROBOT_CPU_BOUND = 0.5
# Of broken invariants all are counted, and so many described.
VIOLATIONS_TOLD = 20


def build_report(evidence: Evidence, truth: Truth, ghost_per_hour: Optional[float],
                 site) -> dict:
    """Return the report as plain values, ready for JSON."""
    options, observation = evidence.options, evidence.observation
    metrics = observation.all_metrics()
    faults = fault_figures(evidence, truth, site)
    report = {
        'scenario': options.scenario or None,
        'robots': options.robots,
        'robots_per_process': options.robots_per_process,
        'seed': options.seed,
        'duration_s': round(evidence.end_s - evidence.start_s, 3),
        'faults': [str(fault) for fault in evidence.timeline.faults],
        **_invariants(evidence, truth),
        **_orders(evidence, truth, ghost_per_hour),
        **_failover(evidence, faults),
        'fault_figures': [fault.as_dict() for fault in faults],
        **_health(evidence, metrics),
        'network': network(metrics, observation, evidence, options.robots),
        'processes': [
            {'name': name, 'cpu_share': round(usage.cpu_share, 4),
             'peak_memory_bytes': usage.peak_bytes, 'starts': usage.starts}
            for name, usage in evidence.usage.items()],
        'trouble': list(evidence.trouble),
    }
    report['failures'] = failures(report, faults, evidence)
    report['passed'] = not report['failures']
    return report


def _invariants(evidence: Evidence, truth: Truth) -> dict:
    """Return what must be zero, or one leader a term."""
    observation = evidence.observation
    return {
        'overlaps': len(truth.overlaps),
        'nodes_held_twice': len(observation.holds.violations),
        'robots_outside_their_nodes': len(observation.inside.violations),
        'leaders_per_term_max': observation.leaders.most_in_a_term,
        'violations': [*(f'{t:.2f} s: {one} and {two} overlap' for t, one, two in truth.overlaps),
                       *observation.holds.violations,
                       *observation.inside.violations,
                       *observation.leaders.violations][:VIOLATIONS_TOLD],
        'reports_heard': observation.reports_heard,
    }


def _orders(evidence: Evidence, truth: Truth, ghost_per_hour: Optional[float]) -> dict:
    """Return what became of the orders, and how many an hour."""
    desk, history = evidence.desk, evidence.history
    per_hour = orders_per_hour(evidence, truth)
    return {
        'orders_accepted': len(desk.accepted),
        'orders_done': len(desk.done_s),
        'orders_open': len(desk.open()),
        'orders_failed': len(desk.ended) - len(desk.done_s),
        'orders_refused': sum(desk.refused.values()),
        'orders_lost': len(lost_orders(evidence, truth)) + uncounted_orders(evidence),
        'orders_duplicated': len(truth.repeated()),
        'orders_taken_back': len(desk.taken_back),
        'orders_not_done_once': len(truth.not_once(desk.drop_of(desk.done_s))),
        'orders_not_once_in_history': None if history is None else len(
            history.not_once(desk.accepted, desk.ended)),
        'orders_in_history': None if history is None else len(history.accepted),
        'entries_unkept': None if history is None else history.unkept,
        'picks': sum(truth.picks.values()),
        'drops': len(truth.drops),
        'orders_retried': desk.retries,
        'orders_retried_after_end': desk.retries_after_end,
        'orders_per_hour': per_hour,
        'orders_per_hour_ghost': None if ghost_per_hour is None else round(ghost_per_hour, 1),
        'ghost_ratio': (round(per_hour / ghost_per_hour, 4)
                        if per_hour is not None and ghost_per_hour else None),
    }


def lost_orders(evidence: Evidence, truth: Truth) -> List[str]:
    """
    Return the accepted orders that were lost.

    Those called done whose load was never set down, and those neither ended nor, when asked at
    the end, known to the leader.
    """
    desk = evidence.desk
    hollow = desk.done_s.keys() - truth.dropped()
    unknown = set() if evidence.vouched is None else desk.open() - evidence.vouched
    return sorted(hollow | unknown)


def uncounted_orders(evidence: Evidence) -> int:
    """Return by how many the leader's own count fell short of the orders it had accepted."""
    if evidence.counted is None:
        return 0
    return max(0, len(evidence.desk.accepted) - evidence.counted)


def orders_per_hour(evidence: Evidence, truth: Truth) -> Optional[float]:
    """Return the rate of loads set down in the steady state; None when it was too short."""
    steady = evidence.timeline.steady
    if steady is None:
        return None
    begin, end = (evidence.start_s + t for t in steady)
    end = min(end, evidence.end_s)
    if end - begin < STEADY_LEAST_S:
        return None
    return round(3600.0 * truth.drops_between(begin, end) / (end - begin), 1)


def _failover(evidence: Evidence, faults: List[FaultFigures]) -> dict:
    """Return the worst of what the faults did."""
    return {
        'failover_s': worst(faults, 'failover_s'),
        'robots_stopped_in_failover': worst(faults, 'robots_stopped', total=True),
        'safe_stop_s_max': worst(faults, 'safe_stop_s'),
        'safe_stop_bound_s': _rounded(evidence.bound_s),
        'resume_s_max': worst(faults, 'resume_s'),
        'robots_with_authority_to_resume': worst(faults, 'robots_with_authority', total=True),
    }


def _health(evidence: Evidence, metrics: Metrics) -> dict:
    """Return the figures that the processes keep of themselves."""
    return {
        'nuisance_stops_per_robot_hour': nuisance_stops(evidence),
        'stops': with_prefix(metrics.counters, 'stops.'),
        'tick_overrun_ratio': _rounded(evidence.observation.late_ticks(), 6),
        'stolen_ratio': _rounded(evidence.stolen_ratio, 4),
        **{name: _summary(metrics, name)
           for name in TIMINGS},
    }


def nuisance_stops(evidence: Evidence) -> Optional[float]:
    """Return stops for no good reason, per robot and hour of the steady state."""
    begin, end = (evidence.steady_metrics.get(name) for name in ('begin', 'end'))
    steady = evidence.timeline.steady
    if begin is None or end is None or steady is None or steady[1] - steady[0] < STEADY_LEAST_S:
        return None
    stops = sum(end.counters.get(f'stops.{reason.name}', 0)
                - begin.counters.get(f'stops.{reason.name}', 0) for reason in NUISANCE)
    hours = evidence.options.robots * (steady[1] - steady[0]) / 3600.0
    return round(stops / hours, 4)


def network(metrics: Metrics, observation, evidence: Evidence, robots: int) -> dict:
    """Return the load on the message plane, as the processes counted it."""
    lived_s = evidence.end_s - evidence.start_s
    counters = metrics.counters
    endpoints = [m.counters['endpoints'] for m in observation.metrics.values()
                 if 'endpoints' in m.counters]
    rate = {f'{what}_per_s_and_robot': (round(counters[what] / lived_s / robots, 2)
                                        if what in counters and lived_s > 0 else None)
            for what in ('messages_sent', 'messages_received', 'bytes_sent', 'bytes_received')}
    return {
        **rate,
        'endpoints_per_participant_max': max(endpoints, default=None),
        'endpoints_per_participant_mean': (round(sum(endpoints) / len(endpoints), 1)
                                           if endpoints else None),
        'endpoint_changes_per_min': (
            round(60.0 * counters['endpoint_changes'] / lived_s, 3)
            if 'endpoint_changes' in counters and lived_s > 0 else None),
    }


def failures(report: dict, faults: List[FaultFigures], evidence: Evidence) -> List[str]:
    """Return what broke, in words; empty when all is well."""
    found = list(report['trouble'])
    for name in ('overlaps', 'nodes_held_twice', 'robots_outside_their_nodes', 'orders_lost',
                 'orders_duplicated', 'orders_taken_back', 'orders_not_done_once',
                 'orders_not_once_in_history'):
        if report[name]:
            found.append(f'{name} is {report[name]}, must be 0')
    if report['leaders_per_term_max'] > 1:
        found.append(f'leaders_per_term_max is {report["leaders_per_term_max"]}, must be 1')
    found += [failure for fault in faults for failure in fault.failures]
    found += [f'{name} {_told(report[name])}, must be {word} {bound}'
              for name, word, bound, broken in _bounds(report) if broken]
    if evidence.observation.robots and evidence.options.robots_per_process == 1:
        found += robot_process_failures(report['processes'])
    found += [f'{name} had to be killed: it did not end when asked' for name in evidence.forced]
    if evidence.segments_left:
        found.append(f'{len(evidence.segments_left)} shared-memory segments were left behind, '
                     f'such as {evidence.segments_left[0]}')
    return found


def _bounds(report: dict) -> List[Tuple[str, str, float, bool]]:
    """Return (figure, relation in words, bound, whether broken) of all measured figures."""
    def above(value, bound):
        return value is not None and value > bound
    ratio = report['ghost_ratio']
    # A process that was frozen on purpose has left its ticks out.
    ticked = not any(fault.startswith(f'{FREEZE_EDGE}@') for fault in report['faults'])
    return [
        ('robots_stopped_in_failover', 'at most', 0, above(
            report['robots_stopped_in_failover'], 0)),
        ('safe_stop_s_max', 'at most', report['safe_stop_bound_s'], above(
            report['safe_stop_s_max'], report['safe_stop_bound_s'])),
        ('resume_s_max', 'at most', RESUME_BOUND_S, above(
            report['resume_s_max'], RESUME_BOUND_S)),
        ('ghost_ratio', 'at least', GHOST_RATIO_LEAST,
         ratio is not None and ratio < GHOST_RATIO_LEAST),
        ('tick_overrun_ratio', 'under', OVERRUN_RATIO_BOUND,
         ticked and report['tick_overrun_ratio'] is not None
         and report['tick_overrun_ratio'] >= OVERRUN_RATIO_BOUND),
        ('decision_s', 'under', DECISION_BOUND_S,
         above(report['decision_s']['p99'], DECISION_BOUND_S)),
        ('route_s', 'under', ROUTE_BOUND_S,
         above(report['route_s']['p99'], ROUTE_BOUND_S)),
        ('perception_s', 'under', PERCEPTION_BOUND_S,
         above(report['perception_s']['p99'], PERCEPTION_BOUND_S)),
    ]


def _told(figure) -> str:
    """Return a figure, or what a bound of a distribution looks at, in words."""
    return f'has a p99 of {figure["p99"]:g}' if isinstance(figure, dict) else f'is {figure}'


def robot_process_failures(processes: List[dict]) -> List[str]:
    """Return the robots' processes that use more than one robot may."""
    found = []
    for process in processes:
        if not process['name'].startswith('edge'):
            continue
        if process['peak_memory_bytes'] > ROBOT_MEMORY_BOUND:
            found.append(f'{process["name"]} took {process["peak_memory_bytes"] / 2**20:.0f} MiB, '
                         f'must be at most {ROBOT_MEMORY_BOUND / 2**20:.0f}')
        if process['cpu_share'] > ROBOT_CPU_BOUND:
            found.append(f'{process["name"]} took {process["cpu_share"]:.2f} of a core, must be '
                         f'at most {ROBOT_CPU_BOUND}')
    return found


def _summary(metrics: Metrics, name: str) -> Dict[str, Optional[float]]:
    """Return p50, p99, max and count of a histogram."""
    summary = metrics.histogram(name).summary()
    return {key: _rounded(summary[key], 6) for key in ('p50', 'p99', 'max', 'count')}


def _rounded(value, digits: int = 3):
    """Return a number rounded, None as None."""
    return None if value is None else round(value, digits)
