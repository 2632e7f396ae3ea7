# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Waiting orders in lanes: the same as sorting them anew each time."""

from hypothesis import given, settings, strategies as st
import pytest
from robot_swarm_orch.coordinator.backlog import Backlog, bonus_s, Lane
from robot_swarm_orch.coordinator.records import OrderRecord

acts = st.lists(st.tuples(
    st.integers(0, 30), st.integers(0, 3), st.integers(0, 5), st.integers(0, 255),
    st.sampled_from((0.0, 500.0, 900.0))), max_size=120)


@settings(max_examples=80, deadline=None)
@given(acts, st.integers(0, 1000))
def test_it_holds_what_was_put_and_not_dropped_with_the_most_urgent_first(steps, now_s):
    backlog, waiting = Backlog(lambda order: Lane(order.kind)), {}
    for number, act, goal, priority, deadline_s in steps:
        order_id = f'o{number}'
        if act:
            waiting[order_id] = OrderRecord(order_id, '', goal, '', 'd', '', priority, deadline_s,
                                            1000 * number)
            backlog.put(waiting[order_id])
        else:
            waiting.pop(order_id, None)
            backlog.drop(order_id)
    assert len(backlog) == len(waiting)
    queues = backlog.look(60_000, now_s)
    assert [lane.goal for lane in queues.lanes] and len(set(queues.lanes)) == len(queues.lanes) \
        or not waiting
    found = {lane.goal: queues.order_ids(index, queues.first[index + 1] - queues.first[index])
             for index, lane in enumerate(queues.lanes)}
    for goal in range(6):
        orders = [order for order in waiting.values() if order.kind == goal]
        orders.sort(key=lambda order: (-float(bonus_s(
            60_000, now_s, order.placed_ms, order.priority, order.deadline_s)), order.order_id))
        assert found.get(goal, []) == [order.order_id for order in orders]
        for some in range(1, len(orders)):
            index = [lane.goal for lane in queues.lanes].index(goal)
            assert queues.order_ids(index, some) == found[goal][:some]


def test_many_orders_find_room_and_the_rows_of_those_that_left_are_used_again():
    backlog = Backlog(lambda order: Lane(order.kind))
    for number in range(3000):
        backlog.put(OrderRecord(f'o{number}', '', number % 7, '', 'd', '', 100, 0.0, number))
        if number % 3 == 0:
            backlog.drop(f'o{number // 2}')
    queues = backlog.look(9000, 0.0)
    assert len(backlog) == len(queues.bonus_s) == queues.first[-1]
    assert sum(f'o{number}' in backlog for number in range(3000)) == len(backlog)


def test_orders_that_cannot_be_given_out_now_are_passed_over_and_stay():
    backlog = Backlog(lambda order: Lane(order.kind))
    for number in range(6):
        backlog.put(OrderRecord(f'o{number}', '', number % 2, '', 'd', '', 100, 0.0, number))
    queues = backlog.look(9000, 0.0, without={'o0', 'o1', 'o3', 'o5', 'gone'})
    assert [lane.goal for lane in queues.lanes] == [0]
    assert queues.order_ids(0, 2) == ['o2', 'o4']
    assert len(backlog) == 6


def test_a_changed_priority_counts_at_once():
    backlog = Backlog(lambda order: Lane(0))
    for order_id in ('a', 'b'):
        backlog.put(OrderRecord(order_id, '', 1, '', 'd', '', 100, 0.0, 0))
    assert backlog.look(0, 0.0).order_ids(0, 1) == ['a']
    backlog.put(OrderRecord('b', '', 1, '', 'd', '', 101, 0.0, 0))
    assert backlog.look(0, 0.0).order_ids(0, 1) == ['b']


def test_a_deadline_adds_the_more_the_nearer_it_is_and_no_more_once_it_has_passed():
    values = [float(bonus_s(0, now_s, 0, 0, 1000.0)) for now_s in (1.0, 399.0, 700.0, 1000.0, 5e3)]
    assert values == pytest.approx([0.0, 0.0, 150.0, 300.0, 300.0], abs=0.6)
    assert float(bonus_s(0, 0.0, 0, 0, 1000.0)) == 0.0
