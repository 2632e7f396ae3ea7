# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Clients of a gateway's streams: they listen, note what they hear, and come back when cut off.

Hundreds share a process, and each hears every event: so frames are taken apart here (RFC 6455,
section 5.2: servers neither mask nor, at this gateway, split or compress), and an event's text is
read once for all who hear it. Who was cut off waits a random time before each attempt, with full
jitter, as docs/gateway.md asks of every client. Times are the steady clock's [s].
"""

import asyncio
import base64
from collections import Counter
from functools import lru_cache
import json
import os
import random
from typing import List, NamedTuple, Optional

AGAIN_FIRST_S, AGAIN_MAX_S = 0.25, 2.0
CONNECT_S = 5.0
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA


class Word(NamedTuple):
    """One event as a stream told it; of a gap, `event_id` is where it goes on."""

    kind: str
    event_id: str
    order_id: str = ''
    index: int = 0  # log entry that brought the order's state about


class Return(NamedTuple):
    """How a client came back: cut off, connected, and hearing events again [s]."""

    lost_s: float
    opened_s: float
    heard_s: float


@lru_cache(maxsize=8192)
def word_of(payload: bytes) -> Optional[Word]:
    """Return the event in a WebSocket's message; None for what is no event."""
    content = json.loads(payload)
    if content['type'] == 'gap':
        return Word('gap', content['next'])
    if 'id' not in content:
        return None
    data = content['data']
    return Word(content['type'], content['id'], data.get('order_id', ''), data.get('index', 0))


class Journal:
    """What one client heard, and what it missed with nobody telling."""

    def __init__(self):
        """Begin with an empty page."""
        self.heard = []          # (Word, when)
        self.place = ''          # id of the newest event
        self.gaps = self.holes = 0
        self.returns: List[Return] = []
        self.refusals = Counter()  # why an attempt failed, or the connection ended
        self.is_open = False
        self._lost_s = self._opened_s = None

    def begin(self, now_s: float) -> None:
        """Note that the stream stands."""
        self.is_open, self._opened_s = True, now_s

    def lose(self, now_s: float, why: str) -> None:
        """Note the end of the stream, or of an attempt."""
        self.refusals[why] += 1
        if self.is_open and self._lost_s is None:
            self._lost_s = now_s
        self.is_open = False

    def hear(self, word: Word, now_s: float) -> None:
        """Take an event in; numbers of one start must follow each other."""
        if word.kind == 'gap':
            self.gaps += 1
            self.place = word.event_id
            return
        if self.place:
            self.holes += missing_between(self.place, word.event_id)
        self.place = word.event_id
        self.heard.append((word, now_s))
        if self._lost_s is not None:
            self.returns.append(Return(self._lost_s, self._opened_s, now_s))
            self._lost_s = None


def missing_between(before: str, after: str) -> int:
    """Return how many events were left out between two; another start counts as one."""
    (start, number), (later, following) = before.split('-'), after.split('-')
    return abs(int(following) - int(number) - 1) if start == later else 1


async def listen(journal: Journal, attempt, rng: random.Random) -> None:
    """
    Listen for good: come back whenever the stream ends.

    attempt(journal): listens until the stream ends, and returns why.
    """
    loop, failures = asyncio.get_running_loop(), 0
    while True:
        heard = len(journal.heard)
        try:
            why = await attempt(journal)
        except (OSError, EOFError, asyncio.TimeoutError) as error:
            why = type(error).__name__
        journal.lose(loop.time(), why)
        failures = 0 if len(journal.heard) > heard else failures + 1
        await asyncio.sleep(rng.uniform(0.0, min(AGAIN_MAX_S, AGAIN_FIRST_S * 2.0 ** failures)))


def by_websocket(host: str, port: int, token: str):
    """Return an attempt to listen to orders on a WebSocket."""
    async def attempt(journal):
        loop = asyncio.get_running_loop()
        after = f'&after={journal.place}' if journal.place else ''
        key = base64.b64encode(os.urandom(16)).decode()
        request = (f'GET /ws?topics=orders{after} HTTP/1.1\r\nHost: {host}:{port}\r\n'
                   'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
                   f'Sec-WebSocket-Key: {key}\r\nAuthorization: Bearer {token}\r\n\r\n')
        transport, frames = await asyncio.wait_for(loop.create_connection(
            lambda: Frames(request.encode(), journal, loop), host, port), CONNECT_S)
        try:
            return await frames.ended
        finally:
            transport.abort()
    return attempt


class Frames(asyncio.Protocol):
    """One WebSocket connection, from its request on; `ended` says in the end why it ended."""

    def __init__(self, request: bytes, journal: Journal, loop):
        """Listen for a journal."""
        self._request, self._journal, self._loop = request, journal, loop
        self._buffer = bytearray()
        self._timer = None
        self.ended = loop.create_future()

    def connection_made(self, transport):
        """Ask for the WebSocket."""
        self._transport = transport
        self._timer = self._loop.call_later(CONNECT_S, self._end, 'no answer')
        transport.write(self._request)

    def data_received(self, data):
        """Take bytes in."""
        self._buffer += data
        if self._timer is not None and not self._read_head():
            return
        now_s = self._loop.time()
        while self._read_frame(now_s):
            pass

    def connection_lost(self, exc):
        """End."""
        self._end('cut off')

    def _end(self, why):
        if self._timer is not None:
            self._timer.cancel()
        if not self.ended.done():
            self.ended.set_result(why)

    def _read_head(self) -> bool:
        """Return whether the head of the answer is there and opens the stream."""
        end = self._buffer.find(b'\r\n\r\n')
        if end < 0:
            return False
        status = int(self._buffer[9:12])
        del self._buffer[:end + 4]
        if status != 101:
            self._end(f'HTTP {status}')
            return False
        self._timer.cancel()
        self._timer = None
        self._journal.begin(self._loop.time())
        return True

    def _read_frame(self, now_s) -> bool:
        """Take one frame off the buffer; return whether a whole one was there."""
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        size, begin = buffer[1] & 127, 2
        if size > 125:
            begin = 4 if size == 126 else 10
            size = int.from_bytes(buffer[2:begin], 'big')
        if len(buffer) < begin + size:
            return False
        kind, payload = buffer[0] & 15, bytes(buffer[begin:begin + size])
        del buffer[:begin + size]
        if kind == _TEXT:
            word = word_of(payload)
            if word is not None:
                self._journal.hear(word, now_s)
        elif kind == _PING:
            self._transport.write(bytes((0x80 | _PONG, 0x80 | size, 0, 0, 0, 0)) + payload)
        elif kind == _CLOSE:
            self._end(f'closed with {int.from_bytes(payload[:2], "big")}')
        return True


def by_server_sent_events(host: str, port: int, token: str):
    """Return an attempt to listen to orders on server-sent events."""
    async def attempt(journal):
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(host, port, limit=2 ** 20), CONNECT_S)
        try:
            after = f'Last-Event-ID: {journal.place}\r\n' if journal.place else ''
            writer.write(f'GET /events HTTP/1.1\r\nHost: {host}:{port}\r\n{after}'
                         f'Authorization: Bearer {token}\r\n\r\n'.encode())
            head = await asyncio.wait_for(reader.readuntil(b'\r\n\r\n'), CONNECT_S)
            if head[9:12] != b'200':
                return f'HTTP {int(head[9:12])}'
            return await _hear_chunks(reader, journal)
        finally:
            writer.close()
    return attempt


async def _hear_chunks(reader, journal) -> str:
    """Take in what a chunked answer holds (RFC 9112, section 7.1), until it ends."""
    loop, rest = asyncio.get_running_loop(), b''
    journal.begin(loop.time())
    while True:
        size = int(await reader.readuntil(b'\r\n'), 16)
        rest += (await reader.readexactly(size + 2))[:-2]
        if not size:
            return 'ended'
        *blocks, rest = rest.split(b'\n\n')
        for block in blocks:
            word = word_of_block(block)
            if word is not None:
                journal.hear(word, loop.time())


def word_of_block(block: bytes) -> Optional[Word]:
    """Return the event in a block of server-sent events; None for greetings and comments."""
    fields = dict(line.split(b': ', 1) for line in block.split(b'\n') if b': ' in line[1:])
    kind = fields.get(b'event', b'').decode()
    if not kind:
        return None
    data = json.loads(fields[b'data'])
    if kind == 'gap':
        return Word('gap', data['next'])
    return Word(kind, fields[b'id'].decode(), data.get('order_id', ''), data.get('index', 0))
