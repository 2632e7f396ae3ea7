# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
`swarm bench shards`: what a site that is flooded with orders takes from another on one machine.

Two shards of three coordinators each, on domains of their own. The quiet one gets an order after
another at a steady rate, each timed from handing it in to ACCEPTED. The other one gets its usual
rate and ten times as much, in turns, from a process of its own. Windows of both kinds alternate,
so that what else happens on the machine meets both.

Needs an environment that keeps DDS on this machine (`bringup.one_host_environment`).
"""

from dataclasses import dataclass
import gc
import json
import multiprocessing
from pathlib import Path
import sys
import time
from typing import Dict, List

from robot_swarm_orch.bench.figures import summary
from robot_swarm_orch.bench.group import BenchFailed, Timers
from robot_swarm_orch.nodes.swarm_group import Client, SwarmGroup
from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.types import Order

RATIO_MAX = 1.2  # p99 of a commit in the quiet shard, with its neighbour flooded over calm
FLOOD = 10
_PATIENCE_S, _AGAIN_S = 10.0, 0.5
_WARM_S = 2.0  # of each window, not counted: the other shard's queue fills or drains


@dataclass(frozen=True)
class ShardBenchOptions:
    """What to run; the command line gives the defaults and explains them."""

    windows: int = 6         # of each kind
    window_s: float = 10.0
    rate_per_s: float = 20.0  # orders of each shard, usually
    seed: int = 1
    domains: tuple = (83, 84)


def run_bench(options: ShardBenchOptions, out: str, as_json: bool = False) -> int:
    """Measure and write report.json into `out`; return 0 if the bound held, else 1."""
    folder = Path(out).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    quiet = SwarmGroup(folder / 'quiet', Timers(), seed=options.seed, site_id='quiet',
                       domain=options.domains[0])
    busy = SwarmGroup(folder / 'busy', Timers(), seed=options.seed + 1, site_id='busy',
                      domain=options.domains[1])
    gc.collect()
    gc.freeze()
    try:
        quiet.open()
        busy.open()
        report = _report(options, _measure(options, quiet, busy))
    finally:
        quiet.close()
        busy.close()
    content = json.dumps(report, indent=2)
    (folder / 'report.json').write_text(content + '\n', encoding='utf-8')
    print(content if as_json else '\n'.join(_lines(report)))
    return 0 if report['kept'] else 1


def _measure(options, quiet, busy) -> Dict[str, dict]:
    """Return the times of commits in the quiet shard, and the busy one's rate, of each kind."""
    spawn = multiprocessing.get_context('spawn')
    rate, accepted = spawn.Value('d', options.rate_per_s), spawn.Value('L', 0)
    flooder = spawn.Process(target=_flood, args=(rate, accepted, busy.plan, options.seed),
                            daemon=True)
    flooder.start()
    found = {kind: {'commit_s': [], 'busy_per_s': []} for kind in ('calm', 'flooded')}
    client = quiet.client()
    try:
        for number in range(2 * options.windows):
            kind = ('calm', 'flooded')[number % 2]
            rate.value = options.rate_per_s * (FLOOD if kind == 'flooded' else 1)
            _window(options, client, quiet.order, _WARM_S)
            before, began_s = accepted.value, time.monotonic()
            found[kind]['commit_s'] += _window(options, client, quiet.order,
                                               options.window_s - _WARM_S)
            found[kind]['busy_per_s'].append(
                (accepted.value - before) / (time.monotonic() - began_s))
            if not flooder.is_alive():
                raise BenchFailed('the process that floods the other shard has ended')
            print(f'window {number + 1} of {2 * options.windows}, {kind}', file=sys.stderr,
                  flush=True)
    finally:
        client.close()
        flooder.terminate()
        flooder.join()
    return found


def _window(options, client: Client, order_of, for_s: float) -> List[float]:
    """Hand orders in at a steady rate for a while; return how long each commit took [s]."""
    times, due_s, end_s = [], time.monotonic(), time.monotonic() + for_s
    while due_s < end_s:
        client.hear(max(0.0, due_s - time.monotonic()))
        if time.monotonic() < due_s:
            continue
        order, sent_s = order_of(), time.monotonic()
        client.send(order)
        again_s = sent_s + _AGAIN_S
        while order.order_id not in client.accepted(0.05):
            now_s = time.monotonic()
            if now_s - sent_s > _PATIENCE_S:
                raise BenchFailed(f'an order of the quiet shard was not accepted within '
                                  f'{_PATIENCE_S:g} s')
            if now_s >= again_s:  # as any client does, and it counts as waiting
                again_s = now_s + _AGAIN_S
                client.send(order)
        times.append(time.monotonic() - sent_s)
        due_s = max(due_s + 1.0 / options.rate_per_s, time.monotonic())
    return times


def _flood(rate, accepted, plan, seed) -> None:
    """Hand orders in at a rate that changes, and count those that are accepted."""
    from robot_swarm_orch.site import load_site
    site = load_site(plan.site_file)
    client, stream = Client(plan.site_id, site.node_count, plan.domain), OrderStream(
        site, seed, 0)
    number, due_s, boot = 0, time.monotonic(), f'flood{time.time_ns()}'
    while True:
        accepted.value += len(client.accepted(max(0.0, due_s - time.monotonic())))
        now_s = time.monotonic()
        while due_s <= now_s:
            number += 1
            order, name = stream.next(), f'{boot}-{number}'
            client.send(Order(name, name, order.kind, order.pick, order.drop))
            due_s += 1.0 / rate.value


def _report(options, found) -> dict:
    """Return the figures, and whether the bound was kept."""
    kinds = {kind: {'commit_s': summary(values['commit_s']),
                    'busy_per_s': round(sum(values['busy_per_s']) / options.windows, 1)}
             for kind, values in found.items()}
    ratio = {name: kinds['flooded']['commit_s'][name] / kinds['calm']['commit_s'][name]
             for name in ('p50', 'p99')}
    return {'rate_per_s': options.rate_per_s, 'flood': FLOOD, 'windows': options.windows,
            'window_s': options.window_s, **kinds, 'ratio': ratio, 'bound': RATIO_MAX,
            'kept': ratio['p99'] <= RATIO_MAX}


def _lines(report) -> List[str]:
    """Return the report for people."""
    lines = [f'commits of the quiet shard, {report["rate_per_s"]:g} orders/s [ms]:',
             f'  {"its neighbour":20}{"p50":>8}{"p99":>8}{"max":>8}{"count":>8}'
             f'{"neighbour, orders/s":>22}']
    for kind in ('calm', 'flooded'):
        figures = report[kind]['commit_s']
        lines.append(f'  {kind:20}' + ''.join(f'{1000 * figures[name]:8.2f}' for name in (
            'p50', 'p99', 'max')) + f'{figures["count"]:8}{report[kind]["busy_per_s"]:22.1f}')
    return [*lines, f'flooded over calm: p50 {report["ratio"]["p50"]:.2f}, p99 '
            f'{report["ratio"]["p99"]:.2f} (at most {report["bound"]:g}): '
            + ('kept' if report['kept'] else 'NOT KEPT')]
