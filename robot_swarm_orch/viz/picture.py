# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Draws a stage and a grid map into an image file, from above, at true scale, as RViz shows them.

Colours of the grid are those of RViz's Map display in its `map` scheme. Needs matplotlib.
"""

from math import cos, sin
from pathlib import Path
from typing import Iterable, Optional, Tuple

import numpy as np
from robot_swarm_orch.plotting import pyplot
from robot_swarm_orch.viz.shapes import Grid, Kind, Shape

MAP_ALPHA = 0.35  # as in config/fleet.rviz
BACKGROUND = (0.96, 0.97, 0.98)
_UNKNOWN_RGB = (0x70, 0x89, 0x86)
_MARGIN_M = 1.0
_POINTS_PER_INCH = 72.0
_CAPITAL = 0.72  # height of a capital letter, as a part of the font size


class _Canvas:
    """Axes in metres, on which a length in metres is also a width in points."""

    def __init__(self, bounds: Tuple[float, float, float, float], width_px: int):
        """Make a figure that shows a rectangle: x min, y min, x max, y max [m]."""
        x0, y0, x1, y1 = bounds
        dpi = 100.0
        wide_in = width_px / dpi
        self._pyplot = pyplot()
        self.figure = self._pyplot.figure(
            figsize=(wide_in, wide_in * (y1 - y0) / (x1 - x0)), dpi=dpi, facecolor=BACKGROUND)
        self.axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self.axes.set_axis_off()
        self.axes.set_xlim(x0, x1)
        self.axes.set_ylim(y0, y1)
        self._points_per_m = wide_in * _POINTS_PER_INCH / (x1 - x0)

    def points(self, length_m: float) -> float:
        """Return a length on paper [points]."""
        return length_m * self._points_per_m

    def save(self, path: Path) -> None:
        """Write the file and forget the figure."""
        self.figure.savefig(path, facecolor=BACKGROUND, pil_kwargs={'optimize': True})
        self._pyplot.close(self.figure)


def draw(shapes: Iterable[Shape], grid: Optional[Grid], path: Path, width_px: int = 1600,
         bounds: Optional[Tuple[float, float, float, float]] = None) -> None:
    """
    Draw shapes, lower ones first, on the grid map into a file.

    bounds: the rectangle to show, x min, y min, x max, y max [m]; None: all that there is.
    Raises ImportError, saying what to install, where matplotlib is missing.
    """
    shapes = list(shapes)
    canvas = _Canvas(bounds or extent(shapes, grid), width_px)
    if grid is not None:
        _draw_grid(canvas.axes, grid)
    for order, shape in enumerate(shapes, 1):
        _DRAWERS[shape.kind](canvas, shape, order)
    canvas.save(Path(path))


def extent(shapes: Iterable[Shape], grid: Optional[Grid]) -> Tuple[float, float, float, float]:
    """Return the rectangle around grid and shapes, with a margin [m]."""
    points = [(shape.at[0], shape.at[1] + half * shape.size[2]) for shape in shapes
              if not shape.points for half in (-0.5, 0.5)]
    points += [point[:2] for shape in shapes for point in shape.points]
    if grid is not None:
        (x0, y0), (rows, columns) = grid.origin_m, grid.cells.shape
        points += [(x0, y0), (x0 + columns * grid.resolution_m, y0 + rows * grid.resolution_m)]
    if not points:
        return 0.0, 0.0, 1.0, 1.0
    low, high = np.min(points, axis=0) - _MARGIN_M, np.max(points, axis=0) + _MARGIN_M
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _draw_grid(axes, grid):
    """Draw the map as RViz does: free is white, occupied black, unknown a greyish green."""
    shade = 255 - 255 * np.clip(grid.cells, 0, 100).astype(int) // 100
    image = np.repeat(shade[:, :, None], 3, axis=2).astype(np.uint8)
    image[grid.cells < 0] = _UNKNOWN_RGB
    (x0, y0), (rows, columns) = grid.origin_m, grid.cells.shape
    axes.imshow(image, origin='lower', alpha=MAP_ALPHA, interpolation='nearest', aspect='auto',
                extent=(x0, x0 + columns * grid.resolution_m,
                        y0, y0 + rows * grid.resolution_m), zorder=0)


def _draw_circle(canvas, shape, order):
    from matplotlib.patches import Ellipse
    canvas.axes.add_patch(Ellipse(shape.at[:2], shape.size[0], shape.size[1], linewidth=0,
                                  facecolor=shape.color, zorder=order))


def _draw_polygon(canvas, shape, order, corners):
    from matplotlib.patches import Polygon
    c, s = cos(shape.yaw_rad), sin(shape.yaw_rad)
    x, y, _ = shape.at
    canvas.axes.add_patch(Polygon([(x + c * u - s * v, y + s * u + c * v) for u, v in corners],
                                  linewidth=0, facecolor=shape.color, zorder=order))


def _draw_cube(canvas, shape, order):
    u, v = 0.5 * shape.size[0], 0.5 * shape.size[1]
    _draw_polygon(canvas, shape, order, ((-u, -v), (u, -v), (u, v), (-u, v)))


def _draw_arrow(canvas, shape, order):
    """Draw an arrow in RViz's proportions: a head of 0.23 of the length, twice as wide."""
    length, v = shape.size[0], shape.size[1]
    neck = 0.77 * length
    _draw_polygon(canvas, shape, order, (
        (0.0, -0.5 * v), (neck, -0.5 * v), (neck, -v), (length, 0.0), (neck, v), (neck, 0.5 * v),
        (0.0, 0.5 * v)))


def _draw_segments(canvas, shape, order):
    from matplotlib.collections import LineCollection
    ends = np.asarray(shape.points)[:, :2]
    canvas.axes.add_collection(LineCollection(
        list(ends.reshape(-1, 2, 2)), colors=[shape.color], zorder=order,
        linewidths=canvas.points(shape.size[0]), capstyle='butt'))


def _draw_strip(canvas, shape, order):
    line = np.asarray(shape.points)[:, :2]
    canvas.axes.plot(line[:, 0], line[:, 1], color=shape.color, zorder=order,
                     linewidth=canvas.points(shape.size[0]), solid_joinstyle='miter')


def _draw_dots(canvas, shape, order):
    from matplotlib.collections import PolyCollection
    u, v = 0.5 * shape.size[0], 0.5 * shape.size[1]
    corners = np.array([(-u, -v), (u, -v), (u, v), (-u, v)])
    canvas.axes.add_collection(PolyCollection(
        np.asarray(shape.points)[:, None, :2] + corners, facecolors=[shape.color], linewidths=0,
        zorder=order))


def _draw_text(canvas, shape, order):
    canvas.axes.text(*shape.at[:2], shape.text, color=shape.color, ha='center', va='center',
                     fontsize=canvas.points(shape.size[2]) / _CAPITAL, zorder=order,
                     clip_on=True)


_DRAWERS = {Kind.ARROW: _draw_arrow, Kind.CUBE: _draw_cube, Kind.CYLINDER: _draw_circle,
            Kind.LINE_STRIP: _draw_strip, Kind.LINE_LIST: _draw_segments, Kind.DOTS: _draw_dots,
            Kind.TEXT: _draw_text}
