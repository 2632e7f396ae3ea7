# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The door for orders: what is refused before it reaches the log, and why."""

import re

from robot_swarm_orch.site import PlaceKind
from robot_swarm_orch.spelling import did_you_mean
from robot_swarm_orch.types import OrderKind, OrderState, OrderStatus

_ORDER_ID = re.compile(r'[A-Za-z0-9_.-]{1,64}')
_SERVING = (PlaceKind.STORAGE, PlaceKind.STATION)


def why_refused(order, site):
    """Return why an order (types.Order) can't be accepted on this site, '' if it can."""
    if not _ORDER_ID.fullmatch(order.order_id):
        return 'order_id must be 1 to 64 of the characters A-Z a-z 0-9 _ . -'
    if order.kind not in (OrderKind.MOVE, OrderKind.GO):
        return f'unknown kind {int(order.kind)}'
    if order.kind == OrderKind.GO:
        return _why_no_place(order.drop, site, tuple(PlaceKind))
    if order.pick == order.drop:
        return f'pick and drop are the same place {order.pick!r}'
    return _why_no_place(order.pick, site, _SERVING) or _why_no_place(order.drop, site, _SERVING)


def _why_no_place(name, site, kinds):
    place = site.places.get(name)
    if place is None:
        return f'unknown place {name!r}' + did_you_mean(name, site.places)
    if place.kind not in kinds:
        return f'place {name!r} is for {place.kind.name.lower()}, not for loads'
    return ''


def unknown(order, term):
    """Return the answer to a question about an order that is not known."""
    return OrderStatus(order.order_id, order.trace_id, term, 0, OrderState.UNKNOWN)


def refusal(order, term, reason):
    """Return the status that refuses an order."""
    return OrderStatus(order.order_id, order.trace_id, term, 0, OrderState.REFUSED, '', reason,
                       order.priority, order.deadline_s)
