# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Histograms are right to two per cent, merge exactly, and survive JSON."""

from math import ceil

from hypothesis import given, settings, strategies as st
import pytest
from robot_swarm_orch.errors import WireError
from robot_swarm_orch.metrics import Histogram, merged, Metrics, with_prefix

VALUES = st.lists(st.floats(1e-7, 1e4), min_size=1, max_size=200)


def filled(values):
    """Return a histogram of some values."""
    histogram = Histogram()
    for value in values:
        histogram.observe(value)
    return histogram


@given(VALUES, st.floats(0.0, 1.0))
@settings(max_examples=200, deadline=None)
def test_a_quantile_is_right_to_two_per_cent(values, fraction):
    """The quantile lies within 2 % of the value of that rank (DDSketch, proposition 2)."""
    rank = min(len(values), max(1, ceil(fraction * len(values))))
    exact = sorted(values)[rank - 1]
    assert abs(filled(values).quantile(fraction) - exact) <= 0.02 * exact


@given(VALUES, VALUES)
@settings(max_examples=100, deadline=None)
def test_merging_is_the_same_as_counting_everything_in_one_place(one, two):
    """Buckets are the same everywhere, so a merge loses nothing."""
    both = filled(one)
    both.merge(filled(two))
    whole = filled(one + two)
    assert both.buckets == whole.buckets
    assert (both.count, both.largest) == (whole.count, whole.largest)


@given(VALUES)
@settings(max_examples=100, deadline=None)
def test_a_histogram_survives_json(values):
    """What comes back answers alike."""
    metrics = Metrics()
    for value in values:
        metrics.observe('decision_s', value)
    metrics.count('ticks', 7)
    back = Metrics.from_json(metrics.to_json())
    assert back.to_json() == metrics.to_json()
    assert back.histograms['decision_s'].summary() == metrics.histograms['decision_s'].summary()


def test_the_largest_value_is_kept_exactly_and_bounds_every_quantile():
    """A report's `max` is no bucket's midpoint."""
    histogram = filled([0.001, 0.0123456])
    assert histogram.summary()['max'] == 0.0123456
    assert histogram.quantile(1.0) <= 0.0123456


def test_an_empty_histogram_has_no_quantiles():
    """None says that nothing was measured; 0 would be a lie."""
    assert Histogram().summary() == {'p50': None, 'p99': None, 'max': None, 'mean': None,
                                     'count': 0}


@pytest.mark.parametrize('value', [float('nan'), float('inf'), -float('inf')])
def test_values_that_are_no_numbers_are_ignored(value):
    """One NaN must not spoil a day's figures."""
    assert filled([value]).count == 0


def test_zero_and_negative_values_count_as_the_smallest():
    """A lateness below zero is no lateness."""
    histogram = filled([0.0, -1.0])
    assert histogram.count == 2
    assert histogram.quantile(1.0) == 0.0


@pytest.mark.parametrize('text', [
    '', '[]', '{"counters":{}}', '{"counters":{"a":"b"},"histograms":{}}',
    '{"counters":{"a":true},"histograms":{}}', '{"counters":{},"histograms":{"a":[1,2]}}',
    '{"counters":{},"histograms":{"a":[2,0,0,[1,1]]}}',
    '{"counters":{},"histograms":{"a":[0,0,0,[1,1,2,-1]]}}'])
def test_text_that_is_no_metrics_is_refused(text):
    """A stranger's diagnostics must not crash the report."""
    with pytest.raises(WireError):
        Metrics.from_json(text)


def test_counters_of_processes_add_up_and_sort_by_prefix():
    """Stops by reason are summed over the processes."""
    parts = []
    for count in (1, 2):
        part = Metrics()
        part.count('stops.LEASE', count)
        part.count('ticks', 10)
        parts.append(part)
    assert with_prefix(merged(parts).counters, 'stops.') == {'LEASE': 3}


@given(VALUES, VALUES)
@settings(max_examples=100, deadline=None)
def test_what_came_after_an_earlier_state_is_what_was_observed_since(before, after):
    """Counts and quantiles are those of the later values; of the largest, its bucket is known."""
    metrics = Metrics()
    metrics.count('ticks', len(before))
    for value in before:
        metrics.observe('lag_s', value)
    earlier = merged([metrics])
    metrics.count('ticks', len(after))
    for value in after:
        metrics.observe('lag_s', value)
    later, alone = metrics.since(earlier), filled(after)
    assert later.counters == {'ticks': len(after)}
    assert later.histograms['lag_s'].buckets == alone.buckets
    assert later.histograms['lag_s'].count == len(after)
    for fraction in (0.0, 0.5, 0.99, 1.0):
        assert abs(later.histograms['lag_s'].quantile(fraction)
                   - alone.quantile(fraction)) <= 0.04 * alone.quantile(fraction)


def test_nothing_new_is_nothing():
    """Of what did not change, nothing is left."""
    histogram = filled([1.0, 2.0])
    assert histogram.since(filled([1.0, 2.0])).quantile(0.5) is None
