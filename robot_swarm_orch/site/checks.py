# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Whether a drawing makes a site that robots can drive: what is refused, with the nodes named.

Lock sets keep robots from touching on any drawing (`lock_sets.py`), so most of what is refused
here is not a danger but a trap: ways that nobody could drive, or that robots could not leave.
docs/site.md lists it all.
"""

import numpy as np
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.site.format import some
from robot_swarm_orch.site.lock_sets import (
    BESIDE_MAX, close_nodes, segment_segment_m, touched)
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

# Importers round points to 0.1 mm, so a street may be that much nearer to a rack [m].
_RACK_ROUNDING_M = 1e-3


def check_apart(names, xy, clearance_m):
    """Raise SiteError naming the nodes at which two robots could not stand at once."""
    close = close_nodes(xy, clearance_m)
    if close:
        raise SiteError(f'nodes closer than {clearance_m:.3f} m, twice footprint plus error: '
                        + some(f'{names[a]} and {names[b]}' for a, b in close),
                        {names[node] for pair in close for node in pair})


def check_connected(names, arcs):
    """Raise SiteError naming the nodes that cannot be reached from and to the rest."""
    heads = [a for a, _ in arcs]
    tails = [b for _, b in arcs]
    graph = csr_matrix((np.ones(len(arcs)), (heads, tails)), shape=(len(names), len(names)))
    _, label = connected_components(graph, directed=True, connection='strong')
    largest = np.bincount(label).argmax()
    lost = [names[node] for node in np.flatnonzero(label != largest)]
    if lost:
        raise SiteError('robots could not drive both to and from the nodes ' + some(lost)
                        + ': add edges, or check the directions of one-way streets', lost)


def check_streets(names, xy, segments, half_m, racks):
    """
    Raise SiteError for streets that lead through a node of others, or through a rack.

    half_m: radius of the footprint plus error [m]: nearer than that, a body covers the point.
    """
    starts, ends = _ends(xy, segments)
    through = [(segments[index], node) for index, node in touched(xy, starts, ends, half_m)
               if node not in segments[index]]
    if through:
        raise SiteError(
            'streets that lead through a node that is not theirs: ' + some(
                f'{names[a]} - {names[b]} through {names[node]}' for (a, b), node in through)
            + ': draw such a street as two, from node to node, or move the node aside',
            {names[node] for pair, node in through for node in (*pair, node)})
    hit = [segments[index] for index in _through_racks(starts, ends, racks, half_m)]
    if hit:
        raise SiteError(
            f'streets nearer than {half_m:.3f} m (footprint plus error) to a rack: '
            + some(f'{names[a]} - {names[b]}' for a, b in hit)
            + ': move the street or correct the rack', {names[n] for pair in hit for n in pair})


def _ends(xy, segments):
    pairs = np.asarray(segments, dtype=int).reshape(-1, 2)
    return xy[pairs[:, 0]], xy[pairs[:, 1]]


def _through_racks(starts, ends, racks, half_m):
    """Return the ascending indices of the segments that come too near to a rack."""
    near_m = half_m - _RACK_ROUNDING_M
    low, high = np.minimum(starts, ends) - near_m, np.maximum(starts, ends) + near_m
    found = set()
    for x0, y0, x1, y1 in racks:
        close = np.flatnonzero((high > (x0, y0)).all(axis=1) & (low < (x1, y1)).all(axis=1))
        if not len(close):
            continue
        a, b = starts[close], ends[close]
        corners = np.asarray([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
        gap = np.minimum.reduce([segment_segment_m(a, b, one[None], two[None])
                                 for one, two in zip(corners, np.roll(corners, -1, axis=0))])
        within = ((a > (x0, y0)) & (a < (x1, y1))).all(axis=1)
        found.update(close[(gap < near_m) | within].tolist())
    return sorted(found)


def check_locks(names, segments, arcs, locks, starts=()):
    """
    Raise SiteError for lock sets that are too large, and for pairs of nodes that are a trap.

    starts: nodes of places, at which robots may be put.
    """
    large = [(pair, len(lock) - 2) for pair, lock in zip(segments, locks)
             if len(lock) - 2 > BESIDE_MAX]
    if large:
        raise SiteError(
            f'streets that would lock more than {BESIDE_MAX} nodes and crossings beside their '
            'ends: ' + some(f'{names[a]} - {names[b]} ({count})' for (a, b), count in large)
            + ': one robot on it would close all of these; put nodes on the street where it '
            'crosses others, or draw it further away', {names[n] for pair, _ in large
                                                        for n in pair})
    traps = _traps(len(names), arcs, dict(zip(segments, locks)), frozenset(starts))
    if traps:
        raise SiteError(
            'two robots could never leave the nodes ' + some(
                f'{names[p]} and {names[q]}' for p, q in traps)
            + ': each way out of one comes too near to the other. Move one of them away, turn '
            'its street, or give one of them another way out',
            {names[node] for pair in traps for node in pair})


def _traps(count, arcs, locks, starts):
    """
    Return the pairs of nodes of which each closes all ways out of the other.

    Two robots that stand there wait for each other for ever, and no other robot can help. A pair
    counts only if both could get there: one drives in while the other stands there, or both were
    put there. On a roadmap of two nodes there is nowhere else to go, so it has no traps.
    """
    closing, entries = [None] * count, [[] for _ in range(count)]
    for a, b in arcs:
        lock = frozenset(locks[min(a, b), max(a, b)])
        closing[a] = lock if closing[a] is None else closing[a] & lock
        entries[b].append(lock)

    def meet(p, q):
        return (any(q not in lock for lock in entries[p])
                or any(p not in lock for lock in entries[q]) or starts.issuperset((p, q)))
    return [(p, q) for p in range(count) for q in sorted(closing[p] or ())
            if p < q < count and p in closing[q] and meet(p, q) and count > 2]
