# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The model of this package: what it is, and how often it is right on pictures drawn just now."""

import hashlib
import json
from time import perf_counter

import numpy as np
import pytest

from robot_swarm_orch.bringup import default_site_file
from robot_swarm_orch.edge.perception import LaneModel
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.sim.cameras import NoPicture
from robot_swarm_orch.sim.lane_samples import SampleMaker
from robot_swarm_orch.sim.obstacles import Lane
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import Image

pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
from robot_swarm_orch.onnx_runtime import LANE_MODEL, open_session  # noqa: E402,I100

# No seed of the training, see training/train_lane.py.
SEED = 900_001
PICTURES = 240
# Of single pictures; a verdict takes two in a row. The record beside the model has the figures.
ACCURACY_MIN, MISSED_MAX = 0.95, 0.08


@pytest.fixture(scope='module')
def model():
    return LaneModel(open_session(LANE_MODEL), perf_counter, LANE_MODEL)


def test_the_model_is_small_and_the_one_that_its_record_describes():
    data = LANE_MODEL.read_bytes()
    record = json.loads(LANE_MODEL.with_suffix('.json').read_text())
    assert len(data) < 500_000
    assert hashlib.sha256(data).hexdigest() == record['sha256']
    assert all(held['accuracy'] >= ACCURACY_MIN for held in record['held out'].values())


def test_the_model_judges_the_lane_that_its_pictures_were_sorted_by(model):
    assert model.lane_length_m == Lane().length_m


def test_one_inference_takes_a_fraction_of_a_tick(model):
    picture = Image(np.zeros((model.rows, model.columns, 3), np.uint8), 'rgb8', 0.0)
    times = []
    for _ in range(50):
        model.blocked_probability(picture)
        times.append(model.inference_s)
    # Generous: the bound of 1 ms is measured by the benchmark, on a machine that is not busy.
    assert sorted(times)[5] < 0.01


def test_on_fresh_pictures_the_model_is_right_and_misses_few_blocked_lanes(model):
    try:
        maker = SampleMaker(load_site(default_site_file()), SEED)
    except NoPicture as error:
        pytest.skip(str(error)[:200])
    samples = [maker.draw() for _ in range(PICTURES)]
    maker.close()
    says = np.array([model.blocked_probability(Image(s.picture, 'rgb8', 0.0)) >= 0.5
                     for s in samples])
    truth = np.array([s.blocked for s in samples])
    assert 60 < truth.sum() < PICTURES - 60
    assert (says == truth).mean() >= ACCURACY_MIN - 0.02
    assert (truth & ~says).sum() <= MISSED_MAX * truth.sum()


@pytest.mark.parametrize('content', [b'', b'not a model', b'\x08\x08' * 50])
def test_a_file_that_is_no_model_is_refused_by_name(tmp_path, content):
    path = tmp_path / 'lane.onnx'
    path.write_bytes(content)
    with pytest.raises(ConfigError, match='lane.onnx is no ONNX model'):
        LaneModel(open_session(path), perf_counter, path)


def test_a_model_that_is_not_there_is_refused_by_name(tmp_path):
    with pytest.raises(ConfigError, match='cannot read the model .*none.onnx: No such file'):
        open_session(tmp_path / 'none.onnx')


def test_a_model_of_something_else_is_refused(tmp_path):
    onnx = pytest.importorskip('onnx', reason='onnx is not installed')
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node('Relu', ['x'], ['y'])], 'other',
        [helper.make_tensor_value_info('x', floats, [1, 4])],
        [helper.make_tensor_value_info('y', floats, [1, 4])])
    other = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    path = tmp_path / 'other.onnx'
    path.write_bytes(other.SerializeToString())
    with pytest.raises(ConfigError, match='other.onnx has no metadata'):
        LaneModel(open_session(path), perf_counter, path)
    helper.set_model_props(other, {'name': 'lane', 'version': '1', 'kind': 'lane',
                                   'classes': 'clear,blocked', 'lane_length_m': '3.5'})
    path.write_bytes(other.SerializeToString())
    with pytest.raises(ConfigError, match='other.onnx must have one input'):
        LaneModel(open_session(path), perf_counter, path)
