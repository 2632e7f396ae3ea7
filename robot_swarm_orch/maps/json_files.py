# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What the readers of JSON formats share."""

import json
from pathlib import Path

from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.maps.drawing import need


def read_json(path) -> dict:
    """Return the JSON object in a file; raises SiteError with line and column."""
    try:
        told = json.loads(Path(path).read_text(encoding='utf-8'))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SiteError(f'{path}: this is no JSON: {error}') from error
    need(isinstance(told, dict), f'{path}: it must hold a JSON object, {{...}}')
    return told


def point_of(where, x, y):
    """Return a finite point; raises SiteError."""
    try:
        point = float(x), float(y)
    except (TypeError, ValueError) as error:
        raise SiteError(f'{where}: ({x!r}, {y!r}) is no point') from error
    need(all(abs(value) < 1e7 for value in point), f'{where}: {point} is no point in metres')
    return point
