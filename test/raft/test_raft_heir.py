# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The next in line to a leader stands first, and costs nothing where it cannot."""

import pytest
from raft_harness import Cluster
from robot_swarm_orch.raft import Role


def silence_ticks(seed, size=3, dead=(), **settings):
    """Return how long a group is without a leader after it lost its first one [ticks]."""
    cluster = Cluster(seed, size, heir_first=True, **settings)
    cluster.elect()
    cluster.run(50)
    old = cluster.leader()
    heirs = sorted(name for name in cluster.nodes if name != old.config.node_id)
    for name in (old.config.node_id, *(heirs[number] for number in dead)):
        cluster.crash(name)
    began = cluster.now
    cluster.run_until(lambda: cluster.leader() is not None, 500, 'somebody leads')
    return cluster.now - began


@pytest.mark.parametrize('seed', range(20))
def test_a_lost_leader_is_replaced_after_the_shortest_timeout(seed):
    """A heartbeat may be 5 ticks old, and the votes take a few."""
    assert 15 - 5 <= silence_ticks(seed) <= 15 + 6


@pytest.mark.parametrize('seed', range(10))
def test_a_dead_heir_costs_no_more_than_its_absence(seed):
    """The others stand at their random timeouts, as without an heir."""
    assert silence_ticks(seed, size=5, dead=(0,)) <= 30 + 6


def test_an_heir_that_alone_hears_no_leader_disturbs_nobody():
    """It asks around, and whoever hears the leader refuses (thesis, sections 9.6 and 4.2.3)."""
    cluster = Cluster(1, heir_first=True)
    cluster.elect()
    cluster.run(50)
    leader = cluster.leader()
    term = leader.raft.term
    heir = min(name for name in cluster.nodes if name != leader.config.node_id)
    cluster.isolate(heir)
    cluster.run(200)
    assert cluster.nodes[heir].raft.role is Role.PRE_CANDIDATE
    cluster.heal()
    cluster.run(100)
    assert cluster.leader() is leader and leader.raft.term == term
