# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line of `swarm demo` and `swarm chaos`: fleets that run on this machine alone."""

import argparse
import sys

from robot_swarm_orch.cli.arguments import (
    a_count, a_positive, chosen_domain, stay_on_this_machine)
from robot_swarm_orch.cli.common import add_domain
from robot_swarm_orch.demo import namespaces
from robot_swarm_orch.demo.chaos import needs_network, scenario_faults, SCENARIOS
from robot_swarm_orch.demo.options import DemoOptions
from robot_swarm_orch.demo.timeline import KINDS, NETWORK_KINDS

SKIPPED = 77  # exit status that test harnesses know for what a machine can't do
_CHAOS_HELP = """\
Run the fleet of `swarm demo` and break it on purpose: real processes, real DDS, real signals. The
judges are those of the demo; each fault has one of its own besides. Ends with a report; the exit
status is 0 only if nothing broke, 77 if this machine forbids what the scenario needs.
docs/chaos.md explains each scenario and figure.

scenarios:
{scenarios}"""
_DEMO_HELP = """\
Run a simulated warehouse in real time over DDS: robots, coordinators, a stream of orders, and
processes killed on purpose. Ends with a report (report.txt, report.json, drawings); the exit
status is 0 only if no invariant and no bound broke. docs/demo.md explains every figure."""


def add_demo(verbs) -> None:
    """Add `swarm demo`."""
    chosen = DemoOptions()
    command = verbs.add_parser(
        'demo', help='a simulated warehouse, faults included, with a report',
        description=_DEMO_HELP, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = command.add_argument
    add('--robots', type=a_count, default=chosen.robots, metavar='N',
        help='how many robots (default: %(default)s)')
    add('--robots-per-process', type=a_count, default=chosen.robots_per_process, metavar='N',
        help='at most so many in one process (default: %(default)s); 1 is a process each, as on '
        'real robots')
    add('--duration', type=a_positive, default=chosen.duration_s, metavar='SECONDS',
        help='from the first order to the last (default: %(default)g); throughput needs 180 s '
        'without faults')
    add('--seed', type=int, default=chosen.seed, metavar='N',
        help='of orders and simulation (default: %(default)s)')
    add('--faults', default=chosen.faults, metavar='LIST',
        help="what is done to the fleet, and when: 'default' kills a leader and later a majority, "
        "'none', or KIND[:COORDINATOR]@SECONDS[+SECONDS],... with a kind of "
        f'{", ".join(sorted(set(KINDS) - NETWORK_KINDS))}; docs/chaos.md explains them')
    add('--coordinators', type=int, choices=(1, 3, 5), default=chosen.coordinators,
        help='how many coordinators (default: %(default)s)')
    _add_place(command, chosen)
    add('--metrics-port', type=int, default=0, metavar='BASE',
        help='a Prometheus endpoint for each process, on ports from here on; '
        'DIR/run/prometheus_targets.json lists them (default: none)')
    add('--log-format', choices=('text', 'json'), default='text',
        help='json: each event of an order as a line in DIR/run/logs (default: %(default)s)')
    add('--camera-frames', type=a_positive, default=0.0, metavar='PER_SECOND',
        help='robots watch their lanes with cameras, which share so many images a second '
        '(default: no cameras); needs MuJoCo and OpenGL')
    add('--physics', choices=('kinematic', 'mujoco'), default=chosen.physics,
        help='how bodies move: exactly as they are told, or with wheels that slip, masses and '
        'contacts, which needs MuJoCo (default: %(default)s)')
    command.set_defaults(verb=_demo)


def _add_place(command, chosen) -> None:
    """Add where a simulated fleet runs, and where its report goes."""
    add = command.add_argument
    add('--out', default=chosen.out, metavar='DIR',
        help='where the report, logs and data go (default: %(default)s)')
    add('--site-file', default='', metavar='YAML', help='a site other than the demo warehouse')
    add('--retries', type=a_positive, default=0.0, metavar='PER_SECOND',
        help='the client hands orders in again at random, also long after they have ended '
        '(default: only until they are answered)')
    add('--trip', type=a_positive, default=chosen.trip_m, metavar='METRES',
        help='orders go to stations at most so far from the pick, as the crow flies (default: to '
        'any)')
    add('--handling', type=a_positive, default=chosen.handling_s, metavar='SECONDS',
        help="time of a pick, and of a drop (default: the simulation's, 5 s)")
    add('--backlog', type=a_count, default=chosen.backlog, metavar='N',
        help='new orders come whenever fewer wait for a robot (default: a quarter of the robots, '
        'at least 10)')
    add_domain(command)
    add('--start-timeout', type=a_positive, default=chosen.start_timeout_s, metavar='SECONDS',
        help='how long the start may take (default: %(default)g)')


def add_chaos(verbs) -> None:
    """Add `swarm chaos`."""
    chosen = DemoOptions()
    lines = '\n'.join(f'  {name:15}{scenario.summary} ({scenario.duration_s:g} s)'
                      for name, scenario in SCENARIOS.items())
    command = verbs.add_parser(
        'chaos', help='the fleet of the demo, broken on purpose, with a verdict',
        description=_CHAOS_HELP.format(scenarios=lines),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = command.add_argument
    add('--scenario', required=True, choices=tuple(SCENARIOS), metavar='NAME',
        help='what happens to the fleet, see above')
    add('--robots', type=a_count, default=20, metavar='N',
        help='how many robots (default: %(default)s)')
    add('--duration', type=a_positive, default=None, metavar='SECONDS',
        help="from the first order to the last (default: the scenario's, see above); the scenario "
        'is repeated as often as it fits')
    add('--seed', type=int, default=chosen.seed, metavar='N',
        help='of orders, simulation and schedule (default: %(default)s)')
    add('--coordinators', type=int, choices=(3, 5), default=chosen.coordinators,
        help='how many coordinators (default: %(default)s)')
    _add_place(command, chosen)
    command.set_defaults(verb=_chaos)


def _demo(options) -> int:
    return _run(DemoOptions(
        robots=options.robots, robots_per_process=options.robots_per_process,
        coordinators=options.coordinators, duration_s=options.duration, seed=options.seed,
        faults=options.faults, out=options.out, site_file=options.site_file,
        domain=chosen_domain(options.domain), start_timeout_s=options.start_timeout,
        metrics_port=options.metrics_port, log_format=options.log_format,
        camera_frames_per_s=options.camera_frames, physics=options.physics,
        **_work(options)))


def _chaos(options) -> int:
    duration_s = options.duration or SCENARIOS[options.scenario].duration_s
    coordinators = tuple(f'c{number + 1}' for number in range(options.coordinators))
    demo_options = DemoOptions(
        robots=options.robots, coordinators=options.coordinators, duration_s=duration_s,
        seed=options.seed, scenario=options.scenario, out=options.out,
        faults=scenario_faults(options.scenario, duration_s, coordinators, options.seed),
        site_file=options.site_file, domain=chosen_domain(options.domain),
        start_timeout_s=options.start_timeout, **_work(options))
    return (_run_apart(demo_options, coordinators) if needs_network(options.scenario)
            else _run(demo_options))


def _work(options) -> dict:
    """Return what orders there are, as DemoOptions has it."""
    return {'retries_per_s': options.retries, 'trip_m': options.trip,
            'handling_s': options.handling, 'backlog': options.backlog}


def _run_apart(options: DemoOptions, coordinators) -> int:
    """Run a fleet whose coordinators' links can be cut; skip it where the machine forbids that."""
    reason = namespaces.why_not()
    if reason:
        print(f'swarm: skipped: the scenario {options.scenario} needs network namespaces, and '
              f'this machine does not give them: {reason}', file=sys.stderr)
        return SKIPPED
    namespaces.enter(sys.argv[1:])
    with namespaces.Network(coordinators) as network:
        return _run(options, network)


def _run(options: DemoOptions, network=None) -> int:
    """Run a fleet, in an environment that is set before ROS is imported."""
    stay_on_this_machine(options.domain, apart=network is not None)
    from robot_swarm_orch.demo.main import run_demo
    from robot_swarm_orch.nodes.demo_client import DemoClient
    return run_demo(options, DemoClient, network)
