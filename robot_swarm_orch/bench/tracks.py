# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the robots of a run were, each second, and which straight aisle saw most of them."""

from dataclasses import dataclass, field
from typing import List

import numpy as np

_STANDS_S = 0.5
# Whoever is nearer to an aisle's middle than this share of the node spacing drives in it.
_WITHIN_SHARE = 0.35


@dataclass
class Tracks:
    """Samples of a run: time [s], positions (N, 2) [m; map frame], and who stood on its way."""

    times_s: List[float] = field(default_factory=list)
    xy: List[np.ndarray] = field(default_factory=list)
    waits: List[np.ndarray] = field(default_factory=list)

    def add(self, cluster) -> None:
        """Take a sample of a fleet in virtual time (`sim.cluster.Cluster`)."""
        now_s, world = cluster.now_s, cluster.world
        self.times_s.append(now_s)
        self.xy.append(np.stack([world.x, world.y], axis=1).astype(np.float32))
        self.waits.append(np.array([
            one.report is not None and one.report.goal >= 0
            and now_s - one.still_since_s > _STANDS_S
            for one in map(cluster.robots.__getitem__, world.robots)]))


@dataclass(frozen=True, eq=False)
class Aisle:
    """A line of nodes along x (axis 0) or y (axis 1), and the pieces of tracks in it."""

    axis: int
    across_m: float          # where the line lies on the other axis [m]
    segments: np.ndarray     # (K, 2, 2): two points (time [s], way along [m]) of one robot
    waits: np.ndarray        # (K,) whether it stood on its way there


def busiest_aisle(nodes_xy: np.ndarray, spacing_m: float, tracks: Tracks) -> Aisle:
    """
    Return the aisle in which robots spent most time.

    nodes_xy: (N, 2) [m] on a grid or any roadmap with straight lines along the axes. spacing_m:
    between neighbouring nodes.
    """
    times, xy, waits = map(np.asarray, (tracks.times_s, tracks.xy, tracks.waits))
    step = np.abs(np.diff(xy, axis=0))
    best = None
    for axis in (0, 1):
        lines = np.unique(np.round(nodes_xy[:, 1 - axis], 3))
        nearest = _nearest(lines, xy[:, :, 1 - axis])
        near = np.abs(xy[:, :, 1 - axis] - lines[nearest]) < _WITHIN_SHARE * spacing_m
        # In the aisle at both ends of a second, and not on the way across it.
        inside = (near[:-1] & near[1:] & (nearest[:-1] == nearest[1:])
                  & (step[:, :, axis] >= step[:, :, 1 - axis]))
        counts = np.bincount(nearest[:-1][inside], minlength=len(lines))
        line = int(counts.argmax())
        if best is None or counts[line] > best[0]:
            best = counts[line], axis, float(lines[line]), inside & (nearest[:-1] == line)
    _, axis, across_m, chosen = best
    at, who = np.nonzero(chosen)
    ends = [np.stack([times[at + later], xy[at + later, who, axis]], axis=1) for later in (0, 1)]
    return Aisle(axis, across_m, np.stack(ends, axis=1), waits[at + 1, who])


def _nearest(lines, values):
    """Return the index of the nearest line for each value."""
    if len(lines) == 1:
        return np.zeros(values.shape, dtype=int)
    return np.searchsorted(0.5 * (lines[:-1] + lines[1:]), values)
