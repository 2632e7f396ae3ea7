# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The safety limiter: it only slows down, the most restrictive rule wins, stale means stop."""

from math import inf, nan, pi

from edge_rig import corner_site, line_site
from hypothesis import given, strategies as st
import numpy as np
import pytest

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.base import Roadmap, stop_distance_m, Track
from robot_swarm_orch.edge.safety import clamp, Limiter, Situation
from robot_swarm_orch.types import (
    Mode, Motion, Odometry, Peer, Pose, Reason, Safety, Scan, STANDSTILL)

CONFIG = RobotConfig()
BEAMS = 72
LINE = Roadmap(line_site())


def scan(points=(), taken_s=100.0, x=0.0, y=0.0, yaw=0.0):
    """Return a scan that sees discs (x, y, radius) from a pose, and nothing else."""
    angles = -pi + 2 * pi / BEAMS * np.arange(BEAMS)
    ranges = np.full(BEAMS, inf)
    for px, py, radius in points:
        along = (px - x) * np.cos(angles + yaw) + (py - y) * np.sin(angles + yaw)
        across = (py - y) * np.cos(angles + yaw) - (px - x) * np.sin(angles + yaw)
        hit = (np.abs(across) < radius) & (along > 0)
        depth = along - np.sqrt(np.maximum(radius ** 2 - across ** 2, 0.0))
        ranges = np.where(hit, np.minimum(ranges, depth), ranges)
    return Scan(ranges, -pi, 2 * pi / BEAMS, 10.0, taken_s)


def peer(x, y, speed=0.0, yaw=0.0, heard_s=10.0):
    """Return a neighbour."""
    return Peer('p', 1, 1, Mode.AUTOMATIC, Pose(x, y, yaw), Motion(speed, 0.0), 0.75, (), heard_s)


def situation(x=0.0, held=range(12), wanted=1.5, **changes):
    """Return a situation in which a robot on the straight street may drive."""
    s = Situation()
    track = Track(LINE, CONFIG, range(12))
    track.pass_nodes(x, 0.0, False)
    s.active, s.mode, s.inside, s.lease_left_s = True, Mode.AUTOMATIC, True, 0.5
    s.odometry_age_s, s.control_s, s.now_s = 0.05, 100.0, 10.0
    s.body = Odometry(Pose(x, 0.0, 0.0), Motion(wanted, 0.0), 100.0)
    s.base = track.base(frozenset(held), x, 0.0)
    s.scan, s.wanted = scan(), Motion(wanted, 0.0)
    for name, value in changes.items():
        setattr(s, name, value)
    return s


def limit(s, config=CONFIG):
    """Return the limiter's word."""
    return Limiter(config).limit(s)


def test_a_robot_that_may_drive_is_not_limited():
    assert limit(situation()) == Safety(1.5, Reason.NONE, False)


@pytest.mark.parametrize('changes, reason', [
    ({'emergency': 'button'}, Reason.EMERGENCY),
    ({'active': False}, Reason.INACTIVE),
    ({'mode': Mode.MANUAL}, Reason.INACTIVE),
    ({'body': None}, Reason.STALE_ODOM),
    ({'odometry_age_s': 0.36}, Reason.STALE_ODOM),
    ({'odometry_age_s': -3600.0}, Reason.STALE_ODOM),
    ({'scan': scan(taken_s=3700.0)}, Reason.STALE_SCAN),
    ({'odometry_age_s': nan}, Reason.STALE_ODOM),
    ({'mode': Mode.JOINING}, Reason.JOINING),
    ({'mode': Mode.JOINING, 'inside': False}, Reason.POSE),
    ({'mode': Mode.JOINING, 'fenced': True}, Reason.FENCED),
    ({'mode': Mode.LOST}, Reason.POSE),
    ({'inside': False}, Reason.POSE),
    ({'lease_left_s': 0.0}, Reason.LEASE),
    ({'lease_left_s': -inf}, Reason.LEASE),
    ({'lease_left_s': nan}, Reason.LEASE),
    ({'in_doubt': True}, Reason.IN_DOUBT),
    ({'working': True}, Reason.PAYLOAD),
    ({'scan': None}, Reason.STALE_SCAN),
    ({'scan': scan(taken_s=99.49)}, Reason.STALE_SCAN),
    ({'scan': scan(taken_s=nan)}, Reason.STALE_SCAN),
])
def test_each_reason_to_stand_stops_all_motion_and_is_named(changes, reason):
    safety = limit(situation(**changes))
    assert (safety.speed_limit_mps, safety.reason, safety.stopped) == (0.0, reason, True)
    assert clamp(Motion(1.0, 1.0), safety) == STANDSTILL


@pytest.mark.parametrize('changes', [
    {'odometry_age_s': 0.35}, {'lease_left_s': 1e-6}, {'scan': scan(taken_s=99.5)}])
def test_at_the_boundary_of_freshness_the_robot_still_drives(changes):
    assert limit(situation(**changes)).reason == Reason.NONE


def test_without_a_scanner_a_robot_drives_only_if_configured_so():
    config = RobotConfig(scan_required=False)
    assert limit(situation(scan=None), config).reason == Reason.NONE


def test_finish_base_drives_on_without_a_lease_and_says_so():
    config = RobotConfig(finish_base=True)
    safety = limit(situation(lease_left_s=-1.0), config)
    assert (safety.reason, safety.stopped, safety.speed_limit_mps) == (Reason.LEASE, False, 1.5)


@pytest.mark.parametrize('room', [0.02, 0.1, 0.5, 1.0, 1.5])
def test_speed_at_the_end_of_the_base_lets_watchdog_and_brake_fit(room):
    s = situation(x=8.0 - room, held=range(5))
    safety = limit(s)
    reach = stop_distance_m(safety.speed_limit_mps, CONFIG.react_s, CONFIG.brake_mps2)
    assert reach == pytest.approx(room + s.base.slack_m)
    assert safety.reason == Reason.AUTHORITY and not safety.stopped


def test_without_any_base_the_speed_is_zero_but_turning_is_free():
    safety = limit(situation(held=(0,), wanted=0.0))
    assert (safety.speed_limit_mps, safety.reason) == (0.0, Reason.AUTHORITY)
    assert clamp(Motion(1.0, 0.7), safety) == Motion(0.0, 0.7)


def test_stopping_at_a_bend_or_at_the_goal_is_no_reason():
    track = Track(Roadmap(corner_site()), CONFIG, range(7))
    base = track.base(frozenset(range(7)), 0.0, 0.0)
    body = Odometry(Pose(5.7, 0.0, 0.0), Motion(1.0, 0.0), 100.0)
    safety = limit(situation(base=base, body=body))
    assert safety.speed_limit_mps < 1.0 and safety.reason == Reason.NONE


@pytest.mark.parametrize('ahead', [1.0, 1.5, 2.0, 2.2])
def test_speed_before_an_obstacle_lets_the_stop_fit_with_the_margin(ahead):
    safety = limit(situation(x=4.0, scan=scan([(4.0 + ahead + 0.3, 0.0, 0.3)], x=4.0),
                             body=Odometry(Pose(4.0, 0.0, 0.0), STANDSTILL, 100.0)))
    room = ahead - CONFIG.footprint_radius_m - CONFIG.scan_margin_m
    react = CONFIG.tick_s + CONFIG.actuation_delay_s
    assert safety.reason == Reason.SCAN and not safety.stopped
    assert stop_distance_m(safety.speed_limit_mps, react, 1.0) == pytest.approx(room, abs=0.01)


def test_an_old_scan_counts_as_nearer_by_the_way_driven_since():
    seen = [(7.0, 0.0, 0.3)]
    fresh = limit(situation(scan=scan(seen)))
    old = limit(situation(scan=scan(seen, taken_s=99.8)))
    older_by_way = limit(situation(scan=scan([(6.7, 0.0, 0.3)])))
    assert old.speed_limit_mps == pytest.approx(older_by_way.speed_limit_mps)
    assert old.speed_limit_mps <= fresh.speed_limit_mps


def test_something_inside_the_footprint_circle_stops_turning_too():
    s = situation(scan=scan([(0.0, 1.0, 0.21)]))
    s.wanted = Motion(0.0, 1.0)
    safety = limit(s)
    assert safety.stopped and safety.reason == Reason.SCAN


def test_turning_on_the_spot_ignores_what_is_outside_the_footprint_circle():
    s = situation(scan=scan([(0.0, 1.0, 0.15), (1.2, 0.0, 0.3)]))
    s.wanted = Motion(0.0, 1.0)
    assert limit(s).reason == Reason.NONE


def test_too_near_is_a_stop_even_as_minus_infinity():
    seen = scan()
    seen.ranges_m[5] = -inf
    assert limit(situation(scan=seen)).reason == Reason.SCAN


def test_a_beam_that_measured_nothing_is_ignored():
    seen = scan()
    seen.ranges_m[:] = nan
    assert limit(situation(scan=seen)).reason == Reason.NONE


@pytest.mark.parametrize('where', [(4.0, 2.0), (4.0, -2.0), (5.4, 1.7), (2.0, 0.0), (2.6, 1.7)])
def test_robots_beside_and_behind_limit_nothing(where):
    seen = scan([(*where, 0.75)], x=4.0)
    s = situation(x=4.0, scan=seen, peers=[peer(*where, speed=1.5)])
    assert limit(s).reason == Reason.NONE


@pytest.mark.parametrize('yaw', [0.0, 0.3, -0.5])
def test_the_corridor_lies_along_the_edge_whatever_the_heading(yaw):
    body = Odometry(Pose(4.0, 0.0, yaw), Motion(0.5, 0.0), 100.0)
    seen = scan([(6.0, 1.6, 0.75)], x=4.0, yaw=yaw)
    assert limit(situation(x=4.0, body=body, scan=seen)).reason == Reason.NONE


def test_a_robot_that_follows_at_the_limit_of_its_authority_meets_neither_scan_nor_peer_rule():
    # The one ahead has just released a node: it stands 1.7 m beyond the end of the base.
    for room in np.linspace(0.02, 3.0, 60):
        x = 8.0 - room
        body = Odometry(Pose(x, 0.0, 0.0), STANDSTILL, 100.0)
        s = situation(x=x, held=range(5), body=body, peers=[peer(9.7, 0.0)],
                      scan=scan([(9.7, 0.0, 0.75)], x=x))
        s.wanted = Motion(min(1.5, Limiter(CONFIG)._authority(s)), 0.0)
        s.body = Odometry(body.pose, s.wanted, 100.0)
        assert limit(s).reason in (Reason.NONE, Reason.AUTHORITY)


def test_a_neighbour_ahead_limits_by_the_stop_distance_and_is_named():
    safety = limit(situation(peers=[peer(2.5, 0.0)]))
    react = CONFIG.tick_s + CONFIG.actuation_delay_s
    room = 2.5 - 1.5 - CONFIG.peer_margin_m
    assert (safety.reason, safety.detail) == (Reason.PEER, 'p')
    assert stop_distance_m(safety.speed_limit_mps, react, 1.0) == pytest.approx(room)


def test_a_neighbour_that_comes_nearer_counts_where_it_would_be_by_now():
    standing = limit(situation(peers=[peer(2.7, 0.0)]))
    coming = limit(situation(peers=[peer(2.7, 0.0, speed=1.0, yaw=pi, heard_s=9.6)]))
    leaving = limit(situation(peers=[peer(2.7, 0.0, speed=1.0, yaw=0.0, heard_s=9.6)]))
    assert coming.speed_limit_mps < standing.speed_limit_mps == leaving.speed_limit_mps


FLOATS = st.floats(-5.0, 5.0) | st.sampled_from([inf, -inf, nan])


@given(FLOATS, FLOATS, st.floats(0.0, 3.0) | st.just(nan), st.booleans())
def test_the_limiter_never_speeds_up(speed, rate, allowed, stopped):
    done = clamp(Motion(speed, rate), Safety(allowed, Reason.SCAN, stopped))
    assert abs(done.speed_mps) <= max(0.0, abs(speed)) or not abs(speed) < inf
    assert not abs(done.speed_mps) > allowed and abs(done.yaw_rate_radps) < inf
    assert done.yaw_rate_radps in (rate, 0.0)
    assert not (stopped or speed != speed or rate != rate) or done == STANDSTILL


@given(st.floats(0.0, 22.0), st.integers(1, 12), st.floats(0.0, 1.5), st.floats(-1.0, 1.0),
       st.lists(st.tuples(st.floats(-3, 8), st.floats(-4, 4)), max_size=4))
def test_no_situation_allows_more_than_cruising_speed_or_the_end_of_the_base(
        x, count, wanted, lease, others):
    s = situation(x=x, held=range(count), wanted=wanted, lease_left_s=lease,
                  peers=[peer(x + px, py) for px, py in others],
                  scan=scan([(x + px, py, 0.3) for px, py in others], x=x))
    safety = limit(s)
    room = max(0.0, s.base.to_stop_m(x, 0.0) + s.base.slack_m)
    reach = stop_distance_m(safety.speed_limit_mps, CONFIG.react_s, CONFIG.brake_mps2)
    assert safety.speed_limit_mps <= CONFIG.speed_mps and reach <= room + 1e-9
    assert lease > 0.0 or safety.speed_limit_mps == 0.0
