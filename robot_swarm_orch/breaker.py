# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A circuit breaker: how often to try again what keeps failing (M. Nygard, "Release It!", 2007).

CLOSED, it lets every try through, after a failure with a pause before the next if there is to be
one. Several failures in a row OPEN it: for a while nothing is tried. Then it is HALF_OPEN: one try
goes through, and others wait for what becomes of it; if it succeeds all is well again, if not, the
breaker opens for longer, up to a bound. With jitter, those that failed together do not try again
together.
"""

from enum import Enum
from math import inf


class Circuit(Enum):
    """What a breaker lets through."""

    CLOSED = 'closed'
    OPEN = 'open'
    HALF_OPEN = 'half open'


class Breaker:
    """One thing that is tried again and again; times are of the caller's steady clock [s]."""

    def __init__(self, failures: int, open_s: float, longest_s: float = 0.0,
                 pause_s: float = 0.0, rng=None):
        """
        Start CLOSED.

        failures: how many in a row open it. open_s: for how long at first, doubled up to
        `longest_s` (0: not at all). pause_s: wait after a single failure. rng: a random.Random
        that cuts up to a half off the times for which it is open; None: they are exact.
        """
        self._failures_max, self._open_s = failures, open_s
        self._longest_s, self._pause_s, self._rng = max(open_s, longest_s), pause_s, rng
        self.succeeded()

    @property
    def is_closed(self) -> bool:
        """Return whether tries pass freely."""
        return self.circuit is Circuit.CLOSED

    def wait_s(self, now_s: float) -> float:
        """Return 0 for a try that may go now, else how long none will [s]."""
        if now_s < self._until_s:
            return self._until_s - now_s
        if not self.is_closed:
            self.circuit = Circuit.HALF_OPEN
            self._until_s = now_s + self._wait_s  # others wait for this one
        return 0.0

    def allows(self, now_s: float) -> bool:
        """Return whether to try now; of several that ask a half-open breaker, one alone may."""
        return self.wait_s(now_s) == 0.0

    def succeeded(self) -> None:
        """Note that a try went well."""
        self.circuit, self._failures, self._wait_s, self._until_s = Circuit.CLOSED, 0, 0.0, -inf

    def failed(self, now_s: float) -> None:
        """Note that a try failed."""
        self._failures += 1
        if self._failures < self._failures_max:
            self._until_s = now_s + self._pause_s
            return
        self.circuit = Circuit.OPEN
        self._wait_s = min(max(2.0 * self._wait_s, self._open_s), self._longest_s)
        self._until_s = now_s + self._wait_s * (self._rng.uniform(0.5, 1.0) if self._rng else 1.0)
