# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The gate of free zones: it has the last word on a velocity, and can only slow it down.

**Rule.** A robot may move only so that, on its way until it would stand if it braked at the next
tick, or if its process died now and the base's watchdog braked, at every moment and for every
neighbour one of three holds: its body keeps clear of all places where the neighbour's body *may*
be by then; or it moves away from all of those places; or it stands. Otherwise a slower motion
along the same curve is tried, and in the end standstill.

Where a neighbour may be follows from its last word and from what every robot is capable of: h
seconds after a word that said pose p, heading u, speed v, yaw rate w, its centre is within
`lat(h)` of the segment from p to p + fwd(h) u, where fwd is the way at full acceleration, and lat
bounds the integral of speed times the angle turned by then. The set includes that it stopped at
once, and only grows with h, which is the age of the word (`neighbours.py`) plus the time until I
stand. So loss and delay make a robot slower, and a neighbour that fell silent is kept clear of
ever more widely, until all stand: what is not known fails towards standstill.

**Why two robots that obey cannot touch.** Suppose A and B touch for the first time at t. Just
before, their distance shrank, so one of them, say A, moved towards the place where B was. A moved
at t on a way that its gate checked at its last passing tick. B's true place at t was among those
that the check took for possible. So at t A was clear of it, moved away from it, or stood: none of
which is so. Nothing is assumed of B but what it is capable of; each answers for its own motion
alone. B may therefore brake, die, stand for ever, or push on blindly up to the fleet's limits, and
still A is not who moves into it; a contact takes one who breaks the rule. Standing is always
allowed, and so is braking: whatever newer words say, the true place of B is among those that the
last passed check had used, so the way to rest that it passed stays good. This is passive safety
(Macek, Vasquez, Fraichard, Siegwart: Towards safe vehicle navigation in dynamic urban scenarios,
Automatika 50, 2009; Bouraine, Fraichard, Salhi: Provably safe navigation for mobile robots with
limited field-of-views in dynamic environments, Autonomous Robots 32, 2012), with moving away
added, since robots that are close would else never get free.

**Assumed**: no robot accelerates, turns or drives faster than `RobotConfig` says, nor backwards,
and each brakes at `brake_mps2` at least; poses are within the stated errors; the promptest words
take at most `delay_s`; what the gate permits is commanded as it is, or standstill; a robot that is
near is expected (`Neighbours.expect`: then all stand until it is heard) or was heard once (robots
listen before they move, and words carry further than any stop). People and things are the
scanner's business.
"""

from math import isfinite

import numpy as np

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.neighbours import RATE, SPEED
from robot_swarm_orch.types import Motion, Odometry, STANDSTILL


def may_be(table, hours_s, config: RobotConfig):
    """
    Return (fwd, lat) (k, n) [m]: where n neighbours may be, so long after their words.

    The centre is within `lat` of the segment from where it was to `fwd` ahead of it. For the way
    that it drove, laid out straight, ends on that segment, and the turns made on it moved the end
    by no more than the integral of speed times angle. hours_s (k, n) [s], not negative.
    """
    from robot_swarm_orch.edge.free_ways import packed, place  # late, as in Gate
    limits = packed((config.speed_mps, config.acceleration_mps2, config.yaw_acceleration_radps2))
    found = [[place(speed, rate, hours, *limits)
              for speed, rate, hours in zip(table[SPEED], table[RATE], row)]
             for row in np.asarray(hours_s, dtype=float)]
    both = np.array(found).reshape(*np.shape(hours_s), 2)
    return both[..., 0], both[..., 1]


class Gate:
    """The gate of one robot; it keeps nothing but what its configuration makes of it."""

    def __init__(self, config: RobotConfig):
        """
        Work by the limits in `config`, which are those of the fleet too.

        The first gate of a process takes long: it brings in Numba, and where the disk has no
        compiled code yet, compiles (`compiled.py`). So gates are made before robots drive.
        """
        from robot_swarm_orch.edge import free_ways
        self.config = config
        self._passing, self._still_mps = free_ways.passing, free_ways.STILL_MPS
        self._packed = packed = free_ways.packed
        self._limits = packed([getattr(config, name) for name in free_ways.LIMITS])
        # Machine code is made at the first call.
        free_ways.passing(packed(np.empty((0, 9))), packed(np.zeros(11)), self._limits)
        free_ways.place(0.0, 0.0, 0.0, 1.0, 1.0, 1.0)

    def limit(self, body: Odometry, sent: Motion, wanted: Motion, table, now_s: float,
              gap_m: float) -> Motion:
        """
        Return the wanted motion, or as much of it as the rule permits; never more.

        body: own state now; sent: the command that acts until this one does; table (9, n): the
        neighbours (`neighbours.Neighbours.table`) without the robot itself; gap_m: own radius,
        pose error and margin [m]. Backward motion is not permitted.
        """
        config, speed, rate = self.config, wanted.speed_mps, wanted.yaw_rate_radps
        pose, now_mps, now_radps = body.pose, body.motion.speed_mps, body.motion.yaw_rate_radps
        if not isfinite(speed + rate + pose.x_m + pose.y_m + pose.yaw_rad + now_mps + now_radps
                        + sent.speed_mps + sent.yaw_rate_radps + now_s + gap_m):
            return STANDSTILL
        speed = min(max(0.0, speed), config.speed_mps)
        rate = min(max(-config.yaw_rate_radps, rate), config.yaw_rate_radps)
        if max(abs(now_mps), speed, sent.speed_mps) <= self._still_mps:
            return Motion(0.0, rate)  # a disc that turns on the spot takes no new room
        state = (pose.x_m, pose.y_m, pose.yaw_rad, now_mps, now_radps, sent.speed_mps,
                 sent.yaw_rate_radps, speed, rate, now_s, gap_m)
        share = self._passing(self._packed(table.T), self._packed(state), self._limits)
        if share < 0.0:
            return STANDSTILL
        speed *= share
        # What counts as standing above must stand.
        return Motion(speed if speed > self._still_mps else 0.0, (share or 1.0) * rate)
