# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0

"""Whole scenes: nobody touches anybody, whatever the network does, and all arrive."""

from avoidance_rig import (
    bad_network, duel, ForgettingGate, FreshGate, late_network, OpenGate, PushingAvoider,
    run_blaming, StillGate, with_gate)
import pytest

from robot_swarm_orch.bench.free_zone import (
    circle_swap, corridor, crossing_streams, Floor, FREE_ROBOT, head_on, random_swap, Scene)
from robot_swarm_orch.edge.avoidance import Avoider
from robot_swarm_orch.edge.free_gate import Gate
from robot_swarm_orch.edge.neighbours import Neighbours
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.types import Odometry, Pose, STANDSTILL

BULLY = 'robot_001'


def all_arrive(scene, network, seed=1, until_s=600.0):
    """Run a scene to its end, and hold it to both promises."""
    outcome = Floor(scene, network, seed).run(until_s)
    assert outcome.contacts == ()
    assert len(outcome.arrived_s) == outcome.wanted, f'{scene.name}: {outcome.end_s} s'
    return outcome


@pytest.mark.parametrize('loss', (pytest.param(0.0, marks=pytest.mark.slow), 0.5))
@pytest.mark.parametrize('scene', (head_on(), crossing_streams(), corridor(), random_swap(8, 1)),
                         ids=lambda scene: scene.name)
def test_small_scenes_end_well_with_and_without_loss(scene, loss):
    """Head-on, crossing, between standing robots, and swaps from random places."""
    all_arrive(scene, bad_network(loss), until_s=200.0)


@pytest.mark.parametrize('loss', (0.0, 0.5))
def test_twenty_robots_swap_sides_of_a_circle(loss):
    """No contact, and all arrive, with words late by 100 ms and every other one lost."""
    outcome = all_arrive(circle_swap(20), late_network(loss))
    assert outcome.lost == pytest.approx(loss * outcome.sent, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize('seed', range(1, 6))
@pytest.mark.parametrize('loss', (0.0, 0.3, 0.5))
@pytest.mark.parametrize('network', (bad_network, late_network))
def test_twenty_robots_swap_under_many_seeds(network, loss, seed):
    """Constant and random delays, five seeds each."""
    all_arrive(circle_swap(20), network(loss), seed)


@pytest.mark.slow
@pytest.mark.parametrize('seed', range(1, 9))
def test_random_swaps_of_sixteen_end_well_under_many_seeds(seed):
    """Other places, other meetings."""
    all_arrive(random_swap(16, seed), bad_network(0.3), seed)


def test_a_robot_that_dies_in_the_middle_stops_the_others_untouched():
    """Its words end; where it may be grows, and all come to a stand before they reach it."""
    floor = Floor(circle_swap(8), bad_network(0.3), 1)
    while floor.time_s < 7.0:
        floor.advance()
    floor.kill(0)
    outcome = floor.run(40.0)
    assert outcome.contacts == ()
    assert not floor.speed.any()
    assert len(outcome.arrived_s) < outcome.wanted


@pytest.mark.parametrize('seed', range(3))
def test_robots_that_die_at_speed_are_not_run_into_and_run_into_nobody(seed):
    """The way until the watchdog has braked was checked too; the others only push."""
    floor = Floor(circle_swap(8), bad_network(0.5), seed,
                  make_avoider=with_gate(Gate, PushingAvoider))
    for victim, at_s in ((0, 5.0 + 0.7 * seed), (3, 7.0 + 0.5 * seed), (6, 9.0)):
        while floor.time_s < at_s:
            floor.advance()
        floor.kill(victim)
    assert floor.run(16.0).contacts == ()


def test_others_drive_round_a_dead_robot_once_it_is_known_to_stand():
    """First its lease ran out: those who are clear of it drive on. Then a person finds it: all."""
    floor = Floor(circle_swap(8), bad_network(0.3), 1)
    while floor.time_s < 7.0:
        floor.advance()
    floor.kill(0)
    while floor.time_s < 10.0:
        floor.advance()
    floor.vouch(0)
    outcome = floor.run(60.0)
    assert outcome.contacts == ()
    assert len(outcome.arrived_s) >= 4
    floor.find(0)
    outcome = floor.run(160.0)
    assert outcome.contacts == ()
    assert len(outcome.arrived_s) == outcome.wanted - 1


def test_nobody_moves_while_a_robot_that_must_be_there_was_never_heard():
    """It may be anywhere; once it is heard, or said to have left, all drive."""
    floor = Floor(head_on(), bad_network(0.0), 1)
    for robot in floor.robots:
        robot.neighbours.expect('robot_of_legend')
    while floor.time_s < 10.0:
        floor.advance()
    assert not floor.speed.any()
    for robot in floor.robots:
        robot.neighbours.left('robot_of_legend')
    assert len(floor.run(60.0).arrived_s) == 2


def test_a_blackout_stops_all_and_ends_without_contact():
    """While nothing is heard nobody can know where anybody is."""
    floor = Floor(circle_swap(6), bad_network(0.0), 1)
    while floor.time_s < 6.0:
        floor.advance()
    names = [robot.name for robot in floor.robots]
    floor.network.cut_pairs([(a, b) for a in names for b in range(len(names))])
    while floor.time_s < 20.0:
        floor.advance()
    assert not floor.speed.any()
    floor.network.heal()
    outcome = floor.run(200.0)
    assert outcome.contacts == ()
    assert len(outcome.arrived_s) == outcome.wanted


def test_the_same_seed_gives_the_same_run():
    """Nothing rests on a clock, a set's order or global randomness."""
    first, second = (Floor(crossing_streams(), bad_network(0.4), 7).run(12.0) for _ in range(2))
    assert first == second


@pytest.mark.parametrize('seed', range(2))
def test_robots_that_only_push_are_kept_apart_by_the_gate_alone(seed):
    """What ORCA proposes is a matter of getting there, not of safety."""
    outcome = Floor(circle_swap(8), bad_network(0.5), seed,
                    make_avoider=with_gate(Gate, PushingAvoider)).run(25.0)
    assert outcome.contacts == ()
    assert outcome.least_gap_m < 0.3  # they did come close


def test_the_judge_sees_contacts_when_there_is_no_gate():
    """A check that cannot fail is none."""
    outcome = Floor(circle_swap(4), bad_network(0.0), 1,
                    make_avoider=with_gate(OpenGate, PushingAvoider)).run(25.0)
    assert outcome.contacts and outcome.least_gap_m < 0.0


@pytest.mark.parametrize('seed', range(8))
def test_who_obeys_the_gate_never_drives_into_one_who_obeys_nothing(seed):
    """The claim of `free_gate`: it may be run into while it stands, but never is at fault."""
    blame = run_blaming(duel(seed), bad_network(0.8), seed, with_gate(
        Gate, PushingAvoider, (BULLY,)), (BULLY,))
    assert blame.at_fault == []


@pytest.mark.parametrize('limit_mps, moves', ((0.0, False), (float('nan'), False), (0.1, True)))
def test_a_speed_limit_of_others_is_kept_before_the_gate(limit_mps, moves):
    """Slower along the same curve; no limit that is no number lets a robot drive."""
    avoider = Avoider('r', FREE_ROBOT)
    body = Odometry(Pose(0.0, 0.0, 0.0), STANDSTILL, 10.0)
    avoider.listen(0.0)
    free = Avoider('r', FREE_ROBOT)
    free.listen(0.0)
    wanted = (0.4, 0.1)
    limited = avoider.velocity(body, wanted, Neighbours(), 10.0, limit_mps)
    alone = free.velocity(body, wanted, Neighbours(), 10.0)
    assert alone.speed_mps == pytest.approx(0.4)
    assert limited.speed_mps == (limit_mps if moves else 0.0)
    assert limited.yaw_rate_radps == pytest.approx(
        alone.yaw_rate_radps * limited.speed_mps / alone.speed_mps)


def test_a_robot_listens_before_it_first_moves():
    """It cannot know yet who is there."""
    avoider, moves = Avoider('r', FREE_ROBOT), []
    for tick in range(30):
        now_s = 5.0 + 0.1 * tick
        body = Odometry(Pose(0.0, 0.0, 0.0), STANDSTILL, now_s)
        moves.append(avoider.velocity(body, (0.5, 0.0), Neighbours(), now_s).speed_mps > 0.0)
    assert moves == [False] * 20 + [True] * 10


@pytest.mark.slow
@pytest.mark.parametrize('loss', (0.0, 0.5, 0.9))
def test_the_claim_holds_in_hundreds_of_duels(loss):
    """The same, with more seeds and losses; some robots that stood were run into."""
    blames = [run_blaming(duel(seed), bad_network(loss), seed, with_gate(
        Gate, PushingAvoider, (BULLY,)), (BULLY,)) for seed in range(300)]
    assert [blame.at_fault for blame in blames if blame.at_fault] == []
    assert sum(bool(blame.touched) for blame in blames) > 10


@pytest.mark.parametrize('mutant', (OpenGate, FreshGate, StillGate, ForgettingGate))
def test_a_gate_that_leaves_out_a_part_of_the_argument_is_found_out(mutant):
    """Without gate, ages, growth or memory somebody is at fault within a few duels."""
    found = any(run_blaming(duel(seed), bad_network(0.8), seed, with_gate(
        mutant, PushingAvoider, (BULLY,)), (BULLY,)).at_fault for seed in range(20))
    assert found, f'{mutant.__name__} did no harm in 20 duels'


def test_a_scene_whose_goals_do_not_pair_with_its_starts_is_refused():
    """The error names the scene."""
    with pytest.raises(ConfigError, match='lopsided'):
        Scene('lopsided', ((0.0, 0.0, 0.0),), ())
