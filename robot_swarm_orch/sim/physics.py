# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The ways in which simulated bases may move, by name (`bodies.py` says what each offers)."""

from robot_swarm_orch.sim.bodies import KinematicBodies


def _mujoco_bodies(*arguments):
    """Return bodies whose wheels roll and slip; ConfigError where MuJoCo is missing."""
    from robot_swarm_orch.sim.mujoco_bodies import MujocoBodies
    return MujocoBodies(*arguments)


PHYSICS = {'kinematic': KinematicBodies, 'mujoco': _mujoco_bodies}
