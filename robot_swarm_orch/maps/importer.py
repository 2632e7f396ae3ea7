# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""From a file of any known format to a site: which format it has, and how it is read."""

from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Optional, Tuple

from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.maps.drawing import Drawing, site_text, Transform
from robot_swarm_orch.maps.json_files import read_json
from robot_swarm_orch.maps.lif import read_layout
from robot_swarm_orch.maps.movingai import draw_grid, read_map, read_scenario
from robot_swarm_orch.maps.nav2_route import read_graph
from robot_swarm_orch.maps.occupancy import draw_floor, read_floor
from robot_swarm_orch.site import read_site, written_out
from robot_swarm_orch.yaml_files import read_yaml

SITE, MOVINGAI, NAV2_MAP, NAV2_ROUTE, LIF = 'site', 'movingai', 'nav2_map', 'nav2_route', 'lif'
FORMATS = (SITE, MOVINGAI, NAV2_MAP, NAV2_ROUTE, LIF)
_ROUNDED_M = 0.05  # spacings are multiples of this
_GRIDS, _GRAPHS = (MOVINGAI, NAV2_MAP), (NAV2_ROUTE, LIF)
# Which formats have a use for an option; it is refused elsewhere, not forgotten.
_USED_BY = {'name': (*_GRIDS, *_GRAPHS), 'spacing': _GRIDS, 'transform': (*_GRIDS, *_GRAPHS),
            'kind': (*_GRIDS, *_GRAPHS), 'scenario': (MOVINGAI,), 'robots': (MOVINGAI,),
            'layout': (LIF,)}


@dataclass(frozen=True)
class ImportOptions:
    """How a file is read; the names are those of the command line's options."""

    format: str = ''  # of FORMATS; '': by the file's name and content
    name: str = ''    # of the site; '': the file's
    footprint_radius: float = 0.75  # [m]
    pose_error: float = 0.1         # [m]
    spacing: float = 0.0  # [m] between neighbours on a grid; 0: as near as bodies allow
    transform: Optional[Transform] = None
    kind: Tuple[Tuple[str, str], ...] = ()  # (pattern, kind of place)
    scenario: str = ''  # .scen file of a MovingAI map
    robots: int = 0     # how many of its robots; 0: all
    layout: str = ''    # id of a LIF layout

    @property
    def chosen_spacing_m(self) -> float:
        """Return the distance between neighbours on a grid [m]."""
        nearest_m = 2.0 * (self.footprint_radius + self.pose_error)
        return self.spacing or ceil(nearest_m / _ROUNDED_M + 1e-9) * _ROUNDED_M


def format_of(path) -> str:
    """Return the format of a file by its name, and by its content where that is not enough."""
    name = Path(path).name.lower()
    if name.endswith(('.map', '.map.pd')):
        return MOVINGAI
    if name.endswith(('.yaml', '.yml')):
        told = read_yaml(path, 'map')
        return NAV2_MAP if isinstance(told, dict) and 'image' in told else SITE
    if name.endswith(('.geojson', '.json', '.lif')):
        told = read_json(path)
        if 'layouts' in told or 'features' in told:
            return LIF if 'layouts' in told else NAV2_ROUTE
    raise SiteError(f'{path}: its format is not known by its name: say which of '
                    f'{", ".join(FORMATS)} it is with --format')


def read_mapping(path, options: ImportOptions) -> Tuple[dict, list]:
    """
    Return (mapping, remarks): a site as `site.load_site` takes it, not checked yet.

    A parametric warehouse comes back written out. Raises SiteError, or OSError for a file that
    can't be read.
    """
    path = Path(path)
    kind = options.format or format_of(path)
    for field, kinds in _USED_BY.items():
        if getattr(options, field) and kind not in kinds:
            raise SiteError(f'{path}: --{field} is of no use for the format {kind}, only for '
                            + ', '.join(kinds))
    if kind == SITE:
        return written_out(read_site(path)), []
    if kind in _GRIDS and options.transform is not None and options.transform.scale != 1.0:
        raise SiteError(f'{path}: a scale is for graphs only: it would change how far streets '
                        'keep from walls; use --spacing, or the resolution of the map')
    drawing = _read_drawing(path, kind, options)
    if options.transform is not None:
        drawing = drawing.moved(options.transform)
    drawing = drawing.named(options.kind)
    name = options.name or _site_name(path)
    return (drawing.mapping(name, options.footprint_radius, options.pose_error),
            drawing.remarks)


def _read_drawing(path, kind, options) -> Drawing:
    if kind == MOVINGAI:
        pairs = read_scenario(options.scenario) if options.scenario else ()
        return draw_grid(read_map(path), options.chosen_spacing_m, pairs, options.robots)
    if kind == NAV2_MAP:
        return draw_floor(read_floor(path), options.chosen_spacing_m,
                          options.footprint_radius + options.pose_error)
    if kind == NAV2_ROUTE:
        return read_graph(path, options.transform is not None)
    return read_layout(path, options.layout)


def _site_name(path):
    """Return a file's name as a site may be called: letters, digits, single underscores."""
    words = ''.join(letter if letter.isascii() and letter.isalnum() else ' '
                    for letter in path.name.split('.')[0]).split()
    name = '_'.join(words) or 'site'
    return name if name[0].isalpha() else f'site_{name}'


def written(mapping: dict, path, remarks) -> str:
    """Return the text of the site file that an import makes."""
    return site_text(mapping, [
        f'Made from {Path(path).name} by `swarm map import`; docs/site.md explains the keys.',
        *remarks])
