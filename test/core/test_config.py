# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Configuration is checked as a whole, and each refusal names the parameter and the remedy."""

from dataclasses import fields

import pytest
from robot_swarm_orch.config import check_fleet, CoordinatorConfig, RobotConfig, safe_stop_bound_s
from robot_swarm_orch.errors import ConfigError


def test_the_defaults_of_robots_and_coordinators_fit_each_other():
    check_fleet(RobotConfig(), CoordinatorConfig())


@pytest.mark.parametrize('config', [RobotConfig, CoordinatorConfig])
def test_every_field_says_what_it_is_for(config):
    for item in fields(config):
        assert item.metadata['doc'], item.name


@pytest.mark.parametrize('config', [RobotConfig, CoordinatorConfig])
def test_every_number_has_a_range_and_is_refused_just_outside_it(config):
    for item in fields(config):
        if isinstance(item.default, bool) or not isinstance(item.default, (int, float)):
            continue
        low, high = item.metadata['low'], item.metadata['high']
        assert low is not None and high is not None, item.name
        for outside in (low - 1, high + 1):
            with pytest.raises(ConfigError, match=item.name):
                config(**{item.name: type(item.default)(outside)})


def test_a_number_that_is_not_finite_is_refused():
    with pytest.raises(ConfigError, match='speed_mps'):
        RobotConfig(speed_mps=float('nan'))


@pytest.mark.parametrize('wrong, named', [
    ({'tick_s': 0.3}, 'watchdog_s'),
    ({'odometry_stale_s': 0.1}, 'odometry_stale_s'),
    ({'arrive_m': 0.2}, 'arrive_m'),
])
def test_a_robot_whose_settings_contradict_each_other_is_refused(wrong, named):
    with pytest.raises(ConfigError, match=named):
        RobotConfig(**wrong)


@pytest.mark.parametrize('wrong, named', [
    ({'node_id': 'c9'}, 'c9'),
    ({'voters': ('c1', 'c1')}, 'twice'),
    ({'heartbeat_s': 0.1}, 'election_min_s'),
    ({'tick_s': 0.04}, 'heartbeat_s'),
    ({'election_min_s': 0.3}, 'election_max_s'),
])
def test_a_coordinator_whose_settings_contradict_each_other_is_refused(wrong, named):
    with pytest.raises(ConfigError, match=named):
        CoordinatorConfig(**wrong)


def test_a_lease_too_short_to_bridge_an_election_is_refused():
    with pytest.raises(ConfigError, match='lease_s'):
        check_fleet(RobotConfig(), CoordinatorConfig(lease_s=0.6))


def test_a_command_life_that_every_robot_would_refuse_is_refused():
    with pytest.raises(ConfigError, match='command_ttl_s'):
        check_fleet(RobotConfig(command_ttl_max_s=2.0), CoordinatorConfig(command_ttl_s=5.0))


def test_the_bound_on_the_safe_stop_is_the_sum_of_its_parts():
    robot, coordinator = RobotConfig(), CoordinatorConfig()
    slower = RobotConfig(speed_mps=0.5)
    assert safe_stop_bound_s(robot, coordinator) == pytest.approx(0.3 + 0.05 + 1.0 + 0.1 + 0.05
                                                                  + 1.5)
    assert safe_stop_bound_s(slower, coordinator) < safe_stop_bound_s(robot, coordinator)


def test_a_robot_may_only_be_called_lost_when_it_must_stand():
    robot, slow = RobotConfig(), CoordinatorConfig(lease_s=1.0, robot_silent_s=1.5)
    with pytest.raises(ConfigError, match='a robot that is lost stands'):
        check_fleet(robot, slow)
