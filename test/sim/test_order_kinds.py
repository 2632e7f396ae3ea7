# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Orders of every kind, and cancellations, with real agents and simulated payload devices."""

from dataclasses import replace

import pytest
from robot_swarm_orch.config import CoordinatorConfig
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.sim.trial import ROBOT, WAREHOUSE
from robot_swarm_orch.sim.world import WorldOptions
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import Cancellation, Leg, Order, OrderKind, OrderState

SITE = load_site({'warehouse': WAREHOUSE})
SHELVES, DESK = SITE.storage, SITE.stations[0]


class Floor:
    """A small fleet that gets the orders of a test alone."""

    def __init__(self, robots=2):
        self.cluster = Cluster(SITE, robots, 1, ClusterOptions(
            robot=replace(ROBOT, scan_required=False), scans=False, orders=False,
            coordinator=CoordinatorConfig(voters=('c1',)),
            world=WorldOptions(pick_s=2.0, drop_s=2.0, charge_hours=0.01)))
        self.happened = []
        judge = self.cluster.judges.moved

        def watch(happenings):
            self.happened += happenings
            judge(happenings)
        self.cluster.judges.moved = watch
        self.cluster.run(3.0)

    @property
    def replica(self):
        return self.cluster.replicas['c1']

    def submit(self, order):
        self.replica.submit(self.cluster.hosts['c1'].clock.at(self.cluster.now_s), order)

    def cancel(self, order_id):
        self.replica.operate(self.cluster.hosts['c1'].clock.at(self.cluster.now_s),
                             Cancellation(order_id), 'a person')

    def until(self, order_id, *states, patience_s=200.0):
        """Run until an order is in one of some states; return it."""
        def is_there():
            order = self.replica.state.order(order_id)
            return order is not None and (
                self.replica.state.status_of(order, 1).state in states)
        self.cluster.run(patience_s, until=is_there)
        assert is_there(), self.replica.state.order(order_id)
        return self.replica.state.order(order_id)

    def actions(self, order_id):
        """Return (kind, place) of what payload devices did for an order."""
        return [(event.kind, event.place) for event in self.happened
                if event.order == order_id and not event.kind.endswith('started')]


def test_a_sequence_of_all_kinds_is_done_in_turn_by_one_robot():
    floor = Floor()
    floor.submit(Order('s', 't', OrderKind.SEQUENCE, '', '', legs=(
        Leg(OrderKind.INSPECT, places=(SHELVES[0], SHELVES[1])),
        Leg(OrderKind.MOVE, SHELVES[1], DESK), Leg(OrderKind.GO, drop=SHELVES[2]),
        Leg(OrderKind.CHARGE), Leg(OrderKind.PARK, drop=SITE.parking[0]))))
    order = floor.until('s', OrderState.DONE)
    assert floor.actions('s') == [('inspect', SHELVES[0]), ('inspect', SHELVES[1]),
                                  ('pick', SHELVES[1]), ('drop', DESK)]
    index = floor.cluster.world.index_of[order.robot]
    assert floor.cluster.world.at_place(index, SITE.parking[0])
    assert floor.cluster.world.battery[index] > 0.98
    assert len({event.robot for event in floor.happened if event.order == 's'}) == 1
    assert not floor.cluster.judges.violations()


def test_a_cancelled_load_is_really_put_back():
    floor = Floor()
    floor.submit(Order('o', 't', OrderKind.MOVE, SHELVES[3], DESK))
    floor.until('o', OrderState.CARRYING)
    floor.cluster.run(1.0)
    floor.cancel('o')
    floor.until('o', OrderState.CANCELLED)
    assert floor.actions('o') == [('pick', SHELVES[3]), ('drop', SHELVES[3])]
    assert not floor.cluster.judges.violations()


def test_an_order_to_charge_is_done_when_the_battery_is_full_and_not_before():
    floor = Floor(robots=1)
    floor.cluster.world.battery[:] = 0.3
    floor.submit(Order('c', 't', OrderKind.CHARGE, '', ''))
    floor.until('c', OrderState.WORKING)
    assert floor.cluster.world.battery[0] < 0.5
    floor.until('c', OrderState.DONE)
    assert floor.cluster.world.battery[0] > 0.999


@pytest.mark.parametrize('state', (OrderState.ASSIGNED, OrderState.WORKING))
def test_a_cancelled_charge_ends_at_once_and_the_robot_takes_the_next_order(state):
    floor = Floor(robots=1)
    floor.cluster.world.battery[:] = 0.3
    floor.submit(Order('c', 't', OrderKind.CHARGE, '', ''))
    floor.until('c', state)
    floor.cluster.run(1.0)
    floor.cancel('c')
    floor.submit(Order('g', 't', OrderKind.GO, '', SHELVES[0]))
    assert floor.until('c', OrderState.CANCELLED, patience_s=1.0)
    floor.until('g', OrderState.DONE, patience_s=90.0)
    assert floor.cluster.world.battery[0] < 0.95
    assert not floor.cluster.judges.violations()
