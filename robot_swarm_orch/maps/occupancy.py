# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Derives streets from an occupancy grid as Nav2's map server writes it (map.yaml and its image).

Pixels become free, occupied or unknown by the server's own rules (nav2_map_server, `map_io`); only
free ones may be driven, and never the grey by which map savers mean unknown, whatever the
threshold. A square lattice is laid over the floor and shifted until most of its
points stand free of everything by the robot's size; neighbours are joined by a two-way street
where the whole way between them is as free. The largest part that hangs together is kept.
"""

from math import cos, hypot, sin
from pathlib import Path
from typing import Tuple

import numpy as np
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.maps.drawing import Drawing, need
from robot_swarm_orch.yaml_files import read_yaml

_UNKNOWN = 205
_SHIFTS = 8  # the lattice is tried at so many shifts along each axis


class Floor:
    """The free floor of a map: how far each pixel's middle is from what is not free [m]."""

    def __init__(self, free: np.ndarray, resolution_m: float,
                 origin: Tuple[float, float, float] = (0.0, 0.0, 0.0)):
        """
        Measure a floor.

        free: (rows, columns) of bool, top row first. origin: pose of the lower left corner in the
        map frame [m, m, rad].
        """
        from scipy.ndimage import distance_transform_edt
        self.resolution_m, self.origin = resolution_m, origin
        # Outside of the picture nothing is known to be free.
        framed = np.pad(free, 1)
        self.room_m = distance_transform_edt(framed)[1:-1, 1:-1] * resolution_m
        self.free = free

    @property
    def size_m(self) -> Tuple[float, float]:
        """Return width and height [m]."""
        rows, columns = self.free.shape
        return columns * self.resolution_m, rows * self.resolution_m

    def room_at(self, x, y) -> np.ndarray:
        """Return the room around points of the floor's own frame [m]; 0 outside of it."""
        rows, columns = self.free.shape
        column = np.floor(np.asarray(x) / self.resolution_m).astype(int)
        row = rows - 1 - np.floor(np.asarray(y) / self.resolution_m).astype(int)
        inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        return np.where(inside, self.room_m[row.clip(0, rows - 1), column.clip(0, columns - 1)],
                        0.0)

    def to_map(self, x: float, y: float) -> Tuple[float, float]:
        """Return a point of the floor's own frame in the map frame [m]."""
        x0, y0, yaw = self.origin
        return x0 + cos(yaw) * x - sin(yaw) * y, y0 + sin(yaw) * x + cos(yaw) * y


def read_floor(path) -> Floor:
    """Return the floor of a map.yaml; raises SiteError that names file and key."""
    path = Path(path)
    told = read_yaml(path, 'map')
    need(isinstance(told, dict) and 'image' in told, f'{path}: this is no map of Nav2: it must '
         'name an `image`, a `resolution` and an `origin`')
    resolution_m = _number(path, told, 'resolution', None)
    need(resolution_m > 0.0, f'{path}: resolution is {resolution_m}: it must be above 0')
    origin = told.get('origin', [0.0, 0.0, 0.0])
    need(isinstance(origin, list) and len(origin) in (2, 3)
         and all(isinstance(value, (int, float)) for value in origin),
         f'{path}: origin is {origin!r}: it must be [x, y, yaw]')
    mode = told.get('mode', 'trinary')
    need(mode in ('trinary', 'scale'), f'{path}: mode is {mode!r}: trinary and scale can be read')
    image = _image(path.parent / str(told['image']))
    brightness = image.astype(float) / 255.0
    occupied = brightness if told.get('negate', 0) else 1.0 - brightness
    free = (occupied < _number(path, told, 'free_thresh', 0.25)) & (image != _UNKNOWN)
    need(free.any(), f'{path}: no pixel is free: look at free_thresh and negate')
    return Floor(free, resolution_m, (float(origin[0]), float(origin[1]),
                                      float(origin[2]) if len(origin) > 2 else 0.0))


def _number(path, told, key, default):
    value = told.get(key, default)
    need(isinstance(value, (int, float)) and not isinstance(value, bool),
         f'{path}: {key} is {value!r}: it must be a number')
    return float(value)


def _image(path):
    """Return the grey values of an image file, (rows, columns) of 0 to 255; SiteError."""
    import cv2
    if not path.is_file():
        raise SiteError(f'{path}: the image of the map is missing')
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    need(image is not None, f'{path}: this is no image that OpenCV reads (PGM, PNG, BMP, ...)')
    if image.dtype != np.uint8:
        image = (image / (np.iinfo(image.dtype).max / 255.0)).astype(np.uint8)
    if image.ndim == 2:
        return image
    grey = image[..., :3].mean(axis=2)
    if image.shape[2] == 4:
        grey[image[..., 3] < 128] = _UNKNOWN  # transparent
    return grey.astype(np.uint8)


def draw_floor(floor: Floor, spacing_m: float, radius_m: float) -> Drawing:
    """
    Return streets over a floor.

    spacing_m: between neighbouring nodes. radius_m: of the robot with its errors; a street keeps
    this far from what is not free. Raises SiteError where nothing fits.
    """
    # A pixel's middle may lie half a diagonal from where the robot is.
    need_m = radius_m + hypot(0.5, 0.5) * floor.resolution_m
    shifts = [(step + 0.5) * spacing_m / _SHIFTS for step in range(_SHIFTS)]
    best = max(((x, y) for x in shifts for y in shifts),
               key=lambda shift: _points(floor, spacing_m, need_m, shift)[2].sum())
    xs, ys, stands = _points(floor, spacing_m, need_m, best)
    need(stands.any(), f'a robot with {radius_m:.2f} m around its centre fits nowhere on this '
         'floor: look at the resolution and at footprint and pose error')
    drawing, names = Drawing(), {}
    for column, row in sorted((int(c), int(r)) for r, c in np.argwhere(stands)):
        names[column, row] = f'n{column}_{row}'
        drawing.nodes[names[column, row]] = floor.to_map(float(xs[column]), float(ys[row]))
    for (column, row), name in names.items():
        for other in ((column + 1, row), (column, row + 1)):
            if other in names and _is_free(floor, need_m, (xs[column], ys[row]),
                                           (xs[other[0]], ys[other[1]])):
                drawing.streets |= {(name, names[other]), (names[other], name)}
    drawing = drawing.largest_part()
    drawing.remarks.append(
        f'{len(drawing.nodes)} nodes every {spacing_m:g} m on {floor.free.sum()} free pixels of '
        f'{floor.resolution_m:g} m; streets are both ways: make them one-way where you can')
    return drawing


def _points(floor, spacing_m, need_m, shift):
    """Return the lattice's x and y [m] and where robots may stand, (rows, columns) of bool."""
    xs = np.arange(shift[0], floor.size_m[0], spacing_m)
    ys = np.arange(shift[1], floor.size_m[1], spacing_m)
    return xs, ys, floor.room_at(*np.meshgrid(xs, ys)) >= need_m


def _is_free(floor, need_m, a, b):
    """Return whether the straight way from a to b keeps its distance everywhere."""
    count = int(hypot(b[0] - a[0], b[1] - a[1]) / (0.5 * floor.resolution_m)) + 2
    return bool((floor.room_at(np.linspace(a[0], b[0], count), np.linspace(a[1], b[1], count))
                 >= need_m).all())
