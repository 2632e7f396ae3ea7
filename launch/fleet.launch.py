# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
All coordinators, and an edge node for each robot, on one machine.

For a small fleet whose robots' computers only drive motors, and for trying things out. On real
fleets each machine runs `coordinator.launch.py` or `robot.launch.py`.
"""

from robot_swarm_orch.bringup import FleetPlan
from robot_swarm_orch.nodes.launch_actions import (
    common_of, DATA_DIR, data_dir_of, described, files_of, gateway_of, GATEWAY_OPTION,
    names_of)

ARGUMENTS = {
    'robots': ('r001', 'ids of the robots, separated by commas; each gets an edge node'),
    'voters': ('c1,c2,c3', 'ids of the coordinators, separated by commas; one, three or five'),
    'cluster_id': ('main', 'names the log; choose another one when a backup is restored'),
    'pose_source': ('tf', 'where poses in the map come from: tf or pose'),
    'robot_params_file': ('', 'parameter file of the edge nodes, see config/robot.yaml; empty: '
                          'none'),
    'coordinator_params_file': ('', 'parameter file of the coordinators, see '
                                'config/coordinator.yaml; empty: none'),
    'data_dir': DATA_DIR,
    **GATEWAY_OPTION,
}


def plan(given):
    """Return the plan: all coordinators and the robots named."""
    return FleetPlan(
        **common_of(given), **gateway_of(given), robots=names_of(given, 'robots'),
        robots_per_process=1,
        coordinators=names_of(given, 'voters'), cluster_id=given['cluster_id'],
        data_dir=data_dir_of(given),
        robot_files=files_of(given, 'params_file', 'robot_params_file'),
        coordinator_files=files_of(given, 'params_file', 'coordinator_params_file'),
        edge_parameters={'pose_source': given['pose_source']})


def generate_launch_description():
    """Return the launch description."""
    return described(ARGUMENTS, plan)
