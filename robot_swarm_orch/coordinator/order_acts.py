# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What people and the leader change about orders under way, as the fleet state applies it.

Each function takes the FleetState, the event and the Effects, and returns '' when done, else why
not; what is refused changes nothing. What an order does next is the saga's business: here stands
who may say what, and when.
"""

from robot_swarm_orch.coordinator import saga
from robot_swarm_orch.coordinator.legs import legs_of
from robot_swarm_orch.coordinator.records import OrderRecord
from robot_swarm_orch.coordinator.saga import Event, State
from robot_swarm_orch.types import Leg, OrderKind


def unknown_words(order_id) -> str:
    """Return the answer to who wants to change an order that is not known."""
    return f'no order {order_id} is known: it was never accepted, or ended long ago'


def cancel(state, event, effects) -> str:
    """Apply an OrderCancelled."""
    order = state.order(event.order_id)
    if order is None:
        return unknown_words(event.order_id)
    if order.state == State.CANCELLED:
        return ''
    if order.state in saga.ENDED:
        return state.ended_words(order)
    if order.state in saga.TOO_LATE:
        return f'order {order.order_id} cannot be cancelled: {saga.TOO_LATE[order.state]}'
    order.is_cancelled = True
    order.why = f'cancelled by {event.operator_id}' if event.operator_id else 'cancelled'
    if order.state == State.SPLIT:
        for part in state.parts_of(order):
            _cancel(state, part, order.why, effects)
    else:
        _cancel(state, order, order.why, effects)
    return ''


def _cancel(state, order, why, effects):
    """Cancel an order now, or as soon as the table has a move for it."""
    robot, order.is_cancelled, order.why = order.robot, True, why
    if not state.take_cancellation(order, effects):
        state.touch(order, effects)
    state.refresh_due(robot)


def amend(state, event, effects) -> str:
    """Apply an OrderAmended."""
    order = state.live.get(event.order_id)
    if order is None:
        ended = state.ended.get(event.order_id)
        return unknown_words(event.order_id) if ended is None else state.ended_words(ended)
    if event.priority > 255:
        return f'priority {event.priority} must lie in 0 to 255'
    for one in (order, *state.parts_of(order)):
        if event.priority >= 0:
            one.priority = event.priority
        if event.deadline_s >= 0.0:
            one.deadline_s, one.is_late = event.deadline_s, False
        state.touch(one, effects)
        effects.marks.append(('amended', one.order_id))
    return ''


def miss_deadlines(state, event, effects) -> str:
    """Apply a DeadlinesMissed."""
    for order_id in event.order_ids:
        order = state.live.get(order_id)
        if order is not None and not order.is_late:
            order.is_late = True
            state.touch(order, effects)
            effects.marks.append(('late', order_id))
    return ''


def redirect(state, event, effects) -> str:
    """Apply an OrderRedirected."""
    order = state.live.get(event.order_id)
    if order is None or Event.REDIRECTED not in saga.TRANSITIONS[order.state]:
        return 'the order is not on its way with a load, or to its work'
    why_not = state.slots.why_taken(event.place, order.order_id)
    if why_not:
        return why_not
    if order.state in saga.SETTING_DOWN:
        order.refuge = event.place
    else:
        order.target = event.place
    order.misses = order.held_ms = 0
    state.move(order, Event.REDIRECTED, effects, event.reason)
    state.refresh_due(order.robot)
    return ''


def hold(state, event, effects) -> str:
    """Apply an OrderHeld."""
    order = state.live.get(event.order_id)
    if order is None or order.state not in (State.WAITING, State.TO_DROP, State.AT_DROP):
        return 'the order waits for no place'
    if event.reason:
        order.held_ms = order.held_ms or max(1, state.time_ms)
    else:
        order.held_ms = 0
    order.reason = event.reason
    state.touch(order, effects)
    return ''


def give_up(state, event, effects) -> str:
    """Apply an OrderGivenUp."""
    order = state.live.get(event.order_id)
    if order is None or Event.GAVE_UP not in saga.TRANSITIONS[order.state]:
        return 'the order can no longer be given up'
    order.why = event.reason
    state.move(order, Event.GAVE_UP, effects, event.reason)
    state.refresh_due(order.robot)
    return ''


def hand_over(state, event, effects) -> str:
    """Apply a LoadHandedOver."""
    order = state.live.get(event.order_id)
    if order is None or Event.HAND_OVER not in saga.TRANSITIONS[order.state]:
        return 'no load of this order is on its way'
    why_not = state.slots.why_taken(event.place, order.order_id)
    if why_not:
        return why_not
    order.why, order.refuge = event.reason, event.place
    state.move(order, Event.HAND_OVER, effects, event.reason)
    state.refresh_due(order.robot)
    return ''


def preempt(state, event, effects) -> str:
    """Apply a TaskPreempted; finished legs bind an order to its robot."""
    order, other = state.live.get(event.order_id), state.live.get(event.by)
    if (order is None or order.robot != event.robot or order.leg
            or Event.PREEMPTED not in saga.TRANSITIONS[order.state]):
        return 'the order can no longer be taken from this robot'
    if other is None or other.state != State.WAITING or other.priority <= order.priority:
        return 'no more urgent order waits'
    state.move(order, Event.PREEMPTED, effects,
               f'{event.robot} was taken away for the more urgent order {event.by}')
    state.refresh_due(event.robot)
    return ''


def strand(state, event, effects) -> str:
    """Apply a LoadStranded: the order has failed, and a rescue order fetches its load."""
    record = state.robots.get(event.robot)
    order = state.live.get(record.order_id) if record is not None else None
    if order is None:
        return f'{event.robot} carries out no order'
    if Event.STRANDED not in saga.TRANSITIONS[order.state]:
        return (f'order {order.order_id} of {event.robot} is {State(order.state).name}: no load '
                'of it is on the robot or in doubt. If its device hangs, clear the robot first')
    rescue = None if order.is_cancelled or order.follow == Event.GAVE_UP else (
        _rescue_of(state, order, event.place))
    load, reason = order.load, f'its load was left at {event.place}'
    if rescue is not None:
        reason += f'; order {rescue.order_id} goes on from there'
    state.move(order, Event.STRANDED, effects, reason)
    state.put_load(event.place, load)
    if rescue is not None:
        state.accept(rescue, effects)
    state.refresh_due(event.robot)
    return ''


def _rescue_of(state, order, place):
    """Return the order that brings a load from a place to its drop and does the legs left."""
    present, *left = legs_of(order)[order.leg:]
    if place != present.drop:
        others = tuple(other for other in present.alternates if other != place)
        left.insert(0, Leg(OrderKind.MOVE, place, present.drop, others, (), order.load))
    if not left:
        return None
    rescue = OrderRecord(
        state.free_id(order.order_id), order.trace_id, int(OrderKind.SEQUENCE), '', '',
        order.load, order.priority, order.deadline_s, state.time_ms, legs=tuple(left),
        load_mass_kg=order.load_mass_kg, tools=order.tools, client=order.client)
    if len(left) == 1 and left[0].kind == OrderKind.MOVE:
        rescue.kind, rescue.legs = int(OrderKind.MOVE), ()
        rescue.pick, rescue.drop, rescue.alternates = place, present.drop, left[0].alternates
    return rescue


def set_slot(state, event, effects) -> str:
    """Apply a SlotSet."""
    if event.place not in state.slots.places:
        return f'{event.place} is no storage place of this site'
    if event.is_occupied:
        state.put_load(event.place, event.load_id)
    else:
        state.take_load(event.place)
    return ''


def lay_slots(state, event, effects) -> str:
    """Apply a SlotsLaid."""
    state.slots.lay(event.places)
    return ''


def pause(state, event, effects) -> str:
    """Apply a PauseSet."""
    if event.robot and event.robot not in state.robots:
        return f'{event.robot} is unknown'
    state.pauses.set(event.robot, event.area, event.is_paused)
    effects.ways = True
    return ''


def drain(state, event, effects) -> str:
    """Apply a DrainSet."""
    if event.robot not in state.robots:
        return f'{event.robot} is unknown'
    drained = state.pauses.drained
    (drained.add if event.is_drained else drained.discard)(event.robot)
    effects.ways = True
    return ''


def split(state, event, effects) -> str:
    """Apply an OrderSplit: the parts are orders of their own."""
    order = state.live.get(event.order_id)
    if order is None or order.state != State.WAITING or order.kind != OrderKind.INSPECT:
        return 'no such inspection waits'
    if order.parent or order.leg or len(event.parts) < 2 or not all(event.parts) or sorted(
            place for part in event.parts for place in part) != sorted(order.places):
        return 'the parts are not the whole'
    order.parts = len(event.parts)
    state.move(order, Event.SPLIT_UP, effects)
    for number, places in enumerate(event.parts, 1):
        state.accept(OrderRecord(
            f'{order.order_id}.p{number}', order.trace_id, order.kind, '', '', '', order.priority,
            order.deadline_s, state.time_ms, places=places, only_robot=order.only_robot,
            tools=order.tools, client=order.client, parent=order.order_id), effects)
    return ''
