# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The fence of a free zone: the last word on where a robot in it may go, by its own state alone.

It stands above the gate (`free_gate.py`) as the end of the base does on the roadmap: a motion is
let through only if, braking at the next tick or by its watchdog if its program dies, the robot
comes to rest without leaving the room, or entering a door that it does not hold. Otherwise a
slower motion along the same curve is tried, and in the end turning on the spot. Whatever is let
through has passed the gate as it is.
"""

from math import cos, inf, sin

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.free_gate import Gate
from robot_swarm_orch.types import Motion, Odometry, STANDSTILL

# Shares of the wanted motion that are tried.
_SHARES = (1.0, 0.6, 0.3, 0.1)
_STEP_S = 0.05
# The pose wanders by its noise while a robot stands at the fence [m].
_MARGIN_M = 0.03
_STILL_MPS = 1e-3


class Fence:
    """The gate of one robot in a zone, with the fence above it; made for one `Avoider`."""

    def __init__(self, zone, config: RobotConfig, gate: Gate):
        """Work by the zone's limits in `config`."""
        self.zone, self.config, self.gate = zone, config, gate
        self.held = frozenset()
        self.most_mps = inf  # what other rules allow along the heading

    def limit(self, body: Odometry, sent: Motion, wanted: Motion, table, now_s: float,
              gap_m: float) -> Motion:
        """Return as much of the wanted motion as fence and gate permit; see `Gate.limit`."""
        if wanted.speed_mps > self.most_mps:
            share = self.most_mps / wanted.speed_mps
            wanted = Motion(self.most_mps, (share or 1.0) * wanted.yaw_rate_radps)
        for share in _SHARES:
            motion = self.gate.limit(
                body, sent, Motion(share * wanted.speed_mps, share * wanted.yaw_rate_radps),
                table, now_s, gap_m)
            if self.holds(body, sent, motion):
                return motion
        motion = self.gate.limit(body, sent, Motion(0.0, wanted.yaw_rate_radps), table, now_s,
                                 gap_m)
        return motion if self.holds(body, sent, motion) else STANDSTILL

    def depth_m(self, body: Odometry) -> float:
        """Return how deep a body is inside the fence [m]; negative: it is outside."""
        return self.zone.depth_m(body.pose.x_m, body.pose.y_m, self.held,
                                 self.config.position_error_m - body.pose_error_m)

    def holds(self, body: Odometry, sent: Motion, motion: Motion) -> bool:
        """Return whether a robot told this comes to rest inside the fence, whoever brakes it."""
        config = self.config
        if max(abs(body.motion.speed_mps), sent.speed_mps, motion.speed_mps) <= _STILL_MPS:
            return True
        tolerance_m = config.position_error_m - body.pose_error_m
        # One that is nearer to the fence than the margin may come no nearer, and never over it.
        least_m = min(_MARGIN_M, max(0.0, self.depth_m(body) - 1e-3))
        return all(self.zone.depth_m(x, y, self.held, tolerance_m) >= least_m
                   for hold_s in (config.tick_s, config.watchdog_s)
                   for x, y in _way(body, sent, motion, hold_s, config))


def _way(body, sent, motion, hold_s, config):
    """Yield points of the way to rest: `sent` acts first, `motion` for a time, then the brakes."""
    v, w = max(0.0, body.motion.speed_mps), body.motion.yaw_rate_radps
    x, y, yaw, time_s = body.pose.x_m, body.pose.y_m, body.pose.yaw_rad, 0.0
    turn = config.yaw_acceleration_radps2 * _STEP_S
    while True:
        if time_s < config.actuation_delay_s - 1e-9:
            aim = sent
        else:
            aim = motion if time_s < config.actuation_delay_s + hold_s - 1e-9 else STANDSTILL
        before = v
        v += min(max(aim.speed_mps - v, -config.brake_mps2 * _STEP_S),
                 config.acceleration_mps2 * _STEP_S)
        w += min(max(aim.yaw_rate_radps - w, -turn), turn)
        yaw += w * _STEP_S
        x += 0.5 * (before + v) * _STEP_S * cos(yaw)
        y += 0.5 * (before + v) * _STEP_S * sin(yaw)
        time_s += _STEP_S
        yield x, y
        if aim is STANDSTILL and v <= _STILL_MPS and (
                time_s >= config.actuation_delay_s + hold_s - 1e-9):
            return
