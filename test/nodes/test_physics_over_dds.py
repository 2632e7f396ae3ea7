# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A robot on wheels that slip, on real DDS: odometry drifts, localisation keeps it on its lane."""

from dataclasses import replace
from importlib.util import find_spec
import json
from pathlib import Path
import sys

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')
if find_spec('mujoco') is None:
    pytest.skip('the physics mujoco needs MuJoCo: python3 -m pip install mujoco',
                allow_module_level=True)
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')

sys.path.insert(0, str(Path(__file__).parent))
from fleet_rig import Fleet, Watcher  # noqa: E402,I100
from rclpy.node import Node  # noqa: E402
from robot_swarm_orch.nodes import topics  # noqa: E402
from robot_swarm_orch.nodes.robot_wire import read_odometry, read_pose  # noqa: E402
from robot_swarm_orch.types import Mode, Order, OrderKind, OrderState  # noqa: E402


@pytest.mark.slow
def test_a_robot_ends_its_order_though_its_wheels_slip(tmp_path):
    """Its odometry is in a frame of its own; the bound on its pose grows only between poses."""
    fleet = Fleet(tmp_path, robots=1)
    fleet.plan = replace(fleet.plan, sim_parameters={
        'load_s': 0.5, 'physics': 'mujoco', 'wheel_odometry': True, 'slippery_patches': 40})
    watcher = Watcher(fleet)
    beside = Node('eye_witness', namespace='/r001', context=watcher.context, enable_rosout=False,
                  start_parameter_services=False)
    odometry = watcher.endpoints.inbox(beside, topics.ODOM)
    poses = watcher.endpoints.inbox(beside, topics.POSE)
    try:
        fleet.start()
        watcher.until(lambda: 'r001' in watcher.reports
                      and watcher.reports['r001'].mode == Mode.AUTOMATIC, 'the robot is under way')
        order = Order('o1', 't1', OrderKind.MOVE, 'shelf', 'desk')
        watcher.until(lambda: watcher.statuses.get('o1'), 'the order is accepted',
                      lambda: watcher.orders.send(watcher.wire.write_order(order)))
        watcher.until(lambda: watcher.statuses['o1'][-1].state == OrderState.DONE, 'it is done')
        said = odometry.all()[-1]
        assert said.header.frame_id == 'r001/odom'
        pose, _, error_m = read_pose(poses.all()[-1])
        report = watcher.reports['r001'].pose
        assert error_m <= 0.02
        assert abs(report.x_m - pose.x_m) + abs(report.y_m - pose.y_m) < 0.2
        drifted = read_odometry(said).pose
        assert abs(drifted.x_m - pose.x_m) + abs(drifted.y_m - pose.y_m) > 0.02
    finally:
        watcher.close()
        beside.destroy_node()
        fleet.close()
    truth = [json.loads(line) for line in fleet.truth.read_text().splitlines()]
    assert not [event for event in truth if event['event'] in ('overlap', 'touches')]
