# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the launch files share: arguments in, processes of `bringup.py` out, as launch actions.

`launch` and `launch_ros` come with a ROS installation. Where they are missing, `swarm demo` starts
the same processes.
"""

import os
from pathlib import Path
import tempfile
import time
from typing import Callable, Dict, Iterable, List, Tuple

from ament_index_python.packages import get_package_prefix, PackageNotFoundError
from launch import Action, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument, GroupAction, LogInfo, OpaqueFunction, SetEnvironmentVariable, Shutdown,
    TimerAction)
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import Parameter
from robot_swarm_orch.bringup import (
    default_site_file, FleetPlan, PACKAGE, processes, ProcessSpec, rviz_config, share_dir)
from robot_swarm_orch.config import check
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.nodes.lifecycle import EXIT_CONFIG
from robot_swarm_orch.shards import shard_processes
from robot_swarm_orch.site import load_site

LOG_LEVELS = ('debug', 'info', 'warn', 'error', 'fatal')
ONE_HOST = 'one_host'
# Arguments of all launch files: name -> (default, description).
COMMON: Dict[str, Tuple[str, str]] = {
    'site': (default_site_file(), 'site file: roadmap, stations, racks'),
    'site_id': ('', 'names the fleet in topics, /fleet/<site_id>/...; empty: the name in the site '
                'file'),
    'params_file': ('', 'parameter file of all nodes started here, a section a node; an argument '
                    'given with another value than its default wins; empty: none'),
    'use_sim_time': ('false', 'take ROS time from /clock; leases and consensus never do'),
    'log_level': ('info', f'of all nodes: {", ".join(LOG_LEVELS)}'),
    'log_format': ('', 'text or json, of all nodes; empty: as params_file says, else text'),
    'metrics_port': ('0', 'Prometheus endpoint of the first node; the others count up from there; '
                     '0: none'),
    'respawn': ('true', 'start a node that died again: after 1 s, then 2, 4, ... 30 s while it '
                'keeps dying; a node with a wrong configuration stays down'),
    'rviz': ('false', 'publish the picture of the fleet and open RViz on it'),
    'headless': ('false', 'with rviz:=true: publish the picture but open no window, for Foxglove '
                 'or a recording'),
    'fastdds_profile': ('', 'Fast DDS profile file (XML) for all nodes; one_host: the one for a '
                        'fleet on one machine; empty: as the environment says'),
}
DATA_DIR = ('', 'where logs and journals are kept, across restarts; empty: '
            'robot_swarm_orch/<site> in ROS_HOME, which is ~/.ros unless set')
GATEWAY: Dict[str, Tuple[str, str]] = {
    'gateway_address': ('127.0.0.1', 'address that the gateway listens on; another than this '
                        "machine's own needs gateway_keys_file"),
    'gateway_port': ('8080', 'port that the gateway listens on'),
    'gateway_keys_file': ('', 'keys of those whose tokens count, see `swarm token`; empty: no '
                          'tokens, only this machine is served'),
}
GATEWAY_OPTION = {'gateway': ('false', 'serve the fleet over HTTP too'), **GATEWAY}
# Which argument a node's parameter comes from. At its default it gives way to a parameter file.
ARGUMENT_OF = {'site_file': 'site', 'site_id': 'site_id', 'use_sim_time': 'use_sim_time',
               'data_dir': 'data_dir', 'pose_source': 'pose_source', 'cluster_id': 'cluster_id',
               'cmd_vel_stamped': 'cmd_vel_stamped', 'voters': 'voters', 'seed': 'seed',
               'address': 'gateway_address', 'port': 'gateway_port',
               'keys_file': 'gateway_keys_file'}
RESPAWN_FIRST_S, RESPAWN_MAX_S = 1.0, 30.0
# A node that ran this long had started well: its next death is a new story [s].
RESPAWN_FORGET_S = 60.0


def described(arguments: Dict[str, Tuple[str, str]],
              plan_of: Callable[[Dict[str, str]], FleetPlan],
              leaving_out: Tuple[str, ...] = ()) -> LaunchDescription:
    """
    Return a launch description of a fleet, or of several.

    arguments: name -> (default, description), before `COMMON` without those left out. plan_of:
    makes the plan, or a tuple of plans, of the arguments' values; its ConfigError ends the launch
    with a message.
    """
    every = {**arguments, **{name: value for name, value in COMMON.items()
                             if name not in leaving_out}}

    def started(context):
        given = {name: LaunchConfiguration(name).perform(context) for name in every}
        if 'robot_id' in given:
            given['robot_id'] = robot_id_of(given, context)
        given['yielding'] = frozenset(
            parameter for parameter, name in ARGUMENT_OF.items()
            if name in every and given[name] == every[name][0])
        plans = plan_of(given)
        return actions((plans,) if isinstance(plans, FleetPlan) else plans, given)

    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text)
          for name, (default, text) in every.items()),
        OpaqueFunction(function=started)])


def actions(plans: Tuple[FleetPlan, ...], given: Dict[str, str]) -> List[Action]:
    """Return the launch actions of some plans, in the environment that the arguments ask for."""
    check(given['log_level'].lower() in LOG_LEVELS,
          f'log_level:={given["log_level"]} must be one of {", ".join(LOG_LEVELS)}')
    respawn = truth_of(given, 'respawn')
    result = dds_environment(given)
    for plan in plans:
        for spec in processes(plan) if len(plans) == 1 else shard_processes(plan):
            result += Keeper(spec, given['log_level'].lower()).start(respawn)
        if plan.viz and not truth_of(given, 'headless'):
            result.append(window(plan, given))
    return result


class Keeper:
    """Starts a process, and starts it again when it dies, waiting longer each time."""

    def __init__(self, spec: ProcessSpec, log_level: str):
        """Know how to start it."""
        self._spec = spec
        self._log_level = log_level
        self._delay_s = RESPAWN_FIRST_S
        self._started_s = 0.0

    def start(self, respawn: bool = True) -> List[Action]:
        """Return the actions that start it, in its namespace; a simulation's end ends all."""
        self._started_s = time.monotonic()
        spec, on_exit = self._spec, self.again if respawn else None
        if spec.executable == 'sim_node':
            on_exit = [Shutdown(reason='the simulation has ended')]
        environment = {name: os.environ.get(name, value) for name, value in spec.environment}
        if spec.domain is not None:
            environment['ROS_DOMAIN_ID'] = str(spec.domain)
        node = Node(package=PACKAGE, executable=spec.executable, name=spec.node_name,
                    output='screen', emulate_tty=True, on_exit=on_exit,
                    parameters=parameters_of(spec), remappings=list(spec.remappings),
                    additional_env=environment,
                    arguments=['--ros-args', '--log-level', self._log_level])
        return [GroupAction([PushRosNamespace(spec.namespace), node])]

    def again(self, event, context) -> List[Action]:
        """Return what is to be done when it has ended: nothing if it was asked to end."""
        if context.is_shutdown or event.returncode == 0:
            return []
        if event.returncode == EXIT_CONFIG:
            return [LogInfo(msg=f'{self._spec.name} is not started again: its configuration is '
                            'wrong, see above')]
        if time.monotonic() - self._started_s > RESPAWN_FORGET_S:
            self._delay_s = RESPAWN_FIRST_S
        delay_s, self._delay_s = self._delay_s, min(2.0 * self._delay_s, RESPAWN_MAX_S)
        return [LogInfo(msg=f'{self._spec.name} died; it is started again in {delay_s:g} s'),
                TimerAction(period=delay_s,
                            actions=[OpaqueFunction(function=lambda context: self.start())])]


def parameters_of(spec: ProcessSpec) -> list:
    """Return a node's parameters in rising precedence: defaults, files, what was asked for."""
    firm = {name: value for name, value in spec.parameters.items() if name not in spec.yielding}
    if not spec.parameter_files:
        return [dict(spec.parameters)]
    # As `-p`, because rcl puts what a dict gives into a section named after the node, and that
    # section, once begun, would keep its rank: what was asked for would stand before the files.
    yielding = [Parameter(name, value, value_type=List[str] if isinstance(value, list)
                          else type(value))
                for name, value in spec.parameters.items() if name in spec.yielding]
    return [*yielding, *spec.parameter_files, firm]


def window(plan: FleetPlan, given: Dict[str, str]) -> Action:
    """Return the action that opens RViz; ConfigError where there is no RViz or no screen."""
    try:
        get_package_prefix('rviz2')
    except PackageNotFoundError as error:
        raise ConfigError('rviz:=true needs RViz (apt install ros-$ROS_DISTRO-rviz2); '
                          'headless:=true publishes the picture without it') from error
    check(bool(os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY')),
          'rviz:=true needs a screen, and neither DISPLAY nor WAYLAND_DISPLAY is set; '
          'headless:=true publishes the picture without one')
    layout = rviz_config(site_id_of(given), Path(fresh_dir()), plan.site_file)
    return Node(package='rviz2', executable='rviz2', name='rviz', namespace='/',
                arguments=['-d', layout], parameters=[{'use_sim_time': plan.use_sim_time}])


def dds_environment(given: Dict[str, str]) -> List[Action]:
    """Return the actions that set the Fast DDS profile of all processes."""
    chosen = given['fastdds_profile']
    if not chosen:
        return []
    variables = {}
    if chosen == ONE_HOST:
        chosen = str(share_dir() / 'config' / 'fastdds_one_host.xml')
        variables['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'SYSTEM_DEFAULT'  # the profile says why
    path, = files_of({'fastdds_profile': chosen}, 'fastdds_profile')
    for name in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'):
        variables[name] = path
    return [SetEnvironmentVariable(name, value) for name, value in variables.items()]


def robot_id_of(given: Dict[str, str], context) -> str:
    """Return the robot's id: the argument, else the namespace that an including file pushed."""
    pushed = context.launch_configurations.get('ros_namespace', '').strip('/')
    robot_id = given['robot_id'] or pushed
    check(bool(robot_id), 'robot_id is missing: give robot_id:=<id>, or include this file where '
          'the namespace of the robot is pushed')
    return robot_id


def common_of(given: Dict[str, str]) -> dict:
    """Return the fields of a FleetPlan that the common arguments give."""
    check(given['log_format'] in ('', 'text', 'json'),
          f'log_format:={given["log_format"]} must be text or json')
    return {'site_file': file_of(given, 'site'), 'site_id': given['site_id'],
            'use_sim_time': truth_of(given, 'use_sim_time'), 'viz': truth_of(given, 'rviz'),
            'viz_files': files_of(given, 'params_file'), 'log_format': given['log_format'],
            'metrics_port': count_of(given, 'metrics_port', 0), 'yielding': given['yielding']}


def gateway_of(given: Dict[str, str]) -> dict:
    """Return the fields of a FleetPlan that GATEWAY's arguments, or GATEWAY_OPTION's, give."""
    keys = files_of(given, 'gateway_keys_file')
    is_wanted = 'gateway' not in given or truth_of(given, 'gateway')
    return {'gateway': is_wanted, 'gateway_files': files_of(given, 'params_file'),
            'gateway_parameters': {
                'address': given['gateway_address'], 'keys_file': keys[0] if keys else '',
                'port': count_of(given, 'gateway_port', 0)}}


def site_id_of(given: Dict[str, str]) -> str:
    """Return the site id: the argument, else the name in the site file."""
    return given['site_id'] or load_site(file_of(given, 'site')).name


def data_dir_of(given: Dict[str, str]) -> str:
    """Return the data folder that an argument names, or the default one of this site."""
    if given['data_dir']:
        return os.path.abspath(os.path.expanduser(given['data_dir']))
    home = os.environ.get('ROS_HOME') or Path.home() / '.ros'
    return str(Path(home) / PACKAGE / site_id_of(given))


def fresh_dir() -> str:
    """Return a new folder: a simulation that starts anew must not find an older one's log."""
    return tempfile.mkdtemp(prefix=f'{PACKAGE}-')


def truth_of(given: Dict[str, str], name: str) -> bool:
    """Return an argument's value as true or false."""
    text = given[name].lower()
    check(text in ('true', 'false', '1', '0'), f'{name}:={given[name]} must be true or false')
    return text in ('true', '1')


def count_of(given: Dict[str, str], name: str, least: int = 1) -> int:
    """Return an argument's value as a whole number of at least `least`."""
    try:
        value = int(given[name])
    except ValueError as error:
        raise ConfigError(f'{name}:={given[name]} must be a whole number') from error
    check(value >= least, f'{name}:={value} must be at least {least}')
    return value


def names_of(given: Dict[str, str], name: str) -> tuple:
    """Return an argument's value as a list of names, separated by commas."""
    return tuple(part.strip() for part in given[name].split(',') if part.strip())


def files_of(given: Dict[str, str], *names: str) -> tuple:
    """Return the files that arguments name, without those that are empty."""
    return tuple(file_of(given, name) for name in names if given[name])


def file_of(given: Dict[str, str], name: str) -> str:
    """Return the absolute path of the file that an argument names."""
    path = os.path.abspath(os.path.expanduser(given[name]))
    check(os.path.isfile(path), f'{name}:={given[name]}: there is no such file')
    return path


def remappings_of(given: Dict[str, str], names: Iterable[str]) -> tuple:
    """Return remapping rules from arguments `<topic>_topic` that differ from `<topic>`."""
    return tuple((name, given[f'{name}_topic']) for name in names
                 if given[f'{name}_topic'] not in ('', name))
