# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""How `swarm orders` reads its options, and what its table says."""

import pytest
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.types import OrderState, OrderStatus

pytest.importorskip('rclpy', reason='rclpy is not installed')
from robot_swarm_orch.nodes.order_verbs import OPEN, sentence, states_of, table  # noqa: E402,I100


def test_without_options_open_orders_are_shown_in_doubt_among_them():
    states = states_of([], False)
    assert states == OPEN and OrderState.IN_DOUBT in states
    assert not {OrderState.DONE, OrderState.FAILED, OrderState.CANCELLED} & set(states)
    assert states_of([], True) == ()


def test_states_are_named_in_any_case_and_a_misspelt_one_is_refused_with_the_right_one():
    assert states_of(['done', 'IN_DOUBT'], False) == (OrderState.DONE, OrderState.IN_DOUBT)
    with pytest.raises(ConfigError, match="did you mean 'carrying'"):
        states_of(['carying'], False)
    with pytest.raises(ConfigError, match='not both'):
        states_of(['done'], True)


def test_a_line_says_who_is_where_and_what_is_late():
    header, plain, tour, late = table([
        OrderStatus('o1', '', 1, 7, OrderState.ACCEPTED, reason='waits for shelf_3'),
        OrderStatus('tour_1', '', 1, 9, OrderState.WORKING, 'r2', leg=1, legs=5, deadline_s=160.0),
        OrderStatus('o3', '', 1, 9, OrderState.CARRYING, 'r3', deadline_s=90.0,
                    missed_deadline=True)], 100.0)
    assert header.split() == ['order', 'state', 'robot', 'leg', 'prio', 'due', 'in', 'why']
    assert plain.split() == ['o1', 'accepted', '-', '100', 'waits', 'for', 'shelf_3']
    assert tour.split() == ['tour_1', 'working', 'r2', '2/5', '100', '60', 's']
    assert late.split()[-1] == 'missed'
    assert table([], 0.0) == []


def test_what_becomes_of_an_order_is_told_as_a_sentence():
    """An order is assigned to a robot, and all else is done by it."""
    def told(state, robot='r003', reason=''):
        return sentence(OrderStatus('cli-1', '', 1, 7, state, robot, reason))
    assert told(OrderState.ASSIGNED, reason='the only idle robot') == (
        'cli-1 assigned to r003 (the only idle robot)')
    assert told(OrderState.DONE) == 'cli-1 done by r003'
    assert told(OrderState.ACCEPTED, '') == 'cli-1 accepted'
