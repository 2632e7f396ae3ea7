# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Whole fleets in virtual time that work between streets and a free zone; what may go wrong."""

from pathlib import Path

import numpy as np
import pytest

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.company import Company
from robot_swarm_orch.edge.fence import Fence
from robot_swarm_orch.edge.free_floor import way_round
from robot_swarm_orch.sim.checks import InsideJudge
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.sim.network import NetworkOptions
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import (
    Clearance, FleetView, Mode, Motion, Order, OrderKind, OrderState, Peer, Pose)

SITE = load_site(Path(__file__).parents[2] / 'config' / 'free_zone_site.yaml')
SQUARE = SITE.free_zones[0]
PADS = ('pad_1', 'pad_2', 'pad_3', 'pad_4')


def fleet(count, seed, loss=0.0, at=(), orders=False, scans=False):
    """Return a fleet; robots start at the places named, else in the parking pockets."""
    names = list(at) + [f'park_{number + 1}' for number in range(count - len(at))]
    placement = [(f'r{number + 1:03d}', SITE.places[name].node)
                 for number, name in enumerate(names)]
    return Cluster(SITE, count, seed, ClusterOptions(
        robot=RobotConfig(scan_required=scans), scans=scans,
        network=NetworkOptions(delay_s_mean=0.02, loss_ratio=loss),
        coordinator_network=NetworkOptions(delay_s_mean=0.002), orders=True,
        backlog=0 if orders else 1), placement=placement)


class Desk:
    """Hands in a list of orders in the place of the endless stream, and knows what became."""

    def __init__(self, cluster, orders):
        """Replace the cluster's stream of orders."""
        self.cluster, self.left, self.ids = cluster, [], []
        cluster.client.submissions = self._submissions
        self.hand_in(orders)

    def hand_in(self, orders):
        """Hand more orders in."""
        self.left += orders
        self.ids += [order.order_id for order in orders]

    def _submissions(self, now_s):
        handed, self.left = self.left, []
        self.cluster.client.orders.update((order.order_id, order) for order in handed)
        again = [self.cluster.client.orders[order_id] for order_id in self.ids
                 if order_id not in self.cluster.client.status]
        return handed or (again if self.cluster.steps % 100 == 0 else ())

    def is_done(self):
        """Return whether all orders are done."""
        status = self.cluster.client.status
        return all(order_id in status and status[order_id].state == OrderState.DONE
                   for order_id in self.ids)


def moves(*pairs):
    """Return orders that carry a load from the first to the second place of each pair."""
    return [Order(f'o{number}', f'o{number}', OrderKind.MOVE, pick, drop)
            for number, (pick, drop) in enumerate(pairs)]


def judged(cluster):
    """Return what the judges found, with the orders' ends included."""
    cluster.judges.order.close({name: cluster.client.orders[name].drop
                                for name in cluster.client.done_s})
    return cluster.judges.violations()


def in_room(cluster):
    """Return the robots whose centres are truly in the room of the zone."""
    world = cluster.world
    return [name for name, robot in cluster.robots.items()
            if SQUARE.room_m(world.x[robot.index], world.y[robot.index]) > 0.0]


def run_until(cluster, holds, patience_s):
    """Let time pass until something holds; fail with the seed if it never does."""
    cluster.run(patience_s, until=holds)
    assert holds(), f'nothing came of it in {patience_s} s; seed {cluster.seed}'


@pytest.mark.parametrize('loss', (pytest.param(0.0, marks=pytest.mark.slow), 0.3))
def test_loads_are_carried_between_streets_and_a_free_zone(loss):
    """In, out, and across, by robots that meet in there; nobody touches, all is done."""
    cluster = fleet(3, seed=4, loss=loss, at=('pad_2', 'pad_4', 'park_6'))
    desk = Desk(cluster, moves(('shelf_2', 'pad_3'), ('pad_1', 'dock_1')))
    most = 0
    while not desk.is_done() and cluster.now_s < 240.0:
        cluster.run(1.0)
        most = max(most, len(in_room(cluster)))
    assert judged(cluster) == []
    assert desk.is_done(), f'{cluster.client.status}; seed {cluster.seed}'
    assert most >= 2


@pytest.mark.slow
@pytest.mark.parametrize('seed', range(1, 5))
@pytest.mark.parametrize('loss', (0.0, 0.3))
def test_five_robots_work_in_and_out_of_a_free_zone_under_many_seeds(seed, loss):
    """An endless stream of orders, half of whose places lie in the zone."""
    cluster = fleet(5, seed, loss, orders=True, scans=True)
    cluster.run(400.0)
    assert judged(cluster) == []
    assert len(cluster.client.done_s) >= 8


def test_a_robot_that_is_killed_in_a_zone_is_kept_clear_of_and_joins_there_again():
    """Its body stays in the middle; others stand or drive round it; rebooted, it goes on."""
    cluster = fleet(2, seed=6, at=('pad_1', 'pad_4'))
    desk = Desk(cluster, moves(('pad_2', 'dock_1'), ('pad_1', 'pad_3')))
    run_until(cluster, lambda: any(
        abs(cluster.world.v[robot.index]) > 0.3 for robot in cluster.robots.values()), 30.0)
    victim = next(name for name, robot in cluster.robots.items()
                  if abs(cluster.world.v[robot.index]) > 0.3)
    cluster.kill_robot(victim)
    cluster.run(8.0)
    assert cluster.world.v[cluster.robots[victim].index] == 0.0
    assert victim in in_room(cluster)
    cluster.restart_robot(victim)
    run_until(cluster, desk.is_done, 200.0)
    assert judged(cluster) == []


def test_a_robot_in_a_door_stays_there_until_all_in_the_zone_know_of_it():
    """The one inside hears nothing, so nobody can tell whether it minds the newcomer."""
    cluster = fleet(2, seed=2, at=('pad_4',))
    Desk(cluster, [Order(f'o{number}', f'o{number}', OrderKind.GO, '', f'pad_{number}')
                   for number in (2, 3)])
    run_until(cluster, lambda: cluster.robots['r001'].agent.floor.company.index > 0, 20.0)
    # The view of who is in the zone does not reach the one in there any more.
    cluster.robots['r001'].agent.floor.company.hear_view = lambda view, now_s: None
    newcomer = cluster.robots['r002']
    run_until(cluster, lambda: newcomer.agent._zone() is not None, 90.0)
    cluster.run(10.0)
    assert 'r002' not in in_room(cluster)
    assert newcomer.outputs.motion.speed_mps == 0.0
    assert newcomer.agent.safety.detail == 'r001 may not know yet that it is in square'
    assert judged(cluster) == []


def test_a_robot_that_was_cleared_away_no_longer_keeps_others_from_moving():
    """While it is only silent they cannot know where it is, and stand near it."""
    cluster = fleet(2, seed=3, at=('pad_2', 'pad_3'))
    desk = Desk(cluster, [])
    cluster.run(5.0)
    cluster.kill_robot('r001')
    cluster.run(10.0)
    assert cluster.robots['r002'].agent.floor.company.neighbours(SQUARE).column('r001') >= 0
    desk.hand_in([Order('o0', 'o0', OrderKind.GO, '', 'pad_1')])
    leader = cluster.replicas[cluster.leader()]
    cluster.world.put(0, Pose(0.0, 30.0, 0.0))
    leader.operate(cluster.hosts[cluster.leader()].clock.at(cluster.now_s),
                   Clearance('r001', (), 'somebody'), 'q1')
    run_until(cluster, desk.is_done, 120.0)
    company = cluster.robots['r002'].agent.floor.company
    assert 'r001' not in company.neighbours(SQUARE).names


@pytest.mark.slow
def test_robots_without_a_lease_for_long_join_anew_in_the_zone_and_go_on():
    """Others may have been told that they stand; so they are known anew before they move."""
    cluster = fleet(2, seed=8, at=('pad_1', 'pad_4'))
    desk = Desk(cluster, moves(('pad_2', 'pad_3'), ('pad_1', 'dock_1')))
    run_until(cluster, lambda: sum(abs(cluster.world.v) > 0.3) == 2, 60.0)
    boots = [robot.agent.book.boot_id for robot in cluster.robots.values()]
    victims = [cluster.leader()] + [c for c in cluster.replicas if c != cluster.leader()][:1]
    for name in victims:
        cluster.kill_replica(name)
    cluster.run(7.0)
    assert not cluster.world.v.any() and len(in_room(cluster)) == 2
    for name in victims:
        cluster.start_replica(name)
    run_until(cluster, desk.is_done, 200.0)
    assert all(robot.agent.book.boot_id != boot
               for robot, boot in zip(cluster.robots.values(), boots))
    assert judged(cluster) == []


def test_the_judge_finds_bodies_that_ignore_the_fence(monkeypatch):
    """Without the fence a robot cuts through a door that is not its own, or the border."""
    monkeypatch.setattr(Fence, 'holds', lambda self, body, sent, motion: True)
    judge = InsideJudge(SITE)
    pad = SITE.places['pad_1'].node
    assert judge.feed(1.0, 'r1', 5.0, 9.0, (pad,))
    assert not judge.feed(2.0, 'r1', 5.0, 5.4, (pad,))     # half out of the polygon
    assert not judge.feed(3.0, 'r1', 2.0, 5.2, (pad,))     # in a door that it does not hold
    assert judge.feed(4.0, 'r1', 2.0, 5.2, (pad, SITE.node_names.index('west')))
    assert not judge.feed(5.0, 'r1', 5.0, 9.0, (SITE.node_names.index('west'),))
    assert len(judge.violations) == 1 and 'outside its nodes' in judge.violations[0]


def test_a_fleet_without_fence_is_found_out(monkeypatch):
    """The next thing that robots do is to drive past the border; the real code does not."""
    monkeypatch.setattr(Fence, 'holds', lambda self, body, sent, motion: True)
    monkeypatch.setattr('robot_swarm_orch.edge.free_floor.FreeFloor.wish',
                        lambda self, track, base, body: (0.0, -0.5))
    cluster = fleet(1, seed=1, at=('pad_1',))
    cluster.run(30.0, until=lambda: bool(cluster.judges.violations()))
    assert any('outside its nodes' in text for text in cluster.judges.violations())


def test_a_robot_that_only_wants_out_is_kept_in_by_the_fence(monkeypatch):
    """The same wish, with the fence: it stops inside, braking from full speed."""
    monkeypatch.setattr('robot_swarm_orch.edge.free_floor.FreeFloor.wish',
                        lambda self, track, base, body: (0.0, -0.5))
    cluster = fleet(1, seed=1, at=('pad_1',))
    cluster.run(30.0)
    assert judged(cluster) == []
    x, y = float(cluster.world.x[0]), float(cluster.world.y[0])
    assert 0.0 <= SQUARE.room_m(x, y) + 0.1 < 0.4, 'it did not come near the border'


@pytest.mark.parametrize('standing, passes', (
    ([], (1.5, 13.0)), ([(4.5, 9.0)], (1.5, 13.0)),        # nobody, somebody far off the way
    ([(4.5, 13.0)], (4.5, 11.0)),                          # the border is on the other side
    ([(4.5, 13.0), (4.5, 10.9)], (1.5, 13.0))))            # no way round: straight on, and wait
def test_a_robot_goes_round_who_stands_in_its_way_where_there_is_room(standing, passes):
    """Along the upper border, to the west."""
    table = np.zeros((9, len(standing)))
    for column, (x, y) in enumerate(standing):
        table[:, column] = x, y, 1.0, 0.0, 0.0, 0.0, 0.75, 0.0, 0.0
    point = way_round(SQUARE, Pose(8.0, 13.0, 0.0), (1.5, 13.0), table, 0.8)
    assert point == pytest.approx(passes, abs=1e-9)


def test_a_late_view_changes_nothing_and_a_word_from_before_an_absence_does_not_count():
    """Rules 1 and 3 of `company.py`, word by word."""
    company = Company(SITE, RobotConfig())
    spot = SQUARE.spots[0]

    def view(index, *members, lost=()):
        robots = ('r1', 'r2')
        return FleetView(1, 'c1', index, SITE.hash, ('c1',), robots, tuple(
            Mode.LOST if robot in lost else Mode.AUTOMATIC for robot in robots), (), 0, 0, 0,
            in_zones=tuple((robot, spot) for robot in members))

    def word(roster, seq, x_m):
        return Peer('r2', 7, seq, Mode.AUTOMATIC, Pose(x_m, 9.0, 0.0), Motion(0.0, 0.0), 0.75, (),
                    100.0, False, 0.01, 50.0, roster)
    company.hear_view(view(10, 'r1'), 1.0)
    assert company.strangers('r1', SQUARE, 10) == []
    company.hear_view(view(12, 'r1', 'r2'), 1.0)
    company.hear_view(view(11, 'r1'), 1.0)
    assert set(company.neighbours(SQUARE).names) == {'r1', 'r2'}
    column = company.neighbours(SQUARE).column('r2')
    company.hear(word(10, 5, 3.0))
    assert company.neighbours(SQUARE).table[0, column] > 1e5, 'a word from before it came counted'
    assert company.strangers('r1', SQUARE, 12) == ['r2']
    company.hear(word(12, 6, 4.0))
    assert company.neighbours(SQUARE).table[0, column] == pytest.approx(4.0)
    assert company.strangers('r1', SQUARE, 12) == []
    company.hear_view(view(14, 'r1', 'r2', lost=('r2',)), 120.0)
    assert np.isfinite(company.neighbours(SQUARE).table[8, column])
    company.hear_view(view(15, 'r1', 'r2'), 121.0)
    company.hear(word(14, 7, 5.0))
    column = company.neighbours(SQUARE).column('r2')
    assert company.neighbours(SQUARE).table[0, column] > 1e5, 'a word from before it was lost'
    company.hear_view(view(16, 'r1'), 122.0)
    assert 'r2' not in company.neighbours(SQUARE).names
