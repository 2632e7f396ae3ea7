# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The load that `swarm bench gateway` makes, and how it judges what came of it."""

import asyncio
from collections import Counter

from robot_swarm_orch.bench.gateway import GatewayBenchOptions, hand_in, Load, report, report_lines

OPTIONS = GatewayBenchOptions(rate_per_s=200.0, duration_s=0.5, connections=4, p99_max_s=0.1)


def made_by(options, answer):
    """Return (Load, ids handed in) of a load on a server that sends `answer(number)`."""
    seen = []

    async def serve(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b'\r\n\r\n')
                lines = dict(line.split(b': ', 1) for line in head.split(b'\r\n')[1:] if line)
                await reader.readexactly(int(lines[b'Content-Length']))
                seen.append(lines[b'Idempotency-Key'].decode())
                data = await answer(len(seen))
                if data is None:
                    writer.close()
                    return
                writer.write(data)
        except asyncio.IncompleteReadError:
            writer.close()

    async def run():
        server = await asyncio.start_server(serve, '127.0.0.1', 0)
        port = server.sockets[0].getsockname()[1]
        bodies = ((f'o{number}', b'{}') for number in range(10_000))
        load = await hand_in('127.0.0.1', port, 'token', bodies, options)
        server.close()
        return load
    return asyncio.run(run()), seen


def created(status=201):
    """Return the answer of a gateway."""
    return b'HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\n{}' % status


def test_every_order_is_handed_in_once_at_the_rate_that_was_asked():
    async def answer(number):
        return created()
    load, seen = made_by(OPTIONS, answer)
    assert len(seen) == len(set(seen)) == 100
    assert load.statuses == {201: 100} and len(load.latencies_s) == 100
    assert load.wall_s >= 0.49


def test_a_stall_counts_for_all_that_were_due_meanwhile():
    async def answer(number):
        if number <= 4:
            await asyncio.sleep(0.3)  # all connections are taken for so long
        return created()
    load, _ = made_by(OPTIONS, answer)
    assert sum(latency_s > 0.1 for latency_s in load.latencies_s) >= 20
    assert load.waiting_max >= 20


def test_refusals_and_lost_connections_are_counted_and_are_no_success():
    async def answer(number):
        return None if number == 10 else created(429 if number % 5 == 0 else 201)
    load, _ = made_by(OPTIONS, answer)
    assert load.statuses[429] == 19 and load.statuses['IncompleteReadError'] == 1
    broken = report(load, OPTIONS)['broken']
    assert any('20 of 100' in text for text in broken)


def test_the_report_judges_rate_and_latency():
    good = Load([0.01] * 100, Counter({201: 100}), 0.5)
    assert report(good, OPTIONS)['broken'] == []
    late = Load([0.01] * 98 + [0.2] * 2, Counter({201: 100}), 0.5)
    assert any('p99' in text for text in report(late, OPTIONS)['broken'])
    slow = Load([0.01] * 100, Counter({201: 100}), 0.8)
    assert any('orders/s' in text for text in report(slow, OPTIONS)['broken'])
    none = report(Load(wall_s=0.5), OPTIONS)
    assert len(none['broken']) == 3
    assert any(line.startswith('BROKEN') for line in report_lines(none))
