# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What a fault has to show: each judge finds the evidence that is wrong."""

from collections import Counter

import demo_evidence as made
import pytest
from robot_swarm_orch.demo.evidence import FaultRecord, SaidAgain
from robot_swarm_orch.demo.fault_judges import fault_figures, RETURN_S
from robot_swarm_orch.demo.timeline import parse_fault
from robot_swarm_orch.types import Lease, Reason

BEGUN_S = made.START_S + 100.0


def happened(fault, led=True, lease_s=0.3, **facts):
    """Return the evidence and the record of one fault that was undone; times from its begin."""
    evidence = made.evidence(fault)
    parsed = parse_fault(fault)
    record = FaultRecord(parsed, ('coordinator_c1',), BEGUN_S, BEGUN_S + parsed.down_s, led,
                         **facts)
    evidence.faults.append(record)
    if lease_s is not None:
        evidence.observation.hear_lease(BEGUN_S + lease_s, Lease(2, 'c2', 1, 1.0, ()))
    return evidence, record


def judged(evidence, truth=None):
    """Return the figures of the only fault."""
    figures, = fault_figures(evidence, truth or made.truth(), made.SITE)
    return figures


def said(**facts):
    """Return the record of late words, all of them said."""
    known = {'sent': Counter(lease=20, authority=10, command=4),
             'overtaken': Counter(lease=20, authority=10, command=4), 'late_s': (10.0, 11.0),
             'answers': Counter({'REJECTED, seen': 4}), 'done_s': BEGUN_S + 12.0}
    return SaidAgain(**{**known, **facts})


REFUSED = {'lease_stale_term': 20, 'grant_stale_term': 8, 'grant_old': 2}


def frozen(words=None, refused=None, stepped_down_s=0.4, **facts):
    """Return the evidence of a leader that was frozen for ten seconds."""
    return happened('freeze@100+10', said=words or said(), refused=refused or REFUSED,
                    stepped_down_s=BEGUN_S + 10.0 + stepped_down_s
                    if stepped_down_s is not None else None, **facts)[0]


def test_a_frozen_leader_whose_words_are_refused_and_that_steps_down_does_no_harm():
    figures = judged(frozen())
    assert figures.failures == []
    assert figures.figures['failover_s'] == pytest.approx(0.3)
    assert figures.figures['stepped_down_s'] == pytest.approx(0.4)
    assert figures.figures['words_refused'] == {'lease': 20, 'authority': 10, 'command': 4}
    assert figures.figures['refused_for_their_term'] == 28


@pytest.mark.parametrize('change, word', [
    ({'stepped_down_s': None}, 'did not say that it leads no more'),
    ({'refused': {'lease_stale_term': 3, 'grant_old': 10}}, 'of 20 late words of kind lease'),
    ({'refused': {'lease_old': 20, 'grant_old': 10}}, 'for its term'),
    ({'words': said(answers=Counter())}, 'of 4 late words of kind command only 0'),
    ({'words': said(carried_out=['r001 accepted command 7 when it came late'])}, 'r001 accepted'),
    ({'lease_s': None}, 'nobody led')])
def test_a_frozen_leader_that_does_harm_is_found(change, word):
    assert any(word in failure for failure in judged(frozen(**change)).failures)


def test_a_word_that_nobody_counted_before_the_end_is_a_failure():
    evidence, record = happened('late@100+5', said=said())
    assert record.refused is None
    assert any('ended before' in failure for failure in judged(evidence).failures)


def test_a_robot_that_stops_when_the_frozen_leader_returns_is_counted():
    evidence = frozen()
    report = made.report('r001', safety=Reason.LEASE)
    evidence.observation.hear_report(BEGUN_S + 10.0 + 0.5 * RETURN_S, 1.0, report)
    assert judged(evidence).figures['robots_stopped'] == 1


def test_a_robot_that_moves_while_nobody_leads_is_found():
    evidence, _ = happened('majority@100+8', lease_s=8.5)
    moves = ((100.0 - 50.0, 'moves', {'robot': 'r001'}), (102.0, 'rests', {'robot': 'r001'}))
    assert judged(evidence, made.truth(*moves)).failures == []
    creep = ((105.0, 'moves', {'robot': 'r001'}), (105.5, 'rests', {'robot': 'r001'}))
    figures = judged(evidence, made.truth(*moves, *creep))
    # The last robot at rest is the one that moved again, so the stop took too long as well.
    assert figures.figures['safe_stop_s'] == pytest.approx(5.5)
    late = ((108.2, 'moves', {'robot': 'r001'}),)
    figures = judged(evidence, made.truth(*moves, *late))
    assert any('under the old term' in failure or 'still moved' in failure
               for failure in figures.failures)


def test_a_restarted_coordinator_has_to_end_well_and_to_catch_up():
    evidence, record = happened('restart:c1@100+2', led=False, behind=90, exit_status=0,
                                caught_up_s=BEGUN_S + 4.0)
    assert judged(evidence).failures == []
    assert judged(evidence).figures['caught_up_s'] == pytest.approx(2.0)
    record.exit_status, record.caught_up_s = 4, None
    failures = '\n'.join(judged(evidence).failures)
    assert 'ended with status 4' in failures
    assert 'never caught up to entry 90' in failures


def test_a_group_that_keeps_its_dead_member_is_found():
    evidence, record = happened('replace@100+4', behind=90, successor='coordinator_c4',
                                caught_up_s=BEGUN_S + 9.0)
    assert any('was not changed' in failure for failure in judged(evidence).failures)
    record.group_changed_s = BEGUN_S + 12.0
    assert judged(evidence).failures == []


def test_a_fault_that_was_never_undone_is_a_failure():
    evidence, record = happened('freeze@100+10')
    record.ended_s = None
    assert any('could not be undone' in failure for failure in judged(evidence).failures)
