# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""An emergency stop of a whole fleet, while robots' programs die and start again."""

import pytest
from robot_swarm_orch.sim.cluster import Cluster
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import EmergencyStop

SITE = load_site({'warehouse': {'columns': 8, 'blocks': 1, 'block_cells': 6}})


def tell(cluster, act):
    """Let every robot's program that runs hear an act."""
    for robot in cluster.robots.values():
        if robot.agent is not None:
            robot.stops.append(act)


def speeds(cluster):
    """Return the highest speed of any robot, in truth [m/s]."""
    return float(abs(cluster.world.v).max())


def reports(cluster):
    """Return whether each robot says that it is stopped."""
    return [robot.report.emergency_stop for robot in cluster.robots.values()]


@pytest.mark.parametrize('restarted', [1, 4])
def test_no_robot_moves_in_an_emergency_whoever_restarts_and_all_do_after_the_release(restarted):
    cluster = Cluster(SITE, 4, seed=8)
    cluster.run(20.0, until=lambda: speeds(cluster) > 1.0)
    tell(cluster, EmergencyStop('hall', 1, True, 'drill'))
    cluster.run(3.0)
    assert speeds(cluster) == 0.0
    for name in list(cluster.robots)[:restarted]:
        cluster.kill_robot(name)
        cluster.restart_robot(name)
    cluster.run(4.0)
    assert speeds(cluster) == 0.0 and all(reports(cluster))
    tell(cluster, EmergencyStop('hall', 2, False))
    cluster.run(15.0, until=lambda: speeds(cluster) > 0.5)
    assert speeds(cluster) > 0.5 and not any(reports(cluster))
    assert cluster.judges.violations() == []


@pytest.mark.parametrize('armed', ['before', 'after'])
def test_a_program_that_dies_at_the_write_of_a_stop_has_stopped_its_base(armed):
    cluster = Cluster(SITE, 4, seed=8)
    cluster.run(20.0, until=lambda: speeds(cluster) > 1.0)
    name = max(cluster.robots, key=lambda name: abs(cluster.world.v[cluster.robots[name].index]))
    cluster.robots[name].journal.armed = armed
    tell(cluster, EmergencyStop('hall', 1, True))
    cluster.run(3.0)
    assert cluster.robots[name].agent is None and speeds(cluster) == 0.0
    cluster.restart_robot(name)
    assert bool(cluster.robots[name].agent.latch.by) == (armed == 'after')
    tell(cluster, EmergencyStop('hall', 1, True))  # the operator's program says it again
    cluster.run(2.0)
    assert speeds(cluster) == 0.0 and all(reports(cluster))
