# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The command line for people who run a fleet: acts on orders, robots, areas and places.

Each verb makes one act (`acts.py`) and hands it to the leader, which answers once it is in the
log; the exit status is 1 when it was refused.
"""

from dataclasses import replace
import sys
import time

from robot_swarm_orch.acts import (
    Amendment, Cancellation, Clearance, Drain, Pause, Settlement, SlotWord, Stranding)
from robot_swarm_orch.cli.arguments import a_positive
from robot_swarm_orch.cli.common import add_common, on_fleet
from robot_swarm_orch.errors import ConfigError


def add_acts(verbs) -> None:
    """Add `swarm cancel`, `amend`, `pause`, `drain`, `clear`, ..."""
    def add(name, text, make, more=''):
        command = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:]
                                   + '.' + more)
        add_common(command)
        command.set_defaults(verb=_send, act_of=make)
        return command.add_argument

    given = add('cancel', 'end an order; a load that was picked is set down again',
                lambda options: Cancellation(options.order))
    given('order', metavar='ORDER', help='its id')
    given = add('amend', 'give an order another priority or deadline', _amendment)
    given('order', metavar='ORDER', help='its id')
    given('--priority', type=int, default=-1, metavar='0-255', help='higher goes first')
    given('--deadline', type=a_positive, default=0.0, metavar='SECONDS',
          help='to be done within this time from now')
    given('--no-deadline', action='store_true', help='take its deadline away')
    for name, text in (('pause', 'let the fleet, a robot, or all in an area come to rest'),
                       ('resume', 'take a pause back')):
        given = add(name, text, lambda options, on=name == 'pause': _pause(options, on),
                    ' Robots keep their orders and what they own, and stand at the end of it; it '
                    'is in the log and survives restarts. It is no stop in an emergency: that is '
                    '`swarm estop`.')
        given('--robot', default='', metavar='ID', help='this robot only')
        given('--area', default='', metavar='NAME', help='this area of the site only')
    for name, text in (('drain', 'let a robot finish its order and give it no other'),
                       ('undrain', 'give a drained robot orders again')):
        given = add(name, text, lambda options, on=name == 'drain': Drain(options.robot, on))
        given('robot', metavar='ROBOT', help='id of the robot')
    given = add('clear', 'free the nodes of a robot that is switched off or was taken away',
                _clearance, ' Others may then drive where it stood, so it asks twice. Nodes that '
                'its body still occupies are named with --occupied, and stay blocked.')
    given('robot', metavar='ROBOT', help='id of the robot')
    given('--occupied', type=_numbers, default=(), metavar='NODE,NODE',
          help='numbers of the nodes that it stands on')
    given('--confirm', action='append', default=[], metavar='ROBOT',
          help='answers a question beforehand, for scripts: give it twice')
    given = add('settle', 'say whether the pick or drop in doubt of a robot took place',
                lambda options: Settlement(options.robot, options.happened == 'happened'))
    given('robot', metavar='ROBOT', help='id of the robot')
    given('happened', choices=('happened', 'not'), help='what you found')
    given = add('strand', 'say that the load of a robot stands somewhere else now; another robot '
                'fetches it there', lambda options: Stranding(options.robot, options.place))
    given('robot', metavar='ROBOT', help='robot that had the load')
    given('place', metavar='PLACE', help='where it stands')
    for name, text in (('occupy', 'say that a storage place holds a load'),
                       ('vacate', 'say that a storage place holds none')):
        given = add(name, text, lambda options, on=name == 'occupy': SlotWord(
            options.place, on, options.load))
        given('place', metavar='PLACE', help='the storage place')
        given('--load', default='', metavar='NAME', help='the load, for people')


def _numbers(text):
    return tuple(int(part) for part in text.split(',') if part.strip())


def _amendment(options):
    if not -1 <= options.priority <= 255:
        raise ConfigError(f'--priority {options.priority} must lie in 0 to 255')
    if options.deadline and options.no_deadline:
        raise ConfigError('give --deadline or --no-deadline, not both')
    if options.priority < 0 and not options.deadline and not options.no_deadline:
        raise ConfigError('nothing to amend: give --priority, --deadline or --no-deadline')
    deadline_s = time.time() + options.deadline if options.deadline else -1.0
    return Amendment(options.order, options.priority, 0.0 if options.no_deadline else deadline_s)


def _pause(options, is_paused):
    if options.robot and options.area:
        raise ConfigError('give --robot or --area, not both')
    return Pause(options.robot, options.area, is_paused)


def _clearance(options):
    questions = (f'Is {options.robot} switched off, or gone? Nobody will stop for it. Its id: ',
                 f'Its nodes become free for others'
                 f'{" but for " + str(list(options.occupied)) if options.occupied else ""}. '
                 'Its id again: ')
    answers = list(options.confirm)
    for question in questions:
        if not answers:
            if not sys.stdin.isatty():
                raise ConfigError(f'clear asks twice: in a script give --confirm {options.robot} '
                                  f'--confirm {options.robot}')
            answers.append(input(question))
        if answers.pop(0).strip() != options.robot:
            raise ConfigError(f'{options.robot} was not confirmed, so nothing was done')
    return Clearance(options.robot, options.occupied)


def _send(options) -> int:
    """Make the act of a verb, and have the leader answer it."""
    act_of_verb = options.act_of(options)
    from robot_swarm_orch.nodes.coordinator_verbs import act
    from robot_swarm_orch.nodes.fleet_client import operator
    signed = replace(act_of_verb, operator_id=operator())
    return on_fleet(lambda client, _: act(client, options, signed), options)
