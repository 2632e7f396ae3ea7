# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What lies about: texts, what blocks a lane, and who sees it."""

from dataclasses import replace
from math import inf, pi

from edge_rig import line_site
import numpy as np
import pytest

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.sim.cameras import is_hidden
from robot_swarm_orch.sim.obstacles import (
    Lane, lane_is_blocked, Obstacle, parse_obstacle, parse_obstacles)
from robot_swarm_orch.sim.world import World
from robot_swarm_orch.types import Motion, Pose

HERE = Pose(10.0, 5.0, pi / 2)  # looks up y


def test_an_obstacle_is_a_line_of_text():
    assert parse_obstacle('1 -2.5 0.5') == Obstacle(1.0, -2.5, 0.5, 'pallet', 0.0, inf)
    assert parse_obstacle('1 2 0.3 person 5') == Obstacle(1.0, 2.0, 0.3, 'person', 5.0, inf)
    assert parse_obstacles(['1 2 0.3 box 5 9']) == (Obstacle(1.0, 2.0, 0.3, 'box', 5.0, 9.0),)


@pytest.mark.parametrize('text, word', [
    ('1 2', 'must be'), ('1 2 0.5 pallet 1 2 3', 'must be'), ('1 2 0.5 tree', "'tree' is none"),
    ('a 2 0.5', 'could not convert'), ('1 nan 0.5', 'no place'), ('1 2 0', 'no radius'),
    ('1 2 9', 'no radius'), ('1 2 0.5 box 5 5', 'after it came'),
    ('1 2 0.5 box nan', 'after it came')])
def test_a_wrong_text_is_refused_and_shown(text, word):
    with pytest.raises(ConfigError, match=word) as refusal:
        parse_obstacle(text)
    assert repr(text) in str(refusal.value)


@pytest.mark.parametrize('ahead, left, radius, answer', [
    (2.5, 0.0, 0.5, True), (2.5, 1.0, 0.5, True), (2.5, -1.0, 0.5, True),
    (2.5, 1.6, 0.5, False), (2.5, 1.3, 0.5, None), (2.5, 1.5, 0.5, None),
    (3.9, 0.0, 0.5, True), (4.1, 0.0, 0.5, None), (4.9, 0.0, 0.5, None), (5.1, 0.0, 0.5, False),
    (0.4, 0.0, 0.5, False), (0.6, 0.0, 0.5, None), (0.8, 0.0, 0.5, True), (-3.0, 0.0, 0.5, False)])
def test_a_lane_is_blocked_by_what_reaches_into_it_and_doubtful_at_its_edges(
        ahead, left, radius, answer):
    thing = Obstacle(10.0 - left, 5.0 + ahead, radius)
    assert lane_is_blocked(HERE, [thing], Lane()) is answer


def test_what_surely_blocks_outweighs_what_is_in_doubt():
    doubtful, sure = Obstacle(10.0, 9.3, 0.5), Obstacle(10.0, 7.0, 0.3)
    assert lane_is_blocked(HERE, [doubtful, sure], Lane()) is True
    assert lane_is_blocked(HERE, [doubtful], Lane()) is None


def test_a_rack_hides_what_stands_behind_it():
    thing = Obstacle(10.0, 9.0, 0.3)
    assert is_hidden(HERE, thing, [[9.0, 6.5, 11.0, 7.0]])
    assert not is_hidden(HERE, thing, [[10.5, 6.5, 11.0, 7.0], [9.0, 9.5, 11.0, 10.0]])
    assert not is_hidden(HERE, thing, [])


def world(*obstacles):
    """Return one robot on a street along x with things on it."""
    return World(line_site(), [('r1', 0)], RobotConfig(), obstacles=obstacles)


@pytest.mark.parametrize('kind, seen', [('pallet', False), ('forks', False), ('box', True),
                                        ('person', True)])
def test_the_laser_looks_over_what_is_low(kind, seen):
    sim = world(Obstacle(3.0, 0.0, 0.4, kind))
    ahead = sim.scans()[0, 36]  # the beam straight ahead of a robot that faces along x
    assert abs(sim.yaw[0]) < 1e-9
    assert (ahead == pytest.approx(2.6)) if seen else np.isinf(ahead)


def test_an_obstacle_is_there_in_its_time_only():
    sim = world(Obstacle(3.0, 0.0, 0.4, 'box', 1.0, 2.0))
    seen = []
    for _ in range(30):
        sim.step(0.1)
        seen.append(bool(np.isfinite(sim.scans()[0, 36])))
    assert seen == [False] * 9 + [True] * 10 + [False] * 11


def test_the_world_notes_once_that_a_robot_touches_an_obstacle():
    sim = world(Obstacle(1.5, 0.0, 0.4))
    for _ in range(30):
        sim.command(0, Motion(1.0, 0.0))
        sim.step(0.05)
    touches = [event for event in sim.drain() if event.kind == 'touches']
    assert [event.robot for event in touches] == ['r1']
    assert replace(touches[0], time_s=0.0).order == ''
