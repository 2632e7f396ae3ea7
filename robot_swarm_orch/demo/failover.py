# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What a leader's and a majority's death did to the fleet."""

from dataclasses import dataclass, field
from math import hypot
from typing import List, Optional

from robot_swarm_orch.demo.timeline import LEADER, MAJORITY
from robot_swarm_orch.demo.truth import Truth
from robot_swarm_orch.types import Mode, Reason, Report

# A robot says LEASE in its next report, so the last of those that stopped is heard up to this
# much later.
REPORT_DELAY_S = 0.25
AT_NODE_M = 0.3  # nearer to its last node than this, a robot has no run ahead
_SHOWN = 5


@dataclass
class FailoverFigures:
    """None: there was no such fault."""

    failover_s: Optional[float] = None
    robots_stopped: Optional[int] = None
    safe_stop_s: Optional[float] = None
    resume_s: Optional[float] = None
    robots_to_resume: Optional[int] = None
    failures: List[str] = field(default_factory=list)


def failover_figures(evidence, truth: Truth, site) -> FailoverFigures:
    """Return the figures, the worst where a kind of fault came more than once."""
    figures = FailoverFigures()
    for record in evidence.faults:
        term, lease_s = evidence.observation.new_lease_after(record.killed_s)
        if record.fault.kind in (LEADER, MAJORITY) and lease_s is None:
            figures.failures.append(f'nobody led after {record.fault}')
        if record.fault.kind == LEADER and lease_s is not None:
            _judge_leader(figures, evidence, record, lease_s)
        elif record.fault.kind == MAJORITY:
            _judge_majority(figures, evidence, truth, record, term, lease_s, site)
    return figures


def _judge_leader(figures, evidence, record, lease_s) -> None:
    """Add the death of one leader; the first lease follows the new leader's first commit."""
    figures.failover_s = max(figures.failover_s or 0.0, lease_s - record.killed_s)
    stopped = evidence.observation.stopped_for_lease(record.killed_s, lease_s + REPORT_DELAY_S)
    figures.robots_stopped = (figures.robots_stopped or 0) + len(stopped)


def _judge_majority(figures, evidence, truth, record, term, lease_s, site) -> None:
    """Add the death of one majority: all come to rest, and go on after the restart."""
    # Without a majority nobody leads, so all must have stopped before it is started again.
    until_s = min(t for t in (lease_s, record.restarted_s, evidence.end_s) if t is not None)
    rest_s = truth.all_at_rest_s(record.killed_s, until_s)
    if rest_s is None:
        moving = sorted(truth.moving_at(until_s))
        figures.failures.append(
            f'{len(moving)} robots still moved {until_s - record.killed_s:.1f} s after '
            f'{record.fault}: {_named(moving)}')
    else:
        figures.safe_stop_s = max(figures.safe_stop_s or 0.0, rest_s - record.killed_s)
    if lease_s is None:
        return
    ready = sorted(robot for robot, report in evidence.observation.at_first_lease[term].items()
                   if may_resume(report, site))
    figures.robots_to_resume = (figures.robots_to_resume or 0) + len(ready)
    moves = {robot: truth.first_move_s(robot, lease_s) for robot in ready}
    stuck = [robot for robot, t in moves.items() if t is None]
    if stuck:
        figures.failures.append(
            f'{len(stuck)} robots with authority never moved after {record.fault}: '
            f'{_named(stuck)}')
    figures.resume_s = max([figures.resume_s or 0.0]
                           + [t - lease_s for t in moves.values() if t is not None])


def may_resume(report: Report, site) -> bool:
    """Return whether a robot that stands for want of a lease has a run ahead of it."""
    if report.mode != Mode.AUTOMATIC or report.safety != Reason.LEASE or report.goal < 0 \
            or not report.held:
        return False
    x_m, y_m = site.xy[report.held[-1]]
    return hypot(x_m - report.pose.x_m, y_m - report.pose.y_m) > AT_NODE_M


def _named(robots) -> str:
    """Return the first few of some robots."""
    more = len(robots) - _SHOWN
    return ', '.join(robots[:_SHOWN]) + (f' and {more} more' if more > 0 else '')
