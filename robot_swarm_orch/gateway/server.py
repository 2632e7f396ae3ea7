# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Serves an application on a socket, in a thread with an event loop of its own.

uvicorn does the work; `BoundedHeads` adds what it does not bound: how long a head may take and be,
and how many connections one address may have.
"""

import asyncio
import socket
import ssl
import threading
import time
from typing import Callable, Dict

from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.gateway.problems import of_status, Problem
from robot_swarm_orch.gateway.settings import GatewayConfig

HEAD_BYTES_MAX = 32_768
KEEP_ALIVE_S = 20
START_S, CLOSE_S = 10.0, 1.5


def _modules():
    """Return (uvicorn, its protocol over httptools); raises ConfigError where they are missing."""
    try:
        import uvicorn
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
        import websockets  # noqa: F401: uvicorn speaks WebSocket with it
    except ImportError as error:
        raise ConfigError('the gateway needs uvicorn, httptools and websockets: python3 -m pip '
                          f'install fastapi uvicorn httptools websockets ({error})') from error
    return uvicorn, HttpToolsProtocol


class BoundedHeads:
    """
    What a connection of uvicorn's lacks: heads bounded in time and size, and a count by address.

    A class for `protocol` to mix in.
    """

    bounds: GatewayConfig  # `config` is uvicorn's own
    per_address: Dict[str, int]  # connections that are open, shared by all

    def connection_made(self, transport):
        """Begin, unless too many connections are open."""
        super().connection_made(transport)
        self._head_timer, self._head_bytes, self._in_head = None, 0, True
        self._address = self.client[0] if self.client else ''
        count = self.per_address[self._address] = self.per_address.get(self._address, 0) + 1
        if (count > self.bounds.connections_per_address_max
                or sum(self.per_address.values()) > self.bounds.connections_max):
            self._refuse(Problem('too-many-requests', 'too many connections are open', 1.0))
            return
        self._wait_for_head()

    def connection_lost(self, exc):
        """End."""
        self._end_head()
        self._uncount()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self):
        """Hand the connection over to a WebSocket, which counts as a stream from then on."""
        self._uncount()
        super().handle_websocket_upgrade()

    def _uncount(self):
        left = self.per_address.get(self._address, 1) - 1
        if left > 0:
            self.per_address[self._address] = left
        else:
            self.per_address.pop(self._address, None)

    def data_received(self, data):
        """Take bytes in; of a head only so many."""
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX + self.bounds.body_max_bytes:
                self._refuse(Problem('head-too-large', 'this is no head of a request'))
                return
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES_MAX:
            self._refuse(Problem('head-too-large', f'a head may have {HEAD_BYTES_MAX} bytes'))

    def on_message_begin(self):
        """Expect a head."""
        super().on_message_begin()
        self._in_head = True
        if self._head_timer is None:
            self._wait_for_head()

    def on_headers_complete(self):
        """Expect the head no more."""
        self._end_head()
        super().on_headers_complete()

    def send_400_response(self, msg):
        """Refuse what is no HTTP, as all else is refused."""
        self._refuse(of_status(400, msg))

    def _wait_for_head(self):
        self._head_timer = self.loop.call_later(self.bounds.header_s, self._too_slow)

    def _end_head(self):
        self._in_head, self._head_bytes = False, 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self):
        self._head_timer = None
        self._refuse(Problem('too-slow', 'the head of the request did not arrive within '
                             f'{self.bounds.header_s:g} s'))

    def _refuse(self, problem):
        """Answer with a problem and close."""
        self._end_head()
        if self.transport.is_closing():
            return
        body = problem.body()
        lines = [f'HTTP/1.1 {problem.status_code} {problem.document["title"]}',
                 'content-type: application/problem+json', f'content-length: {len(body)}',
                 'connection: close', *(f'{name}: {value}' for name, value in
                                        (problem.headers or {}).items())]
        self.transport.write('\r\n'.join([*lines, '', '']).encode('ascii') + body)
        self.transport.close()


def protocol(base, config: GatewayConfig, per_address: Dict[str, int]):
    """Return the class of a connection; `per_address` counts those that are open."""
    return type('Protocol', (BoundedHeads, base), {'bounds': config, 'per_address': per_address})


def listen(config: GatewayConfig) -> socket.socket:
    """Return a socket that listens; raises ConfigError, as for a port that is taken."""
    try:
        family = socket.getaddrinfo(config.address, config.port, type=socket.SOCK_STREAM)[0][0]
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((config.address, config.port))
        made.listen(1024)
    except OSError as error:
        raise ConfigError(f'port {config.port} of address {config.address} cannot be opened: '
                          f'{error.strerror or error}; choose another port or address') from error
    made.setblocking(False)
    return made


def _tls(config):
    """Return uvicorn's TLS options; raises ConfigError for files that are wrong."""
    if not config.tls_cert_file:
        return {}
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(config.tls_cert_file, config.tls_key_file)
        if config.tls_client_ca_file:
            context.load_verify_locations(config.tls_client_ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f'tls_cert_file {config.tls_cert_file}, tls_key_file '
                          f'{config.tls_key_file} or tls_client_ca_file '
                          f'{config.tls_client_ca_file!r} cannot be used: {error}') from error
    options = {'ssl_certfile': config.tls_cert_file, 'ssl_keyfile': config.tls_key_file}
    if config.tls_client_ca_file:
        options.update(ssl_ca_certs=config.tls_client_ca_file, ssl_cert_reqs=ssl.CERT_REQUIRED)
    return options


class WebServer:
    """A gateway's server, from `start` to `stop`."""

    def __init__(self, make_gateway: Callable, config: GatewayConfig):
        """
        Open the socket and check certificates; serve nothing yet. Raises ConfigError.

        make_gateway(loop): returns the `app.Gateway`; called in the server's own thread, so that
        all of it belongs to that thread's loop.
        """
        self._uvicorn, self._base = _modules()
        self._tls = _tls(config)
        self._config, self._make_gateway = config, make_gateway
        self._socket = listen(config)
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name='gateway', daemon=True)
        self._ready, self._failure = threading.Event(), None
        self._server = self._gateway = self.loop = None

    @property
    def url(self) -> str:
        """Return where it serves."""
        host = self._config.address
        return (f'{"https" if self._tls else "http"}://'
                f'{f"[{host}]" if ":" in host else host}:{self.port}')

    def start(self) -> None:
        """Serve; returns once requests are taken. Raises what the gateway's making raised."""
        self._thread.start()
        self._ready.wait(START_S)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """End streams, finish requests under way, and end; waits 2 s at most."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self._ask_to_end)
            self._thread.join(CLOSE_S + 0.5)
        self._socket.close()

    @property
    def is_alive(self) -> bool:
        """Return whether it still serves."""
        return self._thread.is_alive()

    def _ask_to_end(self):
        self._gateway.hub.close()
        self._server.should_exit = True

    def _run(self):
        try:
            settings = self._uvicorn.Config(
                lambda scope, receive, send: self._gateway.asgi(scope, receive, send),
                interface='asgi3', http=protocol(self._base, self._config, {}),
                ws='websockets-sansio', ws_max_size=4096, ws_per_message_deflate=False,
                log_config=None, access_log=False, server_header=False, proxy_headers=False,
                lifespan='on', timeout_keep_alive=KEEP_ALIVE_S, timeout_graceful_shutdown=1,
                **self._tls)
            factory = settings.get_loop_factory() or asyncio.new_event_loop
            self.loop = factory()
            asyncio.set_event_loop(self.loop)
            self._server = self._uvicorn.Server(settings)
            self.loop.run_until_complete(self._serve())
        except BaseException as error:
            self._failure = error
        finally:
            self._ready.set()
            if self.loop is not None:
                self.loop.close()

    async def _serve(self):
        self._gateway = self._make_gateway(asyncio.get_running_loop())
        serving = asyncio.ensure_future(self._server.serve(sockets=[self._socket]))
        until_s = time.monotonic() + START_S
        while not (self._server.started or serving.done()) and time.monotonic() < until_s:
            await asyncio.sleep(0.005)
        self._ready.set()
        await serving
