# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Parameters come from the configuration classes, and a wrong one is said in one line."""

from pathlib import Path

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
import rclpy  # noqa: E402
from rclpy.node import Node  # noqa: E402
from robot_swarm_orch.config import RobotConfig  # noqa: E402
from robot_swarm_orch.edge.neighbours import AvoidanceConfig  # noqa: E402
from robot_swarm_orch.errors import ConfigError  # noqa: E402
from robot_swarm_orch.nodes import params  # noqa: E402
import yaml  # noqa: E402

pytestmark = pytest.mark.dds

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def make_node():
    """Return a function that makes a node with some ROS arguments."""
    context = rclpy.Context()
    context.init()
    nodes = []

    def make(*arguments):
        nodes.append(Node('probe', context=context, cli_args=['--ros-args', *arguments],
                          enable_rosout=False, start_parameter_services=False))
        return nodes[-1]
    yield make
    for node in nodes:
        node.destroy_node()
    context.try_shutdown()


def test_defaults_descriptions_and_ranges_come_from_the_class(make_node):
    """What `ros2 param describe` shows is what the class says."""
    node = make_node()
    assert params.declare(node, RobotConfig) == RobotConfig()
    shown = node.describe_parameter('speed_mps')
    assert 'cruising speed' in shown.description and shown.read_only
    assert (shown.floating_point_range[0].from_value,
            shown.floating_point_range[0].to_value) == (0.05, 5.0)
    assert node.describe_parameter('horizon').integer_range[0].to_value == 64


def test_what_is_given_reaches_the_configuration(make_node):
    """From the command line, and below a prefix."""
    node = make_node('-p', 'speed_mps:=0.5', '-p', 'robot.speed_mps:=0.75')
    assert params.declare(node, RobotConfig).speed_mps == 0.5
    assert params.declare(node, RobotConfig, 'robot.').speed_mps == 0.75


@pytest.mark.parametrize('given, named', [
    ('speed_mps:=9.0', 'speed_mps'), ('speed_mps:=-1.0', '0.05 to 5.0'),
    ('speed_mps:=1', 'decimal point'), ('speed_mps:=fast', 'speed_mps'),
    ('horizon:=1000', 'horizon'), ('scan_required:=1', 'true or false'),
    ('tick_s:=0.3', 'watchdog_s'), ('speed_mps:=.nan', 'speed_mps')])
def test_a_wrong_value_is_refused_by_name(make_node, given, named):
    """The message says which parameter and what it must be."""
    with pytest.raises(ConfigError, match=named):
        params.declare(make_node('-p', given), RobotConfig)


@pytest.mark.parametrize('given', [
    ['robots:=[a b]'], ['robots:=[r1, r1]'], ['robots:=[1r]'], ['pose_source:=gps'],
    ['pose_source:=odom'], ['pose_source:=odom', 'odom_is_map_pose:=false']])
def test_an_edge_node_refuses_what_it_cannot_serve(make_node, given):
    """Plain odometry is never taken for a map pose."""
    arguments = [word for pair in given for word in ('-p', pair)]
    with pytest.raises(ConfigError):
        params.declare(make_node(*arguments), params.EdgeParams)


def test_a_simulation_may_say_that_odometry_is_a_map_pose(make_node):
    """Both parameters together, and only so."""
    node = make_node('-p', 'pose_source:=odom', '-p', 'odom_is_map_pose:=true',
                     '-p', 'robots:=[r001, r002]')
    assert params.declare(node, params.EdgeParams).robots == ('r001', 'r002')


def test_an_empty_list_is_an_empty_list(make_node, tmp_path):
    """YAML gives it no type, and the node must not stumble over that."""
    path = tmp_path / 'p.yaml'
    path.write_text('/**:\n  ros__parameters:\n    robots: []\n    pose_source: pose\n')
    node = make_node('--params-file', str(path))
    assert params.declare(node, params.EdgeParams).robots == ()


def test_a_coordinator_needs_a_place_for_its_log(make_node):
    """A log in memory would forget votes."""
    with pytest.raises(ConfigError, match='data_dir'):
        params.declare(make_node(), params.CoordinatorParams)


@pytest.mark.parametrize('name', sorted(params.PAGES))
def test_the_parameter_files_show_every_parameter(name):
    """Run `python3 -m robot_swarm_orch.nodes.params config` after a change."""
    page = (ROOT / 'config' / name).read_text(encoding='utf-8')
    assert page == params.parameter_page(name)
    assert all('  # ' in line for line in page.splitlines()[4:]
               if ':' in line and not line.strip().startswith('#') and line.strip() not in (
                   'robot:', 'avoidance:'))


@pytest.mark.parametrize('name', sorted(params.PAGES))
def test_the_parameter_files_are_read_back_as_the_defaults(make_node, name):
    """A copy of the file is a good start."""
    values = yaml.safe_load((ROOT / 'config' / name).read_text(encoding='utf-8'))
    given = values['/**']['ros__parameters']
    node = make_node('--params-file', str(ROOT / 'config' / name))
    nested = {RobotConfig: 'robot.'} if 'robot' in given else {}
    nested[AvoidanceConfig] = params.AVOIDANCE
    for config_class, _ in params.PAGES[name][1]:
        if config_class is params.CoordinatorParams:
            continue  # needs a data_dir
        if config_class is params.EdgeParams:
            continue  # its default, tf, is checked above
        assert params.declare(node, config_class, nested.get(config_class, '')) == config_class()
