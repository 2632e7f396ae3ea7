# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Drawings become markers that RViz accepts, and come back as the same drawings."""

import math
from pathlib import Path
import sys

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('visualization_msgs', reason='visualization_msgs is not installed')
from rclpy.serialization import deserialize_message, serialize_message  # noqa: E402
from robot_swarm_orch.bringup import default_site_file  # noqa: E402
from robot_swarm_orch.errors import WireError  # noqa: E402
from robot_swarm_orch.nodes.viz_wire import (  # noqa: E402
    MarkerWriter, read_grid, read_markers, transforms, write_grid)
from robot_swarm_orch.sim.cluster import Cluster  # noqa: E402
from robot_swarm_orch.site import load_site  # noqa: E402
from robot_swarm_orch.types import Pose  # noqa: E402
from robot_swarm_orch.viz.roadmap import occupancy, roadmap  # noqa: E402
from robot_swarm_orch.viz.scene import Scene  # noqa: E402
from robot_swarm_orch.viz.shapes import Drawing, Kind, Shape  # noqa: E402
from std_msgs.msg import Header  # noqa: E402
from visualization_msgs.msg import Marker, MarkerArray  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'viz'))
from viz_values import report, SITE, view  # noqa: E402,I100

HEADER = Header(frame_id='map')
# What each kind needs, or RViz shows an error beside the marker.
SOLID = (Marker.ARROW, Marker.CUBE, Marker.CYLINDER)


def sent(msg):
    """Return a message as it arrives."""
    return deserialize_message(serialize_message(msg), type(msg))


def rounded(drawing):
    """Return a drawing with the accuracy of a message's single floats."""
    def near(values):
        return tuple(round(float(value), 5) for value in values)
    return [(s.name, s.kind, near(s.size), near(s.color), near(s.at), round(s.yaw_rad, 5),
             [near(point) for point in s.points], s.text) for s in drawing.shapes]


def test_a_drawing_comes_back_as_it_was():
    scene = Scene(SITE)
    scene.hear(0.0, report('r001', 'a', 'ab', 'cd', carrying=True, emergency_stop=True,
                           pose=Pose(1.0, 0.1, -2.5)))
    scene.hear_view(view('r001'))
    drawing = scene.draw(0.0)
    heard, lifetime_s = read_markers(sent(MarkerWriter(HEADER, 2.4).write(drawing)))
    assert rounded(heard) == rounded(drawing)
    assert lifetime_s == pytest.approx(2.4)


def test_what_was_removed_is_deleted_and_a_clear_comes_first():
    still = roadmap(SITE)
    msg = MarkerWriter(HEADER).write(still)
    assert msg.markers[0].action == Marker.DELETEALL
    writer = MarkerWriter(HEADER)
    writer.write(still)
    msg = writer.write(Drawing((), (('street', 0),)))
    assert [(m.action, m.ns, m.id) for m in msg.markers] == [(Marker.DELETE, 'street', 0)]
    heard, _ = read_markers(sent(msg))
    assert heard.removed == (('street', 0),)


def test_a_marker_that_changes_its_kind_and_loses_its_points_is_written_anew():
    writer = MarkerWriter(HEADER)
    writer.write(Drawing((Shape('x', 1, Kind.LINE_LIST, (1.0, 1.0, 0.0), (1.0, 0.0, 0.0, 1.0),
                                points=((0.0, 0.0, 0.0), (1.0, 0.0, 0.0))),)))
    drawing = Drawing((Shape('x', 1, Kind.TEXT, (0.0, 0.0, 2.0), (0.0, 1.0, 0.0, 1.0),
                             (3.0, 4.0, 5.0), text='hello'),))
    heard, _ = read_markers(sent(writer.write(drawing)))
    assert rounded(heard) == rounded(drawing)


@pytest.fixture(scope='module')
def hundred():
    """Return the drawing of a hundred driving robots of the demo warehouse."""
    site = load_site(default_site_file())
    cluster = Cluster(site, 100, seed=2)
    scene = Scene(site, route=cluster.planner.route)
    for _ in range(60):
        cluster.run(0.2)
        for robot in cluster.robots.values():
            if robot.report is not None:
                scene.hear(cluster.now_s, robot.report)
        drawing = scene.draw(cluster.now_s)
    return drawing


def test_a_scene_of_a_hundred_robots_is_of_bounded_size(hundred):
    """A megabyte a second and a half at 5 Hz, which a wireless link still carries."""
    msg = MarkerWriter(HEADER, 2.4).write(hundred)
    assert sum(marker.ns == 'robot' for marker in msg.markers) == 100
    assert len(msg.markers) < 100 * 9 + 60
    assert len(serialize_message(msg)) < 350_000


def test_every_marker_is_one_that_rviz_accepts(hundred):
    """Unit quaternions, sizes without zeros, pairs of points, finite numbers, opaque enough."""
    markers = MarkerWriter(HEADER, 2.4).write(hundred).markers
    markers = [*markers, *MarkerWriter(HEADER).write(
        roadmap(load_site(default_site_file()))).markers[1:]]
    for marker in markers:
        if marker.action == Marker.DELETE:
            assert marker.ns
            continue
        turn, size = marker.pose.orientation, marker.scale
        assert math.hypot(turn.x, turn.y, turn.z, turn.w) == pytest.approx(1.0, abs=1e-6)
        assert marker.header.frame_id == 'map' and marker.color.a > 0.0
        if marker.type in SOLID:
            assert size.x > 0.0 and size.y > 0.0 and size.z > 0.0 and not marker.points
        elif marker.type == Marker.TEXT_VIEW_FACING:
            assert size.z > 0.0 and marker.text
        else:
            assert size.x > 0.0 and marker.points
        if marker.type == Marker.LINE_LIST:
            assert len(marker.points) % 2 == 0
        if marker.type == Marker.POINTS:
            assert size.y > 0.0
        assert all(math.isfinite(value) for point in marker.points
                   for value in (point.x, point.y, point.z))


def test_a_marker_that_we_never_send_is_refused_by_the_reader():
    with pytest.raises(WireError, match='Marker.type'):
        read_markers(MarkerArray(markers=[Marker(type=Marker.MESH_RESOURCE)]))


def test_a_grid_comes_back_as_it_was():
    grid = occupancy(SITE, 0.25)
    heard = read_grid(sent(write_grid(grid, HEADER)))
    assert np.array_equal(heard.cells, grid.cells)
    assert heard.origin_m == grid.origin_m and heard.resolution_m == pytest.approx(0.25)


def test_a_grid_of_another_size_than_it_says_is_refused():
    msg = write_grid(occupancy(SITE, 0.25), HEADER)
    msg.info.width += 1
    with pytest.raises(WireError, match='OccupancyGrid.data'):
        read_grid(msg)


def test_poses_become_transforms_of_each_robots_base():
    made, = transforms(HEADER, 'base_link', [('r001', Pose(1.0, 2.0, math.pi / 2))])
    assert (made.header.frame_id, made.child_frame_id) == ('map', 'r001/base_link')
    at, turn = made.transform.translation, made.transform.rotation
    assert (at.x, at.y) == (1.0, 2.0)
    assert (turn.z, turn.w) == pytest.approx((math.sqrt(0.5), math.sqrt(0.5)))
