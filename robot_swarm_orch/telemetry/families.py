# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which Prometheus metric each figure of `Metrics` becomes: one table for code, page and dashboard.

A family draws on one or more names of `Metrics`. A name that ends in a full stop is a prefix, and
what follows it are label values, separated by full stops. Every sample has the label `site`; the
number of label values is bounded by the code that writes them, or by the number of robots.
"""

from dataclasses import dataclass, field
from pathlib import Path
import sys
from typing import Dict, Mapping, Tuple

COUNTER, GAUGE, HISTOGRAM = 'counter', 'gauge', 'histogram'
TICKS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
WAITS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0)
TASKS_S = (5.0, 10.0, 20.0, 30.0, 60.0, 90.0, 120.0, 180.0, 240.0, 300.0, 600.0, 1200.0, 3600.0)
FAILOVERS_S = (0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0, 30.0)


@dataclass(frozen=True)
class Family:
    """One Prometheus metric. `sources` maps a name of `Metrics` to the first label values."""

    name: str
    kind: str
    doc: str
    told_by: str  # which process has it
    sources: Mapping[str, Tuple[str, ...]] = field(default_factory=dict)
    labels: Tuple[str, ...] = ()  # besides `site`
    bounds: Tuple[float, ...] = ()  # upper bounds of a histogram's buckets


LOOPS = (('', 'control'), ('consensus_', 'consensus'), ('sim_', 'simulation'))


def _loops(what: str) -> Dict[str, Tuple[str, ...]]:
    """Return the sources of a figure that each periodic loop keeps."""
    return {prefix + what: (loop,) for prefix, loop in LOOPS}


FAMILIES: Tuple[Family, ...] = (
    Family('orders_total', COUNTER, 'Orders accepted, refused, done, failed or in doubt.',
           'leader', {'orders.': ()}, ('status', 'task_type')),
    Family('queue_depth', GAUGE, 'Accepted orders that no robot carries out yet.', 'leader',
           {'queue_depth': ()}),
    Family('orders_open', GAUGE, 'Orders that robots carry out now.', 'leader',
           {'orders_open': ()}),
    Family('task_latency_seconds', HISTOGRAM,
           'From the acceptance of an order to DONE, in time that the fleet was led.', 'leader',
           {'task_latency_s.': ()}, ('task_type',), TASKS_S),
    Family('task_deadline_miss_total', COUNTER,
           'Orders whose deadline passed before they had ended.', 'leader',
           {'deadline_misses.': ()}, ('task_type',)),
    Family('assignments_total', COUNTER,
           'Orders given to robots (assigned), decisions that no longer fitted (refused), and '
           'orders that came back from a robot before the pick (returned).', 'leader',
           {'assignments.': ()}, ('result',)),
    Family('robots', GAUGE, 'Enrolled robots by mode, as the leader hears them.', 'leader',
           {'robot_modes.': ()}, ('mode',)),
    Family('consensus_term', GAUGE, 'Term of this coordinator.', 'coordinators',
           {'consensus_term': ()}),
    Family('consensus_is_leader', GAUGE, '1 while this coordinator leads and decides, else 0.',
           'coordinators', {'consensus_is_leader': ()}),
    Family('consensus_commit_index', GAUGE, 'Newest committed log entry known here.',
           'coordinators', {'consensus_commit_index': ()}),
    Family('consensus_elections_total', COUNTER, 'Elections that this coordinator stood in.',
           'coordinators', {'consensus_elections': ()}),
    Family('commit_latency_seconds', HISTOGRAM, 'From a proposal to its commit.', 'leader',
           {'commit_s': ()}, (), TICKS_S),
    Family('report_period_asked_seconds', GAUGE,
           'How seldom a leader that falls behind asks robots with nothing new to report; 0: as '
           'they do by themselves.', 'leader', {'report_period_asked_s': ()}),
    Family('log_refused', GAUGE,
           '1 while the disk refuses the log and this coordinator is silent, else 0.',
           'coordinators', {'log_refused': ()}),
    Family('log_sync_seconds', HISTOGRAM, 'One write of the log, until the disk has it.',
           'coordinators', {'sync_s': ()}, (), TICKS_S),
    Family('failover_seconds', HISTOGRAM,
           'From the last word of the leader before to the first commit of this one.',
           'new leader', {'failover_s': ()}, (), FAILOVERS_S),
    Family('decision_seconds', HISTOGRAM,
           'Decisions of a robot: from what it heard to its velocity (robot), its route (route); '
           'of the leader: who may drive where (traffic), who gets which order (allocation), '
           'both with all that goes with them (leader).', 'edge nodes, leader',
           {'decision_s': ('robot',), 'route_s': ('route',), 'traffic_s': ('traffic',),
            'allocation_s': ('allocation',), 'decide_s': ('leader',)}, ('kind',), TICKS_S),
    Family('authority_wait_seconds', HISTOGRAM,
           'How long a robot stood at the end of its base until it held the next node.',
           'edge nodes', {'authority_wait_s': ()}, (), WAITS_S),
    Family('safe_stop_total', COUNTER,
           'Stops that the safety limiter made, by its reason.', 'edge nodes', {},
           ('reason', 'robot_id')),
    Family('robot_battery_ratio', GAUGE, 'State of charge, 0 to 1.', 'edge nodes', {},
           ('robot_id',)),
    Family('perception_seconds', HISTOGRAM,
           'From a camera image to its verdict: all of it (verdict), the model alone (inference).',
           'edge nodes', {'perception_s': ('verdict',), 'inference_s': ('inference',)},
           ('kind',), TICKS_S),
    Family('camera_age_seconds', HISTOGRAM, 'Age of a camera image when its verdict is used.',
           'edge nodes', {'camera_age_s': ()}, (), TICKS_S),
    Family('lane_blocked_total', COUNTER, 'Times that a camera began to see the lane blocked.',
           'edge nodes', {'lanes_blocked': ()}),
    Family('camera_frozen_total', COUNTER, 'Times that a camera was found frozen.',
           'edge nodes', {'cameras_frozen': ()}),
    Family('camera_frame_seconds', HISTOGRAM, 'One simulated camera image, rendered and sent.',
           'simulation', {'camera_frame_s': ()}, (), TICKS_S),
    Family('hosted_robots', GAUGE, 'Robots that this process hosts or simulates.',
           'edge nodes, simulation', {'robots': ()}),
    Family('ticks_total', COUNTER, 'Ticks of a periodic loop, those that were left out included.',
           'all', _loops('ticks'), ('loop',)),
    Family('tick_overruns_total', COUNTER,
           'Ticks that began more than a period late, lasted longer, or were left out.', 'all',
           _loops('tick_overruns'), ('loop',)),
    Family('tick_seconds', HISTOGRAM, 'How long a tick lasted.', 'all', _loops('tick_s'),
           ('loop',), TICKS_S),
    Family('tick_late_seconds', HISTOGRAM, 'How late a tick began.', 'all',
           _loops('tick_late_s'), ('loop',), TICKS_S),
    Family('cpu_utilization', GAUGE, 'Cores used by this process over the last ten seconds.',
           'all', {'cpu_utilization': ()}),
    Family('memory_peak_bytes', GAUGE, 'Most memory that this process ever held.', 'all',
           {'memory_peak_bytes': ()}),
    Family('messages_sent_total', COUNTER, 'ROS messages published.', 'all',
           {'messages_sent': ()}),
    Family('messages_received_total', COUNTER, 'ROS messages taken.', 'all',
           {'messages_received': ()}),
    Family('sent_bytes_total', COUNTER, 'Serialized size of what was published.', 'all',
           {'bytes_sent': ()}),
    Family('received_bytes_total', COUNTER, 'Serialized size of what was taken.', 'all',
           {'bytes_received': ()}),
    Family('endpoints', GAUGE, 'Publishers, subscriptions and services of this process.', 'all',
           {'endpoints': ()}),
    Family('endpoint_changes_total', COUNTER, 'Endpoints opened or closed after the start.',
           'all', {'endpoint_changes': ()}),
    Family('refused_total', COUNTER,
           'Messages, words and log events that were refused, by kind.', 'all',
           {'refused.': ()}, ('reason',)),
    Family('simulation_stalled_seconds_total', COUNTER,
           'Time that the simulated world lost because the cores were full.', 'simulation',
           {'sim_stalled_s': ()}),
    Family('gateway_refused_total', COUNTER,
           'Requests refused for their token, role, rate, or for too many under way.', 'gateways',
           {'gateway_refused.': ()}, ('reason',)),
    Family('gateway_notes_dropped_total', COUNTER,
           'Audit notes of refused requests that were too many, or that no leader took.',
           'gateways', {'gateway_notes_dropped': ()}),
    Family('gateway_orders_pending', GAUGE, 'Orders that wait at a gateway for their commit.',
           'gateways', {'gateway_orders_pending': ()}),
    Family('viewers', GAUGE, 'Subscriptions to the markers of the fleet.', 'viz', {'viewers': ()}),
    Family('drawn_robots', GAUGE, 'Robots that are drawn; 0 while nobody looks.', 'viz',
           {'drawn_robots': ()}),
    Family('scenes_total', COUNTER, 'Drawings of the fleet that were published.', 'viz',
           {'scenes': ()}),
    Family('scene_seconds', HISTOGRAM, 'How long a drawing took, from the state to the message.',
           'viz', {'scene_s': ()}, (), TICKS_S),
    Family('log_lines_dropped_total', COUNTER, 'Log lines left out by the rate limit.', 'all',
           {'log_lines_dropped': ()}),
    Family('series_dropped', GAUGE,
           'Label sets left out of this scrape because one metric had too many.', 'all'),
)
BY_NAME: Dict[str, Family] = {family.name: family for family in FAMILIES}

NOT_EXPORTED = {
    'stops.': 'told for each robot as safe_stop_total',
    'cpu_s': 'process_cpu_seconds_total of the client library',
    'wall_s': 'process_start_time_seconds of the client library',
}
"""Names of `Metrics` that are no metric of their own, and why."""

_EXACT = {source: (family, values) for family in FAMILIES
          for source, values in family.sources.items() if not source.endswith('.')}
_PREFIXES = {source: (family, values) for family in FAMILIES
             for source, values in family.sources.items() if source.endswith('.')}


def family_of(name: str, kind: str = COUNTER):
    """
    Return (Family, label values) of a name in `Metrics`; None for what is not exported.

    A name that the table does not know becomes a metric of its own, by rule: a figure must not
    vanish because somebody forgot a row. `kind` says what it is then.
    """
    if name in _EXACT:
        return _EXACT[name]
    prefix, dot, rest = name.partition('.')
    if name in NOT_EXPORTED or prefix + dot in NOT_EXPORTED:
        return None
    if prefix + dot in _PREFIXES:
        family, values = _PREFIXES[prefix + dot]
        wanted = len(family.labels) - len(values)
        # Reasons may go on with a colon and details, which have no end.
        found = rest.partition(':')[0].split('.', wanted - 1)
        return family, values + tuple(found + [''] * (wanted - len(found)))
    return _unknown(prefix, rest, kind), ((rest,) if dot else ())


def _unknown(prefix: str, rest: str, kind: str) -> Family:
    """Return a family for a name that has no row."""
    base = ''.join(c if c.isalnum() else '_' for c in prefix)
    if base.endswith('_s'):
        base = f'{base[:-2]}_seconds'
    if kind == COUNTER:
        base = f'{base}_total'
    return Family(base, kind, f'{prefix}, as this process counts it.', '', {},
                  ('kind',) if rest else (), TICKS_S)


def is_known(name: str) -> bool:
    """Return whether a name of `Metrics` has a row, or a reason to have none."""
    prefix = f'{name.partition(".")[0]}.'
    return (name in _EXACT or name in NOT_EXPORTED
            or '.' in name and (prefix in _PREFIXES or prefix in NOT_EXPORTED))


BEGIN, END = '<!-- metrics: begin -->', '<!-- metrics: end -->'


def markdown_table() -> str:
    """Return the table of `docs/observability.md`."""
    lines = ['| Metric | Kind | Labels | Told by | Meaning |', '|---|---|---|---|---|']
    for family in sorted(FAMILIES, key=lambda family: family.name):
        labels = ', '.join(f'`{label}`' for label in family.labels)
        lines.append(f'| `{family.name}` | {family.kind} | {labels} | {family.told_by} | '
                     f'{family.doc} |')
    return '\n'.join(lines)


def with_table(page: str) -> str:
    """Return a page with the table between its two marks renewed."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f'{before}{BEGIN}\n{markdown_table()}\n{END}{after}'


def main() -> None:
    """Renew the table in the page named on the command line."""
    path = Path(sys.argv[1])
    path.write_text(with_table(path.read_text(encoding='utf-8')), encoding='utf-8')


if __name__ == '__main__':
    main()
