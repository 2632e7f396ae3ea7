# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
`swarm demo` and `swarm chaos`: a whole fleet in real time on one machine, judged from outside.

Reading order: `options` (what was asked), `timeline` (when what happens), `chaos` (scenarios, as
schedules), `orders` (the client), `faults` (how the fleet is harmed; `namespaces` and `operator`
help), `observation` (what was heard), `truth` (what really happened), `evidence` (all of it),
`fault_judges` and `report` (the verdict), `plot`, and `run`, which drives them. Nothing here
imports ROS: `nodes/demo_client.py` and `nodes/late_words.py` speak it.
"""
