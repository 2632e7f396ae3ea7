# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Operators' acts as requests of `Operate.srv`, and the nodes and edges that messages name."""

from robot_swarm_orch.acts import (
    Amendment, AuditNote, Blockage, Cancellation, Clearance, Drain, Enrolment, GroupAct, GroupVerb,
    Pause, Settlement, SlotWord, Stranding)
from robot_swarm_orch.nodes.wire_checks import (
    an_id, id_or_empty, NODES_MAX, refuse, robot_name, seconds_of, short_text, time_msg, within)
from robot_swarm_orch.srv import Operate

_Verb = Operate.Request


class OperationWire:
    """
    The part of `wire.Wire` that reads and writes operators' acts.

    `_node_limit` is how many nodes there are; nodes beyond are refused.
    """

    _node_limit = 0

    def _nodes(self, msg, field, nodes):
        if not nodes:
            return ()
        if len(nodes) > NODES_MAX:
            refuse(msg, field, f'{len(nodes)} nodes; at most {NODES_MAX} are allowed')
        if max(nodes) >= self._node_limit:
            refuse(msg, field, f'node {max(nodes)} is not on a roadmap of {self._node_limit}')
        return tuple(nodes)

    def _edges(self, msg, field, flat):
        nodes = self._nodes(msg, field, flat)
        if len(nodes) % 2:
            refuse(msg, field, f'{len(nodes)} nodes do not pair')
        return tuple(zip(nodes[::2], nodes[1::2]))

    def _node_or_none(self, msg, field, node):
        if not -1 <= node < self._node_limit:
            refuse(msg, field, f'node {node} is not on a roadmap of {self._node_limit}')
        return node

    def read_operation(self, msg: Operate.Request):
        """Return an operator's act: an Enrolment, a Clearance, a Blockage, ...; see `acts`."""
        read = _READ.get(msg.verb)
        if read is None:
            return refuse(msg, 'verb', f'{msg.verb} means nothing here')
        return read(self, msg, short_text(msg, 'operator_id', msg.operator_id))

    @staticmethod
    def write_operation(value) -> Operate.Request:
        """Return the request of an operator's act."""
        return Operate.Request(operator_id=value.operator_id, **_WRITE[type(value)](value))


def _read_enrolment(wire, msg, operator):
    return Enrolment(robot_name(msg, msg.robot_id), wire._node_or_none(msg, 'node', msg.node),
                     operator)


def _read_clearance(wire, msg, operator):
    return Clearance(robot_name(msg, msg.robot_id), wire._nodes(msg, 'occupied', msg.occupied),
                     operator)


def _read_settlement(wire, msg, operator):
    return Settlement(robot_name(msg, msg.robot_id), msg.happened, operator)


def _read_group_act(wire, msg, operator):
    named = id_or_empty if msg.verb == _Verb.TRANSFER else an_id
    return GroupAct(GroupVerb(msg.verb), named(msg, 'coordinator_id', msg.coordinator_id),
                    operator)


def _read_blockage(wire, msg, operator):
    return Blockage(wire._nodes(msg, 'nodes', msg.nodes), wire._edges(msg, 'edges', msg.edges),
                    msg.verb == _Verb.BLOCK, operator)


def _read_cancellation(wire, msg, operator):
    return Cancellation(an_id(msg, 'order_id', msg.order_id), operator)


def _read_amendment(wire, msg, operator):
    return Amendment(
        an_id(msg, 'order_id', msg.order_id), within(msg, 'priority', msg.priority, -1, 255),
        seconds_of(msg.deadline) if msg.change_deadline else -1.0, operator)


def _read_pause(wire, msg, operator):
    if msg.robot_id and msg.area:
        refuse(msg, 'area', 'name a robot or an area, not both')
    return Pause(msg.robot_id and robot_name(msg, msg.robot_id),
                 short_text(msg, 'area', msg.area), msg.verb == _Verb.PAUSE, operator)


def _read_drain(wire, msg, operator):
    return Drain(robot_name(msg, msg.robot_id), msg.verb == _Verb.DRAIN, operator)


def _read_stranding(wire, msg, operator):
    return Stranding(robot_name(msg, msg.robot_id), short_text(msg, 'place', msg.place), operator)


def _read_slot_word(wire, msg, operator):
    return SlotWord(short_text(msg, 'place', msg.place), msg.verb == _Verb.OCCUPY,
                    short_text(msg, 'load_id', msg.load_id), operator)


def _read_audit_note(wire, msg, operator):
    return AuditNote(short_text(msg, 'what', msg.what), short_text(msg, 'result', msg.result),
                     operator)


_READ = {
    _Verb.ENROL: _read_enrolment, _Verb.CLEAR: _read_clearance, _Verb.SETTLE: _read_settlement,
    _Verb.ADD: _read_group_act, _Verb.REMOVE: _read_group_act, _Verb.TRANSFER: _read_group_act,
    _Verb.BLOCK: _read_blockage, _Verb.UNBLOCK: _read_blockage,
    _Verb.CANCEL: _read_cancellation, _Verb.AMEND: _read_amendment,
    _Verb.PAUSE: _read_pause, _Verb.RESUME: _read_pause,
    _Verb.DRAIN: _read_drain, _Verb.UNDRAIN: _read_drain, _Verb.STRAND: _read_stranding,
    _Verb.OCCUPY: _read_slot_word, _Verb.VACATE: _read_slot_word, _Verb.AUDIT: _read_audit_note,
}


def _write_amendment(act):
    changes = act.deadline_s >= 0.0
    return {'verb': _Verb.AMEND, 'order_id': act.order_id, 'priority': act.priority,
            'deadline': time_msg(act.deadline_s if changes else 0.0), 'change_deadline': changes}


_WRITE = {
    Enrolment: lambda act: {'verb': _Verb.ENROL, 'robot_id': act.robot, 'node': act.node},
    Clearance: lambda act: {
        'verb': _Verb.CLEAR, 'robot_id': act.robot, 'occupied': act.occupied},
    Settlement: lambda act: {
        'verb': _Verb.SETTLE, 'robot_id': act.robot, 'happened': act.happened},
    GroupAct: lambda act: {'verb': int(act.verb), 'coordinator_id': act.coordinator},
    Blockage: lambda act: {
        'verb': _Verb.BLOCK if act.is_blocked else _Verb.UNBLOCK, 'nodes': act.nodes,
        'edges': [node for edge in act.edges for node in edge]},
    Cancellation: lambda act: {'verb': _Verb.CANCEL, 'order_id': act.order_id},
    Amendment: _write_amendment,
    Pause: lambda act: {'verb': _Verb.PAUSE if act.is_paused else _Verb.RESUME,
                        'robot_id': act.robot, 'area': act.area},
    Drain: lambda act: {'verb': _Verb.DRAIN if act.is_drained else _Verb.UNDRAIN,
                        'robot_id': act.robot},
    Stranding: lambda act: {'verb': _Verb.STRAND, 'robot_id': act.robot, 'place': act.place},
    SlotWord: lambda act: {'verb': _Verb.OCCUPY if act.is_occupied else _Verb.VACATE,
                           'place': act.place, 'load_id': act.load_id},
    AuditNote: lambda act: {'verb': _Verb.AUDIT, 'what': act.what, 'result': act.result},
}
