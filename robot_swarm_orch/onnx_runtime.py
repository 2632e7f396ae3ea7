# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
ONNX Runtime, opened the way a robot needs it; nothing else imports it.

One thread, no spinning: inference of a small model takes less than waking a second thread, and the
cores of a robot have other work.
"""

from pathlib import Path

from robot_swarm_orch.errors import ConfigError

LANE_MODEL = Path(__file__).resolve().parent / 'models' / 'lane.onnx'
_BIGGEST_BYTES = 200_000_000


def open_session(path):
    """Return the inference session of a model file; ConfigError says why there is none."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigError(f'a camera needs ONNX Runtime, which does not load ({error}): '
                          'pip install onnxruntime, or set camera: false') from error
    path = Path(path)
    try:
        if path.stat().st_size > _BIGGEST_BYTES:
            raise ConfigError(f'{path} has {path.stat().st_size} bytes: no model for a robot')
        model = path.read_bytes()
    except OSError as error:
        raise ConfigError(f'cannot read the model {path}: {error.strerror}') from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model, options, providers=['CPUExecutionProvider'])
    except Exception as error:  # its errors have no common class but this
        word = str(error).split('\n')[0][:200]
        raise ConfigError(f'{path} is no ONNX model that can be run: {word}') from error
