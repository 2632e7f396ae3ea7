# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the leader hears from robots: which boot counts, who joins, who is fenced, who is silent.

Only reports of a robot's registered boot count, and after it has joined only those of its present
incarnation. All others are answered, at a limited rate, with what to do: FENCED (stand, join
anew), REFUSED (with the reason) or UNENROLLED (a person enrols the robot first).

A new boot joins when no other boot of that robot can still be moving: none was heard for the lease
plus the time to brake. A new leader has heard nobody, so it counts every registered boot as heard
at the moment it began to lead. The same rule holds for clearing a robot away.
"""

from math import inf

from robot_swarm_orch.coordinator import bars
from robot_swarm_orch.coordinator.keeper import NOBODY
from robot_swarm_orch.types import Grant, GrantStatus, incarnation_of, Mode, Reason

_ANSWER_PERIOD_S = 0.5
_STRANGERS = 1000
_FIT_WITHIN_S = 1.0
_TWO_ALIVE = ('another boot of it is alive, so two robots, or two processes, have this name: '
              'rename or stop one of them')
# Not IN_DOUBT: the log says whether a doubt is open, and a command ends one that was settled.
_UNFIT = frozenset((Reason.EMERGENCY, Reason.POSE, Reason.FENCED))
_OF_MODE = {Mode.MANUAL: bars.MANUAL, Mode.JOINING: bars.JOINING}


class _Heard:
    """What was heard of one robot; times are -inf-like `since_s` until it speaks."""

    __slots__ = ('incarnation', 'report', 'seq', 'heard_s', 'any_s', 'joining', 'joining_s',
                 'refused_s', 'double_s')

    def __init__(self, since_s):
        self.incarnation = -1
        self.report = None
        self.seq = 0
        self.heard_s = since_s
        self.any_s = since_s
        self.joining = NOBODY
        self.joining_s = since_s
        self.refused_s = -inf  # when another boot was refused because of this one
        self.double_s = -inf   # when this boot spoke after that other one


class ReportBook:
    """Everything heard during one leadership, which began at `now_s`."""

    def __init__(self, state, config, robot, term, now_s):
        """Count everybody as heard now; `config` is a CoordinatorConfig, `robot` a RobotConfig."""
        self._state = state
        self._keeper = state.keeper
        self._config = config
        self._term = term
        self._since_s = now_s
        self._heard = []
        self._answered = {}
        # The lease counts from the last word; then the robot notices, its base obeys and brakes.
        self.quiet_s = (config.lease_s + robot.tick_s + robot.actuation_delay_s
                        + robot.speed_mps / robot.brake_mps2)
        self.refusals = []
        self.boots = {}

    def _of(self, number):
        while len(self._heard) < len(self._keeper.names):
            self._heard.append(_Heard(self._since_s))
        return self._heard[number]

    # One report

    def hear(self, now_s, report):
        """
        Take in a report; return the robot's number if the report counts, else None.

        Answers to reports that do not count gather in `refusals`, boots to register in `boots`.
        """
        keeper = self._keeper
        number = keeper.numbers.get(report.robot)
        if number is None or not keeper.enrolled[number]:
            if number is not None:
                self._of(number).any_s = now_s
            self._answer(now_s, report, GrantStatus.UNENROLLED if report.mode == Mode.JOINING
                         else GrantStatus.FENCED, 'a person has to enrol it first')
            return None
        heard = self._of(number)
        heard.any_s = now_s
        if report.site_hash != keeper.site_hash:
            self._answer(now_s, report, GrantStatus.REFUSED,
                         f'it drives on the roadmap {report.site_hash}, not {keeper.site_hash}')
            return None
        joining = report.mode == Mode.JOINING
        if report.boot_id != keeper.boots[number]:
            if joining:
                self._join(now_s, number, heard, report)
            else:
                self._answer(now_s, report, GrantStatus.FENCED, 'another boot took its place')
            return None
        incarnation = keeper.incarnations[number]
        if not joining and incarnation_of(report.seq) != incarnation:
            self._answer(now_s, report, GrantStatus.FENCED, 'its incarnation is over')
            return None
        if heard.incarnation != incarnation:
            heard.incarnation, heard.seq, heard.joining = incarnation, 0, NOBODY
        if report.seq <= heard.seq:
            return None
        heard.report, heard.seq, heard.heard_s = report, report.seq, now_s
        if now_s - heard.refused_s < self.quiet_s:
            heard.double_s = now_s
        return number

    def _join(self, now_s, number, heard, report):
        """Let a boot join, unless another one may still be moving."""
        registered = self._keeper.boots[number]
        ago_s = now_s - heard.heard_s
        if registered != NOBODY and ago_s < self.quiet_s:
            heard.refused_s = now_s
            self._answer(now_s, report, GrantStatus.REFUSED, _TWO_ALIVE
                         if now_s - heard.double_s < self.quiet_s else
                         f'another boot of it was heard {ago_s:.1f} s ago')
        elif heard.joining not in (NOBODY, report.boot_id) and (
                now_s - heard.joining_s < self.quiet_s):
            self._answer(now_s, report, GrantStatus.REFUSED, 'another boot of it is joining')
        else:
            heard.joining, heard.joining_s = report.boot_id, now_s
            self.boots[report.robot] = report.boot_id

    def _answer(self, now_s, report, status, reason):
        """Answer a report that does not count, not too often."""
        last_s = self._answered.get(report.robot)
        if last_s is not None and now_s - last_s < _ANSWER_PERIOD_S:
            return
        if last_s is None and len(self._answered) >= _STRANGERS:
            self._answered.clear()
        self._answered[report.robot] = now_s
        keeper = self._keeper
        self.refusals.append(Grant(
            report.robot, report.boot_id, keeper.site_hash, self._term, 0, 0, (), status,
            self._state.index, reason=f'{report.robot}: {reason}'))

    # What is known

    def registered(self, now_s, name):
        """Note that a boot was registered: its robot was heard a moment ago."""
        self._of(self._keeper.numbers[name]).heard_s = now_s
        self.boots.pop(name, None)

    def report_of(self, number):
        """Return the newest report that counts, or None."""
        return self._of(number).report

    def heard_seq(self, number):
        """Return the newest seq heard of the registered boot, 0 if none."""
        heard = self._of(number)
        return heard.seq if heard.incarnation == self._keeper.incarnations[number] else 0

    def is_heard(self, now_s, number, within_s):
        """Return whether the registered boot has reported within the last seconds."""
        heard = self._of(number)
        return (heard.report is not None and now_s - heard.heard_s <= within_s
                and heard.incarnation == self._keeper.incarnations[number])

    def lacks_a_node(self, number):
        """Return whether the robot's newest report shows that it does not know all it owns."""
        report = self._of(number).report
        return report is not None and not self._keeper.owned[number].issubset(report.held)

    def why_unfit(self, now_s, number):
        """Return what keeps the robot from starting on a command now (Bar), None if nothing."""
        if not self.is_heard(now_s, number, _FIT_WITHIN_S):
            return bars.SILENT
        report = self._of(number).report
        if report.emergency_stop:
            return bars.STOPPED
        if report.mode != Mode.AUTOMATIC:
            return _OF_MODE.get(report.mode, bars.UNFIT)
        return bars.UNFIT if report.safety in _UNFIT or not report.held else None

    def all_stopped(self):
        """
        Return whether every robot that is not lost says that an emergency stop latches it.

        The robots obey without a leader, and a coordinator may have missed the word that they
        heard: what they say of themselves is the truth.
        """
        keeper, robots = self._keeper, self._state.robots
        words = [heard.report for name, enrolled, heard in zip(
                     keeper.names, keeper.enrolled, self._heard)
                 if enrolled and heard.report is not None and not robots[name].lost]
        return bool(words) and all(report.emergency_stop for report in words)

    def why_not_clear(self, now_s, name):
        """Return why a robot can't be cleared away yet, '' if it can."""
        number = self._keeper.numbers.get(name)
        if number is None:
            return ''
        ago_s = now_s - self._of(number).any_s
        if ago_s < self.quiet_s:
            return (f'{name} was heard {ago_s:.1f} s ago, or may have been: switch it off and try '
                    f'again {self.quiet_s:.1f} s after its last word')
        return ''

    def silence(self, now_s):
        """Return (robots that have become lost, lost robots that were heard again)."""
        keeper, lost, found = self._keeper, [], []
        for number, name in enumerate(keeper.names):
            if not keeper.enrolled[number] or keeper.boots[number] == NOBODY:
                continue
            silent = now_s - self._of(number).heard_s > self._config.robot_silent_s
            was_lost = self._state.robots[name].lost
            if silent and not was_lost:
                lost.append(name)
            elif was_lost and self.is_heard(now_s, number, self._config.robot_silent_s):
                found.append(name)
        return lost, found

    def ages_s(self, now_s):
        """Return (robot, how long ago it was heard [s]) of enrolled robots that ever joined."""
        keeper = self._keeper
        return [(name, now_s - self._of(number).heard_s)
                for number, name in enumerate(keeper.names)
                if keeper.enrolled[number] and keeper.boots[number] != NOBODY]

    def doubles(self, now_s):
        """Return the robots under whose name two boots have spoken lately."""
        return [name for name, heard in zip(self._keeper.names, self._heard)
                if now_s - heard.double_s < self.quiet_s]

    def lease_pairs(self, now_s):
        """Return (robot, newest seq heard) of all robots that a lease can renew."""
        limit_s = now_s - self._config.robot_silent_s
        incarnations, names = self._keeper.incarnations, self._keeper.names
        return tuple(
            (names[number], heard.seq) for number, heard in enumerate(self._heard)
            if heard.heard_s >= limit_s and heard.report is not None
            and heard.report.mode in (Mode.AUTOMATIC, Mode.JOINING)
            and heard.incarnation == incarnations[number])

    def mode_of(self, number):
        """Return a robot's mode for the fleet view."""
        heard = self._of(number)
        if self._state.robots[self._keeper.names[number]].lost:
            return Mode.LOST
        return Mode.UNKNOWN if heard.report is None else Mode(heard.report.mode)
