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
