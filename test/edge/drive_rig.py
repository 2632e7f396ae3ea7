# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Helpers for the tests of path following: a base that slips, and one drive along a route."""

from math import cos, hypot, sin
import random

from edge_rig import SimulatedBase, STEP_S
import numpy as np

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.base import Roadmap, stoppable_speed_mps, Track, wrap_rad
from robot_swarm_orch.edge.motion import Follower, Reckoner
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import Motion, Odometry, Pose

CONFIG = RobotConfig()


def path_site(lengths, headings):
    """Return a two-way street n0, n1, ... from the origin, with these legs [m, rad]."""
    xy = [(0.0, 0.0)]
    for length, heading in zip(lengths, headings):
        x, y = xy[-1]
        xy.append((x + length * cos(heading), y + length * sin(heading)))
    return load_site({'name': 'path', 'nodes': {f'n{i}': list(p) for i, p in enumerate(xy)},
                      'edges': [[f'n{i}', f'n{i + 1}'] for i in range(len(lengths))]})


class SlippingBase(SimulatedBase):
    """
    A base on two wheels that slip, with a noisy localisation.

    `slip` is the share of the way that each wheel (left, right) loses for good, `random_slip` the
    bound of what comes and goes with each odometry. The wheels' encoders do not feel slip; a gyro
    does. Noise is uniform.
    """

    def __init__(self, *args, slip=(0.0, 0.0), random_slip=0.0, wheels_apart_m=0.6, noise_m=0.0,
                 noise_rad=0.0, gyro=False, seed=0, **options):
        self.slip, self.random_slip, self.wheels_apart_m = slip, random_slip, wheels_apart_m
        self.noise_m, self.noise_rad, self.gyro = noise_m, noise_rad, gyro
        self._rng, self._lost, self._turning = random.Random(seed), slip, 0.0
        super().__init__(*args, **options)

    def _move(self):
        half = 0.5 * self.wheels_apart_m
        left = (self.v - self.w * half) * (1.0 - self._lost[0])
        right = (self.v + self.w * half) * (1.0 - self._lost[1])
        speed, self._turning = 0.5 * (left + right), (right - left) / self.wheels_apart_m
        self.x += speed * cos(self.yaw) * STEP_S
        self.y += speed * sin(self.yaw) * STEP_S
        self.yaw = wrap_rad(self.yaw + self._turning * STEP_S)

    def _off(self, bound):
        return self._rng.uniform(-bound, bound)

    def _sample(self):
        self._lost = tuple(lost + self._off(self.random_slip) for lost in self.slip)
        pose = Pose(self.x + self._off(self.noise_m), self.y + self._off(self.noise_m),
                    self.yaw + self._off(self.noise_rad))
        return Odometry(pose, Motion(self.v, self._turning if self.gyro else self.w), self.now_s)


class Drive:
    """One drive along a route, under a gate like the safety limiter's; measures how it went."""

    def __init__(self, site, route, held=None, start=None, config=CONFIG, base=SimulatedBase,
                 **base_options):
        x, y, yaw = start or (*map(float, site.xy[route[0]]), 0.0)
        self.site, self.config, self.route = site, config, tuple(route)
        self.base = base(config, x, y, yaw, **base_options)
        self.reckoner = Reckoner(config)
        self.follower = Follower(config, self.reckoner)
        self.track = Track(Roadmap(site), config, route)
        self.held = frozenset(range(site.node_count) if held is None else held)
        self.off_m = self.beyond_m = self.stray_m = 0.0
        self.speeds, self.asked, self.sent, self.cuts = [], [], [], 0

    def tick(self):
        """Drive for one period."""
        config = self.config
        body = self.reckoner.at(self.base.odometry, self.base.now_s)
        x, y = body.pose.x_m, body.pose.y_m
        self.track.pass_nodes(x, y, abs(body.motion.speed_mps) < 0.06)
        run = self.track.base(self.held, x, y)
        gate = stoppable_speed_mps(run.to_stop_m(x, y) + run.slack_m, config.react_s,
                                   config.brake_mps2)
        asked = self.follower.drive(body, run, config.speed_mps)
        self.asked.append(asked)
        motion = Motion(min(asked.speed_mps, gate), asked.yaw_rate_radps)
        self.cuts += motion.speed_mps < asked.speed_mps - 1e-9
        self.sent.append(motion)
        self.reckoner.sent(self.base.now_s, motion)
        self.base.command(motion)
        ahead = run.edges[0] if run.edges else None
        for _ in range(5):
            self.base.run(config.tick_s / 5)
            if ahead is not None:
                self.off_m = max(self.off_m, abs(ahead.left_m(self.base.x, self.base.y)))
            self.beyond_m = max(self.beyond_m, -run.to_stop_m(self.base.x, self.base.y))
            self.stray_m = max(self.stray_m, self.to_path_m())
        self.speeds.append(self.base.v)

    def to_path_m(self):
        """Return how far the base really is from the route: no edge, node or pose of the core."""
        xy = self.site.xy[list(self.route)]
        way, here = np.diff(xy, axis=0), np.asarray((self.base.x, self.base.y)) - xy[:-1]
        share = np.clip((here * way).sum(axis=1) / (way * way).sum(axis=1), 0.0, 1.0)
        return float(np.hypot(*(here - share[:, None] * way).T).min())

    def to_end_m(self):
        """Return how far the base is from the last node."""
        x, y = self.site.xy[self.route[-1]]
        return hypot(self.base.x - x, self.base.y - y)

    def run(self, limit_s=60.0):
        """Drive until the robot rests at the end; return the seconds."""
        start = self.base.now_s
        while self.base.now_s < start + limit_s:
            self.tick()
            if len(self.track.nodes) == 1 and self.base.v < 0.01 and abs(self.base.w) < 0.01:
                return self.base.now_s - start
        raise AssertionError('the robot never arrived')
