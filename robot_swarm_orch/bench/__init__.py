# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
How fast consensus is, beside an etcd measured in the same way; free zones; routes; traffic.

Reading order: `group.py` (what is measured, and what the benchmark asks of it), `consensus.py`
(the order of the measurements), `etcd.py` (the other group; ours is `nodes/swarm_group.py`),
`figures.py` (percentiles, histograms, bounds), `text.py` (what people read). Avoidance:
`avoidance.py`, over `free_zone.py` (scenes, robots and network in virtual time) and `rvo_scene.py`
(RVO2 in another Python). Routes: `route.py`. Traffic: `traffic_run.py` (the order of things),
`traffic.py` (one seed), `traffic_report.py` (bounds, medians, text), `traffic_peers.py` and
`pibt_run.py` (PIBT in another Python), `traffic_plots.py` over `tracks.py` (pictures);
`contacts.py` and its `ledger.py`. Nothing here imports ROS.
"""
