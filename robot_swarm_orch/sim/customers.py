# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Customers under faults: they hand in, repeat, ask, and write down every call and its answer.

Some orders they cancel or amend later, again and again until that is answered.

A call goes to all coordinators, as over the service `submit_order`; whoever leads answers. A call
without an answer is repeated under the same order id, the idempotency key. Now and then a second
customer hands the same order in too, or asks about it.
"""

from dataclasses import replace
import random

from robot_swarm_orch.sim.linearizability import Call
from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.types import Amendment, Cancellation, Order, OrderKind, OrderState

_REPEAT_S = 1.0
_ASK_PERIOD_S = 2.0
_ENDED = (OrderState.DONE, OrderState.FAILED, OrderState.CANCELLED, OrderState.REFUSED)
_SLOTS = 3
_NOT_DECIDED = 'the leader changed meanwhile'


class Customers:
    """Some customers with a plan drawn from a seed, and the history of their calls."""

    def __init__(self, site, seed: int, orders: int, from_s: float, until_s: float):
        """Plan to hand in so many orders at random moments of a stretch of time."""
        rng = random.Random(f'customers {seed}')
        self._drives = 0
        self._stream = OrderStream(site, seed, orders, 1)
        self.orders = {}    # order id -> Order, all that were handed in
        self.history = []   # Call, by number
        self.newest = {}    # order id -> (version, OrderState) last heard in an answer
        self._plan = []     # (when [s], kind, order), latest first
        self._open = {}     # (kind, order id) -> (number, repeat at [s]) of a call to be repeated
        self._asked_s = {}
        self._repeated = set()  # orders that were handed in again after their end
        self.acts = []      # [act, next time to ask [s], None or (done, reason)], by number
        self.priority = {}  # order id -> priority in the newest answer
        # Few enough that orders often aim at one that is taken.
        slots = rng.sample(site.storage, min(_SLOTS, len(site.storage)))
        for _ in range(orders):
            order, at_s = self._stream.next(), rng.uniform(from_s, until_s)
            if rng.random() < 0.3:
                order = replace(order, drop=rng.choice(
                    [place for place in slots if place != order.pick]))
            if rng.random() < 0.3:
                self._plan_act(Cancellation(order.order_id, 'customer'),
                               at_s + rng.uniform(0.0, 40.0))
            if rng.random() < 0.2:
                self._plan_act(Amendment(order.order_id, rng.randrange(256)),
                               at_s + rng.uniform(0.0, 20.0))
            self._plan.append((at_s, 'submit', order))
            if rng.random() < 0.3:
                self._plan.append((at_s + rng.uniform(0.0, 4.0), 'submit', order))
            for _ in range(rng.randint(1, 4)):
                self._plan.append((at_s + rng.uniform(-1.0, 10.0), 'ask', order))
        self._plan.sort(key=lambda step: -step[0])

    def _plan_act(self, act, at_s):
        self.acts.append([act, at_s, None])

    def acts_due(self, now_s: float) -> list:
        """Return the acts to ask for now, as (number, act): those on orders that were answered."""
        result = []
        for number, entry in enumerate(self.acts):
            act, at_s, answer = entry
            if answer is None and at_s <= now_s and self._is_known(act.order_id):
                entry[1] = now_s + _REPEAT_S
                result.append((number, act))
        return result

    def _is_known(self, order_id):
        """Return whether an order is known to have been accepted."""
        return self.newest.get(order_id, (0,))[0] > 0

    def hear_act(self, now_s: float, number: int, done: bool, reason: str) -> None:
        """Take in the answer to an act; the first one that decides counts."""
        entry = self.acts[number]
        if entry[2] is None and (done or not reason.startswith(_NOT_DECIDED)):
            entry[2] = (done, reason)

    def promised(self) -> dict:
        """Return {order that is to be cancelled, as was answered: whether it was}."""
        return {act.order_id: self.newest[act.order_id][1] == OrderState.CANCELLED
                for act, _, answer in self.acts
                if isinstance(act, Cancellation) and answer is not None and answer[0]}

    def amended_in_vain(self) -> list:
        """Return the orders whose new priority was acknowledged, but is not told."""
        return [act.order_id for act, _, answer in self.acts
                if isinstance(act, Amendment) and answer is not None and answer[0]
                and self.priority[act.order_id] != act.priority]

    def calls(self, now_s: float) -> list:
        """Return the calls to make now, as (number, order)."""
        result = []
        while self._plan and self._plan[-1][0] <= now_s:
            _, kind, order = self._plan.pop()
            result.append(self._call(now_s, kind, order))
        for (kind, order_id), (_, again_s) in list(self._open.items()):
            if again_s <= now_s:
                result.append(self._call(now_s, kind, self.orders[order_id]))
        return result

    def _call(self, now_s, kind, order):
        """Make one call."""
        number = len(self.history)
        self.orders[order.order_id] = order
        self.history.append(Call(kind, order.order_id, now_s))
        self._open[kind, order.order_id] = (number, now_s + _REPEAT_S)
        return number, order if kind == 'submit' else replace(order, pick='', drop='')

    def hear(self, now_s: float, number: int, status) -> None:
        """Take in the answer to a call; a second one changes nothing."""
        call = self.history[number]
        if call.state is not None or (
                call.kind == 'submit' and status.state == OrderState.UNKNOWN):
            return  # to a submission that means: call again
        self.history[number] = replace(call, answered_s=now_s, state=status.state,
                                       version=status.seq)
        self._open.pop((call.kind, call.key), None)
        if status.seq >= self.newest.get(call.key, (-1,))[0]:
            self.newest[call.key] = (status.seq, status.state)
            if status.seq:
                self.priority[call.key] = status.priority
        if status.state in _ENDED and call.key not in self._repeated:
            # The same key again, now that all is done: nothing may be done again.
            self._repeated.add(call.key)
            self._plan.append((now_s + 0.5, 'submit', self.orders[call.key]))
            self._plan.sort(key=lambda step: -step[0])

    def order_drive(self, now_s: float, place: str) -> tuple:
        """Hand in one more order, to drive to a place; return the call."""
        self._drives += 1
        name = f'd{self._drives:06d}'
        return self._call(now_s, 'submit', Order(name, name, OrderKind.GO, '', place))

    def ask_again(self, now_s: float) -> list:
        """Return calls that ask about the orders not known to have ended, not too often."""
        result = []
        for order_id in self.live():
            if (('ask', order_id) not in self._open
                    and now_s - self._asked_s.get(order_id, -1e9) >= _ASK_PERIOD_S):
                self._asked_s[order_id] = now_s
                result.append(self._call(now_s, 'ask', self.orders[order_id]))
        return result

    @property
    def is_through(self) -> bool:
        """Whether everything that was planned was called and every submission was answered."""
        return (not self._plan and not any(kind == 'submit' for kind, _ in self._open)
                and all(answer is not None for act, _, answer in self.acts
                        if self._is_known(act.order_id)))

    def live(self) -> list:
        """Return the orders that were accepted and are not known to have ended."""
        return [order_id for order_id, (_, state) in self.newest.items()
                if state not in _ENDED and state != OrderState.UNKNOWN]

    def ended(self, *states) -> list:
        """Return the orders known to be in one of these states."""
        return [order_id for order_id, (_, state) in self.newest.items() if state in states]
