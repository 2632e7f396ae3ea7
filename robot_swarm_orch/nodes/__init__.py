# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The ROS shell: the only place, with launch/, where ROS is imported.

Reading order: `topics.py` (what is said where), `wire.py` (messages to values and back, with the
refusals), `params.py` (parameters from the configuration classes), `endpoints.py` (how 100 robots
stay cheap), `lifecycle.py` (start, safe stop, end), then the executables: `edge_node.py`,
`coordinator_node.py`, `sim_node.py`, `viz_node.py`.
"""
