# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The site as the fleet uses it: frozen, and asked for nodes, edges, locks, places and zones."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Dict, FrozenSet, Mapping, Optional, Tuple

import numpy as np
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.site.free_zones import FreeZone


class PlaceKind(IntEnum):
    """What a place is for."""

    STORAGE = 0
    STATION = 1
    CHARGER = 2
    PARKING = 3


@dataclass(frozen=True)
class Place:
    """A named node where robots have something to do."""

    name: str
    kind: PlaceKind
    node: int


@dataclass(frozen=True)
class Area:
    """
    Nodes of which at most `robots_max` robots may own some at once.

    Neither a zone, in which neighbours hear each other, nor a free zone without a roadmap.
    """

    name: str
    nodes: FrozenSet[int]
    robots_max: int


@dataclass(frozen=True, eq=False)
class Site:
    """
    An immutable site; make one with `site.load_site`.

    Node ids run from 0 to `node_count - 1`. The first `real_count` are points of the roadmap; the
    others are conflict nodes, which are held like nodes but are nowhere to stand. `hash` is 63
    bits over all that authorities rest on: equal hashes, equal roadmaps.
    """

    name: str
    hash: int
    node_names: Tuple[str, ...]
    xy: np.ndarray = field(repr=False)  # (node_count, 2) [m; map frame]
    real_count: int
    successors: Tuple[Tuple[int, ...], ...] = field(repr=False)
    places: Mapping[str, Place] = field(repr=False)
    racks: np.ndarray = field(repr=False)  # (M, 4): x min, y min, x max, y max [m; map frame]
    pass_cost_s: np.ndarray = field(repr=False)  # (node_count,) cost of driving through [s]
    against: FrozenSet[Tuple[int, int]] = field(repr=False)  # arcs against their street
    against_cost_s: float  # cost of driving such an arc, on top of its time [s]
    footprint_radius_m: float
    pose_error_m: float
    zone_size_m: float
    bounds: Tuple[float, float, float, float]
    stubs: Tuple[int, ...] = field(repr=False)  # dead ends: nodes with a single neighbour
    bridges: Tuple[Tuple[int, int], ...] = field(repr=False)  # whose loss would part the roadmap
    areas: Tuple[Area, ...]  # which only so many robots may enter
    _locks: Dict = field(repr=False)
    _releases: Dict = field(repr=False)
    _lengths: Dict = field(repr=False)
    _junctions: Tuple[bool, ...] = field(repr=False)
    _place_at: Dict = field(repr=False)
    _in_area: FrozenSet[int] = field(repr=False)
    free_zones: Tuple[FreeZone, ...] = ()  # parts of the floor without streets
    _free_zone_at: Dict = field(default_factory=dict, repr=False)  # spot -> its zone

    @property
    def node_count(self) -> int:
        """Return how many nodes there are to hold, conflict nodes included."""
        return len(self.xy)

    @property
    def clearance_m(self) -> float:
        """Return the distance between two centres at which bodies surely do not touch [m]."""
        return 2.0 * (self.footprint_radius_m + self.pose_error_m)

    def edge_length_m(self, a: int, b: int) -> float:
        """Return the length of the edge a->b [m]; KeyError if there is none."""
        return self._lengths[a, b]

    def lock_set(self, a: int, b: int) -> Tuple[int, ...]:
        """Return the sorted nodes to hold on the edge between a and b, both included."""
        return self._locks[a, b]

    def release_m(self, a: int, b: int) -> Mapping[int, float]:
        """
        Return from where on the way a->b each locked node but b may be let go.

        Maps node to the distance of the robot's centre from a, along a->b [m].
        """
        return self._releases[a, b]

    def is_edge(self, a: int, b: int) -> bool:
        """Return whether a robot may drive from a straight to b."""
        return 0 <= a < self.real_count and b in self.successors[a]

    def is_junction(self, node: int) -> bool:
        """
        Return whether streets part at a node, so that waiting there could block other ways.

        Stubs such as parking pockets do not make a junction, and neither do mere merges: whoever
        waits behind a robot at a merge needs the same next node. On open ground, at the corner
        of a square of two-way streets, others can pass round.
        """
        return self._junctions[node]

    def free_zone_at(self, node: int) -> Optional[FreeZone]:
        """Return the free zone that a node is a spot of, None for any other node."""
        return self._free_zone_at.get(node)

    def free_zone_on(self, a: int, b: int) -> Optional[FreeZone]:
        """Return the free zone that a->b leads through, None for a street of the roadmap."""
        return self._free_zone_at.get(a) or self._free_zone_at.get(b)

    def place_at(self, node: int) -> Optional[Place]:
        """Return the place at a node, None if there is none."""
        return self._place_at.get(node)

    def is_in_area(self, node: int) -> bool:
        """Return whether a node lies in an area that only so many robots may enter."""
        return node in self._in_area

    def names_of(self, kind: PlaceKind) -> Tuple[str, ...]:
        """Return the sorted names of the places of one kind."""
        return tuple(sorted(p.name for p in self.places.values() if p.kind == kind))

    @property
    def storage(self) -> Tuple[str, ...]:
        """Return the names of the storage places."""
        return self.names_of(PlaceKind.STORAGE)

    @property
    def stations(self) -> Tuple[str, ...]:
        """Return the names of the packing stations."""
        return self.names_of(PlaceKind.STATION)

    @property
    def chargers(self) -> Tuple[str, ...]:
        """Return the names of the chargers."""
        return self.names_of(PlaceKind.CHARGER)

    @property
    def parking(self) -> Tuple[str, ...]:
        """Return the names of the parking places."""
        return self.names_of(PlaceKind.PARKING)

    def node_near(self, x_m: float, y_m: float) -> int:
        """Return the real node nearest to a point."""
        gap = self.xy[:self.real_count] - (x_m, y_m)
        return int(np.argmin(np.einsum('ij,ij->i', gap, gap)))

    def _zone_shape(self) -> Tuple[int, int]:
        """Return how many square zones lie along x and along y."""
        x0, y0, x1, y1 = self.bounds
        return (max(1, int(np.ceil((x1 - x0) / self.zone_size_m))),
                max(1, int(np.ceil((y1 - y0) / self.zone_size_m))))

    @property
    def zone_count(self) -> int:
        """Return how many zones the site is cut into."""
        columns, rows = self._zone_shape()
        return columns * rows

    def zone_of(self, x_m: float, y_m: float) -> int:
        """Return the zone of a point; points outside the bounds count to the nearest zone."""
        columns, rows = self._zone_shape()
        column = int((x_m - self.bounds[0]) // self.zone_size_m)
        row = int((y_m - self.bounds[1]) // self.zone_size_m)
        return min(max(row, 0), rows - 1) * columns + min(max(column, 0), columns - 1)

    def zones(self) -> np.ndarray:
        """Return the centres of the zones, (zone_count, 2) [m; map frame]."""
        columns, rows = self._zone_shape()
        x = self.bounds[0] + (np.arange(columns) + 0.5) * self.zone_size_m
        y = self.bounds[1] + (np.arange(rows) + 0.5) * self.zone_size_m
        return np.stack([np.tile(x, rows), np.repeat(y, columns)], axis=1)

    def place_robots(self, count: int) -> Tuple[Tuple[str, int], ...]:
        """
        Return (robot id, node) for the initial placement of a fleet.

        Parking places come first, spread evenly over the site, then chargers, then storage.
        """
        chosen = []
        for kind in (PlaceKind.PARKING, PlaceKind.CHARGER, PlaceKind.STORAGE):
            free = [self.places[name].node for name in self.names_of(kind)]
            take = min(len(free), count - len(chosen))
            chosen += [free[index * len(free) // take] for index in range(take)]
        if len(chosen) < count:
            raise SiteError(f'site {self.name} has places for {len(chosen)} robots, not {count}: '
                            'add parking')
        width = max(3, len(str(count)))
        return tuple((f'r{i + 1:0{width}d}', node) for i, node in enumerate(chosen))
