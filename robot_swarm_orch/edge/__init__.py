# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What runs on the robot, without ROS: routes, movement authority, motion, safety, tasks.

Read `agent.py` first: `RobotAgent.tick` is the whole flow, top to bottom.
"""
