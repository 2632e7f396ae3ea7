# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Allocation strategies against brute force, the least cost of all, and the time that they get."""

from itertools import count, permutations

from hypothesis import assume, given, settings, strategies as st
import numpy as np
import pytest
from robot_swarm_orch.coordinator.market import Market
from robot_swarm_orch.coordinator.strategies import (
    ALLOCATORS, auction, BLOCK, EPSILON_S, greedy, hungarian)

ALMOST_S = 1e-6

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


@pytest.mark.parametrize('strategy, off_s', [(hungarian, 0.0), (auction, EPSILON_S)])
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


def town(rng, robots, lanes, orders, spread_s):
    """Return a market of robots and places strewn over a site, and its whole cost matrix."""
    at, places = rng.uniform(0, 100, (robots, 2)), rng.uniform(0, 100, (lanes, 2))
    times_s = np.abs(at[:, None] - places).sum(axis=2)
    times_s[rng.random(times_s.shape) < 0.05] = np.inf
    lane = np.sort(rng.integers(0, lanes, orders))
    bonus_s = rng.uniform(0, spread_s, orders)
    bonus_s = bonus_s[np.lexsort((-bonus_s, lane))]
    first = np.concatenate([[0], np.cumsum(np.bincount(lane, minlength=lanes))])
    return Market(times_s, bonus_s, first), times_s[:, lane] - bonus_s


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2 ** 32), st.integers(1, 40), st.integers(1, 30), st.integers(1, 400),
       st.sampled_from((0.0, 10.0, 100.0, 10_000.0)))
def test_what_is_left_out_of_large_markets_costs_nothing(seed, robots, lanes, orders, spread_s):
    market, costs_s = town(np.random.default_rng(seed), robots, lanes, orders, spread_s)
    whole = Market.of_costs(costs_s)
    all_columns, few = hungarian(whole), hungarian(market)
    assert check(whole, all_columns) == check(market, few)
    assert market.total_s(few) == pytest.approx(whole.total_s(all_columns), abs=ALMOST_S)


@settings(max_examples=60, deadline=None)
@given(markets(robots=4, lanes=3, orders=6), st.integers(0, 3))
def test_trimming_a_market_leaves_its_best_assignments(market, extra):
    assume(len(market.bonus_s))
    trimmed = market.trimmed()
    assert (trimmed.lengths <= market.lengths).all()
    lane_of, all_of = hungarian(trimmed), hungarian(Market.of_costs(
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


def test_with_little_time_an_answer_comes_anyway_and_more_time_makes_it_no_worse():
    market, _ = town(np.random.default_rng(5), 3 * BLOCK, 60, 4000, 50.0)
    exact_s, costs_s = market.total_s(hungarian(market)), []
    for turns in (0, 1, 3, 6, 40):
        ticks = count()
        lane_of = hungarian(market, lambda: next(ticks) < turns)
        assert check(market, lane_of) == 3 * BLOCK
        costs_s.append(market.total_s(lane_of))
    assert costs_s[0] == pytest.approx(market.total_s(greedy(market)))
    assert costs_s == sorted(costs_s, reverse=True)
    assert costs_s[-1] < costs_s[0]
    assert exact_s - ALMOST_S <= costs_s[-1]
    # Most of what greed has spoilt is mended block by block.
    assert costs_s[-1] - exact_s < 0.25 * (costs_s[0] - exact_s)


def test_a_clock_that_stands_still_lets_it_take_its_time_and_gives_the_same_answer_each_time():
    market, _ = town(np.random.default_rng(6), 2 * BLOCK, 40, 1000, 50.0)
    first, second = (hungarian(market, lambda: True) for _ in range(2))
    assert (first == second).all()
