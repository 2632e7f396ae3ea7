# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What was asked of a demo."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoOptions:
    """The options of `swarm demo`; the command line gives the defaults and explains them."""

    robots: int = 100
    robots_per_process: int = 50
    coordinators: int = 3
    duration_s: float = 600.0
    seed: int = 1
    faults: str = 'default'
    scenario: str = ''  # of `swarm chaos`, whose faults these are
    out: str = 'swarm-report'
    site_file: str = ''  # empty: the demo warehouse
    domain: int = 77
    start_timeout_s: float = 90.0
    metrics_port: int = 0  # of the first process's Prometheus endpoint; 0: no endpoints
    log_format: str = 'text'
    camera_frames_per_s: float = 0.0  # of all robots together; 0: robots without cameras
    retries_per_s: float = 0.0  # orders that are handed in again at random, each second
    backlog: int = 0  # orders that wait for a robot; 0: max(10, a quarter of the robots)
    trip_m: float = 0.0  # longest way from pick to drop, as the crow flies; 0: any
    handling_s: float = 0.0  # of a pick, and of a drop; 0: as the simulation's default
    physics: str = 'kinematic'  # how bodies move: a name in `sim/physics.py`
