# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0

"""ORCA by its defining property, and its linear program against brute force."""

from math import cos, hypot, inf, pi, sin

from hypothesis import assume, given, settings, strategies as st

import numpy as np

from robot_swarm_orch.edge import orca

FAR = st.floats(-6.0, 6.0)
SPEED = st.floats(-1.0, 1.0)
HORIZON_S, PART_S = 4.0, 1.0
SAMPLES = [(0.05 * ring * cos(0.1 * pi * step), 0.05 * ring * sin(0.1 * pi * step))
           for ring in range(21) for step in range(20)]


def half_plane(*of):
    """Ask for a half-plane; machine code is made for floats once."""
    return orca.half_plane(*map(float, of))


def choose_velocity(planes, x, y, most_mps):
    """Choose a velocity; machine code takes half-planes as an array."""
    return orca.choose_velocity(np.array(planes).reshape(-1, 3), float(x), float(y),
                                float(most_mps))


def nearest_m(px, py, rvx, rvy, until_s):
    """Return the least distance from a moving origin to a point within a time."""
    speed2 = rvx * rvx + rvy * rvy
    at = min(max((px * rvx + py * rvy) / speed2, 0.0), until_s) if speed2 > 0.0 else 0.0
    return hypot(px - at * rvx, py - at * rvy)


@given(FAR, FAR, SPEED, SPEED, SPEED, SPEED, SPEED, SPEED, SPEED, SPEED)
@settings(max_examples=500, deadline=None)
def test_two_that_both_obey_their_half_planes_do_not_meet(
        px, py, avx, avy, bvx, bvy, ax, ay, bx, by):
    """Velocities of A and B, each in its ORCA set (van den Berg et al. 2011, section 4)."""
    reach = 0.8
    assume(hypot(px, py) > reach + 1e-3)
    of_a = half_plane(px, py, bvx, bvy, avx, avy, reach, HORIZON_S, PART_S, 0.5)
    of_b = half_plane(-px, -py, avx, avy, bvx, bvy, reach, HORIZON_S, PART_S, 0.5)
    ax, ay = choose_velocity([of_a], ax, ay, 2.0)
    bx, by = choose_velocity([of_b], bx, by, 2.0)
    assume(all(nx * x + ny * y >= level - 1e-6 for (nx, ny, level), x, y in (
        (of_a, ax, ay), (of_b, bx, by))))
    assert nearest_m(px, py, ax - bx, ay - by, HORIZON_S) >= reach - 1e-4


@given(FAR, FAR, SPEED, SPEED, SPEED, SPEED)
@settings(max_examples=300, deadline=None)
def test_the_change_asked_for_is_the_least_that_avoids_the_conflict(px, py, avx, avy, bvx, bvy):
    """The vector u of the paper: taken all upon oneself it reaches the obstacle's edge."""
    reach = 0.8
    assume(hypot(px, py) > reach + 0.1)
    nx, ny, level = half_plane(px, py, bvx, bvy, avx, avy, reach, HORIZON_S, PART_S, 1.0)
    change = level - (avx * nx + avy * ny)
    free = nearest_m(px, py, avx - bvx, avy - bvy, HORIZON_S) >= reach
    assert (change <= 1e-6) == free or abs(change) < 1e-4
    assert abs(hypot(nx, ny) - 1.0) < 1e-9
    if change > 1e-3:
        # A little less of it in the same direction, and the two would still meet.
        less = 0.99 * change - 1e-4
        x, y = avx + less * nx - bvx, avy + less * ny - bvy
        assert nearest_m(px, py, x, y, HORIZON_S) < reach + 1e-6


def test_discs_that_overlap_are_told_to_part():
    """Too near already: the permitted velocities lead away, however both move now."""
    nx, ny, level = half_plane(0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.8, HORIZON_S, PART_S, 1.0)
    assert (nx, ny) == (-1.0, 0.0)
    assert abs(level - 0.3) < 1e-9


PLANE = st.tuples(st.floats(-pi, pi), st.floats(-1.2, 1.2)).map(
    lambda one: (cos(one[0]), sin(one[0]), one[1]))


def violation(planes, x, y):
    """Return by how much a velocity breaks the worst half-plane."""
    return max((level - nx * x - ny * y for nx, ny, level in planes), default=-inf)


@given(st.lists(PLANE, max_size=8), SPEED, SPEED)
@settings(max_examples=200, deadline=None)
def test_the_velocity_chosen_is_the_best_of_all(planes, x, y):
    """Inside all half-planes and nearest to the wanted one; else the least bad; never too fast."""
    fast = max(1.0, hypot(x, y))
    x, y = x / fast, y / fast
    vx, vy = choose_velocity(planes, x, y, 1.0)
    assert hypot(vx, vy) <= 1.0 + 1e-6
    mine = violation(planes, vx, vy)
    assert mine <= max(0.0, min(violation(planes, *one) for one in SAMPLES)) + 1e-5
    if mine <= 1e-7:
        for sx, sy in SAMPLES:
            if violation(planes, sx, sy) <= 0.0:
                assert hypot(vx - x, vy - y) <= hypot(sx - x, sy - y) + 1e-5


def test_without_neighbours_the_wanted_velocity_is_chosen():
    """Only the speed is limited."""
    assert choose_velocity([], 0.3, -0.1, 0.5) == (0.3, -0.1)
    assert choose_velocity([], 3.0, 4.0, 0.5) == (0.3, 0.4)


def test_of_neighbours_as_near_as_each_other_the_first_ones_count():
    """So that the same words give the same motion."""
    words = np.zeros((4, 9))
    words[:, :2] = (0.0, 2.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)
    assert [number for _, number in orca.nearest(words, 0.0, 0.0, 1.5, 2)] == [1, 2]
    assert [number for _, number in orca.nearest(words, 0.0, 0.0, 2.0, 9)] == [1, 2, 3, 0]
