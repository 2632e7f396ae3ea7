# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What physics costs: CPU time for 100 ms of a world, in steps of 20 ms, all robots driving.

    python test/sim/physics_bench.py

Prints the median and the 99th percentile of 300 spans on one core, for each backend.
"""

from time import thread_time

import numpy as np
from robot_swarm_orch.bringup import default_site_file
from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.sim.physics import PHYSICS
from robot_swarm_orch.sim.world import World, WorldOptions
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import Motion

_SPANS, _STEPS, _STEP_S = 300, 5, 0.02
# Robots drive circles of half a metre, so that they stay where they are and always accelerate.
_MOTION = Motion(0.3, 0.6)


def spans_ms(site, robots: int, physics: str, patches: int) -> np.ndarray:
    """Return the CPU time of each span of 100 ms [ms]."""
    world = World(site, site.place_robots(robots), RobotConfig(), 1,
                  WorldOptions(physics=physics, slippery_patches=patches))
    taken = []
    for _ in range(_SPANS):
        for robot in range(robots):
            world.command(robot, _MOTION)
        began = thread_time()
        for _ in range(_STEPS):
            world.step(_STEP_S)
        taken.append(1e3 * (thread_time() - began))
    return np.array(taken)


def main() -> None:
    """Print a line for each backend and number of robots."""
    site = load_site(default_site_file())
    for robots in (1, 20, 100):
        for physics in sorted(PHYSICS):
            taken = spans_ms(site, robots, physics, 400 if physics == 'mujoco' else 0)
            middle, late = np.percentile(taken, (50, 99))
            print(f'{robots:4} robots  {physics:10} {middle:7.2f} ms median, {late:7.2f} ms p99, '
                  f'{100.0 / middle:6.0f} times real time')


if __name__ == '__main__':
    main()
