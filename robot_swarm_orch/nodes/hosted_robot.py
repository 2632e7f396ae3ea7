# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""One robot in an edge process: its topics on one side, its agent on the other."""

from time import perf_counter
from types import SimpleNamespace

from geometry_msgs.msg import Twist
from robot_swarm_orch.edge.agent import Inputs, Outputs, RobotAgent
from robot_swarm_orch.edge.pose_gate import PoseGate
from robot_swarm_orch.edge.waiting import NodeWait
from robot_swarm_orch.metrics import Metrics
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import Endpoints
from robot_swarm_orch.nodes.params import EdgeParams
from robot_swarm_orch.nodes.pose_sources import OdometryIsMapPose, PoseMessages, TransformTree
from robot_swarm_orch.nodes.robot_wire import (
    LaserMount, MotionWriter, read_battery, read_load_reading, read_odometry_bytes, read_pose,
    write_load_request, write_safety)
from robot_swarm_orch.nodes.wire import Wire
from robot_swarm_orch.telemetry.trail import RobotTrail
from robot_swarm_orch.types import GrantStatus, Mode, Reason, Safety, STANDSTILL


# How often a robot tells its neighbours, at rest and moving [s]. They reckon on where it would be
# by now, and the roadmap's guarantee does not rest on it.
REST_PERIOD_S = 0.5
MOVING_PERIOD_S = 0.2
STILL_MPS = 0.02
# A robot that may not join is silent towards its base for so long after each refusal [s]: another
# one of its name may be driving that base.
SILENT_S = 2.0
# Stamps this far in the future say that clocks differ [s].
AHEAD_S = 0.2


class Shared:
    """What all robots of a process heard since the last tick."""

    __slots__ = ('active', 'leases', 'stops', 'view', 'call')

    def __init__(self, active, leases, stops, view, call=None):
        """Keep it; `leases` maps a robot to its new leases."""
        self.active = active
        self.leases = leases
        self.stops = stops
        self.view = view
        self.call = call


class HostedRobot:
    """
    Reads a robot's inputs, ticks its agent, and publishes what the agent decided.

    `fleet` holds what robots of a process share: outlets `report` and `ack`, and the `zones`;
    `host.transforms()` gives the process's look-up of transforms, `host.times()` the steady clock
    [s] and ROS time [ns], `host.event_log` takes log lines. Each robot reads the times itself:
    among fifty robots, the last one's turn comes tens of milliseconds after the first one's. A
    tick that raises halts this robot for good, with zero speed; the others drive on.
    """

    def __init__(self, agent: RobotAgent, node, endpoints: Endpoints, wire: Wire,
                 metrics: Metrics, fleet: SimpleNamespace, options: EdgeParams, host):
        """Open the robot's endpoints on its own node."""
        self.robot = agent.robot
        self.halted = ''
        self.place = None
        self.stopped = Reason.NONE
        self.camera = None  # a LaneCamera, given by the host of a robot that has one
        self.keeping = None  # a latch_keeper.Keeping, given by the host
        self.inputs = None  # what the agent was told last
        self.stops = {}     # reason -> how often the limiter stopped the robot for it
        self._wait, self._waited = NodeWait(), metrics.histogram('authority_wait_s')
        self._trail = RobotTrail(host.event_log, agent.robot)
        self.agent, self._node, self._wire, self._fleet = agent, node, wire, fleet
        self._times = host.times
        self._gate = PoseGate(agent.config)
        self._refused, self._refused_s = '', -SILENT_S
        self._claimed_s = -SILENT_S
        self._jump, self._jump_s = '', -SILENT_S
        self._ahead_s = 0.0
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
            for stop in self._stops(shared):  # whoever starts this robot again must know of it
                self.agent.latch.hear(stop)
            self._keep()
            return
        began = perf_counter()
        try:
            self.inputs = self._inputs(shared)
            outputs = self.agent.tick(self.inputs)
        except Exception as error:
            self.halt(error)
            raise
        self._decision.observe(perf_counter() - began)
        self._tell(outputs)
        self._keep()

    def _keep(self):
        """Write down what was heard of an emergency stop, now that the base has its speed."""
        if self.keeping is not None:
            self.keeping.tick(self._times()[0])

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
        came = None
        if msg is not None:
            came = hear(read_odometry_bytes, msg)
            self._raw = came or self._raw
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
        if came is not None:
            self._ahead_s = came.taken_s - control_s
        body = self._raw and self._source.locate(self._raw, control_s)
        if body is not None:
            body = self._gate.check(body)
            if self._gate.jump:
                self._jump, self._jump_s = self._gate.jump, now_s
            self.place = (body.pose.x_m, body.pose.y_m)
        grants = self._words(self._grants_in, wire.read_grant)
        if grants:
            self._note_refusals(grants, now_s)
        commands = self._words(self._commands_in, wire.read_command)
        for command in commands:
            self._trail.command(command)
        sight = None if self.camera is None else self.camera.look(body, control_s)
        return Inputs(
            now_s=now_s, control_s=control_s, odometry=body, scan=self._scan, sight=sight,
            load=self._load, battery=self._battery,
            grants=grants,
            leases=shared.leases.get(self.robot, ()),
            commands=commands,
            stops=self._stops(shared),
            view=shared.view, call=shared.call, active=shared.active)

    def _stops(self, shared) -> tuple:
        """Return the new acts on the emergency stop: of the fleet, then of this robot."""
        read, hear = self._wire.read_stop, self._wire.hear
        own = (hear(read, msg) for msg in self._stops_in.all())
        return shared.stops + tuple(stop for stop in own if stop is not None)

    def _note_refusals(self, grants, now_s) -> None:
        """Remember that the coordinators refused this boot, or another one under this name."""
        for grant in grants:
            if grant.status == GrantStatus.REFUSED:
                if grant.boot_id == self.agent.book.boot_id:
                    self._refused, self._refused_s = grant.reason, now_s
                elif self.agent.book.mode != Mode.JOINING:
                    self._claimed_s = now_s

    def troubles(self, now_s: float) -> list:
        """Return (level, sentence) of what is wrong with this robot and needs a person."""
        found = []
        if now_s - self._refused_s < SILENT_S and self.agent.book.mode == Mode.JOINING:
            found.append((1, f'{self.robot} may not join: {self._refused}'))
        if now_s - self._claimed_s < SILENT_S:
            found.append((1, f'another process wants to join as {self.robot} and is refused, '
                          'while this one drives on: rename or stop it'))
        latch = self.agent.latch
        if latch.trouble:
            means = ('it stands until that is mended and it is released' if latch.by
                     else 'a restart would not remember what was heard')
            found.append((2, f'{self.robot} cannot write its emergency stop down: '
                          f'{latch.trouble}; {means}'))
        if now_s - self._jump_s < SILENT_S:
            found.append((1, f'{self.robot}: {self._jump}'))
        if not -self.agent.config.odometry_stale_s <= self._ahead_s <= AHEAD_S:
            found.append((1, f'{self.robot}: its odometry is stamped {abs(self._ahead_s):.1f} s '
                          f'in the {"future" if self._ahead_s > 0.0 else "past"} when it comes: '
                          'set the clocks of base and edge computer alike (NTP, chrony)'))
        return found

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
            waited_s = self._wait.hear(self.inputs.now_s, outputs.report)
            if waited_s is not None:
                self._waited.observe(waited_s)
        if outputs.state is not None:
            self._tell_neighbours(outputs.state)
        if outputs.bid is not None:
            fleet.bid.send(wire.write_bid(outputs.bid))
        for ack in outputs.acks:
            fleet.ack.send(wire.write_ack(ack))
            self._trail.ack(ack)
        if outputs.load_request is not None:
            self._load_out.send(write_load_request(outputs.load_request, self.robot,
                                                   self._header))
        if outputs.safety is not None:
            self._note_safety(outputs.safety)

    def _tell_neighbours(self, state):
        """
        Publish the robot's state: on starting, on stopping, and more often while it moves.

        Neighbours in a free zone need every word: the age of words is what costs speed there.
        """
        moves = abs(state.motion.speed_mps) > STILL_MPS
        period_s = MOVING_PERIOD_S if moves else REST_PERIOD_S
        if (state.roster or moves != self._moved
                or state.heard_s >= self._told_s + period_s - 0.05):
            self._moved, self._told_s = moves, state.heard_s
            self._fleet.zones.send(self._wire.write_state(state), state.pose.x_m, state.pose.y_m)

    def _note_safety(self, safety):
        """Publish a change of what limits the speed, and count stops by their reason."""
        self._safety_out.send(write_safety(safety, self.robot, self._header))
        reason = safety.reason if safety.stopped else Reason.NONE
        if reason != self.stopped and reason != Reason.NONE:
            self.stops[reason.name] = self.stops.get(reason.name, 0) + 1
        self.stopped = reason

    def _drive(self, motion) -> None:
        """Send a velocity to the base, unless another robot of this name may be driving it."""
        if (self._refused and self.agent.book.mode == Mode.JOINING
                and self._times()[0] - self._refused_s < SILENT_S):
            return
        self._cmd_vel.send(self._motion.write(motion))

    def stand(self) -> None:
        """Command standstill now; the base's own watchdog does the rest."""
        self._drive(STANDSTILL)
