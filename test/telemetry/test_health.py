# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""OK, WARN, ERROR and STALE, by their thresholds."""

from dataclasses import replace
from math import inf

import pytest
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.telemetry.health import (
    ERROR, HealthParams, judge_coordinator, judge_process, judge_robot, OK, RobotCondition, STALE,
    WARN, Window, worst)

LIMITS = HealthParams()


def window(overruns, cpu_s, seconds=10):
    """Return a window over some seconds of 10 ticks each."""
    result = Window()
    for second in range(seconds + 1):
        result.add(100.0 + second, cpu_s * second / seconds,
                   {'ticks': 10 * second, 'tick_overruns': overruns * second / seconds})
    return result


@pytest.mark.parametrize('overruns, cpu_s, levels', [
    (0, 1.0, []), (1, 1.0, [WARN]), (50, 1.0, [ERROR]), (0, 8.5, [WARN]), (0, 9.9, [ERROR]),
    (50, 9.9, [ERROR, ERROR])])
def test_a_process_is_judged_by_its_ticks_and_its_core(overruns, cpu_s, levels):
    assert [level for level, _ in judge_process(window(overruns, cpu_s), LIMITS)] == levels


def test_only_the_last_ten_seconds_count():
    """A start that took long is forgiven."""
    seen = window(50, 9.9)
    for second in range(11, 22):
        seen.add(100.0 + second, 9.9, {'ticks': 10 * second, 'tick_overruns': 50})
    assert judge_process(seen, LIMITS) == ()


def test_a_process_that_just_began_is_not_judged():
    fresh = Window()
    assert judge_process(fresh, LIMITS) == ()
    fresh.add(100.0, 5.0, {'ticks': 3, 'tick_overruns': 3})
    assert judge_process(fresh, LIMITS) == ()


@pytest.mark.parametrize('leaderless_s, sync_s, levels', [
    (None, 0.0, []), (0.2, 0.0, []), (2.0, 0.0, [WARN]), (9.0, 0.0, [ERROR]),
    (None, 0.06, [WARN]), (None, 0.5, [ERROR]), (9.0, 0.06, [WARN, ERROR])])
def test_a_coordinator_is_judged_by_its_leader_and_its_disk(leaderless_s, sync_s, levels):
    found = judge_coordinator(leaderless_s, sync_s, LIMITS)
    assert [level for level, _ in found] == levels


@pytest.mark.parametrize('change, level, word', [
    ({}, OK, 'no order'), ({'order_id': 'o1'}, OK, 'o1'),
    ({'pose_age_s': 0.4}, WARN, 'pose'), ({'pose_age_s': 1.0}, ERROR, 'pose'),
    ({'pose_age_s': 4.0}, STALE, 'no pose for 4.0 s'), ({'pose_age_s': inf}, STALE, 'no pose yet'),
    ({'scan_age_s': 0.4}, WARN, 'scan'), ({'scan_age_s': inf}, STALE, 'no laser scan yet'),
    ({'scan_age_s': inf, 'scan_required': False}, OK, ''),
    ({'lease_left_s': 0.1}, WARN, 'lease'), ({'lease_left_s': -inf}, ERROR, 'no lease'),
    ({'reason': 'EMERGENCY', 'stopped': True, 'emergency': 'button 3'}, ERROR, 'button 3'),
    ({'reason': 'POSE', 'stopped': True}, ERROR, 'nodes'),
    ({'reason': 'IN_DOUBT', 'stopped': True}, ERROR, 'person'),
    ({'reason': 'JOINING', 'stopped': True, 'lease_left_s': -inf}, WARN, 'joining'),
    ({'reason': 'PAYLOAD', 'stopped': True}, OK, ''),
    ({'battery': 0.1}, WARN, '10 %'), ({'battery': 0.01}, ERROR, '1 %'),
    ({'halted': 'ValueError'}, ERROR, 'ValueError'),
    ({'pose_age_s': 0.4, 'lease_left_s': -1.0}, ERROR, 'no lease')])
def test_a_robot_is_judged_by_what_keeps_it_from_work(change, level, word):
    found, words = judge_robot(replace(RobotCondition(), **change), LIMITS)
    assert found == level and word in words, words


def test_the_gravest_is_said_first():
    assert worst([(OK, 'leads'), (ERROR, 'disk'), (WARN, 'late')]) == (ERROR, 'disk; late; leads')
    assert worst([]) == (OK, '')


@pytest.mark.parametrize('change', [
    {'cpu_warn': 0.99, 'cpu_error': 0.9}, {'input_warn_s': 2.0}, {'battery_error': 0.5},
    {'sync_warn_s': -1.0}])
def test_thresholds_that_contradict_each_other_are_refused_by_name(change):
    with pytest.raises(ConfigError, match=next(iter(change))):
        HealthParams(**change)
