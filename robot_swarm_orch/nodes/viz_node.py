# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The fleet for RViz and Foxglove: what `viz/` draws, as markers, map and transforms.

It costs next to nothing while nobody looks: it only asks how many listeners there are. Its own
subscriptions are opened with the first listener and closed when the last one has been gone for a
while, so that reports are not even received. Map and roadmap are latched and said once.
"""

import sys
import time

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.errors import ConfigError, WireError
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import quiet_node
from robot_swarm_orch.nodes.lifecycle import Host, run
from robot_swarm_orch.nodes.params import declare, VizParams
from robot_swarm_orch.nodes.pulse import Pulse
from robot_swarm_orch.nodes.report_glance import glance
from robot_swarm_orch.nodes.viz_wire import MarkerWriter, transforms, write_grid
from robot_swarm_orch.viz.roadmap import occupancy, roadmap
from robot_swarm_orch.viz.scene import Scene

# Reports are read at least this often, or their queue would overflow with a large fleet [s].
READ_PERIOD_S = 0.2
# Subscriptions stay open for so long after the last listener left: viewers come and go [s].
LINGER_S = 2.0


class VizNode(Host):
    """The lifecycle host of a drawing."""

    def __init__(self):
        """Declare and check parameters; raises ConfigError."""
        self._node = None
        super().__init__('viz')
        self._options = declare(self, VizParams)
        self._tf_type = _tf_type() if self._options.publish_tf else None

    def build(self) -> None:
        """Make the scene and the publishers, and say what stands still."""
        options, endpoints = self._options, self.endpoints
        self._node = quiet_node(self, f'{self.get_name()}_io', self.get_namespace())
        self.traffic.opened()
        route = Planner(self.site, RobotConfig()).route if options.routes else None
        self._scene = Scene(self.site, options.forget_s, route)
        header = self._header = self.wire.header(options.map_frame)
        self._period_s = 1.0 / options.rate_hz
        self._writer = MarkerWriter(header, 2.0 + 2.0 * self._period_s)
        self._markers_out = endpoints.outlet(self._node, topics.MARKERS)
        self._map_out = endpoints.outlet(self._node, topics.MAP)
        self._roadmap_out = endpoints.outlet(self._node, topics.ROADMAP)
        self._tf_out = endpoints.outlet(self._node, topics.TF) if self._tf_type else None
        self._inboxes = ()
        self._due_s, self._left_s = 0.0, None
        self._scene_s = self.metrics.histogram('scene_s')
        self._say_what_stands(occupancy(self.site, options.map_resolution_m))
        self.pulse = Pulse(min(self._period_s, READ_PERIOD_S), self._step)

    def _say_what_stands(self, grid) -> None:
        """Publish map and roadmap."""
        self.wire.set_time(self.get_clock().now().nanoseconds)
        self._map_out.send(write_grid(grid, self._header))
        self._roadmap_out.send(MarkerWriter(self._header).write(roadmap(self.site)))

    def dismantle(self) -> None:
        """Close everything."""
        self.endpoints.close()
        self._inboxes = ()
        if self._node is not None:
            self._node.destroy_node()
            self.traffic.opened(-1)
            self._node = None

    # -- running --------------------------------------------------------------------------------

    def _step(self) -> None:
        """Look whether somebody listens; read, and draw when it is time."""
        now_s = time.monotonic()
        viewers = self._markers_out.listeners if self.active else 0
        followers = self._tf_out.listeners if self.active and self._tf_out is not None else 0
        if not viewers and not followers:
            self._rest(now_s)
            return
        self._left_s = None
        if not self._inboxes:
            self._open(now_s)
        self._read(now_s)
        if now_s < self._due_s:
            return
        self._due_s += self._period_s * (1 + (now_s - self._due_s) // self._period_s)
        self.wire.set_time(self.get_clock().now().nanoseconds)
        if viewers:
            self._markers_out.send(self._writer.write(self._scene.draw(now_s)))
            self._scene_s.observe(time.monotonic() - now_s)
            self.metrics.count('scenes', 1)
        if followers:
            self._tf_out.send(self._tf_type(transforms=transforms(
                self._header, self._options.base_frame, self._scene.poses())))

    def _open(self, now_s) -> None:
        """Begin to listen, with a scene that knows nothing yet."""
        self._scene.forget()
        self._writer.forget()
        self._due_s = now_s
        self._inboxes = self._reports_in, self._views_in, self._leases_in = tuple(
            self.endpoints.inbox(self._node, topic)
            for topic in (topics.ROBOT_REPORT, topics.FLEET_STATUS, topics.LEASE))

    def _rest(self, now_s) -> None:
        """Stop listening some time after the last listener left."""
        if not self._inboxes:
            return
        if self._left_s is None:
            self._left_s = now_s
        if now_s - self._left_s >= LINGER_S:
            for inbox in self._inboxes:
                self.endpoints.drop(inbox)
            self._inboxes = ()

    def _read(self, now_s) -> None:
        """Take in what was said."""
        scene, refused = self._scene, self.wire.counters.refuse
        for data in self._reports_in.all_raw():
            try:
                _, report = glance(data)
            except WireError as error:
                refused(str(error).split(':', 1)[0])
                continue
            if not scene.hear(now_s, report):
                refused('RobotReport.pose')
        msg = self._views_in.newest()
        if msg is not None:
            view = self.wire.hear(self.wire.read_view, msg)
            if view is not None:
                scene.hear_view(view)
        if self._leases_in.discard():
            scene.hear_lease(now_s)

    def gather(self) -> None:
        """Add who looks, and at how many robots."""
        super().gather()
        if self._node is not None:
            self.metrics.set('viewers', self._markers_out.listeners)
            self.metrics.set('drawn_robots', self._scene.robots if self._inboxes else 0)

    def health(self):
        """Return what is drawn for whom."""
        if not self.active or self._node is None:
            return 1, 'inactive'
        if not self._inboxes:
            return 0, 'nobody looks'
        return 0, f'{self._scene.robots} robots, {self._markers_out.listeners} viewers'


def _tf_type():
    """Return the message type of /tf; raises ConfigError when it is not installed."""
    try:
        return topics.TF.message
    except ImportError as error:
        raise ConfigError('publish_tf needs tf2_msgs (apt install ros-$ROS_DISTRO-tf2-msgs): '
                          f'install it, or set publish_tf: false ({error})') from error


def main(args=None) -> None:
    """Run the node."""
    sys.exit(run(VizNode, args))


if __name__ == '__main__':
    main()
