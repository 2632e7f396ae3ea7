# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which processes make a fleet: one description for the launch files and for the command line.

A `FleetPlan` says what is wanted, `processes` turns it into one `ProcessSpec` per process. The
launch files make ROS launch actions of them; `supervisor.py` starts the same processes where
there is no `ros2 launch`. Nothing here imports ROS.
"""

from dataclasses import dataclass, field, replace
import os
from pathlib import Path
import re
from typing import Dict, FrozenSet, Mapping, Optional, Tuple

from robot_swarm_orch.config import check
from robot_swarm_orch.site import load_site
import yaml

PACKAGE = 'robot_swarm_orch'
PARTICIPANTS_MAX = 119  # of one domain on one host, see config/fastdds_one_host.xml
# When the cores are full, coordinators must not starve, nor must the simulation: it plays the
# robots' hardware, which is never late. So simulated robots' computers step back.
EDGE_NICE = 5
RVIZ_PIXELS, RVIZ_BANNER_M = (1280, 930), 6.0  # its view, and what stands above the site
VIZ_NICE = 10  # drawing is the first thing to give way
GATEWAY_NICE = 2  # what waits for a person or a program gives way to coordinators


LEAN = (('NUMBA_DISABLE_JIT', '1'),)
"""
Variables of processes that plan routes: they go without Numba, unless the environment says 0.

It takes 110 MiB and half a second at each start, and on sites below some 5,000 nodes routes keep
their bound without it (docs/decisions.md).
"""


@dataclass(frozen=True)
class ProcessSpec:
    """One process: what to run, under which name, with which parameters."""

    name: str  # unique in the fleet; names log and parameter files
    executable: str  # an executable of this package, and its module in `nodes/`
    namespace: str  # of the node, '/' or '/<robot>'
    parameters: Mapping[str, object]
    parameter_files: Tuple[str, ...] = ()  # read before `parameters`, which win
    node: str = ''  # the node's name; empty: `name`
    yielding: FrozenSet[str] = frozenset()  # of `parameters`, those that give way to the files
    remappings: Tuple[Tuple[str, str], ...] = ()  # (name in our code, name on this robot)
    environment: Tuple[Tuple[str, str], ...] = ()  # variables that it gets unless they are set
    domain: Optional[int] = None  # ROS domain; None: as the environment says

    @property
    def node_name(self) -> str:
        """Return the node's name."""
        return self.node or self.name

    def arguments(self, parameter_file: str) -> list:
        """Return the ROS arguments that name the node and point to its parameters."""
        arguments = ['--ros-args', '-r', f'__node:={self.node_name}',
                     '-r', f'__ns:={self.namespace}']
        for ours, theirs in self.remappings:
            arguments += ['-r', f'{ours}:={theirs}']
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
    viz: bool = False  # whether a process draws the fleet for RViz and Foxglove
    gateway: bool = False  # whether a process serves the fleet over HTTP
    robot_parameters: Mapping[str, object] = field(default_factory=dict)  # of `RobotConfig`
    edge_parameters: Mapping[str, object] = field(default_factory=dict)
    coordinator_parameters: Mapping[str, object] = field(default_factory=dict)
    sim_parameters: Mapping[str, object] = field(default_factory=dict)
    viz_parameters: Mapping[str, object] = field(default_factory=dict)
    gateway_parameters: Mapping[str, object] = field(default_factory=dict)
    robot_files: Tuple[str, ...] = ()  # parameter files for edge nodes
    coordinator_files: Tuple[str, ...] = ()  # parameter files for coordinators
    sim_files: Tuple[str, ...] = ()  # parameter files for the simulation
    viz_files: Tuple[str, ...] = ()  # parameter files for the drawing
    gateway_files: Tuple[str, ...] = ()  # parameter files for the gateway
    # Names of parameters that nobody asked for by name, so that what a file says goes before them.
    yielding: FrozenSet[str] = frozenset()
    remappings: Tuple[Tuple[str, str], ...] = ()  # of a real robot's topics
    metrics_port: int = 0  # of the first process, counted up from there; 0: no endpoints
    log_format: str = ''  # text or json; empty: as the parameter's default
    domain: Optional[int] = None  # ROS domain of all its processes; None: as the environment says

    def __post_init__(self):
        """Check what would only fail later, in some process."""
        check(self.robots_per_process >= 1,
              f'robots_per_process is {self.robots_per_process}: it must be at least 1')
        check(bool(self.robots or self.coordinators or self.viz or self.gateway),
              'a fleet needs robots or coordinators')
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
    if plan.viz:
        specs += (viz_process(plan),)
    if plan.gateway:
        specs += (gateway_process(plan),)
    check(len(specs) < PARTICIPANTS_MAX,
          f'{len(specs)} processes are more than one host has ports for '
          f'({PARTICIPANTS_MAX}): host more robots in each')
    if plan.domain is not None:
        specs = tuple(replace(spec, domain=plan.domain) for spec in specs)
    return with_metrics(specs, plan.metrics_port)


def with_metrics(specs: Tuple[ProcessSpec, ...], first_port: int) -> Tuple[ProcessSpec, ...]:
    """Return the processes with a Prometheus endpoint each, from a port on; as they are for 0."""
    if not first_port:
        return specs
    check(1024 <= first_port <= 65536 - len(specs),
          f'metrics_port {first_port} leaves no room for {len(specs)} processes: choose one of '
          f'1024 to {65536 - len(specs)}')
    return tuple(replace(spec, parameters={**spec.parameters, 'metrics_port': first_port + index})
                 for index, spec in enumerate(specs))


def scrape_targets(specs: Tuple[ProcessSpec, ...], address: str = '127.0.0.1') -> list:
    """Return the endpoints of a fleet as Prometheus's file_sd_configs reads them (JSON)."""
    return [{'targets': [f'{address}:{spec.parameters["metrics_port"]}'],
             'labels': {'process': spec.name}}
            for spec in specs if spec.parameters.get('metrics_port')]


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
                       plan.coordinator_files, yielding=plan.yielding, environment=LEAN)


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
        on_pose = bool(plan.sim_parameters.get('wheel_odometry'))
        parameters.update(robots=list(robots), pose_source='pose' if on_pose else 'odom',
                          odom_is_map_pose=not on_pose, nice=EDGE_NICE,
                          tick_phase=(number - 1) / of)
        name, namespace, node = ('edge' if of == 1 else f'edge_{number}'), '/', ''
    else:
        check(len(robots) == 1, 'a process on a robot hosts that robot alone')
        name, namespace, node = f'edge_{robots[0]}', f'/{robots[0]}', 'edge'
    return ProcessSpec(name, 'edge_node', namespace, parameters, plan.robot_files, node,
                       plan.yielding, () if plan.simulate else plan.remappings,
                       LEAN)


def sim_process(plan: FleetPlan) -> ProcessSpec:
    """Return the process that simulates the robots' bases, lasers, payloads and batteries."""
    parameters = {**_common(plan), 'robot_count': len(plan.robots), 'seed': plan.seed,
                  'truth_path': plan.truth_path, **plan.robot_parameters, **plan.sim_parameters}
    # The simulation is the source of time: it must not wait for itself.
    parameters.update(use_sim_time=False, publish_clock=plan.use_sim_time)
    return ProcessSpec('sim', 'sim_node', '/', parameters, plan.sim_files,
                       yielding=plan.yielding - {'use_sim_time'})


def viz_process(plan: FleetPlan) -> ProcessSpec:
    """Return the process that draws the fleet for RViz and Foxglove."""
    parameters = {**_common(plan), 'nice': VIZ_NICE, **plan.viz_parameters}
    return ProcessSpec('viz', 'viz_node', '/', parameters, plan.viz_files,
                       yielding=plan.yielding)


def gateway_process(plan: FleetPlan) -> ProcessSpec:
    """Return the process that serves the fleet over HTTP."""
    parameters = {**_common(plan), 'nice': GATEWAY_NICE, **plan.gateway_parameters}
    return ProcessSpec('gateway', 'gateway_node', '/', parameters, plan.gateway_files,
                       yielding=plan.yielding)


def _common(plan: FleetPlan) -> Dict[str, object]:
    """Return the parameters that every node of the fleet has."""
    common = {'site_file': str(plan.site_file), 'site_id': plan.site_id,
              'use_sim_time': plan.use_sim_time}
    if plan.log_format:
        common['log_format'] = plan.log_format
    return common


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


def rviz_config(site_id: str, folder: Path, site_file: str = '') -> str:
    """
    Return the path of an RViz configuration for a site, written into a folder.

    It is config/fleet.rviz, which shows the demo warehouse, with the topics of that site id, and
    looking down on the whole site of `site_file`, if one is named.
    """
    text = (share_dir() / 'config' / 'fleet.rviz').read_text(encoding='utf-8')
    text = text.replace('/fleet/warehouse/', f'/fleet/{site_id}/')
    if site_file:
        x0, y0, x1, y1 = load_site(site_file).bounds
        wide_m, high_m = x1 - x0, y1 - y0 + 2.0 * RVIZ_BANNER_M
        scale = min(pixels / metres for pixels, metres in zip(RVIZ_PIXELS, (wide_m, high_m)))
        for name, value in (('X', 0.5 * (x0 + x1)), ('Y', 0.5 * (y0 + y1) + 0.5 * RVIZ_BANNER_M),
                            ('Scale', scale)):
            text = re.sub(rf'(?m)^      {name}: .*$', f'      {name}: {value:.3f}', text)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f'{site_id}.rviz'
    path.write_text(text, encoding='utf-8')
    return str(path)


def one_host_environment(environment: Mapping[str, str],
                         domain: Optional[int] = None, apart: bool = False) -> Dict[str, str]:
    """
    Return an environment in which a fleet on this machine talks to itself only.

    With Fast DDS that is UDP over 127.0.0.1 by config/fastdds_one_host.xml, which says why; other
    middlewares get ROS's own LOCALHOST range. `apart` is for processes in network namespaces of
    their own, which see nothing else: UDP over all that they have.
    """
    result = dict(environment)
    if domain is not None:
        result['ROS_DOMAIN_ID'] = str(domain)
    for name in ('ROS_LOCALHOST_ONLY', 'ROS_STATIC_PEERS', 'ROS_DISCOVERY_SERVER'):
        result.pop(name, None)
    if 'fastrtps' not in result.get('RMW_IMPLEMENTATION', 'rmw_fastrtps_cpp'):
        result['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'SUBNET' if apart else 'LOCALHOST'
        return result
    profile = share_dir() / 'config' / (
        'fastdds_namespaces.xml' if apart else 'fastdds_one_host.xml')
    if not profile.is_file():
        raise FileNotFoundError(f'{profile} is missing: build the package again')
    result['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'SYSTEM_DEFAULT'
    for name in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'):
        result[name] = str(profile)
    return result
