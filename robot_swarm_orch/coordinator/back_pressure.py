# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a leader that falls behind its readings takes in less of: repetitions, and new orders.

Repetitions are telemetry: robots that have nothing new are asked to say so less often. Whatever
changed is told at once all the same, so is what neighbours tell each other, and no robot reports
so seldom that its lease could run out: motion and safety give nothing up. New orders wait in
their queues, and who hands them in asks again, with growing pauses.

Both are cut at once and given back slowly (multiplicative both ways, as senders of a congested
network do, RFC 5681 section 3.1, but with a floor and a ceiling that are near each other).
"""

from robot_swarm_orch.config import REPORTS_IN_A_LEASE

_LAG_SHARE = 0.5    # a reading later than this share of its period counts as late
_LATE_OF, _LATE_MOST = 10, 2  # of so many readings, more late ones than this are too many
_GROWS, _SHRINKS, _CUTS = 1.5, 0.9, 4
# Orders that are read in one go: a flood of them must hold up neither consensus nor leases. A
# leader that is behind reads them only along with the robots' words, fewer and fewer.
ORDERS_AT_ONCE = 100
_CALM_READINGS = 20  # without a late one, before the period shrinks by a step


class BackPressure:
    """Turns the lag of one reader into the report period that it asks for."""

    def __init__(self, report_period_s: float, reading_period_s: float, lease_s: float):
        """Ask for the robots' own period as long as readings are in time."""
        self._least_s = report_period_s
        self._most_s = max(report_period_s, lease_s / REPORTS_IN_A_LEASE)
        self._late_s = _LAG_SHARE * reading_period_s
        self._asked_s = report_period_s
        self._orders = ORDERS_AT_ONCE
        self._seen = self._late = self._calm = 0

    @property
    def report_period_s(self) -> float:
        """Return the period to ask for [s]; 0 where robots may keep their own."""
        return 0.0 if self._asked_s <= self._least_s else self._asked_s

    @property
    def orders_at_once(self) -> int:
        """Return how many orders to read in one go; less than ORDERS_AT_ONCE while behind."""
        return self._orders

    def note(self, lag_s: float) -> None:
        """Take in a reading: how much later than it was due everything was read [s]."""
        self._seen += 1
        if lag_s > self._late_s:
            self._late += 1
            self._calm = 0
        else:
            self._calm += 1
        if self._late > _LATE_MOST:
            self._asked_s = min(self._most_s, self._asked_s * _GROWS)
            self._orders = max(1, self._orders // _CUTS)
            self._seen = self._late = 0
        elif self._seen >= _LATE_OF:
            self._seen = self._late = 0
        if self._calm >= _CALM_READINGS:
            self._asked_s = max(self._least_s, self._asked_s * _SHRINKS)
            self._orders = min(ORDERS_AT_ONCE, 2 * self._orders)
            self._calm = 0
