# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The application: routes, gate, shield and hub, over a port.

`make_app` returns an ASGI application; who runs it (`server.py`, a test) calls `close` before the
server ends, so that streams end too.
"""

from contextlib import asynccontextmanager
from dataclasses import replace
import hashlib
from pathlib import Path
import re
from typing import Callable, Optional

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from robot_swarm_orch.gateway.acts import add_act_routes
from robot_swarm_orch.gateway.events import Hub
from robot_swarm_orch.gateway.gate import Gate, GuardedRoute
from robot_swarm_orch.gateway.given import words_of
from robot_swarm_orch.gateway.keys import load_keys
from robot_swarm_orch.gateway.names import Names
from robot_swarm_orch.gateway.openapi import add_pages, describe
from robot_swarm_orch.gateway.orders import add_order_routes
from robot_swarm_orch.gateway.port import FleetPort, NoConsensus
from robot_swarm_orch.gateway.problems import of_errors, of_status, Problem
from robot_swarm_orch.gateway.settings import GatewayConfig
from robot_swarm_orch.gateway.shield import Shield
from robot_swarm_orch.gateway.sights import add_sight_routes
from robot_swarm_orch.gateway.stops import add_stop_routes
from robot_swarm_orch.gateway.streams import add_stream_routes
from robot_swarm_orch.gateway.tokens import Verifier
from robot_swarm_orch.gateway.told import tell_status
from robot_swarm_orch.site import Site
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware


def trust(config: GatewayConfig) -> Optional[Verifier]:
    """Return what checks tokens by a configuration, None without keys; raises ConfigError."""
    if not config.keys_file:
        return None
    return Verifier(load_keys(config.keys_file), config.issuer, config.audience,
                    config.token_life_max_s, config.clock_leeway_s)


def shared_secret(config: GatewayConfig) -> bytes:
    """Return what all gateways with one key set share, to know each other's confirmations."""
    return (hashlib.sha256(Path(config.keys_file).read_bytes()).digest()
            if config.keys_file else b'')


class Gateway:
    """An ASGI application with what is behind it."""

    def __init__(self, port: FleetPort, site: Site, config: GatewayConfig,
                 count: Callable[[str], None] = lambda name: None, **clocks):
        """Build it. clocks: `clock` and `wall_clock` for the Gate. Raises ConfigError."""
        config = replace(config, audience=config.audience or site.name)
        self.hub = Hub(config.events_kept, lambda status: tell_status(status).model_dump())
        port.listen(self.hub)
        self.gate = Gate(config, trust(config), port, count=count, secret=shared_secret(config),
                         **clocks)
        self.app = self._application(config, site)
        self.asgi = Shield(self.app, config)

    def _application(self, config, site):
        @asynccontextmanager
        async def life(app):
            yield
            await self.close()
        app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=life,
                      redirect_slashes=False)
        app.router.route_class = GuardedRoute
        app.state.gate = self.gate
        names = Names(site, self.gate.port)
        add_order_routes(app, self.gate)
        add_act_routes(app, self.gate, names)
        add_stop_routes(app, self.gate, names)
        add_sight_routes(app, self.gate, names)
        add_stream_routes(app, self.gate, self.hub, site)
        app.openapi = lambda: describe(app)
        if config.pages:
            add_pages(app)
        _add_refusals(app)
        if config.origins:
            app.add_middleware(
                CORSMiddleware, allow_origins=list(config.origins), max_age=600,
                allow_methods=['GET', 'POST', 'PATCH', 'DELETE'],
                allow_headers=['Authorization', 'Content-Type', 'Idempotency-Key',
                               'Last-Event-ID'],
                expose_headers=['Location', 'Retry-After', 'X-Request-Id'])
        return app

    async def close(self) -> None:
        """Let streams end and notes be written."""
        self.hub.close()
        await self.gate.close()


def _add_refusals(app):
    """Make problem documents of all errors, those of the web framework too."""
    async def own(request, problem):
        return problem.response()

    async def framework(request, error):
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers['Allow'] = ', '.join(_methods(app, request.url.path))
        return of_status(error.status_code, f'{request.method} {request.url.path}: '
                         f'{error.detail}', headers).response()

    async def invalid(request, error):
        return of_errors(error.errors(), words_of).response()

    async def silence(request, error):
        return Problem('no-consensus', str(error), error.retry_s, leader=error.leader).response()

    async def fault(request, error):
        return Problem('fault', 'the gateway has met a fault of its own; its log has the '
                       f'traceback of request {request.state.request_id}').response()

    app.add_exception_handler(Problem, own)
    app.add_exception_handler(HTTPException, framework)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(NoConsensus, silence)
    app.add_exception_handler(Exception, fault)


def _methods(app, path):
    """Return the methods that a path knows."""
    return sorted({method for route in app.routes
                   if getattr(route, 'methods', None) and re.fullmatch(route.path_regex, path)
                   for method in route.methods})
