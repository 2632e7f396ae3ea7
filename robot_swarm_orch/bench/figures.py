# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Percentiles, histograms and bounds: statistics of measured times, and nothing else."""

from math import ceil
from typing import Dict, List, Sequence

from robot_swarm_orch.bench.group import Failover
from robot_swarm_orch.errors import ConfigError

QUANTILES = (('p50', 0.5), ('p90', 0.9), ('p99', 0.99), ('max', 1.0))
COMMIT_RATIO_MAX = 1.5    # p50 of a commit, ours over etcd's
FAILOVER_RATIO_MAX = 1.0  # p50 of a failover
WORST_RATIO_MAX = 2.0     # our worst failover over etcd's worst
_BINS_MAX = 16
_STEPS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def quantile(values: Sequence[float], fraction: float) -> float:
    """Return the smallest value that a `fraction` of all values do not exceed (nearest rank)."""
    if not values:
        raise ConfigError('nothing was measured: there is no quantile of no values')
    ordered = sorted(values)
    return ordered[max(1, ceil(fraction * len(ordered) - 1e-9)) - 1]


def summary(values: Sequence[float], quantiles=QUANTILES) -> Dict[str, float]:
    """Return some quantiles, by default p50, p90, p99 and max, and the count of times [s]."""
    return {**{name: quantile(values, fraction) for name, fraction in quantiles},
            'count': len(values)}


def ratios(ours: Dict[str, float], theirs: Dict[str, float]) -> Dict[str, float]:
    """Return ours over theirs for each quantile of two summaries."""
    return {name: ours[name] / theirs[name] for name, _ in QUANTILES}


def bins(*samples: Sequence[float]) -> List[float]:
    """Return the edges [s] of common bins for some samples, of a round width, at most 16 bins."""
    low, high = min(map(min, samples)), max(map(max, samples))
    step = next((step for step in _STEPS_S if high - low <= step * (_BINS_MAX - 2)),
                _STEPS_S[-1])
    first = int(low / step)
    count = int(high / step) - first + 1
    return [round((first + number) * step, 9) for number in range(count + 1)]


def counts(values: Sequence[float], edges: Sequence[float]) -> List[int]:
    """Return how many values lie in each bin, its lower edge included."""
    result = [0] * (len(edges) - 1)
    for value in values:
        number = sum(value >= edge for edge in edges) - 1
        result[min(max(number, 0), len(result) - 1)] += 1
    return result


def group_report(commits: Sequence[float], writes_per_s: float,
                 failovers: Sequence[Failover]) -> dict:
    """Return the figures of one group: summaries [s] and the trials themselves."""
    report = {'commit_s': summary(commits), 'writes_per_s': writes_per_s}
    if failovers:
        report.update(
            failover_s=summary([trial.write_s for trial in failovers]),
            lead_change_s=summary([trial.lead_s for trial in failovers]),
            trials_s=[[trial.write_s, trial.lead_s] for trial in failovers])
    return report


def compare(ours: dict, theirs: dict) -> dict:
    """Return the ratios ours/etcd and which bounds broke, of two group reports."""
    result = {'commit': ratios(ours['commit_s'], theirs['commit_s']),
              'writes_per_s': ours['writes_per_s'] / theirs['writes_per_s']}
    broken = []
    if result['commit']['p50'] > COMMIT_RATIO_MAX:
        broken.append(f'commit p50 is {result["commit"]["p50"]:.2f} times that of etcd, '
                      f'allowed are {COMMIT_RATIO_MAX:g}')
    if 'failover_s' in ours:
        result['failover'] = ratios(ours['failover_s'], theirs['failover_s'])
        result['lead_change'] = ratios(ours['lead_change_s'], theirs['lead_change_s'])
        if result['failover']['p50'] > FAILOVER_RATIO_MAX:
            broken.append(f'failover p50 is {result["failover"]["p50"]:.2f} times that of etcd, '
                          f'allowed is {FAILOVER_RATIO_MAX:g}')
        if result['failover']['max'] > WORST_RATIO_MAX:
            broken.append(f'the longest failover is {result["failover"]["max"]:.2f} times '
                          f'that of etcd, allowed are {WORST_RATIO_MAX:g}')
    return {**result, 'broken': broken}
