# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The fleet over HTTP: what a warehouse management system and an operator's screen talk to.

No ROS here. `app.py` makes a web application over a `port.FleetPort`; `desk.py` is the port of a
running fleet, over a `radio` that `nodes/gateway_node.py` gives it. To read in this order:
`settings` (what can be chosen), `port` (what a fleet can be asked), `gate` (who may do what, how
often), `shield` (what is no decent request), `orders`, `acts`, `sights`, `streams` (the routes),
`app` (all together).
"""
