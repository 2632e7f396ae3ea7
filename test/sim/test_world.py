# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated hardware: limits, watchdog, payload devices and laser scans."""

from math import cos, hypot, inf, pi, sin
from pathlib import Path

import numpy as np
import pytest
from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.sim.scanner import Scanner
from robot_swarm_orch.sim.world import World, WorldOptions
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import LoadAction, LoadRequest, LoadStatus, Motion, Pose

CONFIG = Path(__file__).resolve().parents[2] / 'config' / 'site.yaml'
ROBOT = RobotConfig()
EXACT = WorldOptions(pose_noise_m=0.0, step_s=0.01)


def small_site():
    """Return a closed one-way street with a shelf, a dock and a charger."""
    return load_site({
        'nodes': {'a': [0, 0], 'b': [20, 0], 'c': [20, 20], 'd': [0, 20]},
        'edges': [['a', 'b', 'oneway'], ['b', 'c', 'oneway'], ['c', 'd', 'oneway'],
                  ['d', 'a', 'oneway']],
        'places': {'shelf': ['storage', 'a'], 'dock': ['station', 'c'],
                   'plug': ['charger', 'b']}})


def world(*nodes, **options):
    """Return a world with robots at nodes of the small site."""
    placement = [(f'r{i + 1:03d}', node) for i, node in enumerate(nodes or (0,))]
    return World(small_site(), placement, ROBOT, seed=1,
                 options=WorldOptions(pose_noise_m=0.0, step_s=0.01, **options))


def drive(made, motion, seconds, robot=0):
    """Command one velocity at 10 Hz for a while."""
    for _ in range(round(seconds * 10)):
        made.command(robot, motion)
        made.step(0.1)


def test_robots_start_facing_the_way_out():
    made = world(0, 1)
    assert made.yaw.tolist() == pytest.approx([0.0, pi / 2])
    assert (made.x[1], made.y[1]) == (20.0, 0.0)


def test_two_robots_on_one_node_are_refused():
    with pytest.raises(SiteError):
        world(0, 0)


def test_a_command_acts_after_its_delay_and_within_the_limits():
    made = world()
    made.command(0, Motion(1.5, 0.0))
    made.step(ROBOT.actuation_delay_s - 0.01)
    assert made.v[0] == 0.0
    for _ in range(50):
        made.command(0, Motion(9.0, 0.0))
        before = made.v[0]
        made.step(0.01)
        assert made.v[0] - before <= ROBOT.acceleration_mps2 * 0.01 + 1e-9


def test_a_silent_computer_stops_the_base_within_the_stop_distance():
    made = world()
    drive(made, Motion(1.5, 0.0), 3.0)
    assert made.v[0] == pytest.approx(1.5)
    made.drain()
    start = made.x[0]
    made.step(0.05)
    made.step(3.0)
    assert made.v[0] == 0.0
    bound = 1.5 * ROBOT.react_s + ROBOT.brake_distance_m
    assert made.x[0] - start <= bound + 0.02
    assert [h.kind for h in made.drain()] == ['watchdog', 'rests']


def test_a_late_world_obeys_when_the_command_was_sent_for():
    made = world()
    made.step(1.0)
    made.command(0, Motion(1.0, 0.0), sent_s=0.5)
    made.step(0.02)
    assert made.v[0] == pytest.approx(0.0)  # over already: the watchdog ran out at 0.80 s
    made.command(0, Motion(1.0, 0.0), sent_s=1.1)
    made.step(0.1)
    assert made.v[0] == 0.0
    made.step(0.1)
    assert made.v[0] > 0.0


def test_turning_while_driving_follows_an_arc():
    made = world()
    drive(made, Motion(1.0, 0.0), 3.0)
    drive(made, Motion(1.0, 0.5), 2.0)
    x, y, yaw = made.x[0], made.y[0], made.yaw[0]
    drive(made, Motion(1.0, 0.5), 1.0)
    radius = 2.0
    assert made.x[0] - x == pytest.approx(radius * (sin(yaw + 0.5) - sin(yaw)), abs=0.01)
    assert made.y[0] - y == pytest.approx(radius * (cos(yaw) - cos(yaw + 0.5)), abs=0.01)


def test_the_same_seed_gives_the_same_world():
    def end():
        made = World(small_site(), [('r001', 0), ('r002', 2)], ROBOT, seed=7)
        drive(made, Motion(1.0, 0.3), 2.0)
        return made.odometry(0), made.odometry(1), made.battery.tolist()
    assert end() == end()


def test_odometry_errs_within_its_bound():
    made = World(small_site(), [('r001', 0)], ROBOT, options=WorldOptions(pose_noise_m=0.03))
    errors = []
    for _ in range(200):
        made.step(0.1)
        pose = made.odometry(0).pose
        errors += [pose.x_m - made.x[0], pose.y_m - made.y[0]]
    assert 0.02 < max(map(abs, errors)) <= 0.03


def request(action, action_id='x1', order='o1', place=''):
    """Return a load request."""
    return LoadRequest(action_id, action, order, place)


def test_a_pick_takes_its_time_and_a_repeated_request_starts_nothing():
    made = world(pick_s=5.0)
    made.request_load(0, request(LoadAction.PICK, place='shelf'))
    made.step(4.9)
    made.request_load(0, request(LoadAction.PICK, place='shelf'))
    assert made.load(0).status == LoadStatus.RUNNING and not made.load(0).carrying
    made.step(0.2)
    reading = made.load(0)
    assert reading.status == LoadStatus.DONE and reading.carrying and reading.load_mass_kg > 1
    made.request_load(0, request(LoadAction.PICK, place='shelf'))
    made.step(6.0)
    assert made.truth.picks == {'o1': 1}
    assert [h.kind for h in made.drain() if h.order] == ['pick_started', 'pick']


@pytest.mark.parametrize('action, place, reason', [
    (LoadAction.PICK, 'dock', 'not at dock'), (LoadAction.PICK, 'nowhere', 'not at nowhere'),
    (LoadAction.DROP, 'shelf', 'no load')])
def test_what_cannot_be_done_fails_with_a_reason(action, place, reason):
    made = world()
    made.request_load(0, request(action, place=place))
    assert made.load(0).status == LoadStatus.FAILED and reason in made.load(0).reason
    assert not made.truth.picks and not made.truth.drops


def test_a_robot_that_carries_cannot_pick_again_until_it_dropped():
    made = world(pick_s=1.0, drop_s=1.0)
    for number, (action, status) in enumerate([
            (LoadAction.PICK, LoadStatus.DONE), (LoadAction.PICK, LoadStatus.FAILED),
            (LoadAction.DROP, LoadStatus.DONE), (LoadAction.DROP, LoadStatus.FAILED)]):
        made.request_load(0, request(action, f'x{number}'))
        made.step(1.5)
        assert made.load(0).status == status
    assert not made.load(0).carrying


def test_a_running_action_can_be_cancelled():
    made = world()
    made.request_load(0, request(LoadAction.PICK))
    made.request_load(0, request(LoadAction.CANCEL, 'x2'))
    made.step(9.0)
    assert made.load(0).status == LoadStatus.CANCELLED and not made.load(0).carrying


def test_an_inspection_takes_its_time_and_is_noted():
    made = world(inspect_s=2.0)
    made.request_load(0, request(LoadAction.INSPECT, place='shelf'))
    made.step(1.0)
    assert made.load(0).status == LoadStatus.RUNNING
    made.step(1.5)
    assert made.load(0).status == LoadStatus.DONE and not made.load(0).carrying
    assert [(h.kind, h.place) for h in made.drain() if h.place] == [('inspect', 'shelf')]


def test_charging_fills_the_battery_and_driving_empties_it():
    made = world(drive_hours=0.01, charge_hours=0.01)
    before = made.battery[0]
    drive(made, Motion(1.0, 0.0), 5.0)
    assert made.battery[0] < before - 0.1
    made.request_load(0, request(LoadAction.CHARGE))
    made.step(40.0)
    assert made.battery[0] > 0.99 and made.load(0).status == LoadStatus.DONE


def ranges_by_hand(boxes, circles, radius, x, y, angle, reach):
    """Return one range by walking along the beam in small steps."""
    for step in range(int(reach / 0.005)):
        far = step * 0.005
        px, py = x + far * cos(angle), y + far * sin(angle)
        if any(x0 <= px <= x1 and y0 <= py <= y1 for x0, y0, x1, y1 in boxes):
            return far
        if any(hypot(px - cx, py - cy) <= radius for cx, cy in circles):
            return far
    return inf


def test_scans_agree_with_walking_along_each_beam():
    rng = np.random.default_rng(4)
    boxes = [(2.0, 1.0, 4.0, 3.0), (-5.0, -2.0, -3.0, -1.0), (0.0, -6.0, 1.0, -4.0)]
    x, y = rng.uniform(-4, 4, 6), rng.uniform(-4, 4, 6) - 9.0
    x[0], y[0] = 0.0, 0.0
    x[1], y[1] = 3.0, -3.0
    yaw = rng.uniform(-pi, pi, 6)
    scanner = Scanner(boxes, 0.75, 36, 8.0)
    found = scanner.ranges(x, y, yaw, [0])[0]
    circles = list(zip(x[1:], y[1:]))
    for beam in range(36):
        angle = yaw[0] + scanner.angle_min_rad + beam * scanner.angle_step_rad
        expected = ranges_by_hand(boxes, circles, 0.75, 0.0, 0.0, angle, 8.0)
        if expected < 7.9 or found[beam] < 7.9:
            # A beam that grazes a corner may be told apart by the length of a step.
            grazed = abs(expected - found[beam]) > 0.02 and abs(
                ranges_by_hand(boxes, circles, 0.75, 0.0, 0.0, angle + 1e-3, 8.0)
                - ranges_by_hand(boxes, circles, 0.75, 0.0, 0.0, angle - 1e-3, 8.0)) > 0.02
            assert grazed or found[beam] == pytest.approx(expected, abs=0.02)


def test_scans_of_some_robots_equal_those_of_all():
    site = load_site(CONFIG)
    made = World(site, site.place_robots(30), ROBOT, seed=2)
    some = made.scans([3, 7, 21])
    assert np.array_equal(some, made.scans()[[3, 7, 21]])
    assert some.shape == (3, 72) and np.isfinite(some).any()


def test_a_robot_put_elsewhere_stands_there():
    made = world()
    drive(made, Motion(1.0, 0.0), 2.0)
    made.put(0, Pose(5.0, 5.0, 1.0))
    assert (made.x[0], made.y[0], made.yaw[0], made.v[0]) == (5.0, 5.0, 1.0, 0.0)
