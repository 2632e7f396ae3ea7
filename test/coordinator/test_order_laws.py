# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Laws of orders, whatever happens in whatever state.

A random walk says what people, robots and the leader do next; the floor of `order_rig.py` keeps
the books of what really stands where. After every act the laws are asked, and in the end everybody
does the best they can: then every order must end.
"""

import random

from hypothesis import given, HealthCheck, settings, strategies as st
from order_rig import Floor, ROBOTS, SLOTS, STATIONS
import pytest
from robot_swarm_orch.codec import pack, unpack
from robot_swarm_orch.coordinator import commands, events as ev, frozen, saga
from robot_swarm_orch.coordinator.fleet_state import FleetState
from robot_swarm_orch.coordinator.saga import Event, State
from robot_swarm_orch.types import CommandKind, Leg, OrderKind, Outcome

PLACES = SLOTS + STATIONS
RESTING = tuple(state for state in State if state not in (State.LEG_DONE, State.SET_DOWN))


def placed(order_id, priority, kind, leg, legs, places):
    """Return the event that places an order of any kind."""
    rest = ('', priority, 0.0)
    if kind == OrderKind.SEQUENCE:
        return ev.OrderPlaced(order_id, 't', 6, '', '', *rest, legs=legs)
    if kind == OrderKind.INSPECT:
        return ev.OrderPlaced(order_id, 't', 3, '', '', *rest, places=places)
    if kind == OrderKind.MOVE:
        return ev.OrderPlaced(order_id, 't', 1, leg.pick, leg.drop, *rest, leg.alternates)
    return ev.OrderPlaced(order_id, 't', int(kind), '', 'charger', *rest)


def an_order(rng, known):
    """Return the event that places an order as it comes through the door, now and then again."""
    def move():
        places = rng.sample(PLACES, rng.randint(2, 4))
        return Leg(OrderKind.MOVE, places[0], places[1], tuple(places[2:]))

    def other():
        return rng.choice((
            Leg(OrderKind.GO, '', rng.choice(PLACES)), Leg(OrderKind.PARK, '', 'p'),
            Leg(OrderKind.CHARGE, '', rng.choice(('', 'charger'))),
            Leg(OrderKind.INSPECT, places=tuple(rng.sample(PLACES, 2)))))
    kind = rng.choice((*[OrderKind.MOVE] * 4, *OrderKind))
    legs = tuple(rng.choice((move, move, other))() for _ in range(rng.randint(1, 3)))
    return placed(f'o{rng.randint(max(0, known - 2), known)}', rng.randint(0, 255), kind, move(),
                  legs, tuple(rng.sample(PLACES, 4)))


def an_act(rng, floor):
    """Return what happens next: mostly a robot works, so that orders come into all states."""
    live = list(floor.state.live.values())
    if not live or len(live) < 6 and rng.random() < 0.1:
        return an_order(rng, len(live) + len(floor.state.ended))
    robot, place = rng.choice(ROBOTS), rng.choice(PLACES)
    if rng.random() < 0.7:
        return 'work', robot, 1
    order, other = rng.choice(live), rng.choice(live)
    one, half = order.order_id, len(order.places) // 2
    return rng.choice((
        ev.OrderCancelled(one, 'anna'), ev.SlotSet(rng.choice(SLOTS), rng.random() < 0.3),
        ev.OrderAmended(one, rng.choice((-1, 0, 255)), rng.choice((-1.0, 0.0, 9.0))),
        ev.PauseSet(rng.choice(('', *ROBOTS)), '', rng.random() < 0.5),
        ev.DrainSet(robot, rng.random() < 0.3), ev.RobotLost(robot), ev.RobotFound(robot),
        ev.TaskAssigned(one, robot, '', rng.choice(('', place))),
        *[ev.OrderRedirected(one, place)] * 3, ev.OrderHeld(one, rng.choice(('', 'taken'))),
        *[ev.OrderGivenUp(one, 'taken')] * 2, *[ev.LoadHandedOver(one, place)] * 3,
        *[ev.TaskPreempted(one, order.robot, other.order_id)] * 4, ev.DeadlinesMissed((one,)),
        ev.OrderSplit(one, (order.places[:half], order.places[half:])),
        *[('answer', robot, Outcome.FAILED), ('answer', robot, Outcome.REJECTED)] * 2,
        ('doubt', robot, True), ('doubt', robot, False), ('clear', robot, True),
        ('clear', robot, False), *[('back', robot)] * 6, ('boot', robot),
        ('settle', robot), ('settle', robot), ('strand', robot, place)))


seeds = st.integers(0, 2 ** 32)


def happens(floor, act):
    """Let one thing happen, if it can."""
    if not isinstance(act, tuple):
        floor.apply(act)
        return
    what, name, *more = act
    record = floor.state.robots[name]
    enrolled = floor.state.keeper.enrolled[floor.state.keeper.numbers[name]]
    if what == 'command' and enrolled:
        floor.command(name)
    elif what == 'work' and enrolled:
        for _ in range(*more):
            work_on(floor, name)
    elif what == 'answer' and record.open is not None:
        floor.answer(*more, robot=name)
    elif what == 'doubt' and record.open is not None and record.open.kind in saga.DOUBTFUL:
        floor.answer(Outcome.IN_DOUBT, name, *more)
    elif what == 'clear':
        floor.clear(name, more[0] and record.open is not None
                    and record.open.kind in saga.DOUBTFUL)
    elif what == 'back':
        floor.apply(ev.RobotFound(name), ev.DrainSet(name, False))
        if not enrolled:
            floor.apply(ev.Enrolled(name, floor.state.keeper.numbers[name]))
            floor.boot(name)
    elif what == 'boot' and enrolled:
        floor.boot(name)
    elif what == 'settle':
        floor.settle(name)
    elif what == 'strand' and (name in floor.loaded or not record.order_id):
        floor.strand(name, *more)


def work_on(floor, name):
    """Let a robot do what is next: take an order, hear a command, or answer it."""
    state, record = floor.state, floor.state.robots[name]
    if record.open is not None and name not in state.due:
        floor.answer(robot=name)
    elif name in state.due:
        floor.command(name)
    elif state.is_idle(name) and name not in floor.loaded:
        ready = [order_id for order_id in state.waiting
                 if not state.why_not_ready(state.live[order_id])]
        for order_id in ready[:1]:
            floor.apply(ev.TaskAssigned(order_id, name))


def ask_the_laws(floor):
    """Fail where a law is broken."""
    state = floor.state
    for name, record in state.robots.items():
        if record.order_id:
            assert state.live[record.order_id].robot == name
        assert (name in state.due) == (commands.due(state, name) is not None)
    carried = [record.order_id for record in state.robots.values() if record.order_id]
    assert len(carried) == len(set(carried)), 'an order has one robot'
    assert not set(state.live) & set(state.ended)
    assert state.engaged == set(state.live) - set(state.waiting)
    for order_id, order in [*state.live.items(), *(
            (order_id, state.ended[order_id]) for order_id in state.ended)]:
        assert order.state in RESTING
        assert (order_id in state.waiting) == (order.state == State.WAITING)
        assert (order_id in state.ended) == (order.state in saga.ENDED)
        assert 0 <= floor.picks.get(order_id, 0) - floor.drops.get(order_id, 0) <= 1
        if order.state in saga.CARRYING:
            assert floor.loaded.get(order.robot) == order_id, 'the log and the floor differ'
    for slot in SLOTS:
        assert len(state.slots.aims_at(slot)) <= 1, 'two drops aim at one slot'


def ask_a_copy(floor):
    """Fail unless a copy by way of a snapshot is equal in all that it can be asked."""
    state = floor.state
    copy = FleetState.restore(state.snapshot())
    assert copy.snapshot() == state.snapshot() and copy.due == state.due
    assert [copy.slots.aims_at(place) for place in PLACES] == [
        state.slots.aims_at(place) for place in PLACES]


def all_end(floor):
    """Let everybody do the best they can; fail if an order does not end."""
    state = floor.state
    for name in ROBOTS:
        happens(floor, ('back', name))
    for slot in SLOTS:
        floor.apply(ev.SlotSet(slot, False))
    for _ in range(400):
        if not state.live:
            return
        for name in ROBOTS:
            floor.settle(name)
            record = state.robots[name]
            order = state.live.get(record.order_id)
            if order is not None and not order.place('drop'):
                floor.apply(ev.OrderRedirected(order.order_id, 'charger'))
            if order is not None and order.state in saga.SETTING_DOWN and not order.refuge:
                floor.apply(*(ev.SlotSet(slot, False) for slot in SLOTS),
                            ev.OrderRedirected(order.order_id, order.place('pick')),
                            *(ev.OrderRedirected(order.order_id, slot) for slot in SLOTS))
            if record.open is None:
                floor.command(name)
            if record.open is not None:
                floor.answer(robot=name)
        for order_id in list(state.waiting):
            idle = [name for name in ROBOTS if state.is_idle(name) and name not in floor.loaded]
            if idle and state.why_not_ready(state.live[order_id]):
                floor.apply(ev.OrderGivenUp(order_id, 'its place is taken'))
            elif idle:
                floor.apply(ev.TaskAssigned(order_id, idle[0]))
    raise AssertionError(f'no end of {list(state.live.values())}')


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_whatever_happens_the_laws_hold_and_every_order_can_end(seed):
    rng, floor = random.Random(seed), Floor()
    for number in range(150):
        happens(floor, an_act(rng, floor))
        ask_the_laws(floor)
        if number % 8 == 0:
            ask_a_copy(floor)
    all_end(floor)
    ask_the_laws(floor)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_a_copy_goes_on_like_the_original(seed):
    rng, floor = random.Random(seed), Floor()
    for _ in range(60):
        happens(floor, an_act(rng, floor))
    copy, apply, batches = FleetState.restore(floor.state.snapshot()), floor.state.apply, []

    def note(index, batch):
        batches.append((index, pack(batch)))
        return apply(index, batch)
    floor.state.apply = note
    for _ in range(60):
        happens(floor, an_act(rng, floor))
    for index, batch in batches:
        copy.apply(index, unpack(batch))
    assert copy.snapshot() == floor.state.snapshot()


def frozen_while_acts_go_on(seed, keeps=True):
    """Freeze a state, pack it an order at a time between acts; return (packed, packed at once)."""
    rng, floor = random.Random(seed), Floor()
    for _ in range(100):
        happens(floor, an_act(rng, floor))
    at_once, view = floor.state.snapshot(), floor.state.freeze()
    if not keeps:
        floor.state.thaw()
    while not view.step():
        for _ in range(rng.randrange(20)):
            happens(floor, an_act(rng, floor))
    floor.state.thaw()
    return view.data, at_once


@settings(max_examples=40, deadline=None, suppress_health_check=[
    HealthCheck.function_scoped_fixture])
@given(seed=seeds)
def test_a_snapshot_in_slices_is_the_one_at_once_whatever_happens_meanwhile(seed, monkeypatch):
    monkeypatch.setattr(frozen, 'SLICE', 1)
    packed, at_once = frozen_while_acts_go_on(seed)
    assert packed == at_once
    assert FleetState.restore(packed).snapshot() == at_once


def test_without_keeping_what_is_about_to_change_a_snapshot_in_slices_would_be_wrong(monkeypatch):
    monkeypatch.setattr(frozen, 'SLICE', 1)
    runs = [frozen_while_acts_go_on(seed, keeps=False) for seed in range(20)]
    assert any(packed != at_once for packed, at_once in runs)


def test_these_walks_come_to_every_move_of_the_table(monkeypatch):
    """But for those that take hundreds of failures in a row."""
    seen, next_state = set(), saga.next_state

    def note(state, event):
        after = next_state(state, event)
        seen.add((state, event))
        return after
    monkeypatch.setattr(saga, 'next_state', note)
    for seed in range(250):
        rng, floor = random.Random(seed), Floor()
        for _ in range(400):
            happens(floor, an_act(rng, floor))
    assert {(state, event) for state, moves in saga.TRANSITIONS.items() for event in moves
            } - seen == {(State.TO_DROP, Event.DOUBTED), (State.TO_SET_DOWN, Event.DOUBTED)}


def bring_to(state):
    """Return a floor whose order a is in a state, as far as the log goes with robot r0."""
    floor = Floor()
    if state == State.SPLIT:
        floor.place_kind(OrderKind.INSPECT, 'a', places=('s0', 'd0'))
        floor.apply(ev.OrderSplit('a', (('s0',), ('d0',))))
        return floor
    if state in (State.TO_WORK, State.AT_WORK, State.WORKING):
        floor.place_kind(OrderKind.INSPECT, 'a', places=('s0', 'd0'))
    elif state == State.GOING:
        floor.place_kind(OrderKind.GO, 'a', 'd0')
    else:
        floor.place('a', drop='s1', alternates=('s2',))
    if state == State.WAITING:
        return floor
    if state == State.FAILED:
        floor.apply(ev.OrderGivenUp('a', 'no way'))
        return floor
    if state == State.CANCELLED:
        floor.apply(ev.OrderCancelled('a'))
        return floor
    floor.assign('a')
    doubts = {State.PICK_IN_DOUBT: State.PICKING, State.DROP_IN_DOUBT: State.DROPPING,
              State.SET_DOWN_IN_DOUBT: State.SETTING_DOWN}
    target = doubts.get(state, state)
    if target in saga.SETTING_DOWN:
        floor.until(State.TO_DROP, 'a')
        floor.apply(ev.LoadHandedOver('a', 's3'))
    floor.until(target, 'a')
    if state in doubts:
        floor.answer(Outcome.IN_DOUBT, happened=True)
    assert floor.at('a') == state
    return floor


EVERY_ACT = (
    ev.OrderPlaced('a', 't', 1, 's0', 'd0', '', 100, 0.0), ev.OrderCancelled('a'),
    ev.OrderAmended('a', 7, 9.0), ev.TaskAssigned('a', 'r1'), ev.TaskAssigned('a', 'r0', '', 's2'),
    ev.RobotLost('r0'), ev.RobotFound('r0'), ev.OrderRedirected('a', 's2'),
    ev.OrderRedirected('a', 'd1'), ev.OrderHeld('a', 'taken'), ev.OrderGivenUp('a', 'taken'),
    ev.LoadHandedOver('a', 's2'), ev.TaskPreempted('a', 'r0', 'b'), ev.DeadlinesMissed(('a',)),
    ev.OrderSplit('a', (('s0',), ('d0',))), ev.SlotSet('s0', True), ev.SlotSet('s1', True),
    ev.PauseSet('r0'), ev.DrainSet('r0'), ev.OrdersForgotten(0), ev.SlotsLaid(SLOTS),
    ('command', 'r0'), ('answer', 'r0', Outcome.DONE), ('answer', 'r0', Outcome.FAILED),
    ('answer', 'r0', Outcome.REJECTED), ('doubt', 'r0', True), ('doubt', 'r0', False),
    ('clear', 'r0', True), ('clear', 'r0', False), ('boot', 'r0'), ('settle', 'r0'),
    ('strand', 'r0', 's2'))


@pytest.mark.parametrize('state', RESTING, ids=lambda state: state.name)
def test_every_act_in_every_state_is_handled_or_refused_and_leaves_a_way_to_an_end(state):
    for act in EVERY_ACT:
        for sent in (False, True):
            floor = bring_to(state)
            floor.place('b', 'd1', 'd0', priority=200)
            if sent:
                floor.command()
            happens(floor, act)
            ask_the_laws(floor)
            ask_a_copy(floor)
            all_end(floor)


def ways_to_an_end(state):
    """Return all states that the table leads to from one."""
    reached, front = {state}, [state]
    while front:
        for after in saga.TRANSITIONS[front.pop()].values():
            if after not in reached:
                reached.add(after)
                front.append(after)
    return reached


@pytest.mark.parametrize('state', State, ids=lambda state: state.name)
def test_no_state_is_a_dead_end_and_every_one_is_reached(state):
    assert ways_to_an_end(state) & saga.ENDED
    assert state in ways_to_an_end(State.WAITING)


def test_every_event_of_the_table_is_used_and_every_state_is_described():
    assert {event for moves in saga.TRANSITIONS.values() for event in moves} == set(Event)
    assert set(saga.TRANSITIONS) == set(State) == set(saga.PUBLIC)


def test_cancelling_is_possible_remembered_or_refused_with_a_reason_in_every_state():
    for state in RESTING:
        ways = [Event.CANCELLED in saga.TRANSITIONS[state], state in saga.REMEMBERS,
                state in saga.TOO_LATE, state in saga.ENDED]
        assert sum(ways) == 1, state.name


def test_work_and_drives_are_never_in_doubt():
    for kind in CommandKind:
        means = {saga.answer_event(kind, outcome) for outcome in Outcome}
        assert (Event.DOUBTED in means) == (kind in saga.DOUBTFUL)
