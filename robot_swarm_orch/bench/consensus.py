# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The order of the measurements: blocks of ours and of etcd in turns, in one run.

So whatever else the machine does meets both alike. A block starts its group afresh, writes one
after another, then kills leaders; the first block also measures throughput. A group that stays
open (a fleet that takes a minute to start) is told so by `stays_open`.
"""

from dataclasses import dataclass, field
import time
from typing import Callable, Dict, List, Sequence

from robot_swarm_orch.bench.group import Failover, Group

WARM_UP = 20     # writes before the first that counts
SETTLE_S = 0.5   # after a member has come back, before the next kill
AT_ONCE = 32     # writes under way when throughput is measured


@dataclass(frozen=True)
class BenchOptions:
    """What to measure; the command line gives the defaults and explains them."""

    trials: int = 100         # leaders killed in each group
    block: int = 10           # trials of one group before the other's turn
    writes: int = 100         # sequential writes of a block
    burst: int = 1000         # writes for throughput
    seed: int = 1


@dataclass
class Samples:
    """What was measured of one group, block after block."""

    commits_s: List[float] = field(default_factory=list)
    failovers: List[Failover] = field(default_factory=list)
    writes_per_s: float = 0.0


def measure(groups: Sequence[Group], options: BenchOptions, rng,
            tell: Callable[[str], None]) -> Dict[str, Samples]:
    """
    Measure all groups in turns and return their samples by name.

    rng: random.Random that spreads the kills over the heartbeat period. tell: is given a line
    about each block. Raises BenchFailed; every group is closed then.
    """
    samples = {group.name: Samples() for group in groups}
    try:
        left = options.trials
        first = True
        while left > 0 or first:
            for group in groups:
                trials = min(left, options.block)
                _block(group, samples[group.name], trials, options, rng, first)
                tell(_line(group.name, samples[group.name], options))
            left, first = left - options.block, False
    finally:
        for group in groups:
            group.close()
    return samples


def _block(group, samples, trials, options, rng, is_first):
    """Measure one block of one group."""
    group.open()
    for _ in range(WARM_UP):
        group.write()
    for _ in range(options.writes):
        started_s = time.perf_counter()
        group.write()
        samples.commits_s.append(time.perf_counter() - started_s)
    if is_first:
        started_s = time.perf_counter()
        group.write_many(options.burst, AT_ONCE)
        samples.writes_per_s = options.burst / (time.perf_counter() - started_s)
    for _ in range(trials):
        # A leader dies at any moment between two heartbeats, not at a chosen one.
        time.sleep(SETTLE_S + rng.uniform(0.0, 0.1))
        samples.failovers.append(group.fail_over())
        group.restore()
    if not getattr(group, 'stays_open', False):
        group.close()


def _line(name, samples, options):
    """Return what was measured of a group so far, for people who wait."""
    times_ms = sorted(1000.0 * trial.write_s for trial in samples.failovers)
    middle = f', failover {times_ms[len(times_ms) // 2]:.0f} ms' if times_ms else ''
    commits_ms = sorted(1000.0 * commit_s for commit_s in samples.commits_s)
    return (f'{name:6} {len(times_ms):3} of {options.trials} trials: commit '
            f'{commits_ms[len(commits_ms) // 2]:.2f} ms{middle} (medians so far)')
