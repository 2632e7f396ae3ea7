# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line of `swarm coordinators`: the group, its members, its backup."""

from robot_swarm_orch.cli.common import add_common, add_json, on_fleet


def add_coordinators(verbs) -> None:
    """Add `swarm coordinators` and its acts."""
    text = 'who leads, who votes, who lags'
    command = verbs.add_parser(
        'coordinators', help=text + '; add and remove coordinators, hand the lead over',
        description=f'Show {text}; the exit status is 1 while nobody leads. Or change the group: '
        'docs/operations.md says how.')
    add_common(command)
    add_json(command)
    command.set_defaults(verb=_coordinators)
    acts = command.add_subparsers(metavar='ACT')
    for act, text, needs_id in (
            ('add', 'take a coordinator into the group: it copies the log, then votes', True),
            ('remove', 'take a coordinator out of the group', True),
            ('transfer', 'hand the lead over, to ID or to whoever is furthest', False)):
        one = acts.add_parser(act, help=text, description=f'{text[0].upper()}{text[1:]}.')
        add_common(one)
        one.add_argument('coordinator', metavar='ID', nargs=None if needs_id else '?',
                         help='its node_id')
        one.set_defaults(verb=_change_group, act=act)
    _add_restore(acts)


def _add_restore(acts) -> None:
    """Add `swarm coordinators restore`."""
    command = acts.add_parser(
        'restore', help='make the first memory of a new group from a backup',
        description="Write a founder's data directory from a copy of an old one. Every robot is "
        'fenced until it is enrolled again, and open orders are not carried out. Run it once for '
        'each founder, from the same backup. It needs no ROS; docs/operations.md.')
    add = command.add_argument
    add('backup', metavar='BACKUP', help="copy of a coordinator's data_dir; it is not changed")
    add('data_dir', metavar='DATA_DIR', help='data_dir to write, empty or missing')
    add('--node', required=True, metavar='ID', help='node_id of the coordinator that gets it')
    add('--voters', required=True, metavar='ID,ID,...', help='all founders of the new group')
    add('--cluster', required=True, metavar='ID', help='cluster_id of the new group, a new one')
    add('--site', default='warehouse', metavar='ID',
        help='site id of the fleet (default: %(default)s)')
    command.set_defaults(verb=_restore)


def _coordinators(options) -> int:
    from robot_swarm_orch.nodes.coordinator_verbs import show_coordinators
    return on_fleet(show_coordinators, options)


def _change_group(options) -> int:
    from robot_swarm_orch.nodes.coordinator_verbs import change_group
    return on_fleet(change_group, options)


def _restore(options) -> int:
    from robot_swarm_orch.backup import restore
    return restore(options.backup, options.data_dir, options.site, options.cluster, options.node,
                   tuple(filter(None, options.voters.split(','))))
