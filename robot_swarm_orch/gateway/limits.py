# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
How often and how much at once: token buckets, counts, and when to say something again.

Time comes in as a number [s, steady clock], randomness as a generator.
"""

from collections import OrderedDict
from math import inf


class Buckets:
    """
    A token bucket for each client, of the clients that were seen last.

    A client that was forgotten starts with a full bucket, as one that rested does; so only as many
    are remembered as could be empty at once.
    """

    def __init__(self, rate_per_s: float, burst: int, clients_max: int = 10_000):
        """Let each client do `burst` things at once and `rate_per_s` over time."""
        self._rate, self._burst, self._clients_max = rate_per_s, float(burst), clients_max
        self._levels = OrderedDict()  # client -> (tokens, as of [s])

    def wait_s(self, now_s: float, client: str) -> float:
        """Take a token: return 0 if there was one, else when there will be one [s]."""
        level, as_of_s = self._levels.pop(client, (self._burst, now_s))
        level = min(self._burst, level + self._rate * max(0.0, now_s - as_of_s))
        is_free = level >= 1.0
        self._levels[client] = (level - 1.0 if is_free else level), now_s
        if len(self._levels) > self._clients_max:
            self._levels.popitem(last=False)
        return 0.0 if is_free else (1.0 - level) / self._rate


class Slots:
    """How many things each client, and all together, have under way."""

    def __init__(self, each_max: int, all_max: float = inf):
        """Allow so many of one client, and so many of all."""
        self._each_max, self._all_max = each_max, all_max
        self._taken, self.total = {}, 0

    def take(self, client: str) -> bool:
        """Take a slot, to be given back; False if there is none."""
        taken = self._taken.get(client, 0)
        if taken >= self._each_max or self.total >= self._all_max:
            return False
        self._taken[client] = taken + 1
        self.total += 1
        return True

    def give_back(self, client: str) -> None:
        """Give a slot back."""
        left = self._taken[client] - 1
        self.total -= 1
        if left:
            self._taken[client] = left
        else:
            del self._taken[client]


def full_jitter_s(attempt: int, first_s: float, most_s: float, rng) -> float:
    """
    Return how long to wait before repetition `attempt`, from 0: exponential, with full jitter.

    Half of `first_s` is the least, so that an answer on its way is waited for.
    """
    ceiling_s = min(most_s, first_s * 2.0 ** min(attempt, 32))
    return max(0.5 * first_s, rng.uniform(0.0, ceiling_s))


class Breaker:
    """
    Refuses at once while nobody answers, instead of letting everybody wait in vain.

    Closed until `failures` requests in a row went unanswered; then open for `open_s`; then one
    request is let through, whose fate decides.
    """

    def __init__(self, failures: int, open_s: float):
        """Start closed."""
        self._failures_max, self._open_s = failures, open_s
        self._failures = 0
        self._until_s = -inf

    @property
    def is_closed(self) -> bool:
        """Return whether requests pass freely."""
        return self._failures < self._failures_max

    def wait_s(self, now_s: float) -> float:
        """Return 0 if a request may go, else how long none will [s]."""
        if self.is_closed:
            return 0.0
        if now_s >= self._until_s:
            self._until_s = now_s + self._open_s  # this one is the trial; others wait for it
            return 0.0
        return self._until_s - now_s

    def answered(self) -> None:
        """Note that somebody answered."""
        self._failures = 0

    def failed(self, now_s: float) -> None:
        """Note that nobody answered."""
        self._failures += 1
        if not self.is_closed:
            self._until_s = now_s + self._open_s
