# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Orders that ended: the newest whole, the others as no more than their idempotency keys need.

An id must answer for its order long after the order ended, so that handing it in again does no
harm. A whole record is ten times what that takes, and each snapshot holds them all: so only the
newest stay whole, for a new leader to tell again. Of the others the state keeps what was ordered
(a digest), how and when it ended, and by which robot; the rest is in the event log
(`chronicle.py`).
"""

from itertools import chain
from typing import Iterator, Optional, Tuple

from robot_swarm_orch.codec import pack, unpack
from robot_swarm_orch.coordinator.records import OrderRecord

WHOLE = 100
"""Orders that stay whole, the newest that ended."""


class EndedOrders:
    """
    A mapping from order id to OrderRecord, in the order in which the orders ended.

    A record that is not among the newest has only its id, content, kind, state, index,
    changed_ms, robot, whether it was late, and a reason unless it was done. Its trace_id is empty.
    """

    __slots__ = ('_whole', '_short')

    def __init__(self):
        """Start with none."""
        self._whole = {}
        self._short = {}

    def add(self, order: OrderRecord) -> None:
        """Take in an order that has just ended; it stays whole until the next `shorten`."""
        self._whole[order.order_id] = order

    def shorten(self) -> None:
        """Keep only the newest whole."""
        many = len(self._whole) - WHOLE
        if many > 0:
            for order_id in list(self._whole)[:many]:
                self._short[order_id] = pack(self._whole.pop(order_id).short())

    def forget(self, before_ms: int, keep: int) -> None:
        """Forget what ended before a log time, and all but the `keep` newest (0: any number)."""
        beyond = len(self) - keep if keep else 0
        old = []
        for order_id in self:
            if len(old) >= beyond and self[order_id].changed_ms >= before_ms:
                break
            old.append(order_id)
        for order_id in old:
            del self[order_id]

    @property
    def oldest_ms(self) -> Optional[int]:
        """Log time at which the oldest ended, None if there is none."""
        oldest = next(iter(self), None)
        return None if oldest is None else self[oldest].changed_ms

    def newest(self) -> Tuple[OrderRecord, ...]:
        """Return those that are whole, oldest first."""
        return tuple(self._whole.values())

    def get(self, order_id: str) -> Optional[OrderRecord]:
        """Return what is known of an order, None if it is not here."""
        whole = self._whole.get(order_id)
        if whole is not None:
            return whole
        short = self._short.get(order_id)
        return None if short is None else OrderRecord.from_short(order_id, unpack(short))

    def __getitem__(self, order_id: str) -> OrderRecord:
        """Return what is known of an order; KeyError if it is not here."""
        order = self.get(order_id)
        if order is None:
            raise KeyError(order_id)
        return order

    def __delitem__(self, order_id: str) -> None:
        """Forget an order; KeyError if it is not here."""
        del (self._whole if order_id in self._whole else self._short)[order_id]

    def __contains__(self, order_id: str) -> bool:
        """Return whether an order is known."""
        return order_id in self._short or order_id in self._whole

    def __iter__(self) -> Iterator[str]:
        """Go through the ids in the order in which their orders ended."""
        return chain(self._short, self._whole)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._short) + len(self._whole)

    def to_plain(self) -> tuple:
        """Return everything as plain values and records, the same for equal contents."""
        return tuple(chain.from_iterable(self._short.items())), tuple(self._whole.values())

    def to_frozen(self) -> tuple:
        """Return the same, but as a dict those that are short: a copy that takes little time."""
        return self._short.copy(), tuple(self._whole.values())

    @classmethod
    def from_plain(cls, plain: tuple) -> 'EndedOrders':
        """Return what `to_plain` described."""
        ended = cls()
        short, whole = plain
        ended._short = dict(zip(short[::2], short[1::2]))
        ended._whole = {order.order_id: order for order in whole}
        return ended
