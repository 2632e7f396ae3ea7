# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The orders in the fleet state: accepted, given to robots, moved on by the saga, ended.

The saga's table says what state follows; here stands what else follows from it: which robot has
the order, what waits, what stands where. A state in which nothing rests (saga.State.LEG_DONE,
SET_DOWN) is left at once, and a cancellation that was remembered takes effect here.
"""

from itertools import count
import re
from typing import Optional

from robot_swarm_orch.coordinator import saga
from robot_swarm_orch.coordinator.legs import leg_count
from robot_swarm_orch.coordinator.records import Effects, OrderRecord
from robot_swarm_orch.coordinator.saga import Event, State
from robot_swarm_orch.types import OrderKind, OrderStatus

ATTEMPTS = 5
"""Robots that may fail on an order before its pick, until the order itself has failed."""


class OrderBook:
    """The part of `fleet_state.FleetState` that holds the orders."""

    def order(self, order_id: str) -> Optional[OrderRecord]:
        """Return an order, live or ended, or None."""
        return self.live.get(order_id) or self.ended.get(order_id)

    def status_of(self, order: OrderRecord, term: int) -> OrderStatus:
        """Return what the world is told about an order: trouble first, else why that robot."""
        leg, legs = ((order.parts_ended, order.parts) if order.parts
                     else (order.leg, leg_count(order)))
        return OrderStatus(order.order_id, order.trace_id, term, order.index,
                           saga.PUBLIC[order.state], order.robot,
                           order.reason or order.why or order.chosen,
                           order.priority, order.deadline_s, order.content, leg, legs,
                           order.is_late)

    def parts_of(self, order: OrderRecord) -> tuple:
        """Return the live parts of an order that was split."""
        ids = (f'{order.order_id}.p{number}' for number in range(1, order.parts + 1))
        return tuple(self.live[part] for part in ids if part in self.live)

    def free_id(self, order_id: str) -> str:
        """Return the id of the next order that is to rescue a load of this one."""
        base = re.sub(r'\.r\d+$', '', order_id)
        return next(name for name in (f'{base}.r{number}' for number in count(1))
                    if self.order(name) is None)

    def _place(self, event, effects):
        if self.order(event.order_id) is None:
            self.accept(OrderRecord(
                event.order_id, event.trace_id, event.kind, event.pick, event.drop, event.load_id,
                event.priority, event.deadline_s, self.time_ms, alternates=event.alternates,
                places=event.places, legs=event.legs, only_robot=event.only_robot,
                load_mass_kg=event.load_mass_kg, tools=event.tools, client=event.client,
                content=event.content), effects)
        else:
            effects.orders.append(event.order_id)
        return ''

    def accept(self, order: OrderRecord, effects: Effects) -> None:
        """Let a new order wait for a robot."""
        self.live[order.order_id] = order
        self.waiting[order.order_id] = None
        effects.marks.append(('accepted', order.order_id))
        self.touch(order, effects)

    def why_not_ready(self, order: OrderRecord, drop: str = '') -> str:
        """Return why an order's leg can't begin yet, '' if it can; `drop`: if not as ordered."""
        if order.leg_kind != OrderKind.MOVE:
            return ''
        pick = order.place('pick')
        if pick in self.slots.places:
            for other in self.slots.aims_at(pick, order.order_id):
                return f'{pick} is where order {other} sets its load down first'
        return self.slots.why_taken(drop or order.place('drop'), order.order_id)

    def _assign(self, event, effects):
        order = self.live.get(event.order_id)
        why_not = ''
        if order is None or order.state != State.WAITING:
            why_not = 'the order does not wait'
        elif not self.is_idle(event.robot):
            why_not = 'the robot is not idle'
        elif event.robot in self.pauses.drained:
            why_not = 'the robot is drained'
        elif order.only_robot not in ('', event.robot):
            why_not = 'the order is for another robot'
        else:
            why_not = self.why_not_ready(order, event.drop)
        effects.marks.append(('refused' if why_not else 'assigned', event.order_id))
        if why_not:
            return why_not
        record = self.robots[event.robot]
        record.open, record.order_id = None, order.order_id
        order.robot, order.chosen, order.target = event.robot, event.why, event.drop
        order.held_ms = 0
        self._begin_leg(order, effects)
        self.refresh_due(event.robot)
        return ''

    def _begin_leg(self, order, effects):
        """Let an order's robot begin the present leg."""
        self.robots[order.robot].parking = (
            order.place('drop') if order.leg_kind == OrderKind.PARK else '')
        self.move(order, saga.assigned_event(order.leg_kind), effects)

    def _next_leg(self, order, effects):
        """Go on after a leg: with the next one, with this robot if it can, or to the end."""
        if order.leg + 1 >= leg_count(order):
            self.move(order, Event.NO_LEG_LEFT, effects, f'{order.why}, but its load had been set '
                      'down where it was ordered to' if order.is_cancelled else '')
            return
        order.leg += 1
        order.source = order.target = ''
        order.attempts = order.misses = order.step = order.held_ms = 0
        why_not = self.why_not_ready(order)
        if why_not and order.present.alternates:
            order.target = next((place for place in order.present.alternates
                                 if not self.why_not_ready(order, place)), '')
            why_not = '' if order.target else why_not
        if not why_not and (not self._is_up(order.robot) or self.robots[order.robot].lost):
            why_not = f'{order.robot} is gone'
        if why_not:
            self.move(order, Event.HELD_BACK, effects, why_not)
        else:
            self._begin_leg(order, effects)

    def _settle(self, event, effects):
        record = self.robots.get(event.robot)
        order = self.live.get(record.order_id) if record else None
        if order is None or order.state not in saga.IN_DOUBT:
            return f'no pick or drop of {event.robot} is in doubt'
        self.move(order, Event.HAPPENED if event.happened else Event.DID_NOT_HAPPEN, effects)
        self.refresh_due(event.robot)
        return ''

    def _forget(self, event, effects):
        self.ended.forget(event.before_ms, event.keep)
        return ''

    def give_up_waiting(self, reason: str) -> tuple:
        """Let all orders fail that wait for a robot; return their ids."""
        given_up = tuple(self.waiting)
        for order_id in given_up:
            self.move(self.live[order_id], Event.GAVE_UP, Effects(), reason)
        return given_up

    def _tell_order(self, record, event, effects, reason=''):
        """Let an event happen to a robot's order, if it has one that lists the event."""
        order = self.live.get(record.order_id)
        if order is not None and event in saga.TRANSITIONS[order.state]:
            self.move(order, event, effects, reason)

    def touch(self, order: OrderRecord, effects: Effects) -> None:
        """Note that something of an order changed, so that it is told."""
        order.index, order.changed_ms = self.index, self.time_ms
        effects.orders.append(order.order_id)

    def move(self, order: OrderRecord, event: Event, effects: Effects, reason: str = '') -> None:
        """Take an order to its next state, and all that follows; RefusedEvent if none."""
        before, order.state = State(order.state), saga.next_state(State(order.state), event)
        order.reason = reason
        self.touch(order, effects)
        self._move_load(order, before)
        self.slots.note(order)
        if order.state == State.LEG_DONE:
            self._next_leg(order, effects)
        elif order.state == State.SET_DOWN:
            self._load_is_down(order, effects)
        elif order.state == State.TO_SET_DOWN and before not in saga.SETTING_DOWN:
            self._choose_refuge(order, event)
        elif order.state == State.WAITING:
            self._wait(order, effects, reason)
        elif order.state in saga.ENDED:
            self._release(order)
            self._end(order, effects)
        else:
            self.waiting.pop(order.order_id, None)
            self.engaged.add(order.order_id)
            if order.state in saga.IN_DOUBT:
                effects.marks.append(('in_doubt', order.order_id))
        self.take_cancellation(order, effects)

    def take_cancellation(self, order: OrderRecord, effects: Effects) -> bool:
        """Cancel an order whose owner wants it, if it can be now; return whether it was."""
        if not order.is_cancelled or Event.CANCELLED not in saga.TRANSITIONS[order.state]:
            return False
        self.move(order, Event.CANCELLED, effects, order.why)
        return True

    def _what_follows(self, order_id, changed):
        """Return what a cancellation brings about, for people; `changed`: it did so by now."""
        order = self.order(order_id)
        if order.state in saga.ENDED:
            return '' if changed else self.ended_words(order)
        if order.state == State.SPLIT:
            return f'the parts of order {order_id} end one by one'
        if order.state == State.DROP_IN_DOUBT:
            return (f'nobody can tell whether the load of order {order_id} was set down: once '
                    'that is settled, it is put back if it was not; if it was, that leg stays '
                    'done')
        return (f'order {order_id} is {State(order.state).name}: it ends when its load is set '
                'down again')

    @staticmethod
    def ended_words(order) -> str:
        """Return how an order has ended, as an answer to who wants to change it."""
        return f'order {order.order_id} has ended: it is {State(order.state).name}'

    def _wait(self, order, effects, reason):
        """Let an order that has lost its robot wait for another one."""
        self._release(order)
        order.robot = order.chosen = order.target = ''
        effects.marks.append(('returned', order.order_id))
        if order.attempts >= ATTEMPTS and not order.is_cancelled:
            self.move(order, Event.GAVE_UP, effects, reason)
        else:
            self.waiting[order.order_id] = None
            self.engaged.discard(order.order_id)

    def _release(self, order):
        """Take an order off its robot, which is idle from now on."""
        record = self.robots.get(order.robot)
        if record is not None and record.order_id == order.order_id:
            record.order_id, record.idle_ms = '', self.time_ms
            if order.state != State.DONE:
                record.parking = ''
            self.refresh_due(order.robot)

    def _end(self, order, effects):
        del self.live[order.order_id]
        self.waiting.pop(order.order_id, None)
        self.engaged.discard(order.order_id)
        self.ended.add(order)
        if order.state == State.DONE:
            self.done += 1
        elif order.state == State.CANCELLED:
            self.cancelled += 1
        else:
            self.failed += 1
        effects.marks.append(('ended', order.order_id))
        if order.parent in self.live:
            self._part_ended(self.live[order.parent], order, effects)

    def _part_ended(self, order, part, effects):
        """Count the end of one of an order's parts; after the last one it ends too."""
        order.parts_ended += 1
        order.parts_done += part.state == State.DONE
        if order.parts_ended < order.parts:
            self.touch(order, effects)
        elif order.parts_done == order.parts:
            self.move(order, Event.PARTS_DONE, effects)
        else:
            how = f'{order.parts_done} of its {order.parts} parts were done'
            if order.is_cancelled:
                self.move(order, Event.PARTS_CANCELLED, effects, f'{order.why}; {how}')
            else:
                self.move(order, Event.PARTS_FAILED, effects, f'{how}, the others failed')

    # Loads

    def _move_load(self, order, before):
        """Note where the load of an order is after a step from the state `before`."""
        if order.state == State.TO_DROP and before in (State.PICKING, State.PICK_IN_DOUBT):
            self.take_load(order.place('pick'))
        elif order.state == State.LEG_DONE and before in (State.DROPPING, State.DROP_IN_DOUBT):
            self.put_load(order.place('drop'), order.load)
        elif order.state == State.SET_DOWN:
            self.put_load(order.refuge, order.load)

    def take_load(self, place: str) -> None:
        """Note that a place is empty."""
        self.slots.take(place)
        self._refresh_around(place)

    def put_load(self, place: str, load: str) -> None:
        """Note that a load stands at a place."""
        self.slots.put(place, load)
        self._refresh_around(place)

    def _refresh_around(self, place):
        """Look again at the robots that are to set a load down at a place."""
        for order_id in self.slots.aims_at(place):
            self.refresh_due(self.live[order_id].robot)

    def _choose_refuge(self, order, event):
        """Choose where the load is set down: where it was, if that is free; else it is open."""
        order.misses = order.held_ms = 0
        if event == Event.HAND_OVER:
            order.follow = int(Event.HANDED_OVER)
        else:
            order.follow = int(event)
            pick = order.place('pick')
            order.refuge = '' if self.slots.why_taken(pick, order.order_id) else pick
        self.slots.note(order)

    def _load_is_down(self, order, effects):
        """Go on after a load was set down."""
        place, order.refuge = order.refuge, ''
        event = Event.CANCELLED if order.is_cancelled else Event(order.follow)
        order.follow = 0
        if event == Event.HANDED_OVER:
            order.source, order.attempts, order.step = place, 0, 0
        where = f'its load stands at {place}' if place else 'its load was set down'
        self.move(order, event, effects, f'{order.why}; {where}')
