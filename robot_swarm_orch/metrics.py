# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Counts and distributions that cost little to take, add up across processes, and travel as JSON.

A histogram has logarithmic buckets, each 4 % wider than the one below, so that a quantile read
from it is right to 2 % whatever its size. Only buckets that were hit are kept. Histograms of
several processes merge exactly: the buckets are the same everywhere. The idea is that of
G. Tene's HdrHistogram and of C. Masson et al., "DDSketch", VLDB 2019, section 2.1 (bucket i holds
the values in (g^(i-1), g^i], told by its midpoint 2 g^i / (g + 1)).
"""

from bisect import bisect_left
import json
from math import ceil, inf, log
from typing import Iterable, Mapping, Optional

from robot_swarm_orch.errors import WireError

GROWTH = 1.04
_PER_LOG = 1.0 / log(GROWTH)
_MIDPOINT = 2.0 / (GROWTH + 1.0)
_SMALLEST = 1e-9
_BUCKET_LIMIT = 4096


class Histogram:
    """A distribution of values of at least 0, in one unit; smaller than 1e-9 counts as 1e-9."""

    __slots__ = ('buckets', 'count', 'total', 'largest')

    def __init__(self):
        """Start empty."""
        self.buckets = {}
        self.count = 0
        self.total = 0.0
        self.largest = 0.0

    def observe(self, value: float) -> None:
        """Count one value; NaN and infinities are ignored, negative values count as 0."""
        if not -inf < value < inf:
            return
        if value < _SMALLEST:
            index = _index(_SMALLEST)
        else:
            index = ceil(log(value) * _PER_LOG)
            self.total += value
            if value > self.largest:
                self.largest = value
        self.buckets[index] = self.buckets.get(index, 0) + 1
        self.count += 1

    def merge(self, other: 'Histogram') -> None:
        """Add all values of another histogram."""
        for index, count in other.buckets.items():
            self.buckets[index] = self.buckets.get(index, 0) + count
        self.count += other.count
        self.total += other.total
        self.largest = max(self.largest, other.largest)

    def since(self, earlier: 'Histogram') -> 'Histogram':
        """Return the values that came after an earlier state of this histogram."""
        later = Histogram()
        later.buckets = {index: count - earlier.buckets.get(index, 0)
                         for index, count in self.buckets.items()
                         if count > earlier.buckets.get(index, 0)}
        later.count, later.total = self.count - earlier.count, self.total - earlier.total
        # The largest of them may be smaller; its bucket's upper edge is known.
        later.largest = min(self.largest, GROWTH ** max(later.buckets, default=0)) \
            if later.buckets else 0.0
        return later

    def quantile(self, fraction: float) -> Optional[float]:
        """
        Return a value that `fraction` (0 to 1) of all values do not exceed; None while empty.

        It is right to 2 %, and never above the largest value seen.
        """
        if not self.count:
            return None
        ordered = sorted(self.buckets)
        below, running = [], 0
        for index in ordered:
            running += self.buckets[index]
            below.append(running)
        rank = min(self.count, max(1, ceil(fraction * self.count)))
        index = ordered[bisect_left(below, rank)]
        return min(GROWTH ** index * _MIDPOINT, self.largest)

    def summary(self) -> dict:
        """Return p50, p99, max, mean and count; the first four are None while empty."""
        if not self.count:
            return {'p50': None, 'p99': None, 'max': None, 'mean': None, 'count': 0}
        return {'p50': self.quantile(0.5), 'p99': self.quantile(0.99), 'max': self.largest,
                'mean': self.total / self.count, 'count': self.count}

    def to_plain(self) -> list:
        """Return the histogram as a list that JSON can carry, in one canonical order."""
        flat = []
        for index in sorted(self.buckets):
            flat += (index, self.buckets[index])
        return [self.count, self.total, self.largest, flat]

    @classmethod
    def from_plain(cls, plain) -> 'Histogram':
        """Return the histogram behind `to_plain`'s list; raise WireError when it is not one."""
        histogram = cls()
        try:
            count, total, largest, flat = plain
            if len(flat) % 2 or len(flat) > 2 * _BUCKET_LIMIT:
                raise ValueError(f'{len(flat)} numbers are no list of buckets')
            histogram.buckets = {int(index): int(hits)
                                 for index, hits in zip(flat[::2], flat[1::2])}
            histogram.count, histogram.total = int(count), float(total)
            histogram.largest = float(largest)
            if any(hits < 0 for hits in histogram.buckets.values()) \
                    or sum(histogram.buckets.values()) != histogram.count:
                raise ValueError('the buckets do not add up to the count')
        except (TypeError, ValueError) as error:
            raise WireError(f'not a histogram: {error}') from error
        return histogram


def _index(value: float) -> int:
    """Return the bucket of a positive value."""
    return ceil(log(value) * _PER_LOG)


class Metrics:
    """
    The named counters and histograms of one process.

    `count` and `observe` make what they name on first use. Names are short words; a counter per
    reason is written `refused.<reason>`. All counts are cumulative since the process started.
    """

    def __init__(self):
        """Start with nothing."""
        self.counters = {}
        self.histograms = {}

    def count(self, name: str, by: float = 1) -> None:
        """Add to a counter."""
        self.counters[name] = self.counters.get(name, 0) + by

    def set(self, name: str, value: float) -> None:
        """Set a counter to a value that was counted elsewhere."""
        self.counters[name] = value

    def histogram(self, name: str) -> Histogram:
        """Return a histogram by name, so that hot paths can keep it."""
        histogram = self.histograms.get(name)
        if histogram is None:
            histogram = self.histograms[name] = Histogram()
        return histogram

    def observe(self, name: str, value: float) -> None:
        """Count one value into a histogram."""
        self.histogram(name).observe(value)

    def merge(self, other: 'Metrics') -> None:
        """Add all counters and histograms of another process."""
        for name, value in other.counters.items():
            self.count(name, value)
        for name, histogram in other.histograms.items():
            self.histogram(name).merge(histogram)

    def since(self, earlier: 'Metrics') -> 'Metrics':
        """Return what was counted after an earlier state of the same metrics."""
        later, nothing = Metrics(), Histogram()
        later.counters = {name: value - earlier.counters.get(name, 0)
                          for name, value in self.counters.items()}
        later.histograms = {name: histogram.since(earlier.histograms.get(name, nothing))
                            for name, histogram in self.histograms.items()}
        return later

    def to_json(self) -> str:
        """Return everything as compact JSON, equal for equal content."""
        return json.dumps(
            {'counters': self.counters,
             'histograms': {name: h.to_plain() for name, h in self.histograms.items()}},
            separators=(',', ':'), sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> 'Metrics':
        """Return the metrics behind `to_json`'s text; raise WireError when it is not such text."""
        metrics = cls()
        try:
            plain = json.loads(text)
            metrics.counters = {str(name): _number(value)
                                for name, value in plain['counters'].items()}
            metrics.histograms = {str(name): Histogram.from_plain(value)
                                  for name, value in plain['histograms'].items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise WireError(f'not metrics: {error!r}') from error
        return metrics


def _number(value):
    """Return a counter's value, or raise ValueError."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f'{value!r} is no count')
    return value


def merged(parts: Iterable[Metrics]) -> Metrics:
    """Return the sum of several processes' metrics."""
    whole = Metrics()
    for part in parts:
        whole.merge(part)
    return whole


def with_prefix(counters: Mapping[str, float], prefix: str) -> dict:
    """Return the counters `prefix<name>`, by what stands behind the prefix."""
    return {name[len(prefix):]: value for name, value in counters.items()
            if name.startswith(prefix)}
