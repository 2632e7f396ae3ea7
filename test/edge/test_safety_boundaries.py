# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Each rule of the safety limiter at its boundary: just inside it is silent, just outside it acts.

A row moves one quantity from a value at which the rule says nothing to one at which it limits.
The two lie `HAIR` apart around the boundary, which the row works out by hand from the rule.
"""

from dataclasses import replace
from math import inf, nextafter, pi

from edge_rig import grid_site, joined_rig, line_site
import numpy as np
import pytest

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.base import Roadmap, stop_distance_m, Track
from robot_swarm_orch.edge.safety import Limiter, Situation
from robot_swarm_orch.types import (
    CommandKind, EmergencyStop, Mode, Motion, Odometry, Peer, Pose, Reason, Scan, Sight)

HAIR = 1e-6
CONFIG = RobotConfig(camera=True)
LINE = Roadmap(line_site())
X = 4.0
# Who reacts is alive: one tick and the actuation delay. A dead process: the base's watchdog.
ALIVE_S = CONFIG.tick_s + CONFIG.actuation_delay_s
STOP_M = stop_distance_m(CONFIG.speed_mps, ALIVE_S, CONFIG.brake_mps2)
DEAD_STOP_M = stop_distance_m(CONFIG.speed_mps, CONFIG.react_s, CONFIG.brake_mps2)
BREADTH_M = 0.05
RADIUS_M = CONFIG.footprint_radius_m


def scan(x_m, y_m, taken_s=100.0):
    """Return a scan with one beam, which sees a point (x, y) from the base."""
    return Scan(np.asarray([np.hypot(x_m, y_m)]), float(np.arctan2(y_m, x_m)), 0.1, 20.0, taken_s)


def peer(x_m, y_m, speed_mps=0.0, yaw_rad=0.0, age_s=0.0):
    """Return a neighbour at (x, y) from the base."""
    return Peer('p', 1, 1, Mode.AUTOMATIC, Pose(X + x_m, y_m, yaw_rad), Motion(speed_mps, 0.0),
                RADIUS_M, (), 10.0 - age_s)


def sight(lane_m, x_m=0.0, y_m=0.0, yaw_rad=0.0, **more):
    """Return a camera's word on a blocked lane that was clear at (x, y) from the base."""
    return replace(Sight(100.0, True, 0.9, lane_m, Pose(X + x_m, y_m, yaw_rad)), **more)


def situation(**changes):
    """Return a situation in which a robot at full speed on the straight street may drive."""
    s = Situation()
    track = Track(LINE, CONFIG, range(12))
    track.pass_nodes(X, 0.0, False)
    s.active, s.mode, s.inside, s.lease_left_s = True, Mode.AUTOMATIC, True, 0.5
    s.odometry_age_s, s.control_s, s.now_s = 0.05, 100.0, 10.0
    s.body = Odometry(Pose(X, 0.0, 0.0), Motion(1.5, 0.0), 100.0)
    s.base = track.base(frozenset(range(12)), X, 0.0)
    s.scan, s.wanted = scan(0.0, 9.0), Motion(1.5, 0.0)
    s.sight = replace(sight(9.0), blocked=False)
    for name, value in changes.items():
        setattr(s, name, value)
    return s


def base_of(room_m):
    """Return a base whose end is so far ahead of the robot, and the robot's place on it."""
    x = 8.0 - room_m
    track = Track(LINE, CONFIG, range(12))
    track.pass_nodes(x, 0.0, False)
    return {'base': track.base(frozenset(range(5)), x, 0.0),
            'body': Odometry(Pose(x, 0.0, 0.0), Motion(1.5, 0.0), 100.0)}


SLACK_M = base_of(3.0)['base'].slack_m
LANE_M = STOP_M + RADIUS_M + CONFIG.camera_margin_m
ROWS = {
    # name: (reason, stands, boundary, towards the worse, changes of the situation)
    'emergency stop': (Reason.EMERGENCY, True, 0, 1, lambda v: {'emergency': 'b' * (v > 0)}),
    'inactive': (Reason.INACTIVE, True, 0, 1, lambda v: {'active': v <= 0}),
    'fenced': (Reason.FENCED, True, 0, 1, lambda v: {'fenced': v > 0}),
    'outside': (Reason.POSE, True, 0, 1, lambda v: {'inside': v <= 0}),
    'in doubt': (Reason.IN_DOUBT, True, 0, 1, lambda v: {'in_doubt': v > 0}),
    'payload at work': (Reason.PAYLOAD, True, 0, 1, lambda v: {'working': v > 0}),
    'old odometry': (Reason.STALE_ODOM, True, CONFIG.odometry_stale_s, 1,
                     lambda v: {'odometry_age_s': v}),
    'odometry from the future': (Reason.STALE_ODOM, True, -CONFIG.odometry_stale_s, -1,
                                 lambda v: {'odometry_age_s': v}),
    'lease': (Reason.LEASE, True, 0.0, -1, lambda v: {'lease_left_s': v}),
    'old scan': (Reason.STALE_SCAN, True, 100.0 - CONFIG.scan_stale_s, -1,
                 lambda v: {'scan': scan(0.0, 9.0, v)}),
    'scan from the future': (Reason.STALE_SCAN, True, 100.0 + CONFIG.scan_stale_s, 1,
                             lambda v: {'scan': scan(0.0, 9.0, v)}),
    'old image': (Reason.STALE_CAMERA, True, 100.0 - CONFIG.camera_stale_s, -1,
                  lambda v: {'sight': sight(9.0, taken_s=v)}),
    'frozen image': (Reason.STALE_CAMERA, True, 0, 1,
                     lambda v: {'sight': sight(9.0, frozen=v > 0)}),
    'end of the base': (Reason.AUTHORITY, False, DEAD_STOP_M - SLACK_M, -1, base_of),
    'something very near': (Reason.SCAN, True, RADIUS_M + BREADTH_M, -1,
                            lambda v: {'scan': scan(0.0, v)}),
    'something ahead': (Reason.SCAN, False, STOP_M + RADIUS_M + CONFIG.scan_margin_m, -1,
                        lambda v: {'scan': scan(v, 0.0)}),
    'something at the side of the way': (Reason.SCAN, False, RADIUS_M + BREADTH_M, -1,
                                         lambda v: {'scan': scan(1.0, v)}),
    'neighbour ahead': (Reason.PEER, False, STOP_M + 2.0 * RADIUS_M + CONFIG.peer_margin_m, -1,
                        lambda v: {'peers': (peer(v, 0.0),)}),
    'neighbour at the side of the way': (Reason.PEER, False, 2.0 * RADIUS_M + BREADTH_M, -1,
                                         lambda v: {'peers': (peer(0.5, v),)}),
    'neighbour beside': (Reason.PEER, False, 0.0, 1, lambda v: {'peers': (peer(v, 1.4),)}),
    'neighbour that comes': (Reason.PEER, False,
                             4.0 - STOP_M - 2.0 * RADIUS_M - CONFIG.peer_margin_m, 1,
                             lambda v: {'peers': (peer(4.0, 0.0, 1.0, pi, v),)}),
    'lane seen clear': (Reason.DETECTION, False, LANE_M, -1, lambda v: {'sight': sight(v)}),
    'another lane': (Reason.DETECTION, False, 0.17, 1, lambda v: {'sight': sight(9.0, yaw_rad=v)}),
    'a lane beside': (Reason.DETECTION, False, RADIUS_M, 1,
                      lambda v: {'sight': sight(9.0, y_m=v)}),
    'way driven since it was clear': (Reason.DETECTION, False, LANE_M - 5.0, -1,
                                      lambda v: {'sight': sight(5.0, x_m=v)}),
}
LIMITERS = {False: Limiter(CONFIG), True: Limiter(replace(CONFIG, camera_required=True))}


@pytest.mark.parametrize('name', ROWS)
def test_a_rule_is_silent_just_inside_its_boundary_and_acts_just_outside(name):
    reason, stands, boundary, worse, changes = ROWS[name]
    limiter = LIMITERS[reason == Reason.STALE_CAMERA]
    hair = HAIR if isinstance(boundary, float) else 1
    inside = limiter.limit(situation(**changes(boundary - worse * hair)))
    outside = limiter.limit(situation(**changes(boundary + worse * hair)))
    assert (inside.reason, inside.stopped) == (Reason.NONE, False)
    assert inside.speed_limit_mps == CONFIG.speed_mps
    assert (outside.reason, outside.stopped) == (reason, stands)
    assert outside.speed_limit_mps == 0.0 if stands else outside.speed_limit_mps < 1.5


@pytest.mark.parametrize('mode, reason', [
    (Mode.AUTOMATIC, Reason.NONE), (Mode.MANUAL, Reason.INACTIVE), (Mode.LOST, Reason.POSE),
    (Mode.JOINING, Reason.JOINING)])
def test_only_one_mode_drives(mode, reason):
    safety = LIMITERS[False].limit(situation(mode=mode))
    assert (safety.reason, safety.stopped) == (reason, mode != Mode.AUTOMATIC)


def test_the_very_last_instant_of_a_lease_still_counts_and_its_end_does_not():
    tiny = nextafter(0.0, 1.0)
    assert LIMITERS[False].limit(situation(lease_left_s=tiny)).reason == Reason.NONE
    assert LIMITERS[False].limit(situation(lease_left_s=0.0)).reason == Reason.LEASE


def test_of_several_limits_the_most_restrictive_wins_and_is_named():
    one = {'scan': {'scan': scan(2.2, 0.0)}, 'peer': {'peers': (peer(2.7, 0.0),)},
           'sight': {'sight': sight(2.0)}, 'base': base_of(1.0)}
    limiter = LIMITERS[False]
    for name in one:
        for other in one:
            changes = {**one[name], **one[other]}
            s = situation(**changes)  # all judged from where the base makes the robot be
            alone = [limiter.limit(situation(**{**one[kind], 'body': s.body}))
                     for kind in {name, other}]
            least = min(alone, key=lambda safety: safety.speed_limit_mps)
            both = limiter.limit(s)
            assert both.speed_limit_mps == pytest.approx(least.speed_limit_mps)
            assert both.reason == least.reason


def test_every_reason_to_stand_beats_every_reason_to_slow_down():
    slow = {'peers': (peer(2.0, 0.0),), **base_of(0.5)}
    for reason, stands, boundary, worse, changes in ROWS.values():
        if stands:
            limiter = LIMITERS[reason == Reason.STALE_CAMERA]
            hair = HAIR if isinstance(boundary, float) else 1
            safety = limiter.limit(situation(**{**slow, **changes(boundary + worse * hair)}))
            assert (safety.reason, safety.speed_limit_mps) == (reason, 0.0)


def test_the_reason_is_told_when_it_changes_and_only_then():
    rig = joined_rig(grid_site(), RobotConfig(scan_required=False))
    told, was = [], None
    rig.send(CommandKind.GO, 24)
    for step in range(160):
        if step == 40:
            rig.next_mail['stops'] = [EmergencyStop('hall', 1, True)]
        if step == 60:
            rig.next_mail['stops'] = [EmergencyStop('hall', 2, False)]
        rig.leading = not 80 <= step < 110
        safety, now = rig.tick().safety, rig.agent.safety
        assert (safety is not None) == ((now.reason, now.stopped) != was) or step == 0
        was = (now.reason, now.stopped)
        if safety is not None:
            assert (safety.reason, safety.stopped) == was
            told.append(safety.reason)
    assert told.count(Reason.EMERGENCY) == told.count(Reason.LEASE) == 1


def test_a_beam_that_sees_nothing_limits_nothing():
    empty = Scan(np.full(36, inf), -pi, 2 * pi / 36, 20.0, 100.0)
    assert LIMITERS[False].limit(situation(scan=empty)).reason == Reason.NONE
