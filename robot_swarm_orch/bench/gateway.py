# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Orders over HTTP at a steady rate, and how long each took.

An order is due at a fixed moment and counts from then, whether or not a connection is free: a
gateway that stalls is not spared the requests that would have come meanwhile. Each connection
carries one request at a time.
"""

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field
import json
from typing import Dict, List

PATIENCE_S = 20.0


@dataclass(frozen=True)
class GatewayBenchOptions:
    """What is measured; `p99_max_s` is the bound that it is judged by."""

    rate_per_s: float = 300.0
    duration_s: float = 60.0
    connections: int = 16
    p99_max_s: float = 0.1


@dataclass
class Load:
    """What came of a stretch of load."""

    latencies_s: List[float] = field(default_factory=list)  # of orders that were accepted
    statuses: Counter = field(default_factory=Counter)      # HTTP status, or name of an error
    wall_s: float = 0.0
    waiting_max: int = 0  # orders that were due and found no connection free
    due_s: List[float] = field(default_factory=list)   # when the accepted were due, steady clock
    late_s: List[float] = field(default_factory=list)  # by how much the load itself was late


async def hand_in(host: str, port: int, token: str, bodies, options: GatewayBenchOptions) -> Load:
    """
    Hand orders in and return what came of it.

    bodies: an iterator of (order id, bytes of the body); None for a body cancels that order.
    """
    load, loop = Load(), asyncio.get_running_loop()
    due, work = deque(), asyncio.Semaphore(0)
    began_s = loop.time()

    async def serve():
        reader, writer = await asyncio.open_connection(host, port)
        try:
            while True:
                await work.acquire()
                if not due:
                    return
                due_s, (order_id, body) = due.popleft()
                try:
                    status = await asyncio.wait_for(
                        _request(reader, writer, host, token, order_id, body), PATIENCE_S)
                except (OSError, EOFError, asyncio.TimeoutError) as error:
                    load.statuses[type(error).__name__] += 1
                    writer.close()
                    reader, writer = await asyncio.open_connection(host, port)
                    continue
                load.statuses[status] += 1
                if status == 201:
                    load.latencies_s.append(loop.time() - due_s)
                    load.due_s.append(due_s)
        finally:
            writer.close()
    servers = [asyncio.ensure_future(serve()) for _ in range(options.connections)]
    for number in range(round(options.rate_per_s * options.duration_s)):
        due_s = began_s + number / options.rate_per_s
        left_s = due_s - loop.time()
        if left_s > 0.0:
            await asyncio.sleep(left_s)
        due.append((due_s, next(bodies)))
        load.late_s.append(loop.time() - due_s)
        load.waiting_max = max(load.waiting_max, len(due))
        work.release()
    for _ in servers:
        work.release()
    await asyncio.gather(*servers)
    load.wall_s = loop.time() - began_s
    return load


async def _request(reader, writer, host, token, order_id, body) -> int:
    """Make one request on a connection and return the status of its answer."""
    common = b'Host: %s\r\nAuthorization: Bearer %s\r\n' % (host.encode(), token.encode())
    writer.write(b'DELETE /orders/%s HTTP/1.1\r\n%s\r\n' % (order_id.encode(), common)
                 if body is None else
                 b'POST /orders HTTP/1.1\r\n%sIdempotency-Key: %s\r\n'
                 b'Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' % (
                     common, order_id.encode(), len(body), body))
    head = await reader.readuntil(b'\r\n\r\n')
    lines = head.split(b'\r\n')
    length = next(int(line[15:]) for line in lines if line.lower().startswith(b'content-length:'))
    await reader.readexactly(length)
    return int(lines[0].split(b' ')[1])


def order_bodies(stream, prefix: str):
    """Yield (order id, bytes of the body) of the orders of a `sim.orders.OrderStream`."""
    while True:
        order = stream.next()
        yield f'{prefix}-{order.order_id}', json.dumps(
            {'kind': 'move', 'pick': order.pick, 'drop': order.drop}).encode()


def report(load: Load, options: GatewayBenchOptions) -> Dict[str, object]:
    """Return the figures as JSON can carry them; `broken` names what was not kept."""
    times = sorted(load.latencies_s)
    asked = round(options.rate_per_s * options.duration_s)

    def quantile(share):
        return round(times[min(len(times) - 1, int(share * len(times)))], 5) if times else None
    figures = {
        'asked': asked, 'accepted': len(times),
        'accepted_per_s': round(len(times) / load.wall_s, 1), 'wall_s': round(load.wall_s, 2),
        'statuses': {str(status): count for status, count in sorted(
            load.statuses.items(), key=str)},
        'p50_s': quantile(0.5), 'p90_s': quantile(0.9), 'p99_s': quantile(0.99),
        'max_s': times[-1] if times else None, 'waiting_max': load.waiting_max}
    broken = []
    if len(times) < asked:
        broken.append(f'{asked - len(times)} of {asked} orders were not accepted')
    if figures['accepted_per_s'] < 0.98 * options.rate_per_s:
        broken.append(f'{figures["accepted_per_s"]} orders/s, not {options.rate_per_s:g}')
    if figures['p99_s'] is None or figures['p99_s'] > options.p99_max_s:
        broken.append(f'p99 {figures["p99_s"]} s is above {options.p99_max_s:g} s')
    return {**figures, 'broken': broken}


def report_lines(figures: Dict[str, object]) -> List[str]:
    """Return the report for people."""
    def ms(name):
        value = figures[name]
        return '-' if value is None else f'{1000 * value:.1f} ms'
    lines = [f'{figures["accepted"]} of {figures["asked"]} orders accepted in '
             f'{figures["wall_s"]} s: {figures["accepted_per_s"]} orders/s',
             f'from due to answered: p50 {ms("p50_s")}, p90 {ms("p90_s")}, p99 {ms("p99_s")}, max '
             f'{ms("max_s")}', f'answers: {figures["statuses"]}']
    lines += [f'{name}: {share:.2f} cores' for name, share in figures.get('cores', {}).items()]
    return lines + [f'BROKEN: {text}' for text in figures['broken']]
