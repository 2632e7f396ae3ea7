# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The fleet's state as it was at an index, rebuilt from the event log.

From the nearest kept snapshot, the kept entries are folded by the same code that folded them when
they were committed. So the result is the state that every replica had, digest for digest.
"""

from typing import Callable, Optional

from robot_swarm_orch.codec import unpack
from robot_swarm_orch.coordinator.chronicle import Chronicle
from robot_swarm_orch.coordinator.fleet_state import FleetState
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.raft import NORMAL

Watcher = Callable[[object, object, object, FleetState], None]


def state_at(chronicle: Chronicle, index: int) -> FleetState:
    """Return the state after the entry `index`; ConfigError if it cannot be rebuilt."""
    return replay(chronicle, index, index)


def replay(chronicle: Chronicle, first: int, last: int,
           watch: Optional[Watcher] = None) -> FleetState:
    """
    Rebuild the state up to the entry `last` and return it.

    watch: called after each entry `first..last` with (KeptEntry, events.Batch or None for an entry
    of Raft's own, Effects or None, FleetState). Raises ConfigError when entries are missing.
    """
    oldest, newest = chronicle.reach()
    if not newest or not 0 <= last <= newest:
        raise ConfigError(f'{chronicle.path}: entry {last} is not here; it holds {oldest} to '
                          f'{newest}')
    # The state after `last` may be a snapshot itself; what is watched begins before `first`.
    snapshot = chronicle.snapshot_before(last if watch is None else min(first - 1, last))
    state = FleetState.restore(snapshot.data) if snapshot else FleetState()
    start = state.index + 1
    for kept in chronicle.entries(start, last):
        if kept.entry.index != state.index + 1:
            break
        batch = effects = None
        if kept.entry.kind == NORMAL:
            batch = unpack(kept.entry.data)
            effects = state.apply(kept.entry.index, batch)
        else:
            state.skip(kept.entry.index)
        if watch is not None and kept.entry.index >= first:
            watch(kept, batch, effects, state)
    if state.index != last:
        raise ConfigError(
            f'{chronicle.path}: entry {state.index + 1} is missing, so the state at {last} cannot '
            f'be rebuilt: {_ways_out(chronicle, last)}')
    return state


def first_entry(chronicle: Chronicle) -> int:
    """Return the oldest entry that can be replayed: the state before it can be rebuilt."""
    oldest, newest = chronicle.reach()
    if oldest <= 1:
        return 1
    return 1 + next((index for index in chronicle.snapshots() if index >= oldest - 1), newest)


def _ways_out(chronicle, last):
    later = [index for index in chronicle.snapshots() if index > last]
    hint = f'it can at {later[0]}, and ' if later else ''
    return hint + 'another coordinator may have what this one lacks'
