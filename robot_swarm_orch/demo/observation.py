# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What was heard on the fleet's topics during a demo; times are the observer's steady clock."""

from typing import Dict, List, Optional, Set, Tuple

from robot_swarm_orch.metrics import merged, Metrics
from robot_swarm_orch.sim.checks import HoldJudge, InsideJudge, LeaderJudge
from robot_swarm_orch.types import FleetView, Lease, Mode, Reason, Report

# Reasons to stop that are nobody's plan: what a fleet in good health should never show.
NUISANCE = (Reason.LEASE, Reason.SCAN, Reason.PEER, Reason.DETECTION, Reason.STALE_ODOM,
            Reason.STALE_SCAN, Reason.STALE_CAMERA, Reason.POSE)
INSIDE_PERIOD_S = 1.0  # how often each robot's body is compared with what it holds


class Observation:
    """Everything that the report needs and that topics tell."""

    def __init__(self, site, robots: Tuple[str, ...]):
        """Expect these robots on a site."""
        self.robots = robots
        self.holds = HoldJudge()
        self.inside = InsideJudge(site)
        self.leaders = LeaderJudge()
        self.first_lease_s: Dict[int, float] = {}  # term -> when its first lease was heard
        self.term = 0
        self.leader = ''
        self.lease_s: Optional[float] = None  # when the newest lease was sent
        self.reports: Dict[str, Report] = {}
        self.lease_stops: List[Tuple[float, str]] = []  # when a robot said that its lease ran out
        self.view: Optional[FleetView] = None
        self.view_s = float('-inf')  # when it was heard
        self.at_first_lease: Dict[int, Dict[str, Report]] = {}  # term -> newest reports then
        self.metrics: Dict[str, Metrics] = {}  # process -> its newest figures
        self.metrics_s: Dict[str, float] = {}
        self._ended_metrics: List[Metrics] = []
        self.reports_heard = 0
        self._inside_due: Dict[str, float] = {}

    def hear_lease(self, now_s: float, lease: Lease) -> None:
        """Take a leader's lease in."""
        self.leaders.feed(lease.term, lease.leader_id)
        self._note_term(now_s, lease.term)
        if lease.term >= self.term:
            self.term, self.leader = lease.term, lease.leader_id
            self.lease_s = now_s if self.lease_s is None else max(self.lease_s, now_s)

    def _note_term(self, now_s: float, term: int) -> None:
        """Note when a term was first leased in, and what the robots said last before."""
        if term not in self.first_lease_s:
            self.first_lease_s[term] = now_s
            self.at_first_lease[term] = dict(self.reports)

    def hear_report(self, now_s: float, made_s: float, report: Report) -> None:
        """Take a robot's report in; `made_s` is its stamp [ROS time]."""
        self.reports_heard += 1
        if report.lease_seq > 0:
            # A restarted coordinator may have found the robots sooner than it found the observer.
            self._note_term(now_s, report.term)
        self._judge(now_s, made_s, report)
        before = self.reports.get(report.robot)
        self.reports[report.robot] = report
        if report.safety == Reason.LEASE and (before is None or before.safety != Reason.LEASE):
            self.lease_stops.append((now_s, report.robot))

    def _judge(self, now_s: float, made_s: float, report: Report) -> None:
        """Show a report to the judges; a robot that is joining does not know what it holds."""
        if report.mode in (Mode.UNKNOWN, Mode.JOINING):
            return
        self.holds.feed(report.robot, report.boot_id, report.seq, made_s, report.held)
        if report.safety == Reason.STALE_ODOM:
            return  # it says itself that it can't tell where it is, and stands
        if now_s >= self._inside_due.get(report.robot, 0.0):
            self._inside_due[report.robot] = now_s + INSIDE_PERIOD_S
            self.inside.feed(made_s, report.robot, report.pose.x_m, report.pose.y_m, report.held)

    def hear_view(self, now_s: float, view: FleetView) -> None:
        """Take the leader's picture of the fleet in."""
        self.leaders.feed(view.term, view.leader_id)
        if self.view is None or view.term >= self.view.term:
            self.view, self.view_s = view, now_s

    def hear_metrics(self, now_s: float, process: str, metrics: Metrics) -> None:
        """Take a process's figures in; they are cumulative since its start."""
        self.metrics[process] = metrics
        self.metrics_s[process] = now_s

    def process_ended(self, process: str) -> None:
        """Keep the figures of a process that was killed: its successor counts from zero."""
        last = self.metrics.pop(process, None)
        if last is not None:
            self._ended_metrics.append(last)

    def all_metrics(self) -> Metrics:
        """Return the figures of all processes, killed ones included."""
        return merged([*self._ended_metrics, *self.metrics.values()])

    def worst(self, histogram: str) -> Optional[float]:
        """Return the largest value that any process has in a histogram."""
        return max((metrics.histograms[histogram].largest
                    for metrics in (*self._ended_metrics, *self.metrics.values())
                    if histogram in metrics.histograms), default=None)

    def late_ticks(self) -> Optional[float]:
        """Return which part of the robots' control ticks overran so far."""
        late, ticks = (sum(metrics.counters.get(name, 0)
                           for metrics in (*self._ended_metrics, *self.metrics.values()))
                       for name in ('tick_overruns', 'ticks'))
        return late / ticks if ticks else None

    def new_lease_after(self, time_s: float) -> Tuple[Optional[int], Optional[float]]:
        """Return the first term that began to lease after a time, and when."""
        later = [(t, term) for term, t in self.first_lease_s.items() if t > time_s]
        if not later:
            return None, None
        t, term = min(later)
        return term, t

    def moving(self) -> int:
        """Return how many robots say that they move."""
        return sum(1 for report in self.reports.values() if abs(report.speed_mps) > 0.02)

    def missing(self) -> List[str]:
        """Return the robots that are not under way yet: unheard of or not in AUTOMATIC."""
        return [robot for robot in self.robots
                if robot not in self.reports or self.reports[robot].mode != Mode.AUTOMATIC]

    def stopped_for_lease(self, from_s: float, until_s: float) -> Set[str]:
        """Return the robots whose lease ran out within a span of time."""
        return {robot for t, robot in self.lease_stops if from_s < t <= until_s}
