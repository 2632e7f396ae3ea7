# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A pose that no base can have come to is not believed, and any drive that a base can do is."""

from hypothesis import given, settings, strategies as st
import pytest
from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.pose_gate import PoseGate, SETTLE_S
from robot_swarm_orch.types import Motion, Odometry, Pose

CONFIG = RobotConfig()


def at(taken_s, x_m, yaw_rad=0.0, speed_mps=1.0):
    """Return odometry on the x axis."""
    return Odometry(Pose(x_m, 0.0, yaw_rad), Motion(speed_mps, 0.0), taken_s, 0.01)


def checked(gate, *bodies):
    """Return whether each pose was believed."""
    return [gate.check(body) == body for body in bodies]


@settings(max_examples=200)
@given(st.lists(st.tuples(st.floats(0.02, 0.3), st.floats(0.0, 1.5)), max_size=40))
def test_what_a_base_can_drive_is_believed(steps):
    gate, time_s, x_m = PoseGate(CONFIG), 0.0, 0.0
    for passed_s, speed_mps in steps:
        time_s += passed_s
        x_m += passed_s * speed_mps
        assert gate.check(at(time_s, x_m)).pose_error_m == 0.01
    assert gate.jump == ''


def test_after_a_jump_the_error_bound_makes_the_robot_lost_until_poses_were_steady():
    gate = PoseGate(CONFIG)
    gate.check(at(0.0, 0.0))
    found = gate.check(at(0.1, 5.0))
    assert found.pose_error_m > 4.9 > CONFIG.position_error_m
    assert 'jumped by 5.00 m' in gate.jump
    assert not any(checked(gate, *(at(0.1 + 0.1 * k, 5.0) for k in range(1, 10))))
    assert checked(gate, at(0.1 + SETTLE_S + 0.01, 5.0), at(0.2 + SETTLE_S, 5.05)) == [True, True]


def test_two_streams_of_poses_keep_the_robot_lost():
    gate = PoseGate(CONFIG)
    gate.check(at(0.0, 0.0))
    believed = checked(gate, *(at(0.05 * k, 5.0 * (k % 2)) for k in range(1, 100)))
    assert not any(believed)


def test_a_robot_that_is_turned_over_night_is_not_believed():
    gate = PoseGate(CONFIG)
    gate.check(at(0.0, 0.0))
    assert checked(gate, at(0.1, 0.0, 3.0)) == [False]
    assert 'rad' in gate.jump


def test_the_same_message_again_counts_once():
    gate = PoseGate(CONFIG)
    gate.check(at(0.0, 0.0))
    gate.check(at(0.1, 5.0))
    assert checked(gate, *[at(0.1, 5.0)] * 50) == [False] * 50


@pytest.mark.parametrize('step_s', [3600.0, -3600.0])
def test_a_clock_that_is_set_is_no_jump_and_hides_none(step_s):
    gate = PoseGate(CONFIG)
    gate.check(at(5000.0, 0.0))
    assert checked(gate, at(5000.1 + step_s, 0.15), at(5000.2 + step_s, 0.3)) == [True, True]
    assert checked(gate, at(5000.3 + 2.0 * step_s, 9.0)) == [False]


def test_a_jump_is_forgotten_a_second_later_though_the_clock_was_set_back_meanwhile():
    gate = PoseGate(CONFIG)
    gate.check(at(5000.0, 0.0))
    gate.check(at(5000.1, 9.0))
    gate.check(at(1000.0, 9.0))
    assert checked(gate, at(1000.0 + 0.5 * SETTLE_S, 9.0), at(1000.1 + SETTLE_S, 9.0)) == [
        False, True]
