# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The two services of a coordinator: hand an order in, and an operator's act.

Every coordinator has them, and a call reaches all; only the leader answers, once the order or the
act is committed. So a call waits in a table here. When leadership is lost, or nothing was
committed in time, the answer says so: a client calls again with the same order_id, which does no
harm.
"""

from robot_swarm_orch.msg import TaskStatus
from robot_swarm_orch.nodes.endpoints import Desk
from robot_swarm_orch.nodes.wire import Wire
from robot_swarm_orch.srv import Operate, SubmitOrder
from robot_swarm_orch.types import OrderState

PATIENCE_S = 5.0
WAITING_MAX = 10_000
AGAIN = 'not decided here: the coordinators are choosing a leader; call again'


class FrontDesk:
    """Takes calls in, hands them to the replica, and answers them after commit."""

    def __init__(self, replica, wire: Wire, orders: Desk, acts: Desk):
        """Serve the two services for a replica."""
        self._replica = replica
        self._wire = wire
        self._orders, self._acts = orders, acts
        self._waiting_orders = {}  # order id -> [(ticket, until_s)]
        self._waiting_acts = {}    # request number -> (ticket, until_s)
        self._number = 0

    def serve(self, now_s: float, orders_at_once: int) -> None:
        """Take new calls in, so many orders at most; followers leave them be."""
        orders, acts = self._orders.requests(orders_at_once), self._acts.requests()
        if self._replica.wants_reports:
            for ticket, request in orders:
                self._submit(now_s, ticket, request)
            for ticket, request in acts:
                self._operate(now_s, ticket, request)
        if self._waiting_orders or self._waiting_acts:
            self._give_up(now_s)

    def _submit(self, now_s, ticket, request):
        order = self._wire.hear(self._wire.read_order, request.order)
        if order is None:
            self._refuse(ticket, request.order, 'malformed: see docs/topics.md and TaskOrder.msg')
        elif len(self._waiting_orders) >= WAITING_MAX:
            self._refuse(ticket, request.order, 'too many calls are waiting; call again later')
        else:
            self._waiting_orders.setdefault(order.order_id, []).append(
                (ticket, now_s + PATIENCE_S))
            self._replica.submit(now_s, order)

    def _refuse(self, ticket, order, reason):
        """Answer that an order was not accepted."""
        self._orders.answer(ticket, SubmitOrder.Response(
            accepted=False, status=TaskStatus(
                site_id=self._wire.site_id, order_id=order.order_id, trace_id=order.trace_id,
                state=TaskStatus.STATE_REFUSED, reason=reason)))

    def _operate(self, now_s, ticket, request):
        act = self._wire.hear(self._wire.read_operation, request)
        if act is None:
            self._acts.answer(ticket, Operate.Response(
                done=False, reason='malformed: see Operate.srv'))
            return
        self._number += 1
        self._waiting_acts[self._number] = (ticket, now_s + PATIENCE_S)
        self._replica.operate(now_s, act, self._number)

    def answer(self, statuses, answers) -> None:
        """Answer the calls that are decided by these order statuses and answers to acts."""
        for status in statuses:
            for ticket, _ in self._waiting_orders.pop(status.order_id, ()):
                self._orders.answer(ticket, SubmitOrder.Response(
                    accepted=status.state not in (OrderState.REFUSED, OrderState.UNKNOWN),
                    status=self._wire.write_status(status)))
        for number, done, reason in answers:
            ticket, _ = self._waiting_acts.pop(number, (None, 0.0))
            if ticket is not None:
                self._acts.answer(ticket, Operate.Response(done=done, reason=reason))

    def _give_up(self, now_s):
        """Answer the calls that waited too long, or all when leadership was lost."""
        lost = not self._replica.wants_reports
        for order_id, calls in list(self._waiting_orders.items()):
            if lost or calls[0][1] < now_s:
                del self._waiting_orders[order_id]
                for ticket, _ in calls:
                    self._orders.answer(ticket, SubmitOrder.Response(
                        accepted=False, status=TaskStatus(
                            site_id=self._wire.site_id, order_id=order_id,
                            state=TaskStatus.STATE_UNKNOWN, reason=AGAIN)))
        for number, (ticket, until_s) in list(self._waiting_acts.items()):
            # The replica itself answers the acts of a lead that it lost.
            if until_s < now_s:
                del self._waiting_acts[number]
                self._acts.answer(ticket, Operate.Response(done=False, reason=AGAIN))
