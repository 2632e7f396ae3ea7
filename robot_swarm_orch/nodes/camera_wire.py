# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A robot's camera: images to values and back, and what was seen in them to messages.

The rules are those of `wire.py`. An image is taken straight from the serialized message: a camera
of 640 x 480 sends 27 MB a second, and each copy would cost as much as looking at it.
"""

from array import array
import struct

import numpy as np
from rclpy.serialization import deserialize_message
from robot_swarm_orch.edge.perception import BLOCKED, ENCODINGS
from robot_swarm_orch.msg import Detection, Detections
from robot_swarm_orch.nodes import cdr
from robot_swarm_orch.nodes.wire_checks import (
    DURATION_S, LIST_MAX, refuse, seconds_of, short_text, within)
from robot_swarm_orch.types import Image, Sight
from sensor_msgs.msg import Image as ImageMsg

SIDE_MAX_PX = 8192
_SIZE = struct.Struct('<II')
_IMAGE = ImageMsg()


def read_image(msg: ImageMsg) -> Image:
    """Return the checked image of a message; its pixels are those of the message, not a copy."""
    return _image(msg.height, msg.width, msg.encoding, msg.step,
                  np.frombuffer(msg.data, dtype=np.uint8), seconds_of(msg.header.stamp))


def read_image_bytes(data: bytes) -> Image:
    """Return what `read_image` does, straight from the serialized message where it can."""
    if not cdr.is_plain(data):
        return read_image(deserialize_message(data, ImageMsg))
    try:
        sizes = cdr.aligned(cdr.behind_string(data, cdr.FRAME_AT), 4)
        height, width = _SIZE.unpack_from(data, sizes)
        encoding, rest = _string_at(data, sizes + _SIZE.size)
        step_at = cdr.aligned(rest + 1, 4)
        step, count = _SIZE.unpack_from(data, step_at)
        pixels = np.frombuffer(data, np.uint8, count, step_at + _SIZE.size)
        taken_s = cdr.stamp_s(data)
    except (struct.error, UnicodeDecodeError, ValueError) as error:
        refuse(_IMAGE, 'header', f'the message ends early: {error}')
    return _image(height, width, encoding, step, pixels, taken_s)


def _string_at(data, offset):
    """Return the string at an aligned offset and the offset behind it."""
    end = cdr.behind_string(data, offset)
    start = cdr.aligned(offset, 4) + 4
    return bytes(data[start:end]).rstrip(b'\0').decode(), end


def _image(height, width, encoding, step, pixels, taken_s) -> Image:
    """Return the checked image: what its size and encoding promise must be there."""
    known = ENCODINGS.get(encoding)
    if known is None:
        refuse(_IMAGE, 'encoding', f'{encoding[:40]!r} is none of {", ".join(ENCODINGS)}; '
               'let the camera driver convert (image_proc, v4l2_camera: output_encoding)')
    if not (1 <= height <= SIDE_MAX_PX and 1 <= width <= SIDE_MAX_PX):
        refuse(_IMAGE, 'height', f'{width} x {height} pixels; 1 to {SIDE_MAX_PX} a side')
    channels = known[0]
    if step < width * channels:
        refuse(_IMAGE, 'step', f'{step} bytes a row cannot hold {width} pixels of {encoding}')
    if len(pixels) < step * height:
        refuse(_IMAGE, 'data', f'{len(pixels)} bytes; {width} x {height} {encoding} in rows of '
               f'{step} bytes needs {step * height}')
    rows = pixels[:step * height].reshape(height, step)[:, :width * channels]
    shape = (height, width) if channels == 1 else (height, width, channels)
    return Image(np.ascontiguousarray(rows).reshape(shape), encoding, taken_s)


def write_image(value: Image, header) -> ImageMsg:
    """Return the message of an image."""
    pixels = np.ascontiguousarray(value.pixels)
    height, width = pixels.shape[:2]
    return ImageMsg(header=header, height=height, width=width, encoding=value.encoding,
                    step=pixels.nbytes // height, data=array('B', pixels.tobytes()))


def write_detections(sight: Sight, image: Image, robot: str, seq: int, model: str,
                     inference_s: float, header) -> Detections:
    """
    Return the message of what was seen in an image.

    The lane model says whether, not where: its one detection is the whole image, and how far away
    it is stays unknown.
    """
    high, wide = image.pixels.shape[:2]
    seen = [Detection(label=BLOCKED, confidence=sight.sure, x_max=float(wide - 1),
                      y_max=float(high - 1), distance=float('nan'))] if sight.blocked else []
    return Detections(header=header, robot_id=robot, seq=seq, model=model,
                      inference_time=inference_s, detections=seen)


def read_detections(msg: Detections) -> tuple:
    """Return (robot, seq, model, inference time [s], labels with confidence) of a message."""
    if len(msg.detections) > LIST_MAX:
        refuse(msg, 'detections', f'{len(msg.detections)} things')
    return (short_text(msg, 'robot_id', msg.robot_id), msg.seq,
            short_text(msg, 'model', msg.model),
            within(msg, 'inference_time', msg.inference_time, 0.0, DURATION_S),
            tuple((short_text(msg, 'detections', seen.label),
                   within(msg, 'detections', seen.confidence, 0.0, 1.0))
                  for seen in msg.detections))
