# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The law behind lock sets: two robots that obey them never touch, on any drawing."""

from hypothesis import assume, given, settings, strategies as st
import numpy as np
import pytest
from robot_swarm_orch.site.lock_sets import (
    close_nodes, lock_sets, point_segment_m, release_distances, segment_segment_m)

CLEARANCE = 1.7


@st.composite
def drawings(draw):
    """Draw nodes that keep the clearance, and some segments between them."""
    cells = draw(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=6,
                          max_size=14, unique=True))
    kept = []
    for x, y in cells:
        if all((x - u) ** 2 + (y - v) ** 2 >= 9 for u, v in kept):
            kept.append((x, y))
    assume(len(kept) >= 3)
    xy = np.asarray(kept) * 0.6
    assert not close_nodes(xy, CLEARANCE)
    pairs = [(a, b) for b in range(len(xy)) for a in range(b)]
    segments = draw(st.lists(st.sampled_from(pairs), min_size=2, max_size=6, unique=True))
    return xy, sorted(segments)


def places_on(xy, arc, count=41):
    """Return points along an arc and their distances from its start."""
    start, end = xy[arc[0]], xy[arc[1]]
    part = np.linspace(0.0, 1.0, count)
    return start + part[:, None] * (end - start), part * np.hypot(*(end - start))


def holds(locks, releases, arc, along):
    """Return what is held at a distance along an arc by who lets go as early as allowed."""
    return {n for n in locks[min(arc), max(arc)]
            if n == arc[1] or along < releases[arc][n]}


@settings(max_examples=120, deadline=None)
@given(drawings())
def test_robots_that_let_go_as_early_as_allowed_never_touch(drawing):
    xy, segments = drawing
    sets, _ = lock_sets(xy, segments, CLEARANCE)
    locks = dict(zip(segments, sets))
    releases = release_distances(xy, segments, sets, CLEARANCE)
    for first in releases:
        points, along = places_on(xy, first)
        for second in releases:
            # The second robot enters its segment, all locks in hand, wherever the first is then.
            whole = set(locks[min(second), max(second)])
            for point, s in zip(points, along):
                if holds(locks, releases, first, s) & whole:
                    continue
                rest = points[along >= s]
                gap = segment_segment_m(rest[:1], rest[-1:], xy[[second[0]]], xy[[second[1]]])
                assert gap[0] >= CLEARANCE - 1e-5
                break


@settings(max_examples=60, deadline=None)
@given(drawings())
def test_everything_but_the_end_is_let_go_by_the_end(drawing):
    xy, segments = drawing
    sets, _ = lock_sets(xy, segments, CLEARANCE)
    for (a, b), at in release_distances(xy, segments, sets, CLEARANCE).items():
        length = float(np.hypot(*(xy[b] - xy[a])))
        assert b not in at
        assert all(0.0 <= s <= length + 1e-9 for s in at.values())


@settings(max_examples=60, deadline=None)
@given(drawings())
def test_a_robot_at_rest_is_clear_of_every_segment_that_does_not_lock_its_node(drawing):
    xy, segments = drawing
    sets, _ = lock_sets(xy, segments, CLEARANCE)
    for (a, b), lock in zip(segments, sets):
        for node in set(range(len(xy))) - set(lock):
            assert point_segment_m(xy[node], xy[a], xy[b]) >= CLEARANCE - 1e-5


def test_distance_between_segments_that_cross_touch_or_miss():
    a = np.asarray([[0.0, 0.0]])
    b = np.asarray([[4.0, 0.0]])
    for c, d, gap in (((2, -1), (2, 1), 0.0), ((2, 1), (2, 3), 1.0), ((5, 0), (7, 0), 1.0),
                      ((0, 2), (4, 2), 2.0), ((7, 4), (9, 9), 5.0)):
        assert segment_segment_m(a, b, np.asarray([c]), np.asarray([d]))[0] == pytest.approx(gap)
