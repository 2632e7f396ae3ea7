# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which processes make a fleet: one description for the launch files and for the command line.

A `FleetPlan` says what is wanted, `processes` turns it into one `ProcessSpec` per process. The
launch files make ROS launch actions of them; `supervisor.py` starts the same processes where
there is no `ros2 launch`. Nothing here imports ROS.
"""

from dataclasses import dataclass, field
import os
from pathlib import Path
from typing import Dict, Mapping, Optional, Tuple

from robot_swarm_orch.config import check
from robot_swarm_orch.site import load_site
import yaml

PACKAGE = 'robot_swarm_orch'
PARTICIPANTS_MAX = 119  # of one domain on one host, see config/fastdds_one_host.xml
# When the cores are full, coordinators must not starve, nor must the simulation: it plays the
# robots' hardware, which is never late. So simulated robots' computers step back.
EDGE_NICE = 5


@dataclass(frozen=True)
class ProcessSpec:
    """One process: what to run, under which name, with which parameters."""

    name: str  # unique in the fleet; names log and parameter files
    executable: str  # an executable of this package, and its module in `nodes/`
    namespace: str  # of the node, '/' or '/<robot>'
    parameters: Mapping[str, object]
    parameter_files: Tuple[str, ...] = ()  # read before `parameters`, which win
    node: str = ''  # the node's name; empty: `name`

    @property
    def node_name(self) -> str:
        """Return the node's name."""
        return self.node or self.name

    def arguments(self, parameter_file: str) -> list:
        """Return the ROS arguments that name the node and point to its parameters."""
        arguments = ['--ros-args', '-r', f'__node:={self.node_name}',
                     '-r', f'__ns:={self.namespace}']
        for path in (*self.parameter_files, parameter_file):
            arguments += ['--params-file', path]
        return arguments


@dataclass(frozen=True)
class FleetPlan:
    """What a fleet on this machine is to be."""

    site_file: str
    data_dir: str  # logs of the coordinators and journals of the robots live below it
    robots: Tuple[str, ...] = ()
    robots_per_process: int = 50
    coordinators: Tuple[str, ...] = ('c1', 'c2', 'c3')  # ids of all that vote
    start_coordinators: Optional[Tuple[str, ...]] = None  # those of this machine; None: all
    site_id: str = ''  # empty: the site's name
    cluster_id: str = 'demo'
    simulate: bool = False
    seed: int = 1
    truth_path: str = ''  # where the simulation writes what really happened; empty: nowhere
    use_sim_time: bool = False
    robot_parameters: Mapping[str, object] = field(default_factory=dict)  # of `RobotConfig`
    edge_parameters: Mapping[str, object] = field(default_factory=dict)
    coordinator_parameters: Mapping[str, object] = field(default_factory=dict)
    sim_parameters: Mapping[str, object] = field(default_factory=dict)
    robot_files: Tuple[str, ...] = ()  # parameter files for edge nodes
    coordinator_files: Tuple[str, ...] = ()  # parameter files for coordinators

    def __post_init__(self):
        """Check what would only fail later, in some process."""
        check(self.robots_per_process >= 1,
              f'robots_per_process is {self.robots_per_process}: it must be at least 1')
        check(bool(self.robots or self.coordinators), 'a fleet needs robots or coordinators')
        check(len(set(self.robots)) == len(self.robots), 'a robot id appears twice')


def simulated_fleet(site_file: str, robots: int, **options) -> FleetPlan:
    """
    Return the plan of a simulated fleet of `robots` robots on a site.

    Raises SiteError when the site file is wrong or has too few places to start from.
    """
    site = load_site(site_file)
    ids = tuple(robot for robot, _ in site.place_robots(robots))
    options.setdefault('site_id', site.name)
    return FleetPlan(site_file=site_file, robots=ids, simulate=True, **options)


def groups(robots: Tuple[str, ...], per_process: int) -> Tuple[Tuple[str, ...], ...]:
    """Return the robots in as few groups of at most `per_process` as possible, of even size."""
    if not robots:
        return ()
    count = -(-len(robots) // per_process)
    return tuple(robots[i * len(robots) // count:(i + 1) * len(robots) // count]
                 for i in range(count))


def processes(plan: FleetPlan) -> Tuple[ProcessSpec, ...]:
    """Return every process of the fleet: coordinators first, the simulation before its robots."""
    here = plan.coordinators if plan.start_coordinators is None else plan.start_coordinators
    specs = tuple(coordinator_process(plan, node_id) for node_id in here)
    if plan.simulate:
        specs += (sim_process(plan),)
    hosted = groups(plan.robots, plan.robots_per_process if plan.simulate else 1)
    specs += tuple(edge_process(plan, group, number, len(hosted))
                   for number, group in enumerate(hosted, 1))
    check(len(specs) < PARTICIPANTS_MAX,
          f'{len(specs)} processes are more than one host has ports for '
          f'({PARTICIPANTS_MAX}): host more robots in each')
    return specs


def coordinator_process(plan: FleetPlan, node_id: str) -> ProcessSpec:
    """Return the process of one coordinator."""
    parameters = {
        **_common(plan), 'node_id': node_id, 'voters': list(plan.coordinators),
        'cluster_id': plan.cluster_id,
        'data_dir': str(Path(plan.data_dir) / f'coordinator_{node_id}'),
        'enrol_count': len(plan.robots) if plan.simulate else 0,
        # A coordinator's own fields share names with a robot's, which therefore go by a prefix.
        **{f'robot.{name}': value for name, value in plan.robot_parameters.items()},
        **plan.coordinator_parameters}
    return ProcessSpec(f'coordinator_{node_id}', 'coordinator_node', '/', parameters,
                       plan.coordinator_files)


def edge_process(plan: FleetPlan, robots: Tuple[str, ...], number: int = 1,
                 of: int = 1) -> ProcessSpec:
    """
    Return the process that hosts some robots.

    A real robot's process stands in the robot's namespace; a process of several simulated robots
    stands in the root namespace and makes a namespace for each.
    """
    parameters = {**_common(plan), 'data_dir': str(Path(plan.data_dir) / 'robots'),
                  **plan.robot_parameters, **plan.edge_parameters}
    if plan.simulate:
        parameters.update(robots=list(robots), pose_source='odom', odom_is_map_pose=True,
                          nice=EDGE_NICE, tick_phase=(number - 1) / of)
        name, namespace, node = ('edge' if of == 1 else f'edge_{number}'), '/', ''
    else:
        check(len(robots) == 1, 'a process on a robot hosts that robot alone')
        name, namespace, node = f'edge_{robots[0]}', f'/{robots[0]}', 'edge'
    return ProcessSpec(name, 'edge_node', namespace, parameters, plan.robot_files, node)


def sim_process(plan: FleetPlan) -> ProcessSpec:
    """Return the process that simulates the robots' bases, lasers, payloads and batteries."""
    parameters = {**_common(plan), 'robot_count': len(plan.robots), 'seed': plan.seed,
                  'truth_path': plan.truth_path, **plan.robot_parameters, **plan.sim_parameters}
    # The simulation is the source of time: it must not wait for itself.
    parameters['use_sim_time'] = False
    return ProcessSpec('sim', 'sim_node', '/', parameters)


def _common(plan: FleetPlan) -> Dict[str, object]:
    """Return the parameters that every node of the fleet has."""
    return {'site_file': str(plan.site_file), 'site_id': plan.site_id,
            'use_sim_time': plan.use_sim_time}


def write_parameters(spec: ProcessSpec, folder: Path) -> str:
    """Write a process's parameters as a ROS parameter file and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f'{spec.name}.yaml'
    content = {'/**': {'ros__parameters': dict(spec.parameters)}}
    path.write_text(yaml.safe_dump(content, sort_keys=True), encoding='utf-8')
    return str(path)


def share_dir() -> Path:
    """Return the folder that holds this package's `config/` and `launch/`."""
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / 'config').is_dir():
        return checkout
    for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep):
        share = Path(prefix) / 'share' / PACKAGE
        if prefix and (share / 'config').is_dir():
            return share
    raise FileNotFoundError(
        f'config/ of {PACKAGE} is neither beside its sources nor in AMENT_PREFIX_PATH: '
        'source the installation (install/setup.bash) first')


def default_site_file() -> str:
    """Return the demo warehouse's site file."""
    return str(share_dir() / 'config' / 'site.yaml')


def one_host_environment(environment: Mapping[str, str],
                         domain: Optional[int] = None) -> Dict[str, str]:
    """
    Return an environment in which a fleet on this machine talks to itself only.

    With Fast DDS that is UDP over 127.0.0.1 by config/fastdds_one_host.xml, which says why; other
    middlewares get ROS's own LOCALHOST range.
    """
    result = dict(environment)
    if domain is not None:
        result['ROS_DOMAIN_ID'] = str(domain)
    for name in ('ROS_LOCALHOST_ONLY', 'ROS_STATIC_PEERS', 'ROS_DISCOVERY_SERVER'):
        result.pop(name, None)
    if 'fastrtps' not in result.get('RMW_IMPLEMENTATION', 'rmw_fastrtps_cpp'):
        result['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
        return result
    profile = share_dir() / 'config' / 'fastdds_one_host.xml'
    if not profile.is_file():
        raise FileNotFoundError(f'{profile} is missing: build the package again')
    result['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'SYSTEM_DEFAULT'
    for name in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'):
        result[name] = str(profile)
    return result
