# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""On a robot: its edge node. `ros2 launch robot_swarm_orch robot.launch.py robot_id:=r001`."""

from robot_swarm_orch.bringup import FleetPlan
from robot_swarm_orch.nodes.launch_actions import (
    common_of, DATA_DIR, data_dir_of, described, files_of)

ARGUMENTS = {
    'robot_id': ('r001', 'id of this robot, which is the namespace of its topics'),
    'pose_source': ('tf', 'where the pose in the map comes from: tf, or pose '
                    '(PoseWithCovarianceStamped, remap it to amcl_pose for AMCL)'),
    'params_file': ('', 'parameter file of the edge node, see config/robot.yaml; empty: defaults'),
    'data_dir': DATA_DIR,
}


def plan(given):
    """Return the plan: one robot, no coordinators."""
    return FleetPlan(
        **common_of(given), robots=(given['robot_id'],), coordinators=(),
        data_dir=data_dir_of(given), robot_files=files_of(given, 'params_file'),
        edge_parameters={'pose_source': given['pose_source']})


def generate_launch_description():
    """Return the launch description."""
    return described(ARGUMENTS, plan)
