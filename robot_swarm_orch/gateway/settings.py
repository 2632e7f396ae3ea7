# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What can be chosen of a gateway; safe as it is."""

from dataclasses import dataclass
from ipaddress import ip_address

from robot_swarm_orch.config import check, check_ranges, param

ROLES = ('viewer', 'operator', 'admin')
"""Who may only look; who may also order, pause and block; who may do what cannot be undone."""


def is_loopback(address: str) -> bool:
    """Return whether only this machine reaches an address (an IP address, or localhost)."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == 'localhost'


@dataclass(frozen=True)
class GatewayConfig:
    """Where a gateway listens, whom it trusts, and what it bears."""

    address: str = param(
        '127.0.0.1', 'address to listen on; 0.0.0.0: all, which needs keys_file')
    port: int = param(8080, 'port to listen on; 0: a free one, which the log names', 0, 65535)
    keys_file: str = param(
        '', 'JSON Web Key Set of those whose tokens count (`swarm token` makes it); empty: no '
        'tokens, and only this machine is served')
    issuer: str = param('swarm', 'iss that tokens must name')
    audience: str = param('', 'aud that tokens must name; empty: the site id')
    token_life_max_s: float = param(
        3600.0, 'a token that is good for longer is refused [s]', 1.0, 86_400.0)
    clock_leeway_s: float = param(
        5.0, "by how much clocks of issuers may differ from this machine's [s]", 0.0, 60.0)
    local_role: str = param(
        'operator', 'role of everybody while there is no keys_file: viewer, operator or admin')
    tls_cert_file: str = param('', 'certificate (PEM) to serve HTTPS with; empty: plain HTTP')
    tls_key_file: str = param('', 'its private key (PEM)')
    tls_client_ca_file: str = param(
        '', 'clients must show a certificate that these authorities (PEM) signed; empty: none')
    origins: tuple = param(
        (), 'web pages that may call from a browser, as https://wms.example; others are refused')
    hosts: tuple = param(
        (), 'names and addresses by which clients may call; empty: any with keys_file, those of '
        'this machine without')
    body_max_bytes: int = param(65_536, 'longest body of a request', 256, 16_777_216)
    body_s: float = param(5.0, 'time for a body to arrive [s]', 0.05, 600.0)
    header_s: float = param(5.0, 'time for the head of a request to arrive [s]', 0.05, 600.0)
    requests_per_s: float = param(
        50.0, 'requests of one client that are served over time [1/s]', 0.01, 1e6)
    requests_burst: int = param(100, 'how many it may make at once', 1, 1_000_000)
    in_flight_max: int = param(64, 'requests of one client under way at once', 1, 100_000)
    orders_pending_max: int = param(
        2000, 'orders of all clients that wait for their commit', 1, 1_000_000)
    connections_max: int = param(1000, 'connections open at once', 1, 100_000)
    connections_per_address_max: int = param(200, 'of these, from one address', 1, 100_000)
    streams_max: int = param(200, 'streams of events open at once', 1, 100_000)
    streams_per_client_max: int = param(10, 'of these, of one client', 1, 100_000)
    answer_s: float = param(
        5.0, 'how long the coordinators may take before the answer is 503 [s]', 0.02, 60.0)
    repeat_first_s: float = param(
        0.25, 'an order without an answer is said again after about this long [s]', 0.01, 10.0)
    repeat_max_s: float = param(2.0, 'longest wait between two repetitions [s]', 0.02, 60.0)
    breaker_failures: int = param(
        20, 'so many requests in a row without an answer, and others are refused at once', 1,
        100_000)
    breaker_open_s: float = param(1.0, 'for this long, until one is tried again [s]', 0.01, 60.0)
    events_kept: int = param(10_000, 'events kept for clients that come back', 10, 1_000_000)
    events_behind_max: int = param(
        2000, 'a WebSocket client that is so many order events behind is closed', 1, 1_000_000)
    telemetry_period_s: float = param(
        0.2, 'shortest time between two words on one robot to one client [s]', 0.02, 60.0)
    confirm_s: float = param(60.0, 'a confirmation is good for this long [s]', 1.0, 600.0)
    pages: bool = param(True, 'serve the description of the interface at /docs, /openapi.json')

    def __post_init__(self):
        """Check ranges and relations; a gateway without keys must not be reached from outside."""
        check_ranges(self)
        object.__setattr__(self, 'origins', tuple(self.origins))
        object.__setattr__(self, 'hosts', tuple(self.hosts))
        check(bool(self.keys_file) or is_loopback(self.address),
              f'address {self.address} is reached from other machines, but there is no keys_file: '
              'everybody there could move the fleet. Make a key with `swarm token key` and set '
              'keys_file, or listen on 127.0.0.1')
        check(self.local_role in ROLES,
              f'local_role {self.local_role!r} is not {", ".join(ROLES)}')
        check(bool(self.issuer), 'issuer is empty: tokens must name who gave them out')
        check(bool(self.tls_cert_file) == bool(self.tls_key_file),
              'tls_cert_file and tls_key_file belong together: give both or none')
        check(bool(self.tls_cert_file) or not self.tls_client_ca_file,
              'tls_client_ca_file needs tls_cert_file: client certificates come with HTTPS only')
        check(self.events_behind_max < self.events_kept,
              f'events_behind_max {self.events_behind_max} must be below events_kept '
              f'{self.events_kept}: who is closed for being slow could not go on where it was')
        check(self.repeat_first_s <= self.repeat_max_s,
              f'repeat_first_s {self.repeat_first_s} exceeds repeat_max_s {self.repeat_max_s}')
