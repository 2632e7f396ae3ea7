# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What the leader says of an order that waits: which of its rules keeps robots from it."""

from dataclasses import replace

from coordinator_bench import Group, ring_site
import pytest
from robot_swarm_orch.coordinator import bars
from robot_swarm_orch.coordinator.backlog import Lane
from robot_swarm_orch.types import Drain, Enrolment, Mode, Order, OrderKind, OrderState, Pause


def ready(robots=2):
    """Return a group on a ring with a charger, whose robots have joined."""
    group = Group(ring_site(more={'shelf_3': 'charger'}.items()), robots)
    group.run(until=lambda: all(robot.book.mode == Mode.AUTOMATIC
                                for robot in group.robots.values()))
    group.run(seconds=0.3)
    return group


def go(**fields):
    """Return an order to drive to shelf_2."""
    return Order('o', 't', OrderKind.GO, '', 'shelf_2', **fields)


def placed(group, order):
    """Hand an order in and return the reason in the status with which it is accepted."""
    group.submit(order)
    group.run(until=lambda: group.status('o') is not None)
    assert group.status('o').state == OrderState.ACCEPTED
    return group.status('o').reason


def asked(group):
    """Return what the leader says of the order when it is asked, a while later."""
    group.run(seconds=1.5)
    group.statuses.clear()
    group.submit(Order('o', 't', OrderKind.GO, '', ''))
    group.run(until=lambda: group.status('o') is not None)
    assert group.status('o').state == OrderState.ACCEPTED
    return group.status('o').reason


def act(group, what):
    """Let a person act."""
    count = len(group.answers)
    group.operate(what, f'request {count}')
    group.run(until=lambda: len(group.answers) > count)
    assert group.answers[-1][1], group.answers[-1]


def test_an_order_for_tools_that_no_robot_has_says_so_when_it_is_accepted_and_when_asked():
    group = ready()
    words = 'no robot can take it: 2 are without the tools for it (forklift)'
    assert placed(group, go(tools=('forklift',))) == words
    assert asked(group) == words


def test_an_order_for_a_robot_that_was_never_heard_says_so():
    group = ready()
    act(group, Enrolment('r055', group.site.places['park_5'].node))
    words = 'no robot can take it: r055 was never heard'
    assert placed(group, go(robot='r055')) == words
    assert asked(group) == words


def test_an_order_to_charge_for_a_robot_that_carries_a_load_says_so():
    group = ready()
    robot, report = group.robots['r0'], group.robots['r0'].report
    robot.report = lambda: replace(report(), carrying=True)
    group.run(seconds=0.3)
    assert placed(group, Order('o', 't', OrderKind.CHARGE, '', '', robot='r0')) == ''
    assert asked(group) == 'no robot can take it: r0 carries a load of no order'


@pytest.mark.parametrize('what, words', [
    (Drain('r0'), 'is drained'), (Pause('r0'), 'is paused')])
def test_an_order_says_what_people_keep_its_robot_from(what, words):
    group = ready()
    act(group, what)
    assert placed(group, go(robot='r0')) == ''
    assert asked(group) == f'no robot can take it: r0 {words}'


def test_an_order_counts_what_keeps_the_robots():
    group = ready(robots=3)
    act(group, Drain('r0'))
    group.robots['r1'].battery = 0.0
    group.robots['r2'].silent = True
    group.run(seconds=1.5)
    placed(group, go())
    assert asked(group) == ('no robot can take it: 1 is drained, 1 charges, 1 does not report')


def test_who_hands_an_order_in_again_is_told_its_state_and_no_more():
    group = ready()
    act(group, Pause())
    placed(group, go())
    group.statuses.clear()
    group.submit(go())
    group.run(until=lambda: group.status('o') is not None)
    assert group.status('o').reason == ''
    assert asked(group) == 'no robot can take it: 2 are paused'


def test_the_words_fit_a_message_however_many_tools_are_asked_for():
    words = bars.words([bars.TOOLS], Lane(0, tools=('x' * 128,) * 16))
    assert len(bars.with_words('r1 fell silent', words)) <= 256
    assert bars.words([None, bars.LOST], Lane(0)) == '1 robot can take it now'
    assert bars.words([bars.TOO_HEAVY], Lane(0, mass_kg=900.0)) == (
        'no robot can take it: 1 cannot carry 900 kg')
    assert bars.words([], Lane(0)) == 'no robot can take it: none is enrolled'
