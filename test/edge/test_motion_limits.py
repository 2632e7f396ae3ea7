# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Path following keeps its limits on any path, and its line on a slippery floor.

What is judged is what was commanded, tick by tick, and where the base really was.
"""

from dataclasses import replace
from math import pi

from drive_rig import CONFIG, Drive, path_site, SlippingBase
from edge_rig import line_site, Rig
from hypothesis import given, note, Phase, settings, strategies as st
import pytest

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.planning import drive_time_s
from robot_swarm_orch.types import CommandKind, Mode, Motion, Reason

HEADINGS = st.just(0.0) | st.floats(-0.08, 0.08) | st.floats(-pi / 3, pi / 3)
LEGS = st.lists(st.tuples(st.floats(1.8, 6.0), HEADINGS), min_size=1, max_size=5)
CONFIGS = st.builds(
    RobotConfig, speed_mps=st.floats(0.3, 2.0), acceleration_mps2=st.floats(0.4, 1.5),
    brake_mps2=st.floats(0.6, 1.5), jerk_mps3=st.floats(1.5, 30.0),
    yaw_rate_radps=st.floats(0.5, 2.0), yaw_acceleration_radps2=st.floats(1.0, 5.0),
    tick_s=st.sampled_from((0.05, 0.1)))
SLIP = st.floats(-0.05, 0.05)
# What a failure needs to be told is its smallest example; explaining it would take minutes.
QUICK = settings(max_examples=40, deadline=None,
                 phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink))
NEARLY = 1.0 + 1e-6
# What the limiter takes off by rounding alone [m/s].
ROUNDING_MPS = 0.003


def judge_commands(drive):
    """Assert that each command keeps the limits, going on from those that were really sent."""
    config, period = drive.config, drive.config.tick_s
    sent = [Motion(0.0, 0.0)] * 2 + drive.sent
    for asked, before, earlier in zip(drive.asked, sent[1:], sent):
        change = (asked.speed_mps - before.speed_mps) / period
        was = (before.speed_mps - earlier.speed_mps) / period
        was = max(-config.brake_mps2, was)  # the limiter may have cut harder
        turn = (asked.yaw_rate_radps - before.yaw_rate_radps) / period
        assert 0.0 <= asked.speed_mps <= config.speed_mps * NEARLY
        assert -config.brake_mps2 * NEARLY <= change <= config.acceleration_mps2 * NEARLY
        assert abs(change - was) / period <= config.jerk_mps3 * NEARLY
        assert abs(asked.yaw_rate_radps) <= config.yaw_rate_radps * NEARLY
        assert abs(turn) <= config.yaw_acceleration_radps2 * NEARLY


def cut_mps(drive):
    """Return the most that the gate took off a speed."""
    return max(asked.speed_mps - sent.speed_mps for asked, sent in zip(drive.asked, drive.sent))


@QUICK
@given(LEGS, CONFIGS, st.sampled_from((0.0, 0.025, 0.05)), st.floats(-pi, pi))
def test_on_any_path_all_limits_hold_and_the_limiter_has_nothing_to_cut(legs, config, delay_s,
                                                                        yaw):
    site = path_site(*zip(*legs))
    drive = Drive(site, range(len(legs) + 1), config=config, start=(0.0, 0.0, yaw),
                  delay_s=delay_s)
    drive.run(300.0)
    judge_commands(drive)
    assert cut_mps(drive) < ROUNDING_MPS
    assert drive.beyond_m < 0.005 and drive.stray_m < 0.04
    assert drive.to_end_m() <= config.arrive_m


@pytest.mark.parametrize('delay_s, exact_m', [(0.05, 0.007), (0.025, 0.015), (0.0, 0.02)])
def test_the_stop_is_exact_and_a_base_that_acts_sooner_than_it_may_stops_short(delay_s, exact_m):
    @QUICK
    @given(LEGS)
    def stops(legs):
        drive = Drive(path_site(*zip(*legs)), range(len(legs) + 1), delay_s=delay_s)
        drive.run(120.0)
        assert drive.to_end_m() <= exact_m and drive.beyond_m <= 0.005
    stops()


@QUICK
@given(LEGS, st.tuples(SLIP, SLIP), st.floats(0.0, 0.05), st.booleans(), st.integers(0, 2**32))
def test_slip_and_noise_stay_within_the_error_that_the_robot_vouches_for(legs, slip, more, gyro,
                                                                         seed):
    site = path_site(*zip(*legs))
    drive = Drive(site, range(len(legs) + 1), base=SlippingBase, slip=slip, random_slip=more,
                  noise_m=0.01, noise_rad=0.01, gyro=gyro, seed=seed)
    drive.run(120.0)
    note(f'seed {seed}, off the path {drive.stray_m:.3f} m, beyond {drive.beyond_m:.3f} m')
    assert drive.stray_m + 0.01 <= CONFIG.position_error_m
    assert drive.to_end_m() <= CONFIG.arrive_m + 0.01
    judge_commands(drive)


@QUICK
@given(LEGS, st.integers(0, 130))
def test_a_base_that_dies_anywhere_rests_within_the_error_of_its_path(legs, death):
    drive = Drive(path_site(*zip(*legs)), range(len(legs) + 1))
    for _ in range(death):
        drive.tick()
    drive.base.run(4.0)
    assert drive.base.v == 0.0 and drive.to_path_m() <= CONFIG.position_error_m


@pytest.mark.parametrize('slip', [(0.05, 0.0), (-0.05, 0.05)])
@pytest.mark.parametrize('gyro', [False, True], ids=['encoders', 'gyro'])
def test_wheels_of_different_size_cost_neither_line_nor_speed(slip, gyro):
    # Without learning, such a robot leaves its lane by more than a metre.
    drive = Drive(line_site(14), range(14), base=SlippingBase, slip=slip, gyro=gyro)
    lost = 0.5 * sum(slip)
    assert drive.run() * (1.0 - lost) <= 1.02 * drive_time_s(
        drive.site, drive.route, 0.0, CONFIG) + 0.3
    assert drive.stray_m < 0.03
    curve = (slip[0] - slip[1]) / 0.6  # [rad/m] by the geometry of two wheels
    assert drive.reckoner.veer_radpm == pytest.approx(curve / (1.0 - lost), rel=0.1)


def test_a_pose_that_jumps_teaches_nothing():
    drive = Drive(line_site(14), range(14))
    for _ in range(60):
        drive.tick()
    drive.base.yaw += 0.2
    for _ in range(3):
        drive.tick()
    assert abs(drive.reckoner.veer_radpm) < 0.02


def test_a_floor_that_turns_greasy_on_one_side_is_met_within_the_error():
    drive = Drive(line_site(20), range(20), base=SlippingBase)
    for _ in range(60):
        drive.tick()
    drive.base.slip = (0.05, 0.0)
    drive.run()
    assert drive.stray_m < 0.08


@pytest.mark.parametrize('legs', [1, 2, 3, 5, 12])
def test_the_time_of_a_run_is_the_planned_one_and_the_wait_for_the_limiter(legs):
    # The limiter counts on the base's watchdog, so the last metre takes 0.15 s longer.
    drive = Drive(line_site(13), range(legs + 1))
    late_s = drive.run() - drive_time_s(drive.site, drive.route, 0.0, CONFIG)
    assert 0.0 <= late_s <= 0.3


@pytest.mark.parametrize('horizon', [2, 3, 8])
def test_speed_stays_at_cruise_while_grants_come_every_tenth_of_a_second(horizon):
    config = RobotConfig(scan_required=False, horizon=horizon)
    rig = Rig(line_site(24), config, 0, answer_s=0.1, base=SlippingBase, noise_m=0.01, seed=7)
    rig.run(2.0, lambda: rig.agent.book.mode == Mode.AUTOMATIC)
    rig.send(CommandKind.GO, 23)
    rig.run(30.0, lambda: rig.base.v > 1.499)
    asked = []
    while rig.base.x < 42.0:
        asked.append(rig.tick().motion.speed_mps)
        assert rig.agent.safety.reason == Reason.NONE
    assert len(asked) > 200 and min(asked) > 1.49


@pytest.mark.parametrize('late_s', [0.5, 1.2])
def test_a_late_grant_slows_the_robot_within_its_limits_and_it_goes_on(late_s):
    config = RobotConfig(scan_required=False, horizon=2)
    rig = Rig(line_site(24), config, 0, answer_s=0.1)
    rig.run(2.0, lambda: rig.agent.book.mode == Mode.AUTOMATIC)
    rig.send(CommandKind.GO, 23)
    rig.run(30.0, lambda: rig.base.v > 1.499)
    rig.granting, asked = False, []
    for step in range(40):
        rig.granting = step >= 10 * late_s
        asked.append(rig.tick().motion.speed_mps)
    steps = [0.1 * round(10.0 * (b - a) / 0.1, 6) for a, b in zip(asked, asked[1:])]
    assert min(steps) >= -config.brake_mps2 - 1e-6 and max(steps) <= 1.0 + 1e-6
    assert all(abs(b - a) <= 0.5 + 1e-6 for a, b in zip(steps, steps[1:]))
    assert rig.run(10.0, lambda: rig.base.v > 1.499) < 10.0


def test_a_base_weaker_than_it_says_is_not_left_behind_by_its_commands():
    drive = Drive(line_site(6), range(6))
    drive.base.config = replace(CONFIG, acceleration_mps2=0.4)
    while len(drive.track.nodes) > 1:
        drive.tick()
        assert drive.asked[-1].speed_mps - drive.base.v < 0.35
    assert drive.to_end_m() <= CONFIG.arrive_m and drive.beyond_m < 0.01


def test_a_robot_whose_wheels_are_blocked_does_not_wind_its_speed_up():
    drive = Drive(line_site(6), range(6))
    drive.base._towards = lambda *_: 0.0
    for _ in range(30):
        drive.tick()
    assert max(motion.speed_mps for motion in drive.asked) < 0.5


def test_a_cut_by_the_limiter_that_ends_at_once_costs_little_speed():
    # As when one lease comes late: commanded was 0, but the base has hardly braked.
    drive = Drive(line_site(14), range(14))
    while drive.base.v < 1.499:
        drive.tick()
    drive.reckoner.sent(drive.base.now_s, Motion(0.0, 0.0))
    drive.base.command(Motion(0.0, 0.0))
    drive.base.run(0.1)
    for _ in range(10):
        drive.tick()
    assert min(drive.speeds[-10:]) > 1.2 and drive.speeds[-1] > 1.45
