# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Robots and judges for tests of avoidance.

Drivers: `pushing` robots drive straight at their goals and leave all to the gate; a `Bully` obeys
nothing at all. Gates: the real one, and mutants that each forget one part of the argument.
"""

from dataclasses import dataclass, field
from math import cos, hypot, pi, sin
import random

import numpy as np

from robot_swarm_orch.bench.free_zone import Floor, Scene
from robot_swarm_orch.edge.avoidance import Avoider
from robot_swarm_orch.edge.free_gate import Gate
from robot_swarm_orch.edge.neighbours import BORN, REST
from robot_swarm_orch.sim.network import NetworkOptions
from robot_swarm_orch.types import Motion

MOVES_MPS = 0.01


class OpenGate(Gate):
    """Lets everything through."""

    def limit(self, body, sent, wanted, table, now_s, gap_m):
        """Return what was wanted."""
        return wanted


class FreshGate(Gate):
    """Takes every word for new."""

    def limit(self, body, sent, wanted, table, now_s, gap_m):
        """Forget the ages."""
        table = table.copy()
        table[BORN] = now_s
        return super().limit(body, sent, wanted, table, now_s, gap_m)


class StillGate(Gate):
    """Takes everybody for standing where he was."""

    def limit(self, body, sent, wanted, table, now_s, gap_m):
        """Let nobody's places grow."""
        table = table.copy()
        table[REST] = table[BORN]
        return super().limit(body, sent, wanted, table, now_s, gap_m)


class ForgettingGate(Gate):
    """Thinks that who has been silent for a second is gone."""

    def limit(self, body, sent, wanted, table, now_s, gap_m):
        """Drop old words."""
        return super().limit(body, sent, wanted, table[:, now_s - table[BORN] < 1.0], now_s,
                             gap_m)


class PushingAvoider(Avoider):
    """Wants straight to its goal, whoever is there."""

    def _propose(self, body, wanted, table, now_s):
        """Steer as if it were alone."""
        c, s = cos(body.pose.yaw_rad), sin(body.pose.yaw_rad)
        return self._steer(wanted[0] * c + wanted[1] * s, wanted[1] * c - wanted[0] * s)


class Bully:
    """Drives as fast as it can, and minds nobody."""

    def __init__(self, robot, config, avoidance):
        """Know the limits of the base."""
        self.config = config

    def velocity(self, body, wanted, neighbours, now_s):
        """Return full speed towards the goal."""
        wish = max(hypot(*wanted), 1e-3)
        c, s = cos(body.pose.yaw_rad), sin(body.pose.yaw_rad)
        along = (wanted[0] * c + wanted[1] * s) / wish
        across = (wanted[1] * c - wanted[0] * s) / wish
        return Motion(self.config.speed_mps if along > 0.0 else 0.0,
                      max(-1.0, min(1.0, 2.0 * across)) * self.config.yaw_rate_radps)


def with_gate(gate, avoider=Avoider, bullies=()):
    """Return a maker of avoiders that have this gate; the named robots are bullies."""
    def make(robot, config, avoidance):
        if robot in bullies:
            return Bully(robot, config, avoidance)
        made = avoider(robot, config, avoidance)
        made.gate = gate(config)
        return made
    return make


def duel(seed):
    """Return two robots whose straight ways cross at about the same time."""
    rng = random.Random(seed)
    angle, far = rng.uniform(0.5, pi), 4.0 + rng.uniform(-1.0, 1.0)
    return Scene(f'duel {seed}', ((4.0, 0.0, pi), (far * cos(angle), far * sin(angle),
                                                   angle + pi)),
                 ((-4.0, 0.0), (-4.0 * cos(angle), -4.0 * sin(angle))))


@dataclass
class Blame:
    """What `run_blaming` saw: pairs that touched, and who was at fault."""

    touched: set = field(default_factory=set)
    at_fault: list = field(default_factory=list)  # (time, robot, other, speed)


def run_blaming(scene, network, seed, make_avoider, bullies=(), until_s=15.0, words_s=0.2):
    """
    Run a scene; return who touched whom, and who of those that are no bullies was at fault.

    At fault is who moves, towards the other, when two begin to touch.
    """
    floor = Floor(scene, network, seed, make_avoider=make_avoider, words_s=words_s)
    reach, blame = 2.0 * floor.config.footprint_radius_m, Blame()
    while floor.time_s < until_s:
        floor.advance()
        dx, dy = floor.x - floor.x[:, None], floor.y - floor.y[:, None]
        for i, j in np.argwhere(np.hypot(dx, dy) < reach).tolist():
            if i == j or (i, j) in blame.touched:
                continue
            blame.touched.add((i, j))
            towards = dx[i, j] * np.cos(floor.yaw[i]) + dy[i, j] * np.sin(floor.yaw[i])
            if (floor.robots[i].name not in bullies and floor.speed[i] > MOVES_MPS
                    and towards > 0.0):
                blame.at_fault.append((floor.time_s, i, j, float(floor.speed[i])))
    return blame


def bad_network(loss, delay_s=0.1):
    """Return a network that loses words and delays them at random."""
    return NetworkOptions(delay_s_mean=delay_s, loss_ratio=loss)


def late_network(loss, delay_s=0.1):
    """Return a network that loses words and delays each by the same time."""
    return NetworkOptions(delay_s_min=delay_s, delay_s_mean=0.0, loss_ratio=loss)
