# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Operators' acts as requests of `Operate.srv`, and the nodes and edges that messages name."""

from robot_swarm_orch.nodes.wire_checks import (
    an_id, id_or_empty, NODES_MAX, refuse, robot_name, short_text)
from robot_swarm_orch.srv import Operate
from robot_swarm_orch.types import (
    Blockage, Clearance, Enrolment, GroupAct, GroupVerb, Settlement)

_GROUP_VERBS = frozenset(map(int, GroupVerb))


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
        """Return an operator's act: an Enrolment, a Clearance, a Blockage, ...; see `types`."""
        operator = short_text(msg, 'operator_id', msg.operator_id)
        if msg.verb in _GROUP_VERBS:
            named = id_or_empty if msg.verb == Operate.Request.TRANSFER else an_id
            return GroupAct(GroupVerb(msg.verb), named(msg, 'coordinator_id', msg.coordinator_id),
                            operator)
        if msg.verb in (Operate.Request.BLOCK, Operate.Request.UNBLOCK):
            return Blockage(self._nodes(msg, 'nodes', msg.nodes),
                            self._edges(msg, 'edges', msg.edges),
                            msg.verb == Operate.Request.BLOCK, operator)
        robot = robot_name(msg, msg.robot_id)
        if msg.verb == Operate.Request.ENROL:
            return Enrolment(robot, self._node_or_none(msg, 'node', msg.node), operator)
        if msg.verb == Operate.Request.CLEAR:
            return Clearance(robot, self._nodes(msg, 'occupied', msg.occupied), operator)
        if msg.verb == Operate.Request.SETTLE:
            return Settlement(robot, msg.happened, operator)
        return refuse(msg, 'verb', f'{msg.verb} means nothing here')

    @staticmethod
    def write_operation(value) -> Operate.Request:
        """Return the request of an operator's act."""
        if isinstance(value, GroupAct):
            return Operate.Request(verb=int(value.verb), coordinator_id=value.coordinator,
                                   operator_id=value.operator_id)
        if isinstance(value, Blockage):
            return Operate.Request(
                verb=Operate.Request.BLOCK if value.is_blocked else Operate.Request.UNBLOCK,
                nodes=value.nodes, edges=[node for edge in value.edges for node in edge],
                operator_id=value.operator_id)
        if isinstance(value, Enrolment):
            return Operate.Request(verb=Operate.Request.ENROL, robot_id=value.robot,
                                   node=value.node, operator_id=value.operator_id)
        if isinstance(value, Clearance):
            return Operate.Request(verb=Operate.Request.CLEAR, robot_id=value.robot,
                                   occupied=value.occupied, operator_id=value.operator_id)
        return Operate.Request(verb=Operate.Request.SETTLE, robot_id=value.robot,
                               happened=value.happened, operator_id=value.operator_id)
