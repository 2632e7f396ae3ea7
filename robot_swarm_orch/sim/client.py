# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A customer of the fleet: hands in orders, repeats them until answered, keeps their status."""

from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.types import OrderState

# An order without any answer is handed in again after this long, under the same id [s].
_REPEAT_S = 1.0


class Client:
    """Keeps a closed loop of orders going, and remembers what was answered."""

    def __init__(self, site, seed: int, robots: int, backlog: int = 0):
        """Start with no order handed in."""
        self._stream = OrderStream(site, seed, robots, backlog)
        self.orders = {}  # order id -> Order
        self.status = {}  # order id -> newest OrderStatus
        self.done_s = {}  # order id -> when DONE was heard
        self._asked_s = {}  # order id -> when last handed in, until answered
        self._waiting = set()

    def submissions(self, now_s: float) -> list:
        """Return the orders to hand in now: new ones, and those that nobody answered."""
        again = [order for order, asked in self._asked_s.items() if now_s - asked > _REPEAT_S]
        fresh = self._stream.refill(self.waiting())
        for order in fresh:
            self.orders[order.order_id] = order
            self._waiting.add(order.order_id)
        result = [self.orders[order] for order in again] + list(fresh)
        for order in result:
            self._asked_s[order.order_id] = now_s
        return result

    def waiting(self) -> int:
        """Return how many orders have no robot yet, as far as the client knows."""
        return len(self._waiting)

    def hear(self, now_s: float, status) -> None:
        """Take in an answer; an older one than known changes nothing."""
        known = self.status.get(status.order_id)
        if known is not None and known.seq >= status.seq:
            return
        self.status[status.order_id] = status
        self._asked_s.pop(status.order_id, None)
        if status.state in (OrderState.UNKNOWN, OrderState.ACCEPTED):
            self._waiting.add(status.order_id)
        else:
            self._waiting.discard(status.order_id)
        if status.state == OrderState.DONE:
            self.done_s.setdefault(status.order_id, now_s)

    def count(self, *states) -> int:
        """Return how many orders are in one of these states."""
        return sum(status.state in states for status in self.status.values())

    def done_between(self, start_s: float, end_s: float) -> int:
        """Return how many orders were called done in a stretch of time."""
        return sum(start_s < at <= end_s for at in self.done_s.values())
