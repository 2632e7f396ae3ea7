# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The command line: `swarm COMMAND ...`; `swarm --help` lists what there is.

ROS is imported inside the verbs, so that `--help` and mistakes are answered at once.
"""

import argparse
import os
import sys

from robot_swarm_orch.demo.options import DemoOptions
from robot_swarm_orch.errors import SwarmError

USAGE_ERROR = 2
DEMO_DOMAIN = 77
_DEMO_HELP = """\
Run a simulated warehouse in real time over DDS: robots, coordinators, a stream of orders, and
processes killed on purpose. Ends with a report (report.txt, report.json, drawings); the exit
status is 0 only if no invariant and no bound broke. docs/demo.md explains every figure."""


def main(arguments=None) -> int:
    """Carry out one command; return the exit status."""
    options = parser().parse_args(arguments)
    try:
        status = options.verb(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # `| head` has seen enough; at exit Python must not try to write the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SwarmError as error:
        print(f'swarm: {error}', file=sys.stderr)
        return USAGE_ERROR
    except FileNotFoundError as error:
        print(f'swarm: {error}', file=sys.stderr)
        return USAGE_ERROR
    except ImportError as error:
        print(f'swarm: {error}\nROS 2 or the messages of this package are not in the environment: '
              'use ./swarm, or source install/setup.bash', file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    root = argparse.ArgumentParser(
        prog='swarm', description='Fleets of mobile robots that elect their own head over DDS.')
    verbs = root.add_subparsers(metavar='COMMAND', required=True)
    _add_demo(verbs)
    _add_order(verbs)
    for name, verb, text in (
            ('orders', _orders, 'how many orders wait, are carried out, and are done'),
            ('robots', _robots, 'every robot: mode, place, order, battery, what limits it'),
            ('leader', _leader, 'which coordinator leads, in which term')):
        command = verbs.add_parser(name, help=text, description=f'Show {text}.')
        _add_common(command)
        command.add_argument('--json', action='store_true', help='print JSON for programs')
        command.set_defaults(verb=verb)
    _add_stop(verbs)
    _add_insight(verbs)
    _add_bench(verbs)
    return root


def _add_common(command) -> None:
    """Add what every verb that talks to a running fleet needs."""
    command.add_argument('--site', default='warehouse', metavar='ID',
                         help='site id of the fleet (default: %(default)s)')
    command.add_argument('--timeout', type=_positive, default=5.0, metavar='SECONDS',
                         help='how long to wait for an answer (default: %(default)g)')


def _add_demo(verbs) -> None:
    """Add `swarm demo`."""
    chosen = DemoOptions()
    command = verbs.add_parser(
        'demo', help='a simulated warehouse, faults included, with a report',
        description=_DEMO_HELP, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = command.add_argument
    add('--robots', type=_count, default=chosen.robots, metavar='N',
        help='how many robots (default: %(default)s)')
    add('--robots-per-process', type=_count, default=chosen.robots_per_process, metavar='N',
        help='at most so many in one process (default: %(default)s); 1 is a process each, as on '
        'real robots')
    add('--duration', type=_positive, default=chosen.duration_s, metavar='SECONDS',
        help='from the first order to the last (default: %(default)g); throughput needs 180 s '
        'without faults')
    add('--seed', type=int, default=chosen.seed, metavar='N',
        help='of orders and simulation (default: %(default)s)')
    add('--faults', default=chosen.faults, metavar='LIST',
        help="what is killed with SIGKILL, and when: 'default' is a leader and later a majority, "
        "'none', or KIND@SECONDS[+SECONDS_DOWN],... with a kind of leader, majority, edge")
    add('--out', default=chosen.out, metavar='DIR',
        help='where the report, logs and data go (default: %(default)s)')
    add('--coordinators', type=int, choices=(1, 3, 5), default=chosen.coordinators,
        help='how many coordinators (default: %(default)s)')
    add('--site-file', default='', metavar='YAML', help='a site other than the demo warehouse')
    add('--domain', type=_domain, metavar='N', default=None,
        help=f'ROS domain (default: SWARM_DOMAIN_ID, else {DEMO_DOMAIN}); never leaves this '
        'machine')
    add('--metrics-port', type=int, default=0, metavar='BASE',
        help='a Prometheus endpoint for each process, on ports from here on; '
        'DIR/run/prometheus_targets.json lists them (default: none)')
    add('--log-format', choices=('text', 'json'), default='text',
        help='json: each event of an order as a line in DIR/run/logs (default: %(default)s)')
    add('--camera-frames', type=_positive, default=0.0, metavar='PER_SECOND',
        help='robots watch their lanes with cameras, which share so many images a second '
        '(default: no cameras); needs MuJoCo and OpenGL')
    add('--start-timeout', type=_positive, default=chosen.start_timeout_s, metavar='SECONDS',
        help='how long the start may take (default: %(default)g)')
    command.set_defaults(verb=_demo)


def _add_order(verbs) -> None:
    """Add `swarm order`."""
    command = verbs.add_parser(
        'order', help='hand in one order and follow it',
        description='Hand in one order and follow it to its end. The same --id again is the same '
        'order: it is carried out once.')
    _add_common(command)
    add = command.add_argument
    add('drop', metavar='DROP', help='place where the load, or the robot, is to go')
    add('--pick', metavar='PLACE', help='place where the load stands; without it a robot just '
        'drives to DROP')
    add('--id', default='', metavar='ID', help='idempotency key (default: a new one)')
    add('--load', default='', metavar='NAME', help='name of the load, for people')
    add('--priority', type=int, default=100, metavar='0-255',
        help='higher goes first (default: %(default)s)')
    add('--deadline', type=_positive, default=0.0, metavar='SECONDS',
        help='to be done within this time')
    add('--no-follow', action='store_true', help='return as soon as the order is accepted')
    command.set_defaults(verb=_order)


def _add_stop(verbs) -> None:
    """Add `swarm estop`."""
    command = verbs.add_parser(
        'estop', help='stop the fleet or one robot at once, or release it',
        description='Stop the whole fleet, or one robot, at once. The stop latches: only '
        '--release ends it. It needs no leader. It is no certified safety function.')
    _add_common(command)
    command.add_argument('--robot', default='', metavar='ID', help='this robot only')
    command.add_argument('--release', action='store_true', help='end the stop')
    command.add_argument('--reason', default='by hand', metavar='TEXT', help='for the record')
    command.set_defaults(verb=_estop)


def _add_insight(verbs) -> None:
    """Add `swarm why`, `swarm doctor` and `swarm top`."""
    def add(name, verb, text, more='', timeout=3.0):
        command = verbs.add_parser(name, help=text, description=f'Show {text}.{more}')
        _add_common(command)
        command.set_defaults(verb=verb, timeout=timeout)
        command.add_argument('--site-file', default='', metavar='YAML',
                             help='names the places (default: the demo warehouse, if it fits)')
        command.add_argument('--json', action='store_true', help='print JSON for programs')
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
    top.add_argument('--interval', type=_positive, default=1.0, metavar='SECONDS',
                     help='time between two looks (default: %(default)g)')


def _add_bench(verbs) -> None:
    """Add `swarm bench`."""
    command = verbs.add_parser(
        'bench', help='measure a part of the fleet on this machine',
        description='Measure a part on this machine; the exit status is 1 if a bound broke. '
        '`perception`: from a camera image to the verdict on the lane.')
    command.add_argument('part', choices=('perception',), help='what to measure')
    command.add_argument('--frames', type=_count, default=500, metavar='N',
                         help='images of each kind (default: %(default)s)')
    command.add_argument('--model', default='', metavar='ONNX',
                         help='the model (default: the one of this package)')
    command.set_defaults(verb=_bench)


def _bench(options) -> int:
    from robot_swarm_orch.nodes.perception_bench import run_bench
    return run_bench(options.frames, model_file=options.model)


def _why(options) -> int:
    from robot_swarm_orch.nodes.fleet_client import FleetClient
    from robot_swarm_orch.nodes.insight_verbs import explain_subject
    with FleetClient(options.site) as client:
        return explain_subject(client, options)


def _doctor(options) -> int:
    from robot_swarm_orch.nodes.fleet_client import FleetClient
    from robot_swarm_orch.nodes.insight_verbs import examine
    with FleetClient(options.site) as client:
        return examine(client, options)


def _top(options) -> int:
    from robot_swarm_orch.nodes.fleet_client import FleetClient
    from robot_swarm_orch.nodes.insight_verbs import show_top
    with FleetClient(options.site) as client:
        return show_top(client, options)


def _demo(options) -> int:
    from robot_swarm_orch.bringup import one_host_environment
    from robot_swarm_orch.demo.main import run_demo
    domain = options.domain
    if domain is None:
        domain = _domain(os.environ.get('SWARM_DOMAIN_ID', str(DEMO_DOMAIN)))
    environment = one_host_environment(os.environ, domain)
    os.environ.clear()
    os.environ.update(environment)
    from robot_swarm_orch.nodes.demo_client import DemoClient
    return run_demo(DemoOptions(
        robots=options.robots, robots_per_process=options.robots_per_process,
        coordinators=options.coordinators, duration_s=options.duration, seed=options.seed,
        faults=options.faults, out=options.out, site_file=options.site_file, domain=domain,
        start_timeout_s=options.start_timeout, metrics_port=options.metrics_port,
        log_format=options.log_format, camera_frames_per_s=options.camera_frames), DemoClient)


def _order(options) -> int:
    from robot_swarm_orch.nodes.fleet_client import FleetClient, follow_order
    with FleetClient(options.site) as client:
        return follow_order(client, options)


def _orders(options) -> int:
    from robot_swarm_orch.nodes.fleet_client import FleetClient, show_orders
    with FleetClient(options.site) as client:
        return show_orders(client, options)


def _robots(options) -> int:
    from robot_swarm_orch.nodes.fleet_client import FleetClient, show_robots
    with FleetClient(options.site) as client:
        return show_robots(client, options)


def _leader(options) -> int:
    from robot_swarm_orch.nodes.fleet_client import FleetClient, show_leader
    with FleetClient(options.site) as client:
        return show_leader(client, options)


def _estop(options) -> int:
    from robot_swarm_orch.nodes.fleet_client import FleetClient, send_stop
    with FleetClient(options.site) as client:
        return send_stop(client, options)


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError('must be at least 1')
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0.0 < value < 1e7:
        raise argparse.ArgumentTypeError('must be above 0')
    return value


def _domain(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 101:
        raise argparse.ArgumentTypeError('must lie in 0 to 101')
    return value


if __name__ == '__main__':
    sys.exit(main())
