# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
One robot in a free zone: where it goes, what it holds meanwhile, and when it may move at all.

A robot is in a zone from when it stands in a door with a spot of the zone in hand, until it stands
in a door again. Meanwhile the first node of its track is a spot that it holds, its *home*. It
drives home; or, once that is held, to what comes next on its route: another spot, which becomes
its home, or a door. A door is let go when the body has left it and can't come back before a stop.

It moves only while everybody in the zone knows of it (`company.py`), inside its fence
(`fence.py`), at a velocity that avoidance chose (`avoidance.py`). One that was without a lease
for long may be called lost, so that others drive round where it stands: it joins anew, as another
boot, and is known anew before it moves.
"""

from dataclasses import replace
from math import atan2, hypot
from typing import Optional

import numpy as np

from robot_swarm_orch.config import LAPSE_S, RobotConfig
from robot_swarm_orch.edge.avoidance import Avoider, toward
from robot_swarm_orch.edge.base import stop_distance_m, wrap_rad
from robot_swarm_orch.edge.company import Company
from robot_swarm_orch.edge.fence import Fence
from robot_swarm_orch.edge.neighbours import AvoidanceConfig, RADIUS, SPEED, X, Y
from robot_swarm_orch.types import Motion, Odometry, Reason, Safety, STANDSTILL

# This part of the error bound counts as arrived.
_ARRIVE_SHARE = 0.7
# Before it leaves the room, a robot goes to a point so far inside; only if it is no further off
# the line from there to the door, it drives on [m].
_BEFORE_M, _ON_LANE_M = 0.2, 0.06
# On a lane the robot steers for a point so far ahead [m], standing if it faces elsewhere [rad].
_AHEAD_M = 0.5
_FACES_RAD = 0.15
# A door is let go this far beyond the clearance [m].
_LEFT_M = 0.05
_STILL_MPS = 0.02
# Somebody slower than this stands [m/s]; he is passed with so much room beyond the gap [m].
_STANDS_MPS, _PASS_M = 0.03, 0.3
# Below this speed limit a robot only turns [m/s].
_CREEP_MPS = 0.02


class FreeBase:
    """Where a robot in a zone may drive, as the safety limiter asks a `base.Base`."""

    __slots__ = ('edges', 'waits', 'target', 'is_lane')

    ahead = next_edge = None
    slack_m = 0.0

    def __init__(self, waits: bool, target, is_lane: bool = False):
        """
        Say what is to be done.

        target: the point to drive to [m], None to stay. waits: it is at home, and wants a node.
        is_lane: it is on the way between door and room, where there is no room to avoid anybody.
        """
        self.edges = () if waits else (None,)
        self.waits, self.target, self.is_lane = waits, target, is_lane

    def to_stop_m(self, x_m: float, y_m: float) -> float:
        """Return room enough for any speed [m]: the end of the floor is the fence's affair."""
        return 1e3


class _Around:
    """The neighbours of one robot, and the doors that it does not hold, which nobody enters."""

    __slots__ = ('table',)

    def __init__(self, robot, neighbours, doors):
        table, own = neighbours.table, neighbours.column(robot)
        if own >= 0:
            table = np.delete(table, own, axis=1)
        self.table = np.concatenate((table, doors), axis=1)

    def column(self, robot):
        """Return -1: the robot is not among its neighbours."""
        return -1


class FreeFloor:
    """What one agent needs in free zones."""

    def __init__(self, robot: str, site, config: RobotConfig, company: Company,
                 avoidance: AvoidanceConfig = AvoidanceConfig()):
        """Be nowhere; `company` is that of the robot's process."""
        self.company = company
        self._robot, self._site, self._config = robot, site, config
        self._arrive_m = max(config.arrive_m, _ARRIVE_SHARE * config.position_error_m)
        self._gap_m = config.footprint_radius_m + avoidance.margin_m
        self._since = {}        # zone -> the index at which a spot of it was given
        self._had_lease = False
        self._at_home = False
        self._avoiders, self._doors = {}, {}
        for zone in site.free_zones:
            own = replace(config, speed_mps=min(config.speed_mps, zone.speed_mps))
            avoider = self._avoiders[zone.name] = Avoider(robot, own, avoidance)
            avoider.gate = Fence(zone, own, avoider.gate)
            radius_m = zone.clearance_m - config.footprint_radius_m
            for door in zone.doors:
                self._doors[door] = (*zone.points[door], 1.0, 0.0, 0.0, 0.0, radius_m, 0.0, 0.0)

    # Where the robot is

    def zone_of(self, track):
        """Return the zone that the robot is in, None on the roadmap."""
        return self._site.free_zone_at(track.nodes[0]) if track is not None else None

    def place(self, held, odometry: Odometry) -> tuple:
        """Return the track of a robot inside a zone of which it holds a spot; () elsewhere."""
        pose = odometry.pose
        tolerance_m = self._config.position_error_m - odometry.pose_error_m
        spots = [node for node in held if self._site.free_zone_at(node) is not None]
        spots.sort(key=lambda node: self._site.free_zone_at(node).from_m(
            node, pose.x_m, pose.y_m))
        for spot in spots:
            zone = self._site.free_zone_at(spot)
            if zone.depth_m(pose.x_m, pose.y_m, frozenset(held), tolerance_m) >= 0.0:
                return (spot,)
        return ()

    def enter(self, track, held) -> bool:
        """Begin a stay, if the robot stands in a door and may; return whether it is in a zone."""
        nodes = track.nodes
        if (len(nodes) > 1 and nodes[1] in held
                and self._site.free_zone_at(nodes[1]) is not None):
            track.nodes = nodes[1:]
            self._at_home = False
        return self.zone_of(track) is not None

    def sense(self, track, held, seen: Odometry, speed_mps: float):
        """
        Move the track on; return (in a zone still, inside the fence, index of a committed node).

        seen: odometry as it was measured; speed_mps: the larger of measured and commanded.
        """
        zone, nodes = self.zone_of(track), track.nodes
        x, y = seen.pose.x_m, seen.pose.y_m
        if len(nodes) > 1 and nodes[1] in held:
            if nodes[1] in zone.spots:
                track.nodes, self._at_home = nodes[1:], False
            elif speed_mps < _STILL_MPS and zone.from_m(nodes[1], x, y) <= self._arrive_m:
                track.nodes = nodes[1:]
                return False, True, 0
        home = track.nodes[0]
        off_m = zone.from_m(home, x, y)
        self._at_home = off_m <= self._arrive_m * (1.4 if self._at_home else 1.0)
        depth_m = zone.depth_m(x, y, held, self._config.position_error_m - seen.pose_error_m)
        return True, depth_m >= 0.0, int(self._is_leaving(track, held, x, y, speed_mps))

    def stands_at(self, track, speed_mps: float) -> int:
        """Return the node that the robot stands at, -1 if none."""
        return track.nodes[0] if self._at_home and speed_mps < _STILL_MPS else -1

    def _is_leaving(self, track, held, x, y, speed_mps):
        """Return whether the robot is in the door that it leaves by, or can't stop short of it."""
        nodes, zone = track.nodes, self.zone_of(track)
        return (len(nodes) > 1 and nodes[1] in held and nodes[1] in zone.doors
                and self._touches(zone, nodes[1], x, y, speed_mps))

    def _touches(self, zone, door, x, y, speed_mps):
        reach_m = stop_distance_m(speed_mps, self._config.react_s, self._config.brake_mps2)
        return (zone.room_m(x, y) < reach_m and zone.lane_m(door, x, y) < zone.clearance_m
                or zone.from_m(door, x, y) - reach_m < zone.clearance_m + _LEFT_M)

    def needed(self, track, held, poses, speed_mps: float) -> list:
        """
        Return the nodes to keep, in driving order: doors that the body is in, and home.

        poses: where the robot was seen, and where it should be by now.
        """
        zone, nodes = self.zone_of(track), track.nodes
        doors = [door for door in zone.doors if door in held and any(
            self._touches(zone, door, pose.x_m, pose.y_m, speed_mps) for pose in poses)]
        last = [door for door in doors if nodes[1:2] == (door,)]
        return [door for door in doors if door not in last] + [nodes[0]] + last

    def base(self, track, held, seen: Odometry, wants: bool) -> FreeBase:
        """Return where to drive now; `wants`: whether the robot wants more than it holds."""
        zone, nodes = self.zone_of(track), track.nodes
        x, y = seen.pose.x_m, seen.pose.y_m
        if len(nodes) > 1 and nodes[1] in held and nodes[1] in zone.doors:
            door, before = nodes[1], zone.on_lane(nodes[1], *zone.entries[nodes[1]], _BEFORE_M)
            if zone.lane_m(door, x, y, _BEFORE_M + _ON_LANE_M) <= _ON_LANE_M:
                return FreeBase(False, zone.on_lane(door, x, y, -_AHEAD_M), True)
            return FreeBase(False, before)
        if self._at_home:
            return FreeBase(wants, None)
        lanes = [door for door in zone.doors if door in held]
        if lanes and zone.room_m(x, y) < 0.0:
            door = min(lanes, key=lambda door: zone.lane_m(door, x, y))
            return FreeBase(False, zone.on_lane(door, x, y, _AHEAD_M), True)
        return FreeBase(False, zone.points[nodes[0]])

    # When it may move, and how

    def granted(self, before, held, index: int) -> None:
        """Note what was given, as of a commit index; `before`: what was held before, () at all."""
        if not before and index < self.company.index:
            # A late word; or another log, of a restored backup, and then nothing known counts.
            index = self.company.index + 1
        for zone in self._site.free_zones:
            if not set(zone.spots).isdisjoint(held) and set(zone.spots).isdisjoint(before):
                self._since[zone.name] = index

    def has_lapsed(self, track, held, lease_left_s: float, stands: bool) -> bool:
        """Return whether the robot was without a lease for so long that it has to join anew."""
        if lease_left_s > 0.0 or not self.speaks(track, held):
            self._had_lease = lease_left_s > 0.0
            return False
        lapsed = self._had_lease and stands and lease_left_s < -LAPSE_S
        if lapsed:
            self._had_lease = False
        return lapsed

    def speaks(self, track, held) -> bool:
        """Return whether neighbours must hear of the robot each tick: it may be in a zone."""
        return track is not None and any(
            self._site.free_zone_at(node) is not None for node in held)

    def roster(self, track, held) -> int:
        """Return the commit index of the view that the robot reckons with; 0: it is elsewhere."""
        return self.company.index if self.speaks(track, held) else 0

    def must_hear(self, track) -> tuple:
        """Return points [(x, y) m] around which neighbours must be heard, besides its own."""
        zone = self.zone_of(track)
        return () if zone is None else zone.polygon + tuple(zone.points.values())

    def wish(self, track, base: FreeBase, body: Odometry):
        """Return the velocity (x, y) that the robot wants [m/s; map frame]."""
        if base.target is None:
            return 0.0, 0.0
        avoider = self._avoiders[self.zone_of(track).name]
        return toward(body.pose, *base.target, avoider.robot_config)

    def unknown_to(self, track, lease_left_s: float, safety: Safety) -> Safety:
        """Return the limiter's word, made stricter while somebody may not know of the robot."""
        zone = self.zone_of(track)
        if safety.stopped:
            return safety
        if not lease_left_s > 0.0:
            return Safety(0.0, Reason.LEASE, True)
        others = self.company.strangers(self._robot, zone, self._since.get(zone.name, 0))
        if not others:
            return safety
        return Safety(0.0, Reason.PEER, True, f'{others[0]} may not know yet that it is in '
                      f'{zone.name}')

    def drive(self, track, held, body: Odometry, base: FreeBase, safety: Safety, now_s: float,
              sent: Motion) -> Motion:
        """
        Return the velocity to command; standstill unless the limiter lets the robot move.

        sent: the command that acts until this one does.
        """
        if safety.stopped:
            return STANDSTILL
        zone = self.zone_of(track)
        avoider, limit_mps = self._avoiders[zone.name], safety.speed_limit_mps
        fence = avoider.gate
        fence.held = held
        fence.most_mps = limit_mps if limit_mps > _CREEP_MPS else 0.0
        doors = np.array([self._doors[door] for door in zone.doors if door not in held])
        around = _Around(self._robot, self.company.neighbours(zone), doors.reshape(-1, 9).T)
        wish, gap_m = self.wish(track, base, body), self._gap_m + body.pose_error_m
        if base.is_lane:
            return fence.limit(body, sent, self._along(wish, body, avoider.robot_config),
                               around.table, now_s, gap_m)
        if base.target is not None:
            point = way_round(zone, body.pose, base.target, around.table, gap_m)
            if point != base.target:
                wish = toward(body.pose, *point, avoider.robot_config)
        return avoider.velocity(body, wish, around, now_s)

    def _along(self, wish, body, config):
        """Return the motion that follows a lane: straight ahead, or turning on the spot."""
        error = wrap_rad(atan2(wish[1], wish[0]) - body.pose.yaw_rad)
        most = min(config.yaw_rate_radps, 0.5 * abs(error) / config.tick_s)
        rate = most if error > 0.0 else -most
        return Motion(hypot(*wish) if abs(error) < _FACES_RAD else 0.0, rate)


def way_round(zone, pose, target, table, gap_m: float):
    """
    Return the target, or a point beside the first one who stands in the straight way to it [m].

    table: neighbours, as in `neighbours.Neighbours`; gap_m: own radius, error and margin. The
    point is inside the room and clear of all who stand; there may be none. Avoidance looks only at
    velocities, so between somebody who stands and the border it would find no way.
    """
    dx, dy = target[0] - pose.x_m, target[1] - pose.y_m
    far = hypot(dx, dy)
    stands = table[:, np.abs(table[SPEED]) < _STANDS_MPS]
    if far < 1e-6 or not stands.shape[1]:
        return target
    ux, uy = dx / far, dy / far
    px, py = stands[X] - pose.x_m, stands[Y] - pose.y_m
    along, reach = px * ux + py * uy, stands[RADIUS] + gap_m
    ahead = (along > 0.0) & (along < far) & (np.abs(py * ux - px * uy) < reach + _PASS_M)
    if not ahead.any():
        return target
    first = int(np.where(ahead, along, np.inf).argmin())
    aside = reach[first] + 1.5 * _PASS_M
    points = [(float(stands[X, first] - side * uy * aside),
               float(stands[Y, first] + side * ux * aside)) for side in (-1.0, 1.0)]
    points = [(x, y) for x, y in points if zone.room_m(x, y) >= _PASS_M / 2.0
              and (np.hypot(stands[X] - x, stands[Y] - y) >= reach).all()]
    return min(points, default=target, key=lambda point: (
        hypot(point[0] - pose.x_m, point[1] - pose.y_m)
        + hypot(target[0] - point[0], target[1] - point[1])))


def floor_of(robot: str, site, config: RobotConfig, company: Optional[Company],
             avoidance: AvoidanceConfig) -> Optional[FreeFloor]:
    """Return the part of a robot that drives in free zones; None on a site without any."""
    if not site.free_zones:
        return None
    if company is None:
        company = Company(site, config, avoidance)
    return FreeFloor(robot, site, config, company, avoidance)
