# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Acts on orders, areas and places in a whole group of replicas, with robots that drive."""

from dataclasses import replace

from coordinator_bench import Group, move, ring_site
import pytest
from robot_swarm_orch.coordinator.events import OrderAmended, OrderCancelled
from robot_swarm_orch.types import (
    Amendment, AuditNote, Cancellation, CommandKind, Drain, Leg, Mode, Order, OrderKind,
    OrderState, Outcome, Pause, Reason, Settlement, SlotWord, Stranding)

SLOTS = {'shelf_0': 'storage', 'shelf_2': 'storage', 'shelf_3': 'storage'}
"""shelf_1 is a station, the others take one load each."""


def ready(**options):
    """Return a group with slots whose robots have joined."""
    group = Group(**{'site': ring_site(more=SLOTS.items()), **options})
    group.run(until=lambda: all(robot.book.mode == Mode.AUTOMATIC
                                for robot in group.robots.values()))
    group.run(seconds=0.3)
    return group


def is_in(group, order_id, *states):
    """Return whether an order is known to be in one of some states."""
    status = group.status(order_id)
    return status is not None and status.state in states


def until(group, order_id, *states):
    """Run until an order is in one of some states."""
    group.run(until=lambda: is_in(group, order_id, *states))


def ask(group, act):
    """Let a person act; return (done, reason)."""
    number = len(group.answers)
    group.operate(act, f'request {number}')
    group.run(until=lambda: len(group.answers) > number)
    return group.answers[-1][1:]


def actions(group):
    """Return (kind, order) of every load action that was started, in order of robots."""
    return [(kind, order_id) for robot in group.robots.values()
            for kind, order_id, _ in robot.actions]


@pytest.mark.parametrize('state', (OrderState.ACCEPTED, OrderState.ASSIGNED, OrderState.CARRYING))
def test_an_order_cancelled_at_any_stage_leaves_its_load_where_it_was(state):
    group = ready(robots=1)
    if state == OrderState.ACCEPTED:
        group.robots['r0'].silent = True
        group.run(seconds=6.0)
    group.submit(move('o'))
    until(group, 'o', state)
    group.run(seconds=0.3)
    done, reason = ask(group, Cancellation('o', 'anna'))
    assert done and (reason == '') == (state != OrderState.CARRYING)
    until(group, 'o', OrderState.CANCELLED)
    picked = state == OrderState.CARRYING
    assert actions(group) == [(CommandKind.PICK, 'o'), (CommandKind.DROP, 'o')] * picked
    if picked:
        assert group.robots['r0'].node == group.site.places['shelf_0'].node


def test_a_robot_whose_order_was_cancelled_stops_and_is_free_again():
    group = ready(robots=1)
    group.submit(move('o', 'shelf_3', 'shelf_1'))
    until(group, 'o', OrderState.ASSIGNED)
    group.run(until=lambda: group.robots['r0'].command is not None)
    ask(group, Cancellation('o'))
    group.run(until=lambda: group.robots['r0'].command_seq >= 2)
    group.run(seconds=0.5)
    robot = group.replicas[group.leader].state.robots['r0']
    assert robot.open is None and not robot.order_id
    assert group.robots['r0'].node != group.site.places['shelf_3'].node


def test_acts_on_orders_that_ended_or_are_unknown_are_answered_so():
    group = ready(robots=1)
    group.submit(move('o'))
    until(group, 'o', OrderState.DONE)
    assert ask(group, Cancellation('o')) == (False, 'order o has ended: it is DONE')
    assert ask(group, Amendment('o', 3)) == (False, 'order o has ended: it is DONE')


@pytest.mark.parametrize('what', (Amendment('x', 7), Cancellation('x', 'anna')))
def test_an_act_on_an_order_that_nobody_knows_is_refused_and_not_in_the_log(what):
    group = ready(robots=1)
    applied, state = [], group.replicas[group.leader].state
    apply = state.apply
    state.apply = lambda index, batch: applied.extend(batch.events) or apply(index, batch)
    assert ask(group, what) == (
        False, 'no order x is known: it was never accepted, or ended long ago')
    group.run(seconds=0.5)
    assert not {OrderAmended, OrderCancelled}.intersection(map(type, applied))


def test_an_act_on_an_order_that_was_handed_in_a_moment_ago_is_taken_in():
    group = ready(robots=1)
    group.submit(move('o'))
    assert ask(group, Amendment('o', 7)) == (True, '')
    assert group.status('o').priority == 7


def test_an_order_that_is_cancelled_again_is_answered_with_its_state():
    group = ready(robots=1)
    group.submit(move('o'))
    until(group, 'o', OrderState.ACCEPTED)
    assert ask(group, Cancellation('o'))[0]
    until(group, 'o', OrderState.CANCELLED)
    assert ask(group, Cancellation('o')) == (True, 'order o has ended: it is CANCELLED')


def test_a_leader_that_is_cut_off_does_not_say_that_an_order_is_unknown():
    group = ready(robots=1)
    old = group.replicas[group.leader]
    leader = old._leader
    leader.operate(group.now_s, Cancellation('x'), 'a request')
    leader.speak(group.now_s)
    assert leader.outbox.answers == [], 'it has not asked a majority yet'
    assert [number for number, _, _ in leader.abandoned()] == ['a request']


def test_an_amended_priority_is_told_and_counts():
    group = ready(robots=1)
    group.robots['r0'].silent = True
    group.run(seconds=6.0)
    for order_id in ('one', 'two'):
        group.submit(move(order_id, 'shelf_2' if order_id == 'two' else 'shelf_0'))
    group.run(seconds=0.5)
    assert ask(group, Amendment('two', 250, 1e9)) == (True, '')
    assert (group.status('two').priority, group.status('two').deadline_s) == (250, 1e9)
    group.robots['r0'].silent = False
    until(group, 'two', OrderState.ASSIGNED)
    assert is_in(group, 'one', OrderState.ACCEPTED)


def test_an_id_used_for_something_else_is_refused_and_the_first_order_stays():
    group = ready(robots=1)
    group.submit(move('o'))
    until(group, 'o', OrderState.ASSIGNED)
    content = group.status('o').content
    group.submit(move('o', 'shelf_2'))
    until(group, 'o', OrderState.REFUSED)
    assert group.status('o').reason.startswith('id reused')
    group.submit(move('o'))
    until(group, 'o', OrderState.DONE)
    assert group.status('o').content == content != 0


def test_a_sequence_is_carried_out_in_order_by_one_robot():
    group = ready(robots=2)
    group.submit(Order('s', 't', OrderKind.SEQUENCE, '', '', legs=(
        Leg(OrderKind.MOVE, 'shelf_0', 'shelf_1'), Leg(OrderKind.INSPECT, places=('shelf_3',)),
        Leg(OrderKind.MOVE, 'shelf_2', 'shelf_1'), Leg(OrderKind.PARK, drop='park_4'))))
    until(group, 's', OrderState.DONE)
    kinds = [kind for kind, _ in actions(group)]
    assert kinds == [CommandKind.PICK, CommandKind.DROP] * 2
    worker = next(robot for robot in group.robots.values() if robot.actions)
    assert worker.node == group.site.places['park_4'].node
    told = [status.leg for status in group.statuses if status.order_id == 's']
    assert told == sorted(told) and group.status('s').legs == 4


def test_a_large_inspection_is_split_and_done_by_several_robots():
    group = ready(robots=2, inspect_places_max=2)
    places = ('shelf_0', 'shelf_1', 'shelf_2', 'shelf_3')
    group.submit(Order('i', 't', OrderKind.INSPECT, '', '', places=places))
    until(group, 'i', OrderState.SPLIT)
    until(group, 'i', OrderState.DONE)
    assert {group.status(f'i.p{n}').state for n in (1, 2)} == {OrderState.DONE}
    assert (group.status('i').leg, group.status('i').legs) == (2, 2)


def test_an_order_for_one_robot_waits_for_it():
    group = ready(robots=2)
    group.submit(Order('g', 't', OrderKind.GO, '', 'shelf_2', robot='r1'))
    until(group, 'g', OrderState.DONE)
    assert group.status('g').robot == 'r1'
    group.submit(Order('x', 't', OrderKind.GO, '', 'shelf_2', robot='r7'))
    until(group, 'x', OrderState.REFUSED)
    assert 'unknown robot' in group.status('x').reason


def test_a_taken_slot_makes_orders_wait_or_use_alternates():
    group = ready(robots=2)
    group.submit(move('first', 'shelf_0', 'shelf_2'))
    until(group, 'first', OrderState.DONE)
    group.submit(move('second', 'shelf_1', 'shelf_2'))
    group.submit(Order('third', 't', OrderKind.MOVE, 'shelf_1', 'shelf_2',
                       alternates=('shelf_3',)))
    until(group, 'third', OrderState.DONE)
    assert group.status('second').state == OrderState.ACCEPTED
    assert group.status('second').reason == 'waits for a place: shelf_2 holds the load first'
    assert ask(group, SlotWord('shelf_2', False)) == (True, '')
    until(group, 'second', OrderState.DONE)
    assert ask(group, SlotWord('shelf_1', True))[1] == 'shelf_1 is no storage place of this site'


def test_an_order_whose_place_stays_taken_fails_after_the_bound():
    group = ready(robots=1, drop_wait_s=2.0)
    ask(group, SlotWord('shelf_2', True, 'old'))
    group.submit(move('o', 'shelf_1', 'shelf_2'))
    until(group, 'o', OrderState.FAILED)
    assert group.status('o').reason == 'shelf_2 holds the load old'
    assert not actions(group)


def test_a_load_whose_place_is_filled_on_the_way_goes_elsewhere_or_back():
    for alternates, state, place in ((('shelf_3',), OrderState.DONE, 'shelf_3'),
                                     ((), OrderState.FAILED, 'shelf_0')):
        group = ready(robots=1, drop_wait_s=2.0)
        group.submit(Order('o', 't', OrderKind.MOVE, 'shelf_0', 'shelf_2', alternates=alternates))
        until(group, 'o', OrderState.CARRYING)
        ask(group, SlotWord('shelf_2', True))
        until(group, 'o', OrderState.DONE, OrderState.FAILED)
        assert is_in(group, 'o', state)
        assert group.robots['r0'].node == group.site.places[place].node


def test_a_drop_that_keeps_failing_is_put_back_after_the_bound():
    group = ready(robots=1, drop_wait_s=3.0, resend_max_s=0.2)
    robot = group.robots['r0']
    group.submit(move('o'))
    until(group, 'o', OrderState.CARRYING)
    robot.outcomes[CommandKind.DROP] = Outcome.FAILED
    until(group, 'o', OrderState.SETTING_DOWN)
    del robot.outcomes[CommandKind.DROP]
    until(group, 'o', OrderState.FAILED)
    reason = group.status('o').reason
    assert reason.startswith('r0 failed') and reason.endswith('its load stands at shelf_0')
    assert robot.node == group.site.places['shelf_0'].node


def test_a_stranded_load_is_fetched_by_another_robot():
    group = ready(robots=2)
    group.submit(move('o'))
    until(group, 'o', OrderState.CARRYING)
    first = group.status('o').robot
    assert ask(group, Stranding(first, 'shelf_2', 'anna')) == (True, '')
    until(group, 'o', OrderState.FAILED)
    ask(group, Drain(first))
    until(group, 'o.r1', OrderState.DONE)
    assert group.status('o.r1').robot != first
    assert ask(group, Stranding(first, 'nowhere'))[1].startswith('unknown place')


@pytest.mark.parametrize('gap, takes', ((100, True), (0, False)))
def test_an_urgent_order_takes_the_robot_of_another_one(gap, takes):
    group = ready(robots=1, preempt_priority_gap=gap)
    group.submit(move('usual', 'shelf_3', 'shelf_1'))
    until(group, 'usual', OrderState.ASSIGNED)
    group.submit(move('urgent', 'shelf_0', 'shelf_1', priority=200))
    until(group, 'urgent', OrderState.ASSIGNED)
    assert is_in(group, 'usual', OrderState.ACCEPTED) == takes
    group.run(until=lambda: is_in(group, 'usual', OrderState.DONE)
              and is_in(group, 'urgent', OrderState.DONE))
    assert len(actions(group)) == len(set(actions(group))) == 4


@pytest.mark.parametrize('pause', (Pause('r0'), Pause()))
def test_a_paused_robot_comes_to_rest_and_goes_on_with_its_order(pause):
    group = ready(robots=1)
    group.submit(move('o', 'shelf_3', 'shelf_1'))
    until(group, 'o', OrderState.ASSIGNED)
    assert ask(group, pause)[0]
    group.run(seconds=3.0)
    stood, nodes = group.robots['r0'].node, group.robots['r0'].book.held
    group.run(seconds=5.0)
    assert (group.robots['r0'].node, group.robots['r0'].book.held) == (stood, nodes)
    assert is_in(group, 'o', OrderState.ASSIGNED)
    assert group.views[-1].paused == (pause.robot or '*',)
    ask(group, Pause(pause.robot, is_paused=False))
    until(group, 'o', OrderState.DONE)
    assert ask(group, Pause(area='nowhere'))[1].startswith('unknown area')


def test_a_paused_robot_is_told_at_once_that_its_order_was_cancelled():
    group = ready(robots=1)
    group.submit(move('o', 'shelf_3', 'shelf_1'))
    until(group, 'o', OrderState.ASSIGNED)
    ask(group, Pause('r0'))
    group.run(seconds=3.0)
    robot = group.robots['r0']
    seq = robot.command_seq
    assert ask(group, Cancellation('o'))[0]
    group.run(seconds=2.0)
    assert robot.command_seq == seq + 1, 'it would drive on with a dead order after the pause'
    assert robot.command is None or robot.command.kind == CommandKind.CANCEL


def test_a_paused_robot_gets_no_new_order():
    group = ready(robots=2)
    ask(group, Pause('r0'))
    for number in range(2):
        group.submit(move(f'o{number}'))
        until(group, f'o{number}', OrderState.DONE)
        assert group.status(f'o{number}').robot == 'r1'


def test_a_drained_robot_finishes_parks_and_gets_nothing_new():
    group = ready(robots=2, park_after_s=0.5)
    group.submit(move('o'))
    until(group, 'o', OrderState.CARRYING)
    name = group.status('o').robot
    ask(group, Drain(name))
    until(group, 'o', OrderState.DONE)
    for number in range(2):
        group.submit(move(f'n{number}'))
        until(group, f'n{number}', OrderState.DONE)
        assert group.status(f'n{number}').robot != name
    parked = {place.node for key, place in group.site.places.items() if key.startswith('park')}
    group.run(until=lambda: group.robots[name].node in parked)
    assert group.views[-1].drained == (name,)


def test_a_missed_deadline_is_told():
    group = ready(robots=1)
    group.robots['r0'].silent = True
    group.submit(Order('o', 't', OrderKind.MOVE, 'shelf_0', 'shelf_1', deadline_s=1.0))
    until(group, 'o', OrderState.ACCEPTED)
    assert not group.status('o').missed_deadline
    leader = group.replicas[group.leader]
    leader._leader._tally._ros_time = lambda: 2.0
    group.run(until=lambda: group.status('o').missed_deadline)


def test_a_leader_killed_while_a_load_is_put_back_repeats_nothing():
    group = ready(robots=1)
    group.submit(move('o'))
    until(group, 'o', OrderState.CARRYING)
    ask(group, Cancellation('o'))
    group.kill(group.leader)
    until(group, 'o', OrderState.CANCELLED)
    assert actions(group) == [(CommandKind.PICK, 'o'), (CommandKind.DROP, 'o')]


@pytest.mark.parametrize('happened', (False, True))
def test_a_robot_that_reports_its_doubt_gets_commands_once_that_is_settled(happened):
    """It reports IN_DOUBT until the next command, which therefore has to come."""
    group = ready(robots=1)
    robot, report = group.robots['r0'], group.robots['r0'].report
    robot.outcomes[CommandKind.PICK] = Outcome.IN_DOUBT
    group.submit(move('o'))
    until(group, 'o', OrderState.IN_DOUBT)
    seq = robot.command_seq
    robot.report = lambda: replace(report(), safety=(
        Reason.IN_DOUBT if robot.command_seq == seq else Reason.NONE))
    group.run(seconds=3.0)
    assert robot.command_seq == seq, 'nothing is sent before it is settled'
    robot.outcomes.clear()
    assert ask(group, Settlement('r0', happened, 'anna')) == (True, '')
    until(group, 'o', OrderState.DONE)
    assert actions(group).count((CommandKind.PICK, 'o')) == 2 - happened


def test_a_note_for_the_record_changes_nothing_and_is_answered():
    group = ready()
    assert ask(group, AuditNote('release of r1', 'refused: role too low', 'kim')) == (True, '')
    state = group.replicas[group.leader].state
    assert not state.counters.refused
