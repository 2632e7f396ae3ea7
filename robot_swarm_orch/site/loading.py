# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A site file, or a mapping of its form, read, checked and made a `Site`."""

from dataclasses import replace
import hashlib
from pathlib import Path
from typing import Dict, Mapping

import numpy as np
from robot_swarm_orch.codec import pack
from robot_swarm_orch.errors import ConfigError, SiteError
from robot_swarm_orch.site.areas import areas_of
from robot_swarm_orch.site.checks import (
    check_apart, check_connected, check_locks, check_streets)
from robot_swarm_orch.site.format import (
    arcs_of, kind_of, nodes_of, number_of, part, places_of, racks_of, some)
from robot_swarm_orch.site.free_zones import (
    check_zones, split_places, zone_arcs, zone_content, zones_of)
from robot_swarm_orch.site.lock_sets import lock_sets, release_distances
from robot_swarm_orch.site.model import Place, PlaceKind, Site
from robot_swarm_orch.site.streets import against_streets, bridges
from robot_swarm_orch.site.warehouse import warehouse_drawing
from robot_swarm_orch.spelling import did_you_mean
from robot_swarm_orch.yaml_files import read_yaml

_KEYS = {'name', 'footprint_radius_m', 'pose_error_m', 'zone_size_m', 'pass_cost_s',
         'against_cost_s', 'warehouse', 'nodes', 'edges', 'places', 'racks',
         'areas', 'free_zones'}


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
        result.update(warehouse_drawing(part(result, 'warehouse', dict)))
        del result['warehouse']
    return result


def _build(drawing) -> Site:
    """Check a drawing and make the site."""
    unknown = [key for key in drawing if key not in _KEYS]
    if unknown:
        raise SiteError(f'unknown keys in the site: {some(unknown)}'
                        + (did_you_mean(str(unknown[0]), _KEYS)
                           or f'; known are {sorted(_KEYS)}'))
    drawing = written_out(drawing)
    names, xy = nodes_of(part(drawing, 'nodes', dict))
    radius = number_of(drawing, 'footprint_radius_m', 0.75)
    error = number_of(drawing, 'pose_error_m', 0.1)
    arcs = arcs_of(part(drawing, 'edges', list), names)
    drawn_zones = part(drawing, 'free_zones', dict)
    at_nodes, spots = split_places(part(drawing, 'places', dict), drawn_zones)
    places = places_of(at_nodes, names)
    racks = racks_of(part(drawing, 'racks', list))
    areas = areas_of(part(drawing, 'areas', dict), names, xy)
    check_apart(names, xy, 2.0 * (radius + error))
    check_connected(names, arcs)
    segments = sorted({(min(arc), max(arc)) for arc in arcs})
    check_streets(names, xy, segments, radius + error, racks)
    locks, conflicts = lock_sets(xy, segments, 2.0 * (radius + error))
    check_locks(names, segments, arcs, locks, [place.node for place in places.values()])
    site = _assemble(drawing, (names, xy, arcs, places, racks, areas),
                     (segments, locks, conflicts), (radius, error))
    if not drawn_zones:
        return site
    return _with_zones(site, drawing, zones_of(drawn_zones, spots, names, xy, (radius, error)),
                       spots)


def _with_zones(site, drawing, zones, spots) -> Site:
    """Return a site with free zones, checked; their spots come after the nodes of streets."""
    count, more = site.real_count, len(spots)
    names = site.node_names + tuple(spot.name for spot in spots)
    xy = np.vstack([site.xy[:count], np.asarray([(spot.x_m, spot.y_m) for spot in spots])])
    check_apart(names, xy, site.clearance_m)
    streets = [(a, b) for a in range(count) for b in site.successors[a]]
    check_zones(zones, names, xy, sorted({(min(arc), max(arc)) for arc in streets}))

    def moved(node):
        return node if node < count else node + more
    locks = {arc: tuple(map(moved, lock)) for arc, lock in site._locks.items()}
    releases = {arc: {moved(node): way_m for node, way_m in release.items()}
                for arc, release in site._releases.items()}
    lengths, free = dict(site._lengths), zone_arcs(zones)
    for a, b in free:
        lengths[a, b] = float(np.hypot(*(xy[b] - xy[a])))
        locks[a, b] = (min(a, b), max(a, b))
        releases[a, b] = {a: min(lengths[a, b], site.clearance_m)}
    places = dict(site.places)
    places.update((spot.name, Place(spot.name, kind_of(spot.name, spot.kind), count + index))
                  for index, spot in enumerate(spots))
    full = np.vstack([xy, site.xy[count:]])
    full.setflags(write=False)
    arcs = sorted(streets + free)
    successors, neighbours = _neighbours(len(full), arcs)
    stubs = tuple(node for node in range(len(xy)) if len(neighbours[node]) == 1)
    place_at = {place.node: place for place in places.values()}
    passing = _pass_costs(len(full), place_at, drawing).copy()
    passing[count:len(xy)] = number_of(drawing, 'pass_cost_s', 30.0)
    passing.setflags(write=False)
    junctions = list(_junctions(successors, neighbours, set(stubs)))
    for zone in zones:
        for node in zone.doors + zone.spots:
            junctions[node] = node in zone.doors  # nobody waits in a door
    x, y = zip(*(corner for zone in zones for corner in zone.polygon))
    low_x, low_y, high_x, high_y = site.bounds
    content = (site.hash, tuple(sorted((p.name, int(p.kind), p.node) for p in places.values())),
               zone_content(zones))
    return replace(
        site, hash=_bits_of(content), node_names=names, xy=full, real_count=len(xy),
        successors=successors, places=places, pass_cost_s=passing, stubs=stubs,
        bridges=tuple(sorted(bridges(len(xy), sorted({(min(arc), max(arc)) for arc in arcs})))),
        bounds=(min(low_x, *x), min(low_y, *y), max(high_x, *x), max(high_y, *y)),
        _locks=locks, _releases=releases, _lengths=lengths, _junctions=tuple(junctions),
        _place_at=place_at, free_zones=zones,
        _free_zone_at={spot: zone for zone in zones for spot in zone.spots})


def _assemble(drawing, parts, locked, sizes) -> Site:
    """Return the site of checked parts, and of segments with their locks and conflict nodes."""
    names, xy, arcs, places, racks, areas = parts
    segments, locks, conflicts = locked
    radius, error = sizes
    lengths = np.hypot(*(xy[[b for _, b in segments]] - xy[[a for a, _ in segments]]).T).tolist()
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
        against_cost_s=number_of(drawing, 'against_cost_s', 20.0),
        footprint_radius_m=radius, pose_error_m=error,
        zone_size_m=number_of(drawing, 'zone_size_m', 25.0), stubs=stubs,
        bridges=tuple(sorted(bridges(len(xy), segments))),
        bounds=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        _locks=_both_ways(segments, locks), _lengths=_both_ways(segments, lengths),
        _releases=release_distances(xy, segments, locks, 2.0 * (radius + error)),
        _junctions=_junctions(successors, neighbours, set(stubs)), _place_at=place_at,
        areas=areas, _in_area=frozenset().union(*(area.nodes for area in areas)))


def _both_ways(segments, values) -> Dict:
    """Return {(a, b): value} for both directions of each segment."""
    result = {}
    for (a, b), value in zip(segments, values):
        result[a, b] = result[b, a] = value
    return result


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
            costs[node] = number_of(drawing, 'pass_cost_s', 30.0)
    costs.setflags(write=False)
    return costs


def _hash_of(xy, arcs, locks, places, sizes) -> int:
    """Return 63 bits over the content that authorities rest on, in whole micrometres."""
    content = (tuple(map(tuple, np.round(xy * 1e6).astype(int).tolist())), tuple(arcs),
               tuple(locks), tuple(round(size * 1e6) for size in sizes),
               tuple(sorted((p.name, int(p.kind), p.node) for p in places.values())))
    return _bits_of(content)


def _bits_of(content) -> int:
    """Return 63 bits over plain values."""
    return int.from_bytes(hashlib.sha256(pack(content)).digest()[:8], 'big') >> 1
