# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What really happened, read back from the simulation's ground truth.

`sim_node` writes one JSON object per line with `t` [s, steady clock of this machine] and `event`:
start, moves, rests, pick_started, pick, drop_started, drop, watchdog, overlap, positions, end.
"""

from collections import Counter
import json
from typing import Dict, Iterable, List, Mapping, Optional, Set, Tuple

from robot_swarm_orch.errors import WireError


class Truth:
    """The ground truth of one run, with the questions that the report asks."""

    def __init__(self):
        """Start with nothing."""
        self.robots: Tuple[str, ...] = ()
        self.ended = False
        self.motions: List[Tuple[float, str, bool]] = []  # t, robot, moves from now on
        self.picks_started: Counter = Counter()  # order -> times
        self.drops_started: Counter = Counter()
        self.drops: List[Tuple[float, str]] = []  # t, order: loads set down
        self.picks: Counter = Counter()  # order -> loads taken up
        self.dropped_at: Dict[str, List[str]] = {}  # order -> where its load was set down
        self.overlaps: List[Tuple[float, str, str]] = []  # t, two robots
        self.positions: List[Tuple[float, list]] = []  # t, [x, y] of each robot
        self.watchdogs = 0

    def add(self, line: dict) -> None:
        """Take one line in; unknown events are for other readers."""
        event, t = line['event'], float(line['t'])
        if event == 'moves' or event == 'rests':
            self.motions.append((t, line['robot'], event == 'moves'))
        elif event == 'positions':
            self.positions.append((t, line['xy']))
        elif event == 'pick_started':
            self.picks_started[line['order']] += 1
        elif event == 'drop_started':
            self.drops_started[line['order']] += 1
        elif event == 'drop':
            self.drops.append((t, line['order']))
            self.dropped_at.setdefault(line['order'], []).append(line.get('place', ''))
        elif event == 'pick':
            self.picks[line['order']] += 1
        elif event == 'overlap':
            first, second = line['robots']
            self.overlaps.append((t, first, second))
        elif event == 'watchdog':
            self.watchdogs += 1
        elif event == 'start':
            self.robots = tuple(line['robots'])
        elif event == 'end':
            self.ended = True

    def moving_at(self, at_s: float) -> Set[str]:
        """Return the robots that are moving at a time."""
        moving: Dict[str, bool] = {}
        for t, robot, moves in self.motions:
            if t > at_s:
                break
            moving[robot] = moves
        return {robot for robot, moves in moving.items() if moves}

    def all_at_rest_s(self, from_s: float, until_s: float) -> Optional[float]:
        """
        Return when the last robot came to rest between two times.

        `from_s` when all were at rest already; None when some robot still moves at `until_s`.
        """
        if self.moving_at(until_s):
            return None
        changes = [t for t, _, _ in self.motions if from_s < t <= until_s]
        return max(changes, default=from_s)

    def first_move_s(self, robot: str, from_s: float) -> Optional[float]:
        """Return when a robot first moves from a time on; None if it never does."""
        if robot in self.moving_at(from_s):
            return from_s
        return next((t for t, name, moves in self.motions
                     if t >= from_s and name == robot and moves), None)

    def dropped(self) -> Set[str]:
        """Return the orders whose load was set down."""
        return {order for _, order in self.drops}

    def drops_between(self, from_s: float, until_s: float) -> int:
        """Return how many orders were completed in a span of time."""
        return len({order for t, order in self.drops if from_s <= t < until_s})

    def repeated(self) -> Dict[str, str]:
        """Return the orders of which a pick or a drop was started more than once, and which."""
        picks = {order: f'{count} picks' for order, count in self.picks_started.items()
                 if count > 1}
        drops = {order: f'{count} drops' for order, count in self.drops_started.items()
                 if count > 1}
        return {**picks, **drops}

    def not_once(self, asked: Mapping[str, str]) -> Dict[str, str]:
        """
        Return the orders that were not carried out exactly once, and how they were.

        asked: orders that are called done -> where each was to be dropped.
        """
        found = {}
        for order, place in asked.items():
            picks, places = self.picks[order], self.dropped_at.get(order, [])
            if picks != 1 or places != [place]:
                found[order] = (f'{picks} picks, dropped at {", ".join(places) or "no place"}, '
                                f'not once at {place}')
        return found

    def moving_counts(self, step_s: float = 1.0) -> List[Tuple[float, int]]:
        """Return (t, number of moving robots) every `step_s`, for drawing."""
        counts, moving, due = [], set(), None
        for t, robot, moves in self.motions:
            due = t if due is None else due
            while due <= t:
                counts.append((due, len(moving)))
                due += step_s
            (moving.add if moves else moving.discard)(robot)
        return counts


def read_truth(lines: Iterable[str]) -> Truth:
    """
    Return the ground truth in a file's lines.

    A last line that was cut off (the simulation was killed) is left out; any other malformed line
    raises WireError with its number.
    """
    truth, broken = Truth(), None
    for number, text in enumerate(lines, 1):
        if broken:
            raise WireError(broken)
        try:
            truth.add(json.loads(text))
        except (KeyError, TypeError, ValueError) as error:
            broken = f'line {number} of the ground truth is malformed: {error!r}'
    return truth
