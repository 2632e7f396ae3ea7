# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A simulated network: delays, losses, duplicates and cuts, all from one seed."""

from dataclasses import dataclass
from heapq import heappop, heappush
import random

from robot_swarm_orch.config import check_ranges, param


@dataclass(frozen=True)
class NetworkOptions:
    """How bad the network is. A message's delay is the least delay plus an exponential one."""

    delay_s_min: float = param(0.001, 'least delay of a message [s]', 0.0, 60.0)
    delay_s_mean: float = param(0.001, 'mean of the random delay on top [s]', 0.0, 60.0)
    loss_ratio: float = param(0.0, 'share of best-effort messages that vanish', 0.0, 1.0)
    duplicate_ratio: float = param(0.0, 'share of messages that arrive twice', 0.0, 1.0)
    resend_s: float = param(
        0.05, 'reliable messages are never lost: each loss costs this much delay [s]', 0.0, 60.0)

    def __post_init__(self):
        """Check ranges."""
        check_ranges(self)


class Network:
    """Messages on their way. Delays differ, so messages overtake each other."""

    def __init__(self, seed: int, options: NetworkOptions = NetworkOptions()):
        """Start with nothing on the way; the same seed gives the same fate to every message."""
        self.options = options
        self.sent = 0
        self.lost = 0
        self._rng = random.Random(seed)
        self._heap = []
        self._count = 0
        self._cut = set()

    def cut(self, one: str, two: str) -> None:
        """Let nothing pass between two endpoints, in either direction."""
        self._cut |= {(one, two), (two, one)}

    def heal(self) -> None:
        """End all cuts."""
        self._cut.clear()

    def send(self, now_s: float, sender: str, to: str, item, reliable: bool = False) -> None:
        """Put an item on its way to the endpoint `to`."""
        self.sent += 1
        if (sender, to) in self._cut:
            self.lost += 1
            return
        options, rng = self.options, self._rng
        delay = options.delay_s_min
        if options.delay_s_mean:
            delay += rng.expovariate(1.0 / options.delay_s_mean)
        if options.loss_ratio:
            while rng.random() < options.loss_ratio:
                if not reliable or options.loss_ratio >= 1.0:
                    self.lost += 1
                    return
                delay += options.resend_s
        self._push(now_s + delay, to, item)
        if options.duplicate_ratio and rng.random() < options.duplicate_ratio:
            self._push(now_s + 2.0 * delay, to, item)

    def _push(self, due_s, to, item):
        """Queue one copy; the count keeps equal times in the order of sending."""
        self._count += 1
        heappush(self._heap, (due_s, self._count, to, item))

    def deliver(self, now_s: float):
        """Yield (to, item) for everything that arrives by now, in order of arrival."""
        heap = self._heap
        while heap and heap[0][0] <= now_s:
            _, _, to, item = heappop(heap)
            yield to, item
