# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What is no decent request, refused before any route sees it.

A plain ASGI layer: heads, addresses, bodies (all of a body is read here, within a size and a
time), pages of other origins. What passes is one complete, small request.
"""

import asyncio
import re
from typing import Optional
import uuid

from robot_swarm_orch.gateway.problems import of_status, Problem
from robot_swarm_orch.gateway.settings import GatewayConfig, is_loopback

STOP_PATH = '/emergency-stop'
"""A stop is said whatever its body is: what is wrong with it is told, not refused."""

PATH_MAX, QUERY_MAX, HEADERS_MAX, HEAD_BYTES_MAX = 512, 2048, 64, 16_384
CHUNKS_MAX = 1024
_STOP_BODY_S = 1.0  # a stop waits no longer for what may never come
_ONCE = {b'authorization', b'content-length', b'content-type', b'host', b'idempotency-key',
         b'last-event-id', b'origin', b'transfer-encoding', b'upgrade'}
_PLAIN_PATH = re.compile(rb"[A-Za-z0-9/_.~:@!$&'()*+,;=-]*").fullmatch
_TOKEN_IN_QUERY = re.compile(rb'(?i)(?:^|[&;])(?:access_|id_|auth_)?(?:token|jwt|authorization)=')
_JSON = re.compile(rb'(?i)application/json *(?:; *charset="?utf-8"? *)?').fullmatch
_FIXED_HEADERS = (
    (b'x-content-type-options', b'nosniff'), (b'cache-control', b'no-store'),
    (b'referrer-policy', b'no-referrer'), (b'x-frame-options', b'DENY'),
    (b'content-security-policy', b"default-src 'none'; style-src 'unsafe-inline'; "
     b"frame-ancestors 'none'"))


class Shield:
    """The ASGI layer around the application."""

    def __init__(self, app, config: GatewayConfig):
        """Shield an application."""
        self._app, self._config = app, config
        self._hosts = {host.lower() for host in config.hosts}
        self._headers = _FIXED_HEADERS + (
            ((b'strict-transport-security', b'max-age=31536000'),) if config.tls_cert_file else ())

    async def __call__(self, scope, receive, send):
        """Serve one request, one WebSocket, or the life of the server."""
        if scope['type'] not in ('http', 'websocket'):
            await self._app(scope, receive, send)
            return
        scope.setdefault('state', {})['request_id'] = uuid.uuid4().hex
        body = b''
        try:
            self._check_head(scope)
            if scope['type'] == 'http':
                body = await (self._read_stop if _is_stop(scope) else self._read_body)(
                    scope, receive)
        except Problem as problem:
            await refuse(scope, receive, self._decorated(scope, send), problem)
            return
        except _Left:
            return
        if scope['type'] == 'http':
            receive = _once(body, receive)
        await self._app(scope, receive, self._decorated(scope, send))

    # -- head -----------------------------------------------------------------------------------

    def _check_head(self, scope):
        """Raise Problem for a head that no decent client sends."""
        headers = scope['headers']
        if len(headers) > HEADERS_MAX or sum(
                len(name) + len(value) for name, value in headers) > HEAD_BYTES_MAX:
            raise Problem('head-too-large', f'at most {HEADERS_MAX} headers of {HEAD_BYTES_MAX} '
                          'bytes in all are read')
        seen = {}
        for name, value in headers:
            if name in _ONCE and name in seen:
                raise Problem('malformed', f'the header {name.decode()} stands there twice')
            if any(byte < 32 and byte != 9 or byte == 127 for byte in value):
                raise Problem('malformed', 'a header holds control characters')
            seen[name] = value
        self._check_address(scope)
        self._check_origin(seen, scope)

    @staticmethod
    def _check_address(scope):
        path = scope.get('raw_path') or scope['path'].encode('utf-8', 'replace')
        if len(path) > PATH_MAX or len(scope['query_string']) > QUERY_MAX:
            raise Problem('address-too-long', f'a path may have {PATH_MAX} bytes, a query '
                          f'{QUERY_MAX}')
        if not _PLAIN_PATH(path):
            raise Problem('malformed', 'paths here hold no escapes (%) and no other than plain '
                          'characters')
        if b'//' in path or any(part in (b'.', b'..') for part in path.split(b'/')):
            raise Problem('malformed', 'the path holds empty or dot segments')
        if _TOKEN_IN_QUERY.search(scope['query_string']):
            raise Problem('malformed', 'a token in the address ends up in logs: send it in the '
                          'header Authorization: Bearer, and give out a new one')

    def _check_origin(self, headers, scope):
        """Let no web page of others, and under no name of others, call through a browser."""
        host = headers.get(b'host', b'').decode('latin-1').lower()
        name = host[1:].partition(']')[0] if host.startswith('[') else host.partition(':')[0]
        allowed = name in self._hosts if self._hosts else (
            bool(self._config.keys_file) or is_loopback(name))
        if not allowed:
            raise Problem('foreign-origin', f'this gateway is not called by the name '
                          f'{name[:80]!r}: use its address, or list the name in `hosts`')
        origin = headers.get(b'origin')
        if origin is not None and origin.decode('latin-1') not in self._config.origins and (
                scope['type'] == 'websocket' or scope['method'] not in ('GET', 'HEAD')):
            raise Problem('foreign-origin', 'web pages of this origin may not call: list it in '
                          '`origins` if it is yours')

    # -- body -----------------------------------------------------------------------------------

    async def _read_body(self, scope, receive):
        """Return the whole body of a request; raise Problem if it is not acceptable."""
        headers = dict(scope['headers'])
        self._check_announced(headers)
        if headers.get(b'content-length') in (None, b'0') and b'transfer-encoding' not in headers:
            return b''
        body = await self._collect(receive, self._config.body_s)
        if body and scope['method'] in ('GET', 'HEAD', 'DELETE'):
            raise Problem('malformed', f'a {scope["method"]} has no body here')
        if body and not _JSON(headers.get(b'content-type', b'')):
            raise Problem('wrong-media-type', 'send Content-Type: application/json')
        if b'content-encoding' in headers:
            raise Problem('wrong-media-type', 'compressed bodies are not read')
        return body

    def _check_announced(self, headers):
        """Raise Problem for a body that says of itself that it is not acceptable."""
        if b'transfer-encoding' in headers and b'content-length' in headers:
            raise Problem('malformed', 'both Content-Length and Transfer-Encoding: where does the '
                          'body end?', headers={'Connection': 'close'})
        announced = headers.get(b'content-length')
        if announced is not None and (not announced.isdigit()
                                      or int(announced[:20]) > self._config.body_max_bytes):
            raise self._too_large()

    async def _read_stop(self, scope, receive):
        """Return the body of an emergency stop, whatever type it says to be of, b'' if unread."""
        try:
            self._check_announced(dict(scope['headers']))
            return await self._collect(receive, min(_STOP_BODY_S, self._config.body_s))
        except Problem as problem:
            scope['state']['unread_body'] = problem
            return b''

    async def _collect(self, receive, within_s):
        parts, size = [], 0
        loop = asyncio.get_running_loop()
        until_s = loop.time() + within_s
        for _ in range(CHUNKS_MAX):
            try:
                message = await asyncio.wait_for(receive(), until_s - loop.time())
            except asyncio.TimeoutError as error:
                raise Problem('too-slow', f'the body did not arrive within '
                              f'{within_s:g} s', headers={'Connection': 'close'}
                              ) from error
            if message['type'] == 'http.disconnect':
                raise _Left()
            part = message.get('body', b'')
            size += len(part)
            if size > self._config.body_max_bytes:
                raise self._too_large()
            parts.append(part)
            if not message.get('more_body', False):
                return b''.join(parts)
        raise Problem('malformed', f'the body came in more than {CHUNKS_MAX} pieces',
                      headers={'Connection': 'close'})

    def _too_large(self):
        return Problem('too-large', f'a body may have {self._config.body_max_bytes} bytes',
                       headers={'Connection': 'close'})

    # -- answers --------------------------------------------------------------------------------

    def _decorated(self, scope, send):
        """Return a `send` that adds to each answer what all answers carry."""
        own = (*self._headers, (b'x-request-id', scope['state']['request_id'].encode('ascii')))

        async def sent(message):
            if message['type'] in ('http.response.start', 'websocket.http.response.start'):
                given = {name.lower() for name, _ in message.get('headers', ())}
                message = {**message, 'headers': [
                    *message.get('headers', ()),
                    *(pair for pair in own if pair[0] not in given)]}
            await send(message)
        return sent


def _is_stop(scope) -> bool:
    """Return whether a request is an emergency stop."""
    return scope['method'] == 'POST' and scope['path'] == STOP_PATH


class _Left(Exception):
    """The client went away while its body was read."""


def _once(body, receive):
    """Return a `receive` that hands out a whole body, then what comes after it."""
    rest = [{'type': 'http.request', 'body': body, 'more_body': False}]

    async def received():
        return rest.pop() if rest else await receive()
    return received


async def refuse(scope, receive, send, problem: Optional[Problem] = None) -> None:
    """Answer a request, or one for a WebSocket, with a problem document."""
    problem = problem or of_status(400, 'the request is malformed')
    prefix = 'http' if scope['type'] == 'http' else 'websocket.http'
    if prefix != 'http':
        message = await receive()
        if message['type'] != 'websocket.connect':
            return
        if 'websocket.http.response' not in scope.get('extensions', {}):
            await send({'type': 'websocket.close', 'code': 1008, 'reason': problem.kind})
            return
    response = problem.response()
    await send({'type': f'{prefix}.response.start', 'status': problem.status_code,
                'headers': response.raw_headers})
    await send({'type': f'{prefix}.response.body', 'body': response.body})
