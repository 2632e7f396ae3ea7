# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The demo's client: keeps the fleet in work and remembers what became of each order.

An order is sent again, with growing pauses, until a TaskStatus names it. After that it is asked
for only when nothing was heard of it for long, since a status may be lost with a leader. A nervous
client (`retries_per_s`) hands orders in again at random besides, also long after they have ended.
"""

from collections import Counter, deque
from dataclasses import replace
import random
from typing import Dict, Iterable, List, Optional, Set

from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.types import Order, OrderState, OrderStatus

ENDED = frozenset((OrderState.DONE, OrderState.FAILED, OrderState.CANCELLED))
RESEND_FIRST_S, RESEND_MAX_S = 0.5, 4.0
ASK_AFTER_S = 60.0
ASK_AT_ONCE = 10  # questions about silent orders in one go
# Orders are due some minutes after they were handed in. Every tenth is urgent: due in a time that
# hardly suffices for the way, so that a demo shows missed deadlines too. Orders of short trips are
# all alike: an urgent one would draw a robot away from those beside it.
DUE_S, URGENT_DUE_S, URGENT_EVERY = 300.0, 60.0, 10


class _Entry:
    """One order and what is known of it."""

    __slots__ = ('order', 'state', 'seq', 'heard_s', 'due_s', 'pause_s')

    def __init__(self, order: Order, now_s: float):
        self.order = order
        self.state: Optional[OrderState] = None
        self.seq = -1
        self.heard_s = now_s
        self.due_s = now_s
        self.pause_s = RESEND_FIRST_S


class OrderDesk:
    """Hands in a stream of orders, closed loop."""

    def __init__(self, stream: OrderStream, retries_per_s: float = 0.0, seed: int = 0):
        """Start with an empty book."""
        self._retries_per_s, self._rng = retries_per_s, random.Random(f'retries {seed}')
        self._retried_s: Optional[float] = None
        self._names: List[str] = []
        self.retries = self.retries_after_end = 0
        self.taken_back: Dict[str, str] = {}  # order -> what was said of it after its end
        self._stream = stream
        self._entries: Dict[str, _Entry] = {}
        self._unanswered: Dict[str, _Entry] = {}
        self._waiting: Set[str] = set()  # no robot yet, as far as was heard
        self.accepted: Set[str] = set()
        self.done_s: Dict[str, float] = {}
        self.accepted_s: List[float] = []
        self.ended: Dict[str, OrderState] = {}
        self.refused: Counter = Counter()
        self._quiet: deque = deque()

    def refill(self, now_s: float, ros_s: float = 0.0) -> None:
        """
        Write new orders, as many as the stream wants for those that wait.

        ros_s: ROS time, for their deadlines [s]; 0: they get none.
        """
        for order in self._stream.refill(len(self._waiting)):
            if ros_s:
                urgent = (len(self._entries) % URGENT_EVERY == 0
                          and not self._stream.is_local)
                order = replace(order, deadline_s=ros_s + (URGENT_DUE_S if urgent else DUE_S))
            entry = _Entry(order, now_s)
            self._entries[order.order_id] = self._unanswered[order.order_id] = entry
            self._waiting.add(order.order_id)
            self._quiet.append(order.order_id)
            self._names.append(order.order_id)

    def due(self, now_s: float) -> List[Order]:
        """Return the orders to send now, new ones and those sent again."""
        orders = []
        for entry in self._unanswered.values():
            if entry.due_s <= now_s:
                entry.due_s = now_s + entry.pause_s
                entry.pause_s = min(2.0 * entry.pause_s, RESEND_MAX_S)
                orders.append(entry.order)
        return orders + self._silent(now_s) + self._again(now_s)

    def _again(self, now_s: float) -> List[Order]:
        """Return orders that a nervous client hands in once more, whatever it knows of them."""
        since_s, self._retried_s = self._retried_s, now_s
        if since_s is None or not self._names or not self._retries_per_s:
            return []
        many, rest = divmod(self._retries_per_s * (now_s - since_s), 1.0)
        count = int(many) + (self._rng.random() < rest)
        chosen = [self._entries[self._rng.choice(self._names)] for _ in range(count)]
        self.retries += count
        self.retries_after_end += sum(entry.state in ENDED for entry in chosen)
        return [entry.order for entry in chosen]

    def _silent(self, now_s: float) -> List[Order]:
        """Return some open orders of which nothing was heard for long."""
        orders = []
        for _ in range(min(ASK_AT_ONCE, len(self._quiet))):
            entry = self._entries[self._quiet[0]]
            if entry.state in ENDED or entry.state == OrderState.REFUSED:
                self._quiet.popleft()
            elif entry.state is not None and now_s - entry.heard_s > ASK_AFTER_S:
                self._quiet.rotate(-1)
                entry.heard_s = now_s
                orders.append(entry.order)
            else:
                self._quiet.rotate(-1)
        return orders

    def hear(self, now_s: float, status: OrderStatus) -> None:
        """Take in what became of an order; older news than known and others' orders count not."""
        name = status.order_id
        entry = self._entries.get(name)
        if entry is None:
            return
        self._unanswered.pop(name, None)
        entry.heard_s = now_s
        said = OrderState(status.state)
        if entry.state in ENDED and said != entry.state and status.seq >= entry.seq or (
                name in self.accepted and said in (OrderState.REFUSED, OrderState.UNKNOWN)):
            self.taken_back[name] = f'{entry.state.name}, then {said.name}'
        if status.state == OrderState.REFUSED:
            if entry.state is None:
                entry.state = status.state
                self._waiting.discard(name)
                self.refused[status.reason] += 1
            return
        if status.seq < entry.seq or status.state == OrderState.UNKNOWN or entry.state in ENDED:
            return
        entry.seq, entry.state = status.seq, OrderState(status.state)
        if name not in self.accepted:
            self.accepted.add(name)
            self.accepted_s.append(now_s)
        if status.state == OrderState.ACCEPTED:
            self._waiting.add(name)
        else:
            self._waiting.discard(name)
        if status.state in ENDED:
            self.ended[name] = entry.state
            if status.state == OrderState.DONE:
                self.done_s[name] = now_s

    def ask(self, names: Iterable[str]) -> None:
        """Ask for orders again at the next turn, and until they are answered."""
        for name in names:
            entry = self._entries[name]
            entry.due_s, entry.pause_s = float('-inf'), RESEND_FIRST_S
            self._unanswered[name] = entry

    def unheard_since(self, names: Iterable[str], time_s: float) -> Set[str]:
        """Return those of some orders of which nothing was heard since a time."""
        return {name for name in names if self._entries[name].heard_s < time_s}

    def open(self) -> Set[str]:
        """Return the orders that were accepted and have not ended."""
        return self.accepted - self.ended.keys()

    def unanswered(self) -> int:
        """Return how many orders nobody has answered yet."""
        return len(self._unanswered)

    def state_of(self, name: str) -> Optional[OrderState]:
        """Return what was last heard of an order."""
        return self._entries[name].state

    def drop_of(self, names: Iterable[str]) -> Dict[str, str]:
        """Return where each of some orders was to be dropped."""
        return {name: self._entries[name].order.drop for name in names}
