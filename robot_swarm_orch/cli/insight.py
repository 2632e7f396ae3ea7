# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line of `swarm why`, `swarm doctor` and `swarm top`."""

from robot_swarm_orch.cli.arguments import a_positive
from robot_swarm_orch.cli.common import add_common, add_json, add_site_file, on_fleet


def add_insight(verbs) -> None:
    """Add `swarm why`, `swarm doctor` and `swarm top`."""
    def add(name, verb, text, more='', timeout=3.0):
        command = verbs.add_parser(name, help=text, description=f'Show {text}.{more}')
        add_common(command)
        command.set_defaults(verb=verb, timeout=timeout)
        add_site_file(command)
        add_json(command)
        return command
    why = add('why', _why, 'why a robot stands, or what has become of an order and why',
              ' One sentence with the chain of causes; docs/why.md lists them.')
    why.add_argument('subject', metavar='ROBOT|ORDER', help='id of a robot or of an order')
    why.add_argument('--order', action='store_true', help='it is an order, not a robot')
    doctor = add('doctor', _doctor, 'what is wrong with this machine, domain and fleet',
                 ' Each finding names its remedy; the exit status is 1 if there is one.')
    doctor.add_argument('--data', default='', metavar='DIR', help='data directory whose disk is '
                        "timed (default: the coordinators' if it is here, else this one)")
    top = add('top', _top, 'the fleet in a table that stays on the screen, trouble first',
              ' q or Ctrl-C ends it.')
    top.add_argument('--once', action='store_true', help='print the table once')
    top.add_argument('--interval', type=a_positive, default=1.0, metavar='SECONDS',
                     help='time between two looks (default: %(default)g)')


def _why(options) -> int:
    from robot_swarm_orch.nodes.insight_verbs import explain_subject
    return on_fleet(explain_subject, options)


def _doctor(options) -> int:
    from robot_swarm_orch.nodes.insight_verbs import examine
    return on_fleet(examine, options)


def _top(options) -> int:
    from robot_swarm_orch.nodes.insight_verbs import show_top
    return on_fleet(show_top, options)
