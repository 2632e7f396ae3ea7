# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which nodes of a roadmap must be held to drive a segment, and from where each may be let go.

Two robots, each the circle of radius R + e around its centre, touch only if their centres come
closer than the clearance 2 (R + e). Robots stand at nodes and drive along straight segments, so:

- the lock set of a segment is its two ends and every node closer than the clearance to it;
- two segments that come closer than the clearance without a common lock node get a conflict node
  of their own: a number to hold, with no place where a robot could stand;
- on the way from a to b, a locked node n may be let go from the distance s on, if from there on
  the centre keeps the clearance to n itself and to every segment that locks n but not b.

Why no two bodies touch: let robot 1 enter its segment E (to b) last, with all of E's lock set in
hand, while robot 2 is on F (to d) and so holds d. Then d is not in E's lock set. Whatever E and F
both lock, robot 2 has let go by then, and the third rule for F promises the clearance to E from
there on, because E locks that node but not d. If they lock nothing in common, the second rule
keeps them apart. A robot at rest is the case of a segment that is one point.
"""

from math import inf, sqrt

import numpy as np
from scipy.spatial import cKDTree

# Lengths below this are rounding, not geometry [m].
ROUNDING_M = 1e-6
# As many nodes and crossings may a segment lock beside its ends: with the eight edges that a robot
# asks for (config.RobotConfig.horizon) a report stays short, and one robot closes no whole aisle.
BESIDE_MAX = 6


def point_segment_m(points, starts, ends):
    """
    Return distances between points and segments [m].

    All arguments are arrays (..., 2) that broadcast against each other.
    """
    along = ends - starts
    squared = np.maximum(np.sum(along * along, axis=-1), 1e-18)
    part = np.clip(np.sum((points - starts) * along, axis=-1) / squared, 0.0, 1.0)
    gap = points - (starts + part[..., None] * along)
    return np.hypot(gap[..., 0], gap[..., 1])


def _side(a, b, c):
    """Return twice the signed area of the triangles a, b, c."""
    return ((b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1])
            - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0]))


def segment_segment_m(a, b, c, d):
    """Return distances between segments a-b and c-d [m]; arrays (K, 2) each."""
    ends = np.minimum.reduce([point_segment_m(a, c, d), point_segment_m(b, c, d),
                              point_segment_m(c, a, b), point_segment_m(d, a, b)])
    cross = (_side(a, b, c) * _side(a, b, d) < 0) & (_side(c, d, a) * _side(c, d, b) < 0)
    return np.where(cross, 0.0, ends)


def close_nodes(xy, clearance_m):
    """Return the pairs (a, b) of nodes closer than the clearance, sorted."""
    if len(xy) < 2:
        return []
    return sorted(cKDTree(xy).query_pairs(clearance_m - ROUNDING_M))


def lock_sets(xy, segments, clearance_m):
    """
    Return the lock set of each segment, and where the added conflict nodes lie.

    `xy` is (N, 2) [m]; `segments` are pairs of nodes, each undirected segment once. Conflict
    nodes are numbered from N. Returns a list of sorted tuples and an array (C, 2) [m].
    """
    if not segments:
        return [], np.zeros((0, 2))
    pairs = np.asarray(segments)
    starts, ends = xy[pairs[:, 0]], xy[pairs[:, 1]]
    locks = [set(pair) for pair in segments]
    for index, node in touched(xy, starts, ends, clearance_m):
        locks[index].add(int(node))
    conflicts = []
    for first, second in _meeting(starts, ends, clearance_m):
        if not locks[first] & locks[second]:
            number = len(xy) + len(conflicts)
            locks[first].add(number)
            locks[second].add(number)
            conflicts.append((starts[first] + ends[first] + starts[second] + ends[second]) / 4.0)
    return [tuple(sorted(lock)) for lock in locks], np.asarray(conflicts).reshape(-1, 2)


def touched(xy, starts, ends, near_m):
    """Return (segment, node) for every node nearer than `near_m` to a segment, its ends too."""
    middles = (starts + ends) / 2.0
    reach = np.hypot(*(ends - starts).T) / 2.0 + near_m
    near = cKDTree(xy).query_ball_point(middles, reach)
    index = np.repeat(np.arange(len(starts)), [len(nodes) for nodes in near])
    node = np.concatenate([np.asarray(nodes, dtype=int) for nodes in near])
    close = point_segment_m(xy[node], starts[index], ends[index]) < near_m - ROUNDING_M
    return zip(index[close].tolist(), node[close].tolist())


def _meeting(starts, ends, clearance_m):
    """Return the sorted pairs of segments that come closer than the clearance."""
    longest = float(np.hypot(*(ends - starts).T).max())
    pairs = cKDTree((starts + ends) / 2.0).query_pairs(longest + clearance_m,
                                                       output_type='ndarray')
    if not len(pairs):
        return []
    one, two = pairs[:, 0], pairs[:, 1]
    close = (segment_segment_m(starts[one], ends[one], starts[two], ends[two])
             < clearance_m - ROUNDING_M)
    return sorted(map(tuple, np.sort(pairs[close], axis=1).tolist()))


def release_distances(xy, segments, locks, clearance_m):
    """
    Return, for both directions of each segment, from where each locked node may be let go.

    The result maps (a, b) to {node: distance along a->b [m]} for every locked node but b.
    """
    users = {}
    for index, lock in enumerate(locks):
        for node in lock:
            users.setdefault(node, []).append(index)
    points = [tuple(map(float, point)) for point in xy]
    sets = [frozenset(lock) for lock in locks]
    result = {}
    for index, (one, two) in enumerate(segments):
        for a, b in ((one, two), (two, one)):
            result[a, b] = {
                node: _release_m(points, a, b, node, clearance_m,
                                 [segments[user] for user in users[node] if b not in sets[user]])
                for node in locks[index] if node != b}
    return result


def _release_m(points, a, b, node, clearance_m, avoid):
    """Return the distance along a->b after which `node` and the segments `avoid` stay clear."""
    (ax, ay), (bx, by) = points[a], points[b]
    length = sqrt((bx - ax) ** 2 + (by - ay) ** 2)
    ray = (ax, ay, (bx - ax) / length, (by - ay) / length)
    last = 0.0
    if node < len(points):
        last = max(last, _leaves_disc(ray, points[node], clearance_m))
    for one, two in avoid:
        last = max(last, _leaves_capsule(ray, points[one], points[two], clearance_m))
    return min(length, last)


def _leaves_capsule(ray, one, two, radius):
    """
    Return where a ray leaves for good all points within `radius` of a segment; -inf if never in.

    That set is convex (two discs and a rectangle), so the ray meets it in one interval.
    """
    last = max(_leaves_disc(ray, one, radius), _leaves_disc(ray, two, radius))
    return max(last, _leaves_rectangle(ray, one, two, radius))


def _leaves_disc(ray, centre, radius):
    """Return the distance at which a ray leaves a disc, -inf if it misses it."""
    x, y, ux, uy = ray
    dx, dy = centre[0] - x, centre[1] - y
    along = dx * ux + dy * uy
    rest = radius * radius - (dx * dx + dy * dy - along * along)
    return along + sqrt(rest) if rest > 0.0 else -inf


def _leaves_rectangle(ray, one, two, radius):
    """Return where a ray leaves the rectangle around a segment, -inf if it misses it."""
    x, y, ux, uy = ray
    length = sqrt((two[0] - one[0]) ** 2 + (two[1] - one[1]) ** 2)
    vx, vy = (two[0] - one[0]) / length, (two[1] - one[1]) / length
    start_u = (x - one[0]) * vx + (y - one[1]) * vy
    start_w = (y - one[1]) * vx - (x - one[0]) * vy
    low_u, high_u = _inside(start_u, ux * vx + uy * vy, 0.0, length)
    low_w, high_w = _inside(start_w, uy * vx - ux * vy, -radius, radius)
    low, high = max(low_u, low_w), min(high_u, high_w)
    return high if low < high else -inf


def _inside(start, rate, low, high):
    """Return the interval of s in which `start + rate * s` lies strictly between the bounds."""
    if abs(rate) < 1e-12:
        return (-inf, inf) if low + ROUNDING_M < start < high - ROUNDING_M else (inf, -inf)
    one, two = (low - start) / rate, (high - start) / rate
    return min(one, two), max(one, two)
