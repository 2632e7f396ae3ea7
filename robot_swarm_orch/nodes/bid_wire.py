# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Calls for bids and bids: messages to plain values and back."""

from robot_swarm_orch.bids import Bid, CALLED_MAX, CallForBids, GOALS_MAX
from robot_swarm_orch.msg import Bid as BidMsg, CallForBids as CallMsg
from robot_swarm_orch.nodes.wire_checks import (
    count, MASS_KG, or_nan, refuse, robot_name, short_texts, within)
from robot_swarm_orch.orders import CHOICES_MAX

WAY_S_MAX = 1e6


class BidWire:
    """The part of `wire.Wire` that reads and writes bids."""

    def write_call(self, value: CallForBids) -> CallMsg:
        """Return the message of a call for bids."""
        return CallMsg(header=self._header, site_id=self.site_id, term=value.term, seq=value.seq,
                       robots=list(value.robots), goals=list(value.goals))

    def read_call(self, msg: CallMsg) -> CallForBids:
        """Return a call for bids."""
        self._site(msg)
        if len(msg.robots) > CALLED_MAX:
            refuse(msg, 'robots', f'{len(msg.robots)} robots; at most {CALLED_MAX} are allowed')
        return CallForBids(
            count(msg, 'term', msg.term), count(msg, 'seq', msg.seq),
            tuple(robot_name(msg, robot) for robot in msg.robots), self._goals(msg))

    def write_bid(self, value: Bid) -> BidMsg:
        """Return the message of a bid."""
        return BidMsg(
            header=self._header, site_id=self.site_id, robot_id=value.robot,
            boot_id=value.boot_id, term=value.term, seq=value.seq, node=value.node,
            goals=[goal for goal, _ in value.offers],
            times=[seconds for _, seconds in value.offers], battery=value.battery,
            payload_max=value.payload_max_kg, tools=list(value.tools))

    def read_bid(self, msg: BidMsg) -> Bid:
        """Return a bid."""
        self._site(msg)
        goals = self._goals(msg)
        if len(goals) != len(msg.times):
            refuse(msg, 'times', f'{len(goals)} goals and {len(msg.times)} times do not pair')
        times_s = [within(msg, 'times', seconds, 0.0, WAY_S_MAX) for seconds in msg.times]
        return Bid(
            robot_name(msg, msg.robot_id), msg.boot_id, count(msg, 'term', msg.term),
            count(msg, 'seq', msg.seq), within(msg, 'node', msg.node, 0, self._node_limit - 1),
            tuple(zip(goals, times_s)), or_nan(msg, 'battery', msg.battery, 0.0, 1.0),
            within(msg, 'payload_max', msg.payload_max, 0.0, MASS_KG),
            short_texts(msg, 'tools', msg.tools, CHOICES_MAX))

    def _goals(self, msg) -> tuple:
        """Return the nodes that a call or a bid names."""
        if len(msg.goals) > GOALS_MAX:
            refuse(msg, 'goals', f'{len(msg.goals)} goals; at most {GOALS_MAX} are allowed')
        return tuple(within(msg, 'goals', goal, 0, self._node_limit - 1)
                     for goal in msg.goals.tolist())
