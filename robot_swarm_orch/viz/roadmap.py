# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What stands still: streets with their direction, places with their names, and the grid map."""

from math import ceil
from typing import List

import numpy as np
from robot_swarm_orch.config import check
from robot_swarm_orch.site import PlaceKind, Site
from robot_swarm_orch.site.lock_sets import point_segment_m
from robot_swarm_orch.viz.shapes import (
    Color, Drawing, Grid, INK, Kind, line, Shape, STREET, text)

UNKNOWN, FREE, OCCUPIED = -1, 0, 100
CELLS_MAX = 16_000_000
STREET_Z_M, PLACE_Z_M, NAME_Z_M = 0.03, 0.04, 0.8
STREET_WIDTH_M, DIRECTION_WIDTH_M = 0.06, 0.06
_HEAD_M = 0.25  # half the size of the mark on a one-way street
# Width [m] and colour of the places of each kind, and the height of their names [m].
PLACES = {
    PlaceKind.STORAGE: (0.4, (0.60, 0.45, 0.28, 0.8), 0.4),
    PlaceKind.STATION: (1.3, (0.16, 0.55, 0.33, 0.8), 0.6),
    PlaceKind.CHARGER: (1.1, (0.90, 0.72, 0.10, 0.8), 0.5),
    PlaceKind.PARKING: (1.1, (0.70, 0.74, 0.78, 0.8), 0.5),
}


def roadmap(site: Site) -> Drawing:
    """Return streets and places; it clears what an earlier roadmap drew."""
    streets, marks = [], []
    for a in range(site.real_count):
        for b in site.successors[a]:
            both = site.is_edge(b, a)
            if not both or a < b:
                streets += ((*site.xy[a].tolist(), STREET_Z_M), (*site.xy[b].tolist(), STREET_Z_M))
            if not both:
                marks += _mark(site.xy[a], site.xy[b])
    shapes = [line('street', 0, Kind.LINE_LIST, STREET_WIDTH_M, STREET, tuple(streets))]
    if marks:
        shapes.append(line('direction', 0, Kind.LINE_LIST, DIRECTION_WIDTH_M, STREET,
                           tuple(marks)))
    for kind in PlaceKind:
        shapes += _places(site, kind)
    return Drawing(tuple(shapes), clear=True)


def _mark(start, end):
    """Return the two strokes of an arrow head in the middle of a one-way street."""
    along = (end - start) / np.hypot(*(end - start))
    across = np.array([-along[1], along[0]])
    tip = 0.5 * (start + end) + _HEAD_M * along
    left, right = (tip - 1.5 * _HEAD_M * along + side * _HEAD_M * across for side in (1.0, -1.0))
    tip, left, right = ((*point.tolist(), STREET_Z_M) for point in (tip, left, right))
    return tip, left, tip, right


def _places(site: Site, kind: PlaceKind) -> List[Shape]:
    """Return the places of a kind as dots, and their names as texts."""
    width_m, color, name_m = PLACES[kind]
    places = [site.places[name] for name in site.names_of(kind)]
    if not places:
        return []
    points = tuple((*site.xy[place.node].tolist(), PLACE_Z_M) for place in places)
    word = kind.name.lower()
    ink: Color = (*INK[:3], 0.8)
    return [line(word, 0, Kind.DOTS, width_m, color, points),
            *(text(f'{word}_name', number, place.name, name_m, ink,
                   (x, y + 0.5 * width_m + name_m, NAME_Z_M))
              for number, (place, (x, y, _)) in enumerate(zip(places, points)))]


def occupancy(site: Site, resolution_m: float) -> Grid:
    """
    Return the site as a grid: racks occupied, what a body may sweep free, the rest unknown.

    Raises ConfigError when the cells would be too many.
    """
    x0, y0, x1, y1 = site.bounds
    columns, rows = ceil((x1 - x0) / resolution_m), ceil((y1 - y0) / resolution_m)
    check(columns * rows <= CELLS_MAX,
          f'map_resolution_m {resolution_m} makes {columns} by {rows} cells of site {site.name}: '
          f'at most {CELLS_MAX} are allowed, so choose a coarser one')
    cells = np.full((rows, columns), UNKNOWN, dtype=np.int8)
    centres_x = x0 + (np.arange(columns) + 0.5) * resolution_m
    centres_y = y0 + (np.arange(rows) + 0.5) * resolution_m
    reach_m = site.footprint_radius_m + site.pose_error_m

    def window(low, high):
        """Return the cells whose centres lie in a rectangle, as two slices."""
        return (slice(*np.searchsorted(centres_y, (low[1], high[1]))),
                slice(*np.searchsorted(centres_x, (low[0], high[0]))))

    for a in range(site.real_count):
        for b in site.successors[a]:
            if a < b or not site.is_edge(b, a):
                start, end = site.xy[a], site.xy[b]
                part = window(np.minimum(start, end) - reach_m, np.maximum(start, end) + reach_m)
                points = np.stack(np.meshgrid(centres_x[part[1]], centres_y[part[0]]), axis=-1)
                cells[part][point_segment_m(points, start, end) <= reach_m] = FREE
    for left, bottom, right, top in site.racks.tolist():
        cells[window((left, bottom), (right, top))] = OCCUPIED
    return Grid(cells, resolution_m, (x0, y0))
