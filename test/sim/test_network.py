# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated network and the order stream: seeded, and as bad as they are told to be."""

import pytest
from robot_swarm_orch.errors import ConfigError, SiteError
from robot_swarm_orch.sim.network import Network, NetworkOptions
from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.site import load_site


def arrivals(seed, count=200, reliable=False, **options):
    """Return what arrives, in order, of `count` messages sent 10 ms apart."""
    network = Network(seed, NetworkOptions(**options))
    got = []
    for number in range(count):
        network.send(0.01 * number, 'a', 'b', number, reliable)
        got += [item for _, item in network.deliver(0.01 * number)]
    return got + [item for _, item in network.deliver(1e9)]


def test_one_seed_gives_one_fate():
    bad = {'loss_ratio': 0.3, 'duplicate_ratio': 0.2, 'delay_s_mean': 0.1}
    assert arrivals(1, **bad) == arrivals(1, **bad) != arrivals(2, **bad)


def test_losses_duplicates_and_overtaking_happen():
    got = arrivals(1, loss_ratio=0.3, duplicate_ratio=0.2, delay_s_mean=0.1)
    assert 0.55 < len(set(got)) / 200 < 0.85
    assert len(got) > len(set(got))
    assert got != sorted(got)


def test_reliable_messages_are_late_and_never_lost():
    assert sorted(arrivals(3, reliable=True, loss_ratio=0.5)) == list(range(200))


def test_nothing_passes_a_cut_until_it_heals():
    network = Network(1)
    network.cut('a', 'b')
    network.send(0.0, 'b', 'a', 'x')
    network.send(0.0, 'c', 'a', 'y')
    assert list(network.deliver(9.0)) == [('a', 'y')]
    network.heal()
    network.send(9.0, 'b', 'a', 'z')
    assert list(network.deliver(19.0)) == [('a', 'z')]


def test_impossible_networks_are_refused():
    with pytest.raises(ConfigError, match='loss_ratio'):
        NetworkOptions(loss_ratio=1.5)


def test_orders_are_the_same_for_the_same_seed_and_keep_the_backlog():
    site = load_site({'warehouse': {'columns': 8, 'blocks': 1}})
    one, two = OrderStream(site, 4, 100), OrderStream(site, 4, 100)
    first = one.refill(0)
    assert first == two.refill(0) and len(first) == 25
    assert first[0].order_id == 'o000001' and one.refill(25) == ()
    assert [order.order_id for order in one.refill(23)] == ['o000026', 'o000027']
    assert {order.pick for order in first} <= set(site.storage)
    assert {order.drop for order in first} <= set(site.stations)
    assert OrderStream(site, 4, 8).backlog == 10


def test_short_trips_go_to_stations_nearby_and_places_without_any_get_no_orders():
    site = load_site({
        'nodes': {'a': [0, 0], 'b': [3, 0], 'c': [7, 0], 'd': [20, 0]},
        'edges': [['a', 'b'], ['b', 'c'], ['c', 'd']],
        'places': {'s1': ['storage', 'a'], 't1': ['station', 'b'], 't2': ['station', 'c'],
                   's2': ['storage', 'd']}})

    def trips(trip_m):
        return {(order.pick, order.drop)
                for order in OrderStream(site, 1, 10, backlog=50, trip_m=trip_m).refill(0)}
    assert trips(3.0) == {('s1', 't1')}
    assert trips(7.0) == {('s1', 't1'), ('s1', 't2')}
    assert len(trips(0.0)) == 4
    with pytest.raises(SiteError, match='within 2 m of a storage place: allow longer'):
        trips(2.0)


def test_a_site_without_stations_has_no_orders():
    site = load_site({'nodes': {'a': [0, 0], 'b': [2, 0]}, 'edges': [['a', 'b']]})
    with pytest.raises(SiteError, match='stations'):
        OrderStream(site, 1, 1)
