# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Who may do what, how often, and what is written down of it.

Each route says which role it needs (`needs`). The gate looks at the token, the role, the client's
rate and the query before the body is even parsed. Refused changes of known clients are written
into the fleet's log as audit notes, so many of one client as a person would cause.
"""

import hashlib
import hmac
import json
import secrets
import time
from typing import Callable, Optional

from fastapi import Request
from fastapi.routing import APIRoute
from robot_swarm_orch.gateway.limits import Buckets, Slots
from robot_swarm_orch.gateway.notes import Notes
from robot_swarm_orch.gateway.problems import Problem
from robot_swarm_orch.gateway.settings import GatewayConfig
from robot_swarm_orch.gateway.strict_json import BadJson, parse
from robot_swarm_orch.gateway.tokens import BadToken, Caller, OneTime, Verifier

ANYBODY = 'anybody'
BEARER_PROTOCOL = 'bearer.'
"""A WebSocket of a browser brings its token as one of its subprotocols, behind this word."""

_BAD_TOKENS_PER_S, _BAD_TOKENS_BURST = 1.0, 20
# Emergency stops of one client under way at once; each takes a second or two, whatever else runs.
_STOPS_MAX = 8


def needs(role: str, **more) -> dict:
    """Return what a route says of itself: the role (settings.ROLES, ANYBODY) that it is for."""
    return {'x-role': role, **more}


class Gate:
    """The checks that all routes share."""

    def __init__(self, config: GatewayConfig, verifier: Optional[Verifier], port,
                 clock: Callable[[], float] = time.monotonic,
                 wall_clock: Callable[[], float] = time.time,
                 count: Callable[[str], None] = lambda name: None, secret: bytes = b''):
        """
        Serve a port to the clients that `verifier` knows; None: to this machine, by local_role.

        clock: steady [s]. wall_clock: epoch [s]. count(name): takes counts. secret: what all
        gateways of a fleet share; empty: confirmations are good at this one alone.
        """
        self.config, self.port, self.wall_clock = config, port, wall_clock
        self._verifier, self._clock, self._count = verifier, clock, count
        self._secret = secret or secrets.token_bytes(32)
        self._rate = Buckets(config.requests_per_s, config.requests_burst)
        self._bad_tokens = Buckets(_BAD_TOKENS_PER_S, _BAD_TOKENS_BURST)
        self._notes = Notes(port, clock, count)
        self._in_flight = Slots(config.in_flight_max)
        self._stops = Slots(_STOPS_MAX)
        self.streams = Slots(config.streams_per_client_max, config.streams_max)
        self.orders = Slots(config.orders_pending_max, config.orders_pending_max)
        self._one_time = OneTime()

    # -- who ------------------------------------------------------------------------------------

    def caller(self, connection) -> Caller:
        """Return who makes a request or opens a WebSocket; raise Problem."""
        if self._verifier is None:
            return Caller('local', self.config.local_role)
        scheme, _, token = connection.headers.get('authorization', '').partition(' ')
        if scheme.lower() != 'bearer' or not token:
            token = next((one[len(BEARER_PROTOCOL):] for one in protocols(connection)
                          if one.startswith(BEARER_PROTOCOL)), '')
        try:
            if not token:
                raise BadToken('send a token in the header Authorization: Bearer')
            return self._verifier.caller(token.strip(), self.wall_clock())
        except BadToken as error:
            self._count('gateway_refused.token')
            address = address_of(connection)
            wait_s = self._bad_tokens.wait_s(self._clock(), address)
            if wait_s:
                raise Problem('too-many-requests', 'too many bad tokens from this address',
                              wait_s) from error
            raise Problem('unauthenticated', str(error)) from error

    def admit(self, connection, role: str, is_limited: bool = True) -> Caller:
        """Return who calls if it may, now; raise Problem. An emergency stop is not limited."""
        if role == ANYBODY:
            caller = Caller(f'@{address_of(connection)}', 'viewer')
        else:
            caller = self.caller(connection)
            if not caller.may(role):
                self._count('gateway_refused.role')
                self.note(caller, what_of(connection), f'refused: needs the role {role}')
                raise Problem('forbidden', f'this needs the role {role}; yours is {caller.role}')
        wait_s = self._rate.wait_s(self._clock(), caller.subject)
        if wait_s and is_limited:
            self._count('gateway_refused.rate')
            raise Problem('too-many-requests', f'{self.config.requests_per_s:g} requests a second '
                          'are served to one client', wait_s)
        return caller

    async def serve(self, request: Request, route: 'GuardedRoute', handler):
        """Let a request through to its handler, if it may."""
        is_limited = not route.openapi_extra.get('x-unlimited', False)
        caller = self.admit(request, route.openapi_extra['x-role'], is_limited)
        request.state.caller = caller
        strict = _StrictRequest(request.scope, request.receive)
        if is_limited:  # an emergency stop does not fail for its form
            route.check_query(request)
            await route.check_body(strict)
        slots = self._in_flight if is_limited else self._stops
        if not slots.take(caller.subject):
            self._count('gateway_refused.in_flight')
            raise Problem('too-many-requests', 'too many requests of yours are under way', 1.0)
        try:
            return await handler(strict)
        finally:
            slots.give_back(caller.subject)

    def use_once(self, caller: Caller) -> None:
        """Use a token for an act for which each token counts once; raise Problem."""
        if not self._one_time.use(caller, self.wall_clock()):
            raise Problem('token-used', 'acts of this kind need a token of their own each, so '
                          'that one that was overheard cannot be used again: issue a new one')

    # -- confirmations --------------------------------------------------------------------------

    def confirmation(self, caller: Caller, facts: dict) -> str:
        """Return a text that confirms an act: for this caller, on these facts, for a while."""
        until_s = int(self.wall_clock() + self.config.confirm_s)
        return f'{until_s:x}.{self._seal(caller, facts, until_s)}'

    def is_confirmed(self, caller: Caller, facts: dict, confirmation: Optional[str]) -> bool:
        """Return whether a text confirms an act on facts that still hold."""
        until, _, seal = (confirmation or '').partition('.')
        if len(until) > 12 or not all(digit in '0123456789abcdef' for digit in until or 'x'):
            return False
        until_s, now_s = int(until, 16), self.wall_clock()
        return now_s <= until_s <= now_s + self.config.confirm_s + 1.0 and hmac.compare_digest(
            seal.encode('utf-8', 'replace'), self._seal(caller, facts, until_s).encode())

    def _seal(self, caller, facts, until_s):
        text = json.dumps([caller.subject, facts, until_s], sort_keys=True)
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()[:32]

    # -- audit ----------------------------------------------------------------------------------

    def note(self, caller: Caller, what: str, result: str) -> None:
        """Write into the fleet's log what a known client tried, and what came of it."""
        self._notes.add(caller.subject, what, result)

    def keep_note(self, caller: Caller, what: str, result: str) -> None:
        """Write into the fleet's log what was done without a leader, as soon as there is one."""
        self._notes.keep(caller.subject, what, result)

    async def close(self) -> None:
        """Give notes under way a moment."""
        await self._notes.close()


class GuardedRoute(APIRoute):
    """A route behind the gate; the application's `state.gate`."""

    def get_route_handler(self):
        """Return the handler with the gate before it."""
        if 'x-role' not in (self.openapi_extra or {}):
            raise TypeError(f'the route {self.path} does not say which role it needs')
        inner = super().get_route_handler()

        async def handle(request: Request):
            return await request.app.state.gate.serve(request, self, inner)
        return handle

    def check_query(self, request: Request) -> None:
        """Raise Problem for a query with unknown names, or with one that may stand there once."""
        given = request.query_params
        if not given:
            return
        known = {field.alias for field in self.dependant.query_params}
        many = (self.openapi_extra or {}).get('x-many', ())
        for name in given:
            if name not in known:
                raise Problem('invalid', f'no such query parameter: {name[:80]!r}; known are '
                              f'{", ".join(sorted(known)) or "none"}')
            if len(given.getlist(name)) > 1 and name not in many:
                raise Problem('invalid', f'the query parameter {name} stands there twice')

    async def check_body(self, request: Request) -> None:
        """Raise Problem for a body that this route does not read: it was meant for something."""
        if self.body_field is not None:
            return
        if await request.body() and await request.json() != {}:
            raise Problem('invalid', 'this route reads no body: send none, or {}', errors=[
                {'where': 'body', 'detail': 'nothing of it is read here'}])


class _StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self):
        """Return the body's value; raise Problem."""
        try:
            return parse(await self.body())
        except BadJson as error:
            raise Problem('malformed', f'the body is not acceptable JSON: {error}') from error


def protocols(connection) -> list:
    """Return the subprotocols that a WebSocket asks for."""
    return [one.strip()
            for one in connection.headers.get('sec-websocket-protocol', '').split(',')]


def address_of(connection) -> str:
    """Return the address that a request comes from."""
    return connection.client.host if connection.client else 'unknown'


def what_of(connection) -> str:
    """Return what a request is about, for the record."""
    return f'{connection.scope.get("method", "WebSocket")} {connection.url.path}'
