# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The fleet as shapes to look at, without ROS: what `nodes/viz_node.py` publishes for RViz.

Reading order: `shapes.py` (the vocabulary), `alarms.py` (what a person must see), `paths.py` (from
roadmap nodes to lines and dots), `scene.py` (the fleet as it is now), `roadmap.py` (what stands
still), `stage.py` (what a viewer makes of a stream of shapes) and `picture.py` (drawn as a file).
"""
