# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""One description of which processes make a fleet."""

from pathlib import Path

import pytest
from robot_swarm_orch.bringup import (
    default_site_file, FleetPlan, groups, one_host_environment, processes, scrape_targets,
    share_dir, simulated_fleet, write_parameters)
from robot_swarm_orch.errors import ConfigError, SiteError
import yaml


def test_a_simulated_fleet_has_coordinators_a_simulation_and_processes_of_robots():
    plan = simulated_fleet(default_site_file(), 100, robots_per_process=50, data_dir='/data')
    specs = {spec.name: spec for spec in processes(plan)}
    assert list(specs) == ['coordinator_c1', 'coordinator_c2', 'coordinator_c3', 'sim', 'edge_1',
                           'edge_2']
    hosted = specs['edge_1'].parameters['robots'] + specs['edge_2'].parameters['robots']
    assert len(hosted) == len(set(hosted)) == 100
    assert specs['coordinator_c2'].parameters['node_id'] == 'c2'
    assert specs['coordinator_c2'].parameters['enrol_count'] == 100
    assert specs['sim'].parameters['robot_count'] == 100
    assert len({spec.parameters['site_id'] for spec in specs.values()}) == 1


def test_robots_whose_odometry_is_their_wheels_take_their_pose_from_the_localisation():
    plan = simulated_fleet(default_site_file(), 3, data_dir='/data',
                           sim_parameters={'wheel_odometry': True})
    edge = next(spec for spec in processes(plan) if spec.name == 'edge')
    assert edge.parameters['pose_source'] == 'pose'
    assert not edge.parameters['odom_is_map_pose']


def test_a_process_draws_the_fleet_when_asked_to_and_gives_way_to_all_others():
    plan = simulated_fleet(default_site_file(), 3, data_dir='/data', viz=True,
                           viz_parameters={'rate_hz': 2.0})
    spec = processes(plan)[-1]
    assert (spec.name, spec.executable, spec.namespace) == ('viz', 'viz_node', '/')
    assert spec.parameters['nice'] == 10 and spec.parameters['rate_hz'] == 2.0
    assert spec.parameters['site_id'] == 'warehouse'
    alone = FleetPlan(site_file='s', data_dir='/d', coordinators=(), viz=True)
    assert [spec.name for spec in processes(alone)] == ['viz']


def test_every_process_of_coordinators_keeps_its_own_log():
    plan = FleetPlan(site_file='site.yaml', data_dir='/data')
    places = [spec.parameters['data_dir'] for spec in processes(plan)]
    assert len(set(places)) == 3


def test_a_real_robots_process_stands_in_the_robots_namespace_and_enrols_nobody():
    plan = FleetPlan(site_file='site.yaml', data_dir='/data', robots=('r001',), coordinators=())
    spec, = processes(plan)
    assert (spec.namespace, spec.node_name) == ('/r001', 'edge')
    assert 'pose_source' not in spec.parameters
    assert 'robots' not in spec.parameters
    coordinator, = processes(FleetPlan(site_file='s', data_dir='/d', coordinators=('c1',)))
    assert coordinator.parameters['enrol_count'] == 0


def test_processes_that_plan_routes_go_without_numba_by_default():
    plan = FleetPlan(site_file='s', data_dir='/d', robots=('r1', 'r2'), simulate=True)
    assert {spec.executable: dict(spec.environment) for spec in processes(plan)} == {
        'coordinator_node': {'NUMBA_DISABLE_JIT': '1'}, 'sim_node': {},
        'edge_node': {'NUMBA_DISABLE_JIT': '1'}}


@pytest.mark.parametrize('count, per_process, sizes', [
    (100, 50, [50, 50]), (100, 30, [25, 25, 25, 25]), (7, 3, [2, 2, 3]), (20, 1, [1] * 20),
    (3, 50, [3])])
def test_robots_are_spread_evenly_over_as_few_processes_as_possible(count, per_process, sizes):
    robots = tuple(f'r{i}' for i in range(count))
    parts = groups(robots, per_process)
    assert sorted(map(len, parts)) == sizes
    assert sum(parts, ()) == robots


def test_more_processes_than_one_host_can_hold_are_refused():
    robots = tuple(f'r{i}' for i in range(130))
    plan = FleetPlan(site_file='s', data_dir='/d', robots=robots, robots_per_process=1,
                     simulate=True)
    with pytest.raises(ConfigError, match='host more robots in each'):
        processes(plan)


def test_more_robots_than_places_are_refused():
    with pytest.raises(SiteError, match='add parking'):
        simulated_fleet(default_site_file(), 100_000, data_dir='/data')


def test_parameters_are_written_as_a_ros_parameter_file(tmp_path):
    plan = simulated_fleet(default_site_file(), 3, data_dir='/data', truth_path='/t.jsonl')
    for spec in processes(plan):
        path = write_parameters(spec, tmp_path)
        content = yaml.safe_load(Path(path).read_text())
        assert content == {'/**': {'ros__parameters': dict(spec.parameters)}}
        arguments = spec.arguments(path)
        assert arguments[0] == '--ros-args' and arguments[-2:] == ['--params-file', path]
        assert f'__node:={spec.node_name}' in arguments


def test_a_fleet_on_one_host_uses_the_udp_profile_and_leaves_the_rest_of_the_environment():
    environment = one_host_environment(
        {'HOME': '/h', 'ROS_LOCALHOST_ONLY': '1', 'ROS_STATIC_PEERS': '10.0.0.1'}, 55)
    profile = share_dir() / 'config' / 'fastdds_one_host.xml'
    assert environment == {
        'HOME': '/h', 'ROS_DOMAIN_ID': '55', 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SYSTEM_DEFAULT',
        'FASTRTPS_DEFAULT_PROFILES_FILE': str(profile),
        'FASTDDS_DEFAULT_PROFILES_FILE': str(profile)}
    assert profile.is_file()


def test_another_middleware_stays_on_this_host_too():
    environment = one_host_environment({'RMW_IMPLEMENTATION': 'rmw_cyclonedds_cpp'})
    assert environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'


def test_each_process_gets_a_metrics_port_of_its_own_if_one_is_asked_for():
    quiet = simulated_fleet(default_site_file(), 3, data_dir='/d')
    assert not any('metrics_port' in spec.parameters for spec in processes(quiet))
    assert scrape_targets(processes(quiet)) == []
    plan = simulated_fleet(default_site_file(), 3, data_dir='/d', metrics_port=9400)
    specs = processes(plan)
    assert [spec.parameters['metrics_port'] for spec in specs] == list(range(9400, 9405))
    assert scrape_targets(specs)[-1] == {
        'targets': ['127.0.0.1:9404'], 'labels': {'process': 'edge'}}


@pytest.mark.parametrize('port', [80, 65534])
def test_metrics_ports_that_do_not_exist_are_refused(port):
    plan = simulated_fleet(default_site_file(), 3, data_dir='/d', metrics_port=port)
    with pytest.raises(ConfigError, match=f'metrics_port {port}'):
        processes(plan)
