# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""One robot in an edge process: its topics on one side, its agent on the other."""

from time import perf_counter
from types import SimpleNamespace

from geometry_msgs.msg import Twist
from robot_swarm_orch.edge.agent import Inputs, Outputs, RobotAgent
from robot_swarm_orch.metrics import Metrics
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import Endpoints
from robot_swarm_orch.nodes.params import EdgeParams
from robot_swarm_orch.nodes.pose_sources import OdometryIsMapPose, PoseMessages, TransformTree
from robot_swarm_orch.nodes.robot_wire import (
    LaserMount, MotionWriter, read_battery, read_load_reading, read_odometry_bytes, read_pose,
    write_load_request, write_safety)
from robot_swarm_orch.nodes.wire import Wire
from robot_swarm_orch.types import Reason, Safety, STANDSTILL


# How often a robot tells its neighbours, at rest and moving [s]. They reckon on where it would be
# by now, and the roadmap's guarantee does not rest on it.
REST_PERIOD_S = 0.5
MOVING_PERIOD_S = 0.2
STILL_MPS = 0.02


class Shared:
    """What all robots of a process heard since the last tick."""

    __slots__ = ('active', 'leases', 'stops', 'view')

    def __init__(self, active, leases, stops, view):
        """Keep it; `leases` maps a robot to its new leases."""
        self.active = active
        self.leases = leases
        self.stops = stops
        self.view = view


class HostedRobot:
    """
    Reads a robot's inputs, ticks its agent, and publishes what the agent decided.

    `fleet` holds what robots of a process share: outlets `report` and `ack`, and the `zones`;
    `host.transforms()` gives the process's look-up of transforms, `host.times()` the steady clock
    [s] and ROS time [ns]. Each robot reads them itself: among fifty robots, the last one's turn
    comes tens of milliseconds after the first one's. A tick that raises halts this
    robot for good, with zero speed; the others drive on.
    """

    def __init__(self, agent: RobotAgent, node, endpoints: Endpoints, wire: Wire,
                 metrics: Metrics, fleet: SimpleNamespace, options: EdgeParams, host):
        """Open the robot's endpoints on its own node."""
        self.robot = agent.robot
        self.halted = ''
        self.place = None
        self.stopped = Reason.NONE
        self.agent, self._node, self._wire, self._fleet = agent, node, wire, fleet
        self._metrics, self._times = metrics, host.times
        self._decision = metrics.histogram('decision_s')
        self._laser = LaserMount(options.laser_x_m, options.laser_y_m, options.laser_yaw_rad)
        self._raw = self._scan = self._load = None
        self._moved, self._told_s = False, -REST_PERIOD_S
        self._battery = float('nan')
        self._open_inputs(endpoints)
        self._open_outputs(endpoints, options)
        self._source = self._pose_source(endpoints, options, host)

    def _open_inputs(self, endpoints):
        """Open the polled subscriptions."""
        def inbox(topic):
            return endpoints.inbox(self._node, topic, robot=self.robot)
        self._odom_in, self._scan_in = inbox(topics.ODOM), inbox(topics.SCAN)
        self._battery_in, self._load_in = inbox(topics.BATTERY_STATE), inbox(topics.LOAD_STATE)
        self._grants_in, self._commands_in = inbox(topics.AUTHORITY), inbox(topics.COMMAND)
        self._stops_in = inbox(topics.ROBOT_STOP)
        self._poses_in = None

    def _open_outputs(self, endpoints, options):
        """Open the publishers."""
        frame = options.base_frame
        if options.robots:
            frame = f'{self.robot}/{frame}'
        self._header = self._wire.header(frame)
        stamped = options.cmd_vel_stamped
        self._motion = MotionWriter(self._header if stamped else None)
        self._cmd_vel = endpoints.outlet(self._node, topics.CMD_VEL, None if stamped else Twist)
        self._load_out = endpoints.outlet(self._node, topics.LOAD_COMMAND)
        self._safety_out = endpoints.outlet(self._node, topics.SAFETY_STATE)

    def _pose_source(self, endpoints, options, host):
        """Return where the map pose comes from."""
        if options.pose_source == 'odom':
            return OdometryIsMapPose()
        if options.pose_source == 'pose':
            self._poses_in = endpoints.inbox(self._node, topics.POSE)
            return PoseMessages(options.odom_drift)
        prefix = f'{self.robot}/' if options.robots else ''
        return TransformTree(host.transforms(), options.map_frame, prefix + options.odom_frame)

    def tick(self, shared: Shared) -> None:
        """Run one control period."""
        if self.halted:
            self._drive(STANDSTILL)
            return
        began = perf_counter()
        try:
            outputs = self.agent.tick(self._inputs(shared))
        except Exception as error:
            self.halt(error)
            raise
        self._decision.observe(perf_counter() - began)
        self._tell(outputs)

    def halt(self, error: Exception) -> None:
        """Stand for good: the agent's state can no longer be trusted."""
        self.halted = f'{type(error).__name__}: {error}'[:200]
        self._drive(STANDSTILL)
        self._safety_out.send(write_safety(Safety(0.0, Reason.INACTIVE, True, self.halted),
                                           self.robot, self._header))

    def _inputs(self, shared) -> Inputs:
        """Return what the agent shall know: the newest sensor values, and the words heard."""
        hear, wire = self._wire.hear, self._wire
        msg = self._odom_in.newest_bytes()
        if msg is not None:
            self._raw = hear(read_odometry_bytes, msg) or self._raw
        msg = self._scan_in.newest_bytes()
        if msg is not None:
            self._scan = hear(self._laser.read_bytes, msg) or self._scan
        msg = self._battery_in.newest()
        if msg is not None:
            heard = hear(read_battery, msg)
            self._battery = float('nan') if heard is None else heard
        msg = self._load_in.newest()
        if msg is not None:
            self._load = hear(read_load_reading, msg, self.robot) or self._load
        if self._poses_in is not None:
            for msg in self._poses_in.all():
                found = hear(read_pose, msg)
                if found is not None and not self._source.hear(*found):
                    wire.counters.refuse('PoseWithCovarianceStamped.stamp')
        now_s, ros_ns = self._times()
        control_s = ros_ns * 1e-9
        body = self._raw and self._source.locate(self._raw, control_s)
        if body is not None:
            self.place = (body.pose.x_m, body.pose.y_m)
        return Inputs(
            now_s=now_s, control_s=control_s, odometry=body, scan=self._scan,
            load=self._load, battery=self._battery,
            grants=self._words(self._grants_in, wire.read_grant),
            leases=shared.leases.get(self.robot, ()),
            commands=self._words(self._commands_in, wire.read_command),
            stops=shared.stops + tuple(
                stop for stop in (hear(wire.read_stop, msg) for msg in self._stops_in.all())
                if stop is not None),
            view=shared.view, active=shared.active)

    def _words(self, inbox, read) -> tuple:
        """Return the new words to this robot; one to another robot is refused."""
        messages = inbox.all()
        if not messages:
            return ()
        words = []
        for msg in messages:
            word = self._wire.hear(read, msg)
            if word is None:
                continue
            if word.robot == self.robot:
                words.append(word)
            else:
                self._wire.counters.refuse(f'{type(msg).__name__}.robot_id')
        return tuple(words)

    def _tell(self, outputs: Outputs) -> None:
        """
        Publish what the agent decided; the speed first.

        All of it is stamped after the grants of this tick were read: a report's stamp is a moment
        at which the robot held what the report says.
        """
        wire, fleet = self._wire, self._fleet
        wire.set_time(self._times()[1])
        self._drive(outputs.motion)
        if outputs.report is not None:
            fleet.report.send(wire.write_report(outputs.report))
        if outputs.state is not None:
            self._tell_neighbours(outputs.state)
        for ack in outputs.acks:
            fleet.ack.send(wire.write_ack(ack))
        if outputs.load_request is not None:
            self._load_out.send(write_load_request(outputs.load_request, self.robot,
                                                   self._header))
        if outputs.safety is not None:
            self._note_safety(outputs.safety)

    def _tell_neighbours(self, state):
        """Publish the robot's state: on starting, on stopping, and more often while it moves."""
        moves = abs(state.motion.speed_mps) > STILL_MPS
        period_s = MOVING_PERIOD_S if moves else REST_PERIOD_S
        if moves != self._moved or state.heard_s >= self._told_s + period_s - 0.05:
            self._moved, self._told_s = moves, state.heard_s
            self._fleet.zones.send(self._wire.write_state(state), state.pose.x_m, state.pose.y_m)

    def _note_safety(self, safety):
        """Publish a change of what limits the speed, and count stops by their reason."""
        self._safety_out.send(write_safety(safety, self.robot, self._header))
        reason = safety.reason if safety.stopped else Reason.NONE
        if reason != self.stopped and reason != Reason.NONE:
            self._metrics.count(f'stops.{reason.name}')
        self.stopped = reason

    def _drive(self, motion) -> None:
        """Send a velocity to the base."""
        self._cmd_vel.send(self._motion.write(motion))

    def stand(self) -> None:
        """Command standstill now; the base's own watchdog does the rest."""
        self._drive(STANDSTILL)
