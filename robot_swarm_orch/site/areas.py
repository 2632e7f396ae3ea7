# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Areas of a site that take only so many robots at once, as a site file names them."""

import numpy as np
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.site.format import some
from robot_swarm_orch.site.model import Area
from robot_swarm_orch.spelling import did_you_mean

_FORM = '{robots_max: 12, polygon: [[x, y], ...]} or {robots_max: 12, nodes: [a, b, ...]}'


def areas_of(areas, names, xy):
    """Return the areas in the order of the file; `xy` are the nodes (N, 2) [m; map frame]."""
    number = {name: index for index, name in enumerate(names)}
    result = []
    for name, told in areas.items():
        if (not isinstance(told, dict) or len(told) != 2 or 'robots_max' not in told
                or not {'nodes', 'polygon'} & set(told)):
            raise SiteError(f'area {name} is {told!r}: it must be {_FORM}')
        most = told['robots_max']
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise SiteError(f'area {name}: robots_max is {most!r}, it must be 1 or more')
        nodes = (_named(name, told['nodes'], number) if 'nodes' in told
                 else _within(name, told['polygon'], xy))
        if not nodes:
            raise SiteError(f'area {name} has no node in it: its limit would mean nothing')
        result.append(Area(str(name), frozenset(nodes), most))
    return tuple(result)


def _named(name, nodes, number):
    nodes = [str(node) for node in nodes] if isinstance(nodes, list) else [str(nodes)]
    unknown = [node for node in nodes if node not in number]
    if unknown:
        raise SiteError(f'area {name} names unknown nodes: {some(unknown)}'
                        + did_you_mean(unknown[0], number))
    return [number[node] for node in nodes]


def _within(name, polygon, xy):
    """Return the nodes inside a polygon: those from which a ray crosses its border odd times."""
    try:
        corners = np.asarray(polygon, dtype=float).reshape(-1, 2)
    except (TypeError, ValueError) as error:
        raise SiteError(f'area {name}: its polygon must be a list of [x, y] in metres') from error
    if len(corners) < 3 or not np.isfinite(corners).all():
        raise SiteError(f'area {name}: its polygon needs three corners or more, [x, y] in metres')
    x, y = xy[:, 0], xy[:, 1]
    inside = np.zeros(len(xy), dtype=bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0)):
        spans = (ay > y) != (by > y)
        if ay != by:
            inside ^= spans & (x < ax + (y - ay) / (by - ay) * (bx - ax))
    return np.flatnonzero(inside).tolist()
