# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The invariant of movement authority, proved by an SMT solver at any number of robots and messages.

Each step is shown to keep each claim, given all claims before it. `authority_proof.py` has claims
and steps as formulas; that the real code keeps the same claims in every small behaviour is checked
by test_authority_model.py.
"""

import pytest

z3 = pytest.importorskip('z3', reason='z3-solver is not installed')
import authority_proof as proof  # noqa: E402,I100

LIMIT_MS = 30000


def verdict(*facts):
    """Return whether the facts contradict each other (unsat) or not (sat)."""
    solver = z3.Solver()
    solver.set('timeout', LIMIT_MS)
    solver.add(*facts)
    return str(solver.check())


def broken_claims(step):
    """Return the claims that may not hold after a step, with the solver's verdict."""
    before = proof.any_state()
    given = tuple(proof.invariant(before).values())
    may, after = step(before)
    verdicts = {name: verdict(*given, may, z3.Not(claim))
                for name, claim in proof.invariant(after).items()}
    return {name: word for name, word in verdicts.items() if word != 'unsat'}


@pytest.mark.parametrize('name', proof.STEPS)
def test_the_invariant_is_kept_by_the_step(name):
    assert broken_claims(proof.STEPS[name]) == {}


def test_the_invariant_holds_at_first():
    state = proof.any_state()
    for name, claim in proof.invariant(state).items():
        assert verdict(proof.initial(state), z3.Not(claim)) == 'unsat', name


def test_the_invariant_means_that_no_two_robots_have_a_node():
    state = proof.any_state()
    assert verdict(*proof.invariant(state).values(),
                   z3.Not(proof.exclusion(state))) == 'unsat'


@pytest.mark.parametrize('name', proof.STEPS)
def test_the_invariant_allows_the_step(name):
    before = proof.any_state()
    may, after = proof.STEPS[name](before)
    assert verdict(*proof.invariant(before).values(), may) == 'sat'


def test_the_invariant_allows_two_robots_that_drive():
    state = proof.any_state()
    one, other = z3.Consts('one other', proof.Robot)
    near, far = z3.Consts('near far', proof.Node)
    assert verdict(
        *proof.invariant(state).values(), one != other, near != far,
        *(fact for robot, node in ((one, near), (other, far)) for fact in (
            proof.active(state, robot), state.on(robot), state.held(robot, node),
            state.body(robot, node), state.lacks(robot, state.last(robot), far)))) == 'sat'


@pytest.mark.parametrize('name', proof.BROKEN)
def test_a_step_with_a_rule_left_out_breaks_the_invariant(name):
    assert 'sat' in broken_claims(proof.BROKEN[name]).values()
