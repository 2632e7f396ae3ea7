# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
One robot on real DDS, whose base the test plays: it gets orders, and sensor values that are wrong.

Whatever comes, it stands or drives on safely, says why, and in the end every order was carried out
exactly once.
"""

from collections import Counter
from math import inf, nan
from pathlib import Path
import sys

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from robot_swarm_orch.srv import SubmitOrder  # noqa: E402
from robot_swarm_orch.types import (  # noqa: E402
    LoadAction, Mode, Order, OrderKind, OrderState, Reason)
from sensor_msgs.msg import Image  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))
from bad_input_rig import (  # noqa: E402,I100
    metres_apart, planned_fleet, run_again, Stage)
from fleet_rig import running  # noqa: E402,I100

pytestmark = pytest.mark.dds

HOUR_S = 3600.0
EDGE = '/r001/edge'


@pytest.fixture(scope='module')
def fleet(tmp_path_factory):
    """Return a running coordinator and edge node, which read their time from /clock."""
    made = planned_fleet(
        tmp_path_factory.mktemp('robot'), coordinators=('c1',), robots=('r001',),
        use_sim_time=True,
        edge_parameters={'pose_source': 'odom', 'odom_is_map_pose': True,
                         'camera': True},
        coordinator_parameters={'enrol_count': 1, 'park_after_s': 60.0})
    with running(made):
        yield made


@pytest.fixture(scope='module')
def stage(fleet):
    """Return a client that plays the robot's base, once the robot has joined."""
    (_, node), = fleet.site.place_robots(1)
    x_m, y_m = fleet.site.xy[node]
    made = Stage(fleet, ('r001', float(x_m), float(y_m), 0.0))
    try:
        made.until(lambda: 'r001' in made.reports
                   and made.reports['r001'].mode == Mode.AUTOMATIC, 'the robot has joined')
        yield made
    finally:
        made.close()


def test_an_order_to_an_unknown_place_is_refused_with_the_likely_name(stage):
    """Nothing of it reaches the log; the same id may be used again."""
    order = Order('bad-place', '', OrderKind.MOVE, 'shelf', 'dekc')
    answer = stage.call(SubmitOrder, '/fleet/ring/submit_order',
                        SubmitOrder.Request(order=stage.wire.write_order(order)))
    assert not answer.accepted
    assert answer.status.reason == "unknown place 'dekc': did you mean 'desk'?"


def spoiled_pose(x_m):
    """Return a function that spoils an odometry's x."""
    def spoil(msg):
        msg.pose.pose.position.x += x_m
        return msg
    return spoil


def test_a_pose_of_nan_is_refused_and_the_robot_stands_until_it_has_a_pose(stage):
    """It stands within the time that odometry may be old plus the way to brake."""
    stage.until_it_drives()
    stage.base.spoil_odometry = spoiled_pose(nan)
    stage.until_it_stands(Reason.STALE_ODOM)
    stage.warned(EDGE, ['Odometry.pose', 'nan'])
    stage.base.spoil_odometry = lambda msg: msg
    stage.until_it_drives()


def test_a_pose_that_jumps_is_not_believed_and_nothing_is_given_back(stage):
    """To another part of the floor and back: it stands, keeps its nodes, and drives on."""
    stage.until_it_drives()
    held = set(stage.reports['r001'].held)
    there = stage.base.x_m, stage.base.y_m
    stage.base.spoil_odometry = spoiled_pose(5.0)
    stage.until_it_stands(Reason.POSE)
    assert held & set(stage.reports['r001'].held)
    stage.warned(EDGE, ['r001: its pose jumped by 5.', 'stands until the pose is steady'])
    assert metres_apart(there, (stage.base.x_m, stage.base.y_m)) < 2.0
    stage.base.spoil_odometry = lambda msg: msg
    stage.until_it_drives()


def spoiled_scan(**fields):
    """Return a function that spoils a laser scan."""
    def spoil(msg):
        for name, value in fields.items():
            setattr(msg, name, value)
        return msg
    return spoil


@pytest.mark.parametrize('fields, words', [
    ({'ranges': []}, ['LaserScan.ranges', '0 beams']),
    ({'ranges': [nan] * 72}, ['LaserScan.ranges', 'the laser is blind'])], ids=['empty', 'blind'])
def test_a_scan_that_is_none_is_refused_and_the_robot_stands(stage, fields, words):
    """Nothing seen is not free space."""
    stage.until_it_drives()
    stage.base.spoil_scan = spoiled_scan(**fields)
    stage.until_it_stands(Reason.STALE_SCAN)
    stage.warned(EDGE, words)
    stage.base.spoil_scan = lambda msg: msg
    stage.until_it_drives()


def test_a_scan_of_plus_infinity_is_free_space(stage):
    """By REP-117 it is: nothing within range."""
    stage.until_it_drives()
    heard = len(stage.base.safety)
    stage.base.spoil_scan = spoiled_scan(ranges=[inf] * 72)
    stage.until_it_has_driven(2.0)
    assert Reason.STALE_SCAN not in {reason for _, reason, _ in stage.base.safety[heard:]}
    stage.base.spoil_scan = lambda msg: msg


@pytest.mark.parametrize('fields, words', [
    ({'encoding': 'yuv422_yuy2', 'step': 64, 'data': bytes(32 * 64)},
     ['Image.encoding', 'yuv422_yuy2', 'rgb8']),
    ({'encoding': 'rgb8', 'step': 96, 'data': bytes(96)}, ['Image.data', '96 bytes'])],
    ids=['encoding', 'size'])
def test_an_image_that_the_camera_got_wrong_is_refused_and_harmless(stage, fields, words):
    """Nothing of it reaches the model; a robot that does not need its camera drives on."""
    stage.base.image = Image(height=32, width=32, **fields)
    stage.warned(EDGE, words)
    stage.until_it_drives()
    stage.base.image = None


@pytest.mark.parametrize('step_s', [HOUR_S, 0.0], ids=['forth', 'back'])
def test_a_clock_set_by_an_hour_costs_neither_lease_nor_order(stage, step_s):
    """Leases, silence and consensus live on steady clocks; sensors and stamps move together."""
    stage.until_it_drives()
    before = stage.reports['r001']
    heard = len(stage.base.safety)
    stage.base.offset_s = step_s
    stage.until_it_has_driven(3.0)
    reasons = {reason for _, reason, _ in stage.base.safety[heard:]}
    assert not reasons & {Reason.POSE, Reason.FENCED, Reason.JOINING}, reasons
    after = stage.reports['r001']
    assert after.boot_id == before.boot_id and after.seq > before.seq
    if after.term == before.term:  # else the machine stalled for longer than an election timeout
        assert Reason.LEASE not in reasons


def test_odometry_that_dies_while_the_clock_is_set_back_is_not_taken_for_fresh(stage):
    """Its last stamp then lies in the future for an hour; the robot stands at once."""
    stage.base.offset_s = HOUR_S
    stage.until_it_drives()
    stage.base.spoil_odometry = lambda msg: None
    stage.base.offset_s = 0.0
    stage.until_it_stands(Reason.STALE_ODOM)
    stage.base.spoil_odometry = lambda msg: msg
    stage.until_it_drives()


def test_a_base_whose_clock_differs_is_told_from_a_dead_one(stage):
    """The robot stands and says which clocks to set."""
    def an_hour_ahead(msg):
        stamp = type(msg.header.stamp)(sec=msg.header.stamp.sec + int(HOUR_S),
                                       nanosec=msg.header.stamp.nanosec)
        msg.header.stamp = stamp
        return msg
    stage.until_it_drives()
    stage.base.spoil_odometry = an_hour_ahead
    stage.until_it_stands(Reason.STALE_ODOM)
    stage.warned(EDGE, ['odometry is stamped 3', 'in the future', 'set the clocks'])
    stage.base.spoil_odometry = lambda msg: msg
    stage.until_it_drives()


def test_a_second_robot_of_the_same_name_is_refused_and_both_sides_say_it(fleet, stage, tmp_path):
    """The first one drives on: the second one is silent towards the base that they share."""
    stage.until_it_drives()
    boot_id = stage.reports['r001'].boot_id
    run_again(fleet, 'edge_r001', 'double', data_dir=str(tmp_path))
    stage.until(lambda: "two boots speak as robot 'r001'" in fleet.said('coordinator_c1'),
                'the coordinator says it', again=stage.place, patience_s=20.0)
    stage.until(lambda: 'another process wants to join as r001' in fleet.said('edge_r001'),
                'the first robot says it', again=stage.place, patience_s=10.0)
    stage.until(lambda: 'r001 may not join' in fleet.said('double')
                and 'another boot of it is alive' in fleet.said('double'),
                'the second robot says it', again=stage.place, patience_s=10.0)
    stage.until_it_has_driven(3.0)
    assert fleet.end('double')[0] == 0
    stage.until(lambda: stage.reports['r001'].boot_id == boot_id, 'only the first one is left')
    stage.until_it_drives()


def test_after_all_this_every_order_was_carried_out_exactly_once(fleet, stage):
    """One pick and one drop each, whatever the robot was told meanwhile."""
    if not stage.placed:
        stage.place()
    stage.until(lambda: stage.ended(stage.placed[-1]), 'the last order has ended')
    for order_id in stage.placed:
        assert stage.statuses[order_id][-1].state == OrderState.DONE
    work = Counter(stage.base.loads)
    assert work == {(order_id, int(action)): 1 for order_id in stage.placed
                    for action in (LoadAction.PICK, LoadAction.DROP)}
    for name in list(fleet.processes):
        assert fleet.processes[name].poll() is None, fleet.said(name)
        assert 'Traceback' not in fleet.said(name)
