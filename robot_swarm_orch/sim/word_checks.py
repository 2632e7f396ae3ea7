# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Judges of what coordinators tell robots and what robots do on it.

They know, in true time, when each report was sent, what was handed to each robot and when, and who
could reach whom. None of them looks at a robot's clock.

    SentReports    when each report was sent, in true time: what the others look up
    LeaseJudge     robots commanded to move without a lease that still lasts, or by an old term's
    CommandJudge   commands carried out though stale, repeated or of an old term
    MandateJudge   leases given by a leader that has not reached a majority for too long
    RestJudge      robots that still move when consensus has been lost for longer than the bound
    LimiterJudge   speeds above those asked for, and motion on stale input
"""

from math import inf

# Rounding of sums of steps of 10 ms [s].
_SLACK_S = 1e-6


class SentReports:
    """When every report was sent, by robot, boot and seq."""

    def __init__(self):
        """Start without any report."""
        self._sent = {}
        self._boots = {}

    def sent(self, time_s: float, robot: str, boot_id: int, seq: int) -> None:
        """Note a report; those of an older boot, or incarnation, of the robot are forgotten."""
        key = (boot_id, seq >> 32)
        if self._boots.get(robot) != key:
            self._boots[robot] = key
            self._sent[robot] = {}
        self._sent[robot][seq] = time_s

    def time_of(self, robot: str, seq: int):
        """Return when the present boot of a robot sent a report [s], None if it did not."""
        return self._sent.get(robot, {}).get(seq)


class LeaseJudge:
    """
    Finds robots that are told to move without a lease.

    A lease lasts for its duration from when the report was sent that it names, and counts only if
    no lease of a higher term reached the robot's program before.
    """

    def __init__(self, reports: SentReports, drift_ratio: float):
        """Clocks of robots are slow by up to `drift_ratio`."""
        self._reports = reports
        self._stretch = 1.0 + 2.0 * drift_ratio
        self._until = {}
        self._terms = {}
        self.violations = []

    def booted(self, robot: str) -> None:
        """Note that the robot's program, or its boot, begins anew: it has no lease."""
        self._until.pop(robot, None)
        self._terms.pop(robot, None)

    def feed(self, time_s: float, robot: str, leases, moves: bool) -> None:
        """Judge a tick: the leases handed over in it, in order, and whether motion came out."""
        for lease in leases:
            if lease.term < self._terms.get(robot, 0):
                continue
            self._terms[robot] = lease.term
            for name, seq in lease.heard:
                sent_s = self._reports.time_of(robot, seq) if name == robot else None
                if sent_s is not None:
                    self._until[robot] = max(self._until.get(robot, -inf),
                                             sent_s + lease.duration_s * self._stretch)
        until_s = self._until.get(robot, -inf)
        if moves and time_s > until_s + _SLACK_S:
            self.violations.append(f'{time_s:.2f} s: {robot} is told to move, but its lease ended '
                                   f'at {until_s:.2f} s')

    def term(self, robot: str) -> int:
        """Return the highest term of a lease that reached the robot's program."""
        return self._terms.get(robot, 0)


class CommandJudge:
    """
    Finds commands that a robot carries out though it must not.

    To carry out is to write ACCEPTED into the journal. What is written must answer a copy that was
    handed over in the same tick, was not stale, of no lower term than heard, and new.
    """

    def __init__(self, reports: SentReports, drift_ratio: float, ttl_max_s: float):
        """`ttl_max_s`: the longest life of a command that a robot allows."""
        self._reports = reports
        self._stretch = 1.0 + 2.0 * drift_ratio
        self._ttl_max_s = ttl_max_s
        self.refused_stale = 0
        self.violations = []

    def feed(self, time_s: float, robot: str, commands, accepted, answers, term: int) -> None:
        """
        Judge a tick.

        commands: the copies handed over. accepted: (record, state before) of each ACCEPTED that
        was written. answers: the acknowledgements that came out, None if the program died. term:
        the highest term that the robot heard before.
        """
        for record, before in accepted:
            copies = [command for command in commands if command.seq == record.seq]
            if not any(self._is_fresh(time_s, robot, command) for command in copies):
                self._tell(time_s, robot, record.seq, 'no fresh copy of it has just come')
            elif all(command.term < term for command in copies):
                self._tell(time_s, robot, record.seq, f'it is of a term before {term}')
            known = before.accepted
            if known is not None and (record.seq < known.seq or record.seq == known.seq and (
                    before.started or before.finished)):
                self._tell(time_s, robot, record.seq, f'it has carried out {known.seq} before')
        if answers is None:
            return
        for command in commands:
            replies = [ack for ack in answers if ack.seq == command.seq]
            if not replies:
                self._tell(time_s, robot, command.seq, 'it does not answer', 'hears')
            self.refused_stale += any(ack.reason in ('expired', 'stale_term') for ack in replies)

    def _is_fresh(self, time_s, robot, command):
        sent_s = self._reports.time_of(robot, command.heard_seq)
        life_s = min(command.ttl_s, self._ttl_max_s) * self._stretch
        return sent_s is not None and time_s <= sent_s + life_s + _SLACK_S

    def _tell(self, time_s, robot, seq, why, does='carries out'):
        self.violations.append(f'{time_s:.2f} s: {robot} {does} command {seq}, but {why}')


class MandateJudge:
    """Finds leases that outlive the leader's contact with a majority."""

    def __init__(self, election_max_s: float, lease_s: float, drift_ratio: float, slack_s: float):
        """`slack_s`: what steps and ticks of the simulation add."""
        self._age_max_s = election_max_s * (1.0 + 2.0 * drift_ratio) + slack_s
        self._lease_s, self._slack_s = lease_s * (1.0 + 2.0 * drift_ratio), slack_s
        self.violations = []

    def feed(self, time_s: float, leader_id: str, duration_s: float, contact_s: float) -> None:
        """Judge a lease; `contact_s` is when its giver could last exchange words with most."""
        age_s = time_s - contact_s
        if age_s > self._age_max_s:
            self.violations.append(f'{time_s:.2f} s: {leader_id} gives a lease, cut off from a '
                                   f'majority for {age_s:.2f} s')
        elif duration_s > self._lease_s - age_s + self._slack_s:
            self.violations.append(f'{time_s:.2f} s: {leader_id} gives a lease of '
                                   f'{duration_s:.2f} s, cut off for {age_s:.2f} s')


class RestJudge:
    """Finds robots that move though no majority of coordinators could talk for too long."""

    def __init__(self, bound_s: float):
        """`bound_s`: from the loss of consensus to rest (`config.safe_stop_bound_s`)."""
        self.bound_s = bound_s
        self.longest_s = 0.0  # the longest that anybody moved after a loss
        self._lost_s = None
        self._told = set()
        self.violations = []

    def feed(self, time_s: float, possible: bool, moving, late_s: float = 0.0) -> None:
        """
        Judge one moment.

        possible: whether some coordinator can exchange words with a majority. moving: names of the
        robots that really move. late_s: what dead programs add, whose bases wait for a watchdog.
        """
        if possible:
            self._lost_s = None
            self._told.clear()
            return
        if self._lost_s is None:
            self._lost_s = time_s
        since_s = time_s - self._lost_s
        if not moving:
            return
        if since_s <= self.bound_s + late_s:
            self.longest_s = max(self.longest_s, since_s)
            return
        for robot in moving:
            if robot not in self._told:
                self._told.add(robot)
                self.violations.append(f'{time_s:.2f} s: {robot} moves {since_s:.2f} s after '
                                       f'consensus was lost; the bound is {self.bound_s:.2f} s')


class LimiterJudge:
    """Finds motion above what was asked for, and motion on stale input."""

    def __init__(self, odometry_stale_s: float, scan_stale_s: float, scan_required: bool):
        """Know when input is stale, and whether a robot may do without a laser."""
        self._odometry_stale_s, self._scan_stale_s = odometry_stale_s, scan_stale_s
        self._scan_required = scan_required
        self.violations = []

    def feed(self, time_s: float, robot: str, asked, told, odometry_age_s, scan_age_s) -> None:
        """
        Judge one tick.

        asked, told: (speed [m/s], yaw rate [rad/s]) from the driver and to the base. Ages by the
        robot's own ROS time [s]; None: there is no such input.
        """
        for which, want, have in (('speed', asked[0], told[0]), ('yaw rate', asked[1], told[1])):
            if abs(have) > abs(want) + 1e-9 or have * want < 0.0:
                self.violations.append(f'{time_s:.2f} s: {robot} is told a {which} of {have:.3f}, '
                                       f'but only {want:.3f} was asked for')
        if told == (0.0, 0.0):
            return
        if odometry_age_s is None or abs(odometry_age_s) > self._odometry_stale_s:
            self.violations.append(f'{time_s:.2f} s: {robot} is told to move on odometry that is '
                                   f'{odometry_age_s} s old')
        if (abs(scan_age_s) > self._scan_stale_s if scan_age_s is not None
                else self._scan_required):
            self.violations.append(f'{time_s:.2f} s: {robot} is told to move on a laser scan that '
                                   f'is {scan_age_s} s old')
