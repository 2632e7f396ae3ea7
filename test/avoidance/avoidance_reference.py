# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What gate and ORCA are to decide, computed another way: all at once by NumPy, tuples for planes.

The product computes one neighbour and one moment after another, and only as far as needed
(`edge/free_ways.py`, `edge/orca.py`). Here every way is laid out in full and held against every
neighbour at every moment, so that nothing is culled. Slower, and for tests alone.
"""

from math import ceil, cos, hypot, sin, sqrt

import numpy as np

from robot_swarm_orch.edge.neighbours import (
    BORN, COS, RADIUS, RATE, REST, SIN, SPEED, X, Y)
from robot_swarm_orch.types import Motion, STANDSTILL

_SHARES = np.array((1.0, 0.7, 0.45, 0.25, 0.1, 0.0))
_STEP_S = 0.05
_STILL_MPS = 1e-3
_BACKWARDS_MPS = -0.02
_EPS = 1e-9


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

    def __init__(self, top_mps, config):
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

    def __init__(self, grid, body, sent, speed, rate, config):
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


def may_be(table, hours_s, config):
    """Return (fwd, lat) (k, n) [m]: where n neighbours may be, so long after their words."""
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


def permitted(ways, table, now_s, gap_m, config):
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


def limit(body, sent, wanted, table, now_s, gap_m, config):
    """Return what `free_gate.Gate.limit` is to return."""
    speed = min(max(0.0, wanted.speed_mps), config.speed_mps)
    rate = min(max(-config.yaw_rate_radps, wanted.yaw_rate_radps), config.yaw_rate_radps)
    top = max(config.speed_mps, abs(body.motion.speed_mps), sent.speed_mps)
    if max(abs(body.motion.speed_mps), speed, sent.speed_mps) <= _STILL_MPS:
        return Motion(0.0, rate)
    good = np.ones(2 * len(_SHARES), dtype=bool)
    if table.shape[1]:
        grid = _Grid(0.1 * ceil(10.0 * top - 1e-9), config)
        good = permitted(Ways(grid, body, sent, speed, rate, config), table, now_s, gap_m, config)
    both = good[:len(_SHARES)] & good[len(_SHARES):]
    if not both.any():
        return STANDSTILL
    share = float(_SHARES[both.argmax()])
    speed *= share
    return Motion(speed if speed > _STILL_MPS else 0.0, (share or 1.0) * rate)


def half_plane(px, py, vx, vy, own_vx, own_vy, reach, horizon_s, apart_s, share):
    """Return the half-plane (nx, ny, c) that one neighbour gives."""
    rvx, rvy = own_vx - vx, own_vy - vy
    far2, reach2 = px * px + py * py, reach * reach
    apart = far2 > reach2
    span = horizon_s if apart else apart_s
    wx, wy = rvx - px / span, rvy - py / span
    w2 = wx * wx + wy * wy
    toward = wx * px + wy * py
    if not apart or (toward < 0.0 and toward * toward > reach2 * w2):
        # Nearest to the disc that truncates the velocity obstacle.
        w = sqrt(w2)
        nx, ny = (wx / w, wy / w) if w > _EPS else (1.0, 0.0)
        change = reach / span - w
    else:
        # Nearest to a leg: the normal is the leg turned away from the obstacle by a right angle.
        leg = sqrt(far2 - reach2)
        side = 1.0 if px * wy >= py * wx else -1.0
        nx = -side * (side * px * reach + py * leg) / far2
        ny = side * (px * leg - side * py * reach) / far2
        change = -(rvx * nx + rvy * ny)
    return nx, ny, own_vx * nx + own_vy * ny + share * change


def choose_velocity(planes, wanted_x, wanted_y, most_mps):
    """Return the velocity nearest to the wanted one in all half-planes, else the least bad."""
    speed = hypot(wanted_x, wanted_y)
    if speed > most_mps:
        wanted_x, wanted_y = wanted_x * most_mps / speed, wanted_y * most_mps / speed
    best, failed = _optimise(planes, (wanted_x, wanted_y), most_mps, False, (wanted_x, wanted_y))
    if failed == len(planes):
        return best
    return _least_bad(planes, failed, best, most_mps)


def _optimise(planes, aim, most, is_direction, start):
    """Return (velocity, how many half-planes it keeps to before the first that it cannot)."""
    x, y = start
    for number, (nx, ny, level) in enumerate(planes):
        if nx * x + ny * y >= level - _EPS:
            continue
        found = _on_edge(planes, number, aim, most, is_direction)
        if found is None:
            return (x, y), number
        x, y = found
    return (x, y), len(planes)


def _on_edge(planes, number, aim, most, is_direction):
    """Return the best point on the edge of one half-plane inside all before it, None if none."""
    nx, ny, level = planes[number]
    room = most * most - level * level
    if room < 0.0:
        return None
    high = sqrt(room)
    low = -high
    dx, dy = -ny, nx
    for other in range(number):
        ox, oy, wants = planes[other]
        slope, need = ox * dx + oy * dy, wants - level * (ox * nx + oy * ny)
        if abs(slope) < 1e-9:
            if need > _EPS:
                return None
            continue
        at = need / slope
        if slope > 0.0:
            low = max(low, at)
        else:
            high = min(high, at)
        if low > high:
            return None
    along = aim[0] * dx + aim[1] * dy
    if is_direction:
        along = high if along > 0.0 else low
    along = min(max(along, low), high)
    return level * nx + along * dx, level * ny + along * dy


def _least_bad(planes, failed, best, most):
    """Return the velocity whose greatest violation of any half-plane is least."""
    worst = 0.0
    for number in range(failed, len(planes)):
        nx, ny, level = planes[number]
        if level - nx * best[0] - ny * best[1] <= worst + _EPS:
            continue
        # Where this one is violated no less than each before it, go furthest towards it.
        bounds = []
        for ox, oy, wants in planes[:number]:
            bx, by = ox - nx, oy - ny
            length = hypot(bx, by)
            if length > 1e-9:
                bounds.append((bx / length, by / length, (wants - level) / length))
        found, kept = _optimise(bounds, (nx, ny), most, True, (nx * most, ny * most))
        if kept == len(bounds):
            best = found
        worst = level - nx * best[0] - ny * best[1]
    return best


def propose(table, body, wanted, detour_rad, now_s, robot, config):
    """Return the velocity that `orca.propose` is to return."""
    pose, v, w = body.pose, body.motion.speed_mps, body.motion.yaw_rate_radps
    dx, dy = table[X] - pose.x_m, table[Y] - pose.y_m
    far2 = dx * dx + dy * dy
    near = np.flatnonzero(far2 <= config.range_m ** 2)
    near = near[np.argsort(far2[near], kind='stable')[:config.nearest]]
    wish, turn = hypot(*wanted), detour_rad
    for n in near:
        away = hypot(dx[n], dy[n])
        if dx[n] * wanted[0] + dy[n] * wanted[1] > 0.3 * wish * away:
            turn += config.bias_rad * (1.0 - away / config.range_m)
            break
    aim_x = wanted[0] * cos(turn) + wanted[1] * sin(turn)
    aim_y = wanted[1] * cos(turn) - wanted[0] * sin(turn)
    if not len(near):
        return aim_x, aim_y
    c, s, lead = cos(pose.yaw_rad), sin(pose.yaw_rad), config.lead_m
    own = (v * c - lead * w * s, v * s + lead * w * c)
    planes = []
    for n in near:
        nc, ns, speed, rate = table[[COS, SIN, SPEED, RATE], n]
        vx, vy = speed * nc - lead * rate * ns, speed * ns + lead * rate * nc
        age_s = min(min(now_s, table[REST, n]) - table[BORN, n], 1.0)
        reach = table[RADIUS, n] + robot.footprint_radius_m + config.margin_m + 2.0 * lead
        planes.append(half_plane(
            dx[n] + lead * (nc - c) + vx * age_s, dy[n] + lead * (ns - s) + vy * age_s,
            vx, vy, *own, reach, config.horizon_s, 1.0, 1.0 if abs(speed) < 0.03 else 0.5))
    return choose_velocity(planes, aim_x, aim_y, robot.speed_mps)
