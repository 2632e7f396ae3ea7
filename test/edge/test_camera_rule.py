# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The limiter's camera rule: a blocked lane slows, then stops; a blind camera stops."""

from dataclasses import replace
from math import inf, nan

from edge_rig import line_site
from hypothesis import given, strategies as st
import pytest

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.base import Roadmap, stop_distance_m, Track
from robot_swarm_orch.edge.safety import clamp, Limiter, Situation
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.types import Mode, Motion, Odometry, Pose, Reason, Sight, STANDSTILL

PLAIN = RobotConfig(scan_required=False)
SEEING = replace(PLAIN, camera=True)
NEEDING = replace(SEEING, camera_required=True)
REACT_S = PLAIN.tick_s + PLAIN.actuation_delay_s
LINE = Roadmap(line_site())
LANE_M = 3.5
# Room from where the lane was last seen clear to where the centre must stop.
ROOM_M = LANE_M - PLAIN.footprint_radius_m - PLAIN.camera_margin_m


def sight(blocked=True, clear_at=Pose(4.0, 0.0, 0.0), taken_s=100.0, **more):
    """Return what a camera says."""
    return Sight(taken_s, blocked, 0.95 if blocked else 0.05, LANE_M, clear_at, **more)


def situation(x=4.0, seen=None, wanted=Motion(1.5, 0.0), yaw=0.0):
    """Return a situation in which a robot on the straight street may drive."""
    s = Situation()
    track = Track(LINE, PLAIN, range(12))
    track.pass_nodes(x, 0.0, False)
    s.active, s.mode, s.inside, s.lease_left_s = True, Mode.AUTOMATIC, True, 0.5
    s.odometry_age_s, s.control_s, s.now_s = 0.05, 100.0, 10.0
    s.body = Odometry(Pose(x, 0.0, yaw), wanted, 100.0)
    s.base = track.base(frozenset(range(12)), x, 0.0)
    s.wanted, s.sight = wanted, seen
    return s


def limit(s, config=SEEING):
    """Return the limiter's word."""
    return Limiter(config).limit(s)


def test_a_clear_lane_limits_nothing():
    assert limit(situation(seen=sight(False))).reason == Reason.NONE
    assert limit(situation(seen=sight(False)), NEEDING).reason == Reason.NONE


def test_a_robot_without_a_camera_asks_nothing_about_sights():
    assert limit(situation(seen=sight()), PLAIN).reason == Reason.NONE
    assert len(Limiter(PLAIN)._rules) == 2


def test_before_the_first_image_only_a_required_camera_stops():
    assert limit(situation()).reason == Reason.NONE
    safety = limit(situation(), NEEDING)
    assert (safety.reason, safety.stopped) == (Reason.STALE_CAMERA, True)


@pytest.mark.parametrize('driven', [0.9, 1.2, 1.6, 2.0, ROOM_M - 0.01])
def test_speed_before_a_blocked_lane_lets_the_stop_fit_into_what_was_seen_clear(driven):
    safety = limit(situation(x=4.0 + driven, seen=sight()))
    reach = stop_distance_m(safety.speed_limit_mps, REACT_S, PLAIN.brake_mps2)
    assert (safety.reason, safety.stopped) == (Reason.DETECTION, False)
    assert reach == pytest.approx(ROOM_M - driven)


@pytest.mark.parametrize('driven', [ROOM_M, ROOM_M + 0.01, ROOM_M + 1.0])
def test_at_the_end_of_what_was_seen_clear_the_robot_stands_but_may_turn(driven):
    safety = limit(situation(x=4.0 + driven, seen=sight(), wanted=Motion(0.5, 0.3)))
    assert (safety.speed_limit_mps, safety.reason) == (0.0, Reason.DETECTION)
    assert clamp(Motion(0.5, 0.3), safety) == Motion(0.0, 0.3)


def test_a_lane_that_was_never_seen_clear_is_not_entered():
    assert limit(situation(seen=sight(clear_at=None))).speed_limit_mps == 0.0


@pytest.mark.parametrize('clear_at', [Pose(4.0, 0.0, 0.2), Pose(4.0, 0.0, -3.0),
                                      Pose(4.0, 0.8, 0.0)])
def test_what_was_seen_in_another_direction_or_lane_counts_for_nothing(clear_at):
    assert limit(situation(seen=sight(clear_at=clear_at))).speed_limit_mps == 0.0


def test_a_blocked_lane_does_not_hinder_turning_on_the_spot():
    s = situation(seen=sight(clear_at=None), wanted=Motion(0.0, 1.0))
    assert clamp(s.wanted, limit(s)) == Motion(0.0, 1.0)


def test_what_was_blocked_stays_blocked_when_the_camera_falls_silent():
    assert limit(situation(x=7.0, seen=sight(taken_s=10.0))).speed_limit_mps == 0.0


@pytest.mark.parametrize('taken_s, stands', [
    (100.0, False), (99.5, False), (99.49, True), (nan, True), (-inf, True), (101.0, True)])
def test_a_required_camera_must_be_fresh(taken_s, stands):
    safety = limit(situation(seen=sight(False, taken_s=taken_s)), NEEDING)
    assert safety.stopped is stands
    assert (safety.reason == Reason.STALE_CAMERA) is stands
    assert not limit(situation(seen=sight(False, taken_s=taken_s))).stopped


def test_a_required_camera_must_not_be_frozen():
    safety = limit(situation(seen=sight(False, frozen=True)), NEEDING)
    assert (safety.reason, safety.stopped) == (Reason.STALE_CAMERA, True)
    assert clamp(Motion(1.0, 1.0), safety) == STANDSTILL


def test_with_a_required_camera_a_robot_never_outruns_its_sight():
    safety = limit(situation(x=6.0, seen=sight(False)), NEEDING)
    reach = stop_distance_m(safety.speed_limit_mps, REACT_S, PLAIN.brake_mps2)
    assert reach == pytest.approx(ROOM_M - 2.0) and safety.reason == Reason.DETECTION


def test_a_camera_that_is_required_but_absent_is_a_wrong_configuration():
    with pytest.raises(ConfigError, match='camera_required'):
        RobotConfig(camera_required=True)
    with pytest.raises(ConfigError, match='camera_clear_at'):
        RobotConfig(camera_clear_at=0.9)


POSES = st.none() | st.builds(Pose, st.floats(-50, 50), st.floats(-5, 5), st.floats(-4, 4))
SIGHTS = st.none() | st.builds(
    Sight, st.floats(90, 110) | st.just(nan), st.booleans(), st.floats(0, 1),
    st.floats(0.5, 10.0), POSES, st.booleans())


@given(st.floats(0.0, 22.0), SIGHTS, st.floats(-1.0, 1.5), st.floats(-1.0, 1.0), st.booleans())
def test_a_camera_only_ever_slows_down(x, seen, speed, rate, required):
    wanted = Motion(speed, rate)
    s = situation(x=x, seen=seen, wanted=wanted)
    without = limit(s, PLAIN)
    with_it = limit(s, NEEDING if required else SEEING)
    assert with_it.speed_limit_mps <= without.speed_limit_mps
    done, before = clamp(wanted, with_it), clamp(wanted, without)
    assert abs(done.speed_mps) <= abs(before.speed_mps)
    assert done.yaw_rate_radps in (before.yaw_rate_radps, 0.0)
    if seen is not None and seen.blocked and done.speed_mps > 0.0:
        assert seen.clear_at is not None
        reach = stop_distance_m(done.speed_mps, REACT_S, PLAIN.brake_mps2)
        # Never farther than the lane reached when it was seen clear.
        assert x + reach + PLAIN.footprint_radius_m <= seen.clear_at.x_m + seen.lane_m + 1e-6 or \
            x < seen.clear_at.x_m
