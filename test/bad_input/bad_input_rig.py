# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Real processes that are given bad input, and a base that a test plays, with faults on demand."""

from dataclasses import replace
from math import cos, sin
from pathlib import Path
import sys
import time

from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry
from robot_swarm_orch import bringup
from robot_swarm_orch.msg import LoadCommand, LoadState, SafetyState
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import Inbox, profile, Traffic
from robot_swarm_orch.types import Order, OrderKind, OrderState, Reason
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, LaserScan

sys.path.insert(0, str(Path(__file__).parent.parent / 'nodes'))
from fleet_rig import Fleet, Watcher  # noqa: E402,I100

ENDED = (OrderState.DONE, OrderState.FAILED, OrderState.CANCELLED)
STEP_S = 0.05
WATCHDOG_S = 0.25
ACCELERATION_MPS2 = 1.0
BEAMS = 72


def metres_apart(one, two):
    """Return the distance of two (x, y) [m]."""
    return ((one[0] - two[0]) ** 2 + (one[1] - two[1]) ** 2) ** 0.5


def planned_fleet(folder, **changes):
    """Return a Fleet whose plan has some fields changed."""
    fleet = Fleet(folder)
    fleet.plan = replace(fleet.plan, **{'simulate': False, 'robots': (), 'truth_path': '',
                                        'sim_parameters': {}, **changes})
    return fleet


def run_again(fleet, name, as_name, **parameters):
    """Start another process of a planned one, with some parameters changed, under a new name."""
    spec, = (spec for spec in bringup.processes(fleet.plan) if spec.name == name)
    spec = replace(spec, name=as_name, node=spec.node_name,
                   parameters={**spec.parameters, **parameters})
    return fleet.run(as_name, spec.executable, spec.arguments(
        bringup.write_parameters(spec, fleet.folder)))


def said_within(fleet, name, words, patience_s=20.0):
    """Wait until a process has said all of some words; return what it said."""
    end_s = time.monotonic() + patience_s
    while True:
        said = fleet.said(name)
        if all(word in said for word in words):
            return said
        assert time.monotonic() < end_s, f'{name} did not say {words} but:\n{said}'
        time.sleep(0.02)


class Base:
    """
    The hardware of one robot: wheels, odometry, laser and payload device, as on real topics.

    spoil_odometry and spoil_scan change a message before it leaves, or return None to be silent.
    offset_s: how far the clock that everybody reads is set from the real one [s].
    """

    def __init__(self, node, robot, x_m, y_m, yaw_rad):
        """Stand at a place."""
        def publisher(topic, message):
            return node.create_publisher(message, f'/{robot}/{topic.key}', profile(topic))

        def inbox(topic, message):
            return Inbox(node, message, f'/{robot}/{topic.key}', profile(topic, 'subscription'),
                         Traffic())
        self.robot, self.x_m, self.y_m, self.yaw_rad = robot, x_m, y_m, yaw_rad
        self.speed_mps = self.rate_radps = 0.0
        self.offset_s = 0.0
        self.driven_m = 0.0
        self.safety = []
        self.loads = []
        self.spoil_odometry = self.spoil_scan = lambda msg: msg
        self._clock_out = node.create_publisher(Clock, '/clock', profile(topics.CLOCK))
        self._odom_out = publisher(topics.ODOM, Odometry)
        self._scan_out = publisher(topics.SCAN, LaserScan)
        self._load_out = publisher(topics.LOAD_STATE, LoadState)
        self._image_out = node.create_publisher(
            Image, f'/{robot}/{topics.IMAGE.name()}', profile(topics.IMAGE))
        self.image = None  # sent with every scan
        self._cmd_vel_in = inbox(topics.CMD_VEL, TwistStamped)
        self._load_in = inbox(topics.LOAD_COMMAND, LoadCommand)
        self._safety_in = inbox(topics.SAFETY_STATE, SafetyState)
        self._wanted, self._heard_s = (0.0, 0.0), 0.0
        self._stepped_s = time.monotonic()
        self._load = LoadState(robot_id=robot, load_mass=float('nan'))

    def step(self):
        """Let time pass, if it is time: drive, sense and tell."""
        now_s = time.monotonic()
        passed_s = now_s - self._stepped_s
        if passed_s < STEP_S:
            return
        self._stepped_s = now_s
        self._drive(now_s, min(passed_s, 0.2))
        self.safety += [(now_s, Reason(msg.reason), msg.stopped) for msg in self._safety_in.all()]
        clock_s = time.time() + self.offset_s
        stamp = Clock().clock
        stamp.sec, stamp.nanosec = int(clock_s), int(clock_s % 1.0 * 1e9)
        self._clock_out.publish(Clock(clock=stamp))
        self._tell(self._odom_out, self.spoil_odometry(self._odometry(stamp)))
        scan = LaserScan(angle_min=-3.1, angle_increment=0.086, range_max=30.0,
                         ranges=[20.0] * BEAMS)
        scan.header.stamp = stamp
        self._tell(self._scan_out, self.spoil_scan(scan))
        self._tell(self._image_out, self.image)
        self._work()

    @staticmethod
    def _tell(publisher, msg):
        if msg is not None:
            publisher.publish(msg)

    def _drive(self, now_s, passed_s):
        """Ramp to the commanded speed, or to rest when nobody commands."""
        msg = self._cmd_vel_in.newest()
        if msg is not None:
            self._wanted = msg.twist.linear.x, msg.twist.angular.z
            self._heard_s = now_s
        elif now_s - self._heard_s > WATCHDOG_S:
            self._wanted = 0.0, 0.0
        most = ACCELERATION_MPS2 * passed_s
        self.speed_mps += max(-most, min(most, self._wanted[0] - self.speed_mps))
        self.rate_radps += max(-3.0 * most, min(3.0 * most, self._wanted[1] - self.rate_radps))
        self.yaw_rad += self.rate_radps * passed_s
        self.driven_m += abs(self.speed_mps) * passed_s
        self.x_m += self.speed_mps * cos(self.yaw_rad) * passed_s
        self.y_m += self.speed_mps * sin(self.yaw_rad) * passed_s

    def _odometry(self, stamp):
        msg = Odometry()
        msg.header.stamp = stamp
        msg.pose.pose.position.x, msg.pose.pose.position.y = self.x_m, self.y_m
        msg.pose.pose.orientation.z = sin(0.5 * self.yaw_rad)
        msg.pose.pose.orientation.w = cos(0.5 * self.yaw_rad)
        msg.twist.twist.linear.x, msg.twist.twist.angular.z = self.speed_mps, self.rate_radps
        return msg

    def _work(self):
        """Do each load action at once, and once."""
        for msg in self._load_in.all():
            if msg.action_id != self._load.action_id:
                self.loads.append((msg.order_id, msg.action))
                self._load = LoadState(
                    robot_id=self.robot, action_id=msg.action_id, status=LoadState.STATUS_DONE,
                    carrying=msg.action == LoadCommand.ACTION_PICK, load_mass=float('nan'))
        self._load_out.publish(self._load)

    @property
    def stands(self):
        """Return whether the wheels stand still."""
        return self.speed_mps == 0.0


class Stage(Watcher):
    """A watcher that plays a base too whenever it waits, and hands in orders to keep it busy."""

    def __init__(self, fleet, base=None):
        """Open the fleet's topics; `base` is (robot, x, y, yaw) or None."""
        super().__init__(fleet)
        self.base = Base(self.node, *base) if base else None
        self.placed = []
        self.leader = None
        self._views = self.endpoints.inbox(self.node, topics.FLEET_STATUS)

    def hear(self):
        """Take in what was said, and let the base work."""
        super().hear()
        for msg in self._views.all():
            self.leader = msg.leader_id
        if self.base is not None:
            self.base.step()

    def ended(self, order_id):
        """Return whether an order has ended, whichever way."""
        return any(status.state in ENDED for status in self.statuses.get(order_id, ()))

    def place(self):
        """Hand in the next order until it is accepted, unless the last one is still open."""
        if not self.placed or self.ended(self.placed[-1]):
            order_id = f'bad-{len(self.placed) + 1}'
            self.placed.append(order_id)
            order = Order(order_id, '', OrderKind.MOVE, 'shelf', 'desk')
            self.until(lambda: order_id in self.statuses, f'{order_id} was answered',
                       lambda: self.orders.send(self.wire.write_order(order)))

    def until_it_drives(self):
        """Wait until the robot drives at a good pace on an order."""
        def drives():
            if self.ended(self.placed[-1]):
                self.place()
            return self.base.speed_mps > 0.6
        self.place()
        self.until(drives, 'the robot drives')

    def until_it_has_driven(self, way_m, patience_s=20.0):
        """Wait until the robot has driven on for a way [m], whichever orders that takes."""
        from_m = self.base.driven_m
        self.until(lambda: self.base.driven_m > from_m + way_m, f'it drives on by {way_m} m',
                   again=self.place, patience_s=patience_s)

    def until_it_stands(self, reason=None, patience_s=6.0):
        """Wait until the robot stands, for a reason."""
        def stands():
            return self.base.stands and (reason is None or (
                self.base.safety and self.base.safety[-1][1:] == (reason, True)))
        self.until(stands, f'the robot stands for {reason}', patience_s=patience_s)

    def warned(self, node, words, patience_s=10.0):
        """Wait until a node's health warns with all of some words; return the message."""
        def told():
            status = self.health.get(node)
            return (status is not None and status.level != b'\x00'
                    and all(word in status.message for word in words))
        self.until(told, f'{node} warns of {words}', patience_s=patience_s)
        return self.health[node].message
