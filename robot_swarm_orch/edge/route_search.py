# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The search behind routes: from a goal backwards over a roadmap's directed edges ("arcs").

A state is an arc: "standing at its end, having come along it". A step leads from an arc to one
that ends where it starts, and costs the turn between the two and the drive along the former. What
a search finds is `to_go`: the cost from each arc's end to the goal [s].

Two searches give the same costs to the last bit, since both add the same numbers in the same order
along the cheapest way:

* `BucketSearch`, for machine code, goes on only as far as it was asked, and looks first towards
  the node that it was asked about last: arcs are taken in the order of their cost to go and a
  lower bound of what is left from that node (P. E. Hart, N. J. Nilsson and B. Raphael, "A formal
  basis for the heuristic determination of minimum cost paths", IEEE Trans. Systems Science and
  Cybernetics 4(2), 1968), roughly: in buckets as wide as the cheapest drive (R. B. Dial,
  "Algorithm 360", CACM 12(11), 1969). Within a bucket any order will do, since an arc that turns
  out to be cheaper is taken once more; once a bucket is empty, all that was in it is final.
* `WholeSearch` is SciPy's Dijkstra, for processes without Numba: always over the whole roadmap.

Routes are read off the costs alone (`descend`), the first successor winning among equals, so they
are the same whichever search it was and however far it went.
"""

from math import hypot, inf

import numpy as np
from robot_swarm_orch.compiled import compiled, IS_COMPILED
from robot_swarm_orch.errors import InvariantError
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

_BUCKETS = 8192  # the last one takes all that costs more
_FREE = -1       # of an arc that is in no bucket; those below name the bucket it is first in
_NO_ARCS, _NO_TURNS = np.empty(0, dtype=np.int32), np.empty(0)
# Bounds are less than the truth by this share, so that rounding cannot make up for it.
_SLACK = 1e-9


class ArcGraph:
    """
    Arcs, ordered by the node where they end, and the steps between them.

    into[b]:into[b + 1] are the arcs that end at node b. The steps from an arc lead to
    first[arc] and those after it, and cost the turns in turn_s[row[arc]:row[arc + 1]].
    """

    def __init__(self, site, speed_mps, turn_costs_s):
        """Lay out a site's arcs; turn_costs_s(angles): what turning on the way costs [s]."""
        count = site.node_count  # none lead to conflict nodes, yet words may name them
        pairs = np.asarray([(a, b) for a in range(count) for b in site.successors[a]])
        order = np.argsort(pairs[:, 1], kind='stable')
        self.start, self.end = pairs[order].T
        self.count = len(order)
        position = np.empty(self.count, dtype=np.int32)
        position[order] = np.arange(self.count, dtype=np.int32)
        self.out_arcs = position  # of each node in the order of its successors
        self.out = np.concatenate([[0], np.cumsum(np.bincount(self.start, minlength=count))])
        arriving = np.bincount(self.end, minlength=count)
        self.into = np.concatenate([[0], np.cumsum(arriving)]).astype(np.int32)
        self.xy = site.xy
        self.x_m, self.y_m = (np.ascontiguousarray(column) for column in site.xy[self.end].T)
        way = site.xy[self.end] - site.xy[self.start]
        self.heading = np.arctan2(way[:, 1], way[:, 0])
        length = np.hypot(way[:, 0], way[:, 1])
        against = np.asarray([(a, b) in site.against for a, b in zip(
            self.start.tolist(), self.end.tolist())])
        self.drive_s = length / speed_mps + site.against_cost_s * against
        for zone in site.free_zones:
            self._slow_down(site, zone, speed_mps)
        self.cost_s = self.drive_s + site.pass_cost_s[self.end]
        self.width_s = float(self.drive_s.min())
        # Where all edges are parallel to an axis, no way is shorter than along both.
        self.is_square = bool((np.abs(way).sum(axis=1) <= length * (1.0 + 0.1 * _SLACK)).all())
        self.slowness = (1.0 - _SLACK) / speed_mps
        self._lay_steps(arriving[self.start], turn_costs_s)
        self._ways = (self.end, self.out, self.out_arcs, self.row, self.first, self.turn_s)
        self.arcs_from_each = self._padded(count)
        # Costs, costs to go, and the queue of a search under way.
        self.table_bytes = 24 * self.count + 4 * _BUCKETS

    def _slow_down(self, site, zone, speed_mps):
        """Take a free zone's speed for the ways in it."""
        for a, b in ((a, b) for a in zone.points for b in site.successors[a]
                     if site.free_zone_on(a, b) is zone):
            self.drive_s[self.arc(a, b)] = site.edge_length_m(a, b) / min(speed_mps,
                                                                          zone.speed_mps)

    def _padded(self, count):
        """Return `arcs_from` of all nodes at once, (count, most), with -1 where there are less."""
        leaving = np.diff(self.out)
        result = np.full((count, leaving.max()), -1, dtype=np.int32)
        result[np.arange(leaving.max()) < leaving[:, None]] = self.out_arcs
        return result

    def _lay_steps(self, counts, turn_costs_s):
        """Lay out the steps; back along the same edge leads none, since turning first is less."""
        self.row = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        self.first = self.into[self.start].astype(np.int32)
        arcs = np.repeat(np.arange(self.count), counts)
        self.before = (np.arange(self.row[-1]) - np.repeat(
            self.row[:-1] - self.first, counts)).astype(np.int32)
        turns = turn_costs_s(self.heading[arcs] - self.heading[self.before])
        self.turn_s = np.where(self.start[self.before] == self.end[arcs], inf, turns)

    def arcs_from(self, node):
        """Return the arcs that start at a node, in the order of its successors."""
        return self.out_arcs[self.out[node]:self.out[node + 1]]

    def way_from(self, arc, to_go_s, cost_s):
        """Return the nodes from an arc's end to the goal; the arc has a way there."""
        nodes = np.empty(self.count + 1, dtype=np.int32)
        count = descend(arc, to_go_s, cost_s, self._ways, nodes)
        return nodes[:count].tolist()

    def arc(self, a, b):
        """Return the arc from a to b; KeyError if there is none."""
        for arc in range(self.into[b], self.into[b + 1]):
            if self.start[arc] == a:
                return arc
        raise KeyError((a, b))

    def costs_to(self, goal, penalties, blocked_edges):
        """Return what each arc costs on the way to a goal, (count,) [s]; see `Planner.table`."""
        cost = self.cost_s.copy()
        for node, penalty_s in penalties.items():
            if not penalty_s >= 0.0:
                raise InvariantError(f'a penalty of {penalty_s} s for node {node}: a search that '
                                     'counts down never ends')
            cost[self.into[node]:self.into[node + 1]] += penalty_s
        at_goal = slice(self.into[goal], self.into[goal + 1])
        cost[at_goal] = self.drive_s[at_goal]
        for a, b in blocked_edges:
            cost[self.arc(a, b)] = inf
        return cost


class BucketSearch:
    """A search that goes on from where it was, as far as it is asked; see the module's words."""

    def __init__(self, graph, goal, cost_s, origin):
        """Begin at a goal; `origin`: the node to look towards, None for all directions."""
        self._graph, self._cost_s = graph, cost_s
        self.to_go_s = np.full(graph.count, inf)
        self._queue = (np.empty(_BUCKETS, dtype=np.int32),
                       np.empty(graph.count, dtype=np.int32),
                       np.full(graph.count, _FREE, dtype=np.int32))
        at_goal = np.arange(graph.into[goal], graph.into[goal + 1])
        self.to_go_s[at_goal] = 0.0
        self._aim(at_goal, origin)

    def _aim(self, waiting, origin):
        """Put the arcs that wait into buckets anew, to look towards another node."""
        self._origin, graph = origin, self._graph
        x_m, y_m = (0.0, 0.0) if origin is None else graph.xy[origin]
        self._towards = (x_m, y_m, 0.0 if origin is None else graph.slowness, graph.is_square)
        self._bucket = put_all(waiting, self.to_go_s, self._queue, graph.x_m, graph.y_m,
                               self._towards, graph.width_s)

    @property
    def is_whole(self):
        """Return whether all costs are final."""
        return self._queue is None

    def settle(self, node, arcs, turns_s):
        """
        Go on until the cheapest of some arcs from a node is known.

        Arcs cost, beside what they cost themselves and to go, turns_s each.
        """
        if self._queue is None:
            return
        if not self._is_settled(node, arcs, turns_s):
            if node != self._origin:
                self._aim(np.flatnonzero(self._queue[2] != _FREE), node)
            self._go_on(arcs, turns_s)

    def _is_settled(self, node, arcs, turns_s):
        """Return whether the cheapest of some arcs from a node is known."""
        x_m, y_m = self._graph.xy[node]
        return is_settled((self._bucket - _SLACK) * self._graph.width_s, arcs, turns_s,
                          self.to_go_s, self._cost_s, left_s(x_m, y_m, self._towards))

    def finish(self):
        """Go on until all costs are known."""
        if self._queue is not None:
            self._go_on(_NO_ARCS, _NO_TURNS)

    def _go_on(self, arcs, turns_s):
        graph = self._graph
        self._bucket = go_on(
            self._bucket, arcs, turns_s, self.to_go_s, self._queue, self._cost_s,
            (graph.row, graph.first, graph.turn_s, graph.x_m, graph.y_m), self._towards,
            graph.width_s)
        if self._bucket >= _BUCKETS:
            self._queue = None


class WholeSearch:
    """A search over the whole roadmap at once."""

    is_whole = True

    def __init__(self, graph, goal, cost_s, origin):
        """Search from a goal; `origin` is of no use here."""
        weights = graph.turn_s + np.repeat(cost_s, np.diff(graph.row))
        steps = csr_matrix((weights, graph.before, graph.row), shape=(graph.count, graph.count))
        at_goal = np.arange(graph.into[goal], graph.into[goal + 1])
        self.to_go_s = (dijkstra(steps, indices=at_goal, min_only=True) if len(at_goal)
                        else np.full(graph.count, inf))

    def settle(self, node, arcs, turns_s):
        """Do nothing: all costs are known."""

    def finish(self):
        """Do nothing: all costs are known."""


Search = BucketSearch if IS_COMPILED else WholeSearch


@compiled
def left_s(x_m, y_m, towards):
    """Return a lower bound of the cost from the node looked towards to a point [s]."""
    to_x_m, to_y_m, slowness, is_square = towards
    if is_square:
        return slowness * (abs(x_m - to_x_m) + abs(y_m - to_y_m))
    return slowness * hypot(x_m - to_x_m, y_m - to_y_m)


@compiled
def is_settled(final_s, arcs, turns_s, to_go_s, cost_s, left):
    """
    Return whether the cheapest of some arcs from one node is known.

    final_s: all states whose cost and bound come to less are final. left: that node's bound.
    """
    best_s = inf
    for i in range(len(arcs)):
        best_s = min(best_s, to_go_s[arcs[i]] + cost_s[arcs[i]] + turns_s[i])
    return best_s + left < final_s


@compiled
def put(arc, bucket, heads, after, before):
    """Put an arc into a bucket, as its first."""
    second = heads[bucket]
    after[arc] = second
    if second >= 0:
        before[second] = arc
    before[arc] = _FREE - 1 - bucket
    heads[bucket] = arc


@compiled
def take_out(arc, heads, after, before):
    """Take an arc out of the bucket that it is in."""
    ahead, behind = before[arc], after[arc]
    if ahead >= 0:
        after[ahead] = behind
    else:
        heads[_FREE - 1 - ahead] = behind
    if behind >= 0:
        before[behind] = ahead
    before[arc] = _FREE


@compiled
def put_all(arcs, to_go_s, queue, x_m, y_m, towards, width_s):
    """Put arcs into buckets that were empty; return the first bucket that is not."""
    heads, after, before = queue
    heads[:] = -1
    lowest = _BUCKETS
    for i in range(len(arcs)):
        arc = arcs[i]
        in_all_s = to_go_s[arc] + left_s(x_m[arc], y_m[arc], towards)
        bucket = int(min(in_all_s / width_s, _BUCKETS - 1.0))
        put(arc, bucket, heads, after, before)
        lowest = min(lowest, bucket)
    return lowest


@compiled
def go_on(bucket, arcs, turns_s, to_go_s, queue, cost_s, graph, towards, width_s):
    """
    Settle bucket after bucket, from `bucket` on, until the cheapest of `arcs` is known.

    They are arcs from the node looked towards; without any, until all is known. Returns the bucket
    to go on with, _BUCKETS if none is left.
    """
    row, first, turn_s, x_m, y_m = graph
    heads, after, before = queue
    last, per_s = _BUCKETS - 1, 1.0 / width_s
    while bucket <= last:
        arc = heads[bucket]
        if arc < 0:
            bucket += 1
            if is_settled((bucket - _SLACK) * width_s, arcs, turns_s, to_go_s, cost_s, 0.0):
                break
            continue
        take_out(arc, heads, after, before)
        shift, arc_s, drive_s = first[arc] - row[arc], to_go_s[arc], cost_s[arc]
        for step in range(row[arc], row[arc + 1]):
            other = shift + step
            so_far_s = arc_s + (turn_s[step] + drive_s)
            if so_far_s < to_go_s[other]:
                if before[other] != _FREE:
                    take_out(other, heads, after, before)
                to_go_s[other] = so_far_s
                in_all_s = so_far_s + left_s(x_m[other], y_m[other], towards)
                put(other, int(min(in_all_s * per_s, float(last))), heads, after, before)
    return bucket


@compiled
def descend(arc, to_go_s, cost_s, graph, nodes):
    """Write the nodes of the way from an arc's end to the goal; return how many there are."""
    end, out, out_arcs, row, first, turn_s = graph
    count = 0
    while True:
        nodes[count] = end[arc]
        count += 1
        if to_go_s[arc] == 0.0:
            return count
        best_s, chosen = inf, arc
        for i in range(out[end[arc]], out[end[arc] + 1]):
            after = out_arcs[i]
            total_s = to_go_s[after] + (turn_s[row[after] + arc - first[after]] + cost_s[after])
            if total_s < best_s:
                best_s, chosen = total_s, after
        arc = chosen
