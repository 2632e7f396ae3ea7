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
from itertools import islice

from robot_swarm_orch.codec import pack, unpack
from robot_swarm_orch.coordinator import bars, commands, events, order_acts, saga
from robot_swarm_orch.coordinator.ended import EndedOrders
from robot_swarm_orch.coordinator.frozen import Frozen, LiveOrders
from robot_swarm_orch.coordinator.keeper import Keeper, NOBODY
from robot_swarm_orch.coordinator.order_book import OrderBook
from robot_swarm_orch.coordinator.pauses import Pauses
from robot_swarm_orch.coordinator.records import Change, Effects, RobotRecord
from robot_swarm_orch.coordinator.saga import Event
from robot_swarm_orch.coordinator.slots import Slots
from robot_swarm_orch.errors import InvariantError
from robot_swarm_orch.types import CommandKind, content_digest, Counters, OrderKind

DIGEST_EVERY = 256
"""Replicas compare their states after each entry whose index is a multiple of this."""

_DIGESTS_KEPT = 8
_DIGEST_WAITING = 1000
_VERSION = 2


class FleetState(OrderBook):
    """
    The replicated state machine; its orders are in `order_book.py`.

    For reading: `keeper`, `robots[name]`, `live[order_id]` (OrderRecord), `ended` (EndedOrders),
    `waiting` (ids of orders nobody carries out, in the order in which they came to wait),
    `engaged` (ids of the other live orders: seldom more than there are robots), `due`
    (robots to which a command is to be sent), `slots`, `pauses`, `done`, `failed`, `cancelled`
    (counts), `index`, `time_ms`.
    """

    def __init__(self):
        """Start empty: no site, no robots, no orders."""
        self.keeper = Keeper()
        self.robots = {}
        self.live = LiveOrders()
        self.ended = EndedOrders()
        self.waiting = {}
        self.engaged = set()
        self.due = set()
        self.slots = Slots()
        self.pauses = Pauses()
        self.done = 0
        self.failed = 0
        self.cancelled = 0
        self.index = 0
        self.time_ms = 0
        self.counters = Counters()
        self.digests = {}
        self._frozen = None

    # Applying the log

    def apply(self, index: int, batch: events.Batch) -> Effects:
        """Fold one committed entry; raise InvariantError when replicas no longer agree."""
        self._follow(index)
        self.time_ms = max(self.time_ms, batch.time_ms)
        effects = Effects()
        if self._frozen is not None:
            self.live.before = self._frozen.keep
        self.ended.shorten()
        for position, event in enumerate(batch.events):
            told = len(effects.orders)
            why_not = _APPLY[type(event)](self, event, effects)
            if why_not:
                self.counters.refuse(f'{type(event).__name__}: {why_not}')
                effects.refused[position] = why_not
            for order_id in dict.fromkeys(effects.orders[told:]):
                self._note_change(position, order_id, effects)
            if type(event) in _ANSWERED:
                effects.answers.append((position, why_not))
                if not why_not and type(event) is events.OrderCancelled:
                    effects.notes[position] = self._what_follows(
                        event.order_id, bool(effects.orders[told:]))
        self.live.before = None
        self._note_digest()
        return effects

    def _note_change(self, position, order_id, effects):
        order = self.order(order_id)
        if order.index == self.index:
            effects.changes.append(Change(
                position, order_id, int(saga.PUBLIC[order.state]), order.robot,
                order.reason or order.why or order.chosen))

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
        self.refresh_due(event.robot)
        return ''

    def _register_boot(self, event, effects):
        number = self.keeper.numbers.get(event.robot)
        if number is not None and self.keeper.boots[number] == event.boot_id != NOBODY:
            return ''
        why_not = self.keeper.register_boot(event.robot, event.boot_id)
        if not why_not:
            record = self.robots[event.robot]
            if record.open is not None and record.open.kind in commands.DRIVES:
                # A new boot knows nothing of its drives. A pick, drop or work is in its journal.
                record.open, record.parking = None, ''
            effects.booted.append(event.robot)
            self.refresh_due(event.robot)
        return why_not

    def _lose(self, event, effects):
        record = self.robots.get(event.robot)
        if record is None or record.lost:
            return 'unknown or lost already'
        record.lost = True
        order = self.live.get(record.order_id)
        if order is not None and Event.SILENT in saga.TRANSITIONS[order.state]:
            record.open = None
            self.move(order, Event.SILENT, effects, f'{event.robot} fell silent')
            self.refresh_due(event.robot)
        elif record.open is not None and record.open.kind == CommandKind.PARK:
            # It may never get there; others need the place, such as a charger.
            record.open, record.parking = None, ''
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
        return self.why_not_idle(name) is None

    def why_not_idle(self, name: str):
        """Return what keeps a robot from any order, as far as the log knows (Bar), or None."""
        record = self.robots.get(name)
        if record is None or not self.keeper.enrolled[self.keeper.numbers[name]]:
            return bars.NOT_ENROLLED
        if not self._is_up(name):
            return bars.UNHEARD
        if record.lost or record.order_id:
            return bars.LOST if record.lost else bars.WORKS
        # What it still drives to is superseded; the work of a payload device is not.
        return (None if record.open is None or record.open.kind in commands.DRIVES
                else bars.AT_DEVICE)

    def _is_up(self, name):
        """Return whether a robot is enrolled and has joined."""
        number = self.keeper.numbers[name]
        return self.keeper.enrolled[number] and self.keeper.boots[number] != NOBODY

    def refresh_due(self, name: str) -> None:
        """Keep `due` equal to the robots to which a command is to be sent."""
        if name in self.robots and commands.due(self, name) is not None:
            self.due.add(name)
        else:
            self.due.discard(name)

    # Comparing and copying

    def _note_digest(self):
        if self.index % DIGEST_EVERY == 0:
            self.digests[self.index] = self.spot_digest()
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

    def spot_digest(self) -> bytes:
        """
        Return 16 bytes over the same, but of the orders that wait only over some, in turn.

        Tens of thousands may wait, and neither consensus nor leases wait for a digest of them all.
        """
        count = len(self.waiting)
        begin = self.index // DIGEST_EVERY * _DIGEST_WAITING % max(1, count)
        some = tuple(islice(self.waiting, begin, begin + _DIGEST_WAITING))
        return blake2b(pack(self._plain((*self.busy(), *some))), digest_size=16).digest()

    def busy(self) -> list:
        """Return the ids of the live orders that do not wait, sorted."""
        return sorted(self.engaged)

    def _plain(self, orders=None):
        """Return the state as plain values; orders: ids of those to have in it, None: all."""
        return (*self.plain_head(),
                tuple(self.live[key] for key in (sorted(self.live) if orders is None else orders)),
                tuple(self.waiting), *self.plain_tail())

    def plain_head(self) -> tuple:
        """Return the plain values that come before the orders."""
        return (self.index, self.time_ms, self.done, self.failed, self.keeper.to_plain(),
                tuple((name, self.robots[name]) for name in sorted(self.robots)))

    def plain_tail(self) -> tuple:
        """Return the plain values that come behind the orders."""
        return self.cancelled, self.slots.to_plain(), self.pauses.to_plain()

    def snapshot(self) -> bytes:
        """Return the whole state as canonical bytes."""
        return Frozen(self, _VERSION).whole()

    def freeze(self) -> Frozen:
        """
        Return the state as it is now, to be packed in slices while entries are applied.

        One at a time: call `thaw` when it is packed, or no longer wanted.
        """
        self._frozen = Frozen(self, _VERSION)
        return self._frozen

    def thaw(self) -> None:
        """Forget what was frozen: orders change without being kept for it."""
        self._frozen = None

    @classmethod
    def restore(cls, data: bytes) -> 'FleetState':
        """Return the state that `snapshot` wrote; raise InvariantError for a newer version."""
        version, plain, ended, digests = unpack(data)
        if version == 1:  # all ended orders whole
            ended = (), ended
        elif version != _VERSION:
            raise InvariantError(f'the snapshot has version {version}, not {_VERSION}: it is from '
                                 'a newer release; install that here, too')
        state = cls()
        (state.index, state.time_ms, state.done, state.failed, keeper, robots, live,
         waiting) = plain[:8]
        state.keeper = Keeper.from_plain(keeper)
        state.robots = dict(robots)
        state.live = LiveOrders((order.order_id, order) for order in live)
        state.ended = EndedOrders.from_plain(ended)
        state.waiting = dict.fromkeys(waiting)
        state.engaged = state.live.keys() - state.waiting.keys()
        state.digests = dict(digests)
        if len(plain) > 8:
            state.cancelled, slots, pauses = plain[8:]
            state.slots = Slots.from_plain(slots, live)
            state.pauses = Pauses(*pauses)
        for name in state.robots:
            state.refresh_due(name)
        return state


def order_placed(order) -> events.OrderPlaced:
    """Return the event that accepts an order (types.Order)."""
    pick = order.pick if order.kind == OrderKind.MOVE else ''
    return events.OrderPlaced(
        order.order_id, order.trace_id, int(order.kind), pick, order.drop, order.load_id,
        order.priority, order.deadline_s, order.alternates, order.places, order.legs, order.robot,
        order.load_mass_kg, order.tools, order.client, content_digest(order))


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
    events.CommandSent: commands.send,
    events.CommandAcked: commands.answer,
    events.Settled: FleetState._settle,
    events.WayBlocked: FleetState._block,
    events.WayUnblocked: FleetState._unblock,
    events.OrdersForgotten: FleetState._forget,
    events.StateDigest: FleetState._compare,
    events.OrderCancelled: order_acts.cancel,
    events.OrderAmended: order_acts.amend,
    events.OrderRedirected: order_acts.redirect,
    events.OrderHeld: order_acts.hold,
    events.OrderGivenUp: order_acts.give_up,
    events.LoadHandedOver: order_acts.hand_over,
    events.TaskPreempted: order_acts.preempt,
    events.LoadStranded: order_acts.strand,
    events.OrderSplit: order_acts.split,
    events.DeadlinesMissed: order_acts.miss_deadlines,
    events.SlotsLaid: order_acts.lay_slots,
    events.SlotSet: order_acts.set_slot,
    events.PauseSet: order_acts.pause,
    events.DrainSet: order_acts.drain,
    events.Noted: lambda state, event, effects: '',
}

_ANSWERED = frozenset((
    events.Enrolled, events.Cleared, events.Settled, events.WayBlocked, events.WayUnblocked,
    events.OrderCancelled, events.OrderAmended, events.LoadStranded, events.SlotSet,
    events.PauseSet, events.DrainSet, events.Noted))
