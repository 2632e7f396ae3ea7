# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The circuit breaker: what it lets through, and when."""

from random import Random

from hypothesis import given, strategies as st
from robot_swarm_orch.breaker import Breaker, Circuit

PAUSE_S, FAILURES, LONGEST = 3.0, 3, 20


def careful(seed=1):
    """Return a breaker that pauses after a failure, opens after three, and backs off."""
    return Breaker(FAILURES, 2.0 * PAUSE_S, LONGEST * PAUSE_S, PAUSE_S, Random(seed))


def failed(times, now_s=0.0, seed=1):
    """Return a breaker that has just failed so often, each time as soon as it allowed a try."""
    breaker = careful(seed)
    for _ in range(times):
        while not breaker.allows(now_s):
            now_s += 0.1
        breaker.failed(now_s)
    return breaker, now_s


def wait_s(breaker, now_s):
    """Return how long a breaker lets nothing through [s]."""
    waited_s = 0.0
    while not breaker.allows(now_s + waited_s):
        waited_s += 0.1
    return waited_s


def test_a_new_breaker_lets_everything_through():
    breaker = careful()
    assert all(breaker.allows(now_s) for now_s in (0.0, 0.0, 1.0))


def test_single_failures_only_make_a_pause():
    breaker, now_s = failed(FAILURES - 1)
    assert breaker.circuit is Circuit.CLOSED
    assert not breaker.allows(now_s + PAUSE_S - 0.1) and breaker.allows(now_s + PAUSE_S)


def test_failures_in_a_row_open_it_and_one_success_closes_it():
    breaker, now_s = failed(FAILURES)
    assert breaker.circuit is Circuit.OPEN and not breaker.allows(now_s)
    assert breaker.allows(now_s + 2.0 * PAUSE_S) and breaker.circuit is Circuit.HALF_OPEN
    breaker.succeeded()
    assert breaker.circuit is Circuit.CLOSED and breaker.allows(now_s)
    breaker.failed(now_s)
    assert breaker.circuit is Circuit.CLOSED


def test_a_try_that_fails_half_open_opens_it_for_longer_up_to_a_bound():
    waits = [wait_s(*failed(times, seed=7)) for times in range(FAILURES, FAILURES + 8)]
    assert waits[3] > waits[0]
    assert max(waits) <= LONGEST * PAUSE_S + 0.1 and waits[-1] >= LONGEST * PAUSE_S / 2.0 - 0.1


def test_robots_that_failed_together_do_not_try_again_together():
    assert len({round(wait_s(*failed(FAILURES, seed=seed)), 1) for seed in range(9)}) > 4


@given(st.lists(st.tuples(st.floats(0.0, 20.0), st.booleans()), max_size=40))
def test_it_always_lets_a_try_through_in_the_end(story):
    breaker, now_s = careful(3), 0.0
    for passes_s, is_good in story:
        now_s += passes_s
        if breaker.allows(now_s):
            breaker.succeeded() if is_good else breaker.failed(now_s)
    assert breaker.allows(now_s + LONGEST * PAUSE_S)


def test_of_many_that_ask_a_half_open_breaker_one_alone_tries():
    breaker = Breaker(2, 1.0)
    breaker.failed(0.0)
    assert breaker.wait_s(0.0) == 0.0
    breaker.failed(0.0)
    assert not breaker.is_closed and breaker.wait_s(0.5) == 0.5
    assert breaker.wait_s(1.0) == 0.0 and breaker.wait_s(1.0) > 0.0
    breaker.failed(1.2)
    assert breaker.wait_s(1.3) > 0.0
    assert breaker.wait_s(2.3) == 0.0
    breaker.succeeded()
    assert breaker.is_closed and breaker.wait_s(2.3) == 0.0
