# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The demo's client repeats, remembers and never invents."""

import pytest
from robot_swarm_orch.bringup import default_site_file
from robot_swarm_orch.demo.orders import (
    ASK_AFTER_S, DUE_S, OrderDesk, RESEND_FIRST_S, RESEND_MAX_S, URGENT_DUE_S, URGENT_EVERY)
from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import OrderState, OrderStatus

BACKLOG = 3


@pytest.fixture(scope='module')
def site():
    """Return the demo's warehouse."""
    return load_site(default_site_file())


@pytest.fixture
def desk(site):
    """Return a desk that keeps three orders waiting."""
    return OrderDesk(OrderStream(site, 1, 10, backlog=BACKLOG))


def status(name, state, seq, reason=''):
    """Return what a leader says of an order."""
    return OrderStatus(name, 'trace', 1, seq, state, reason=reason)


def first_orders(desk):
    """Fill the desk and return the names of what it sends."""
    desk.refill(0.0)
    return [order.order_id for order in desk.due(0.0)]


def test_every_tenth_order_is_urgent(site):
    desk = OrderDesk(OrderStream(site, 1, 10, backlog=2 * URGENT_EVERY))
    desk.refill(0.0, 1000.0)
    deadlines = [order.deadline_s for order in desk.due(0.0)]
    assert deadlines == 2 * [1000.0 + URGENT_DUE_S, *(URGENT_EVERY - 1) * [1000.0 + DUE_S]]


def test_an_order_is_sent_again_with_growing_pauses_until_it_is_answered(desk):
    first, *_ = first_orders(desk)
    sent = []
    for step in range(1, 300):
        now_s = step * 0.1
        sent += [now_s for order in desk.due(now_s) if order.order_id == first]
    pauses = [later - earlier for earlier, later in zip([0.0] + sent, sent)]
    assert pauses[0] == pytest.approx(RESEND_FIRST_S, abs=0.11)
    assert pauses == sorted(pauses)
    assert pauses[-1] == pytest.approx(RESEND_MAX_S, abs=0.11)
    desk.hear(30.0, status(first, OrderState.ACCEPTED, 7))
    assert first not in [order.order_id for order in desk.due(45.0)]


def test_the_backlog_is_refilled_as_orders_get_robots(desk):
    first, second, third = first_orders(desk)
    desk.hear(1.0, status(first, OrderState.ASSIGNED, 5))
    desk.refill(1.0)
    assert desk.unanswered() == BACKLOG
    desk.hear(2.0, status(first, OrderState.ACCEPTED, 9))  # given back
    desk.refill(2.0)
    assert desk.unanswered() == BACKLOG


def test_older_news_changes_nothing(desk):
    first, *_ = first_orders(desk)
    desk.hear(1.0, status(first, OrderState.PICKING, 9))
    desk.hear(1.1, status(first, OrderState.ASSIGNED, 5))
    assert desk.state_of(first) == OrderState.PICKING
    desk.hear(2.0, status(first, OrderState.DONE, 12))
    desk.hear(2.1, status(first, OrderState.CARRYING, 11))
    assert desk.state_of(first) == OrderState.DONE
    assert desk.done_s == {first: 2.0}
    assert desk.open() == set()


def test_a_refused_order_is_neither_accepted_nor_repeated(desk):
    first, *_ = first_orders(desk)
    desk.hear(1.0, status(first, OrderState.REFUSED, 0, 'queue full'))
    assert desk.accepted == set()
    assert desk.refused == {'queue full': 1}
    assert first not in [order.order_id for order in desk.due(60.0)]


def test_orders_of_others_are_not_ours(desk):
    first_orders(desk)
    desk.hear(1.0, status('somebody-else', OrderState.ACCEPTED, 3))
    assert desk.accepted == set()


def test_an_order_long_unheard_of_is_asked_for(desk):
    first, *_ = first_orders(desk)
    desk.hear(1.0, status(first, OrderState.ASSIGNED, 5))
    assert first not in [order.order_id for order in desk.due(ASK_AFTER_S)]
    assert first in [order.order_id for order in desk.due(ASK_AFTER_S + 2.0)]


def test_the_audit_asks_until_an_answer_comes(desk):
    first, second, _ = first_orders(desk)
    for name in (first, second):
        desk.hear(1.0, status(name, OrderState.ASSIGNED, 5))
    desk.ask({first, second})
    assert {first, second} <= {order.order_id for order in desk.due(50.0)}
    desk.hear(50.1, status(first, OrderState.ASSIGNED, 5))
    assert desk.unheard_since({first, second}, 50.0) == {second}


def test_a_nervous_client_hands_in_orders_again_at_its_rate_also_those_that_have_ended(site):
    desk = OrderDesk(OrderStream(site, 1, 10, backlog=BACKLOG), retries_per_s=20.0, seed=7)
    names = first_orders(desk)
    for number, name in enumerate(names):
        desk.hear(0.1, status(name, OrderState.DONE, 5 + number))
    again = [order for step in range(1, 101) for order in desk.due(0.1 * step)]
    assert len(again) == desk.retries and 180 <= desk.retries <= 200
    assert {order.order_id for order in again} == set(names)
    assert desk.retries_after_end == desk.retries


def test_an_end_that_is_taken_back_is_remembered(desk):
    first, second, third = first_orders(desk)
    for name in (first, second):
        desk.hear(1.0, status(name, OrderState.DONE, 9))
    desk.hear(1.0, status(third, OrderState.ASSIGNED, 9))
    for late in (OrderState.DONE, OrderState.PICKING):
        desk.hear(1.1, status(first, late, 9 if late == OrderState.DONE else 8))
    assert not desk.taken_back
    desk.hear(1.2, status(second, OrderState.ASSIGNED, 12))
    desk.hear(1.2, status(third, OrderState.UNKNOWN, 0))
    assert desk.taken_back == {second: 'DONE, then ASSIGNED', third: 'ASSIGNED, then UNKNOWN'}
