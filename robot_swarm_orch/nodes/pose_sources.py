# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Where a robot's map pose comes from: TF, a localiser's pose messages, or (simulation) odometry.

Odometry is smooth and fresh but drifts; localisation is right but late. So both real sources keep
a correction, the pose of the odometry frame in the map frame (REP-105), and the pose now is
correction times odometry. No correction, no pose: the robot stands and says so.

Each source has `locate(odometry, now_s)`, times in ROS time, and returns an `Odometry` in the map
frame, or None when the pose is not known.
"""

from collections import deque
from dataclasses import replace
from math import atan2, cos, hypot, sin
from typing import Optional

from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.types import Odometry, Pose

# A correction from TF older than this is no longer believed [s]; static ones never age.
STALE_S = 2.0
# A localiser's pose is matched with odometry taken at most this far from it [s].
MATCH_S = 0.3


def compose(frame: Pose, inside: Pose) -> Pose:
    """Return a pose given in `frame`, in the frame that `frame` is given in."""
    c, s = cos(frame.yaw_rad), sin(frame.yaw_rad)
    yaw = frame.yaw_rad + inside.yaw_rad
    return Pose(frame.x_m + c * inside.x_m - s * inside.y_m,
                frame.y_m + s * inside.x_m + c * inside.y_m, atan2(sin(yaw), cos(yaw)))


def frame_between(outside: Pose, inside: Pose) -> Pose:
    """Return the frame in which `inside` is what `outside` is in the outer frame."""
    yaw = outside.yaw_rad - inside.yaw_rad
    c, s = cos(yaw), sin(yaw)
    return Pose(outside.x_m - c * inside.x_m + s * inside.y_m,
                outside.y_m - s * inside.x_m - c * inside.y_m, atan2(sin(yaw), cos(yaw)))


class OdometryIsMapPose:
    """Takes odometry as it is: a simulation whose odometry is in the map frame."""

    def locate(self, odometry: Odometry, now_s: float) -> Optional[Odometry]:
        """Return the odometry."""
        return odometry


class PoseMessages:
    """
    Corrects odometry by a localiser's PoseWithCovarianceStamped, as AMCL gives.

    A localiser is silent while the robot stands, so a correction does not age; but what odometry
    gathers since then, `drift` metres a metre driven, is added to the error bound.
    """

    def __init__(self, drift: float):
        """Start without a pose."""
        self._drift = drift
        self._recent = deque(maxlen=64)
        self._correction = None
        self._error_m = 0.0
        self._driven_m = 0.0

    def hear(self, pose: Pose, taken_s: float, error_m: float) -> bool:
        """Take a pose in; return False when no odometry was heard around its time."""
        match = min(self._recent, key=lambda known: abs(known.taken_s - taken_s), default=None)
        if match is None or abs(match.taken_s - taken_s) > MATCH_S:
            return False
        self._correction = frame_between(pose, _carried(match, taken_s))
        self._error_m, self._driven_m = error_m, 0.0
        return True

    def locate(self, odometry: Odometry, now_s: float) -> Optional[Odometry]:
        """Return corrected odometry."""
        last = self._recent[-1] if self._recent else None
        if last is None or odometry.taken_s != last.taken_s:
            if last is not None:
                self._driven_m += hypot(odometry.pose.x_m - last.pose.x_m,
                                        odometry.pose.y_m - last.pose.y_m)
                if odometry.taken_s < last.taken_s:
                    # The clock was set back: no later pose matches what was taken before.
                    self._recent.clear()
            self._recent.append(odometry)
        if self._correction is None:
            return None
        return replace(odometry, pose=compose(self._correction, odometry.pose),
                       pose_error_m=self._error_m + self._drift * self._driven_m)


def _carried(odometry: Odometry, when_s: float) -> Pose:
    """
    Return where odometry was at a moment near its own, by the speed it had.

    Only one message a tick is heard, so the one of that very moment may have been skipped: at
    1.5 m/s and 10 Hz that would be 0.15 m.
    """
    pose, motion, time_s = odometry.pose, odometry.motion, when_s - odometry.taken_s
    way, turn = motion.speed_mps * time_s, motion.yaw_rate_radps * time_s
    middle = pose.yaw_rad + 0.5 * turn
    return Pose(pose.x_m + way * cos(middle), pose.y_m + way * sin(middle), pose.yaw_rad + turn)


class TransformTree:
    """Corrects odometry by the transform from the map to the odometry frame."""

    def __init__(self, lookup, map_frame: str, odom_frame: str):
        """Know `lookup(target, source) -> (Pose, stamp_s)`, None when there is no transform."""
        self._lookup = lookup
        self._frames = (map_frame, odom_frame)

    def locate(self, odometry: Odometry, now_s: float) -> Optional[Odometry]:
        """Return corrected odometry, None when the transform is missing, old or of the future."""
        found = self._lookup(*self._frames)
        if found is None:
            return None
        correction, stamp_s = found
        if stamp_s and abs(now_s - stamp_s) > STALE_S:
            return None
        return replace(odometry, pose=compose(correction, odometry.pose))


def transform_lookup(node):
    """
    Return a `lookup` for TransformTree that listens to TF on a node.

    Raises ConfigError when tf2_ros is not installed.
    """
    try:
        from rclpy.time import Time
        import tf2_ros
    except ImportError as error:
        raise ConfigError(
            'pose_source tf needs tf2_ros (apt install ros-$ROS_DISTRO-tf2-ros-py): install it, '
            f'or use pose_source pose ({error})') from error
    buffer = tf2_ros.Buffer()
    buffer.listener = tf2_ros.TransformListener(buffer, node)

    def lookup(target, source):
        try:
            found = buffer.lookup_transform(target, source, Time())
        except tf2_ros.TransformException:
            return None
        at, turn = found.transform.translation, found.transform.rotation
        yaw = atan2(2.0 * (turn.w * turn.z + turn.x * turn.y),
                    1.0 - 2.0 * (turn.y * turn.y + turn.z * turn.z))
        stamp = found.header.stamp
        return Pose(at.x, at.y, yaw), stamp.sec + stamp.nanosec * 1e-9
    return lookup
