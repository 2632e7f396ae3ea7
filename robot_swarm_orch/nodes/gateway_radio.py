# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The radio of a gateway: its words to the fleet, and the fleet's to it.

Two threads meet here and share nothing but a queue each way. What the web thread wants said is
queued, and a bell wakes the ROS thread; what the ROS thread hears is handed to the web thread's
event loop.
"""

import asyncio
from collections import deque
from typing import Callable, Optional

from robot_swarm_orch.errors import WireError
from robot_swarm_orch.gateway.desk import Desk, REPORTS_LINGER_S
from robot_swarm_orch.gateway.port import (
    GetLog, GetOrder, ListOrders, LogPage, OrderPage, OrdersPage)
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import Endpoints
from robot_swarm_orch.nodes.pulse import Bell, Ears
from robot_swarm_orch.nodes.wire import Wire

# Words that nobody could say are given up: what waits here is said again anyway.
QUEUE_MAX = 20_000
CALLS_KEPT = 10_000


class Radio:
    """A `desk.Radio` over DDS; what begins with `turn` belongs to the ROS thread."""

    def __init__(self, node, context, endpoints: Endpoints, wire: Wire,
                 now_ns: Callable[[], int]):
        """Open topics and services on a node that no executor serves."""
        self._node, self._endpoints, self._wire, self._now_ns = node, endpoints, wire, now_ns
        self._orders_out = endpoints.outlet(node, topics.ORDER)
        self._stop_out = {'': endpoints.outlet(node, topics.EMERGENCY_STOP)}
        self._statuses_in = endpoints.inbox(node, topics.TASK_STATUS)
        self._views_in = endpoints.inbox(node, topics.FLEET_STATUS)
        self._operate, self._get_order, self._list_orders, self._get_log = callers = tuple(
            endpoints.caller(node, topic) for topic in (
                topics.OPERATE, topics.GET_ORDER, topics.LIST_ORDERS, topics.GET_LOG))
        self._readers = {self._operate: self._read_act, self._get_order: self._read_order,
                         self._list_orders: self._read_orders, self._get_log: self._read_log}
        self._calls = {caller: {} for caller in callers}  # rcl's number -> the desk's
        self._reports_in, self._unwanted_s = None, None
        self._wants_reports = False
        self._queue, self._bell, self._is_rung = deque(), Bell(context), False
        self._desk: Optional[Desk] = None
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self.active = False
        self.ears = Ears(context, (self._statuses_in, self._views_in), callers=callers,
                         bell=self._bell)

    # -- the web thread -------------------------------------------------------------------------

    def attach(self, desk: Desk, loop) -> None:
        """Hand what is heard to a desk in an event loop, from now on."""
        self._desk, self._loop = desk, loop

    def send_order(self, order) -> None:
        """Say an order once."""
        self._put(self._say_order, order)

    def call(self, number, question) -> None:
        """Call the leader."""
        self._put(self._say_call, number, question)

    def send_stop(self, act, robot) -> None:
        """Say an act on the emergency stop once."""
        self._put(self._say_stop, act, robot)

    def want_reports(self, wanted) -> None:
        """Begin or end to hear robots' reports."""
        self._wants_reports = wanted
        self._put(lambda: None)

    def _put(self, say, *what):
        if len(self._queue) < QUEUE_MAX:
            self._queue.append((say, what))
        if not self._is_rung:
            self._is_rung = True
            self._bell.ring()

    # -- the ROS thread -------------------------------------------------------------------------

    def turn(self, now_s: float) -> None:
        """Say what is queued, and hear what has come."""
        self._is_rung = False
        self._wire.set_time(self._now_ns())
        for _ in range(len(self._queue)):
            say, what = self._queue.popleft()
            if self.active:
                say(*what)
        hear = self._wire.hear
        statuses = [hear(self._wire.read_status, msg) for msg in self._statuses_in.all()]
        self._hand('hear_statuses', [status for status in statuses if status is not None])
        msg = self._views_in.newest()
        view = None if msg is None else hear(self._wire.read_view, msg)
        if view is not None:
            self._hand('hear_view', view)
        for caller, read in self._readers.items():
            for number, response in caller.answers():
                asked = self._calls[caller].pop(number, None)
                answer = None if asked is None else hear(read, response)
                if answer is not None:
                    self._hand('hear_answer', asked, answer)

    def turn_reports(self, now_s: float) -> None:
        """Hear robots' reports while somebody wants them."""
        if self._wants_reports:
            self._unwanted_s = None
            if self._reports_in is None:
                self._reports_in = self._endpoints.inbox(self._node, topics.ROBOT_REPORT)
        elif self._reports_in is not None:
            self._unwanted_s = self._unwanted_s or now_s
            if now_s - self._unwanted_s > REPORTS_LINGER_S:
                self._endpoints.drop(self._reports_in)
                self._reports_in = None
        if self._reports_in is None:
            return
        newest = {msg.robot_id: msg for msg in self._reports_in.all()}
        reports = [self._wire.hear(self._wire.read_report, msg) for msg in newest.values()]
        self._hand('hear_reports', [report for report in reports if report is not None])

    def _hand(self, name, *what):
        """Hand something to the desk, in its own thread; nobody is there to take it at the end."""
        if self._desk is None or what == ([],):
            return
        try:
            self._loop.call_soon_threadsafe(getattr(self._desk, name), *what)
        except RuntimeError:
            self._desk = None  # the loop is closed: the gateway is about to end

    def _say_order(self, order):
        self._orders_out.send(self._wire.write_order(order))

    def _say_stop(self, act, robot):
        if robot not in self._stop_out:
            self._stop_out[robot] = self._endpoints.outlet(
                self._node, topics.ROBOT_STOP.of_a_robot, robot=robot)
        self._stop_out[robot].send(self._wire.write_stop(act))

    def _say_call(self, number, question):
        if isinstance(question, GetOrder):
            caller, request = self._get_order, topics.GET_ORDER.message.Request(
                order_id=question.order_id)
        elif isinstance(question, ListOrders):
            caller, request = self._list_orders, topics.LIST_ORDERS.message.Request(
                states=[int(state) for state in question.states], robot_id=question.robot,
                client=question.client, after=question.after, limit=question.limit)
        elif isinstance(question, GetLog):
            caller, request = self._get_log, topics.GET_LOG.message.Request(
                after=question.after, limit=question.limit, order_id=question.order_id,
                robot_id=question.robot)
        else:
            caller, request = self._operate, self._wire.write_operation(question)
        calls = self._calls[caller]
        if len(calls) >= CALLS_KEPT:
            calls.pop(next(iter(calls)))
        calls[caller.call(request)] = number

    # -- answers --------------------------------------------------------------------------------

    @staticmethod
    def _read_act(response):
        return response.done, response.reason

    def _read_order(self, response):
        if not response.found:
            return OrderPage()
        try:
            order = self._wire.read_order(response.order)
        except WireError:
            order = None  # it ended long ago, and only its status is known
        return OrderPage(order, self._wire.read_status(response.status), tuple(
            self._wire.read_order_event(event) for event in response.history))

    def _read_orders(self, response):
        return OrdersPage(tuple(self._wire.read_status(one) for one in response.orders),
                          response.next, response.live)

    def _read_log(self, response):
        return LogPage(tuple(self._wire.read_log_line(line) for line in response.lines),
                       response.next, response.oldest)
