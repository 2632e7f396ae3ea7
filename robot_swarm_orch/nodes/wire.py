# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Messages to plain values and back: the door of the pure cores.

Reading refuses what no healthy sender says: NaN and infinities, values out of range, lists too
long, malformed ids, another site. It raises WireError; its text starts with `<Message>.<field>:`;
`Wire.hear` counts it by that start and goes on. Nothing of a refused message is used. Writing
trusts its values: they come from our own cores.

`canonical_bytes` is the encoding that signatures cover, the same one that the log uses (`codec`).
"""

from array import array
import struct

from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message
from robot_swarm_orch import codec
from robot_swarm_orch.errors import WireError
from robot_swarm_orch.msg import (
    CommandAck, EmergencyStop as StopMsg, FleetLease, FleetStatus, MovementAuthority, RaftMessage,
    RobotReport, RobotState, TaskCommand)
from robot_swarm_orch.nodes.bid_wire import BidWire
from robot_swarm_orch.nodes.operation_wire import OperationWire
from robot_swarm_orch.nodes.order_wire import OrderWire
from robot_swarm_orch.nodes.wire_checks import (
    an_id, count, DURATION_S, FAR_M, FAST_MPS, FAST_RADPS, id_or_empty, LIST_MAX, MASS_KG, member,
    MODES, or_nan, pairs_up, PAYLOAD_MAX, REASONS, refuse, robot_name, seconds_of,
    short_text, short_texts, time_msg, within, YAW_RAD)
from robot_swarm_orch.raft import decode, encode, MalformedMessage
from robot_swarm_orch.types import (
    Ack, Command, CommandKind, Counters, EmergencyStop, FleetView, Grant, GrantStatus, Lease, Mode,
    Motion, Outcome, Peer, Pose, Report)
from std_msgs.msg import Header


class Wire(OrderWire, OperationWire, BidWire):
    """
    Reads and writes the messages of one site.

    `node_count`: roadmap nodes, 0 when unknown; node numbers must be below. `counters.refused`
    counts refusals, and `refusals` holds the last text of each kind. Written messages share one
    stamp, set by `set_time`. Reports and states are written into one message each, again and
    again, because making one costs more than sending it: publish it before the next is written.
    """

    def __init__(self, site_id: str, node_count: int = 0, map_frame: str = 'map'):
        """Remember the site; every message of another one is refused."""
        self.site_id = site_id
        self.counters = Counters()
        self.refusals = {}  # kind of refusal -> the last text
        self._node_limit = node_count or 1 << 31
        self._stamp = Time()
        self._header = Header(stamp=self._stamp, frame_id=map_frame)
        self._report = RobotReport(header=self._header, site_id=site_id)
        self._state = RobotState(header=self._header, site_id=site_id)

    def set_time(self, ros_time_ns: int) -> None:
        """Set the stamp of all messages written from now on [ns, ROS time]."""
        self._stamp.sec, self._stamp.nanosec = divmod(ros_time_ns, 1_000_000_000)

    def header(self, frame_id: str) -> Header:
        """Return a header of another frame that shares the stamp."""
        return Header(stamp=self._stamp, frame_id=frame_id)

    def hear(self, read, msg, *more):
        """Return what `read(msg, *more)` makes of a message, or None when it is refused."""
        try:
            return read(msg, *more)
        except WireError as error:
            text = str(error)
            kind = text.split(':', 1)[0]
            self.counters.refuse(kind)
            self.refusals[kind] = text
            return None

    def _site(self, msg):
        if msg.site_id != self.site_id:
            refuse(msg, 'site_id', f'{msg.site_id[:80]!r} is not this site, {self.site_id!r}')

    # -- robots: report and state ---------------------------------------------------------------

    def write_report(self, value: Report) -> RobotReport:
        """Return the message of a report, valid until the next is written."""
        msg = self._report
        msg.robot_id = value.robot
        msg.boot_id = value.boot_id
        msg.seq = value.seq
        msg.term = value.term
        msg.lease_seq = value.lease_seq
        msg.site_hash = value.site_hash
        msg.mode = int(value.mode)
        msg.held = value.held
        msg.wanted = value.wanted
        msg.goal = value.goal
        pose = value.pose
        msg.x, msg.y, msg.yaw = pose.x_m, pose.y_m, pose.yaw_rad
        msg.speed = value.speed_mps
        msg.pose_error = value.pose_error_m
        msg.footprint_radius = value.footprint_radius_m
        msg.command_seq = value.command_seq
        msg.order_id = value.order_id
        msg.carrying = value.carrying
        msg.load_mass = value.load_mass_kg
        msg.battery = value.battery
        msg.safety = int(value.safety)
        msg.emergency_stop = value.emergency_stop
        msg.errors = value.errors
        return msg

    def read_report_bytes(self, data: bytes):
        """Return the Report of a serialized message."""
        try:
            msg = deserialize_message(data, RobotReport)
        except RuntimeError as error:
            raise WireError(f'RobotReport.bytes: {error}') from error
        return self.read_report(msg)

    def read_report(self, msg: RobotReport) -> Report:
        """Return a robot's report."""
        self._site(msg)
        mode, safety = MODES.get(msg.mode), REASONS.get(msg.safety)
        if mode is None or safety is None:
            refuse(msg, 'mode', f'mode {msg.mode} or reason {msg.safety} means nothing here')
        errors = msg.errors
        if errors:
            if len(errors) > 32:
                refuse(msg, 'errors', f'{len(errors)} errors; at most 32 are allowed')
            errors = tuple(short_text(msg, 'errors', error) for error in errors)
        return Report(
            robot_name(msg, msg.robot_id), msg.boot_id, count(msg, 'seq', msg.seq), mode,
            msg.site_hash,
            self._nodes(msg, 'held', msg.held), self._nodes(msg, 'wanted', msg.wanted),
            self._pose(msg), within(msg, 'speed', msg.speed, -FAST_MPS, FAST_MPS),
            self._node_or_none(msg, 'goal', msg.goal), count(msg, 'term', msg.term),
            count(msg, 'lease_seq', msg.lease_seq),
            count(msg, 'command_seq', msg.command_seq),
            id_or_empty(msg, 'order_id', msg.order_id), msg.carrying,
            or_nan(msg, 'load_mass', msg.load_mass, -MASS_KG, MASS_KG),
            or_nan(msg, 'battery', msg.battery, 0.0, 1.0),
            within(msg, 'pose_error', msg.pose_error, 0.0, FAR_M),
            within(msg, 'footprint_radius', msg.footprint_radius, 0.0, 100.0), safety,
            msg.emergency_stop, tuple(errors))

    def _pose(self, msg):
        """Return the pose of a report or state."""
        x_m, y_m, yaw_rad = msg.x, msg.y, msg.yaw
        if not (-FAR_M <= x_m <= FAR_M and -FAR_M <= y_m <= FAR_M):
            refuse(msg, 'x', f'({x_m}, {y_m}) is no place within {FAR_M:.0f} m')
        if not -YAW_RAD <= yaw_rad <= YAW_RAD:
            refuse(msg, 'yaw', f'{yaw_rad} must lie in -pi to pi')
        return Pose(x_m, y_m, yaw_rad)

    def write_state(self, value: Peer) -> RobotState:
        """Return the message that tells neighbours of a robot, valid until the next is written."""
        msg = self._state
        msg.robot_id = value.robot
        msg.boot_id = value.boot_id
        msg.seq = value.seq
        msg.mode = int(value.mode)
        pose, motion = value.pose, value.motion
        msg.x, msg.y, msg.yaw = pose.x_m, pose.y_m, pose.yaw_rad
        msg.speed, msg.yaw_rate = motion.speed_mps, motion.yaw_rate_radps
        msg.pose_error = value.pose_error_m
        msg.footprint_radius = value.footprint_radius_m
        msg.held = value.held
        msg.carrying = value.carrying
        msg.roster = value.roster
        return msg

    def read_state(self, msg: RobotState, heard_s: float) -> Peer:
        """Return what a neighbour says, heard at `heard_s` on the own steady clock."""
        self._site(msg)
        mode = MODES.get(msg.mode)
        if mode is None:
            refuse(msg, 'mode', f'{msg.mode} means nothing here')
        motion = Motion(within(msg, 'speed', msg.speed, -FAST_MPS, FAST_MPS),
                        within(msg, 'yaw_rate', msg.yaw_rate, -FAST_RADPS, FAST_RADPS))
        return Peer(
            robot_name(msg, msg.robot_id), msg.boot_id, count(msg, 'seq', msg.seq), mode,
            self._pose(msg), motion,
            within(msg, 'footprint_radius', msg.footprint_radius, 0.0, 100.0),
            self._nodes(msg, 'held', msg.held), heard_s, msg.carrying,
            within(msg, 'pose_error', msg.pose_error, 0.0, FAR_M),
            seconds_of(msg.header.stamp) if msg.roster else 0.0,
            count(msg, 'roster', msg.roster))

    # -- the leader's words ---------------------------------------------------------------------

    def write_lease(self, value: Lease) -> FleetLease:
        """Return the message of a lease."""
        return FleetLease(
            header=self._header, site_id=self.site_id, term=value.term,
            leader_id=value.leader_id, seq=value.seq, duration=float(value.duration_s),
            robots=[robot for robot, _ in value.heard],
            heard_seqs=array('Q', [seq for _, seq in value.heard]),
            report_period=float(value.report_period_s))

    def read_lease(self, msg: FleetLease) -> Lease:
        """Return a lease with all pairs of robot and newest report heard."""
        self._site(msg)
        if len(msg.robots) != len(msg.heard_seqs) or len(msg.robots) > LIST_MAX:
            refuse(msg, 'robots', f'{len(msg.robots)} robots and {len(msg.heard_seqs)} numbers '
                   f'do not pair, or are beyond {LIST_MAX}')
        return Lease(
            count(msg, 'term', msg.term), an_id(msg, 'leader_id', msg.leader_id),
            count(msg, 'seq', msg.seq),
            within(msg, 'duration', msg.duration, 0.0, DURATION_S),
            tuple(zip(msg.robots, msg.heard_seqs)),
            within(msg, 'report_period', msg.report_period, 0.0, DURATION_S))

    def write_grant(self, value: Grant) -> MovementAuthority:
        """Return the message of a movement authority."""
        return MovementAuthority(
            header=self._header, site_id=self.site_id, robot_id=value.robot,
            boot_id=value.boot_id, site_hash=value.site_hash, term=value.term,
            seq=value.commit_index, ack_seq=value.ack_seq, heard_seq=value.heard_seq,
            status=int(value.status), nodes=value.nodes, advice=value.advice,
            advice_lookahead=value.advice_lookahead, reason=value.reason)

    def read_grant(self, msg: MovementAuthority) -> Grant:
        """Return a movement authority."""
        self._site(msg)
        return Grant(
            robot_name(msg, msg.robot_id), msg.boot_id, msg.site_hash,
            count(msg, 'term', msg.term), count(msg, 'ack_seq', msg.ack_seq),
            count(msg, 'heard_seq', msg.heard_seq), self._nodes(msg, 'nodes', msg.nodes),
            member(msg, 'status', GrantStatus, msg.status), count(msg, 'seq', msg.seq),
            self._node_or_none(msg, 'advice', msg.advice), msg.advice_lookahead,
            short_text(msg, 'reason', msg.reason))

    def write_command(self, value: Command) -> TaskCommand:
        """Return the message of a command."""
        return TaskCommand(
            header=self._header, site_id=self.site_id, robot_id=value.robot,
            boot_id=value.boot_id, command_id=value.command_id, trace_id=value.trace_id,
            term=value.term, seq=value.seq, heard_seq=value.heard_seq, ttl=float(value.ttl_s),
            kind=int(value.kind), node=value.node, place=value.place,
            target_seq=value.target_seq, order_id=value.order_id, step=value.step,
            priority=value.priority, deadline=time_msg(value.deadline_s))

    def read_command(self, msg: TaskCommand) -> Command:
        """Return a command."""
        self._site(msg)
        return Command(
            robot_name(msg, msg.robot_id), msg.boot_id, an_id(msg, 'command_id', msg.command_id),
            short_text(msg, 'trace_id', msg.trace_id), count(msg, 'term', msg.term),
            count(msg, 'seq', msg.seq), count(msg, 'heard_seq', msg.heard_seq),
            within(msg, 'ttl', msg.ttl, 0.0, DURATION_S),
            member(msg, 'kind', CommandKind, msg.kind),
            self._node_or_none(msg, 'node', msg.node), short_text(msg, 'place', msg.place),
            count(msg, 'target_seq', msg.target_seq),
            id_or_empty(msg, 'order_id', msg.order_id), msg.step, msg.priority,
            seconds_of(msg.deadline))

    def write_ack(self, value: Ack) -> CommandAck:
        """Return the message of a robot's answer."""
        return CommandAck(
            header=self._header, site_id=self.site_id, robot_id=value.robot,
            boot_id=value.boot_id, command_id=value.command_id, trace_id=value.trace_id,
            term=value.term, seq=value.seq, ack_seq=value.ack_seq, outcome=int(value.outcome),
            reason=value.reason)

    def read_ack(self, msg: CommandAck) -> Ack:
        """Return a robot's answer to a command."""
        self._site(msg)
        return Ack(
            robot_name(msg, msg.robot_id), msg.boot_id, an_id(msg, 'command_id', msg.command_id),
            short_text(msg, 'trace_id', msg.trace_id), count(msg, 'term', msg.term),
            count(msg, 'seq', msg.seq), count(msg, 'ack_seq', msg.ack_seq),
            member(msg, 'outcome', Outcome, msg.outcome), short_text(msg, 'reason', msg.reason))

    def write_view(self, value: FleetView) -> FleetStatus:
        """Return the message of the fleet's status."""
        return FleetStatus(
            header=self._header, site_id=self.site_id, term=value.term,
            leader_id=value.leader_id, commit_index=value.commit_index,
            site_hash=value.site_hash, coordinators=list(value.coordinators),
            robots=list(value.robots), modes=[int(mode) for mode in value.modes],
            blocked=value.blocked, orders_waiting=value.orders_waiting,
            orders_open=value.orders_open, orders_done=value.orders_done,
            emergency_stop=value.emergency_stop,
            blocked_edges=[node for edge in value.blocked_edges for node in edge],
            zone_robots=[robot for robot, _ in value.in_zones],
            zone_spots=array('I', [spot for _, spot in value.in_zones]),
            paused=list(value.paused), drained=list(value.drained), queue_bound=value.queue_bound)

    def read_view(self, msg: FleetStatus) -> FleetView:
        """Return the fleet's status."""
        self._site(msg)
        pairs_up(msg, 'robots', msg.robots, msg.modes)
        pairs_up(msg, 'zone_robots', msg.zone_robots, msg.zone_spots)
        if len(msg.coordinators) > 64:
            refuse(msg, 'coordinators', f'{len(msg.coordinators)}; at most 64 are allowed')
        return FleetView(
            count(msg, 'term', msg.term), an_id(msg, 'leader_id', msg.leader_id),
            count(msg, 'commit_index', msg.commit_index), msg.site_hash,
            tuple(an_id(msg, 'coordinators', c) for c in msg.coordinators),
            tuple(robot_name(msg, robot) for robot in msg.robots),
            tuple(member(msg, 'modes', Mode, mode) for mode in msg.modes),
            self._nodes(msg, 'blocked', msg.blocked), msg.orders_waiting, msg.orders_open,
            count(msg, 'orders_done', msg.orders_done), msg.emergency_stop,
            self._edges(msg, 'blocked_edges', msg.blocked_edges),
            tuple(zip((robot_name(msg, robot) for robot in msg.zone_robots),
                      self._nodes(msg, 'zone_spots', msg.zone_spots))),
            short_texts(msg, 'paused', msg.paused, LIST_MAX),
            tuple(robot_name(msg, robot) for robot in msg.drained), msg.queue_bound)

    # -- stops ----------------------------------------------------------------------------------

    def write_stop(self, value: EmergencyStop) -> StopMsg:
        """Return the message of an act on the emergency stop."""
        return StopMsg(header=self._header, site_id=self.site_id, source=value.source,
                       seq=value.seq, active=value.active, reason=value.reason)

    def read_stop(self, msg: StopMsg) -> EmergencyStop:
        """Return an act on the emergency stop."""
        self._site(msg)
        return EmergencyStop(short_text(msg, 'source', msg.source), count(msg, 'seq', msg.seq),
                             msg.active, short_text(msg, 'reason', msg.reason))

    # -- consensus ------------------------------------------------------------------------------

    def write_raft(self, message, cluster_id: str) -> RaftMessage:
        """Return the envelope of a consensus message."""
        return RaftMessage(site_id=self.site_id, cluster_id=cluster_id, sender=message.sender,
                           to=message.to, version=RaftMessage.VERSION, payload=encode(message))

    def check_envelope(self, msg: RaftMessage, cluster_id: str) -> None:
        """Refuse words of another site or cluster, and of a release that speaks otherwise."""
        self._site(msg)
        if msg.cluster_id != cluster_id:
            refuse(msg, 'cluster_id', f'{msg.sender[:80]!r} of cluster {msg.cluster_id[:80]!r} '
                   f'speaks on this site, whose cluster is {cluster_id!r}: two fleets on one '
                   'site_id; give one of them another')
        if msg.version != RaftMessage.VERSION:
            refuse(msg, 'version', f'{msg.sender[:80]!r} speaks version {msg.version}, this '
                   f'release version {RaftMessage.VERSION}: install the same release everywhere')

    def read_raft(self, msg: RaftMessage, cluster_id: str):
        """Return the consensus message in an envelope."""
        self.check_envelope(msg, cluster_id)
        if len(msg.payload) > PAYLOAD_MAX:
            refuse(msg, 'payload', f'{len(msg.payload)} bytes; at most {PAYLOAD_MAX} are allowed')
        try:
            message = decode(bytes(msg.payload))
        except MalformedMessage as error:
            raise WireError(f'RaftMessage.payload: from {msg.sender[:80]!r}: {error}') from error
        if (message.sender, message.to) != (msg.sender, msg.to):
            refuse(msg, 'sender', f'{msg.sender[:80]!r} to {msg.to[:80]!r} on the envelope, '
                   f'{message.sender!r} to {message.to!r} inside')
        return message


_SINGLE = struct.Struct('<f')


def canonical_bytes(msg) -> bytes:
    """
    Return the bytes that a signature covers: all of a message but `key_id` and `signature`.

    They are the log's own encoding (`codec.pack`) of the tuple (type name, field, ...), fields in
    the order of the .msg file, messages inside as tuples of their own. A float32 counts with the
    value that it has after its journey, so sender and receiver get equal bytes.
    """
    return codec.pack(_plain(msg))


def _plain(msg) -> tuple:
    """Return a message as nested tuples."""
    fields = msg.get_fields_and_field_types()
    return (type(msg).__name__, *(_plain_field(getattr(msg, name), kind)
                                  for name, kind in fields.items()
                                  if name not in ('key_id', 'signature')))


def _plain_field(value, kind: str):
    """Return one field as canonical values."""
    if kind.startswith('sequence<'):
        inner = kind[len('sequence<'):-1].split(',')[0]
        return tuple(_plain_field(item, inner) for item in value)
    if kind == 'float':
        return _SINGLE.unpack(_SINGLE.pack(value))[0]
    if '/' in kind:
        return _plain(value)
    return value
