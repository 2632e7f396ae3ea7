# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The site: a roadmap of nodes and streets, the places on it, and what must be held to drive it.

A site comes from a YAML file in one of two forms (`load_site`): `warehouse:` with the measures of
a parametric warehouse (`warehouse.py`), or `nodes:`, `edges:`, `places:` written out:

    name: small
    nodes: {a: [0, 0], b: [2, 0], c: [2, 2]}           # [x, y] in m, map frame
    edges: [[a, b], [b, c], [c, a, oneway]]            # third word: both (default) or oneway
    places: {shelf: [storage, b], dock: [station, c]}  # name: [kind, node]

The geometry behind lock sets and release distances is in `lock_sets.py`; the directions of streets
that nobody drew are derived in `streets.py`.
"""

from dataclasses import dataclass, field
from enum import IntEnum
import hashlib
from pathlib import Path
from typing import Dict, FrozenSet, Mapping, Optional, Tuple

import numpy as np
from robot_swarm_orch.codec import pack
from robot_swarm_orch.errors import ConfigError, SiteError
from robot_swarm_orch.lock_sets import close_nodes, lock_sets, release_distances
from robot_swarm_orch.spelling import did_you_mean
from robot_swarm_orch.streets import against_streets, bridges
from robot_swarm_orch.warehouse import warehouse_drawing
from robot_swarm_orch.yaml_files import read_yaml
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

_KEYS = {'name', 'footprint_radius_m', 'pose_error_m', 'zone_size_m', 'pass_cost_s',
         'against_cost_s', 'warehouse', 'nodes', 'edges', 'places', 'racks'}
_NAMED_AT_MOST = 8


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


@dataclass(frozen=True, eq=False)
class Site:
    """
    An immutable site; make one with `load_site`.

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
    _locks: Dict = field(repr=False)
    _releases: Dict = field(repr=False)
    _lengths: Dict = field(repr=False)
    _junctions: Tuple[bool, ...] = field(repr=False)
    _place_at: Dict = field(repr=False)

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

    def place_at(self, node: int) -> Optional[Place]:
        """Return the place at a node, None if there is none."""
        return self._place_at.get(node)

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


def load_site(source) -> Site:
    """
    Return the site described by a YAML file (a path) or by a mapping of the same form.

    Raises SiteError that names the file and the offending nodes, keys or line.
    """
    if isinstance(source, Mapping):
        return _build(source)
    drawing = read_site(source)
    try:
        return _build(drawing)
    except ConfigError as error:
        raise SiteError(f'the site file {Path(source)}: {error}',
                        getattr(error, 'nodes', ())) from error


def read_site(path) -> dict:
    """Return the mapping in a site file, not checked; raises SiteError that names the file."""
    try:
        drawing = read_yaml(path, 'site file')
    except ConfigError as error:
        raise SiteError(str(error)) from error
    if not isinstance(drawing, dict):
        raise SiteError(f'the site file {Path(path)}: it must hold a mapping such as '
                        '`name: ..., warehouse: ...`')
    return drawing


def written_out(drawing: Mapping) -> dict:
    """Return a drawing with nodes, edges, places and racks in the place of `warehouse`."""
    result = dict(drawing)
    if 'warehouse' in result:
        result.update(warehouse_drawing(_part(result, 'warehouse', dict)))
        del result['warehouse']
    return result


def _build(drawing) -> Site:
    """Check a drawing and make the site."""
    unknown = [key for key in drawing if key not in _KEYS]
    if unknown:
        raise SiteError(f'unknown keys in the site: {_some(unknown)}'
                        + (did_you_mean(str(unknown[0]), _KEYS)
                           or f'; known are {sorted(_KEYS)}'))
    drawing = written_out(drawing)
    names, xy = _nodes(_part(drawing, 'nodes', dict))
    radius = _number(drawing, 'footprint_radius_m', 0.75)
    error = _number(drawing, 'pose_error_m', 0.1)
    clearance = 2.0 * (radius + error)
    close = close_nodes(xy, clearance)
    if close:
        raise SiteError(f'nodes closer than {clearance:.3f} m, twice footprint plus error: '
                        + _some(f'{names[a]} and {names[b]}' for a, b in close),
                        {names[node] for pair in close for node in pair})
    arcs = _arcs(_part(drawing, 'edges', list), names)
    places = _places(_part(drawing, 'places', dict), names)
    _check_connected(names, arcs)
    return _assemble(drawing, names, xy, arcs, places, (radius, error))


def _part(drawing, key, kind):
    """Return a part of the drawing, which is a mapping or a list; an empty one if missing."""
    value = drawing.get(key)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise SiteError(f'{key} is {str(value)[:60]!r}: it must be a '
                        + ('mapping, name: value' if kind is dict else 'list, [..., ...]'))
    return value


def _assemble(drawing, names, xy, arcs, places, sizes) -> Site:
    """Return the site of checked parts."""
    radius, error = sizes
    clearance = 2.0 * (radius + error)
    segments = sorted({(min(arc), max(arc)) for arc in arcs})
    locks, conflicts = lock_sets(xy, segments, clearance)
    lengths = np.hypot(*(xy[[b for _, b in segments]] - xy[[a for a, _ in segments]]).T).tolist()
    racks = _racks(_part(drawing, 'racks', list))
    everything = np.vstack([xy, racks[:, :2], racks[:, 2:]])
    low, high = everything.min(axis=0) - 2.0 * radius, everything.max(axis=0) + 2.0 * radius
    full = np.vstack([xy, conflicts])
    full.setflags(write=False)
    racks.setflags(write=False)
    successors, neighbours = _neighbours(len(full), arcs)
    stubs = tuple(node for node in range(len(xy)) if len(neighbours[node]) == 1)
    place_at = {place.node: place for place in places.values()}
    return Site(
        name=str(drawing.get('name', 'site')), node_names=names, xy=full, real_count=len(xy),
        hash=_hash_of(xy, arcs, locks, places, sizes), successors=successors, places=places,
        racks=racks, pass_cost_s=_pass_costs(len(full), place_at, drawing),
        against=against_streets(xy, arcs),
        against_cost_s=_number(drawing, 'against_cost_s', 20.0),
        footprint_radius_m=radius, pose_error_m=error,
        zone_size_m=_number(drawing, 'zone_size_m', 25.0), stubs=stubs,
        bridges=tuple(sorted(bridges(len(xy), segments))),
        bounds=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        _locks=_both_ways(segments, locks), _lengths=_both_ways(segments, lengths),
        _releases=release_distances(xy, segments, locks, clearance),
        _junctions=_junctions(successors, neighbours, set(stubs)), _place_at=place_at)


def _racks(racks) -> np.ndarray:
    """Return the racks, (M, 4): x min, y min, x max, y max [m]."""
    try:
        return np.asarray(racks, dtype=float).reshape(-1, 4)
    except (TypeError, ValueError) as error:
        raise SiteError('racks must be a list of [x min, y min, x max, y max] in metres: '
                        f'{error}') from error


def _both_ways(segments, values) -> Dict:
    """Return {(a, b): value} for both directions of each segment."""
    result = {}
    for (a, b), value in zip(segments, values):
        result[a, b] = result[b, a] = value
    return result


def _nodes(nodes):
    """Return the node names and their points (N, 2) [m]."""
    if len(nodes) < 2:
        raise SiteError('a site needs at least two nodes')
    try:
        xy = np.asarray([(float(x), float(y)) for x, y in nodes.values()])
    except (TypeError, ValueError) as error:
        raise SiteError(f'each node must be `name: [x, y]` in metres: {error}') from error
    wrong = [str(name) for name, point in zip(nodes, xy) if not np.isfinite(point).all()]
    if wrong:
        raise SiteError(f'nodes without a finite point: {_some(wrong)}')
    return tuple(map(str, nodes)), xy


def _arcs(edges, names):
    """Return the sorted directed edges as pairs of node ids."""
    number = {name: index for index, name in enumerate(names)}
    arcs = set()
    for edge in edges:
        if not isinstance(edge, (list, tuple)):
            raise SiteError(f'edge {edge!r} must be a list such as [a, b] or [a, b, oneway]')
        words = [str(word) for word in edge]
        way = words[2] if len(words) > 2 else 'both'
        unknown = [name for name in words[:2] if name not in number]
        if len(words) not in (2, 3) or unknown or words[0] == words[1]:
            raise SiteError(f'edge {words} must join two known nodes'
                            + (f': unknown is {_some(unknown)}'
                               f'{did_you_mean(unknown[0], names)}' if unknown else ''))
        if way not in ('both', 'oneway'):
            raise SiteError(f'edge {words} is neither `both` nor `oneway`')
        a, b = number[words[0]], number[words[1]]
        arcs.update(((a, b),) if way == 'oneway' else ((a, b), (b, a)))
    return sorted(arcs)


def _places(places, names):
    """Return the places by name."""
    number = {name: index for index, name in enumerate(names)}
    result, used = {}, {}
    for name, place in places.items():
        if not isinstance(place, (list, tuple)) or len(place) != 2:
            raise SiteError(f'place {name} is {place!r}: it must be [kind, node], '
                            'such as [station, n4]')
        kind, node = place
        if str(kind).upper() not in PlaceKind.__members__:
            kinds = [kind.name.lower() for kind in PlaceKind]
            raise SiteError(f'place {name} is of unknown kind {kind!r}: known are '
                            + ', '.join(kinds))
        if str(node) not in number:
            raise SiteError(f'place {name} is at the unknown node {node}'
                            + did_you_mean(str(node), names))
        if str(node) in used:
            raise SiteError(f'places {used[str(node)]} and {name} share the node {node}')
        used[str(node)] = name
        result[str(name)] = Place(str(name), PlaceKind[str(kind).upper()], number[str(node)])
    return result


def _check_connected(names, arcs):
    """Raise SiteError naming the nodes that cannot be reached from and to the rest."""
    heads = [a for a, _ in arcs]
    tails = [b for _, b in arcs]
    graph = csr_matrix((np.ones(len(arcs)), (heads, tails)), shape=(len(names), len(names)))
    _, label = connected_components(graph, directed=True, connection='strong')
    largest = np.bincount(label).argmax()
    lost = [names[node] for node in np.flatnonzero(label != largest)]
    if lost:
        raise SiteError('robots could not drive both to and from the nodes ' + _some(lost)
                        + ': add edges, or check the directions of one-way streets', lost)


def _neighbours(count, arcs):
    """Return the successors of each node (sorted), and its neighbours in either direction."""
    successors = [[] for _ in range(count)]
    neighbours = [set() for _ in range(count)]
    for a, b in arcs:
        successors[a].append(b)
        neighbours[a].add(b)
        neighbours[b].add(a)
    return tuple(map(tuple, successors)), neighbours


def _junctions(successors, neighbours, stubs):
    """Return for each node whether streets part there, stubs and open ground aside."""
    both_ways = [near.intersection(after)
                 for after, near in zip(successors, _predecessors(successors))]
    return tuple(len(near - stubs) >= 3 and sum(n not in stubs for n in after) >= 2
                 and not _is_open(sorted(two_way), both_ways)
                 for after, near, two_way in zip(successors, neighbours, both_ways))


def _is_open(near, both_ways):
    """Return whether two of a node's neighbours have another neighbour in common: a square."""
    return any(len(both_ways[a] & both_ways[b]) > 1
               for index, a in enumerate(near) for b in near[index + 1:])


def _predecessors(successors):
    result = [set() for _ in successors]
    for a, after in enumerate(successors):
        for b in after:
            result[b].add(a)
    return result


def _pass_costs(count, place_at, drawing):
    """Return what it costs to drive through each node: stations are no through streets."""
    costs = np.zeros(count)
    for node, place in place_at.items():
        if place.kind != PlaceKind.STORAGE:
            costs[node] = _number(drawing, 'pass_cost_s', 30.0)
    costs.setflags(write=False)
    return costs


def _hash_of(xy, arcs, locks, places, sizes) -> int:
    """Return 63 bits over the content that authorities rest on, in whole micrometres."""
    content = (tuple(map(tuple, np.round(xy * 1e6).astype(int).tolist())), tuple(arcs),
               tuple(locks), tuple(round(size * 1e6) for size in sizes),
               tuple(sorted((p.name, int(p.kind), p.node) for p in places.values())))
    return int.from_bytes(hashlib.sha256(pack(content)).digest()[:8], 'big') >> 1


def _number(drawing, key, default) -> float:
    """Return a number of the drawing that is not negative."""
    value = drawing.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e6:
        raise SiteError(f'{key} is {value!r}: it must be a number that is not negative')
    return float(value)


def _some(items) -> str:
    """Return the first few items as text, and how many more there are."""
    items = [str(item) for item in items]
    more = len(items) - _NAMED_AT_MOST
    return ', '.join(items[:_NAMED_AT_MOST]) + (f' and {more} more' if more > 0 else '')
