# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The legs of an order: what one robot does of it, one after the other.

Every order is a list of simple legs. A MOVE, GO, CHARGE or PARK order has one. An INSPECT order
has one for each of its places, and a SEQUENCE those of all its parts. Here an order is whatever
has the fields of `types.Order`, such as `records.OrderRecord`.
"""

from typing import Tuple

from robot_swarm_orch.codec import register
from robot_swarm_orch.types import Leg, Order, OrderKind

register(40)(Leg)


def legs_of(order) -> Tuple[Leg, ...]:
    """Return an order's simple legs, in turn."""
    if order.kind != OrderKind.SEQUENCE:
        return _simple(order)
    return tuple(leg for part in order.legs for leg in _simple(part))


def leg_count(order) -> int:
    """Return how many simple legs an order has."""
    return sum(len(part.places) if part.kind == OrderKind.INSPECT else 1 for part in (
        order.legs if order.kind == OrderKind.SEQUENCE else (order,)))


def _simple(part) -> Tuple[Leg, ...]:
    """Return the simple legs of an order or part that is no sequence."""
    if part.kind == OrderKind.INSPECT:
        return tuple(_look_at(place) for place in part.places)
    pick = part.pick if part.kind == OrderKind.MOVE else ''
    return (Leg(OrderKind(part.kind), pick, part.drop, part.alternates, (), part.load_id),)


def _look_at(place):
    return Leg(OrderKind.INSPECT, drop=place, places=(place,))


def leg_under_way(record) -> Leg:
    """Return the leg of an OrderRecord that is under way, the last one of an ended order."""
    if record.kind == OrderKind.INSPECT:
        return _look_at(record.places[min(record.leg, len(record.places) - 1)])
    legs = legs_of(record)
    return legs[min(record.leg, len(legs) - 1)]


def order_asked(record) -> Order:
    """Return the order as it was handed in, with what was amended since."""
    return Order(record.order_id, record.trace_id, OrderKind(record.kind), record.pick,
                 record.drop, record.load_id, record.priority, record.deadline_s,
                 record.alternates, record.places, record.legs, record.only_robot,
                 record.load_mass_kg, record.tools, record.client)
