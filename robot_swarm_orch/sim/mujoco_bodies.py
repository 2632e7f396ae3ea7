# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Bases with mass and wheels, moved by MuJoCo: they slip, push one another, and can be pushed.

The base's controller is simulated too: it ramps the velocity that it was told at the configured
limits and turns each wheel accordingly, by torques that accelerate what has to be accelerated
(a base knows its load) and correct what is missing. Torques are limited, and so is what the floor
takes. What the wheels' turning says of the way (`odom_x`, ...) therefore drifts: wheels slip, and
no two of them are exactly alike.

How slippery the floor is, and the wheels, follow from the seed alone. The same seed and commands
give the same run on the same machine.
"""

import random

import numpy as np

from robot_swarm_orch.config import check, RobotConfig
from robot_swarm_orch.errors import InvariantError
from robot_swarm_orch.sim.bodies import towards, wrapped
from robot_swarm_orch.sim.mujoco_model import (
    AWAY_M, BASE_KG, Chassis, load_mujoco, model_xml, ROTOR_KGM2, WHEEL_RADIUS_M)
from scipy.spatial import cKDTree

# Longest step of the integration [s].
STEP_S = 0.01
# Torque for each rad/s that a wheel is too slow; most that a motor has [N m s, N m].
_GAIN = 30.0
_TORQUE_MAX_NM = 60.0
# Friction of rubber on clean concrete; what a slippery patch has is an option.
_GRIP = 0.8
# A patch is as wide as to catch one wheel at a time, as a puddle of oil does.
PATCH_RADIUS_M = 0.25
_THINGS = 32  # that may stand about at once
_DOFS = 6     # of each robot: x, y, z, yaw, left wheel, right wheel


class MujocoBodies:
    """Bases on wheels; see `bodies.py` for what they offer."""

    def __init__(self, site, config: RobotConfig, options, poses, seed: int):
        """Stand at poses (n, 3) [m, m, rad]; raises NoPhysics where MuJoCo is missing."""
        self._mujoco = mujoco = load_mujoco()
        poses = np.array(poses, dtype=float).reshape(-1, 3)
        count, rng = len(poses), random.Random(f'{seed} floor and wheels')
        error = options.wheel_error_ratio
        radii = [[WHEEL_RADIUS_M * (1.0 + rng.uniform(-error, error)) for _ in 'lr']
                 for _ in range(count)]
        self._limits, self._slippery = config, options.slippery_friction
        self._chassis = Chassis(config.footprint_radius_m)
        self._model = mujoco.MjModel.from_xml_string(
            model_xml(site.racks, self._chassis, radii, _THINGS, STEP_S))
        self._data = mujoco.MjData(self._model)
        self._q = self._data.qpos.reshape(count, _DOFS)    # views of MuJoCo's own arrays
        self._qv = self._data.qvel.reshape(count, _DOFS)
        self._q[:, [0, 1, 3]] = poses
        self._find_parts(count)
        self.spill(_patches(site, options.slippery_patches, 0.5 * self._chassis.track_m, rng))
        self._set_v, self._set_w = np.zeros(count), np.zeros(count)
        self._load_kg, self._circles, self._pushes = (0.0,) * count, (), []
        self.x, self.y, self.yaw = poses.T.copy()
        self.v, self.w = np.zeros(count), np.zeros(count)
        self.wheel_v, self.wheel_w = np.zeros(count), np.zeros(count)
        self.odom_x, self.odom_y, self.odom_yaw = poses.T.copy()
        mujoco.mj_forward(self._model, self._data)

    def _find_parts(self, count):
        """Look up where MuJoCo keeps bases, wheels and things."""
        model = self._model
        self._bases = np.array([model.body(f'base{i}').id for i in range(count)], dtype=int)
        self._wheels = np.array([[model.geom(f'{i}{side}').id for side in 'lr']
                                 for i in range(count)], dtype=int).reshape(count, 2)
        self._things = [model.body(f'thing{i}') for i in range(_THINGS)]

    # Moving

    def advance(self, dt: float, target_v, target_w):
        """Obey velocities for `dt` seconds; return how far each robot went [m]."""
        parts = max(1, int(np.ceil(dt / STEP_S - 1e-9)))
        step_s = self._model.opt.timestep = dt / parts
        before, turned = self._q[:, :2].copy(), self._q[:, 4:].copy()
        if self._patches is not None:
            self._feel_floor()
        for _ in range(parts):
            self._drive(step_s, target_v, target_w)
            self._push_on(step_s)
            self._mujoco.mj_step(self._model, self._data)
        if not np.isfinite(self._data.qacc).all():
            raise InvariantError('the physics of the simulation diverged: a force, a load or a '
                                 'step is beyond what its model takes')
        self._read(self._q[:, 4:] - turned, dt)
        return np.hypot(*(self._q[:, :2] - before).T)

    def _drive(self, step_s, target_v, target_w):
        """Set the torques of all wheels, for one step."""
        limits, half = self._limits, 0.5 * self._chassis.track_m
        v = towards(self._set_v, target_v, limits.acceleration_mps2 * step_s,
                    limits.brake_mps2 * step_s)
        w = towards(self._set_w, target_w, limits.yaw_acceleration_radps2 * step_s,
                    limits.yaw_acceleration_radps2 * step_s)
        forward, turning = (v - self._set_v) / step_s, (w - self._set_w) / step_s
        self._set_v, self._set_w = v, w
        mass = BASE_KG + np.asarray(self._load_kg)
        pull, twist = 0.5 * mass * forward, (
            self._chassis.inertia_kgm2(np.asarray(self._load_kg)) * turning / (2.0 * half))
        torque = np.empty((len(v), 2))
        for side, sign in enumerate((-1.0, 1.0)):
            spin = (v + sign * half * w) / WHEEL_RADIUS_M
            spin_up = (forward + sign * half * turning) / WHEEL_RADIUS_M
            torque[:, side] = (
                WHEEL_RADIUS_M * (pull + sign * twist) + ROTOR_KGM2 * spin_up
                + _GAIN * (spin - self._qv[:, 4 + side]))
        self._data.ctrl[:] = np.clip(torque, -_TORQUE_MAX_NM, _TORQUE_MAX_NM).ravel()

    def _feel_floor(self):
        """Give each wheel the grip that the floor has where it is."""
        wheels = self._wheels.ravel()
        away, _ = self._patches.query(self._data.geom_xpos[wheels, :2])
        self._model.geom_friction[wheels, 0] = np.where(
            away < PATCH_RADIUS_M, self._slippery, _GRIP)

    def _read(self, rolled, dt):
        """Take over where everybody is; `rolled` is how far the wheels turned, (n, 2) [rad]."""
        self.x, self.y = self._q[:, 0].copy(), self._q[:, 1].copy()
        self.yaw = wrapped(self._q[:, 3])
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        self.v, self.w = self._qv[:, 0] * c + self._qv[:, 1] * s, self._qv[:, 3].copy()
        track, radius = self._chassis.track_m, WHEEL_RADIUS_M
        self.wheel_v = 0.5 * radius * self._qv[:, 4:].sum(axis=1)
        self.wheel_w = radius * (self._qv[:, 5] - self._qv[:, 4]) / track
        way = 0.5 * radius * rolled.sum(axis=1)
        turn = radius * (rolled[:, 1] - rolled[:, 0]) / track
        middle = self.odom_yaw + 0.5 * turn
        self.odom_x = self.odom_x + way * np.cos(middle)
        self.odom_y = self.odom_y + way * np.sin(middle)
        self.odom_yaw = wrapped(self.odom_yaw + turn)

    # What others do to the robots

    def put(self, robot: int, pose) -> None:
        """Set a robot down elsewhere, at rest; its wheels do not notice."""
        self._q[robot, [0, 1, 3]] = pose.x_m, pose.y_m, pose.yaw_rad
        self._q[robot, 2] = 0.0
        self._qv[robot] = 0.0
        self._set_v[robot] = self._set_w[robot] = 0.0
        self._mujoco.mj_forward(self._model, self._data)
        self._read(np.zeros((len(self.x), 2)), 0.0)

    def carry(self, masses_kg) -> None:
        """Take loads aboard, low on the base."""
        model = self._model
        for robot in [i for i, kg in enumerate(masses_kg) if kg != self._load_kg[i]]:
            body, more = self._bases[robot], masses_kg[robot] - self._load_kg[robot]
            model.body_mass[body] += more
            model.body_inertia[body] = self._chassis.inertia_kgm2(masses_kg[robot])
            model.body_subtreemass[[0, body]] += more
        self._load_kg = tuple(masses_kg)

    def block(self, circles) -> None:
        """
        Let things stand about, (k, 3) [m]; ConfigError if they are too many.

        What comes to stand where a robot is has no effect until the robot is gone: two bodies in
        one place would be flung apart.
        """
        circles = tuple(circle for circle in map(tuple, circles)
                        if circle in self._circles or not self._is_taken(*circle))
        if circles == self._circles:
            return
        check(len(circles) <= _THINGS, f'{len(circles)} obstacles stand about at once: with the '
              f'physics mujoco at most {_THINGS} may')
        model, data = self._model, self._data
        for number, body in enumerate(self._things):
            there = number < len(circles)
            x, y, radius = circles[number] if there else (float(number), 0.0, 0.1)
            data.mocap_pos[body.mocapid[0]] = (x, y, WHEEL_RADIUS_M if there else AWAY_M)
            geom = body.geomadr[0]
            model.geom_size[geom, 0] = model.geom_rbound[geom] = radius
            model.geom_aabb[geom, 3:] = radius
        self._circles = circles

    def _is_taken(self, x, y, radius):
        """Return whether a robot stands where a thing would."""
        reach = radius + self._chassis.radius_m
        return bool((np.hypot(self.x - x, self.y - y) < reach).any())

    def spill(self, patches) -> None:
        """Make the floor slippery around points (k, 2) [m], and nowhere else."""
        self._patches = cKDTree(patches) if len(patches) else None
        self._model.geom_friction[self._wheels.ravel(), 0] = _GRIP

    def push(self, robot: int, force_n, for_s: float) -> None:
        """Push a robot at its middle with a force (x, y) [N; map frame] for a while."""
        self._pushes.append([for_s, robot, np.asarray(force_n, dtype=float)])

    def _push_on(self, step_s):
        """Apply the pushes under way for one step."""
        if not self._pushes:
            return
        applied = self._data.xfrc_applied
        applied[:] = 0.0
        for push in self._pushes:
            if push[0] > 1e-9:
                applied[self._bases[push[1]], :2] += push[2]
            push[0] -= step_s
        self._pushes = [push for push in self._pushes if push[0] > -step_s]


def _patches(site, count, aside_m, rng):
    """Return the middles of slippery patches (k, 2) [m], where one wheel runs on a lane."""
    edges = [(a, b) for a in range(site.real_count) for b in site.successors[a]]
    patches = []
    for _ in range(count if edges else 0):
        a, b = rng.choice(edges)
        way = site.xy[b] - site.xy[a]
        left = np.array([-way[1], way[0]]) / np.hypot(*way)
        patches.append(site.xy[a] + rng.random() * way + rng.choice((-aside_m, aside_m)) * left)
    return np.array(patches, dtype=float).reshape(-1, 2)
