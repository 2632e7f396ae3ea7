# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The streams: server-sent events of orders, and a WebSocket with robots too.

Events of orders are never left out silently. Who falls too far behind on a WebSocket is closed
and told where to go on; who comes back too late is told of the gap. Of robots and fleet only the
newest word counts, at most one in a while for each.
"""

import asyncio
import json
from typing import Annotated, Optional

from fastapi import FastAPI, Header, Request, WebSocket
from fastapi.responses import StreamingResponse
from robot_swarm_orch.gateway.events import Hub, Reader
from robot_swarm_orch.gateway.gate import BEARER_PROTOCOL, Gate, needs, protocols
from robot_swarm_orch.gateway.given import EVENT_ID
from robot_swarm_orch.gateway.problems import Problem
from robot_swarm_orch.gateway.shield import refuse
from robot_swarm_orch.gateway.told import tell_fleet, tell_robot
from starlette.websockets import WebSocketDisconnect

KEEP_ALIVE_S = 15.0
SEND_S = 10.0
PROTOCOL = 'swarm.v1'
TOO_SLOW, EXPIRED, CLOSING, ONLY_LISTENS = 4008, 4001, 1001, 1003


def gap_of(hub: Hub, reader: Reader, events: list) -> dict:
    """Return what a client is told that missed events, before it is told `events`."""
    place = events[0].number - 1 if events else reader.at
    return {'text': 'events were missed: read /audit and /orders, then go on from here',
            'next': hub.ring.id_of(place), 'audit_until': hub.index}


def add_stream_routes(app: FastAPI, gate: Gate, hub: Hub, site) -> None:
    """Add the routes to an application."""
    @app.get('/events', tags=['streams'], response_class=StreamingResponse,
             responses={200: {'description': 'Server-sent events: order, leader, gap',
                              'content': {'text/event-stream': {
                                  'schema': {'type': 'string'}}}}},
             openapi_extra=needs('viewer'))
    async def events(request: Request,
                     last_event_id: Annotated[Optional[str], Header(pattern=EVENT_ID)] = None):
        """Tell what happens to orders, from now on or after the event with Last-Event-ID."""
        caller = request.state.caller
        if hub.closing:
            raise Problem('closing', 'this gateway is about to end: use another', 1.0)
        if not gate.streams.take(caller.subject):
            raise Problem('too-many-requests', 'too many streams are open', 5.0)
        until_s = caller.until_s - gate.wall_clock()
        return StreamingResponse(
            _server_sent(hub, last_event_id, until_s, lambda: gate.streams.give_back(
                caller.subject)),
            media_type='text/event-stream', headers={'X-Accel-Buffering': 'no'})

    @app.websocket('/ws')
    async def ws(websocket: WebSocket):
        try:
            caller = gate.admit(websocket, 'viewer')
            wanted = _wanted(websocket)
            if hub.closing:
                raise Problem('closing', 'this gateway is about to end: use another', 1.0)
            if not gate.streams.take(caller.subject):
                raise Problem('too-many-requests', 'too many streams are open', 5.0)
        except Problem as problem:
            await refuse(websocket.scope, websocket.receive, websocket.send, problem)
            return
        try:
            await _Socket(websocket, gate, hub, site, wanted).run(
                caller.until_s - gate.wall_clock())
        finally:
            gate.streams.give_back(caller.subject)


async def _server_sent(hub, after, until_s, done):
    """Yield server-sent events until the token expires or the gateway closes."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + min(until_s, 1e6)
    try:
        with Reader(hub, after) as reader:
            yield f'retry: 1000\nid: {hub.ring.id_of(reader.at)}\n\n'
            while not hub.closing and loop.time() < end_s:
                reader.news.clear()
                events = reader.take()
                if reader.missed:
                    reader.missed = False
                    yield f'event: gap\ndata: {json.dumps(gap_of(hub, reader, events))}\n\n'
                if events:
                    yield ''.join(f'id: {hub.ring.id_of(one.number)}\nevent: {one.kind}\n'
                                  f'data: {one.text}\n\n' for one in events)
                    continue
                if not await reader.wait(min(KEEP_ALIVE_S, max(0.0, end_s - loop.time()))):
                    yield ': still there\n\n'
    finally:
        done()


TOPICS = ('orders', 'robots', 'fleet')


def _wanted(websocket) -> tuple:
    """Return (topics, event id to go on after) of a WebSocket's address; raise Problem."""
    query = websocket.query_params
    unknown = sorted(set(query) - {'topics', 'after'})
    topics = query.get('topics', ','.join(TOPICS)).split(',')
    if unknown or not set(topics) <= set(TOPICS):
        raise Problem('invalid', f'known are topics={",".join(TOPICS)} and after=<event id>')
    return frozenset(topics), query.get('after')


class _Socket:
    """One WebSocket: says what happens, hears nothing but the end."""

    def __init__(self, websocket, gate, hub, site, wanted):
        self._socket, self._hub, self._site, self._gate = websocket, hub, site, gate
        self._topics, self._after = wanted
        self._reader = Reader(hub, self._after, bool(self._topics - {'orders'}))
        self._told_s = {}  # robot -> when it was told last [s]
        self._ended = False

    async def run(self, until_s) -> None:
        """Serve it until either side, or the token, ends it."""
        offered = protocols(self._socket)
        await self._socket.accept(PROTOCOL if PROTOCOL in offered else next(
            (one for one in offered if one and not one.startswith(BEARER_PROTOCOL)), None))
        robots = 'robots' in self._topics
        if robots:
            self._gate.port.want_reports(True)
        tasks = [asyncio.ensure_future(self._speak()), asyncio.ensure_future(self._hear())]
        try:
            with self._reader:
                done, _ = await asyncio.wait(tasks, timeout=min(until_s, 1e6),
                                             return_when=asyncio.FIRST_COMPLETED)
            code, reason = (done.pop().result() if done
                            else (EXPIRED, 'the token has expired'))
            if code:
                await asyncio.wait_for(self._socket.close(code, reason), 1.0)
        except (WebSocketDisconnect, RuntimeError, asyncio.TimeoutError):
            pass  # it went away meanwhile
        finally:
            # Pythons before 3.12 may forget a cancellation within wait_for.
            self._ended = True
            self._reader.news.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if robots:
                self._gate.port.want_reports(False)

    async def _hear(self):
        """Return how to close when the client leaves, or says something."""
        message = await self._socket.receive()
        if message['type'] == 'websocket.disconnect':
            return 0, ''
        return ONLY_LISTENS, 'this socket only speaks'

    async def _speak(self):
        """Send what is new; return how to close."""
        reader, hub = self._reader, self._hub
        most = self._gate.config.events_behind_max
        bound = reader.behind + most  # what it missed while it was away is no slowness
        while not hub.closing and not self._ended:
            reader.news.clear()
            if reader.behind > bound:
                return self._slow()
            bound = min(bound, reader.behind + most)
            try:
                sent = await asyncio.wait_for(self._send_new(), SEND_S)
            except asyncio.TimeoutError:
                return self._slow()
            if not sent:
                await self._rest()
        return CLOSING, 'this gateway is about to end'

    def _slow(self):
        return TOO_SLOW, json.dumps({'resume': self._hub.ring.id_of(self._reader.at)})

    async def _rest(self):
        """Wait for news; robots whose turn is not yet are told later."""
        reader = self._reader
        period_s = self._gate.config.telemetry_period_s
        await reader.wait(period_s if reader.telemetry else KEEP_ALIVE_S)
        if reader.telemetry and not reader.behind:
            await asyncio.sleep(min(period_s, 0.05))  # reports come one by one; tell many at once

    async def _send_new(self) -> bool:
        """Send events, then what is due of telemetry; return whether there was anything."""
        reader, ring, sent = self._reader, self._hub.ring, False
        before = reader.at
        events = reader.take() if 'orders' in self._topics else ()
        if reader.missed:
            reader.missed = False
            await self._say({'type': 'gap', **gap_of(self._hub, reader, events)})
        for event in events:
            try:
                await self._socket.send_text(
                    f'{{"type":"{event.kind}","id":"{ring.id_of(event.number)}",'
                    f'"data":{event.text}}}')
            except BaseException:
                reader.at = before  # whoever goes on from there misses nothing
                raise
            before, sent = event.number, True
        if 'orders' not in self._topics:
            reader.at = ring.last
        return await self._send_telemetry() or sent

    async def _send_telemetry(self) -> bool:
        reader, sent = self._reader, False
        now_s = asyncio.get_running_loop().time()
        due_s = now_s - self._gate.config.telemetry_period_s
        for key in [key for key in reader.telemetry if self._told_s.get(key, -1e9) <= due_s]:
            value = reader.telemetry.pop(key)
            self._told_s[key] = now_s
            kind, name = key
            if kind == 'fleet' and 'fleet' in self._topics:
                content = tell_fleet(value, self._site)
            elif kind == 'robot' and 'robots' in self._topics and self._hub.view is not None:
                content = tell_robot(name, self._hub.view, value)
            else:
                continue
            await self._socket.send_text(
                f'{{"type":"{kind}","data":{content.model_dump_json()}}}')
            sent = True
        return sent

    async def _say(self, content):
        await self._socket.send_text(json.dumps(content))
