# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The Prometheus endpoint of a process.

A thread of its own answers scrapes. It copies our counters and histograms when it is asked, and
turns them into Prometheus's families then; whoever counts never waits for it and knows nothing of
it. Our histograms have buckets each 4 % wider than the one below. A Prometheus bucket counts ours
that end at or below its bound, so its bound is right to 4 %.
"""

from bisect import bisect_left
from http.server import ThreadingHTTPServer
from math import log
import sys
from threading import Thread
from typing import Callable, Iterable, Tuple

from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.metrics import GROWTH, Metrics
from robot_swarm_orch.telemetry.families import (
    BY_NAME, COUNTER, family_of, GAUGE, HISTOGRAM)

SERIES_MAX = 4096
"""Label sets of one metric and process; more are left out, and counted in `series_dropped`."""

SCRAPE_TIMEOUT_S = 10.0
"""A scraper that says nothing for this long is hung up on."""

MORE = Callable[[], Iterable[Tuple[str, Tuple[str, ...], float]]]
_PER_LOG = 1.0 / log(GROWTH)
# A bound that is a power of the growth itself must not fall to either side of its bucket.
_TOLERANCE = 1e-6


class Collector:
    """Reads `Metrics`, and `more` samples of known families, when somebody scrapes."""

    def __init__(self, metrics: Metrics, site: str, more: MORE = tuple):
        """
        Name what to read.

        more: function that returns (family name, label values, value) of what a process keeps
        beside its Metrics, such as counts for each robot. It is called in the scraping thread.
        """
        self._metrics, self._site, self._more = metrics, site, more
        self._routes = {}

    def collect(self):
        """Yield the families of prometheus_client, sorted by name."""
        from prometheus_client.core import (
            CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily)
        makers = {COUNTER: CounterMetricFamily, GAUGE: GaugeMetricFamily,
                  HISTOGRAM: HistogramMetricFamily}
        found, dropped = self._found()
        found['series_dropped'] = BY_NAME['series_dropped'], {(): dropped}
        for name in sorted(found):
            family, samples = found[name]
            made = makers[family.kind](name, family.doc, labels=('site', *family.labels))
            for values, value in samples.items():
                if family.kind == HISTOGRAM:
                    made.add_metric((self._site, *values), *_prometheus(value, family.bounds))
                else:
                    made.add_metric((self._site, *values), value)
            yield made

    def _found(self):
        """Return {name: (Family, {label values: value})}, and how many label sets did not fit."""
        found, dropped = {}, 0
        # Copies of dictionaries are made in one go, whatever the other threads do meanwhile.
        for name, value in self._metrics.counters.copy().items():
            dropped += self._add(found, self._route(name, COUNTER), value)
        for name, histogram in self._metrics.histograms.copy().items():
            buckets, total = histogram.buckets.copy(), histogram.total
            dropped += self._add(found, self._route(name, HISTOGRAM), [(buckets, total)])
        for name, values, value in self._more():
            dropped += self._add(found, (BY_NAME[name], values), value)
        return found, dropped

    def _route(self, name, kind):
        """Return (Family, label values) of a name, worked out once."""
        if name not in self._routes:
            self._routes[name] = family_of(name, kind)
        return self._routes[name]

    @staticmethod
    def _add(found, route, value) -> int:
        """Add a value to its family; return 1 when it had to be left out."""
        if route is None:
            return 0
        family, values = route
        _, samples = found.setdefault(family.name, (family, {}))
        if values in samples:
            samples[values] = samples[values] + value
        elif len(samples) < SERIES_MAX:
            samples[values] = value
        else:
            return 1
        return 0


def _prometheus(parts, bounds):
    """
    Return ([(bound as text, cumulative count), ...], sum) of some histograms.

    parts: (buckets as in `metrics.Histogram`, sum of the values) of each.
    """
    counts = [0] * (len(bounds) + 1)
    limits = [log(bound) * _PER_LOG + _TOLERANCE for bound in bounds]
    total = 0.0
    for buckets, part in parts:
        total += part
        for index, hits in buckets.items():
            counts[bisect_left(limits, index)] += hits
    result, running = [], 0
    for bound, hits in zip((*map(str, bounds), '+Inf'), counts):
        running += hits
        result.append((bound, running))
    return result, total


class _Server(ThreadingHTTPServer):
    """Answers each scrape in a thread; a scraper that went away is no fault of ours."""

    def handle_error(self, request, client_address):
        """Show what went wrong, unless the other side left."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class Exporter:
    """Serves a process's metrics at http://address:port/metrics until it is closed."""

    def __init__(self, collector: Collector, port: int, address: str = '127.0.0.1'):
        """Listen; raises ConfigError without prometheus_client, or when the port is taken."""
        try:
            from prometheus_client import CollectorRegistry, MetricsHandler, ProcessCollector
        except ImportError as error:
            raise ConfigError(
                f'metrics_port is {port}, but the Python package prometheus_client is not there: '
                'install it (apt install python3-prometheus-client), or set metrics_port to 0'
            ) from error
        registry = CollectorRegistry()
        registry.register(collector)
        ProcessCollector(registry=registry)
        handler = MetricsHandler.factory(registry)
        handler.timeout = SCRAPE_TIMEOUT_S
        try:
            self._server = _Server((address, port), handler)
        except (OSError, OverflowError) as error:
            raise ConfigError(
                f'metrics_port {port} of {address} cannot be opened: {error}; choose another '
                'metrics_port or metrics_address') from error
        self.port = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, name='metrics', daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
