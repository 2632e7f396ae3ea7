# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Lets the tests of this folder use the rig of `test/nodes`."""

from pathlib import Path
import sys

sys.path.append(str(Path(__file__).resolve().parents[1] / 'nodes'))
