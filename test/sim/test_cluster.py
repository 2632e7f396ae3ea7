# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Whole fleets in virtual time: work gets done, faults do no harm, and one seed replays it all."""

from dataclasses import replace

import pytest
from robot_swarm_orch.config import CoordinatorConfig, RobotConfig, safe_stop_bound_s
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.sim.ghost import Ghosts
from robot_swarm_orch.sim.network import NetworkOptions
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import Order, OrderKind, OrderState

SITE = load_site({'warehouse': {'columns': 8, 'blocks': 1, 'block_cells': 6}})


def judged(cluster):
    """Return what the judges found, with the orders' ends included."""
    cluster.judges.order.close({name: cluster.client.orders[name].drop
                                for name in cluster.client.done_s})
    return cluster.judges.violations()


def standing(cluster):
    """Return whether no robot moves in truth."""
    world = cluster.world
    return bool((abs(world.v) < 0.01).all() and (abs(world.w) < 0.01).all())


def run_until(cluster, holds, patience_s):
    """Let time pass until something holds; fail with the seed if it never does."""
    start = cluster.now_s
    cluster.run(patience_s, until=holds)
    assert holds(), f'nothing came of it in {patience_s} s; seed {cluster.seed}'
    return cluster.now_s - start


def test_ten_robots_work_without_touching_through_a_killed_leader():
    cluster = Cluster(SITE, 10, seed=3)
    cluster.run(50.0)
    killed = cluster.leader()
    cluster.kill_replica(killed)
    cluster.run(20.0)
    assert cluster.leader() not in (None, killed)
    cluster.start_replica(killed)
    cluster.run(50.0)
    assert judged(cluster) == []
    assert len(cluster.client.done_s) >= 5
    assert not cluster.stuck(30.0)
    assert cluster.judges.leader.most_in_a_term == 1
    done = [s for s in cluster.client.status.values() if s.state == OrderState.DONE]
    assert {s.order_id for s in done} == set(cluster.judges.order.dropped)


def test_a_leader_that_falls_behind_hears_fewer_repetitions_and_motion_stays_as_it_was():
    def driven(lag_s):
        """Return (reports heard, words heard by neighbours, orders done, distance [m])."""
        cluster = Cluster(SITE, 10, seed=4, options=ClusterOptions(
            coordinator=CoordinatorConfig(lease_s=3.0, voters=('c1',))))
        told, ticked = {'leader': 0, 'neighbours': 0}, cluster.judges.ticked

        def overhear(robot, inputs, outputs):
            told['leader'] += outputs.report is not None
            told['neighbours'] += outputs.state is not None
            ticked(robot, inputs, outputs)
        cluster.judges.ticked = overhear
        while cluster.now_s < 120.0:
            cluster.run(0.1)
            if cluster.leader():
                cluster.replicas[cluster.leader()].note_lag(lag_s)
        assert judged(cluster) == []
        return (*told.values(), len(cluster.client.done_s), cluster.world.truth.driven_m)
    calm, pressed = driven(0.0), driven(0.09)
    assert pressed[0] < 0.75 * calm[0] and pressed[1] > 0.95 * calm[1]
    assert abs(pressed[2] - calm[2]) <= 1 and pressed[3] > 0.95 * calm[3]


def test_loss_and_delay_cost_time_and_nothing_else():
    network = NetworkOptions(delay_s_mean=0.1, loss_ratio=0.3, duplicate_ratio=0.05,
                             resend_s=0.02)
    quick = NetworkOptions(delay_s_mean=0.002)
    cluster = Cluster(SITE, 6, seed=5, options=ClusterOptions(network=quick))
    cluster.run(10.0)
    # Coordinators stand together; the robots' link is what gets bad.
    cluster.network.options = network
    cluster.coordinator_network.options = quick
    cluster.run(80.0)
    assert judged(cluster) == []
    assert len(cluster.client.done_s) >= 1


def test_without_a_majority_all_robots_come_to_rest_and_go_on_later():
    cluster = Cluster(SITE, 6, seed=7)
    cluster.run(30.0)
    assert not standing(cluster)
    victims = [cluster.leader()] + [c for c in cluster.replicas if c != cluster.leader()][:1]
    for name in victims:
        cluster.kill_replica(name)
    took = run_until(cluster, lambda: standing(cluster), 10.0)
    assert took <= safe_stop_bound_s(RobotConfig(), CoordinatorConfig()) + 0.02
    cluster.run(3.0)
    assert standing(cluster)
    done = len(cluster.client.done_s)
    for name in victims:
        cluster.start_replica(name)
    run_until(cluster, lambda: not standing(cluster), 5.0)
    run_until(cluster, lambda: len(cluster.client.done_s) > done + 1, 90.0)
    assert judged(cluster) == []


def test_a_killed_robot_stops_by_its_watchdog_and_rejoins():
    cluster = Cluster(SITE, 6, seed=11)
    index = cluster.world.index_of['r003']
    run_until(cluster, lambda: cluster.world.v[index] > 1.2, 60.0)
    cluster.kill_robot('r003')
    took = run_until(cluster, lambda: cluster.world.v[index] == 0.0, 5.0)
    assert took <= RobotConfig().react_s + 1.5 + 0.05
    cluster.run(10.0)
    cluster.restart_robot('r003')
    run_until(cluster, lambda: cluster.world.v[index] > 0.5, 30.0)
    cluster.run(60.0)
    assert judged(cluster) == []


def test_one_seed_replays_everything():
    def end():
        cluster = Cluster(SITE, 4, seed=13)
        cluster.run(20.0)
        return (cluster.world.x.tolist(), cluster.network.sent,
                {name: replica.state.digest() for name, replica in cluster.replicas.items()})
    assert end() == end()


@pytest.mark.parametrize('seed', [1, 2])
def test_a_robot_alone_drives_as_fast_as_its_ghost(seed):
    cluster = Cluster(SITE, 1, seed, ClusterOptions(backlog=1))
    cluster.run(420.0)
    times = sorted(cluster.client.done_s.values())
    ghost = Ghosts(SITE, 1, seed, backlog=1)
    # With one order at a time both carry out the same orders in the same order.
    cycles = ghost.cycles(len(times))
    real = times[-1] - times[0]
    assert real == pytest.approx(sum(cycles[1:]), rel=0.04)


def test_the_ghost_bound_grows_with_the_fleet():
    rates = [Ghosts(SITE, count, 1).run(1200.0, 100.0).orders_per_hour for count in (4, 8)]
    assert 1.7 * rates[0] < rates[1] < 2.3 * rates[0]


def test_options_are_checked_together():
    slow = replace(CoordinatorConfig(), lease_s=0.2)
    with pytest.raises(Exception, match='lease_s'):
        Cluster(SITE, 1, 1, ClusterOptions(coordinator=slow))


class Desk:
    """Takes the answers to calls, as (number, status)."""

    def __init__(self):
        self.heard = []

    def hear(self, now_s, number, status):
        self.heard.append((number, status))


@pytest.mark.parametrize('seed', [17, 18, 19, 20, 21, 22, 23, 24])
def test_a_leader_that_was_replaced_answers_no_question(seed):
    cluster = Cluster(SITE, 2, seed, options=ClusterOptions(orders=False))
    cluster.customers = Desk()
    cluster.run(3.0)
    old = cluster.leader()
    for other in cluster.replicas:
        if other != old:
            cluster.coordinator_network.cut(old, other)
    run_until(cluster, lambda: cluster.leader() != old, 2.0)
    new = cluster.leader()
    assert cluster.replicas[old].wants_reports  # it does not know yet
    order = Order('o1', 'o1', OrderKind.GO, '', SITE.stations[0])
    cluster.network.send(cluster.now_s, 'customers', new, ('call', (1, order)), True)
    run_until(cluster, lambda: cluster.customers.heard, 1.0)
    assert cluster.customers.heard[0][1].state == OrderState.ACCEPTED
    question = replace(order, drop='')
    for number, name in ((3, old), (4, new)):
        cluster.network.send(cluster.now_s, 'customers', name, ('call', (number, question)), True)
    cluster.run(1.0)
    answers = [(number, status.state) for number, status in cluster.customers.heard]
    assert (3, OrderState.UNKNOWN) not in answers
    assert [state for number, state in answers if number == 4] == [OrderState.ACCEPTED]
