# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A simulated camera and a real edge process on real DDS: a pallet stops the robot for a while."""

from dataclasses import replace
import json
from pathlib import Path
import sys

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')
pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')

sys.path.insert(0, str(Path(__file__).parent))
from fleet_rig import Fleet, Watcher  # noqa: E402,I100
from rclpy.node import Node  # noqa: E402
from robot_swarm_orch.bringup import default_site_file  # noqa: E402
from robot_swarm_orch.nodes import topics  # noqa: E402
from robot_swarm_orch.nodes.camera_wire import read_detections  # noqa: E402
from robot_swarm_orch.sim.cameras import Camera, NoPicture  # noqa: E402
from robot_swarm_orch.site import load_site  # noqa: E402
from robot_swarm_orch.types import Order, OrderKind, OrderState, Reason  # noqa: E402

pytestmark = pytest.mark.dds

GO_ON_S = 25.0


@pytest.fixture
def drawing():
    """Skip where nothing can be drawn."""
    try:
        Camera(load_site(default_site_file())).close()
    except NoPicture as error:
        pytest.skip(str(error)[:200])


def test_a_robot_stops_before_a_pallet_that_only_its_camera_sees(tmp_path, drawing):
    """It waits in front of it with reason DETECTION, touches nothing, and ends its order after."""
    fleet = Fleet(tmp_path, robots=1)
    # On the street from d to f, which the order leads along, until half a minute has passed.
    fleet.plan = replace(
        fleet.plan, sim_parameters={
            'load_s': 0.5, 'camera_frames_per_s': 10.0,
            'obstacles': [f'6.0 3.6 0.4 pallet 0 {GO_ON_S}']},
        robot_parameters={'camera': True, 'speed_mps': 1.0})
    watcher = Watcher(fleet)
    beside = Node('eye_witness', namespace='/r001', context=watcher.context, enable_rosout=False,
                  start_parameter_services=False)
    detections = watcher.endpoints.inbox(beside, topics.DETECTIONS)
    try:
        fleet.start()
        watcher.until(lambda: 'r001' in watcher.reports, 'the robot reports')
        order = Order('o1', 't1', OrderKind.GO, '', 'desk')
        watcher.until(lambda: watcher.statuses.get('o1'), 'the order is accepted',
                      lambda: watcher.orders.send(watcher.wire.write_order(order)))
        watcher.until(lambda: watcher.reports['r001'].safety == Reason.DETECTION
                      and watcher.reports['r001'].speed_mps < 0.02, 'the robot stands before it')
        pose = watcher.reports['r001'].pose
        words = [read_detections(msg) for msg in detections.all()]
        watcher.until(lambda: watcher.statuses['o1'][-1].state == OrderState.DONE,
                      'the pallet is gone and the order done')
        assert words and all(
            robot == 'r001' and model == 'lane 1' and inference_s < 0.5
            for robot, _, model, inference_s, _ in words)
        assert (pose.x_m - 6.0) ** 2 + (pose.y_m - 3.6) ** 2 > (0.75 + 0.4) ** 2
    finally:
        watcher.close()
        beside.destroy_node()
        fleet.close()
    truth = [json.loads(line) for line in fleet.truth.read_text().splitlines()]
    assert not [event for event in truth if event.get('event') == 'touches']
