# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line for a glance at the fleet, an emergency stop, and the floor it drives on."""

from robot_swarm_orch.cli.common import add_common, add_json, add_site_file, on_fleet


def add_glances(verbs) -> None:
    """Add `swarm robots` and `swarm leader`."""
    for name, verb, text in (
            ('robots', _robots, 'every robot: mode, place, order, battery, what limits it'),
            ('leader', _leader, 'which coordinator leads, in which term')):
        command = verbs.add_parser(name, help=text, description=f'Show {text}.')
        add_common(command)
        add_json(command)
        command.set_defaults(verb=verb)


def add_stop(verbs) -> None:
    """Add `swarm estop`."""
    command = verbs.add_parser(
        'estop', help='stop the fleet or one robot at once, or release it',
        description='Stop the whole fleet, or one robot, at once. The stop latches: only '
        '--release ends it. It needs no leader. It is no certified safety function.')
    add_common(command)
    command.add_argument('--robot', default='', metavar='ID', help='this robot only')
    command.add_argument('--release', action='store_true', help='end the stop')
    command.add_argument('--reason', default='by hand', metavar='TEXT', help='for the record')
    command.set_defaults(verb=_estop)


def add_enrol(verbs) -> None:
    """Add `swarm enrol`."""
    command = verbs.add_parser(
        'enrol', help='let a robot stand at a node, as after a restored backup',
        description='Let a robot stand at a node of the roadmap. You vouch that it stands there; '
        'it is refused while somebody else holds the node.')
    add_common(command)
    command.add_argument('robot', metavar='ROBOT', help='id of the robot')
    command.add_argument('node', metavar='NODE', nargs='?', default='',
                         help='place, node or its number (default: the node where the robot says '
                         'that it stands)')
    add_site_file(command)
    command.set_defaults(verb=_enrol)


def add_block(verbs) -> None:
    """Add `swarm block` and `swarm unblock`."""
    for name, text in (('block', 'close nodes or streets to robots, as where something was spilt'),
                       ('unblock', 'open nodes or streets again that were blocked')):
        command = verbs.add_parser(
            name, help=text, description=text.capitalize() + '. A node is a place, node or its '
            'number; a street is NODE-NODE. Robots plan around what is blocked at once; who is '
            'on it goes on to its end. What is blocked is in the log and survives restarts.')
        add_common(command)
        command.add_argument('ways', metavar='NODE|NODE-NODE', nargs='+')
        command.add_argument('--one-way', action='store_true',
                             help='streets only from the first node to the second')
        add_site_file(command)
        command.set_defaults(verb=_block, is_blocked=name == 'block')


def _robots(options) -> int:
    from robot_swarm_orch.nodes.fleet_verbs import show_robots
    return on_fleet(show_robots, options)


def _leader(options) -> int:
    from robot_swarm_orch.nodes.fleet_verbs import show_leader
    return on_fleet(show_leader, options)


def _estop(options) -> int:
    from robot_swarm_orch.nodes.fleet_verbs import send_stop
    return on_fleet(send_stop, options)


def _enrol(options) -> int:
    from robot_swarm_orch.nodes.coordinator_verbs import enrol_robot
    return on_fleet(enrol_robot, options)


def _block(options) -> int:
    from robot_swarm_orch.nodes.way_verbs import block_ways
    return on_fleet(block_ways, options)
