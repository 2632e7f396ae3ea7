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

from math import ceil, isfinite

import numpy as np

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.neighbours import (
    BORN, COS, RADIUS, RATE, REST, SIN, SPEED, X, Y)
from robot_swarm_orch.types import Motion, Odometry, STANDSTILL

# Shares of the wanted motion that are tried, the largest first; then turning only.
_SHARES = np.array((1.0, 0.7, 0.45, 0.25, 0.1, 0.0))
_STEP_S = 0.05
_STILL_MPS = 1e-3
# A robot that was measured to drive backwards faster than this may go anywhere [m/s].
_BACKWARDS_MPS = -0.02


class _Grid:
    """
    The moments at which ways are sampled, and what of them never changes.

    One for each top speed. Rows are ways: each candidate braked at the next tick, then each
    braked by the watchdog; columns are moments. The second moment is not before a command acts.
    """

    __slots__ = ('step_s', 'times_s', 'spans_s', 'held_s', 'over_s', 'slack_m')

    # What each way takes of the wanted speed and yaw rate: turning is tried in full.
    speeds = np.tile(_SHARES, 2)
    rates = np.where(speeds > 0.0, speeds, 1.0)

    def __init__(self, top_mps: float, config: RobotConfig):
        """Cover the time until a robot of this speed stands."""
        rest_s = config.react_s + top_mps / config.brake_mps2
        self.step_s = step = max(_STEP_S, config.actuation_delay_s)
        self.times_s = step * np.arange(ceil(rest_s / step - 1e-9) + 1)
        acts = self.times_s - config.actuation_delay_s
        hold = np.repeat((config.tick_s, config.watchdog_s), len(_SHARES))[:, None]
        self.held_s = np.minimum(np.maximum(acts, 0.0), hold)
        self.over_s = np.maximum(acts - hold, 0.0)
        # A sample speaks for half a step before and after it.
        self.spans_s = (self.times_s + 0.5 * step)[:, None]
        self.slack_m = 0.5 * step * top_mps


class Ways:
    """Where the candidates would take the robot until it stands: arrays (way, moment)."""

    __slots__ = ('grid', 'x_m', 'y_m', 'cos', 'sin', 'moves')

    def __init__(self, grid: _Grid, body: Odometry, sent: Motion, speed: float, rate: float,
                 config: RobotConfig):
        """Sample the ways of all shares of a motion commanded now; `sent` acts until then."""
        self.grid, step, delay = grid, grid.step_s, config.actuation_delay_s
        v = _profile(grid, max(0.0, body.motion.speed_mps), sent.speed_mps,
                     speed * grid.speeds, delay, config.acceleration_mps2,
                     config.brake_mps2)
        turn = config.yaw_acceleration_radps2
        w = _profile(grid, body.motion.yaw_rate_radps, sent.yaw_rate_radps, rate * grid.rates,
                     delay, turn, turn)
        self.moves = v > _STILL_MPS
        yaw = _integral(w, step)
        yaw += body.pose.yaw_rad
        self.cos, self.sin = np.cos(yaw), np.sin(yaw)
        self.x_m, self.y_m = _integral(v * self.cos, step), _integral(v * self.sin, step)
        self.x_m += body.pose.x_m
        self.y_m += body.pose.y_m


def _profile(grid, now, sent, aims, delay, up, down):
    """Return velocities (way, moment): ramped to `sent`, from `delay` on to `aims`, then to 0."""
    at = now + min(max(sent - now, -down * delay), up * delay)
    change = np.minimum(np.maximum((aims - at)[:, None], -down * grid.held_s), up * grid.held_s)
    change += at
    size = np.abs(change)
    size -= down * grid.over_s
    result = np.copysign(np.maximum(size, 0.0, out=size), change, out=size)
    result[:, 0] = now
    return result


def _integral(rates, step):
    """Return the integral from the first moment to each, by the trapezoid rule."""
    result = np.empty_like(rates)
    result[:, 0] = 0.0
    middle = rates[:, 1:] + rates[:, :-1]
    middle *= 0.5 * step
    np.add.accumulate(middle, axis=1, out=result[:, 1:])
    return result


def may_be(table, hours_s, config: RobotConfig):
    """
    Return (fwd, lat) (k, n) [m]: where n neighbours may be, so long after their words.

    The centre is within `lat` of the segment from where it was to `fwd` ahead of it. For the way
    that it drove, laid out straight, ends on that segment, and the turns made on it moved the end
    by no more than the integral of speed times angle. hours_s (k, n) [s], not negative.
    """
    speed, rate = table[SPEED], np.abs(table[RATE])
    start = np.abs(speed)
    top = np.maximum(start, config.speed_mps)
    gain = config.acceleration_mps2
    rising = np.minimum(hours_s, (top - start) / gain)
    gained = gain * rising
    fwd = top * hours_s - (top - start - 0.5 * gained) * rising
    turned = hours_s * hours_s * (
        0.5 * rate + config.yaw_acceleration_radps2 / 6.0 * hours_s)
    lat = np.minimum(fwd, (start + gained) * turned)
    backwards = speed < _BACKWARDS_MPS
    if backwards.any():
        lat = np.where(backwards, fwd, lat)
    return fwd, lat


def permitted(ways: Ways, table, now_s: float, gap_m: float, config: RobotConfig):
    """
    Return which of the ways (n,) obey the rule against all neighbours.

    gap_m: own radius, pose error and margin.
    """
    grid = ways.grid
    ages = np.minimum(now_s + grid.spans_s, table[REST]) - table[BORN]
    fwd, lat = may_be(table, np.maximum(ages, 0.0, out=ages), config)
    dx, dy = table[X] - ways.x_m[:, :, None], table[Y] - ways.y_m[:, :, None]
    ux, uy = table[COS], table[SIN]
    along = dx * ux
    along += dy * uy
    np.negative(along, out=along)
    np.minimum(np.maximum(along, 0.0, out=along), fwd, out=along)
    nearest_x, nearest_y = along * ux, along * uy
    nearest_x += dx
    nearest_y += dy
    nearest_x *= nearest_x
    nearest_y *= nearest_y
    nearest_x += nearest_y
    reach = lat + (table[RADIUS] + (gap_m + grid.slack_m))
    close = nearest_x <= reach * reach
    close &= ways.moves[:, :, None]
    if not close.any():
        return np.ones(len(ways.x_m), dtype=bool)
    # Of all places where the neighbour may be, the furthest ahead: none must be ahead at all.
    cx, cy = ways.cos[:, :, None], ways.sin[:, :, None]
    ahead = np.maximum(0.0, fwd * (ux * cx + uy * cy))
    ahead += lat
    dx *= cx
    ahead += dx
    dy *= cy
    ahead += dy
    close &= ahead > 0.0
    return ~close.any(axis=(1, 2))


class Gate:
    """The gate of one robot; it keeps nothing but what its configuration makes of it."""

    def __init__(self, config: RobotConfig):
        """Work by the limits in `config`, which are those of the fleet too."""
        self.config = config
        self._grids = {}

    def limit(self, body: Odometry, sent: Motion, wanted: Motion, table, now_s: float,
              gap_m: float) -> Motion:
        """
        Return the wanted motion, or as much of it as the rule permits; never more.

        body: own state now; sent: the command that acts until this one does; table (9, n): the
        neighbours (`neighbours.Neighbours.table`) without the robot itself; gap_m: own radius,
        pose error and margin [m]. Backward motion is not permitted.
        """
        config, speed, rate = self.config, wanted.speed_mps, wanted.yaw_rate_radps
        if not (isfinite(speed) and isfinite(rate)):
            return STANDSTILL
        speed = min(max(0.0, speed), config.speed_mps)
        rate = min(max(-config.yaw_rate_radps, rate), config.yaw_rate_radps)
        now_mps = abs(body.motion.speed_mps)
        if max(now_mps, speed, sent.speed_mps) <= _STILL_MPS:
            return Motion(0.0, rate)  # a disc that turns on the spot takes no new room
        top = max(config.speed_mps, now_mps, sent.speed_mps)
        table = table[:, self._near(table, body.pose, top, now_s, gap_m)]
        if not table.shape[1]:
            return Motion(speed, rate)
        ways = Ways(self._grid(top), body, sent, speed, rate, config)
        good = permitted(ways, table, now_s, gap_m, config)
        both = good[:len(_SHARES)] & good[len(_SHARES):]
        if not both.any():
            return STANDSTILL
        share = float(_SHARES[both.argmax()])
        speed *= share
        # What counts as standing above must stand.
        return Motion(speed if speed > _STILL_MPS else 0.0, (share or 1.0) * rate)

    def _near(self, table, pose, top_mps, now_s, gap_m):
        """Return the columns of the neighbours that could matter before the robot stands."""
        config = self.config
        rest_s = config.react_s + top_mps / config.brake_mps2 + 2.0 * _STEP_S
        dx, dy = table[X] - pose.x_m, table[Y] - pose.y_m
        reach = np.minimum(now_s + rest_s, table[REST]) - table[BORN]
        reach *= np.maximum(np.abs(table[SPEED]), config.speed_mps)
        np.maximum(reach, 0.0, out=reach)
        reach += table[RADIUS] + (gap_m + top_mps * rest_s)
        return np.flatnonzero(dx * dx + dy * dy <= reach * reach)

    def _grid(self, top_mps):
        """Return the grid for a top speed, rounded up."""
        tenths = ceil(10.0 * top_mps - 1e-9)
        found = self._grids.get(tenths)
        if found is None:
            found = self._grids[tenths] = _Grid(0.1 * tenths, self.config)
        return found
