# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Audit notes on their way into the fleet's log.

A note of what was refused is said once, and so many of one client as a person would cause. A note
of an emergency stop is kept and repeated until it is in the log, since a stop needs no leader and
most matters when there is none; one that was said twice may stand there twice.
"""

import asyncio
from collections import deque
from contextlib import suppress
import random
from typing import Callable

from robot_swarm_orch.acts import AuditNote
from robot_swarm_orch.errors import SwarmError
from robot_swarm_orch.gateway.limits import Buckets, full_jitter_s

_NOTES_PER_S, _NOTES_BURST, _NOTES_OPEN_MAX = 0.2, 10, 32
_NOTE_MAX = 250
# Notes of stops that wait for a leader; how long until one is said again, at first and at most.
KEPT_MAX, _AGAIN_S, _AGAIN_MAX_S = 500, 0.5, 10.0


class Notes:
    """What is to be written down, and the tasks that see to it."""

    def __init__(self, port, clock: Callable[[], float], count: Callable[[str], None]):
        """Write by a port. clock: steady [s]. count(name): counts notes that are dropped."""
        self._port, self._clock, self._count = port, clock, count
        self._rate = Buckets(_NOTES_PER_S, _NOTES_BURST)
        self._tasks = set()
        self._kept, self._keeper = deque(), None
        self._rng = random.Random()

    def add(self, subject: str, what: str, result: str) -> None:
        """Write a note if a leader takes it now, and not too many of one client."""
        if len(self._tasks) >= _NOTES_OPEN_MAX or self._rate.wait_s(self._clock(), subject):
            self._drop()
            return
        task = asyncio.get_running_loop().create_task(self._try(_note(subject, what, result)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def keep(self, subject: str, what: str, result: str) -> None:
        """Write a note, now or as soon as a leader takes it."""
        if len(self._kept) >= KEPT_MAX:
            self._drop()
            return
        self._kept.append(_note(subject, what, result))
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.get_running_loop().create_task(self._write_kept())

    async def close(self) -> None:
        """Give notes under way a moment; what is not written then is lost, and counted."""
        tasks = [*self._tasks, *([self._keeper] if self._keeper else [])]
        if tasks:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait(tasks, timeout=0.2)
        for task in tasks:
            task.cancel()
        while self._kept:
            self._kept.popleft()
            self._drop()

    def _drop(self):
        self._count('gateway_notes_dropped')

    async def _try(self, note):
        try:
            done, _ = await self._port.operate(note)
        except SwarmError:
            done = False
        if not done:
            self._drop()

    async def _write_kept(self):
        """Say the oldest note again until it is decided, then the next."""
        attempt = 0
        while self._kept:
            try:
                done, _ = await self._port.operate(self._kept[0])
            except SwarmError:
                await asyncio.sleep(full_jitter_s(attempt, _AGAIN_S, _AGAIN_MAX_S, self._rng))
                attempt += 1
                continue
            self._kept.popleft()
            attempt = 0
            if not done:
                self._drop()


def _note(subject, what, result):
    return AuditNote(what[:_NOTE_MAX], result[:_NOTE_MAX], subject)
