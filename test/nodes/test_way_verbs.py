# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""How `swarm block` reads nodes and streets."""

import pytest
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.site import load_site

pytest.importorskip('rclpy', reason='rclpy is not installed')
from robot_swarm_orch.nodes.way_verbs import read_ways  # noqa: E402, I100

SITE = load_site({
    'nodes': {'a': [0, 0], 'b-1': [4, 0], 'c': [4, 4]},
    'edges': [['a', 'b-1'], ['b-1', 'c', 'oneway'], ['c', 'a', 'oneway']],
    'places': {'dock': ['station', 'c']}})


def test_nodes_places_numbers_and_streets_are_known():
    assert read_ways(['a', 'dock', '1'], SITE) == ((0, 1, 2), ())
    assert read_ways(['a-b-1'], SITE) == ((), ((0, 1), (1, 0)))
    assert read_ways(['a-b-1'], SITE, one_way=True) == ((), ((0, 1),))
    assert read_ways(['b-1-dock', 'c-b-1'], SITE) == ((), ((1, 2),))


def test_without_a_site_numbers_are_known():
    assert read_ways(['7', '7-8'], None) == ((7,), ((7, 8), (8, 7)))
    with pytest.raises(ConfigError, match='give --site-file'):
        read_ways(['dock'], None)


@pytest.mark.parametrize('word, says', [
    ('dok', 'did you mean .dock'), ('a-a', 'no street'), ('-', 'no place')])
def test_words_that_name_nothing_are_refused(word, says):
    with pytest.raises(ConfigError, match=says):
        read_ways([word], SITE)
