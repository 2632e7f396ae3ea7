# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line of `swarm bench`."""

import argparse

from robot_swarm_orch.bench.consensus import BenchOptions
from robot_swarm_orch.bench.overload import OverloadOptions
from robot_swarm_orch.cli.arguments import (
    a_count, a_delay, a_domain, a_positive, a_share, a_whole, stay_on_this_machine)
from robot_swarm_orch.cli.common import add_domain, add_json


def add_bench(verbs) -> None:
    """Add `swarm bench`."""
    parts = verbs.add_parser(
        'bench', help='measure a part of the fleet on this machine',
        description='Measure a part on this machine; the exit status is 1 if a bound broke.'
        ).add_subparsers(metavar='PART', required=True)
    _add_bench_perception(parts)
    _add_bench_consensus(parts)
    _add_bench_avoidance(parts)
    _add_bench_traffic(parts)
    _add_bench_contacts(parts)
    _add_bench_route(parts)
    _add_bench_shards(parts)
    _add_bench_gateway(parts)
    _add_bench_overload(parts)
    _add_bench_orders(parts)


def _add_bench_perception(parts) -> None:
    """Add `swarm bench perception`."""
    text = 'from a camera image to the verdict on the lane'
    command = parts.add_parser('perception', help=text, description=f'Time {text}.')
    command.add_argument('--frames', type=a_count, default=500, metavar='N',
                         help='images of each kind (default: %(default)s)')
    command.add_argument('--model', default='', metavar='ONNX',
                         help='the model (default: the one of this package)')
    command.set_defaults(verb=_bench_perception)


def _bench_perception(options) -> int:
    from robot_swarm_orch.nodes.perception_bench import run_bench
    return run_bench(options.frames, model_file=options.model)


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
    add_domain(command)
    add_json(command)
    command.set_defaults(verb=_bench_consensus)


def _bench_consensus(options) -> int:
    from robot_swarm_orch.demo.main import reserved_domain
    domain = stay_on_this_machine(options.domain)
    from robot_swarm_orch.nodes.consensus_bench import run_bench
    with reserved_domain(domain):
        return run_bench(
            BenchOptions(trials=options.trials, block=options.block, writes=options.writes,
                         seed=options.seed), options.out, options.robots, options.json)


def _add_map(add, also: str = '') -> None:
    """Add the option of every verb that needs a map."""
    add('--map', required=True, metavar='FILE',
        help=f'a site, or any map that `swarm map import` reads{also}')


def _add_bench_avoidance(parts) -> None:
    """Add `swarm bench avoidance`."""
    command = parts.add_parser(
        'avoidance', help='robots that swap sides of a circle where there is no roadmap',
        description='Let robots swap sides of a circle in virtual time, over a network that loses '
        'and delays their words, and judge every 10 ms whether two touch; then time decisions '
        'with 99 neighbours. docs/benchmarks.md.')
    add = command.add_argument
    add('--robots', type=a_count, default=20, metavar='N',
        help='how many robots (default: %(default)s)')
    add('--loss', type=a_share, default=0.0, metavar='SHARE',
        help='share of the words that are lost (default: %(default)g)')
    add('--delay', type=a_delay, default=0.1, metavar='SECONDS',
        help='mean of their random delay (default: %(default)g)')
    add('--seed', type=int, default=1, metavar='N',
        help='of network, clocks and pose errors (default: %(default)s)')
    add('--decisions', type=a_count, default=5000, metavar='N',
        help='how many decisions are timed (default: %(default)s)')
    add('--peer', default='', metavar='PYTHON',
        help='a Python that has pyrvo: RVO2 drives the same scene with perfect data')
    add_json(command)
    command.set_defaults(verb=_bench_avoidance)


def _bench_avoidance(options) -> int:
    from robot_swarm_orch.bench.avoidance import AvoidanceBenchOptions, run_bench
    return run_bench(AvoidanceBenchOptions(
        options.robots, options.loss, options.delay, options.seed, options.decisions,
        options.peer), options.json)


def _add_bench_gateway(parts) -> None:
    """Add `swarm bench gateway`."""
    command = parts.add_parser(
        'gateway', help='orders over HTTP, each accepted once it is on disk on a majority',
        description='Hand orders in over HTTP at a steady rate, to a gateway before three '
        'coordinators over DDS, and time each from when it was due until it is answered. No robot '
        'runs, so orders only wait. The exit status is 1 if the rate was not held, an order was '
        'not accepted, or the bound on the 99th percentile broke. With --kill and with --robots '
        'the streams of events are measured instead. docs/benchmarks.md.')
    add = command.add_argument
    add('--rate', type=a_positive, default=None, metavar='PER_SECOND',
        help='orders a second (default: 300, 50 with --kill, 120 with --robots)')
    add('--duration', type=a_positive, default=60.0, metavar='SECONDS',
        help='for how long; --kill takes 30 s for each (default: %(default)g)')
    add('--connections', type=a_count, default=16, metavar='N',
        help='kept open by the clients (default: %(default)s)')
    add('--p99', type=a_positive, default=0.1, metavar='SECONDS',
        help='bound on the 99th percentile (default: %(default)g)')
    add('--kill', type=a_count, default=0, metavar='TIMES', help='kill a gateway so often and '
        'time how its WebSockets come back, and commits through another one meanwhile')
    add('--sockets', type=a_count, default=200, metavar='N',
        help='WebSockets with --kill (default: %(default)s)')
    add('--robots', type=a_count, default=0, metavar='N', help='measure the streams beside '
        'so many robots of the demo, which are under way, and their ticks with and without')
    add('--out', default='swarm-bench-gateway', metavar='DIR',
        help='where logs and data go, on the disk to be measured (default: %(default)s)')
    add_domain(command)
    add_json(command)
    command.set_defaults(verb=_bench_gateway)


def _bench_gateway(options) -> int:
    from robot_swarm_orch.demo.main import reserved_domain
    domain = stay_on_this_machine(options.domain)
    with reserved_domain(domain):
        return _run_gateway_bench(options)


def _run_gateway_bench(options) -> int:
    """Run the benchmark of gateways that was asked for; return the exit status."""
    if options.kill:
        from robot_swarm_orch.bench.gateway_kill import KillBenchOptions
        from robot_swarm_orch.nodes.gateway_kill_bench import run_kill_bench
        return run_kill_bench(KillBenchOptions(
            options.sockets, options.kill, options.rate or 50.0), options.out, options.json)
    if options.robots:
        from robot_swarm_orch.bench.gateway_moving import MovingBenchOptions
        from robot_swarm_orch.nodes.gateway_moving_bench import run_moving_bench
        return run_moving_bench(MovingBenchOptions(
            options.robots, rate_per_s=options.rate or 120.0, duration_s=options.duration),
            options.out, options.json)
    from robot_swarm_orch.bench.gateway import GatewayBenchOptions
    from robot_swarm_orch.nodes.gateway_bench import run_bench
    return run_bench(GatewayBenchOptions(
        options.rate or 300.0, options.duration, options.connections, options.p99), options.out,
        options.json)


def _add_bench_overload(parts) -> None:
    """Add `swarm bench overload`."""
    chosen = OverloadOptions()
    command = parts.add_parser(
        'overload', help='what a fleet gives up when its coordinators get less than they need',
        description='Let the fleet of the demo drive. In turns, nothing is amiss, or each '
        'coordinator gets a part only of the processor time that the leader took before, while '
        'more orders come than its queue takes. Compares telemetry, motion, and how soon an '
        'emergency stop is obeyed; the exit status is 1 if a bound broke. docs/benchmarks.md.')
    add = command.add_argument
    add('--robots', type=a_count, default=chosen.robots, metavar='N',
        help='how many robots (default: %(default)s)')
    add('--rounds', type=a_count, default=chosen.rounds, metavar='N',
        help='spans of each kind (default: %(default)s)')
    add('--span', type=a_positive, default=chosen.span_s, metavar='SECONDS',
        help='how long each lasts (default: %(default)g)')
    add('--share', type=a_positive, default=chosen.share, metavar='SHARE',
        help='of the time that the leader took in the calm span before (default: %(default)g)')
    add('--flood', type=a_positive, default=chosen.flood_per_s, metavar='PER_SECOND',
        help='orders that come meanwhile (default: %(default)g)')
    add('--lease', type=a_positive, default=chosen.lease_s, metavar='SECONDS',
        help='how long robots move on one word of the leader: repetitions come at least four '
        'times in it (default: %(default)g)')
    add('--out', default='swarm-bench-overload', metavar='DIR',
        help='where report, logs and data go (default: %(default)s)')
    add_domain(command)
    add_json(command)
    command.set_defaults(verb=_bench_overload)


def _bench_overload(options) -> int:
    from robot_swarm_orch.demo.main import reserved_domain
    domain = stay_on_this_machine(options.domain)
    from robot_swarm_orch.nodes.overload_bench import run_bench
    with reserved_domain(domain):
        return run_bench(OverloadOptions(
            options.robots, rounds=options.rounds, span_s=options.span, share=options.share,
            flood_per_s=options.flood, lease_s=options.lease), options.out, options.json)


def _add_bench_traffic(parts) -> None:
    """Add `swarm bench traffic`."""
    command = parts.add_parser(
        'traffic', help='throughput, waits and contacts of a fleet on a map, in virtual time',
        description='Let robots drive from goal to goal on a map in virtual time: real agents, '
        'a real coordinator, a network that loses and delays their words, and judges. Compares '
        'with robots that are alone on the map. docs/benchmarks.md.')
    add = command.add_argument
    _add_map(add)
    add('--scen', default='', metavar='FILE',
        help='a MovingAI scenario: starts and goals, in its name {seed} stands for the seed '
        '(default: random ones)')
    add('--robots', type=a_count, default=100, metavar='N',
        help='how many robots (default: %(default)s)')
    add('--loss', type=a_share, default=0.0, metavar='SHARE',
        help='share of the words that are lost (default: %(default)g)')
    add('--delay', type=a_delay, default=0.0, metavar='SECONDS',
        help='least delay of each word (default: %(default)g)')
    add('--duration', type=a_positive, default=600.0, metavar='SECONDS',
        help='of virtual time (default: %(default)g)')
    add('--settle', type=a_positive, default=120.0, metavar='SECONDS',
        help='goals are counted after this time (default: %(default)g)')
    add('--coordinators', type=int, choices=(1, 3, 5), default=1,
        help='how many coordinators (default: %(default)s)')
    which = command.add_mutually_exclusive_group()
    which.add_argument('--seed', type=int, default=1, metavar='N',
                       help='of goals and network (default: %(default)s)')
    which.add_argument('--seeds', type=some_seeds, default=(), metavar='N,N,...',
                       help='several: medians over them, and each')
    add('--workers', type=a_count, default=2, metavar='W',
        help='processes that share several seeds (default: %(default)s)')
    add('--peer', default='', metavar='PYTHON',
        help='a Python that has pypibt: PIBT drives the same goals with perfect data')
    add('--plot', default='', metavar='DIR',
        help='put the report into this folder and draw there throughput.png, of all reports that '
        'it holds, and space_time.png, of this run')
    add_json(command)
    add('--physics', choices=('kinematic', 'mujoco'), default='kinematic',
        help='how bodies move: exactly as they are told, or with wheels that slip, masses and '
        'contacts, which needs MuJoCo (default: %(default)s)')
    command.set_defaults(verb=_bench_traffic)


def some_seeds(text: str) -> tuple:
    """Read seeds with commas between, each once."""
    try:
        seeds = tuple(map(int, text.split(',')))
    except ValueError:
        seeds = ()
    if not seeds or len(set(seeds)) < len(seeds):
        raise argparse.ArgumentTypeError(
            f'{text!r} must be whole numbers with commas between, each once, such as 1,2,3')
    return seeds


def _bench_traffic(options) -> int:
    from robot_swarm_orch.bench.traffic import TrafficBenchOptions
    from robot_swarm_orch.bench.traffic_run import run_bench
    return run_bench(TrafficBenchOptions(
        options.map, options.scen, options.robots, options.loss, options.delay, options.seed,
        options.duration, options.settle, options.coordinators, options.seeds, options.workers,
        options.peer, options.plot, options.physics), options.json)


def _add_bench_contacts(parts) -> None:
    """Add `swarm bench contacts`."""
    command = parts.add_parser(
        'contacts', help='do robots ever touch, however bad the network and whoever dies',
        description='Seed after seed of traffic in virtual time over bad networks, with leaders '
        'and robots killed and all words cut off now and then. Judges look for contacts and for '
        'broken rules. A ledger sums what was driven. docs/benchmarks.md.')
    add = command.add_argument
    _add_map(add)
    add('--robots', type=a_count, default=100, metavar='N',
        help='robots of each seed (default: %(default)s)')
    add('--robot-seconds', type=a_positive, default=1e6, metavar='N',
        help='how much in all (default: %(default)g)')
    add('--seconds', type=a_positive, default=100.0, metavar='S',
        help='of virtual time for each seed (default: %(default)g)')
    add('--first-seed', type=a_count, default=0, metavar='N',
        help='the first one (default: the one after the last that the ledger has of this commit, '
        'map and number of robots, else 1)')
    add('--workers', type=a_count, default=2, metavar='W',
        help='processes that share the seeds (default: %(default)s)')
    add('--ledger', default='', metavar='JSONL',
        help='a file to which each seed adds a line; what it holds in all is printed at start and '
        'end (default: none)')
    command.set_defaults(verb=_bench_contacts)


def _bench_contacts(options) -> int:
    from robot_swarm_orch.bench.contacts import ContactsOptions, run_bench
    return run_bench(ContactsOptions(
        options.map, options.robots, options.robot_seconds, options.seconds, options.first_seed,
        options.workers, options.ledger))


def _add_bench_route(parts) -> None:
    """Add `swarm bench route`."""
    command = parts.add_parser(
        'route', help='how long a robot takes to know its way after a new order',
        description='Give robots one order after another and time the decision about the route: '
        'to new and to known goals, round what is blocked, and for all robots at once. Compares '
        "with SciPy's searches on the same graph. docs/benchmarks.md.")
    add = command.add_argument
    _add_map(add, ', or COLUMNSxROWS for a grid that is made, such as 500x140')
    add('--no-racks', dest='racks', action='store_false',
        help='a grid that is made has no racks: all of its floor is free')
    add('--robots', type=a_count, default=100, metavar='N',
        help='how many robots (default: %(default)s)')
    add('--orders', type=a_count, default=2000, metavar='N',
        help='how many orders of each kind (default: %(default)s)')
    add('--seed', type=int, default=1, metavar='N',
        help='of starts and goals (default: %(default)s)')
    add_json(command)
    command.set_defaults(verb=_bench_route)


def _bench_route(options) -> int:
    from robot_swarm_orch.bench.route import RouteBenchOptions, run_bench
    return run_bench(RouteBenchOptions(
        options.map, options.robots, options.seed, options.orders, options.racks), options.json)


def _add_bench_shards(parts) -> None:
    """Add `swarm bench shards`."""
    command = parts.add_parser(
        'shards', help='what a site that is flooded with orders takes from another',
        description='Two sites of three coordinators each on this machine. One gets orders at a '
        'steady rate and its commits are timed; the other gets as many, and ten times as many, '
        'in turns. The exit status is 1 if p99 rises by more than 20 %.')
    add = command.add_argument
    add('--windows', type=a_count, default=6, metavar='N',
        help='of each kind, in turns (default: %(default)s)')
    add('--window', type=a_positive, default=10.0, metavar='SECONDS',
        help='how long each lasts (default: %(default)g)')
    add('--rate', type=a_positive, default=20.0, metavar='PER_SECOND',
        help='orders of each site, usually (default: %(default)g)')
    add('--seed', type=int, default=1, metavar='N', help='of orders (default: %(default)s)')
    add('--domains', type=a_domain, nargs=2, default=(83, 84), metavar='N',
        help='their ROS domains (default: 83 84); words never leave this machine')
    add('--out', default='swarm-bench-shards', metavar='DIR',
        help='where report, logs and data go (default: %(default)s)')
    add_json(command)
    command.set_defaults(verb=_bench_shards)


def _bench_shards(options) -> int:
    stay_on_this_machine(options.domains[0])
    from robot_swarm_orch.nodes.shard_bench import run_bench, ShardBenchOptions
    return run_bench(ShardBenchOptions(
        options.windows, options.window, options.rate, options.seed, tuple(options.domains)),
        options.out, options.json)


def _add_bench_orders(parts) -> None:
    """Add `swarm bench orders`."""
    command = parts.add_parser(
        'orders', help='what orders cost: to share them out, to remember them, in a snapshot',
        description='What orders cost a coordinator, without a running fleet; how fast a fleet '
        'accepts them is `swarm bench gateway`. docs/benchmarks.md.')
    add = command.add_argument
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument('--allocation', action='store_true',
                       help='share random orders out among random robots with each strategy, and '
                       'with peers on the same matrix; then hand 1,000 in at once in virtual time')
    which.add_argument('--memory', type=a_count, default=0, metavar='N',
                       help='what so many finished orders cost: memory, snapshots, event log')
    which.add_argument('--snapshots', action='store_true', help='for how long a snapshot holds a '
                       'coordinator up, with 1,000, 18,000 and 100,000 orders that live')
    add('--runs', type=a_count, default=20, metavar='N',
        help='decisions of each size and strategy (default: %(default)s)')
    add('--seed', type=int, default=1, metavar='N', help='of robots and orders (default: 1)')
    add('--burst-robots', type=a_count, default=100, metavar='N',
        help='robots that share the burst (default: %(default)s)')
    add_json(command)
    command.set_defaults(verb=_bench_orders)


def _bench_orders(options) -> int:
    if options.memory:
        from robot_swarm_orch.bench import orders_memory
        return orders_memory.run_bench(
            orders_memory.MemoryBenchOptions(options.memory), options.json)
    if options.snapshots:
        from robot_swarm_orch.bench import snapshot_pause
        return snapshot_pause.run_bench(snapshot_pause.SnapshotBenchOptions(), options.json)
    from robot_swarm_orch.bench.allocation import AllocationBenchOptions, run_bench
    return run_bench(AllocationBenchOptions(
        options.runs, options.seed, options.burst_robots), options.json)
