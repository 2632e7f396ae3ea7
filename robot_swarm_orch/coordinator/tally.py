# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a leader counts of the orders, for its metrics: a matter of this process, not of the log.

Each event is counted by the leader that applies it, so the sum over all coordinators is the
fleet's, but for what was committed in the moment in which one leader died.
"""

from heapq import heappop, heappush

from robot_swarm_orch.coordinator import saga
from robot_swarm_orch.types import OrderKind

ENDS = {saga.State.DONE: 'done', saga.State.FAILED: 'failed'}
STATUSES = ('accepted', 'refused', 'done', 'failed', 'in_doubt')
RESULTS = ('assigned', 'refused', 'returned')
_TYPES = {kind.value: kind.name.lower() for kind in OrderKind}


def initial_counts():
    """Return the names of all counters that a leader may have, so that each begins at 0."""
    types = tuple(_TYPES.values())
    return (*(f'orders.{status}.{kind}' for status in STATUSES for kind in types),
            *(f'assignments.{result}' for result in RESULTS),
            *(f'deadline_misses.{kind}' for kind in types))


class Tally:
    """Counts for one leadership."""

    def __init__(self, parts, state):
        """
        Begin to count; `parts` is a replica.Parts, `state` the FleetState.

        A deadline that has passed already was the last leader's to count.
        """
        self._state = state
        self._count, self._observe, self._ros_time = parts.count, parts.observe, parts.ros_time
        self._watched, self._next = {}, []
        now_s = self._ros_time()
        for order in state.live.values():
            if order.deadline_s > now_s:
                self._watch(order)

    def refused(self, order) -> None:
        """Count an order (types.Order) that was not accepted; each copy of it counts."""
        self._count(f'orders.refused.{_TYPES.get(int(order.kind), "unknown")}')

    def applied(self, effects) -> None:
        """Count what a batch did to orders (records.Effects)."""
        for mark, order_id in effects.marks:
            order = self._state.order(order_id)
            kind = _TYPES.get(order.kind, 'unknown') if order is not None else 'unknown'
            if mark == 'accepted':
                self._count(f'orders.accepted.{kind}')
                if order.deadline_s > 0.0:
                    self._watch(order)
            elif mark == 'in_doubt':
                self._count(f'orders.in_doubt.{kind}')
            elif mark == 'ended':
                self._ended(order, kind)
            else:
                self._count(f'assignments.{mark}')

    def _ended(self, order, kind):
        """Count an order's end, and its lateness unless that was counted when it came."""
        self._count(f'orders.{ENDS[order.state]}.{kind}')
        if order.state == saga.State.DONE:
            self._observe(f'task_latency_s.{kind}',
                          (order.changed_ms - order.placed_ms) / 1000.0)
        deadline_s = self._watched.pop(order.order_id, None)
        if deadline_s is not None and deadline_s < self._ros_time():
            self._count(f'deadline_misses.{kind}')

    def _watch(self, order):
        self._watched[order.order_id] = order.deadline_s
        heappush(self._next, (order.deadline_s, order.order_id))

    def look_at_deadlines(self) -> None:
        """Count the open orders whose deadline has passed since the last look."""
        if not self._next:
            return
        now_s = self._ros_time()
        while self._next and self._next[0][0] < now_s:
            _, order_id = heappop(self._next)
            if self._watched.pop(order_id, None) is not None:
                order = self._state.live[order_id]
                self._count(f'deadline_misses.{_TYPES.get(order.kind, "unknown")}')
