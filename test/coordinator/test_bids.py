# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Bids: who is asked and when, which offers count, and that nobody waits for one."""

from math import inf, nan

from robot_swarm_orch.bids import Bid, CALLED_MAX, CallForBids, GOALS_MAX
from robot_swarm_orch.config import CoordinatorConfig, RobotConfig
from robot_swarm_orch.coordinator.bid_book import BidBook, FRESH_S
from robot_swarm_orch.edge.bidding import bid_of
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import Order, OrderKind, OrderState

BID = Bid('r1', 7, 3, 1, 40, ((5, 12.5),), nan, 80.0, ('fork',))


def called(term=3, period_s=0.5):
    """Return a book that has called once at 10 s."""
    book = BidBook(term, period_s)
    assert book.call(10.0, ['r1', 'r2'], (5, 6)) == CallForBids(term, 1, ('r1', 'r2'), (5, 6))
    return book


def test_calls_come_at_their_period_while_there_is_work_and_somebody_to_ask():
    book = called()
    assert book.call(10.4, ['r1'], (5,)) is None
    assert book.call(10.5, ['r1'], ()) is None
    assert book.call(10.5, [], (5,)) is None
    assert book.call(10.5, ['r1'], (5,)).seq == 2
    assert BidBook(3, 0.0).call(0.0, ['r1'], (5,)) is None


def test_a_call_names_only_so_many_robots_and_places():
    call = BidBook(1, 0.5).call(0.0, [f'r{i}' for i in range(999)], tuple(range(99)))
    assert (len(call.robots), len(call.goals)) == (CALLED_MAX, GOALS_MAX)


def test_an_offer_counts_while_it_is_fresh_and_the_robot_is_where_it_made_it():
    book = called()
    book.hear(10.1, BID)
    assert book.offers(10.1 + FRESH_S, 'r1', 7, 40) == ((5, 12.5),)
    assert book.offers(10.2 + FRESH_S, 'r1', 7, 40) == ()
    assert book.offers(10.2, 'r1', 7, 41) == ()
    assert book.offers(10.2, 'r1', 8, 40) == ()
    assert book.offers(10.2, 'r2', 7, 40) == ()


def test_answers_to_other_leaders_to_calls_never_made_and_old_ones_count_nothing():
    book = called()
    for wrong in (Bid('r1', 7, 2, 1, 40, ((5, 1.0),)), Bid('r1', 7, 3, 2, 40, ((5, 1.0),))):
        book.hear(10.1, wrong)
        assert book.offers(10.1, 'r1', 7, 40) == ()
    book.call(11.0, ['r1'], (5,))
    book.hear(11.1, Bid('r1', 7, 3, 2, 40, ((5, 2.0),)))
    book.hear(11.2, BID)
    assert book.offers(11.2, 'r1', 7, 40) == ((5, 2.0),)


def test_a_repeated_bid_does_not_make_an_offer_young_again():
    book = called()
    book.hear(10.1, BID)
    book.hear(12.0, BID)
    assert book.offers(12.2, 'r1', 7, 40) == ()


def test_what_a_robot_can_carry_and_has_is_known_from_its_bid_as_long_as_it_runs():
    book, config = called(), RobotConfig(payload_max_kg=200.0)
    assert book.limits('r1', 7, config) == (200.0, ())
    book.hear(10.1, BID)
    assert book.limits('r1', 7, config) == (80.0, ('fork',))
    assert book.limits('r1', 8, config) == (200.0, ())


def test_a_robot_answers_only_when_it_is_asked_and_leaves_out_what_it_has_no_way_to():
    config = RobotConfig(payload_max_kg=80.0, tools=('fork',))
    call = CallForBids(3, 1, ('r1',), (5, 6))

    def answer(name, term):
        return bid_of(name, 7, call, term, 40, {5: 12.5, 6: inf}.get, 0.5, config)
    assert answer('r1', 3) == Bid('r1', 7, 3, 1, 40, ((5, 12.5),), 0.5, 80.0, ('fork',))
    assert answer('r2', 3) is None
    assert answer('r1', 4) is None


def fleet(**options):
    """Return a small fleet in virtual time without orders, and (what was said, bids heard)."""
    site = load_site({'name': 'hall', 'warehouse': {'columns': 4, 'blocks': 1}})
    cluster = Cluster(site, 3, 1, ClusterOptions(
        orders=False, scans=False, robot=RobotConfig(scan_required=False),
        coordinator=CoordinatorConfig(voters=('c1',), **options)))
    said, bids = [], []
    cluster.overhear = lambda name, outputs: said.append(outputs)
    send = cluster.network.send

    def watched(now_s, sender, to, word, *more):
        if word[0] == 'hear_bid':
            bids.append(word[1])
        send(now_s, sender, to, word, *more)
    cluster.network.send = watched
    return cluster, said, bids


def test_free_robots_bid_while_orders_wait_and_there_is_silence_when_none_does():
    cluster, said, bids = fleet()
    cluster.run(3.0)
    assert not bids and not any(outputs.call for outputs in said)
    site = cluster.site
    for number in range(12):
        order = Order(f'o{number}', '', OrderKind.MOVE, site.storage[number % 4],
                      site.stations[0])
        cluster.network.send(cluster.now_s, 'client', 'c1', ('submit', order), True)
    cluster.run(30.0)
    calls = [outputs.call for outputs in said if outputs.call]
    assert calls and bids
    asked = {(call.seq, robot) for call in calls for robot in call.robots}
    assert all((bid.seq, bid.robot) in asked for bid in bids)
    assert all(seconds > 0.0 or goal == bid.node for bid in bids for goal, seconds in bid.offers)


def test_without_any_bid_orders_are_given_out_at_once():
    cluster, said, _ = fleet(bid_period_s=0.0)
    cluster.run(3.0)
    order = Order('o1', '', OrderKind.MOVE, cluster.site.storage[0], cluster.site.stations[0])
    cluster.network.send(cluster.now_s, 'client', 'c1', ('submit', order), True)
    cluster.run(0.5)
    assert any(status.state == OrderState.ASSIGNED for outputs in said
               for status in outputs.statuses)
