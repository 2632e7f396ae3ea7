# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
OK, WARN, ERROR or STALE: what the figures of a process or a robot mean for a person.

A finding is (level, words). The levels are those of diagnostic_msgs/DiagnosticStatus. STALE is for
what says nothing any more: there is no telling how it is.
"""

from collections import deque
from dataclasses import dataclass
from typing import Iterable, Mapping, Optional, Tuple

from robot_swarm_orch.config import check, check_ranges, param

OK, WARN, ERROR, STALE = range(4)
Finding = Tuple[int, str]
WINDOW_S = 10.0
"""Shares and ratios are taken over so long: a late tick in a second of ten says little."""


@dataclass(frozen=True)
class HealthParams:
    """From where on a figure is a warning or an error in /diagnostics."""

    overruns_warn: float = param(
        0.01, 'part of the ticks of ten seconds that overran: a warning from here', 0.0, 1.0)
    overruns_error: float = param(0.2, 'the same: an error from here', 0.0, 1.0)
    cpu_warn: float = param(0.8, 'cores used over ten seconds: a warning from here', 0.0, 1024.0)
    cpu_error: float = param(0.97, 'the same: an error from here', 0.0, 1024.0)
    input_warn_s: float = param(
        0.3, 'age of pose or laser scan: a warning from here [s]', 0.01, 60.0)
    input_error_s: float = param(0.6, 'the same: an error from here [s]', 0.01, 60.0)
    input_stale_s: float = param(
        3.0, 'the same: from here on, or if there was none yet, the robot is STALE [s]',
        0.1, 600.0)
    lease_warn_s: float = param(
        0.3, 'what is left of a lease: a warning below; without a lease an error [s]', 0.0, 30.0)
    battery_warn: float = param(0.2, 'state of charge: a warning below', 0.0, 1.0)
    battery_error: float = param(0.05, 'the same: an error below', 0.0, 1.0)
    sync_warn_s: float = param(
        0.05, 'worst write of the log in a second: a warning from here [s]', 0.0, 60.0)
    sync_error_s: float = param(0.15, 'the same: an error from here [s]', 0.0, 60.0)
    leaderless_warn_s: float = param(
        1.0, 'time without a known leader: a warning from here [s]', 0.0, 600.0)
    leaderless_error_s: float = param(5.0, 'the same: an error from here [s]', 0.0, 600.0)

    def __post_init__(self):
        """Check ranges, and that no error comes before its warning."""
        check_ranges(self)
        for name in ('overruns', 'cpu', 'input', 'sync', 'leaderless'):
            unit = '' if name in ('overruns', 'cpu') else '_s'
            warn, error = (f'{name}_{level}{unit}' for level in ('warn', 'error'))
            check(getattr(self, warn) <= getattr(self, error),
                  f'{warn} {getattr(self, warn)} must not exceed {error} {getattr(self, error)}')
        check(self.battery_error <= self.battery_warn,
              f'battery_error {self.battery_error} must not exceed battery_warn '
              f'{self.battery_warn}')


def worst(findings: Iterable[Finding]) -> Finding:
    """Return the highest level, and the words of all, the gravest first."""
    ordered = sorted(findings, key=lambda finding: -finding[0])
    return (ordered[0][0] if ordered else OK,
            '; '.join(words for _, words in ordered if words))


def above(value: float, warn: float, error: float, words: str) -> Tuple[Finding, ...]:
    """Return the finding about a value that should be low, () if it is."""
    if value >= error:
        return ((ERROR, words),)
    return ((WARN, words),) if value >= warn else ()


class Window:
    """Ticks, overruns and processor time of a process over the last `WINDOW_S`."""

    def __init__(self):
        """Start with nothing."""
        self._samples = deque()

    def add(self, now_s: float, cpu_s: float, counters: Mapping[str, float]) -> None:
        """Take in counts that are cumulative since the start, about once a second."""
        ticks, overruns = (sum(counters.get(prefix + name, 0)
                               for prefix in ('', 'consensus_', 'sim_'))
                           for name in ('ticks', 'tick_overruns'))
        self._samples.append((now_s, cpu_s, ticks, overruns))
        while self._samples[0][0] < now_s - WINDOW_S - 0.5:
            self._samples.popleft()

    def _grown(self, which: int) -> float:
        return self._samples[-1][which] - self._samples[0][which]

    @property
    def cpu_cores(self) -> float:
        """Return the cores used; 0 until there are two samples."""
        if len(self._samples) < 2 or self._grown(0) <= 0.0:
            return 0.0
        return self._grown(1) / self._grown(0)

    @property
    def overrun_ratio(self) -> float:
        """Return which part of the ticks overran; 0 while there were none."""
        if len(self._samples) < 2 or self._grown(2) <= 0:
            return 0.0
        return self._grown(3) / self._grown(2)


def judge_process(window: Window, limits: HealthParams) -> Tuple[Finding, ...]:
    """Return what is to be said of a process's ticks and processor."""
    ratio, cores = window.overrun_ratio, window.cpu_cores
    return (above(ratio, limits.overruns_warn, limits.overruns_error,
                  f'{100.0 * ratio:.1f} % of its ticks came late')
            + above(cores, limits.cpu_warn, limits.cpu_error,
                    f'it uses {cores:.2f} of a core'))


def judge_coordinator(leaderless_s: Optional[float], sync_worst_s: float,
                      limits: HealthParams) -> Tuple[Finding, ...]:
    """
    Return what is to be said of a coordinator.

    leaderless_s: for how long no leader is known; None while one is. sync_worst_s: the longest
    write of the log since the last look.
    """
    found = above(sync_worst_s, limits.sync_warn_s, limits.sync_error_s,
                  f'its log waited {1000.0 * sync_worst_s:.0f} ms for the disk')
    if leaderless_s is not None:
        found += above(leaderless_s, limits.leaderless_warn_s, limits.leaderless_error_s,
                       f'no leader is known for {leaderless_s:.1f} s')
    return found


@dataclass
class RobotCondition:
    """What the judgement of a robot rests on; ages in seconds, inf where nothing ever came."""

    halted: str = ''
    active: bool = True
    mode: str = 'AUTOMATIC'
    reason: str = 'NONE'
    stopped: bool = False
    pose_age_s: float = 0.0
    scan_age_s: float = 0.0
    scan_required: bool = True
    lease_left_s: float = 1.0
    emergency: str = ''
    order_id: str = ''
    battery: float = float('nan')


_STANDS = {
    'EMERGENCY': (ERROR, 'emergency stop: {0.emergency}'),
    'POSE': (ERROR, 'its body is outside the nodes that it holds, or its pose is not known well '
             'enough'),
    'IN_DOUBT': (ERROR, 'nobody can tell whether a pick or drop took place: a person settles it'),
    'FENCED': (WARN, 'its last boot is over; it joins anew'),
    'JOINING': (WARN, 'joining: it waits for the coordinators'),
    'INACTIVE': (WARN, 'inactive'),
}


def judge_robot(robot: RobotCondition, limits: HealthParams) -> Finding:
    """Return how a robot is."""
    if robot.halted:
        return ERROR, f'halted by a fault of the program: {robot.halted}'
    found = _inputs(robot, limits)
    if robot.reason in _STANDS and robot.stopped:
        level, words = _STANDS[robot.reason]
        found += ((level, words.format(robot)),)
    elif not robot.lease_left_s > 0.0:
        found += ((ERROR, 'no lease: no leader hears this robot, or none leads'),)
    elif robot.lease_left_s < limits.lease_warn_s:
        found += ((WARN, f'its lease ends in {robot.lease_left_s:.2f} s'),)
    if robot.battery < limits.battery_error:
        found += ((ERROR, f'battery {100.0 * robot.battery:.0f} %'),)
    elif robot.battery < limits.battery_warn:
        found += ((WARN, f'battery {100.0 * robot.battery:.0f} %'),)
    if found:
        return worst(found)
    return OK, f'order {robot.order_id}' if robot.order_id else 'no order'


def _inputs(robot: RobotCondition, limits: HealthParams) -> Tuple[Finding, ...]:
    """Return what is to be said of pose and laser scan."""
    found = ()
    scan_age_s = robot.scan_age_s if robot.scan_required else 0.0
    for what, age_s in (('pose', robot.pose_age_s), ('laser scan', scan_age_s)):
        if age_s == float('inf'):
            found += ((STALE, f'no {what} yet'),)
        elif age_s >= limits.input_stale_s:
            found += ((STALE, f'no {what} for {age_s:.1f} s'),)
        else:
            found += above(age_s, limits.input_warn_s, limits.input_error_s,
                           f'its {what} is {age_s:.2f} s old')
    return found
