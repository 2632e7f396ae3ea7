# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A site on paper as an image: streets, places, racks, and red rings around what is wrong."""

from pathlib import Path
from typing import Iterable

from robot_swarm_orch.plotting import pyplot

_COLOURS = {'storage': '#2e7d32', 'station': '#1565c0', 'charger': '#f9a825', 'parking': '#8e24aa'}
_SIDE_IN, _DPI = 14.0, 110
_ARROWS_MAX = 4000  # beyond this many streets arrows are only a blot


def draw_mapping(mapping: dict, path, wrong: Iterable[str] = (), title: str = '') -> None:
    """
    Draw a site's mapping, checked or not, into an image file; `wrong` names nodes to mark.

    What is malformed is not drawn. Raises ImportError, saying what to install.
    """
    plots = pyplot()
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Rectangle
    nodes = {str(name): tuple(map(float, point)) for name, point in mapping['nodes'].items()}
    edges = [(*map(str, edge[:2]), len(edge) > 2 and edge[2] == 'oneway')
             for edge in mapping.get('edges', ())
             if str(edge[0]) in nodes and str(edge[1]) in nodes]
    xs, ys = zip(*nodes.values())
    wide, high = max(xs) - min(xs) + 4.0, max(ys) - min(ys) + 4.0
    scale = _SIDE_IN / max(wide, high)
    figure, axes = plots.subplots(figsize=(max(4.0, wide * scale), max(3.0, high * scale)),
                                  dpi=_DPI, layout='constrained')
    for x0, y0, x1, y1 in mapping.get('racks', ()):
        axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, color='#cfc6b8', zorder=0))
    for is_one_way, colour in ((False, '#90a4ae'), (True, '#455a64')):
        lines = [(nodes[a], nodes[b]) for a, b, one_way in edges if one_way == is_one_way]
        axes.add_collection(LineCollection(lines, colors=colour, linewidths=1.0, zorder=1))
    if len(edges) <= _ARROWS_MAX:
        for a, b, one_way in edges:
            if one_way:
                (ax, ay), (bx, by) = nodes[a], nodes[b]
                axes.annotate('', (ax + 0.65 * (bx - ax), ay + 0.65 * (by - ay)), (ax, ay),
                              arrowprops={'arrowstyle': '->', 'color': '#455a64', 'lw': 0.8})
    axes.scatter(xs, ys, s=4, color='#37474f', zorder=2)
    for kind, colour in _COLOURS.items():
        at = [nodes[str(node)] for known, node in mapping.get('places', {}).values()
              if known == kind and str(node) in nodes]
        if at:
            axes.scatter(*zip(*at), s=28, color=colour, zorder=3, label=f'{len(at)} {kind}')
    at = [nodes[name] for name in sorted(set(wrong)) if name in nodes]
    if at:
        axes.scatter(*zip(*at), s=140, facecolors='none', edgecolors='red', linewidths=2.0,
                     zorder=4, label=f'{len(at)} wrong')
    axes.set_aspect('equal')
    axes.set_xlabel('x [m]')
    axes.set_ylabel('y [m]')
    axes.set_title(title or str(mapping.get('name', '')))
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc='upper right')
    figure.savefig(Path(path))
    plots.close(figure)
