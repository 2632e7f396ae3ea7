# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line of `swarm verify`."""

import argparse

from robot_swarm_orch.cli.arguments import a_count
from robot_swarm_orch.sim.faults import PROFILES

_HELP = """\
Run whole fleets in virtual time under faults, one for each seed: real coordinators and robots on
simulated networks, disks, clocks and a simulated warehouse. First only safety is asked: seven
invariants are judged at every step. Then everything heals, and liveness is asked: somebody leads,
all robots move, every accepted order ends within a bound. One seed replays exactly. A seed that
fails is printed with its faults, the commit and the command that replays it; the exit status is
then 1. docs/verification.md says what is simulated, what is judged, and what this cannot show."""


def add_verify(verbs) -> None:
    """Add `swarm verify`."""
    command = verbs.add_parser(
        'verify', help='whole fleets under faults in virtual time, judged, one for each seed',
        description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = command.add_argument
    add('--seeds', type=a_count, default=100, metavar='N',
        help='how many seeds (default: %(default)s)')
    add('--first-seed', type=int, default=1, metavar='S', help='the first one (default: 1)')
    add('--robots', type=a_count, default=10, metavar='R',
        help='robots of each fleet (default: %(default)s)')
    add('--workers', type=a_count, default=2, metavar='W',
        help='processes that share the seeds (default: %(default)s)')
    add('--profile', default='', choices=('none', *PROFILES),
        help='what the faults are about (default: each seed draws one)')
    add('--faults', default='', metavar='YAML',
        help='how many faults of which size: fields of FaultOptions in '
        'robot_swarm_orch/sim/faults.py')
    command.set_defaults(verb=_verify)


def _verify(options) -> int:
    from robot_swarm_orch.sim.verify import run_verify, VerifyOptions
    return run_verify(VerifyOptions(options.seeds, options.first_seed, options.robots,
                                    options.workers, options.profile, options.faults))
