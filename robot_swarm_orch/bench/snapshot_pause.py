# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
For how long a snapshot holds a coordinator up, by the number of orders that live.

One coordinator, its log on a real disk, holds so many orders that wait for robots. Every 10 ms of
virtual time an order comes and another one is amended; each poll is timed. Reported is the longest
poll from when a snapshot is due until it is safe, in processor time and with all waits for disk
and processor, beside the longest of those before, in processor time.
"""

from dataclasses import dataclass
import gc
import json
from pathlib import Path
from random import Random
import tempfile
import time

from robot_swarm_orch.config import CoordinatorConfig, RobotConfig
from robot_swarm_orch.coordinator import events
from robot_swarm_orch.coordinator.fleet_state import FleetState
from robot_swarm_orch.coordinator.replica import Replica
from robot_swarm_orch.raft import FileStore, HardState, Snapshot
from robot_swarm_orch.raft.messages import Members
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import Amendment, Order, OrderKind

_STEP_S = 0.01
_ENTRIES = 1500  # from the start until the snapshot is due


@dataclass(frozen=True)
class SnapshotBenchOptions:
    """sizes: how many orders live. runs: of each, of which the median is told. out: folder."""

    sizes: tuple = (1_000, 18_000, 100_000)
    runs: int = 5
    out: str = ''


def run_bench(options: SnapshotBenchOptions, as_json: bool = False) -> int:
    """Measure, and print what was found."""
    site = load_site({'name': 'bench', 'warehouse': {}})
    rows = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory(dir=options.out or None) as folder:
            runs = sorted((measure(site, size, Path(folder) / str(number))
                           for number in range(options.runs)), key=lambda row: row['pause_ms'])
        rows.append({**runs[len(runs) // 2], 'worst_ms': runs[-1]['pause_ms']})
    print(json.dumps(rows, indent=2) if as_json else '\n'.join(lines_of(rows)))
    return 0


def lines_of(rows) -> list:
    """Return the figures as lines."""
    return [f'{"orders":>8}{"MiB":>8}{"polls":>8}{"longest, ms":>13}{"of all runs":>13}'
            f'{"with waits":>12}{"before":>8}'] + [
        f'{row["orders"]:>8}{row["mib"]:>8.1f}{row["polls"]:>8}{row["pause_ms"]:>13.1f}'
        f'{row["worst_ms"]:>13.1f}{row["wall_ms"]:>12.1f}{row["before_ms"]:>8.1f}'
        for row in rows]


def measure(site, size, folder) -> dict:
    """Return the figures of one snapshot."""
    replica = _replica(site, size, folder)
    was, now_s = replica.raft.log.snapshot_index, 100.0
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)  # as a coordinator's process has it
    before, polls, number = [], [], 0
    while replica.raft.log.snapshot_index == was:
        now_s += _STEP_S
        number += 1
        replica.tick(now_s)
        if replica.wants_reports:
            _disturb(replica, site, now_s, number, size)
        is_due = replica.raft.last_applied - was >= _ENTRIES - 2
        started_s, worked_s = time.perf_counter(), time.thread_time()
        replica.poll(now_s)
        (polls if is_due else before).append(
            (time.thread_time() - worked_s, time.perf_counter() - started_s))
    data = replica.raft.log.snapshot.data
    replica.store.close()
    gc.unfreeze()
    (pause_s, wall_s), (before_s, _) = map(_longest, (polls, before[100:]))
    return {'orders': size, 'mib': len(data) / (1 << 20), 'polls': len(polls),
            'pause_ms': 1000 * pause_s, 'wall_ms': 1000 * wall_s, 'before_ms': 1000 * before_s}


def _longest(pauses):
    """Return the longest of each kind."""
    return tuple(map(max, zip(*pauses)))


def _replica(site, size, folder):
    """Return a coordinator whose disk holds a snapshot with so many orders."""
    state = FleetState()
    state.apply(1, events.Batch(0, (events.SiteLaid(site.hash, site.node_count),)))
    state.apply(2, events.Batch(0, tuple(
        events.OrderPlaced(_id_of(number), f'{number:032x}', 1,
                           site.storage[number % len(site.storage)], site.stations[0],
                           f'pallet {number}', 100, 0.0) for number in range(size))))
    store = FileStore(folder)
    store.save(HardState(1, None, 2, False), (),
               Snapshot(2, 1, state.snapshot(), Members(('c1',))))
    config = CoordinatorConfig(node_id='c1', voters=('c1',), queue_bound=10_000_000,
                               snapshot_entries=_ENTRIES)
    return Replica(config, site, RobotConfig(), store, Random(1), perf=time.perf_counter,
                   clock=time.perf_counter)


def _disturb(replica, site, now_s, number, size):
    """Hand in an order, and amend one that the snapshot holds."""
    replica.submit(now_s, Order(f'new-{number}', '', OrderKind.MOVE, site.storage[0],
                                site.stations[0]))
    replica.operate(now_s, Amendment(_id_of(number * 7919 % size), number % 200), number)


def _id_of(number):
    """Return an order id as clients draw them: at random."""
    return f'{Random(number).getrandbits(128):032x}'
