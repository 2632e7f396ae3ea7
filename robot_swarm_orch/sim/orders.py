# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The stream of orders that a fleet is measured with: closed loop, so there is always work.

New orders come whenever fewer than `backlog` wait for a robot. Each goes from a storage place to a
packing station, both drawn evenly from a seed. So the rate of finished orders says what the fleet
can do, and the same seed hands the same orders to the ghost bound and to the real fleet.
"""

import random

from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.types import Order, OrderKind


class OrderStream:
    """An endless, seeded list of orders `o000001`, `o000002`, ..."""

    def __init__(self, site, seed: int, robots: int, backlog: int = 0):
        """Draw from the places of a site; the backlog is max(10, robots // 4) unless given."""
        if not site.storage or not site.stations:
            raise SiteError(f'site {site.name} needs storage places and stations for orders')
        self.backlog = backlog or max(10, robots // 4)
        self.made = 0
        self._storage = site.storage
        self._stations = site.stations
        self._rng = random.Random(seed)

    def next(self) -> Order:
        """Return the next order."""
        self.made += 1
        name = f'o{self.made:06d}'
        return Order(order_id=name, trace_id=name, kind=OrderKind.MOVE,
                     pick=self._rng.choice(self._storage), drop=self._rng.choice(self._stations))

    def refill(self, waiting: int) -> tuple:
        """Return the orders to hand in while `waiting` ones have no robot yet."""
        return tuple(self.next() for _ in range(self.backlog - waiting))
