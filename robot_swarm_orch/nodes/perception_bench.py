# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
How long a robot takes from an image message to the verdict on its lane.

    python -m robot_swarm_orch.nodes.perception_bench [--frames N] [--rate HZ] [--model FILE]

Images of several sizes and encodings, serialized as the middleware hands them over, go through the
same code as in an edge node: reading, fitting, `session.run`, verdict. They come at a steady rate,
as a camera's do, so that caches are as cold as they are on a robot; `--rate 0` runs at full speed.
"""

import argparse
import sys
from time import perf_counter, sleep

import numpy as np
from rclpy.serialization import serialize_message
from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.perception import ENCODINGS, LaneWatch
from robot_swarm_orch.errors import SwarmError
from robot_swarm_orch.metrics import Histogram
from robot_swarm_orch.nodes.camera_wire import read_image_bytes, write_image
from robot_swarm_orch.nodes.lane_camera import load_lane_model
from robot_swarm_orch.types import Image, Motion, Odometry, Pose
from std_msgs.msg import Header

CASES = (('rgb8', 72, 96), ('rgb8', 480, 640), ('bgr8', 480, 640), ('mono8', 480, 640),
         ('bgra8', 720, 1280))
_DIFFERENT = 8  # images that take turns
_BOUND_RUN_S, _BOUND_VERDICT_S = 0.001, 0.005


def measure(model, encoding: str, rows: int, columns: int, frames: int, rate: float):
    """Return the histograms (whole way, inference) [s] of images of one size and encoding."""
    rng = np.random.default_rng(1)
    shape = (rows, columns) + ((ENCODINGS[encoding][0],) if encoding != 'mono8' else ())
    messages = [bytes(serialize_message(write_image(
        Image(rng.integers(0, 256, shape, dtype=np.uint8), encoding, 0.0), Header())))
        for _ in range(_DIFFERENT)]
    watch = LaneWatch(model, RobotConfig(camera=True))
    seen = Odometry(Pose(0.0, 0.0, 0.0), Motion(1.0, 0.0), 0.0)
    whole, inference = Histogram(), Histogram()
    for number in range(frames):
        if rate:
            sleep(1.0 / rate)
        began = perf_counter()
        watch.look(read_image_bytes(messages[number % _DIFFERENT]), seen)
        whole.observe(perf_counter() - began)
        inference.observe(model.inference_s)
    return whole, inference


def run_bench(frames: int = 500, rate: float = 50.0, model_file: str = '') -> int:
    """Measure and print all cases; return 0 if the bounds held, else 1."""
    model, good = load_lane_model(model_file), True
    print(f'model {model.name}, {frames} images a row, '
          + (f'{rate:g} a second' if rate else 'at full speed') + '; times in ms')
    print(f'{"image":22} {"session.run p50":>16} {"p99":>8} {"to verdict p50":>16} {"p99":>8} '
          f'{"max":>8}')
    for encoding, rows, columns in CASES:
        whole, inference = measure(model, encoding, rows, columns, frames, rate)
        run_p50, verdict_p99 = inference.quantile(0.5), whole.quantile(0.99)
        good &= run_p50 <= _BOUND_RUN_S and verdict_p99 <= _BOUND_VERDICT_S
        print(f'{f"{columns} x {rows} {encoding}":22} {1e3 * run_p50:16.3f} '
              f'{1e3 * inference.quantile(0.99):8.3f} {1e3 * whole.quantile(0.5):16.3f} '
              f'{1e3 * verdict_p99:8.3f} {1e3 * whole.largest:8.3f}')
    print(f'bounds: session.run {1e3 * _BOUND_RUN_S:g} ms median, message to verdict '
          f'{1e3 * _BOUND_VERDICT_S:g} ms p99: ' + ('kept' if good else 'BROKEN'))
    return 0 if good else 1


def main() -> int:
    """Run the benchmark from the command line."""
    parse = argparse.ArgumentParser(description='Time from an image message to the verdict.')
    parse.add_argument('--frames', type=int, default=500, help='images a case (%(default)s)')
    parse.add_argument('--rate', type=float, default=50.0, help='images a second, 0: full speed')
    parse.add_argument('--model', default='', help="ONNX file (default: this package's)")
    chosen = parse.parse_args()
    try:
        return run_bench(max(1, chosen.frames), max(0.0, chosen.rate), chosen.model)
    except SwarmError as error:
        print(f'perception_bench: {error}', file=sys.stderr)
        return 2


if __name__ == '__main__':
    sys.exit(main())
