# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What really happened in a simulation, as JSON lines for whoever judges a run.

Each line has `t`, the steady clock of this machine [s], and `event`:

    start          robots, site_hash
    moves, rests   robot                             speed above, or no longer above, 0.02
    pick_started, pick, drop_started, drop           robot, order, place, action
    watchdog       robot                             a moving base heard no cmd_vel in time
    overlap        robots [a, b], gap_m              a contact began
    positions      xy [[x, y], ...]                  each second, in the order of `start`
    end            overlaps                          the simulation ended in good order
"""

import json
import time

from robot_swarm_orch.errors import StorageError
from robot_swarm_orch.sim.checks import OverlapJudge
from robot_swarm_orch.sim.world import World

POSITIONS_PERIOD_S = 1.0


class TruthFile:
    """Judges overlaps and writes what happened; lines are flushed with each step."""

    def __init__(self, path: str, world: World):
        """Create the file; no path, no file. Raises StorageError."""
        self._world = world
        self._judge = OverlapJudge(world.robots, world.config.footprint_radius_m)
        self._positions_s = 0.0
        self._file = None
        if path:
            try:
                self._file = open(path, 'w', encoding='utf-8')
            except OSError as error:
                raise StorageError(f'cannot write truth_path {path}: {error.strerror}') from error
        self._write([{'t': time.monotonic(), 'event': 'start', 'robots': list(world.robots),
                      'site_hash': world.site.hash}])

    @property
    def overlaps(self) -> int:
        """Return how many contacts began so far."""
        return len(self._judge.violations)

    def step(self, now_s: float) -> None:
        """Write down what happened in the step that ended now."""
        world = self._world
        lines = [self._line(happening, now_s - world.time_s) for happening in world.drain()]
        for first, second, gap_m in self._judge.feed(world.time_s, world.x, world.y):
            lines.append({'t': now_s, 'event': 'overlap', 'robots': [first, second],
                          'gap_m': round(gap_m, 4)})
        if now_s - self._positions_s >= POSITIONS_PERIOD_S:
            self._positions_s = now_s
            lines.append({'t': now_s, 'event': 'positions',
                          'xy': [[round(x, 3), round(y, 3)]
                                 for x, y in zip(world.x.tolist(), world.y.tolist())]})
        self._write(lines)

    @staticmethod
    def _line(happening, offset_s) -> dict:
        """Return the line of one happening; world time becomes the steady clock's."""
        line = {'t': round(happening.time_s + offset_s, 6), 'event': happening.kind,
                'robot': happening.robot}
        if happening.action:
            line.update(order=happening.order, place=happening.place, action=happening.action)
        return line

    def _write(self, lines):
        """Write lines and hand them to the system, so that a killed simulation loses none."""
        if self._file is not None and lines:
            self._file.write(''.join(json.dumps(line, separators=(',', ':')) + '\n'
                                     for line in lines))
            self._file.flush()

    def close(self) -> None:
        """Write the last line."""
        self._write([{'t': time.monotonic(), 'event': 'end', 'overlaps': self.overlaps}])
        if self._file is not None:
            self._file.close()
            self._file = None
