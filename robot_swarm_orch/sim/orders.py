# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The stream of orders that a fleet is measured with: closed loop, so there is always work.

New orders come whenever fewer than `backlog` wait for a robot. Each goes from a storage place to a
packing station, both drawn evenly from a seed. So the rate of finished orders says what the fleet
can do, and the same seed hands the same orders to the ghost bound and to the real fleet. Where the
number of orders matters and not the way, `trip_m` draws the station from those nearby, and deals
the storage places out: each has its turn before any has the next one.
"""

from math import hypot
import random

from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.types import Order, OrderKind


class OrderStream:
    """An endless, seeded list of orders `o000001`, `o000002`, ..."""

    def __init__(self, site, seed: int, robots: int, backlog: int = 0, trip_m: float = 0.0):
        """
        Draw from the places of a site; the backlog is max(10, robots // 4) unless given.

        trip_m: longest way from pick to drop, as the crow flies [m]; 0: any. Storage places
        without a station so near get no orders; SiteError if there is no other.
        """
        if not site.storage or not site.stations:
            raise SiteError(f'site {site.name} needs storage places and stations for orders')
        self.backlog = backlog or max(10, robots // 4)
        self.made = 0
        self._stations = (_stations_near(site, trip_m) if trip_m
                          else dict.fromkeys(site.storage, site.stations))
        self._storage = tuple(pick for pick in site.storage if self._stations[pick])
        if not self._storage:
            raise SiteError(f'on site {site.name} no station lies within {trip_m:g} m of a '
                            'storage place: allow longer trips')
        self.is_local, self._turns = trip_m > 0.0, []
        self._rng = random.Random(seed)

    def next(self) -> Order:
        """Return the next order."""
        self.made += 1
        name = f'o{self.made:06d}'
        pick = self._dealt() if self.is_local else self._rng.choice(self._storage)
        return Order(order_id=name, trace_id=name, kind=OrderKind.MOVE, pick=pick,
                     drop=self._rng.choice(self._stations[pick]))

    def _dealt(self) -> str:
        """Return the storage place whose turn it is."""
        if not self._turns:
            self._turns = list(self._storage)
            self._rng.shuffle(self._turns)
        return self._turns.pop()

    def refill(self, waiting: int) -> tuple:
        """Return the orders to hand in while `waiting` ones have no robot yet."""
        return tuple(self.next() for _ in range(self.backlog - waiting))


def _stations_near(site, trip_m: float) -> dict:
    """Return the stations at most `trip_m` from each storage place."""
    stations = [(name, *site.xy[site.places[name].node]) for name in site.stations]
    near = {}
    for pick in site.storage:
        x, y = site.xy[site.places[pick].node]
        near[pick] = tuple(name for name, there_x, there_y in stations
                           if hypot(there_x - x, there_y - y) <= trip_m)
    return near
