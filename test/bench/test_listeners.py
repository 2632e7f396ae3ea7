# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark's clients of streams: what they note, and how they come back."""

import asyncio
import json
import random

import pytest
from robot_swarm_orch.bench.audience import tell_all
from robot_swarm_orch.bench.listeners import (
    by_server_sent_events, by_websocket, Journal, listen, Word, word_of, word_of_block)


def message(number, start='0000000a', order_id='o1'):
    """Return the text of an order's event."""
    return json.dumps({'type': 'order', 'id': f'{start}-{number}',
                       'data': {'order_id': order_id, 'index': 100 + number}}).encode()


def frame(payload, kind=1):
    """Return what a server sends for a message, by RFC 6455."""
    size = len(payload)
    length = bytes((size,)) if size < 126 else b'\x7e' + size.to_bytes(2, 'big')
    return bytes((0x80 | kind,)) + length + payload


def heard_by(attempt_of, connections, until):
    """Return (Journal, requests) of a client of a server that answers each connection so."""
    requests = []

    async def serve(reader, writer):
        requests.append(await reader.readuntil(b'\r\n\r\n'))
        answer = connections[min(len(requests), len(connections)) - 1]
        for piece in answer:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        if len(requests) < len(connections):
            writer.close()

    async def run():
        journal = Journal()
        server = await asyncio.start_server(serve, '127.0.0.1', 0)
        port = server.sockets[0].getsockname()[1]
        task = asyncio.ensure_future(listen(
            journal, attempt_of('127.0.0.1', port, 'token'), random.Random(1)))
        end_s = asyncio.get_running_loop().time() + 10.0
        while not until(journal):
            assert not task.done() and asyncio.get_running_loop().time() < end_s
            await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.close()
        return journal
    return asyncio.run(run()), requests


OPENED = b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'


def test_a_websocket_client_comes_back_after_the_event_that_it_heard_last():
    gap = json.dumps({'type': 'gap', 'next': '0000000b-7'}).encode()
    long_one = message(8, '0000000b', 'o' * 200)
    whole = OPENED + frame(message(1)) + frame(b'x', 9) + frame(message(2))
    journal, requests = heard_by(by_websocket, [
        [whole[:20], whole[20:90], whole[90:]], [b'HTTP/1.1 503 No\r\n\r\n'],
        [OPENED + frame(gap), frame(long_one)]], lambda journal: len(journal.heard) == 3)
    assert [word.event_id for word, _ in journal.heard] == [
        '0000000a-1', '0000000a-2', '0000000b-8']
    assert b'after' not in requests[0] and b'after=0000000a-2' in requests[2]
    assert journal.gaps == 1 and journal.holes == 0
    assert journal.refusals['HTTP 503'] == 1
    (back,) = journal.returns
    assert back.lost_s <= back.opened_s <= back.heard_s


def test_a_client_of_server_sent_events_sends_the_last_id_and_joins_chunks():
    def chunk(data):
        return b'%x\r\n%s\r\n' % (len(data), data)
    first = b'retry: 1000\nid: 0000000a-4\n\n'
    event = b'id: 0000000a-5\nevent: order\ndata: {"order_id": "o5", "index": 9}\n\n'
    head = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
    journal, requests = heard_by(by_server_sent_events, [
        [head, chunk(first), chunk(event[:30]), chunk(event[30:]), chunk(b': still there\n\n')],
        [head, chunk(event.replace(b'a-5', b'a-6'))]], lambda journal: len(journal.heard) == 2)
    assert b'Last-Event-ID: 0000000a-5' in requests[1]
    assert journal.holes == 0 and journal.heard[0][0] == Word('order', '0000000a-5', 'o5', 9)


@pytest.mark.parametrize('events, holes', [
    ((1, 2, 3), 0), ((1, 4), 2), ((1, 1), 1)])
def test_events_that_are_left_out_or_told_twice_silently_are_holes(events, holes):
    journal = Journal()
    for number in events:
        journal.hear(word_of(message(number)), 0.0)
    assert journal.holes == holes


def test_another_start_without_a_gap_is_a_hole_and_with_one_is_none():
    for gap, holes in ((False, 1), (True, 0)):
        journal = Journal()
        journal.hear(word_of(message(3)), 0.0)
        if gap:
            journal.hear(Word('gap', '0000000b-8'), 0.0)
        journal.hear(word_of(message(9, '0000000b')), 0.0)
        assert (journal.holes, journal.gaps) == (holes, int(gap))


def test_what_is_told_of_clients_names_what_they_missed_and_how_late_the_rest_was():
    one, other = Journal(), Journal()
    for number in (1, 2, 3):
        one.hear(word_of(message(number)), 10.0 + number)
    other.hear(word_of(message(1)), 11.5)
    first, second = tell_all([one, other], {('o1', 101): 10.9, ('o1', 102): 11.0})
    assert (first.missed, first.behind) == (0, 0)
    assert first.lags_s == pytest.approx([0.1, 1.0])
    assert (second.missed, second.behind, second.heard) == (1, 2, 1)


def test_greetings_comments_and_robots_are_no_events():
    assert word_of_block(b'retry: 1000\nid: 0000000a-4') is None
    assert word_of_block(b': still there') is None
    assert word_of(b'{"type":"robot","data":{}}') is None
    gap = b'event: gap\ndata: {"next": "0000000a-4"}'
    assert word_of_block(gap) == Word('gap', '0000000a-4')
