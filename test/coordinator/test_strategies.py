# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Allocation strategies against brute force, the least cost of all, and the time that they get."""

from itertools import count, permutations

from hypothesis import assume, given, settings, strategies as st
import numpy as np
import pytest
from robot_swarm_orch.compiled import IS_COMPILED
from robot_swarm_orch.coordinator import strategies
from robot_swarm_orch.coordinator.least_cost import least_cost_lanes, take_in
from robot_swarm_orch.coordinator.market import Market
from robot_swarm_orch.coordinator.strategies import (
    ALLOCATORS, AT_ONCE, auction, EPSILON_S, greedy, hungarian, warm_up)

ALMOST_S = 1e-6


def by_scipy(market, has_time=None):
    """Return what `hungarian` does in a process without Numba."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strategies, 'IS_COMPILED', False)
        return hungarian(market, has_time)


def over_lanes(market):
    """Return the lanes of least cost as they are found with Numba, also where it is missing."""
    return least_cost_lanes(market)[0]


seconds = st.one_of(st.floats(0.0, 100.0), st.integers(0, 5).map(float))
bonuses = st.one_of(st.floats(-1000.0, 1000.0), st.floats(0.0, 10.0), st.integers(0, 3).map(float))


@st.composite
def markets(draw, robots=4, lanes=4, orders=4):
    """Return a small market: ties, gaps, empty lanes and robots that can do nothing included."""
    shape = draw(st.integers(1, robots)), draw(st.integers(1, lanes))
    cells = st.one_of(seconds, st.just(np.inf)) if draw(st.booleans()) else seconds
    times_s = np.array(draw(st.lists(cells, min_size=shape[0] * shape[1],
                                     max_size=shape[0] * shape[1]))).reshape(shape)
    of_lanes = [sorted(draw(st.lists(bonuses, max_size=orders)), reverse=True)
                for _ in range(shape[1])]
    return Market(times_s, np.array([bonus for lane in of_lanes for bonus in lane]),
                  np.concatenate([[0], np.cumsum([len(lane) for lane in of_lanes])]))


def best(market):
    """Return (most robots that get an order, the least total cost of so many), by trying all."""
    lanes = np.repeat(np.arange(len(market.lengths)), market.lengths)
    costs = (market.times_s[:, lanes] - market.bonus_s).tolist()
    columns = [*range(len(lanes))] + [None] * len(costs)
    found = {(0, 0.0)}
    for chosen in set(permutations(columns, len(costs))):
        pairs = [(row, column) for row, column in enumerate(chosen) if column is not None]
        if all(costs[row][column] < np.inf for row, column in pairs):
            found.add((-len(pairs), sum(costs[row][column] for row, column in pairs)))
    most, least_s = min(found)
    return -most, least_s


def check(market, lane_of):
    """Raise unless each robot does what it can, and no lane gives out more than it has."""
    at_work = np.flatnonzero(lane_of >= 0)
    assert np.isfinite(market.times_s[at_work, lane_of[at_work]]).all()
    counts = np.bincount(lane_of[at_work], minlength=len(market.lengths))
    assert (counts <= market.lengths).all()
    return len(at_work)


@pytest.mark.parametrize('name', sorted(ALLOCATORS))
@settings(max_examples=150, deadline=None)
@given(markets())
def test_nobody_gets_what_it_cannot_do_or_what_another_has(name, market):
    given_to = check(market, ALLOCATORS[name](market))
    if np.isfinite(market.times_s).all():
        assert given_to == min(len(market.times_s), len(market.bonus_s))


@pytest.mark.parametrize('strategy, off_s', [
    (over_lanes, 0.0), (by_scipy, 0.0), (auction, EPSILON_S)])
@settings(max_examples=250, deadline=None)
@given(market=markets(robots=3, lanes=3, orders=2))
def test_as_many_robots_as_can_be_get_an_order_at_the_least_total_cost(strategy, off_s, market):
    lane_of = strategy(market)
    most, least_s = best(market)
    assert check(market, lane_of) == most
    assert market.total_s(lane_of) <= least_s + off_s * len(market.times_s) + ALMOST_S


def test_hungarian_finds_the_least_total_where_greedy_does_not():
    market = Market.of_costs([[1.0, 2.0], [1.5, 9.0]])
    assert hungarian(market).tolist() == auction(market).tolist() == [1, 0]
    assert greedy(market).tolist() == [0, 1]


def town(rng, robots, lanes, orders, spread_s, has_ties=False):
    """
    Return a market of robots and places strewn over a site, and its whole cost matrix.

    has_ties: all times and bonuses are multiples of 10 s.
    """
    at, places = rng.uniform(0, 100, (robots, 2)), rng.uniform(0, 100, (lanes, 2))
    times_s = np.abs(at[:, None] - places).sum(axis=2)
    times_s[rng.random(times_s.shape) < 0.05] = np.inf
    lane = np.sort(rng.integers(0, lanes, orders))
    bonus_s = rng.uniform(0, spread_s, orders)
    if has_ties:
        times_s, bonus_s = (10.0 * np.round(each / 10.0) for each in (times_s, bonus_s))
    bonus_s = bonus_s[np.lexsort((-bonus_s, lane))]
    first = np.concatenate([[0], np.cumsum(np.bincount(lane, minlength=lanes))])
    return Market(times_s, bonus_s, first), times_s[:, lane] - bonus_s


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2 ** 32), st.integers(1, 40), st.integers(1, 30), st.integers(0, 400),
       st.sampled_from((0.0, 10.0, 100.0, 10_000.0)), st.booleans())
def test_over_lanes_the_total_is_that_of_the_whole_matrix(seed, robots, lanes, orders, spread_s,
                                                          has_ties):
    market, costs_s = town(np.random.default_rng(seed), robots, lanes, orders, spread_s, has_ties)
    whole = Market.of_costs(costs_s)
    all_columns = by_scipy(whole)
    most, least_s = check(whole, all_columns), whole.total_s(all_columns)
    for found, of in ((over_lanes(market), market), (by_scipy(market), market),
                      (over_lanes(whole), whole)):
        assert check(of, found) == most
        assert of.total_s(found) == pytest.approx(least_s, abs=ALMOST_S)


@settings(max_examples=60, deadline=None)
@given(markets(robots=4, lanes=3, orders=6), st.integers(0, 3))
def test_trimming_a_market_leaves_its_best_assignments(market, extra):
    assume(len(market.bonus_s))
    trimmed = market.trimmed()
    assert (trimmed.lengths <= market.lengths).all()
    lane_of, all_of = over_lanes(trimmed), by_scipy(Market.of_costs(
        market.times_s[:, np.repeat(np.arange(len(market.lengths)), market.lengths)]
        - market.bonus_s))
    assert (lane_of >= 0).sum() == (all_of >= 0).sum()
    assert market.total_s(lane_of) <= best_of(market, all_of) + ALMOST_S


def best_of(market, order_of):
    """Return the total cost of robots that take single orders."""
    lanes = np.repeat(np.arange(len(market.lengths)), market.lengths)
    rows = np.flatnonzero(order_of >= 0)
    return float((market.times_s[rows, lanes[order_of[rows]]]
                  - market.bonus_s[order_of[rows]]).sum())


@pytest.mark.skipif(not IS_COMPILED, reason='without Numba it is greedy, as the next test says')
def test_with_little_time_an_answer_comes_anyway_and_with_enough_it_is_the_best():
    market, _ = town(np.random.default_rng(5), 3 * AT_ONCE, 60, 4000, 50.0)
    exact_s, costs_s = market.total_s(hungarian(market)), []
    for turns in (0, 12, 22, 1000):
        ticks = count()
        lane_of = hungarian(market, lambda: next(ticks) < turns)
        assert check(market, lane_of) == 3 * AT_ONCE
        costs_s.append(market.total_s(lane_of))
    assert costs_s[0] == pytest.approx(market.total_s(greedy(market)))
    assert costs_s[-1] == pytest.approx(exact_s)
    assert costs_s[-1] < costs_s[2] < costs_s[0]


def test_without_numba_many_robots_are_shared_out_greedily_while_time_is_bounded():
    market, _ = town(np.random.default_rng(5), AT_ONCE + 1, 20, 400, 50.0)
    assert (by_scipy(market, lambda: True) == greedy(market)).all()
    assert market.total_s(by_scipy(market)) == pytest.approx(market.total_s(over_lanes(market)))


def test_the_robots_that_there_was_time_for_are_shared_out_best_among_themselves():
    market, _ = town(np.random.default_rng(7), 40, 20, 60, 50.0)
    ticks = count()
    lane_of, done = least_cost_lanes(market, lambda: next(ticks) < 1)
    assert 0 < done < 40 and (lane_of[done:] == -1).all()
    some = market.of_robots(slice(done), np.zeros(20, dtype=int))
    assert some.total_s(lane_of[:done]) == pytest.approx(some.total_s(over_lanes(some)))


def test_more_robots_than_orders_leave_those_out_whose_ways_are_the_longest():
    market = Market(np.array([[9.0], [1.0], [5.0], [2.0]]), np.array([3.0, 3.0]), np.array([0, 2]))
    assert over_lanes(market).tolist() == [-1, 0, -1, 0]


@pytest.mark.parametrize('market', [
    Market(np.full((2, 2), np.inf), np.array([5.0, 4.0]), np.array([0, 1, 2])),
    Market(np.ones((2, 2)), np.array([]), np.array([0, 0, 0])),
    Market(np.ones((2, 0)), np.array([]), np.array([0]))])
@pytest.mark.parametrize('strategy', [over_lanes, by_scipy, auction, greedy])
def test_where_nobody_can_do_anything_nobody_gets_an_order(strategy, market):
    assert strategy(market).tolist() == [-1, -1]


def test_among_equals_the_lane_and_the_robot_with_the_smaller_number_win():
    market = Market(np.ones((3, 3)), np.zeros(3), np.array([0, 1, 2, 3]))
    assert over_lanes(market).tolist() == [0, 1, 2]
    one_order = Market(np.ones((3, 1)), np.zeros(1), np.array([0, 1]))
    assert over_lanes(one_order).tolist() == [0, -1, -1]


def test_the_same_market_gets_the_same_answer_each_time_and_however_it_lies_in_memory():
    market, _ = town(np.random.default_rng(6), 2 * AT_ONCE, 40, 1000, 50.0, has_ties=True)
    columns = Market(np.asfortranarray(market.times_s), market.bonus_s, market.first)
    first, second, third = (hungarian(each, lambda: True) for each in (market, market, columns))
    assert (first == second).all() and (first == third).all()


@pytest.mark.skipif(not IS_COMPILED, reason='nothing is compiled without Numba')
def test_what_is_compiled_when_a_coordinator_starts_serves_every_decision():
    warm_up()
    market, _ = town(np.random.default_rng(6), 20, 10, 100, 50.0)
    for times_s in (market.times_s, np.asfortranarray(market.times_s), market.times_s[:, ::-1]):
        hungarian(Market(times_s, market.bonus_s, market.first), lambda: True)
    assert len(take_in.signatures) == 1
