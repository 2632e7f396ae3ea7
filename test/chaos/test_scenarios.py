# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The schedules of the scenarios, and how each fault is carried out and undone."""

import pytest
from robot_swarm_orch.demo.chaos import needs_network, RECOVER_S, scenario_faults, SCENARIOS
from robot_swarm_orch.demo.fault_judges import JUDGES
from robot_swarm_orch.demo.faults import _ACTS
from robot_swarm_orch.demo.timeline import KINDS, LATE, NETWORK_KINDS, timeline
from robot_swarm_orch.errors import ConfigError

THREE = ('c1', 'c2', 'c3')


def faults_of(name, duration_s=None, seed=1, coordinators=THREE):
    """Return the faults of a scenario, read back from its text."""
    duration_s = duration_s or SCENARIOS[name].duration_s
    return timeline(duration_s, scenario_faults(name, duration_s, coordinators, seed)).faults


@pytest.mark.parametrize('name', SCENARIOS)
def test_a_scenarios_own_duration_has_room_for_it_and_for_the_recovery(name):
    faults = faults_of(name)
    assert faults
    assert max(fault.until_s for fault in faults) + RECOVER_S <= SCENARIOS[name].duration_s


@pytest.mark.parametrize('name', SCENARIOS)
def test_a_scenario_cuts_links_only_if_it_says_that_it_needs_a_network(name):
    assert needs_network(name) == any(f.kind in NETWORK_KINDS for f in faults_of(name))


def test_every_kind_of_fault_can_be_done_undone_and_judged():
    assert KINDS.keys() == _ACTS.keys() == JUDGES.keys()


def test_a_longer_run_repeats_the_pattern():
    assert len(faults_of('frozen-leader', 80.0)) > len(faults_of('frozen-leader', 30.0)) == 1


def test_a_run_that_is_too_short_for_a_scenario_is_refused_with_its_own_duration():
    with pytest.raises(ConfigError, match='no room for the scenario rolling.* 40 s'):
        scenario_faults('rolling', 22.0, THREE, 1)


def test_a_rolling_restart_visits_every_coordinator_once():
    five = ('c1', 'c2', 'c3', 'c4', 'c5')
    assert [fault.target for fault in faults_of('rolling', 65.0, coordinators=five)] == list(five)


def test_words_are_held_back_for_half_a_second_to_a_minute():
    late = [fault.down_s for fault in faults_of('delayed') if fault.kind == LATE]
    assert (min(late), max(late)) == (0.5, 60.0)


def test_the_same_seed_draws_the_same_faults_and_another_one_others():
    assert faults_of('random', 300.0) == faults_of('random', 300.0)
    assert faults_of('random', 300.0) != faults_of('random', 300.0, seed=2)


@pytest.mark.parametrize('seed', range(20))
def test_a_long_random_run_draws_every_kind_that_needs_no_network(seed):
    drawn = {fault.kind for fault in faults_of('random', 400.0, seed)}
    assert drawn == KINDS.keys() - NETWORK_KINDS


@pytest.mark.parametrize('seed', range(20))
def test_a_long_storm_draws_every_kind(seed):
    assert {fault.kind for fault in faults_of('storm', 500.0, seed)} == KINDS.keys()
