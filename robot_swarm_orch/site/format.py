# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What a site file says, part by part, and the words for what is malformed in it."""

import numpy as np
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.site.model import Place, PlaceKind
from robot_swarm_orch.spelling import did_you_mean

_NAMED_AT_MOST = 8


def part(drawing, key, kind):
    """Return a part of the drawing, which is a mapping or a list; an empty one if missing."""
    value = drawing.get(key)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise SiteError(f'{key} is {str(value)[:60]!r}: it must be a '
                        + ('mapping, name: value' if kind is dict else 'list, [..., ...]'))
    return value


def nodes_of(nodes):
    """Return the node names and their points (N, 2) [m]."""
    if len(nodes) < 2:
        raise SiteError('a site needs at least two nodes')
    try:
        xy = np.asarray([(float(x), float(y)) for x, y in nodes.values()])
    except (TypeError, ValueError) as error:
        raise SiteError(f'each node must be `name: [x, y]` in metres: {error}') from error
    wrong = [str(name) for name, point in zip(nodes, xy) if not np.isfinite(point).all()]
    if wrong:
        raise SiteError(f'nodes without a finite point: {some(wrong)}')
    return tuple(map(str, nodes)), xy


def arcs_of(edges, names):
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
                            + (f': unknown is {some(unknown)}'
                               f'{did_you_mean(unknown[0], names)}' if unknown else ''))
        if way not in ('both', 'oneway'):
            raise SiteError(f'edge {words} is neither `both` nor `oneway`')
        a, b = number[words[0]], number[words[1]]
        arcs.update(((a, b),) if way == 'oneway' else ((a, b), (b, a)))
    return sorted(arcs)


def places_of(places, names):
    """Return the places by name."""
    number = {name: index for index, name in enumerate(names)}
    result, used = {}, {}
    for name, place in places.items():
        if not isinstance(place, (list, tuple)) or len(place) != 2:
            raise SiteError(f'place {name} is {place!r}: it must be [kind, node], '
                            'such as [station, n4], or in a free zone [kind, zone, x, y]')
        kind, node = place
        kind = kind_of(name, kind)
        if str(node) not in number:
            raise SiteError(f'place {name} is at the unknown node {node}'
                            + did_you_mean(str(node), names))
        if str(node) in used:
            raise SiteError(f'places {used[str(node)]} and {name} share the node {node}')
        used[str(node)] = name
        result[str(name)] = Place(str(name), kind, number[str(node)])
    return result


def kind_of(name, kind) -> PlaceKind:
    """Return the kind that a place is drawn with."""
    if str(kind).upper() not in PlaceKind.__members__:
        kinds = [kind.name.lower() for kind in PlaceKind]
        raise SiteError(f'place {name} is of unknown kind {kind!r}: known are '
                        + ', '.join(kinds))
    return PlaceKind[str(kind).upper()]


def racks_of(racks) -> np.ndarray:
    """Return the racks, (M, 4): x min, y min, x max, y max [m]."""
    try:
        return np.asarray(racks, dtype=float).reshape(-1, 4)
    except (TypeError, ValueError) as error:
        raise SiteError('racks must be a list of [x min, y min, x max, y max] in metres: '
                        f'{error}') from error


def number_of(drawing, key, default) -> float:
    """Return a number of the drawing that is not negative."""
    value = drawing.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e6:
        raise SiteError(f'{key} is {value!r}: it must be a number that is not negative')
    return float(value)


def some(items) -> str:
    """Return the first few items as text, and how many more there are."""
    items = [str(item) for item in items]
    more = len(items) - _NAMED_AT_MOST
    return ', '.join(items[:_NAMED_AT_MOST]) + (f' and {more} more' if more > 0 else '')
