# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The services that read: one order with its history, orders by id, the event log.

A call reaches every coordinator; only the leader answers. It first lets a majority confirm that it
still leads (`coordinator/questions.py`), so no answer is older than the call. What is on its disk
is looked up by the scribe's thread, and the answer leaves with the step after.
"""

from dataclasses import dataclass
from functools import partial

from robot_swarm_orch.coordinator import saga
from robot_swarm_orch.coordinator.chronicle import LINES_MAX
from robot_swarm_orch.coordinator.chronicle_file import ChronicleRefused
from robot_swarm_orch.coordinator.legs import order_asked
from robot_swarm_orch.coordinator.wording import gap_line
from robot_swarm_orch.nodes.endpoints import Desk
from robot_swarm_orch.nodes.scribe import Scribe
from robot_swarm_orch.nodes.wire import Wire
from robot_swarm_orch.srv import GetLog, GetOrder, ListOrders

PATIENCE_S = 5.0
WAITING_MAX = 1000
_PAGE = 100


@dataclass(frozen=True)
class _Call:
    """A call that waits until the state is new enough to be read."""

    look: object  # called with (ticket, request) then
    ticket: object
    request: object
    until_s: float


class ReadingDesk:
    """Answers who reads, while its replica leads."""

    def __init__(self, replica, scribe: Scribe, wire: Wire, order: Desk, orders: Desk, log: Desk):
        """Serve three services for a replica, whose event log the scribe keeps."""
        self._replica, self._scribe, self._wire = replica, scribe, wire
        self._order, self._orders, self._log = order, orders, log
        self._looks = ((order, self._look_order), (orders, self._look_orders),
                       (log, self._look_log))
        self._calls = {}  # request number -> _Call
        self._number = 0

    def serve(self, now_s: float) -> None:
        """Take calls in, and tell the answers that have been found; followers take none."""
        for desk, look in self._looks:
            for ticket, request in desk.requests():
                if self._replica.wants_reports and len(self._calls) < WAITING_MAX:
                    self._number += 1
                    self._calls[self._number] = _Call(look, ticket, request, now_s + PATIENCE_S)
                    self._replica.read(now_s, ('reading desk', self._number))
        self._scribe.deliver()
        for number in [number for number, call in self._calls.items() if call.until_s < now_s]:
            del self._calls[number]

    def answer(self, reads) -> None:
        """Look up what is asked for by the calls whose requests (Outputs.reads) are named."""
        for _, number in reads:
            call = self._calls.pop(number, None)
            if call is not None:
                call.look(call.ticket, call.request)

    # One order

    def _look_order(self, ticket, request):
        state, order_id = self._replica.state, request.order_id
        order = state.order(order_id)
        if order is None:
            self._order.answer(ticket, GetOrder.Response(found=False))
            return
        status = state.status_of(order, self._replica.term)
        live = order_asked(order) if order.trace_id else None  # without: it ended long ago
        self._scribe.ask(lambda chronicle: (chronicle.ended_order(order_id),
                                            chronicle.order_history(order_id)),
                         partial(self._tell_order, ticket, status, live))

    def _tell_order(self, ticket, status, order, found):
        wire = self._wire
        ended, history = (None, []) if isinstance(found, ChronicleRefused) else found
        if order is None and ended is not None:
            order = order_asked(ended)
            status = self._replica.state.status_of(ended, status.term)
        response = GetOrder.Response(
            found=True, status=wire.write_status(status),
            history=[wire.write_order_event(event) for event in history])
        if order is not None:
            response.order = wire.write_order(order)
        self._order.answer(ticket, response)

    # Orders by id

    def _look_orders(self, ticket, request):
        state, term = self._replica.state, self._replica.term
        limit = min(request.limit or _PAGE, LINES_MAX)
        wanted = frozenset(request.states)
        live = [order for order in state.live.values()
                if order.order_id > request.after
                and (not wanted or saga.PUBLIC[order.state] in wanted)
                and request.robot_id in ('', order.robot)
                and request.client in ('', order.client)]
        statuses = {order.order_id: state.status_of(order, term)
                    for order in sorted(live, key=lambda order: order.order_id)[:limit + 1]}
        ends = [one for one in sorted(saga.ENDED) if not wanted or saga.PUBLIC[one] in wanted]
        tell = partial(self._tell_orders, ticket, statuses, len(state.live), limit, term)
        if not ends:
            tell([])
            return
        self._scribe.ask(lambda chronicle: chronicle.ended_orders(
            request.after, limit + 1, ends, request.robot_id, request.client), tell)

    def _tell_orders(self, ticket, statuses, live, limit, term, ended):
        if isinstance(ended, ChronicleRefused):
            ended = []
        state = self._replica.state
        for order in ended:
            statuses.setdefault(order.order_id, state.status_of(order, term))
        names = sorted(statuses)
        page = names[:limit]
        self._orders.answer(ticket, ListOrders.Response(
            orders=[self._wire.write_status(statuses[name]) for name in page],
            next=page[-1] if len(names) > limit else '', live=live))

    # The event log

    def _look_log(self, ticket, request):
        limit = min(request.limit or _PAGE, LINES_MAX)
        self._scribe.ask(
            lambda chronicle: (*chronicle.lines(request.after, limit, request.order_id,
                                                request.robot_id), chronicle.reach()[0]),
            partial(self._tell_log, ticket, request.after))

    def _tell_log(self, ticket, after, found):
        if isinstance(found, ChronicleRefused):
            upto = self._replica.state.index
            found = [gap_line(after + 1, upto)] if after < upto else [], upto, upto
        lines, upto, oldest = found
        self._log.answer(ticket, GetLog.Response(
            lines=[self._wire.write_log_line(line) for line in lines], next=upto, oldest=oldest))
