# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""`swarm bench contacts`: seeds under faults, what they add up to, and a contact that it finds."""

import json

import pytest
from robot_swarm_orch.bench.contacts import (
    conditions, ContactsOptions, ledger_total, run_bench, run_trial)
from robot_swarm_orch.edge.authority import AuthorityBook, Heard
from robot_swarm_orch.errors import ConfigError

GRID = """type octile
height 5
width 8
map
........
.TT.TT..
........
.TT.TT..
........
"""


@pytest.fixture()
def options(tmp_path):
    path = tmp_path / 'hall.map'
    path.write_text(GRID)
    return ContactsOptions(str(path), robots=8, robot_seconds=480.0, seconds=30.0, workers=1,
                           ledger=str(tmp_path / 'ledger.jsonl'))


def test_a_seed_replays_and_its_network_is_within_what_is_promised(options):
    assert run_trial((3, options)) == run_trial((3, options))
    drawn = [conditions(seed) for seed in range(300)]
    assert max(network.loss_ratio for network in drawn) > 0.6
    assert all(network.loss_ratio <= 0.7 and network.delay_s_min + network.delay_s_mean <= 2.0
               for network in drawn)
    assert conditions(1) != conditions(2) and conditions(1) == conditions(1)


def test_clean_seeds_are_summed_in_the_ledger_and_each_counts_once(options):
    said = []
    assert run_bench(options, said.append) == 0
    assert said[-1].endswith('all clean')
    total = ledger_total(options.ledger)
    assert total.startswith('2 seeds in all, 480 robot-seconds') and '0 contacts' in total
    assert run_bench(options, said.append) == 0
    assert ledger_total(options.ledger) == total
    with open(options.ledger) as file:
        assert json.loads(file.readline())['driven_m'] > 0.0


def test_a_line_that_is_none_is_named(options):
    with open(options.ledger, 'w') as file:
        file.write('{"seed": 1}\n')
    with pytest.raises(ConfigError, match='line 1 is none of this ledger'):
        ledger_total(options.ledger)


def test_robots_that_believe_every_old_word_are_found_out(options, monkeypatch):
    """Without the rule of `ack_seq` a late authority gives a node that was given back."""
    hear = AuthorityBook.hear

    def believe(book, grant, inside=False):
        heard = hear(book, grant, inside)
        if heard == Heard.NOTHING and grant.boot_id == book.boot_id:
            more = tuple(node for node in grant.nodes
                         if node in book.wanted and node not in book.held)
            book.held += more
            book.wanted = tuple(node for node in book.wanted if node not in more)
        return heard
    monkeypatch.setattr(AuthorityBook, 'hear', believe)
    assert any(run_trial((seed, options)).violations for seed in range(1, 12))
