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
from typing import Callable, Dict, Iterable, List, Tuple

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from robot_swarm_orch.bringup import default_site_file, FleetPlan, PACKAGE, processes, ProcessSpec
from robot_swarm_orch.config import check
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.site import load_site

# Arguments of several launch files: name -> (default, description).
COMMON: Dict[str, Tuple[str, str]] = {
    'site_file': (default_site_file(), 'site file: roadmap, stations, racks'),
    'site_id': ('', 'names the fleet in topics, /fleet/<site_id>/...; empty: the name in the site '
                'file'),
    'use_sim_time': ('false', 'take ROS time from /clock; leases and consensus never do'),
    'log_level': ('info', 'debug, info, warn, error or fatal'),
}
DATA_DIR = ('', 'where logs and journals are kept, across restarts; empty: '
            'robot_swarm_orch/ in ROS_HOME, which is ~/.ros unless set')


def described(arguments: Dict[str, Tuple[str, str]],
              plan_of: Callable[[Dict[str, str]], FleetPlan]) -> LaunchDescription:
    """
    Return a launch description of a fleet.

    arguments: name -> (default, description), beside `COMMON`. plan_of: makes the plan of the
    arguments' values; its ConfigError ends the launch with a message.
    """
    every = {**arguments, **COMMON}

    def started(context):
        given = {name: LaunchConfiguration(name).perform(context) for name in every}
        given['site_id'] = given['site_id'] or load_site(given['site_file']).name
        return actions(processes(plan_of(given)), given['log_level'])

    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text)
          for name, (default, text) in every.items()),
        OpaqueFunction(function=started)])


def actions(specs: Iterable[ProcessSpec], log_level: str = 'info') -> List[Node]:
    """Return one launch action for each process."""
    return [
        Node(package=PACKAGE, executable=spec.executable, name=spec.node_name,
             namespace=spec.namespace, output='screen', emulate_tty=True,
             parameters=[*spec.parameter_files, dict(spec.parameters)],
             arguments=['--ros-args', '--log-level', log_level])
        for spec in specs]


def common_of(given: Dict[str, str]) -> dict:
    """Return the fields of a FleetPlan that the common arguments give."""
    return {'site_file': os.path.abspath(given['site_file']), 'site_id': given['site_id'],
            'use_sim_time': truth_of(given, 'use_sim_time')}


def data_dir_of(given: Dict[str, str]) -> str:
    """Return the data folder that an argument names, or the default one of this site."""
    if given['data_dir']:
        return os.path.abspath(os.path.expanduser(given['data_dir']))
    home = os.environ.get('ROS_HOME') or Path.home() / '.ros'
    return str(Path(home) / PACKAGE / given['site_id'])


def fresh_dir() -> str:
    """Return a new folder: a simulation that starts anew must not find an older one's log."""
    return tempfile.mkdtemp(prefix=f'{PACKAGE}-')


def truth_of(given: Dict[str, str], name: str) -> bool:
    """Return an argument's value as true or false."""
    text = given[name].lower()
    check(text in ('true', 'false', '1', '0'), f'{name}:={given[name]} must be true or false')
    return text in ('true', '1')


def count_of(given: Dict[str, str], name: str) -> int:
    """Return an argument's value as a whole number of at least 1."""
    try:
        value = int(given[name])
    except ValueError as error:
        raise ConfigError(f'{name}:={given[name]} must be a whole number') from error
    check(value >= 1, f'{name}:={value} must be at least 1')
    return value


def names_of(given: Dict[str, str], name: str) -> tuple:
    """Return an argument's value as a list of names, separated by commas."""
    return tuple(part.strip() for part in given[name].split(',') if part.strip())


def files_of(given: Dict[str, str], name: str) -> tuple:
    """Return the parameter file that an argument names, as a tuple of none or one."""
    if not given[name]:
        return ()
    path = os.path.abspath(os.path.expanduser(given[name]))
    check(os.path.isfile(path), f'{name}:={given[name]}: there is no such file')
    return (path,)
