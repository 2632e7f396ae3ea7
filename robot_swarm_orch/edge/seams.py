# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The robot builder's two seams: what drives the robot, and what handles its load.

Each is a small contract. `motion.Follower` carries out the first by velocity commands; a driver
for Nav2 would hand the same base to a controller server and its limit to the speed filter. The
second stands for a fork, a conveyor or an arm behind `load_command` and `load_state`.

Both must be harmless to call often: the agent calls them every tick, and repeats itself.
"""

from typing import Optional, Protocol

from robot_swarm_orch.edge.base import Base, Progress
from robot_swarm_orch.types import LoadReading, LoadRequest, Motion, Odometry


class MotionDriver(Protocol):
    """Follows the base; owns nothing, decides nothing about where the robot may go."""

    def drive(self, body: Odometry, base: Base, speed_limit_mps: float) -> Motion:
        """
        Follow the base from where the robot is, no faster than the limit; 0 means stop and stand.

        Called once a tick with the pose now [m, rad; map frame]. The base may have grown since,
        or been cut back to where the robot can still stop. Return the velocity to command; a
        driver that moves the robot by other means returns what it is about to do.
        """

    def progress(self, body: Odometry, base: Base) -> Progress:
        """Return how far the robot is along the base, and whether it stands at a node."""


class PayloadDriver(Protocol):
    """Carries out one load action at a time and measures what is on board."""

    def request(self, request: LoadRequest) -> None:
        """Start an action; one whose `action_id` was started before is not started again."""

    def cancel(self, action_id: str) -> None:
        """Stop an action if that can still be done without leaving the load in between."""

    def reading(self) -> Optional[LoadReading]:
        """Return the newest state, None before the first; it names the newest action started."""
