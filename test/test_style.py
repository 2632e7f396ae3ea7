# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0

"""Code and docstrings follow the ROS 2 style, with the settings of setup.cfg."""

import contextlib
import io
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PATHS = [str(ROOT / name) for name in (
    'examples', 'launch', 'robot_swarm_orch', 'setup.py', 'setup_interfaces.py', 'swarm', 'test',
    'training')]


def test_code_follows_the_ros_style():
    """No complaint of flake8 with the plugins and rules of ament."""
    flake8 = pytest.importorskip('ament_flake8.main', reason='ament_flake8 is not installed')
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):  # it lists every file
        status, errors = flake8.main_with_errors(
            argv=['--config', str(ROOT / 'setup.cfg'), *PATHS])
    assert status == 0, '\n'.join(errors)


def test_docstrings_follow_pep_257():
    """No complaint of pydocstyle with the rules of ament."""
    pep257 = pytest.importorskip('ament_pep257.main', reason='ament_pep257 is not installed')
    assert pep257.main(argv=PATHS) == 0, 'see the lines above'
