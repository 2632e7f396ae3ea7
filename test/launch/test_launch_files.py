# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The launch files describe their arguments and start what `bringup.py` says."""

from pathlib import Path
import runpy

import pytest
from robot_swarm_orch.bringup import default_site_file, processes, simulated_fleet
from robot_swarm_orch.errors import ConfigError

launch = pytest.importorskip(
    'launch', reason='launch comes with a ROS installation, not with the wheels')
launch_ros = pytest.importorskip(
    'launch_ros', reason='launch_ros comes with a ROS installation, not with the wheels')

FOLDER = Path(__file__).resolve().parents[2] / 'launch'
FILES = sorted(path.name for path in FOLDER.glob('*.launch.py'))


def description(name):
    """Return the launch description of a launch file."""
    return runpy.run_path(str(FOLDER / name))['generate_launch_description']()


def started(name, **given):
    """Return the nodes that a launch file starts under some arguments."""
    context = launch.LaunchContext()
    nodes = []
    for entity in description(name).entities:
        if isinstance(entity, launch.actions.DeclareLaunchArgument):
            default = ''.join(part.perform(context) for part in entity.default_value)
            context.launch_configurations[entity.name] = given.get(entity.name, default)
        else:
            assert isinstance(entity, launch.actions.OpaqueFunction)
            nodes += entity.execute(context)
    assert all(isinstance(node, launch_ros.actions.Node) for node in nodes)
    return nodes


def executables(nodes):
    """Return the executables of nodes."""
    return [node.node_executable for node in nodes]


def test_there_are_the_four_launch_files():
    assert FILES == ['coordinator.launch.py', 'fleet.launch.py', 'robot.launch.py',
                     'warehouse.launch.py']


@pytest.mark.parametrize('name', FILES)
def test_every_argument_has_a_description_and_a_default(name):
    arguments = [entity for entity in description(name).entities
                 if isinstance(entity, launch.actions.DeclareLaunchArgument)]
    assert len(arguments) >= 6
    for argument in arguments:
        assert len(argument.description) > 15, argument.name
        assert argument.default_value is not None, argument.name


def test_the_warehouse_starts_the_processes_of_the_demo(tmp_path):
    nodes = started('warehouse.launch.py', robots='20', robots_per_process='10',
                    data_dir=str(tmp_path))
    specs = processes(simulated_fleet(default_site_file(), 20, robots_per_process=10,
                                      data_dir=str(tmp_path)))
    assert executables(nodes) == [spec.executable for spec in specs]


def test_a_robot_gets_one_edge_node():
    assert executables(started('robot.launch.py', robot_id='r007')) == ['edge_node']


def test_a_coordinator_is_started_alone():
    assert executables(started('coordinator.launch.py', node_id='c2')) == ['coordinator_node']


def test_a_fleet_has_all_coordinators_and_a_node_for_each_robot():
    nodes = started('fleet.launch.py', robots='r001, r002', voters='a,b,c')
    assert executables(nodes) == ['coordinator_node'] * 3 + ['edge_node'] * 2


@pytest.mark.parametrize('name, given, word', [
    ('coordinator.launch.py', {'node_id': 'c9'}, 'not among the voters'),
    ('warehouse.launch.py', {'robots': 'many'}, 'whole number'),
    ('warehouse.launch.py', {'robots': '0'}, 'at least 1'),
    ('warehouse.launch.py', {'use_sim_time': 'maybe'}, 'true or false'),
    ('robot.launch.py', {'params_file': '/no/such/file.yaml'}, 'no such file')])
def test_a_wrong_argument_is_refused_with_a_reason(name, given, word):
    with pytest.raises(ConfigError, match=word):
        started(name, **given)
