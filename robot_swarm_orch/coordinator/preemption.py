# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which robots a more urgent order may take away from others before anything was touched.

Only robots on the way to a pick, to work or to a place, with an order of one leg or in its first
leg, and only for an order whose priority is higher by the configured gap. Since a priority must be
higher, no two orders take a robot from each other for ever.
"""

from robot_swarm_orch.coordinator import saga
from robot_swarm_orch.coordinator.saga import Event


def candidates(state, order, gap: int) -> list:
    """
    Return (robot name, OrderRecord that it would lose) for a waiting order, by robot name.

    state: FleetState. gap: by how much the priority must be higher; 0: no robot is taken away.
    """
    if gap <= 0:
        return []
    most, found = order.priority - gap, []
    # By robots, of which there are few: orders may wait by the ten thousand.
    for name, record in sorted(state.robots.items()):
        other = state.live.get(record.order_id)
        if (other is not None and other.priority <= most and not other.leg
                and Event.PREEMPTED in saga.TRANSITIONS[other.state]
                and not record.lost and name not in state.pauses.drained
                and order.only_robot in ('', name)):
            found.append((name, other))
    return found


def takeovers(state, orders, gap: int, cost_s) -> list:
    """
    Return (robot name, order that it loses, order that it gets), each robot and order once.

    orders: waiting OrderRecords that no idle robot got. cost_s: function from a robot's name and
    an order to what the way costs it [s], None if it can't go now.
    """
    taken, result = set(), []
    for order in sorted(orders, key=lambda order: (-order.priority, order.order_id)):
        costs = [(cost, name, other) for name, other in candidates(state, order, gap)
                 if name not in taken and (cost := cost_s(name, order)) is not None]
        if costs:
            _, name, other = min(costs, key=lambda found: found[:2])
            taken.add(name)
            result.append((name, other, order))
    return result
