# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Free zones: parts of the floor without streets, where robots find their own way.

    free_zones:
      square: {polygon: [[0, 2], [12, 2], [12, 10], [0, 10]], doors: [d1, d2], speed_mps: 0.5}
    places:
      pad_1: [station, square, 4.0, 6.0]        # kind, zone, x, y [m; map frame]

Each place in a zone is a *spot*: a node like any other one to hold, to enrol at, and to go to,
joined by arcs to every door and every other spot of its zone. A *door* is a node of the roadmap.
Robots drive these arcs freely (docs/avoidance.md). Who holds a spot may be anywhere in the room,
so those who may be in a zone are those who hold one of its spots, and the log knows them all.

The *room* of a zone is where the centre of a robot may be: the polygon, less footprint radius and
error. What keeps robots on the roadmap and robots in a room apart is geometry, checked here: every
place where a robot on the roadmap may be is a clearance away from the room, but for the doors, and
a robot in the room keeps a clearance from each door that it does not hold (`FreeZone.depth_m`).
"""

from dataclasses import dataclass, field
from math import hypot, isfinite
from typing import Dict, Tuple

import numpy as np
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.site.lock_sets import segment_segment_m
from robot_swarm_orch.spelling import did_you_mean

# A spot lies so far inside the room, and from where a robot touches a door [m].
SPOT_IN_M = 0.1
_ZONE_KEYS = {'polygon', 'doors', 'speed_mps'}
_ROUNDING_M = 1e-6


@dataclass(frozen=True, eq=False)
class FreeZone:
    """One checked zone; points are in m in the map frame."""

    name: str
    polygon: Tuple[Tuple[float, float], ...]     # counter-clockwise, convex
    doors: Tuple[int, ...]                       # nodes of the roadmap, ascending
    spots: Tuple[int, ...]                       # nodes, one for each place, ascending
    speed_mps: float
    clearance_m: float                           # two centres this far apart do not touch
    error_m: float                               # bound on pose plus tracking error
    planes: Tuple[Tuple[float, float, float], ...] = field(repr=False)  # n . p >= c in the room
    points: Dict[int, Tuple[float, float]] = field(repr=False)  # of doors and spots
    entries: Dict[int, Tuple[float, float]] = field(repr=False)  # of each door, on the room's edge

    def room_m(self, x_m: float, y_m: float) -> float:
        """Return how deep inside the room a centre lies [m]; negative: outside."""
        return min(nx * x_m + ny * y_m - c for nx, ny, c in self.planes)

    def on_lane(self, door: int, x_m: float, y_m: float, ahead_m: float = 0.0,
                beyond_m: float = 0.0):
        """
        Return the point of the lane from a door into the room that is nearest to a centre [m].

        ahead_m: the point so far further along, beyond the lane's end too; negative: to the door.
        beyond_m: take the lane for so much longer.
        """
        (ax, ay), (bx, by) = self.points[door], self.entries[door]
        dx, dy = bx - ax, by - ay
        length = hypot(dx, dy)
        if length < 1e-6:
            return ax, ay
        along = ((x_m - ax) * dx + (y_m - ay) * dy) / length
        part = max(0.0, min(length + beyond_m, max(0.0, along)) + ahead_m) / length
        return ax + part * dx, ay + part * dy

    def lane_m(self, door: int, x_m: float, y_m: float, beyond_m: float = 0.0) -> float:
        """Return how far a centre is off the way from a door into the room, and beyond [m]."""
        x, y = self.on_lane(door, x_m, y_m, 0.0, beyond_m)
        return hypot(x_m - x, y_m - y)

    def from_m(self, node: int, x_m: float, y_m: float) -> float:
        """Return how far a point is from a door or spot [m]."""
        x, y = self.points[node]
        return hypot(x_m - x, y_m - y)

    def depth_m(self, x_m: float, y_m: float, held, tolerance_m: float) -> float:
        """
        Return how deep a centre is inside where it may be, holding these nodes [m].

        It may be in the room, and on the lanes of the doors held, but nowhere within the clearance
        of a door that is not held; all of that to within a tolerance. Not negative: it may be
        there.
        """
        depth = self.room_m(x_m, y_m)
        for door in self.doors:
            if door in held:
                depth = max(depth, -self.lane_m(door, x_m, y_m))
        for door in self.doors:
            if door not in held:
                depth = min(depth, self.from_m(door, x_m, y_m) - self.clearance_m)
        return depth + tolerance_m


@dataclass(frozen=True)
class Spot:
    """A place in a zone as it is drawn: name, kind as written, zone, and where [m; map frame]."""

    name: str
    kind: str
    zone: str
    x_m: float
    y_m: float


def split_places(places, zones):
    """Return (places at nodes, as drawn; spots) of a drawing's places."""
    at_nodes, spots = {}, []
    for name, place in places.items():
        if not isinstance(place, (list, tuple)) or len(place) != 4:
            at_nodes[name] = place
            continue
        kind, zone, x, y = place
        if str(zone) not in zones:
            raise SiteError(f'place {name} is in the unknown free zone {zone!r}'
                            + did_you_mean(str(zone), zones))
        spots.append(Spot(str(name), kind, str(zone), *_point(f'place {name}', (x, y))))
    return at_nodes, tuple(spots)


def zones_of(drawn, spots, names, xy, sizes):
    """
    Return the zones of a drawing, shapes and doors checked.

    names, xy: the roadmap's nodes and points (N, 2) [m]; the spots are numbered from N on. sizes:
    footprint radius and error [m].
    """
    number = {name: index for index, name in enumerate(names)}
    taken = [spot.name for spot in spots if spot.name in number]
    if taken:
        raise SiteError(f'the place {taken[0]} in a free zone has the name of a node')
    zones, door_of = [], {}
    for name, value in drawn.items():
        if not isinstance(value, dict) or set(value) - _ZONE_KEYS or not {
                'polygon', 'doors'} <= set(value):
            raise SiteError(f'free zone {name} must be a mapping of polygon, doors and, if '
                            f'wanted, speed_mps, not {str(value)[:80]!r}')
        doors = _doors(name, value['doors'], number)
        for door in doors:
            if door_of.setdefault(door, name) != name:
                raise SiteError(f'node {names[door]} is a door of the free zones {door_of[door]} '
                                f'and {name}: a door belongs to one', (names[door],))
        inside = [(len(names) + index, spot) for index, spot in enumerate(spots)
                  if spot.zone == str(name)]
        zones.append(_zone(str(name), value, doors, inside, xy, sizes))
    return tuple(zones)


def _doors(name, doors, number):
    """Return the nodes that are doors of a zone."""
    if not isinstance(doors, (list, tuple)) or not doors:
        raise SiteError(f'free zone {name}: doors must be a list of nodes, such as [n4, n7]')
    unknown = [str(door) for door in doors if str(door) not in number]
    if unknown:
        raise SiteError(f'free zone {name} has the unknown door {unknown[0]}'
                        + did_you_mean(unknown[0], number))
    return tuple(sorted({number[str(door)] for door in doors}))


def _zone(name, value, doors, inside, xy, sizes):
    """Return one zone: its room, its points, and the ways in from its doors."""
    radius, error = sizes
    speed = value.get('speed_mps', 0.5)
    if isinstance(speed, bool) or not isinstance(speed, (int, float)) or not 0.05 <= speed <= 5.0:
        raise SiteError(f'free zone {name}: speed_mps is {speed!r}: it must be 0.05 to 5.0 m/s')
    polygon = _polygon(name, value['polygon'])
    planes = tuple((nx, ny, c + radius + error) for nx, ny, c in _planes(polygon))
    room = _clipped(polygon, planes)
    if not room:
        raise SiteError(f'free zone {name} is too narrow: no robot of radius {radius:g} m, plus '
                        f'{error:g} m for its error, fits in')
    if not inside:
        raise SiteError(f'free zone {name} has no place in it: nobody would ever go there. Add '
                        f'one, such as `pad: [station, {name}, x, y]`')
    points = {door: tuple(map(float, xy[door])) for door in doors}
    points.update((node, (spot.x_m, spot.y_m)) for node, spot in inside)
    return FreeZone(name, polygon, doors, tuple(node for node, _ in inside), float(speed),
                    2.0 * (radius + error), error, planes, points,
                    {door: _nearest(room, planes, points[door]) for door in doors})


def _point(what, value):
    try:
        x, y = map(float, value)
    except (TypeError, ValueError) as error:
        raise SiteError(f'{what}: {value!r} is no point [x, y] in metres') from error
    if not (isfinite(x) and isfinite(y)):
        raise SiteError(f'{what}: {value!r} is no finite point')
    return x, y


def _polygon(name, drawn):
    """Return the corners of a convex polygon, counter-clockwise."""
    if not isinstance(drawn, (list, tuple)) or len(drawn) < 3:
        raise SiteError(f'free zone {name}: polygon must be a list of at least three [x, y]')
    corners = [_point(f'free zone {name}', corner) for corner in drawn]
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in _sides(corners))
    if area < 0.0:
        corners.reverse()
    for (a, b), (_, c) in zip(_sides(corners), _sides(corners)[1:] + _sides(corners)[:1]):
        if (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]) <= _ROUNDING_M:
            raise SiteError(f'free zone {name}: its polygon is not convex at {list(b)}: cut it '
                            'into convex ones with a door between, or leave the corner out')
    return tuple(corners)


def _sides(corners):
    return list(zip(corners, [*corners[1:], corners[0]]))


def _planes(polygon):
    """Return (nx, ny, c) of each side: n . p >= c holds inside; n is a unit vector."""
    result = []
    for (ax, ay), (bx, by) in _sides(polygon):
        length = hypot(bx - ax, by - ay)
        nx, ny = (ay - by) / length, (bx - ax) / length
        result.append((nx, ny, nx * ax + ny * ay))
    return result


def _clipped(corners, planes):
    """Return a convex polygon cut off by planes (I. Sutherland, G. Hodgman, 1974); () if empty."""
    for nx, ny, c in planes:
        result = []
        for a, b in _sides(corners) if corners else ():
            at_a, at_b = nx * a[0] + ny * a[1] - c, nx * b[0] + ny * b[1] - c
            if at_a >= 0.0:
                result.append(a)
            if (at_a < 0.0) != (at_b < 0.0):
                part = at_a / (at_a - at_b)
                result.append((a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])))
        corners = result
    return tuple(corners) if len(corners) >= 3 else ()


def _nearest(room, planes, point):
    """Return the point of the room that is nearest to a point."""
    if min(nx * point[0] + ny * point[1] - c for nx, ny, c in planes) >= 0.0:
        return point
    best = None
    for (ax, ay), (bx, by) in _sides(room):
        dx, dy = bx - ax, by - ay
        squared = max(dx * dx + dy * dy, 1e-18)
        part = min(1.0, max(0.0, ((point[0] - ax) * dx + (point[1] - ay) * dy) / squared))
        found = ax + part * dx, ay + part * dy
        away = hypot(found[0] - point[0], found[1] - point[1])
        if best is None or away < best[0]:
            best = away, found
    return best[1]


def check_zones(zones, names, xy, segments):
    """
    Raise SiteError unless robots on the roadmap and in the zones can't meet but at doors.

    names, xy: of all nodes, the spots among them; segments: pairs of nodes of the roadmap.
    """
    count = min((spot for zone in zones for spot in zone.spots), default=len(xy))
    for index, zone in enumerate(zones):
        room = np.asarray(_clipped(zone.polygon, zone.planes))
        _check_spots(zone, names)
        _check_nodes(zone, room, names, xy[:count])
        _check_segments(zone, room, names, xy, segments)
        for other in zones[:index]:
            if _gap_m(room, np.asarray(_clipped(other.polygon, other.planes))) < (
                    zone.clearance_m - _ROUNDING_M):
                raise SiteError(f'the free zones {other.name} and {zone.name} overlap: robots in '
                                'one could touch robots in the other')


def _check_spots(zone, names):
    outside = [names[spot] for spot in zone.spots
               if zone.room_m(*zone.points[spot]) < SPOT_IN_M - _ROUNDING_M]
    if outside:
        raise SiteError(
            f'places not far enough inside the free zone {zone.name}: {", ".join(outside)}; the '
            f'centre of a robot must stay {0.5 * zone.clearance_m + SPOT_IN_M:.2f} m from its '
            'border', outside)
    for spot in zone.spots:
        for door in zone.doors:
            if zone.from_m(door, *zone.points[spot]) < zone.clearance_m + SPOT_IN_M:
                raise SiteError(
                    f'the place {names[spot]} lies within {zone.clearance_m + SPOT_IN_M:.2f} m '
                    f'of the door {names[door]} of its free zone {zone.name}: who stands there '
                    'would close the door', (names[spot], names[door]))


def _check_nodes(zone, room, names, xy):
    """Check that nobody who stands at a node but a door touches who is in the room or a lane."""
    for node in range(len(xy)):
        if node in zone.doors:
            continue
        point = xy[node][None]
        if _gap_m(room, point) < zone.clearance_m - _ROUNDING_M:
            raise SiteError(f'node {names[node]} is too near to the free zone {zone.name}, and no '
                            'door of it: move one of them, or make the node a door',
                            (names[node],))
        for door in zone.doors:
            lane = np.asarray((zone.points[door], zone.entries[door]))
            if _gap_m(lane, point) < zone.clearance_m - _ROUNDING_M:
                raise SiteError(f'the way into the free zone {zone.name} from its door '
                                f'{names[door]} is too near to node {names[node]}',
                                (names[door], names[node]))


def _check_segments(zone, room, names, xy, segments):
    """Check that nobody who drives on the roadmap touches who is in the room or in a lane."""
    for a, b in segments:
        street = xy[[a, b]]
        ends = [node for node in (a, b) if node in zone.doors]
        near = room
        for door in ends:
            # Who is near a door holds it, so only what lies ahead of it on the street matters.
            way = xy[b if door == a else a] - xy[door]
            way = way / np.hypot(*way)
            near = np.asarray(_clipped(tuple(map(tuple, near)), (
                (way[0], way[1], way @ xy[door] + _ROUNDING_M),))) if len(near) else near
            if (np.asarray(zone.entries[door]) - xy[door]) @ way > _ROUNDING_M:
                near = room
                break
        if len(near) and _gap_m(near, street) < zone.clearance_m - _ROUNDING_M:
            raise SiteError(
                f'the street {names[a]} - {names[b]} comes too near to the free zone '
                f'{zone.name}: streets may touch it at doors only, and lead straight away from '
                'them', (names[a], names[b]))
        for door in zone.doors:
            lane = np.asarray((zone.points[door], zone.entries[door]))
            if door not in ends and _gap_m(lane, street) < zone.clearance_m - _ROUNDING_M:
                raise SiteError(f'the street {names[a]} - {names[b]} crosses the way into the '
                                f'free zone {zone.name} from its door {names[door]}',
                                (names[a], names[b], names[door]))


def _gap_m(one, two):
    """Return the distance of two convex shapes (n, 2): polygons, segments or points [m]."""
    if _within(one, two) or _within(two, one):
        return 0.0
    a, b = _edges(one)
    c, d = _edges(two)
    return float(segment_segment_m(a[:, None], b[:, None], c[None], d[None]).min())


def _edges(shape):
    """Return the starts and ends of the sides of a shape; a point is a side of no length."""
    if len(shape) == 1:
        return shape, shape
    if len(shape) == 2:
        return shape[:1], shape[1:]
    return shape, np.roll(shape, -1, axis=0)


def _within(shape, polygon):
    """Return whether a shape's first point lies in a polygon, counter-clockwise."""
    if len(polygon) < 3:
        return False
    x, y = shape[0]
    return all(nx * x + ny * y >= c for nx, ny, c in _planes([tuple(p) for p in polygon]))


def zone_arcs(zones):
    """Return the arcs (a, b) of all zones: between doors and spots, and between spots."""
    arcs = []
    for zone in zones:
        for spot in zone.spots:
            arcs += [(spot, other) for other in zone.spots + zone.doors if other != spot]
            arcs += [(door, spot) for door in zone.doors]
    return sorted(arcs)


def zone_content(zones):
    """Return what of zones a site's hash covers, in whole micrometres."""
    return tuple((zone.name, tuple((round(x * 1e6), round(y * 1e6)) for x, y in zone.polygon),
                  zone.doors, zone.spots, round(zone.speed_mps * 1e6)) for zone in zones)
