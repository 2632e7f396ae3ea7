# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Freshness counts from when a report was sent, never from when a word arrived."""

from math import inf

from robot_swarm_orch.edge.lease import LeaseClock
from robot_swarm_orch.types import Lease


def lease(seq, heard, term=1, robot='r'):
    """Return a lease of one second."""
    return Lease(term, 'c1', seq, 1.0, (('other', 99), (robot, heard)))


def clock(*sent):
    """Return a clock that sent report n at second `sent[n - 1]`."""
    made = LeaseClock('r')
    for seq, when in enumerate(sent, 1):
        made.sent(seq, when)
    return made


def test_a_lease_counts_from_when_the_report_it_answers_was_sent():
    c = clock(10.0, 10.1)
    assert c.hear(lease(1, 1)) and c.until_s == 11.0


def test_a_late_lease_never_shortens_a_newer_one():
    c = clock(10.0, 10.1)
    c.hear(lease(2, 2))
    c.hear(lease(1, 1))
    assert c.until_s == 11.1


def test_a_leader_that_hears_nothing_new_renews_nothing():
    c = clock(10.0)
    for seq in range(1, 50):
        c.hear(lease(seq, 1))
    assert c.until_s == 11.0


def test_a_lease_for_an_unknown_report_or_for_others_renews_nothing():
    c = clock(10.0)
    assert not c.hear(lease(1, 2)) and not c.hear(lease(2, 1, robot='x'))
    assert c.until_s == -inf


def test_a_lease_of_a_lower_term_renews_nothing():
    c = clock(10.0, 20.0)
    assert c.hear(lease(1, 1, term=5)) and not c.hear(lease(9, 2, term=4))
    assert (c.term, c.until_s) == (5, 11.0)


def test_only_the_last_256_reports_are_remembered():
    c = clock(*range(257))
    assert c.sent_s(1) is None and c.sent_s(2) == 1


def test_a_word_is_expired_when_its_life_from_the_heard_report_has_passed():
    c = clock(10.0)
    assert not c.expired(1, 5.0, 15.0) and c.expired(1, 5.0, 15.1) and c.expired(7, 5.0, 10.0)


def test_a_new_boot_forgets_reports_and_lease_but_not_the_term():
    c = clock(10.0)
    c.hear(lease(1, 1, term=3))
    c.forget()
    assert (c.until_s, c.sent_s(1), c.term) == (-inf, None, 3)


def test_a_lease_that_is_no_newer_than_one_heard_counts_for_nothing():
    c = clock(10.0, 10.1)
    assert c.hear(lease(5, 1))
    assert not c.hear(lease(5, 2)) and not c.hear(lease(4, 2))
    assert c.until_s == 11.0
    assert c.hear(lease(1, 2, term=2)), 'a new term numbers its leases anew'


def test_an_authority_that_was_overtaken_is_told_from_one_that_was_not():
    c = LeaseClock('r')
    assert c.hear_state(2, 40) == '' and c.hear_state(2, 40) == ''
    assert c.hear_state(2, 39) == 'old'
    assert c.hear_state(1, 90) == 'stale_term'
    assert c.hear_state(3, 41) == ''
    c.forget()
    assert c.hear_state(3, 1) == '', 'a new incarnation begins'
