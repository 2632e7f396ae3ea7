# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Lets the tests of this folder import their rigs (`--import-mode=importlib`)."""

from pathlib import Path
import sys

import pytest

for _name in ('fastapi', 'httptools', 'httpx', 'jwt', 'cryptography', 'uvicorn', 'websockets'):
    pytest.importorskip(_name, reason=f'{_name} is not installed; see requirements/python.txt')
_TESTS = Path(__file__).resolve().parent.parent
sys.path += [str(_TESTS / folder) for folder in ('gateway', 'nodes', 'bad_input')]
