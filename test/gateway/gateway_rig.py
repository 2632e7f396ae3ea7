# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A gateway over a virtual fleet, called as an ASGI application, with keys and a clock to set."""

import asyncio
import json

import httpx
from robot_swarm_orch.gateway.app import Gateway
from robot_swarm_orch.gateway.desk import Desk
from robot_swarm_orch.gateway.keys import add_to_set, make_key
from robot_swarm_orch.gateway.settings import GatewayConfig
from robot_swarm_orch.gateway.tokens import issue
from virtual_fleet import SITE, VirtualFleet

NOW_S = 1_800_000_000.0
QUICK = {'answer_s': 2.0, 'repeat_first_s': 0.01, 'repeat_max_s': 0.02}


class GatewayRig:
    """One gateway; `call` makes a request, `raw` an ASGI one message by message."""

    def __init__(self, folder, fleet=None, keys=('EdDSA',), config=None, **options):
        """Make keys k-EdDSA, ... in a folder, and a gateway that trusts them; () for none."""
        self.fleet = fleet or VirtualFleet()
        self.keys = {algorithm: make_key(f'k-{algorithm}', algorithm) for algorithm in keys}
        path = folder / 'keys.json'
        for key in self.keys.values():
            add_to_set(path, key)
        self.config = config or GatewayConfig(**{
            **QUICK, 'keys_file': str(path) if keys else '', **options})
        self.now_s = NOW_S
        self.counts = {}
        self.loop = asyncio.new_event_loop()
        self.desk = Desk(self.fleet, self.config, self.fleet.clock, sleep=self.fleet.sleep,
                         fleet_clock=self.fleet.clock)
        self.gateway = Gateway(self.desk, SITE, self.config, count=self._count,
                               clock=lambda: self.fleet.clock(), wall_clock=lambda: self.now_s)
        self.asgi = self.gateway.asgi
        self.fleet.attach(self.desk)
        self.base = 'http://127.0.0.1:8080'

    @property
    def robots(self):
        """Return the names of all robots."""
        return list(self.fleet.cluster.robots)

    def overhear(self, take):
        """Show `take` each question that the gateway asks the fleet."""
        call = self.fleet.call

        def overheard(number, question):
            take(question)
            call(number, question)
        self.fleet.call = overheard

    def _count(self, name):
        self.counts[name] = self.counts.get(name, 0) + 1

    def close(self):
        """End what is under way."""
        self.run(self.gateway.close())
        self.loop.close()

    def run(self, awaitable):
        """Wait for something in this gateway's loop."""
        return self.loop.run_until_complete(asyncio.wait_for(awaitable, 20.0))

    def token(self, role='operator', subject='wms', algorithm='EdDSA', life_s=600.0, since_s=0.0,
              issuer='swarm', audience=None):
        """Return a fresh token."""
        return issue(self.keys[algorithm], subject, role, issuer, audience or SITE.name, life_s,
                     self.now_s + since_s)

    def call(self, method, path, role='operator', token=None, headers=(), **more):
        """Make a request in a role ('' for none) and return httpx's response."""
        self.now_s += 0.001
        given = dict(headers)
        if token or (role and self.keys):
            given.setdefault('Authorization', f'Bearer {token or self.token(role)}')
        return self.run(self._call(method, path, given, more))

    async def _call(self, method, path, headers, more):
        transport = httpx.ASGITransport(self.asgi, raise_app_exceptions=False,
                                        client=('127.0.0.1', 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=self.base) as client:
            return await client.request(method, path, headers=headers, **more)

    def order(self, key, role='operator', token=None, **content):
        """Hand an order in."""
        return self.call('POST', '/orders', role, token, {'Idempotency-Key': key},
                         json={'kind': 'go', 'drop': SITE.stations[0], **content})

    def raw(self, messages, method='GET', path='/fleet', headers=(), query=b'', kind='http',
            until=None, token=None):
        """
        Serve a raw ASGI request whose client sends `messages`; return all that is answered.

        A message may be a number: the client waits for so long [s]. It leaves in the end, or
        when `until(answers)` holds.
        """
        pairs = [(b'host', b'127.0.0.1'), *headers]
        if token:
            pairs.append((b'authorization', f'Bearer {token}'.encode()))
        raw_path = path if isinstance(path, bytes) else path.encode()
        scope = {
            'type': kind, 'asgi': {'version': '3.0'}, 'http_version': '1.1', 'method': method,
            'scheme': 'http' if kind == 'http' else 'ws', 'raw_path': raw_path,
            'path': raw_path.decode('latin-1'), 'query_string': query, 'root_path': '',
            'headers': pairs, 'client': ('127.0.0.1', 50_000), 'server': ('127.0.0.1', 8080),
            'state': {}}
        if kind == 'websocket':
            del scope['method']
            scope['subprotocols'] = []
            scope['extensions'] = {'websocket.http.response': {}}
        return self.run(self._raw(scope, list(messages), until))

    async def _raw(self, scope, messages, until):
        answers, left = [], asyncio.Event()

        async def receive():
            while messages:
                message = messages.pop(0)
                if isinstance(message, (int, float)):
                    await asyncio.sleep(message)
                elif callable(message):
                    message()
                else:
                    return message
            if until is not None:
                await left.wait()
            return {'type': f'{scope["type"]}.disconnect', 'code': 1000}

        async def send(message):
            answers.append(message)
            if until is not None and until(answers):
                left.set()
        await self.asgi(scope, receive, send)
        return answers


def problem_of(response):
    """Return the kind of a problem document, having checked its shape."""
    assert response.headers['content-type'] == 'application/problem+json', response.text
    document = response.json()
    assert document['status'] == response.status_code
    assert document['title'] and document['detail']
    return document['type'].removeprefix('/docs#')


def raw_problem(answers):
    """Return (status, kind) of a raw answer that is a problem document."""
    start = answers[0]
    body = b''.join(message.get('body', b'') for message in answers[1:])
    document = json.loads(body)
    assert start['status'] == document['status']
    return start['status'], document['type'].removeprefix('/docs#')
