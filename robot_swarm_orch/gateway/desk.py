# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The port of a running fleet: says things until somebody answers, over a radio that may lose them.

Orders and their states are streams, not calls: an order is said again, after a wait drawn at
random, until a status names it. It does no harm said twice, nor by two gateways. Acts and
questions are calls, which a leader alone answers. All of it runs in one asyncio loop.
"""

import asyncio
import random
import time
from typing import Callable, Optional, Protocol

from robot_swarm_orch.breaker import Breaker
from robot_swarm_orch.gateway.limits import full_jitter_s
from robot_swarm_orch.gateway.port import NoConsensus
from robot_swarm_orch.gateway.settings import GatewayConfig
from robot_swarm_orch.types import AuditNote, Clearance, OrderState, Settlement, Stranding

# The leader tells the fleet's state once a second; who is silent for so long leads no more [s].
VIEW_STALE_S = 3.0
# An act that went unanswered is called again after this long: its answer comes after commit [s].
ACT_AGAIN_S = 2.0
# Robots report five times a second, once it is known that somebody listens; those that have not
# spoken by then are not there, and what they said before is shown for a while [s].
REPORTS_S, REPORTS_FRESH_S, REPORTS_KEPT_S = 1.5, 1.0, 10.0
# For so long after the last who wanted reports they are heard all the same [s].
REPORTS_LINGER_S = 5.0
# A stop is said again so often, at least so long, and at most so long [s].
STOP_AGAIN_S, STOP_HEARING_S, STOP_PATIENCE_S = 0.1, 0.5, 2.5
# What a leader says of an act that it could not decide.
UNDECIDED = ('not decided here', 'the leader changed meanwhile')
# What is to be said of an order or act that nobody has answered.
_UNKNOWN = '; whether it was done is not known: repeating it does no harm'
# Acts that a second call would refuse although the first was carried out.
ONCE = (Clearance, Settlement, Stranding, AuditNote)


class Radio(Protocol):
    """What carries words to the fleet; what comes back is handed to the desk's `hear_*`."""

    def send_order(self, order) -> None:
        """Say an order once."""

    def call(self, number: int, question) -> None:
        """Call the leader with an act or a question; `hear_answer` gets the number back."""

    def send_stop(self, act, robot: str) -> None:
        """Say an act on the emergency stop once."""

    def want_reports(self, wanted: bool) -> None:
        """Begin or end to hear robots' reports."""


class _Waiter:
    """One submission that waits for its order's status."""

    __slots__ = ('order', 'future')

    def __init__(self, order, future):
        self.order, self.future = order, future

    def hear(self, status) -> None:
        """
        Take a status of this order id, if it answers this submission.

        A refusal does only if it is about this very submission, not about another with the same
        id; that nothing is known of the id says nothing of an order on its way.
        """
        about_others = status.trace_id != self.order.trace_id and status.state in (
            OrderState.REFUSED, OrderState.UNKNOWN)
        if not about_others and status.state != OrderState.UNKNOWN and not self.future.done():
            self.future.set_result(status)


class Desk:
    """A `port.FleetPort` over a radio. clock: steady, [s]."""

    def __init__(self, radio: Radio, config: GatewayConfig, clock: Callable[[], float],
                 rng: Optional[random.Random] = None, sleep=asyncio.sleep,
                 fleet_clock: Callable[[], float] = time.time):
        """Wait for words; `sleep` waits as the clock goes. fleet_clock: ROS time [s]."""
        self.time_s = fleet_clock
        self._sleep = sleep
        self._radio, self._config, self._clock = radio, config, clock
        self._rng = rng or random.Random()
        self._waiters = {}   # order id -> [_Waiter]
        self._calls = {}     # number -> future
        self._number = 0
        self._view, self._view_s = None, float('-inf')
        self._reports = {}   # robot -> (Report, when heard [s])
        self._wanted = 0
        self._wanted_since_s = self._unwanted_s = float('-inf')
        self._listeners = []
        self.breaker = Breaker(config.breaker_failures, config.breaker_open_s)

    # -- asking ---------------------------------------------------------------------------------

    @property
    def pending(self) -> int:
        """Return how many orders wait for their commit."""
        return len(self._waiters)

    async def submit(self, order):
        """Say an order until a status answers it."""
        waiter = _Waiter(order, asyncio.get_running_loop().create_future())
        self._waiters.setdefault(order.order_id, []).append(waiter)
        try:
            return await self._insist(lambda: self._radio.send_order(order), waiter.future,
                                      self._config.repeat_first_s)
        finally:
            others = self._waiters[order.order_id]
            others.remove(waiter)
            if not others:
                del self._waiters[order.order_id]

    async def operate(self, act):
        """Call the leader with an act until it answers; see FleetPort."""
        done, reason = await self._call(act, None if isinstance(act, ONCE) else ACT_AGAIN_S)
        if not done and reason.startswith(UNDECIDED):
            raise self._nobody(f'{reason}; whether it was done is not known: look, then repeat it')
        return done, reason

    async def ask(self, question):
        """Call the leader with a question until it answers."""
        return await self._call(question, self._config.repeat_first_s, '')

    async def _call(self, question, again_s, unknown=_UNKNOWN):
        future, numbers = asyncio.get_running_loop().create_future(), []

        def say():
            self._number += 1
            numbers.append(self._number)
            self._calls[self._number] = future
            self._radio.call(self._number, question)
        try:
            return await self._insist(say, future, again_s, unknown)
        finally:
            for number in numbers:
                self._calls.pop(number, None)

    async def _insist(self, say, future, again_s, unknown=_UNKNOWN):
        """
        Say something until a future is decided; NoConsensus when nobody decides it in time.

        unknown: what is not known then.
        """
        wait_s = self.breaker.wait_s(self._clock())
        if wait_s > 0.0:
            raise self._nobody('nobody has answered for a while', wait_s)
        until_s, attempt = self._clock() + self._config.answer_s, 0
        while not future.done():
            left_s = until_s - self._clock()
            if left_s <= 0.0:
                self.breaker.failed(self._clock())
                raise self._nobody(
                    f'nobody answered within {self._config.answer_s:g} s{unknown}')
            if attempt == 0 or again_s is not None:
                say()
            pause_s = left_s if again_s is None else full_jitter_s(
                attempt, again_s, max(again_s, self._config.repeat_max_s), self._rng)
            attempt += 1
            await asyncio.wait((future,), timeout=min(left_s, pause_s))
        self.breaker.succeeded()
        return future.result()

    def _nobody(self, text, retry_s=1.0):
        leader = self.leader()
        known = (f'{leader["leader"]} leads' if leader['leader']
                 else 'no leader is known: the coordinators are electing one, or are out of reach')
        return NoConsensus(f'{text}. {known}', leader, retry_s)

    async def reports(self):
        """Return the newest reports; listen for a moment first if nobody did."""
        self.want_reports(True)
        try:
            until_s = self._wanted_since_s + REPORTS_S
            view = self.view()
            expected = set(view.robots) if view else {''}
            while self._clock() < until_s and not all(
                    robot in self._reports
                    and self._clock() - self._reports[robot][1] <= REPORTS_FRESH_S
                    for robot in expected):
                await self._sleep(0.02)
        finally:
            self.want_reports(False)
        now_s, fresh = self._clock(), self._fresh_reports()
        known = self._view.robots if self._view else ()
        self._reports = {robot: heard for robot, heard in self._reports.items()
                         if robot in fresh or robot in known}
        return {robot: (report, now_s - heard_s) for robot, (report, heard_s) in fresh.items()}

    async def stop(self, act, robot):
        """
        Say a stop or release until all robots say that they obey; see FleetPort.

        Without a leader there may be robots that this gateway does not know of yet: it listens
        for longer then, and to the end if it never heard of any.
        """
        self.want_reports(True)
        began_s, obeys = self._clock(), {}
        hearing_s = (STOP_PATIENCE_S if self._view is None
                     else REPORTS_S if self.view() is None else STOP_HEARING_S)
        try:
            while self._clock() < began_s + STOP_PATIENCE_S:
                self._radio.send_stop(act, robot)
                await self._sleep(STOP_AGAIN_S)
                obeys = self._obeys(act, robot, began_s)
                if obeys and all(obeys.values()) and (
                        robot or self._clock() >= began_s + hearing_s):
                    break
        finally:
            self.want_reports(False)
        return obeys

    def _obeys(self, act, robot, since_s):
        """Return for each robot that is meant whether it says that it obeys, None if unheard."""
        known = (robot,) if robot else (*(self._view.robots if self._view else ()),
                                        *self._fresh_reports())
        return {**dict.fromkeys(known), **{
            name: report.emergency_stop == act.active
            for name, (report, heard_s) in self._reports.items()
            if heard_s >= since_s and robot in ('', name)}}

    def _fresh_reports(self):
        """Return the reports, with when each was heard, that are not too old to be told."""
        now_s = self._clock()
        return {robot: heard for robot, heard in self._reports.items()
                if now_s - heard[1] <= REPORTS_KEPT_S}

    # -- what is known --------------------------------------------------------------------------

    def view(self):
        """Return the fleet at a glance, None if no leader was heard lately."""
        return self._view if self._clock() - self._view_s <= VIEW_STALE_S else None

    def last_view(self):
        """Return the fleet as a leader told it last, however long ago; None if none ever did."""
        return self._view

    def last_report(self, robot):
        """Return the newest report that was heard of a robot, and its age [s]; (None, inf)."""
        report, heard_s = self._reports.get(robot, (None, float('-inf')))
        return report, self._clock() - heard_s

    def leader(self):
        """Return what is known of who leads."""
        view, age_s = self._view, self._clock() - self._view_s
        if view is None:
            return {'leader': None, 'term': None, 'heard_ago_s': None, 'coordinators': []}
        return {'leader': view.leader_id if age_s <= VIEW_STALE_S else None, 'term': view.term,
                'heard_ago_s': round(max(0.0, age_s), 3), 'coordinators': list(view.coordinators)}

    def listen(self, listener):
        """Tell a listener what is heard from now on."""
        self._listeners.append(listener)

    def want_reports(self, wanted):
        """Count who wants reports; the radio listens while somebody does."""
        self._wanted += 1 if wanted else -1
        if wanted and self._wanted == 1:
            if self._clock() - self._unwanted_s > REPORTS_LINGER_S - 1.0:
                self._wanted_since_s = self._clock()
            self._radio.want_reports(True)
        elif not self._wanted:
            self._unwanted_s = self._clock()
            self._radio.want_reports(False)

    # -- what comes in --------------------------------------------------------------------------

    def hear_statuses(self, statuses) -> None:
        """Take in what became of orders."""
        for status in statuses:
            for waiter in self._waiters.get(status.order_id, ()):
                waiter.hear(status)
            for listener in self._listeners:
                listener.hear_status(status)

    def hear_view(self, view) -> None:
        """Take in the fleet at a glance; one of a deposed leader changes nothing."""
        known = self._view
        if known is not None and (view.term, view.commit_index) < (
                known.term, known.commit_index) and self.view() is not None:
            return
        self._view, self._view_s = view, self._clock()
        for listener in self._listeners:
            listener.hear_view(view)

    def hear_reports(self, reports) -> None:
        """Take in robots' reports."""
        now_s = self._clock()
        for report in reports:
            self._reports[report.robot] = report, now_s
            for listener in self._listeners:
                listener.hear_report(report)

    def hear_answer(self, number: int, answer) -> None:
        """Take in the answer to a call; one that comes late changes nothing."""
        future = self._calls.get(number)
        if future is not None and not future.done():
            future.set_result(answer)
