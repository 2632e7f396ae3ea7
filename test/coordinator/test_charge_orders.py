# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Orders to charge, and what a low battery does to other orders, in a group of replicas."""

from coordinator_bench import Group, move, ring_site
import pytest
from robot_swarm_orch.coordinator import events as ev
from robot_swarm_orch.coordinator.fleet_state import FleetState
from robot_swarm_orch.coordinator.intake import why_refused
from robot_swarm_orch.types import (
    CommandKind, Leg, Mode, NO_PLACE, Order, OrderKind, OrderState)

CHARGERS = {'shelf_2': 'charger', 'shelf_3': 'charger'}
SLOTS = {'shelf_0': 'storage', 'shelf_2': 'storage', 'shelf_3': 'charger'}


def ready(more, robots=2, **batteries):
    """Return a group whose robots have joined, with these charges, 0 to 1."""
    group = Group(site=ring_site(more=more.items()), robots=robots)
    for name, charge in batteries.items():
        group.robots[name].battery = charge
    group.run(until=lambda: all(robot.book.mode == Mode.AUTOMATIC
                                for robot in group.robots.values()))
    return group


def charge(order_id, robot='', drop=''):
    """Return an order to charge."""
    return Order(order_id, order_id, OrderKind.CHARGE, '', drop, robot=robot)


def until(group, order_id, state):
    """Run until an order is told to be in a state."""
    group.run(until=lambda: group.status(order_id) is not None
              and group.status(order_id).state == state)


def record(group, name):
    """Return what the leader's log knows of a robot."""
    return group.replicas[group.leader].state.robots[name]


@pytest.mark.parametrize('drop', ('', 'shelf_3'))
def test_a_robot_whose_battery_is_nearly_empty_is_given_the_order_to_charge(drop):
    group = ready(CHARGERS, robots=1, r0=0.02)
    group.run(seconds=1.0)
    group.submit(charge('c', 'r0', drop))
    until(group, 'c', OrderState.DONE)
    assert group.robots['r0'].node in (
        [group.site.places[drop].node] if drop else
        [group.site.places[name].node for name in CHARGERS])


def test_an_order_to_charge_goes_to_no_charger_to_which_another_robot_is_sent():
    group = ready(CHARGERS, r0=0.2, r1=0.8)
    group.run(until=lambda: record(group, 'r0').parking != '')
    assert group.robots['r0'].node != group.site.places[record(group, 'r0').parking].node
    group.submit(charge('c', 'r1'))
    group.run(until=lambda: record(group, 'r1').order_id == 'c'
              and record(group, 'r1').open is not None
              and record(group, 'r1').open.order_id == 'c')
    assert record(group, 'r1').open.place in set(CHARGERS) - {record(group, 'r0').parking}


def test_two_orders_to_charge_at_one_charger_are_done_one_after_the_other():
    group = ready(CHARGERS, r0=0.8, r1=0.8)
    group.robots['r0'].busy.add(CommandKind.CHARGE)
    group.submit(charge('one', 'r0', 'shelf_3'))
    until(group, 'one', OrderState.WORKING)
    group.submit(charge('two', 'r1', 'shelf_3'))
    group.run(seconds=1.0)
    assert group.status('two').state == OrderState.ACCEPTED
    assert group.status('two').reason == NO_PLACE + 'shelf_3 is in use'
    group.robots['r0'].busy.clear()
    until(group, 'two', OrderState.DONE)
    assert group.status('one').state == OrderState.DONE


def test_a_robot_that_could_not_finish_it_is_not_taken_away_for_an_urgent_order():
    group = ready(CHARGERS, robots=1, r0=0.9)
    group.submit(move('calm', 'shelf_1', 'shelf_0'))
    until(group, 'calm', OrderState.ASSIGNED)
    group.robots['r0'].battery = 0.05
    group.run(seconds=0.3)
    group.submit(move('urgent', 'shelf_0', 'shelf_1', priority=255))
    until(group, 'calm', OrderState.DONE)
    assert group.status('urgent').state == OrderState.ACCEPTED


def test_a_load_goes_to_another_robot_when_the_battery_does_not_reach_the_drop():
    group = ready(SLOTS, r0=0.9, r1=0.05)
    group.submit(move('o', 'shelf_0', 'shelf_1'))
    until(group, 'o', OrderState.CARRYING)
    group.robots['r0'].battery, group.robots['r1'].battery = 0.001, 0.9
    until(group, 'o', OrderState.SETTING_DOWN)
    assert 'the battery of r0, at 0 %, does not reach shelf_1' in group.status('o').reason
    until(group, 'o', OrderState.DONE)
    kinds = {name: [kind for kind, _, _ in robot.actions]
             for name, robot in group.robots.items()}
    assert kinds == dict.fromkeys(('r0', 'r1'), [CommandKind.PICK, CommandKind.DROP])


def test_a_load_stays_with_its_robot_when_the_drop_is_no_farther_than_any_slot():
    group = ready(SLOTS, robots=1, r0=0.9)
    group.submit(move('o', 'shelf_0', 'shelf_1'))
    until(group, 'o', OrderState.CARRYING)
    group.run(until=lambda: group.robots['r0'].node
              == group.site.places['shelf_1'].node - 1)
    group.robots['r0'].battery = 0.001
    until(group, 'o', OrderState.DONE)
    assert len(group.robots['r0'].actions) == 2


def test_a_charger_is_kept_for_no_robot_that_fell_silent_on_its_way_there():
    state = FleetState()
    events = (ev.SiteLaid(7, 40), ev.Enrolled('r0', 0), ev.BootRegistered('r0', 1),
              ev.CommandSent('r0', 'c', int(CommandKind.PARK), 3, 'charger', ''))
    state.apply(1, ev.Batch(100, events))
    assert state.robots['r0'].parking == 'charger'
    state.apply(2, ev.Batch(200, (ev.RobotLost('r0'),)))
    assert (state.robots['r0'].parking, state.robots['r0'].open) == ('', None)


@pytest.mark.parametrize('order', (
    charge('c'), charge('c', drop='shelf_3'),
    Order('s', 's', OrderKind.SEQUENCE, '', '', legs=(Leg(OrderKind.CHARGE),))))
def test_an_order_to_charge_is_refused_at_the_door_of_a_site_without_a_charger(order):
    assert why_refused(order, ring_site(more=CHARGERS.items())) == ''
    assert 'charg' in why_refused(order, ring_site())
