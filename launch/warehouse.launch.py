# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A simulated warehouse: `ros2 launch robot_swarm_orch warehouse.launch.py robots:=100`."""

from robot_swarm_orch.bringup import simulated_fleet
from robot_swarm_orch.nodes.launch_actions import (
    common_of, count_of, described, files_of, fresh_dir, gateway_of,
    GATEWAY_OPTION, names_of)

ARGUMENTS = {
    'robots': ('10', 'how many robots there are'),
    'robots_per_process': ('50', 'at most so many in one edge node; 1 is a process a robot'),
    'voters': ('c1,c2,c3', 'ids of the coordinators, separated by commas; one, three or five'),
    'seed': ('1', 'seed of the simulation'),
    'truth_path': ('', 'file that gets what really happened, as JSON lines; empty: none'),
    'robot_params_file': ('', 'parameter file of the edge nodes, see config/robot.yaml; empty: '
                          'none'),
    'coordinator_params_file': ('', 'parameter file of the coordinators, see '
                                'config/coordinator.yaml; empty: none'),
    'data_dir': ('', 'where logs and journals go; empty: a new temporary folder. A simulation '
                 'starts anew, so an older log would not fit it'),
    **GATEWAY_OPTION,
}


def plan(given):
    """Return the plan: simulation, robots and coordinators."""
    common = common_of(given)
    # Robots are placed on this site: no parameter file may name another.
    common['yielding'] -= {'site_file'}
    return simulated_fleet(
        common.pop('site_file'), count_of(given, 'robots'), **common, **gateway_of(given),
        robots_per_process=count_of(given, 'robots_per_process'),
        coordinators=names_of(given, 'voters'), seed=count_of(given, 'seed'),
        truth_path=given['truth_path'], data_dir=given['data_dir'] or fresh_dir(),
        robot_files=files_of(given, 'params_file', 'robot_params_file'),
        coordinator_files=files_of(given, 'params_file', 'coordinator_params_file'),
        sim_files=files_of(given, 'params_file'))


def generate_launch_description():
    """Return the launch description."""
    return described(ARGUMENTS, plan)
