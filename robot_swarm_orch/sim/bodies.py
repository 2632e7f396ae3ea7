# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
How the bases of a simulated fleet move: what `World` knows of physics, and the simplest of them.

A backend keeps one array entry for each robot, index i for robot i, and offers:

    x, y, yaw             true pose [m, m, rad; map frame]
    v, w                  true speed along the heading [m/s] and yaw rate [rad/s]
    wheel_v, wheel_w      the same as the wheels have it (encoders), whether they slip or not
    odom_x, odom_y, odom_yaw    the pose that follows from the wheels' turning alone
    advance(dt, v, w)     obey velocities for `dt` seconds, within the limits; return the ways [m]
    put(robot, pose)      set a robot down elsewhere, at rest
    carry(masses_kg)      the loads that the robots have aboard
    block(circles)        what stands about, (k, 3): x, y, radius [m]
    push(robot, force_n, for_s)    push a robot with a force (x, y) [N; map frame] for a while

`physics.py` names them; `WorldOptions.physics` chooses.
"""

from math import pi

import numpy as np

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.errors import ConfigError


def towards(now, target, up, down):
    """Return speeds moved to targets, by at most `up` away from zero and `down` towards it."""
    slower = np.abs(target) < np.abs(now)
    slower |= target * now < 0.0
    bound = np.where(slower, down, up)
    return now + np.clip(target - now, -bound, bound)


def wrapped(yaw):
    """Return angles in -pi to pi."""
    return (yaw + pi) % (2.0 * pi) - pi


class KinematicBodies:
    """Bases that do exactly as they are told, within their limits, and pass through each other."""

    def __init__(self, site, config: RobotConfig, options, poses, seed: int):
        """Stand at poses (n, 3) [m, m, rad]."""
        self._limits = config
        self.x, self.y, self.yaw = np.array(poses, dtype=float).T.copy()
        self.v, self.w = np.zeros(len(poses)), np.zeros(len(poses))

    @property
    def wheel_v(self):
        """Return the speeds that wheels have which never slip."""
        return self.v

    @property
    def wheel_w(self):
        """Return the yaw rates that wheels have which never slip."""
        return self.w

    @property
    def odom_x(self):
        """Return x: odometry of wheels that never slip does not drift."""
        return self.x

    @property
    def odom_y(self):
        """Return y."""
        return self.y

    @property
    def odom_yaw(self):
        """Return yaw."""
        return self.yaw

    def advance(self, dt: float, target_v, target_w):
        """Integrate one short step with constant accelerations (an arc for each base)."""
        limits = self._limits
        v = towards(self.v, target_v, limits.acceleration_mps2 * dt, limits.brake_mps2 * dt)
        w = towards(self.w, target_w, limits.yaw_acceleration_radps2 * dt,
                    limits.yaw_acceleration_radps2 * dt)
        way, turn = 0.5 * (self.v + v) * dt, 0.5 * (self.w + w) * dt
        middle = self.yaw + 0.5 * turn
        self.x += way * np.cos(middle)
        self.y += way * np.sin(middle)
        self.yaw = wrapped(self.yaw + turn)
        self.v, self.w = v, w
        return np.abs(way)

    def put(self, robot: int, pose) -> None:
        """Set a robot down elsewhere, at rest."""
        self.x[robot], self.y[robot], self.yaw[robot] = pose.x_m, pose.y_m, pose.yaw_rad
        self.v[robot] = self.w[robot] = 0.0

    def carry(self, masses_kg) -> None:
        """Take loads aboard: they weigh nothing here."""

    def block(self, circles) -> None:
        """Let things stand about: bodies pass through them here."""

    def push(self, robot: int, force_n, for_s: float) -> None:
        """Refuse: nothing has mass here."""
        raise ConfigError('nobody can push a robot whose physics is kinematic, since it has no '
                          'mass: choose the physics mujoco')
