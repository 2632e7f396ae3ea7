# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The fleet as the log tells it: authority, orders, robots and their open commands.

Every replica folds the same batches into the same state. `apply` checks each event against the
state as it is now, ignores (and counts) what no longer fits, and returns what changed, so that
whoever leads can tell the world. Nothing here looks at a clock; the log's own time comes with each
batch. Positions, batteries and the like are not in the log: the leader knows them from reports.
"""

from hashlib import blake2b
from typing import Optional

from robot_swarm_orch.codec import pack, unpack
from robot_swarm_orch.coordinator import events, saga
from robot_swarm_orch.coordinator.keeper import Keeper, NOBODY
from robot_swarm_orch.coordinator.records import Effects, OpenCommand, OrderRecord, RobotRecord
from robot_swarm_orch.coordinator.saga import Event, State
from robot_swarm_orch.errors import InvariantError
from robot_swarm_orch.types import CommandKind, Counters, OrderKind, OrderStatus

DIGEST_EVERY = 256
"""Replicas compare their states after each entry whose index is a multiple of this."""

ATTEMPTS = 5
"""Robots that may fail on an order before its pick, until the order itself has failed."""

STEPS_AT_MOST = 250
"""Commands of one order, until a person has to look; TaskCommand.step is eight bits wide."""

_DIGESTS_KEPT = 8
_VERSION = 1


class FleetState:
    """
    The replicated state machine.

    For reading: `keeper`, `robots[name]`, `live[order_id]` and `ended[order_id]` (OrderRecord),
    `waiting` (ids of orders nobody carries out, in the order in which they came to wait), `due`
    (robots whose order calls for a command), `done`, `failed` (counts), `index`, `time_ms`.
    """

    def __init__(self):
        """Start empty: no site, no robots, no orders."""
        self.keeper = Keeper()
        self.robots = {}
        self.live = {}
        self.ended = {}
        self.waiting = {}
        self.due = set()
        self.done = 0
        self.failed = 0
        self.index = 0
        self.time_ms = 0
        self.counters = Counters()
        self.digests = {}

    # Applying the log

    def apply(self, index: int, batch: events.Batch) -> Effects:
        """Fold one committed entry; raise InvariantError when replicas no longer agree."""
        self._follow(index)
        self.time_ms = max(self.time_ms, batch.time_ms)
        effects = Effects()
        for position, event in enumerate(batch.events):
            why_not = _APPLY[type(event)](self, event, effects)
            if why_not:
                self.counters.refuse(f'{type(event).__name__}: {why_not}')
            if type(event) in _ANSWERED:
                effects.answers.append((position, why_not))
        self._note_digest()
        return effects

    def skip(self, index: int) -> None:
        """Pass an entry without facts (the one with which a leader opens its term)."""
        self._follow(index)
        self._note_digest()

    def _follow(self, index):
        if index != self.index + 1:
            raise InvariantError(f'entry {index} was applied after entry {self.index}')
        self.index = index

    def _apply_rows(self, event, effects):
        effects.granted += self.keeper.apply_rows(event.rows)
        return ''

    def _lay_site(self, event, effects):
        return self.keeper.lay_site(event.site_hash, event.node_count)

    # Robots

    def _enrol(self, event, effects):
        why_not = self.keeper.enrol(event.robot, event.node)
        if not why_not and event.robot not in self.robots:
            self.robots[event.robot] = RobotRecord(idle_ms=self.time_ms)
        return why_not

    def _clear(self, event, effects):
        why_not = self.keeper.clear(event.robot, event.occupied)
        if why_not:
            return why_not
        record = self.robots[event.robot]
        record.lost, record.parking, record.open = False, '', None
        self._tell_order(record, Event.CLEARED, effects, f'{event.robot} was cleared away')
        self._refresh_due(event.robot)
        return ''

    def _register_boot(self, event, effects):
        number = self.keeper.numbers.get(event.robot)
        if number is not None and self.keeper.boots[number] == event.boot_id != NOBODY:
            return ''
        why_not = self.keeper.register_boot(event.robot, event.boot_id)
        if not why_not:
            record = self.robots[event.robot]
            if record.open is not None and record.open.kind not in saga.SENDING:
                # A new boot knows nothing of its drives. A pick or drop is in its journal.
                record.open, record.parking = None, ''
            effects.booted.append(event.robot)
            self._refresh_due(event.robot)
        return why_not

    def _lose(self, event, effects):
        record = self.robots.get(event.robot)
        if record is None or record.lost:
            return 'unknown or lost already'
        record.lost = True
        order = self.live.get(record.order_id)
        if order is not None and Event.SILENT in saga.TRANSITIONS[order.state]:
            record.open = None
            self._move(order, Event.SILENT, effects, f'{event.robot} fell silent')
            self._refresh_due(event.robot)
        return ''

    def _find(self, event, effects):
        record = self.robots.get(event.robot)
        if record is None or not record.lost:
            return 'unknown or not lost'
        record.lost = False
        return ''

    def _block(self, event, effects):
        effects.ways = True
        return self.keeper.shut(event.nodes, event.edges)

    def _unblock(self, event, effects):
        effects.ways = True
        return self.keeper.reopen(event.nodes, event.edges)

    def is_idle(self, name: str) -> bool:
        """Return whether a robot could be given an order, as far as the log knows."""
        record = self.robots.get(name)
        if record is None or record.lost or record.order_id:
            return False
        number = self.keeper.numbers[name]
        return (self.keeper.enrolled[number] and self.keeper.boots[number] != NOBODY
                and (record.open is None or record.open.kind == CommandKind.PARK))

    def _refresh_due(self, name):
        """Keep `due` equal to the robots whose order calls for a command that is not open."""
        record = self.robots[name]
        order = self.live.get(record.order_id)
        if order is not None and record.open is None and order.state in saga.STEPS:
            self.due.add(name)
        else:
            self.due.discard(name)

    # Orders

    def order(self, order_id: str) -> Optional[OrderRecord]:
        """Return an order, live or ended, or None."""
        return self.live.get(order_id) or self.ended.get(order_id)

    def status_of(self, order: OrderRecord, term: int) -> OrderStatus:
        """Return what the world is told about an order: trouble first, else why that robot."""
        return OrderStatus(order.order_id, order.trace_id, term, order.index,
                           saga.PUBLIC[order.state], order.robot, order.reason or order.chosen,
                           order.priority, order.deadline_s)

    def _place(self, event, effects):
        if self.order(event.order_id) is None:
            self.live[event.order_id] = OrderRecord(
                event.order_id, event.trace_id, event.kind, event.pick, event.drop, event.load_id,
                event.priority, event.deadline_s, self.time_ms, index=self.index,
                changed_ms=self.time_ms)
            self.waiting[event.order_id] = None
            effects.marks.append(('accepted', event.order_id))
        effects.orders.append(event.order_id)
        return ''

    def _assign(self, event, effects):
        order = self.live.get(event.order_id)
        why_not = ''
        if order is None or order.state != State.WAITING:
            why_not = 'the order does not wait'
        elif not self.is_idle(event.robot):
            why_not = 'the robot is not idle'
        effects.marks.append(('refused' if why_not else 'assigned', event.order_id))
        if why_not:
            return why_not
        record = self.robots[event.robot]
        record.open, record.parking, record.order_id = None, '', order.order_id
        order.robot, order.chosen = event.robot, event.why
        self._move(order, saga.assigned_event(order.kind), effects)
        self._refresh_due(event.robot)
        return ''

    def _settle(self, event, effects):
        record = self.robots.get(event.robot)
        order = self.live.get(record.order_id) if record else None
        if order is None or order.state not in saga.IN_DOUBT:
            return f'no pick or drop of {event.robot} is in doubt'
        self._move(order, Event.HAPPENED if event.happened else Event.DID_NOT_HAPPEN, effects)
        self._refresh_due(event.robot)
        return ''

    def _forget(self, event, effects):
        for order_id in [order_id for order_id, order in self.ended.items()
                         if order.changed_ms < event.before_ms]:
            del self.ended[order_id]
        return ''

    def give_up_waiting(self, reason: str) -> tuple:
        """Let all orders fail that wait for a robot; return their ids."""
        given_up = tuple(self.waiting)
        for order_id in given_up:
            self._move(self.live[order_id], Event.GAVE_UP, Effects(), reason)
        return given_up

    def _tell_order(self, record, event, effects, reason=''):
        """Let an event happen to a robot's order, if it has one that lists the event."""
        order = self.live.get(record.order_id)
        if order is not None and event in saga.TRANSITIONS[order.state]:
            self._move(order, event, effects, reason)

    def _move(self, order, event, effects, reason=''):
        """Take an order to its next state, and keep the lists in step; RefusedEvent if none."""
        order.state = saga.next_state(State(order.state), event)
        order.index, order.changed_ms, order.reason = self.index, self.time_ms, reason
        effects.orders.append(order.order_id)
        if order.state == State.WAITING:
            self._release(order)
            order.robot = order.chosen = ''
            effects.marks.append(('returned', order.order_id))
            if order.attempts >= ATTEMPTS:
                self._move(order, Event.GAVE_UP, effects, reason)
            else:
                self.waiting[order.order_id] = None
        elif order.state in saga.ENDED:
            self._release(order)
            self._end(order)
            effects.marks.append(('ended', order.order_id))
        else:
            self.waiting.pop(order.order_id, None)
            if order.state in saga.IN_DOUBT:
                effects.marks.append(('in_doubt', order.order_id))

    def _release(self, order):
        """Take an order off its robot, which is idle from now on."""
        record = self.robots.get(order.robot)
        if record is not None:
            record.order_id, record.idle_ms = '', self.time_ms
            self.due.discard(order.robot)

    def _end(self, order):
        del self.live[order.order_id]
        self.waiting.pop(order.order_id, None)
        self.ended[order.order_id] = order
        if order.state == State.DONE:
            self.done += 1
        else:
            self.failed += 1

    # Commands

    def _send(self, event, effects):
        record = self.robots.get(event.robot)
        if record is None or record.open is not None:
            return 'the robot is unknown or has an open command'
        step = 0
        if event.order_id:
            order = self.live.get(event.order_id)
            if order is None or record.order_id != event.order_id:
                return 'another robot has the order'
            if saga.STEPS.get(order.state, (0,))[0] != event.kind:
                return 'the order calls for another command'
            step = min(order.step, STEPS_AT_MOST)
            order.step = step + 1
            if event.kind in saga.SENDING:
                self._move(order, saga.SENDING[event.kind], effects)
        elif event.kind != CommandKind.PARK or not self._may_park(event):
            return 'the robot may not park there now'
        else:
            record.parking = event.place
        record.command_seq += 1
        record.open = OpenCommand(event.command_id, record.command_seq, event.kind, event.node,
                                  event.place, event.order_id, step)
        effects.commands.append(event.robot)
        self._refresh_due(event.robot)
        return ''

    def _may_park(self, event):
        return self.is_idle(event.robot) and not any(
            record.parking == event.place for name, record in self.robots.items()
            if name != event.robot)

    def _answer(self, event, effects):
        record = self.robots.get(event.robot)
        if record is None or record.open is None or record.open.seq != event.seq:
            return 'no such open command'
        command, record.open = record.open, None
        means = saga.answer_event(command.kind, event.outcome, event.reason)
        failed = means != Event.STEP_DONE
        effects.closed.append((event.robot, failed))
        order = self.live.get(command.order_id)
        if order is None:
            if failed:
                record.parking = ''
            record.idle_ms = self.time_ms
            return ''
        means = self._count_failure(order, means)
        self._move(order, means, effects, event.reason if failed else '')
        self._refresh_due(event.robot)
        return ''

    def _count_failure(self, order, means):
        """Count a failure before the pick; after it, give up repeating at some point."""
        if means not in (Event.STEP_FAILED, Event.NOT_STARTED):
            return means
        if order.step >= STEPS_AT_MOST and Event.DOUBTED in saga.TRANSITIONS[order.state]:
            return Event.DOUBTED
        if order.state not in (State.TO_DROP, State.DROPPING):
            order.attempts += 1
        return means

    # Comparing and copying

    def _note_digest(self):
        if self.index % DIGEST_EVERY == 0:
            self.digests[self.index] = self.digest()
            self.digests.pop(self.index - DIGEST_EVERY * _DIGESTS_KEPT, None)

    def _compare(self, event, effects):
        own = self.digests.get(event.index)
        if own is not None and own != event.digest:
            raise InvariantError(
                f'after entry {event.index} the fleet state of this replica differs from that of '
                'the leader. Stop it, keep its files for analysis, and start it anew with an '
                'empty data directory')
        return ''

    def digest(self) -> bytes:
        """Return 16 bytes over all state that still changes (ended orders only count)."""
        return blake2b(pack(self._plain()), digest_size=16).digest()

    def _plain(self):
        return (self.index, self.time_ms, self.done, self.failed, self.keeper.to_plain(),
                tuple((name, self.robots[name]) for name in sorted(self.robots)),
                tuple(self.live[key] for key in sorted(self.live)), tuple(self.waiting))

    def snapshot(self) -> bytes:
        """Return the whole state as canonical bytes."""
        return pack((_VERSION, self._plain(), tuple(self.ended.values()),
                     tuple(sorted(self.digests.items()))))

    @classmethod
    def restore(cls, data: bytes) -> 'FleetState':
        """Return the state that `snapshot` wrote; raise InvariantError for another version."""
        version, plain, ended, digests = unpack(data)
        if version != _VERSION:
            raise InvariantError(f'the snapshot has version {version}, not {_VERSION}')
        state = cls()
        (state.index, state.time_ms, state.done, state.failed, keeper, robots, live,
         waiting) = plain
        state.keeper = Keeper.from_plain(keeper)
        state.robots = dict(robots)
        state.live = {order.order_id: order for order in live}
        state.ended = {order.order_id: order for order in ended}
        state.waiting = dict.fromkeys(waiting)
        state.digests = dict(digests)
        for name in state.robots:
            state._refresh_due(name)
        return state


def order_placed(order) -> events.OrderPlaced:
    """Return the event that accepts an order (types.Order)."""
    pick = order.pick if order.kind == OrderKind.MOVE else ''
    return events.OrderPlaced(order.order_id, order.trace_id, int(order.kind), pick, order.drop,
                              order.load_id, order.priority, order.deadline_s)


_APPLY = {
    events.SiteLaid: FleetState._lay_site,
    events.Enrolled: FleetState._enrol,
    events.Cleared: FleetState._clear,
    events.BootRegistered: FleetState._register_boot,
    events.AuthorityChanged: FleetState._apply_rows,
    events.RobotLost: FleetState._lose,
    events.RobotFound: FleetState._find,
    events.OrderPlaced: FleetState._place,
    events.TaskAssigned: FleetState._assign,
    events.CommandSent: FleetState._send,
    events.CommandAcked: FleetState._answer,
    events.Settled: FleetState._settle,
    events.WayBlocked: FleetState._block,
    events.WayUnblocked: FleetState._unblock,
    events.OrdersForgotten: FleetState._forget,
    events.StateDigest: FleetState._compare,
}

_ANSWERED = (events.Enrolled, events.Cleared, events.Settled, events.WayBlocked,
             events.WayUnblocked)
