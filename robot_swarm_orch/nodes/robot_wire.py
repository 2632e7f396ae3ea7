# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A robot's own topics: base, laser, battery and payload messages to values and back.

The rules are those of `wire.py`. Sensor times are ROS time [s].
"""

from array import array
from math import atan2, cos, hypot, inf, pi, sin, sqrt
import struct

from geometry_msgs.msg import PoseWithCovarianceStamped, Twist, TwistStamped
from nav_msgs.msg import Odometry as OdometryMsg
import numpy as np
from rclpy.serialization import deserialize_message, serialize_message
from robot_swarm_orch.msg import LoadCommand, LoadState, SafetyState
from robot_swarm_orch.nodes import cdr
from robot_swarm_orch.nodes.wire_checks import (
    an_id, FAR_M, FAST_MPS, FAST_RADPS, MASS_KG, member, or_nan, refuse, seconds_of, short_text,
    within)
from robot_swarm_orch.types import (
    LoadAction, LoadReading, LoadRequest, LoadStatus, Motion, Odometry, Pose, Reason, Safety, Scan)
from sensor_msgs.msg import BatteryState, LaserScan

BEAMS_MAX = 20_000
# A localiser's covariance becomes a bound by this many standard deviations.
SIGMAS = 3.0
_NOTHING = np.float32(inf)


def _pose_of(msg, pose) -> Pose:
    """Return a planar pose; the tilt of the robot is ignored, an odd quaternion refused."""
    at, turn = pose.position, pose.orientation
    return _planar(msg, at.x, at.y, turn.x, turn.y, turn.z, turn.w)


def _planar(msg, x_m, y_m, x, y, z, w) -> Pose:
    """Return the pose of a point and a quaternion."""
    if not (-FAR_M <= x_m <= FAR_M and -FAR_M <= y_m <= FAR_M):
        refuse(msg, 'pose', f'({x_m}, {y_m}) is no place within {FAR_M:.0f} m')
    if not 0.98 <= x * x + y * y + z * z + w * w <= 1.02:
        refuse(msg, 'pose', 'the orientation is no unit quaternion')
    return Pose(x_m, y_m, atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z)))


def _error_of(msg, x_variance, y_variance) -> float:
    """Return the bound on the position error [m] that two variances stand for."""
    variance = max(within(msg, 'covariance', x_variance, 0.0, FAR_M),
                   within(msg, 'covariance', y_variance, 0.0, FAR_M))
    return SIGMAS * sqrt(variance)


def read_odometry(msg: OdometryMsg) -> Odometry:
    """Return pose [frame of the message], velocity [base frame] and time of an odometry."""
    twist, covariance = msg.twist.twist, msg.pose.covariance
    motion = Motion(within(msg, 'twist', twist.linear.x, -FAST_MPS, FAST_MPS),
                    within(msg, 'twist', twist.angular.z, -FAST_RADPS, FAST_RADPS))
    return Odometry(_pose_of(msg, msg.pose.pose), motion, seconds_of(msg.header.stamp),
                    _error_of(msg, float(covariance[0]), float(covariance[7])))


# Position and orientation (7), covariance (36), linear and angular velocity (6).
_BODY = struct.Struct('<49d')
_POSE = struct.Struct('<8d')
_NUMBER = struct.Struct('<d')
_TWIST = struct.Struct('<6d')
# First and last angle, angle and time from beam to beam, time of a scan, least and longest range.
_BEAMS = struct.Struct('<7f')
_ODOMETRY, _SCAN, _VELOCITY = OdometryMsg(), LaserScan(), TwistStamped()


def _body_offset(data) -> int:
    """Return where the numbers of an odometry begin, behind its stamp and frame names."""
    frames = cdr.behind_string(data, cdr.behind_string(data, cdr.FRAME_AT))
    return cdr.aligned(frames, 8)


def read_odometry_bytes(data: bytes) -> Odometry:
    """Return what `read_odometry` does, straight from the serialized message where it can."""
    if not cdr.is_plain(data):
        return read_odometry(deserialize_message(data, OdometryMsg))
    try:
        taken_s = cdr.stamp_s(data)
        body = _BODY.unpack_from(data, _body_offset(data))
    except struct.error as error:
        refuse(_ODOMETRY, 'header', f'the message ends early: {error}')
    motion = Motion(within(_ODOMETRY, 'twist', body[43], -FAST_MPS, FAST_MPS),
                    within(_ODOMETRY, 'twist', body[48], -FAST_RADPS, FAST_RADPS))
    return Odometry(
        _planar(_ODOMETRY, body[0], body[1], body[3], body[4], body[5], body[6]), motion,
        taken_s, _error_of(_ODOMETRY, body[7], body[14]))


def fill_odometry(msg: OdometryMsg, value: Odometry) -> OdometryMsg:
    """Write a value into a message that is used again; the header stays."""
    at, turn = msg.pose.pose.position, msg.pose.pose.orientation
    at.x, at.y = value.pose.x_m, value.pose.y_m
    turn.z, turn.w = sin(0.5 * value.pose.yaw_rad), cos(0.5 * value.pose.yaw_rad)
    twist = msg.twist.twist
    twist.linear.x, twist.angular.z = value.motion.speed_mps, value.motion.yaw_rate_radps
    msg.pose.covariance[0] = msg.pose.covariance[7] = (value.pose_error_m / SIGMAS) ** 2
    return msg


class OdometryWriter:
    """Writes the odometry of one simulated base, as bytes where the encoding is plain CDR."""

    def __init__(self, header, child_frame: str):
        """Write messages with this header, whose stamp others set."""
        self._msg = OdometryMsg(header=header, child_frame_id=child_frame)
        self._bytes = bytearray(serialize_message(self._msg))
        self._body = None
        if cdr.is_plain(self._bytes):
            self._body = _body_offset(self._bytes)

    def write(self, value: Odometry):
        """Return a message or its bytes, for a publisher to send before the next is written."""
        if self._body is None:
            return fill_odometry(self._msg, value)
        stamp, data, body = self._msg.header.stamp, self._bytes, self._body
        pose, motion = value.pose, value.motion
        variance = (value.pose_error_m / SIGMAS) ** 2
        half = 0.5 * pose.yaw_rad
        cdr.STAMP.pack_into(data, cdr.HEADER_AT, stamp.sec, stamp.nanosec)
        _POSE.pack_into(data, body, pose.x_m, pose.y_m, 0.0, 0.0, 0.0, sin(half), cos(half),
                        variance)
        _NUMBER.pack_into(data, body + 14 * 8, variance)
        _NUMBER.pack_into(data, body + 43 * 8, motion.speed_mps)
        _NUMBER.pack_into(data, body + 48 * 8, motion.yaw_rate_radps)
        return bytes(data)


def read_pose(msg: PoseWithCovarianceStamped):
    """Return pose [frame of the message], time [s] and error bound [m] of a localiser's word."""
    return (_pose_of(msg, msg.pose.pose), seconds_of(msg.header.stamp),
            _error_of(msg, float(msg.pose.covariance[0]), float(msg.pose.covariance[7])))


def write_pose(value: Odometry, frame_id: str, stamp) -> PoseWithCovarianceStamped:
    """Return a localiser's word with a stamp of its own, for it may be sent later."""
    msg = PoseWithCovarianceStamped()
    msg.header.frame_id = frame_id
    msg.header.stamp.sec, msg.header.stamp.nanosec = stamp.sec, stamp.nanosec
    at, turn = msg.pose.pose.position, msg.pose.pose.orientation
    at.x, at.y = value.pose.x_m, value.pose.y_m
    turn.z, turn.w = sin(0.5 * value.pose.yaw_rad), cos(0.5 * value.pose.yaw_rad)
    msg.pose.covariance[0] = msg.pose.covariance[7] = (value.pose_error_m / SIGMAS) ** 2
    return msg


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
        to measure and counts as 0. Values beyond the sensor's own limits are no measurements. A
        scan without any measurement is refused: to be blind is not to see free space.
        """
        return self._scan(msg, msg.angle_min, msg.angle_increment, msg.range_min, msg.range_max,
                          np.frombuffer(msg.ranges, dtype=np.float32),
                          seconds_of(msg.header.stamp))

    def read_bytes(self, data: bytes) -> Scan:
        """Return what `read` does, straight from the serialized message where it can."""
        if not cdr.is_plain(data):
            return self.read(deserialize_message(data, LaserScan))
        try:
            numbers = cdr.aligned(cdr.behind_string(data, cdr.FRAME_AT), 4)
            first, _, step, _, _, low, high = _BEAMS.unpack_from(data, numbers)
            count, = cdr.LENGTH.unpack_from(data, numbers + _BEAMS.size)
            told = np.frombuffer(data, np.dtype('<f4'), count, numbers + _BEAMS.size + 4)
            taken_s = cdr.stamp_s(data)
        except (struct.error, ValueError) as error:
            refuse(_SCAN, 'header', f'the message ends early: {error}')
        return self._scan(_SCAN, first, step, low, high, told, taken_s)

    def _scan(self, msg, first, step, low, high, told, taken_s) -> Scan:
        """Return the checked scan of the base frame."""
        count = len(told)
        if not 1 <= count <= BEAMS_MAX:
            refuse(msg, 'ranges', f'{count} beams; 1 to {BEAMS_MAX} are allowed')
        within(msg, 'angle_increment', step, -pi, pi)
        if step == 0.0 and count > 1:
            refuse(msg, 'angle_increment', 'is 0 between two beams')
        first = within(msg, 'angle_min', first, -4.0 * pi, 4.0 * pi) + self._yaw
        within(msg, 'range_min', low, 0.0, FAR_M)
        within(msg, 'range_max', high, 0.0, FAR_M)
        nearest = np.fmin.reduce(told)
        if not np.fmax.reduce(told) >= low and nearest != -inf:
            refuse(msg, 'ranges', f'none of {count} beams measured anything: all are NaN or '
                   f'nearer than range_min {low:.2f} m, so the laser is blind')
        ranges = np.where((told >= low) & (told <= high), told, _NOTHING)
        if nearest == -inf:
            ranges[told == -inf] = 0.0
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


class ScanWriter:
    """Writes the scans of one simulated laser, as bytes where the encoding is plain CDR."""

    def __init__(self, header, beams: int, first_rad: float, step_rad: float, range_m: float,
                 period_s: float):
        """Write messages with this header, whose stamp others set, of a laser with these beams."""
        self._msg = LaserScan(
            header=header, angle_min=first_rad, angle_increment=step_rad, scan_time=period_s,
            angle_max=first_rad + step_rad * (beams - 1), range_max=range_m,
            ranges=array('f', bytes(4 * beams)))
        self._bytes = bytearray(serialize_message(self._msg))
        self._ranges = None
        if cdr.is_plain(self._bytes):
            numbers = cdr.aligned(cdr.behind_string(self._bytes, cdr.FRAME_AT), 4)
            self._ranges = slice(numbers + _BEAMS.size + 4,
                                 numbers + _BEAMS.size + 4 + 4 * beams)

    def write(self, ranges):
        """Return a message with these ranges [m] (float32 array), or its bytes."""
        if self._ranges is None:
            self._msg.ranges = array('f', ranges.tolist())
            return self._msg
        stamp, data = self._msg.header.stamp, self._bytes
        cdr.STAMP.pack_into(data, cdr.HEADER_AT, stamp.sec, stamp.nanosec)
        data[self._ranges] = ranges.astype('<f4', copy=False).tobytes()
        return bytes(data)


class MotionWriter:
    """Writes velocity commands of one base, as bytes where the encoding is plain CDR."""

    def __init__(self, header=None):
        """Write a TwistStamped with this header, whose stamp others set; without one a Twist."""
        self._stamp = header.stamp if header is not None else None
        self._msg = Twist() if header is None else TwistStamped(header=header)
        self._bytes = bytearray(serialize_message(self._msg))
        self._numbers = _velocity_offset(self._bytes, header is not None) \
            if cdr.is_plain(self._bytes) else None

    def write(self, value: Motion):
        """Return the message of a velocity, or its bytes, valid until the next is written."""
        if self._numbers is None:
            twist = self._msg if self._stamp is None else self._msg.twist
            twist.linear.x, twist.angular.z = value.speed_mps, value.yaw_rate_radps
            return self._msg
        data = self._bytes
        if self._stamp is not None:
            cdr.STAMP.pack_into(data, cdr.HEADER_AT, self._stamp.sec, self._stamp.nanosec)
        _NUMBER.pack_into(data, self._numbers, value.speed_mps)
        _NUMBER.pack_into(data, self._numbers + 40, value.yaw_rate_radps)
        return bytes(data)


def _velocity_offset(data, stamped: bool) -> int:
    """Return where the six numbers of a Twist or TwistStamped begin; raises struct.error."""
    return cdr.aligned(cdr.behind_string(data, cdr.FRAME_AT), 8) if stamped else cdr.HEADER_AT


def read_motion(msg) -> Motion:
    """Return the velocity command of a Twist or a TwistStamped."""
    twist = msg.twist if isinstance(msg, TwistStamped) else msg
    return _motion(msg, twist.linear.x, twist.angular.z)


def _motion(msg, speed_mps, yaw_rate_radps) -> Motion:
    return Motion(within(msg, 'linear', speed_mps, -FAST_MPS, FAST_MPS),
                  within(msg, 'angular', yaw_rate_radps, -FAST_RADPS, FAST_RADPS))


def read_motion_bytes(data: bytes, stamped: bool) -> Motion:
    """Return what `read_motion` does, straight from the serialized message where it can."""
    if not cdr.is_plain(data):
        return read_motion(deserialize_message(data, TwistStamped if stamped else Twist))
    try:
        numbers = _TWIST.unpack_from(data, _velocity_offset(data, stamped))
    except struct.error as error:
        refuse(_VELOCITY, 'header', f'the message ends early: {error}')
    return _motion(_VELOCITY, numbers[0], numbers[5])


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
