# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A simulated network: delays, losses, duplicates, words held back, and cuts, from one seed."""

from collections import Counter
from dataclasses import dataclass
from heapq import heappop, heappush
import random

from robot_swarm_orch.config import check, check_ranges, param


@dataclass(frozen=True)
class NetworkOptions:
    """How bad the network is. A message's delay is the least delay plus an exponential one."""

    delay_s_min: float = param(0.001, 'least delay of a message [s]', 0.0, 60.0)
    delay_s_mean: float = param(0.001, 'mean of the random delay on top [s]', 0.0, 60.0)
    loss_ratio: float = param(0.0, 'share of best-effort messages that vanish', 0.0, 1.0)
    duplicate_ratio: float = param(0.0, 'share of messages that arrive twice', 0.0, 1.0)
    resend_s: float = param(
        0.05, 'reliable messages are never lost: each loss costs this much delay [s]', 0.0, 60.0)
    drop_ratio: float = param(
        0.0, 'share of reliable messages that vanish all the same: queues keep the last ones only',
        0.0, 1.0)
    hold_ratio: float = param(
        0.0, 'share of messages held back for long, as in a queue that somebody forgot', 0.0, 1.0)
    hold_s_min: float = param(0.5, 'shortest time that a message is held back [s]', 0.0, 600.0)
    hold_s_max: float = param(60.0, 'longest time that a message is held back [s]', 0.0, 600.0)

    def __post_init__(self):
        """Check ranges and relations."""
        check_ranges(self)
        check(self.hold_s_min <= self.hold_s_max,
              f'hold_s_min {self.hold_s_min} must not exceed hold_s_max {self.hold_s_max}')


class Network:
    """Messages on their way. Delays differ, so messages overtake each other."""

    def __init__(self, seed: int, options: NetworkOptions = NetworkOptions()):
        """Start with nothing on the way; the same seed gives the same fate to every message."""
        self.options = options
        self.sent = 0
        self.lost = 0
        self.held_back = 0
        self._rng = random.Random(seed)
        self._heap = []
        self._count = 0
        self._cuts = Counter()  # (sender, receiver) -> how many cuts keep them apart

    def cut(self, one: str, two: str) -> None:
        """Let nothing pass between two endpoints, in either direction."""
        self.cut_pairs(((one, two), (two, one)))

    def cut_pairs(self, pairs) -> None:
        """Let nothing pass from the first to the second of each pair; cuts add up."""
        self._cuts.update(pairs)

    def mend_pairs(self, pairs) -> None:
        """Take one cut back from each pair."""
        self._cuts.subtract(pairs)
        self._cuts = +self._cuts

    def heal(self) -> None:
        """End all cuts."""
        self._cuts.clear()

    def is_open(self, sender: str, to: str) -> bool:
        """Return whether something sent now would pass."""
        return (sender, to) not in self._cuts

    def send(self, now_s: float, sender: str, to: str, item, reliable: bool = False) -> None:
        """Put an item on its way to the endpoint `to`."""
        self.sent += 1
        if self._cuts and (sender, to) in self._cuts:
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
        if reliable and options.drop_ratio and rng.random() < options.drop_ratio:
            self.lost += 1
            return
        if options.hold_ratio and rng.random() < options.hold_ratio:
            self.held_back += 1
            # Short and long times alike: evenly spread over the orders of magnitude.
            delay += options.hold_s_min * (
                options.hold_s_max / max(options.hold_s_min, 1e-9)) ** rng.random()
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
