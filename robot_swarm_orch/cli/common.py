# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Options that several verbs share, and how they meet a running fleet."""

from robot_swarm_orch.cli.arguments import a_domain, a_positive, DEMO_DOMAIN


def add_common(command) -> None:
    """Add what every verb that talks to a running fleet needs."""
    command.add_argument('--site', default='warehouse', metavar='ID',
                         help='site id of the fleet (default: %(default)s)')
    command.add_argument('--timeout', type=a_positive, default=5.0, metavar='SECONDS',
                         help='how long to wait for an answer (default: %(default)g)')


def add_json(command) -> None:
    """Add the option of every verb that can print for programs."""
    command.add_argument('--json', action='store_true', help='print JSON for programs')


def add_site_file(command) -> None:
    """Add the option of every verb that names places."""
    command.add_argument('--site-file', default='', metavar='YAML',
                         help='names the places (default: the demo warehouse, if it fits)')


def add_domain(command) -> None:
    """Add the option of every verb that starts a fleet on this machine."""
    command.add_argument('--domain', type=a_domain, metavar='N', default=None,
                         help=f'ROS domain (default: SWARM_DOMAIN_ID, else {DEMO_DOMAIN}); never '
                         'leaves this machine')


def on_fleet(show, options) -> int:
    """Return the exit status of `show(client, options)`, with a client of the fleet."""
    from robot_swarm_orch.nodes.fleet_client import FleetClient
    with FleetClient(options.site) as client:
        return show(client, options)
