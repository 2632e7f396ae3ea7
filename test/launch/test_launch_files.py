# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The launch files describe their arguments and start what `bringup.py` says."""

from pathlib import Path
import runpy
from types import SimpleNamespace

import pytest
from robot_swarm_orch.bringup import default_site_file, processes, ProcessSpec, simulated_fleet
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.shards import read_shards

launch = pytest.importorskip(
    'launch', reason='launch comes with a ROS installation, not with the wheels')
launch_ros = pytest.importorskip(
    'launch_ros', reason='launch_ros comes with a ROS installation, not with the wheels')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from robot_swarm_orch.nodes import launch_actions  # noqa: E402,I100
from robot_swarm_orch.nodes.lifecycle import EXIT_CONFIG, EXIT_FAILED  # noqa: E402

FOLDER = Path(__file__).resolve().parents[2] / 'launch'
FILES = sorted(path.name for path in FOLDER.glob('*.launch.py'))
SHARED = {'site', 'params_file', 'use_sim_time', 'log_level', 'rviz', 'headless', 'respawn',
          'fastdds_profile'}


def description(name):
    """Return the launch description of a launch file."""
    return runpy.run_path(str(FOLDER / name))['generate_launch_description']()


def declared(name):
    """Return the arguments that a launch file declares."""
    return [entity for entity in description(name).entities
            if isinstance(entity, launch.actions.DeclareLaunchArgument)]


def entities(name, pushed='', **given):
    """Return what a launch file comes to under some arguments, groups opened."""
    context = launch.LaunchContext()
    if pushed:
        context.launch_configurations['ros_namespace'] = pushed
    found = []
    for entity in description(name).entities:
        if isinstance(entity, launch.actions.DeclareLaunchArgument):
            default = ''.join(part.perform(context) for part in entity.default_value)
            context.launch_configurations[entity.name] = given.pop(entity.name, default)
        else:
            found += entity.execute(context)
    assert not given, f'{name} has no arguments {sorted(given)}'
    result = []
    for entity in found:
        grouped = isinstance(entity, launch.actions.GroupAction)
        result += entity.get_sub_entities() if grouped else [entity]
    return result


def started(name, **given):
    """Return the nodes that a launch file starts under some arguments."""
    return [entity for entity in entities(name, **given)
            if isinstance(entity, launch_ros.actions.Node)]


def namespaces(name, **given):
    """Return the namespaces that a launch file pushes, one for each node."""
    context = launch.LaunchContext()
    return [''.join(part.perform(context) for part in entity.namespace)
            for entity in entities(name, **given)
            if isinstance(entity, launch_ros.actions.PushRosNamespace)]


def executables(nodes):
    """Return the executables of nodes."""
    return [node.node_executable for node in nodes]


def test_there_are_the_six_launch_files():
    assert FILES == ['coordinator.launch.py', 'fleet.launch.py', 'gateway.launch.py',
                     'robot.launch.py', 'shards.launch.py', 'warehouse.launch.py']


@pytest.mark.parametrize('name', FILES)
def test_every_argument_has_a_description_and_a_default(name):
    arguments = declared(name)
    # Shards have a site, parameters and a picture each, so these are no arguments there.
    of_each = set(runpy.run_path(str(FOLDER / name)).get('OF_EACH', ()))
    assert {argument.name for argument in arguments} >= SHARED - of_each
    for argument in arguments:
        assert len(argument.description) > 12, argument.name
        assert argument.default_value is not None, argument.name


def test_the_warehouse_starts_the_processes_of_the_demo(tmp_path):
    nodes = started('warehouse.launch.py', robots='20', robots_per_process='10',
                    data_dir=str(tmp_path))
    specs = processes(simulated_fleet(default_site_file(), 20, robots_per_process=10,
                                      data_dir=str(tmp_path)))
    assert executables(nodes) == [spec.executable for spec in specs]


def test_shards_start_the_processes_of_each_site_on_its_own_domain(tmp_path):
    nodes = started('shards.launch.py', data_dir=str(tmp_path),
                    shards_file=str(FOLDER.parent / 'config' / 'shards.yaml'))
    assert executables(nodes) == 2 * (['coordinator_node'] * 3 + ['sim_node', 'edge_node'])
    domains = [spec.domain for plan in read_shards(FOLDER.parent / 'config' / 'shards.yaml', '')
               for spec in processes(plan)]
    assert domains == 5 * [21] + 5 * [22]
    context = launch.LaunchContext()
    given = [{launch.utilities.perform_substitutions(context, name):
              launch.utilities.perform_substitutions(context, value)
              for name, value in node.additional_env} for node in nodes]
    assert [variables['ROS_DOMAIN_ID'] for variables in given] == list(map(str, domains))


def test_a_gateway_comes_alone_or_with_a_fleet(tmp_path):
    assert executables(started('gateway.launch.py')) == ['gateway_node']
    for name in ('fleet.launch.py', 'warehouse.launch.py'):
        without, with_one = (executables(started(name, data_dir=str(tmp_path), gateway=wanted))
                             for wanted in ('false', 'true'))
        assert with_one == [*without, 'gateway_node']


def test_a_robot_gets_one_edge_node_in_its_namespace():
    assert executables(started('robot.launch.py', robot_id='r007')) == ['edge_node']
    assert namespaces('robot.launch.py', robot_id='r007') == ['/r007']


def test_a_robot_included_under_a_pushed_namespace_takes_it_for_its_id():
    assert namespaces('robot.launch.py', pushed='/r008') == ['/r008']


def test_a_coordinator_is_started_alone_and_outside_of_pushed_namespaces():
    assert executables(started('coordinator.launch.py', node_id='c2')) == ['coordinator_node']
    assert namespaces('coordinator.launch.py', pushed='/r008') == ['/']


def test_a_fleet_has_all_coordinators_and_a_node_for_each_robot():
    nodes = started('fleet.launch.py', robots='r001, r002', voters='a,b,c')
    assert executables(nodes) == ['coordinator_node'] * 3 + ['edge_node'] * 2


def test_the_picture_is_published_without_a_window_when_headless():
    nodes = started('warehouse.launch.py', rviz='true', headless='true')
    assert executables(nodes)[-1] == 'viz_node'


def test_rviz_opens_on_the_layout_of_the_package(monkeypatch):
    monkeypatch.setattr(launch_actions, 'get_package_prefix', lambda name: '/opt/ros')
    monkeypatch.setenv('DISPLAY', ':0')
    assert executables(started('warehouse.launch.py', rviz='true'))[-2:] == [
        'viz_node', 'rviz2']


def test_rviz_without_a_screen_is_refused_with_the_way_out(monkeypatch):
    monkeypatch.setattr(launch_actions, 'get_package_prefix', lambda name: '/opt/ros')
    monkeypatch.delenv('DISPLAY', raising=False)
    monkeypatch.delenv('WAYLAND_DISPLAY', raising=False)
    with pytest.raises(ConfigError, match='headless:=true'):
        started('warehouse.launch.py', rviz='true')


def test_the_profile_for_one_host_is_set_for_all_processes():
    context = launch.LaunchContext()
    for entity in entities('warehouse.launch.py', fastdds_profile='one_host'):
        if isinstance(entity, launch.actions.SetEnvironmentVariable):
            entity.execute(context)
    assert context.environment['FASTDDS_DEFAULT_PROFILES_FILE'].endswith('fastdds_one_host.xml')
    assert context.environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'SYSTEM_DEFAULT'


def test_topics_of_the_robot_are_remapped_by_argument():
    plan = runpy.run_path(str(FOLDER / 'robot.launch.py'))
    given = {name: default for name, (default, _) in
             {**plan['ARGUMENTS'], **launch_actions.COMMON}.items()}
    given.update(robot_id='r001', pose_source='pose', pose_topic='amcl_pose',
                 yielding=frozenset())
    spec, = processes(plan['plan'](given))
    assert spec.remappings == (('pose', 'amcl_pose'),)
    assert spec.arguments('x')[5:7] == ['-r', 'pose:=amcl_pose']


def test_a_file_wins_over_an_argument_left_at_its_default_and_loses_to_one_that_was_given(
        tmp_path):
    file = tmp_path / 'robot.yaml'
    file.write_text('/**: {ros__parameters: {pose_source: pose}}')
    spec = ProcessSpec('edge', 'edge_node', '/r001', {'pose_source': 'tf', 'site_file': 'x.yaml'},
                       (str(file),), yielding=frozenset({'pose_source'}))
    default, path, firm = launch_actions.parameters_of(spec)
    assert isinstance(default, launch_ros.parameter_descriptions.Parameter)
    assert default.evaluate(launch.LaunchContext()) == ('pose_source', 'tf')
    assert path == str(file)
    assert firm == {'site_file': 'x.yaml'}


def died(keeper, code, context=None):
    """Return what a keeper does when its process ended with an exit code."""
    return keeper.again(SimpleNamespace(returncode=code), context or launch.LaunchContext())


def test_a_node_that_keeps_dying_is_started_again_ever_more_slowly():
    keeper = launch_actions.Keeper(ProcessSpec('c', 'coordinator_node', '/', {}), 'info')
    keeper.start()
    waits = []
    for _ in range(7):
        _, timer = died(keeper, EXIT_FAILED)
        waits.append(float(timer.period))
        keeper.start()
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_a_node_that_ran_well_for_a_while_is_started_again_at_once(monkeypatch):
    keeper = launch_actions.Keeper(ProcessSpec('c', 'coordinator_node', '/', {}), 'info')
    clock = SimpleNamespace(monotonic=lambda: 0.0)
    monkeypatch.setattr(launch_actions, 'time', clock)
    keeper.start()
    died(keeper, -9)
    keeper.start()
    clock.monotonic = lambda: 100.0
    assert float(died(keeper, -9)[1].period) == 1.0


def test_a_wrong_configuration_and_a_wanted_end_are_final():
    keeper = launch_actions.Keeper(ProcessSpec('c', 'coordinator_node', '/', {}), 'info')
    keeper.start()
    assert died(keeper, 0) == []
    assert len(died(keeper, EXIT_CONFIG)) == 1
    context = launch.LaunchContext()
    context._set_is_shutdown(True)
    assert died(keeper, -9, context) == []


@pytest.mark.parametrize('name, given, word', [
    ('coordinator.launch.py', {'node_id': 'c9'}, 'not among the voters'),
    ('warehouse.launch.py', {'robots': 'many'}, 'whole number'),
    ('warehouse.launch.py', {'robots': '0'}, 'at least 1'),
    ('warehouse.launch.py', {'use_sim_time': 'maybe'}, 'true or false'),
    ('warehouse.launch.py', {'site': '/no/such/site.yaml'}, 'no such file'),
    ('warehouse.launch.py', {'log_level': 'loud'}, 'debug, info'),
    ('warehouse.launch.py', {'fastdds_profile': '/no/such.xml'}, 'no such file'),
    ('robot.launch.py', {}, 'robot_id'),
    ('robot.launch.py', {'robot_id': 'r001', 'params_file': '/no/such/file.yaml'},
     'no such file')])
def test_a_wrong_argument_is_refused_with_a_reason(name, given, word):
    with pytest.raises(ConfigError, match=word):
        started(name, **given)
