# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""After a loss of the majority the one that went on running leads, not one just started."""

import pytest
from raft_harness import Cluster

PATIENCE = 100


@pytest.mark.parametrize('seed', range(20))
def test_who_went_on_running_leads_when_the_others_come_back(seed):
    cluster = Cluster(seed, start_patience_ticks=PATIENCE)
    cluster.elect()
    cluster.run(50)
    survivor, *others = sorted(cluster.nodes)
    for name in others:
        cluster.crash(name)
    cluster.run(100)
    for name in others:
        cluster.restart(name)
    began = cluster.now
    cluster.run_until(lambda: cluster.leader() is not None, 500, 'somebody leads')
    assert cluster.leader().config.node_id == survivor
    assert cluster.now - began <= 30 + 30 + 6


@pytest.mark.parametrize('seed', range(10))
def test_a_whole_group_that_was_started_again_is_led_after_the_patience(seed):
    cluster = Cluster(seed, start_patience_ticks=PATIENCE)
    cluster.elect()
    cluster.run(50)
    names = sorted(cluster.nodes)
    for name in names:
        cluster.crash(name)
    for name in names:
        cluster.restart(name)
    began = cluster.now
    cluster.run_until(lambda: cluster.leader() is not None, 500, 'somebody leads')
    assert PATIENCE + 15 <= cluster.now - began <= PATIENCE + 2 * 30 + 6


def test_a_new_group_does_not_wait():
    cluster = Cluster(1, start_patience_ticks=PATIENCE)
    cluster.run_until(lambda: cluster.leader() is not None, 66, 'somebody leads')
