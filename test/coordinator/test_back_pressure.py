# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A leader that falls behind asks for fewer repetitions, within what leases allow, and orders."""

from hypothesis import given, strategies as st
from robot_swarm_orch.coordinator.back_pressure import BackPressure, ORDERS_AT_ONCE


def after(lags_s, lease_s=4.0):
    """Return the back-pressure of a reader of every 0.1 s after readings that late."""
    pressure = BackPressure(0.2, 0.1, lease_s)
    for lag_s in lags_s:
        pressure.note(lag_s)
    return pressure


def pressed(lags_s, lease_s=4.0):
    """Return the report period that is asked for after readings that late."""
    return after(lags_s, lease_s).report_period_s


def test_a_reader_in_time_asks_for_nothing():
    assert pressed([0.0, 0.04] * 100) == 0.0


def test_a_hiccup_asks_for_nothing_and_lag_that_lasts_for_less_and_less():
    assert pressed([0.3, 0.3] + [0.0] * 8) == 0.0
    few, more = pressed([0.3] * 3), pressed([0.3] * 6)
    assert 0.2 < few < more


def test_no_lag_makes_a_robot_report_less_than_four_times_a_lease():
    assert pressed([9.0] * 1000) == 1.0
    assert pressed([9.0] * 1000, lease_s=0.7) == 0.0, 'its own period is longer than that already'


def test_when_the_reader_has_caught_up_robots_report_as_before_but_not_all_at_once():
    calm = [pressed([9.0] * 100 + [0.0] * count) for count in (0, 60, 120, 1000)]
    assert calm[0] > calm[1] > calm[2] > 0.0
    assert calm[3] == 0.0


@given(st.lists(st.floats(0.0, 10.0), max_size=200))
def test_what_is_asked_for_lies_within_bounds_whatever_the_lag(lags_s):
    asked_s = pressed(lags_s)
    assert asked_s == 0.0 or 0.2 < asked_s <= 1.0


def test_orders_are_cut_within_a_second_of_lag_and_one_at_a_time_goes_on():
    assert after([0.3, 0.3] + [0.0] * 8).orders_at_once == ORDERS_AT_ONCE, 'a hiccup'
    assert after([0.3] * 3).orders_at_once == ORDERS_AT_ONCE // 4
    assert after([0.3] * 9).orders_at_once == after([9.0] * 1000).orders_at_once == 1


def test_when_the_reader_has_caught_up_orders_are_taken_in_as_before():
    counts = [after([9.0] * 100 + [0.0] * calm).orders_at_once for calm in (0, 20, 40, 1000)]
    assert counts == [1, 2, 4, ORDERS_AT_ONCE]
