# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What one robot of a process hears and says, with a made-up agent and no DDS."""

from math import isnan
from types import SimpleNamespace

import pytest

pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from geometry_msgs.msg import TwistStamped  # noqa: E402,I100
from nav_msgs.msg import Odometry as OdometryMsg  # noqa: E402
from rclpy.serialization import deserialize_message, serialize_message  # noqa: E402
from robot_swarm_orch import types as t  # noqa: E402
from robot_swarm_orch.config import RobotConfig  # noqa: E402
from robot_swarm_orch.edge.agent import Outputs  # noqa: E402
from robot_swarm_orch.edge.journal import MemoryJournal  # noqa: E402
from robot_swarm_orch.edge.stop_latch import StopLatch  # noqa: E402
from robot_swarm_orch.errors import StorageError  # noqa: E402
from robot_swarm_orch.metrics import Metrics  # noqa: E402
from robot_swarm_orch.nodes.hosted_robot import HostedRobot, Shared  # noqa: E402
from robot_swarm_orch.nodes.params import EdgeParams  # noqa: E402
from robot_swarm_orch.nodes.robot_wire import fill_odometry, read_motion  # noqa: E402
from robot_swarm_orch.nodes.wire import Wire  # noqa: E402
from robot_swarm_orch.telemetry.event_log import EventLog  # noqa: E402
from sensor_msgs.msg import BatteryState  # noqa: E402


class Inbox:
    """Gives out what a test puts in."""

    def __init__(self):
        self.queue = []

    def all(self):
        queue, self.queue = self.queue, []
        return queue

    def newest(self):
        queue = self.all()
        return queue[-1] if queue else None

    newest_bytes = newest


class Outlet:
    """Keeps what was sent."""

    def __init__(self):
        self.sent = []

    def send(self, msg, *_):
        self.sent.append(msg)


class Endpoints:
    """Makes the two above, by topic key."""

    def __init__(self):
        self.inboxes, self.outlets = {}, {}

    def inbox(self, node, topic, message=None, **parts):
        return self.inboxes.setdefault(topic.key, Inbox())

    def outlet(self, node, topic, message=None, **parts):
        return self.outlets.setdefault(topic.key, Outlet())


class Rig:
    """A hosted robot whose agent answers what `answer` says, after `thinking_s`."""

    thinking_s = 0.0

    def __init__(self):
        self.endpoints, self.wire, self.metrics = Endpoints(), Wire('north', 100), Metrics()
        self.fleet = SimpleNamespace(report=Outlet(), ack=Outlet(), bid=Outlet(),
                                     zones=Outlet())
        self.seen, self.answer, self.now_s = [], Outputs(t.STANDSTILL), 0.0
        self.event_log = EventLog('rig')
        agent = SimpleNamespace(robot='r001', tick=self._tick, config=RobotConfig(),
                                book=SimpleNamespace(mode=t.Mode.AUTOMATIC, boot_id=1))
        self.robot = HostedRobot(
            agent, None, self.endpoints, self.wire, self.metrics, self.fleet,
            EdgeParams(robots=('r001',), pose_source='odom', odom_is_map_pose=True), self)

    def times(self):
        """Return the same time for both clocks."""
        return self.now_s, int(self.now_s * 1e9)

    def _tick(self, inputs):
        self.seen.append(inputs)
        self.now_s += self.thinking_s
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def tick(self, now_s=1.0, **shared):
        """Run one control period and return what the agent was told."""
        known = {'leases': {}, 'stops': (), 'view': None, 'active': True, **shared}
        self.now_s = now_s
        self.robot.tick(Shared(**known))
        return self.seen[-1]

    def put(self, key, msg):
        """Let a message arrive."""
        self.endpoints.inboxes[key].queue.append(msg)

    @property
    def speeds(self):
        """Return the velocities commanded so far."""
        return [read_motion(deserialize_message(data, TwistStamped))
                for data in self.endpoints.outlets['cmd_vel'].sent]


def odometry(x=1.0):
    """Return the bytes of an odometry."""
    msg = fill_odometry(OdometryMsg(), t.Odometry(t.Pose(x, 2.0, 0.5), t.STANDSTILL, 0.0))
    return bytes(serialize_message(msg))


def test_sensors_are_kept_until_something_newer_is_heard():
    """The agent gets the latest known value, and judges its age itself."""
    rig = Rig()
    assert rig.tick().odometry is None
    rig.put('odom', odometry(1.0))
    rig.put('battery_state', BatteryState(percentage=0.5))
    assert rig.tick().odometry.pose.x_m == 1.0
    inputs = rig.tick()
    assert inputs.odometry.pose.x_m == 1.0 and inputs.battery == 0.5


def test_a_sensor_value_that_makes_no_sense_changes_nothing_and_is_counted():
    """The last good odometry ages until the agent stops for it; a bad battery is unknown."""
    rig = Rig()
    rig.put('odom', odometry(1.0))
    rig.tick()
    rig.put('odom', odometry(float('nan')))
    rig.put('battery_state', BatteryState(percentage=85.0))
    inputs = rig.tick()
    assert inputs.odometry.pose.x_m == 1.0 and isnan(inputs.battery)
    assert rig.wire.counters.refused == {'Odometry.pose': 1, 'BatteryState.percentage': 1}


def test_a_report_is_stamped_after_the_grants_that_it_speaks_of_were_read():
    """Stamped earlier, it would claim nodes for a time when another robot still held them."""
    rig = Rig()
    rig.thinking_s = 0.5
    rig.answer = Outputs(t.STANDSTILL, report=t.Report(
        'r001', 7, 1, t.Mode.AUTOMATIC, 5, (1,), (2,), t.Pose(1.0, 2.0, 0.5)))
    stamps = []
    rig.fleet.report.send = lambda msg: stamps.append(msg.header.stamp)
    rig.tick(1.0)
    assert (stamps[0].sec, stamps[0].nanosec) == (1, 500_000_000)


def test_words_reach_the_agent_once_and_only_its_own():
    """A grant to another robot on this robot's topic is refused."""
    rig = Rig()
    mine = t.Grant('r001', 7, 5, 1, 1, 1, (1, 2))
    for robot in ('r001', 'r002'):
        grant = t.Grant(robot, 7, 5, 1, 1, 1, (1, 2))
        rig.put('authority', rig.wire.write_grant(grant))
    assert rig.tick().grants == (mine,)
    assert rig.tick().grants == ()
    assert rig.wire.counters.refused == {'MovementAuthority.robot_id': 1}


def test_stops_of_the_fleet_and_of_the_robot_both_reach_the_agent():
    """In the order fleet, robot."""
    rig = Rig()
    rig.put('robot_stop', rig.wire.write_stop(t.EmergencyStop('panel', 1, True)))
    inputs = rig.tick(stops=(t.EmergencyStop('hall', 3, True),))
    assert [stop.source for stop in inputs.stops] == ['hall', 'panel']


def test_a_tick_that_raises_halts_the_robot_for_good():
    """Zero speed from then on, the reason on safety_state, and the agent is asked no more."""
    rig = Rig()
    rig.answer = Outputs(t.Motion(1.0, 0.0))
    rig.tick()
    rig.answer = ValueError('lost count')
    with pytest.raises(ValueError):
        rig.tick()
    asked = len(rig.seen)
    rig.answer = Outputs(t.Motion(1.0, 0.0))
    rig.tick()
    assert rig.speeds == [t.Motion(1.0, 0.0), t.STANDSTILL, t.STANDSTILL]
    assert len(rig.seen) == asked and 'lost count' in rig.robot.halted
    told = rig.endpoints.outlets['safety_state'].sent[-1]
    assert told.stopped and 'lost count' in told.detail


def test_a_halted_robot_still_writes_an_emergency_stop_down():
    """Whoever starts it again gets a robot that is latched, though its agent hears no more."""
    rig, journal, ticks = Rig(), MemoryJournal(), []
    latch = rig.robot.agent.latch = StopLatch()
    rig.robot.keeping = SimpleNamespace(
        tick=lambda now_s: (ticks.append(len(rig.speeds)), latch.keep(journal, now_s)))
    rig.tick()
    rig.answer = ValueError('lost count')
    with pytest.raises(ValueError):
        rig.tick()
    rig.put('robot_stop', rig.wire.write_stop(t.EmergencyStop('panel', 1, True)))
    rig.tick(stops=(t.EmergencyStop('hall', 3, True),))
    assert latch.by == 'panel' == journal.load().latch.by
    assert ticks == [1, 3]  # each time after the speed was sent


def test_a_latch_that_cannot_be_written_is_a_trouble_for_people():
    """It says which robot, why, and what follows."""
    rig = Rig()
    latch = rig.robot.agent.latch = StopLatch()
    assert rig.robot.troubles(9.0) == []
    latch.hear(t.EmergencyStop('hall', 1, True))
    latch.failed(StorageError('no space left on device'), 9.0)
    (level, words), = rig.robot.troubles(9.0)
    assert level == 2 and words.startswith('r001 cannot write its emergency stop down: no space')


def test_a_stop_is_counted_by_its_reason_when_it_begins():
    """A stop that lasts is one stop; the same reason again after driving is another."""
    rig = Rig()
    stopped = t.Safety(0.0, t.Reason.LEASE, True)
    for safety in (stopped, None, t.Safety(1.0), stopped):
        rig.answer = Outputs(t.STANDSTILL, safety=safety)
        rig.tick()
    assert rig.robot.stops == {'LEASE': 2}
    assert len(rig.endpoints.outlets['safety_state'].sent) == 3


def test_acks_and_load_requests_are_published():
    """What the agent answers goes out in the same tick."""
    rig = Rig()
    ack = t.Ack('r001', 7, 'c-1', '', 1, 1, 1, t.Outcome.ACCEPTED)
    rig.answer = Outputs(t.STANDSTILL, acks=(ack,),
                         load_request=t.LoadRequest('a-1', t.LoadAction.PICK))
    rig.tick()
    assert rig.wire.read_ack(rig.fleet.ack.sent[0]) == ack
    assert rig.endpoints.outlets['load_command'].sent[0].action_id == 'a-1'


def test_a_standing_robot_tells_its_neighbours_less_often_and_a_starting_one_at_once():
    """Twice a second at rest."""
    rig = Rig()

    def state(speed, now_s):
        return t.Peer('r001', 7, 1, t.Mode.AUTOMATIC, t.Pose(0.0, 0.0, 0.0),
                      t.Motion(speed, 0.0), 0.7, (), now_s)
    for step in range(20):
        rig.answer = Outputs(t.STANDSTILL, state=state(0.0, 0.1 * step))
        rig.tick(0.1 * step)
    assert len(rig.fleet.zones.sent) in (4, 5)
    rig.fleet.zones.sent.clear()
    rig.answer = Outputs(t.STANDSTILL, state=state(1.0, 2.01))
    rig.tick(2.01)
    assert len(rig.fleet.zones.sent) == 1
