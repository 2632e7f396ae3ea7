# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A map pose comes from localisation and odometry together, or not at all."""

from math import cos, pi, sin

from hypothesis import given, settings, strategies as st
import pytest
from robot_swarm_orch.types import Motion, Odometry, Pose

pose_sources = pytest.importorskip('robot_swarm_orch.nodes.pose_sources')

poses = st.builds(Pose, st.floats(-50, 50), st.floats(-50, 50), st.floats(-3.1, 3.1))


def odometry(pose, taken_s, error_m=0.0):
    """Return odometry at rest."""
    return Odometry(pose, Motion(0.0, 0.0), taken_s, error_m)


def assert_same(one, two):
    """Compare poses, angles on the circle."""
    assert one.x_m == pytest.approx(two.x_m, abs=1e-9)
    assert one.y_m == pytest.approx(two.y_m, abs=1e-9)
    assert cos(one.yaw_rad - two.yaw_rad) == pytest.approx(1.0)
    assert sin(one.yaw_rad - two.yaw_rad) == pytest.approx(0.0, abs=1e-9)


@given(poses, poses)
@settings(max_examples=100, deadline=None)
def test_the_frame_between_two_poses_turns_one_into_the_other(outside, inside):
    """Composition undoes it (REP-105: map -> odom -> base)."""
    frame = pose_sources.frame_between(outside, inside)
    assert_same(pose_sources.compose(frame, inside), outside)


@given(poses, poses, poses)
@settings(max_examples=100, deadline=None)
def test_poses_between_two_words_of_the_localiser_follow_odometry(told, then, later):
    """What odometry says has happened since is added to the corrected pose."""
    source = pose_sources.PoseMessages(drift=0.0)
    source.locate(odometry(then, 1.0), 1.0)
    assert source.hear(told, 1.0, 0.05)
    frame = pose_sources.frame_between(told, then)
    found = source.locate(odometry(later, 2.0), 2.0)
    assert_same(found.pose, pose_sources.compose(frame, later))
    assert found.taken_s == 2.0 and found.pose_error_m == 0.05


def test_without_a_localiser_there_is_no_pose():
    """The robot stands until it is told where it is."""
    source = pose_sources.PoseMessages(drift=0.05)
    assert source.locate(odometry(Pose(1.0, 0.0, 0.0), 1.0), 1.0) is None


def test_a_pose_without_odometry_of_its_time_is_not_used():
    """Matching a pose with odometry of another time would shift the robot."""
    source = pose_sources.PoseMessages(drift=0.05)
    source.locate(odometry(Pose(1.0, 0.0, 0.0), 1.0), 1.0)
    assert not source.hear(Pose(5.0, 5.0, 0.0), 3.0, 0.05)
    assert source.locate(odometry(Pose(1.0, 0.0, 0.0), 1.1), 1.1) is None


def test_a_pose_whose_own_odometry_was_skipped_does_not_shift_the_robot():
    """At 1.5 m/s a tenth of a second is more than the error that a robot may have."""
    source = pose_sources.PoseMessages(drift=0.0)
    source.locate(Odometry(Pose(0.0, 0.0, 0.0), Motion(1.5, 0.0), 1.0), 1.0)
    assert source.hear(Pose(10.15, 4.0, 0.0), 1.1, 0.01)
    found = source.locate(Odometry(Pose(0.3, 0.0, 0.0), Motion(1.5, 0.0), 1.2), 1.2)
    assert_same(found.pose, Pose(10.3, 4.0, 0.0))


def test_the_error_bound_grows_with_the_way_driven_and_shrinks_with_a_new_pose():
    """Twenty metres on wheels at 5 % are a metre; standing still costs nothing."""
    source = pose_sources.PoseMessages(drift=0.05)
    source.locate(odometry(Pose(0.0, 0.0, 0.0), 0.0), 0.0)
    source.hear(Pose(0.0, 0.0, 0.0), 0.0, 0.02)
    for step in range(1, 21):
        found = source.locate(odometry(Pose(float(step), 0.0, 0.0), step), step)
    assert found.pose_error_m == pytest.approx(1.02)
    found = source.locate(odometry(Pose(20.0, 0.0, 0.0), 100.0), 100.0)
    assert found.pose_error_m == pytest.approx(1.02)
    source.hear(Pose(20.0, 0.0, 0.0), 100.0, 0.02)
    found = source.locate(odometry(Pose(20.0, 0.0, 0.0), 100.1), 100.1)
    assert found.pose_error_m == pytest.approx(0.02)


def test_a_transform_that_is_missing_or_old_gives_no_pose():
    """A localiser that died leaves its last transform behind."""
    answers = {'now': None}
    source = pose_sources.TransformTree(lambda target, inner: answers['now'], 'map', 'odom')
    body = odometry(Pose(1.0, 0.0, 0.0), 10.0)
    assert source.locate(body, 10.0) is None
    answers['now'] = (Pose(5.0, 5.0, pi / 2.0), 9.9)
    assert_same(source.locate(body, 10.0).pose, Pose(5.0, 6.0, pi / 2.0))
    assert source.locate(body, 13.0) is None


def test_a_static_transform_never_ages():
    """Its stamp is zero: a map that is the odometry frame is always right."""
    source = pose_sources.TransformTree(lambda *_: (Pose(0.0, 0.0, 0.0), 0.0), 'map', 'odom')
    assert source.locate(odometry(Pose(1.0, 0.0, 0.0), 10.0), 1e9) is not None


def test_a_transform_from_the_future_gives_no_pose():
    """A clock was set back: nobody can tell how old it is."""
    source = pose_sources.TransformTree(lambda *_: (Pose(0.0, 0.0, 0.0), 3610.0), 'map', 'odom')
    assert source.locate(odometry(Pose(1.0, 0.0, 0.0), 10.0), 10.0) is None


def test_after_the_clock_was_set_back_the_localiser_is_heard_and_the_way_still_counts():
    """Older stamps match nothing any more."""
    source = pose_sources.PoseMessages(drift=0.05)
    source.locate(odometry(Pose(0.0, 0.0, 0.0), 5000.0), 5000.0)
    source.hear(Pose(0.0, 0.0, 0.0), 5000.0, 0.02)
    found = source.locate(odometry(Pose(2.0, 0.0, 0.0), 1400.0), 1400.0)
    assert found.pose_error_m == pytest.approx(0.12)
    assert source.hear(Pose(7.0, 0.0, 0.0), 1400.0, 0.02)
    found = source.locate(odometry(Pose(2.0, 0.0, 0.0), 1400.1), 1400.1)
    assert_same(found.pose, Pose(7.0, 0.0, 0.0))
