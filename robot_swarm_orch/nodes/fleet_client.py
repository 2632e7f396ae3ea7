# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The ROS side of the command line: hand in an order, look at the fleet, stop it.

The functions print for people (or JSON) and return the exit status of the command.
"""

import getpass
import json
import time
from types import SimpleNamespace
from typing import Callable
import uuid

import rclpy
from rclpy.signals import SignalHandlerOptions
from robot_swarm_orch.errors import ConfigError, SwarmError
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import profile
from robot_swarm_orch.nodes.wire import Wire
from robot_swarm_orch.nodes.wire_checks import is_id, is_robot_id
from robot_swarm_orch.types import EmergencyStop, FleetView, Mode, Order, OrderKind, OrderState

RESEND_S = 0.5
# An emergency stop is said again this often; all that report have done so by the latter [s].
STOP_RESEND_S, STOP_HEARING_S = 0.1, 1.0
_ENDED = (OrderState.DONE, OrderState.FAILED, OrderState.CANCELLED, OrderState.REFUSED)


class NoAnswer(SwarmError):
    """Nobody answered in time; the message says whom was asked and what to check."""


def on_domain(node) -> str:
    """Return in words which ROS domain a node is on, and what chooses another."""
    return (f'on ROS domain {node.context.get_domain_id()} (ROS_DOMAIN_ID; with ./swarm: '
            'SWARM_DOMAIN_ID)')


class FleetClient:
    """A short-lived node of one site, as a context manager."""

    def __init__(self, site_id: str):
        """Join ROS; raises ConfigError for a malformed site id."""
        if not is_robot_id(site_id):
            raise ConfigError(f'--site {site_id!r} is no site id: letters, digits, underscores')
        self.site_id = site_id
        self.wire = Wire(site_id)
        self._services = {}
        self._context = rclpy.Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self.node = rclpy.create_node(f'swarm_cli_{uuid.uuid4().hex[:8]}', context=self._context,
                                      start_parameter_services=False, enable_rosout=False)
        self._executor = rclpy.executors.SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)

    def __enter__(self):
        """Return the client."""
        return self

    def __exit__(self, *_):
        """Leave ROS."""
        self._executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def publisher(self, topic, **parts):
        """Return a publisher on a topic of the table."""
        return self.node.create_publisher(
            topic.message, topic.name(site=self.site_id, **parts), profile(topic))

    def subscribe(self, topic, callback):
        """Listen on a topic of the table."""
        self.node.create_subscription(
            topic.message, topic.name(site=self.site_id), callback, profile(topic))

    def service(self, topic):
        """Return a client of a service of the table, the same one each time."""
        if topic.key not in self._services:
            self._services[topic.key] = self.node.create_client(
                topic.message, topic.name(site=self.site_id))
        return self._services[topic.key]

    def ask(self, topic, request, timeout_s: float, again_s: float = 1.0, meet_s: float = 0.0):
        """
        Return the leader's answer to a call of a service; raises NoAnswer.

        Only a leader answers. A call that met none is lost, so after `again_s` another follows.
        meet_s: from the first coordinator that offers the service to the last.
        """
        service, end_s, futures = self.service(topic), time.monotonic() + timeout_s, []
        self.wait(timeout_s, service.service_is_ready)
        self.wait(meet_s)
        while time.monotonic() < end_s:
            futures.append(service.call_async(request))
            if self.wait(min(again_s, end_s - time.monotonic()),
                         lambda: any(future.done() for future in futures)):
                return next(future.result() for future in futures if future.done())
        raise NoAnswer(f'no leader of site {self.site_id} answered within {timeout_s:g} s. Does '
                       f'the fleet run, with this site id, {on_domain(self.node)}?')

    def wait(self, for_s: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Hear what comes until something holds; False when the time is over before."""
        end_s = time.monotonic() + for_s
        while not until():
            left_s = end_s - time.monotonic()
            if left_s <= 0.0:
                return False
            self._executor.spin_once(timeout_sec=min(left_s, 0.1))
        return True

    def now_ns(self) -> int:
        """Return the ROS time [ns]."""
        return self.node.get_clock().now().nanoseconds

    def view(self, timeout_s: float) -> FleetView:
        """Return the leader's picture of the fleet; raises NoAnswer."""
        heard = []

        def on_view(msg):
            view = self.wire.hear(self.wire.read_view, msg)
            if view is not None:
                heard.append(view)
        self.subscribe(topics.FLEET_STATUS, on_view)
        self._await(heard, timeout_s)
        # The latched word may come from a deposed leader; the newest term counts.
        self.wait(0.3)
        return max(heard, key=lambda view: (view.term, view.commit_index))

    def _await(self, heard: list, timeout_s: float) -> None:
        """Wait until something was heard; raises NoAnswer."""
        if not self.wait(timeout_s, lambda: bool(heard)):
            raise NoAnswer(
                f'no leader of site {self.site_id} was heard within {timeout_s:g} s. Does the '
                f'fleet run, with this site id, {on_domain(self.node)}?')


def show_leader(client: FleetClient, options) -> int:
    """Print who leads."""
    view = client.view(options.timeout)
    facts = {'leader': view.leader_id, 'term': view.term, 'commit_index': view.commit_index,
             'coordinators': list(view.coordinators), 'emergency_stop': view.emergency_stop}
    _print(options, facts, [
        f'{view.leader_id} leads in term {view.term}, commit index {view.commit_index}, of '
        f'{", ".join(view.coordinators)}'
        + ('; EMERGENCY STOP' if view.emergency_stop else '')])
    return 0


def show_robots(client: FleetClient, options) -> int:
    """Print a line for each robot."""
    reports = {}

    def on_report(msg):
        report = client.wire.hear(client.wire.read_report, msg)
        if report is not None:
            reports[report.robot] = report
    client.subscribe(topics.ROBOT_REPORT, on_report)
    view = client.view(options.timeout)
    client.wait(1.0, lambda: len(reports) >= len(view.robots))
    rows = [_robot_row(robot, mode, reports.get(robot))
            for robot, mode in zip(view.robots, view.modes)]
    _print(options, rows, [
        f'{"robot":10}{"mode":12}{"x [m]":>8}{"y [m]":>8}{"m/s":>6}  {"battery":8}'
        f'{"limited by":12}order', *map(_robot_line, rows)])
    return 0


def _robot_row(robot: str, mode: Mode, report) -> dict:
    """Return what is known of a robot; positions and the like only if it was heard."""
    row = {'robot': robot, 'mode': Mode(mode).name}
    if report is not None:
        row.update(
            x_m=round(report.pose.x_m, 2), y_m=round(report.pose.y_m, 2),
            speed_mps=round(report.speed_mps, 2), safety=report.safety.name,
            order=report.order_id, errors=list(report.errors),
            battery=None if report.battery != report.battery else round(report.battery, 3))
    return row


def _robot_line(row: dict) -> str:
    """Return a robot's row as a line."""
    line = f'{row["robot"]:10}{row["mode"]:12}'
    if 'x_m' not in row:
        return line + '  (not heard)'
    battery = '-' if row['battery'] is None else f'{100 * row["battery"]:.0f} %'
    return (line + f'{row["x_m"]:8.2f}{row["y_m"]:8.2f}{row["speed_mps"]:6.2f}  {battery:8}'
            f'{row["safety"].lower():12}{row["order"]}' + ''.join(f'  {e}' for e in row['errors']))


def follow_order(client: FleetClient, options) -> int:
    """Hand an order in, print what becomes of it; 0 when done (or accepted, if not followed)."""
    order = _order_of(options, client.now_ns())
    heard = SimpleNamespace(last=None)

    def on_status(msg):
        status = client.wire.hear(client.wire.read_status, msg)
        if status is None or status.order_id != order.order_id:
            return
        if heard.last is None or status.seq > heard.last.seq:
            heard.last = status
            words = [order.order_id, status.state.name.lower()]
            words += [f'by {status.robot}'] if status.robot else []
            words += [f'({status.reason})'] if status.reason else []
            print(' '.join(words), flush=True)
    client.subscribe(topics.TASK_STATUS, on_status)
    publisher = client.publisher(topics.ORDER)
    end_s = time.monotonic() + options.timeout
    while heard.last is None:
        if time.monotonic() >= end_s:
            raise NoAnswer(f'no leader of site {client.site_id} accepted the order within '
                           f'{options.timeout:g} s. Does the fleet run, with this site id, '
                           f'{on_domain(client.node)}?')
        client.wire.set_time(client.now_ns())
        publisher.publish(client.wire.write_order(order))
        client.wait(RESEND_S, lambda: heard.last is not None)
    if not options.no_follow:
        client.wait(float('inf'), lambda: heard.last.state in _ENDED)
        return 0 if heard.last.state == OrderState.DONE else 1
    return 1 if heard.last.state == OrderState.REFUSED else 0


def _order_of(options, now_ns: int) -> Order:
    """Return the order that the options describe; raises ConfigError."""
    order_id = options.id or f'{getpass.getuser()}-{uuid.uuid4().hex[:12]}'
    if not is_id(order_id):
        raise ConfigError(f'--id {order_id!r} must be 1 to 64 of A-Z a-z 0-9 _ . -')
    if not 0 <= options.priority <= 255:
        raise ConfigError(f'--priority {options.priority} must lie in 0 to 255')
    deadline_s = 1e-9 * now_ns + options.deadline if options.deadline else 0.0
    return Order(order_id, uuid.uuid4().hex, _kind_of(options), options.pick or '', options.drop,
                 options.load, options.priority, deadline_s, tuple(options.alternate),
                 tuple(filter(None, options.inspect.split(','))), robot=options.robot,
                 load_mass_kg=options.mass, tools=tuple(options.tool), client=operator())


def _kind_of(options) -> OrderKind:
    """Return the kind of order that the options describe; raises ConfigError."""
    chosen = [kind for kind, given in (
        (OrderKind.MOVE, options.pick), (OrderKind.INSPECT, options.inspect),
        (OrderKind.CHARGE, options.charge), (OrderKind.PARK, options.park)) if given]
    if len(chosen) > 1:
        raise ConfigError('give one of --pick, --inspect, --charge and --park')
    kind = chosen[0] if chosen else OrderKind.GO
    if kind not in (OrderKind.INSPECT, OrderKind.CHARGE) and not options.drop:
        raise ConfigError('DROP is missing: the place where the load, or the robot, is to go')
    if options.robot and not is_robot_id(options.robot):
        raise ConfigError(f'--robot {options.robot!r} is no robot id')
    return kind


def send_stop(client: FleetClient, options) -> int:
    """
    Stop the fleet or one robot, or release it: say it again until the robots say that they obeyed.

    Robots count one act once. The exit status is 1 if a robot that is heard did not obey in time,
    or none is heard at all; raises NoAnswer when nobody even listens.
    """
    publisher, name, whom = _stop_publisher(client, options)
    obeys = {}  # robot -> whether its newest report says what was asked for

    def on_report(msg):
        report = client.wire.hear(client.wire.read_report, msg)
        if report is not None and options.robot in ('', report.robot):
            obeys[report.robot] = report.emergency_stop != options.release
    client.subscribe(topics.ROBOT_REPORT, on_report)
    act = EmergencyStop(source=operator(), seq=client.now_ns(), active=not options.release,
                        reason=options.reason)
    began_s = time.monotonic()
    while time.monotonic() < began_s + options.timeout:
        client.wire.set_time(client.now_ns())
        publisher.publish(client.wire.write_stop(act))
        client.wait(STOP_RESEND_S)
        if obeys and all(obeys.values()) and time.monotonic() > began_s + STOP_HEARING_S:
            break
    if not obeys and not publisher.get_subscription_count():
        raise NoAnswer(f'nobody listens on {name} {on_domain(client.node)}: nothing was stopped '
                       'or released')
    missing = sorted(robot for robot, does in obeys.items() if not does)
    done = 'released' if options.release else 'stopped'
    print(f'{done}: {whom}; {len(obeys) - len(missing)} of {len(obeys)} robots that are heard say '
          'so' + (f', but not {", ".join(missing)}' if missing else ''))
    return 1 if missing or not obeys else 0


def _stop_publisher(client, options):
    """Return (publisher, name of the topic, who is meant) of an emergency stop."""
    if not options.robot:
        topic = topics.EMERGENCY_STOP
        name, whom = topic.name(site=client.site_id), f'all robots of {client.site_id}'
    elif is_robot_id(options.robot):
        topic, whom = topics.ROBOT_STOP, options.robot
        name = f'/{options.robot}/{topic.name()}'
    else:
        raise ConfigError(f'--robot {options.robot!r} is no robot id')
    return client.node.create_publisher(topic.message, name, profile(topic)), name, whom


def operator() -> str:
    """Return who acts, for the record."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return 'operator'


def _print(options, facts, lines) -> None:
    """Print JSON or lines."""
    print(json.dumps(facts, indent=2) if options.json else '\n'.join(lines))
