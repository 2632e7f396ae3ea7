# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What a scraper gets: our counts and distributions, as Prometheus understands them."""

import shutil
import subprocess
import sys
from urllib.request import urlopen

import pytest
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.metrics import Metrics
from robot_swarm_orch.telemetry import exporter
from robot_swarm_orch.telemetry.exporter import Collector, Exporter

pytest.importorskip('prometheus_client', reason='prometheus_client is not installed')
from prometheus_client.parser import text_string_to_metric_families  # noqa: E402,I100

ADDRESS = 'http://127.0.0.1:{}/metrics'


@pytest.fixture
def serve():
    """Return a function that serves metrics on a free port and returns a way to scrape them."""
    made = []

    def start(metrics, more=tuple):
        made.append(Exporter(Collector(metrics, 'ring', more), 0))

        def scrape():
            with urlopen(ADDRESS.format(made[-1].port), timeout=10.0) as answer:
                return answer.read().decode()
        return scrape
    yield start
    for one in made:
        one.close()


def samples(text):
    """Return {(sample name, sorted labels): value} of a scrape."""
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text) for sample in family.samples}


def one(found, name, **labels):
    """Return the value of one sample of site `ring`."""
    return found[name, tuple(sorted({'site': 'ring', **labels}.items()))]


def test_counts_are_scraped_as_they_are_at_that_moment(serve):
    metrics = Metrics()
    metrics.count('orders.done.move', 3)
    scrape = serve(metrics)
    assert one(samples(scrape()), 'orders_total', status='done', task_type='move') == 3
    metrics.count('orders.done.move')
    metrics.set('queue_depth', 7)
    found = samples(scrape())
    assert one(found, 'orders_total', status='done', task_type='move') == 4
    assert one(found, 'queue_depth') == 7


def test_a_histogram_keeps_its_count_and_sum_and_its_bounds_to_four_percent(serve):
    metrics, values = Metrics(), [0.0001 * 1.07 ** index for index in range(150)]
    for value in values:
        metrics.observe('commit_s', value)
    found = samples(serve(metrics)())
    assert one(found, 'commit_latency_seconds_count') == len(values)
    assert one(found, 'commit_latency_seconds_sum') == pytest.approx(sum(values))
    for bound in (0.001, 0.01, 0.1):
        below = one(found, 'commit_latency_seconds_bucket', le=str(bound))
        assert sum(value <= bound / 1.05 for value in values) <= below
        assert below <= sum(value <= bound for value in values)


def test_figures_of_one_metric_are_told_apart_by_label(serve):
    metrics = Metrics()
    metrics.observe('decision_s', 0.001)
    metrics.observe('route_s', 0.02)
    found = samples(serve(metrics)())
    assert one(found, 'decision_seconds_count', kind='robot') == 1
    assert one(found, 'decision_seconds_bucket', kind='route', le='0.01') == 0


def test_reasons_that_differ_in_details_are_one(serve):
    """So that no robot's name makes a series of its own."""
    metrics = Metrics()
    metrics.count('refused.Enrolled: held by r1', 2)
    metrics.count('refused.Enrolled: held by r2', 3)
    assert one(samples(serve(metrics)()), 'refused_total', reason='Enrolled') == 5


def test_what_is_kept_for_each_robot_is_asked_for_when_scraped(serve):
    asked = []

    def more():
        asked.append(1)
        return [('safe_stop_total', ('lease', 'r001'), 2)]
    scrape = serve(Metrics(), more)
    assert not asked
    assert one(samples(scrape()), 'safe_stop_total', reason='lease', robot_id='r001') == 2


def test_too_many_label_sets_are_left_out_and_counted(serve, monkeypatch):
    monkeypatch.setattr(exporter, 'SERIES_MAX', 10)
    metrics = Metrics()
    for number in range(25):
        metrics.count(f'refused.kind{number}')
    found = samples(serve(metrics)())
    assert sum(name == 'refused_total' for name, _ in found) == 10
    assert one(found, 'series_dropped') == 15


def test_the_process_itself_is_told_by_the_library(serve):
    assert samples(serve(Metrics())())['process_resident_memory_bytes', ()] > 1e6


def test_a_port_that_is_taken_is_a_mistake_with_a_way_out():
    first = Exporter(Collector(Metrics(), 'ring'), 0)
    try:
        with pytest.raises(ConfigError, match=f'metrics_port {first.port}.*choose another'):
            Exporter(Collector(Metrics(), 'ring'), first.port)
    finally:
        first.close()
    again = Exporter(Collector(Metrics(), 'ring'), first.port)
    again.close()


def test_an_address_that_is_not_ours_is_a_mistake_with_a_way_out():
    with pytest.raises(ConfigError, match='metrics_address'):
        Exporter(Collector(Metrics(), 'ring'), 0, '192.0.2.1')


def test_without_the_library_a_port_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, 'prometheus_client', None)
    with pytest.raises(ConfigError, match='python3-prometheus-client'):
        Exporter(Collector(Metrics(), 'ring'), 9400)


def test_promtool_finds_nothing_to_complain_of(serve):
    """Names, units and texts, of a scrape with every metric of the table."""
    promtool = shutil.which('promtool')
    if promtool is None:
        pytest.skip('promtool is not installed: apt install prometheus')
    metrics, labels = Metrics(), {1: ('a',), 2: ('a', 'b')}
    more = []
    for family in exporter.BY_NAME.values():
        for source in family.sources:
            name = source + ('.'.join(labels[len(family.labels)]) if source[-1] == '.' else '')
            if family.kind == exporter.HISTOGRAM:
                metrics.observe(name, 0.5)
            else:
                metrics.count(name)
        if not family.sources and family.labels:
            more.append((family.name, labels[len(family.labels)], 1))
    text = serve(metrics, lambda: more)()
    told = {line.split()[2] for line in text.splitlines() if line.startswith('# HELP')}
    assert set(exporter.BY_NAME) <= told
    result = subprocess.run([promtool, 'check', 'metrics'], input=text, text=True,
                            capture_output=True, check=False)
    assert (result.returncode, result.stdout + result.stderr) == (0, '')
