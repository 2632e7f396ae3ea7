# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""`swarm bench contacts`: seeds under faults, what they add up to, and a contact that it finds."""

from dataclasses import replace
import json

import pytest
from robot_swarm_orch.bench.contacts import (
    conditions, ContactsOptions, coordinator_for, run_bench, run_trial)
from robot_swarm_orch.bench.ledger import add_line, ledger_lines, next_seed, read_ledger
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


LINE = {'commit': 'abc', 'map': 'hall.map', 'robots': 8, 'seed': 1, 'coordinators': 1,
        'robot_seconds': 240.0, 'driven_m': 500.0, 'contacts': 0, 'violations': []}


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


def test_with_long_delays_leases_outlast_them_so_that_robots_drive_on_old_words(options):
    for seed in range(300):
        delay_s = conditions(seed).delay_s_min + conditions(seed).delay_s_mean
        assert coordinator_for(seed).lease_s >= max(1.0, 3.0 * delay_s)
    slow = next(seed for seed in range(1, 300) if seed % 100
                and conditions(seed).delay_s_mean > 0.75 and conditions(seed).loss_ratio < 0.5)
    assert run_trial((slow, replace(options, seconds=60.0))).driven_m > 50.0


def test_clean_seeds_are_summed_in_the_ledger_and_the_next_run_goes_on_after_them(options):
    said = []
    assert run_bench(options, said.append) == 0
    assert 'nothing in this ledger yet' in said[0] and said[-1].endswith('all clean')
    first = read_ledger(options.ledger)
    assert [(entry.seed, entry.robot_seconds, entry.contacts) for entry in first] == [
        (1, 240.0, 0), (2, 240.0, 0)]
    assert all(entry.driven_m > 0.0 for entry in first)
    more = replace(options, robot_seconds=240.0)
    assert run_bench(more, said.append) == 0
    assert [entry.seed for entry in read_ledger(options.ledger)] == [1, 2, 3]
    assert run_bench(replace(more, first_seed=2), said.append) == 0
    assert len(read_ledger(options.ledger)) == 3, 'a seed counts once'
    with open(options.ledger) as file:
        assert len(file.readlines()) == 4


def test_a_ledger_is_summed_by_commit_with_the_share_of_the_raft_group(tmp_path):
    path = tmp_path / 'ledger.jsonl'
    assert 'nothing' in ledger_lines(path, read_ledger(path))[0]
    for more in ({}, {'seed': 2, 'coordinators': 3}, {'robot_seconds': 720.0},
                 {'commit': 'def', 'contacts': 2, 'violations': ['two', 'contacts', 'more']}):
        add_line(path, {**LINE, **more})
    entries = read_ledger(path)
    rows = [line.split() for line in ledger_lines(path, entries)[2:]]
    assert rows == [['abc', '2', '960', '25.00', '%', '1.0', '0', '0'],
                    ['def', '1', '240', '0.00', '%', '0.5', '2', '3'],
                    ['all', '3', '1200', '20.00', '%', '1.5', '2', '3']]
    assert next_seed(entries, 'abc', 'hall.map', 8) == 3
    assert next_seed(entries, 'abc', 'hall.map', 9) == 1


@pytest.mark.parametrize('line', [
    '{"seed": 1}', '{"commit": "ab', '[]', '7', json.dumps({**LINE, 'robots': '8'}),
    json.dumps({**LINE, 'robot_seconds': float('nan')}), json.dumps({**LINE, 'contacts': -1}),
    json.dumps({**LINE, 'violations': None})])
def test_a_ledger_with_a_line_that_is_none_is_refused_before_anything_runs(options, line):
    add_line(options.ledger, LINE)
    with open(options.ledger, 'a') as file:
        file.write(line + '\n')
    with pytest.raises(ConfigError, match=r'ledger\.jsonl:2: this is no line of a ledger'):
        run_bench(options, pytest.fail)


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
    longer = replace(options, seconds=60.0)  # found in a quarter of seeds, of 30 s in few
    assert any(run_trial((seed, longer)).violations for seed in range(1, 12))
