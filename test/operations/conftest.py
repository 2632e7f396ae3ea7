# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Lets the tests of this folder import the rigs of others (`--import-mode=importlib`)."""

from pathlib import Path
import sys

_TESTS = Path(__file__).resolve().parent.parent
sys.path += [str(_TESTS / folder) for folder in ('coordinator', 'nodes', 'bad_input')]
