# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The ROS side of `swarm block` and `swarm unblock`, and how words name nodes and streets."""

from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.nodes.coordinator_verbs import act
from robot_swarm_orch.nodes.fleet_client import FleetClient, operator
from robot_swarm_orch.nodes.insight_verbs import known_site
from robot_swarm_orch.spelling import did_you_mean
from robot_swarm_orch.types import Blockage


def block_ways(client: FleetClient, options) -> int:
    """Block or unblock nodes and streets; 1 when it was refused."""
    site = known_site(options.site_file)
    if site is not None and site.name != client.site_id:
        if options.site_file:
            raise ConfigError(f'{options.site_file} is the site {site.name}, not {client.site_id}')
        site = None
    nodes, edges = read_ways(options.ways, site, options.one_way)
    return act(client, options, Blockage(nodes, edges, options.is_blocked, operator()))


def read_ways(words, site, one_way=False):
    """
    Return (nodes, edges) that words such as `dock_1`, `17` or `a-b` name; ConfigError for others.

    site: where names are looked up, None if only numbers are known. Edges are pairs (from, to): of
    a street both directions that may be driven, unless `one_way`.
    """
    nodes, edges = set(), set()
    for word in words:
        node = _node(word, site)
        if node is not None:
            nodes.add(node)
            continue
        ends = _ends(word, site)
        both = {ends} if one_way else {ends, ends[::-1]}
        known = both if site is None else {edge for edge in both if site.is_edge(*edge)}
        if not known:
            raise ConfigError(f'no street of {site.name} leads along {word}')
        edges |= known
    return tuple(sorted(nodes)), tuple(sorted(edges))


def _node(word, site):
    """Return the node that a word names, None if it names none."""
    if site is not None:
        if word in site.places:
            return site.places[word].node
        if word in site.node_names:
            return site.node_names.index(word)
    return int(word) if word.isascii() and word.isdigit() else None


def _ends(word, site):
    """Return the two nodes of a street; their names may hold dashes of their own."""
    for index in (at for at, letter in enumerate(word) if letter == '-'):
        ends = _node(word[:index], site), _node(word[index + 1:], site)
        if None not in ends:
            return ends
    if site is None:
        raise ConfigError(f'{word!r} is no number of a node or street: give --site-file for names')
    raise ConfigError(f'{word!r} is no place, node or street of {site.name}'
                      + did_you_mean(word, [*site.places, *site.node_names]))
