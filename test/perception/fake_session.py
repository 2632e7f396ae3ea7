# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What acts like a session of ONNX Runtime: says what the test wants, remembers what it saw."""

from types import SimpleNamespace

import numpy as np

METADATA = {'name': 'lane', 'version': '7', 'kind': 'lane', 'classes': 'clear,blocked',
            'lane_length_m': '3.5'}


class FakeSession:
    """Says `blocked` with the probability that the test sets."""

    def __init__(self, rows=72, columns=96, metadata=METADATA, **changes):
        self.blocked, self.seen = 0.0, None
        self._metadata = {**metadata}
        self._inputs = changes.get('inputs', [SimpleNamespace(
            name='image', shape=[1, rows, columns, 3], type='tensor(uint8)')])
        self._outputs = changes.get('outputs', [SimpleNamespace(
            name='probabilities', shape=[1, 2], type='tensor(float)')])

    def get_modelmeta(self):
        return SimpleNamespace(custom_metadata_map=self._metadata)

    def get_inputs(self):
        return self._inputs

    def get_outputs(self):
        return self._outputs

    def run(self, names, feed):
        assert names == ['probabilities']
        self.seen = feed['image'].copy()
        return [np.array([[1.0 - self.blocked, self.blocked]], np.float32)]
