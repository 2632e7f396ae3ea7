# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Notices a pose that jumps: a place where the robot can't be, given where it was a moment ago.

A wrong localisation, or two robots that publish under one name, would make a robot give back
nodes in which its body still is. So a pose further from the one before than the robot could have
driven raises the error bound by the jump: the robot is then LOST, stands, and keeps all that it
holds. Once the poses have been steady for `SETTLE_S`, the new place is believed, and the agent
checks that it lies inside what the robot holds.
"""

from dataclasses import replace
from math import hypot

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.base import wrap_rad
from robot_swarm_orch.types import Odometry

# So long must poses be steady after a jump before they are believed [s].
SETTLE_S = 1.0
# A base may be faster than configured by this factor, and turn by this much between two poses.
_FASTER = 1.5
_TURN_RAD = 0.5
# A robot without poses stands soon, so a gap excuses no more than this [s].
_GAP_S = 2.0


class PoseGate:
    """Watches the poses of one robot."""

    def __init__(self, config: RobotConfig):
        """Know what the robot can do."""
        self.config = config
        self.jump = ''  # what jumped, '' when poses are steady
        self._last = None
        self._doubt_m = 0.0
        self._since_s = 0.0

    def check(self, seen: Odometry) -> Odometry:
        """Return odometry as it came, or with an error bound that makes the robot stand."""
        last = self._last
        if last is None:
            self._last = seen
            return seen
        passed_s = seen.taken_s - last.taken_s
        if passed_s != 0.0:
            self._compare(last, seen, passed_s)
            self._last = seen
        if not self.jump:
            return seen
        return replace(seen, pose_error_m=seen.pose_error_m + self._doubt_m)

    def _compare(self, last, seen, passed_s):
        """Note a jump, or that the poses have been steady for long enough."""
        config = self.config
        # A stamp that goes back says that the clock was set, not how long it took.
        time_s = min(max(passed_s, 2.0 * config.tick_s), _GAP_S)
        speed = max(config.speed_mps, abs(seen.motion.speed_mps), abs(last.motion.speed_mps))
        way_m = hypot(seen.pose.x_m - last.pose.x_m, seen.pose.y_m - last.pose.y_m)
        turn = abs(wrap_rad(seen.pose.yaw_rad - last.pose.yaw_rad))
        rate = max(config.yaw_rate_radps, abs(seen.motion.yaw_rate_radps),
                   abs(last.motion.yaw_rate_radps))
        if (way_m > 2.0 * config.position_error_m + _FASTER * speed * time_s
                or turn > _TURN_RAD + _FASTER * rate * time_s):
            self.jump = (f'its pose jumped by {way_m:.2f} m and {turn:.2f} rad: it stands until '
                         f'the pose is steady for {SETTLE_S:.0f} s')
            self._doubt_m = max(way_m, 2.0 * config.position_error_m + 0.01)
            self._since_s = seen.taken_s
        elif self.jump and passed_s < 0.0:
            self._since_s = seen.taken_s
        elif self.jump and seen.taken_s - self._since_s >= SETTLE_S:
            self.jump = ''
