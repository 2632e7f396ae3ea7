# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The ROS side of `swarm leader`, `swarm robots` and `swarm estop`."""

import json
import time

from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import profile
from robot_swarm_orch.nodes.fleet_client import FleetClient, NoAnswer, on_domain, operator
from robot_swarm_orch.nodes.wire_checks import is_robot_id
from robot_swarm_orch.types import EmergencyStop, Mode

# An emergency stop is said again this often; all that report have done so by the latter [s].
STOP_RESEND_S, STOP_HEARING_S = 0.1, 1.0


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
        topic, whom = topics.ROBOT_STOP.of_a_robot, options.robot
        name = topic.name(robot=options.robot)
    else:
        raise ConfigError(f'--robot {options.robot!r} is no robot id')
    return client.node.create_publisher(topic.message, name, profile(topic)), name, whom


def _print(options, facts, lines) -> None:
    """Print JSON or lines."""
    print(json.dumps(facts, indent=2) if options.json else '\n'.join(lines))
