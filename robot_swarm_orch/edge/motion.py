# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Path following by velocity commands: straight along edges, stop and turn at bends, stop exactly.

Control is slow (10 Hz) and its view is old: odometry was taken up to 0.15 s ago, and a command
acts only after the actuation delay. So the `Reckoner` first carries the odometry forward with the
commands that were sent, by a model of the base that ramps to each commanded velocity at its
limits; the `Follower` then decides for the moment at which its command will act. On that state,
speed and yaw rate follow the time-optimal profile of a double integrator, solved for one control
period: the next velocity is the highest one from which a stop at the target is still possible.
"""

from collections import deque
from math import cos, sin, sqrt

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.base import (
    Base, BEND_RAD, Progress, stop_distance_m, stoppable_speed_mps, wrap_rad)
from robot_swarm_orch.types import Motion, Odometry, Pose

# Shares of the base's limits that are planned with; the rest corrects errors.
_BRAKE_SHARE = 0.95
_YAW_SHARE = 0.9
# Per metre off the line, steer this far back towards it when slow [rad/m], less when fast.
_STEER_RAD_PER_M = 2.4
_STEER_MAX_RAD = 0.25
# A base whose computer dies at full speed may leave the line by this much before it stands [m].
_DRIFT_M = 0.04
# Below this speed and this near to the stopping point, the turn at a bend begins [m/s, m].
_TURN_BELOW_MPS = 0.12
_TURN_WITHIN_M = 0.02
# Of a small heading error, this share is turned away in one period.
_DAMPING = 0.7
# Odometry is never carried forward by more than this [s]; older odometry stops the robot anyway.
_REACH_S = 1.0
_STILL_MPS = 0.02


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


def advance(body: Odometry, target: Motion, time_s: float, config: RobotConfig) -> Odometry:
    """Return the state after `time_s` under one command, by the model of the base."""
    way, speed = ramp(body.motion.speed_mps, target.speed_mps, config.acceleration_mps2,
                      config.brake_mps2, time_s)
    turn, rate = ramp(body.motion.yaw_rate_radps, target.yaw_rate_radps,
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
        self._sent = deque(maxlen=64)  # (acts from [s], motion), oldest first

    def sent(self, at_s: float, motion: Motion) -> None:
        """Note a command sent at a control time; a clock that was set back begins anew."""
        if self._sent and at_s + self.config.actuation_delay_s < self._sent[-1][0]:
            self._sent.clear()
        self._sent.append((at_s + self.config.actuation_delay_s, motion))

    def at(self, odometry: Odometry, when_s: float) -> Odometry:
        """Return the state at a control time; odometry comes in the order it was taken."""
        sent = self._sent
        while len(sent) > 1 and sent[1][0] <= odometry.taken_s:
            sent.popleft()
        return self._carry(odometry, min(when_s, odometry.taken_s + _REACH_S))

    def after_delay(self, body: Odometry) -> Odometry:
        """Return the state at the moment when a command sent at `body.taken_s` acts."""
        return self._carry(body, body.taken_s + self.config.actuation_delay_s)

    def _carry(self, body, end):
        """Advance a state to a later moment under the commands that act until then."""
        target = body.motion
        for acts_s, motion in self._sent:
            if acts_s >= end:
                break
            if acts_s > body.taken_s:
                body = advance(body, target, acts_s - body.taken_s, self.config)
            target = motion
        if end > body.taken_s:
            body = advance(body, target, end - body.taken_s, self.config)
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
            return Motion(0.0, 0.0)
        state = self.reckoner.after_delay(body)
        pose, motion = state.pose, state.motion
        room = base.to_stop_m(pose.x_m, pose.y_m)
        slow = motion.speed_mps < _TURN_BELOW_MPS
        if slow and room < _TURN_WITHIN_M and base.turn_edge is not None:
            edge = base.turn_edge
        error = wrap_rad(edge.yaw_rad - pose.yaw_rad)
        if abs(error) > BEND_RAD * 2.0 or room < _TURN_WITHIN_M:
            return Motion(0.0, self._turn(error, motion.yaw_rate_radps) if slow else 0.0)
        return self._along(edge, state, room, speed_limit_mps)

    def _along(self, edge, state, room, limit):
        """Return the velocity for driving along an edge with `room` to the stop."""
        config, pose = self.config, state.pose
        speed = state.motion.speed_mps
        back = -_STEER_RAD_PER_M / (1.0 + max(0.0, speed)) * edge.left_m(pose.x_m, pose.y_m)
        aim = edge.yaw_rad + max(-_STEER_MAX_RAD, min(_STEER_MAX_RAD, back))
        off_line = abs(wrap_rad(edge.yaw_rad - pose.yaw_rad))
        limit = min(limit, config.speed_mps, self._speed_for_heading(off_line),
                    speed + 1.5 * config.acceleration_mps2 * config.tick_s)
        target = next_velocity(room, speed, limit, _BRAKE_SHARE * config.brake_mps2,
                               config.tick_s)
        most = _DRIFT_M / (config.react_s * max(
            0.05, stop_distance_m(max(speed, target), config.react_s, config.brake_mps2)))
        rate = self._turn(wrap_rad(aim - pose.yaw_rad), state.motion.yaw_rate_radps)
        return Motion(target, max(-most, min(most, rate)))

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
