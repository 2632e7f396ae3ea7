# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A simulated warehouse, without ROS: the world, its judges, and whole fleets in virtual time.

`verify.py` runs whole fleets under faults, from one seed each (docs/verification.md).
`world.py` moves robots, `checks.py` judges what happened and knows nothing of the code under test,
`ghost.py` says what robots could do if they drove through each other, `orders.py` hands in work,
`disk.py` loses power, fills up and fails under the coordinators' logs, and `cluster.py` runs real
agents and real coordinators on a simulated clock, network and disk.
"""
