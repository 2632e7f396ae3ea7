# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line of `swarm order` and `swarm orders`."""

from robot_swarm_orch.cli.arguments import a_count, a_positive
from robot_swarm_orch.cli.common import add_common, add_json, on_fleet


def add_order(verbs) -> None:
    """Add `swarm order`."""
    command = verbs.add_parser(
        'order', help='hand in one order and follow it',
        description='Hand in one order and follow it to its end. The same --id again is the same '
        'order: it is carried out once.')
    add_common(command)
    add = command.add_argument
    add('drop', metavar='DROP', nargs='?', default='',
        help='place where the load, or the robot, is to go')
    add('--pick', metavar='PLACE', help='place where the load stands; without it a robot just '
        'drives to DROP')
    add('--alternate', action='append', default=[], metavar='PLACE',
        help='where the load may go instead if DROP is blocked or taken; may be repeated')
    add('--inspect', default='', metavar='PLACE,PLACE', help='look at these places, instead')
    add('--charge', action='store_true', help='charge, at DROP or at any free charger, instead')
    add('--park', action='store_true', help='park at DROP, instead')
    add('--robot', default='', metavar='ID', help='only this robot may do it')
    add('--mass', type=a_positive, default=0.0, metavar='KG', help='mass of the load')
    add('--tool', action='append', default=[], metavar='NAME',
        help='what the robot must have; may be repeated')
    add('--id', default='', metavar='ID', help='idempotency key (default: a new one)')
    add('--load', default='', metavar='NAME', help='name of the load, for people')
    add('--priority', type=int, default=100, metavar='0-255',
        help='higher goes first (default: %(default)s)')
    add('--deadline', type=a_positive, default=0.0, metavar='SECONDS',
        help='to be done within this time')
    add('--no-follow', action='store_true', help='return as soon as the order is accepted')
    command.set_defaults(verb=_order)


def add_orders(verbs) -> None:
    """Add `swarm orders`."""
    text = 'how many orders there are, and those that have not ended'
    command = verbs.add_parser('orders', help=text, description=f'Show {text}.')
    add_common(command)
    add = command.add_argument
    add('--state', action='append', default=[], metavar='NAME',
        help='only orders in this state, such as accepted (waiting) or in_doubt; may be repeated')
    add('--all', action='store_true', help='also those that have ended')
    add('--robot', default='', metavar='ID', help='only orders of this robot')
    add('--client', default='', metavar='NAME', help='only orders of this client')
    add('--limit', type=a_count, default=200, metavar='N',
        help='at most so many (default: %(default)s)')
    add_json(command)
    command.set_defaults(verb=_orders)


def _order(options) -> int:
    from robot_swarm_orch.nodes.order_verbs import follow_order
    return on_fleet(follow_order, options)


def _orders(options) -> int:
    from robot_swarm_orch.nodes.order_verbs import show_orders
    return on_fleet(show_orders, options)
