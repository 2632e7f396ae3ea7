# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What people and the leader can do to an order under way, state by state."""

from order_rig import Floor
import pytest
from robot_swarm_orch.coordinator import events as ev, saga
from robot_swarm_orch.coordinator.fleet_state import FleetState
from robot_swarm_orch.coordinator.legs import legs_of
from robot_swarm_orch.coordinator.order_book import ATTEMPTS
from robot_swarm_orch.coordinator.saga import State
from robot_swarm_orch.types import CommandKind, Leg, OrderKind, OrderState, Outcome

CANCEL = ev.OrderCancelled('o', 'anna')


def under_way(state, **order):
    """Return a floor on which the order o has come to a state, with r0."""
    floor = Floor()
    floor.place(**order)
    if state != State.WAITING:
        floor.assign()
        floor.until(state)
    return floor


def told(floor, order_id='o'):
    """Return what the world is told of an order."""
    return floor.state.status_of(floor.order(order_id), 1)


# Cancelling


@pytest.mark.parametrize('state', (State.WAITING, State.TO_PICK, State.AT_PICK))
def test_an_order_cancelled_before_its_pick_ends_at_once(state):
    floor = under_way(state)
    assert floor.why_not(CANCEL) == ''
    assert floor.at() == State.CANCELLED
    assert told(floor).reason == 'cancelled by anna'
    assert floor.state.cancelled == 1 and not floor.state.live and not floor.state.waiting
    assert not floor.picks


def test_the_robot_of_a_cancelled_order_is_told_to_stop_its_drive():
    floor = under_way(State.TO_PICK)
    floor.command()
    drive = floor.state.robots['r0'].open
    floor.apply(CANCEL)
    assert floor.command() == CommandKind.CANCEL
    assert floor.state.robots['r0'].open.target_seq == drive.seq
    floor.answer()
    assert floor.state.is_idle('r0') and floor.command() is None


def test_the_robot_of_a_cancelled_order_may_get_the_next_one_at_once():
    floor = under_way(State.TO_PICK)
    floor.command()
    floor.apply(CANCEL)
    floor.place('next', 's1')
    assert floor.assign('next') == []
    assert floor.command() == CommandKind.GO


def test_arrival_for_a_cancelled_order_means_nothing_for_the_next_one():
    floor = under_way(State.TO_PICK)
    floor.command()
    old = floor.state.robots['r0'].open
    floor.apply(CANCEL)
    floor.place('next', 's1')
    floor.assign('next')
    floor.apply(ev.CommandAcked('r0', old.seq, int(Outcome.DONE)))
    assert floor.at('next') == State.TO_PICK


@pytest.mark.parametrize('outcome, after', (
    (Outcome.DONE, State.TO_SET_DOWN), (Outcome.FAILED, State.CANCELLED),
    (Outcome.IN_DOUBT, State.PICK_IN_DOUBT)))
def test_a_cancellation_during_the_pick_is_remembered(outcome, after):
    floor = under_way(State.PICKING)
    effects = floor.apply(CANCEL)
    assert effects.answers == [(0, '')]
    assert effects.notes[0] == 'order o is PICKING: it ends when its load is set down again'
    assert floor.at() == State.PICKING and told(floor).reason == 'cancelled by anna'
    floor.answer(outcome, happened=outcome == Outcome.DONE)
    assert floor.at() == after


@pytest.mark.parametrize('state', (State.TO_DROP, State.AT_DROP))
def test_a_load_on_its_way_is_put_back_where_it_was(state):
    floor = under_way(state)
    floor.apply(CANCEL)
    assert told(floor).state == OrderState.SETTING_DOWN
    floor.until(State.CANCELLED)
    assert floor.where == {'o': 's0'}
    assert told(floor).reason == 'cancelled by anna; its load stands at s0'
    assert floor.state.slots.loads == {'s0': 'o'}


def test_a_drive_to_the_drop_place_is_replaced_by_the_way_back():
    floor = under_way(State.TO_DROP)
    floor.command()
    floor.apply(CANCEL)
    assert floor.command() == CommandKind.GO
    assert floor.state.robots['r0'].open.place == 's0'


@pytest.mark.parametrize('happened, after, where', (
    (False, State.CANCELLED, {'o': 's0'}), (True, State.DONE, {'o': 'd0'})))
def test_a_cancellation_while_the_drop_is_in_doubt_waits_for_who_settles_it(
        happened, after, where):
    floor = under_way(State.DROPPING)
    floor.answer(Outcome.IN_DOUBT, happened=happened)
    effects = floor.apply(CANCEL)
    assert effects.answers == [(0, '')] and 'put back if it was not' in effects.notes[0]
    assert floor.at() == State.DROP_IN_DOUBT and told(floor).reason == 'cancelled by anna'
    assert floor.settle('r0')
    assert floor.at() == (State.DONE if happened else State.TO_SET_DOWN)
    floor.until(after)
    assert floor.where == where
    if happened:
        assert told(floor).reason == (
            'cancelled by anna, but its load had been set down where it was ordered to')


def test_a_cancellation_in_doubt_ends_an_order_before_its_next_leg():
    floor = Floor()
    floor.sequence(('s0', 'd0'), ('s1', 'd1'))
    floor.assign()
    floor.until(State.DROPPING)
    floor.answer(Outcome.IN_DOUBT, happened=True)
    floor.apply(CANCEL)
    assert floor.settle('r0') and floor.at() == State.CANCELLED
    assert floor.state.is_idle('r0')


def test_a_drop_under_way_cannot_be_cancelled():
    floor = under_way(State.DROPPING)
    assert 'must not be broken off' in floor.why_not(CANCEL)
    floor.answer()
    assert floor.at() == State.DONE


def test_an_ended_order_answers_with_its_state():
    floor = under_way(State.DONE)
    assert floor.why_not(CANCEL) == 'order o has ended: it is DONE'
    assert 'no order x is known' in floor.why_not(ev.OrderCancelled('x'))


def test_to_cancel_twice_is_to_cancel_once():
    floor = under_way(State.TO_DROP)
    assert floor.why_not(CANCEL) == floor.why_not(CANCEL) == ''
    floor.until(State.CANCELLED)
    assert floor.why_not(CANCEL) == ''
    assert floor.state.cancelled == 1


def test_a_doubt_about_a_pick_that_was_cancelled_ends_as_the_person_says():
    for happened, after in ((False, State.CANCELLED), (True, State.TO_SET_DOWN)):
        floor = under_way(State.PICKING)
        floor.answer(Outcome.IN_DOUBT, happened=happened)
        floor.apply(CANCEL)
        assert floor.at() == State.PICK_IN_DOUBT
        assert floor.settle('r0')
        assert floor.at() == after


# Amending


def test_priority_and_deadline_can_be_changed_until_the_end():
    floor = under_way(State.TO_DROP)
    assert floor.why_not(ev.OrderAmended('o', 200)) == ''
    assert floor.why_not(ev.OrderAmended('o', deadline_s=50.0)) == ''
    assert (told(floor).priority, told(floor).deadline_s) == (200, 50.0)
    floor.apply(ev.OrderAmended('o', -1, 0.0))
    assert (told(floor).priority, told(floor).deadline_s) == (200, 0.0)
    floor.until(State.DONE)
    assert floor.why_not(ev.OrderAmended('o', 3)) == 'order o has ended: it is DONE'


def test_a_missed_deadline_is_told_until_another_one_is_set():
    floor = under_way(State.TO_DROP)
    floor.apply(ev.OrderAmended('o', deadline_s=50.0), ev.DeadlinesMissed(('o', 'unknown')))
    assert told(floor).missed_deadline
    floor.apply(ev.OrderAmended('o', deadline_s=90.0))
    assert not told(floor).missed_deadline


# Legs


def test_a_sequence_is_done_leg_by_leg_by_one_robot():
    floor = Floor()
    floor.sequence(('s0', 'd0'), ('s1', 's2'))
    floor.assign()
    floor.until(State.DROPPING)
    floor.answer()
    assert (floor.at(), told(floor).leg, told(floor).legs) == (State.TO_PICK, 1, 2)
    assert floor.order().robot == 'r0'
    floor.until(State.DONE)
    assert floor.picks == floor.drops == {'o': 2}
    assert floor.where == {'o': 's2'}


def test_silence_in_a_later_leg_gives_only_what_is_left_to_another_robot():
    floor = Floor()
    floor.sequence(('s0', 'd0'), ('s1', 's2'))
    floor.assign()
    floor.until(State.DROPPING)
    floor.answer()
    floor.apply(ev.RobotLost('r0'))
    assert (floor.at(), floor.order().leg) == (State.WAITING, 1)
    floor.assign(robot='r1')
    floor.until(State.DONE, robot='r1')
    assert floor.picks == {'o': 2}


def test_an_inspection_goes_from_place_to_place():
    floor = Floor()
    floor.place_kind(OrderKind.INSPECT, places=('d0', 'd1', 's3'))
    floor.assign()
    steps = []
    while floor.at() != State.DONE:
        kind = floor.command()
        steps.append((kind, floor.state.robots['r0'].open.place))
        assert told(floor).state == (OrderState.WORKING if kind == CommandKind.INSPECT
                                     else OrderState.ASSIGNED)
        floor.answer()
    assert steps == [(kind, place) for place in ('d0', 'd1', 's3')
                     for kind in (CommandKind.GO, CommandKind.INSPECT)]


@pytest.mark.parametrize('outcome', (Outcome.FAILED, Outcome.IN_DOUBT))
def test_an_inspection_that_failed_is_made_again_by_another_robot(outcome):
    floor = Floor()
    floor.place_kind(OrderKind.INSPECT, places=('d0', 'd1'))
    floor.assign()
    for _ in range(3):
        floor.step()
    floor.command()
    floor.answer(outcome)
    assert (floor.at(), floor.order().leg, floor.order().attempts) == (State.WAITING, 1, 1)
    floor.assign(robot='r1')
    floor.until(State.DONE, robot='r1')


def test_an_inspection_that_is_cancelled_stops_the_device_too():
    floor = Floor()
    floor.place_kind(OrderKind.INSPECT, places=('d0',))
    floor.assign()
    floor.until(State.WORKING)
    floor.apply(CANCEL)
    assert floor.at() == State.CANCELLED and not floor.state.is_idle('r0')
    assert floor.command() == CommandKind.CANCEL
    floor.answer()
    assert floor.state.is_idle('r0')


def test_to_charge_anywhere_waits_for_the_choice_of_a_charger():
    floor = Floor()
    floor.place_kind(OrderKind.CHARGE)
    floor.assign()
    assert floor.command() is None
    floor.apply(ev.OrderRedirected('o', 'charger'))
    assert floor.state.slots.aims_at('charger') == ('o',)
    assert [floor.step(), floor.step()] == [CommandKind.GO, CommandKind.CHARGE]
    assert floor.at() == State.DONE and floor.state.slots.aims_at('charger') == ()


def test_a_parked_robot_keeps_its_place():
    floor = Floor()
    floor.place_kind(OrderKind.PARK, drop='p1')
    floor.assign()
    assert floor.state.robots['r0'].parking == 'p1'
    floor.until(State.DONE)
    assert floor.state.robots['r0'].parking == 'p1'


def test_an_order_for_one_robot_is_given_to_no_other():
    floor = Floor()
    floor.place_kind(OrderKind.GO, drop='d0', only_robot='r1')
    assert floor.assign(robot='r0') == ['TaskAssigned: the order is for another robot']
    assert floor.assign(robot='r1') == []


# Compensations


def test_a_load_handed_over_is_fetched_by_another_robot():
    floor = under_way(State.TO_DROP)
    floor.apply(ev.LoadHandedOver('o', 's3', 'r0 has to charge'))
    floor.until(State.WAITING)
    assert told(floor).reason == 'r0 has to charge; its load stands at s3'
    assert floor.state.is_idle('r0')
    floor.assign(robot='r1')
    floor.command('r1')
    assert floor.state.robots['r1'].open.place == 's3'
    floor.answer(robot='r1')
    floor.until(State.DONE, robot='r1')
    assert floor.picks == floor.drops == {'o': 2} and floor.where == {'o': 'd0'}


def test_a_load_that_is_handed_over_when_its_order_is_cancelled_stays_there():
    floor = under_way(State.TO_DROP)
    floor.apply(ev.LoadHandedOver('o', 's3'))
    floor.apply(CANCEL)
    floor.until(State.CANCELLED)
    assert floor.where == {'o': 's3'}


def test_an_order_given_up_with_its_load_on_the_way_puts_it_back_and_fails():
    floor = under_way(State.AT_DROP)
    floor.apply(ev.OrderGivenUp('o', 'd0 is blocked by people'))
    floor.until(State.FAILED)
    assert floor.where == {'o': 's0'}
    assert told(floor).reason == 'd0 is blocked by people; its load stands at s0'


def test_a_load_that_cannot_go_back_waits_for_another_place():
    floor = under_way(State.TO_DROP)
    floor.apply(ev.SlotSet('s0', True, 'other'))
    floor.command()
    floor.apply(CANCEL)
    assert floor.order().refuge == ''
    assert floor.command() == CommandKind.CANCEL, 'it must not drive on to the drop place'
    floor.answer()
    floor.apply(ev.OrderRedirected('o', 's0'))
    assert floor.order().refuge == '', 'that slot is taken'
    floor.apply(ev.OrderRedirected('o', 's2'))
    floor.until(State.CANCELLED)
    assert floor.where == {'o': 's2'}


def test_failures_after_the_pick_are_counted_until_another_place_is_chosen():
    floor = under_way(State.AT_DROP, drop='s1', alternates=('s2',))
    for _ in range(3):
        floor.step(outcome=Outcome.FAILED)
    assert floor.order().misses == 3
    floor.apply(ev.OrderRedirected('o', 's2'))
    assert floor.order().misses == 0
    floor.until(State.DONE)
    assert floor.where == {'o': 's2'}


# Strays and rescues


@pytest.mark.parametrize('state', sorted(
    state for state, moves in saga.TRANSITIONS.items() if saga.Event.STRANDED in moves))
def test_a_stranded_load_gets_a_rescue_order(state):
    floor = under_way(State.TO_DROP)
    if state in saga.SETTING_DOWN:
        floor.apply(ev.LoadHandedOver('o', 's3'))
    if state in saga.IN_DOUBT:
        if state == State.PICK_IN_DOUBT:
            floor = under_way(State.PICKING)
        floor.clear('r0')
    elif state not in (State.TO_DROP, State.TO_SET_DOWN):
        floor.step()
    assert floor.at() == state
    assert floor.strand('r0', 's2') == ''
    assert floor.at() == State.FAILED
    assert told(floor).reason == 'its load was left at s2; order o.r1 goes on from there'
    rescue = floor.order('o.r1')
    assert (rescue.kind, rescue.pick, rescue.drop, rescue.load) == (1, 's2', 'd0', 'o')
    assert list(floor.state.waiting) == ['o.r1'] and floor.state.slots.loads == {'s2': 'o'}


def test_a_rescue_can_be_rescued_and_goes_on_with_the_legs_that_are_left():
    floor = Floor()
    floor.sequence(('s0', 'd0'), ('s1', 'd1'))
    floor.assign()
    floor.until(State.TO_DROP)
    floor.strand('r0', 's2')
    assert [(leg.pick, leg.drop) for leg in legs_of(floor.order('o.r1'))] == [
        ('s2', 'd0'), ('s1', 'd1')]
    floor.assign('o.r1', 'r1')
    floor.until(State.TO_DROP, 'o.r1', 'r1')
    floor.strand('r1', 's3')
    assert floor.at('o.r1') == State.FAILED and floor.at('o.r2') == State.WAITING


def test_no_rescue_is_made_for_what_was_cancelled_or_has_arrived():
    floor = under_way(State.TO_DROP)
    floor.apply(CANCEL)
    floor.strand('r0', 's2')
    assert not floor.state.live
    floor = under_way(State.TO_DROP)
    floor.strand('r0', 'd0')
    assert not floor.state.live


def test_a_load_in_the_grip_of_a_device_is_not_stranded():
    floor = under_way(State.PICKING)
    assert 'clear the robot first' in floor.strand('r0', 's2')
    assert floor.at() == State.PICKING


# Slots


def test_two_orders_never_aim_at_one_slot():
    floor = under_way(State.TO_PICK, drop='s2')
    floor.place('late', 's1', 's2')
    assert floor.assign('late', 'r1') == [
        'TaskAssigned: s2 is where order o sets its load down']
    floor.until(State.DONE)
    assert floor.assign('late', 'r1') == ['TaskAssigned: s2 holds the load o']
    floor.apply(ev.SlotSet('s2', False))
    assert floor.assign('late', 'r1') == []


def test_a_slot_is_free_again_once_its_load_was_picked():
    floor = under_way(State.DONE, drop='s2')
    floor.place('next', 's2', 'd0')
    floor.assign('next')
    floor.until(State.TO_DROP, 'next')
    assert floor.state.slots.loads == {}
    floor.place('late', 's1', 's2')
    assert floor.assign('late', 'r1') == [
        'TaskAssigned: s2 is kept for the load of order next until that is delivered']
    floor.until(State.DONE, 'next')
    assert floor.assign('late', 'r1') == []


def test_of_two_loads_from_one_slot_the_first_goes_back_and_the_other_elsewhere():
    floor = under_way(State.TO_DROP)
    floor.place('late')
    floor.assign('late', 'r1')
    floor.until(State.TO_DROP, 'late', 'r1')
    floor.apply(CANCEL, ev.OrderCancelled('late'))
    assert (floor.order().refuge, floor.order('late').refuge) == ('s0', '')
    floor.apply(ev.OrderRedirected('late', 's3'))
    floor.until(State.CANCELLED)
    floor.until(State.CANCELLED, 'late', 'r1')
    assert floor.where == {'o': 's0', 'late': 's3'}


def test_an_order_waits_for_the_load_that_another_one_brings():
    floor = under_way(State.TO_DROP, drop='s2')
    floor.place('next', 's2', 'd0')
    assert floor.assign('next', 'r1') == [
        'TaskAssigned: s2 is where order o sets its load down first']
    floor.until(State.DONE)
    assert floor.assign('next', 'r1') == []


def test_nothing_is_dropped_into_a_slot_that_a_person_filled():
    floor = under_way(State.AT_DROP, drop='s2')
    floor.apply(ev.SlotSet('s2', True, 'x'))
    assert floor.command() is None
    floor.apply(ev.SlotSet('s2', False))
    assert floor.command() == CommandKind.DROP


def test_a_later_leg_whose_slot_is_taken_goes_to_an_alternate_or_waits():
    for alternates, after, place in (((), State.WAITING, 's2'), (('s3',), State.TO_PICK, 's3')):
        floor = Floor()
        floor.place_kind(OrderKind.SEQUENCE, legs=(
            Leg(OrderKind.MOVE, 's0', 'd0'), Leg(OrderKind.MOVE, 's1', 's2', alternates)))
        floor.apply(ev.SlotSet('s2', True))
        floor.assign()
        floor.until(State.DROPPING)
        floor.answer()
        assert (floor.at(), floor.order().place('drop')) == (after, place)


def test_stations_take_any_number_of_loads():
    floor = under_way(State.DONE)
    floor.place('next', 's1', 'd0')
    floor.place('third', 's2', 'd0')
    assert floor.assign('next') == floor.assign('third', 'r1') == []


def test_people_may_only_speak_of_slots():
    assert Floor().why_not(ev.SlotSet('d0', True)) == 'd0 is no storage place of this site'


# Pre-emption, pauses, drains


def test_a_more_urgent_order_takes_a_robot_before_its_pick():
    floor = under_way(State.TO_PICK)
    floor.command()
    floor.place('urgent', 's1', priority=200)
    floor.apply(ev.TaskPreempted('o', 'r0', 'urgent'), ev.TaskAssigned('urgent', 'r0'))
    assert (floor.at(), floor.at('urgent')) == (State.WAITING, State.TO_PICK)
    assert told(floor).reason == 'r0 was taken away for the more urgent order urgent'
    assert floor.order().attempts == 0
    floor.until(State.DONE, 'urgent')


@pytest.mark.parametrize('state, priority', (
    (State.TO_PICK, 100), (State.AT_PICK, 200), (State.PICKING, 200), (State.TO_DROP, 200)))
def test_a_robot_is_not_taken_away_otherwise(state, priority):
    floor = under_way(state)
    floor.place('urgent', 's1', priority=priority)
    floor.apply(ev.TaskPreempted('o', 'r0', 'urgent'))
    assert floor.at() == state


def test_pauses_and_drains_are_told_and_taken_back():
    floor = Floor()
    for event in (ev.PauseSet('r0'), ev.PauseSet(area='hall'), ev.PauseSet(),
                  ev.DrainSet('r1')):
        assert floor.why_not(event) == ''
    assert floor.state.pauses.told() == ('*', 'hall', 'r0')
    assert floor.state.pauses.drained == {'r1'}
    copy = FleetState.restore(floor.state.snapshot())
    assert copy.pauses.told() == ('*', 'hall', 'r0') and copy.pauses.drained == {'r1'}
    for event in (ev.PauseSet('r0', '', False), ev.PauseSet('', 'hall', False),
                  ev.PauseSet('', '', False), ev.DrainSet('r1', False)):
        floor.apply(event)
    assert floor.state.pauses.told() == () and not floor.state.pauses.drained
    assert floor.why_not(ev.PauseSet('ghost')) == 'ghost is unknown'


def test_a_drained_robot_finishes_its_order_and_gets_no_other():
    floor = under_way(State.TO_DROP)
    floor.apply(ev.DrainSet('r0'))
    floor.until(State.DONE)
    floor.place('next', 's1')
    assert floor.assign('next') == ['TaskAssigned: the robot is drained']


# Parts


def split():
    """Return a floor with an inspection of four places in two parts."""
    floor = Floor()
    floor.place_kind(OrderKind.INSPECT, places=('d0', 'd1', 's0', 's1'))
    floor.apply(ev.OrderSplit('o', (('d0', 's0'), ('s1', 'd1'))))
    return floor


def test_parts_are_orders_of_their_own_and_the_whole_ends_with_the_last():
    floor = split()
    assert told(floor).state == OrderState.SPLIT
    assert list(floor.state.waiting) == ['o.p1', 'o.p2']
    for robot, part in (('r0', 'o.p1'), ('r1', 'o.p2')):
        floor.assign(part, robot)
        assert (told(floor).leg, told(floor).legs) == (int(part == 'o.p2'), 2)
        floor.until(State.DONE, part, robot)
    assert floor.at() == State.DONE and floor.state.done == 3


def test_a_whole_fails_with_counts_when_a_part_fails():
    floor = split()
    floor.apply(ev.OrderGivenUp('o.p1', 'no way'))
    floor.assign('o.p2')
    floor.until(State.DONE, 'o.p2')
    assert floor.at() == State.FAILED
    assert told(floor).reason == '1 of its 2 parts were done, the others failed'


def test_to_cancel_or_amend_the_whole_goes_to_its_parts():
    floor = split()
    floor.assign('o.p1')
    floor.apply(ev.OrderAmended('o', 7))
    assert {floor.order(name).priority for name in ('o', 'o.p1', 'o.p2')} == {7}
    assert floor.why_not(CANCEL) == ''
    assert {floor.at(name) for name in ('o', 'o.p1', 'o.p2')} == {State.CANCELLED}


@pytest.mark.parametrize('parts', (
    (), (('d0', 'd1', 's0', 's1'),), (('d0',), ('d1',)), (('d0', 'd1', 's0', 's1'), ())))
def test_parts_that_are_not_the_whole_are_ignored(parts):
    floor = Floor()
    floor.place_kind(OrderKind.INSPECT, places=('d0', 'd1', 's0', 's1'))
    floor.apply(ev.OrderSplit('o', parts))
    assert floor.at() == State.WAITING and len(floor.state.live) == 1


def test_an_order_that_failed_before_its_pick_too_often_fails_in_its_leg():
    floor = Floor()
    floor.sequence(('s0', 'd0'), ('s1', 'd1'))
    floor.assign()
    floor.until(State.DROPPING)
    floor.answer()
    for _ in range(ATTEMPTS):
        if floor.at() == State.WAITING:
            floor.assign()
        floor.step(outcome=Outcome.FAILED)
    assert floor.at() == State.FAILED
