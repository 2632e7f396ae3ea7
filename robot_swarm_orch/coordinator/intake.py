# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The door for orders: what is refused before it reaches the log, and why."""

import re

from robot_swarm_orch.site import PlaceKind
from robot_swarm_orch.spelling import did_you_mean
from robot_swarm_orch.types import content_digest, OrderKind, OrderState, OrderStatus

# With what is put behind it for parts and rescues, an id still fits the 64 of the messages.
_ORDER_ID = re.compile(r'[A-Za-z0-9_.-]{1,56}')
_OURS = re.compile(r'.*\.[pr][0-9]+')
_SERVING = (PlaceKind.STORAGE, PlaceKind.STATION)
_LEGS_AT_MOST = 1000
"""Legs of one order, places to inspect counted one by one."""

_NEEDS = {
    OrderKind.MOVE: ('pick', 'drop'), OrderKind.GO: ('drop',), OrderKind.INSPECT: ('places',),
    OrderKind.CHARGE: (), OrderKind.PARK: ('drop',), OrderKind.SEQUENCE: ('legs',)}
_MAY_HAVE = {OrderKind.MOVE: ('alternates',), OrderKind.CHARGE: ('drop',)}
# What says where to drive or what to do there, and the kind to order for whoever gives it.
_MEANT = {'pick': OrderKind.MOVE, 'drop': OrderKind.GO, 'alternates': OrderKind.MOVE,
          'places': OrderKind.INSPECT, 'legs': OrderKind.SEQUENCE}
_MANY = ('alternates', 'places', 'legs')


def why_refused(order, site, robots=None, inspect_places_max=25):
    """
    Return why an order (types.Order) can't be accepted on this site, '' if it can.

    robots: names of those that are known, None if that does not matter. inspect_places_max: places
    that one robot inspects in one go; an order for more is split, a part of a sequence can't be.
    """
    if not _ORDER_ID.fullmatch(order.order_id):
        return 'order_id must be 1 to 56 of the characters A-Z a-z 0-9 _ . -'
    if _OURS.fullmatch(order.order_id):
        return ('order_id ends like that of a part (.p1) or of a rescue (.r1), which the fleet '
                'gives itself')
    if robots is not None and order.robot and order.robot not in robots:
        return f'unknown robot {order.robot!r}' + did_you_mean(order.robot, robots)
    if order.kind != OrderKind.SEQUENCE:
        return _why_bad_part(order, site)
    why_not = _why_wrong_fields(order)
    if why_not:
        return why_not
    for number, leg in enumerate(order.legs):
        why_not = _why_bad_part(leg, site)
        if not why_not and len(leg.places) > inspect_places_max:
            why_not = (f'it has {len(leg.places)} places to inspect, more than the '
                       f'{inspect_places_max} of one robot: hand them in as an order of their own')
        if why_not:
            return f'leg {number}: {why_not}'
    return ''


def _why_bad_part(part, site):
    """Return why an order or leg that is no sequence can't be done on this site, '' if it can."""
    why_not = _why_wrong_fields(part)
    if why_not:
        return why_not
    if part.kind == OrderKind.MOVE:
        drops = (part.drop, *part.alternates)
        if part.pick in drops:
            return f'pick and drop are the same place {part.pick!r}'
        if len(set(drops)) < len(drops):
            return 'drop and alternates name a place twice'
        return next(filter(None, (why_no_load_place(name, site)
                                  for name in (part.pick, *drops))), '')
    if part.kind == OrderKind.GO:
        return _why_no_place(part.drop, site)
    if part.kind == OrderKind.INSPECT:
        if len(part.places) > _LEGS_AT_MOST:
            return f'an inspect needs 1 to {_LEGS_AT_MOST} places, not {len(part.places)}'
        return next(filter(None, (_why_no_place(name, site) for name in part.places)), '')
    if part.kind == OrderKind.CHARGE:
        if part.drop:
            return _why_no_place(part.drop, site, (PlaceKind.CHARGER,), 'charging')
        return '' if site.chargers else f'site {site.name} has no charger'
    return _why_no_place(part.drop, site, (PlaceKind.PARKING,), 'parking')


def _why_wrong_fields(part):
    """
    Return which field an order or leg of this kind lacks, or can't have; '' if none.

    What would be left out silently is refused: whoever gives a pick expects that a load is moved.
    """
    needs = _NEEDS.get(part.kind)
    if needs is None:
        return f'unknown kind {int(part.kind)}'
    for name in needs:
        if not getattr(part, name, ()):
            what = (f'1 to {_LEGS_AT_MOST} places' if name == 'places' else
                    name if name in _MANY else f'a {name}')
            return f'{_a(part.kind)} needs {what}'
    for name, kind in _MEANT.items():
        if getattr(part, name, ()) and name not in (*needs, *_MAY_HAVE.get(part.kind, ())):
            out = 'them' if name in _MANY else 'it'
            return f'{_a(part.kind)} takes no {name}: leave {out} out, or order {_a(kind)}'
    return ''


def _a(kind):
    """Return the name of a kind of order with its article."""
    return ('an ' if kind == OrderKind.INSPECT else 'a ') + OrderKind(kind).name.lower()


def why_no_load_place(name, site):
    """Return why no load can be picked up or set down at a place, '' if it can."""
    return _why_no_place(name, site, _SERVING, 'loads')


def _why_no_place(name, site, kinds=tuple(PlaceKind), purpose=''):
    place = site.places.get(name)
    if not name:
        return 'a place has no name'
    if place is None:
        return f'unknown place {name!r}' + did_you_mean(name, site.places)
    if place.kind not in kinds:
        return f'place {name!r} is for {place.kind.name.lower()}, not for {purpose}'
    return ''


def why_another(order, content):
    """Return why an order may not have the id of one with this digest, '' if it is the same."""
    if order.only_asks or not content or content_digest(order) == content:
        return ''
    return (f'id reused: order {order.order_id} was accepted with other content, and is '
            'unchanged; give a new order a new id')


def unknown(order, term):
    """Return the answer to a question about an order that is not known."""
    return OrderStatus(order.order_id, order.trace_id, term, 0, OrderState.UNKNOWN)


def refusal(order, term, reason):
    """Return the status that refuses an order."""
    return OrderStatus(order.order_id, order.trace_id, term, 0, OrderState.REFUSED, '', reason,
                       order.priority, order.deadline_s)
