# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Bids: the leader asks while orders wait, and uses what robots offer while it is fresh.

A robot knows its own way better than a table does: what it has seen to be blocked, where it
heads. It is asked before it is needed, when it stands idle or is at its last drop, so nobody waits
for an answer: where no fresh one is there, the leader's own estimate counts.
"""

from math import inf

from robot_swarm_orch.bids import CALLED_MAX, CallForBids, GOALS_MAX

FRESH_S = 2.0
"""An offer counts for this long, if the robot is still where it made it [s]."""


class BidBook:
    """The calls of one leadership, and what was answered."""

    def __init__(self, term: int, period_s: float):
        """Call so often [s] while there is something to ask; 0: never."""
        self._term, self._period_s = term, period_s
        self._seq, self._due_s = 0, -inf
        self._bids = {}  # robot -> (when heard [s], Bid)

    def call(self, now_s, robots, goals):
        """Return the CallForBids to send now, None if it is too early or there is none to ask."""
        if not self._period_s or not robots or not goals or now_s < self._due_s:
            return None
        self._due_s = now_s + self._period_s
        self._seq += 1
        return CallForBids(self._term, self._seq, tuple(robots[:CALLED_MAX]),
                           tuple(goals[:GOALS_MAX]))

    def hear(self, now_s, bid) -> None:
        """Take in a Bid; one to another leader's call, or older than the last, counts nothing."""
        if bid.term != self._term or not 0 < bid.seq <= self._seq:
            return
        known = self._bids.get(bid.robot)
        if known is None or (bid.boot_id, bid.seq) != (known[1].boot_id, known[1].seq) and (
                bid.seq >= known[1].seq):
            self._bids[bid.robot] = (now_s, bid)

    def offers(self, now_s, robot, boot_id, node) -> tuple:
        """Return the fresh (goal, seconds) that a robot offers from where it is."""
        heard_s, bid = self._bids.get(robot, (-inf, None))
        if now_s - heard_s > FRESH_S or (bid.boot_id, bid.node) != (boot_id, node):
            return ()
        return bid.offers

    def limits(self, robot, boot_id, otherwise) -> tuple:
        """Return (payload [kg], tools) as a robot's boot has told, else those of `otherwise`."""
        _, bid = self._bids.get(robot, (None, None))
        said = bid if bid is not None and bid.boot_id == boot_id else otherwise
        return said.payload_max_kg, said.tools
