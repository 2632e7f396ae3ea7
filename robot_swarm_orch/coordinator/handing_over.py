# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Loaded robots whose battery will not reach the drop: another robot brings the load there.

An order is given only to a robot that can finish it and has `battery_reserve` left (`energy.py`).
So this is for what nobody foresaw: a jam, a detour, a battery that is old. A robot for which even
the reserve is not enough to reach its drop, and a charger from there, sets its load down in the
free slot that costs it least, if that costs less than to go on. The order then waits for a robot
that can finish it (`saga.Event.HAND_OVER`), and this one charges.
"""

from robot_swarm_orch.coordinator import events
from robot_swarm_orch.coordinator.saga import State


def hand_overs(state, site, energy, battery_of, node_of, why_unusable) -> list:
    """
    Return the events that have loads set down for another robot.

    state: FleetState. energy: Energy. battery_of, node_of: functions from a robot's name to its
    charge, 0 to 1 or NaN, and to the node where it stands or None. why_unusable(order, place):
    why no load of an order can be set down at a slot, '' if it can.
    """
    decided, chosen = [], set()
    for name, record in state.robots.items():
        order = state.live.get(record.order_id)
        if order is None or order.state != State.TO_DROP or record.lost:
            continue
        node = node_of(name)
        if node is None:
            continue
        drop, battery = site.places[order.place('drop')].node, battery_of(name)
        if energy.reaches(battery, (node, drop)):
            continue
        place = _cheapest(state, site, energy, order, node, chosen, why_unusable)
        if place and (energy.way_s((node, site.places[place].node))
                      < energy.way_s((node, drop))):
            chosen.add(place)
            decided.append(events.LoadHandedOver(order.order_id, place, (
                f'the battery of {name}, at {100.0 * battery:.0f} %, does not reach '
                f'{order.place("drop")} and a charger')))
    return decided


def _cheapest(state, site, energy, order, node, chosen, why_unusable):
    """Return the free slot that is least far on the way to a charger, '' if none is free."""
    free = [name for name in sorted(state.slots.places - chosen)
            if not why_unusable(order, name)]
    return min(free, default='',
               key=lambda name: energy.way_s((node, site.places[name].node)))
