# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The fleet state as it was at one index, packed slice by slice while the log goes on.

Packing a hundred thousand orders at once takes a third of a second, in which a coordinator would
neither lead nor follow. So a snapshot freezes the state, which takes milliseconds, and packs it
later, some at a time. Between slices the state moves on, and what is frozen must not: an order
that an entry is about to reach for is packed first, as it was (`LiveOrders.before`). This is
copying on write, as an operating system does it for a process that was forked; the copy is the
bytes that the snapshot needs anyway.

Only orders that live are many and change. What else changes is packed while it freezes, since it
is bounded by robots and nodes; what else is many (ended orders, ids) is made of values that never
change, so that holding them is enough.
"""

from io import BytesIO
from itertools import chain, islice

from robot_swarm_orch.codec import array_header, pack

SLICE = 500
"""Values that are packed in one go: orders take the longest, some microseconds each."""


class LiveOrders(dict):
    """
    Orders by id; `before`, if there is one, is called with each that somebody looks up.

    Whoever changes an order must have looked it up here: those that go through all of them
    (`values`, `items`) may only read.
    """

    __slots__ = ('before',)

    def __init__(self, orders=()):
        """Hold some, and tell nobody."""
        super().__init__(orders)
        self.before = None

    def __getitem__(self, order_id):
        """Return an order; KeyError if it is not here."""
        order = super().__getitem__(order_id)
        if self.before is not None:
            self.before(order)
        return order

    def get(self, order_id, default=None):
        """Return an order, or the default."""
        order = super().get(order_id, default)
        if self.before is not None and order is not None:
            self.before(order)
        return order


class Frozen:
    """
    A FleetState at one index.

    For reading: `index`, `time_ms` (its log time), and `data`: its canonical bytes once `step` has
    returned True, None until then.
    """

    def __init__(self, state, version: int):
        """Freeze a state, between two entries."""
        self.index, self.time_ms, self.data = state.index, state.time_ms, None
        self._packed = BytesIO()
        self._kept = {}  # order id -> its bytes as of `index`, where it was looked up since
        self._work = self._slices(self._sections(state, version))

    def keep(self, order) -> None:
        """Pack an order that is about to change; whether it is part of this need not be known."""
        if order.order_id not in self._kept:
            self._kept[order.order_id] = pack(order)

    def step(self) -> bool:
        """Pack a slice more; return whether that was the last."""
        if self.data is None and next(self._work, None) is None:
            self.data = self._packed.getvalue()
            self._packed = self._kept = self._work = None
        return self.data is not None

    def whole(self) -> bytes:
        """Pack what is left at once, and return all."""
        while not self.step():
            pass
        return self.data

    def _sections(self, state, version):
        """Return what is written one behind the other: (bytes, many values, how to pack each)."""
        head, tail = state.plain_head(), state.plain_tail()
        waiting = tuple(state.waiting)
        # Those that wait need no sorting: their order is a part of the state.
        orders = map(dict.copy(state.live).__getitem__, chain(state.busy(), waiting))
        short, newest = state.ended.to_frozen()
        digests = tuple(sorted(state.digests.items()))
        count = 2 * len(short)
        return (
            (array_header(4) + pack(version) + array_header(len(head) + 2 + len(tail))
             + b''.join(map(pack, head)) + array_header(len(state.live)), orders, self._of_order),
            (array_header(len(waiting)), waiting, pack),
            (b''.join(map(pack, tail)) + array_header(2) + array_header(count),
             chain.from_iterable(short.items()), pack),
            (pack(newest) + pack(digests), (), pack))

    def _of_order(self, order):
        return self._kept.get(order.order_id) or pack(order)

    def _slices(self, sections):
        """Write section after section, and pause after each slice."""
        for begins, values, packed in sections:
            self._packed.write(begins)
            left = iter(values)
            while some := b''.join(map(packed, islice(left, SLICE))):
                self._packed.write(some)
                yield True
