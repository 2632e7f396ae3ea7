# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Each judge finds what it exists for, in a deliberately bad input, and stays quiet otherwise."""

import numpy as np
import pytest
from robot_swarm_orch.coordinator.events import AuthorityChanged, BootRegistered, Enrolled
from robot_swarm_orch.edge.journal import Accepted, Finished, JournalState
from robot_swarm_orch.sim.battery_checks import BatteryJudge
from robot_swarm_orch.sim.checks import (
    AckJudge, CommandJudge, CommitJudge, HoldJudge, InsideJudge, LeaderJudge, LeaseJudge,
    LimiterJudge, LoadJudge, LossJudge, MandateJudge, OrderJudge, OverlapJudge, OwnerJudge,
    PrefixJudge, RestJudge, SentReports, VoteJudge)
from robot_swarm_orch.sim.world import Happening
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import Ack, Command, CommandKind, Lease, Outcome


def line(count=6):
    """Return a closed street whose first nodes lie on the x axis, 2 m apart."""
    nodes = {f'n{i}': [2.0 * i, 0.0] for i in range(count)}
    nodes.update({f'm{i}': [2.0 * i, 6.0] for i in (0, count - 1)})
    names = [f'n{i}' for i in range(count)] + [f'm{count - 1}', 'm0']
    edges = [[a, b, 'oneway'] for a, b in zip(names, names[1:] + names[:1])]
    return load_site({'nodes': nodes, 'edges': edges})


def test_touching_bodies_are_counted_once_per_contact():
    judge = OverlapJudge(('a', 'b', 'c'), 0.75)
    y = np.zeros(3)
    assert judge.feed(0.0, np.asarray([0.0, 1.51, 9.0]), y) == []
    assert judge.feed(0.1, np.asarray([0.0, 1.40, 9.0]), y)[0][:2] == ('a', 'b')
    assert judge.feed(0.2, np.asarray([0.0, 1.39, 9.0]), y) == []
    judge.feed(0.3, np.asarray([0.0, 1.60, 9.0]), y)
    judge.feed(0.4, np.asarray([0.0, 8.0, 9.0]), y)
    assert len(judge.violations) == 2


def test_a_node_held_twice_is_found_between_two_reports():
    judge = HoldJudge()
    judge.feed('a', 1, 10, 0.00, (5, 6))
    judge.feed('b', 2, 70, 0.05, (6, 7))
    assert not judge.violations
    judge.feed('a', 1, 11, 0.10, (6,))
    assert judge.violations == ['0.05 s: node 6 held by a and b']


def test_a_node_held_twice_is_found_when_the_report_in_between_comes_late():
    judge = HoldJudge()
    for seq in range(10, 20):
        judge.feed('a', 1, seq, 0.1 * seq, (6,))
    judge.feed('b', 2, 70, 1.55, (6,))
    assert len(judge.violations) == 1


def test_a_node_handed_over_is_no_double_hold():
    judge = HoldJudge()
    judge.feed('a', 1, 10, 0.0, (5, 6))
    judge.feed('a', 1, 11, 0.1, (5, 6))
    judge.feed('a', 1, 12, 0.2, (6,))
    judge.feed('b', 2, 70, 0.25, (5,))
    judge.feed('b', 2, 71, 0.35, (5,))
    assert not judge.violations


def test_a_lost_report_proves_nothing():
    judge = HoldJudge()
    judge.feed('a', 1, 10, 0.0, (6,))
    judge.feed('b', 2, 70, 0.1, (6,))
    judge.feed('a', 1, 12, 0.2, (6,))
    assert not judge.violations


@pytest.mark.parametrize('x, y, held, inside', [
    (4.0, 0.0, (2,), True),           # at a node that it holds
    (4.0, 0.0, (), False),            # at a node that it does not hold
    (4.0, 0.0, (3,), False),
    (5.0, 0.0, (2, 3), True),         # half way
    (4.5, 0.0, (2,), False),          # on its way without the next node
    (5.8, 0.0, (3,), True),           # has left the node behind
    (5.2, 0.0, (3,), False),          # let go of it too early
    (4.0, 1.9, (2,), False),          # far off any street
])
def test_a_body_outside_its_nodes_is_found(x, y, held, inside):
    judge = InsideJudge(line())
    assert judge.feed(1.0, 'a', x, y, held) is inside
    assert bool(judge.violations) is not inside


def happen(kind, order='o1', robot='a', place='dock', at=1.0):
    """Return something that happened."""
    return Happening(at, kind, robot, order, place, 'x')


def test_an_order_picked_or_dropped_twice_is_found():
    judge = OrderJudge()
    for kind in ('pick_started', 'pick', 'drop_started', 'drop'):
        judge.feed(happen(kind))
    judge.close({'o1': 'dock'})
    assert not judge.violations
    judge.feed(happen('drop_started', robot='b'))
    judge.feed(happen('pick_started', robot='b'))
    assert len(judge.violations) == 2 and 'drop of o1' in judge.violations[0]


def test_a_drop_without_a_pick_is_found():
    judge = OrderJudge()
    judge.feed(happen('drop_started'))
    assert 'never picked' in judge.violations[0]


@pytest.mark.parametrize('place', ['', 'elsewhere'])
def test_an_order_called_done_without_its_drop_is_found(place):
    judge = OrderJudge()
    judge.feed(happen('pick_started'))
    judge.feed(happen('drop_started'))
    if place:
        judge.feed(happen('drop', place=place))
    judge.close({'o1': 'dock'})
    assert len(judge.violations) == 1


def test_a_cancelled_load_is_where_it_was_or_on_another_slot():
    for place, found in (('shelf', 0), ('other', 0), ('dock', 1), ('desk', 1)):
        judge = LoadJudge(('shelf', 'other'))
        judge.feed(happen('pick', place='shelf'))
        judge.feed(happen('drop', place=place))
        judge.close({'o1': ('shelf', 'dock')}, {'o1': True})
        assert len(judge.violations) == found, place


def test_a_load_that_stays_on_the_robot_of_a_cancelled_order_is_found():
    judge = LoadJudge(('shelf',))
    judge.feed(happen('pick', place='shelf'))
    judge.close({'o1': ('shelf', 'dock'), 'never_picked': ('shelf', 'dock')}, {})
    assert judge.violations == ['o1 is called cancelled, but a has its load']


def test_a_second_load_on_a_storage_place_is_found():
    judge = LoadJudge(('shelf',))
    for order in ('o1', 'o2'):
        judge.feed(happen('drop', order, place='desk'))
    judge.feed(happen('drop', place='shelf'))
    judge.feed(happen('pick', place='shelf'))
    judge.feed(happen('drop', 'o2', place='shelf'))
    assert not judge.violations
    judge.feed(happen('drop', 'o3', place='shelf'))
    assert 'where o2 stands' in judge.violations[0]


def test_a_cancellation_that_was_answered_and_not_kept_is_found():
    judge = LoadJudge(())
    judge.close({}, {'o1': True, 'o2': False})
    assert judge.violations == ['o2 was to be cancelled, as was answered, and is not']


def test_two_leaders_in_a_term_are_found():
    judge = LeaderJudge()
    for term, leader in ((1, 'c1'), (1, 'c1'), (2, 'c2')):
        judge.feed(term, leader)
    assert not judge.violations and judge.most_in_a_term == 1
    judge.feed(2, 'c3')
    assert judge.violations == ["term 2 has the leaders ['c2', 'c3']"]
    assert judge.most_in_a_term == 2


def test_committed_logs_that_differ_are_found():
    judge = PrefixJudge()
    for replica in ('c1', 'c2'):
        judge.feed(replica, 1, 1, b'x')
    assert not judge.violations
    judge.feed('c3', 1, 1, b'y')
    judge.feed('c3', 2, 2, b'z')
    judge.feed('c1', 2, 3, b'z')
    assert len(judge.violations) == 2


def test_two_votes_in_a_term_are_found():
    judge = VoteJudge()
    for voter, term, candidate in (('c1', 1, 'c2'), ('c1', 1, 'c2'), ('c1', 2, 'c3')):
        judge.feed(voter, term, candidate)
    assert not judge.violations
    judge.feed('c1', 2, 'c1')
    assert judge.violations == ['c1 votes for c3 and for c1 in term 2']


def test_a_leader_without_a_committed_entry_is_found():
    committed = {1: (1, b'', 'c1'), 2: (2, b'x', 'c1')}
    judge = LossJudge()
    judge.feed('c2', 3, committed, {1: 1, 2: 2}.get)
    judge.feed('c2', 3, committed, lambda index: -1)  # a snapshot covers all
    judge.feed('c2', 2, committed, {1: 1}.get)        # entries of its own term are not due yet
    assert not judge.violations
    judge.feed('c3', 3, committed, {1: 1, 2: 1}.get)
    judge.feed('c3', 4, committed, {1: 1}.get)
    assert len(judge.violations) == 2 and 'without entry 2' in judge.violations[0]


def test_a_commit_of_an_old_term_by_counting_is_found():
    judge = CommitJudge()
    for commit, term in ((4, 1), (4, 1), (6, 3), (7, 3)):
        judge.feed('c1', 3, commit, term)
    assert not judge.violations
    judge.feed('c2', 5, 7, 3)
    judge.feed('c2', 5, 8, 4)
    assert judge.violations == ['c2, leading term 5, has committed up to entry 8 of term 4']


def owned():
    """Return an owner judge of robots a at node 1 and b at node 5, both booted."""
    judge = OwnerJudge()
    judge.feed(1, [('Enrolled', Enrolled('a', 1, '')), ('Enrolled', Enrolled('b', 5, '')),
                   ('BootRegistered', BootRegistered('a', 11)),
                   ('BootRegistered', BootRegistered('b', 12))])
    return judge


def rows(*rows):
    return [('AuthorityChanged', AuthorityChanged(rows))]


def test_owners_that_differ_from_the_rules_are_found():
    judge = owned()
    judge.feed(2, rows((0, (1 << 32) + 1, (1, 2, 3), (2, 3))))
    judge.compare(0.0, 'c1', {1: 0, 2: 0, 3: 0, 5: 1})
    judge.feed(3, rows((0, (1 << 32) + 2, (2, 3), ()), (1, (1 << 32) + 1, (1, 2, 5), (1, 2))))
    judge.compare(0.0, 'c1', {2: 0, 3: 0, 1: 1, 5: 1})
    assert not judge.violations
    judge.compare(0.0, 'c1', {3: 0, 1: 1, 2: 1, 5: 1})
    assert 'nodes [2]' in judge.violations[0]


def test_a_row_of_an_earlier_incarnation_counts_for_nothing():
    judge = owned()
    judge.feed(2, [('BootRegistered', BootRegistered('a', 99))])
    judge.feed(3, rows((0, (1 << 32) + 7, (2,), (2,))))
    judge.compare(0.0, 'c1', {1: 0, 5: 1})
    assert not judge.violations
    judge.compare(0.0, 'c1', {2: 0, 5: 1})
    assert judge.violations


def test_a_robot_that_believes_in_what_it_does_not_own_is_found():
    judge = owned()
    judge.believe(0.0, 'a', (1,))
    judge.believe(0.0, 'b', (5,))
    assert not judge.violations
    judge.believe(1.0, 'b', (5, 1))
    assert len(judge.violations) == 2
    assert 'both believe' in judge.violations[0] and 'belongs to a' in judge.violations[1]


def test_an_acknowledgement_before_a_majority_has_it_is_found():
    judge = AckJudge()
    judge.place('o1', 4, 2)
    judge.feed(1.0, 'c1', 'o1', lambda *entry: {(4, 2): 2}[entry], 2)
    judge.place('o2', 5, 2)
    assert not judge.violations
    judge.feed(1.0, 'c1', 'o2', lambda *entry: {(5, 2): 1}[entry], 2)
    judge.feed(1.0, 'c1', 'o3', None, 2)
    assert 'is on 1 disks' in judge.violations[0] and 'no committed entry' in judge.violations[1]


def lease(term, seq, duration=1.0):
    return Lease(term, 'c1', 1, duration, (('a', seq),))


def test_motion_after_the_lease_is_found():
    reports = SentReports()
    reports.sent(1.0, 'a', 7, 1)
    judge = LeaseJudge(reports, 0.0)
    judge.feed(1.9, 'a', [lease(1, 1)], True)
    judge.feed(2.5, 'a', [], False)
    assert not judge.violations
    judge.feed(2.5, 'a', [lease(1, 1)], True)  # the same again, held back: no longer than before
    assert 'its lease ended at 2.00 s' in judge.violations[0]


def test_motion_by_the_lease_of_an_old_term_is_found():
    reports = SentReports()
    judge = LeaseJudge(reports, 0.0)
    for number in (1, 2):
        reports.sent(float(number), 'a', 7, number)
    judge.feed(2.1, 'a', [lease(2, 1), lease(1, 2)], False)
    judge.feed(1.9, 'a', [], True)
    assert not judge.violations and judge.term('a') == 2
    judge.feed(2.1, 'a', [], True)
    assert judge.violations


def command(seq, heard_seq, term=3):
    return Command('a', 7, f'id{seq}', 't', term, seq, heard_seq, 2.0, CommandKind.GO, 4)


def accepted(seq, before=JournalState()):
    return [(Accepted(seq, 3, CommandKind.GO), before)]


def answer(seq):
    return [Ack('a', 7, f'id{seq}', 't', 3, seq, seq, Outcome.ACCEPTED)]


def test_stale_repeated_and_unanswered_commands_are_found():
    reports = SentReports()
    reports.sent(1.0, 'a', 7, 1)
    judge = CommandJudge(reports, 0.0, 10.0)
    judge.feed(2.9, 'a', [command(1, 1)], accepted(1), answer(1), 3)
    assert not judge.violations
    before = JournalState(Accepted(1, 3, CommandKind.GO), finished=Finished(1, Outcome.DONE))
    for case in (
            (3.1, 'a', [command(2, 1)], accepted(2), answer(2), 3),          # too old
            (2.0, 'a', [command(2, 9)], accepted(2), answer(2), 3),          # names no report
            (2.0, 'a', [command(2, 1)], accepted(2), answer(2), 4),          # of an old term
            (2.0, 'a', [command(1, 1)], accepted(1, before), answer(1), 3),  # done before
            (2.0, 'a', [command(2, 1)], [], [], 3)):                         # not answered
        found = len(judge.violations)
        judge.feed(*case)
        assert len(judge.violations) == found + 1


def test_a_lease_that_outlives_its_mandate_is_found():
    judge = MandateJudge(0.3, 1.0, 0.0, 0.02)
    judge.feed(5.0, 'c1', 1.0, 5.0)
    judge.feed(5.0, 'c1', 0.8, 4.8)
    assert not judge.violations
    judge.feed(5.0, 'c1', 1.0, 4.8)
    judge.feed(5.0, 'c1', 0.1, 4.6)
    assert len(judge.violations) == 2


def test_motion_without_consensus_is_found_after_the_bound():
    judge = RestJudge(3.0)
    judge.feed(0.0, True, ['a'])
    for at in (1.0, 4.0, 4.2):
        judge.feed(at, False, ['a'] if at < 4.1 else [])
    assert not judge.violations and judge.longest_s == 3.0
    judge.feed(4.3, False, ['a'], late_s=0.3)
    assert not judge.violations
    judge.feed(4.4, False, ['a'])
    judge.feed(4.5, False, ['a'])
    assert len(judge.violations) == 1


def test_a_limiter_that_speeds_up_or_trusts_old_input_is_found():
    judge = LimiterJudge(0.35, 0.5, True)
    judge.feed(0.0, 'a', (1.0, 0.5), (0.4, 0.5), 0.1, 0.1)
    judge.feed(0.0, 'a', (1.0, 0.5), (0.0, 0.0), 9.0, None)
    assert not judge.violations
    for told, odometry_age_s, scan_age_s in (
            ((1.1, 0.0), 0.1, 0.1), ((-0.5, 0.0), 0.1, 0.1), ((0.5, 0.6), 0.1, 0.1),
            ((0.5, 0.0), 0.4, 0.1), ((0.5, 0.0), -0.4, 0.1), ((0.5, 0.0), None, 0.1),
            ((0.5, 0.0), 0.1, 0.6), ((0.5, 0.0), 0.1, None)):
        found = len(judge.violations)
        judge.feed(0.0, 'a', (1.0, 0.5), told, odometry_age_s, scan_age_s)
        assert len(judge.violations) == found + 1


def test_a_robot_that_runs_empty_two_at_a_charger_and_a_long_wait_are_found_once_each():
    judge = BatteryJudge(('a', 'b', 'c'), [(0.0, 0.0), (4.0, 0.0)], 0.2, low=0.3, patience_s=5.0)
    far, y = [9.0, 12.0, 15.0], np.zeros(3)
    judge.feed(0.0, [0.2, 0.5, 0.9], far, y)
    judge.feed(4.9, [0.19, 0.5, 0.9], far, y)
    assert not judge.violations and judge.longest_s == 4.9
    judge.feed(5.1, [0.19, 0.5, 0.9], far, y)
    judge.feed(5.2, [0.19, 0.5, 0.9], far, y)
    assert judge.violations == ['5.10 s: a has been low since 0.00 s and stands at no charger']
    judge.feed(5.3, [0.19, 0.5, 0.9], [0.1, 12.0, 15.0], y)
    assert judge.charges.tolist() == [1, 0, 0]
    judge.feed(5.4, [0.2, 0.5, 0.9], [0.1, -0.1, 4.0], y)
    judge.feed(5.5, [0.2, 0.5, 0.9], [0.1, -0.1, 4.0], y)
    assert judge.violations[1:] == ['5.40 s: a and b are at one charger, number 0']
    judge.feed(5.6, [0.2, 0.0, 0.9], far, y)
    judge.feed(5.7, [0.2, 0.0, 0.9], far, y)
    assert judge.violations[2:] == ['5.60 s: b has run empty'] and judge.least == 0.0
