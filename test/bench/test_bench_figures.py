# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The statistics, the order of measurements and the report of `swarm bench consensus`."""

from random import Random

import pytest
from robot_swarm_orch.bench import consensus
from robot_swarm_orch.bench.consensus import BenchOptions, measure
from robot_swarm_orch.bench.figures import (
    bins, compare, counts, group_report, quantile, summary)
from robot_swarm_orch.bench.group import BenchFailed, Failover
from robot_swarm_orch.bench.text import histogram, report_lines
from robot_swarm_orch.errors import ConfigError


def test_quantiles_are_values_that_were_measured():
    values = [0.3, 0.1, 0.2, 0.4]
    assert [quantile(values, fraction) for fraction in (0.0, 0.25, 0.5, 0.51, 0.99, 1.0)] == [
        0.1, 0.1, 0.2, 0.3, 0.4, 0.4]
    assert summary([7.0]) == {'p50': 7.0, 'p90': 7.0, 'p99': 7.0, 'max': 7.0, 'count': 1}
    with pytest.raises(ConfigError):
        quantile([], 0.5)


def test_every_value_falls_into_one_of_the_common_bins():
    ours, theirs = [0.151, 0.16, 0.2499], [0.12, 0.31]
    edges = bins(ours, theirs)
    assert edges[0] <= 0.12 and edges[-1] > 0.31 and len(edges) <= 17
    assert sum(counts(ours, edges)) == 3 and sum(counts(theirs, edges)) == 2
    assert counts([edges[1]], edges)[1] == 1, 'a lower edge belongs to its bin'
    assert len(bins([0.2], [0.2])) == 2


def report(commit_s, failover_s):
    return group_report([commit_s] * 10, 1000.0,
                        [Failover(value, value) for value in failover_s])


def test_each_broken_bound_is_named_and_kept_ones_are_not():
    theirs = report(0.001, [0.2, 0.2, 0.3])
    assert compare(report(0.0015, [0.2, 0.2, 0.6]), theirs)['broken'] == []
    broken = compare(report(0.0016, [0.21, 0.21, 0.61]), theirs)['broken']
    assert len(broken) == 3
    for word, line in zip(('commit p50', 'failover p50', 'longest failover'), broken):
        assert word in line


def test_commits_alone_are_compared_without_failovers():
    ours = group_report([0.001], 900.0, [])
    assert 'failover_s' not in ours
    assert compare(ours, ours) == {'commit': dict.fromkeys(('p50', 'p90', 'p99', 'max'), 1.0),
                                   'writes_per_s': 1.0, 'broken': []}


class FakeGroup:
    """Notes what it is asked, and fails over in a fixed time."""

    def __init__(self, name, log, stays_open=False, breaks=False):
        self.name, self.log, self.stays_open, self.breaks = name, log, stays_open, breaks

    def open(self):
        self.log.append(f'{self.name} open')

    def close(self):
        self.log.append(f'{self.name} close')

    def write(self):
        pass

    def write_many(self, count, at_once):
        self.log.append(f'{self.name} {count}')

    def fail_over(self):
        if self.breaks:
            raise BenchFailed('no leader')
        self.log.append(f'{self.name} kill')
        return Failover(0.2, 0.19)

    def restore(self):
        self.log.append(f'{self.name} restore')


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(consensus.time, 'sleep', lambda _: None)


def test_the_groups_take_turns_block_by_block_and_each_is_alone():
    log = []
    samples = measure([FakeGroup('a', log), FakeGroup('b', log)],
                      BenchOptions(trials=3, block=2, writes=4, burst=7), Random(1),
                      lambda line: None)
    block = ['{} open', '{} 7', *['{} kill', '{} restore'] * 2, '{} close']
    last = ['{} open', '{} kill', '{} restore', '{} close']
    wanted = [line.format(name) for lines in (block, last) for name in 'ab' for line in lines]
    assert log[:-2] == wanted and log[-2:] == ['a close', 'b close']
    assert len(samples['a'].failovers) == 3 and len(samples['b'].commits_s) == 8


def test_a_fleet_stays_open_between_its_turns_and_all_is_closed_when_a_trial_fails():
    log = []
    with pytest.raises(BenchFailed):
        measure([FakeGroup('a', log, stays_open=True), FakeGroup('b', log, breaks=True)],
                BenchOptions(trials=1), Random(1), lambda line: None)
    assert log.index('a close') > log.index('b open') and log[-1] == 'b close'


def test_the_report_shows_tables_histogram_and_verdict():
    ours, theirs = report(0.0012, [0.16, 0.17]), report(0.001, [0.18, 0.31])
    lines = report_lines({'setting': ['here'], 'at_once': 32,
                          'groups': {'swarm': ours, 'etcd': theirs},
                          'compared': compare(ours, theirs)})
    text = '\n'.join(lines)
    assert lines[0] == 'here' and lines[-1] == 'bounds: kept'
    assert text.count('ratio') == 4 and 'SIGKILL' in text
    alone = report_lines({'setting': [], 'at_once': 32, 'groups': {'swarm': ours},
                          'alone': 'etcd is not installed'})
    assert alone[-1] == 'etcd is not installed' and 'ratio' not in '\n'.join(alone)


def test_a_histogram_counts_every_trial_and_marks_each_bin_that_has_one():
    lines = histogram({'swarm': [0.15] * 200 + [0.25], 'etcd': [0.21]})
    rows = [line.split() for line in lines[2:-1]]
    assert sum(int(cell) for row in rows for cell in row[1:] if cell.isdigit()) == 202
    assert any(row[1:] == ['#', '1'] for row in rows)
