# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A replica's fold of a log with its event log beside it, and logs that Hypothesis draws."""

from hypothesis import strategies as st
from robot_swarm_orch.codec import pack
from robot_swarm_orch.coordinator import events as ev
from robot_swarm_orch.coordinator.chronicle_file import NAME
from robot_swarm_orch.coordinator.chronicle_writer import Bounds, ChronicleWriter
from robot_swarm_orch.coordinator.fleet_state import FleetState
from robot_swarm_orch.coordinator.notes import Notebook
from robot_swarm_orch.raft import Entry, NOOP, Snapshot
from robot_swarm_orch.types import CommandKind, first_seq, Outcome

START_MS = 1_700_000_000_000
robots, orders, few = st.sampled_from(('r0', 'r1')), st.sampled_from(('o0', 'o1')), st.integers(
    0, 5)
rows = st.tuples(st.integers(0, 1), st.builds(lambda i, c: first_seq(i) + c, few, few),
                 st.lists(few, max_size=3).map(tuple), st.lists(few, max_size=3).map(tuple))
any_event = st.one_of(
    st.builds(ev.Enrolled, robots, few, st.sampled_from(('', 'ann'))),
    st.builds(ev.Cleared, robots, st.lists(few, max_size=1).map(tuple)),
    st.builds(ev.BootRegistered, robots, few),
    st.builds(ev.AuthorityChanged, st.lists(rows, max_size=2).map(tuple)),
    st.builds(ev.RobotLost, robots), st.builds(ev.RobotFound, robots),
    st.builds(ev.OrderPlaced, orders, st.just('t'), st.sampled_from((1, 2)), st.just('p'),
              st.just('d'), st.just(''), st.just(100), st.just(0.0)),
    st.builds(ev.TaskAssigned, orders, robots, st.sampled_from(('', 'nearest of 2'))),
    st.builds(ev.CommandSent, robots, st.just('id'), st.sampled_from((1, 2, 3, 6)), few,
              st.sampled_from(('p', 'd')), st.sampled_from(('', 'o0', 'o1'))),
    st.builds(ev.CommandAcked, robots, few, st.sampled_from((3, 4, 5, 6))),
    st.builds(ev.Settled, robots, st.booleans(), st.just('bob')),
    st.builds(ev.OrdersForgotten, few, few))
any_log = st.lists(st.lists(any_event, max_size=4).map(tuple), min_size=1, max_size=20)


class Fold:
    """A FleetState that log entries are applied to, with a notebook and an event log."""

    def __init__(self, folder, bounds=Bounds(reserve_bytes=0), state=None):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.state, self.notes, self.log = state or FleetState(), Notebook(), []
        self.digests = {}
        self.bounds = bounds
        self.chronicle = self.opened()

    def opened(self):
        return ChronicleWriter(self.folder / NAME, self.bounds)

    def apply(self, *events, step_ms=100):
        index = self.state.index + 1
        time_ms = self.state.time_ms + step_ms
        batch = ev.Batch(time_ms, tuple(events), START_MS + time_ms)
        self.take(Entry(1, index, pack(batch)), batch)
        return index

    def begin_term(self, term):
        self.take(Entry(term, self.state.index + 1, b'', NOOP), None)

    def take(self, entry, batch):
        """Apply an entry of another fold's log."""
        self.log.append((entry, batch))
        if batch is None:
            self.state.skip(entry.index)
            self.notes.other(entry, self.state)
        else:
            self.notes.batch(entry, batch, self.state.apply(entry.index, batch), self.state)
        self.digests[entry.index] = self.state.digest()

    def snapshot(self):
        snapshot = Snapshot(self.state.index, 1, self.state.snapshot(), None)
        self.notes.snapshot(snapshot, self.state.time_ms)
        return snapshot

    def write(self):
        self.chronicle.write(self.notes.take())

    def reopen(self):
        """Open the event log anew, as a new process does."""
        self.chronicle.close()
        self.chronicle = self.opened()

    # Stories

    def begin(self):
        """Let two robots join."""
        self.apply(ev.SiteLaid(7, 10), ev.Enrolled('r0', 0, 'ann'), ev.Enrolled('r1', 1, 'ann'),
                   ev.BootRegistered('r0', 1), ev.BootRegistered('r1', 1))
        return self

    def go(self, order_id, robot='r0', outcome=Outcome.DONE):
        """Let a robot carry out a GO order, in four entries."""
        self.apply(ev.OrderPlaced(order_id, 'trace', 2, '', 'd', '', 100, 0.0))
        self.apply(ev.TaskAssigned(order_id, robot, 'nearest'),
                   ev.CommandSent(robot, 'id', int(CommandKind.GO), 3, 'd', order_id))
        self.apply(ev.AuthorityChanged(((0, first_seq(1) + self.state.index, (0, 2), (2,)),)))
        self.apply(ev.CommandAcked(robot, self.state.robots[robot].open.seq, int(outcome)))
        return self
