# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Each rule of movement authority left out, one at a time: the search must find the collision.

If it did not, it would prove nothing of the protocol as it is.
"""

from pathlib import Path

from authority_model import Model, search
from authority_mutants import HARMLESS, MUTANTS
from authority_rules import Budget, Rules
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize('name', MUTANTS)
def test_a_broken_rule_lets_two_robots_collide_when(name):
    mutant = MUTANTS[name]
    found = search(Model(mutant.rules(), mutant.budgets, nodes=mutant.nodes))
    assert found.trace, f'the mutant lived through all {found.states} states'
    assert found.depth == len(found.trace) == mutant.steps, '\n'.join(found.trace)


def test_the_protocol_as_it_is_lives_through_all_that_mutants_die_of():
    for budgets, nodes in sorted({(mutant.budgets, mutant.nodes) for mutant in MUTANTS.values()}):
        found = search(Model(Rules(), budgets, nodes=nodes, forget=True))
        assert not found.trace, '\n'.join(found.trace)


@pytest.mark.slow
@pytest.mark.parametrize('name', HARMLESS)
def test_the_protocol_is_stricter_than_it_need_be_in_that_no_harm_is_done_when(name):
    for budgets, nodes in (((Budget(3, boots=1), Budget(1)), 1), ((Budget(2), Budget(1)), 2)):
        found = search(Model(HARMLESS[name](), budgets, nodes=nodes))
        assert not found.trace, '\n'.join(found.trace)
        assert found.states > 10000


def test_the_table_of_mutants_in_the_documents_is_true():
    rows = (ROOT / 'docs' / 'safety.md').read_text().split('| What is broken |')[1]
    table = [line for line in rows.split('\n\n')[0].splitlines()[2:] if line]
    assert table == [f'| {name} | {mutant.steps} |' for name, mutant in MUTANTS.items()]
