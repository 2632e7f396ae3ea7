# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's half of movement authority: the rules at the head of `edge/authority.py`."""

from dataclasses import replace
from random import Random

from hypothesis import given, settings, strategies as st
import pytest

from robot_swarm_orch.edge.authority import AuthorityBook, Heard
from robot_swarm_orch.errors import InvariantError
from robot_swarm_orch.types import first_seq, Grant, GrantStatus, Mode

SITE, BOOT = 77, 5


def grant(ack_seq, nodes, **values):
    """Return a grant for the robot of these tests."""
    return replace(Grant('r', BOOT, SITE, 1, ack_seq, 0, tuple(nodes)), **values)


def joined(nodes=(1,), incarnation=3):
    """Return a book that has joined with these nodes."""
    book = AuthorityBook('r', SITE, BOOT)
    book.report()
    assert book.hear(grant(first_seq(incarnation), nodes), inside=True) == Heard.JOINED
    return book


def test_a_joining_robot_reports_incarnation_zero_and_nothing_held():
    book = AuthorityBook('r', SITE, BOOT)
    assert [book.report() for _ in range(2)] == [
        (1, Mode.JOINING, (), ()), (2, Mode.JOINING, (), ())]


def test_a_join_takes_all_that_the_robot_owns_and_counts_on_from_the_incarnation():
    book = joined((1, 2))
    assert (book.mode, book.held, book.incarnation) == (Mode.AUTOMATIC, (1, 2), 3)
    assert book.report() == (first_seq(3) + 1, Mode.AUTOMATIC, (1, 2), ())


def test_a_robot_outside_of_what_it_owns_does_not_join():
    book = AuthorityBook('r', SITE, BOOT)
    assert book.hear(grant(first_seq(3), (1,)), inside=False) == Heard.OUTSIDE
    assert book.report() == (1, Mode.JOINING, (), ())


@pytest.mark.parametrize('ack_seq', [0, 1, first_seq(3) + 1])
def test_only_the_first_seq_of_an_incarnation_answers_a_join(ack_seq):
    book = AuthorityBook('r', SITE, BOOT)
    assert book.hear(grant(ack_seq, (1,)), inside=True) == Heard.NOTHING
    assert book.mode == Mode.JOINING


def test_a_wanted_node_is_taken_from_a_grant_that_has_seen_it_wanted():
    book = joined()
    book.want((2, 3))
    seq, *_ = book.report()
    assert book.hear(grant(seq, (1, 2))) == Heard.GAINED
    assert (book.held, book.wanted) == ((1, 2), (3,))


def test_a_grant_older_than_the_wish_gives_nothing():
    book = joined()
    book.report()
    before = book.seq
    book.want((2,))
    book.report()
    assert book.hear(grant(before, (1, 2))) == Heard.NOTHING
    assert book.held == (1,)


def test_a_node_wanted_but_not_yet_reported_is_not_taken():
    book = joined()
    seq, *_ = book.report()
    book.want((2,))
    assert book.hear(grant(seq, (1, 2))) == Heard.NOTHING


def test_a_grant_from_before_a_node_was_given_back_does_not_bring_it_back():
    book = joined()
    book.want((2,))
    old, *_ = book.report()
    book.hear(grant(old, (1, 2)))
    book.drop(stoppable=(2,))
    book.report()
    book.want((2,))
    new, *_ = book.report()
    assert book.hear(grant(old, (1, 2))) == Heard.NOTHING
    assert book.hear(grant(new, (1, 2))) == Heard.GAINED


def test_a_node_dropped_and_wanted_again_before_any_report_is_still_owned():
    book = joined()
    book.want((2,))
    seq, *_ = book.report()
    book.hear(grant(seq, (1, 2)))
    book.report()
    book.drop(stoppable=(2,))
    book.want((2,))
    assert book.hear(grant(seq + 1, (1, 2))) == Heard.GAINED


def test_an_owned_node_that_is_no_longer_wanted_is_left_alone():
    book = joined()
    book.want((2,))
    seq, *_ = book.report()
    book.want((3,))
    assert book.hear(grant(seq, (1, 2))) == Heard.NOTHING
    assert book.held == (1,)


def test_nodes_held_are_never_wanted():
    book = joined((1, 2))
    book.want((2, 3, 3, 4))
    assert book.wanted == (3, 4)


def test_nothing_is_dropped_or_wanted_in_manual_mode():
    book = joined((1, 2))
    book.want((3,))
    book.set_mode(Mode.MANUAL)
    book.drop(left=(1,), stoppable=(2,))
    book.want((4,))
    assert book.report()[1:] == (Mode.MANUAL, (1, 2), ())


def test_joining_ends_by_a_grant_only():
    book = AuthorityBook('r', SITE, BOOT)
    with pytest.raises(InvariantError):
        book.set_mode(Mode.AUTOMATIC)


@pytest.mark.parametrize('other', [{'robot': 'x'}, {'boot_id': 6}])
def test_words_for_another_robot_or_boot_are_ignored(other):
    assert joined().hear(grant(first_seq(9), (4,), **other)) == Heard.FOREIGN


def test_a_grant_on_another_roadmap_is_refused():
    book = joined()
    book.want((2,))
    seq, *_ = book.report()
    assert book.hear(grant(seq, (1, 2), site_hash=78)) == Heard.OTHER_SITE
    assert book.held == (1,)


def test_a_fenced_boot_forgets_everything_and_never_returns():
    book = joined()
    assert book.hear(grant(0, (), status=GrantStatus.FENCED)) == Heard.FENCED
    with pytest.raises(InvariantError):
        book.fence(BOOT)
    book.fence(6)
    assert book.hear(grant(first_seq(3), (1,)), inside=True) == Heard.FOREIGN
    assert book.report() == (1, Mode.JOINING, (), ())


@pytest.mark.parametrize('status', [GrantStatus.REFUSED, GrantStatus.UNENROLLED])
def test_a_refused_join_goes_on_waiting(status):
    book = AuthorityBook('r', SITE, BOOT)
    assert book.hear(grant(0, (), status=status), inside=True) == Heard.REFUSED
    assert book.mode == Mode.JOINING


def test_order_puts_held_nodes_into_driving_order_and_forgets_none():
    book = joined((1, 2, 3, 9))
    book.order((3, 2, 1))
    assert book.held == (3, 2, 1, 9)


def test_a_copy_is_equal_and_independent():
    book = joined()
    other = book.copy()
    assert other.key() == book.key() and hash(other.key()) == hash(book.key())
    other.want((2,))
    other.report()
    assert other.key() != book.key()


@given(st.lists(st.frozensets(st.integers(0, 4)), min_size=1, max_size=12), st.data())
def test_a_node_is_taken_only_from_grants_newer_than_the_last_report_without_it(wishes, data):
    book, without = joined((9,)), dict.fromkeys(range(5), first_seq(3))
    for wish in wishes:
        book.want(sorted(wish))
        seq, *_ = book.report()
        without.update((node, seq) for node in range(5) if node not in wish)
    ack = data.draw(st.integers(first_seq(3), book.seq))
    before = set(book.wanted)
    book.hear(grant(ack, range(5)))
    assert set(book.held) - {9} == {node for node in before if ack > without[node]}


class Keeper:
    """The replicated half, as in design section 5: one owner a node, rows newer than the last."""

    def __init__(self):
        self.owner, self.last = {}, {}

    def row(self, robot, seq, held, wanted):
        """Apply a report."""
        if seq <= self.last[robot]:
            return
        self.last[robot] = seq
        keep = set(held) | set(wanted)
        self.owner = {n: o for n, o in self.owner.items() if o != robot or n in keep}
        for node in wanted:
            if self.owner.setdefault(node, robot) != robot:
                break

    def grant(self, robot):
        """Return what is true of a robot now."""
        owned = tuple(sorted(n for n, o in self.owner.items() if o == robot))
        return grant(self.last[robot], owned, robot=robot)


def wander(seed, steps, keeper):
    """Let three robots want and drop at random over a bad network; return who shared a node."""
    rng, books, mail = Random(seed), {}, []
    for index, robot in enumerate('abc'):
        keeper.owner[index], keeper.last[robot] = robot, first_seq(index + 1)
        books[robot] = book = AuthorityBook(robot, SITE, BOOT)
        book.hear(keeper.grant(robot), inside=True)
    for _ in range(steps):
        robot = rng.choice('abc')
        book, act = books[robot], rng.randrange(5)
        if act == 0:
            book.drop(stoppable=rng.sample(book.held, len(book.held) // 2))
        elif act == 1:
            book.want(rng.sample(range(6), rng.randrange(4)))
        elif act == 2:
            seq, _, held, wanted = book.report()
            mail.append(('row', robot, seq, held, wanted))
        elif act == 3:
            mail.append(('grant', robot, keeper.grant(robot)))
        elif mail:
            # Lost, doubled and reordered: a letter is picked at random and mostly stays.
            kind, to, *content = mail[rng.randrange(len(mail))]
            if kind == 'row':
                keeper.row(to, *content)
            else:
                books[to].hear(*content)
            if rng.random() < 0.3:
                mail.pop(rng.randrange(len(mail)))
        held = [node for book in books.values() for node in book.held]
        if len(held) != len(set(held)):
            return held
    return []


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_no_two_robots_hold_a_node_whatever_the_network_does(seed):
    assert wander(seed, 300, Keeper()) == []
