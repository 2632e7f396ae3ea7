# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
How fast consensus is, beside an etcd that is measured in the same way.

Reading order: `group.py` (what is measured, and what the benchmark asks of it), `consensus.py`
(the order of the measurements), `etcd.py` (the other group; ours is `nodes/swarm_group.py`),
`figures.py` (percentiles, histograms, bounds), `text.py` (what people read). Nothing here imports
ROS.
"""
