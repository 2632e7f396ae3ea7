# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The simulation node: the bases, lasers, batteries and payload devices of a whole fleet.

It offers the topics that robots offer, each robot in its namespace, so the edge node cannot tell
the difference. The world runs in real time, in steps of 20 ms. Robots take turns: in each step a
fifth of them gets odometry and a scan, so each robot has both at 10 Hz and no step is much dearer
than another.

By default `odom` carries a pose in the map frame with a bounded error. With `wheel_odometry` it is
what the wheels alone say, and the localisation speaks on `pose`, a turn late as localisers are.
"""

import sys
import time

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Twist
import numpy as np
from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import quiet_node
from robot_swarm_orch.nodes.lifecycle import Host, run
from robot_swarm_orch.nodes.pacing import Pace
from robot_swarm_orch.nodes.params import declare, SimParams
from robot_swarm_orch.nodes.pulse import Pulse
from robot_swarm_orch.nodes.robot_wire import (
    OdometryWriter, read_load_request, read_motion_bytes, ScanWriter, write_load_reading,
    write_pose)
from robot_swarm_orch.nodes.truth_file import TruthFile
from robot_swarm_orch.sim.obstacles import parse_obstacles
from robot_swarm_orch.sim.world import World
from rosgraph_msgs.msg import Clock as ClockMsg
from sensor_msgs.msg import BatteryState

SENSOR_PERIOD_S = 0.1
SLOW_PERIOD_S = 1.0
# The world does not make up for a longer stall: it was frozen meanwhile, like a paused film [s].
STALL_S = 0.04


class SimulatedRobot:
    """The topics of one simulated robot."""

    def __init__(self, index: int, robot: str, node, endpoints, options: SimParams, header):
        """Open them on the robot's own node; `header(frame_id)` makes headers."""
        self.index, self.robot, self.node = index, robot, node
        base = f'{robot}/{options.base_frame}'
        self._odom_out = endpoints.outlet(node, topics.ODOM)
        self._scan_out = endpoints.outlet(node, topics.SCAN)
        self._battery_out = endpoints.outlet(node, topics.BATTERY_STATE)
        self._load_out = endpoints.outlet(node, topics.LOAD_STATE)
        self._cmd_vel_in = endpoints.inbox(node, topics.CMD_VEL,
                                           None if options.cmd_vel_stamped else Twist)
        self._load_in = endpoints.inbox(node, topics.LOAD_COMMAND)
        self._pose_out = self._late_pose = None
        frame = options.map_frame
        if options.wheel_odometry:
            self._pose_out = endpoints.outlet(node, topics.POSE)
            frame = f'{robot}/{options.odom_frame}'
        self._map_frame = options.map_frame
        self._odometry = OdometryWriter(header(frame), base)
        self._scan = None
        self._scan_header = header(base)
        self._stamped = options.cmd_vel_stamped
        self._battery = BatteryState(header=header(base), present=True, voltage=float('nan'))
        self._header = header(base)
        self._load = None

    def obey(self, world: World, wire) -> None:
        """Hand new velocities to the base."""
        data = self._cmd_vel_in.newest_bytes()
        if data is not None:
            motion = wire.hear(read_motion_bytes, data, self._stamped)
            if motion is not None:
                world.command(self.index, motion)

    def sense(self, world: World, ranges) -> None:
        """Publish odometry and a scan; a load state too, if it changed."""
        if self._pose_out is None:
            self._odom_out.send(self._odometry.write(world.odometry(self.index)))
        else:
            self._odom_out.send(self._odometry.write(world.wheel_odometry(self.index)))
            self._tell_pose(world)
        if self._scan is None:
            laser = world.scan_value(ranges)
            self._scan = ScanWriter(self._scan_header, len(ranges), laser.angle_min_rad,
                                    laser.angle_step_rad, laser.range_max_m, SENSOR_PERIOD_S)
        self._scan_out.send(self._scan.write(ranges))
        reading = world.load(self.index)
        if reading != self._load:
            self._tell_load(reading)

    def _tell_pose(self, world):
        """Publish the pose of the turn before, whose odometry was heard meanwhile."""
        if self._late_pose is not None:
            self._pose_out.send(self._late_pose)
        self._late_pose = write_pose(world.odometry(self.index), self._map_frame,
                                     self._header.stamp)

    def _tell_load(self, reading):
        self._load = reading
        self._load_out.send(write_load_reading(reading, self.robot, self._header))

    def handle_load(self, world: World, wire) -> None:
        """Hand new requests to the payload device."""
        for msg in self._load_in.all():
            request = wire.hear(read_load_request, msg, self.robot)
            if request is not None:
                world.request_load(self.index, request)

    def tell_slowly(self, world: World) -> None:
        """Publish what changes slowly: battery, and the load state again."""
        self._battery.percentage = float(world.battery[self.index])
        self._battery_out.send(self._battery)
        self._tell_load(world.load(self.index))


class SimNode(Host):
    """The lifecycle host of a simulated fleet."""

    def __init__(self):
        """Declare and check parameters; raises ConfigError."""
        self._robots, self._truth, self._cameras = [], None, None
        super().__init__('sim')
        self._config = declare(self, RobotConfig)
        self._options = declare(self, SimParams)

    def build(self) -> None:
        """Make the world and its topics, and let time run."""
        options = self._options
        self._world = World(
            self.site, self.site.place_robots(options.robot_count), self._config, options.seed,
            options.world_options(), parse_obstacles(options.obstacles))
        self._truth = TruthFile(options.truth_path, self._world)
        self._clock_out = (self.endpoints.outlet(self, topics.CLOCK)
                           if options.publish_clock else None)
        for index, robot in enumerate(self._world.robots):
            node = quiet_node(self, 'base', f'/{robot}')
            self.traffic.opened()
            self._robots.append(SimulatedRobot(index, robot, node, self.endpoints, options,
                                               self.wire.header))
        self.metrics.set('robots', len(self._robots))
        if options.camera_frames_per_s > 0.0:
            from robot_swarm_orch.nodes.camera_feed import CameraFeed
            self._cameras = CameraFeed(self, [(robot.robot, robot.node) for robot in self._robots],
                                       options.camera_frames_per_s, options.seed)
        self._turns = max(1, round(SENSOR_PERIOD_S / options.step_s))
        self._slow_turns = max(1, round(SLOW_PERIOD_S / options.step_s))
        self._turn = 0
        self._stepped_s = time.monotonic()
        self._pace = Pace(options.step_s, self.metrics, 'sim_')
        self.pulse = Pulse(options.step_s, self._step)

    def dismantle(self) -> None:
        """Stop time and close everything."""
        if self._cameras is not None:
            self._cameras.close()
            self._cameras = None
        self.endpoints.close()
        for robot in self._robots:
            robot.node.destroy_node()
            self.traffic.opened(-1)
        self._robots = []
        if self._truth is not None:
            self._truth.close()
            self._truth = None

    def _step(self) -> None:
        """Run one step of the world; while inactive its time stands still."""
        now_s = time.monotonic()
        if not self.active:
            self._stepped_s = now_s
            return
        with self._pace:
            world, wire = self._world, self.wire
            for robot in self._robots:
                robot.obey(world, wire)
            passed_s = now_s - self._stepped_s
            self._stepped_s = now_s
            if passed_s > STALL_S:
                self.metrics.count('sim_stalled_s', passed_s - STALL_S)
                passed_s = STALL_S
            world.step(passed_s)
            self._truth.step(now_s)
            stamp_ns = self._tell_time()
            self._publish()
            if self._cameras is not None:
                self._cameras.offer(world, stamp_ns, now_s)

    def _tell_time(self) -> int:
        """Set the stamp of what is published now: ROS time, or world time if it is the source."""
        if self._clock_out is None:
            ros_ns = self.get_clock().now().nanoseconds
            self.wire.set_time(ros_ns)
            return ros_ns
        world_ns = int((self._world.time_s + 1.0) * 1e9)
        self.wire.set_time(world_ns)
        self._clock_out.send(ClockMsg(clock=Time(sec=world_ns // 10 ** 9,
                                                 nanosec=world_ns % 10 ** 9)))
        return world_ns

    def _publish(self):
        """Publish the sensors of the robots whose turn it is."""
        world = self._world
        turn, slow = self._turn % self._turns, self._turn % self._slow_turns
        self._turn += 1
        chosen = np.arange(turn, len(self._robots), self._turns)
        if len(chosen):
            for index, ranges in zip(chosen.tolist(), world.scans(chosen)):
                robot = self._robots[index]
                robot.handle_load(world, self.wire)
                robot.sense(world, ranges)
        for index in range(slow, len(self._robots), self._slow_turns):
            self._robots[index].tell_slowly(world)

    def health(self):
        """Return how the simulation keeps up."""
        if self._truth is None:
            return 1, 'inactive'
        stalled_s = self.metrics.counters.get('sim_stalled_s', 0.0)
        word = f'{len(self._robots)} robots, {self._truth.overlaps} overlaps'
        if stalled_s > 1.0:
            return 1, f'{word}; the world lost {stalled_s:.1f} s because the cores are full'
        return (0 if self.active else 1), word


def main(args=None) -> None:
    """Run the node."""
    sys.exit(run(SimNode, args))


if __name__ == '__main__':
    main()
