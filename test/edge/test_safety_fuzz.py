# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The safety limiter against whatever comes: nonsense stops, more restrictions never speed up.

`restrictions` lists each thing that can be added to a situation to make it worse. Whatever is
added, in any order, the speed allowed may only fall; whatever is not a number or is missing, the
robot may at most turn where it is known to be free.
"""

from dataclasses import replace
from math import inf, isfinite, nan, pi

from edge_rig import line_site
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.base import Roadmap, Track
from robot_swarm_orch.edge.safety import clamp, Limiter, Situation
from robot_swarm_orch.types import (
    Mode, Motion, Odometry, Peer, Pose, Reason, Scan, Sight, STANDSTILL)

CONFIG = RobotConfig(camera=True)
LINE = Roadmap(line_site())
LIMITERS = {'needs': Limiter(replace(CONFIG, camera_required=True)), 'has': Limiter(CONFIG),
            'blind': Limiter(RobotConfig(scan_required=False))}
BEAMS = 36
NOT_NUMBERS = (nan, inf, -inf)


def scan(points=(), x=0.0, taken_s=100.0):
    """Return a scan from (x, 0) that sees small discs at (px, py)."""
    angles = -pi + 2.0 * pi / BEAMS * np.arange(BEAMS)
    ranges = np.full(BEAMS, inf)
    for px, py in points:
        away = float(np.hypot(px - x, py))
        beam = int(round((np.arctan2(py, px - x) + pi) / (2.0 * pi) * BEAMS)) % BEAMS
        ranges[beam] = min(ranges[beam], away)
    return Scan(ranges, float(angles[0]), 2.0 * pi / BEAMS, 10.0, taken_s)


def peer(x, y, speed=0.0, yaw=0.0, heard_s=9.8):
    """Return a neighbour."""
    return Peer('p', 1, 1, Mode.AUTOMATIC, Pose(x, y, yaw), Motion(speed, 0.0), 0.75, (), heard_s)


def situation(x=4.0, speed=1.0, wanted=Motion(1.2, 0.1), held=12):
    """Return a situation in which a robot on the straight street may drive."""
    s = Situation()
    track = Track(LINE, CONFIG, range(12))
    track.pass_nodes(x, 0.0, False)
    s.active, s.mode, s.inside, s.lease_left_s = True, Mode.AUTOMATIC, True, 0.5
    s.odometry_age_s, s.control_s, s.now_s = 0.05, 100.0, 10.0
    s.body = Odometry(Pose(x, 0.0, 0.0), Motion(speed, 0.0), 99.95)
    s.base = track.base(frozenset(range(held)), x, 0.0)
    s.scan, s.wanted = scan(), wanted
    s.sight = Sight(99.9, False, 0.1, 4.0, Pose(x, 0.0, 0.0))
    return s


def with_body(s, **changes):
    """Return the body with some of x, y, yaw, speed and rate changed."""
    pose, motion = s.body.pose, s.body.motion
    at = {'x': pose.x_m, 'y': pose.y_m, 'yaw': pose.yaw_rad, 'speed': motion.speed_mps,
          'rate': motion.yaw_rate_radps, **changes}
    return Odometry(Pose(at['x'], at['y'], at['yaw']), Motion(at['speed'], at['rate']), 99.95)


NONSENSE = [
    (f'{name} {value}', change) for value in NOT_NUMBERS for name, change in (
        ('x', lambda s, v=value: setattr(s, 'body', with_body(s, x=v))),
        ('y', lambda s, v=value: setattr(s, 'body', with_body(s, y=v))),
        ('yaw', lambda s, v=value: setattr(s, 'body', with_body(s, yaw=v))),
        ('speed', lambda s, v=value: setattr(s, 'body', with_body(s, speed=v))),
        ('yaw rate', lambda s, v=value: setattr(s, 'body', with_body(s, rate=v))),
        ('age of odometry', lambda s, v=value: setattr(s, 'odometry_age_s', v)),
        ('ROS time', lambda s, v=value: setattr(s, 'control_s', v)),
        ('time of the scan', lambda s, v=value: setattr(s, 'scan', replace(s.scan, taken_s=v))),
        ('first angle', lambda s, v=value: setattr(
            s, 'scan', replace(scan([(5.6, 0.0)], 4.0), angle_min_rad=v))),
        ('step of angles', lambda s, v=value: setattr(
            s, 'scan', replace(scan([(5.6, 0.0)], 4.0), angle_step_rad=v))),
        ('x of a neighbour', lambda s, v=value: setattr(s, 'peers', (peer(v, 0.0),))),
        ('y of a neighbour', lambda s, v=value: setattr(s, 'peers', (peer(5.5, v),))),
        ('yaw of a neighbour', lambda s, v=value: setattr(
            s, 'peers', (peer(9.0, 0.0, 1.0, v),))),
        ('speed of a neighbour', lambda s, v=value: setattr(
            s, 'peers', (peer(9.0, 0.0, v),))),
        ('footprint of a neighbour', lambda s, v=value: setattr(
            s, 'peers', (replace(peer(9.0, 0.0), footprint_radius_m=v),))),
        ('time of a neighbour', lambda s, v=value: setattr(
            s, 'peers', (peer(9.0, 0.0, 1.0, pi, v),))),
        ('steady time beside a neighbour', lambda s, v=value: (
            setattr(s, 'peers', (peer(9.0, 0.0, 1.0, pi),)), setattr(s, 'now_s', v))),
        ('time of an image', lambda s, v=value: setattr(
            s, 'sight', replace(s.sight, taken_s=v))),
        ('way seen clear', lambda s, v=value: setattr(
            s, 'sight', replace(s.sight, blocked=True, lane_m=v))),
        ('place seen clear', lambda s, v=value: setattr(
            s, 'sight', replace(s.sight, blocked=True, clear_at=Pose(v, 0.0, 0.0)))),
        ('direction seen clear', lambda s, v=value: setattr(
            s, 'sight', replace(s.sight, blocked=True, clear_at=Pose(4.0, 0.0, v)))),
        ('wanted speed', lambda s, v=value: setattr(s, 'wanted', Motion(v, 0.1))),
        ('wanted rate', lambda s, v=value: setattr(s, 'wanted', Motion(1.0, v))),
    )] + [
    ('no body', lambda s: setattr(s, 'body', None)),
    ('no base', lambda s: setattr(s, 'base', None)),
    ('no scan', lambda s: setattr(s, 'scan', None)),
    ('a scan of no beams', lambda s: setattr(s, 'scan', replace(s.scan, ranges_m=np.zeros(0)))),
    ('no sight', lambda s: setattr(s, 'sight', None)),
    ('no mode', lambda s: setattr(s, 'mode', None)),
    ('no lease', lambda s: setattr(s, 'lease_left_s', nan)),
    ('a lease of minus infinity', lambda s: setattr(s, 'lease_left_s', -inf)),
]


@pytest.mark.parametrize('change', [change for _, change in NONSENSE],
                         ids=[name for name, _ in NONSENSE])
def test_what_is_no_number_or_missing_brings_the_robot_to_rest(change):
    s = situation()
    limiter = LIMITERS['needs']
    assert limiter.limit(s).reason == Reason.NONE
    change(s)
    safety = limiter.limit(s)
    assert clamp(s.wanted, safety).speed_mps == 0.0


def test_a_robot_is_never_let_drive_backwards_since_its_base_lies_ahead():
    for wanted in (Motion(-0.3, 0.0), Motion(-1e-6, 0.4)):
        s = situation(speed=0.0, wanted=wanted)
        safety = LIMITERS['has'].limit(s)
        assert (safety.speed_limit_mps, safety.reason) == (0.0, Reason.AUTHORITY)
        assert clamp(wanted, safety) == Motion(0.0, wanted.yaw_rate_radps)


PLACES = st.tuples(st.floats(-3.0, 8.0), st.floats(-3.0, 3.0))
NEIGHBOURS = st.builds(peer, st.floats(-2.0, 12.0), st.floats(-3.0, 3.0), st.floats(-1.5, 1.5),
                       st.floats(-pi, pi), st.floats(8.0, 10.0))
SITUATIONS = st.builds(
    situation, st.floats(0.0, 21.9), st.floats(0.0, 1.5),
    st.builds(Motion, st.floats(-1.5, 1.5), st.floats(-1.5, 1.5)), st.integers(1, 12))


def has_point(s, place):
    """Let the laser see one thing more."""
    if s.scan is None:
        return  # a laser that is silent sees nothing more
    more = scan([(s.body.pose.x_m + place[0], place[1])], s.body.pose.x_m)
    s.scan = replace(s.scan, ranges_m=np.minimum(s.scan.ranges_m, more.ranges_m))


def has_less_base(s, count):
    """Take the end of the base away."""
    track = Track(LINE, CONFIG, range(12))
    track.pass_nodes(s.body.pose.x_m, 0.0, False)
    less = track.base(frozenset(range(count)), s.body.pose.x_m, 0.0)
    if len(less.edges) < len(s.base.edges):
        s.base = less


def sees_less(s, share):
    """Let the camera have seen less of the lane clear, and the lane blocked."""
    s.sight = replace(s.sight, blocked=True, lane_m=share * s.sight.lane_m)


RESTRICTIONS = st.one_of(
    st.tuples(st.just(has_point), PLACES), st.tuples(st.just(has_less_base), st.integers(1, 12)),
    st.tuples(st.just(sees_less), st.floats(0.1, 1.0)),
    st.tuples(st.just(lambda s, peer_: setattr(s, 'peers', (*s.peers, peer_))), NEIGHBOURS),
    st.tuples(st.just(lambda s, text: setattr(s, 'emergency', text)), st.just('button')),
    st.tuples(st.just(lambda s, name: setattr(s, name, True)),
              st.sampled_from(('fenced', 'in_doubt', 'working'))),
    st.tuples(st.just(lambda s, name: setattr(s, name, False)),
              st.sampled_from(('active', 'inside'))),
    st.tuples(st.just(lambda s, mode: setattr(s, 'mode', mode)),
              st.sampled_from((Mode.MANUAL, Mode.LOST, Mode.JOINING))),
    st.tuples(st.just(lambda s, left_s: setattr(s, 'lease_left_s', left_s)),
              st.floats(-1.0, 0.0)),
    st.tuples(st.just(lambda s, age_s: setattr(s, 'odometry_age_s', age_s)),
              st.floats(0.36, 9.0)),
    st.tuples(st.just(lambda s, _: setattr(s, 'scan', None)), st.none()),
    st.tuples(st.just(lambda s, _: setattr(s, 'sight', replace(s.sight, frozen=True))),
              st.none()))


@settings(max_examples=300)
@given(SITUATIONS, st.lists(RESTRICTIONS, max_size=6), st.sampled_from(sorted(LIMITERS)))
def test_a_restriction_never_raises_the_speed_and_the_limiter_only_slows_down(s, more, kind):
    limiter = LIMITERS[kind]
    if kind == 'blind':
        more = [(act, value) for act, value in more if value is not None]
    safety, wanted = limiter.limit(s), s.wanted
    for act, value in more:
        act(s, value)
        before, safety = safety, limiter.limit(s)
        assert safety.speed_limit_mps <= before.speed_limit_mps
        assert safety.stopped >= before.stopped
        assert safety.stopped <= (safety.speed_limit_mps == 0.0)
        judge_clamp(wanted, safety)
    judge_clamp(wanted, safety)


def judge_clamp(wanted, safety):
    """Assert that what is done is what was wanted, slower."""
    done = clamp(wanted, safety)
    assert 0.0 <= safety.speed_limit_mps <= CONFIG.speed_mps
    assert abs(done.speed_mps) <= min(abs(wanted.speed_mps), safety.speed_limit_mps)
    assert done.speed_mps * wanted.speed_mps >= 0.0
    assert done.yaw_rate_radps in (wanted.yaw_rate_radps, 0.0)
    if safety.stopped:
        assert done == STANDSTILL


@given(st.lists(st.sampled_from((1.0, 0.0, nan, inf, -inf, 1e308, -1e308)), min_size=9,
                max_size=9))
def test_no_mixture_of_numbers_and_nonsense_comes_through(values):
    x, y, yaw, speed, rate, wanted, turn, lease, age = values
    s = situation()
    s.body = Odometry(Pose(x, y, yaw), Motion(speed, rate), 99.95)
    s.wanted, s.lease_left_s, s.odometry_age_s = Motion(wanted, turn), lease, age
    safety = LIMITERS['has'].limit(s)
    done = clamp(s.wanted, safety)
    assert isfinite(done.speed_mps) and isfinite(done.yaw_rate_radps)
    if not all(map(isfinite, (x, y, yaw, speed, rate, wanted, turn))) or not lease > 0.0:
        assert done == STANDSTILL
