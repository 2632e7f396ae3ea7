# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Avoidance where there is no roadmap: from the wanted velocity to one that meets nobody.

    wanted velocity -> keep right, work free -> ORCA (`orca.py`) -> speed and yaw rate -> gate

ORCA only proposes; `free_gate.Gate` decides, and its docstring says why nobody is touched.
ORCA assumes robots that move in any direction at once. A differential drive can do that with a
point ahead of its axle: the point at `lead_m` L has velocity v along the heading and L w across
it, so every velocity of the point is one pair (v, w) (Snape, van den Berg, Guy, Manocha: Smooth
and collision-free navigation for multiple robots under differential-drive constraints, IROS 2010).
The disc around that point which holds the footprint is larger by L. Growing it by a bound on the
tracking error instead (Alonso-Mora et al.: Optimal reciprocal collision avoidance for multiple
non-holonomic robots, DARS 2010) costs about as much room and needs a table of that bound for
each base and speed; here the gate makes up for what the mapping leaves out, the limits on
acceleration and yaw rate among it.

ORCA alone does not make all arrive: in symmetric meetings robots stop each other for ever. Two
rules break that, without a word between robots. Everybody keeps to the right of the way that it
wants while somebody is ahead: a crowd then turns like a roundabout. And a robot that gets nowhere
although others are near tries another direction for a few seconds, mostly to its right; which one
and for how long follows from its name and the number of the try, so no two robots do the same.
"""

from math import cos, exp, hypot, inf, sin
from zlib import crc32

import numpy as np

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.base import stoppable_speed_mps
from robot_swarm_orch.edge.free_gate import Gate
from robot_swarm_orch.edge.neighbours import AvoidanceConfig, Neighbours
from robot_swarm_orch.types import Motion, Odometry, Pose, STANDSTILL

# Progress is judged over about this long [s]; less than this share of what was wanted is stuck.
_PATIENCE_S = 3.0
_STUCK_SHARE = 0.25
# A robot that is stuck tries a way to its right by this much [rad], for this long [s].
_DETOUR_RAD = (0.5, 2.2)
_DETOUR_S = (1.5, 4.0)
# Of so many tries the last is to the left.
_LEFT_EVERY = 3


def toward(pose: Pose, x_m: float, y_m: float, config: RobotConfig):
    """Return the velocity (x, y) [m/s; map frame] to a point, slow enough to stop there."""
    dx, dy = x_m - pose.x_m, y_m - pose.y_m
    away = hypot(dx, dy)
    if away < 1e-6:
        return 0.0, 0.0
    speed = min(config.speed_mps, stoppable_speed_mps(
        away, config.tick_s + config.actuation_delay_s, 0.5 * config.brake_mps2))
    return speed * dx / away, speed * dy / away


class Avoider:
    """
    The avoidance of one robot; the same inputs in the same order give the same motions.

    To be made before the robot drives: the first one of a process takes long (`free_gate.Gate`).
    """

    def __init__(self, robot: str, robot_config: RobotConfig,
                 config: AvoidanceConfig = AvoidanceConfig()):
        """Be `robot`, with its own limits."""
        # Late, as in `Gate`.
        from robot_swarm_orch.edge.free_ways import packed
        from robot_swarm_orch.edge.orca import propose
        self.robot = robot
        self.robot_config, self.config = robot_config, config
        gap_m = robot_config.footprint_radius_m + config.margin_m + 2.0 * config.lead_m
        self._settings = packed((config.nearest, config.range_m, config.bias_rad, config.lead_m,
                                config.horizon_s, gap_m, robot_config.speed_mps))
        self._packed, self._orca = packed, propose
        propose(packed(np.empty((0, 9))), packed(np.zeros(9)), self._settings)
        self.gate = Gate(robot_config)
        self._sent = STANDSTILL
        self._listens_s = None
        self._decided_s = -inf
        self._place = None      # where it was at the last decision [m; map frame]
        self._wish = self._gain = 0.0  # what was wanted and gained lately, fading [m]
        self._detour_rad = self._detour_end_s = 0.0
        self._tries = 0
        self._others = np.empty((0, 9))  # room for the table without its own column
        self._patience_s = _PATIENCE_S * (0.5 + self._draw('patience'))

    def listen(self, now_s: float) -> None:
        """Begin to listen, before the zone is entered; else that begins with `velocity`."""
        if self._listens_s is None:
            self._listens_s = now_s

    def velocity(self, body: Odometry, wanted, neighbours: Neighbours, now_s: float,
                 speed_limit_mps: float = inf) -> Motion:
        """
        Return the motion to command now, or one to standstill; nothing else may be commanded.

        body: own state at `now_s` [s; own clock]; wanted: velocity (x, y) [m/s; map frame];
        neighbours: all words heard so far; a column of the robot's own is passed over;
        speed_limit_mps: what other rules allow. It has to be applied here: slowed down
        afterwards, a robot that turns would leave the way that the gate checked.
        """
        self.listen(now_s)
        if not 0.0 <= now_s - self._decided_s <= self.robot_config.watchdog_s:
            self._sent = body.motion  # others commanded meanwhile, or nobody
        table = neighbours.table
        own = neighbours.column(self.robot)
        if own >= 0:
            table = self._without(table, own)
        if now_s - self._listens_s < self.config.listen_s or not speed_limit_mps > 0.0:
            wanted = (0.0, 0.0)
        self._look_back(body.pose, wanted, now_s)
        proposed = self._propose(body, wanted, table, now_s)
        if proposed.speed_mps > speed_limit_mps:
            share = speed_limit_mps / proposed.speed_mps
            proposed = Motion(speed_limit_mps, share * proposed.yaw_rate_radps)
        gap_m = (self.robot_config.footprint_radius_m + body.pose_error_m
                 + self.config.margin_m)
        self._sent = self.gate.limit(body, self._sent, proposed, table, now_s, gap_m)
        return self._sent

    def _without(self, table, own):
        """Return the table without the robot's own column."""
        rows, count = table.shape
        if len(self._others) < count:
            self._others = np.empty((2 * count, rows))
        others = self._others[:count - 1]
        others[:own], others[own:] = table.T[:own], table.T[own + 1:]
        return others.T

    def _propose(self, body, wanted, table, now_s) -> Motion:
        """Return the motion that ORCA proposes."""
        wish = hypot(*wanted)
        if wish < 1e-6:
            return STANDSTILL
        pose, motion = body.pose, body.motion
        state = (pose.x_m, pose.y_m, pose.yaw_rad, motion.speed_mps, motion.yaw_rate_radps,
                 *wanted, self._detour_rad, now_s)
        aim_x, aim_y = self._orca(self._packed(table.T), self._packed(state), self._settings)
        c, s = cos(pose.yaw_rad), sin(pose.yaw_rad)
        return self._steer(aim_x * c + aim_y * s, aim_y * c - aim_x * s)

    def _steer(self, along, across) -> Motion:
        """Return what gives the point ahead of the axle a velocity [m/s; base frame]."""
        config = self.robot_config
        rate = across / self.config.lead_m
        if along <= 0.0:
            # Backwards: turn round on the spot, to the right if it is straight behind.
            least = -along / self.config.lead_m
            rate = -max(least, -rate) if rate <= 0.0 else max(least, rate)
            along = 0.0
        most = config.yaw_rate_radps
        if abs(rate) > most:
            along, rate = along * most / abs(rate), most if rate > 0.0 else -most
        return Motion(along, rate)

    def _look_back(self, pose, wanted, now_s):
        """Weigh progress against what was wanted; while there is none, begin a detour."""
        place, self._place = self._place, (pose.x_m, pose.y_m)
        past_s, self._decided_s = now_s - self._decided_s, now_s
        wish = hypot(*wanted)
        if place is None or wish < 1e-6 or not 0.0 < past_s < inf:
            self._wish = self._gain = self._detour_rad = 0.0
            return
        if self._detour_rad:
            if now_s < self._detour_end_s:
                return
            self._wish = self._gain = self._detour_rad = 0.0
        keep = exp(-past_s / self._patience_s)
        gained = ((pose.x_m - place[0]) * wanted[0] + (pose.y_m - place[1]) * wanted[1]) / wish
        self._wish = keep * self._wish + wish * past_s
        self._gain = keep * self._gain + gained
        if self._wish < 0.6 * wish * self._patience_s:
            return
        if self._gain < _STUCK_SHARE * self._wish:
            self._begin_detour(now_s)
        elif self._gain > 2.0 * _STUCK_SHARE * self._wish:
            self._tries = 0

    def _begin_detour(self, now_s):
        """Choose a direction and a time."""
        self._tries += 1
        low, high = _DETOUR_RAD
        self._detour_rad = low + (high - low) * self._draw(f'way {self._tries}')
        if self._tries % _LEFT_EVERY == 0:
            self._detour_rad = -self._detour_rad
        low, high = _DETOUR_S
        self._detour_end_s = now_s + low + (high - low) * self._draw(f'time {self._tries}')

    def _draw(self, what):
        """Return a number of 0 to 1 for this robot and purpose, always the same."""
        return crc32(f'{self.robot} {what}'.encode()) / 2.0 ** 32
