# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A free-zone scene driven by RVO2 (`pyrvo`, PyPI), by perfect data and without any kinematics.

Run by a Python that has pyrvo and nothing of this package: `PYTHON rvo_scene.py < scene.json`, one
JSON object in, one out. In: starts, goals [[x, y], ...] [m], radius_m, speed_mps, horizon_s,
range_m, nearest, step_s, until_s, arrived_m, seed. Out: version, step_s (each `do_step` [s]),
arrived_s, least_gap_m, contacts.
"""

import importlib.metadata
import json
from math import cos, dist, hypot, pi, sin
import random
import sys
import time

# Without a small push aside, all robots of a symmetric scene stop each other for ever; this share
# of the speed suffices, a hundredth of it does not.
_PUSH_SHARE = 0.04
# RVO2 lets discs touch; what is closer than this by rounding is no contact [m].
_ROUNDING_M = 0.001


def main() -> int:
    """Read a scene, run it, write what came of it."""
    import pyrvo  # of the environment that runs this file
    scene = json.load(sys.stdin)
    horizon, radius, speed = scene['horizon_s'], scene['radius_m'], scene['speed_mps']
    simulator = pyrvo.RVOSimulator(scene['step_s'], scene['range_m'], scene['nearest'], horizon,
                                   horizon, radius, speed)
    for start in scene['starts']:
        simulator.add_agent(tuple(start))
    print(json.dumps({'version': importlib.metadata.version('pyrvo'), **run(simulator, scene)}))
    return 0


def run(simulator, scene: dict) -> dict:
    """Step a scene until all have arrived or its time is over."""
    rng, goals, step_s = random.Random(scene['seed']), scene['goals'], scene['step_s']
    steps, arrived, least, touching, contacts = [], {}, float('inf'), set(), 0
    now = 0.0
    while now < scene['until_s'] and len(arrived) < len(goals):
        for number, goal in enumerate(goals):
            x, y = simulator.get_agent_position(number).to_tuple()
            dx, dy = goal[0] - x, goal[1] - y
            away = hypot(dx, dy)
            if away < scene['arrived_m']:
                arrived.setdefault(number, now)
            share = scene['speed_mps'] / max(away, scene['speed_mps'])
            push, turn = _PUSH_SHARE * scene['speed_mps'], rng.uniform(0.0, 2.0 * pi)
            simulator.set_agent_pref_velocity(
                number, (dx * share + push * cos(turn), dy * share + push * sin(turn)))
        started = time.perf_counter()
        simulator.do_step()
        steps.append(time.perf_counter() - started)
        now += step_s
        points = [simulator.get_agent_position(i).to_tuple() for i in range(len(goals))]
        close = set()
        for i, one in enumerate(points):
            for j in range(i):
                gap = dist(one, points[j]) - 2.0 * scene['radius_m']
                least = min(least, gap)
                if gap < -_ROUNDING_M:
                    close.add((i, j))
        contacts += len(close - touching)
        touching = close
    return {'step_s': steps, 'arrived_s': sorted(arrived.values()), 'least_gap_m': least,
            'contacts': contacts}


if __name__ == '__main__':
    sys.exit(main())
