# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0

"""Gate and ORCA decide what their plain computation decides (`avoidance_reference.py`)."""

from dataclasses import replace
from math import cos, inf, pi, sin
import os
from pathlib import Path
import random
import subprocess
import sys

import avoidance_reference as reference
import numpy as np
import pytest

from robot_swarm_orch.bench.free_zone import FREE_ROBOT
from robot_swarm_orch.compiled import IS_COMPILED
from robot_swarm_orch.edge import free_ways, orca
from robot_swarm_orch.edge.avoidance import Avoider
from robot_swarm_orch.edge.free_gate import Gate, may_be
from robot_swarm_orch.edge.neighbours import AvoidanceConfig, Neighbours
from robot_swarm_orch.types import Mode, Motion, Odometry, Peer, Pose, STANDSTILL

NOW_S, GAP_M = 100.0, 0.42
# Late to obey, quick to turn, watched closely: other limits, other numbers of moments.
CONFIGS = (FREE_ROBOT, replace(FREE_ROBOT, actuation_delay_s=0.3, watchdog_s=0.4),
           replace(FREE_ROBOT, speed_mps=1.3, brake_mps2=0.8, yaw_acceleration_radps2=6.0))


def table_of(rng, count, half_m):
    """Return neighbours in a square, some of them long silent, resting, backing or unheard."""
    table = np.zeros((9, count))
    for column in range(count):
        yaw, age = rng.uniform(-pi, pi), rng.choice((0.3, 0.6, 2.0)) * rng.random()
        rest = NOW_S - age + rng.random() if rng.random() < 0.1 else inf
        table[:, column] = (rng.uniform(-half_m, half_m), rng.uniform(-half_m, half_m), cos(yaw),
                            sin(yaw), rng.choice((0.0, 0.5, rng.uniform(-0.1, 0.6))),
                            rng.uniform(-1.5, 1.5), 0.37, NOW_S - age, rest)
        if rng.random() < 0.01:
            table[:, column] = (1e6, 1e6, 1.0, 0.0, 0.0, 0.0, 0.0, -1e9, inf)
    return table


def scene(rng):
    """Return (config, own state, last command, wanted motion, table)."""
    config = rng.choice(CONFIGS)
    own = Motion(rng.choice((0.0, rng.uniform(-0.05, 1.2 * config.speed_mps))),
                 rng.choice((0.0, rng.uniform(-1.5, 1.5))))
    body = Odometry(Pose(rng.uniform(-1.0, 1.0), rng.uniform(-1.0, 1.0), rng.uniform(-pi, pi)),
                    own, NOW_S)
    sent = rng.choice((own, Motion(rng.uniform(0.0, config.speed_mps), rng.uniform(-1.5, 1.5))))
    wanted = Motion(rng.choice((config.speed_mps, rng.uniform(0.0, config.speed_mps))),
                    rng.uniform(-2.0, 2.0))
    return config, body, sent, wanted, table_of(rng, rng.choice((0, 1, 3, 10, 99)),
                                                rng.choice((2.0, 4.0, 10.0)))


def decide(seed, count):
    """Yield scenes, and the gate's and ORCA's decisions in them."""
    rng = random.Random(seed)
    gates, avoiders = ({config: make(config) for config in CONFIGS} for make in (
        Gate, lambda config: Avoider('r', config)))
    for _ in range(count):
        config, body, sent, wanted, table = scene(rng)
        way = (rng.uniform(-0.6, 0.6), rng.uniform(-0.6, 0.6))
        detour_rad = rng.choice((0.0, rng.uniform(-2.0, 2.0)))
        pose, motion = body.pose, body.motion
        proposed = orca.propose(free_ways.packed(table.T), free_ways.packed((
            pose.x_m, pose.y_m, pose.yaw_rad, motion.speed_mps, motion.yaw_rate_radps, *way,
            detour_rad, NOW_S)), avoiders[config]._settings)
        yield ((config, body, sent, wanted, table, way, detour_rad),
               gates[config].limit(body, sent, wanted, table, NOW_S, GAP_M), proposed)


def test_the_gate_decides_as_its_plain_computation():
    """In crowds and in open space, moving and standing; every share comes up."""
    shares = set()
    for (config, body, sent, wanted, table, *_), got, _ in decide(1, 2000):
        due = reference.limit(body, sent, wanted, table, NOW_S, GAP_M, config)
        assert (got.speed_mps, got.yaw_rate_radps) == pytest.approx(
            (due.speed_mps, due.yaw_rate_radps), abs=1e-12), (config, body, sent, wanted, table)
        if wanted.speed_mps > 0.1:
            shares.add(round(got.speed_mps / wanted.speed_mps, 2))
    assert shares == set(free_ways.SHARES)


def test_orca_proposes_as_its_plain_computation():
    """With free ways, blocked ones, and more neighbours than are looked at."""
    free = 0
    for (config, body, _, _, table, way, detour_rad), _, got in decide(2, 2000):
        due = reference.propose(table, body, way, detour_rad, NOW_S, config, AvoidanceConfig())
        assert got == pytest.approx(due, abs=1e-9), (config, body, way, detour_rad, table)
        free += got == pytest.approx(way, abs=1e-9)
    assert 100 < free < 1000


def test_machine_code_and_python_decide_alike():
    """To the last bit, so that a run can be repeated where Numba is missing."""
    if not IS_COMPILED:
        pytest.skip('Numba is missing or turned off: there is no machine code to compare')
    here = ''.join(f'{motion} {proposed}\n' for _, motion, proposed in decide(3, 300))
    script = (f'import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n'
              'from test_same_decision import decide\n'
              'for _, motion, proposed in decide(3, 300): print(motion, proposed)')
    done = subprocess.run([sys.executable, '-c', script], env={
        **os.environ, 'NUMBA_DISABLE_JIT': '1'}, capture_output=True, text=True, check=True)
    assert done.stdout == here


def test_no_decision_has_to_wait_for_a_compiler():
    """What is compiled when an avoider is made fits all tables and numbers that come later."""
    if not IS_COMPILED:
        pytest.skip('Numba is missing or turned off: nothing is compiled')
    avoider, neighbours = Avoider('r1', FREE_ROBOT), Neighbours()
    avoider.listen(0.0)
    kernels = (free_ways.passing, free_ways.place, orca.propose)
    known = [list(kernel.signatures) for kernel in kernels]
    body = Odometry(Pose(0, 0.0, np.float64(0.5)), STANDSTILL, NOW_S)
    for number in range(20):
        avoider.velocity(body, (1, 0.5), neighbours, NOW_S + 0.1 * number)
        neighbours.hear(word(f'r{number}', number), NOW_S + 0.1 * number)
    may_be(neighbours.table, np.ones((1, 20), dtype=int), FREE_ROBOT)
    assert [list(kernel.signatures) for kernel in kernels] == known


def word(robot, x_m):
    """Return what a robot says."""
    return Peer(robot, 1, 1, Mode.AUTOMATIC, Pose(x_m, 1.0, 0.0), Motion(0.1, 0.0), 0.35, (),
                NOW_S)


def test_a_robot_passes_over_its_own_word():
    """In a table that it shares with others, wherever its column is."""
    body = Odometry(Pose(0.0, 0.0, 0.0), STANDSTILL, NOW_S)
    due = None
    for names in (('a', 'b', 'c'), ('me', 'a', 'b', 'c'), ('a', 'me', 'b', 'c'),
                  ('a', 'b', 'c', 'me')):
        avoider, neighbours = Avoider('me', FREE_ROBOT), Neighbours()
        avoider.listen(0.0)
        for name in names:
            neighbours.hear(word(name, 0.0 if name == 'me' else 4.0 + ord(name) - ord('a')), 99.9)
        for _ in range(2):
            got = avoider.velocity(body, (0.5, 0.0), neighbours, NOW_S)
        due = due or got
        assert got == due and got.speed_mps > 0.0


def test_where_neighbours_may_be_is_the_same_for_one_and_for_many():
    """`may_be` of the product, against arrays."""
    rng = random.Random(7)
    for config in CONFIGS:
        table = table_of(rng, 50, 4.0)
        hours_s = np.array([[rng.choice((0.0, 0.1, 2.0, 1e9)) * rng.random() for _ in range(50)]
                            for _ in range(20)])
        for one, other in zip(may_be(table, hours_s, config),
                              reference.may_be(table, hours_s, config)):
            np.testing.assert_allclose(one, other, rtol=1e-12)
