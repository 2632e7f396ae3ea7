# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Robots on a grid driven from goal to goal by PIBT (`pypibt`, github.com/Kei18/pypibt).

Run by a Python that has pypibt and nothing of this package: `PYTHON pibt_run.py < run.json`, one
JSON object in, one out; cells are [row, column]. In: rows, columns, free, starts, goals (a list
for each robot), steps, seed. Out: version, step_s (processor time of each `PIBT.step` [s]),
table_s (that of each complete table of distances [s]), reached (the step at which each goal was
reached), conflicts (robots on one cell, swapped, or moved further than a cell).

pypibt solves for one goal each. Here a robot gets its next goal when it has reached one, and its
priority falls back to what it began with, as in the lifelong use that the paper describes (K.
Okumura et al., Artificial Intelligence 310, 2022, section 3).
"""

import importlib.metadata
import json
import sys
import time


def main() -> int:
    """Read what to drive, drive it, write what came of it."""
    import numpy  # this and pypibt are of the environment that runs this file
    import pypibt
    from pypibt.dist_table import DistTable
    asked = json.load(sys.stdin)
    grid = numpy.zeros((asked['rows'], asked['columns']), dtype=bool)
    grid[tuple(numpy.transpose(asked['free']))] = True
    tables = Tables(numpy, grid, DistTable)
    starts = list(map(tuple, asked['starts']))
    goals = [list(map(tuple, mine)) for mine in asked['goals']]
    fleet = pypibt.PIBT(grid, starts, [mine[0] for mine in goals], seed=asked['seed'])
    result = drive(fleet, tables, starts, goals, asked['steps'])
    print(json.dumps({'version': importlib.metadata.version('pypibt'), **result,
                      'table_s': tables.took_s}))
    return 0


class Tables:
    """Complete tables of distances by goal, each made once and timed apart from the steps."""

    def __init__(self, numpy, grid, make):
        """`make(grid, goal)` returns a table that searches no further than it is asked."""
        self._numpy, self._grid, self._make = numpy, grid, make
        self._known = {}
        self.took_s = []

    def to(self, goal):
        """Return the table of a goal."""
        if goal not in self._known:
            started = time.thread_time()
            table = self._make(self._grid, goal)
            unknown = self._unknown(table)
            while table.Q and len(unknown):
                table.get(tuple(map(int, unknown[-1])))
                unknown = self._unknown(table)
            self.took_s.append(time.thread_time() - started)
            self._known[goal] = table
        return self._known[goal]

    def _unknown(self, table):
        return self._numpy.argwhere(self._grid & (table.table >= self._grid.size))


def drive(fleet, tables, starts, goals, steps: int) -> dict:
    """Step a fleet; each robot has the next of its goals as soon as it has reached one."""
    now, number = list(starts), [0] * len(starts)
    fleet.dist_tables = [tables.to(mine[0]) for mine in goals]
    # As in `PIBT.run`: whoever begins further away goes first, then whoever waits for longest.
    share = [fleet.dist_tables[robot].get(cell) / fleet.grid.size
             for robot, cell in enumerate(now)]
    priorities = list(share)
    took_s, reached, conflicts = [], [], 0
    for step in range(1, steps + 1):
        started = time.thread_time()
        after = fleet.step(now, priorities)
        took_s.append(time.thread_time() - started)
        conflicts += count_conflicts(now, after)
        now = after
        for robot, mine in enumerate(goals):
            if now[robot] != mine[number[robot]]:
                priorities[robot] += 1
                continue
            reached.append(step)
            priorities[robot] = share[robot]
            if number[robot] + 1 < len(mine):
                number[robot] += 1
                fleet.dist_tables[robot] = tables.to(mine[number[robot]])
    return {'step_s': took_s, 'reached': reached, 'conflicts': conflicts}


def count_conflicts(before, after) -> int:
    """Return how many robots share a cell, swapped places, or moved further than one cell."""
    at = {cell: robot for robot, cell in enumerate(before)}
    found = len(after) - len(set(after))
    for robot, cell in enumerate(after):
        (row, column), other = before[robot], at.get(cell, robot)
        found += abs(cell[0] - row) + abs(cell[1] - column) > 1
        found += other < robot and after[other] == before[robot]
    return found


if __name__ == '__main__':
    sys.exit(main())
