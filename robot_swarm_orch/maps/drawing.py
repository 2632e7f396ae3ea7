# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A site on paper: nodes, streets and places as a reader found them, not checked yet."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
import json
from math import cos, radians, sin
from typing import Dict, Iterable, List, Sequence, Tuple

import numpy as np
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.site import PlaceKind
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
import yaml

KINDS = tuple(kind.name.lower() for kind in PlaceKind)


@dataclass(frozen=True)
class Transform:
    """From a drawing's own frame to the map frame: scale, then turn, then shift."""

    x_m: float = 0.0
    y_m: float = 0.0
    yaw_rad: float = 0.0
    scale: float = 1.0

    @classmethod
    def parse(cls, text: str) -> 'Transform':
        """Read `X,Y[,YAW_DEGREES[,SCALE]]`; raises ValueError for anything else."""
        numbers = [float(word) for word in text.split(',')]
        if not 2 <= len(numbers) <= 4 or not all(abs(number) < 1e9 for number in numbers):
            raise ValueError('it must be X,Y or X,Y,YAW or X,Y,YAW,SCALE')
        x_m, y_m, yaw_deg, scale = (*numbers, *(0.0, 1.0)[len(numbers) - 2:])
        if scale <= 0.0:
            raise ValueError('the scale must be above 0')
        return cls(x_m, y_m, radians(yaw_deg), scale)

    def apply(self, x: float, y: float) -> Tuple[float, float]:
        """Return a point in the map frame [m]."""
        c, s = self.scale * cos(self.yaw_rad), self.scale * sin(self.yaw_rad)
        return self.x_m + c * x - s * y, self.y_m + s * x + c * y


@dataclass
class Drawing:
    """
    What a reader found.

    nodes: name -> (x, y) [m]. streets: each direction that may be driven, as (from, to). places:
    name -> (kind, node). racks: (x min, y min, x max, y max) [m]. remarks: what the reader left
    out or decided, for people.
    """

    nodes: Dict[str, Tuple[float, float]] = field(default_factory=dict)
    streets: set = field(default_factory=set)
    places: Dict[str, Tuple[str, str]] = field(default_factory=dict)
    racks: List[Tuple[float, float, float, float]] = field(default_factory=list)
    remarks: List[str] = field(default_factory=list)

    def edges(self) -> List[List[str]]:
        """Return the streets as a site file has them: both ways once, or one way."""
        result = []
        for a, b in sorted(self.streets):
            if (b, a) not in self.streets:
                result.append([a, b, 'oneway'])
            elif a < b:
                result.append([a, b])
        return result

    def largest_part(self) -> 'Drawing':
        """Return the largest part that hangs together, and remark on what is left out."""
        names = list(self.nodes)
        number = {name: index for index, name in enumerate(names)}
        heads, tails = [number[a] for a, _ in self.streets], [number[b] for _, b in self.streets]
        graph = csr_matrix((np.ones(len(heads)), (heads, tails)), shape=(len(names), len(names)))
        count, label = connected_components(graph, directed=False)
        if count <= 1:
            return self
        largest = np.bincount(label).argmax()
        kept = {name: self.nodes[name] for name, part in zip(names, label) if part == largest}
        return Drawing(
            kept, {(a, b) for a, b in self.streets if a in kept},
            {name: place for name, place in self.places.items() if place[1] in kept}, self.racks,
            [*self.remarks, f'{len(names) - len(kept)} nodes are left out: nothing leads from '
             'them to the rest'])

    def moved(self, transform: Transform) -> 'Drawing':
        """Return the drawing in the map frame; racks only if they stay parallel to its axes."""
        racks = []
        for x0, y0, x1, y1 in self.racks:
            corners = [transform.apply(*corner) for corner in ((x0, y0), (x1, y1))]
            (ax, ay), (bx, by) = corners
            racks.append((min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)))
        remarks, turned = list(self.remarks), abs(sin(2.0 * transform.yaw_rad)) > 1e-6
        if racks and turned:
            remarks.append(f'{len(racks)} racks are left out: they would not be parallel to the '
                           'axes of the map frame')
        return Drawing({name: transform.apply(*point) for name, point in self.nodes.items()},
                       self.streets, self.places, [] if turned else racks, remarks)

    def named(self, rules: Sequence[Tuple[str, str]]) -> 'Drawing':
        """
        Return the drawing with the kinds of places that people gave.

        rules: (pattern, kind), the first that fits counts. A pattern that fits the name of a place
        changes its kind; one that fits the name of a node without a place makes one there.
        """
        places = {name: (_kind_of(name, rules) or kind, node)
                  for name, (kind, node) in self.places.items()}
        taken = {node for _, node in places.values()}
        for node in self.nodes:
            kind = _kind_of(node, rules)
            if kind and node not in taken:
                places.setdefault(node, (kind, node))
        return Drawing(self.nodes, self.streets, places, self.racks, self.remarks)

    def mapping(self, name: str, footprint_radius_m: float, pose_error_m: float) -> dict:
        """Return the drawing as the mapping that `site.load_site` takes."""
        return {'name': name, 'footprint_radius_m': footprint_radius_m,
                'pose_error_m': pose_error_m,
                'nodes': {node: [round(x, 4), round(y, 4)] for node, (x, y) in self.nodes.items()},
                'edges': self.edges(),
                'places': {place: [kind, node] for place, (kind, node) in self.places.items()},
                'racks': [[round(value, 4) for value in rack] for rack in self.racks]}


def read_rule(text: str) -> Tuple[str, str]:
    """Read `PATTERN=KIND`; raises ValueError for anything else."""
    pattern, equals, kind = text.rpartition('=')
    if not equals or not pattern or kind not in KINDS:
        raise ValueError(f'it must be PATTERN=KIND with a kind of {", ".join(KINDS)}')
    return pattern, kind


def _kind_of(name, rules):
    return next((kind for pattern, kind in rules if fnmatchcase(name, pattern)), '')


_WHAT = {
    'name': 'names the fleet in topics unless the parameter site_id is given',
    'footprint_radius_m': 'circle around the loaded robot, from its centre of rotation [m]',
    'pose_error_m': 'bound on pose and tracking error that each robot vouches for [m]',
    'zone_size_m': 'side of the squares in which neighbours hear each other [m]',
    'pass_cost_s': "what a route pays to lead through somebody else's station [s]",
    'against_cost_s': 'what a route pays for each edge against the direction of its street [s]',
    'nodes': 'where robots stop and turn: [x, y] in the map frame [m]',
    'edges': 'straight streets between two nodes; third word: both (default) or oneway',
    'places': 'name: [kind, node]; kinds: storage, station, charger, parking',
    'areas': 'name: what lies in it, and how many robots may be there at once',
    'racks': 'what lasers see and pictures show: [x min, y min, x max, y max] [m]'}


def site_text(mapping: dict, head: Iterable[str]) -> str:
    """Return the text of a site file, a comment on each key; `head`: comment lines at its top."""
    lines = ['# ' + ' '.join(line.split()) for line in head]
    for key, value in mapping.items():
        if isinstance(value, (dict, list)) and not value:
            continue
        if not isinstance(value, (dict, list)):
            lines.append(f'{key}: {_plain(value)}  # {_WHAT[key]}')
            continue
        lines.append(f'{key}:  # {_WHAT[key]}')
        lines += [f'  {_plain(name)}: {_plain(item)}' for name, item in value.items()] \
            if isinstance(value, dict) else [f'  - {_plain(item)}' for item in value]
    return '\n'.join(lines) + '\n'


def _plain(value) -> str:
    """Return a value as YAML in one line, whatever letters it holds."""
    if isinstance(value, str) and not value.isprintable():
        return json.dumps(value)
    if isinstance(value, list):
        return f'[{", ".join(map(_plain, value))}]'
    text = yaml.safe_dump(value, default_flow_style=True, width=10 ** 9, allow_unicode=True)
    return text.removesuffix('\n').removesuffix('\n...')


def need(holds: bool, text: str) -> None:
    """Raise SiteError with `text` unless something holds."""
    if not holds:
        raise SiteError(text)
