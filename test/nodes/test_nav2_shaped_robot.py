# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A robot that offers only what a Nav2 robot offers works beside a simulated one, on real DDS."""

import importlib.util
from math import hypot
import os
from pathlib import Path
import subprocess
import sys

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from geometry_msgs.msg import PoseWithCovarianceStamped  # noqa: E402,I100
from robot_swarm_orch import bringup  # noqa: E402
from robot_swarm_orch.srv import Operate  # noqa: E402
from robot_swarm_orch.types import Mode, Order, OrderKind, OrderState  # noqa: E402
import yaml  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))
from fleet_rig import Fleet, Watcher  # noqa: E402,I100

pytestmark = pytest.mark.dds

EXAMPLE = Path(__file__).resolve().parents[2] / 'examples' / 'nav2_shaped_robot.py'
# AMCL vouches for less than a simulation does; the robot is smaller than the site allows for.
ROBOT = {'footprint_radius_m': 0.3, 'position_error_m': 0.25}
HAS_LAUNCH = all(importlib.util.find_spec(name) for name in ('ros2launch', 'launch_ros'))


class MixedFleet(Fleet):
    """A coordinator, a simulated robot r001, and r101 by the ordinary robot bring-up."""

    def __init__(self, folder):
        """Prepare all; nothing runs yet."""
        super().__init__(folder, robots=1)
        taken = {node for _, node in self.site.place_robots(1)}
        self.node = next(node for node in (self.site.places['park_1'].node,
                                           self.site.places['park_2'].node) if node not in taken)

    def start_robot(self):
        """Switch r101 on: its base, laser and localisation."""
        x, y = map(float, self.site.xy[self.node])
        environment = bringup.one_host_environment(os.environ, self.domain)
        with open(self.folder / 'robot.log', 'w') as log:
            self.processes['robot'] = subprocess.Popen(
                [sys.executable, str(EXAMPLE), '--ros-args', '-r', '__ns:=/r101', '-p', f'x:={x}',
                 '-p', f'y:={y}', '-p', 'yaw:=1.5708'], env=environment, stdout=log,
                stderr=subprocess.STDOUT)

    def start_edge(self):
        """Start its edge node: by the launch file where there is launch, else by bringup."""
        if HAS_LAUNCH:
            self.launch_edge()
            return
        plan = bringup.FleetPlan(
            site_file=self.plan.site_file, data_dir=str(self.folder), robots=('r101',),
            coordinators=(), remappings=(('pose', 'amcl_pose'),), robot_parameters=ROBOT,
            edge_parameters={'pose_source': 'pose'})
        spec, = bringup.processes(plan)
        self.run('edge_r101', spec.executable,
                 spec.arguments(bringup.write_parameters(spec, self.folder)))

    def launch_edge(self):
        """Start it by `ros2 launch robot.launch.py`, as on a robot."""
        file = self.folder / 'r101.yaml'
        file.write_text(yaml.safe_dump({'/**': {'ros__parameters': ROBOT}}))
        environment = dict(bringup.one_host_environment(os.environ, self.domain),
                           ROS_LOG_DIR=str(self.folder / 'log'))
        with open(self.folder / 'edge_r101.log', 'w') as log:
            self.processes['edge_r101'] = subprocess.Popen(
                [sys.executable, '-c', 'import sys; from ros2cli.cli import main; '
                 'sys.exit(main())', 'launch', 'robot_swarm_orch', 'robot.launch.py',
                 'robot_id:=r101', 'pose_source:=pose', 'pose_topic:=amcl_pose',
                 f'site:={self.plan.site_file}', f'params_file:={file}',
                 f'data_dir:={self.folder}'], env=environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT)


@pytest.fixture
def fleet(tmp_path):
    """Return a running fleet."""
    made = MixedFleet(tmp_path)
    try:
        made.start()
        made.start_robot()
        made.start_edge()
        yield made
    finally:
        made.close()


@pytest.fixture
def watcher(fleet):
    """Return a client of the fleet."""
    made = Watcher(fleet)
    yield made
    made.close()


def in_automatic(watcher):
    """Return the robots that are in automatic mode."""
    return {robot for robot, report in watcher.reports.items() if report.mode == Mode.AUTOMATIC}


def gap_m(watcher):
    """Return the distance between the bodies of both robots, as they report them."""
    first, second = (watcher.reports[robot] for robot in ('r001', 'r101'))
    return (hypot(first.pose.x_m - second.pose.x_m, first.pose.y_m - second.pose.y_m)
            - first.footprint_radius_m - second.footprint_radius_m)


def test_a_nav2_shaped_robot_joins_and_does_orders_beside_a_simulated_one(fleet, watcher):
    """Told where it is, enrolled there, it drives by AMCL's pose and drifting odometry."""
    told = watcher.node.create_publisher(PoseWithCovarianceStamped, '/r101/initialpose', 1)
    watcher.until(lambda: 'r101' in watcher.reports
                  and watcher.reports['r101'].mode == Mode.JOINING
                  and watcher.reports['r101'].pose_error_m < ROBOT['position_error_m'],
                  'the robot knows where it is',
                  lambda: told.publish(PoseWithCovarianceStamped()))
    answer = watcher.call(Operate, '/fleet/ring/operate', Operate.Request(
        verb=Operate.Request.ENROL, robot_id='r101', node=fleet.node, operator_id='tester'))
    assert answer.done, answer.reason
    watcher.until(lambda: in_automatic(watcher) == {'r001', 'r101'}, 'both robots have joined')
    gaps = []

    def done(*names):
        gaps.append(gap_m(watcher))
        last = [watcher.statuses[name][-1].state for name in names if name in watcher.statuses]
        return len(last) == len(names) and set(last) == {OrderState.DONE}

    for names, places in ((('first', 'second'), ('shelf', 'desk')),
                          (('third', 'fourth'), ('park_1', 'park_2'))):
        orders = [Order(name, '', OrderKind.GO, '', place)
                  for name, place in zip(names, places)]

        def hand_in(orders=orders):
            for order in orders:
                watcher.orders.send(watcher.wire.write_order(order))
        watcher.until(lambda names=names: done(*names), f'{names} are done', hand_in)
    robots = {statuses[-1].robot for statuses in watcher.statuses.values()}
    assert robots == {'r001', 'r101'}
    assert min(gaps) > 0.0, min(gaps)
