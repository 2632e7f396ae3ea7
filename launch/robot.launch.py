# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""On a robot: its edge node. `ros2 launch robot_swarm_orch robot.launch.py robot_id:=r001`."""

from robot_swarm_orch.bringup import FleetPlan
from robot_swarm_orch.nodes.launch_actions import (
    common_of, DATA_DIR, data_dir_of, described, files_of, remappings_of, truth_of)

TOPICS = ('pose', 'odom', 'scan', 'cmd_vel')
ARGUMENTS = {
    'robot_id': ('', 'id of this robot, which is the namespace of its topics; empty: the '
                 'namespace pushed by the launch file that includes this one'),
    'pose_source': ('tf', 'where the pose in the map comes from: tf, or pose '
                    '(PoseWithCovarianceStamped, as of AMCL)'),
    'pose_topic': ('pose', 'the pose for pose_source:=pose; amcl_pose for AMCL'),
    'odom_topic': ('odom', 'odometry of the base'),
    'scan_topic': ('scan', 'scan of the laser'),
    'cmd_vel_topic': ('cmd_vel', 'where velocities go; the base must stop when it falls silent'),
    'cmd_vel_stamped': ('true', 'cmd_vel is a TwistStamped; false: a Twist'),
    'data_dir': DATA_DIR,
}


def plan(given):
    """Return the plan: one robot, no coordinators."""
    return FleetPlan(
        **common_of(given), robots=(given['robot_id'],), coordinators=(),
        data_dir=data_dir_of(given), robot_files=files_of(given, 'params_file'),
        remappings=remappings_of(given, TOPICS),
        edge_parameters={'pose_source': given['pose_source'],
                         'cmd_vel_stamped': truth_of(given, 'cmd_vel_stamped')})


def generate_launch_description():
    """Return the launch description."""
    return described(ARGUMENTS, plan)
