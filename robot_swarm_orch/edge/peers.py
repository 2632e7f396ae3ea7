# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Neighbours: the newest word of each, and quick answers to "who is near".

One table serves all robots of a process; it holds only what was heard over the network, from
robots of the same process too. Positions are gathered into arrays once after a batch of updates,
so a look-up costs a few array operations however many robots there are.
"""

from typing import List

import numpy as np

from robot_swarm_orch.types import Peer


class PeerTable:
    """The newest `Peer` of each robot, for `forget_s` seconds of the steady clock."""

    def __init__(self, forget_s: float = 2.0):
        """Start with nobody known."""
        self.forget_s = forget_s
        self._peers = {}
        self._order = []
        self._x = self._y = np.empty(0)
        self._changed = False

    def __len__(self) -> int:
        """Return how many robots are remembered."""
        return len(self._peers)

    def update(self, peer: Peer) -> bool:
        """Take in a neighbour's word; return False for one that is older than what is known."""
        known = self._peers.get(peer.robot)
        if known is not None and (peer.heard_s < known.heard_s or (
                peer.boot_id == known.boot_id and peer.seq <= known.seq)):
            return False
        self._peers[peer.robot] = peer
        self._changed = True
        return True

    def get(self, robot: str):
        """Return the newest word of a robot, None if it was never heard or is forgotten."""
        return self._peers.get(robot)

    def forget(self, now_s: float) -> None:
        """Drop the robots that were silent for too long."""
        old = [name for name, peer in self._peers.items() if now_s - peer.heard_s > self.forget_s]
        for name in old:
            del self._peers[name]
        self._changed = self._changed or bool(old)

    def near(self, x_m: float, y_m: float, radius_m: float, now_s: float,
             but: str = '') -> List[Peer]:
        """Return the robots, `but` for one, whose centre was last heard within a radius."""
        if self._changed:
            self._gather()
        if not self._order:
            return []
        dx, dy = self._x - x_m, self._y - y_m
        found = np.flatnonzero(dx * dx + dy * dy <= radius_m * radius_m)
        order, oldest = self._order, now_s - self.forget_s
        return [peer for peer in (order[index] for index in found.tolist())
                if peer.robot != but and peer.heard_s >= oldest]

    def _gather(self):
        """Rebuild the position arrays."""
        self._order = list(self._peers.values())
        self._x = np.array([peer.pose.x_m for peer in self._order])
        self._y = np.array([peer.pose.y_m for peer in self._order])
        self._changed = False
