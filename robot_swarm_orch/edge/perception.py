# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a robot's camera says of the lane ahead: clear or blocked.

image -> fitted into the model's input -> probability -> verdict with hysteresis -> `Sight`

`LaneModel` wraps the inference session of one model, one for all robots of a process; its input
buffer is made once and used again. `LaneWatch` is one robot's: it remembers the last images, finds
a camera that freezes, and where the lane was last seen to be clear. The limiter
(`safety.Limiter`) makes a speed of that.

A model is an ONNX file with one input, uint8 (1, rows, columns, 3), RGB, and one output, float32
(1, classes), probabilities. Its metadata tell `name`, `version`, `kind` (`lane`), `classes`
(`clear,blocked`) and `lane_length_m`: how far ahead of the robot's centre it judges.
"""

from math import cos, isfinite, sin
from typing import Callable, Optional
import zlib

import cv2
import numpy as np

from robot_swarm_orch.config import check, RobotConfig
from robot_swarm_orch.edge.base import stop_distance_m
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.types import Image, Odometry, Pose, Sight

CLEAR, BLOCKED = 'clear', 'blocked'
# Channels of each encoding, and OpenCV's way from it to RGB.
ENCODINGS = {'rgb8': (3, None), 'bgr8': (3, cv2.COLOR_BGR2RGB), 'mono8': (1, cv2.COLOR_GRAY2RGB),
             'rgba8': (4, cv2.COLOR_RGBA2RGB), 'bgra8': (4, cv2.COLOR_BGRA2RGB)}
# Grey beside an image of another shape than the model's.
_PADDING = 114
# As fast as this an image must change from one to the next [m/s; rad/s].
_MOVES_MPS, _TURNS_RADPS = 0.1, 0.1
_WARM_UPS = 3


class LaneModel:
    """One model, warm and with its buffers; ConfigError if it is not a lane model."""

    def __init__(self, session, clock: Callable[[], float], path='the model'):
        """Check a session of ONNX Runtime, or what acts like one; `clock` times inference [s]."""
        self._session, self._clock = session, clock
        about = dict(session.get_modelmeta().custom_metadata_map)
        missing = [key for key in ('name', 'version', 'kind', 'classes', 'lane_length_m')
                   if not about.get(key)]
        check(not missing, f'{path} has no metadata {", ".join(missing)}: it is not a model that '
              'training/train_lane.py wrote, and nobody knows what its outputs mean')
        check(about['kind'] == 'lane', f'{path} is a model of kind {about["kind"]!r}, not lane')
        self.name = f'{about["name"]} {about["version"]}'
        self.classes = tuple(about['classes'].split(','))
        check(self.classes == (CLEAR, BLOCKED),
              f'{path} has the classes {about["classes"]}; clear,blocked are needed')
        self.lane_length_m = _length(about['lane_length_m'], path)
        self._input, self.rows, self.columns = _input_of(session, path)
        outputs = session.get_outputs()
        check(len(outputs) == 1 and list(outputs[0].shape) == [1, 2],
              f'{path} must have one output of shape [1, 2], not '
              f'{[(o.name, o.shape) for o in outputs]}')
        self._outputs = [outputs[0].name]
        self._buffer = np.full((1, self.rows, self.columns, 3), _PADDING, np.uint8)
        self._feed = {self._input: self._buffer}
        self._shape = self._stage = self._inner = None
        self._skip = 1
        self.inference_s = 0.0
        for _ in range(_WARM_UPS):
            self._infer()

    def blocked_probability(self, image: Image) -> float:
        """Return how sure the model is that the lane is blocked; ConfigError on odd outputs."""
        self._fit(image)
        return self._infer()

    def print_of_input(self) -> int:
        """Return a checksum of what the model saw last."""
        return zlib.crc32(self._buffer)

    def _infer(self) -> float:
        """Run the model on the buffer."""
        began = self._clock()
        blocked = float(self._session.run(self._outputs, self._feed)[0][0, 1])
        self.inference_s = self._clock() - began
        if not 0.0 <= blocked <= 1.0:
            raise ConfigError(f'model {self.name} says {blocked}, which is no probability')
        return blocked

    def _fit(self, image):
        """Scale an image into the middle of the buffer, its shape kept, and turn it to RGB."""
        pixels, shape = image.pixels, (image.pixels.shape, image.encoding)
        if shape != self._shape:
            self._prepare(*shape)
        inner, stage, skip = self._inner, self._stage, self._skip
        if skip > 1:
            # At least two pixels for each of the model's remain to be averaged; reading all of a
            # large image would take longer than the model.
            pixels = np.ascontiguousarray(pixels[skip // 2::skip, skip // 2::skip])
        rows, columns = inner.shape[:2]
        turn = ENCODINGS[image.encoding][1]
        target = inner if turn is None else stage
        # Averaging is right for smaller; for larger it would repeat pixels, so blend there.
        shrinks = pixels.shape[0] >= rows
        cv2.resize(pixels, (columns, rows), dst=target,
                   interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        if turn is not None:
            cv2.cvtColor(stage, turn, dst=inner)

    def _prepare(self, shape, encoding):
        """Make the buffers for images of another shape or encoding."""
        high, wide = shape[:2]
        scale = min(self.rows / high, self.columns / wide)
        rows, columns = max(1, round(high * scale)), max(1, round(wide * scale))
        top, left = (self.rows - rows) // 2, (self.columns - columns) // 2
        self._buffer[:] = _PADDING
        self._inner = self._buffer[0, top:top + rows, left:left + columns]
        channels = ENCODINGS[encoding][0]
        self._stage = np.empty((rows, columns) + ((channels,) if channels > 1 else ()), np.uint8)
        self._skip = max(1, min(high // rows, wide // columns) // 2)
        self._shape = (shape, encoding)


def _length(text, path) -> float:
    """Return the length of the lane that a model judges [m]."""
    try:
        length_m = float(text)
    except ValueError:
        length_m = 0.0
    check(isfinite(length_m) and length_m > 0.0,
          f'{path} says lane_length_m {text!r}, which is no length')
    return length_m


def _input_of(session, path):
    """Return name, rows and columns of a model's input."""
    inputs = session.get_inputs()
    shape = list(inputs[0].shape) if len(inputs) == 1 else []
    fits = (len(shape) == 4 and all(isinstance(size, int) for size in shape) and shape[0] == 1
            and shape[3] == 3 and min(shape) > 0 and inputs[0].type == 'tensor(uint8)')
    check(fits, f'{path} must have one input, uint8 of shape [1, rows, columns, 3], not '
          f'{[(i.name, i.type, i.shape) for i in inputs]}')
    return inputs[0].name, shape[1], shape[2]


def check_lane(model_lane_m: float, config: RobotConfig) -> None:
    """Raise ConfigError unless a robot can stop within the lane that its model judges."""
    needed = (stop_distance_m(config.speed_mps, config.tick_s + config.actuation_delay_s,
                              config.brake_mps2)
              + config.footprint_radius_m + config.camera_margin_m)
    check(needed < model_lane_m,
          f'the camera model judges {model_lane_m} m of lane, and at speed_mps '
          f'{config.speed_mps} the robot needs {needed:.2f} m to stop short of what it sees: '
          'lower speed_mps or camera_margin_m, or use a model that looks farther')


class LaneWatch:
    """One robot's eye on its lane: takes images, returns what to make of them."""

    def __init__(self, model: LaneModel, config: RobotConfig):
        """Begin with nothing seen; ConfigError if the model's lane is too short to stop in."""
        check_lane(model.lane_length_m, config)
        self.model, self._config = model, config
        self._blocked = self._frozen = False
        self._streak = self._same = 0
        self._print: Optional[int] = None
        self._clear_at: Optional[Pose] = None

    def look(self, image: Image, seen: Optional[Odometry]) -> Sight:
        """
        Return the verdict after one more image.

        `seen` is the odometry as last heard: it tells where the image was taken, and whether the
        robot moves. Without it no place is known to be clear.
        """
        sure = self.model.blocked_probability(image)
        self._watch_for_frost(seen)
        self._decide(sure)
        if seen is None:
            self._clear_at = None
        elif not (self._blocked or self._frozen) and sure < self._config.camera_block_at:
            self._clear_at = _pose_at(seen, image.taken_s)
        return Sight(
            taken_s=image.taken_s, blocked=self._blocked, sure=sure,
            lane_m=self.model.lane_length_m, clear_at=self._clear_at, frozen=self._frozen)

    def _decide(self, sure):
        """Change the verdict after enough images in a row that speak against it."""
        config = self._config
        against = sure < config.camera_clear_at if self._blocked else \
            sure >= config.camera_block_at
        self._streak = self._streak + 1 if against else 0
        needed = config.camera_clear_frames if self._blocked else config.camera_block_frames
        if self._streak >= needed:
            self._blocked, self._streak = not self._blocked, 0

    def _watch_for_frost(self, seen):
        """Notice a camera that sends the same image again and again while the robot moves."""
        known, self._print = self._print, self.model.print_of_input()
        if self._print != known:
            self._same, self._frozen = 0, False
        elif seen is not None and (abs(seen.motion.speed_mps) > _MOVES_MPS
                                   or abs(seen.motion.yaw_rate_radps) > _TURNS_RADPS):
            self._same += 1
            self._frozen |= self._same >= self._config.camera_frozen_frames


def _pose_at(seen: Odometry, taken_s: float) -> Pose:
    """Return where a robot was when an image was taken, from odometry of about that time."""
    pose, motion, back_s = seen.pose, seen.motion, seen.taken_s - taken_s
    way = motion.speed_mps * back_s
    return Pose(pose.x_m - way * cos(pose.yaw_rad), pose.y_m - way * sin(pose.yaw_rad),
                pose.yaw_rad - motion.yaw_rate_radps * back_s)
