# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""When what happens in a demo."""

import pytest
from robot_swarm_orch.demo.timeline import (
    default_faults, EDGE, Fault, LEADER, MAJORITY, parse_fault, SHORTEST_S, STEADY_LEAST_S,
    timeline)
from robot_swarm_orch.errors import ConfigError


def test_ten_minutes_hold_a_steady_state_of_three_and_both_faults():
    plan = timeline(600.0)
    begin, end = plan.steady
    assert end - begin >= STEADY_LEAST_S
    assert [fault.kind for fault in plan.faults] == [LEADER, MAJORITY]
    assert plan.faults[1].until_s < 600.0 - 60.0


@pytest.mark.parametrize('duration_s', [
    SHORTEST_S, 30.0, 60.0, 120.0, 299.0, 300.0, 400.0, 3600.0])
def test_the_default_faults_fit_every_duration(duration_s):
    plan = timeline(duration_s)
    assert plan.faults == default_faults(duration_s)
    assert plan.faults[0].until_s <= plan.faults[1].at_s
    assert plan.faults[1].until_s < duration_s


def test_a_run_without_faults_is_steady_to_its_end():
    plan = timeline(200.0, 'none')
    assert plan.faults == ()
    assert plan.steady == (40.0, 200.0)


def test_faults_are_read_from_text_and_sorted():
    plan = timeline(600.0, 'majority@430+8, leader@370')
    assert plan.faults == (Fault(LEADER, 370.0, 10.0), Fault(MAJORITY, 430.0, 8.0))
    assert str(plan.faults[1]) == 'majority@430+8'
    assert parse_fault('edge@10.5+0.5') == Fault(EDGE, 10.5, 0.5)


def test_a_fault_before_the_warm_up_ends_leaves_no_steady_state():
    assert timeline(600.0, 'leader@60').steady is None


@pytest.mark.parametrize('text, word', [
    ('leader', 'is not KIND'), ('teapot@10', 'leader, majority, edge'),
    ('leader@-3', 'is not KIND'), ('leader@95', 'not over'),
    ('leader@10+20,majority@15', 'before the one ahead')])
def test_a_wrong_fault_is_refused_with_a_reason(text, word):
    with pytest.raises(ConfigError, match=word):
        timeline(100.0, text)


def test_too_short_a_duration_is_refused():
    with pytest.raises(ConfigError, match='too short'):
        timeline(5.0)
