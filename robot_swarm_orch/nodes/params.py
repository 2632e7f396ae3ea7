# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
ROS parameters from configuration classes: each field is a parameter of the same name.

The class says name, default, description and range (`config.param`); this module declares them,
reads what YAML files and the command line gave, and builds the checked object. All are read-only:
a running fleet's configuration does not change under it. What is wrong becomes a ConfigError that
names the parameter, so a node can say it in one line and end.
"""

from dataclasses import dataclass, fields
import sys

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import (
    InvalidParameterTypeException, InvalidParameterValueException, ParameterUninitializedException)
from rclpy.parameter import Parameter
from robot_swarm_orch.config import (
    check, check_ranges, CoordinatorConfig, param, RobotConfig)
from robot_swarm_orch.edge.neighbours import AvoidanceConfig
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.gateway.settings import GatewayConfig
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.wire_checks import is_id, is_robot_id
from robot_swarm_orch.sim.obstacles import parse_obstacles
from robot_swarm_orch.sim.world import WorldOptions
from robot_swarm_orch.spelling import did_you_mean
from robot_swarm_orch.telemetry.event_log import FORMATS
from robot_swarm_orch.telemetry.health import HealthParams
from robot_swarm_orch.yaml_files import read_yaml

_TYPES = {bool: (Parameter.Type.BOOL, 'true or false'),
          int: (Parameter.Type.INTEGER, 'a whole number'),
          float: (Parameter.Type.DOUBLE, 'a number with a decimal point, such as 1.0'),
          str: (Parameter.Type.STRING, 'a text'),
          tuple: (Parameter.Type.STRING_ARRAY, 'a list of texts')}


def descriptor(item) -> ParameterDescriptor:
    """Return the descriptor of a configuration field, without a name."""
    kind, low, high = type(item.default), item.metadata.get('low'), item.metadata.get('high')
    result = ParameterDescriptor(
        description=item.metadata['doc'], read_only=not item.metadata.get('live', False),
        type=_TYPES[kind][0].value)
    if low is not None and kind is float:
        result.floating_point_range = [FloatingPointRange(from_value=float(low),
                                                          to_value=float(high))]
    elif low is not None and kind is int:
        result.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
    return result


def declare(node, config_class, prefix: str = ''):
    """
    Declare the fields of a configuration class as parameters of a node; return the checked object.

    `prefix` stands before each name, as in `robot.speed_mps`. Raises ConfigError.
    """
    return config_class(**{item.name: _declare(node, item, prefix + item.name)
                           for item in fields(config_class)})


def _declare(node, item, name):
    """Declare one parameter, unless another class did, and return its value."""
    kind, default = type(item.default), item.default
    # An empty ROS list has no type, so a list without items is the list of one empty text.
    given = (list(default) or ['']) if kind is tuple else default
    if not node.has_parameter(name):
        try:
            node.declare_parameter(name, given, descriptor(item))
        except InvalidParameterTypeException as error:
            raise ConfigError(f'parameter {name} must be {_TYPES[kind][1]}: {error}') from error
        except InvalidParameterValueException as error:
            raise ConfigError(
                f"parameter {name} must lie in {item.metadata['low']} to "
                f"{item.metadata['high']}: {error}") from error
    try:
        value = node.get_parameter(name).value
    except ParameterUninitializedException as error:
        if kind is tuple:
            return ()
        raise ConfigError(
            f'parameter {name} has no value: it must be {_TYPES[kind][1]}') from error
    return tuple(text for text in value if text) if kind is tuple else value


@dataclass(frozen=True)
class HostParams:
    """What every node of this package needs to know."""

    site_file: str = param('', 'path of the site YAML; empty: the demo warehouse')
    site_id: str = param('', 'names the shard in topics; empty: the name in the site file')
    autostart: bool = param(True, 'configure and activate at start, without a lifecycle manager')
    executor: str = param('single', "rclpy's executor: single, multi or events")
    nice: int = param(0, 'niceness of all threads: the higher, the more others go first', 0, 19)
    metrics_port: int = param(
        0, 'port of the Prometheus endpoint of this process; 0: none', 0, 65535)
    metrics_address: str = param(
        '127.0.0.1', 'address that the endpoint listens on; 0.0.0.0: all, for a scraper elsewhere')
    log_format: str = param(
        'text', 'text: warnings and errors, as ROS writes them; json: every event, a line each; '
        'may be set while the node runs', live=True)
    diagnostics: bool = param(
        True, 'speak on /diagnostics once a second, and take the figures that metrics tell of the '
        'process; may be set while the node runs', live=True)

    def __post_init__(self):
        """Check ranges."""
        check_ranges(self)
        check(self.log_format in FORMATS,
              f'log_format {self.log_format!r} is not {" or ".join(FORMATS)}')
        check(self.executor in ('single', 'multi', 'events'),
              f'executor {self.executor!r} is not single, multi or events')
        check(not self.site_id or is_robot_id(self.site_id),
              f'site_id {self.site_id!r} must be a ROS name: letters, digits, underscores')


LIVE_PARAMETERS = frozenset(item.name for item in fields(HostParams) if item.metadata['live'])
"""Those of HostParams that may be set while the node runs."""


@dataclass(frozen=True)
class EdgeParams:
    """How an edge node is wired to its robots."""

    robots: tuple = param((), 'ids of the hosted robots; empty: one, named by the namespace')
    data_dir: str = param('', "directory of the robots' journals; empty: kept in memory only")
    pose_source: str = param('tf', 'map pose from: tf, pose, or odom (simulation only)')
    odom_is_map_pose: bool = param(
        False, 'says that odom is a pose in the map frame, as in a simulation')
    map_frame: str = param('map', 'frame of the roadmap')
    odom_frame: str = param('odom', 'frame of the odometry; hosted robots: <robot>/<frame>')
    base_frame: str = param('base_link', 'frame of the base; hosted robots: <robot>/<frame>')
    odom_drift: float = param(
        0.05, 'error that odometry gathers per metre driven since the last pose', 0.0, 1.0)
    cmd_vel_stamped: bool = param(True, 'cmd_vel is a TwistStamped; false: a Twist')
    tick_phase: float = param(
        -1.0, 'part of a control period at which to tick, so that processes of one machine take '
        'turns; negative: random', -1.0, 1.0)
    laser_x_m: float = param(0.0, 'where the laser sits on the base, forward [m]', -10.0, 10.0)
    laser_y_m: float = param(0.0, 'where the laser sits on the base, to the left [m]', -10.0, 10.0)
    laser_yaw_rad: float = param(
        0.0, 'where the laser looks, counter-clockwise from forward [rad]', -3.15, 3.15)
    camera_model: str = param(
        '', "ONNX model that judges the lane ahead; empty: this package's own")

    def __post_init__(self):
        """Check ranges and relations."""
        check_ranges(self)
        object.__setattr__(self, 'robots', tuple(self.robots))
        wrong = [robot for robot in self.robots if not is_robot_id(robot)]
        check(not wrong, f'robots {wrong} are no robot ids: a letter, then letters, digits and '
              'single underscores')
        check(len(set(self.robots)) == len(self.robots), 'robots names a robot twice')
        check(self.pose_source in ('tf', 'pose', 'odom'),
              f'pose_source {self.pose_source!r} is not tf, pose or odom')
        check(self.pose_source != 'odom' or self.odom_is_map_pose,
              'pose_source odom needs odom_is_map_pose: true; plain odometry drifts and is never '
              'a map pose, so on a robot use tf or pose')


@dataclass(frozen=True)
class CoordinatorParams:
    """How a coordinator node is wired."""

    data_dir: str = param('', "directory of this coordinator's log; needed")
    enrol_count: int = param(
        0, 'robots that the first leader enrols at their starting places (simulation)', 0, 100_000)
    seed: int = param(-1, 'seed of the random timeouts; -1: from the system', -1, 1 << 62)
    chronicle_age_s: float = param(
        86_400.0, 'how long the event log beside the log keeps what happened, in time that the '
        'fleet was led [s]', 60.0, 1e8)
    chronicle_mib: int = param(
        4096, 'how large the event log may grow [MiB]; docs/event_log.md', 16, 1 << 30)

    def __post_init__(self):
        """Check ranges and relations."""
        check_ranges(self)
        check(bool(self.data_dir), 'data_dir is not set: a coordinator must keep its log on disk')


@dataclass(frozen=True)
class SimParams:
    """What the simulation simulates."""

    robot_count: int = param(10, 'robots in the simulated warehouse', 1, 100_000)
    seed: int = param(1, 'seed of everything random', 0, 1 << 62)
    truth_path: str = param('', 'file that gets what really happened, as JSON lines; empty: none')
    load_s: float = param(5.0, 'time of a pick and of a drop [s]', 0.0, 3600.0)
    step_s: float = param(0.02, 'period of the simulation [s]', 0.005, 0.1)
    physics: str = param(
        'kinematic', 'how bodies move: kinematic, exactly as they are told, or mujoco, with '
        'wheels that slip, masses and contacts (needs MuJoCo)')
    slippery_patches: int = param(
        0, 'slippery patches on the lanes, with the physics mujoco', 0, 1000)
    slippery_friction: float = param(
        0.1, 'friction of wheels on a slippery patch; elsewhere it is 0.8', 0.01, 2.0)
    wheel_odometry: bool = param(
        False, 'odom is what the wheels alone say, and drifts; the localisation is on pose, as on '
        'a robot, and edge nodes need pose_source: pose')
    publish_clock: bool = param(False, 'publish the time on /clock')
    camera_frames_per_s: float = param(
        0.0, 'camera images that all robots together get [1/s]; 0: no cameras', 0.0, 200.0)
    obstacles: tuple = param(
        (), 'what lies about, each `x y radius [kind [from [until]]]` [m; s]; kinds: pallet, '
        'forks, box, person')
    cmd_vel_stamped: bool = param(True, 'cmd_vel is a TwistStamped; false: a Twist')
    map_frame: str = param('map', 'frame of the poses in odom, or on pose with wheel_odometry')
    odom_frame: str = param('odom', 'frame of odom with wheel_odometry: <robot>/<frame>')
    base_frame: str = param('base_link', 'frame of the base: <robot>/<frame>')

    def __post_init__(self):
        """Check ranges, obstacles and the world's options."""
        check_ranges(self)
        parse_obstacles(self.obstacles)
        self.world_options()

    def world_options(self) -> WorldOptions:
        """Return what the simulated hardware is like; ConfigError."""
        return WorldOptions(
            pick_s=self.load_s, drop_s=self.load_s, physics=self.physics,
            slippery_patches=self.slippery_patches, slippery_friction=self.slippery_friction)


@dataclass(frozen=True)
class VizParams:
    """What is drawn for RViz and Foxglove, and how often."""

    rate_hz: float = param(5.0, 'markers and transforms per second, while somebody listens', 0.2,
                           30.0)
    routes: bool = param(True, "draw the way from each robot's horizon to its goal")
    map_resolution_m: float = param(0.25, 'side of a cell of the map [m]', 0.02, 5.0)
    forget_s: float = param(
        10.0, 'a robot that is not enrolled and silent for this long is removed [s]', 1.0, 3600.0)
    publish_tf: bool = param(
        False, "publish robots' poses on /tf; on real robots the localisation does that")
    map_frame: str = param('map', 'frame of markers, map and transforms')
    base_frame: str = param('base_link', 'frame of the base on /tf: <robot>/<frame>')

    def __post_init__(self):
        """Check ranges."""
        check_ranges(self)


def check_ids(site_id: str, *ids: str) -> None:
    """Raise ConfigError unless a site id and other ids are well formed."""
    check(is_robot_id(site_id), f'site_id {site_id!r} must be a ROS name: letters, digits, '
          'underscores')
    for text in ids:
        check(is_id(text), f'{text!r} is no id: 1 to 64 of A-Z a-z 0-9 _ . -')


AVOIDANCE = 'avoidance.'
"""Stands before the names of parameters of robots in free zones."""

PAGES = {
    'robot.yaml': ('edge node, on a robot or hosting simulated ones',
                   ((HostParams, ''), (HealthParams, ''), (EdgeParams, ''), (RobotConfig, ''),
                    (AvoidanceConfig, 'avoidance'))),
    'coordinator.yaml': ('coordinator node; what robots vouch for must be as in robot.yaml',
                         ((HostParams, ''), (HealthParams, ''), (CoordinatorParams, ''),
                          (CoordinatorConfig, ''), (RobotConfig, 'robot'))),
    'sim.yaml': ('simulation node',
                 ((HostParams, ''), (HealthParams, ''), (SimParams, ''), (RobotConfig, ''))),
    'viz.yaml': ('node that draws the fleet for RViz and Foxglove',
                 ((HostParams, ''), (HealthParams, ''), (VizParams, ''))),
    'gateway.yaml': ('gateway node, the fleet over HTTP; docs/gateway.md',
                     ((HostParams, ''), (HealthParams, ''), (GatewayConfig, ''))),
}


# What ROS itself reads from a parameter file.
_OF_ROS = {'use_sim_time', 'start_type_description_service'}
_POLICIES = ('history', 'depth', 'reliability', 'durability')


def check_files(arguments) -> None:
    """
    Raise ConfigError when a parameter file among a process's arguments is malformed.

    ROS's own parser says neither file nor column; so each file is read here first.
    """
    words = list(arguments)
    for flag, path in zip(words, words[1:]):
        if flag != '--params-file':
            continue
        content = read_yaml(path, 'parameter file')
        if not _has_section(content):
            raise ConfigError(
                f'the parameter file {path} has no section `ros__parameters`: write the '
                'parameters below `/**:` and `ros__parameters:`, as config/robot.yaml does')


def _has_section(content) -> bool:
    """Return whether there are parameters somewhere below the names of namespaces and nodes."""
    return isinstance(content, dict) and (
        isinstance(content.get('ros__parameters'), dict)
        or any(map(_has_section, content.values())))


def check_given(node, site_id: str) -> None:
    """
    Raise ConfigError naming each parameter that was given to a node and that nobody knows.

    ROS ignores what a node does not declare, so a misspelt name would leave the default in force.
    A parameter of another node of this package passes: one file may serve a whole fleet.
    """
    given = [name for name in node._parameter_overrides if not node.has_parameter(name)]
    unknown = sorted(set(given) - _known(site_id))
    if not unknown:
        return
    known = _known(site_id) | set(node.get_parameters_by_prefix(''))
    raise ConfigError('; '.join(
        f'there is no parameter {name!r}' + (did_you_mean(name, _like(name, known))
                                             or ': see config/ for all of them')
        for name in unknown))


def _known(site_id: str) -> set:
    """Return the names of all parameters of all nodes of this package."""
    names = {(f'{prefix}.' if prefix else '') + item.name
             for _, classes in PAGES.values() for config_class, prefix in classes
             for item in fields(config_class)}
    names |= {f'qos_overrides.{topic.shown_name(site_id)}.{direction}.{policy}'
              for topic in topics.TOPICS for direction in ('publisher', 'subscription')
              for policy in _POLICIES}
    return names | _OF_ROS


def _like(name: str, known: set) -> set:
    """Return the known names of the same kind: those of QoS policies are compared apart."""
    is_qos = name.startswith('qos_overrides.')
    return {other for other in known if other.startswith('qos_overrides.') == is_qos}


def parameter_page(name: str) -> str:
    """Return the text of a file of `config/`: all parameters of a node, a comment for each."""
    about, classes = PAGES[name]
    lines = [f'# All parameters of the {about}, with their defaults.',
             '# Written by `python3 -m robot_swarm_orch.nodes.params config`.',
             '/**:', '  ros__parameters:']
    for config_class, prefix in classes:
        lines.append(f'    # {_headline(config_class)}')
        indent = '    '
        if prefix:
            lines.append(f'    {prefix}:')
            indent += '  '
        for item in fields(config_class):
            lines.append(f'{indent}{item.name}: {_yaml(item.default)}  # {_comment(item)}')
    return '\n'.join(lines) + '\n'


def _headline(config_class) -> str:
    """Return the first sentence of a class's docstring."""
    return config_class.__doc__.strip().split('\n')[0]


def _yaml(value) -> str:
    """Return a default as YAML writes it."""
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, tuple):
        return '[' + ', '.join(map(_yaml, value)) + ']'
    return repr(value)


def _comment(item) -> str:
    """Return a parameter's description with its range."""
    low, high = item.metadata['low'], item.metadata['high']
    span = '' if low is None else f'; {low} to {high}'
    return item.metadata['doc'] + span


def main() -> None:
    """Write the files of `config/` into the folder named on the command line."""
    for name in PAGES:
        with open(f'{sys.argv[1]}/{name}', 'w', encoding='utf-8') as page:
            page.write(parameter_page(name))


if __name__ == '__main__':
    main()
