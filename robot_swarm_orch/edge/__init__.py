# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What runs on the robot, without ROS: routes, movement authority, motion, safety, tasks.

Read `agent.py` first: `RobotAgent.tick` is the whole flow, top to bottom. Then, in its order:
`stop_latch.py` (the emergency stop), `lease.py` (whose words count, and until when),
`authority.py` (which nodes the robot holds) with `base.py` (what its body touches, how far it may
drive), `task_runner.py` with `journal.py` (what it was told to do, once), `planning.py` (which
way), `motion.py` (how it drives), `peers.py` (who is near), and `safety.py`, the last word.
`seams.py` holds the two contracts of robot builders. Where there is no roadmap: `avoidance.py`
over `neighbours.py` and `orca.py`, and `free_gate.py`, the last word there.
"""
