# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A robot's own topics: base, laser, battery and payload messages to values and back.

The rules are those of `wire.py`. Sensor times are ROS time [s].
"""

from math import atan2, hypot, inf, pi, sqrt

from geometry_msgs.msg import PoseWithCovarianceStamped, Twist, TwistStamped
from nav_msgs.msg import Odometry as OdometryMsg
import numpy as np
from robot_swarm_orch.msg import LoadCommand, LoadState, SafetyState
from robot_swarm_orch.nodes.wire_checks import (
    an_id, FAR_M, FAST_MPS, FAST_RADPS, MASS_KG, member, or_nan, refuse, seconds_of, short_text,
    within)
from robot_swarm_orch.types import (
    LoadAction, LoadReading, LoadRequest, LoadStatus, Motion, Odometry, Pose, Reason, Safety, Scan)
from sensor_msgs.msg import BatteryState, LaserScan

BEAMS_MAX = 20_000
# A localiser's covariance becomes a bound by this many standard deviations.
SIGMAS = 3.0


def _pose_of(msg, pose) -> Pose:
    """Return a planar pose; the tilt of the robot is ignored, a quaternion of no length refused."""
    at, turn = pose.position, pose.orientation
    x_m, y_m = at.x, at.y
    if not (-FAR_M <= x_m <= FAR_M and -FAR_M <= y_m <= FAR_M):
        refuse(msg, 'pose', f'({x_m}, {y_m}) is no place within {FAR_M:.0f} m')
    x, y, z, w = turn.x, turn.y, turn.z, turn.w
    if not 0.98 <= x * x + y * y + z * z + w * w <= 1.02:
        refuse(msg, 'pose', 'the orientation is no unit quaternion')
    return Pose(x_m, y_m, atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z)))


def _error_of(msg, covariance) -> float:
    """Return the bound on the position error [m] that a 6 x 6 covariance stands for."""
    variance = max(float(covariance[0]), float(covariance[7]))
    return SIGMAS * sqrt(within(msg, 'covariance', variance, 0.0, FAR_M))


def read_odometry(msg: OdometryMsg) -> Odometry:
    """Return pose [frame of the message], velocity [base frame] and time of an odometry."""
    twist = msg.twist.twist
    motion = Motion(within(msg, 'twist', twist.linear.x, -FAST_MPS, FAST_MPS),
                    within(msg, 'twist', twist.angular.z, -FAST_RADPS, FAST_RADPS))
    return Odometry(_pose_of(msg, msg.pose.pose), motion, seconds_of(msg.header.stamp),
                    _error_of(msg, msg.pose.covariance))


def fill_odometry(msg: OdometryMsg, value: Odometry) -> OdometryMsg:
    """Write a value into a message that is used again; the header stays."""
    pose, turn = msg.pose.pose.position, msg.pose.pose.orientation
    pose.x, pose.y = value.pose.x_m, value.pose.y_m
    turn.z, turn.w = _half_turn(value.pose.yaw_rad)
    twist = msg.twist.twist
    twist.linear.x, twist.angular.z = value.motion.speed_mps, value.motion.yaw_rate_radps
    msg.pose.covariance[0] = msg.pose.covariance[7] = (value.pose_error_m / SIGMAS) ** 2
    return msg


def _half_turn(yaw_rad):
    """Return z and w of the quaternion of a turn about the vertical."""
    return float(np.sin(0.5 * yaw_rad)), float(np.cos(0.5 * yaw_rad))


def read_pose(msg: PoseWithCovarianceStamped):
    """Return pose [frame of the message], time [s] and error bound [m] of a localiser's word."""
    return (_pose_of(msg, msg.pose.pose), seconds_of(msg.header.stamp),
            _error_of(msg, msg.pose.covariance))


def read_battery(msg: BatteryState) -> float:
    """Return the state of charge, 0 to 1, NaN when unknown."""
    return or_nan(msg, 'percentage', msg.percentage, 0.0, 1.0)


class LaserMount:
    """
    Where the laser sits on the base: turns its scans into scans of the base frame.

    A laser at the centre, turned or not, keeps its beams. One that sits elsewhere gets as many
    beams evenly around the centre, each with the nearest point that falls into it: a scan of the
    base frame may show less free space than the laser saw, never more obstacles away.
    """

    def __init__(self, x_m: float = 0.0, y_m: float = 0.0, yaw_rad: float = 0.0):
        """Remember the laser's pose in the base frame [m, rad]."""
        self._x, self._y, self._yaw = x_m, y_m, yaw_rad
        self._centred = hypot(x_m, y_m) < 1e-3

    def read(self, msg: LaserScan) -> Scan:
        """
        Return a scan as the base sees it.

        By REP-117, NaN is no measurement and +inf is nothing in range; -inf is something too near
        to measure and counts as 0. Values beyond the sensor's own limits are no measurements.
        """
        count = len(msg.ranges)
        if not 1 <= count <= BEAMS_MAX:
            refuse(msg, 'ranges', f'{count} beams; 1 to {BEAMS_MAX} are allowed')
        step = within(msg, 'angle_increment', msg.angle_increment, -pi, pi)
        if step == 0.0 and count > 1:
            refuse(msg, 'angle_increment', 'is 0 between two beams')
        first = within(msg, 'angle_min', msg.angle_min, -4.0 * pi, 4.0 * pi) + self._yaw
        low = within(msg, 'range_min', msg.range_min, 0.0, FAR_M)
        high = within(msg, 'range_max', msg.range_max, 0.0, FAR_M)
        ranges = np.array(msg.ranges, dtype=np.float32)
        near = np.isneginf(ranges)
        with np.errstate(invalid='ignore'):
            ranges[~((ranges >= low) & (ranges <= high))] = inf
        if near.any():
            ranges[near] = 0.0
        taken_s = seconds_of(msg.header.stamp)
        if self._centred:
            return Scan(ranges, first, step, high, taken_s)
        return self._moved(ranges, first, step, high, taken_s)

    def _moved(self, ranges, first, step, high, taken_s):
        """Return the scan as seen from the centre of the base."""
        count = len(ranges)
        width = 2.0 * pi / count
        moved = np.full(count, np.inf, dtype=np.float32)
        seen = np.flatnonzero(np.isfinite(ranges))
        angle = first + step * seen
        x = self._x + ranges[seen] * np.cos(angle)
        y = self._y + ranges[seen] * np.sin(angle)
        beam = np.floor((np.arctan2(y, x) + pi) / width).astype(int) % count
        np.minimum.at(moved, beam, np.hypot(x, y).astype(np.float32))
        return Scan(moved, -pi + 0.5 * width, width, high + hypot(self._x, self._y), taken_s)


def write_motion(value: Motion, header=None):
    """Return the velocity command: a TwistStamped with a header, else a Twist."""
    twist = Twist()
    twist.linear.x, twist.angular.z = value.speed_mps, value.yaw_rate_radps
    return twist if header is None else TwistStamped(header=header, twist=twist)


def read_motion(msg) -> Motion:
    """Return the velocity command of a Twist or a TwistStamped."""
    twist = msg.twist if isinstance(msg, TwistStamped) else msg
    return Motion(within(msg, 'linear', twist.linear.x, -FAST_MPS, FAST_MPS),
                  within(msg, 'angular', twist.angular.z, -FAST_RADPS, FAST_RADPS))


def _own(msg, robot):
    if msg.robot_id != robot:
        refuse(msg, 'robot_id', f'{msg.robot_id[:80]!r} is not {robot!r}')


def write_load_request(value: LoadRequest, robot: str, header) -> LoadCommand:
    """Return the message of a request to the payload device."""
    return LoadCommand(header=header, robot_id=robot, action_id=value.action_id,
                       action=int(value.action), order_id=value.order_id, place=value.place)


def read_load_request(msg: LoadCommand, robot: str) -> LoadRequest:
    """Return a request to the payload device of `robot`."""
    _own(msg, robot)
    return LoadRequest(an_id(msg, 'action_id', msg.action_id),
                       member(msg, 'action', LoadAction, msg.action),
                       short_text(msg, 'order_id', msg.order_id),
                       short_text(msg, 'place', msg.place))


def write_load_reading(value: LoadReading, robot: str, header) -> LoadState:
    """Return the message of a payload device's state."""
    return LoadState(header=header, robot_id=robot, action_id=value.action_id,
                     status=int(value.status), carrying=value.carrying,
                     load_mass=value.load_mass_kg, load_id=value.load_id, reason=value.reason)


def read_load_reading(msg: LoadState, robot: str) -> LoadReading:
    """Return the state of the payload device of `robot`."""
    _own(msg, robot)
    return LoadReading(
        msg.action_id and an_id(msg, 'action_id', msg.action_id),
        member(msg, 'status', LoadStatus, msg.status), msg.carrying,
        or_nan(msg, 'load_mass', msg.load_mass, -MASS_KG, MASS_KG),
        short_text(msg, 'load_id', msg.load_id), short_text(msg, 'reason', msg.reason))


def write_safety(value: Safety, robot: str, header) -> SafetyState:
    """Return the message of what limits a robot's speed."""
    return SafetyState(header=header, robot_id=robot, reason=int(value.reason),
                       speed_limit=value.speed_limit_mps, stopped=value.stopped,
                       detail=value.detail)


def read_safety(msg: SafetyState, robot: str) -> Safety:
    """Return what limits a robot's speed."""
    _own(msg, robot)
    return Safety(within(msg, 'speed_limit', msg.speed_limit, 0.0, FAST_MPS),
                  member(msg, 'reason', Reason, msg.reason), msg.stopped,
                  short_text(msg, 'detail', msg.detail))
