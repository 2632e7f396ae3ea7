# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A gateway: the fleet of a site over HTTP. `ros2 launch robot_swarm_orch gateway.launch.py`."""

from robot_swarm_orch.bringup import FleetPlan
from robot_swarm_orch.nodes.launch_actions import common_of, described, GATEWAY, gateway_of

ARGUMENTS = dict(GATEWAY)


def plan(given):
    """Return the plan: a gateway, no robots, no coordinators."""
    return FleetPlan(**common_of(given), **gateway_of(given), coordinators=(), data_dir='')


def generate_launch_description():
    """Return the launch description."""
    return described(ARGUMENTS, plan)
