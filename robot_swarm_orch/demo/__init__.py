# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
`swarm demo`: a whole fleet in real time on one machine, faults included, judged from outside.

Reading order: `options` (what was asked), `timeline` (when what happens), `orders` (the client),
`observation` (what was heard), `truth` (what really happened), `report` (the verdict), `plot`,
and `run`, which drives them. Nothing here imports ROS: `nodes/demo_client.py` speaks it.
"""
