# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What finished orders cost a coordinator: memory, snapshots, and room in the event log.

    swarm bench orders --memory 1000000

Drives the replicated state and the event log of one replica through orders from acceptance to
DONE, a quarter of the robots at a time, nine log entries each time, with a snapshot as often as a
coordinator takes one, and the leader's housekeeping once a simulated minute. Orders end as fast as
the machine folds them; the log's time runs at `rate` orders a second, so that the bound by
number is reached before that by age.
"""

from dataclasses import dataclass
import json
from pathlib import Path
import resource
import tempfile
import time

from robot_swarm_orch.codec import pack
from robot_swarm_orch.config import CoordinatorConfig
from robot_swarm_orch.coordinator import events
from robot_swarm_orch.coordinator.chronicle_file import NAME
from robot_swarm_orch.coordinator.chronicle_writer import Bounds, ChronicleWriter
from robot_swarm_orch.coordinator.fleet_state import FleetState
from robot_swarm_orch.coordinator.notes import Notebook
from robot_swarm_orch.raft import Entry, Snapshot
from robot_swarm_orch.types import CommandKind, first_seq, Outcome

_MIB = 1 << 20
_WRITE_EVERY = 250  # entries that the scribe writes in one go


@dataclass(frozen=True)
class MemoryBenchOptions:
    """orders: to finish, by so many robots. rate: orders a second of log time. out: folder."""

    orders: int = 1_000_000
    robots: int = 100
    rate: float = 20.0
    remembered: int = CoordinatorConfig().orders_remembered
    out: str = ''


def run_bench(options: MemoryBenchOptions, as_json: bool = False) -> int:
    """Measure, and print what was found."""
    with tempfile.TemporaryDirectory(prefix='swarm-bench-orders-') as folder:
        report = measure(Path(options.out or folder), options, CoordinatorConfig())
    print(json.dumps(report, indent=2) if as_json else '\n'.join(lines_of(report)))
    return 0


def measure(folder: Path, options, config) -> dict:
    """Return the figures."""
    replica = _Replica(folder, options, config)
    rows, started_s = [], time.perf_counter()
    done, step = 0, max(1, options.robots // 4)
    while done < options.orders:
        count = min(step, options.orders - done)
        replica.finish_orders(done, count)
        done += count
        if done * 10 // options.orders > len(rows):
            rows.append(replica.row(done))
    elapsed_s = time.perf_counter() - started_s
    return {'orders': options.orders, 'robots': options.robots, 'remembered': options.remembered,
            'seconds': elapsed_s, 'entries': replica.state.index,
            'writing_s': replica.writing_s, 'rows': rows}


class _Replica:
    """The state and the event log of one coordinator, and a leader's decisions without one."""

    def __init__(self, folder, options, config):
        self._options, self._config = options, config
        self.state, self._notes = FleetState(), Notebook()
        self._chronicle = ChronicleWriter(folder / NAME, Bounds(reserve_bytes=0))
        self._snapshot_index, self._forget_ms = 0, 0
        self._seqs = [first_seq(1)] * options.robots
        self.writing_s = 0.0
        self._apply(events.SiteLaid(1, 10_000), *(
            event for number in range(options.robots) for event in (
                events.Enrolled(f'r{number:03}', number),
                events.BootRegistered(f'r{number:03}', number + 1))))

    def finish_orders(self, first, count):
        """Carry out MOVE orders side by side: accepted, assigned, two ways, pick and drop."""
        numbers = range(first, first + count)
        pairs = [(f'r{number % self._options.robots:03}', f'order-{number:09}')
                 for number in numbers]
        self._apply(*(events.OrderPlaced(
            order_id, f'{number:032x}', 1, f'storage_{number % 50:02}', f'station_{number % 9}',
            f'pallet {number}', 100, 0.0) for number, (_, order_id) in zip(numbers, pairs)))
        self._apply(*(event for robot, order_id in pairs for event in (
            events.TaskAssigned(order_id, robot, 'nearest of 12 idle robots, 21 s away'),
            self._command(robot, CommandKind.GO, order_id, 'pick'))))
        for kind, which in ((CommandKind.PICK, 'pick'), (CommandKind.GO, 'drop'),
                            (CommandKind.DROP, 'drop')):
            self._apply(events.AuthorityChanged(tuple(
                self._row(number % self._options.robots) for number in numbers)))
            self._apply(*(event for robot, order_id in pairs for event in (
                self._done(robot), self._command(robot, kind, order_id, which))))
        self._apply(*(self._done(robot) for robot, _ in pairs))
        now_ms = self._time_ms()
        if now_ms >= self._forget_ms:
            self._forget_ms = now_ms + 60_000
            before_ms = now_ms - int(1000 * self._config.order_memory_s)
            if len(self.state.ended) > self._options.remembered:
                self._apply(events.OrdersForgotten(before_ms, self._options.remembered))

    def _row(self, which):
        """Return a row that gives a robot a node of its own."""
        self._seqs[which] += 1
        node = 1000 + which
        return which, self._seqs[which], (which, node), (node,)

    def _command(self, robot, kind, order_id, which):
        number = int(order_id.removeprefix('order-'))
        place = f'storage_{number % 50:02}' if which == 'pick' else f'station_{number % 9}'
        return events.CommandSent(robot, '0' * 36, int(kind), 7, place, order_id)

    def _done(self, robot):
        return events.CommandAcked(robot, self.state.robots[robot].open.seq, int(Outcome.DONE))

    def _time_ms(self):
        return int(1000 * self.state.done / self._options.rate)

    def _apply(self, *decided):
        """Fold an entry, as a replica does."""
        time_ms, state = self._time_ms(), self.state
        batch = events.Batch(time_ms, decided, 1_700_000_000_000 + time_ms)
        entry = Entry(1, state.index + 1, pack(batch))
        self._notes.batch(entry, batch, state.apply(entry.index, batch), state)
        if state.index - self._snapshot_index >= self._config.snapshot_entries:
            self._take_snapshot()
        if state.index % _WRITE_EVERY == 0:
            started_s = time.perf_counter()
            self._chronicle.write(self._notes.take())
            if state.index % 5000 == 0:
                self._chronicle.prune()
            self.writing_s += time.perf_counter() - started_s

    def _take_snapshot(self):
        self._snapshot_index = self.state.index
        self._notes.snapshot(Snapshot(self.state.index, 1, self.state.snapshot(), None),
                             self.state.time_ms)

    def row(self, number):
        """Return the figures after so many orders."""
        started_s = time.perf_counter()
        data = self.state.snapshot()
        taken_s = time.perf_counter() - started_s
        started_s = time.perf_counter()
        FleetState.restore(data)
        return {'orders': number, 'remembered': len(self.state.ended),
                'memory_mib': _resident_mib(), 'snapshot_mib': len(data) / _MIB,
                'snapshot_s': taken_s, 'restore_s': time.perf_counter() - started_s,
                'event_log_mib': self._chronicle.used_bytes() / _MIB}


def _resident_mib():
    """Return the memory of this process now [MiB]."""
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    return pages * resource.getpagesize() / _MIB


def lines_of(report) -> list:
    """Return the figures as lines."""
    lines = [f'{report["orders"]} orders, {report["robots"]} robots, {report["entries"]} entries, '
             f'at most {report["remembered"]} remembered (and those of a minute): '
             f'{report["seconds"]:.0f} s, of which {report["writing_s"]:.0f} s writing the event '
             'log', f'{"orders":>10}{"remembered":>12}{"memory MiB":>12}{"snapshot MiB":>14}'
             f'{"taken in s":>12}{"restored in s":>15}{"event log MiB":>15}']
    for row in report['rows']:
        lines.append(
            f'{row["orders"]:>10}{row["remembered"]:>12}{row["memory_mib"]:>12.0f}'
            f'{row["snapshot_mib"]:>14.1f}{row["snapshot_s"]:>12.3f}{row["restore_s"]:>15.3f}'
            f'{row["event_log_mib"]:>15.0f}')
    return lines
