# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The facts that the Raft log holds: one `Batch` an entry, whatever the leader decided in one go.

An event says what the leader wants to be true. Whether it becomes true is for `fleet_state.py` to
say when the entry is applied: each replica checks each event against the state by then, and
ignores what no longer fits. So a leader may decide on what it sees now without any lock.

Robots are named by their id, except in the rows of `AuthorityChanged`, which come many times a
second: there they go by their number in the order of first enrolment.
"""

from dataclasses import dataclass
from typing import Tuple

from robot_swarm_orch.codec import register
from robot_swarm_orch.coordinator.legs import Leg

Row = Tuple[int, int, Tuple[int, ...], Tuple[int, ...]]
"""(robot number, seq of its report, nodes kept, nodes granted in driving order)."""


@register(16)
@dataclass(frozen=True, slots=True)
class Batch:
    """
    One log entry: `events` in the order in which they are applied.

    time_ms: the log's own time, which never runs back: milliseconds that the fleet was led. It is
    the only time that the fleet state knows, so all replicas agree on it. ros_time_ms: ROS time of
    the leader that proposed it, for people alone; 0 if unknown.
    """

    time_ms: int
    events: tuple
    ros_time_ms: int = 0


@register(17)
@dataclass(frozen=True, slots=True)
class SiteLaid:
    """The roadmap of this log, fixed by its first event; another one needs another cluster id."""

    site_hash: int
    node_count: int


@register(18)
@dataclass(frozen=True, slots=True)
class Enrolled:
    """A person's act: the robot stands at `node`, which nobody else may hold."""

    robot: str
    node: int
    operator_id: str = ''


@register(19)
@dataclass(frozen=True, slots=True)
class Cleared:
    """A person's act: the robot is off or gone; its body still occupies the nodes `occupied`."""

    robot: str
    occupied: Tuple[int, ...] = ()
    operator_id: str = ''


@register(20)
@dataclass(frozen=True, slots=True)
class BootRegistered:
    """A robot's program (re)started: the next incarnation is this boot's."""

    robot: str
    boot_id: int


@register(21)
@dataclass(frozen=True, slots=True)
class AuthorityChanged:
    """Movement authority: what robots gave back and what they are given."""

    rows: Tuple[Row, ...]


@register(22)
@dataclass(frozen=True, slots=True)
class RobotLost:
    """A robot has been silent for too long. Its nodes stay held."""

    robot: str


@register(23)
@dataclass(frozen=True, slots=True)
class RobotFound:
    """A lost robot was heard again."""

    robot: str


@register(24)
@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """
    An order was handed in; once committed it is accepted. Fields as in `types.Order`.

    only_robot: its `robot`. content: its `content_digest`.
    """

    order_id: str
    trace_id: str
    kind: int
    pick: str
    drop: str
    load_id: str
    priority: int
    deadline_s: float
    alternates: Tuple[str, ...] = ()
    places: Tuple[str, ...] = ()
    legs: Tuple[Leg, ...] = ()
    only_robot: str = ''
    load_mass_kg: float = 0.0
    tools: Tuple[str, ...] = ()
    client: str = ''
    content: int = 0


@register(25)
@dataclass(frozen=True, slots=True)
class TaskAssigned:
    """
    A waiting order was given to an idle robot; `why` tells people why to that one.

    drop: where its first leg ends, if not as ordered.
    """

    order_id: str
    robot: str
    why: str = ''
    drop: str = ''


@register(26)
@dataclass(frozen=True, slots=True)
class CommandSent:
    """
    One step was commanded; the robot is told after commit.

    `order_id` is empty for PARK and CANCEL. The state gives the command the robot's next sequence
    number, and a CANCEL the open command as its target.
    """

    robot: str
    command_id: str
    kind: int
    node: int
    place: str
    order_id: str = ''


@register(27)
@dataclass(frozen=True, slots=True)
class CommandAcked:
    """A robot's last word on its command `seq`: DONE, FAILED, REJECTED or IN_DOUBT."""

    robot: str
    seq: int
    outcome: int
    reason: str = ''


@register(28)
@dataclass(frozen=True, slots=True)
class Settled:
    """A person's act: whether the pick or drop in doubt of a robot took place."""

    robot: str
    happened: bool
    operator_id: str = ''


@register(34)
@dataclass(frozen=True, slots=True)
class WayBlocked:
    """A person's act: nobody may enter `nodes` any more, or set out on `edges` (from, to)."""

    nodes: Tuple[int, ...]
    edges: Tuple[Tuple[int, int], ...] = ()
    operator_id: str = ''


@register(35)
@dataclass(frozen=True, slots=True)
class WayUnblocked:
    """A person's act: robots may use `nodes` and `edges` (from, to) again."""

    nodes: Tuple[int, ...]
    edges: Tuple[Tuple[int, int], ...] = ()
    operator_id: str = ''


@register(29)
@dataclass(frozen=True, slots=True)
class OrdersForgotten:
    """
    Orders that ended before this log time no longer answer for their ids.

    Nor do those beyond the `keep` newest; 0: any number of them do.
    """

    before_ms: int
    keep: int = 0


@register(30)
@dataclass(frozen=True, slots=True)
class StateDigest:
    """The leader's digest of its state after the entry `index`, for the others to compare."""

    index: int
    digest: bytes


@register(41)
@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """Somebody's act: an order is to end; a load that was picked is put back."""

    order_id: str
    operator_id: str = ''


@register(42)
@dataclass(frozen=True, slots=True)
class OrderAmended:
    """Somebody's act on an order; priority -1 and deadlines below 0 leave it as it is."""

    order_id: str
    priority: int = -1
    deadline_s: float = -1.0
    operator_id: str = ''


@register(43)
@dataclass(frozen=True, slots=True)
class SlotsLaid:
    """The places of the site that take one pallet each."""

    places: Tuple[str, ...]


@register(44)
@dataclass(frozen=True, slots=True)
class SlotSet:
    """A person's act: a slot holds a load, or none."""

    place: str
    is_occupied: bool
    load_id: str = ''
    operator_id: str = ''


@register(45)
@dataclass(frozen=True, slots=True)
class OrderRedirected:
    """An order under way has its drop, set-down or work at another place from now on."""

    order_id: str
    place: str
    reason: str = ''


@register(46)
@dataclass(frozen=True, slots=True)
class OrderHeld:
    """The drop place of an order can't be used at present; it can again if `reason` is empty."""

    order_id: str
    reason: str


@register(47)
@dataclass(frozen=True, slots=True)
class OrderGivenUp:
    """An order can't be carried out: it fails, once its load is put back."""

    order_id: str
    reason: str


@register(48)
@dataclass(frozen=True, slots=True)
class LoadHandedOver:
    """A robot is to set its order's load down at `place`, for another robot to fetch."""

    order_id: str
    place: str
    reason: str = ''


@register(49)
@dataclass(frozen=True, slots=True)
class TaskPreempted:
    """An order is taken from its robot before anything was touched, for the order `by`."""

    order_id: str
    robot: str
    by: str


@register(50)
@dataclass(frozen=True, slots=True)
class PauseSet:
    """A person's act: a robot, an area, or (with neither) the fleet is paused, or goes on."""

    robot: str = ''
    area: str = ''
    is_paused: bool = True
    operator_id: str = ''


@register(51)
@dataclass(frozen=True, slots=True)
class DrainSet:
    """A person's act: a robot gets no new orders, or gets them again."""

    robot: str
    is_drained: bool = True
    operator_id: str = ''


@register(52)
@dataclass(frozen=True, slots=True)
class LoadStranded:
    """A person's act: the load of this robot's order stands at `place` now."""

    robot: str
    place: str
    operator_id: str = ''


@register(53)
@dataclass(frozen=True, slots=True)
class OrderSplit:
    """A waiting INSPECT order is carried out in parts, each with these places."""

    order_id: str
    parts: Tuple[Tuple[str, ...], ...]


@register(54)
@dataclass(frozen=True, slots=True)
class DeadlinesMissed:
    """The deadlines of these orders have passed."""

    order_ids: Tuple[str, ...]


@register(55)
@dataclass(frozen=True, slots=True)
class Noted:
    """For the record only: what somebody tried to change, and what came of it."""

    what: str
    result: str
    operator_id: str = ''
