# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What happened, numbered and kept for a while, so that a client that was away can go on.

Each gateway numbers by itself, from its start: an event's id is `<start>-<number>`. A client that
comes back to another gateway, or too late, is told of the gap, and reads the log (`/audit`).
"""

import asyncio
from collections import deque, OrderedDict
import json
import re
import secrets
from typing import NamedTuple, Optional

from robot_swarm_orch.types import OrderState

_ID = re.compile(r'([0-9a-f]{8})-([0-9]{1,18})').fullmatch
_ORDERS_KNOWN = 100_000


class Event(NamedTuple):
    """One thing that happened: its number, its kind (`order`, `leader`), and JSON about it."""

    number: int
    kind: str
    text: str


class Ring:
    """The newest events, by number, from 1 on."""

    def __init__(self, kept: int, start: Optional[str] = None):
        """Keep so many; `start` tells this ring's ids from those of others."""
        self.start = start or secrets.token_hex(4)
        self._events = deque(maxlen=kept)
        self.last = 0

    @property
    def first(self) -> int:
        """Return the number of the oldest event that is kept, or that will be."""
        return self.last + 1 - len(self._events)

    def add(self, kind: str, content: dict) -> None:
        """Add an event."""
        self.last += 1
        self._events.append(Event(self.last, kind, json.dumps(content, separators=(',', ':'))))

    def id_of(self, number: int) -> str:
        """Return the id of an event."""
        return f'{self.start}-{number}'

    def number_of(self, event_id: str) -> Optional[int]:
        """Return the number of an event that this ring gave out; None for any other id."""
        found = _ID(event_id)
        if found is None or found[1] != self.start or int(found[2]) > self.last:
            return None
        return int(found[2])

    def after(self, number: int, most: int = 100) -> list:
        """Return the events after a number, oldest first; those not kept any more are left out."""
        begin = max(0, number + 1 - self.first)
        return [self._events[index]
                for index in range(begin, min(len(self._events), begin + most))]


class Hub:
    """
    Listens to the fleet, fills the ring, and wakes who streams from it.

    status_word: makes JSON content of an OrderStatus.
    """

    def __init__(self, kept: int, status_word):
        """Start with nothing heard."""
        self.ring = Ring(kept)
        self.view = None
        self.readers = set()
        self.closing = False
        self.index = 0               # newest log index heard of
        self._status_word = status_word
        self._seen = OrderedDict()   # order id -> newest seq told

    def hear_status(self, status) -> None:
        """Take in an order's state; what was told before, or is no fact of the log, is no news."""
        if status.state in (OrderState.REFUSED, OrderState.UNKNOWN):
            return
        known = self._seen.pop(status.order_id, 0)
        self._seen[status.order_id] = max(known, status.seq)
        if status.seq <= known:
            return
        if len(self._seen) > _ORDERS_KNOWN:
            self._seen.popitem(last=False)
        self.index = max(self.index, status.seq)
        self._tell('order', self._status_word(status))

    def hear_view(self, view) -> None:
        """Take in the fleet at a glance; a new leader is an event."""
        before, self.view = self.view, view
        self.index = max(self.index, view.commit_index)
        if before is None or (before.leader_id, before.term) != (view.leader_id, view.term):
            self._tell('leader', {'leader': view.leader_id, 'term': view.term})
        for reader in self.readers:
            reader.hear_view(view)

    def hear_report(self, report) -> None:
        """Hand a robot's report to who wants it."""
        for reader in self.readers:
            reader.hear_report(report)

    def _tell(self, kind, content):
        self.ring.add(kind, content)
        for reader in self.readers:
            reader.news.set()

    def close(self) -> None:
        """Let all streams end."""
        self.closing = True
        for reader in self.readers:
            reader.news.set()


class Reader:
    """One client's place in the ring, and the newest word on each thing that it looks at."""

    def __init__(self, hub: Hub, after: Optional[str], wants_telemetry: bool = False):
        """
        Begin after an event's id; None: with what comes next.

        `missed` is true if events after that id are not kept, or the id is not this ring's.
        """
        self._hub, self._wants = hub, wants_telemetry
        self.news = asyncio.Event()
        self.telemetry = OrderedDict()  # ('robot', name) or ('fleet', '') -> newest value
        self._timed_out = False
        ring = hub.ring
        known = ring.last if after is None else ring.number_of(after)
        self.missed = known is None or known + 1 < ring.first
        self.at = max(known if known is not None else ring.last, ring.first - 1)

    def __enter__(self):
        """Begin to be woken."""
        self._hub.readers.add(self)
        return self

    def __exit__(self, *_):
        """Be woken no more."""
        self._hub.readers.discard(self)

    async def wait(self, for_s: float) -> bool:
        """Wait for news, no longer than for a time; return whether there are any."""
        timer = asyncio.get_running_loop().call_later(for_s, self._wake)
        self._timed_out = False
        try:
            await self.news.wait()
        finally:
            timer.cancel()
        return not self._timed_out

    def _wake(self):
        self._timed_out = True
        self.news.set()

    @property
    def behind(self) -> int:
        """Return how many events are not taken yet."""
        return self._hub.ring.last - self.at

    def take(self) -> list:
        """Return the next events; `missed` turns true if some were lost before they were taken."""
        ring = self._hub.ring
        if self.at + 1 < ring.first:
            self.missed, self.at = True, ring.first - 1
        events = ring.after(self.at)
        if events:
            self.at = events[-1].number
        return events

    def hear_view(self, view) -> None:
        """Keep the newest view."""
        self._keep(('fleet', ''), view)

    def hear_report(self, report) -> None:
        """Keep the newest report of a robot."""
        self._keep(('robot', report.robot), report)

    def _keep(self, key, value):
        if self._wants:
            self.telemetry[key] = value
            self.news.set()
