#!/usr/bin/env python3
# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A robot as Nav2 users have it, without the robot: joins a fleet by the ordinary robot launch file.

It offers what a base with AMCL offers and nothing of this package: `odom` in an odometry frame
that begins where the robot was switched on and drifts, `scan` of a bare room, `amcl_pose` whenever
it has moved or was given an `initialpose`, and a base that obeys `cmd_vel` and stops by itself
when that falls silent. It carries no payload, so give it orders to drive (KIND_GO).

    python3 examples/nav2_shaped_robot.py --ros-args -r __ns:=/r101 -p x:=4.0 -p y:=-2.0
    ros2 launch robot_swarm_orch robot.launch.py robot_id:=r101 pose_source:=pose \
        pose_topic:=amcl_pose
"""

from dataclasses import dataclass
from math import atan2, cos, hypot, inf, sin
import random

from geometry_msgs.msg import PoseWithCovarianceStamped, TwistStamped
from nav_msgs.msg import Odometry
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, qos_profile_sensor_data, QoSProfile
from sensor_msgs.msg import LaserScan

STEP_S = 0.02
SCAN_EVERY = 5  # steps: odometry comes at 50 Hz, a scan at 10 Hz
BEAMS = 90
RANGE_MAX_M = 12.0
# AMCL's defaults: a new estimate after this way or turn.
UPDATE_MIN_M, UPDATE_MIN_RAD = 0.25, 0.2


@dataclass
class Place:
    """A pose in the plane [m, rad]."""

    x: float
    y: float
    yaw: float

    def move(self, way: float, turn: float) -> None:
        """Drive `way` [m] and turn by `turn` [rad]."""
        self.x += way * cos(self.yaw + 0.5 * turn)
        self.y += way * sin(self.yaw + 0.5 * turn)
        self.yaw = atan2(sin(self.yaw + turn), cos(self.yaw + turn))


class Base:
    """A differential drive: where it is, and where its wheels believe that it is."""

    def __init__(self, true: Place, watchdog_s: float):
        """Stand at a place; odometry begins at zero, as on every robot."""
        self.true, self.odom = true, Place(0.0, 0.0, 0.0)
        self.speed = self.rate = 0.0
        self._wanted = (0.0, 0.0)
        self._heard_s = -inf
        self._watchdog_s = watchdog_s

    def obey(self, speed: float, rate: float, now_s: float) -> None:
        """Take in a wanted speed [m/s] and turning rate [rad/s]."""
        self._wanted, self._heard_s = (speed, rate), now_s

    def step(self, now_s: float, passed_s: float) -> None:
        """Drive for a while; stop when nobody has commanded for the watchdog's time."""
        silent = now_s - self._heard_s > self._watchdog_s
        speed, rate = (0.0, 0.0) if silent else self._wanted
        self.speed = _towards(self.speed, speed, 1.2 * passed_s)
        self.rate = _towards(self.rate, rate, 4.0 * passed_s)
        way, turn = self.speed * passed_s, self.rate * passed_s
        self.true.move(way, turn)
        # Wheels slip: 1 % too long, and a slow bend to the left.
        self.odom.move(1.01 * way, turn + 0.01 * way)


def _towards(value: float, wanted: float, most: float) -> float:
    """Return a value brought nearer to what is wanted by at most `most`."""
    return value + max(-most, min(most, wanted - value))


class Localiser:
    """AMCL seen from outside: an estimate with noise, silent while the robot stands."""

    def __init__(self, noise: random.Random):
        """Wait for a first pose."""
        self._noise = noise
        self._told = None

    def initialise(self) -> None:
        """Give an estimate with the next scan, moved or not."""
        self._told = None

    def estimate(self, true: Place):
        """Return a new estimate, None while the robot has hardly moved."""
        if self._told is not None:
            turned = abs(atan2(sin(true.yaw - self._told.yaw), cos(true.yaw - self._told.yaw)))
            if hypot(true.x - self._told.x, true.y - self._told.y) < UPDATE_MIN_M \
                    and turned < UPDATE_MIN_RAD:
                return None
        self._told = Place(true.x, true.y, true.yaw)
        gauss = self._noise.gauss
        return Place(true.x + gauss(0.0, 0.01), true.y + gauss(0.0, 0.01),
                     true.yaw + gauss(0.0, 0.005))


def room_scan(true: Place, walls) -> list:
    """Return the ranges [m] from a pose to the walls (x0, y0, x1, y1) of a bare room."""
    x0, y0, x1, y1 = walls
    ranges = []
    for beam in range(BEAMS):
        angle = true.yaw + beam * 6.2831853 / BEAMS
        dx, dy = cos(angle), sin(angle)
        to_x = ((x1 if dx > 0.0 else x0) - true.x) / dx if abs(dx) > 1e-9 else inf
        to_y = ((y1 if dy > 0.0 else y0) - true.y) / dy if abs(dy) > 1e-9 else inf
        away = min(to_x, to_y)
        ranges.append(away if away < RANGE_MAX_M else inf)  # REP-117: nothing seen is infinite
    return ranges


class Nav2ShapedRobot(Node):
    """The topics of the robot."""

    def __init__(self):
        """Stand at (x, y, yaw), parameters, in a room whose walls are a parameter too."""
        super().__init__('nav2_shaped_robot')
        start = Place(*(self.declare_parameter(name, 0.0).value for name in ('x', 'y', 'yaw')))
        self._walls = self.declare_parameter('walls', [-4.0, -5.0, 10.0, 8.0]).value
        self._base = Base(start, self.declare_parameter('watchdog_s', 0.25).value)
        self._localiser = Localiser(random.Random(self.declare_parameter('seed', 1).value))
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._odom_out = self.create_publisher(Odometry, 'odom', 10)
        self._pose_out = self.create_publisher(PoseWithCovarianceStamped, 'amcl_pose', latched)
        self._scan_out = self.create_publisher(LaserScan, 'scan', qos_profile_sensor_data)
        self.create_subscription(TwistStamped, 'cmd_vel', self._obey, 1)
        self.create_subscription(PoseWithCovarianceStamped, 'initialpose',
                                 lambda _: self._localiser.initialise(), 1)
        self._steps, self._stepped_s = 0, self._now_s()
        self.create_timer(STEP_S, self._step)

    def _now_s(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def _obey(self, msg) -> None:
        self._base.obey(msg.twist.linear.x, msg.twist.angular.z, self._now_s())

    def _step(self) -> None:
        """Drive on, and tell what the sensors say."""
        now_s = self._now_s()
        self._base.step(now_s, min(now_s - self._stepped_s, 0.1))
        self._stepped_s = now_s
        self._steps += 1
        stamp = self.get_clock().now().to_msg()
        self._tell_odometry(stamp)
        if self._steps % SCAN_EVERY == 0:
            self._tell_scan(stamp)
            estimate = self._localiser.estimate(self._base.true)
            if estimate is not None:
                self._tell_pose(stamp, estimate)

    def _tell_odometry(self, stamp) -> None:
        msg = Odometry(child_frame_id='base_link')
        msg.header.stamp, msg.header.frame_id = stamp, 'odom'
        _fill(msg.pose.pose, self._base.odom)
        msg.twist.twist.linear.x, msg.twist.twist.angular.z = self._base.speed, self._base.rate
        self._odom_out.publish(msg)

    def _tell_scan(self, stamp) -> None:
        msg = LaserScan(angle_min=0.0, angle_max=6.2831853 * (BEAMS - 1) / BEAMS,
                        angle_increment=6.2831853 / BEAMS, scan_time=SCAN_EVERY * STEP_S,
                        range_min=0.05, range_max=RANGE_MAX_M,
                        ranges=room_scan(self._base.true, self._walls))
        msg.header.stamp, msg.header.frame_id = stamp, 'base_scan'
        self._scan_out.publish(msg)

    def _tell_pose(self, stamp, estimate) -> None:
        msg = PoseWithCovarianceStamped()
        msg.header.stamp, msg.header.frame_id = stamp, 'map'
        _fill(msg.pose.pose, estimate)
        msg.pose.covariance[0] = msg.pose.covariance[7] = 0.03 ** 2
        msg.pose.covariance[35] = 0.02 ** 2
        self._pose_out.publish(msg)


def _fill(pose, place: Place) -> None:
    """Write a place into a pose message."""
    pose.position.x, pose.position.y = place.x, place.y
    pose.orientation.z, pose.orientation.w = sin(0.5 * place.yaw), cos(0.5 * place.yaw)


def main() -> None:
    """Run the robot until it is switched off."""
    rclpy.init()
    try:
        rclpy.spin(Nav2ShapedRobot())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == '__main__':
    main()
