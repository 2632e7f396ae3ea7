# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Pauses of robots, of areas and of the fleet, with real agents and a real coordinator."""

from itertools import cycle

from robot_swarm_orch.config import CoordinatorConfig, RobotConfig
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.sim.errands import Errands
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import Pause

COUNT, PITCH_M = 12, 2.0
"""Nodes of a one-way ring, and the distance between two of them [m]."""


def ring():
    """Return a one-way ring whose nodes 4, 5 and 6 are the area `dock`."""
    half = COUNT // 2
    spots = [(index, 0) if index < half else (COUNT - 1 - index, 1) for index in range(COUNT)]
    return load_site({
        'nodes': {f'n{number}': [PITCH_M * x, 2.0 * y] for number, (x, y) in enumerate(spots)},
        'edges': [[f'n{number}', f'n{(number + 1) % COUNT}', 'oneway']
                  for number in range(COUNT)],
        'areas': {'dock': {'nodes': ['n4', 'n5', 'n6'], 'robots_max': 2}}})


class Ring:
    """Two robots that go round, each from its own end."""

    def __init__(self):
        self.site = ring()
        nodes = [self.site.node_names.index(f'n{number}') for number in range(COUNT)]
        errands = Errands({'A': cycle([nodes[9], nodes[3]]), 'B': cycle([nodes[3], nodes[9]])})
        self.cluster = Cluster(
            self.site, 2, 1, ClusterOptions(
                robot=RobotConfig(scan_required=False, speed_mps=0.8),
                coordinator=CoordinatorConfig(voters=('c1',)), orders=False, scans=False),
            leader=errands.lead, placement=[('A', nodes[0]), ('B', nodes[6])])
        self.cluster.run(8.0)

    @property
    def state(self):
        return self.cluster.replicas['c1'].state

    def ask(self, **pause):
        """Let a person pause something or take it back."""
        host = self.cluster.hosts['c1']
        self.cluster.replicas['c1'].operate(
            host.clock.at(self.cluster.now_s), Pause(**pause), 'a person')

    def held(self):
        """Return {robot: the nodes that it owns in the log}."""
        keeper = self.state.keeper
        return {name: keeper.nodes_of(number) for name, number in keeper.numbers.items()}

    def driven_m(self, seconds):
        """Let time pass; return how far each robot drove, straight [m]."""
        world = self.cluster.world
        before, way = None, {'A': 0.0, 'B': 0.0}
        for _ in range(round(seconds / 0.1)):
            now = {name: (world.x[i], world.y[i]) for name, i in world.index_of.items()}
            for name in way:
                if before is not None:
                    way[name] += (abs(now[name][0] - before[name][0])
                                  + abs(now[name][1] - before[name][1]))
            before = now
            self.cluster.run(0.1)
        assert not self.cluster.judges.violations()
        return way


def test_a_paused_robot_rests_at_the_end_of_its_base_and_keeps_it():
    ring_ = Ring()
    ring_.ask(robot='A')
    ring_.cluster.run(15.0)
    held = ring_.held()['A']
    assert len(held) >= 1 and ring_.state.pauses.told() == ('A',)
    assert ring_.driven_m(10.0)['A'] < 0.05
    assert ring_.held()['A'] == held
    ring_.ask(robot='A', is_paused=False)
    assert ring_.driven_m(15.0)['A'] > 3.0 * PITCH_M


def test_a_paused_fleet_rests_and_goes_on():
    ring_ = Ring()
    ring_.ask()
    ring_.cluster.run(15.0)
    assert max(ring_.driven_m(5.0).values()) < 0.05
    ring_.ask(is_paused=False)
    assert min(ring_.driven_m(20.0).values()) > 2.0 * PITCH_M


def test_nobody_is_sent_into_a_paused_area_and_who_is_inside_rests():
    ring_ = Ring()
    dock = ring_.site.areas[0].nodes
    ring_.cluster.run(90.0, until=lambda: dock.issuperset(ring_.held()['A']))
    assert dock.issuperset(ring_.held()['A']) and dock.isdisjoint(ring_.held()['B'])
    ring_.ask(area='dock')
    ring_.cluster.run(30.0)
    assert not dock.isdisjoint(ring_.held()['A']), 'A is inside and gets nothing more'
    assert dock.isdisjoint(ring_.held()['B'])
    assert max(ring_.driven_m(5.0).values()) < 0.05
    ring_.ask(area='dock', is_paused=False)
    assert min(ring_.driven_m(20.0).values()) > 2.0 * PITCH_M


def test_what_keeps_a_robot_is_told():
    ring_ = Ring()
    ring_.ask(robot='A')
    ring_.cluster.run(15.0)
    waits = {row[0]: row[2] for row in ring_.cluster.replicas['c1'].words()[0]}
    assert waits['A'] == 'paused'
