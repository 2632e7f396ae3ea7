# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What `swarm why` says of orders, and the reason for which a robot was chosen."""

from dataclasses import replace

from insight_values import picture, report, safety, waits
import numpy as np
import pytest
from robot_swarm_orch.coordinator.allocation import allocate, Candidate
from robot_swarm_orch.coordinator.backlog import Backlog, Lane
from robot_swarm_orch.coordinator.records import OrderRecord
from robot_swarm_orch.coordinator.strategies import hungarian
from robot_swarm_orch.insight.orders import explain_order
from robot_swarm_orch.orders import CAN_TAKE, NO_ROBOT
from robot_swarm_orch.types import OrderState, OrderStatus, Reason

CHOSEN = 'nearest of 12 idle robots, 34 s away; runner-up r004 41 s'


def said(state, *reports, robot='', reason='', **fields):
    """Return the sentence about order o1 in a state."""
    status = OrderStatus('o1', 't', 4, 9, state, robot, reason)
    return explain_order(picture(*reports, statuses={'o1': status}, **fields), 'o1').text


def test_an_order_under_way_says_who_has_it_why_that_robot_and_why_it_stands():
    reports = (report('r1', Reason.AUTHORITY, wanted=(4,), goal=7, order_id='o1'),
               report('r2', Reason.PAYLOAD, held=(4,)))
    text = said(OrderState.CARRYING, *reports, robot='r1', reason=CHOSEN,
                waits=(waits('r1', 4, 'r2'),),
                safeties={'r2': safety(Reason.PAYLOAD, 'drop at desk')})
    assert text == (f'order o1 is carried by r1 ({CHOSEN}), which stands: waiting for node 4 held '
                    'by r2, which is dropping at desk')


def test_the_answer_names_robots_that_should_be_listened_to():
    status = OrderStatus('o1', 't', 4, 9, OrderState.ASSIGNED, 'r1', CHOSEN)
    answer = explain_order(picture(report('r1', Reason.PAYLOAD), statuses={'o1': status}), 'o1')
    assert answer.unheard == ('r1',)
    assert [cause.kind for cause in answer.causes] == ['assigned', 'payload']


@pytest.mark.parametrize('state, reason, words', [
    (OrderState.DONE, CHOSEN, f'is done, carried out by r1 ({CHOSEN})'),
    (OrderState.FAILED, 'device_failed', 'has failed: device_failed; mend the cause'),
    (OrderState.CANCELLED, 'cancelled by anna', 'was cancelled: cancelled by anna'),
    (OrderState.REFUSED, 'queue full: 1000 orders wait; try again later',
     'was refused: queue full: 1000 orders wait'),
    (OrderState.IN_DOUBT, '', 'is in doubt: nobody can tell whether the pick or drop of r1'),
    (OrderState.UNKNOWN, '', 'is unknown: it was never accepted here')])
def test_an_order_at_its_end_says_how_it_ended(state, reason, words):
    assert words in said(state, report('r1'), robot='r1', reason=reason)


def test_an_order_that_waits_for_a_place_says_for_which_and_not_for_robots():
    text = said(OrderState.ACCEPTED, report('r1'),
                reason='waits for a place: shelf_2 holds the load old')
    assert text.startswith('order o1 waits for a place: shelf_2 holds the load old; empty')


def test_a_waiting_order_says_in_the_leaders_words_what_keeps_the_robots():
    """A robot that stands idle may be the wrong one; only the leader knows what an order asks."""
    text = said(OrderState.ACCEPTED, report('r1'), reason=NO_ROBOT + '1 is without the tools')
    assert text == ('order o1 waits: no robot can take it: 1 is without the tools; ask `swarm '
                    'why` about the robots that do not work')
    busy = said(OrderState.ACCEPTED, report('r1'), reason=NO_ROBOT + '2 carry out orders')
    assert busy == 'order o1 waits: no robot can take it: 2 carry out orders'


def test_a_waiting_order_that_robots_can_take_says_how_many():
    text = said(OrderState.ACCEPTED, report('r1'), reason=f'1 robot{CAN_TAKE}')
    assert text == ('order o1 waits: 1 robot can take it now; the most urgent and the nearest are '
                    'paired within a second')


def test_a_waiting_order_of_which_the_leader_says_no_more_claims_nothing():
    assert said(OrderState.ACCEPTED, report('r1')) == 'order o1 waits: for a robot'


def test_an_order_that_came_back_says_why():
    for word in (f'2 robots{CAN_TAKE}', f'{NO_ROBOT}2 are lost'):
        text = said(OrderState.ACCEPTED, report('r1'), reason=f'r3 fell silent; {word}')
        assert text.startswith(f'order o1 waits again (r3 fell silent): {word}')


def test_an_order_waits_while_nobody_leads_or_all_are_stopped():
    assert 'no coordinator leads' in said(OrderState.ACCEPTED, report('r1'), leader=None,
                                          alive=frozenset())
    seen = picture(report('r1'), statuses={'o1': OrderStatus('o1', '', 4, 9,
                                                             OrderState.ACCEPTED)})
    seen = replace(seen, view=replace(seen.view, emergency_stop=True))
    assert 'swarm estop --release' in explain_order(seen, 'o1').text


def test_an_order_that_nobody_answers_about():
    seen = picture(report('r1'), leader=None, alive=frozenset(), view=None)
    assert 'cannot be asked about: no coordinator leads' in explain_order(seen, 'o1').text
    assert 'the leader has not answered within 3 s' in explain_order(
        picture(report('r1')), 'o1').text


class Line:
    """Travel times on a line: the distance between node numbers."""

    def admit(self, goals):
        return set(goals)

    def to_each(self, goals, nodes, yaws):
        return np.abs(np.array(goals)[:, None] - nodes).astype(float)


def whys(goals, **nodes):
    """Return robot and reason by order id, of orders that begin at goals, given to robots."""
    orders = [OrderRecord(order_id, '', 1, 'a', 'b', '', 100, 0.0, 0) for order_id in goals]
    queues = Backlog(lambda order: Lane(goals[order.order_id]), orders).look(0, 0.0)
    robots = [Candidate(name, node, 0.0) for name, node in nodes.items()]
    return {order_id: (name, why)
            for name, order_id, why in allocate(hungarian, robots, queues, Line())}


def test_the_reason_names_the_rank_and_the_runner_up():
    assert whys({'o1': 0}, far=41, near=34, away=90)['o1'] == (
        'near', 'nearest of 3 idle robots, 34 s away; runner-up far 41 s')


def test_a_robot_that_is_not_the_nearest_says_where_the_nearest_went():
    given = whys({'o1': 30, 'o2': 49}, r1=0, r2=50)
    assert given['o1'] == ('r1', 'number 2 of 2 idle robots by distance, 30 s away; r2, 20 s '
                           'away, got order o2')
    assert given['o2'] == ('r2', 'nearest of 2 idle robots, 1 s away; runner-up r1 49 s')


def test_the_reason_says_when_there_was_no_choice():
    assert whys({'o1': 0}, r1=7)['o1'] == ('r1', 'the only idle robot, 7 s away')
