# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Storage places as slots: each takes one pallet, so no two drops may aim at one.

A slot is

- *aimed at* by the order that will set its load down there, from its assignment (or from when the
  place was chosen) until it has;
- *kept* for the orders that picked, or will pick, from it, until their drop is done: so the load
  can be put back. Of several the first that has to gets it; the others go elsewhere;
- *occupied* by a load, from a drop there until a pick from there, or by the word of a person.

Only what is occupied is a memory of its own; the rest follows from the orders. A slot of which
nothing is known may still hold a load: whoever orders a pick says that there is one. Stations take
any number of loads, so they are no slots; who aims at them is known all the same, and who is on
the way to a charger or parking place, or there.
"""

from robot_swarm_orch.coordinator.saga import SETTING_DOWN, State
from robot_swarm_orch.types import OrderKind

_ON_THE_WAY = frozenset((
    State.TO_PICK, State.AT_PICK, State.PICKING, State.PICK_IN_DOUBT, State.TO_DROP,
    State.AT_DROP, State.DROPPING, State.DROP_IN_DOUBT))
_AT_WORK = frozenset((State.GOING, State.TO_WORK, State.AT_WORK, State.WORKING))


class Slots:
    """
    Who aims at which place, and what stands where.

    For reading: `places` (names of the slots), `loads` (slot -> name of the load there).
    """

    def __init__(self):
        """Start without any slot."""
        self.places = frozenset()
        self.loads = {}
        self._aims = {}   # place -> set of ids of those that will set down, or go, there
        self._kept = {}   # slot -> set of ids of those that picked, or will pick, from it
        self._of = {}     # order id -> (place aimed at, slot kept), '' for none

    def lay(self, places) -> None:
        """Fix which places are slots."""
        self.places = frozenset(places)
        self.loads = {place: load for place, load in self.loads.items() if place in self.places}

    def note(self, order) -> None:
        """Bring what an OrderRecord aims at and keeps up to date."""
        claims = _claims_of(order)
        known = self._of.get(order.order_id, ('', ''))
        if claims == known:
            return
        for index, place, was in zip((self._aims, self._kept), claims, known):
            if was:
                index[was].discard(order.order_id)
                if not index[was]:
                    del index[was]
            if place:
                index.setdefault(place, set()).add(order.order_id)
        if any(claims):
            self._of[order.order_id] = claims
        else:
            del self._of[order.order_id]

    def take(self, place) -> None:
        """Note that a load was picked up from a place."""
        self.loads.pop(place, None)

    def put(self, place, load) -> None:
        """Note that a load was set down at a place."""
        if place in self.places:
            self.loads[place] = load

    def aims_at(self, place, order_id='') -> tuple:
        """Return the other orders that will set a load down, charge or park at a place."""
        return _others(self._aims.get(place, ()), order_id)

    def why_taken(self, place, order_id='') -> str:
        """Return why an order may not set its load down at a place, '' if it may."""
        if place not in self.places:
            return ''
        if place in self.loads:
            load = self.loads[place]
            return f'{place} holds ' + (f'the load {load}' if load else 'a load')
        for other in self.aims_at(place, order_id):
            return f'{place} is where order {other} sets its load down'
        kept = self._kept.get(place, ())
        for other in () if order_id in kept else _others(kept, order_id):
            return f'{place} is kept for the load of order {other} until that is delivered'
        return ''

    def to_plain(self) -> tuple:
        """Return what must be remembered as plain values, the same for equal states."""
        return tuple(sorted(self.places)), tuple(sorted(self.loads.items()))

    @classmethod
    def from_plain(cls, plain, orders) -> 'Slots':
        """Return what `to_plain` described, with the claims of some OrderRecords."""
        slots = cls()
        slots.places, slots.loads = frozenset(plain[0]), dict(plain[1])
        for order in orders:
            slots.note(order)
        return slots


def _others(order_ids, order_id):
    """Return the others in one order, the same in all replicas."""
    return tuple(sorted(other for other in order_ids if other != order_id))


def _claims_of(order):
    """Return the place that an order aims at and the slot that it keeps, '' for none."""
    state = order.state
    if state in _ON_THE_WAY:
        return order.place('drop'), order.place('pick')
    if state in SETTING_DOWN:
        return order.refuge, order.place('pick')
    if state in _AT_WORK and order.leg_kind in (OrderKind.CHARGE, OrderKind.PARK):
        return order.place('drop'), ''
    return '', ''
