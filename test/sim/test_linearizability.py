# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Histories that could have happened one call at a time, and histories that could not."""

from math import inf
import random

import pytest
from robot_swarm_orch.sim import linearizability
from robot_swarm_orch.sim.linearizability import Call, is_linearizable, order_violations
from robot_swarm_orch.types import OrderState

UNKNOWN, ACCEPTED, DONE = OrderState.UNKNOWN, OrderState.ACCEPTED, OrderState.DONE


def submit(called, answered=inf, state=None, version=0):
    return Call('submit', 'o1', called, answered, state, version)


def ask(called, answered=inf, state=None, version=0):
    return Call('ask', 'o1', called, answered, state, version)


GOOD = {
    'nothing': [],
    'one after the other': [ask(0, 1, UNKNOWN), submit(2, 3, ACCEPTED, 7), ask(4, 5, DONE, 9)],
    'unknown while a submission is open': [submit(0, 9, ACCEPTED, 7), ask(1, 2, UNKNOWN)],
    'known while a submission is open': [submit(0, 9, ACCEPTED, 7), ask(1, 2, ACCEPTED, 7)],
    'known by a submission without an answer': [submit(0), ask(5, 6, ACCEPTED, 7)],
    'a submission without an answer never happened': [submit(0), ask(5, 6, UNKNOWN)],
    'it happened late': [submit(0), ask(5, 6, UNKNOWN), ask(7, 8, ACCEPTED, 7)],
    'an overlapping ask may see the older version': [
        submit(0, 1, ACCEPTED, 7), ask(2, 6, ACCEPTED, 7), ask(3, 5, DONE, 9)],
    'two submissions of one order': [submit(0, 3, ACCEPTED, 7), submit(1, 4, ACCEPTED, 7)],
    'a refusal changes nothing': [submit(0, 1, OrderState.REFUSED), ask(2, 3, UNKNOWN)],
}
BAD = {
    'forgotten after the acknowledgement': [submit(0, 1, ACCEPTED, 7), ask(2, 3, UNKNOWN)],
    'known before anybody handed it in': [ask(0, 1, ACCEPTED, 7), submit(2, 3, ACCEPTED, 7)],
    'back to an older version': [submit(0, 1, ACCEPTED, 7), ask(2, 3, DONE, 9),
                                 ask(4, 5, ACCEPTED, 7)],
    'forgotten after somebody saw it': [submit(0), ask(5, 6, ACCEPTED, 7), ask(7, 8, UNKNOWN)],
    'a later submission answered with an older version': [
        submit(0, 1, ACCEPTED, 9), submit(2, 3, ACCEPTED, 7)],
}


@pytest.mark.parametrize('name', GOOD)
def test_a_history_with_an_order_that_explains_it_passes(name):
    assert is_linearizable(GOOD[name])
    assert order_violations(GOOD[name]) == []


@pytest.mark.parametrize('name', BAD)
def test_a_history_that_no_order_explains_is_found(name):
    assert not is_linearizable(BAD[name])
    assert 'not linearizable' in order_violations(BAD[name])[0]


@pytest.mark.parametrize('last, holds', [
    (ask(90, 91, DONE, 9), True), (ask(90, 91, UNKNOWN), False),
    (ask(90, 91, ACCEPTED, 5), False)])
def test_the_search_stays_short_when_many_calls_are_never_answered(monkeypatch, last, holds):
    looked = []
    followers = linearizability._followers
    monkeypatch.setattr(linearizability, '_followers', lambda *arguments: (
        looked.append(1), followers(*arguments))[1])
    calls = [call(float(i)) for i in range(40) for call in (ask, submit)]
    calls += [ask(i + 0.2, i + 30.0, ACCEPTED, 7) for i in range(40)]
    assert is_linearizable([*calls, last]) is holds
    assert len(looked) < 3000


def test_two_answers_of_one_version_must_agree():
    calls = [submit(0, 3, ACCEPTED, 7), ask(1, 4, DONE, 7)]
    assert order_violations(calls) == ['o1 is called ACCEPTED and DONE after the same entry 7']


def test_orders_are_judged_apart():
    other = Call('ask', 'o2', 2, 3, UNKNOWN)
    assert order_violations([submit(0, 1, ACCEPTED, 7), other]) == []


def test_true_histories_pass_and_their_mutants_are_found():
    """A random register that only grows, called by five customers at once."""
    found = 0
    for seed in range(60):
        rng = random.Random(seed)
        calls, version = [], 0
        for number in range(40):
            at = number + rng.random()
            version += rng.randint(0, 1) if version else 0
            if number == 3:
                version = 1
            span = (at - 2.5 * rng.random(), at + 2.5 * rng.random())
            state = OrderState(1 + version % 6) if version else UNKNOWN
            calls.append(Call('submit' if number == 3 else 'ask', 'o1', *span, state, version))
        assert is_linearizable(calls)
        late = rng.randrange(30, 40)
        mutant = calls[:late] + [Call('ask', 'o1', 99.0, 99.5, UNKNOWN)] + calls[late:]
        found += not is_linearizable(mutant)
    assert found == 60
