# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The fold of the log: what fits is done, what does not is ignored, and copies stay equal."""

from hypothesis import given, settings, strategies as st
import msgpack
import pytest
from robot_swarm_orch.codec import pack, unpack
from robot_swarm_orch.coordinator import events as ev, preemption
from robot_swarm_orch.coordinator.fleet_state import DIGEST_EVERY, FleetState
from robot_swarm_orch.coordinator.order_book import ATTEMPTS
from robot_swarm_orch.coordinator.records import OrderRecord
from robot_swarm_orch.coordinator.saga import State
from robot_swarm_orch.errors import InvariantError
from robot_swarm_orch.types import CommandKind, first_seq, Outcome

ROBOTS = ('r0', 'r1')
ORDERS = ('o0', 'o1')

robots = st.sampled_from(ROBOTS)
orders = st.sampled_from(ORDERS)
few = st.integers(0, 5)
rows = st.tuples(st.integers(0, 1), st.builds(lambda i, c: first_seq(i) + c, few, few),
                 st.lists(few, max_size=3).map(tuple), st.lists(few, max_size=3).map(tuple))
any_event = st.one_of(
    st.builds(ev.Enrolled, robots, few),
    st.builds(ev.Cleared, robots, st.lists(few, max_size=1).map(tuple)),
    st.builds(ev.BootRegistered, robots, few),
    st.builds(ev.AuthorityChanged, st.lists(rows, max_size=2).map(tuple)),
    st.builds(ev.RobotLost, robots),
    st.builds(ev.RobotFound, robots),
    st.builds(ev.OrderPlaced, orders, st.just('t'), st.sampled_from((1, 2)), st.just('p'),
              st.just('d'), st.just(''), st.just(100), st.just(0.0)),
    st.builds(ev.TaskAssigned, orders, robots, st.sampled_from(('', 'nearest of 2'))),
    st.builds(ev.CommandSent, robots, st.just('id'), st.sampled_from((1, 2, 3, 6)), few,
              st.sampled_from(('p', 'd')), st.sampled_from(('', *ORDERS))),
    st.builds(ev.CommandAcked, robots, few, st.sampled_from((3, 4, 5, 6))),
    st.builds(ev.Settled, robots, st.booleans()),
    st.builds(ev.OrdersForgotten, few))
any_log = st.lists(st.lists(any_event, max_size=4).map(tuple), max_size=20)


def test_why_a_robot_was_chosen_is_kept_until_the_order_waits_again():
    state = started((placed(), ev.TaskAssigned('o0', 'r0', 'the only idle robot, 7 s away'),
                     sent('r0', CommandKind.GO)))
    step(state, acked(state, 'r0', Outcome.DONE))
    told = state.status_of(state.order('o0'), 1)
    assert (told.robot, told.reason) == ('r0', 'the only idle robot, 7 s away')
    copy = FleetState.restore(state.snapshot())
    assert copy.status_of(copy.order('o0'), 1) == told
    step(state, ev.RobotLost('r0'))
    assert state.status_of(state.order('o0'), 1).reason == 'r0 fell silent'


def test_an_assignment_logged_without_a_reason_can_still_be_read():
    old = msgpack.packb(msgpack.ExtType(1, msgpack.packb((25, 'o0', 'r0'))))
    assert unpack(old) == ev.TaskAssigned('o0', 'r0', '')


def fold(log, state=None):
    state = state or FleetState()
    for events in log:
        state.apply(state.index + 1, ev.Batch(10 * state.index, events))
    return state


def started(*more):
    """Return a state with two booted robots, and further events applied."""
    return fold([(ev.SiteLaid(7, 10), ev.Enrolled('r0', 0), ev.Enrolled('r1', 1),
                  ev.BootRegistered('r0', 1), ev.BootRegistered('r1', 1)), *more])


def placed(order_id='o0', kind=1):
    return ev.OrderPlaced(order_id, 't', kind, 'p', 'd', '', 100, 0.0)


def sent(robot, kind, order_id='o0', place='p'):
    return ev.CommandSent(robot, 'id', int(kind), 3, place, order_id)


def acked(state, robot, outcome):
    return ev.CommandAcked(robot, state.robots[robot].open.seq, int(outcome))


def step(state, *events):
    return state.apply(state.index + 1, ev.Batch(state.time_ms + 100, events))


def on_its_way():
    return started((placed(), ev.TaskAssigned('o0', 'r0'), sent('r0', CommandKind.GO)))


def picking():
    state = on_its_way()
    step(state, acked(state, 'r0', Outcome.DONE))
    step(state, sent('r0', CommandKind.PICK))
    return state


@settings(max_examples=120, deadline=None)
@given(any_log)
def test_any_log_is_folded_without_error_and_equally_everywhere(log):
    log = [(ev.SiteLaid(7, 6),), *log]
    state = fold(log)
    assert state.digest() == fold([unpack(pack(events)) for events in log]).digest()
    for name, record in state.robots.items():
        if record.order_id:
            assert state.live[record.order_id].robot == name
    carried = [record.order_id for record in state.robots.values() if record.order_id]
    assert len(carried) == len(set(carried)), 'an order has one robot'
    for order_id, order in state.live.items():
        assert (order_id in state.waiting) == (order.state == State.WAITING)
    assert not set(state.live) & set(state.ended)


@settings(max_examples=80, deadline=None)
@given(any_log, any_log)
def test_a_restored_snapshot_goes_on_like_the_original(before, after):
    original = fold([(ev.SiteLaid(7, 6),), *before])
    copy = FleetState.restore(original.snapshot())
    assert copy.digest() == original.digest()
    assert copy.due == original.due
    fold(after, original)
    fold(after, copy)
    assert copy.digest() == original.digest()
    assert copy.snapshot() == original.snapshot()


def test_an_order_placed_twice_is_one_order():
    state = started((placed(),), (placed(),))
    assert list(state.waiting) == ['o0']
    assert state.live['o0'].index == 2


def test_an_order_is_given_to_one_robot_only():
    state = started((placed(), ev.TaskAssigned('o0', 'r0'), ev.TaskAssigned('o0', 'r1')))
    assert state.live['o0'].robot == 'r0'
    assert state.robots['r1'].order_id == ''
    assert state.counters.refused == {'TaskAssigned: the order does not wait': 1}


def test_a_robot_without_a_boot_gets_no_order():
    state = fold([(ev.SiteLaid(7, 10), ev.Enrolled('r0', 0), placed(),
                   ev.TaskAssigned('o0', 'r0'))])
    assert list(state.waiting) == ['o0']


def test_a_robot_has_one_open_command():
    state = on_its_way()
    seq = state.robots['r0'].open.seq
    step(state, sent('r0', CommandKind.GO))
    assert state.robots['r0'].open.seq == seq


def test_command_numbers_grow_and_are_never_used_again():
    state = on_its_way()
    first = state.robots['r0'].open.seq
    step(state, acked(state, 'r0', Outcome.FAILED))
    step(state, ev.TaskAssigned('o0', 'r0'), sent('r0', CommandKind.GO))
    assert state.robots['r0'].open.seq == first + 1


def test_an_answer_to_another_command_changes_nothing():
    state = on_its_way()
    step(state, ev.CommandAcked('r0', 99, int(Outcome.DONE)))
    assert state.live['o0'].state == State.TO_PICK


def test_a_pick_is_sent_only_after_arrival():
    state = on_its_way()
    step(state, sent('r0', CommandKind.PICK))
    assert state.live['o0'].state == State.TO_PICK


def test_a_lost_robots_order_waits_again_before_the_pick_was_sent():
    state = on_its_way()
    step(state, ev.RobotLost('r0'))
    assert list(state.waiting) == ['o0']
    assert state.robots['r0'].open is None
    assert not state.is_idle('r0')


def test_a_lost_robots_order_stays_after_the_pick_was_sent():
    state = picking()
    step(state, ev.RobotLost('r0'))
    assert state.live['o0'].state == State.PICKING
    assert state.live['o0'].robot == 'r0'


def test_a_new_boot_is_told_again_where_to_go_but_keeps_its_pick():
    state = on_its_way()
    step(state, ev.BootRegistered('r0', 2))
    assert state.robots['r0'].open is None
    assert state.due == {'r0'}
    state = picking()
    command = state.robots['r0'].open
    step(state, ev.BootRegistered('r0', 2))
    assert state.robots['r0'].open == command


def test_clearing_a_robot_away_while_it_picks_leaves_the_order_in_doubt():
    state = picking()
    step(state, ev.Cleared('r0', ()))
    assert state.live['o0'].state == State.PICK_IN_DOUBT
    step(state, ev.Settled('r0', False))
    assert list(state.waiting) == ['o0']


def test_a_settlement_without_a_doubt_is_answered_with_why_not():
    state = on_its_way()
    effects = step(state, ev.Settled('r0', True))
    assert effects.answers == [(0, 'no pick or drop of r0 is in doubt')]


def test_an_order_fails_after_so_many_attempts():
    state = started((placed(),))
    for attempt in range(ATTEMPTS):
        assert 'o0' in state.waiting, attempt
        step(state, ev.TaskAssigned('o0', 'r0'), sent('r0', CommandKind.GO))
        step(state, acked(state, 'r0', Outcome.FAILED))
    assert state.ended['o0'].state == State.FAILED
    assert state.failed == 1 and not state.live
    assert state.is_idle('r0')


def test_two_robots_never_share_a_parking_place():
    state = started(tuple(ev.CommandSent(robot, 'id', 6, 4, 'park') for robot in ROBOTS))
    assert state.robots['r0'].parking == 'park'
    assert state.robots['r1'].open is None


def test_forgotten_orders_answer_no_more():
    state = started((placed(kind=2), ev.TaskAssigned('o0', 'r0'),
                     sent('r0', CommandKind.GO, place='d')))
    step(state, acked(state, 'r0', Outcome.DONE))
    assert state.order('o0').state == State.DONE
    step(state, ev.OrdersForgotten(state.time_ms + 1))
    assert state.order('o0') is None
    assert state.done == 1


def test_log_time_never_runs_back():
    state = started()
    state.apply(state.index + 1, ev.Batch(5000, ()))
    state.apply(state.index + 1, ev.Batch(10, ()))
    assert state.time_ms == 5000


def test_a_gap_in_the_log_is_an_error():
    with pytest.raises(InvariantError):
        started().apply(7, ev.Batch(0, ()))


def test_replicas_that_differ_halt():
    state = started()
    while state.index < DIGEST_EVERY:
        state.skip(state.index + 1)
    good = ev.StateDigest(DIGEST_EVERY, state.digests[DIGEST_EVERY])
    step(state, good)
    with pytest.raises(InvariantError, match='differs'):
        step(state, ev.StateDigest(DIGEST_EVERY, b'x' * 16))


def test_a_waiting_order_that_differs_is_found_within_a_turn_of_all_that_wait():
    """Digests in the log look at some waiting orders at a time, and at all others always."""
    here, there = (fold([tuple(placed(f'o{number}') for number in range(2500))])
                   for _ in range(2))
    there.live['o1700'].priority += 1
    told = []
    for _ in range(4 * DIGEST_EVERY):
        for state in (here, there):
            state.skip(state.index + 1)
        if here.index % DIGEST_EVERY == 0:
            told.append(here.digests[here.index] == there.digests[here.index])
    assert set(told) == {True, False} and here.digest() != there.digest()


def test_who_may_be_taken_away_is_asked_of_robots_not_of_all_orders_that_wait():
    """Orders may wait by the ten thousand, and it is asked in each decision."""
    class Crowd(dict):
        values = items = __iter__ = None

    state = started()
    state.live = Crowd(state.live)
    order = OrderRecord('o9', 't', 1, 'a', 'b', '', 200, 0.0, 0)
    assert preemption.candidates(state, order, 100) == []
