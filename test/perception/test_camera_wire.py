# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Images and detections on the wire: read both ways alike, and refused when they cannot be."""

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')

from rclpy.serialization import serialize_message  # noqa: E402
from robot_swarm_orch.errors import WireError  # noqa: E402
from robot_swarm_orch.nodes.camera_wire import (  # noqa: E402
    read_detections, read_image, read_image_bytes, write_detections, write_image)
from robot_swarm_orch.types import Image, Pose, Sight  # noqa: E402
from std_msgs.msg import Header  # noqa: E402

RNG = np.random.default_rng(1)


def message(encoding='rgb8', rows=5, columns=7, channels=3, **changes):
    """Return an image message of random pixels."""
    shape = (rows, columns, channels) if channels > 1 else (rows, columns)
    header = Header(frame_id='r1/camera')
    header.stamp.sec, header.stamp.nanosec = 12, 500_000_000
    msg = write_image(Image(RNG.integers(0, 256, shape, dtype=np.uint8), encoding, 0.0), header)
    for name, value in changes.items():
        setattr(msg, name, value)
    return msg


@pytest.mark.parametrize('encoding, channels', [
    ('rgb8', 3), ('bgr8', 3), ('mono8', 1), ('rgba8', 4), ('bgra8', 4)])
@pytest.mark.parametrize('frame', ['', 'c', 'r001/camera'])
def test_bytes_and_messages_read_alike(encoding, channels, frame):
    msg = message(encoding, channels=channels)
    msg.header.frame_id = frame
    one, two = read_image(msg), read_image_bytes(serialize_message(msg))
    assert one.encoding == two.encoding == encoding and one.taken_s == two.taken_s == 12.5
    assert one.pixels.shape == ((5, 7) if channels == 1 else (5, 7, channels))
    assert (one.pixels == two.pixels).all() and bytes(one.pixels) == bytes(msg.data)


def test_padding_at_the_end_of_rows_is_left_out():
    plain = message()
    rows = np.frombuffer(plain.data, np.uint8).reshape(5, 21)
    padded = message(step=24)
    padded.data = np.pad(rows, ((0, 0), (0, 3))).tobytes()
    assert (read_image(padded).pixels == read_image(plain).pixels).all()


@pytest.mark.parametrize('changes, word', [
    ({'encoding': 'yuv422'}, "encoding: 'yuv422' is none of rgb8"), ({'encoding': ''}, 'encoding'),
    ({'encoding': '16UC1'}, 'encoding'), ({'height': 0}, 'height'), ({'width': 0}, 'height'),
    ({'height': 100_000}, 'height'), ({'step': 20}, 'step'), ({'height': 6}, 'data: 105 bytes'),
    ({'step': 22}, 'data'), ({'data': b''}, 'data')])
def test_an_image_that_is_not_what_it_says_is_refused_in_a_clear_word(changes, word):
    msg = message(**changes)
    for read, what in ((read_image, msg), (read_image_bytes, serialize_message(msg))):
        with pytest.raises(WireError, match=word) as refusal:
            read(what)
        assert str(refusal.value).startswith('Image.') and len(str(refusal.value)) < 300


def test_a_message_that_ends_early_is_refused():
    data = serialize_message(message())
    for end in range(4, len(data) - 4):
        with pytest.raises(WireError):
            read_image_bytes(data[:end])


@pytest.mark.parametrize('blocked', [True, False])
def test_detections_arrive_as_they_were_sent(blocked):
    image = read_image(message())
    msg = write_detections(Sight(12.5, blocked, 0.75, 3.5, Pose(0.0, 0.0, 0.0)), image, 'r1', 9,
                           'lane 1', 0.001, Header())
    robot, seq, model, inference_s, seen = read_detections(msg)
    assert (robot, seq, model) == ('r1', 9, 'lane 1') and inference_s == pytest.approx(0.001)
    assert seen == ((('blocked', 0.75),) if blocked else ())
