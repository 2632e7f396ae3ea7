# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Polled endpoints hear what was sent, count it, and obey QoS parameters and remappings."""

import time

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
import rclpy  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rclpy.qos import ReliabilityPolicy  # noqa: E402
from robot_swarm_orch.errors import ConfigError  # noqa: E402
from robot_swarm_orch.metrics import Metrics  # noqa: E402
from robot_swarm_orch.nodes import topics  # noqa: E402
from robot_swarm_orch.nodes.endpoints import (  # noqa: E402
    Endpoints, overridden_qos, profile, quiet_node, remappings, Traffic)
from sensor_msgs.msg import BatteryState  # noqa: E402

pytestmark = pytest.mark.dds


@pytest.fixture
def context():
    """Return a context of its own."""
    made = rclpy.Context()
    made.init()
    yield made
    made.try_shutdown()


def host(context, *arguments):
    """Return a node that carries parameters."""
    return Node('host', context=context, enable_rosout=False, start_parameter_services=False,
                cli_args=['--ros-args', *arguments])


def heard(inbox, count, patience_s=20.0):
    """Return messages as soon as there are `count`."""
    messages, end_s = [], time.monotonic() + patience_s
    while len(messages) < count and time.monotonic() < end_s:
        messages += inbox.all()
        time.sleep(0.005)
    return messages


def linked(context, topic):
    """Return (endpoints, outlet, inbox) of a topic that have found each other."""
    node = quiet_node(host(context), 'io', '/r001')
    endpoints = Endpoints(host(context), 'north', Traffic())
    outlet = endpoints.outlet(node, topic, zone='z0', robot='r001')
    inbox = endpoints.inbox(node, topic, zone='z0', robot='r001')
    end_s = time.monotonic() + 20.0
    while not node.count_subscribers(f'/r001/{topic.template}') and time.monotonic() < end_s:
        time.sleep(0.005)
    return endpoints, outlet, inbox


def test_what_was_sent_is_read_later_in_order_and_counted(context):
    """No executor takes part."""
    endpoints, outlet, inbox = linked(context, topics.LOAD_COMMAND)
    for number in range(3):
        outlet.send(topics.LOAD_COMMAND.message(action_id=f'a{number}'))
    assert [msg.action_id for msg in heard(inbox, 3)] == ['a0', 'a1', 'a2']
    assert inbox.newest() is None
    metrics = Metrics()
    endpoints.traffic.tell(metrics)
    assert metrics.counters['messages_sent'] == metrics.counters['messages_received'] == 3
    assert metrics.counters['bytes_sent'] == metrics.counters['bytes_received'] > 100
    assert metrics.counters['endpoints'] == 2
    endpoints.close()
    assert endpoints.traffic.endpoints == 0


def test_endpoints_made_after_the_start_count_as_changes(context):
    """Each costs discovery traffic in the whole fleet."""
    endpoints, outlet, inbox = linked(context, topics.BATTERY_STATE)
    endpoints.traffic.settled = True
    endpoints.drop(inbox)
    assert (endpoints.traffic.endpoints, endpoints.traffic.changes) == (1, 1)


def test_a_queue_thrown_away_is_empty(context):
    """What a follower does not read must not be old news when it leads."""
    endpoints, outlet, inbox = linked(context, topics.LOAD_COMMAND)
    outlet.send(topics.LOAD_COMMAND.message(action_id='old'))
    end_s = time.monotonic() + 20.0
    while not inbox.discard() and time.monotonic() < end_s:
        time.sleep(0.005)
    outlet.send(topics.LOAD_COMMAND.message(action_id='new'))
    assert [msg.action_id for msg in heard(inbox, 1)] == ['new']


def test_bytes_are_sent_and_heard_as_they_are(context):
    """The short way of the busiest topics."""
    from rclpy.serialization import serialize_message
    _, outlet, inbox = linked(context, topics.BATTERY_STATE)
    data, end_s, found = bytes(serialize_message(BatteryState(percentage=0.5))), 20.0, None
    end_s += time.monotonic()
    while found is None and time.monotonic() < end_s:
        outlet.send(data)
        time.sleep(0.01)
        found = inbox.newest_bytes()
    assert found == data


def test_a_profile_can_be_overridden_by_parameter(context):
    """By the names that ROS 2 uses elsewhere; a robot's topic goes by its relative name."""
    node = host(context, '-p', 'qos_overrides.odom.subscription.reliability:=reliable',
                '-p', 'qos_overrides./fleet/north/zone/robot_state.publisher.depth:=7')
    changed = overridden_qos(node, topics.ODOM, 'subscription', 'north')
    assert changed.reliability == ReliabilityPolicy.RELIABLE
    assert overridden_qos(node, topics.ROBOT_STATE, 'publisher', 'north').depth == 7
    assert node.describe_parameter('qos_overrides.odom.subscription.reliability').read_only


def test_an_unknown_policy_is_refused_by_the_name_of_its_parameter(context):
    """A typing error must not pass for a setting."""
    node = host(context, '-p', 'qos_overrides.odom.subscription.reliability:=sometimes')
    with pytest.raises(ConfigError, match='qos_overrides.odom.subscription.reliability'):
        overridden_qos(node, topics.ODOM, 'subscription', 'north')


def test_publishers_and_subscriptions_of_every_topic_match():
    """What we ask for is never more than what we offer."""
    for topic in topics.TOPICS:
        offered, asked = profile(topic, 'publisher'), profile(topic, 'subscription')
        assert asked.reliability == offered.reliability or \
            offered.reliability == ReliabilityPolicy.RELIABLE
        assert asked.durability == offered.durability


@pytest.mark.parametrize('argv, rules', [
    (['edge', '--ros-args', '-r', '__node:=edge', '-r', '__ns:=/r1', '-p', 'a:=1'], []),
    (['edge', '--ros-args', '-r', 'odom:=odometry/filtered', '--remap', 'cmd_vel:=safe/cmd'],
     ['--ros-args', '-r', 'odom:=odometry/filtered', '-r', 'cmd_vel:=safe/cmd']),
    (['edge', '-r', 'a:=b', '--ros-args', '-r', 'edge:__node:=x', '--', '-r', 'c:=d'], []),
    (['edge', '--ros-args', '--params-file', 'x.yaml', '-r', 'scan:=front/scan'],
     ['--ros-args', '-r', 'scan:=front/scan'])])
def test_a_single_robot_obeys_remappings_but_keeps_its_name(argv, rules):
    """`__node` and `__ns` are for the host; everything else holds for the robot's topics."""
    assert remappings(argv) == rules
