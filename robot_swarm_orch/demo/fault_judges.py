# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What each fault did to the fleet, and whether that is what had to happen.

One judge for each kind of fault (`JUDGES`). It reads ground truth and what was heard, never what
the fleet thinks of itself, but for two things that only a process knows: what it refused, and up
to where its log has come.
"""

from dataclasses import dataclass, field
from math import hypot
from typing import Dict, List, Optional

from robot_swarm_orch.demo.evidence import Evidence, FaultRecord
from robot_swarm_orch.demo.timeline import (
    CUT, DEAF, EDGE, FREEZE, FREEZE_EDGE, LATE, LEADER, MAJORITY, MUTE, REPLACE, RESTART, SPLIT,
    WIPE)
from robot_swarm_orch.demo.truth import Truth
from robot_swarm_orch.types import Mode, Reason, Report

# A robot says LEASE in its next report, so the last of those that stopped is heard up to this
# much later.
REPORT_DELAY_S = 0.25
# Robots that stop when a frozen or cut-off coordinator comes back would do so within this time.
RETURN_S = 2.0
AT_NODE_M = 0.3  # nearer to its last node than this, a robot has no run ahead
# Late words are refused to a man, but best-effort ones may get lost on the way to a robot.
REFUSED_LEAST = 0.8
_SHOWN = 5


@dataclass
class FaultFigures:
    """One fault: what was measured of it, and what broke, in words."""

    fault: str
    victims: tuple
    figures: Dict[str, object] = field(default_factory=dict)
    failures: List[str] = field(default_factory=list)

    def as_dict(self) -> dict:
        """Return it as plain values, ready for JSON."""
        return {'fault': self.fault, 'victims': list(self.victims), **self.figures}


def fault_figures(evidence: Evidence, truth: Truth, site) -> List[FaultFigures]:
    """Return the figures of every fault that was carried out, in their order."""
    found = []
    for record in evidence.faults:
        figures = FaultFigures(str(record.fault), record.victims)
        if record.ended_s is None:
            figures.failures.append(f'{record.fault} could not be undone before the end')
        else:
            for judge in JUDGES[record.fault.kind]:
                judge(figures, record, evidence, truth, site)
        found.append(figures)
    return found


def worst(found: List[FaultFigures], name: str, total: bool = False) -> Optional[float]:
    """Return the largest value (or the sum) of a figure over all faults, None if none has it."""
    values = [one.figures[name] for one in found if one.figures.get(name) is not None]
    return (sum(values) if total else max(values)) if values else None


def _judge_failover(figures, record, evidence, truth, site) -> None:
    """Time the new leader, if the old one was hit: its first lease follows its first commit."""
    if not record.led:
        return
    _, lease_s = _new_lease(figures, record, evidence)
    if lease_s is None:
        return
    figures.figures['failover_s'] = _rounded(lease_s - record.begun_s)
    stopped = evidence.observation.stopped_for_lease(record.begun_s, lease_s + REPORT_DELAY_S)
    figures.figures['robots_stopped'] = len(stopped)


def _judge_calm(figures, record, evidence, truth, site) -> None:
    """Count robots that stop for want of a lease, until it is over and done with."""
    stopped = evidence.observation.stopped_for_lease(record.begun_s, record.ended_s + RETURN_S)
    figures.figures['robots_stopped'] = len(stopped)
    terms = [t for t in evidence.observation.first_lease_s.values()
             if record.begun_s < t <= record.ended_s + RETURN_S]
    figures.figures['new_terms'] = len(terms)


def _judge_edge(figures, record, evidence, truth, site) -> None:
    """Demand that robots move again after the process of some came back."""
    moves = [t for t, _, moves in truth.motions if moves and t > record.ended_s]
    if moves:
        figures.figures['moving_again_s'] = _rounded(min(moves) - record.ended_s)
    elif not truth.moving_at(record.ended_s):
        figures.failures.append(f'no robot moved again after {record.fault}')


def _judge_majority(figures, record, evidence, truth, site) -> None:
    """Demand that all rest, none moves under an old term, and they go on afterwards."""
    term, lease_s = _new_lease(figures, record, evidence)
    # Without a majority nobody leads, so all must have stopped before it is started again.
    until_s = min(t for t in (lease_s, record.ended_s, evidence.end_s) if t is not None)
    rest_s = truth.all_at_rest_s(record.begun_s, until_s)
    figures.figures['safe_stop_bound_s'] = _rounded(evidence.bound_s)
    if rest_s is None:
        moving = sorted(truth.moving_at(until_s))
        figures.failures.append(
            f'{len(moving)} robots still moved {until_s - record.begun_s:.1f} s after '
            f'{record.fault}: {_named(moving)}')
    else:
        figures.figures['safe_stop_s'] = _rounded(rest_s - record.begun_s)
        _judge_stillness(figures, record, truth, rest_s, lease_s or evidence.end_s)
    if lease_s is not None:
        _judge_resumption(figures, record, evidence, truth, site, term, lease_s)


def _judge_stillness(figures, record, truth, rest_s, until_s) -> None:
    """Demand that no robot moves between rest and the first new lease."""
    moved = sorted({robot for t, robot, moves in truth.motions
                    if moves and rest_s < t < until_s})
    figures.figures['robots_moved_without_lease'] = len(moved)
    if moved:
        figures.failures.append(f'{len(moved)} robots moved under the old term, before the first '
                                f'new lease after {record.fault}: {_named(moved)}')


def _judge_resumption(figures, record, evidence, truth, site, term, lease_s) -> None:
    """Time how robots that stood for want of a lease move again."""
    ready = sorted(robot for robot, report in evidence.observation.at_first_lease[term].items()
                   if may_resume(report, site))
    figures.figures['robots_with_authority'] = len(ready)
    moves = {robot: truth.first_move_s(robot, lease_s) for robot in ready}
    stuck = [robot for robot, t in moves.items() if t is None]
    if stuck:
        figures.failures.append(
            f'{len(stuck)} robots with authority never moved after {record.fault}: '
            f'{_named(stuck)}')
    figures.figures['resume_s'] = _rounded(max(
        [0.0] + [t - lease_s for t in moves.values() if t is not None]))


def _judge_return(figures, record, evidence, truth, site) -> None:
    """Demand that a leader that was away says that it leads no more."""
    if not record.led:
        return
    if record.stepped_down_s is None:
        figures.failures.append(f'{record.victims[0]} did not say that it leads no more after '
                                f'{record.fault}')
    else:
        figures.figures['stepped_down_s'] = _rounded(record.stepped_down_s - record.ended_s)


def _judge_restart(figures, record, evidence, truth, site) -> None:
    """Demand that a coordinator that came anew reaches what was committed by then."""
    if record.exit_status is not None:
        figures.figures['exit_status'] = record.exit_status
        if record.exit_status:
            figures.failures.append(f'{record.victims[0]} ended with status {record.exit_status} '
                                    f'when asked to end ({record.fault})')
    name = record.successor or record.victims[0]
    if record.caught_up_s is None:
        figures.failures.append(f'{name} never caught up to entry {record.behind} '
                                f'after {record.fault}')
    else:
        figures.figures['caught_up_s'] = _rounded(record.caught_up_s - record.ended_s)


def _judge_succession(figures, record, evidence, truth, site) -> None:
    """Demand that the group took the new coordinator in and let the dead one go."""
    if record.group_changed_s is None:
        figures.failures.append(f'the group was not changed before the end ({record.fault})')
    else:
        figures.figures['group_changed_s'] = _rounded(record.group_changed_s - record.ended_s)


def _judge_words(figures, record, evidence, truth, site) -> None:
    """Demand that words that came late were refused, and carried out by nobody."""
    said = record.said
    if said is None:
        return
    refused = record.refused
    figures.figures['words_said_late'] = dict(said.sent)
    figures.figures['late_by_s'] = [_rounded(value) for value in said.late_s]
    if refused is None:
        figures.failures.append(f'the run ended before all words of {record.fault} were answered')
        return
    hosts = sum(name.startswith('edge') for name in evidence.observation.metrics)
    counted = {
        'lease': refused.get('lease_old', 0) + refused.get('lease_stale_term', 0),
        'authority': refused.get('grant_old', 0) + refused.get('grant_stale_term', 0),
        'command': sum(said.answers.values())}
    figures.figures['words_refused'] = counted
    figures.figures['refused_for_their_term'] = (
        refused.get('lease_stale_term', 0) + refused.get('grant_stale_term', 0))
    figures.figures['command_answers'] = dict(said.answers)
    expected = {**said.overtaken, 'lease': said.overtaken['lease'] * hosts}
    for kind, count in counted.items():
        if count < REFUSED_LEAST * expected.get(kind, 0):
            figures.failures.append(
                f'of {expected[kind]} late words of kind {kind} only {count} were refused after '
                f'{record.fault}')
    figures.failures += said.carried_out


def _judge_stale_term(figures, record, evidence, truth, site) -> None:
    """Demand that words of a deposed leader were refused for their term."""
    if record.led and record.said is not None and record.refused is not None and (
            not figures.figures['refused_for_their_term']):
        figures.failures.append(f'no robot refused a word for its term after {record.fault}')


def _new_lease(figures, record: FaultRecord, evidence: Evidence):
    """Return (term, when) of the first new leadership; nobody leading is a failure."""
    term, lease_s = evidence.observation.new_lease_after(record.begun_s)
    if lease_s is None:
        figures.failures.append(f'nobody led after {record.fault}')
    else:
        figures.figures['next_leader'] = ', '.join(
            sorted(evidence.observation.leaders.leaders.get(term, ()))) or None
    return term, lease_s


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


def _rounded(value: float) -> float:
    return round(value, 3)


JUDGES = {
    LEADER: (_judge_failover,),
    MAJORITY: (_judge_majority,),
    EDGE: (_judge_edge,),
    FREEZE: (_judge_failover, _judge_calm, _judge_return, _judge_words, _judge_stale_term),
    FREEZE_EDGE: (_judge_edge,),
    RESTART: (_judge_failover, _judge_calm, _judge_restart),
    WIPE: (_judge_failover, _judge_calm, _judge_restart),
    REPLACE: (_judge_failover, _judge_calm, _judge_restart, _judge_succession),
    LATE: (_judge_words,),
    **dict.fromkeys((CUT, SPLIT, MUTE, DEAF),
                    (_judge_failover, _judge_calm, _judge_return)),
}
