# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Ended orders answer for their ids within bounds, and take little room."""

from chronicle_rig import Fold
from hypothesis import given, strategies as st
import pytest
from robot_swarm_orch.codec import pack
from robot_swarm_orch.coordinator import events as ev
from robot_swarm_orch.coordinator.ended import EndedOrders, WHOLE
from robot_swarm_orch.coordinator.fleet_state import FleetState
from robot_swarm_orch.coordinator.records import OrderRecord
from robot_swarm_orch.coordinator.saga import State
from robot_swarm_orch.errors import InvariantError
from robot_swarm_orch.orders import OrderState
from robot_swarm_orch.types import Outcome


def record(number, state=State.DONE):
    return OrderRecord(f'o{number}', 'trace', 2, '', 'd', '', 100, 0.0, 0, state, 'r0',
                       index=number, changed_ms=1000 * number, reason='why', content=7)


def ended(count, state=State.DONE):
    result = EndedOrders()
    for number in range(count):
        result.add(record(number, state))
    result.shorten()
    return result


def test_the_newest_stay_whole_and_the_others_keep_what_an_id_needs():
    orders = ended(WHOLE + 10)
    assert len(orders) == WHOLE + 10
    assert orders['o10'] == record(10) and orders.newest()[0] == record(10)
    old = orders['o9']
    assert (old.order_id, old.content, old.state, old.index, old.changed_ms, old.robot) == (
        'o9', 7, State.DONE, 9, 9000, 'r0')
    assert old.trace_id == '' and old.reason == ''


def test_why_an_order_failed_is_kept():
    assert ended(WHOLE + 1, State.FAILED)['o0'].reason == 'why'


def test_an_order_stays_whole_while_its_own_entry_is_told():
    orders = EndedOrders()
    for number in range(2 * WHOLE):
        orders.add(record(number))
    assert orders['o0'] == record(0)


@given(st.integers(0, 3 * WHOLE), st.integers(0, 400_000), st.integers(0, 3 * WHOLE))
def test_the_oldest_go_by_age_and_by_number(count, before_ms, keep):
    orders = ended(count)
    orders.forget(before_ms, keep)
    expected = [number for number in range(count) if 1000 * number >= before_ms]
    if keep:
        expected = expected[-keep:]
    assert list(orders) == [f'o{number}' for number in expected]
    assert orders.oldest_ms == (1000 * expected[0] if expected else None)


def test_a_copy_is_equal_and_goes_on_equally():
    orders = ended(WHOLE + 50)
    copy = EndedOrders.from_plain(orders.to_plain())
    for one in (orders, copy):
        one.add(record(1000))
        one.shorten()
        one.forget(20_000, 100)
    assert copy.to_plain() == orders.to_plain()
    assert [copy[name] for name in copy] == [orders[name] for name in orders]


def test_a_short_record_takes_a_few_bytes_of_a_snapshot():
    many, more = (len(pack(ended(count).to_plain())) for count in (1000, 2000))
    assert (more - many) / 1000 < 40


def test_who_was_forgotten_is_unknown_and_the_missing_is_named():
    orders = ended(3)
    del orders['o1']
    assert 'o1' not in orders and orders.get('o1') is None and list(orders) == ['o0', 'o2']
    with pytest.raises(KeyError, match='o1'):
        orders['o1']


def test_an_old_id_answers_and_is_not_carried_out_again(tmp_path):
    fold = Fold(tmp_path).begin()
    for number in range(WHOLE + 20):
        fold.go(f'o{number}')
    copy = FleetState.restore(fold.state.snapshot())
    for state in (fold.state, copy):
        status = state.status_of(state.order('o3'), 5)
        assert (status.state, status.robot, status.seq) == (OrderState.DONE, 'r0', 17)
        batch = ev.Batch(0, (ev.OrderPlaced('o3', 'again', 2, '', 'd', '', 100, 0.0),))
        effects = state.apply(state.index + 1, batch)
        assert effects.orders == ['o3'] and not effects.changes and not state.live
    fold.chronicle.close()


def test_the_bound_travels_in_the_log_so_that_replicas_agree(tmp_path):
    fold = Fold(tmp_path).begin()
    for number in range(150):
        fold.go(f'o{number}')
    fold.apply(ev.OrdersForgotten(0, 120))
    assert len(fold.state.ended) == 120 and 'o29' not in fold.state.ended
    assert 'o30' in fold.state.ended
    fold.chronicle.close()


def test_a_snapshot_of_an_older_release_is_read(tmp_path):
    fold = Fold(tmp_path).begin().go('o1', outcome=Outcome.DONE)
    state = fold.state
    old = pack((1, state._plain(), tuple(state.ended.newest()), ()))
    copy = FleetState.restore(old)
    assert copy.order('o1') == state.order('o1') and copy.digest() == state.digest()
    with pytest.raises(InvariantError, match='newer release'):
        FleetState.restore(pack((99, state._plain(), ((), ()), ())))
    fold.chronicle.close()
