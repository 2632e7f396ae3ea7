# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Plain values that the pure cores exchange: no ROS, no behaviour beyond what a value owes.

Positions are in metres and yaws in radians (counter-clockwise from x) in the map frame (REP-103,
REP-105). Speeds are along the heading. Times are seconds on the receiver's steady clock unless a
name says otherwise. Roadmap nodes are integers from 0. `nodes/wire.py` turns messages into these
values and back; whatever it lets through is finite and in range.

A report's `seq` is one integer, `incarnation << 32 | counter`, so that comparing two of them
compares incarnations first.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Optional, Tuple

from robot_swarm_orch.acts import (  # noqa: F401: operators' acts are values like the others
    Amendment, AuditNote, Blockage, Cancellation, Clearance, Drain, Enrolment, GroupAct, GroupVerb,
    Nodes, Pause, Settlement, SlotWord, Stranding)
from robot_swarm_orch.orders import (  # noqa: F401: and so are orders
    content_digest, Leg, LogLine, NO_PLACE, Order, OrderEvent, OrderKind, OrderState, OrderStatus)

COUNTER_BITS = 32
COUNTER_MASK = (1 << COUNTER_BITS) - 1


def first_seq(incarnation: int) -> int:
    """Return the seq below every report of an incarnation; its reports count from one above."""
    return incarnation << COUNTER_BITS


def incarnation_of(seq: int) -> int:
    """Return the incarnation that a report's seq belongs to; 0 means none was given yet."""
    return seq >> COUNTER_BITS


class Mode(IntEnum):
    """What a robot is up to; only AUTOMATIC reports may free or want nodes."""

    UNKNOWN = 0
    JOINING = 1
    AUTOMATIC = 2
    MANUAL = 3
    LOST = 4


class Reason(IntEnum):
    """Why a robot's speed is limited; the same numbers as SafetyState.REASON_*."""

    NONE = 0
    AUTHORITY = 1
    LEASE = 2
    SCAN = 3
    PEER = 4
    DETECTION = 5
    STALE_ODOM = 6
    STALE_SCAN = 7
    POSE = 8
    EMERGENCY = 9
    INACTIVE = 10
    JOINING = 11
    FENCED = 12
    PAYLOAD = 13
    IN_DOUBT = 14
    STALE_CAMERA = 15


class CommandKind(IntEnum):
    """What a command asks for; the same numbers as TaskCommand.KIND_*."""

    GO = 1
    PICK = 2
    DROP = 3
    DOCK = 4
    CHARGE = 5
    PARK = 6
    CANCEL = 7
    INSPECT = 8


class Outcome(IntEnum):
    """A robot's answer to a command; the same numbers as CommandAck.OUTCOME_*."""

    ACCEPTED = 1
    RETRY = 2
    REJECTED = 3
    DONE = 4
    FAILED = 5
    IN_DOUBT = 6


NO_PAYLOAD = 'no_payload'
"""The reason (CommandAck.reason) of a robot whose payload node does not speak."""


class LoadAction(IntEnum):
    """What a payload device can do; the same numbers as LoadCommand.ACTION_*."""

    PICK = 1
    DROP = 2
    DOCK = 3
    CHARGE = 4
    CANCEL = 5
    INSPECT = 6


class LoadStatus(IntEnum):
    """How far a payload device is; the same numbers as LoadState.STATUS_*."""

    IDLE = 0
    RUNNING = 1
    DONE = 2
    FAILED = 3
    CANCELLED = 4


class GrantStatus(IntEnum):
    """What a movement authority says; the same numbers as MovementAuthority.STATUS_*."""

    VALID = 0
    FENCED = 1
    REFUSED = 2
    UNENROLLED = 3


@dataclass(frozen=True)
class Pose:
    """A place and heading [m, rad; map frame]."""

    x_m: float
    y_m: float
    yaw_rad: float


@dataclass(frozen=True)
class Motion:
    """A velocity of a differential drive: along the heading and about the vertical axis."""

    speed_mps: float
    yaw_rate_radps: float


STANDSTILL = Motion(0.0, 0.0)


@dataclass(frozen=True)
class Odometry:
    """A map pose and the velocity measured with it, and when it was taken [s]."""

    pose: Pose
    motion: Motion
    taken_s: float
    pose_error_m: float = 0.0


@dataclass(frozen=True)
class Report:
    """What a robot tells the coordinators; the fields of RobotReport that logic rests on."""

    robot: str
    boot_id: int
    seq: int
    mode: Mode
    site_hash: int
    held: Nodes
    wanted: Nodes
    pose: Pose
    speed_mps: float = 0.0
    goal: int = -1
    term: int = 0
    lease_seq: int = 0
    command_seq: int = 0
    order_id: str = ''
    carrying: bool = False
    load_mass_kg: float = float('nan')
    battery: float = float('nan')
    pose_error_m: float = 0.0
    footprint_radius_m: float = 0.0
    safety: Reason = Reason.NONE
    emergency_stop: bool = False
    errors: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Peer:
    """
    What a robot tells its neighbours, and when it was heard [s].

    sent_s: when it was sent, by a clock of the sender [s]. roster: in a free zone, the commit
    index of the newest FleetView that the robot reckons with; 0 elsewhere.
    """

    robot: str
    boot_id: int
    seq: int
    mode: Mode
    pose: Pose
    motion: Motion
    footprint_radius_m: float
    held: Nodes
    heard_s: float
    carrying: bool = False
    pose_error_m: float = 0.0
    sent_s: float = 0.0
    roster: int = 0


@dataclass(frozen=True)
class Grant:
    """A movement authority: what a robot owns in the log as of its report `ack_seq`."""

    robot: str
    boot_id: int
    site_hash: int
    term: int
    ack_seq: int
    heard_seq: int
    nodes: Nodes
    status: GrantStatus = GrantStatus.VALID
    commit_index: int = 0
    advice: int = -1
    advice_lookahead: int = 0
    reason: str = ''


@dataclass(frozen=True)
class Lease:
    """
    The leader's word to one robot, or (with all pairs in `heard`) to the fleet.

    report_period_s: robots with nothing new report after this long; 0: after what they think.
    """

    term: int
    leader_id: str
    seq: int
    duration_s: float
    heard: Tuple[Tuple[str, int], ...]
    report_period_s: float = 0.0


@dataclass(frozen=True)
class Command:
    """One step for one robot; `seq` is the robot's own command sequence, from 1."""

    robot: str
    boot_id: int
    command_id: str
    trace_id: str
    term: int
    seq: int
    heard_seq: int
    ttl_s: float
    kind: CommandKind
    node: int
    place: str = ''
    target_seq: int = 0
    order_id: str = ''
    step: int = 0
    priority: int = 100
    deadline_s: float = 0.0


@dataclass(frozen=True)
class Ack:
    """A robot's answer to the command with its `seq`; `ack_seq` is the newest accepted one."""

    robot: str
    boot_id: int
    command_id: str
    trace_id: str
    term: int
    seq: int
    ack_seq: int
    outcome: Outcome
    reason: str = ''


@dataclass(frozen=True)
class LoadRequest:
    """Asks the payload device for one action; the same `action_id` is started once."""

    action_id: str
    action: LoadAction
    order_id: str = ''
    place: str = ''


@dataclass(frozen=True)
class LoadReading:
    """What the payload device says."""

    action_id: str
    status: LoadStatus
    carrying: bool
    load_mass_kg: float = float('nan')
    load_id: str = ''
    reason: str = ''


@dataclass(frozen=True)
class Scan:
    """A laser scan in the base frame: ranges [m] at `angle_min_rad + i * angle_step_rad`."""

    ranges_m: object  # array-like of float, inf where nothing was seen
    angle_min_rad: float
    angle_step_rad: float
    range_max_m: float
    taken_s: float


@dataclass(frozen=True)
class Image:
    """A camera's image: pixels (rows, columns[, channels]) uint8, and its ROS encoding."""

    pixels: object  # NumPy array
    encoding: str
    taken_s: float


@dataclass(frozen=True)
class Sight:
    """
    What a camera says of the lane ahead, after its image of `taken_s` [s; ROS time].

    `sure` is the model's probability that the lane is blocked, for that image alone; `blocked` is
    the verdict after several. `clear_at` is the robot's pose when an image last showed the lane
    clear, for `lane_m` ahead of its centre; None: never yet.
    """

    taken_s: float
    blocked: bool
    sure: float
    lane_m: float
    clear_at: Optional[Pose] = None
    frozen: bool = False


@dataclass(frozen=True)
class EmergencyStop:
    """An act on the emergency stop: a latch (`active`) or an operator's release."""

    source: str
    seq: int
    active: bool
    reason: str = ''


@dataclass(frozen=True)
class Safety:
    """The safety limiter's word: the speed that it allows, the strictest reason, and a detail."""

    speed_limit_mps: float
    reason: Reason = Reason.NONE
    stopped: bool = False
    detail: str = ''


@dataclass(frozen=True)
class FleetView:
    """
    The fleet at a glance, as the leader publishes it.

    in_zones: (robot, spot) of each spot of a free zone that a robot holds, or its body blocks.
    paused: robots and areas whose robots get no further nodes; '*' for the fleet. drained: robots
    that get no new orders. queue_bound: waiting orders that are accepted at most; 0: unknown.
    """

    term: int
    leader_id: str
    commit_index: int
    site_hash: int
    coordinators: Tuple[str, ...]
    robots: Tuple[str, ...]
    modes: Tuple[Mode, ...]
    blocked: Nodes
    orders_waiting: int
    orders_open: int
    orders_done: int
    emergency_stop: bool = False
    blocked_edges: Tuple[Tuple[int, int], ...] = ()
    in_zones: Tuple[Tuple[str, int], ...] = ()
    paused: Tuple[str, ...] = ()
    drained: Tuple[str, ...] = ()
    queue_bound: int = 0


@dataclass
class Counters:
    """Counts of what was refused, by reason; shells publish them."""

    refused: dict = field(default_factory=dict)

    def refuse(self, reason: str) -> None:
        """Count one refusal."""
        self.refused[reason] = self.refused.get(reason, 0) + 1
