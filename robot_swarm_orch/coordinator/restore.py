# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A new group from a backup of an old one's log, with every robot fenced.

A backup is old: robots moved, orders were carried out and handed in since. So nothing of it may be
acted on. The new log starts with one snapshot, made alike for each founder, in which

- each robot is cleared: it owns nothing, and a person has to enrol it where it stands now. Terms,
  incarnations and command numbers begin far above all that the old group can have given since, so
  no word of the old group counts for anybody any more;
- no order waits: those that no robot had touched have FAILED, with a reason that says so, since
  they may have been done after the backup. An order whose load was picked is in doubt until a
  person settles it. Ended orders keep answering for their ids.
"""

from dataclasses import dataclass
from typing import Tuple

from robot_swarm_orch.codec import unpack
from robot_swarm_orch.coordinator import events
from robot_swarm_orch.coordinator.fleet_state import FleetState
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.raft import HardState, Members, NORMAL, Snapshot
from robot_swarm_orch.types import first_seq

# Far more than a group can have used between a backup and its end, and far below what fits.
_TERMS = 1 << 20
_COMMANDS = 1 << 20
_INCARNATIONS = 1 << 16
WHY_FAILED = ('the fleet was restored from an older backup: hand it in again under a new id, if '
              'it was not done since')


@dataclass(frozen=True)
class Restored:
    """A founder's first memory, and what a person should know of it."""

    hard_state: HardState
    snapshot: Snapshot
    robots: Tuple[str, ...]
    given_up: Tuple[str, ...]
    in_doubt: Tuple[str, ...]


def restored(hard_state, snapshot, entries, voters) -> Restored:
    """
    Return what each of `voters` starts with, from what a backup holds (`store.load()`).

    Entries at the end that may not have been committed count too: better an order that nobody was
    promised than a promised one forgotten. Raises ConfigError for a backup without a fleet.
    """
    state = FleetState.restore(snapshot.data) if snapshot else FleetState()
    term = snapshot.term if snapshot else 0
    for entry in entries:
        if entry.kind == NORMAL:
            state.apply(entry.index, unpack(entry.data))
        else:
            state.skip(entry.index)
        term = entry.term
    if not state.keeper.site_hash:
        raise ConfigError('the backup holds no fleet: its log is empty. Take a copy of a '
                          "coordinator's whole data_dir")
    given_up = _fence(state)
    return Restored(
        HardState(max(term, hard_state.term) + _TERMS, None, state.index),
        Snapshot(state.index, term, state.snapshot(), Members(tuple(voters), ())),
        tuple(sorted(state.robots)), given_up,
        tuple(sorted(order_id for order_id in state.live)))


def _fence(state) -> Tuple[str, ...]:
    """Clear all robots and give up what waits; return the ids of the orders given up."""
    names = tuple(state.keeper.names)
    state.apply(state.index + 1, events.Batch(
        state.time_ms, tuple(events.Cleared(name, (), 'restore') for name in names)))
    keeper = state.keeper
    keeper.blocked.clear()  # what people have shut stays shut
    for number, name in enumerate(names):
        keeper.incarnations[number] += _INCARNATIONS
        keeper.last_seq[number] = first_seq(keeper.incarnations[number])
        state.robots[name].command_seq += _COMMANDS
    state.digests.clear()
    return state.give_up_waiting(WHY_FAILED)
