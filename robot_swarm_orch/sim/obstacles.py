# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Things that lie or stand where they should not: what cameras see, and what lasers see of it.

A simulated laser looks around at `LASER_HEIGHT_M`. What is lower, such as a pallet or a fork on
the floor, only a camera sees: that is what it is there for. Boxes and people are seen by both.

An obstacle is a disc on the floor as far as geometry goes: it blocks a lane where the disc reaches
into it. As a text, in the parameter `obstacles` of the simulation:

    x y radius [kind [from [until]]]      12.0 3.0 0.5 pallet 30 90

in metres [map frame] and seconds since the world began.
"""

from dataclasses import dataclass
from math import cos, inf, isfinite, sin
from typing import Iterable, Optional, Tuple

from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.types import Pose

LASER_HEIGHT_M = 0.2
# Height of each kind above the floor [m].
HEIGHTS_M = {'pallet': 0.144, 'forks': 0.06, 'box': 0.35, 'person': 1.75}
_RADIUS_MAX_M = 5.0
_FAR_M = 1e5


@dataclass(frozen=True)
class Obstacle:
    """One thing on the floor [m; map frame], there from `from_s` until `until_s` [s]."""

    x_m: float
    y_m: float
    radius_m: float
    kind: str = 'pallet'
    from_s: float = 0.0
    until_s: float = inf
    yaw_rad: float = 0.0

    @property
    def height_m(self) -> float:
        """Return how high it is."""
        return HEIGHTS_M[self.kind]

    @property
    def is_low(self) -> bool:
        """Return whether lasers look over it."""
        return self.height_m < LASER_HEIGHT_M

    def is_there(self, time_s: float) -> bool:
        """Return whether it is there at a time."""
        return self.from_s <= time_s < self.until_s


def parse_obstacle(text: str) -> Obstacle:
    """Return the obstacle that a text describes; raises ConfigError that says what is wrong."""
    words = text.split()
    if not 3 <= len(words) <= 6:
        raise ConfigError(f'obstacle {text!r}: must be `x y radius [kind [from [until]]]`')
    kind = words[3] if len(words) > 3 else 'pallet'
    if kind not in HEIGHTS_M:
        raise ConfigError(f'obstacle {text!r}: {kind!r} is none of {", ".join(HEIGHTS_M)}')
    try:
        x_m, y_m, radius_m, *times = map(float, words[:3] + words[4:])
    except ValueError as error:
        raise ConfigError(f'obstacle {text!r}: {error}') from error
    from_s, until_s = (times + [0.0, inf][len(times):])
    if not (abs(x_m) < _FAR_M and abs(y_m) < _FAR_M and 0.0 < radius_m <= _RADIUS_MAX_M):
        raise ConfigError(f'obstacle {text!r}: no place, or no radius of at most '
                          f'{_RADIUS_MAX_M} m')
    if not (isfinite(from_s) and from_s < until_s):
        raise ConfigError(f'obstacle {text!r}: it must go after it came')
    return Obstacle(x_m, y_m, radius_m, kind, from_s, until_s)


def parse_obstacles(texts: Iterable[str]) -> Tuple[Obstacle, ...]:
    """Return the obstacles of a list of texts; raises ConfigError."""
    return tuple(parse_obstacle(text) for text in texts)


@dataclass(frozen=True)
class Lane:
    """
    The lane ahead of a camera, as the classifier judges it.

    It runs straight ahead from the robot's centre, `half_width_m` to either side, from `near_m`,
    where the camera's view of the floor begins, to `length_m`. Near its edges nobody can tell:
    what reaches less than `doubt_m` across a side edge, ends less than 0.2 m beyond `near_m`, or
    lies less than `far_doubt_m` beyond the end, is neither clear nor blocked.
    """

    length_m: float = 3.5
    half_width_m: float = 0.9
    near_m: float = 1.0
    doubt_m: float = 0.15
    far_doubt_m: float = 1.0


def lane_is_blocked(pose: Pose, obstacles: Iterable[Obstacle], lane: Lane) -> Optional[bool]:
    """Return whether one of the obstacles blocks the lane ahead of a pose; None in doubt."""
    doubt = False
    for thing in obstacles:
        along, left = _seen_from(pose, thing)
        front, back = along - thing.radius_m, along + thing.radius_m
        across = abs(left) - thing.radius_m
        if back < lane.near_m or front > lane.length_m + lane.far_doubt_m \
                or across > lane.half_width_m + lane.doubt_m:
            continue
        if (back > lane.near_m + 0.2 and front <= lane.length_m
                and across < lane.half_width_m - lane.doubt_m):
            return True
        doubt = True
    return None if doubt else False


def _seen_from(pose, thing):
    """Return how far ahead and to the left of a pose the middle of a thing lies [m]."""
    x, y = thing.x_m - pose.x_m, thing.y_m - pose.y_m
    c, s = cos(pose.yaw_rad), sin(pose.yaw_rad)
    return x * c + y * s, y * c - x * s
