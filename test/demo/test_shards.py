# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Several sites from one file: what it may say, and that they share nothing."""

from pathlib import Path

import pytest
from robot_swarm_orch.bringup import default_site_file
from robot_swarm_orch.cli import main
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.shards import read_shards, shard_processes
import yaml

EXAMPLE = Path(__file__).resolve().parents[2] / 'config' / 'shards.yaml'


@pytest.fixture()
def written(tmp_path):
    """Return a function that writes a shards file: shard after shard, as mappings."""
    def write(**shards):
        path = tmp_path / 'shards.yaml'
        path.write_text(yaml.safe_dump({'shards': {
            name: {'site': default_site_file(), **given} for name, given in shards.items()}}))
        return path
    return write


def test_the_example_starts_two_sites_that_share_nothing(tmp_path):
    north, south = read_shards(EXAMPLE, tmp_path)
    assert (north.site_id, north.domain, south.site_id, south.domain) == ('north', 21, 'south', 22)
    one, other = shard_processes(north), shard_processes(south)
    assert not {spec.name for spec in one} & {spec.name for spec in other}
    assert {spec.domain for spec in one} == {21}
    folders = [{spec.parameters['data_dir'] for spec in specs if 'data_dir' in spec.parameters}
               for specs in (one, other)]
    assert not folders[0] & folders[1]
    assert {spec.parameters['site_id'] for spec in other} == {'south'}


def test_nodes_keep_the_names_that_they_have_alone(tmp_path):
    names = {spec.node_name for spec in shard_processes(read_shards(EXAMPLE, tmp_path)[0])}
    assert names == {'coordinator_c1', 'coordinator_c2', 'coordinator_c3', 'sim', 'edge'}


def test_real_robots_are_named_instead_of_counted(written, tmp_path):
    plan, = read_shards(written(dock={'domain': 3, 'robot_ids': ['r1', 'r2']}), tmp_path)
    assert not plan.simulate and plan.robots == ('r1', 'r2')


@pytest.mark.parametrize('shards, words', [
    ({'a': {'domain': 1}, 'b': {'domain': 1}}, 'shards a and b are both on domain 1'),
    ({'a': {'domain': 1, 'metrics_port': 9100}, 'b': {'domain': 2, 'metrics_port': 9102}},
     'shards a and b both want metrics port 9102'),
    ({'a': {}}, 'shard a: domain is missing'),
    ({'a': {'domain': 102}}, 'shard a: domain 102 must lie in 0 to 101'),
    ({'a': {'domain': '7'}}, "shard a: domain is '7': it must be a whole number"),
    ({'a': {'domain': 1, 'robot': 3}}, "unknown key 'robot': did you mean 'robots'"),
    ({'a': {'domain': 1, 'robots': 3, 'robot_ids': ['r1']}}, 'not both'),
    ({'a': {'domain': 1, 'robots': 100000}}, 'shard a: '),
    ({'a': {'domain': 1, 'site': 'nowhere.yaml'}}, 'there is no such file'),
    ({'a': {'domain': 1, 'params_file': 'none.yaml'}}, 'there is no such file'),
])
def test_a_wrong_file_is_refused_with_the_shard_named(written, tmp_path, shards, words):
    with pytest.raises(ConfigError, match=words):
        read_shards(written(**shards), tmp_path)


@pytest.mark.parametrize('text', ['', 'shards:\n', 'shards: [a]\n', '- a\n', 'shards: {a: 1}\n'])
def test_what_is_no_shards_file_is_refused(tmp_path, text):
    path = tmp_path / 'shards.yaml'
    path.write_text(text)
    with pytest.raises(ConfigError, match=r'shards\.yaml'):
        read_shards(path, tmp_path)


def test_check_says_what_would_be_started(capsys, tmp_path):
    assert main(['shards', 'check', str(EXAMPLE), '--data-dir', str(tmp_path)]) == 0
    assert 'north: ROS domain 21, coordinators c1, c2, c3, 10 simulated robots, 5 processes' in (
        capsys.readouterr().out)
