# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The verdict on a demo: each broken law is found, and nothing is made up."""

from collections import namedtuple
from dataclasses import replace
import json
from types import SimpleNamespace

import demo_evidence as made
import pytest
from robot_swarm_orch.demo.history import History
from robot_swarm_orch.demo.report import build_report, robot_process_failures
from robot_swarm_orch.demo.text import report_text
from robot_swarm_orch.supervisor import stolen_ratio
from robot_swarm_orch.types import Lease, Reason

# The figures that docs/demo.md promises to every reader of report.json.
PROMISED = {
    'robots', 'seed', 'duration_s', 'overlaps', 'nodes_held_twice', 'orders_accepted',
    'orders_done', 'orders_lost', 'orders_duplicated', 'orders_taken_back', 'orders_retried',
    'orders_per_hour', 'orders_per_hour_ghost',
    'leaders_per_term_max', 'failover_s', 'robots_stopped_in_failover', 'safe_stop_s_max',
    'safe_stop_bound_s', 'resume_s_max', 'nuisance_stops_per_robot_hour', 'tick_overrun_ratio',
    'decision_s', 'route_s', 'commit_s', 'perception_s', 'inference_s', 'network', 'processes',
    'passed', 'failures', 'stolen_ratio'}


def verdict(evidence, truth=None, ghost=None):
    """Return the report on some evidence."""
    return build_report(evidence, truth or made.truth(), ghost, made.SITE)


def test_a_run_in_which_all_went_well_passes():
    report = verdict(made.evidence('none'))
    assert report['failures'] == []
    assert report['passed']
    assert PROMISED <= report.keys()
    json.dumps(report, allow_nan=False)
    assert 'PASSED' in report_text(report)


def test_what_was_not_measured_has_no_value():
    report = verdict(made.evidence('none', duration_s=60.0), ghost=100.0)
    for name in ('orders_per_hour', 'failover_s', 'robots_stopped_in_failover', 'safe_stop_s_max',
                 'resume_s_max', 'nuisance_stops_per_robot_hour', 'ghost_ratio'):
        assert report[name] is None, name
    assert report['passed']


def test_an_overlap_fails_the_run():
    report = verdict(made.evidence('none'),
                     made.truth((9.0, 'overlap', {'robots': ['r001', 'r002'], 'gap_m': -0.1})))
    assert report['overlaps'] == 1
    assert not report['passed']
    assert 'overlaps is 1' in report_text(report)


def test_a_node_held_twice_fails_the_run():
    evidence = made.evidence('none')
    for seq, at_s in ((1, 1.0), (2, 1.1)):
        evidence.observation.hear_report(0.0, at_s, made.report('r001', 3, seq=seq))
    evidence.observation.hear_report(0.0, 1.05, made.report('r002', 3, seq=1))
    report = verdict(evidence)
    assert report['nodes_held_twice'] == 1
    assert report['violations'][0] in report_text(report)


def test_a_node_handed_over_is_not_held_twice():
    evidence = made.evidence('none')
    evidence.observation.hear_report(0.0, 1.0, made.report('r001', 3, seq=1))
    evidence.observation.hear_report(0.0, 1.1, made.report('r001', 4, seq=2))
    evidence.observation.hear_report(0.0, 1.2, made.report('r002', 3, seq=1))
    evidence.observation.hear_report(0.0, 1.3, made.report('r002', 3, seq=2))
    assert verdict(evidence)['nodes_held_twice'] == 0


@pytest.mark.parametrize('safety, found', [(Reason.NONE, 1), (Reason.STALE_ODOM, 0)])
def test_a_body_outside_its_nodes_is_found_unless_the_robot_says_that_it_is_lost(safety, found):
    evidence = made.evidence('none')
    evidence.observation.hear_report(0.0, 1.0, made.report('r001', 3, away_m=50.0, safety=safety))
    assert verdict(evidence)['robots_outside_their_nodes'] == found


def test_two_leaders_in_a_term_fail_the_run():
    evidence = made.evidence('none')
    evidence.observation.hear_lease(made.START_S + 1.0, Lease(1, 'c2', 1, 1.0, ()))
    report = verdict(evidence)
    assert report['leaders_per_term_max'] == 2
    assert not report['passed']


def test_an_order_called_done_that_was_never_dropped_is_lost():
    evidence = made.evidence('none')
    first, second = made.handed_in(evidence)
    made.done(evidence, first, made.START_S + 90.0)
    made.done(evidence, second, made.START_S + 91.0)
    report = verdict(evidence, made.truth((89.0, 'drop', {'order': first})))
    assert report['orders_lost'] == 1


def test_an_open_order_that_the_leader_does_not_know_is_lost():
    evidence = made.evidence('none')
    first, second = made.handed_in(evidence)
    evidence.vouched = {first}
    assert verdict(evidence)['orders_lost'] == 1
    evidence.vouched = {first, second}
    assert verdict(evidence)['orders_lost'] == 0
    evidence.counted = 1
    assert verdict(evidence)['orders_lost'] == 1


def test_an_order_picked_twice_is_duplicated():
    evidence = made.evidence('none')
    first, _ = made.handed_in(evidence)
    report = verdict(evidence, made.truth((50.0, 'pick_started', {'order': first}),
                                          (70.0, 'pick_started', {'order': first})))
    assert report['orders_duplicated'] == 1
    assert not report['passed']


@pytest.mark.parametrize('happenings, wrong', [
    ((('pick', 'p'), ('drop', '')), 0), ((('drop', ''),), 1),
    ((('pick', 'p'), ('drop', ''), ('drop', '')), 1),
    ((('pick', 'p'), ('pick', 'p'), ('drop', '')), 1), ((('pick', 'p'), ('drop', 'else')), 1)])
def test_a_done_order_was_picked_once_and_dropped_once_where_it_was_to_be(happenings, wrong):
    evidence = made.evidence('none')
    first, _ = made.handed_in(evidence)
    made.done(evidence, first, made.START_S + 90.0)
    asked = evidence.desk.drop_of([first])[first]
    report = verdict(evidence, made.truth(*(
        (80.0 + t, event, {'order': first, 'place': place or asked})
        for t, (event, place) in enumerate(happenings))))
    assert report['orders_not_done_once'] == wrong
    assert report['passed'] == (not wrong)
    assert report['picks'] == [event for event, _ in happenings].count('pick')


def test_an_order_that_stands_twice_in_the_history_fails_the_run():
    evidence = made.evidence('none')
    first, second = made.handed_in(evidence)
    evidence.history = History()
    evidence.history.accepted.update({first: {(3, 0)}, second: {(4, 0)}})
    assert verdict(evidence)['passed']
    evidence.history.accepted[second].add((9, 1))
    report = verdict(evidence)
    assert report['orders_not_once_in_history'] == 1 and not report['passed']
    assert report['orders_in_history'] == 2


def test_an_end_that_was_taken_back_fails_the_run():
    evidence = made.evidence('none')
    evidence.desk.taken_back['o1'] = 'DONE, then ASSIGNED'
    report = verdict(evidence)
    assert report['orders_taken_back'] == 1 and not report['passed']


def test_the_rate_counts_drops_in_the_steady_state_alone():
    evidence = made.evidence('none')
    begin, end = evidence.timeline.steady
    drops = [(t, 'drop', {'order': f'o{t}'}) for t in (begin - 1.0, begin + 1.0, end - 1.0)]
    report = verdict(evidence, made.truth(*drops), ghost=30.0)
    assert report['orders_per_hour'] == pytest.approx(2 * 3600.0 / (end - begin), abs=0.1)
    assert report['ghost_ratio'] < 0.7
    assert not report['passed']


@pytest.mark.parametrize('name, value, word', [
    ('decision_s', 0.05, 'decision_s'), ('route_s', 0.2, 'route_s'),
    ('perception_s', 0.02, 'perception_s')])
def test_slow_decisions_fail_the_run(name, value, word):
    evidence = made.evidence('none')
    slow = made.healthy()
    for _ in range(100):
        slow.observe(name, value)
    evidence.observation.hear_metrics(0.0, 'edge', slow)
    failed = [failure for failure in verdict(evidence)['failures'] if word in failure]
    assert failed and ' has a p99 of 0.' in failed[0]


def test_late_ticks_fail_the_run():
    evidence = made.evidence('none')
    late = made.healthy()
    late.count('tick_overruns', 200)
    evidence.observation.hear_metrics(0.0, 'edge', late)
    assert any('tick_overrun_ratio' in failure for failure in verdict(evidence)['failures'])


def test_ticks_that_a_frozen_process_left_out_are_not_held_against_it():
    evidence = made.evidence('freeze-edge@300+6')
    late = made.healthy()
    late.count('tick_overruns', 200)
    evidence.observation.hear_metrics(0.0, 'edge', late)
    report = verdict(evidence)
    assert report['tick_overrun_ratio'] > 0.01
    assert not any('tick_overrun_ratio' in failure for failure in report['failures'])


def test_the_figures_of_a_killed_process_are_kept():
    evidence = made.evidence('none')
    before = verdict(evidence)['decision_s']['count']
    evidence.observation.process_ended('edge')
    evidence.observation.hear_metrics(0.0, 'edge', made.healthy())
    assert verdict(evidence)['decision_s']['count'] == 2 * before


def test_a_failover_is_timed_to_the_new_leaders_first_lease():
    evidence = made.evidence('leader@300')
    killed_s = made.killed(evidence)
    evidence.observation.hear_lease(killed_s + 0.02, Lease(1, 'c1', 99, 1.0, ()))  # still queued
    evidence.observation.hear_lease(killed_s + 0.31, Lease(2, 'c2', 1, 1.0, ()))
    report = verdict(evidence)
    assert report['failover_s'] == pytest.approx(0.31)
    assert report['robots_stopped_in_failover'] == 0
    assert report['passed']


def test_a_robot_that_stops_in_a_failover_fails_the_run():
    evidence = made.evidence('leader@300')
    killed_s = made.killed(evidence)
    evidence.observation.hear_report(killed_s + 1.1, 1.0,
                                     made.report('r001', safety=Reason.LEASE))
    evidence.observation.hear_lease(killed_s + 1.2, Lease(2, 'c2', 1, 1.0, ()))
    report = verdict(evidence)
    assert report['robots_stopped_in_failover'] == 1
    assert not report['passed']


def test_nobody_leading_after_a_fault_fails_the_run():
    evidence = made.evidence('leader@300')
    made.killed(evidence)
    assert any('nobody led' in failure for failure in verdict(evidence)['failures'])


def majority(stop_s, lease_s=8.5, resume_s=9.0):
    """Return evidence and truth of a majority's death, times from the kill."""
    evidence = made.evidence('majority@300')
    killed_s = made.killed(evidence)
    seen, at = evidence.observation, killed_s - made.START_S
    seen.hear_report(killed_s + 2.0, 1.0, made.report('r001', away_m=0.9, safety=Reason.LEASE))
    seen.hear_report(killed_s + 2.0, 1.0, made.report('r002', 9, safety=Reason.LEASE))
    seen.hear_lease(killed_s + lease_s, Lease(2, 'c2', 1, 1.0, ()))
    return evidence, made.truth(
        (10.0, 'moves', {'robot': 'r001'}), (at + stop_s, 'rests', {'robot': 'r001'}),
        (at + resume_s, 'moves', {'robot': 'r001'}))


def test_safe_stop_and_resume_are_read_from_ground_truth():
    report = verdict(*majority(stop_s=2.2))
    assert report['safe_stop_s_max'] == pytest.approx(2.2)
    assert report['resume_s_max'] == pytest.approx(0.5)
    assert report['robots_with_authority_to_resume'] == 1  # the other one stands at its last node
    assert report['passed']


def test_an_observer_found_late_learns_of_the_new_lease_from_the_robots():
    evidence, truth = majority(stop_s=2.2, lease_s=9.5, resume_s=8.8)
    record = evidence.faults[0]
    record.ended_s = record.begun_s + 8.0
    again = replace(made.report('r001', away_m=0.9, safety=Reason.LEASE), term=2, lease_seq=1)
    observation = made.evidence('majority@300').observation
    first = made.report('r001', away_m=0.9, safety=Reason.LEASE)
    for at_s, report in ((2.0, first), (8.6, again)):
        observation.hear_report(record.begun_s + at_s, 1.0, report)
    observation.hear_lease(record.begun_s + 9.5, Lease(2, 'c2', 1, 1.0, ()))
    evidence.observation = observation
    report = verdict(evidence, truth)
    assert report['safe_stop_s_max'] == pytest.approx(2.2)
    assert report['resume_s_max'] == pytest.approx(0.2)


def test_a_stop_beyond_the_bound_fails_the_run():
    report = verdict(*majority(stop_s=made.BOUND_S + 0.1))
    assert any('safe_stop_s_max' in failure for failure in report['failures'])


def test_a_robot_that_never_comes_to_rest_fails_the_run():
    report = verdict(*majority(stop_s=8.6))
    assert any('still moved' in failure for failure in report['failures'])


def test_a_robot_that_resumes_late_or_never_fails_the_run():
    late = verdict(*majority(stop_s=2.0, resume_s=12.0))
    assert any('resume_s_max' in failure for failure in late['failures'])
    evidence, _ = majority(stop_s=2.0)
    at = evidence.faults[0].begun_s - made.START_S
    never = verdict(evidence, made.truth((10.0, 'moves', {'robot': 'r001'}),
                                         (at + 2.0, 'rests', {'robot': 'r001'})))
    assert any('never moved' in failure for failure in never['failures'])


def test_what_went_wrong_on_the_way_fails_the_run():
    evidence = made.evidence('none')
    evidence.trouble.append('sim ended with status 1')
    evidence.forced.append('edge_2')
    evidence.segments_left.append('fastrtps_1234')
    failures = '\n'.join(verdict(evidence)['failures'])
    assert 'sim ended' in failures
    assert 'edge_2 had to be killed' in failures
    assert 'fastrtps_1234' in failures


def test_a_robots_own_process_has_a_budget():
    def process(name, cpu, mebibytes):
        return {'name': name, 'cpu_share': cpu, 'peak_memory_bytes': mebibytes * 2 ** 20}
    found = robot_process_failures([process('edge_1', 0.2, 90), process('edge_2', 0.7, 90),
                                    process('edge_3', 0.2, 300), process('sim', 0.9, 300)])
    assert len(found) == 2
    evidence = made.evidence('none', robots_per_process=1)
    evidence.usage = {'edge_1': SimpleNamespace(cpu_share=0.9, peak_bytes=1, starts=1)}
    assert not verdict(evidence)['passed']


def test_late_ticks_on_a_busy_host_are_said_to_be_its_doing_and_still_fail():
    evidence = made.evidence('none')
    late = made.healthy()
    late.count('tick_overruns', 200)
    evidence.observation.hear_metrics(0.0, 'edge', late)
    evidence.stolen_ratio = 0.069
    report = verdict(evidence)
    assert not report['passed'] and report['stolen_ratio'] == 0.069
    assert 'the host of this virtual machine took 6.9 % of its cores' in report_text(report)


def test_the_stolen_share_counts_no_time_twice():
    Times = namedtuple('Times', 'user nice system idle iowait irq softirq steal guest guest_nice')
    before, after = Times(*[0.0] * 10), Times(40.0, 0.0, 10.0, 45.0, 0.0, 0.0, 0.0, 5.0, 40.0, 0.0)
    assert stolen_ratio(before, after) == 0.05
    assert stolen_ratio(after, after) is None
    assert stolen_ratio(object(), object()) is None
