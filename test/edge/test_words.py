# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""When a robot begins to stand it says how old, how far off, at what, or by whom."""

from dataclasses import replace
from math import nan

from edge_rig import line_site, Rig
import pytest
from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.types import (
    CommandKind, EmergencyStop, LoadReading, LoadStatus, Reason, Sight)

CONFIG = RobotConfig(scan_required=False)


def joined(config=CONFIG, **options):
    """Return a robot that has joined and is free to move."""
    rig = Rig(line_site(), config, 2, **options)
    rig.run(5.0, until=lambda: rig.agent.safety.reason == Reason.NONE)
    return rig


def word(rig, seconds=3.0, **fields):
    """Return the next word of the limiter that demands standstill."""
    end_s = rig.base.now_s + seconds
    while rig.base.now_s < end_s:
        told = rig.tick(**fields).safety
        if told is not None and told.stopped:
            return told
    raise AssertionError(f'the limiter said nothing, but {rig.agent.safety}')


@pytest.mark.parametrize('source, reason, detail', [
    ('kim', 'fire drill', 'kim (fire drill)'), ('kim', '', 'kim'), ('', '', 'somebody')])
def test_an_emergency_stop_says_by_whom(source, reason, detail):
    told = word(joined(), stops=(EmergencyStop(source, 1, True, reason),))
    assert (told.reason, told.detail) == (Reason.EMERGENCY, detail)


def test_a_pose_that_is_not_known_says_how_badly():
    rig = joined()
    told = word(rig, odometry=replace(rig.base.odometry, pose_error_m=0.31))
    assert (told.reason, told.detail) == (Reason.POSE, 'pose error 0.31 m > 0.10 m')


def test_old_odometry_says_how_old():
    rig = joined()
    rig.run(0.3)
    told = word(rig, odometry=rig.base.odometry)
    assert told.reason == Reason.STALE_ODOM and told.detail.endswith(' s old, 0.35 s allowed')


def test_a_required_laser_that_never_spoke_says_so():
    rig = Rig(line_site(), RobotConfig(), 2)
    told = [rig.tick().safety for _ in range(30)]
    assert Reason.STALE_SCAN in {item.reason for item in told if item is not None}
    assert next(item.detail for item in told
                if item is not None and item.reason == Reason.STALE_SCAN) == 'none yet'


def test_a_lost_lease_names_the_last_leader():
    rig = joined()
    rig.leading = False
    told = word(rig)
    assert (told.reason, told.detail) == (Reason.LEASE, 'last leader c1, term 1')


def test_a_frozen_camera_says_that_it_is_frozen():
    rig = Rig(line_site(), replace(CONFIG, camera=True, camera_required=True), 2)
    told = []
    for _ in range(30):
        sight = Sight(rig.base.now_s, False, 0.0, 4.0, None, True)
        told.append(rig.tick(sight=sight).safety)
    assert rig.agent.safety.reason == Reason.STALE_CAMERA
    assert [item.detail for item in told if item is not None
            and item.reason == Reason.STALE_CAMERA] == ['frozen: always the same image']


def test_a_robot_at_work_says_at_what_and_where():
    rig = joined()
    rig.load = LoadReading('', LoadStatus.IDLE, False, nan)
    rig.send(CommandKind.PICK, 2, place='shelf', order_id='o1')
    told = word(rig)
    assert (told.reason, told.detail) == (Reason.PAYLOAD, 'pick at shelf')
