# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Drawings to messages for RViz and Foxglove, and back, for whoever renders them elsewhere.

Making a message in Python costs more than filling it, so a shape's marker is kept: one that has
not changed is sent as it is, another one gets its new fields.
"""

from array import array
from math import atan2, cos, sin
from typing import Dict, Iterable, List, Tuple

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import (
    Point as PointMsg, Quaternion, Transform, TransformStamped, Vector3)
from nav_msgs.msg import MapMetaData, OccupancyGrid
import numpy as np
from robot_swarm_orch.errors import WireError
from robot_swarm_orch.types import Pose
from robot_swarm_orch.viz.shapes import Drawing, Grid, Kind, Name, Point, Shape
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

# Points made of tuples are remembered; beyond so many the memory begins anew.
POINTS_KEPT = 50_000


class MarkerWriter:
    """Writes drawings into one MarkerArray, again and again: publish it before the next."""

    def __init__(self, header: Header, lifetime_s: float = 0.0):
        """All markers share the header (set its stamp), and live so long; 0: for ever."""
        self._header = header
        self._lifetime = Duration(sec=int(lifetime_s), nanosec=int(lifetime_s % 1.0 * 1e9))
        self._kept: Dict[Name, Tuple[Shape, Marker]] = {}
        self._deletes: List[Marker] = []
        self._points: Dict[Point, PointMsg] = {}
        self._array = MarkerArray()

    def write(self, drawing: Drawing) -> MarkerArray:
        """Return the message of a drawing, valid until the next is written."""
        markers = []
        if drawing.clear:
            markers.append(Marker(header=self._header, action=Marker.DELETEALL))
        markers += self._deleted(drawing.removed)
        if len(self._points) > POINTS_KEPT:
            self._points.clear()
        for shape in drawing.shapes:
            known = self._kept.get(shape.name)
            if known is None:
                known = (shape, self._filled(Marker(
                    header=self._header, ns=shape.namespace, id=shape.number,
                    lifetime=self._lifetime), shape))
                self._kept[shape.name] = known
            elif known[0] is not shape:
                known = (shape, self._filled(known[1], shape))
                self._kept[shape.name] = known
            markers.append(known[1])
        self._array.markers = markers
        return self._array

    def _deleted(self, names) -> List[Marker]:
        """Return markers that delete; they are kept too, and renamed."""
        while len(self._deletes) < len(names):
            self._deletes.append(Marker(header=self._header, action=Marker.DELETE))
        found = self._deletes[:len(names)]
        for marker, (namespace, number) in zip(found, names):
            self._kept.pop((namespace, number), None)
            marker.ns, marker.id = namespace, number
        return found

    def forget(self) -> None:
        """Let go of all markers that were kept."""
        self._kept.clear()

    def _filled(self, marker: Marker, shape: Shape) -> Marker:
        """Write a shape's fields into its marker."""
        marker.type = int(shape.kind)
        place, turn, size = marker.pose.position, marker.pose.orientation, marker.scale
        place.x, place.y, place.z = shape.at
        turn.z, turn.w = sin(0.5 * shape.yaw_rad), cos(0.5 * shape.yaw_rad)
        size.x, size.y, size.z = shape.size
        color = marker.color
        color.r, color.g, color.b, color.a = shape.color
        marker.text = shape.text
        if shape.points or marker.points:
            marker.points = [self._point(point) for point in shape.points]
        return marker

    def _point(self, point: Point) -> PointMsg:
        """Return the message of a point; nobody may change it."""
        known = self._points.get(point)
        if known is None:
            known = self._points[point] = PointMsg(x=point[0], y=point[1], z=point[2])
        return known


def read_markers(msg: MarkerArray) -> Tuple[Drawing, float]:
    """
    Return the drawing of a message of ours, and how long its shapes live [s]; 0: for ever.

    Raises WireError for markers of a kind that we do not send.
    """
    shapes, removed, clear, lifetime_s = [], [], False, 0.0
    for marker in msg.markers:
        if marker.action == Marker.DELETEALL:
            shapes, removed, clear = [], [], True
        elif marker.action == Marker.DELETE:
            removed.append((marker.ns, marker.id))
        else:
            lifetime_s = marker.lifetime.sec + 1e-9 * marker.lifetime.nanosec
            shapes.append(_read_marker(marker))
    return Drawing(tuple(shapes), tuple(removed), clear), lifetime_s


def _read_marker(marker: Marker) -> Shape:
    """Return one marker as a shape."""
    try:
        kind = Kind(marker.type)
    except ValueError as error:
        raise WireError(f'Marker.type: {marker.type} is no kind of shape that we draw') from error
    place, turn, size, color = (marker.pose.position, marker.pose.orientation, marker.scale,
                                marker.color)
    return Shape(
        marker.ns, marker.id, kind, (size.x, size.y, size.z),
        (color.r, color.g, color.b, color.a), (place.x, place.y, place.z),
        2.0 * atan2(turn.z, turn.w), tuple((p.x, p.y, p.z) for p in marker.points), marker.text)


def write_grid(grid: Grid, header: Header) -> OccupancyGrid:
    """Return the message of an occupancy grid."""
    rows, columns = grid.cells.shape
    info = MapMetaData(map_load_time=header.stamp, resolution=grid.resolution_m, width=columns,
                       height=rows)
    info.origin.position.x, info.origin.position.y = grid.origin_m
    return OccupancyGrid(header=header, info=info, data=array('b', grid.cells.tobytes()))


def read_grid(msg: OccupancyGrid) -> Grid:
    """Return an occupancy grid; raises WireError when it has another size than it says."""
    info = msg.info
    if len(msg.data) != info.width * info.height:
        raise WireError(f'OccupancyGrid.data: {len(msg.data)} cells are not {info.width} by '
                        f'{info.height}')
    cells = np.asarray(msg.data, dtype=np.int8).reshape(info.height, info.width)
    return Grid(cells, info.resolution, (info.origin.position.x, info.origin.position.y))


def transforms(header: Header, base_frame: str,
               poses: Iterable[Tuple[str, Pose]]) -> list:
    """Return robots' poses as transforms from the header's frame to `<robot>/<base_frame>`."""
    return [TransformStamped(header=header, child_frame_id=f'{robot}/{base_frame}',
                             transform=_transform(pose)) for robot, pose in poses]


def _transform(pose: Pose) -> Transform:
    """Return a pose as the message of a transform."""
    return Transform(translation=Vector3(x=pose.x_m, y=pose.y_m),
                     rotation=Quaternion(z=sin(0.5 * pose.yaw_rad), w=cos(0.5 * pose.yaw_rad)))
