# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The circuit breaker: what it lets through, and when."""

from random import Random

from hypothesis import given, strategies as st
from robot_swarm_orch.coordinator.breaker import Breaker, Circuit, FAILURES, LONGEST

PAUSE_S = 3.0


def failed(times, now_s=0.0, seed=1):
    """Return a breaker that has just failed so often, each time as soon as it allowed a try."""
    breaker = Breaker(Random(seed), PAUSE_S)
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
    breaker = Breaker(Random(1), PAUSE_S)
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
    breaker, now_s = Breaker(Random(3), PAUSE_S), 0.0
    for passes_s, is_good in story:
        now_s += passes_s
        if breaker.allows(now_s):
            breaker.succeeded() if is_good else breaker.failed(now_s)
    assert breaker.allows(now_s + LONGEST * PAUSE_S)
