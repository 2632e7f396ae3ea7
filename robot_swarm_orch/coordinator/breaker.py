# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A circuit breaker: how often to try again what keeps failing (M. Nygard, "Release It!", 2007).

CLOSED, it lets every try through, after a failure with a pause before the next. Several failures
in a row OPEN it: for a while nothing is tried. Then it is HALF_OPEN: one try goes through; if that
succeeds all is well again, if not, it opens for twice as long. Waits have jitter, so that robots
that failed together do not try again together.
"""

from enum import Enum


class Circuit(Enum):
    """What a breaker lets through."""

    CLOSED = 'closed'
    OPEN = 'open'
    HALF_OPEN = 'half open'


FAILURES = 3
"""Failures in a row that open a breaker."""

LONGEST = 20
"""The longest wait, in pauses."""


class Breaker:
    """One thing that is tried again and again; times are of the caller's steady clock [s]."""

    def __init__(self, rng, pause_s: float):
        """Start CLOSED; `rng` is a random.Random, `pause_s` the wait after a first failure."""
        self._rng, self._pause_s = rng, pause_s
        self.circuit = Circuit.CLOSED
        self._failures = 0
        self._wait_s = 0.0
        self._until_s = 0.0

    def allows(self, now_s: float) -> bool:
        """Return whether to try now."""
        if now_s < self._until_s:
            return False
        if self.circuit is Circuit.OPEN:
            self.circuit = Circuit.HALF_OPEN
        return True

    def succeeded(self) -> None:
        """Note that a try went well."""
        self.circuit, self._failures, self._wait_s, self._until_s = Circuit.CLOSED, 0, 0.0, 0.0

    def failed(self, now_s: float) -> None:
        """Note that a try failed."""
        self._failures += 1
        if self._failures < FAILURES:
            self._until_s = now_s + self._pause_s
            return
        self.circuit = Circuit.OPEN
        self._wait_s = min(max(2.0 * self._wait_s, 2.0 * self._pause_s), LONGEST * self._pause_s)
        self._until_s = now_s + self._wait_s * self._rng.uniform(0.5, 1.0)
