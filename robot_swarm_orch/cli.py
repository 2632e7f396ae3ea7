# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The command line: `swarm COMMAND ...`; `swarm --help` lists what there is.

ROS is imported inside the verbs, so that `--help` and mistakes are answered at once.
"""

import argparse
import os
import sys

from robot_swarm_orch.arguments import (
    a_count, a_domain, a_positive, a_whole, DEMO_DOMAIN, stay_on_this_machine)
from robot_swarm_orch.bench.consensus import BenchOptions
from robot_swarm_orch.bench_verbs import (
    add_bench_avoidance, add_bench_contacts, add_bench_gateway, add_bench_orders,
    add_bench_route, add_bench_shards, add_bench_traffic)
from robot_swarm_orch.demo_verbs import add_chaos, add_demo
from robot_swarm_orch.errors import ConfigError, SwarmError
from robot_swarm_orch.gateway_verbs import add_gateway, add_token
from robot_swarm_orch.log_verbs import add_log, add_replay
from robot_swarm_orch.map_verbs import add_map
from robot_swarm_orch.operator_verbs import add_operator_verbs
from robot_swarm_orch.shard_verbs import add_shards
from robot_swarm_orch.sim.verb import add_verify

USAGE_ERROR = 2


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
    except OSError as error:
        where = f'{error.filename}: ' if error.filename else ''
        print(f'swarm: {where}{error.strerror or error}', file=sys.stderr)
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
        prog='swarm', description='Fleets of mobile robots that elect their own head over DDS.',
        epilog='./swarm in a checkout also knows: setup (build all that is missing), env (print '
        'the environment for other tools), test [PYTEST ARGUMENTS] (run the tests).')
    verbs = root.add_subparsers(metavar='COMMAND', required=True)
    add_demo(verbs)
    add_chaos(verbs)
    add_map(verbs)
    add_shards(verbs)
    _add_order(verbs)
    for name, verb, text in (
            ('robots', _robots, 'every robot: mode, place, order, battery, what limits it'),
            ('leader', _leader, 'which coordinator leads, in which term')):
        command = verbs.add_parser(name, help=text, description=f'Show {text}.')
        _add_common(command)
        command.add_argument('--json', action='store_true', help='print JSON for programs')
        command.set_defaults(verb=verb)
    _add_orders(verbs)
    _add_stop(verbs)
    add_operator_verbs(verbs, _add_common)
    _add_coordinators(verbs)
    _add_enrol(verbs)
    _add_block(verbs)
    add_gateway(verbs)
    add_token(verbs)
    _add_insight(verbs)
    add_log(verbs)
    add_replay(verbs)
    _add_bench(verbs)
    add_verify(verbs, a_count)
    _add_completion(verbs, root)
    return root


def _add_common(command) -> None:
    """Add what every verb that talks to a running fleet needs."""
    command.add_argument('--site', default='warehouse', metavar='ID',
                         help='site id of the fleet (default: %(default)s)')
    command.add_argument('--timeout', type=a_positive, default=5.0, metavar='SECONDS',
                         help='how long to wait for an answer (default: %(default)g)')


def _add_completion(verbs, root) -> None:
    """Add `swarm completion`."""
    command = verbs.add_parser(
        'completion', help='print what a shell needs to complete these commands',
        description='Print a completion script. For bash: swarm completion bash > '
        '~/.local/share/bash-completion/completions/swarm')
    command.add_argument('shell', choices=('bash', 'zsh', 'tcsh'))
    command.set_defaults(verb=lambda options: _completion(root, options.shell))


def _completion(root, shell) -> int:
    try:
        import shtab
    except ImportError as error:
        raise ConfigError('completion needs shtab: pip install shtab') from error
    print(shtab.complete(root, shell))
    return 0


def _add_order(verbs) -> None:
    """Add `swarm order`."""
    command = verbs.add_parser(
        'order', help='hand in one order and follow it',
        description='Hand in one order and follow it to its end. The same --id again is the same '
        'order: it is carried out once.')
    _add_common(command)
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


def _add_orders(verbs) -> None:
    """Add `swarm orders`."""
    text = 'how many orders there are, and those that have not ended'
    command = verbs.add_parser('orders', help=text, description=f'Show {text}.')
    _add_common(command)
    add = command.add_argument
    add('--state', action='append', default=[], metavar='NAME',
        help='only orders in this state, such as accepted (waiting) or in_doubt; may be repeated')
    add('--all', action='store_true', help='also those that have ended')
    add('--robot', default='', metavar='ID', help='only orders of this robot')
    add('--client', default='', metavar='NAME', help='only orders of this client')
    add('--limit', type=a_count, default=200, metavar='N',
        help='at most so many (default: %(default)s)')
    add('--json', action='store_true', help='print JSON for programs')
    command.set_defaults(verb=_orders)


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


def _add_coordinators(verbs) -> None:
    """Add `swarm coordinators` and its acts."""
    text = 'who leads, who votes, who lags'
    command = verbs.add_parser(
        'coordinators', help=text + '; add and remove coordinators, hand the lead over',
        description=f'Show {text}; the exit status is 1 while nobody leads. Or change the group: '
        'docs/operations.md says how.')
    _add_common(command)
    command.add_argument('--json', action='store_true', help='print JSON for programs')
    command.set_defaults(verb=_coordinators)
    acts = command.add_subparsers(metavar='ACT')
    for act, text, needs_id in (
            ('add', 'take a coordinator into the group: it copies the log, then votes', True),
            ('remove', 'take a coordinator out of the group', True),
            ('transfer', 'hand the lead over, to ID or to whoever is furthest', False)):
        one = acts.add_parser(act, help=text, description=f'{text[0].upper()}{text[1:]}.')
        _add_common(one)
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


def _add_enrol(verbs) -> None:
    """Add `swarm enrol`."""
    command = verbs.add_parser(
        'enrol', help='let a robot stand at a node, as after a restored backup',
        description='Let a robot stand at a node of the roadmap. You vouch that it stands there; '
        'it is refused while somebody else holds the node.')
    _add_common(command)
    command.add_argument('robot', metavar='ROBOT', help='id of the robot')
    command.add_argument('node', metavar='NODE', nargs='?', default='',
                         help='place, node or its number (default: the node where the robot says '
                         'that it stands)')
    command.add_argument('--site-file', default='', metavar='YAML',
                         help='names the places (default: the demo warehouse, if it fits)')
    command.set_defaults(verb=_enrol)


def _add_block(verbs) -> None:
    """Add `swarm block` and `swarm unblock`."""
    for name, text in (('block', 'close nodes or streets to robots, as where something was spilt'),
                       ('unblock', 'open nodes or streets again that were blocked')):
        command = verbs.add_parser(
            name, help=text, description=text.capitalize() + '. A node is a place, node or its '
            'number; a street is NODE-NODE. Robots plan around what is blocked at once; who is '
            'on it goes on to its end. What is blocked is in the log and survives restarts.')
        _add_common(command)
        command.add_argument('ways', metavar='NODE|NODE-NODE', nargs='+')
        command.add_argument('--one-way', action='store_true',
                             help='streets only from the first node to the second')
        command.add_argument('--site-file', default='', metavar='YAML',
                             help='names the places (default: the demo warehouse, if it fits)')
        command.set_defaults(verb=_block, is_blocked=name == 'block')


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
    top.add_argument('--interval', type=a_positive, default=1.0, metavar='SECONDS',
                     help='time between two looks (default: %(default)g)')


def _add_bench(verbs) -> None:
    """Add `swarm bench`."""
    parts = verbs.add_parser(
        'bench', help='measure a part of the fleet on this machine',
        description='Measure a part on this machine; the exit status is 1 if a bound broke.'
        ).add_subparsers(metavar='PART', required=True)
    _add_bench_perception(parts)
    _add_bench_consensus(parts)
    add_bench_avoidance(parts)
    add_bench_traffic(parts)
    add_bench_contacts(parts)
    add_bench_route(parts)
    add_bench_shards(parts)
    add_bench_gateway(parts)
    add_bench_orders(parts)


def _add_bench_perception(parts) -> None:
    """Add `swarm bench perception`."""
    text = 'from a camera image to the verdict on the lane'
    command = parts.add_parser('perception', help=text, description=f'Time {text}.')
    command.add_argument('--frames', type=a_count, default=500, metavar='N',
                         help='images of each kind (default: %(default)s)')
    command.add_argument('--model', default='', metavar='ONNX',
                         help='the model (default: the one of this package)')
    command.set_defaults(verb=_bench_perception)


def _add_bench_consensus(parts) -> None:
    """Add `swarm bench consensus`."""
    chosen = BenchOptions()
    command = parts.add_parser(
        'consensus', help='commits and failovers, beside etcd',
        description='Measure commit latency, throughput, and the time without a leader after it '
        'was killed, of three coordinators over DDS and of a three-node etcd with the same timers '
        'in turns. Without etcd (Debian: etcd-server) ours alone. docs/benchmarks.md.')
    add = command.add_argument
    add('--trials', type=a_whole, default=chosen.trials, metavar='N',
        help='how often the leader is killed (default: %(default)s); 0: commits only')
    add('--block', type=a_count, default=chosen.block, metavar='N',
        help='trials of one group before the turn of the other (default: %(default)s)')
    add('--writes', type=a_count, default=chosen.writes, metavar='N',
        help='writes of a block, one after another (default: %(default)s)')
    add('--robots', type=a_whole, default=0, metavar='N',
        help='a simulated fleet runs beside both groups (default: none)')
    add('--seed', type=int, default=chosen.seed, metavar='N',
        help='of the moments at which leaders are killed (default: %(default)s)')
    add('--out', default='swarm-bench', metavar='DIR',
        help='where reports, logs and data go, on the disk to be measured (default: %(default)s)')
    add('--domain', type=a_domain, metavar='N', default=None,
        help=f'ROS domain (default: SWARM_DOMAIN_ID, else {DEMO_DOMAIN}); never leaves this '
        'machine')
    add('--json', action='store_true', help='print JSON for programs')
    command.set_defaults(verb=_bench_consensus)


def _bench_perception(options) -> int:
    from robot_swarm_orch.nodes.perception_bench import run_bench
    return run_bench(options.frames, model_file=options.model)


def _bench_consensus(options) -> int:
    from robot_swarm_orch.demo.main import reserved_domain
    domain = stay_on_this_machine(options.domain)
    from robot_swarm_orch.nodes.consensus_bench import run_bench
    with reserved_domain(domain):
        return run_bench(
            BenchOptions(trials=options.trials, block=options.block, writes=options.writes,
                         seed=options.seed), options.out, options.robots, options.json)


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


def _order(options) -> int:
    from robot_swarm_orch.nodes.fleet_client import FleetClient, follow_order
    with FleetClient(options.site) as client:
        return follow_order(client, options)


def _orders(options) -> int:
    from robot_swarm_orch.nodes.fleet_client import FleetClient
    from robot_swarm_orch.nodes.order_verbs import show_orders
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


def _coordinators(options) -> int:
    from robot_swarm_orch.nodes.coordinator_verbs import show_coordinators
    from robot_swarm_orch.nodes.fleet_client import FleetClient
    with FleetClient(options.site) as client:
        return show_coordinators(client, options)


def _change_group(options) -> int:
    from robot_swarm_orch.nodes.coordinator_verbs import change_group
    from robot_swarm_orch.nodes.fleet_client import FleetClient
    with FleetClient(options.site) as client:
        return change_group(client, options)


def _restore(options) -> int:
    from robot_swarm_orch.backup import restore
    return restore(options.backup, options.data_dir, options.site, options.cluster, options.node,
                   tuple(filter(None, options.voters.split(','))))


def _enrol(options) -> int:
    from robot_swarm_orch.nodes.coordinator_verbs import enrol_robot
    from robot_swarm_orch.nodes.fleet_client import FleetClient
    with FleetClient(options.site) as client:
        return enrol_robot(client, options)


def _block(options) -> int:
    from robot_swarm_orch.nodes.fleet_client import FleetClient
    from robot_swarm_orch.nodes.way_verbs import block_ways
    with FleetClient(options.site) as client:
        return block_ways(client, options)


def _estop(options) -> int:
    from robot_swarm_orch.nodes.fleet_client import FleetClient, send_stop
    with FleetClient(options.site) as client:
        return send_stop(client, options)


if __name__ == '__main__':
    sys.exit(main())
