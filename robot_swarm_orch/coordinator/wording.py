# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Log entries in words and as JSON, for people and tools.

An event that has no sentence of its own here is told by its name and fields.
"""

from dataclasses import fields, is_dataclass
import json
from typing import Dict

from robot_swarm_orch.codec import unpack
from robot_swarm_orch.coordinator import events
from robot_swarm_orch.errors import WireError
from robot_swarm_orch.orders import LogLine, OrderKind, OrderState
from robot_swarm_orch.raft import CONFIG, NORMAL
from robot_swarm_orch.raft.members import unpack_members
from robot_swarm_orch.types import CommandKind, Outcome

TEXT_MAX = 256


def events_of(entry) -> tuple:
    """Return the events of a raft.Entry, or one that stands for what is not readable as such."""
    if entry.kind == NORMAL:
        try:
            return unpack(entry.data).events
        except WireError as error:
            return (_Other('Unreadable', f'this release cannot read the entry: {error}'),)
    if entry.kind == CONFIG:
        members = unpack_members(entry.data)
        learners = f', learners {_named(members.learners)}' if members.learners else ''
        return (_Other('GroupChanged', f'voters {_named(members.voters)}{learners}'),)
    return (_Other('TermBegan', f'term {entry.term} begins'),)


def event_at(known: tuple, position: int):
    """Return one of `events_of`."""
    return known[min(position, len(known) - 1)]


class _Other:
    """What is told of an entry that holds no events."""

    __slots__ = ('kind', 'text')

    def __init__(self, kind, text):
        self.kind, self.text = kind, text


def line_of(entry, ros_time_ms: int, position: int, event, why_not: str, changes) -> LogLine:
    """Return the line of an event of an entry; `changes` is what it did to orders."""
    values = dict(_plain(event)) if is_dataclass(event) else {}
    if why_not:
        values['why_not'] = why_not
    if changes:
        values['orders'] = [
            {'order_id': change.order_id, 'state': OrderState(change.state).name,
             'robot': change.robot, 'reason': change.reason} for change in changes]
    order_id, robot = getattr(event, 'order_id', ''), getattr(event, 'robot', '')
    for change in changes:
        order_id, robot = order_id or change.order_id, robot or change.robot
    return LogLine(
        entry.index, position, 0.001 * ros_time_ms, entry.term, kind_of(event),
        _shortened(_sentence(event, why_not, changes)), order_id, robot, who_of(event),
        json.dumps(values, ensure_ascii=True))


def gap_line(first: int, last: int) -> LogLine:
    """Return the line that says that entries are missing."""
    return LogLine(first, 0, 0.0, 0, 'Gap', f'entries {first} to {last} are missing here: this '
                   'replica received a snapshot instead, or could not write them down',
                   json=json.dumps({'first': first, 'last': last}))


def kind_of(event) -> str:
    """Return the name of an event."""
    return event.kind if isinstance(event, _Other) else type(event).__name__


def who_of(event) -> str:
    """Return which person or client acted, '' if nobody did."""
    return getattr(event, 'operator_id', '') or getattr(event, 'client', '')


def _plain(event) -> Dict[str, object]:
    """Return an event's fields as JSON can carry them."""
    return {item.name: _jsonable(getattr(event, item.name)) for item in fields(event)}


def _jsonable(value):
    if isinstance(value, (tuple, list)):
        return [_jsonable(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    return _plain(value) if is_dataclass(value) else value


def _sentence(event, why_not, changes):
    """Return an event and what came of it in words."""
    if isinstance(event, _Other):
        return event.text
    words = _WORDS.get(type(event), _any_words)(event)
    if why_not:
        return f'{words}: without effect, {why_not}'
    told = [f'order {change.order_id} {OrderState(change.state).name}' for change in changes
            if not isinstance(event, events.OrderPlaced)]
    return '; '.join([words, *told])


def _shortened(text):
    return text if len(text) <= TEXT_MAX else text[:TEXT_MAX - 3] + '...'


def _any_words(event):
    told = (f'{item.name} {getattr(event, item.name)}' for item in fields(event)
            if getattr(event, item.name) not in ('', (), None))
    return f'{type(event).__name__}: {", ".join(told)}'


def _name(enumeration, number):
    """Return the name of a number, or the number."""
    try:
        return enumeration(number).name
    except ValueError:
        return str(number)


def _named(names) -> str:
    return ', '.join(map(str, names))


def _ways(event) -> str:
    told = [f'node {node}' for node in event.nodes]
    told += [f'street {first}-{second}' for first, second in event.edges]
    return _named(told)


def _because(reason) -> str:
    return f' ({reason})' if reason else ''


def _placed(event) -> str:
    way = ' -> '.join(filter(None, (event.pick, event.drop)))
    return f'order {event.order_id} is accepted: {_name(OrderKind, event.kind)} {way}'.rstrip()


def _cleared(event) -> str:
    still = f'; its body is on {_ways_of(event.occupied)}' if event.occupied else ''
    return f'{event.robot} is cleared away{still}'


def _ways_of(nodes) -> str:
    return f'node{"s" * (len(nodes) > 1)} {_named(nodes)}'


def _amended(event) -> str:
    told = [f'priority {event.priority}'] * (event.priority >= 0)
    if event.deadline_s >= 0.0:
        told.append('another deadline' if event.deadline_s else 'no deadline')
    return f'order {event.order_id} is amended: {_named(told) or "nothing"}'


def _slot_set(event) -> str:
    load = f' {event.load_id}' if event.load_id else ''
    return f'{event.place} holds ' + (f'a load{load}' if event.is_occupied else 'no load')


def _pause_set(event) -> str:
    whom = event.robot or (f'area {event.area}' if event.area else 'the fleet')
    return f'{whom} is paused' if event.is_paused else f'{whom} goes on'


_WORDS = {
    events.SiteLaid: lambda e: f'the roadmap is laid: {e.node_count} nodes',
    events.Enrolled: lambda e: f'{e.robot} is enrolled at node {e.node}',
    events.Cleared: _cleared,
    events.BootRegistered: lambda e: f'{e.robot} has started anew',
    events.RobotLost: lambda e: f'{e.robot} is silent, and counts as lost',
    events.RobotFound: lambda e: f'{e.robot} is heard again',
    events.OrderPlaced: _placed,
    events.TaskAssigned: lambda e: f'order {e.order_id} goes to {e.robot}{_because(e.why)}',
    events.CommandSent: lambda e: (
        f'{e.robot} is told to {_name(CommandKind, e.kind)} at {e.place}'),
    events.CommandAcked: lambda e: (
        f'{e.robot} answers {_name(Outcome, e.outcome)}{_because(e.reason)}'),
    events.Settled: lambda e: (
        f'the step in doubt of {e.robot} {"took" if e.happened else "did not take"} place'),
    events.WayBlocked: lambda e: f'closed to robots: {_ways(e)}',
    events.WayUnblocked: lambda e: f'open again: {_ways(e)}',
    events.OrdersForgotten: lambda e: 'ids of old orders are forgotten',
    events.OrderCancelled: lambda e: f'order {e.order_id} is to be cancelled',
    events.OrderAmended: _amended,
    events.SlotsLaid: lambda e: f'{len(e.places)} places take one load each',
    events.SlotSet: _slot_set,
    events.OrderRedirected: lambda e: (
        f'order {e.order_id} goes on to {e.place}{_because(e.reason)}'),
    events.OrderHeld: lambda e: (
        f'order {e.order_id} ' + (f'is held up: {e.reason}' if e.reason else 'can go on')),
    events.OrderGivenUp: lambda e: f'order {e.order_id} is given up{_because(e.reason)}',
    events.LoadHandedOver: lambda e: (
        f'the load of order {e.order_id} is handed over at {e.place}{_because(e.reason)}'),
    events.TaskPreempted: lambda e: f'{e.robot} leaves order {e.order_id} for order {e.by}',
    events.PauseSet: _pause_set,
    events.DrainSet: lambda e: (
        f'{e.robot} gets {"no new orders" if e.is_drained else "orders again"}'),
    events.LoadStranded: lambda e: f'the load of {e.robot} stands at {e.place}',
    events.OrderSplit: lambda e: f'order {e.order_id} is done in {len(e.parts)} parts',
    events.DeadlinesMissed: lambda e: (
        f'deadline missed: order{"s" * (len(e.order_ids) > 1)} {_named(e.order_ids)}'),
    events.Noted: lambda e: f'tried: {e.what}; {e.result}',
}
