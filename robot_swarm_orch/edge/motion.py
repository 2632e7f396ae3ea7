# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Path following by velocity commands: straight along edges, stop and turn at bends, stop exactly.

Control is slow (10 Hz) and its view is old: odometry was taken up to 0.15 s ago, and a command
acts only after the actuation delay. So the `Reckoner` first carries the odometry forward with the
commands that were sent, by a model of the base that ramps to each commanded velocity at its
limits; the `Follower` then decides for the moment at which its command will act.

The speed goes on from the last one that was really sent: from period to period it changes by no
more than the limits of acceleration and braking, and this change by no more than the limit of
jerk. Each time the highest acceleration is taken from which a braking that keeps all limits ends
at the end of the base, under what the safety limiter will allow meanwhile: so at a bend or a goal
the limiter has nothing to cut. What the limiter does cut, and the stop of a robot that faces
elsewhere, is not bound by the jerk: safety never waits for comfort.

No two wheels are alike, and a floor may be greasy on one side. How far the base veers off by
itself for each metre is learnt from the headings that the odometry gives, and steered against.
"""

from collections import deque
from math import ceil, cos, sin, sqrt

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.base import (
    Base, BEND_RAD, Progress, stop_distance_m, stoppable_speed_mps, wrap_rad)
from robot_swarm_orch.types import Motion, Odometry, Pose, STANDSTILL

# Shares of the base's limits that are planned with; the rest corrects errors.
_BRAKE_SHARE = 0.95
_YAW_SHARE = 0.9
# Room is used up to within this [m].
_NEAR_M = 0.002
# Twice the share of braking with which a gentle bend is approached.
_BEND_BRAKE_SHARE = 1.2
# Of the room that the limiter gives beyond the end of the base, this much is left alone [m].
_SLACK_KEPT_M = 0.005
# Per metre off the line, steer this far back towards it when slow [rad/m], less when fast.
_STEER_RAD_PER_M = 2.4
_STEER_MAX_RAD = 0.25
# A base whose computer dies at full speed may leave the line by this much before it stands [m].
_DRIFT_M = 0.04
# Below this speed and this near to the stopping point, the turn at a bend begins [m/s, m].
_TURN_BELOW_MPS = 0.12
_TURN_WITHIN_M = 0.02
# A robot that faces elsewhere and is faster than this did not just pass a bend: it stops hard.
_ASTRAY_MPS = 0.3
# Of a small heading error, this share is turned away in one period.
_DAMPING = 0.7
# Odometry is never carried forward by more than this [s]; older odometry stops the robot anyway.
_REACH_S = 1.0
_STILL_MPS = 0.02
# A base whose speed is this many periods of acceleration off does not follow: go on from there.
_ASTRAY_PERIODS = 2.0
# Learning how the base veers: from ways this long [m], this share of the miss for each metre, at
# first more and after so many metres less [1/m, m]; no more than a wheel a sixth smaller than the
# other one would do [rad/m]. A larger miss at once is a pose that jumped [rad].
_LEARN_FROM_M = 0.02
_LEARN_FIRST_PER_M, _LEARN_PER_M = 3.0, 1.0
_VEER_MAX_RADPM = 0.3
_JUMP_RAD = 0.15


def ramp(now: float, target: float, faster: float, slower: float, time_s: float):
    """
    Return (way, velocity) after `time_s` of ramping from a velocity to another one and holding it.

    `faster` and `slower` are the accelerations away from and towards zero.
    """
    rate = faster if abs(target) > abs(now) and target * now >= 0.0 else slower
    change = target - now
    ramp_s = abs(change) / rate
    if ramp_s >= time_s:
        end = now + (rate if change > 0.0 else -rate) * time_s
        return 0.5 * (now + end) * time_s, end
    return 0.5 * (now + target) * ramp_s + target * (time_s - ramp_s), target


def advance(body: Odometry, target: Motion, time_s: float, config: RobotConfig,
            veer_radpm: float = 0.0) -> Odometry:
    """
    Return the state after `time_s` under one command, by the model of the base.

    `veer_radpm` is how far the base turns left by itself for each metre.
    """
    way, speed = ramp(body.motion.speed_mps, target.speed_mps, config.acceleration_mps2,
                      config.brake_mps2, time_s)
    turn, rate = ramp(body.motion.yaw_rate_radps,
                      target.yaw_rate_radps + veer_radpm * target.speed_mps,
                      config.yaw_acceleration_radps2, config.yaw_acceleration_radps2, time_s)
    pose = body.pose
    middle = pose.yaw_rad + 0.5 * turn
    return Odometry(Pose(pose.x_m + way * cos(middle), pose.y_m + way * sin(middle),
                         wrap_rad(pose.yaw_rad + turn)),
                    Motion(speed, rate), body.taken_s + time_s, body.pose_error_m)


class Reckoner:
    """Carries odometry forward to any later moment with the commands sent since."""

    def __init__(self, config: RobotConfig):
        """Start with no command sent."""
        self.config = config
        self.commanded = STANDSTILL         # the last one sent
        self.acceleration_mps2 = 0.0        # by which its speed differs from the one before
        self.veer_radpm = 0.0               # how far the base turns left by itself [rad/m]
        self._sent = deque(maxlen=64)       # (acts from [s], motion), oldest first
        self._seen = None                   # the odometry before
        self._learnt_m = 0.0                # the way that the veer was learnt from

    def sent(self, at_s: float, motion: Motion) -> None:
        """Note a command sent at a control time; a clock that was set back begins anew."""
        if self._sent and at_s + self.config.actuation_delay_s < self._sent[-1][0]:
            self._sent.clear()
        self._sent.append((at_s + self.config.actuation_delay_s, motion))
        self.acceleration_mps2 = (motion.speed_mps - self.commanded.speed_mps) / self.config.tick_s
        self.commanded = motion

    def at(self, odometry: Odometry, when_s: float) -> Odometry:
        """Return the state at a control time; odometry comes in the order it was taken."""
        sent = self._sent
        self._learn(odometry)
        while len(sent) > 1 and sent[1][0] <= odometry.taken_s:
            sent.popleft()
        return self._carry(odometry, min(when_s, odometry.taken_s + _REACH_S))

    def after_delay(self, body: Odometry) -> Odometry:
        """Return the state at the moment when a command sent at `body.taken_s` acts."""
        return self._carry(body, body.taken_s + self.config.actuation_delay_s)

    def _learn(self, seen):
        """Learn how the base veers from how far it turned since the odometry before."""
        before, self._seen = self._seen, seen
        if before is None or seen.motion.speed_mps < _STILL_MPS:
            return
        time_s = seen.taken_s - before.taken_s
        way = 0.5 * (before.motion.speed_mps + seen.motion.speed_mps) * time_s
        if way < _LEARN_FROM_M or time_s > _REACH_S:
            return
        miss = wrap_rad(seen.pose.yaw_rad - before.pose.yaw_rad - self.veer_radpm * way
                        - self._asked_rad(before.taken_s, seen.taken_s))
        if abs(miss) < _JUMP_RAD:
            self._learnt_m += way
            veer = self.veer_radpm + miss * max(_LEARN_PER_M, _LEARN_FIRST_PER_M - self._learnt_m)
            self.veer_radpm = max(-_VEER_MAX_RADPM, min(_VEER_MAX_RADPM, veer))

    def _asked_rad(self, start_s, end_s):
        """Return the turn that was commanded between two moments."""
        total, rate = 0.0, 0.0
        for acts_s, motion in self._sent:
            if acts_s >= end_s:
                break
            if acts_s > start_s:
                total += rate * (acts_s - start_s)
                start_s = acts_s
            rate = motion.yaw_rate_radps
        return total + rate * (end_s - start_s)

    def _carry(self, body, end):
        """Advance a state to a later moment under the commands that act until then."""
        target, veer = body.motion, 0.0  # what was measured holds until a command acts
        for acts_s, motion in self._sent:
            if acts_s >= end:
                break
            if acts_s > body.taken_s:
                body = advance(body, target, acts_s - body.taken_s, self.config, veer)
            target, veer = motion, self.veer_radpm
        if end > body.taken_s:
            body = advance(body, target, end - body.taken_s, self.config, veer)
        return body


def next_velocity(room: float, velocity: float, limit: float, slow_down: float,
                  period_s: float) -> float:
    """
    Return the highest velocity, reached within a period, from which `room` suffices to stop.

    Solves (velocity + v) / 2 * period + v^2 / (2 slow_down) = room for v, at most `limit`; 0 where
    even standing still is too late. Works for metres and for radians alike.
    """
    half = 0.5 * slow_down * period_s
    inner = half * half + slow_down * (2.0 * room - velocity * period_s)
    if inner <= half * half:
        return 0.0
    return min(limit, sqrt(inner) - half)


class Follower:
    """The motion driver for a base that takes velocity commands (`seams.MotionDriver`)."""

    def __init__(self, config: RobotConfig, reckoner: Reckoner):
        """Follow by the limits in `config`; the reckoner knows what was commanded."""
        self.config = config
        self.reckoner = reckoner
        self._brake = _BRAKE_SHARE * config.brake_mps2
        self._jerk_step = config.jerk_mps3 * config.tick_s    # change of acceleration a period
        self._yaw_step = config.yaw_acceleration_radps2 * config.tick_s
        # The limiter looks before the command acts, so part of its reaction time is over by then.
        self._lag_s = max(0.0, config.react_s - config.actuation_delay_s - config.tick_s)
        # With more room than this, no stop is near enough to matter.
        self._far_m = (2.0 * config.tick_s * config.speed_mps
                       + self._reach_m(config.speed_mps, config.acceleration_mps2, 0.0))

    def progress(self, body: Odometry, base: Base) -> Progress:
        """Return how far the robot is along the base."""
        x, y = body.pose.x_m, body.pose.y_m
        along = base.ahead.along_m(x, y) if base.ahead is not None else 0.0
        still = abs(body.motion.speed_mps) < _STILL_MPS
        return Progress(base.node, along, base.to_stop_m(x, y),
                        still and abs(along) <= self.config.arrive_m)

    def drive(self, body: Odometry, base: Base, speed_limit_mps: float) -> Motion:
        """Return the velocity to command now, for the state in which it will act."""
        edge = base.ahead
        if edge is None:
            if self.reckoner.commanded == STANDSTILL:
                return STANDSTILL
            return self._command(self._speed_to(0.0), 0.0)
        state = self.reckoner.after_delay(body)
        pose, motion = state.pose, state.motion
        room = base.to_stop_m(pose.x_m, pose.y_m)
        ends = motion.speed_mps < _TURN_BELOW_MPS and room < _TURN_WITHIN_M
        if ends and base.turn_edge is not None:
            edge = base.turn_edge
        error = wrap_rad(edge.yaw_rad - pose.yaw_rad)
        if ends:
            speed = (self._next_speed(motion.speed_mps, _TURN_BELOW_MPS, room, base.slack_m)
                     if self.reckoner.commanded.speed_mps > 0.0 else 0.0)
            return self._command(speed, self._turn(error, motion.yaw_rate_radps))
        if abs(error) > BEND_RAD * 2.0:
            slow = motion.speed_mps < _TURN_BELOW_MPS
            return self._command(
                self._speed_to(0.0) if motion.speed_mps < _ASTRAY_MPS else 0.0,
                self._turn(error, motion.yaw_rate_radps) if slow else 0.0)
        limit = min(speed_limit_mps, self.config.speed_mps, self._speed_for_bend(base, pose))
        return self._along(edge, state, room, base.slack_m, limit)

    def _command(self, speed, rate):
        """Return a velocity whose yaw rate the base can reach within the period."""
        before, most = self.reckoner.commanded.yaw_rate_radps, self.config.yaw_rate_radps
        if abs(rate - before) > self._yaw_step:
            rate = before + (self._yaw_step if rate > before else -self._yaw_step)
        if abs(rate) > most:
            rate = most if rate > 0.0 else -most
        return Motion(speed, rate)

    def _along(self, edge, state, room, slack, limit):
        """Return the velocity for driving along an edge with `room` to the stop."""
        config, pose = self.config, state.pose
        speed = state.motion.speed_mps
        back = -_STEER_RAD_PER_M / (1.0 + max(0.0, speed)) * edge.left_m(pose.x_m, pose.y_m)
        aim = edge.yaw_rad + max(-_STEER_MAX_RAD, min(_STEER_MAX_RAD, back))
        off_line = abs(wrap_rad(edge.yaw_rad - pose.yaw_rad))
        limit = min(limit, self._speed_for_heading(off_line))
        target = self._next_speed(speed, limit, room, slack)
        most = _DRIFT_M / (config.react_s * max(
            0.05, stop_distance_m(max(speed, target), config.react_s, config.brake_mps2)))
        rate = self._turn(wrap_rad(aim - pose.yaw_rad), state.motion.yaw_rate_radps)
        return self._command(target, max(-most, min(most, rate))
                             - self.reckoner.veer_radpm * target)

    def _next_speed(self, actual, limit, room, slack):
        """Return the highest speed from which all limits can be kept up to the stop."""
        config, period = self.config, self.config.tick_s
        speed = self.reckoner.commanded.speed_mps
        if abs(actual - speed) > _ASTRAY_PERIODS * config.acceleration_mps2 * period:
            speed = max(0.0, actual)
        now = max(-config.brake_mps2, min(config.acceleration_mps2,
                                          self.reckoner.acceleration_mps2))
        far, at_limit = room > self._far_m, speed == limit and now == 0.0
        if far and at_limit:
            return speed
        low = max(now - self._jerk_step, -self._brake, -self._ease(speed))
        high = max(low, min(now + self._jerk_step, config.acceleration_mps2,
                            0.0 if at_limit else self._ease(limit - speed)))
        if far:
            return max(0.0, speed + period * high)
        ahead = max(0.0, actual - speed) * period

        def missing(acceleration):
            """Return by how much the way that is needed exceeds the room [m]."""
            after = speed + acceleration * period
            return (0.5 * (speed + after) * period + ahead
                    + self._reach_m(after, acceleration, slack) - room)
        return max(0.0, speed + period * _highest(missing, low, high))

    def _reach_m(self, speed, acceleration, slack):
        """Return the way to rest of a braking that keeps all limits, the limiter's too."""
        jerk, brake, limiter = self.config.jerk_mps3, self._brake, self.config.brake_mps2
        if speed <= 0.0:
            return 0.0
        down = min(brake, sqrt(2.0 * jerk * speed))
        cut = speed / (self._lag_s + speed / limiter)
        if self._cut_m(speed, slack) > self._ramp_out_m(speed):
            down = min(down, cut)
        start = max(acceleration - 0.5 * self._jerk_step, -down)
        time_s = (start + down) / jerk
        then = max(0.0, speed + time_s * (start - 0.5 * jerk * time_s))
        way = time_s * (speed + time_s * (0.5 * start - jerk * time_s / 6.0))
        return way + max(self._ramp_out_m(then), self._cut_m(then, slack))

    def _ramp_out_m(self, speed):
        """Return the way to rest while braking, with the jerk bounded at the end."""
        brake, jerk = self._brake, self.config.jerk_mps3
        if 2.0 * jerk * speed > brake * brake:
            return speed * speed / (2.0 * brake) + brake ** 3 / (24.0 * jerk * jerk)
        return 2.0 * speed * sqrt(2.0 * speed / jerk) / 3.0

    def _cut_m(self, speed, slack):
        """Return the room below which the limiter would cut this speed."""
        return (stop_distance_m(speed, self._lag_s, self.config.brake_mps2)
                - max(0.0, slack - _SLACK_KEPT_M))

    def _ease(self, change):
        """
        Return the acceleration that begins a change of speed and may end it within the jerk.

        Period by period it is less by what the jerk allows, and the last part makes it exact.
        """
        step = self._jerk_step * self.config.tick_s
        parts = abs(change) / step
        count = max(1, ceil(0.5 * (sqrt(1.0 + 8.0 * parts) - 1.0)))
        share = (parts / count + 0.5 * (count - 1)) * self._jerk_step
        return share if change > 0.0 else -share

    def _speed_to(self, target):
        """Return the next speed on the way to a lower one, wherever the robot is."""
        speed = self.reckoner.commanded.speed_mps
        now = self.reckoner.acceleration_mps2
        change = max(now - self._jerk_step, -self.config.brake_mps2, self._ease(target - speed))
        return max(0.0, speed + change * self.config.tick_s)

    def _speed_for_bend(self, base, pose):
        """Return the speed that leaves room to be as slow at a gentle bend as its heading asks."""
        if len(base.edges) < 2:
            return self.config.speed_mps
        edge, after = base.edges[0], base.edges[1]
        bend = abs(wrap_rad(after.yaw_rad - edge.yaw_rad))
        if bend < 1e-3 or bend > BEND_RAD:
            return self.config.speed_mps
        at_bend = self._speed_for_heading(bend)
        left = max(0.0, edge.length_m - edge.along_m(pose.x_m, pose.y_m))
        return sqrt(at_bend * at_bend + _BEND_BRAKE_SHARE * self.config.brake_mps2 * left)

    def _speed_for_heading(self, off_line_rad):
        """Return the speed at which keeping the heading until rest hardly leaves the line."""
        if off_line_rad < 1e-3:
            return self.config.speed_mps
        return stoppable_speed_mps(_DRIFT_M / off_line_rad, self.config.react_s,
                                   self.config.brake_mps2)

    def _turn(self, error, rate):
        """Return the yaw rate that takes a heading error to zero without overshoot."""
        config = self.config
        sign = 1.0 if error > 0.0 else -1.0
        # Small changes of rate are reached at once and held for the whole period.
        most = min(config.yaw_rate_radps, _DAMPING * abs(error) / config.tick_s)
        return sign * next_velocity(abs(error), sign * rate, most,
                                    _YAW_SHARE * config.yaw_acceleration_radps2, config.tick_s)


def _highest(missing, low, high):
    """Return, to two millimetres, the highest value at which a rising function is not above 0."""
    over = missing(high)
    if over <= 0.0 or high <= low:
        return high
    under = missing(low)
    if under >= 0.0:
        return low
    for _ in range(2):
        middle = low + (high - low) * max(0.1, min(0.9, under / (under - over)))
        value = missing(middle)
        if abs(value) < _NEAR_M:
            return middle
        if value > 0.0:
            high, over = middle, value
        else:
            low, under = middle, value
    return low
