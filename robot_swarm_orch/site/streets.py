# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which way to drive on two-way streets, so that robots seldom meet head-on.

Where a person drew one-way streets, they rule. Elsewhere, as on a grid of free cells, a direction
is derived for every street: neighbouring parallel streets lead in opposite directions. It is a
cost for the planner only ("soft"): a robot may still drive against it where the way round is too
long, and safety never looks at it.

1.  *Streets.* At each node, edges that go straight on belong to one street.
2.  *Neighbours.* Parallel streets are cut across at regular intervals; those that follow each
    other in a cut are neighbours, and the more cuts say so, the more it matters.
3.  *Directions.* Neighbours get opposite directions, those that matter most first, as long as that
    contradicts nothing that was decided before (union-find with parity).

A bridge, an edge whose loss would part the roadmap, has no direction: there is no way round.
"""

from math import atan2, cos, hypot, pi, sin

# Edges that part by less than this go straight on; streets within it are parallel [rad].
_STRAIGHT_RAD = pi / 9.0


def bridges(count, segments):
    """
    Return the segments whose loss would part the roadmap, as a set of pairs.

    count: number of nodes. segments: pairs of nodes, each undirected edge once. R. E. Tarjan, "A
    note on finding the bridges of a graph", Information Processing Letters 2(6), 1974.
    """
    near = [[] for _ in range(count)]
    for index, (a, b) in enumerate(segments):
        near[a].append((b, index))
        near[b].append((a, index))
    order, low, found, clock = [0] * count, [0] * count, set(), 0
    for root in range(count):
        if order[root]:
            continue
        clock += 1
        order[root] = low[root] = clock
        stack = [(root, -1, iter(near[root]))]
        while stack:
            node, by, rest = stack[-1]
            for other, index in rest:
                if index == by:
                    continue
                if order[other]:
                    low[node] = min(low[node], order[other])
                else:
                    clock += 1
                    order[other] = low[other] = clock
                    stack.append((other, index, iter(near[other])))
                    break
            else:
                stack.pop()
                if stack:
                    before = stack[-1][0]
                    low[before] = min(low[before], low[node])
                    if low[node] > order[before]:
                        found.add(tuple(segments[by]))
    return found


def against_streets(xy, arcs):
    """
    Return the arcs (a, b) that lead against the direction derived for their street.

    xy: (N, 2) [m]. arcs: directed edges as pairs of nodes. Only two-way edges get a direction.
    """
    there = set(arcs)
    segments = sorted({(min(arc), max(arc)) for arc in arcs})
    single = bridges(len(xy), segments)
    points = [tuple(map(float, point)) for point in xy]
    streets = _streets(points, [pair for pair in segments
                                if pair[::-1] in there and pair in there and pair not in single])
    headings = [_heading(points, street) for street in streets]
    forward = _directions(len(streets), _neighbours(points, streets, headings))
    against = set()
    for street, heading, is_forward in zip(streets, headings, forward):
        for a, b in zip(street, street[1:]):
            along = ((points[b][0] - points[a][0]) * cos(heading)
                     + (points[b][1] - points[a][1]) * sin(heading)) >= 0.0
            against.add((b, a) if along == is_forward else (a, b))
    return frozenset(against)


def _angle(points, a, b):
    return atan2(points[b][1] - points[a][1], points[b][0] - points[a][0])


def _off(one, two, turn=2.0 * pi):
    """Return how far two angles differ, which are the same after each `turn` [rad]."""
    return abs((one - two + turn / 2.0) % turn - turn / 2.0)


def _streets(points, segments):
    """Return the streets as lists of nodes."""
    follows = _straight_on(points, segments)
    left, result = dict.fromkeys(segments), []
    while left:
        pair = next(iter(left))
        del left[pair]
        street = list(pair)
        for _ in range(2):
            street.reverse()
            while True:
                after = follows.get((street[-2], street[-1]))
                if after is None or (pair := tuple(sorted((street[-1], after)))) not in left:
                    break
                del left[pair]
                street.append(after)
        result.append(street)
    return result


def _straight_on(points, segments):
    """Return {(a, b): c}: from a through b the street goes on to c."""
    near = {}
    for a, b in segments:
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    follows = {}
    for node, ends in near.items():
        pairs = sorted((_off(_angle(points, a, node), _angle(points, node, c)), a, c)
                       for i, a in enumerate(ends) for c in ends[i + 1:])
        used = set()
        for off, a, c in pairs:
            if off < _STRAIGHT_RAD and a not in used and c not in used:
                used.update((a, c))
                follows[a, node], follows[c, node] = c, a
    return follows


def _heading(points, street):
    """Return the heading of a street from end to end, in 0 to pi [rad]."""
    ends = (street[0], street[-1]) if street[0] != street[-1] else street[:2]
    return _angle(points, *ends) % pi


def _neighbours(points, streets, headings):
    """Return {(street, street): in how many cuts they follow each other}."""
    nearest_m = min((hypot(points[a][0] - points[b][0], points[a][1] - points[b][1])
                     for street in streets for a, b in zip(street, street[1:])), default=1.0)
    cuts = {}
    for index, (street, heading) in enumerate(zip(streets, headings)):
        family = round(heading / _STRAIGHT_RAD) % round(pi / _STRAIGHT_RAD)
        ux, uy = cos(family * _STRAIGHT_RAD), sin(family * _STRAIGHT_RAD)
        for node in set(street):
            x, y = points[node]
            cuts.setdefault((family, round((x * ux + y * uy) / nearest_m)), []).append(
                (y * ux - x * uy, index))
    result = {}
    for cut in cuts.values():
        cut.sort()
        for (_, one), (_, two) in zip(cut, cut[1:]):
            if one != two:
                pair = (min(one, two), max(one, two))
                result[pair] = result.get(pair, 0) + 1
    return result


def _directions(count, neighbours):
    """Return for each street whether it leads along its heading."""
    parent, flipped = list(range(count)), [False] * count

    def root(street):
        """Return the street that stands for a group, and whether this one leads against it."""
        flip = False
        while parent[street] != street:
            flip ^= flipped[street]
            street = parent[street]
        return street, flip

    for (one, two), _ in sorted(neighbours.items(), key=lambda item: (-item[1], item[0])):
        (first, flip_one), (second, flip_two) = root(one), root(two)
        if first != second:
            parent[max(first, second)] = min(first, second)
            flipped[max(first, second)] = not flip_one ^ flip_two
    return [not root(street)[1] for street in range(count)]
