# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Lets the tests of this folder import their helpers and the rig of `test/edge`."""

from pathlib import Path
import sys

from hypothesis import settings

_HERE = Path(__file__).resolve().parent
sys.path += [str(_HERE), str(_HERE.parent / 'edge')]
# A busy machine is no failure, and every run tries the same cases.
settings.register_profile('steady', deadline=None, derandomize=True)
settings.load_profile('steady')
