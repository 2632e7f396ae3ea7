# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A fleet state and the floor that it speaks of: what really stands where, and who really has what.

The floor knows nothing of sagas. It looks at the commands that are sent and at the answers that it
makes up itself, and it fails when a robot is told to pick what it has, or to drop what it has not.
"""

from robot_swarm_orch.coordinator import commands, events as ev
from robot_swarm_orch.coordinator.fleet_state import FleetState
from robot_swarm_orch.coordinator.saga import IN_DOUBT, State
from robot_swarm_orch.types import CommandKind, Leg, OrderKind, Outcome

SLOTS = ('s0', 's1', 's2', 's3')
STATIONS = ('d0', 'd1')
ROBOTS = ('r0', 'r1')


class Floor:
    """Two robots, four slots and two stations."""

    def __init__(self, robots=ROBOTS):
        """Start with robots that have joined."""
        self.state = FleetState()
        self.loaded = {}   # robot -> order whose load is on it, by what really happened
        self.picks, self.drops = {}, {}  # order -> how often, really
        self.where = {}    # order -> place where its load was set down last
        self._commands = 0
        self._boots = 0
        self.apply(ev.SiteLaid(7, 40), ev.SlotsLaid(SLOTS))
        for number, robot in enumerate(robots):
            self.apply(ev.Enrolled(robot, number))
            self.boot(robot)

    # The log

    def apply(self, *events):
        """Apply one batch, a tenth of a second after the last."""
        return self.state.apply(self.state.index + 1,
                                ev.Batch(self.state.time_ms + 100, events))

    def why_not(self, event):
        """Apply an act; return why it was refused, '' if it was done."""
        return self.apply(event).answers[0][1]

    def order(self, order_id='o'):
        """Return an order, live or ended."""
        return self.state.order(order_id)

    def at(self, order_id='o'):
        """Return where an order stands."""
        return State(self.order(order_id).state)

    # Robots

    def boot(self, robot):
        """Let a robot's program start (again)."""
        self._boots += 1
        self.apply(ev.BootRegistered(robot, self._boots))

    def command(self, robot='r0'):
        """Send a robot what is due to it; return the kind, None if nothing is."""
        if robot not in self.state.due:
            return None
        kind, place = commands.due(self.state, robot)
        record, order = self.state.robots[robot], self.state.robots[robot].order_id
        if kind == CommandKind.PICK:
            assert robot not in self.loaded, 'it is told to pick with a load on it'
            assert self.picks.get(order, 0) == self.drops.get(order, 0), 'picked already'
        if kind == CommandKind.DROP:
            assert self.loaded.get(robot) == order, 'it is told to drop what it has not'
        before = record.command_seq
        self._commands += 1
        self.apply(ev.CommandSent(robot, f'c{self._commands}', int(kind), 3, place,
                                  '' if kind == CommandKind.CANCEL else order))
        assert record.command_seq == before + 1, 'what is due was refused'
        return kind

    def happen(self, robot):
        """Let the open command of a robot really happen."""
        command = self.state.robots[robot].open
        if command.kind == CommandKind.PICK:
            self.loaded[robot] = command.order_id
            self.picks[command.order_id] = self.picks.get(command.order_id, 0) + 1
        elif command.kind == CommandKind.DROP:
            del self.loaded[robot]
            self.drops[command.order_id] = self.drops.get(command.order_id, 0) + 1
            self.where[command.order_id] = command.place

    def answer(self, outcome=Outcome.DONE, robot='r0', happened=None, reason=''):
        """Let a robot answer its open command; `happened` is the truth behind a doubt."""
        command = self.state.robots[robot].open
        if outcome == Outcome.DONE if happened is None else happened:
            self.happen(robot)
        return self.apply(ev.CommandAcked(robot, command.seq, int(outcome), reason))

    def clear(self, robot, happened=False):
        """Clear a robot away in the midst of what it does; a load on it stays on it."""
        command = self.state.robots[robot].open
        if happened and command is not None:
            self.happen(robot)
        self.apply(ev.Cleared(robot, ()))

    def settle(self, robot):
        """Let a person look at a doubt and tell the truth; return whether there was one."""
        order = self.state.live.get(self.state.robots[robot].order_id)
        if order is None or order.state not in IN_DOUBT:
            return False
        is_on_it = self.loaded.get(robot) == order.order_id
        happened = is_on_it if order.state == State.PICK_IN_DOUBT else not is_on_it
        return not self.why_not(ev.Settled(robot, happened))

    def strand(self, robot, place):
        """Let a person take the load off a robot and say where it stands."""
        order_id = self.state.robots[robot].order_id
        why_not = self.why_not(ev.LoadStranded(robot, place))
        if not why_not and self.loaded.pop(robot, None) is not None:
            self.where[order_id] = place
        return why_not

    # Whole stretches

    def place(self, order_id='o', pick='s0', drop='d0', priority=100, **fields):
        """Hand a MOVE order in."""
        self.apply(ev.OrderPlaced(order_id, 't', 1, pick, drop, '', priority, 0.0, **fields))

    def place_kind(self, kind, order_id='o', drop='', **fields):
        """Hand an order of another kind in."""
        self.apply(ev.OrderPlaced(order_id, 't', int(kind), '', drop, '', 100, 0.0, **fields))

    def sequence(self, *legs, order_id='o'):
        """Hand a sequence of (pick, drop) moves in."""
        self.place_kind(OrderKind.SEQUENCE, order_id, legs=tuple(
            Leg(OrderKind.MOVE, pick, drop) for pick, drop in legs))

    def assign(self, order_id='o', robot='r0', drop=''):
        """Give an order to a robot; return why not."""
        refused = dict(self.state.counters.refused)
        self.apply(ev.TaskAssigned(order_id, robot, '', drop))
        return [why for why, number in self.state.counters.refused.items()
                if number > refused.get(why, 0)]

    def step(self, robot='r0', outcome=Outcome.DONE):
        """Let a robot do its next step."""
        kind = self.command(robot)
        assert kind is not None, 'nothing is due'
        self.answer(outcome, robot)
        return kind

    def until(self, state, order_id='o', robot='r0'):
        """Let a robot work until its order has come to a state."""
        for _ in range(20):
            if self.at(order_id) == state:
                return self
            if not self.command(robot):
                self.answer(robot=robot)
            elif self.at(order_id) != state:
                self.answer(robot=robot)
        raise AssertionError(f'{order_id} is {self.at(order_id).name}, not {state.name}')
