# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The arithmetic of the gate of free zones: own ways to standstill, and where neighbours may be.

`free_gate.py` has the rule and the argument that rests on it. Each neighbour is looked at only if
it could matter before the robot stands, and each way only until it meets one. A word is one
column of `neighbours.Neighbours.table`: x, y, cos, sin, speed, yaw rate, radius, born, rest.

All is machine code where Numba is installed (`compiled.py`). Bringing that in takes long, so
`free_gate.Gate` imports this module when one is made. Nothing here is taken from other files:
compiled code that lies on disk is made anew when this file has changed, not when another has.
"""

from math import ceil, copysign, cos, sin

import numpy as np

from robot_swarm_orch.compiled import compiled, IS_COMPILED

# What `passing` takes of a `RobotConfig`, in this order.
LIMITS = ('speed_mps', 'acceleration_mps2', 'brake_mps2', 'yaw_acceleration_radps2',
          'actuation_delay_s', 'tick_s', 'watchdog_s', 'react_s')
# Shares of the wanted motion that are tried, the largest first; then turning only.
SHARES = (1.0, 0.7, 0.45, 0.25, 0.1, 0.0)
STEP_S = 0.05
STILL_MPS = 1e-3
# A robot that was measured to drive backwards faster than this may go anywhere [m/s].
_BACKWARDS_MPS = -0.02


def packed(values):
    """Return numbers as compiled functions take them fastest: C-contiguous, or else lists."""
    values = np.ascontiguousarray(values, dtype=float)
    return values if IS_COMPILED else values.tolist()


@compiled
def place(speed, rate, hours_s, top_mps, gain_mps2, turn_radps2):
    """
    Return (fwd, lat) [m]: where a neighbour may be, so long after its word.

    As `free_gate.may_be`, which says why. speed, rate: as it said; then the limits of every robot.
    """
    start, rate = abs(speed), abs(rate)
    top = max(start, top_mps)
    rising = min(hours_s, (top - start) / gain_mps2)
    gained = gain_mps2 * rising
    fwd = top * hours_s - (top - start - 0.5 * gained) * rising
    if speed < _BACKWARDS_MPS:
        return fwd, fwd
    turned = hours_s * hours_s * (0.5 * rate + turn_radps2 / 6.0 * hours_s)
    return fwd, min(fwd, (start + gained) * turned)


@compiled
def _near(words, x, y, top_mps, rest_s, now_s, gap_m, speed_mps):
    """Return the numbers of the words of those that could matter before the robot stands."""
    found = [0 for _ in range(0)]  # typed, and empty
    way_m = gap_m + top_mps * rest_s
    for number in range(len(words)):
        word = words[number]
        dx, dy = word[0] - x, word[1] - y
        reach = (min(now_s + rest_s, word[8]) - word[7]) * max(abs(word[4]), speed_mps)
        reach = max(reach, 0.0) + (word[6] + way_m)
        if not dx * dx + dy * dy > reach * reach:  # what is no number counts as near
            found.append(number)
    return found


@compiled
def _velocity(start, aim, held_s, over_s, up, down):
    """Return a velocity that was ramped from `start` to `aim` for a time, then to 0."""
    change = min(max(aim - start, -down * held_s), up * held_s) + start
    return copysign(max(abs(change) - down * over_s, 0.0), change)


@compiled
def _meets(near, zones, moment, x, y, c, s):
    """Return whether a neighbour may be in reach of (x, y), and ahead, at a moment."""
    at = moment * len(near)
    for other_x, other_y, ux, uy in near:
        fwd, lat, reach, far2 = zones[at]
        at += 1
        dx, dy = other_x - x, other_y - y
        if dx * dx + dy * dy > far2:
            continue  # it cannot get here
        along = min(max(-(dx * ux + dy * uy), 0.0), fwd)
        off_x, off_y = along * ux + dx, along * uy + dy
        if off_x * off_x + off_y * off_y > reach * reach:
            continue
        # Of all places where the neighbour may be, the furthest ahead: none must be ahead at all.
        ahead = max(0.0, fwd * (ux * c + uy * s)) + lat + dx * c + dy * s
        if not ahead <= 0.0:
            return True
    return False


@compiled
def _is_clear(near, zones, state, start_v, start_w, speed, rate, hold_s, step_s, limits):
    """Return whether the way of a motion that is held, then braked, obeys the rule."""
    x, y, yaw, v, w = state[0], state[1], state[2], max(0.0, state[3]), state[4]
    _, up, down, turn, delay_s, _, _, _ = limits
    half_s, c, s = 0.5 * step_s, cos(yaw), sin(yaw)
    turned = went_x = went_y = 0.0
    for moment in range(len(zones) // len(near)):
        if moment:
            acts_s = step_s * moment - delay_s
            held_s, over_s = min(max(acts_s, 0.0), hold_s), max(acts_s - hold_s, 0.0)
            before_x, before_y, before_w = v * c, v * s, w
            v = _velocity(start_v, speed, held_s, over_s, up, down)
            w = _velocity(start_w, rate, held_s, over_s, turn, turn)
            turned += (w + before_w) * half_s
            c, s = cos(turned + yaw), sin(turned + yaw)
            went_x += (v * c + before_x) * half_s
            went_y += (v * s + before_y) * half_s
        if v > STILL_MPS and _meets(near, zones, moment, went_x + x, went_y + y, c, s):
            return False
    return True


@compiled
def passing(words, state, limits):
    """
    Return the greatest of `SHARES` of a motion that the rule permits, or -1 for not even none.

    words: of n others (n, 9); state: own x, y, yaw, speed, yaw rate [m, rad, m/s, rad/s; map
    frame], speed and yaw rate of the command that acts until this one does, speed and yaw rate
    wanted, time [s], own radius, pose error and margin together [m]; limits: see `LIMITS`. Of a
    share 0, turning is in full.

    Ways are sampled; a sample speaks for half a step before and after it. The second moment is
    not before a command acts.
    """
    x, y, _, now_v, now_w, sent_v, sent_w, speed, rate, now_s, gap_m = state
    speed_mps, up, down, turn, delay_s, tick_s, watchdog_s, react_s = limits
    top, step_s = max(max(speed_mps, abs(now_v)), sent_v), max(STEP_S, delay_s)
    found = _near(words, x, y, top, react_s + top / down + 2.0 * step_s, now_s, gap_m, speed_mps)
    if not len(found):
        return 1.0
    near = [(words[n][0], words[n][1], words[n][2], words[n][3]) for n in found]
    top = 0.1 * ceil(10.0 * top - 1e-9)
    moments = int(ceil((react_s + top / down) / step_s - 1e-9)) + 1
    zones = [(0.0, 0.0, 0.0, 0.0) for _ in range(0)]  # (moment, neighbour), one after another
    for moment in range(moments):
        until_s = now_s + (step_s * moment + 0.5 * step_s)
        for n in found:
            hours_s = max(min(until_s, words[n][8]) - words[n][7], 0.0)
            fwd, lat = place(words[n][4], words[n][5], hours_s, speed_mps, up, turn)
            reach = lat + (words[n][6] + (gap_m + 0.5 * step_s * top))
            zones.append((fwd, lat, reach, (fwd + reach) * (fwd + reach)))
    now_v = max(0.0, now_v)
    start_v = now_v + min(max(sent_v - now_v, -down * delay_s), up * delay_s)
    start_w = now_w + min(max(sent_w - now_w, -turn * delay_s), turn * delay_s)
    for share in SHARES:
        part, spin = share * speed, share * rate if share > 0.0 else rate
        # Braked at the next tick, or by the watchdog.
        if (_is_clear(near, zones, state, start_v, start_w, part, spin, tick_s, step_s, limits)
                and _is_clear(near, zones, state, start_v, start_w, part, spin, watchdog_s,
                              step_s, limits)):
            return share
    return -1.0
