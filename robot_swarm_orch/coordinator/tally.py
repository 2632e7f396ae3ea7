# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a leader counts of the orders, for its metrics: a matter of this process, not of the log.

Each event is counted by the leader that applies it, so the sum over all coordinators is the
fleet's, but for what was committed in the moment in which one leader died. The parts of an order
that was split are not counted beside it.
"""

from heapq import heappop, heappush

from robot_swarm_orch.coordinator import saga
from robot_swarm_orch.types import OrderKind

ENDS = {saga.State.DONE: 'done', saga.State.FAILED: 'failed', saga.State.CANCELLED: 'cancelled'}
STATUSES = ('accepted', 'refused', 'done', 'failed', 'cancelled', 'in_doubt')
RESULTS = ('assigned', 'refused', 'returned')
_TYPES = {kind.value: kind.name.lower() for kind in OrderKind}


def initial_counts():
    """Return the names of all counters that a leader may have, so that each begins at 0."""
    types = tuple(_TYPES.values())
    return (*(f'orders.{status}.{kind}' for status in STATUSES for kind in types),
            *(f'assignments.{result}' for result in RESULTS),
            *(f'deadline_misses.{kind}' for kind in types))


class Tally:
    """Counts for one leadership, and the deadlines that it watches."""

    def __init__(self, parts, state):
        """Begin to count; `parts` is a replica.Parts, `state` the FleetState."""
        self._state = state
        self._count, self._observe, self._ros_time = parts.count, parts.observe, parts.ros_time
        self._next = []  # heap of (deadline, order id), outdated ones too
        for order in state.live.values():
            self._watch(order)

    def refused(self, order) -> None:
        """Count an order (types.Order) that was not accepted; each copy of it counts."""
        self._count(f'orders.refused.{_TYPES.get(int(order.kind), "unknown")}')

    def applied(self, effects) -> None:
        """Count what a batch did to orders (records.Effects)."""
        for mark, order_id in effects.marks:
            order = self._state.order(order_id)
            if order is not None and mark in ('accepted', 'amended'):
                self._watch(order)
            if order is None or not order.parent:
                self._note(mark, order)

    def _note(self, mark, order):
        """Count one thing that happened to an order that is no part."""
        kind = _TYPES.get(order.kind, 'unknown') if order is not None else 'unknown'
        if mark in ('accepted', 'in_doubt'):
            self._count(f'orders.{mark}.{kind}')
        elif mark == 'late':
            self._count(f'deadline_misses.{kind}')
        elif mark in RESULTS:
            self._count(f'assignments.{mark}')
        elif mark == 'ended':
            self._count(f'orders.{ENDS[order.state]}.{kind}')
            if order.state == saga.State.DONE:
                self._observe(f'task_latency_s.{kind}',
                              (order.changed_ms - order.placed_ms) / 1000.0)

    def _watch(self, order):
        if order.deadline_s > 0.0 and not order.is_late:
            heappush(self._next, (order.deadline_s, order.order_id))

    def missed(self) -> tuple:
        """Return the open orders whose deadline has passed since the last look."""
        if not self._next:
            return ()
        now_s, missed = self._ros_time(), []
        while self._next and self._next[0][0] < now_s:
            deadline_s, order_id = heappop(self._next)
            order = self._state.live.get(order_id)
            if order is not None and order.deadline_s == deadline_s and not order.is_late:
                missed.append(order_id)
        return tuple(missed)
