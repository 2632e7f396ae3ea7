# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A robot's sensors and payload: read right, read fast, and refused when they make no sense."""

from math import inf, nan, pi

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from geometry_msgs.msg import (  # noqa: E402,I100
    PoseWithCovarianceStamped, Twist, TwistStamped)
from nav_msgs.msg import Odometry as OdometryMsg  # noqa: E402
from rclpy.serialization import deserialize_message, serialize_message  # noqa: E402
from robot_swarm_orch import types as t  # noqa: E402
from robot_swarm_orch.errors import WireError  # noqa: E402
from robot_swarm_orch.nodes import robot_wire as rw  # noqa: E402
from sensor_msgs.msg import BatteryState, LaserScan  # noqa: E402
from std_msgs.msg import Header  # noqa: E402

metres = st.floats(-1e5, 1e5)
frames = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=13)


def odometry_msg(frame='map', child='base', x=1.0, y=-2.0, yaw=0.5, v=1.0, w=0.25, error=0.06):
    """Return an odometry message."""
    msg = OdometryMsg(header=Header(frame_id=frame), child_frame_id=child)
    msg.header.stamp.sec, msg.header.stamp.nanosec = 17, 250_000_000
    return rw.fill_odometry(msg, t.Odometry(t.Pose(x, y, yaw), t.Motion(v, w), 0.0, error))


@given(st.tuples(frames, frames, metres, metres, st.floats(-3.14, 3.14), st.floats(-5.0, 5.0),
                 st.floats(-5.0, 5.0), st.floats(0.0, 1.0)))
@settings(max_examples=100, deadline=None)
def test_odometry_is_read_alike_from_the_message_and_from_its_bytes(fields):
    """The short way gives what the long way gives, whatever the lengths of the frame names."""
    msg = odometry_msg(*fields)
    assert rw.read_odometry_bytes(serialize_message(msg)) == rw.read_odometry(msg)


@given(st.tuples(frames, frames, metres, metres, st.floats(-3.14, 3.14), st.floats(-5.0, 5.0),
                 st.floats(-5.0, 5.0), st.floats(0.0, 1.0)))
@settings(max_examples=50, deadline=None)
def test_odometry_written_as_bytes_is_the_message_that_would_have_been_sent(fields):
    """Field for field, whatever stood in the message before (padding bytes may differ)."""
    frame, child, x, y, yaw, v, w, error = fields
    header = Header(frame_id=frame)
    header.stamp.sec, header.stamp.nanosec = 17, 250_000_000
    writer = rw.OdometryWriter(header, child)
    writer.write(t.Odometry(t.Pose(9.0, 9.0, 1.0), t.Motion(1.0, 1.0), 0.0, 0.9))
    data = writer.write(t.Odometry(t.Pose(x, y, yaw), t.Motion(v, w), 0.0, error))
    sent, told = deserialize_message(data, OdometryMsg), odometry_msg(*fields)
    assert (sent.header, sent.child_frame_id, sent.twist) == (
        told.header, told.child_frame_id, told.twist)
    assert sent.pose.pose == told.pose.pose
    assert sent.pose.covariance.tolist() == told.pose.covariance.tolist()


def test_odometry_arrives_as_it_was_sent():
    """Pose, speed, time and error bound."""
    value = rw.read_odometry(odometry_msg())
    assert value.pose.yaw_rad == pytest.approx(0.5)
    assert (value.pose.x_m, value.pose.y_m) == (1.0, -2.0)
    assert value.motion == t.Motion(1.0, 0.25)
    assert value.taken_s == 17.25
    assert value.pose_error_m == pytest.approx(0.06)


def test_odometry_in_an_encoding_of_another_byte_order_goes_the_long_way(monkeypatch):
    """Only little-endian plain CDR is read directly."""
    asked = []
    monkeypatch.setattr(rw, 'deserialize_message',
                        lambda data, kind: asked.append(data) or odometry_msg())
    data = b'\0\0\0\0' + serialize_message(odometry_msg())[4:]
    assert rw.read_odometry_bytes(data) == rw.read_odometry(odometry_msg())
    assert asked == [data]


@pytest.mark.parametrize('length', [4, 11, 20, 40, 200])
def test_odometry_that_ends_early_is_refused(length):
    """A cut message never becomes a pose."""
    with pytest.raises(WireError, match='Odometry.header'):
        rw.read_odometry_bytes(serialize_message(odometry_msg())[:length])


@pytest.mark.parametrize('fields', [
    {'x': nan}, {'y': inf}, {'x': 2e6}, {'v': nan}, {'v': 51.0}, {'w': nan}, {'w': inf},
    {'error': nan}, {'yaw': nan}])
@pytest.mark.parametrize('way', ['message', 'bytes'])
def test_odometry_that_makes_no_sense_is_refused(fields, way):
    """NaN, infinities and absurd values, on both ways."""
    msg = odometry_msg(**fields)
    with pytest.raises(WireError, match='Odometry.'):
        if way == 'bytes':
            rw.read_odometry_bytes(serialize_message(msg))
        else:
            rw.read_odometry(msg)


def test_an_orientation_of_no_length_is_refused():
    """It says nothing about where the robot looks."""
    msg = odometry_msg()
    msg.pose.pose.orientation.z = msg.pose.pose.orientation.w = 0.0
    with pytest.raises(WireError, match='quaternion'):
        rw.read_odometry(msg)


def test_a_localiser_error_bound_is_three_standard_deviations():
    """What AMCL gives as variances becomes the bound that the agent compares."""
    msg = PoseWithCovarianceStamped()
    msg.pose.covariance[0], msg.pose.covariance[7] = 0.0004, 0.0009
    assert rw.read_pose(msg)[2] == pytest.approx(0.09)


def scan_msg(ranges, **fields):
    """Return a scan that starts ahead and goes round counter-clockwise."""
    step = 2.0 * pi / max(1, len(ranges))
    return LaserScan(**{'angle_min': 0.0, 'angle_increment': step, 'range_min': 0.1,
                        'range_max': 8.0, 'ranges': ranges, **fields})


def test_a_scan_keeps_its_beams_and_drops_what_is_no_measurement():
    """By REP-117: NaN, +inf and what is beyond the limits are nothing seen, -inf is too near."""
    scan = rw.LaserMount().read(scan_msg([1.0, nan, inf, -inf, 0.05, 9.0]))
    assert scan.ranges_m.tolist() == [1.0, inf, inf, 0.0, inf, inf]
    assert (scan.angle_min_rad, scan.range_max_m) == (0.0, 8.0)


def test_a_turned_laser_keeps_its_beams():
    """Only the first angle changes."""
    scan = rw.LaserMount(yaw_rad=0.5).read(scan_msg([1.0] * 8))
    assert scan.angle_min_rad == 0.5
    assert scan.ranges_m.tolist() == [1.0] * 8


@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.floats(-3.0, 3.0),
       st.lists(st.floats(0.25, 7.0, width=32), min_size=36, max_size=72))
@settings(max_examples=50, deadline=None)
def test_a_laser_off_centre_loses_no_near_point(x, y, yaw, ranges):
    """Each point that the laser saw lies in a beam that is no longer than the point is far."""
    scan = rw.LaserMount(x, y, yaw).read(scan_msg(ranges))
    mount_centred = abs(complex(x, y)) < 1e-3
    beams = len(scan.ranges_m)
    for index, distance in enumerate(ranges):
        angle = yaw + index * float(np.float32(2.0 * pi / len(ranges)))
        point = complex(x, y) + distance * np.exp(1j * angle)
        if mount_centred:
            point = distance * np.exp(1j * angle)
        beam = round((np.angle(point) - scan.angle_min_rad) / scan.angle_step_rad)
        near = min(scan.ranges_m[(beam + d) % beams] for d in (-1, 0, 1))
        assert near <= abs(point) + 1e-3


@pytest.mark.parametrize('fields', [
    {'ranges': []}, {'angle_increment': nan}, {'angle_increment': 0.0}, {'angle_min': nan},
    {'range_max': nan}, {'range_max': inf}, {'range_min': -1.0}, {'ranges': [1.0] * 20_001},
    {'ranges': [nan, nan]}, {'ranges': [0.0, 0.05]}, {'ranges': [nan, 0.0]}])
def test_a_scan_that_makes_no_sense_is_refused(fields):
    """No beams, too many, none that measured anything, or angles that are no numbers."""
    with pytest.raises(WireError, match='LaserScan.'):
        rw.LaserMount().read(scan_msg(**{'ranges': [1.0, 1.0], **fields}))


@pytest.mark.parametrize('percentage', [-0.1, 1.1, 85.0, inf])
def test_a_battery_in_per_cent_is_refused(percentage):
    """0 to 1 is the rule of sensor_msgs/BatteryState; NaN says unknown."""
    with pytest.raises(WireError, match='BatteryState.percentage'):
        rw.read_battery(BatteryState(percentage=percentage))
    assert rw.read_battery(BatteryState(percentage=0.5)) == 0.5


@given(frames, st.floats(-5.0, 5.0), st.floats(-5.0, 5.0), st.booleans())
@settings(max_examples=50, deadline=None)
def test_a_velocity_arrives_as_it_was_sent(frame, speed, rate, stamped):
    """As a Twist and as a TwistStamped, by the message and by its bytes."""
    writer = rw.MotionWriter(Header(frame_id=frame) if stamped else None)
    writer.write(t.Motion(4.0, 4.0))
    motion = t.Motion(speed, rate)
    data = writer.write(motion)
    assert rw.read_motion_bytes(data, stamped) == motion
    msg = deserialize_message(data, TwistStamped if stamped else Twist)
    assert rw.read_motion(msg) == motion
    assert not stamped or msg.header.frame_id == frame


@pytest.mark.parametrize('length', [4, 11, 14, 20, 40])
def test_a_velocity_that_ends_early_is_refused(length):
    """A cut message never moves a base."""
    data = rw.MotionWriter(Header(frame_id='base')).write(t.Motion(1.0, 1.0))
    with pytest.raises(WireError, match='TwistStamped.header'):
        rw.read_motion_bytes(data[:length], True)


@given(frames, st.lists(st.one_of(st.just(inf), st.floats(0.25, 7.0, width=32)), min_size=1,
                        max_size=72))
@settings(max_examples=50, deadline=None)
def test_a_scan_is_written_and_read_alike_as_message_and_as_bytes(frame, ranges):
    """The short way gives what the long way gives."""
    header = Header(frame_id=frame)
    header.stamp.sec = 17
    writer = rw.ScanWriter(header, len(ranges), -3.0, 0.125, 8.0, 0.1)
    writer.write(np.full(len(ranges), 1.0, np.float32))
    data = writer.write(np.array(ranges, np.float32))
    short = rw.LaserMount().read_bytes(data)
    long = rw.LaserMount().read(deserialize_message(data, LaserScan))
    assert short.ranges_m.tolist() == long.ranges_m.tolist() == ranges
    assert (short.angle_min_rad, short.angle_step_rad, short.range_max_m, short.taken_s) == (
        long.angle_min_rad, long.angle_step_rad, long.range_max_m, long.taken_s) == (
        -3.0, 0.125, 8.0, 17.0)


@pytest.mark.parametrize('length', [4, 11, 14, 30, 60])
def test_a_scan_that_ends_early_is_refused(length):
    """A cut message never clears the way."""
    data = serialize_message(scan_msg([1.0] * 72))
    with pytest.raises(WireError, match='LaserScan.header'):
        rw.LaserMount().read_bytes(data[:length])


def test_a_velocity_that_is_no_number_is_refused():
    """The simulated base drives no NaN."""
    msg = Twist()
    msg.linear.x = nan
    with pytest.raises(WireError, match='Twist.linear'):
        rw.read_motion(msg)


LOADS = {
    'load_request': t.LoadRequest('a-1', t.LoadAction.PICK, 'o-1', 'storage_1'),
    'load_reading': t.LoadReading('a-1', t.LoadStatus.DONE, True, 12.5, 'p1', ''),
    'safety': t.Safety(0.5, t.Reason.SCAN, False, 'beam 3'),
}
WRONG = [
    ('load_request', 'action', 0), ('load_request', 'action', 9),
    ('load_request', 'action_id', ''),
    ('load_request', 'robot_id', 'r2'), ('load_request', 'place', 'x' * 999),
    ('load_reading', 'status', 9), ('load_reading', 'robot_id', ''),
    ('load_reading', 'load_mass', inf), ('load_reading', 'action_id', 'a b'),
    ('load_reading', 'reason', 'x' * 999), ('safety', 'reason', 99), ('safety', 'robot_id', 'r2'),
    ('safety', 'speed_limit', nan), ('safety', 'detail', 'x' * 999)]


@pytest.mark.parametrize('kind', sorted(LOADS))
def test_a_payload_word_arrives_as_it_was_sent(kind):
    """Request, reading and safety."""
    msg = getattr(rw, f'write_{kind}')(LOADS[kind], 'r1', Header())
    assert getattr(rw, f'read_{kind}')(msg, 'r1') == LOADS[kind]


@pytest.mark.parametrize('kind, field, value', WRONG)
def test_a_payload_word_that_makes_no_sense_is_refused(kind, field, value):
    """Another robot's word above all."""
    msg = getattr(rw, f'write_{kind}')(LOADS[kind], 'r1', Header())
    setattr(msg, field, value)
    with pytest.raises(WireError, match=field):
        getattr(rw, f'read_{kind}')(msg, 'r1')


def test_a_pose_is_read_as_it_was_written_with_the_stamp_of_its_own():
    stamp = Header().stamp
    stamp.sec, stamp.nanosec = 12, 500_000_000
    seen = t.Odometry(t.Pose(1.0, -2.0, 2.5), t.STANDSTILL, 0.0, 0.03)
    msg = rw.write_pose(seen, 'map', stamp)
    stamp.sec = 99
    pose, taken_s, error_m = rw.read_pose(msg)
    assert msg.header.frame_id == 'map' and taken_s == pytest.approx(12.5)
    assert (pose.x_m, pose.y_m, pose.yaw_rad) == pytest.approx((1.0, -2.0, 2.5))
    assert error_m == pytest.approx(0.03)
