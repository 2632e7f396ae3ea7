# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
How often each order stands in the fleet's own history, counted in the coordinators' event logs.

Indices of the log mean the same on every replica, so what several replicas kept of one fact counts
once, and one that lost its disk is made up for by the others. An order that was accepted or ended
at two places of the log was accepted or ended twice.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterable, List, Set, Tuple

from robot_swarm_orch.coordinator import events
from robot_swarm_orch.coordinator.chronicle import Chronicle
from robot_swarm_orch.coordinator.chronicle_file import NAME
from robot_swarm_orch.orders import OrderState

ENDS = (OrderState.DONE, OrderState.FAILED, OrderState.CANCELLED)

Places = Dict[str, Set[Tuple[int, int]]]


@dataclass
class History:
    """
    What the event logs say, by order: where it was accepted and where it ended in the log.

    A place is (log index, position in the entry). unkept: entries that no replica has kept.
    """

    accepted: Places = field(default_factory=lambda: defaultdict(set))
    ended: Places = field(default_factory=lambda: defaultdict(set))
    unkept: int = 0

    def not_once(self, accepted: Iterable[str], ended: Iterable[str]) -> Dict[str, str]:
        """
        Return the orders that do not stand in the history exactly once, and how they do.

        accepted, ended: what a client was told of; these must be there. No order may be there
        twice. Where entries are unkept, an order may be missing: `unkept` says so.
        """
        found = {}
        for told, places, word in ((accepted, self.accepted, 'accepted'),
                                   (ended, self.ended, 'ended')):
            found.update((name, f'{word} {len(at)} times') for name, at in places.items()
                         if len(at) > 1)
            if not self.unkept:
                found.update((name, f'never {word}') for name in told if name not in places)
        return found


def read_history(data_dir: Path) -> History:
    """
    Return the history in the event logs below a folder, one folder for each coordinator.

    Raises ChronicleRefused or ConfigError when one cannot be read.
    """
    history, kept = History(), []
    for path in sorted(Path(data_dir).glob(f'*/{NAME}')):
        with Chronicle.of(path.parent) as chronicle:
            kept += _stretches(chronicle)
            for name, index, position, event in chronicle.order_changes((OrderState.ACCEPTED,)):
                if isinstance(event, events.OrderPlaced):  # not one that was only given back
                    history.accepted[name].add((index, position))
            for name, index, position, _ in chronicle.order_changes(ENDS):
                history.ended[name].add((index, position))
    history.unkept = _missing(kept)
    return history


def _stretches(chronicle: Chronicle) -> List[Tuple[int, int]]:
    """Return (first, last) of each run of entries that an event log has kept."""
    first, newest = chronicle.reach()
    stretches = []
    for gap_first, gap_last in chronicle.gaps():
        stretches.append((first, gap_first - 1))
        first = gap_last + 1
    return [*stretches, (first, newest)] if newest else []


def _missing(stretches: Iterable[Tuple[int, int]]) -> int:
    """Return how many entries, from the first of the log to the newest kept, lie in no stretch."""
    missing, newest = 0, 0
    for first, last in sorted(stretches):
        missing += max(0, first - newest - 1)
        newest = max(newest, last)
    return missing
