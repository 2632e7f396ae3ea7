# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The routes of orders: hand in, list, look at, change, cancel.

An order's id is its idempotency key. Each submission has a trace of its own, and an order's status
names the trace with which it was accepted: so whoever answers, this gateway knows whether it was
this submission that placed the order (201), an earlier equal one (200), or another order (409).
"""

import re
from typing import Annotated, Callable, List, Literal, Optional

from fastapi import Body, FastAPI, Header, Path, Query, Request
from robot_swarm_orch.acts import Amendment, Cancellation
from robot_swarm_orch.gateway.gate import Gate, needs, what_of
from robot_swarm_orch.gateway.given import (
    ANY_ORDER_ID, GivenChange, GivenOrder, NAME, ORDER_ID, ROBOT_ID)
from robot_swarm_orch.gateway.port import GetLog, GetOrder, ListOrders
from robot_swarm_orch.gateway.problems import Problem
from robot_swarm_orch.gateway.told import (
    answer, STATES, tell_page, tell_status, ToldAct, ToldOrderPage, ToldOrders, ToldStatus)
from robot_swarm_orch.orders import content_digest, Order, OrderState, OrderStatus

OrderId = Annotated[str, Path(pattern=ANY_ORDER_ID, description='id of the order',
                              examples=['wms-4711'])]
KeyHeader = Annotated[Optional[str], Header(
    pattern=f'{ORDER_ID[:-1]}$|^"{ORDER_ID[1:-1]}"$', examples=['wms-4711'],
    description='id of the order; the same again is the same order')]
RETRY_QUEUE_S = 5.0
_LOG_PAGE, _LOG_PAGES_MAX = 500, 10  # of the lines about one order


def add_order_routes(app: FastAPI, gate: Gate) -> None:
    """Add the routes to an application."""
    _add_hand_in(app, gate)
    _add_list(app, gate.port)
    _add_look(app, gate.port)
    _add_change(app, gate)
    _add_cancel(app, gate)


def _add_hand_in(app, gate):
    @app.post('/orders', tags=['orders'], status_code=201, response_model=ToldStatus,
              responses={200: {'model': ToldStatus, 'description': 'It was accepted before'},
                         201: {'description': 'Accepted: on disk on a majority', 'headers': {
                             'Location': {'schema': {'type': 'string'}}}}},
              openapi_extra=needs('operator', **{'x-conflicts': True}))
    async def hand_in(request: Request, given: Annotated[GivenOrder, Body()],
                      idempotency_key: KeyHeader = None):
        """Hand an order in. Call again with the same Idempotency-Key until it is answered."""
        order = given.value(_order_id(given, idempotency_key), request.state.request_id,
                            request.state.caller.subject)
        if order.only_asks:  # on the order topic that would be a question, not an order
            raise Problem('invalid', f'a {given.kind} needs a drop', errors=[
                {'where': 'body/drop', 'detail': 'where is it to go?'}])
        await _check_deadline(gate.port, order)
        status = await _submit(gate, order)
        placed = judge(order, status, lambda reason: _where(given, reason))
        return answer(tell_status(status), 201 if placed else 200,
                      {'Location': f'/orders/{order.order_id}'})


async def _check_deadline(port, order):
    """Raise Problem for a deadline that has passed; a repetition of an order may be late."""
    if order.deadline_s and order.deadline_s <= port.time_s() and (
            await port.ask(GetOrder(order.order_id))).status is None:
        raise _passed()


def _passed():
    return Problem('invalid', 'body/deadline: it has passed already', errors=[
        {'where': 'body/deadline', 'detail': 'it has passed already'}])


async def _submit(gate, order):
    """Return the status that answers an order; raise Problem when too many wait for theirs."""
    if not gate.orders.take('all'):
        raise Problem('queue-full', f'{gate.orders.total} orders wait for their commit at '
                      'this gateway', 1.0)
    try:
        return await gate.port.submit(order)
    finally:
        gate.orders.give_back('all')


def _add_list(app, port):
    @app.get('/orders', tags=['orders'], response_model=ToldOrders,
             openapi_extra=needs('viewer', **{'x-many': ['state']}))
    async def list_orders(
            state: Annotated[List[Literal[STATES]], Query(
                max_length=len(STATES), description='only in one of these states')] = [],  # noqa: B006,E501
            robot: Annotated[Optional[str], Query(pattern=ROBOT_ID)] = None,
            client: Annotated[Optional[str], Query(pattern=NAME)] = None,
            after: Annotated[Optional[str], Query(
                pattern=ANY_ORDER_ID, description='`next` of the page before')] = None,
            limit: Annotated[int, Query(ge=1, le=500)] = 100):
        """List orders by id, live ones and those that ended lately."""
        page = await port.ask(ListOrders(
            tuple(OrderState[one.upper()] for one in dict.fromkeys(state)), robot or '',
            client or '', after or '', limit))
        return answer(ToldOrders(orders=[tell_status(one) for one in page.orders],
                                 next=page.next or None, live=page.live))


def _add_look(app, port):
    @app.get('/orders/{order_id}', tags=['orders'], response_model=ToldOrderPage,
             openapi_extra=needs('viewer'))
    async def look_at(order_id: OrderId):
        """Look at one order, with all that happened to it."""
        page = await _known(port, order_id)
        return answer(tell_page(page, await _lines_of(port, order_id, page.history)))


async def _lines_of(port, order_id, history):
    """Return the log's lines about an order up to the end of its history."""
    lines, after = [], 0
    for _ in range(_LOG_PAGES_MAX if history else 0):
        page = await port.ask(GetLog(after, _LOG_PAGE, order_id))
        lines += page.lines
        after = page.next
        if not page.lines or after >= history[-1].index:
            break
    return lines


def _add_change(app, gate):
    @app.patch('/orders/{order_id}', tags=['orders'], response_model=ToldAct,
               openapi_extra=needs('operator', **{'x-conflicts': True}))
    async def change(request: Request, order_id: OrderId, given: GivenChange):
        """Change priority or deadline of an order that has not ended."""
        named = given.model_fields_set
        if not named:
            raise Problem('invalid', 'name a priority or a deadline to change')
        deadline_s = (given.deadline or 0.0) if 'deadline' in named else -1.0
        if 0.0 < deadline_s <= gate.port.time_s():
            raise _passed()
        return await _act(gate, request, Amendment(
            order_id, given.priority if 'priority' in named else -1, deadline_s,
            request.state.caller.subject))


def _add_cancel(app, gate):
    @app.delete('/orders/{order_id}', tags=['orders'], response_model=ToldAct,
                openapi_extra=needs('operator', **{'x-conflicts': True}))
    async def cancel(request: Request, order_id: OrderId):
        """
        End an order; a load that was picked is set down again.

        One that is cancelled already is answered alike, with its state.
        """
        told = await _act(gate, request, Cancellation(order_id, request.state.caller.subject))
        told.order = tell_status((await _known(gate.port, order_id)).status)
        return told


async def _act(gate, request, act):
    """Carry out an act on an order; raise Problem with where the order stands if it is refused."""
    done, reason = await gate.port.operate(act)
    if not done:
        page = await gate.port.ask(GetOrder(act.order_id))
        gate.note(request.state.caller, what_of(request), f'refused: {reason}')
        if page.status is None:
            raise Problem('not-found', f'there is no order {act.order_id!r}')
        raise Problem('conflict', reason, order=tell_status(page.status).model_dump())
    return ToldAct(done=True, text=reason or 'done')


def judge(order: Order, status: OrderStatus,
          where: Callable[[str], str] = lambda reason: 'body') -> bool:
    """
    Return whether this submission placed the order (else an equal one did before).

    Raises Problem when the order was refused, or its id belongs to another one. where: returns
    which member of the body a reason is about.
    """
    if status.state == OrderState.REFUSED:
        if status.reason.startswith('id reused'):
            raise _reused(order)
        if status.reason.startswith('queue full'):
            raise Problem('queue-full', status.reason, RETRY_QUEUE_S)
        raise Problem('invalid', status.reason, errors=[
            {'where': where(status.reason), 'detail': status.reason}])
    if status.trace_id == order.trace_id:
        return True
    if status.content and status.content != content_digest(order):
        raise _reused(order)
    return False


def _where(given: GivenOrder, reason: str) -> str:
    """Return the member of an order that a leader's reason to refuse it names, as far as known."""
    part, where = given, 'body'
    leg = re.match('leg ([0-9]+): ', reason)
    if leg and int(leg[1]) < len(given.legs):
        part, where = given.legs[int(leg[1])], f'body/legs/{leg[1]}'
    named = reason.partition(': did you mean')[0]
    for member in ('pick', 'drop') if part.kind == 'move' else ('drop',):
        if repr(getattr(part, member)) in named:
            return f'{where}/{member}'
    for member in ('alternates', 'places'):
        for number, value in enumerate(getattr(part, member)):
            if repr(value) in named:
                return f'{where}/{member}/{number}'
    return 'body/robot' if given.robot and repr(given.robot) in named else where


def _reused(order):
    return Problem('key-reused', f'the order {order.order_id!r} was handed in with other content, '
                   'and is unchanged: choose a new key for a new order')


def _order_id(given, header):
    """Return the order's id; raise Problem without one, or with two."""
    key = header.strip('"') if header else None
    if key and given.order_id and key != given.order_id:
        raise Problem('malformed', 'Idempotency-Key and order_id differ: send one of them')
    order_id = key or given.order_id
    if not order_id:
        raise Problem('no-idempotency-key', 'send the header Idempotency-Key, or order_id in the '
                      'body: without it a repetition would be a second order')
    return order_id


async def _known(port, order_id):
    """Return all about an order; raise Problem if there is none."""
    page = await port.ask(GetOrder(order_id))
    if page.status is None:
        raise Problem('not-found', f'there is no order {order_id!r}')
    return page
