# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
How fast consensus is, beside an etcd that is measured in the same way; and free zones.

Reading order: `group.py` (what is measured, and what the benchmark asks of it), `consensus.py`
(the order of the measurements), `etcd.py` (the other group; ours is `nodes/swarm_group.py`),
`figures.py` (percentiles, histograms, bounds), `text.py` (what people read). Avoidance:
`avoidance.py`, over `free_zone.py` (scenes, robots and network in virtual time) and `rvo_scene.py`
(RVO2 in another Python). Nothing here imports ROS.
"""
