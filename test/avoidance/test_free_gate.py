# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0

"""The gate's laws: it only slows down, old words never help, and its two models hold the truth."""

from math import cos, hypot, nan, pi, sin

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from robot_swarm_orch.bench.free_zone import FREE_ROBOT
from robot_swarm_orch.edge.free_gate import Gate, may_be
from robot_swarm_orch.edge.neighbours import (
    BORN, COS, Neighbours, RADIUS, RATE, REST, SIN, SPEED, X, Y)
from robot_swarm_orch.types import Motion, Odometry, Pose, STANDSTILL

GAP_M, RADIUS_M, NOW_S = 0.42, 0.37, 100.0
REACH_M = GAP_M + RADIUS_M


def place(*robots):
    """Return a table of robots given as (x, y, yaw, speed, rate, age of the word in s)."""
    table = np.zeros((9, len(robots)))
    for column, (x, y, yaw, speed, rate, age) in enumerate(robots):
        table[[X, Y, COS, SIN], column] = x, y, cos(yaw), sin(yaw)
        table[[SPEED, RATE, RADIUS, BORN], column] = speed, rate, RADIUS_M, NOW_S - age
        table[REST, column] = np.inf
    return table


def body(speed=0.0, rate=0.0, yaw=0.0):
    """Return a robot at the origin."""
    return Odometry(Pose(0.0, 0.0, yaw), Motion(speed, rate), NOW_S)


def limit(own, wanted, table, sent=None):
    """Ask the gate."""
    return Gate(FREE_ROBOT).limit(own, sent or own.motion, wanted, table, NOW_S, GAP_M)


ROBOT = st.tuples(st.floats(-2.5, 2.5), st.floats(-2.5, 2.5), st.floats(-pi, pi),
                  st.floats(0.0, 0.5), st.floats(-1.5, 1.5), st.floats(0.1, 3.0))
ROBOTS = st.lists(ROBOT, max_size=6)
OWN = st.builds(body, st.floats(0.0, 0.5), st.floats(-1.5, 1.5), st.floats(-pi, pi))
WANTED = st.builds(Motion, st.floats(-1.0, 1.0), st.floats(-3.0, 3.0))


@given(OWN, WANTED, ROBOTS)
@settings(max_examples=300, deadline=None)
def test_the_gate_only_slows_down(own, wanted, robots):
    """Neither speed nor yaw rate grow or change their sign; backwards is never permitted."""
    got = limit(own, wanted, place(*robots))
    assert 0.0 <= got.speed_mps <= max(0.0, wanted.speed_mps)
    assert abs(got.yaw_rate_radps) <= abs(wanted.yaw_rate_radps)
    assert got.yaw_rate_radps * wanted.yaw_rate_radps >= 0.0


@given(OWN, WANTED, ROBOTS, st.floats(0.0, 3.0))
@settings(max_examples=300, deadline=None)
def test_older_words_never_let_a_robot_go_faster(own, wanted, robots, older_s):
    """The same words, heard longer ago: the same speed or less."""
    later = [(*robot[:5], robot[5] + older_s) for robot in robots]
    assert (limit(own, wanted, place(*later)).speed_mps
            <= limit(own, wanted, place(*robots)).speed_mps)


@given(OWN, WANTED, ROBOTS, ROBOT)
@settings(max_examples=300, deadline=None)
def test_one_more_neighbour_never_lets_a_robot_go_faster(own, wanted, robots, another):
    """Each neighbour can only forbid."""
    assert (limit(own, wanted, place(*robots, another)).speed_mps
            <= limit(own, wanted, place(*robots)).speed_mps)


@given(ROBOT, st.lists(st.tuples(st.floats(0.0, 0.5), st.floats(-1.5, 1.5),
                                 st.floats(0.05, 0.6)), min_size=1, max_size=6))
@settings(max_examples=400, deadline=None)
def test_a_robot_is_never_outside_of_where_it_may_be(robot, commands):
    """Whatever it is commanded within its limits, `may_be` has it, at every moment."""
    config, step = FREE_ROBOT, 0.005
    x, y, yaw, speed, rate, _ = robot
    start_x, start_y, c, s, hours = x, y, cos(yaw), sin(yaw), 0.0
    table = place(robot)
    for aim_v, aim_w, for_s in commands:
        for _ in range(round(for_s / step)):
            change = max(-config.brake_mps2 * step,
                         min(config.acceleration_mps2 * step, aim_v - speed))
            turn = config.yaw_acceleration_radps2 * step
            speed, rate = speed + change, rate + max(-turn, min(turn, aim_w - rate))
            yaw += rate * step
            x, y, hours = x + speed * cos(yaw) * step, y + speed * sin(yaw) * step, hours + step
        fwd, lat = (float(one[0, 0]) for one in may_be(table, np.full((1, 1), hours), config))
        along = min(max((x - start_x) * c + (y - start_y) * s, 0.0), fwd)
        off = hypot(x - start_x - along * c, y - start_y - along * s)
        assert off <= lat + 0.01  # of the simulation's own steps


@given(st.floats(0.1, 0.5), st.floats(0.0, 0.5), st.floats(-1.0, 1.0), st.booleans(),
       st.floats(0.2, 1.0), st.floats(-0.6, 0.6), st.floats(0.85, 1.6))
@settings(max_examples=300, deadline=None)
def test_what_the_gate_lets_pass_ends_clear_of_one_who_stands(
        speed, aim, rate, dies, prompt, side, ahead):
    """Whether the next tick or the watchdog brakes, and however prompt the base is."""
    config, step = FREE_ROBOT, 0.005
    other = (ahead, side, 0.0, 0.0, 0.0, 0.0)
    before = limit(body(speed), Motion(speed, 0.0), place(other))
    if before.speed_mps < speed:
        return  # it would not have driven like this
    command = limit(body(speed), Motion(aim, rate), place(other), Motion(speed, 0.0))
    x = y = yaw = turning = now = 0.0
    acts, ends = prompt * config.actuation_delay_s, (
        config.watchdog_s if dies else config.tick_s) + prompt * config.actuation_delay_s
    while speed > 0.0 or now < ends:
        wish = Motion(speed, 0.0) if now < acts else command if now < ends else STANDSTILL
        turn = config.yaw_acceleration_radps2 * step
        speed += max(-config.brake_mps2 * step,
                     min(config.acceleration_mps2 * step, wish.speed_mps - speed))
        turning += max(-turn, min(turn, wish.yaw_rate_radps - turning))
        yaw += turning * step
        x, y, now = x + speed * cos(yaw) * step, y + speed * sin(yaw) * step, now + step
        # It may be near if it drives away; within the footprints' reach it may never be.
        assert (hypot(x - ahead, y - side) > REACH_M - 0.02
                or (ahead - x) * cos(yaw) + (side - y) * sin(yaw) <= 0.05)


def test_a_free_way_is_left_alone():
    """Nobody near, or nobody at all."""
    wanted = Motion(0.5, 0.3)
    assert limit(body(0.5), wanted, place()) == wanted
    assert limit(body(0.5), wanted, place((9.0, 0.0, 0.0, 0.5, 0.0, 0.2))) == wanted


def test_towards_one_that_stands_close_there_is_no_way():
    """A robot a hand's breadth ahead: stand, but turn on the spot."""
    near = place((REACH_M + 0.03, 0.0, pi, 0.0, 0.0, 0.3))
    assert limit(body(), Motion(0.5, 0.0), near).speed_mps == 0.0
    assert limit(body(), Motion(0.0, 1.0), near) == Motion(0.0, 1.0)


@given(st.floats(0.0, 0.02))
@settings(max_examples=50, deadline=None)
def test_nobody_creeps(speed):
    """However slow, what would end at a neighbour is not permitted."""
    near = place((REACH_M + 0.01, 0.0, pi, 0.0, 0.0, 0.3))
    assert limit(body(), Motion(speed, 0.1), near).speed_mps == 0.0


def test_away_from_one_that_is_too_close_there_is():
    """Nearer than the margin behind it, a robot may leave."""
    near = place((-REACH_M + 0.03, 0.0, pi, 0.0, 0.0, 0.3))
    assert limit(body(), Motion(0.5, 0.0), near) == Motion(0.5, 0.0)


def test_the_longer_a_robot_is_silent_the_wider_it_is_kept_clear_of():
    """At some age of the last word every motion near it ends."""
    speeds = [limit(body(0.5), Motion(0.5, 0.0),
                    place((4.0, 0.0, pi, 0.0, 0.0, age))).speed_mps
              for age in (0.2, 2.0, 4.0, 6.0, 8.0, 20.0)]
    assert speeds[0] == 0.5 and speeds[-1] == 0.0
    assert speeds == sorted(speeds, reverse=True)


@pytest.mark.parametrize('bad', (nan, float('inf')))
def test_what_is_no_number_is_standstill(bad):
    """A planner's mistake is not driven, nor on with a state that nobody knows."""
    assert limit(body(), Motion(bad, 0.0), place()) == STANDSTILL
    assert limit(body(), Motion(0.1, bad), place()) == STANDSTILL
    for own in (body(bad), body(rate=bad), body(yaw=bad),
                Odometry(Pose(bad, 0.0, 0.0), STANDSTILL, NOW_S)):
        assert limit(own, Motion(0.1, 0.1), place()) == STANDSTILL


def test_a_neighbour_at_no_place_is_everywhere():
    """What the words leave unknown is not driven through."""
    table = place((50.0, 0.0, 0.0, 0.0, 0.0, 0.1))
    assert limit(body(), Motion(0.5, 0.0), table).speed_mps == 0.5
    table[X] = nan
    assert limit(body(), Motion(0.5, 0.0), table) == STANDSTILL


def test_a_neighbour_heard_driving_backwards_may_be_anywhere_around():
    """Only forward driving is part of the bargain, so nothing is built on it then."""
    fwd, lat = may_be(place((0.0, 0.0, 0.0, -0.3, 0.0, 0.0)), np.ones((1, 1)), FREE_ROBOT)
    assert lat == fwd


def test_a_robot_that_stands_since_a_time_is_where_it_was_then():
    """After somebody's word that it rests, its disc holds every place and grows no more."""
    neighbours = Neighbours()
    neighbours.expect('other')
    neighbours.table[:, 0] = place((1.0, 2.0, 0.5, 0.4, 0.2, 0.0))[:, 0]
    fwd, lat = may_be(neighbours.table, np.full((1, 1), 0.9), FREE_ROBOT)
    neighbours.stands('other', NOW_S + 0.9, lambda row, hours: may_be(row, hours, FREE_ROBOT))
    x, y, radius = neighbours.table[[X, Y, RADIUS], 0]
    for along in (0.0, float(fwd[0, 0])):
        for turn in np.linspace(-pi, pi, 9):
            px = 1.0 + along * cos(0.5) + float(lat[0, 0]) * cos(turn)
            py = 2.0 + along * sin(0.5) + float(lat[0, 0]) * sin(turn)
            # Corners that no way of that length reaches need not be covered.
            if hypot(px - 1.0, py - 2.0) <= float(fwd[0, 0]):
                assert hypot(px - x, py - y) <= radius - RADIUS_M + 1e-9
    later, aside = may_be(neighbours.table, np.zeros((1, 1)), FREE_ROBOT)
    assert float(later[0, 0]) == float(aside[0, 0]) == 0.0
