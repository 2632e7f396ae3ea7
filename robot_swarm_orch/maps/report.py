# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What `swarm map check` says of a site that may be driven: facts, and hints for traffic."""

from typing import List

from robot_swarm_orch.site import PlaceKind, Site


def facts(site: Site) -> List[str]:
    """Return lines that say how large the site is and what is on it."""
    one_way, two_way = _streets(site)
    x0, y0, x1, y1 = site.bounds
    kinds = ', '.join(f'{len(site.names_of(kind))} {kind.name.lower()}' for kind in PlaceKind)
    return [
        f'{site.name}: {x1 - x0:.0f} x {y1 - y0:.0f} m, {site.real_count} nodes, '
        f'{one_way} one-way and {two_way} two-way streets',
        f'places: {kinds}',
        f'{site.node_count - site.real_count} conflict nodes where streets come closer than '
        f'{site.clearance_m:.2f} m, {site.zone_count} zones, '
        f'{sum(map(site.is_junction, range(site.real_count)))} junctions, '
        f'{len(site.stubs)} dead ends']


def hints(site: Site) -> List[str]:
    """Return what would make traffic flow better, or orders possible."""
    found = []
    one_way, two_way = _streets(site)
    if two_way > one_way:
        found.append('most streets are both ways: a direction was derived for each, which robots '
                     'seldom drive against (against_cost_s); streets drawn one-way flow better')
    only = [(a, b) for a, b in site.bridges if a not in site.stubs and b not in site.stubs]
    if only:
        one, two = (site.node_names[node] for node in only[0])
        found.append(f'{len(only)} edges are the only way between two parts of the map (such as '
                     f'{one} - {two}): robots that meet there have to back out')
    for kind, why in ((PlaceKind.STORAGE, 'nothing can be picked up'),
                      (PlaceKind.STATION, 'nothing can be brought anywhere'),
                      (PlaceKind.PARKING, 'idle robots stay in the way of others')):
        if not site.names_of(kind):
            found.append(f'there is no {kind.name.lower()} place: {why} (--kind gives places)')
    beside = [(a, b, n) for a, b in sorted(_pairs(site)) for n in site.lock_set(a, b)
              if n not in (a, b) and site.place_at(n) is not None]
    if beside:
        one, two, node = beside[0]
        found.append(f'{len(beside)} streets come so near to a place that a robot which stands '
                     f'there closes them (such as {site.node_names[one]} - '
                     f'{site.node_names[two]} beside {site.place_at(node).name})')
    parks = {site.places[name].node for name in site.parking}
    if site.areas and all(map(site.is_in_area, parks)):
        found.append(f'there is no parking place outside the area {site.areas[0].name}: robots '
                     'without work stay in it, and count')
    bare = [site.node_names[node] for node in site.stubs if site.place_at(node) is None]
    if bare:
        found.append(f'{len(bare)} dead ends without a place (such as {bare[0]}): whoever drives '
                     'in has to turn and come back')
    return found


def _streets(site):
    """Return how many streets are one-way, and how many both ways."""
    arcs = {(a, b) for a, after in enumerate(site.successors) for b in after}
    back = sum((b, a) in arcs for a, b in arcs)
    return len(arcs) - back, back // 2


def _pairs(site):
    """Return the ends of each street, the lower number first."""
    return {(min(a, b), max(a, b)) for a, after in enumerate(site.successors) for b in after}
