# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What a viewer has to show after a stream of drawings, by the rules of RViz."""

from math import inf
from typing import Dict, List, Tuple

from robot_swarm_orch.viz.shapes import Drawing, Name, Shape


class Stage:
    """Shapes by name: the newest of each, until it is removed or its life is over."""

    def __init__(self):
        """Start empty."""
        self._shapes: Dict[Name, Tuple[Shape, float]] = {}

    def apply(self, now_s: float, drawing: Drawing, lifetime_s: float = 0.0) -> None:
        """Take a drawing in; its shapes live for `lifetime_s`, for ever if that is 0."""
        if drawing.clear:
            self._shapes.clear()
        for name in drawing.removed:
            self._shapes.pop(name, None)
        until_s = now_s + lifetime_s if lifetime_s > 0.0 else inf
        for shape in drawing.shapes:
            self._shapes[shape.name] = (shape, until_s)

    def shapes(self, now_s: float) -> List[Shape]:
        """Return what is to be seen, lower things first; expired shapes are forgotten."""
        self._shapes = {name: (shape, until_s)
                        for name, (shape, until_s) in self._shapes.items() if until_s > now_s}
        return sorted((shape for shape, _ in self._shapes.values()), key=height_m)


def height_m(shape: Shape) -> float:
    """Return how high a shape lies, which is what covers what when seen from above [m]."""
    return shape.points[0][2] if shape.points else shape.at[2]
