# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Areas that only so many robots may enter: how they are written, kept, and left."""

from dataclasses import dataclass
import random
from types import SimpleNamespace

import pytest
from robot_swarm_orch.config import CoordinatorConfig, RobotConfig
from robot_swarm_orch.coordinator.allocation import Candidate
from robot_swarm_orch.coordinator.keeper import Keeper
from robot_swarm_orch.coordinator.parking import places_to_park
from robot_swarm_orch.coordinator.records import RobotRecord
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.sim.errands import Errands
from robot_swarm_orch.sim.network import NetworkOptions
from robot_swarm_orch.site import load_site

SIDE, PITCH_M = 6, 1.75
BAD = NetworkOptions(delay_s_min=0.1, loss_ratio=0.3)


def floor(**more):
    """Return a square of two-way streets; nodes are column,row."""
    names = [f'{c},{r}' for r in range(SIDE) for c in range(SIDE)]
    return load_site({
        'nodes': {name: [PITCH_M * int(name[0]), PITCH_M * int(name[2])] for name in names},
        'edges': [[f'{c},{r}', f'{c + dc},{r + dr}'] for c in range(SIDE) for r in range(SIDE)
                  for dc, dr in ((1, 0), (0, 1)) if c + dc < SIDE and r + dr < SIDE], **more})


def area(robots_max, **where):
    return {'areas': {'packing': {'robots_max': robots_max, **where}}}


def test_an_area_is_drawn_by_its_nodes_or_by_a_polygon():
    by_name = floor(**area(2, nodes=['0,0', '1,0']))
    by_shape = floor(**area(2, polygon=[[-1, -1], [3, -1], [3, 1], [-1, 1]]))
    assert by_name.areas[0].nodes == by_shape.areas[0].nodes == {0, 1}
    assert by_name.areas[0].robots_max == 2 and by_name.is_in_area(1)
    assert not by_name.is_in_area(2) and by_name.hash == floor().hash


@pytest.mark.parametrize('told, says', [
    ({'robots_max': 2}, 'it must be {robots_max'),
    ({'robots_max': 0, 'nodes': ['0,0']}, 'robots_max is 0'),
    ({'robots_max': True, 'nodes': ['0,0']}, 'robots_max is True'),
    ({'robots_max': 2, 'nodes': ['0,9']}, 'unknown nodes: 0,9'),
    ({'robots_max': 2, 'polygon': [[0, 0], [1, 1]]}, 'three corners'),
    ({'robots_max': 2, 'polygon': 'all'}, r'list of \[x, y\]'),
    ({'robots_max': 2, 'polygon': [[50, 50], [51, 50], [51, 51]]}, 'no node in it')])
def test_a_malformed_area_is_refused_by_name(told, says):
    with pytest.raises(SiteError, match=f'area packing.*{says}'):
        floor(areas={'packing': told})


@pytest.mark.parametrize('seed', [0, pytest.param(1, marks=pytest.mark.slow)])
def test_an_area_never_holds_more_robots_than_it_takes_and_all_get_on(seed):
    site, rng = floor(**area(3, polygon=[[-1, -1], [5, -1], [5, 5], [-1, 5]])), random.Random(seed)
    inside = site.areas[0].nodes
    outside = [node for node in range(site.real_count) if node not in inside]
    starts = rng.sample(outside, 6)
    goals = {f'r{index}': iter([rng.choice((sorted(inside), outside)[turn % 2])
                                for turn in range(100)]) for index in range(6)}
    errands = Errands(goals)
    cluster = Cluster(site, 6, seed, ClusterOptions(
        robot=RobotConfig(scan_required=False), coordinator=CoordinatorConfig(voters=('c1',)),
        network=BAD, coordinator_network=NetworkOptions(), orders=False, scans=False),
        leader=errands.lead, placement=[(f'r{index}', node) for index, node in enumerate(starts)])
    most = 0
    for _ in range(300):
        cluster.run(0.2)
        owner = cluster.replicas['c1'].state.keeper.owner
        most = max(most, len({owner[node] for node in inside if node in owner}))
    assert most == 3 and cluster.judges.violations() == []
    assert {robot for _, robot, _ in errands.reached} == set(goals), 'somebody never got anywhere'


@dataclass
class _Parts:
    """What parking needs of a replica's parts."""

    site: object
    config: object
    parking: tuple


def test_a_robot_without_work_leaves_an_area_at_once_and_parks_outside():
    places = {'in': ['parking', '1,1'], 'out': ['parking', '5,5']}
    site = floor(places=places, **area(3, polygon=[[-1, -1], [5, -1], [5, 5], [-1, 5]]))
    parts = _Parts(site, CoordinatorConfig(voters=('c1',)),
                   tuple(site.places[name] for name in site.parking))
    keeper = Keeper()
    keeper.lay_site(site.hash, site.node_count)
    records = {name: RobotRecord(idle_ms=1000) for name in ('r0', 'r1')}
    idle = [Candidate('r0', site.places['in'].node, 0.0),
            Candidate('r1', site.node_names.index('0,5'), 0.0)]
    assert places_to_park(idle, records, parts, keeper, 1000) == [('r0', 'out')]


def test_without_parking_places_nobody_is_sent_to_park():
    site = floor()
    parts = _Parts(site, SimpleNamespace(park_after_s=0.0), ())
    keeper = Keeper()
    keeper.lay_site(site.hash, site.node_count)
    idle = [Candidate('r0', 3, 0.0)]
    assert places_to_park(idle, {'r0': RobotRecord()}, parts, keeper, 10 ** 6) == []
