# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A small site, and reports of robots on it."""

from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import first_seq, FleetView, Mode, Pose, Report

# A one-way street a b c d e f with a side street c g, and a rack between.
SITE = load_site({
    'name': 'lane', 'zone_size_m': 10.0,
    'nodes': {'a': [0, 0], 'b': [2, 0], 'c': [4, 0], 'd': [6, 0], 'e': [8, 0], 'f': [10, 0],
              'g': [4, 3], 'h': [0, 3]},
    'edges': [['a', 'b', 'oneway'], ['b', 'c', 'oneway'], ['c', 'd'], ['d', 'e'], ['e', 'f'],
              ['c', 'g'], ['g', 'h', 'oneway'], ['h', 'a', 'oneway'], ['d', 'c', 'oneway']],
    'places': {'shelf': ['storage', 'f'], 'desk': ['station', 'g'], 'pocket': ['parking', 'e'],
               'plug': ['charger', 'h']},
    'racks': [[6.0, 1.5, 9.0, 3.0]]})
NODE = {name: index for index, name in enumerate(SITE.node_names)}


def nodes(names: str) -> tuple:
    """Return the numbers of nodes written as letters."""
    return tuple(NODE[name] for name in names)


def report(robot='r001', at='a', held=None, wanted='', count=1, **more) -> Report:
    """Return a robot's report; `at`, `held` and `wanted` name nodes, `count` numbers it."""
    x, y = SITE.xy[NODE[at]].tolist()
    values = {'robot': robot, 'boot_id': 1, 'seq': first_seq(1) + count, 'mode': Mode.AUTOMATIC,
              'site_hash': SITE.hash, 'held': nodes(at if held is None else held),
              'wanted': nodes(wanted), 'pose': Pose(x, y, 0.0)}
    return Report(**{**values, **more})


def view(*robots, **more) -> FleetView:
    """Return the leader's picture of some robots, all of them in AUTOMATIC."""
    values = {'term': 3, 'leader_id': 'c2', 'commit_index': 9, 'site_hash': SITE.hash,
              'coordinators': ('c1', 'c2', 'c3'), 'robots': robots,
              'modes': (Mode.AUTOMATIC,) * len(robots), 'blocked': (), 'orders_waiting': 1,
              'orders_open': 2, 'orders_done': 3}
    return FleetView(**{**values, **more})
