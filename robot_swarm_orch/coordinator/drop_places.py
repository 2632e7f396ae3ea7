# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Where loads can go: the leader's decisions about places that are taken, blocked or out of reach.

A place can't be used for a drop while it is a slot that is taken (`slots.py`), while people have
shut its node or a robot that was cleared away blocks it, and for an order that is under way also
when its robot has failed there several times in a row. Then:

1. the first of the order's alternates that can be used is taken instead;
2. else the order waits, and its status says for what (OrderHeld). A robot that carries its load
   goes on trying, if trying makes sense;
3. after `drop_wait_s` of that it is given up: before the pick it fails; after it, the load is put
   back first.

A load that is to be set down and can't go back to where it was goes to the nearest slot that is
free. A robot that is to charge anywhere goes to the nearest charger that nobody uses, aims at or
is sent to (`charging.py`). An order to charge waits until there is such a one, however long.
"""

from math import hypot

from robot_swarm_orch.coordinator import events, saga
from robot_swarm_orch.coordinator.saga import State
from robot_swarm_orch.types import NO_PLACE, OrderKind

MISSES = 3
"""Failures in a row after which a place counts as out of reach."""


class DropPlaces:
    """Decides on places for one leadership."""

    def __init__(self, parts, state):
        """Take site and settings from a replica.Parts; `state` is the FleetState."""
        self._site, self._state = parts.site, state
        self._wait_ms = int(parts.config.drop_wait_s * 1000.0)

    # Before the pick

    def ready(self, orders, now_ms):
        """
        Return (the orders that can begin, {order id: alternate drop}, events about the others).

        orders: waiting OrderRecords, the first that came first. now_ms: log time.
        """
        ready, drops, decided, aimed = [], {}, [], set()
        for order in orders:
            drop, why_not = self._drop_for(order, aimed)
            if why_not:
                decided += self._wait(order, why_not, now_ms)
                continue
            ready.append(order)
            if drop and drop != order.place('drop'):
                drops[order.order_id] = drop
            if drop in self._state.slots.places:
                aimed.add(drop)
        return ready, drops, decided

    def _drop_for(self, order, aimed):
        """Return (where a waiting order's load can go, why nowhere); ('', '') if it has none."""
        if order.leg_kind == OrderKind.CHARGE:
            return '', self._why_no_charger(order, aimed)
        if order.leg_kind != OrderKind.MOVE:
            return '', ''
        first = ''
        leg = order if order.kind == OrderKind.MOVE else order.present
        for place in (leg.drop, *leg.alternates):
            why_not = (self._state.why_not_ready(order, place) or self._why_blocked(place)
                       or place in aimed and f'{place} goes to an order that came first')
            if not why_not:
                return place, ''
            first = first or why_not
        return '', first

    def _why_no_charger(self, order, aimed):
        """Return why a waiting order to charge can't begin, '' if it can; claim its charger."""
        place = order.place('drop')
        for name in (place,) if place else self._site.chargers:
            if name not in aimed and self._can_charge(name, order):
                aimed.add(name)
                return ''
        return f'{place} is in use' if place else 'no charger is free'

    def _can_charge(self, name, order):
        """Return whether a waiting order could charge here; who stands here idle could do it."""
        node, state, keeper = self._site.places[name].node, self._state, self._state.keeper
        if (state.slots.aims_at(name, order.order_id) or self._is_sent_to(name, order.only_robot)
                or self._why_blocked(name)):
            return False
        owner = keeper.owner.get(node)
        return owner is None or (
            keeper.names[owner] == order.only_robot if order.only_robot
            else state.is_idle(keeper.names[owner]))

    def _is_sent_to(self, place, robot):
        """Return whether a robot other than this one is on its way to a place to park there."""
        return any(record.parking == place and record.open is not None
                   for name, record in self._state.robots.items() if name != robot)

    def chargers_wanted(self, orders):
        """Return for each order (OrderRecord) to charge where it wants to, '' for anywhere."""
        return tuple(order.place('drop') for order in orders
                     if order.leg_kind == OrderKind.CHARGE)

    def _why_blocked(self, place):
        """Return why nobody can drive to a place, '' if one can."""
        node, keeper = self._site.places[place].node, self._state.keeper
        if node in keeper.shut_nodes:
            return f'{place} is blocked by people'
        if node in keeper.blocked:
            return f'{place} is blocked by {keeper.names[keeper.blocked[node]]}'
        return ''

    def _wait(self, order, why_not, now_ms):
        """Return the events of an order that waits for its place."""
        reason = NO_PLACE + why_not
        if not order.held_ms:
            return [events.OrderHeld(order.order_id, reason)]
        if now_ms - order.held_ms >= self._wait_ms and order.leg_kind != OrderKind.CHARGE:
            return [events.OrderGivenUp(order.order_id, why_not)]
        return [] if order.reason == reason else [events.OrderHeld(order.order_id, reason)]

    # Under way

    def decide(self, node_of, now_ms):
        """
        Return events about the orders under way whose place can't be used, or is still open.

        node_of: function from a robot's name to the node where it stands, None if unknown. now_ms:
        log time.
        """
        decided, chosen = [], set()
        for record in self._state.robots.values():
            order = self._state.live.get(record.order_id)
            if order is None:
                continue
            if order.state in (State.TO_DROP, State.AT_DROP):
                decided += self._detour(order, chosen, now_ms)
            elif order.state in saga.CARRYING:
                decided += self._refuge(order, node_of(order.robot), chosen)
            elif order.state == State.TO_WORK and not order.place('drop'):
                decided += self._charger(order, node_of(order.robot), chosen)
        return decided

    def _detour(self, order, chosen, now_ms):
        """Return what becomes of an order whose load is on its way."""
        place = order.place('drop')
        why_not = self.why_unusable(order, place)
        if not why_not and order.misses >= MISSES:
            why_not = f'{order.robot} failed {order.misses} times on its way to {place}'
        if not why_not:
            return [events.OrderHeld(order.order_id, '')] if order.held_ms else []
        leg = order.present
        for other in (leg.drop, *leg.alternates):
            if other != place and other not in chosen and not self.why_unusable(order, other):
                chosen.add(other)
                return [events.OrderRedirected(order.order_id, other, why_not)]
        return self._wait(order, why_not, now_ms)

    def why_unusable(self, order, place):
        """Return why an order's load can't be set down at a place, '' if it can."""
        return (self._state.slots.why_taken(place, order.order_id) or self._why_blocked(place))

    def _refuge(self, order, node, chosen):
        """Return where a load is set down that is to be, if its place can't be used."""
        place = order.refuge
        if place and order.misses < MISSES and not self.why_unusable(order, place):
            return []
        free = [name for name in sorted(self._state.slots.places)
                if name not in (place, *chosen) and not self.why_unusable(order, name)]
        return self._redirect(order, node, free, chosen, 'the nearest place that is free')

    def _charger(self, order, node, chosen):
        """Return where a robot charges that may do so anywhere."""
        keeper, slots = self._state.keeper, self._state.slots
        free = [name for name in self._site.chargers
                if name not in chosen and not slots.aims_at(name, order.order_id)
                and not self._is_sent_to(name, order.robot)
                and (keeper.is_free(self._site.places[name].node)
                     or self._site.places[name].node == node)]
        return self._redirect(order, node, free, chosen, '')

    def _redirect(self, order, node, places, chosen, reason):
        """Return the event that sends an order to the place nearest to a node."""
        if node is None or not places:
            return []
        best = min(places, key=lambda name: (self._distance_m(node, name), name))
        chosen.add(best)
        return [events.OrderRedirected(order.order_id, best, reason)]

    def _distance_m(self, node, name):
        xy = self._site.xy
        (x, y), (other_x, other_y) = xy[node], xy[self._site.places[name].node]
        return hypot(other_x - x, other_y - y)
