# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""On one of the coordinators' machines: its node. All of them get the same `voters`."""

from robot_swarm_orch.bringup import FleetPlan
from robot_swarm_orch.config import check
from robot_swarm_orch.nodes.launch_actions import (
    common_of, DATA_DIR, data_dir_of, described, files_of, names_of)

ARGUMENTS = {
    'node_id': ('c1', 'id of this coordinator, one of voters'),
    'voters': ('c1,c2,c3', 'ids of all coordinators, separated by commas; three or five'),
    'cluster_id': ('main', 'names the log; choose another one when a backup is restored'),
    'data_dir': DATA_DIR,
}


def plan(given):
    """Return the plan: one of the coordinators, no robots."""
    voters = names_of(given, 'voters')
    check(given['node_id'] in voters, f'node_id:={given["node_id"]} is not among the voters '
          f'{", ".join(voters)}')
    return FleetPlan(
        **common_of(given), coordinators=voters, start_coordinators=(given['node_id'],),
        cluster_id=given['cluster_id'], data_dir=data_dir_of(given),
        coordinator_files=files_of(given, 'params_file'))


def generate_launch_description():
    """Return the launch description."""
    return described(ARGUMENTS, plan)
