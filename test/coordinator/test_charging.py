# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Who charges where; and that no robot runs empty, judged by the world itself."""

from math import nan

from hypothesis import given, settings, strategies as st
import pytest
from robot_swarm_orch.config import CoordinatorConfig, RobotConfig
from robot_swarm_orch.coordinator.allocation import Candidate
from robot_swarm_orch.coordinator.charging import low_below, plan_charging
from robot_swarm_orch.coordinator.energy import Energy
from robot_swarm_orch.coordinator.fleet_state import FleetState
from robot_swarm_orch.coordinator.records import RobotRecord
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.sim.world import WorldOptions
from robot_swarm_orch.site import load_site

CONFIG = CoordinatorConfig(voters=('c1',))


def hall(columns=4, **measures):
    return load_site({'name': 'hall', 'warehouse': {
        'columns': columns, 'blocks': 1, 'charger_every': 2, **measures}})


def planned(site, batteries, nodes, parking=(), needed=0.0, wanted=()):
    """Return the plan for robots r0, r1, ... that have these charges and stand at these nodes."""
    state = FleetState()
    keeper, records = state.keeper, state.robots
    keeper.lay_site(site.hash, site.node_count)
    idle = []
    for number, node in enumerate(nodes):
        name = f'r{number}'
        keeper.enrol(name, node)
        records[name] = RobotRecord(parking=dict(parking).get(name, ''))
        idle.append(Candidate(name, node, 0.0))
    return plan_charging(site, CONFIG, idle, {robot.name: charge for robot, charge in zip(
        idle, batteries)}, state, needed, wanted)


def test_a_robot_that_is_low_goes_to_the_nearest_charger_and_a_full_or_unknown_one_to_none():
    site = hall()
    node = site.places[site.storage[0]].node
    others = [site.places[name].node for name in site.storage[1:3]]
    plan = planned(site, [0.2, 0.5, nan], [node, *others])
    (robot, charger), = plan.to_charge
    assert robot == 'r0' and plan.busy == {'r0'} and not plan.leaving

    def away_m(name):
        return abs(site.xy[site.places[name].node] - site.xy[node])
    nearest = min(sum(away_m(name) ** 2) for name in site.chargers)
    assert sum(away_m(charger) ** 2) == nearest


def test_one_that_has_enough_makes_room_for_one_that_is_low_and_one_that_has_not_stays():
    site = hall()
    at = [site.places[name].node for name in site.chargers]
    low = site.places[site.storage[0]].node
    charges = [0.4] * len(at)
    assert planned(site, [*charges, 0.1], [*at, low]).leaving == frozenset()
    plan = planned(site, [0.7, *charges[1:], 0.1], [*at, low])
    assert (plan.leaving, plan.to_charge) == ({'r0'}, ())
    assert plan.busy == {f'r{number}' for number in range(1, len(at))}
    assert planned(site, [0.7, *charges[1:], 0.5], [*at, low]).leaving == frozenset()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.floats(0.0, 1.0), st.just(nan)), max_size=12), st.randoms())
def test_no_charger_is_given_twice_or_while_somebody_stands_there_and_the_lowest_go_first(
        charges, rng):
    site = hall()
    nodes = rng.sample(range(site.real_count), len(charges))
    plan = planned(site, charges, nodes)
    used = [charger for _, charger in plan.to_charge]
    assert len(set(used)) == len(used)
    assert not {site.places[name].node for name in used} & set(nodes)
    at_charger = {site.places[name].node for name in site.chargers}
    low = {f'r{number}': charge for number, charge in enumerate(charges)
           if charge < CONFIG.charge_below and nodes[number] not in at_charger}
    sent = {name for name, _ in plan.to_charge}
    assert sent <= set(low)
    assert all(low[name] <= low[other] for name in sent for other in set(low) - sent)


def test_a_charger_that_is_kept_for_one_on_its_way_is_not_free():
    site = hall()
    away = [site.places[name].node for name in site.storage[:2]]
    plan = planned(site, [0.2, 0.2], away, [('r0', site.chargers[0])])
    assert [name for name, _ in plan.to_charge] == ['r1']
    assert plan.to_charge[0][1] != site.chargers[0]
    assert 'r0' in plan.busy


def test_a_robot_that_can_do_none_of_the_orders_that_wait_charges_before_it_is_low():
    site = hall()
    node = site.places[site.storage[0]].node
    assert not planned(site, [0.4], [node]).to_charge
    assert len(planned(site, [0.4], [node], needed=0.43).to_charge) == 1
    assert low_below(CONFIG, 0.0) == CONFIG.charge_below
    assert CONFIG.charge_below < low_below(CONFIG, 9.0) < CONFIG.charge_enough


def test_one_that_has_enough_makes_room_for_an_order_to_charge_and_one_that_has_not_stays():
    site = hall()
    at = [site.places[name].node for name in site.chargers]
    for wanted in ((site.chargers[0],), ('',)):
        assert planned(site, [0.7] + [0.4] * (len(at) - 1), at, wanted=wanted).leaving == {'r0'}
        assert not planned(site, [0.4] * len(at), at, wanted=wanted).leaving
    assert not planned(site, [0.7], at[:1], wanted=('',)).leaving  # another charger is free


def test_what_a_robot_may_still_drive_ends_where_the_reserve_begins():
    energy = Energy(hall(), RobotConfig(battery_drive_h=2.0), 0.25)
    assert energy.range_s(0.75) == 3600.0
    assert energy.range_s(0.2) < 0.0
    assert str(energy.range_s(nan)) == 'nan'


def test_ways_are_taken_for_longer_than_they_are_and_few_kinds_are_told_apart():
    site = hall()
    energy = Energy(site, RobotConfig(), 0.1)
    nodes = [site.places[name].node for name in (*site.storage[:5], *site.stations)]
    tails = {energy.tail_s((one, two)) for one in nodes for two in nodes}
    assert len(tails) <= 3 and min(tails) >= 300.0
    bare = load_site({'name': 'bare', 'nodes': {'a': [0, 0], 'b': [4, 0]},
                      'edges': [['a', 'b']]})
    assert Energy(bare, RobotConfig(), 0.1).tail_s((0, 1)) == 0.0
    assert str(Energy(bare, RobotConfig(), 0.1).range_s(0.01)) == 'nan'


def test_bounds_that_would_leave_robots_with_nothing_are_refused():
    with pytest.raises(ConfigError, match='must grow in this order'):
        CoordinatorConfig(voters=('c1',), node_id='c1', charge_below=0.7)


def drained(seconds, robots, site, believed_h=0.2, **config):
    """Return (least charge of any robot, orders done) of a busy fleet; batteries drive 0.2 h."""
    robot = RobotConfig(scan_required=False, battery_drive_h=believed_h)
    cluster = Cluster(site, robots, 1, ClusterOptions(
        scans=False, robot=robot,
        coordinator=CoordinatorConfig(voters=('c1',), **config),
        world=WorldOptions(drive_hours=0.2, charge_hours=0.03)))
    cluster.world.battery[:] = 0.9
    least = 1.0
    while cluster.now_s < seconds:
        cluster.run(1.0)
        least = min(least, float(cluster.world.battery.min()))
    assert not cluster.judges.violations()
    return least, len(cluster.client.done_s)


@pytest.mark.slow
def test_no_robot_runs_empty_while_orders_keep_coming_and_without_charging_some_do():
    site = hall()
    least, done = drained(1500.0, 4, site)
    assert least > 0.02 and done > 20
    least, _ = drained(1500.0, 4, site, 1000.0, battery_reserve=0.0, charge_below=0.0)
    assert least == 0.0
