# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The server on real sockets: heads that are slow, endless or no HTTP, too many connections."""

import json
import socket
import ssl
import time

from gateway_rig import GatewayRig
import pytest
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.gateway.server import WebServer
from robot_swarm_orch.gateway.settings import GatewayConfig


class Served:
    """A gateway's server on a free port, over the fleet of a rig."""

    def __init__(self, rig, **options):
        """Serve."""
        self.rig = rig
        self.server = WebServer(lambda loop: rig.gateway, GatewayConfig(
            keys_file='none.json', port=0, **options))
        self.server.start()

    def connect(self):
        """Return a connection."""
        return socket.create_connection(('127.0.0.1', self.server.port), 10.0)

    def say(self, *pieces, pause_s=0.0):
        """Return what is answered to bytes, until the server closes."""
        with self.connect() as one:
            for piece in pieces:
                one.sendall(piece)
                time.sleep(pause_s)
            return read_all(one)


def read_all(one):
    """Return all bytes until the other side closes."""
    parts = []
    try:
        while part := one.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b''.join(parts)


def refusal(data):
    """Return (status, kind) of the last answer, which must be a problem document."""
    head, _, body = data.rpartition(b'\r\n\r\n')
    assert b'application/problem+json' in head, data
    document = json.loads(body)
    assert f'HTTP/1.1 {document["status"]} '.encode() in head
    return document['status'], document['type'].removeprefix('/docs#')


@pytest.fixture(scope='module')
def rig(tmp_path_factory):
    """Return a gateway over a virtual fleet."""
    made = GatewayRig(tmp_path_factory.mktemp('served'), body_s=0.3)
    yield made
    made.close()


@pytest.fixture
def served(rig):
    """Return a server that is short of patience."""
    made = Served(rig, header_s=0.3, connections_per_address_max=5)
    yield made
    made.server.stop()
    rig.gateway.hub.closing = False


HOST = b'Host: 127.0.0.1\r\n'


def test_health_is_told_over_a_socket(served):
    data = served.say(b'GET /health/live HTTP/1.1\r\n' + HOST + b'Connection: close\r\n\r\n')
    assert data.startswith(b'HTTP/1.1 200 ')


@pytest.mark.parametrize('pieces, status, kind', [
    ([b''], 408, 'too-slow'),
    ([b'GET /health/live HTTP/1.1\r\n', HOST], 408, 'too-slow'),
    ([b'GET / HTTP/1.1\r\n' + HOST + b'X: ' + b'a' * 200_000], 431, 'head-too-large'),
    ([b'GET / HTTP/1.1\r\n' + HOST, *[b'X-%d: y\r\n' % number * 1000 for number in range(5)]],
     431, 'head-too-large'),
    ([b'hello\r\n\r\n'], 400, 'malformed'),
    ([b'GET /health/live HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n'], 400, 'malformed'),
    ([b'GET /a b HTTP/1.1\r\n' + HOST + b'\r\n'], 400, 'malformed'),
    ([b'POST /orders HTTP/1.1\r\n' + HOST + b'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n'
      b'\r\n0\r\n\r\n'], 400, 'malformed'),
    ([b'POST /orders HTTP/1.1\r\n' + HOST + b'Content-Length: 4\r\nContent-Length: 5\r\n\r\n'],
     400, 'malformed'),
    ([b'POST /orders HTTP/1.1\r\n' + HOST + b'Content-Length: 50\r\n\r\n{'], 408, 'too-slow'),
    ([b'POST /orders HTTP/1.1\r\n' + HOST + b'Transfer-Encoding: chunked\r\n\r\nzz\r\n'],
     400, 'malformed'),
])
def test_what_is_slow_endless_or_no_http_is_refused_and_closed(served, pieces, status, kind):
    began_s = time.monotonic()
    assert refusal(served.say(*pieces)) == (status, kind)
    assert time.monotonic() - began_s < 5.0


def test_a_head_that_comes_drop_by_drop_does_not_hold_a_connection(served):
    drops = [bytes([byte]) for byte in b'GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n']
    with served.connect() as one:
        began_s = time.monotonic()
        try:
            for drop in drops * 9:
                one.sendall(drop)
                time.sleep(0.02)
        except (BrokenPipeError, ConnectionResetError):
            assert time.monotonic() - began_s < 5.0
        else:
            pytest.fail('the connection was held all the time')


def test_one_address_gets_only_so_many_connections_and_gets_them_back(served):
    many = [served.connect() for _ in range(5)]
    time.sleep(0.05)
    assert refusal(served.say(b''))[0] == 429
    for one in many:
        one.close()
    until_s = time.monotonic() + 5.0
    ask = b'GET /health/live HTTP/1.1\r\n' + HOST + b'Connection: close\r\n\r\n'
    while not served.say(ask).startswith(b'HTTP/1.1 200'):
        assert time.monotonic() < until_s
        time.sleep(0.02)


def test_a_port_that_is_taken_is_named(served):
    with pytest.raises(ConfigError, match=str(served.server.port)):
        WebServer(lambda loop: None, GatewayConfig(port=served.server.port))


def certificate(folder, name, issuer=None):
    """Write a certificate and its key; return (certificate file, key file, both as objects)."""
    from datetime import datetime, timedelta, timezone
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signer, signing = issuer or (subject, key)
    now = datetime.now(timezone.utc)
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(signer)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(issuer is None, None), critical=True)
            .add_extension(x509.SubjectAlternativeName(
                [x509.IPAddress(ip_address('127.0.0.1'))]), critical=False)
            .sign(signing, hashes.SHA256()))
    paths = folder / f'{name}.pem', folder / f'{name}.key'
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    return (*map(str, paths), (subject, key))


def test_with_mutual_tls_a_client_without_a_certificate_hears_nothing(rig, tmp_path):
    authority, _, issuer = certificate(tmp_path, 'authority')
    own, own_key, _ = certificate(tmp_path, 'gateway', issuer)
    client, client_key, _ = certificate(tmp_path, 'client', issuer)
    stranger, stranger_key, _ = certificate(tmp_path, 'stranger')
    served = Served(rig, tls_cert_file=own, tls_key_file=own_key, tls_client_ca_file=authority)

    def ask(*shown):
        context = ssl.create_default_context(cafile=authority)
        if shown:
            context.load_cert_chain(*shown)
        try:
            with context.wrap_socket(served.connect(), server_hostname='127.0.0.1') as one:
                one.sendall(b'GET /health/live HTTP/1.1\r\n' + HOST
                            + b'Connection: close\r\n\r\n')
                return read_all(one)
        except ssl.SSLError:
            return b''
    try:
        assert ask(client, client_key).startswith(b'HTTP/1.1 200 ')
        assert ask() == b'' and ask(stranger, stranger_key) == b''
    finally:
        served.server.stop()
        rig.gateway.hub.closing = False


def test_a_certificate_that_is_none_is_refused_at_the_start(tmp_path):
    (tmp_path / 'c.pem').write_text('nonsense')
    with pytest.raises(ConfigError, match='c.pem'):
        WebServer(lambda loop: None, GatewayConfig(
            port=0, tls_cert_file=str(tmp_path / 'c.pem'), tls_key_file=str(tmp_path / 'c.pem')))
