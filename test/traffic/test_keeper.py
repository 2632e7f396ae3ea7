# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The keeper's laws under any log at all, and its acts one by one."""

from hypothesis import given, settings, strategies as st
from robot_swarm_orch.codec import pack, unpack
from robot_swarm_orch.coordinator.keeper import Keeper, NOBODY
from robot_swarm_orch.types import first_seq

NODES = 6
NAMES = ('r0', 'r1', 'r2')

nodes = st.integers(-1, NODES)
some_nodes = st.lists(nodes, max_size=4).map(tuple)
seqs = st.builds(lambda incarnation, counter: first_seq(incarnation) + counter,
                 st.integers(0, 3), st.integers(0, 5))
rows = st.tuples(st.integers(-1, 3), seqs, some_nodes, some_nodes)
names = st.sampled_from(NAMES)
acts = st.one_of(
    st.tuples(st.just('apply_rows'), st.lists(rows, max_size=4)),
    st.tuples(st.just('enrol'), names, nodes),
    st.tuples(st.just('register_boot'), names, st.integers(0, 3)),
    st.tuples(st.just('clear'), names, some_nodes),
    st.tuples(st.sampled_from(('shut', 'reopen')), some_nodes,
              st.lists(st.tuples(nodes, nodes), max_size=2).map(tuple)))


def laid():
    keeper = Keeper()
    keeper.lay_site(99, NODES)
    return keeper


def joined(*placement):
    """Return a keeper with robots enrolled at nodes, each with boot 1."""
    keeper = laid()
    for number, node in enumerate(placement):
        assert keeper.enrol(NAMES[number], node) == ''
        assert keeper.register_boot(NAMES[number], 1) == ''
    return keeper


def seq(counter, incarnation=1):
    return first_seq(incarnation) + counter


def fold(log):
    keeper = laid()
    for act, *arguments in log:
        getattr(keeper, act)(*arguments)
    return keeper


@settings(max_examples=150, deadline=None)
@given(st.lists(acts, max_size=25))
def test_a_node_has_one_owner_whatever_the_log_says(log):
    keeper = laid()
    last = {}
    for act, *arguments in log:
        before = dict(keeper.owner)
        getattr(keeper, act)(*arguments)
        if act == 'apply_rows':
            assert all(before.get(node) == number for node, number in keeper.owner.items()
                       if node in keeper.shut_nodes), 'a blocked node was given'
        seen = [node for owned in keeper.owned for node in owned]
        assert len(seen) == len(set(seen))
        assert {node: number for number, owned in enumerate(keeper.owned)
                for node in owned} == keeper.owner
        assert all(0 <= node < NODES for node in keeper.owner)
        assert not set(keeper.owner) & set(keeper.blocked)
        for number, newest in enumerate(keeper.last_seq):
            assert newest >= last.get(number, 0), 'last_seq must never go back'
            last[number] = newest


@settings(max_examples=80, deadline=None)
@given(st.lists(acts, max_size=25))
def test_equal_logs_give_equal_digests(log):
    assert fold(log).digest() == fold(log).digest()


@settings(max_examples=80, deadline=None)
@given(st.lists(acts, max_size=15), st.lists(acts, max_size=10))
def test_a_restored_copy_goes_on_like_the_original(before, after):
    original = fold(before)
    copy = Keeper.from_plain(unpack(pack(original.to_plain())))
    assert copy.digest() == original.digest()
    for act, *arguments in after:
        assert getattr(original, act)(*arguments) == getattr(copy, act)(*arguments)
    assert copy.digest() == original.digest()


def test_all_rows_free_before_any_row_gives():
    keeper = joined(0, 1)
    keeper.apply_rows(((1, seq(1), (1, 2), (2,)),))
    keeper.apply_rows(((0, seq(1), (0, 2), (2,)), (1, seq(2), (1,), ())))
    assert keeper.nodes_of(0) == (0, 2)


def test_a_grant_ends_at_the_first_node_that_is_not_free():
    keeper = joined(0, 3)
    keeper.apply_rows(((0, seq(1), (0, 2, 3, 4), (2, 3, 4)),))
    assert keeper.nodes_of(0) == (0, 2)


def test_only_nodes_that_the_report_named_are_given():
    keeper = joined(0)
    keeper.apply_rows(((0, seq(1), (0, 2), (2, 3)),))
    assert keeper.nodes_of(0) == (0, 2)


def test_an_old_or_repeated_report_changes_nothing():
    keeper = joined(0)
    assert keeper.apply_rows(((0, seq(5), (0, 2), (2,)),)) == (0,)
    assert keeper.apply_rows(((0, seq(5), (0,), ()),)) == ()
    assert keeper.apply_rows(((0, seq(4), (0,), ()),)) == ()
    assert keeper.nodes_of(0) == (0, 2)


def test_a_second_older_row_of_a_robot_in_one_entry_is_skipped():
    keeper = joined(0)
    assert keeper.apply_rows(((0, seq(5), (0, 2), (2,)), (0, seq(4), (0,), ()))) == (0,)
    assert keeper.last_seq[0] == seq(5)
    assert keeper.nodes_of(0) == (0, 2)


def test_reports_of_an_earlier_incarnation_count_no_more():
    keeper = joined(0)
    keeper.register_boot('r0', 2)
    assert keeper.incarnations[0] == 2
    assert keeper.last_seq[0] == first_seq(2)
    assert keeper.apply_rows(((0, seq(900), (0, 2), (2,)),)) == ()
    assert keeper.apply_rows(((0, seq(1, 2), (0, 2), (2,)),)) == (0,)


def test_reports_of_an_incarnation_that_nobody_gave_do_not_count():
    keeper = joined(0)
    assert keeper.apply_rows(((0, seq(1, 7), (0, 2), (2,)),)) == ()


def test_registering_the_same_boot_again_changes_nothing():
    keeper = joined(0)
    before = keeper.digest()
    assert keeper.register_boot('r0', 1) == ''
    assert keeper.digest() == before


def test_enrolment_on_a_held_node_is_refused_with_the_holders_name():
    keeper = joined(0)
    assert 'held by r0' in keeper.enrol('r1', 0)
    assert 'r1' not in keeper.numbers


def test_enrolling_a_robot_twice_is_refused_unless_nothing_would_change():
    keeper = joined(0)
    assert keeper.enrol('r0', 0) == ''
    assert 'clear it first' in keeper.enrol('r0', 1)


def test_clearing_frees_all_but_what_the_body_occupies_and_fences_the_boot():
    keeper = joined(0, 5)
    keeper.apply_rows(((0, seq(1), (0, 1, 2), (1, 2)),))
    assert keeper.clear('r0', (1,)) == ''
    assert keeper.nodes_of(0) == ()
    assert keeper.blocked == {1: 0}
    assert keeper.boots[0] == NOBODY
    assert 'not enrolled' in keeper.register_boot('r0', 7)
    assert keeper.apply_rows(((0, seq(2), (0, 1), (1,)),)) == ()


def test_a_blocked_node_is_never_given():
    keeper = joined(0, 5)
    keeper.clear('r0', (0,))
    keeper.apply_rows(((1, seq(1), (5, 0), (0,)),))
    assert keeper.nodes_of(1) == (5,)


def test_enrolling_the_robot_that_blocks_lets_the_other_nodes_go():
    keeper = joined(0, 5)
    keeper.clear('r0', (0, 1))
    assert 'blocked by r0' in keeper.enrol('r2', 1)
    assert keeper.enrol('r0', 1) == ''
    assert keeper.blocked == {}
    assert keeper.is_free(0)
    assert keeper.nodes_of(0) == (1,)


def test_clearing_again_lets_blocked_nodes_go():
    keeper = joined(0)
    keeper.clear('r0', (0,))
    assert keeper.clear('r0', ()) == ''
    assert keeper.is_free(0)


def test_a_clearance_that_names_anothers_node_is_refused_whole():
    keeper = joined(0, 5)
    before = keeper.digest()
    assert 'held by r1' in keeper.clear('r0', (0, 5))
    assert keeper.digest() == before


def test_another_roadmap_is_refused():
    keeper = joined(0)
    assert 'roadmap' in keeper.lay_site(100, NODES)
    assert keeper.site_hash == 99


def test_a_blocked_node_is_given_to_nobody_and_kept_by_who_has_it():
    keeper = joined(0, 3)
    assert keeper.shut((0, 1), ((2, 1),)) == ''
    keeper.apply_rows(((0, seq(1), (0, 1), (1,)), (1, seq(1), (3, 2), (2,))))
    assert keeper.nodes_of(0) == (0,) and keeper.nodes_of(1) == (2, 3)
    assert not keeper.is_free(1)
    assert keeper.reopen((1,), ()) == ''
    keeper.apply_rows(((0, seq(2), (0, 1), (1,)),))
    assert keeper.nodes_of(0) == (0, 1) and keeper.shut_edges == {(2, 1)}


def test_a_node_that_does_not_exist_cannot_be_blocked():
    keeper = laid()
    assert f'no node {NODES}' in keeper.shut((0, NODES), ())
    assert 'no node -1' in keeper.shut((), ((0, -1),)) and not keeper.shut_nodes


def test_state_without_blocked_ways_has_the_bytes_of_older_releases():
    keeper = joined(0)
    older = pack(keeper.to_plain())
    assert len(unpack(older)) == 9 and not Keeper.from_plain(unpack(older)).shut_nodes
    keeper.shut((1,), ((1, 2),))
    assert len(keeper.to_plain()) == 10
    keeper.reopen((1,), ((1, 2),))
    assert pack(keeper.to_plain()) == older
