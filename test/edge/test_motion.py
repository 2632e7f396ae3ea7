# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Path following in closed loop, on a simulated base with delay, late odometry and limits."""

from math import pi

from drive_rig import CONFIG, Drive
from edge_rig import corner_site, line_site, SimulatedBase
from hypothesis import given, strategies as st
import pytest

from robot_swarm_orch.edge.base import stop_distance_m, stoppable_speed_mps
from robot_swarm_orch.edge.motion import advance, next_velocity, ramp, Reckoner
from robot_swarm_orch.edge.planning import drive_time_s
from robot_swarm_orch.types import Motion, Odometry, Pose

DELAYS = [{'delay_s': d, 'latency_s': late} for d in (0.0, 0.025, 0.05) for late in (0.0, 0.05)]


@pytest.mark.parametrize('delays', DELAYS)
def test_ten_metres_take_little_longer_than_the_ideal_trapezoid(delays):
    site = line_site(6)
    drive = Drive(site, range(6), **delays)
    assert drive.run() <= 1.08 * drive_time_s(site, tuple(range(6)), 0.0, CONFIG)
    assert drive.off_m < 0.03 and drive.beyond_m < 0.03


@pytest.mark.parametrize('delays', DELAYS)
def test_a_corner_is_turned_on_the_spot_fast_and_without_leaving_the_line(delays):
    site = corner_site()
    drive = Drive(site, range(7), **delays)
    assert drive.run() <= 1.08 * drive_time_s(site, tuple(range(7)), 0.0, CONFIG)
    assert drive.off_m < 0.03 and drive.beyond_m < 0.03


def test_full_speed_is_held_without_stutter_over_many_nodes():
    drive = Drive(line_site(14), range(14))
    drive.run()
    first = next(i for i, v in enumerate(drive.speeds) if v > 1.49)
    last = max(i for i, v in enumerate(drive.speeds) if v > 1.49)
    assert min(drive.speeds[first:last]) > 1.49 and last - first > 100


def test_a_robot_that_faces_backwards_turns_before_it_drives():
    drive = Drive(line_site(4), range(4), start=(0.0, 0.0, pi))
    drive.run()
    assert drive.off_m < 0.03 and abs(drive.base.yaw) < 0.02


def test_a_robot_beside_the_line_comes_back_to_it():
    drive = Drive(line_site(6), range(6), start=(0.0, 0.08, 0.0))
    drive.run()
    assert drive.off_m < 0.09 and abs(drive.base.y) < 0.01


def test_a_standing_robot_that_waits_does_not_tremble():
    drive = Drive(line_site(4), range(4), held=[0], start=(0.0, 0.0, 0.004))
    for _ in range(20):
        drive.tick()
    assert abs(drive.base.w) < 0.005 and abs(drive.base.yaw) < 0.004


def test_a_waiting_robot_already_faces_the_edge_that_it_waits_for():
    drive = Drive(corner_site(), (3, 4), held=[3], start=(6.0, 0.0, 0.0))
    for _ in range(30):
        drive.tick()
    assert abs(drive.base.yaw - pi / 2) < 0.02 and abs(drive.base.y) < 0.01


def test_a_base_that_loses_its_computer_at_any_moment_stops_within_the_run():
    # Design section 5, gate: the watchdog and the brake carry a dead robot no further.
    site = corner_site()
    for death in range(1, 130, 3):
        drive = Drive(site, range(7))
        for _ in range(death):
            drive.tick()
        drive.base.run(3.0)
        x, y = drive.base.x, drive.base.y
        off_first, off_second = max(abs(y), x - 6.0), max(abs(x - 6.0), -y, y - 6.0)
        assert drive.base.v == 0.0 and min(off_first, off_second) < CONFIG.position_error_m


@given(st.floats(0.0, 30.0), st.floats(0.01, 1.0), st.floats(0.1, 5.0))
def test_stoppable_speed_is_the_inverse_of_stop_distance(room, react, brake):
    speed = stoppable_speed_mps(room, react, brake)
    assert stop_distance_m(speed, react, brake) == pytest.approx(room, abs=1e-6)


@given(st.floats(0.0, 3.0), st.floats(0.0, 20.0), st.floats(0.2, 3.0), st.floats(0.01, 0.3))
def test_next_velocity_leaves_room_to_stop_whenever_braking_can(velocity, room, brake, period):
    after = next_velocity(room, velocity, 10.0, brake, period)
    if after > 0.0:
        way = 0.5 * (velocity + after) * period
        assert way + after * after / (2.0 * brake) <= room + 1e-6


def test_next_velocity_without_room_is_zero():
    assert next_velocity(0.0, 0.0, 1.0, 1.0, 0.1) == 0.0
    assert next_velocity(-1.0, 0.5, 1.0, 1.0, 0.1) == 0.0


def test_a_ramp_speeds_up_and_brakes_at_different_limits():
    assert ramp(0.0, 1.0, 0.5, 2.0, 1.0) == pytest.approx((0.25, 0.5))
    assert ramp(1.0, 0.0, 0.5, 2.0, 1.0) == pytest.approx((0.25, 0.0))


def test_the_reckoner_carries_old_odometry_to_where_the_base_is():
    base, reckoner = SimulatedBase(CONFIG, latency_s=0.07), Reckoner(CONFIG)
    for index in range(40):
        motion = Motion(1.2, 0.5 if index % 7 < 3 else -0.4)
        reckoner.sent(base.now_s, motion)
        base.command(motion)
        base.run(0.1)
        body = reckoner.at(base.odometry, base.now_s)
        assert abs(body.pose.x_m - base.x) < 0.012 and abs(body.pose.y_m - base.y) < 0.012
        assert abs(body.motion.speed_mps - base.v) < 0.012


def test_advancing_in_two_halves_is_advancing_once():
    start = Odometry(Pose(0.0, 0.0, 0.3), Motion(1.0, 0.0), 5.0)
    target = Motion(0.4, 0.0)
    once = advance(start, target, 0.8, CONFIG)
    twice = advance(advance(start, target, 0.3, CONFIG), target, 0.5, CONFIG)
    assert once.pose.x_m == pytest.approx(twice.pose.x_m)
    assert once.motion.speed_mps == pytest.approx(twice.motion.speed_mps)
    assert twice.taken_s == pytest.approx(5.8)
