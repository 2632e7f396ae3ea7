# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What people block while robots drive, with real agents and a real coordinator."""

from itertools import cycle

import pytest
from robot_swarm_orch.config import CoordinatorConfig, RobotConfig
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.sim.errands import Errands
from robot_swarm_orch.sim.network import NetworkOptions
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import Blockage

COLUMNS, PITCH_M = 5, 2.0
BAD = NetworkOptions(delay_s_min=0.1, loss_ratio=0.3)


def ladder():
    """Return three two-way aisles, joined at both ends; nodes are column,row."""
    names = [f'{c},{r}' for r in range(3) for c in range(COLUMNS)]
    edges = [[f'{c},{r}', f'{c + 1},{r}'] for r in range(3) for c in range(COLUMNS - 1)]
    edges += [[f'{c},{r}', f'{c},{r + 1}'] for r in range(2) for c in (0, COLUMNS - 1)]
    return load_site({'against_cost_s': 0, 'edges': edges, 'nodes': {
        name: [PITCH_M * int(name[0]), 4.0 * int(name[2])] for name in names}})


class Aisle:
    """Two robots that go to and fro in the lower aisle, watched at every step."""

    def __init__(self, network=BAD):
        self.site = ladder()
        left, right = self.node('0,0'), self.node('4,0')
        self.errands = Errands({'A': cycle([right, left]), 'B': cycle([left, right])})
        self.cluster = Cluster(
            self.site, 2, 1, ClusterOptions(
                robot=RobotConfig(scan_required=False),
                coordinator=CoordinatorConfig(voters=('c1',)), network=network,
                coordinator_network=NetworkOptions(), orders=False, scans=False),
            leader=self.errands.lead, placement=[('A', left), ('B', self.node('3,2'))])

    def node(self, name):
        return self.site.node_names.index(name)

    def edge(self, one, two):
        return self.node(one), self.node(two)

    def act(self, nodes=(), edges=(), is_blocked=True):
        """Let a person act, and take care that it was done."""
        self.cluster.run(5.0, until=lambda: self.cluster.leader() is not None)
        name, replica = next(iter(self.cluster.replicas.items()))
        replica.operate(self.cluster.hosts[name].clock.at(self.cluster.now_s), Blockage(
            tuple(nodes), tuple(edges), is_blocked, 'ann'), 1)
        self.cluster.run(0.5)
        return replica.state.keeper

    def rooms(self, duration_s):
        """Drive on; return the middle thirds of edges, and the nodes, that a robot was in."""
        seen = set()
        for _ in range(round(duration_s / 0.1)):
            self.cluster.run(0.1)
            for robot in self.cluster.robots.values():
                if robot.report is None:
                    continue
                pose = robot.report.pose
                column, row = pose.x_m / PITCH_M, pose.y_m / 4.0
                if abs(row - round(row)) < 0.05:
                    seen.add((round(column), round(row)) if abs(column - round(column)) < 0.17
                             else (int(column) + 0.5, round(row)))
        return seen

    def reached(self):
        return len(self.errands.reached)


@pytest.mark.parametrize('nodes, both_ways, room', [
    (['2,0'], [], (2, 0)), ([], [('1,0', '2,0'), ('2,0', '1,0')], (1.5, 0))],
    ids=['node', 'street'])
def test_all_robots_go_around_what_is_blocked_and_come_back_when_it_is_not(nodes, both_ways, room):
    aisle = Aisle()
    assert room in aisle.rooms(20.0) and aisle.reached() > 1
    nodes = [aisle.node(name) for name in nodes]
    edges = [aisle.edge(*pair) for pair in both_ways]
    keeper = aisle.act(nodes, edges)
    assert (keeper.shut_nodes, keeper.shut_edges) == (set(nodes), set(edges))
    aisle.rooms(8.0)  # who is in there goes on
    before = aisle.reached()
    assert room not in aisle.rooms(60.0) and aisle.reached() >= before + 2
    aisle.act(nodes, edges, is_blocked=False)
    assert not keeper.shut_nodes and not keeper.shut_edges
    assert room in aisle.rooms(40.0)
    assert aisle.cluster.judges.violations() == []


def test_a_street_that_is_blocked_one_way_is_driven_the_other_way():
    aisle = Aisle()
    aisle.act(edges=[aisle.edge('1,0', '2,0')])
    ways = set()
    for _ in range(600):
        aisle.cluster.run(0.1)
        for robot in aisle.cluster.robots.values():
            if robot.report is not None and robot.agent.track is not None and (
                    1.2 < robot.report.pose.x_m / PITCH_M < 1.8):
                ways.add(robot.agent.track.nodes[:2])
    assert aisle.edge('2,0', '1,0') in ways and aisle.edge('1,0', '2,0') not in ways
    assert aisle.cluster.judges.violations() == []


def test_a_street_that_is_none_is_refused():
    aisle = Aisle(NetworkOptions())
    aisle.cluster.run(2.0)
    keeper = aisle.act(edges=[(0, 3)])
    assert keeper.shut_edges == set()


def test_a_robot_whose_only_way_is_blocked_says_so_and_drives_on_when_it_is_not():
    aisle = Aisle(NetworkOptions())
    edges = [aisle.edge('0,0', '1,0'), aisle.edge('0,0', '0,1')]
    aisle.act(edges=edges)
    aisle.cluster.run(10.0)
    report = aisle.cluster.robots['A'].report
    assert report.held == (aisle.node('0,0'),) and 'no_way' in report.errors
    aisle.act(edges=edges, is_blocked=False)
    aisle.cluster.run(15.0)
    assert ('A', aisle.node('4,0')) in [row[1:] for row in aisle.errands.reached]
