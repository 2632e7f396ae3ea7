# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The simulated world: differential-drive bases, payload devices, batteries and laser scans.

All robots move in one set of arrays, index i for robot i, so a step costs the same few NumPy calls
for one robot or a hundred. Nothing here knows the code under test: a base gets velocities, a
payload device gets requests, and what really happened is kept for the judges (`checks.py`).

A base obeys a velocity after `actuation_delay_s`, within its limits of acceleration and braking.
Without a new one for `watchdog_s` it brakes by itself. How bodies move is one of the backends of
`bodies.py`: with the physics kinematic, exactly as told, and they pass through each other, which
the judge counts; with mujoco they have wheels that slip, and they push each other.

Localisation (`odometry`) has a bounded error with either. What the wheels alone would say
(`wheel_odometry`) drifts where they slip.
"""

from dataclasses import dataclass, field
from heapq import heappop, heappush
import random
from typing import Optional, Sequence, Tuple

import numpy as np

from robot_swarm_orch.config import check, check_ranges, param, RobotConfig
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.sim.obstacles import Obstacle
from robot_swarm_orch.sim.payload import PayloadDevice
from robot_swarm_orch.sim.physics import PHYSICS
from robot_swarm_orch.sim.scanner import Scanner
from robot_swarm_orch.site import Site
from robot_swarm_orch.types import LoadReading, LoadRequest, Motion, Odometry, Pose, Scan

# Slower than this counts as rest, along the heading [m/s] and about the vertical [rad/s].
MOVING = 0.02
# Slower than this nothing turns at all; physics never ends in an exact zero.
_RESTS = 1e-3

REST_SHARE = 0.2
"""What a robot at rest uses of its battery, as a share of what it uses while driving."""


@dataclass(frozen=True)
class WorldOptions:
    """What the simulated hardware is like."""

    pick_s: float = param(5.0, 'time of a pick [s]', 0.0, 3600.0)
    drop_s: float = param(5.0, 'time of a drop [s]', 0.0, 3600.0)
    dock_s: float = param(2.0, 'time to dock [s]', 0.0, 3600.0)
    inspect_s: float = param(3.0, 'time to inspect a place [s]', 0.0, 3600.0)
    step_s: float = param(0.05, 'longest step of the integration [s]', 0.001, 0.5)
    pose_noise_m: float = param(
        0.01, 'bound on the error of the pose that odometry gives, per axis [m]', 0.0, 1.0)
    beams: int = param(72, 'beams of the laser scan, evenly around', 4, 1440)
    scan_range_m: float = param(8.0, 'range of the laser scan [m]', 0.5, 100.0)
    drive_hours: float = param(8.0, 'how long a full battery drives [h]', 0.01, 1000.0)
    charge_hours: float = param(1.0, 'how long an empty battery charges [h]', 0.01, 1000.0)
    physics: str = param('kinematic', 'how bodies move: kinematic, exactly as they are told, or '
                         'mujoco, with wheels, masses and contacts')
    slippery_patches: int = param(
        0, 'slippery patches on the lanes, with the physics mujoco', 0, 1000)
    slippery_friction: float = param(
        0.1, 'coefficient of friction of wheels on a slippery patch; elsewhere it is 0.8',
        0.01, 2.0)
    wheel_error_ratio: float = param(
        0.003, 'bound on the error of the radius of a wheel, with the physics mujoco', 0.0, 0.1)

    def __post_init__(self):
        """Check ranges and names."""
        check_ranges(self)
        check(self.physics in PHYSICS,
              f'physics {self.physics!r} is not {" or ".join(sorted(PHYSICS))}')


@dataclass(frozen=True)
class Happening:
    """
    One thing that really happened.

    Kinds: pick_started, pick, drop_started, drop, inspect (these with order, place and action id),
    moves, rests, watchdog (a moving base heard no velocity for too long), touches (an obstacle).
    """

    time_s: float
    kind: str
    robot: str
    order: str = ''
    place: str = ''
    action: str = ''


@dataclass
class Truth:
    """What really happened, for the judges."""

    picks: dict = field(default_factory=dict)  # order id -> how often a pick was started
    drops: dict = field(default_factory=dict)  # order id -> how often a drop was started
    driven_m: float = 0.0
    happenings: list = field(default_factory=list)  # since the last `World.drain`


class World:
    """A fleet of simulated robots on a site; index i is the i-th of `placement`."""

    def __init__(self, site: Site, placement: Sequence[Tuple[str, int]], config: RobotConfig,
                 seed: int = 0, options: WorldOptions = WorldOptions(),
                 obstacles: Sequence[Obstacle] = ()):
        """
        Place robots, given as (robot id, node), at rest and facing the way out.

        `obstacles` may be changed while the world runs. Lasers see those that are high enough.
        """
        if len({node for _, node in placement}) < len(placement):
            raise SiteError('two robots are placed on the same node')
        self.site = site
        self.config = config
        self.options = options
        self.robots = tuple(robot for robot, _ in placement)
        self.index_of = {robot: i for i, robot in enumerate(self.robots)}
        self.time_s = 0.0
        self.truth = Truth()
        self._rng = random.Random(seed)
        self._noise = np.random.Generator(np.random.PCG64(seed))
        nodes = [node for _, node in placement]
        count = len(nodes)
        out = np.asarray([site.xy[site.successors[node][0]] - site.xy[node] for node in nodes])
        poses = np.column_stack([site.xy[nodes], np.arctan2(out[:, 1], out[:, 0])])
        self.bodies = PHYSICS[options.physics](site, config, options, poses, seed)
        self.battery = np.asarray([self._rng.uniform(0.7, 1.0) for _ in range(count)])
        self._chargers = site.xy[[site.places[name].node for name in site.chargers]].reshape(
            -1, 2)
        self._at_chargers = self._find_at_chargers()
        self._target_v = np.zeros(count)
        self._target_w = np.zeros(count)
        self._fresh_until = np.zeros(count)
        self._coming = []  # heap of (due, count, robot, v, w)
        self._count = 0
        self._pose_error = np.zeros((2, count))
        self._moving = np.zeros(count, dtype=bool)
        self._alive = np.zeros(count, dtype=bool)
        self._scanner = Scanner(site.racks, config.footprint_radius_m, options.beams,
                                options.scan_range_m)
        self.obstacles = tuple(obstacles)
        self._touching = frozenset()
        self._payloads = tuple(PayloadDevice(self, i) for i in range(count))

    @property
    def x(self) -> np.ndarray:
        """Return where the robots' middles truly are, x [m; map frame]."""
        return self.bodies.x

    @property
    def y(self) -> np.ndarray:
        """Return the same, y [m; map frame]."""
        return self.bodies.y

    @property
    def yaw(self) -> np.ndarray:
        """Return where the robots truly head [rad]."""
        return self.bodies.yaw

    @property
    def v(self) -> np.ndarray:
        """Return the true speeds along the headings [m/s]."""
        return self.bodies.v

    @property
    def w(self) -> np.ndarray:
        """Return the true yaw rates [rad/s]."""
        return self.bodies.w

    def command(self, robot: int, motion: Motion, sent_s: Optional[float] = None) -> None:
        """
        Hand a velocity to a base; it takes effect after the actuation delay.

        `sent_s` is when it was sent, in the world's time (default now): a world that runs late
        obeys as late as a real base would, or at once if that moment is over. The watchdog counts
        from there too.
        """
        due = (self.time_s if sent_s is None else sent_s) + self.config.actuation_delay_s
        self._count += 1
        heappush(self._coming, (due, self._count, robot, motion.speed_mps, motion.yaw_rate_radps))

    def step(self, dt: float) -> None:
        """Move everything on by `dt` seconds, in steps of at most `options.step_s`."""
        parts = max(1, int(np.ceil(dt / self.options.step_s - 1e-9)))
        self.bodies.block([(thing.x_m, thing.y_m, thing.radius_m) for thing in self.obstacles
                           if thing.is_there(self.time_s)])
        for _ in range(parts):
            self._step(dt / parts)
        if self.options.pose_noise_m:
            bound = self.options.pose_noise_m
            self._pose_error = self._noise.uniform(-bound, bound, (2, len(self.robots)))
        for device in self._payloads:
            device.advance(self.time_s)
        self.bodies.carry([device.mass_kg for device in self._payloads])
        moving = (np.abs(self.v) > MOVING) | (np.abs(self.w) > MOVING)
        for robot in np.flatnonzero(moving != self._moving):
            self.note('moves' if moving[robot] else 'rests', robot)
        self._moving = moving
        self._at_chargers = self._find_at_chargers()
        if self.obstacles or self._touching:
            self._note_touches()

    def _find_at_chargers(self):
        """Return whether each robot stands on a charger."""
        gap = self._chargers[:, None] - np.stack([self.x, self.y], axis=1)
        return (np.hypot(gap[..., 0], gap[..., 1])
                < 2.0 * self.config.position_error_m).any(axis=0)

    def _note_touches(self):
        """Write down each robot whose body begins to touch an obstacle."""
        touching = frozenset(
            robot for thing in self.obstacles if thing.is_there(self.time_s)
            for robot in np.flatnonzero(
                np.hypot(self.x - thing.x_m, self.y - thing.y_m)
                < self.config.footprint_radius_m + thing.radius_m).tolist())
        for robot in sorted(touching - self._touching):
            self.note('touches', robot)
        self._touching = touching

    def note(self, kind: str, robot: int, **details) -> None:
        """Write down that something happened."""
        self.truth.happenings.append(Happening(self.time_s, kind, self.robots[robot], **details))

    def drain(self) -> list:
        """Return the happenings since the last call, in order."""
        happened, self.truth.happenings = self.truth.happenings, []
        return happened

    def _step(self, dt):
        """Let the bases obey what they were told, for one short step."""
        self.time_s += dt
        coming, now = self._coming, self.time_s + 1e-9
        while coming and coming[0][0] <= now:
            due, _, robot, v, w = heappop(coming)
            self._target_v[robot], self._target_w[robot] = v, w
            self._fresh_until[robot] = due + self.config.watchdog_s
        alive = self._fresh_until >= self.time_s - 1e-9
        for robot in np.flatnonzero(self._alive & ~alive & (np.abs(self.v) > _RESTS)):
            self.note('watchdog', robot)
        self._alive = alive
        ways = self.bodies.advance(dt, np.where(alive, self._target_v, 0.0),
                                   np.where(alive, self._target_w, 0.0))
        self.truth.driven_m += float(ways.sum())
        self._drain(dt)

    def _drain(self, dt):
        """Use up battery: full use while driving, a fifth at rest; at a charger it fills up."""
        share = np.where((np.abs(self.v) > _RESTS) | (np.abs(self.w) > _RESTS),
                         1.0, REST_SHARE)
        left = self.battery - share * dt / (3600.0 * self.options.drive_hours)
        charging = self._at_chargers & (share < 1.0)
        left[charging] += dt / (3600.0 * self.options.charge_hours)
        self.battery = np.clip(left, 0.0, 1.0)

    def charge(self, robot: int, seconds: float) -> bool:
        """
        Charge a robot's battery for a while; return whether it is full.

        At a charger it fills up anyhow, and no faster for being told to.
        """
        if not self._at_chargers[robot]:
            self.battery[robot] = min(1.0, self.battery[robot]
                                      + seconds / (3600.0 * self.options.charge_hours))
        return bool(self.battery[robot] >= 1.0)

    def put(self, robot: int, pose: Pose) -> None:
        """Set a robot down elsewhere, at rest (a person pushed it; a test wants trouble)."""
        self.bodies.put(robot, pose)

    def push(self, robot: int, force_n: Tuple[float, float], for_s: float) -> None:
        """Push a robot with a force (x, y) [N; map frame]; ConfigError where nothing has mass."""
        self.bodies.push(robot, force_n, for_s)

    def at_place(self, robot: int, place: str) -> bool:
        """Return whether a robot stands at a place, so that its payload device can reach it."""
        spot = self.site.places.get(place)
        if spot is None:
            return False
        gap = self.site.xy[spot.node] - (self.x[robot], self.y[robot])
        return bool(np.hypot(*gap) < 2.0 * self.config.position_error_m
                    and abs(self.v[robot]) < 0.01)

    def odometry(self, robot: int) -> Odometry:
        """Return what a robot's localisation says, with its error, and the wheels' speeds."""
        error = self._pose_error
        pose = Pose(float(self.x[robot] + error[0, robot]), float(self.y[robot] + error[1, robot]),
                    float(self.yaw[robot]))
        return Odometry(pose, self._wheels_say(robot), self.time_s, self.options.pose_noise_m)

    def wheel_odometry(self, robot: int) -> Odometry:
        """Return what a robot's wheels alone say, from its start on [odom frame]; it drifts."""
        bodies = self.bodies
        pose = Pose(float(bodies.odom_x[robot]), float(bodies.odom_y[robot]),
                    float(bodies.odom_yaw[robot]))
        return Odometry(pose, self._wheels_say(robot), self.time_s)

    def _wheels_say(self, robot):
        """Return a robot's speeds as its wheels have them."""
        return Motion(float(self.bodies.wheel_v[robot]), float(self.bodies.wheel_w[robot]))

    def scans(self, robots=None) -> np.ndarray:
        """Return laser ranges (n, beams) [m] of the given robot indices (default all)."""
        high = [(thing.x_m, thing.y_m, thing.radius_m) for thing in self.obstacles
                if not thing.is_low and thing.is_there(self.time_s)]
        return self._scanner.ranges(self.x, self.y, self.yaw, robots, high)

    def scan_value(self, ranges) -> Scan:
        """Return one row of `scans` as a value."""
        return Scan(ranges, self._scanner.angle_min_rad, self._scanner.angle_step_rad,
                    self.options.scan_range_m, self.time_s)

    def request_load(self, robot: int, request: LoadRequest) -> None:
        """Hand a request to a robot's payload device; a repeated `action_id` starts nothing."""
        self._payloads[robot].request(request)

    def load(self, robot: int) -> LoadReading:
        """Return what a robot's payload device says."""
        return self._payloads[robot].reading()

    def random_mass_kg(self) -> float:
        """Return the mass of the next load [kg]."""
        return round(self._rng.uniform(40.0, 300.0), 1)
