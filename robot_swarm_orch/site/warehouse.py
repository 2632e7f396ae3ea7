# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The parametric warehouse: from a few measures to nodes, one-way streets, places and racks.

Seen from above, x to the east and y to the north (map frame), from south to north:

    parking row                 pockets south of the southern lane
    station band                two lanes, one-way columns between them: stations and connectors
    storage block               one-way aisles, alternately south and north, racks between them
    cross band                  two lanes with parking pockets between them
    storage block
    station band
    parking row

Every band is a pair of one-way lanes, the southern one to the east and the northern one to the
west; the first column leads south and the last one north. So the rim of the roadmap is one closed
street, and a grid of one-way streets inside a one-way rim is strongly connected. A station is a
drive-through column: queue nodes, the service node, an exit node. Lanes of a band lie apart, so
that no two junctions are neighbours: between any two there is a node to wait on.
"""

from dataclasses import dataclass, fields

from robot_swarm_orch.config import check_ranges, param
from robot_swarm_orch.errors import ConfigError, SiteError


@dataclass(frozen=True)
class WarehouseConfig:
    """The measures of a warehouse."""

    spacing_m: float = param(2.0, 'distance between neighbouring nodes [m]', 0.5, 20.0)
    columns: int = param(26, 'one-way aisles, an even number', 2, 400)
    column_cells: int = param(2, 'nodes from one aisle to the next', 2, 20)
    blocks: int = param(3, 'storage blocks, with a cross band between two', 1, 20)
    block_cells: int = param(5, 'nodes of an aisle from band to band', 2, 400)
    queue_cells: int = param(2, 'nodes to queue on before each station', 1, 10)
    connector_every: int = param(
        3, 'in a station band, one column of so many is a connector and the others stations',
        2, 50)
    cross_cells: int = param(2, 'nodes between the two lanes of a cross band', 2, 20)
    rack_margin_m: float = param(1.1, 'gap from the middle of a street to a rack [m]', 0.1, 10.0)
    charger_every: int = param(4, 'every so manieth pocket is a charger', 1, 1000)

    def __post_init__(self):
        """Check ranges and relations."""
        check_ranges(self)
        if self.columns % 2:
            raise SiteError(f'columns is {self.columns}: it must be even, or the rim of one-way '
                            'streets does not close')


class _Drawing:
    """Collects nodes by their cell (column, row), and edges between neighbouring cells."""

    def __init__(self, spacing_m):
        self.spacing_m = spacing_m
        self.cells = {}
        self.edges = []
        self.places = {}
        self.racks = []

    def node(self, column, row):
        """Return the name of the node at a cell, making it at need."""
        return self.cells.setdefault((column, row), f'n{column}_{row}')

    def street(self, cells):
        """Add one-way edges along cells."""
        names = [self.node(*cell) for cell in cells]
        self.edges += [[a, b, 'oneway'] for a, b in zip(names, names[1:])]

    def pocket(self, cell, lane_cell):
        """Add a pocket off a lane, reached both ways; False if something is there already."""
        if cell in self.cells:
            return False
        self.edges.append([self.node(*lane_cell), self.node(*cell), 'both'])
        return True

    def place(self, name, kind, cell):
        """Name a node."""
        self.places[name] = [kind, self.cells[cell]]

    def result(self):
        """Return the drawing as the mapping that `load_site` takes."""
        return {'nodes': {name: [column * self.spacing_m, row * self.spacing_m]
                          for (column, row), name in self.cells.items()},
                'edges': self.edges, 'places': self.places, 'racks': self.racks}


def warehouse_drawing(measures) -> dict:
    """Return nodes, edges, places and racks of a warehouse; SiteError on wrong measures."""
    known = {item.name for item in fields(WarehouseConfig)}
    unknown = sorted(set(measures) - known)
    if unknown:
        raise SiteError(f'unknown measures of the warehouse: {unknown}; known: {sorted(known)}')
    try:
        config = WarehouseConfig(**measures)
    except (TypeError, ConfigError) as error:
        raise SiteError(f'measures of the warehouse: {error}') from error
    return _draw(config)


def _draw(config):
    """Draw the whole warehouse."""
    drawing = _Drawing(config.spacing_m)
    columns = [index * config.column_cells for index in range(config.columns)]
    bands, blocks = _rows(config)
    for south, north, _ in bands:
        lane = range(columns[0], columns[-1] + 1)
        drawing.street([(x, south) for x in lane])
        drawing.street([(x, north) for x in reversed(lane)])
    counts = {'station': 0}
    for index, x in enumerate(columns):
        for south, north, stations in bands:
            station = stations and _is_station(config, index)
            rows = _downwards(index, config, stations, south, north)
            drawing.street([(x, row) for row in rows])
            if station:
                counts['station'] += 1
                drawing.place(f'station_{counts["station"]:02d}', 'station', (x, rows[-3]))
        for block, (south, north) in enumerate(blocks):
            rows = range(south, north + 1)
            rows = list(rows if index % 2 else reversed(rows))
            drawing.street([(x, row) for row in rows])
            for number, row in enumerate(rows[1:-1]):
                drawing.place(f'storage_{index + 1:02d}_{block + 1}_{number + 1:02d}', 'storage',
                              (x, row))
    _pockets(drawing, config, columns, bands)
    _racks(drawing, config, columns, blocks)
    return drawing.result()


def _rows(config):
    """Return the bands (south lane, north lane, has stations) and the blocks between them."""
    row, bands, blocks = 1, [], []
    for index in range(config.blocks + 1):
        stations = index in (0, config.blocks)
        height = config.queue_cells + 3 if stations else config.cross_cells
        bands.append((row, row + height, stations))
        if index < config.blocks:
            blocks.append((row + height, row + height + config.block_cells))
            row += height + config.block_cells
    return bands, blocks


def _is_station(config, index):
    """Return whether a column of a station band is a station; the rim's columns never are."""
    inner = 0 < index < config.columns - 1
    return inner and (index // 2 + (index % 2) * (config.connector_every // 2)) \
        % config.connector_every != 0


def _downwards(index, config, stations, south, north):
    """Return the rows of a band's column in driving order: even columns lead south."""
    rows = list(range(south, north + 1))
    return rows if index % 2 else rows[::-1]


def _pockets(drawing, config, columns, bands):
    """Add parking pockets and chargers off the lanes, between the columns."""
    spots = []
    for index, (south, north, stations) in enumerate(bands):
        outside = [south - 1] if index == 0 else [north + 1] if index == len(bands) - 1 else []
        for x in range(columns[0], columns[-1] + 1):
            if x % config.column_cells == 0:
                continue
            spots += [((x, row), (x, south if row < south else north)) for row in outside]
            spots.append(((x, south + 1), (x, south)))
            if north - south > 3:
                spots.append(((x, north - 1), (x, north)))
    made = [cell for cell, lane in spots if drawing.pocket(cell, lane)]
    counts = {'parking': 0, 'charger': 0}
    for number, cell in enumerate(made):
        kind = 'charger' if number % config.charger_every == config.charger_every - 1 \
            else 'parking'
        counts[kind] += 1
        drawing.place(f'{kind}_{counts[kind]:03d}', kind, cell)


def _racks(drawing, config, columns, blocks):
    """Add a rack between every two aisles of a block."""
    gap, step = config.rack_margin_m, config.spacing_m
    for south, north in blocks:
        for left, right in zip(columns, columns[1:]):
            drawing.racks.append([left * step + gap, south * step + gap,
                                  right * step - gap, north * step - gap])
