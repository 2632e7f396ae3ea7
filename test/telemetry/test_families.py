# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The table of metrics, and the page, rules and dashboard that rest on it."""

import json
from pathlib import Path
import re

import pytest
from robot_swarm_orch.telemetry import families
from robot_swarm_orch.telemetry.families import BY_NAME, FAMILIES, family_of
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'observability.md'
# What the client library tells of every process.
OF_THE_LIBRARY = {'process_resident_memory_bytes', 'process_cpu_seconds_total'}
# Words of queries that look like metrics.
WORDS = {'sum', 'max', 'by', 'rate', 'increase', 'histogram_quantile', 'bottomk', 'or', 'up',
         'label_values', 'site', 'le', 'process', 'loop', 'kind', 'status', 'reason', 'mode',
         'result', 'task_type', 'instance', 'job', 'robot_id'}


def metrics_in(query):
    """Return the names of metrics that a PromQL expression uses."""
    bare = re.sub(r'\{[^}]*\}|\[[^]]*\]|"[^"]*"', ' ', query)
    names = set(re.findall(r'[a-z_]{2,}', bare)) - WORDS
    return {re.sub(r'_bucket$', '', name) for name in names}


def test_the_page_shows_the_table_of_the_code():
    """Run `python -m robot_swarm_orch.telemetry.families docs/observability.md` after changes."""
    page = PAGE.read_text(encoding='utf-8')
    assert families.BEGIN in page and page == families.with_table(page)


def test_names_and_sources_are_used_once():
    sources = [source for family in FAMILIES for source in family.sources]
    assert len(set(sources)) == len(sources)
    assert len(BY_NAME) == len(FAMILIES)
    assert not set(sources) & set(families.NOT_EXPORTED)


def test_names_follow_the_conventions_of_prometheus():
    """Counters end in _total, histograms have ascending bounds, everything has a text."""
    for family in FAMILIES:
        assert re.fullmatch(r'[a-z][a-z0-9_]*', family.name)
        assert (family.kind == families.COUNTER) == family.name.endswith('_total'), family.name
        assert bool(family.bounds) == (family.kind == families.HISTOGRAM), family.name
        assert list(family.bounds) == sorted(set(family.bounds))
        assert family.doc.endswith('.') and family.told_by
        assert 'site' not in family.labels


@pytest.mark.parametrize('name, metric, values', [
    ('commit_s', 'commit_latency_seconds', ()),
    ('orders.done.move', 'orders_total', ('done', 'move')),
    ('consensus_ticks', 'ticks_total', ('consensus',)),
    ('refused.TaskAssigned: the robot r7 is not idle', 'refused_total', ('TaskAssigned',)),
    ('refused.TaskOrder.pick', 'refused_total', ('TaskOrder.pick',))])
def test_a_figure_finds_its_metric_and_its_labels(name, metric, values):
    """Details that have no end are left out of a label."""
    family, found = family_of(name)
    assert (family.name, found) == (metric, values)
    assert families.is_known(name)


def test_a_figure_without_a_row_is_exported_by_rule():
    """It is not lost, and the test with a real fleet asks for its row."""
    family, values = family_of('strange_s.x', families.HISTOGRAM)
    assert (family.name, family.labels, values) == ('strange_seconds', ('kind',), ('x',))
    assert family_of('odd')[0].name == 'odd_total'
    assert not families.is_known('odd') and not families.is_known('strange_s.x')
    assert family_of('stops.LEASE') is None and families.is_known('stops.LEASE')


def test_every_figure_that_the_code_keeps_has_a_row():
    """A name that somebody adds to Metrics needs one in telemetry/families.py."""
    call = re.compile(r"(?:count|observe|set|histogram)\(\s*f?'([a-z][a-z_]*[.'{])")
    found = set()
    for folder in ('nodes', 'coordinator'):
        for path in (ROOT / 'robot_swarm_orch' / folder).glob('*.py'):
            found |= set(call.findall(path.read_text(encoding='utf-8')))
    assert {"commit_s'", 'orders.', "route_s'"} <= found
    plain = {name.rstrip("'") for name in found if not name.endswith('{')}
    assert not [name for name in plain if not families.is_known(name)]


def test_alerts_ask_for_metrics_that_exist():
    """A rule on a misspelt metric would be silent for ever."""
    groups = yaml.safe_load((ROOT / 'deploy' / 'alerts.yml').read_text())['groups']
    rules = [rule for group in groups for rule in group['rules']]
    assert len(rules) > 10
    for rule in rules:
        unknown = metrics_in(rule['expr']) - set(BY_NAME) - OF_THE_LIBRARY
        assert not unknown, f'{rule["alert"]}: {unknown}'


def test_every_alert_is_explained():
    """The page says what to do."""
    groups = yaml.safe_load((ROOT / 'deploy' / 'alerts.yml').read_text())['groups']
    page = PAGE.read_text(encoding='utf-8').partition('## Alerts')[2]
    missing = [rule['alert'] for group in groups for rule in group['rules']
               if rule['alert'] not in page]
    assert not missing


def test_the_dashboard_asks_for_metrics_that_exist():
    """And each panel says what it shows."""
    board = json.loads((ROOT / 'deploy' / 'grafana_dashboard.json').read_text())
    panels = [panel for panel in board['panels'] if panel['type'] != 'row']
    assert len(panels) > 15
    assert len({panel['id'] for panel in board['panels']}) == len(board['panels'])
    used = set()
    for panel in panels:
        assert panel['description'] and panel['targets'], panel['title']
        for target in panel['targets']:
            used |= metrics_in(target['expr'])
    assert used <= set(BY_NAME) | OF_THE_LIBRARY, used - set(BY_NAME)
    assert 'orders_total' in used


def test_the_judge_of_queries_finds_a_misspelt_metric():
    """A check that cannot fail is none."""
    assert metrics_in('rate(comit_latency_seconds_bucket{site="a"}[5m])') == {
        'comit_latency_seconds'}


def test_the_targets_of_the_example_name_their_processes():
    targets = json.loads((ROOT / 'deploy' / 'targets' / 'example.json').read_text())
    assert all(group['targets'] and group['labels']['process'] for group in targets)
