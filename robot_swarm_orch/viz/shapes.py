# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The vocabulary of a scene: shapes with a name that stays, and the colours they come in.

A shape is one `visualization_msgs/Marker` without the message: `(namespace, number)` is its name,
and a shape of the same name replaces the one before. Lengths are metres in the map frame.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Tuple

import numpy as np
from robot_swarm_orch.types import Mode

Point = Tuple[float, float, float]
Color = Tuple[float, float, float, float]
Name = Tuple[str, int]


class Kind(IntEnum):
    """What a shape is; the same numbers as in visualization_msgs/Marker."""

    ARROW = 0
    CUBE = 1
    CYLINDER = 3
    LINE_STRIP = 4
    LINE_LIST = 5
    DOTS = 8
    TEXT = 9


@dataclass(frozen=True, slots=True)
class Shape:
    """
    One thing to draw; what `size` means depends on the kind, as in a Marker.

    Solids: lengths along x, y and z. Arrows: length, width and height. Lines: the width first.
    Dots: width and height. Texts: the height of a capital letter last.
    """

    namespace: str
    number: int
    kind: Kind
    size: Point
    color: Color
    at: Point = (0.0, 0.0, 0.0)
    yaw_rad: float = 0.0
    points: Tuple[Point, ...] = ()
    text: str = ''

    @property
    def name(self) -> Name:
        """Return what tells this shape from all others."""
        return self.namespace, self.number


@dataclass(frozen=True)
class Drawing:
    """What changes on the stage: everything that is to be seen, and the names that go."""

    shapes: Tuple[Shape, ...]
    removed: Tuple[Name, ...] = ()
    clear: bool = False  # whether all that was drawn before goes first


@dataclass(frozen=True, eq=False)
class Grid:
    """An occupancy grid: `cells` is (rows, columns) int8, from -1 (unknown) and 0 to 100."""

    cells: np.ndarray
    resolution_m: float
    origin_m: Tuple[float, float]  # of the lower left corner


def line(namespace: str, number: int, kind: Kind, width_m: float, color: Color,
         points: Tuple[Point, ...]) -> Shape:
    """Return lines or dots of a width."""
    return Shape(namespace, number, kind, (width_m, width_m, 0.0), color, points=points)


def text(namespace: str, number: int, words: str, height_m: float, color: Color,
         at: Point) -> Shape:
    """Return words around a point."""
    return Shape(namespace, number, Kind.TEXT, (0.0, 0.0, height_m), color, at, text=words)


INK: Color = (0.11, 0.14, 0.18, 1.0)
WHITE: Color = (1.0, 1.0, 1.0, 1.0)
LOAD: Color = (0.72, 0.50, 0.28, 1.0)
STREET: Color = (0.62, 0.66, 0.70, 1.0)
ZONE: Color = (0.45, 0.52, 0.60, 0.5)
BLOCKED: Color = (0.85, 0.15, 0.12, 0.9)
SEVERE: Color = (0.86, 0.10, 0.10, 1.0)
WARNING: Color = (0.93, 0.52, 0.05, 1.0)
IDLE: Color = (0.47, 0.56, 0.64, 1.0)  # in AUTOMATIC, without anywhere to go
MODES = {
    Mode.UNKNOWN: (0.55, 0.55, 0.55, 1.0),
    Mode.JOINING: (0.80, 0.66, 0.10, 1.0),
    Mode.AUTOMATIC: (0.12, 0.40, 0.66, 1.0),
    Mode.MANUAL: (0.52, 0.30, 0.66, 1.0),
    Mode.LOST: SEVERE,
}
# Hues of base, horizon and route: neighbours in the list differ for colour-blind people too.
HUES: Tuple[Color, ...] = (
    (0.00, 0.45, 0.70, 1.0), (0.84, 0.37, 0.00, 1.0), (0.00, 0.62, 0.45, 1.0),
    (0.80, 0.47, 0.65, 1.0), (0.34, 0.71, 0.91, 1.0), (0.58, 0.44, 0.09, 1.0),
    (0.37, 0.31, 0.65, 1.0), (0.46, 0.62, 0.13, 1.0))


def hue(number: int, alpha: float = 1.0) -> Color:
    """Return the hue of a robot by its number."""
    return (*HUES[number % len(HUES)][:3], alpha)
