# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Publishers, subscriptions and services that stay cheap with 100 robots in a few processes.

An executor rebuilds its wait set over all entities at each wake-up, so a callback costs more the
more topics a process has: some 4,000 callbacks fill a core. What a control loop reads anyway once
a tick needs no callback. So a robot's topics live on a plain node that no executor knows
(`quiet_node`), and are read when the tick comes (`Inbox`); an empty read costs one or two
microseconds. The host node keeps its parameters, its lifecycle services and one timer.

All traffic is counted; sizes are sampled, one message in 64.
"""

from math import inf

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.exceptions import ParameterException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import serialize_message
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.metrics import Metrics
from robot_swarm_orch.nodes.topics import Topic

SAMPLE_MASK = 63
_ENUMS = {'history': HistoryPolicy, 'reliability': ReliabilityPolicy,
          'durability': DurabilityPolicy}


def profile(topic: Topic, direction: str = 'publisher') -> QoSProfile:
    """Return the QoS profile of a `publisher` or a `subscription` as the table has it."""
    qos = topic.heard if topic.heard and direction == 'subscription' else topic.qos
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=qos.depth,
        reliability=(ReliabilityPolicy.RELIABLE if qos.reliable
                     else ReliabilityPolicy.BEST_EFFORT),
        durability=(DurabilityPolicy.TRANSIENT_LOCAL if qos.latched
                    else DurabilityPolicy.VOLATILE))


def overridden_qos(host: Node, topic: Topic, direction: str, site: str) -> QoSProfile:
    """
    Return a topic's profile with the parameters of the host node applied.

    `direction` is `publisher` or `subscription`. The parameters are called
    `qos_overrides.<topic>.<direction>.<policy>`, as elsewhere in ROS 2, and are declared on the
    host, read-only. A robot's topic goes by its relative name, and one of many zones or robots by
    the name without that part, so that one parameter holds for all. Raises ConfigError.
    """
    result = profile(topic, direction)
    name = topic.shown_name(site)
    for policy in ('history', 'depth', 'reliability', 'durability'):
        parameter = f'qos_overrides.{name}.{direction}.{policy}'
        value = _policy(host, parameter, getattr(result, policy))
        try:
            setattr(result, policy, _ENUMS[policy][value.upper()] if policy in _ENUMS else value)
        except (KeyError, ValueError) as error:
            raise ConfigError(f'parameter {parameter} is {value!r}: {error}') from error
    return result


def _policy(host: Node, parameter: str, default):
    """Declare one policy as a parameter, unless it is, and return its value."""
    if not host.has_parameter(parameter):
        plain = default if isinstance(default, int) and not hasattr(default, 'name') \
            else default.name.lower()
        try:
            host.declare_parameter(parameter, plain, ParameterDescriptor(
                description='QoS policy of this topic; see docs/topics.md', read_only=True))
        except ParameterException as error:
            raise ConfigError(str(error)) from error
    return host.get_parameter(parameter).value


def quiet_node(host: Node, name: str, namespace: str, cli_args=None) -> Node:
    """
    Return a plain node for polled endpoints: no services, no clock, no executor.

    `cli_args` are ROS arguments meant for it (remappings); the process's own are for the host, or
    each `__node:=` would rename it.
    """
    return Node(
        name, namespace=namespace, context=host.context, cli_args=cli_args,
        use_global_arguments=False, enable_rosout=False, start_parameter_services=False,
        parameter_overrides=[Parameter('start_type_description_service', value=False),
                             Parameter('use_sim_time', value=False)])


def remappings(argv) -> list:
    """
    Return the remapping rules among a process's arguments, but not those that rename nodes.

    They are what a quiet node of a single robot must obey: `-r odom:=odometry/filtered`.
    """
    rules, inside, expect = [], False, False
    for word in argv:
        if word == '--ros-args':
            inside = True
        elif word == '--' and inside:
            inside = False
        elif inside and word in ('-r', '--remap'):
            expect = True
            continue
        elif expect and not word.split(':=')[0].split(':')[-1] in ('__node', '__ns', '__name'):
            rules += ['-r', word]
        expect = False
    return ['--ros-args', *rules] if rules else []


class Traffic:
    """What a process sent and heard, and how many endpoints it has."""

    __slots__ = ('sent', 'bytes_sent', 'heard', 'bytes_heard', 'endpoints', 'changes', 'settled')

    def __init__(self):
        """Start at zero; endpoints made before `settled` is set are no changes."""
        self.sent = self.heard = self.endpoints = self.changes = 0
        self.bytes_sent = self.bytes_heard = 0
        self.settled = False

    def opened(self, count: int = 1) -> None:
        """Count endpoints made (or destroyed, negative)."""
        self.endpoints += count
        if self.settled:
            self.changes += abs(count)

    def tell(self, metrics: Metrics) -> None:
        """Write the counts into a process's metrics."""
        metrics.set('messages_sent', self.sent)
        metrics.set('bytes_sent', self.bytes_sent)
        metrics.set('messages_received', self.heard)
        metrics.set('bytes_received', self.bytes_heard)
        metrics.set('endpoints', self.endpoints)
        metrics.set('endpoint_changes', self.changes)


class Outlet:
    """A counted publisher."""

    __slots__ = ('_publisher', '_publish', '_publish_raw', '_handle', '_traffic', '_size',
                 '_count')

    def __init__(self, node: Node, message, name: str, qos: QoSProfile, traffic: Traffic):
        """Open it on a node."""
        self._publisher = node.create_publisher(
            message, name, qos, event_callbacks=PublisherEventCallbacks(
                use_default_callbacks=node.executor is not None))
        self._handle = self._publisher.handle
        self._handle.__enter__()
        self._publish, self._publish_raw = self._handle.publish, self._handle.publish_raw
        self._traffic = traffic
        self._size = self._count = 0
        traffic.opened()

    def send(self, msg) -> None:
        """Publish a message, or the bytes of one."""
        traffic = self._traffic
        traffic.sent += 1
        if type(msg) is bytes:
            traffic.bytes_sent += len(msg)
            self._publish_raw(msg)
            return
        if not self._count & SAMPLE_MASK:
            self._size = len(serialize_message(msg))
        self._count += 1
        traffic.bytes_sent += self._size
        self._publish(msg)

    @property
    def listeners(self) -> int:
        """Return how many subscriptions there are to this publisher."""
        return self._publisher.get_subscription_count()

    def close(self, node: Node) -> None:
        """Destroy the publisher."""
        self._handle.__exit__(None, None, None)
        node.destroy_publisher(self._publisher)
        self._traffic.opened(-1)


def _nobody(_):
    """Stand for the callback of a subscription that is polled."""


class Inbox:
    """A counted subscription, read when the caller has time."""

    __slots__ = ('message', '_subscription', '_take', '_handle', '_traffic', '_size', '_count',
                 '_limit')

    def __init__(self, node: Node, message, name: str, qos: QoSProfile, traffic: Traffic):
        """Open it on a node that no executor serves."""
        self.message = message
        self._subscription = node.create_subscription(
            message, name, _nobody, qos,
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False))
        self._handle = self._subscription.handle
        self._handle.__enter__()
        self._take = self._handle.take_message
        self._traffic = traffic
        self._size = self._count = 0
        # A flood must not hold a tick up: no more than the queue held when reading began, twice.
        self._limit = 2 * qos.depth + 1
        traffic.opened()

    @property
    def handle(self):
        """Return rcl's subscription, to wait for."""
        return self._handle

    def newest(self):
        """Return the newest message, None when nothing new was heard."""
        result, message, take = None, self.message, self._take
        for _ in range(self._limit):
            taken = take(message, False)
            if taken is None:
                break
            result = taken[0]
            self._note(result)
        return result

    def newest_bytes(self):
        """Return the newest message as it was serialized, None when nothing new was heard."""
        result, message, take, traffic = None, self.message, self._take, self._traffic
        for _ in range(self._limit):
            taken = take(message, True)
            if taken is None:
                break
            result = taken[0]
            traffic.heard += 1
            traffic.bytes_heard += len(result)
        return result

    def all(self, most: int = 0) -> list:
        """Return all new messages, oldest first; no more than `most`, if given."""
        result, message, take = [], self.message, self._take
        for _ in range(most or self._limit):
            taken = take(message, False)
            if taken is None:
                break
            result.append(taken[0])
        if result:
            self._note(result[0], len(result))
        return result

    def all_raw(self) -> list:
        """Return all new messages as serialized bytes, oldest first."""
        result, message, take = [], self.message, self._take
        for _ in range(self._limit):
            taken = take(message, True)
            if taken is None:
                break
            result.append(taken[0])
        self._traffic.heard += len(result)
        self._traffic.bytes_heard += sum(map(len, result))
        return result

    def discard(self) -> int:
        """Throw all new messages away, unconverted, and return how many there were."""
        count, message, take = 0, self.message, self._take
        while count < self._limit and take(message, True) is not None:
            count += 1
        self._traffic.heard += count
        self._traffic.bytes_heard += count * self._size
        return count

    def _note(self, msg, count=1):
        """Count messages heard; one in 64 is measured."""
        if not self._count or (self._count & SAMPLE_MASK) + count > SAMPLE_MASK:
            self._size = len(serialize_message(msg))
        self._count += count
        self._traffic.heard += count
        self._traffic.bytes_heard += count * self._size

    def close(self, node: Node) -> None:
        """Destroy the subscription."""
        self._handle.__exit__(None, None, None)
        node.destroy_subscription(self._subscription)
        self._traffic.opened(-1)


class Desk:
    """A service that is read when the caller has time, and answered when the answer is known."""

    __slots__ = ('_service', '_handle', '_type', '_traffic')

    def __init__(self, node: Node, service_type, name: str, qos: QoSProfile, traffic: Traffic):
        """Open it on a node that no executor serves."""
        self._type = service_type
        self._service = node.create_service(service_type, name, _no_answer, qos_profile=qos)
        self._handle = self._service.handle
        self._handle.__enter__()
        self._traffic = traffic
        traffic.opened(2)

    @property
    def handle(self):
        """Return rcl's service, to wait for."""
        return self._handle

    def requests(self, most: float = inf) -> list:
        """Return (ticket, request) of all new calls, oldest first; no more than `most`."""
        result, take = [], self._handle.service_take_request
        while len(result) < most:
            request, ticket = take(self._type.Request)
            if request is None:
                break
            self._traffic.heard += 1
            result.append((ticket, request))
        return result

    def answer(self, ticket, response) -> None:
        """Answer a call."""
        self._service.send_response(response, ticket)
        self._traffic.sent += 1

    def close(self, node: Node) -> None:
        """Destroy the service."""
        self._handle.__exit__(None, None, None)
        node.destroy_service(self._service)
        self._traffic.opened(-2)


class Caller:
    """A service of others, called without waiting; answers are read when the caller has time."""

    __slots__ = ('_client', '_handle', '_type', '_traffic')

    def __init__(self, node: Node, service_type, name: str, qos: QoSProfile, traffic: Traffic):
        """Open it on a node that no executor serves."""
        self._type = service_type
        self._client = node.create_client(service_type, name, qos_profile=qos)
        self._handle = self._client.handle
        self._handle.__enter__()
        self._traffic = traffic
        traffic.opened(2)

    @property
    def handle(self):
        """Return rcl's client, to wait for."""
        return self._handle

    def call(self, request) -> int:
        """Send a request to all who serve it; return the number that its answers have."""
        self._traffic.sent += 1
        return self._handle.send_request(request)

    def answers(self) -> list:
        """Return (number, answer) of all that have come, oldest first."""
        result, take = [], self._handle.take_response
        while True:
            header, answer = take(self._type.Response)
            if header is None:
                return result
            self._traffic.heard += 1
            result.append((header.request_id.sequence_number, answer))

    def close(self, node: Node) -> None:
        """Destroy the client."""
        self._handle.__exit__(None, None, None)
        node.destroy_client(self._client)
        self._traffic.opened(-2)


def _no_answer(_, response):
    """Stand for the callback of a service that is polled."""
    return response


class Endpoints:
    """
    Makes a process's endpoints by their row in the topic table, with the host's overrides.

    Keeps what it made, so that `close` can end all of it.
    """

    def __init__(self, host: Node, site: str, traffic: Traffic):
        """Make endpoints for a site; the host node carries the QoS parameters."""
        self.traffic = traffic
        self._host = host
        self._site = site
        self._profiles = {}
        self._made = []

    def _make(self, kind, direction, node, topic, message, parts):
        known = self._profiles.get((topic.key, direction))
        if known is None:
            known = overridden_qos(self._host, topic, direction, self._site)
            self._profiles[topic.key, direction] = known
        made = kind(node, message or topic.message, topic.name(site=self._site, **parts), known,
                    self.traffic)
        self._made.append((node, made))
        return made

    def outlet(self, node: Node, topic: Topic, message=None, **parts) -> Outlet:
        """Return a publisher; `message` replaces the table's type, `parts` name robot or zone."""
        return self._make(Outlet, 'publisher', node, topic, message, parts)

    def inbox(self, node: Node, topic: Topic, message=None, **parts) -> Inbox:
        """Return a polled subscription."""
        return self._make(Inbox, 'subscription', node, topic, message, parts)

    def desk(self, node: Node, topic: Topic) -> Desk:
        """Return a polled service."""
        made = Desk(node, topic.message, topic.name(site=self._site), profile(topic), self.traffic)
        self._made.append((node, made))
        return made

    def caller(self, node: Node, topic: Topic) -> Caller:
        """Return a client of a service, polled."""
        made = Caller(node, topic.message, topic.name(site=self._site), profile(topic),
                      self.traffic)
        self._made.append((node, made))
        return made

    def drop(self, made) -> None:
        """Close one endpoint."""
        for index, (node, known) in enumerate(self._made):
            if known is made:
                del self._made[index]
                made.close(node)
                return

    def close(self) -> None:
        """Close all endpoints."""
        while self._made:
            node, made = self._made.pop()
            made.close(node)
