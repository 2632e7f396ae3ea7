# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""How bodies move: what every backend promises, and what wheels, masses and contacts add."""

from math import hypot, pi
from pathlib import Path
import sys

import numpy as np
import pytest
from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.sim.cameras import Camera, Look, NoPicture, View
from robot_swarm_orch.sim.checks import OverlapJudge
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.sim.mujoco_model import load_mujoco, NoPhysics
from robot_swarm_orch.sim.obstacles import Obstacle
from robot_swarm_orch.sim.physics import PHYSICS
from robot_swarm_orch.sim.world import World, WorldOptions
from robot_swarm_orch.site import load_site
from robot_swarm_orch.site.lock_sets import point_segment_m
from robot_swarm_orch.types import LoadAction, LoadRequest, Mode, Motion, Pose, Reason

CONFIG = Path(__file__).resolve().parents[2] / 'config' / 'site.yaml'
ROBOT = RobotConfig()


def have_mujoco():
    """Skip where MuJoCo is not installed."""
    try:
        load_mujoco()  # a plain import would settle that nothing can be drawn in this process
    except NoPhysics as error:
        pytest.skip(str(error))


@pytest.fixture(params=sorted(PHYSICS))
def physics(request):
    """Return the name of each backend in turn."""
    if request.param == 'mujoco':
        have_mujoco()
    return request.param


def lane_site(racks=()):
    """Return a long straight lane and a way back."""
    return load_site({
        'nodes': {'a': [0, 0], 'b': [30, 0], 'c': [30, 10], 'd': [0, 10]},
        'edges': [['a', 'b', 'oneway'], ['b', 'c', 'oneway'], ['c', 'd', 'oneway'],
                  ['d', 'a', 'oneway']],
        'places': {'shelf': ['storage', 'a'], 'dock': ['station', 'c']},
        'racks': list(racks)})


def world(physics, count=1, racks=(), config=ROBOT, **options):
    """Return a world whose first robot stands at the start of the lane."""
    placement = [(f'r{i + 1:03d}', i) for i in range(count)]
    options = {'pose_noise_m': 0.0, 'wheel_error_ratio': 0.0, **options}
    return World(lane_site(racks), placement, config, seed=3,
                 options=WorldOptions(physics=physics, **options))


def drive(made, motion, seconds, robot=0, step_s=0.02):
    """Command one velocity at 10 Hz for a while."""
    for number in range(round(seconds / step_s)):
        if number % round(0.1 / step_s) == 0:
            made.command(robot, motion)
        made.step(step_s)


# What every backend promises

def test_a_base_obeys_after_its_delay_and_within_its_limits(physics):
    made = world(physics)
    made.command(0, Motion(1.5, 0.0))
    made.step(ROBOT.actuation_delay_s - 0.01)
    assert made.v[0] == pytest.approx(0.0, abs=1e-6)
    speeds = []
    for _ in range(100):
        made.command(0, Motion(9.0, 0.0))
        made.step(0.02)
        speeds.append(float(made.v[0]))
    assert np.diff(speeds[5:]).max() <= ROBOT.acceleration_mps2 * 0.02 * 1.02
    assert speeds[-1] > 1.9


def test_a_silent_computer_stops_the_base_within_the_stop_distance(physics):
    made = world(physics)
    drive(made, Motion(1.5, 0.0), 3.0)
    assert made.v[0] == pytest.approx(1.5, abs=0.01)
    made.drain()
    start = made.x[0]
    made.step(4.0)
    assert made.v[0] == pytest.approx(0.0, abs=0.01)
    assert made.x[0] - start <= 1.5 * ROBOT.react_s + ROBOT.brake_distance_m + 0.02
    assert [h.kind for h in made.drain()] == ['watchdog', 'rests']


def test_a_turn_on_the_spot_ends_at_the_angle_asked_for(physics):
    made = world(physics)
    drive(made, Motion(0.0, 1.0), 2.0)
    drive(made, Motion(0.0, 0.0), 1.0)
    assert made.yaw[0] == pytest.approx(2.0, abs=0.01)
    assert hypot(made.x[0], made.y[0]) < 0.005


def test_the_same_seed_gives_the_same_run(physics):
    def end():
        made = world(physics, 2, slippery_patches=50, wheel_error_ratio=0.01)
        drive(made, Motion(1.2, 0.2), 3.0)
        drive(made, Motion(0.4, -0.5), 1.0, robot=1)
        return made.odometry(0), made.wheel_odometry(0), made.odometry(1), made.battery.tolist()
    assert end() == end()


def test_a_robot_put_elsewhere_stands_there(physics):
    made = world(physics)
    drive(made, Motion(1.0, 0.0), 1.0)
    made.put(0, Pose(5.0, 4.0, 1.0))
    assert (made.x[0], made.y[0], made.v[0]) == (5.0, 4.0, 0.0)
    assert made.yaw[0] == pytest.approx(1.0)


def test_odometry_of_wheels_that_roll_agrees_with_the_way(physics):
    made = world(physics)
    drive(made, Motion(1.0, 0.3), 4.0)
    said = made.wheel_odometry(0).pose
    assert hypot(said.x_m - made.x[0], said.y_m - made.y[0]) < 0.02
    assert made.truth.driven_m == pytest.approx(4.0 - 0.55, abs=0.05)


def test_physics_that_nobody_knows_is_refused():
    with pytest.raises(ConfigError, match='kinematic or mujoco'):
        WorldOptions(physics='billiards')


def test_without_mujoco_the_way_to_get_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'mujoco', None)
    with pytest.raises(ConfigError, match='pip install mujoco'):
        world('mujoco')


def test_nobody_can_push_what_has_no_mass():
    with pytest.raises(ConfigError, match='choose the physics mujoco'):
        world('kinematic').push(0, (100.0, 0.0), 1.0)


# What wheels, masses and contacts add

@pytest.mark.parametrize('load_kg', [0.0, 300.0])
@pytest.mark.parametrize('oil', [False, True], ids=['clean', 'oil under one wheel'])
def test_a_base_brakes_as_it_vouches_for(load_kg, oil):
    have_mujoco()
    made = world('mujoco')
    made.bodies.carry([load_kg])
    drive(made, Motion(1.5, 0.0), 3.0)
    speed, start = float(made.v[0]), float(made.x[0])
    if oil:
        left_m = 0.5 * 0.8 * ROBOT.footprint_radius_m
        made.bodies.spill([(start + 0.2 * i, left_m) for i in range(12)])
    drive(made, Motion(0.0, 0.0), 3.0)
    bound = speed * ROBOT.actuation_delay_s + speed ** 2 / (2.0 * ROBOT.brake_mps2)
    assert made.x[0] - start <= bound + 0.03
    assert abs(made.v[0]) < 0.01


def test_wheels_that_slip_report_a_way_that_nobody_went():
    have_mujoco()
    made = world('mujoco', slippery_friction=0.02)
    made.bodies.spill([(x, y) for x in np.arange(-1.0, 4.0, 0.2) for y in (-0.3, 0.3)])
    drive(made, Motion(1.5, 0.0), 2.0)
    said = made.wheel_odometry(0)
    assert said.pose.x_m > made.x[0] + 0.5
    assert said.motion.speed_mps > made.v[0] + 0.5
    assert made.odometry(0).pose.x_m == pytest.approx(made.x[0])


def test_unequal_wheels_make_a_base_veer():
    have_mujoco()
    made = world('mujoco', wheel_error_ratio=0.02)
    drive(made, Motion(1.0, 0.0), 5.0)
    assert abs(made.y[0]) > 0.1
    assert abs(made.wheel_odometry(0).pose.y_m) < 0.02


def test_a_robot_driven_into_another_one_pushes_it_and_the_judge_says_so():
    have_mujoco()
    made = world('mujoco', 2)
    made.put(1, Pose(4.0, 0.05, pi / 2))
    judge = OverlapJudge(made.robots, ROBOT.footprint_radius_m)
    for _ in range(60):
        drive(made, Motion(1.5, 0.0), 0.1)
        judge.feed(made.time_s, made.x, made.y)
    assert len(judge.violations) >= 1 and 'r001 and r002 overlap' in judge.violations[0]
    assert made.x[1] > 4.3
    gap = hypot(made.x[1] - made.x[0], made.y[1] - made.y[0]) - 2.0 * ROBOT.footprint_radius_m
    assert gap > -0.1  # they do not pass through each other


def test_a_rack_stops_a_robot():
    have_mujoco()
    made = world('mujoco', racks=[[8.0, 3.0, 9.0, 7.0]])
    made.put(0, Pose(3.0, 5.0, 0.0))
    drive(made, Motion(1.5, 0.0), 9.0)
    assert 7.0 < made.x[0] < 8.0 - ROBOT.footprint_radius_m + 0.1
    assert made.wheel_odometry(0).pose.x_m > made.x[0] - 3.0 + 1.0  # the wheels go on turning


def test_an_obstacle_stops_a_robot_while_it_is_there():
    have_mujoco()
    made = world('mujoco')
    made.obstacles = (Obstacle(4.0, 0.0, 0.5, 'box', 0.0, 5.0),)
    drive(made, Motion(1.0, 0.0), 4.5)
    assert made.x[0] < 4.0 - 0.5 - ROBOT.footprint_radius_m + 0.1
    assert 'touches' in [h.kind for h in made.drain()]
    drive(made, Motion(1.0, 0.0), 4.5)
    assert made.x[0] > 5.0


def test_an_obstacle_that_appears_in_a_robot_does_not_fling_it_away():
    have_mujoco()
    made = world('mujoco')
    made.obstacles = (Obstacle(0.3, 0.0, 0.5, 'box'),)
    made.step(1.0)
    assert hypot(made.x[0], made.y[0]) < 0.01
    drive(made, Motion(-1.0, 0.0), 3.0)
    drive(made, Motion(1.0, 0.0), 4.0)
    assert made.x[0] < 0.3 - 0.5 - ROBOT.footprint_radius_m + 0.1  # once gone, it is in the way


def test_more_obstacles_than_the_model_has_room_for_are_refused():
    have_mujoco()
    made = world('mujoco')
    made.obstacles = tuple(Obstacle(float(i), 5.0, 0.1) for i in range(40))
    with pytest.raises(ConfigError, match='at most 32'):
        made.step(0.02)


def test_a_load_makes_a_robot_harder_to_push():
    have_mujoco()
    ways = []
    for loads in (0, 1):
        made = world('mujoco', pick_s=0.1)
        if loads:
            made.request_load(0, LoadRequest('x1', LoadAction.PICK, 'o1', 'shelf'))
        made.step(0.2)
        made.push(0, (0.0, 1500.0), 0.5)
        made.step(3.0)
        ways.append(float(made.y[0]))
    assert ways[0] > 0.2 and ways[1] < 0.8 * ways[0]


def test_cameras_show_where_bodies_were_pushed_to():
    have_mujoco()
    made = world('mujoco', 2)
    made.put(1, Pose(5.0, 0.0, 0.0))
    try:
        camera = Camera(made.site, look=Look(noise=0.0))
    except NoPicture as error:
        pytest.skip(str(error)[:200])

    def seen():
        other = Pose(float(made.x[1]), float(made.y[1]), float(made.yaw[1]))
        return camera.picture(Pose(0.0, 0.0, 0.0), View(((other, False),))).astype(int)
    before = seen()
    assert np.abs(before - seen()).max() == 0
    made.push(1, (0.0, 2500.0), 0.6)
    made.step(2.0)
    assert made.y[1] > 0.5
    assert (np.abs(before - seen()).max(axis=2) > 30).sum() > 100
    camera.close()


# With real agents

@pytest.fixture(scope='module')
def warehouse():
    """Return the demo's site and a planner for it."""
    site = load_site(CONFIG)
    return site, Planner(site, ROBOT)


def fleet_of(robots, seed, warehouse, **options):
    """Return a fleet of real agents in a physical warehouse."""
    have_mujoco()
    site, planner = warehouse
    options = {'physics': 'mujoco', **options}
    return Cluster(site, robots, seed, ClusterOptions(world=WorldOptions(**options)), planner)


def off_lanes_m(fleet):
    """Return how far the middle of a robot is from the nearest lane, at most."""
    site = fleet.site
    ends = np.array([(a, b) for a in range(site.real_count) for b in site.successors[a]]).T
    starts, ends = site.xy[ends[0]], site.xy[ends[1]]
    return max(float(point_segment_m(np.array(at), starts, ends).min())
               for at in zip(fleet.world.x, fleet.world.y))


def test_a_fleet_on_a_greasy_floor_touches_nothing_and_stays_inside_its_nodes(warehouse):
    fleet = fleet_of(5, 5, warehouse, slippery_patches=600)
    slip_mps = off_m = 0.0
    for _ in range(150):
        fleet.run(0.1)
        bodies = fleet.world.bodies
        slip_mps = max(slip_mps, float(np.abs(bodies.wheel_v - bodies.v).max()))
        off_m = max(off_m, off_lanes_m(fleet))
    assert fleet.judges.violations() == []
    assert slip_mps > 0.02
    assert off_m < ROBOT.position_error_m
    assert fleet.world.truth.driven_m > 40.0


def test_a_robot_pushed_off_its_nodes_stops_for_its_pose(warehouse):
    fleet = fleet_of(2, 2, warehouse)
    robot = fleet.robots['r001']
    fleet.run(30.0, until=lambda: fleet.world.v[robot.index] > 1.0)
    assert fleet.world.v[robot.index] > 1.0
    yaw = fleet.world.yaw[robot.index]
    fleet.world.push(robot.index, (-2500.0 * np.sin(yaw), 2500.0 * np.cos(yaw)), 0.6)
    reasons = set()
    for _ in range(50):
        fleet.run(0.1)
        reasons.add(robot.agent.safety.reason)
    assert Reason.POSE in reasons
    assert robot.agent.safety.stopped and abs(fleet.world.v[robot.index]) < 0.02
    assert any('r001' in text for text in fleet.judges.inside.violations)


@pytest.mark.slow
def test_twenty_robots_work_as_well_on_wheels_as_on_rails(warehouse):
    done = {}
    for physics, patches in (('kinematic', 0), ('mujoco', 400)):
        fleet = fleet_of(20, 1, warehouse, physics=physics, slippery_patches=patches)
        for _ in range(240):
            fleet.run(1.0)
            assert off_lanes_m(fleet) < ROBOT.position_error_m
        assert fleet.judges.violations() == []
        assert not fleet.stuck()
        assert {robot.report.mode for robot in fleet.robots.values()} == {Mode.AUTOMATIC}
        done[physics] = len(fleet.client.done_s)
    assert done['mujoco'] >= 0.9 * done['kinematic'] > 0
