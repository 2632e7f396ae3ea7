# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The last filter before the base: it only slows down.

Rules, the most restrictive wins:

-   *Stand* (`_STAND_RULES`, first match names the reason): emergency stop, inactive node, no fresh
    odometry, joining, fenced, pose outside the held nodes or no number, lease run out, load in
    doubt, payload device at work, no base, no fresh scan, and with a required camera no fresh
    image or always the same one. Turning stops too.
-   *End of the base*: the highest v for which `v t + v^2 / 2b` fits into the straight part of the
    run; t is the base's own watchdog plus its actuation delay, so the rule holds even if this
    process dies right after. A base that is faster than that is told to slow down, and brakes.
    Backwards there is no base: nobody drives there.
-   *Scan*: what lies in the corridor ahead must stay out of the stop distance plus a margin.
    Anything inside the footprint circle plus a hand's breadth stops turning as well.
-   *Neighbours*: the same, with the circle of each neighbour where it was heard and where it would
    be by now.
-   *Camera*: while it says that the lane is blocked, the robot stops short of the end of the lane
    as it was last seen clear: how near the obstacle is nobody knows, but it was not in there. Of
    another lane than that ahead nothing was seen. With a required camera the rule holds always.

Messages with values that are no numbers are refused before they get here (`nodes/wire.py`).
Should one come through all the same, it stops the robot: every comparison is written such that
NaN fails towards standstill, and what lies at no known place counts as touched.

The corridor lies along the edge that is driven, not along the heading, and is as wide as the
footprint plus a hand's breadth: robots on neighbouring nodes or lanes stay outside of it. The
margins are chosen so that a robot which follows another at full speed under movement authority
reaches the end of its base first, and never meets these two rules.
"""

from math import cos, isfinite, sin, sqrt
from typing import Iterable, Optional

import numpy as np

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.base import Base, stop_distance_m, stoppable_speed_mps, wrap_rad
from robot_swarm_orch.types import (
    Mode, Motion, Odometry, Peer, Reason, Safety, Scan, Sight, STANDSTILL)

# What counts as a hand's breadth [m].
_BREADTH_M = 0.05
_BEYOND_ANY_SCAN_M = 1000.0
# A camera that looked in a direction this far off saw another lane [rad].
_SAME_LANE_RAD = 0.17


class Situation:
    """All that the limiter looks at, filled in by the agent each tick."""

    __slots__ = ('active', 'emergency', 'mode', 'fenced', 'inside', 'lease_left_s', 'in_doubt',
                 'working', 'odometry_age_s', 'control_s', 'now_s', 'body', 'base', 'scan',
                 'peers', 'sight', 'wanted')

    def __init__(self):
        """Start with the situation in which nothing is known: stand."""
        self.active = False
        self.emergency = ''                      # who latched an emergency stop; empty: nobody
        self.mode = Mode.JOINING
        self.fenced = False                      # the last boot was fenced, and no new one joined
        self.inside = False                      # the body is inside held nodes (joining: may be)
        self.lease_left_s = 0.0
        self.in_doubt = False
        self.working = False                     # the payload device works
        self.odometry_age_s = float('inf')
        self.control_s = 0.0
        self.now_s = 0.0
        self.body: Optional[Odometry] = None     # pose and speed now
        self.base: Optional[Base] = None
        self.scan: Optional[Scan] = None
        self.peers: Iterable[Peer] = ()
        self.sight: Optional[Sight] = None
        self.wanted: Motion = STANDSTILL


_STAND_RULES = (
    (Reason.EMERGENCY, lambda s, c: bool(s.emergency)),
    (Reason.INACTIVE, lambda s, c: not s.active or s.mode == Mode.MANUAL),
    (Reason.STALE_ODOM, lambda s, c: s.body is None or not is_fresh(s.odometry_age_s,
                                                                    c.odometry_stale_s)),
    (Reason.POSE, lambda s, c: not _is_somewhere(s.body)),
    (Reason.FENCED, lambda s, c: s.fenced),
    (Reason.POSE, lambda s, c: s.mode == Mode.LOST or not s.inside),
    (Reason.JOINING, lambda s, c: s.mode != Mode.AUTOMATIC),
    (Reason.LEASE, lambda s, c: not s.lease_left_s > 0.0 and not c.finish_base),
    (Reason.IN_DOUBT, lambda s, c: s.in_doubt),
    (Reason.PAYLOAD, lambda s, c: s.working),
    (Reason.AUTHORITY, lambda s, c: s.base is None),
    (Reason.STALE_SCAN, lambda s, c: _scan_is_stale(s, c)),
)


def _is_somewhere(body):
    """Return whether pose and speed are numbers."""
    pose, motion = body.pose, body.motion
    return isfinite(pose.x_m + pose.y_m + pose.yaw_rad + motion.speed_mps
                    + motion.yaw_rate_radps)


def _scan_is_stale(situation, config):
    """Return whether there is no laser scan to rely on."""
    scan = situation.scan
    if scan is None:
        return config.scan_required
    return (not is_fresh(situation.control_s - scan.taken_s, config.scan_stale_s)
            or not isfinite(scan.angle_min_rad + scan.angle_step_rad) or len(scan.ranges_m) == 0)


def _camera_is_stale(situation, config):
    """Return whether there is no camera image to rely on."""
    sight = situation.sight
    return (sight is None or sight.frozen
            or not is_fresh(situation.control_s - sight.taken_s, config.camera_stale_s))


def is_fresh(age_s: float, stale_s: float) -> bool:
    """
    Return whether a sensor value of this age by its stamp may be used.

    One from the future is as bad as an old one: a clock was set, so nobody can tell its age.
    """
    return -stale_s <= age_s <= stale_s


def clamp(wanted: Motion, safety: Safety) -> Motion:
    """Return the wanted motion, slowed down to what the limiter allows; never speeded up."""
    speed, rate = wanted.speed_mps, wanted.yaw_rate_radps
    if safety.stopped or not (isfinite(speed) and isfinite(rate)):
        return STANDSTILL
    limit = max(0.0, safety.speed_limit_mps)
    if abs(speed) <= limit:
        return wanted
    return Motion(limit if speed > 0.0 else -limit, rate)


class Limiter:
    """Judges one robot's situation each tick."""

    def __init__(self, config: RobotConfig):
        """Work by the limits in `config`."""
        self.config = config
        # Who reacts to scans and neighbours is alive: there is no watchdog to wait for.
        self.react_s = config.tick_s + config.actuation_delay_s
        self._rays = (None, None, None)
        self._stand_rules, self._rules = _STAND_RULES, (self._scan, self._peers)
        # A robot without a camera pays nothing for those that have one.
        if config.camera:
            self._rules += (self._camera,)
        if config.camera_required:
            self._stand_rules += ((Reason.STALE_CAMERA, _camera_is_stale),)

    def limit(self, situation: Situation) -> Safety:
        """
        Return the allowed speed and the reason that limits it most, NONE if none does.

        To stop at a bend or at the goal is driving as wanted: it is not named as a reason.
        """
        for reason, holds in self._stand_rules:
            if holds(situation, self.config):
                return Safety(0.0, reason, True, situation.emergency
                              if reason == Reason.EMERGENCY else '')
        limit, reason, detail = self._authority(situation), Reason.AUTHORITY, ''
        if situation.wanted.speed_mps != 0.0 or situation.wanted.yaw_rate_radps != 0.0:
            for rule in self._rules:
                allowed, why, name, stand = rule(situation)
                if stand:
                    return Safety(0.0, why, True, name)
                if allowed < limit:
                    limit, reason, detail = allowed, why, name
        limit = min(limit, self.config.speed_mps)
        slows = limit < max(abs(situation.wanted.speed_mps), 1e-3)
        if not slows or (reason == Reason.AUTHORITY and not situation.base.waits
                         and situation.wanted.speed_mps >= 0.0):
            reason = Reason.NONE if situation.lease_left_s > 0.0 else Reason.LEASE
            detail = ''
        return Safety(limit, reason, False, detail)

    def _authority(self, s):
        """Return the speed at which the base ends no sooner than the stop, whoever commands it."""
        body, config = s.body, self.config
        if not s.base.edges or s.wanted.speed_mps < 0.0:
            return 0.0
        room = s.base.to_stop_m(body.pose.x_m, body.pose.y_m) + s.base.slack_m
        return stoppable_speed_mps(room, config.react_s, config.brake_mps2)

    def _scan(self, s):
        """Return (speed, reason, detail, stand) by what the laser scan sees."""
        scan, config, body = s.scan, self.config, s.body
        if scan is None:
            return config.speed_mps, Reason.SCAN, '', False
        ranges = np.fmin(np.asarray(scan.ranges_m, dtype=float), _BEYOND_ANY_SCAN_M)
        nearest = float(ranges.min(initial=_BEYOND_ANY_SCAN_M))
        radius = config.footprint_radius_m
        if nearest < radius + _BREADTH_M:
            return 0.0, Reason.SCAN, f'{nearest:.2f} m', True
        speed, age = body.motion.speed_mps, max(0.0, s.control_s - scan.taken_s)
        room_needed = stop_distance_m(max(speed, s.wanted.speed_mps), self.react_s,
                                      config.brake_mps2)
        if s.wanted.speed_mps <= 0.0 or (
                nearest > room_needed + radius + config.scan_margin_m + speed * age):
            return config.speed_mps, Reason.SCAN, '', False
        yaw_then = body.pose.yaw_rad - body.motion.yaw_rate_radps * age
        ahead = self._ahead_m(scan, ranges, wrap_rad(yaw_then - self._way(s)), radius)
        room = ahead - speed * age - config.scan_margin_m
        return (stoppable_speed_mps(room, self.react_s, config.brake_mps2), Reason.SCAN,
                f'{ahead:.2f} m', False)

    def _ahead_m(self, scan, ranges, turn, radius):
        """Return how far the footprint may go along the corridor before it meets a scan point."""
        key = (scan.angle_min_rad, scan.angle_step_rad, len(ranges))
        if self._rays[0] != key:
            angles = scan.angle_min_rad + scan.angle_step_rad * np.arange(len(ranges))
            self._rays = (key, np.cos(angles), np.sin(angles))
        _, c, s = self._rays
        x, y = ranges * c, ranges * s
        along, left = x * cos(turn) - y * sin(turn), x * sin(turn) + y * cos(turn)
        hit = (np.abs(left) < radius + _BREADTH_M) & (along > 0.0)
        if not hit.any():
            return _BEYOND_ANY_SCAN_M
        left = left[hit]
        return float((along[hit] - np.sqrt(np.maximum(radius * radius - left * left, 0.0))).min())

    def _camera(self, s):
        """Return (speed, reason, detail, stand) by what the camera saw of the lane."""
        sight, config = s.sight, self.config
        if (sight is None or s.wanted.speed_mps <= 0.0
                or not (sight.blocked or config.camera_required)):
            return config.speed_mps, Reason.DETECTION, '', False
        room = self._seen_clear_m(s, sight) - config.camera_margin_m
        word = f'lane blocked ({sight.sure:.2f})' if sight.blocked else 'lane not seen clear yet'
        return (stoppable_speed_mps(room, self.react_s, config.brake_mps2), Reason.DETECTION,
                word, False)

    def _seen_clear_m(self, s, sight):
        """Return how far the footprint may go in the lane as it was last seen clear."""
        clear, way = sight.clear_at, self._way(s)
        if clear is None or not isfinite(sight.lane_m + clear.x_m + clear.y_m):
            return 0.0
        if not abs(wrap_rad(clear.yaw_rad - way)) <= _SAME_LANE_RAD:
            return 0.0
        pose = s.body.pose
        c, n = cos(way), sin(way)
        x, y = pose.x_m - clear.x_m, pose.y_m - clear.y_m
        if abs(y * c - x * n) > self.config.footprint_radius_m:
            return 0.0
        return sight.lane_m - self.config.footprint_radius_m - max(0.0, x * c + y * n)

    def _way(self, s):
        """Return the direction of driving: of the edge, or the heading where there is none."""
        ahead = s.base.ahead
        return ahead.yaw_rad if ahead is not None else s.body.pose.yaw_rad

    def _peers(self, s):
        """Return (speed, reason, detail, stand) by where the neighbours are."""
        config, pose = self.config, s.body.pose
        best, who = _BEYOND_ANY_SCAN_M, ''
        if s.wanted.speed_mps <= 0.0:
            return config.speed_mps, Reason.PEER, '', False
        way = self._way(s)
        c, n = cos(way), sin(way)
        for peer in s.peers:
            gap = config.footprint_radius_m + peer.footprint_radius_m
            x, y = peer.pose.x_m - pose.x_m, peer.pose.y_m - pose.y_m
            age_s = s.now_s - peer.heard_s
            drift = peer.motion.speed_mps * max(0.0, age_s)
            if not isfinite(x + y + gap + age_s + drift + peer.pose.yaw_rad):
                return 0.0, Reason.PEER, peer.robot, False
            along, left = x * c + y * n, y * c - x * n
            best_before = best
            best = min(best, _contact_m(along, left, gap))
            if drift:
                turn = peer.pose.yaw_rad - way
                best = min(best, _contact_m(along + drift * cos(turn), left + drift * sin(turn),
                                            gap))
            if best < best_before:
                who = peer.robot
        allowed = stoppable_speed_mps(best - config.peer_margin_m, self.react_s,
                                      config.brake_mps2)
        return allowed, Reason.PEER, who, False


def _contact_m(along, left, gap):
    """Return how far one may go ahead until two circles, `gap` apart at contact, would touch."""
    if along <= 0.0 or abs(left) >= gap + _BREADTH_M:
        return _BEYOND_ANY_SCAN_M
    return along - sqrt(max(gap * gap - left * left, 0.0))
