# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Reads grids and scenarios of the MovingAI benchmark.

N. Sturtevant, "Benchmarks for Grid-Based Pathfinding", 2012; R. Stern et al., "Multi-Agent
Pathfinding: Definitions, Variants, and Benchmarks", SoCS 2019.

A free cell becomes a node in its middle, with two-way streets to its four free neighbours. Columns
count from the left and rows from the top, as in the files; on the site the lower left cell is at
the origin and y points up. So cell (3, 5) is the node `n3_5`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import List, Tuple

import numpy as np
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.maps.drawing import Drawing, need

_FREE = '.GS'     # ground and swamp may be driven, as in the benchmark's own rules
_BLOCKED = '@OTW'
_MARKS = {'p': 'storage', 'd': 'station', 's': 'storage', 'e': 'parking'}
_SCEN_COLUMNS = 9


@dataclass(frozen=True, eq=False)
class GridMap:
    """Which cells are free, (rows, columns) of bool with the top row first, and marks on cells."""

    free: np.ndarray
    marks: Tuple[Tuple[int, int, str], ...] = ()  # (column, row, letter)


def read_map(path) -> GridMap:
    """Return the grid of a .map file (or .map.pd, with marked cells); raises SiteError."""
    path, sizes = Path(path), {}
    lines = path.read_text(encoding='utf-8', errors='replace').splitlines()
    start = next((index + 1 for index, line in enumerate(lines) if line.strip() == 'map'), 0)
    for line in lines[:max(0, start - 1)]:
        words = line.split()
        if len(words) == 2 and words[0] in ('height', 'width') and words[1].isdigit():
            sizes[words[0]] = int(words[1])
    need(len(sizes) == 2 and start, f'{path}: this is no MovingAI map: it must begin with `type`, '
         '`height H`, `width W` and `map`, each on a line of its own')
    rows = lines[start:start + sizes['height']]
    free, marks = np.zeros((sizes['height'], sizes['width']), dtype=bool), []
    need(len(rows) == sizes['height'], f'{path}: {len(rows)} rows follow line {start}, not the '
         f'{sizes["height"]} of its head')
    for row, line in enumerate(rows):
        need(len(line) == sizes['width'], f'{path}: line {start + row + 1} has {len(line)} cells, '
             f'not the {sizes["width"]} of its head')
        for column, letter in enumerate(line):
            if letter in _MARKS:
                marks.append((column, row, letter))
            elif letter not in _FREE and letter not in _BLOCKED:
                raise SiteError(f'{path}: line {start + row + 1}, column {column + 1}: '
                                f'{letter!r} is no cell: known are {_FREE + _BLOCKED}')
            free[row, column] = letter not in _BLOCKED
    return GridMap(free, tuple(marks))


def read_scenario(path) -> List[Tuple[Tuple[int, int], Tuple[int, int]]]:
    """Return (start, goal) of each robot as (column, row) cells of a .scen file; SiteError."""
    path, pairs = Path(path), []
    for number, line in enumerate(path.read_text(encoding='utf-8', errors='replace').splitlines()):
        words = line.split('\t')
        if number == 0 and line.strip().startswith('version') or not line.strip():
            continue
        try:
            need(len(words) == _SCEN_COLUMNS, 'not nine columns')
            x0, y0, x1, y1 = map(int, words[4:8])
        except (SiteError, ValueError) as error:
            raise SiteError(f'{path}: line {number + 1} is no robot of a MovingAI scenario '
                            f'({error}): bucket, map, width, height, start x, start y, goal x, '
                            'goal y, length, with tabs between') from error
        pairs.append(((x0, y0), (x1, y1)))
    return pairs


def draw_grid(grid: GridMap, cell_m: float, pairs=(), robots: int = 0) -> Drawing:
    """
    Return a grid as a drawing.

    cell_m: side of a cell [m]. pairs: of `read_scenario`; the starts of the first `robots` of them
    (0: of all) become parking places, and their goals storage and stations in turns.
    """
    drawing, height = Drawing(), len(grid.free)
    free = {(int(x), int(y)) for y, x in np.argwhere(grid.free)}
    for x, y in sorted(free):
        drawing.nodes[_name(x, y)] = (cell_m * x, cell_m * (height - 1 - y))
        for near in ((x + 1, y), (x, y + 1)):
            if near in free:
                drawing.streets |= {(_name(x, y), _name(*near)), (_name(*near), _name(x, y))}
    taken = set()

    def place(prefix, number, kind, cell):
        if cell in free and cell not in taken:
            taken.add(cell)
            drawing.places[f'{prefix}_{number:04d}'] = kind, _name(*cell)
    for number, (x, y, letter) in enumerate(grid.marks):
        place(_MARKS[letter], number + 1, _MARKS[letter], (x, y))
    chosen = list(pairs)[:robots or None]
    for number, (start, _) in enumerate(chosen):
        need(start in free, f'the start {start} of robot {number + 1} is no free cell of the map')
        place('start', number + 1, 'parking', start)
    for number, (_, goal) in enumerate(chosen):
        need(goal in free, f'the goal {goal} of robot {number + 1} is no free cell of the map')
        place('goal', number + 1, ('storage', 'station')[number % 2], goal)
    return drawing.largest_part()


def _name(x, y):
    return f'n{x}_{y}'
