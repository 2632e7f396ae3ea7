# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""People's acts as events of the log, and why some can't be done on this site."""

from robot_swarm_orch.coordinator import events
from robot_swarm_orch.coordinator.intake import why_no_load_place
from robot_swarm_orch.coordinator.order_acts import unknown_words
from robot_swarm_orch.spelling import did_you_mean
from robot_swarm_orch.types import (
    Amendment, AuditNote, Blockage, Cancellation, Clearance, Drain, Enrolment, Pause, Settlement,
    SlotWord, Stranding)


def event_of(act, site):
    """
    Return (event, '') of an act (`acts.py`), or (None, why it can't be done).

    Acts on the group of coordinators are not the fleet's (`group.py`).
    """
    why_not = _WHY_NOT.get(type(act), _nothing)(act, site)
    make = _EVENTS.get(type(act))
    if make is None:
        why_not = f'{type(act).__name__} is not known to this coordinator'
    return (None, why_not) if why_not else (make(act), '')


def why_unknown(event, state, is_coming):
    """
    Return why an event is about an order that a FleetState does not know, '' if it is not.

    is_coming(order_id): whether an order was handed in and is not committed yet.
    """
    if not isinstance(event, (events.OrderCancelled, events.OrderAmended)):
        return ''
    known = state.order(event.order_id) is not None or is_coming(event.order_id)
    return '' if known else unknown_words(event.order_id)


def _nothing(act, site):
    return ''


def _why_no_street(act, site):
    wrong = [edge for edge in act.edges if not site.is_edge(*edge)]
    return f'no street leads from node {wrong[0][0]} to node {wrong[0][1]}' if wrong else ''


def _why_no_area(act, site):
    names = [area.name for area in site.areas]
    if not act.area or act.area in names:
        return ''
    return f'unknown area {act.area!r}' + did_you_mean(act.area, names)


def _why_no_place(act, site):
    return why_no_load_place(act.place, site)


def _block(act):
    return (events.WayBlocked if act.is_blocked else events.WayUnblocked)(
        tuple(sorted(set(act.nodes))), tuple(sorted(set(act.edges))), act.operator_id)


_WHY_NOT = {Blockage: _why_no_street, Pause: _why_no_area, Stranding: _why_no_place,
            SlotWord: _why_no_place}

_EVENTS = {
    Enrolment: lambda act: events.Enrolled(act.robot, act.node, act.operator_id),
    Clearance: lambda act: events.Cleared(
        act.robot, tuple(sorted(set(act.occupied))), act.operator_id),
    Settlement: lambda act: events.Settled(act.robot, act.happened, act.operator_id),
    Blockage: _block,
    Cancellation: lambda act: events.OrderCancelled(act.order_id, act.operator_id),
    Amendment: lambda act: events.OrderAmended(
        act.order_id, act.priority, act.deadline_s, act.operator_id),
    Pause: lambda act: events.PauseSet(act.robot, act.area, act.is_paused, act.operator_id),
    Drain: lambda act: events.DrainSet(act.robot, act.is_drained, act.operator_id),
    Stranding: lambda act: events.LoadStranded(act.robot, act.place, act.operator_id),
    SlotWord: lambda act: events.SlotSet(
        act.place, act.is_occupied, act.load_id, act.operator_id),
    AuditNote: lambda act: events.Noted(act.what, act.result, act.operator_id),
}
