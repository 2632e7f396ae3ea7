# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Lets the tests of this folder import rigs (`--import-mode=importlib` adds no path)."""

from pathlib import Path
import sys

from hypothesis import settings

_TESTS = Path(__file__).resolve().parent.parent
sys.path += [str(_TESTS / folder) for folder in ('chronicle', 'coordinator', 'nodes')]
# A busy machine is no failure, and every run tries the same cases.
settings.register_profile('steady', deadline=None, derandomize=True)
settings.load_profile('steady')
