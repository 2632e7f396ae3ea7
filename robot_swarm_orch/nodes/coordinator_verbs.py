# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The ROS side of `swarm coordinators` and `swarm enrol`: look at the group, and act."""

import json
from math import hypot

from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.insight.group import (
    group_lines, group_rows, is_complete, leader_of, read_word)
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.fleet_client import FleetClient, NoAnswer, operator
from robot_swarm_orch.nodes.insight_verbs import known_site
from robot_swarm_orch.nodes.wire_checks import is_id, is_robot_id
from robot_swarm_orch.spelling import did_you_mean
from robot_swarm_orch.types import Enrolment, GroupAct, GroupVerb

# Each coordinator tells its word once a second; who is silent for longer is not there [s].
_ALL_WORDS_S = 2.5
_CALL_AGAIN_S = 2.0
_AT_NODE_M = 0.3
_MEET_S = 0.3  # from the first coordinator that offers the service to the last


def show_coordinators(client: FleetClient, options) -> int:
    """Print the group in a table; 1 when nobody leads."""
    words = hear_group(client, options.timeout)
    if options.json:
        leader = leader_of(words)
        print(json.dumps({'leader': leader and leader['node_id'],
                          'term': max(word['term'] for word in words.values()),
                          'coordinators': group_rows(words)}, indent=2))
    else:
        print('\n'.join(group_lines(words)))
    return 0 if leader_of(words) else 1


def hear_group(client: FleetClient, timeout_s: float) -> dict:
    """Return the newest word of each coordinator that speaks, by its id; raises NoAnswer."""
    words = {}

    def on_health(msg):
        for status in msg.status:
            text = next((pair.value for pair in status.values if pair.key == 'group'), None)
            word = read_word(text) if text and status.hardware_id == client.site_id else None
            if word is not None:
                words[word['node_id']] = word
    client.subscribe(topics.DIAGNOSTICS, on_health)
    if not client.wait(timeout_s, lambda: bool(words)):
        raise NoAnswer(
            f'no coordinator of site {client.site_id} was heard within {timeout_s:g} s. Does the '
            'fleet run, with this site id, on this ROS domain (ROS_DOMAIN_ID)?')
    client.wait(_ALL_WORDS_S, lambda: is_complete(words))
    return words


def change_group(client: FleetClient, options) -> int:
    """Add, remove or hand the lead to a coordinator; 1 when it was refused."""
    if options.coordinator and not is_id(options.coordinator):
        raise ConfigError(f'{options.coordinator!r} is no id of a coordinator: 1 to 64 of A-Z a-z '
                          '0-9 _ . - are allowed')
    return act(client, options, GroupAct(
        GroupVerb[options.act.upper()], options.coordinator or '', operator()))


def enrol_robot(client: FleetClient, options) -> int:
    """Let a robot stand at a node; 1 when it was refused."""
    if not is_robot_id(options.robot):
        raise ConfigError(f'{options.robot!r} is no robot id')
    node = _node_of(client, options)
    print(f'{options.robot} at node {node}: ', end='')
    return act(client, options, Enrolment(options.robot, node, operator()))


def _node_of(client, options) -> int:
    """Return the number of the node that the options name; ConfigError for none."""
    if options.node.isdigit():
        return int(options.node)
    site = known_site(options.site_file)
    if site is None or site.name != client.site_id:
        raise ConfigError(f'--site-file of {client.site_id} is needed, or the number of the node')
    if options.node:
        if options.node in site.places:
            return site.places[options.node].node
        if options.node not in site.node_names:
            raise ConfigError(f'{options.node!r} is no place or node of {site.name}'
                              + did_you_mean(options.node, [*site.places, *site.node_names]))
        return site.node_names.index(options.node)
    report = _report_of(client, options.robot, options.timeout)
    node = site.node_near(report.pose.x_m, report.pose.y_m)
    off_m = hypot(site.xy[node][0] - report.pose.x_m, site.xy[node][1] - report.pose.y_m)
    if off_m > _AT_NODE_M:
        raise ConfigError(f'{options.robot} says that it stands {off_m:.2f} m from the nearest '
                          f'node, {site.node_names[node]}: move it there, or name the node')
    return node


def _report_of(client, robot, timeout_s):
    """Return a robot's newest report; raises NoAnswer."""
    heard = []

    def on_report(msg):
        report = client.wire.hear(client.wire.read_report, msg)
        if report is not None and report.robot == robot:
            heard.append(report)
    client.subscribe(topics.ROBOT_REPORT, on_report)
    if not client.wait(timeout_s, lambda: bool(heard)):
        raise NoAnswer(f'{robot} was not heard within {timeout_s:g} s: name the node')
    return heard[-1]


def act(client, options, what) -> int:
    """Call the leader with an operator's act until it answers; print what it says."""
    try:
        answer = client.ask(topics.OPERATE, client.wire.write_operation(what), options.timeout,
                            _CALL_AGAIN_S, _MEET_S)
    except NoAnswer as error:
        raise NoAnswer(f'{error} It is not known whether this was done: look with `swarm '
                       'coordinators`, then repeat it') from error
    print(answer.reason or 'done')
    return 0 if answer.done else 1
