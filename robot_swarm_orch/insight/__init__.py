# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a person asks of a running fleet: why does it stand, what is wrong here, how does it do.

`picture.py` holds what was heard, as plain values. `why.py` explains robots and `orders.py` orders
in a sentence, `doctor.py` checks machine and fleet, `top.py` draws the table. `machine.py` reads
the machine. None of it knows ROS; `nodes/lookout.py` fills the picture.
"""
