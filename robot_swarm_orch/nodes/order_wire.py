# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Orders, what becomes of them and their history: messages to plain values and back."""

from robot_swarm_orch.errors import WireError
from robot_swarm_orch.msg import (
    LogLine as LineMsg, OrderEvent as EventMsg, TaskLeg, TaskOrder, TaskStatus)
from robot_swarm_orch.nodes.wire_checks import (
    an_id, count, id_or_empty, MASS_KG, member, refuse, robot_name, seconds_of, short_text,
    short_texts, time_msg, within)
from robot_swarm_orch.orders import (
    CHOICES_MAX, Leg, LEGS_MAX, LogLine, Order, OrderEvent, OrderKind, OrderState, OrderStatus,
    PLACES_MAX)

JSON_MAX = 1 << 20
_OF_LEG = (OrderKind.MOVE, OrderKind.GO, OrderKind.INSPECT, OrderKind.CHARGE, OrderKind.PARK)


class OrderWire:
    """The part of `wire.Wire` that reads and writes orders."""

    def write_order(self, value: Order) -> TaskOrder:
        """Return the message of an order."""
        return TaskOrder(
            header=self._header, site_id=self.site_id, order_id=value.order_id,
            trace_id=value.trace_id, kind=int(value.kind), pick=value.pick, drop=value.drop,
            load_id=value.load_id, priority=value.priority, deadline=time_msg(value.deadline_s),
            alternates=list(value.alternates), places=list(value.places),
            legs=[_write_leg(leg) for leg in value.legs], robot_id=value.robot,
            load_mass_kg=value.load_mass_kg, tools=list(value.tools), client=value.client)

    def read_order(self, msg: TaskOrder) -> Order:
        """Return an order; one without a trace gets its own id as trace."""
        self._site(msg)
        order_id = an_id(msg, 'order_id', msg.order_id)
        if len(msg.legs) > LEGS_MAX:
            refuse(msg, 'legs', f'{len(msg.legs)} legs; at most {LEGS_MAX} are allowed')
        return Order(
            order_id, short_text(msg, 'trace_id', msg.trace_id) or order_id,
            member(msg, 'kind', OrderKind, msg.kind), short_text(msg, 'pick', msg.pick),
            short_text(msg, 'drop', msg.drop), short_text(msg, 'load_id', msg.load_id),
            msg.priority, seconds_of(msg.deadline),
            short_texts(msg, 'alternates', msg.alternates, CHOICES_MAX),
            short_texts(msg, 'places', msg.places, PLACES_MAX),
            tuple(self._read_leg(msg, number) for number in range(len(msg.legs))),
            msg.robot_id and robot_name(msg, msg.robot_id),
            within(msg, 'load_mass_kg', msg.load_mass_kg, 0.0, MASS_KG),
            short_texts(msg, 'tools', msg.tools, CHOICES_MAX),
            short_text(msg, 'client', msg.client))

    @staticmethod
    def _read_leg(msg, number):
        """Return a leg of an order; a refusal names the order's field and the leg."""
        try:
            return _read_leg(msg.legs[number])
        except WireError as error:
            refuse(msg, 'legs', f'leg {number}: {error}')

    def write_status(self, value: OrderStatus) -> TaskStatus:
        """Return the message of an order's state."""
        return TaskStatus(
            header=self._header, site_id=self.site_id, order_id=value.order_id,
            trace_id=value.trace_id, term=value.term, seq=value.seq, state=int(value.state),
            robot_id=value.robot, reason=value.reason, priority=value.priority,
            deadline=time_msg(value.deadline_s), content=value.content, leg=value.leg,
            legs=value.legs, missed_deadline=value.missed_deadline)

    def read_status(self, msg: TaskStatus) -> OrderStatus:
        """Return an order's state."""
        self._site(msg)
        return OrderStatus(
            an_id(msg, 'order_id', msg.order_id), short_text(msg, 'trace_id', msg.trace_id),
            count(msg, 'term', msg.term), count(msg, 'seq', msg.seq),
            member(msg, 'state', OrderState, msg.state),
            msg.robot_id and robot_name(msg, msg.robot_id), short_text(msg, 'reason', msg.reason),
            msg.priority, seconds_of(msg.deadline), msg.content, msg.leg, msg.legs,
            msg.missed_deadline)

    @staticmethod
    def write_order_event(value: OrderEvent) -> EventMsg:
        """Return the message of a line of an order's history."""
        return EventMsg(
            index=value.index, stamp=time_msg(value.time_s), state=int(value.state),
            robot_id=value.robot, reason=value.reason, who=value.who)

    @staticmethod
    def read_order_event(msg: EventMsg) -> OrderEvent:
        """Return a line of an order's history."""
        return OrderEvent(
            count(msg, 'index', msg.index), seconds_of(msg.stamp),
            member(msg, 'state', OrderState, msg.state),
            msg.robot_id and robot_name(msg, msg.robot_id), short_text(msg, 'reason', msg.reason),
            short_text(msg, 'who', msg.who))

    @staticmethod
    def write_log_line(value: LogLine) -> LineMsg:
        """Return the message of a fact of the log."""
        return LineMsg(
            index=value.index, position=value.position, stamp=time_msg(value.time_s),
            term=value.term, kind=value.kind, text=value.text, order_id=value.order_id,
            robot_id=value.robot, who=value.who, json=value.json)

    @staticmethod
    def read_log_line(msg: LineMsg) -> LogLine:
        """Return a fact of the log."""
        if len(msg.json) > JSON_MAX:
            refuse(msg, 'json', f'{len(msg.json)} characters; at most {JSON_MAX} are allowed')
        return LogLine(
            count(msg, 'index', msg.index), msg.position, seconds_of(msg.stamp),
            count(msg, 'term', msg.term), short_text(msg, 'kind', msg.kind),
            short_text(msg, 'text', msg.text), id_or_empty(msg, 'order_id', msg.order_id),
            msg.robot_id and robot_name(msg, msg.robot_id), short_text(msg, 'who', msg.who),
            msg.json)


def _write_leg(leg: Leg) -> TaskLeg:
    return TaskLeg(kind=int(leg.kind), pick=leg.pick, drop=leg.drop,
                   alternates=list(leg.alternates), places=list(leg.places), load_id=leg.load_id)


def _read_leg(msg: TaskLeg) -> Leg:
    kind = member(msg, 'kind', OrderKind, msg.kind)
    if kind not in _OF_LEG:
        refuse(msg, 'kind', 'a sequence may not hold another one')
    return Leg(kind, short_text(msg, 'pick', msg.pick), short_text(msg, 'drop', msg.drop),
               short_texts(msg, 'alternates', msg.alternates, CHOICES_MAX),
               short_texts(msg, 'places', msg.places, PLACES_MAX),
               short_text(msg, 'load_id', msg.load_id))
