# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The viz node on real DDS: it draws for whoever looks, and does nothing while nobody does."""

from dataclasses import replace
import json
from pathlib import Path
import sys
import time

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from rclpy.clock import Clock  # noqa: E402
from rclpy.context import Context  # noqa: E402
from rclpy.node import Node  # noqa: E402
from robot_swarm_orch import bringup  # noqa: E402
from robot_swarm_orch.nodes import topics  # noqa: E402
from robot_swarm_orch.nodes.endpoints import Endpoints, Traffic  # noqa: E402
from robot_swarm_orch.nodes.viz_wire import read_grid, read_markers  # noqa: E402
from robot_swarm_orch.nodes.wire import Wire  # noqa: E402
from robot_swarm_orch.types import first_seq, Mode, Pose, Report  # noqa: E402
from robot_swarm_orch.viz.roadmap import occupancy  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))
from fleet_rig import Fleet  # noqa: E402,I100

pytestmark = pytest.mark.dds

PATIENCE_S = 30.0


class Stand:
    """A viz node, and a node that plays three robots and a viewer."""

    def __init__(self, folder):
        """Start the viz node alone."""
        self.fleet = Fleet(folder)
        site = self.site = self.fleet.site
        self.plan = replace(self.fleet.plan, viz=True)
        spec = bringup.viz_process(self.plan)
        self.fleet.run(spec.name, spec.executable, spec.arguments(
            bringup.write_parameters(spec, folder)))
        self.context = Context()
        self.context.init(domain_id=self.fleet.domain)
        self.node = Node('stand', context=self.context, enable_rosout=False,
                         start_parameter_services=False)
        self.endpoints = Endpoints(self.node, site.name, Traffic())
        self.wire = Wire(site.name, site.node_count)
        self.reports_out = self.endpoints.outlet(self.node, topics.ROBOT_REPORT)
        self.health_in = self.endpoints.inbox(self.node, topics.DIAGNOSTICS)
        self.health = None
        self._seq = first_seq(1)

    def play(self):
        """Say where three robots are, and hear how the viz node is."""
        self._seq += 1
        self.wire.set_time(Clock().now().nanoseconds)
        for number in range(3):
            x, y = self.site.xy[number].tolist()
            self.reports_out.send(self.wire.write_report(Report(
                f'r{number + 1:03d}', 1, self._seq, Mode.AUTOMATIC, self.site.hash, (number,), (),
                Pose(x, y, 0.5))))
        for msg in self.health_in.all():
            for status in msg.status:
                if status.name == '/viz':
                    values = {item.key: item.value for item in status.values}
                    self.health = (status.message, json.loads(values['metrics']))

    def until(self, holds, what):
        """Play robots until something holds."""
        end_s = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < end_s, f'{what}; {self.fleet.said("viz")}'
            self.play()
            time.sleep(0.05)

    def listeners(self):
        """Return how many subscriptions there are to the robots' reports."""
        return self.node.count_subscribers(topics.ROBOT_REPORT.name(site=self.site.name))

    def close(self):
        """End everything."""
        self.endpoints.close()
        self.node.destroy_node()
        self.context.try_shutdown()
        self.fleet.close()


@pytest.fixture(scope='module')
def stand(tmp_path_factory):
    """Return a stand whose viz node is up."""
    made = Stand(tmp_path_factory.mktemp('viz'))
    try:
        made.until(lambda: made.health is not None, 'the viz node told its health')
        yield made
    finally:
        made.close()


def test_while_nobody_looks_it_does_not_even_listen(stand):
    """The robots speak all the time, and the node has no subscription to their reports."""
    assert stand.node.count_publishers(topics.MARKERS.name(site='ring')) == 1
    stand.health = None
    stand.until(lambda: stand.health is not None, 'the viz node told its health again')
    word, metrics = stand.health
    assert word.startswith('nobody looks')
    assert stand.listeners() == 0
    counters = metrics.get('counters', metrics)
    assert counters.get('scenes', 0) == 0 and counters['messages_received'] == 0


def test_a_late_viewer_gets_map_and_roadmap(stand):
    """Both were said once, before it came."""
    map_in = stand.endpoints.inbox(stand.node, topics.MAP)
    roadmap_in = stand.endpoints.inbox(stand.node, topics.ROADMAP)
    heard = {}

    def both():
        for name, inbox in (('map', map_in), ('roadmap', roadmap_in)):
            msg = inbox.newest()
            if msg is not None:
                heard[name] = msg
        return len(heard) == 2
    stand.until(both, 'map and roadmap were heard')
    assert heard['map'].header.frame_id == 'map'
    grid, expected = read_grid(heard['map']), occupancy(stand.site, 0.25)
    assert (grid.cells == expected.cells).all()
    drawing, lifetime_s = read_markers(heard['roadmap'])
    assert drawing.clear and lifetime_s == 0.0
    assert ('station', 0) in {shape.name for shape in drawing.shapes}
    assert stand.listeners() == 0, 'map and roadmap alone need no reports'
    for inbox in (map_in, roadmap_in):
        stand.endpoints.drop(inbox)


def test_it_draws_for_whoever_looks_and_rests_when_they_left(stand):
    """Subscriptions open with the first viewer and close some time after the last."""
    markers_in = stand.endpoints.inbox(stand.node, topics.MARKERS)
    heard = []

    def three_robots():
        msg = markers_in.newest()
        if msg is not None:
            heard.append(read_markers(msg))
        return heard and sum(s.namespace == 'robot' for s in heard[-1][0].shapes) == 3
    stand.until(three_robots, 'three robots were drawn')
    drawing, lifetime_s = heard[-1]
    bodies = [shape for shape in drawing.shapes if shape.namespace == 'robot']
    assert [shape.at[:2] for shape in bodies] == [
        tuple(stand.site.xy[number].tolist()) for number in range(3)]
    assert 1.0 < lifetime_s < 5.0, 'a frozen picture must not look alive'
    assert stand.listeners() == 1
    stand.endpoints.drop(markers_in)
    stand.until(lambda: stand.listeners() == 0, 'the viz node closed its subscriptions')


def test_a_picture_is_made_from_the_running_node(stand):
    """The program waits for the messages, draws them, and says how many robots are on it."""
    pytest.importorskip('matplotlib', reason='pictures need matplotlib')
    path = stand.fleet.folder / 'picture.png'
    process = stand.fleet.run('picture', 'viz_picture', [
        '--site', 'ring', '--out', str(path), '--settle', '0.5', '--width', '600'])
    stand.until(lambda: process.poll() is not None, 'the picture was made')
    assert process.returncode == 0, stand.fleet.said('picture')
    assert stand.fleet.said('picture').strip().endswith('picture.png: 3 robots')
    assert path.read_bytes().startswith(b'\x89PNG')


def test_publish_tf_without_its_messages_is_said_in_one_line(stand, tmp_path):
    """With them, transforms go out; that needs ROS's tf2_msgs, which the wheels lack."""
    spec = bringup.viz_process(replace(stand.plan, viz_parameters={'publish_tf': True}))
    path = bringup.write_parameters(spec, tmp_path)
    try:
        from tf2_msgs.msg import TFMessage
    except ImportError:
        process = stand.fleet.run('viz_tf', spec.executable, spec.arguments(path))
        assert process.wait(20.0) == 2
        assert 'publish_tf needs tf2_msgs' in stand.fleet.said('viz_tf')
        return
    stand.fleet.run('viz_tf', spec.executable, spec.arguments(path))
    tf_in = stand.endpoints.inbox(stand.node, topics.TF, TFMessage)
    heard = []
    stand.until(lambda: heard.append(tf_in.newest()) or (
        heard[-1] and len(heard[-1].transforms) == 3), 'three transforms were heard')


def test_it_ends_clean_on_a_signal(stand):
    """Within a second or two, with exit code 0 and without a traceback."""
    code, _ = stand.fleet.end('viz')
    assert code == 0, stand.fleet.said('viz')
    assert 'Traceback' not in stand.fleet.said('viz')
