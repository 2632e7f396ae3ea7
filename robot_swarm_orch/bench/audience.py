# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
An audience: clients of a gateway's streams in a process of their own.

They must not delay whoever hands orders in and is timed, nor be delayed by that. The process
notes how late its own timers ring: an audience that was late itself says nothing of the gateway.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
import gc
import multiprocessing
import random
import time
from typing import Dict, List, Tuple

from robot_swarm_orch.bench.group import BenchFailed
from robot_swarm_orch.bench.listeners import by_server_sent_events, by_websocket, Journal, listen

LOOK_S = 0.02
_ANSWER_S = 60.0


@dataclass
class Told:
    """What came of one client."""

    returns: list
    gaps: int
    holes: int
    behind: int                # events that the fullest journal has beyond its newest, in the end
    heard: int
    missed: int = 0            # events of a list that it should have heard and did not
    is_open: bool = True
    lags_s: List[float] = field(default_factory=list)
    refusals: Counter = field(default_factory=Counter)


@dataclass
class AudienceReport:
    """What came of all clients, and how late their process was."""

    clients: List[Told]
    late_s: List[float]


class Audience:
    """
    The process, from `__init__` to `finish` or `end`.

    places: (is_websocket, token) of each client. seed: of the random waits.
    """

    def __init__(self, host: str, port: int, places: List[Tuple[bool, str]], seed: int = 1):
        """Start to listen."""
        spawn = multiprocessing.get_context('spawn')
        self._count = len(places)
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_run, args=(theirs, host, port, places, seed),
                                      daemon=True)
        self._process.start()

    def wait_until_open(self, for_s: float) -> None:
        """Wait until all streams stand; raises BenchFailed."""
        end_s, standing, refusals = time.monotonic() + for_s, 0, {}
        while standing < self._count:
            if time.monotonic() > end_s:
                raise BenchFailed(f'{standing} of {self._count} streams stood after {for_s:g} s; '
                                  f'attempts that failed: {refusals}')
            time.sleep(0.1)
            standing, refusals = self._ask(('standing',))

    def forget(self) -> None:
        """Count only what is heard from now on."""
        self._ask(('forget',))

    def finish(self, stamps: Dict[Tuple[str, int], float]) -> AudienceReport:
        """
        End, and return what came of it.

        stamps: (order id, log index) -> when it was told [s, steady clock], of all events that
        each client should have heard.
        """
        report = self._ask(('finish', stamps))
        self.end()
        return report

    def end(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join()

    def _ask(self, question):
        self._pipe.send(question)
        if not self._pipe.poll(_ANSWER_S):
            raise BenchFailed("the process of the streams' clients does not answer")
        return self._pipe.recv()


def _run(pipe, host, port, places, seed):
    """Be the process."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    asyncio.run(_listen(pipe, host, port, places, seed))


async def _listen(pipe, host, port, places, seed):
    journals = [Journal() for _ in places]
    tasks = [asyncio.ensure_future(listen(
        journal, (by_websocket if is_websocket else by_server_sent_events)(host, port, token),
        random.Random(f'{seed} {number}')))
        for number, (journal, (is_websocket, token)) in enumerate(zip(journals, places))]
    loop, late_s = asyncio.get_running_loop(), []
    while True:
        due_s = loop.time() + LOOK_S
        await asyncio.sleep(LOOK_S)
        late_s.append(loop.time() - due_s)
        for task in tasks:
            if task.done():
                task.result()  # raises: a client never ends by itself
        if not pipe.poll():
            continue
        what, *more = pipe.recv()
        if what == 'standing':
            pipe.send((sum(journal.is_open for journal in journals),
                       dict(sum((journal.refusals for journal in journals), Counter()))))
        elif what == 'forget':
            late_s.clear()
            for journal in journals:
                journal.heard.clear()
                journal.refusals.clear()
            pipe.send(None)
        else:
            pipe.send(AudienceReport(tell_all(journals, *more), late_s))
            return


def tell_all(journals: List[Journal], stamps: Dict[Tuple[str, int], float]) -> List[Told]:
    """Return what came of each client; `stamps` as in `Audience.finish`."""
    newest = max((number_of(journal.place) for journal in journals if journal.place), default=0)
    told = []
    for journal in journals:
        heard = {(word.order_id, word.index): at_s for word, at_s in journal.heard
                 if word.kind == 'order'}
        lags_s = [heard[key] - stamp_s for key, stamp_s in stamps.items() if key in heard]
        told.append(Told(
            journal.returns, journal.gaps, journal.holes,
            newest - number_of(journal.place) if journal.place else newest, len(heard),
            len(stamps) - len(lags_s), journal.is_open, lags_s, journal.refusals))
    return told


def number_of(event_id: str) -> int:
    """Return the number in an event's id."""
    return int(event_id.rpartition('-')[2])
