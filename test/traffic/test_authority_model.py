# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Every behaviour of movement authority in small: two robots, one or two nodes, a hostile network.

`authority_model.py` says what the model is. The search visits all states within a budget; in none
may a node be in two robots' hands, nor in one's hands and under the other's body, and the claims
of the invariant hold of both. `SEARCHES` names the budgets, how many states each search has, and
how many steps away the last one is; a search of another size fails, so the sizes are true. They
have 700,000 states in all and take 25 s on one core; those of `LARGE` have five million and take
four minutes and 1 GB.

The keeper is restarted from a snapshot before every act that it does anywhere, and must do what
the keeper that went on does. So is every search one of restarts at any moment.
"""

from collections import namedtuple
from pathlib import Path

from authority_model import Model, search
from authority_mutants import broken
from authority_rules import Budget, NAMES, Rules, WaysAreBlocked
import broken_keepers
import pytest
from robot_swarm_orch.types import first_seq, Mode

Search = namedtuple('Search', 'states depth r0 r1 nodes options rules', defaults=(1, {}, Rules))
FORGET = {'forget': True}

SEARCHES = {
    'loss, delay, repetition and order': Search(8492, 15, Budget(3), Budget(2)),
    'two contested nodes': Search(42142, 13, Budget(2), Budget(2), 2, FORGET),
    'entries with a row of each robot': Search(
        5321, 10, Budget(2), Budget(1), 2, {'pairs': True, **FORGET}),
    'second thoughts between reports': Search(
        55655, 12, Budget(2), Budget(1), 2, {'second_thoughts': True, **FORGET}),
    'a reboot': Search(12777, 17, Budget(3, boots=1), Budget(1)),
    'a reboot of each': Search(13481, 18, Budget(2, boots=1), Budget(2, boots=1), 1, FORGET),
    'a reboot that finds two nodes': Search(18011, 15, Budget(2, boots=1), Budget(1), 2, FORGET),
    'a clearance': Search(17310, 18, Budget(2, clears=1), Budget(1)),
    'a clearance of each': Search(5104, 20, Budget(1, clears=1), Budget(1, clears=1), 1, FORGET),
    'a reboot and a clearance': Search(
        55176, 22, Budget(2, boots=1, clears=1), Budget(2), 1, FORGET),
    'a reboot of one and a clearance of the other': Search(
        26001, 22, Budget(2, boots=1), Budget(2, clears=1), 1, FORGET),
    'two nodes, a reboot and a clearance': Search(
        52576, 19, Budget(1, boots=1, clears=1), Budget(1), 2, FORGET),
    'a hand push and a wrong pose': Search(
        168554, 15, Budget(2, pushes=2, jumps=1), Budget(1), 2, FORGET),
    'a hand push and a reboot outside': Search(
        20697, 19, Budget(2, boots=1, pushes=2), Budget(2), 1, FORGET),
    'a node that people block and open': Search(
        12366, 19, Budget(2, clears=1), Budget(2), 1, FORGET, WaysAreBlocked),
    'all of these': Search(197996, 23, Budget(2, 1, 1, 1, 1), Budget(1), 1, FORGET),
}

LARGE = {
    'two nodes, two reports, a reboot and a clearance': Search(
        2854604, 24, Budget(2, boots=1, clears=1), Budget(2), 2, FORGET),
    'two nodes, a reboot of one and a clearance of the other': Search(
        1498023, 24, Budget(2, boots=1), Budget(2, clears=1), 2, FORGET),
    'two nodes, and all of these': Search(
        843481, 22, Budget(1, 1, 1, 1, 1), Budget(1), 2, FORGET),
}


def model_of(size):
    return Model(size.rules(), (size.r0, size.r1), nodes=size.nodes, **size.options)


def broken_claims(keeper, number, robot, reports, grants):
    """
    Return the letters of the claims of the invariant that do not hold of a robot.

    They are those of `authority_proof.invariant`, here about the real keeper and the real book.
    """
    book, last, boot = robot.book, keeper.last_seq[number], keeper.boots[number]
    incarnation, nodes = keeper.incarnations[number], range(4)
    joined = book.mode != Mode.JOINING
    active = joined and (
        robot.on or (boot, incarnation) == (book.boot_id, book.incarnation))
    news = [(seq, {*held, *wanted}) for _, seq, mode, held, wanted in reports
            if mode == Mode.AUTOMATIC and seq > last]
    given = [(grant.ack_seq, node) for grant in grants for node in grant.nodes
             if grant.boot_id == book.boot_id]
    known = boot == book.boot_id or any(grant.boot_id == book.boot_id for grant in grants)
    owned = keeper.owned[number]
    claims = {
        'A': not active or all(node in owned and book.wseq(node) <= last for node in book.held),
        'B': not active or all(node in owned for ack, node in given if ack > book.wseq(node)),
        'C': not active or all(seq <= book.wseq(node) for seq, keep in news for node in nodes
                               if node not in keep),
        'D': robot.astray or (robot.body.issubset(book.held) if active else all(
            keeper.blocked.get(node) == number
            or node in owned and all(node in keep for _, keep in news) for node in robot.body)),
        'E': active or all(node in owned for ack, node in given
                           if robot.on or ack >= first_seq(incarnation)),
        'F': active or not known or not news,
        'G': all(grant.ack_seq <= last and (
            grant.boot_id == boot or grant.ack_seq < first_seq(incarnation)) for grant in grants),
        'H': keeper.enrolled[number] or not (
            boot or news or active or robot.on and (known or joined)),
        'I': (first_seq(incarnation) <= last < first_seq(incarnation + 1)
              and all(report[1] < first_seq(incarnation + 1) for report in reports)),
        'J': not joined or (
            book.incarnation <= incarnation and (active or book.incarnation < incarnation)
            and all(book.wseq(node) <= book.seq for node in nodes)),
        'K': keeper.blocked.keys().isdisjoint(keeper.owner),
    }
    return [letter for letter, holds in claims.items() if not holds]


def assert_never_collides(size):
    model, judged = model_of(size), {}

    def look(state):
        for number in range(len(NAMES)):
            parts = (number, state[0], *state[1 + number::2])
            if parts not in judged:
                robot, reports, grants = (pool.values[part] for pool, part in zip(
                    (model.robots, model.reports, model.grants), parts[2:]))
                judged[parts] = broken_claims(
                    model.keepers.values[state[0]], number, robot, reports, grants)
            assert judged[parts] == []

    found = search(model, look=look)
    assert not found.trace, '\n'.join(found.trace)
    assert (found.states, found.depth) == (size.states, size.depth)


@pytest.mark.parametrize('name', SEARCHES)
def test_no_two_robots_meet_and_the_invariant_holds_in_every_state_with(name):
    assert_never_collides(SEARCHES[name])


@pytest.mark.slow
@pytest.mark.parametrize('name', LARGE)
def test_no_two_robots_meet_and_the_invariant_holds_in_every_large_search_with(name):
    assert_never_collides(LARGE[name])


def test_forgetting_overtaken_words_leaves_out_nothing_that_can_happen():
    for robots in ((Budget(3), Budget(1)), (Budget(2, boots=1), Budget(1)),
                   (Budget(1, boots=1, clears=1), Budget(1))):
        reached = []
        for forget in (False, True):
            model, seen = Model(Rules(), robots, forget=forget), set()

            def note(state, model=model, seen=seen):
                seen.add((model.keepers.values[state[0]].to_plain(),
                          *(model.robots.values[robot].key() for robot in state[1:3])))
            search(model, look=note)
            reached.append(seen)
        assert reached[0] == reached[1]


def test_a_leader_that_is_late_has_nothing_to_say_that_was_not_said():
    model = Model(Rules(), (Budget(2, boots=1, clears=1), Budget(1)))
    stale = []
    search(model, depth=12, look=lambda state: stale.extend(model.stale_words(state)))
    assert stale == []


def test_a_keeper_that_its_snapshot_does_not_describe_is_noticed():
    for keeper in (broken_keepers.LosesSeqs, broken_keepers.LosesBlocked,
                   broken_keepers.LosesFences, broken_keepers.LosesOwners):
        model = Model(broken(keeper, snapshots='checked')(), (
            Budget(2, clears=1), Budget(1)))
        with pytest.raises(AssertionError, match='differs after a restart from the snapshot'):
            search(model)


def test_a_robot_that_was_cleared_joins_only_after_it_was_enrolled_anew():
    model = Model(Rules(), (Budget(1, boots=1, clears=1), Budget(0)), forget=True)
    seen = set()

    def look(state):
        keeper, robot = model.keepers.values[state[0]], model.robots.values[state[1]]
        if not keeper.enrolled[0] and robot.on:
            seen.add(robot.book.mode)
            assert robot.book.held == ()
    search(model, look=look)
    assert seen == {Mode.JOINING}


def test_the_table_of_searches_in_the_documents_is_true():
    page = Path(__file__).resolve().parents[2] / 'docs' / 'safety.md'
    rows = page.read_text().split('| Search |')[1].split('\n\n')[0].splitlines()[2:]
    assert rows == [f'| {name} | {size.states:,} | {size.depth} |'
                    for name, size in {**SEARCHES, **LARGE}.items()]
