# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Orders as they are handed in, and what the world is told of them."""

from dataclasses import astuple, dataclass
from enum import IntEnum
from hashlib import blake2b
from typing import Tuple

from robot_swarm_orch.codec import pack

NO_PLACE = 'waits for a place: '
"""How the reason of an order begins whose load could not be set down anywhere now."""

NO_ROBOT, CAN_TAKE = 'no robot can take it: ', ' can take it now'
"""How the leader's words on a waiting order begin if no robot can take it, and end if some can."""

AT_WORK = ('carries out an order', 'carry out orders')
"""How the leader says that a robot, or some, can't take an order since they are at work."""

PLACES_MAX, LEGS_MAX, CHOICES_MAX = 1000, 32, 16
"""Places to inspect, legs of a sequence, and alternates or tools that an order may name."""


class OrderKind(IntEnum):
    """What an order, or one leg of it, asks for; the same numbers as TaskOrder.KIND_*."""

    MOVE = 1
    GO = 2
    INSPECT = 3
    CHARGE = 4
    PARK = 5
    SEQUENCE = 6


class OrderState(IntEnum):
    """What has become of an order; the same numbers as TaskStatus.STATE_*."""

    UNKNOWN = 0
    ACCEPTED = 1
    ASSIGNED = 2
    PICKING = 3
    CARRYING = 4
    DROPPING = 5
    DONE = 6
    FAILED = 7
    CANCELLED = 8
    IN_DOUBT = 9
    REFUSED = 10
    WORKING = 11
    SETTING_DOWN = 12
    SPLIT = 13


@dataclass(frozen=True)
class Leg:
    """
    One part of a sequence; fields as those of an order.

    It may be of any kind but SEQUENCE.
    """

    kind: OrderKind
    pick: str = ''
    drop: str = ''
    alternates: Tuple[str, ...] = ()
    places: Tuple[str, ...] = ()
    load_id: str = ''


@dataclass(frozen=True)
class Order:
    """
    An order as handed in; `order_id` is its idempotency key. Deadline: ROS time [s], or 0.

    alternates: drop places to use instead of `drop`, the first that is free. places: what INSPECT
    looks at. legs: of a SEQUENCE, done by one robot in turn. robot: the only one that may do it,
    or ''. load_mass_kg: 0 if unknown. tools: what the robot must have. client: who handed it in.
    """

    order_id: str
    trace_id: str
    kind: OrderKind
    pick: str
    drop: str
    load_id: str = ''
    priority: int = 100
    deadline_s: float = 0.0
    alternates: Tuple[str, ...] = ()
    places: Tuple[str, ...] = ()
    legs: Tuple[Leg, ...] = ()
    robot: str = ''
    load_mass_kg: float = 0.0
    tools: Tuple[str, ...] = ()
    client: str = ''

    @property
    def only_asks(self) -> bool:
        """Return whether this is no order, but the question what has become of its id."""
        return self.kind in (OrderKind.MOVE, OrderKind.GO) and not self.drop


def content_digest(order: Order) -> int:
    """
    Return 63 bits over what an order asks for: all but its id, its trace and who handed it in.

    Two orders with one id and different digests are a client's mistake, not a repetition.
    """
    legs = tuple(astuple(leg) for leg in order.legs)
    asked = (int(order.kind), order.pick, order.drop, order.load_id, order.priority,
             float(order.deadline_s), order.alternates, order.places, legs, order.robot,
             float(order.load_mass_kg), order.tools)
    return int.from_bytes(blake2b(pack(asked), digest_size=8).digest(), 'big') >> 1


@dataclass(frozen=True)
class OrderStatus:
    """
    What has become of an order; `seq` is the index of the log entry that brought it about.

    content: the order's `content_digest`, 0 if unknown. leg: number of the one under way, from 0,
    of `legs`. missed_deadline: it passed before the order ended.
    """

    order_id: str
    trace_id: str
    term: int
    seq: int
    state: OrderState
    robot: str = ''
    reason: str = ''
    priority: int = 100
    deadline_s: float = 0.0
    content: int = 0
    leg: int = 0
    legs: int = 1
    missed_deadline: bool = False


@dataclass(frozen=True)
class OrderEvent:
    """One line of an order's history: log index, ROS time [s], new state, robot, why, and who."""

    index: int
    time_s: float
    state: OrderState
    robot: str = ''
    reason: str = ''
    who: str = ''


@dataclass(frozen=True)
class LogLine:
    """
    One fact of the replicated log, for people and tools.

    index: of the log entry. position: of the fact in it. time_s: ROS time of the leader that
    proposed it, 0 if unknown. kind: name of the event. text: the event in words. order_id, robot:
    what it is about, or ''. who: who acted, '' for the fleet itself. json: the event's fields.
    """

    index: int
    position: int
    time_s: float
    term: int
    kind: str
    text: str
    order_id: str = ''
    robot: str = ''
    who: str = ''
    json: str = ''
