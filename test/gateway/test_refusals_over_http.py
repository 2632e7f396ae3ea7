# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Tokens, roles, heads, addresses and bodies that are refused, each by the reason named."""

import base64
import hashlib
import hmac
import json

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from gateway_rig import GatewayRig, problem_of, raw_problem
import jwt
import pytest
from robot_swarm_orch.gateway.keys import make_key, public_part
from virtual_fleet import SITE

JSON = (b'content-type', b'application/json')
ORDER = json.dumps({'kind': 'go', 'drop': SITE.stations[0]}).encode()


@pytest.fixture(scope='module')
def rig(tmp_path_factory):
    """Return a gateway that trusts one key of each algorithm."""
    made = GatewayRig(tmp_path_factory.mktemp('keys'), keys=('EdDSA', 'ES256', 'HS256'),
                      body_s=0.1, body_max_bytes=2048, requests_per_s=1e6, requests_burst=100_000)
    yield made
    made.close()


def signed(rig, header=None, algorithm='EdDSA', key=None, **claims):
    """Return a token with some claims and header fields changed; None takes one away."""
    now_s = int(rig.now_s)
    content = {'iss': 'swarm', 'aud': SITE.name, 'sub': 'wms', 'role': 'operator', 'iat': now_s,
               'nbf': now_s, 'exp': now_s + 600, 'jti': 'a-token', **claims}
    content = {name: value for name, value in content.items() if value is not None}
    own = rig.keys.get(algorithm) or rig.keys['EdDSA']
    headers = {'kid': own['kid'], **(header or {})}
    headers = {name: value for name, value in headers.items() if value is not None}
    return jwt.encode(content, key or jwt.PyJWK(own, algorithm).key, algorithm, headers)


def part(content) -> str:
    """Return a part of a token."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b'=').decode()


def none_algorithm(rig, name='none'):
    """Return a token that says it needs no signature."""
    return f'{part({"alg": name, "kid": "k-EdDSA"})}.{signed(rig).split(".")[1]}.'


def confused(rig, algorithm='EdDSA'):
    """Return a token that is signed as if the public key were a shared secret."""
    public = jwt.PyJWK(public_part(rig.keys[algorithm]), algorithm).key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head = f'{part({"alg": "HS256", "kid": f"k-{algorithm}"})}.{signed(rig).split(".")[1]}'
    seal = hmac.new(public, head.encode(), hashlib.sha256).digest()
    return f'{head}.{base64.urlsafe_b64encode(seal).rstrip(b"=").decode()}'


def of_rsa(rig):
    """Return a token of a good RSA key under the id of a key that is trusted."""
    return signed(rig, algorithm='RS256', key=rsa.generate_private_key(65537, 2048),
                  header={'kid': 'k-EdDSA'})


def tampered(rig):
    """Return a good operator's token that was made an admin's."""
    head, _, seal = signed(rig).split('.')
    content = {**jwt.decode(signed(rig), options={'verify_signature': False}), 'role': 'admin'}
    return f'{head}.{part(content)}.{seal}'


def with_own_key(rig):
    """Return a token that brings the key along by which it should be checked."""
    stranger = make_key('k-EdDSA', 'EdDSA')
    return signed(rig, key=jwt.PyJWK(stranger, 'EdDSA').key,
                  header={'jwk': public_part(stranger), 'jku': 'https://keys.example/'})


TOKENS = {
    'expired': lambda rig: signed(rig, iat=rig.now_s - 100, nbf=rig.now_s - 100,
                                  exp=rig.now_s - 6),
    'not good yet': lambda rig: signed(rig, nbf=rig.now_s + 60),
    'issued in the future': lambda rig: signed(rig, iat=rig.now_s + 60),
    'for others': lambda rig: signed(rig, aud='another-site'),
    'for us among others': lambda rig: signed(rig, aud=[SITE.name, 'another-site']),
    'of another issuer': lambda rig: signed(rig, iss='somebody'),
    'good for too long': lambda rig: signed(rig, exp=rig.now_s + 7200),
    'good for too long, by an early start': lambda rig: signed(rig, nbf=rig.now_s - 7000),
    'good for ever': lambda rig: signed(rig, exp=None),
    'without an id': lambda rig: signed(rig, jti=None),
    'without a subject': lambda rig: signed(rig, sub=None),
    'without a role': lambda rig: signed(rig, role=None),
    'with a role that there is not': lambda rig: signed(rig, role='root'),
    'with two roles': lambda rig: signed(rig, role=['viewer', 'admin']),
    'with a subject that breaks lines': lambda rig: signed(rig, sub='wms\nadmin'),
    'with a time that is a text': lambda rig: signed(rig, exp=str(rig.now_s)),
    'with a time beyond numbers': lambda rig: signed(rig, exp=1e300),
    'without an algorithm': none_algorithm,
    'without an algorithm, in capitals': lambda rig: none_algorithm(rig, 'NONE'),
    'signed with a public key as secret, Ed25519': confused,
    'signed with a public key as secret, ES256': lambda rig: confused(rig, 'ES256'),
    'of an RSA key': of_rsa,
    'of an unknown key': lambda rig: signed(rig, header={'kid': 'k-other'}),
    'that names no key': lambda rig: signed(rig, header={'kid': None}),
    'of another key that is trusted': lambda rig: signed(rig, header={'kid': 'k-ES256'}),
    'of the same algorithm with another key': lambda rig: signed(
        rig, key=jwt.PyJWK(make_key('k-EdDSA', 'EdDSA'), 'EdDSA').key),
    'that brings its own key': with_own_key,
    'that asks for extensions': lambda rig: signed(rig, header={'crit': ['exp'], 'exp': 1}),
    'tampered with': tampered,
    'without its signature': lambda rig: signed(rig).rpartition('.')[0] + '.',
    'cut short': lambda rig: signed(rig)[:-4],
    'that is none': lambda rig: 'swordfish',
    'of five parts': lambda rig: 'a.b.c.d.e',
    'longer than any': lambda rig: 'a' * 5000,
}


@pytest.mark.parametrize('name', TOKENS)
def test_a_token_is_refused(rig, name):
    rig.now_s += 1000.0  # bad tokens are counted; let the bucket fill
    rig.fleet.cluster.run(2.0)
    answer = rig.call('GET', '/orders', token=TOKENS[name](rig))
    assert (answer.status_code, problem_of(answer)) == (401, 'unauthenticated')
    assert answer.headers['WWW-Authenticate'] == 'Bearer'


@pytest.mark.parametrize('algorithm', ['EdDSA', 'ES256', 'HS256'])
def test_a_good_token_of_each_algorithm_is_accepted(rig, algorithm):
    assert rig.call('GET', '/orders', token=rig.token(algorithm=algorithm)).status_code == 200
    assert rig.call('GET', '/orders', token=signed(rig, algorithm=algorithm)).status_code == 200


def test_a_token_ends_while_it_is_remembered(rig):
    token = rig.token(life_s=60.0)
    assert rig.call('GET', '/orders', token=token).status_code == 200
    rig.now_s += 66.0
    assert rig.call('GET', '/orders', token=token).status_code == 401


@pytest.mark.parametrize('method, path', [
    ('GET', '/orders'), ('POST', '/orders'), ('GET', '/robots'), ('GET', '/fleet'),
    ('GET', '/audit'), ('GET', '/events'), ('POST', '/fleet/pause'), ('POST', '/emergency-stop')])
def test_nothing_but_health_and_pages_is_told_without_a_token(rig, method, path):
    rig.fleet.cluster.run(2.0)
    answer = rig.call(method, path, role='')
    assert (answer.status_code, problem_of(answer)) == (401, 'unauthenticated')
    basic = rig.call(method, path, role='', headers={'Authorization': 'Basic d21zOndtcw=='})
    assert basic.status_code == 401


VIEWERS_MAY_NOT = [
    ('POST', '/orders'), ('PATCH', '/orders/x'), ('DELETE', '/orders/x'), ('POST', '/fleet/pause'),
    ('POST', '/fleet/resume'), ('POST', '/robots/r001/drain'), ('POST', '/robots/r001/settle'),
    ('POST', '/robots/r001/strand'), ('POST', '/ways/block'), ('POST', '/emergency-stop'),
    ('POST', '/places/x/slot'), ('POST', '/areas/x/pause')]
OPERATORS_MAY_NOT = [('POST', '/robots/r001/clear'), ('POST', '/robots/r001/enrol'),
                     ('POST', '/emergency-stop/release')]


@pytest.mark.parametrize('role, method, path', [
    *(('viewer', *one) for one in VIEWERS_MAY_NOT + OPERATORS_MAY_NOT),
    *(('operator', *one) for one in OPERATORS_MAY_NOT)])
def test_a_role_that_is_too_low_is_refused_before_the_body_is_read(rig, role, method, path):
    answer = rig.call(method, path, role, content=b'{' if method != 'DELETE' else None,
                      headers={'Content-Type': 'application/json'})
    assert (answer.status_code, problem_of(answer)) == (403, 'forbidden')


def test_every_route_that_changes_something_needs_more_than_a_viewer(rig):
    for path, methods in rig.gateway.app.openapi()['paths'].items():
        for method, operation in methods.items():
            assert (operation['x-role'] in ('operator', 'admin')) == (method != 'get'), path


def body_case(status, kind, *messages, headers=(JSON,), method='POST', path='/orders'):
    """Return a case: what is sent, and how it is refused."""
    return status, kind, messages, headers, method, path


def sent(body, more=False):
    """Return a piece of a body as ASGI has it."""
    return {'type': 'http.request', 'body': body, 'more_body': more}


CHUNKED = (b'transfer-encoding', b'chunked')
BODIES = {
    'announced too long': body_case(
        413, 'too-large', headers=(JSON, (b'content-length', b'999999999999999999999999'))),
    'too long in pieces': body_case(
        413, 'too-large', *[sent(b' ' * 512, True)] * 6, headers=(JSON, CHUNKED)),
    'in countless pieces': body_case(
        400, 'malformed', *[sent(b'', True)] * 2000, headers=(JSON, CHUNKED)),
    'that never ends': body_case(
        408, 'too-slow', sent(b'{', True), 5.0, headers=(JSON, CHUNKED)),
    'that comes drop by drop': body_case(
        408, 'too-slow', *[sent(b' ', True), 0.06] * 9, headers=(JSON, CHUNKED)),
    'with two ends': body_case(
        400, 'malformed', sent(ORDER), headers=(JSON, CHUNKED, (b'content-length', b'4'))),
    'with a length that is no number': body_case(
        413, 'too-large', sent(ORDER), headers=(JSON, (b'content-length', b'-4'))),
    'nested deeply': body_case(400, 'malformed', sent(b'[' * 1500)),
    'nested deeply, and closed': body_case(400, 'malformed', sent(b'{"a":' * 100 + b'1'
                                                                  + b'}' * 100)),
    'with NaN': body_case(400, 'malformed', sent(b'{"kind":"go","drop":"x","priority":NaN}')),
    'with infinity': body_case(
        400, 'malformed', sent(b'{"kind":"go","drop":"x","load_mass_kg":1e999}')),
    'with a name twice': body_case(400, 'malformed', sent(b'{"kind":"go","kind":"move"}')),
    'with an endless number': body_case(
        400, 'malformed', sent(b'{"kind":"go","priority":' + b'9' * 1500 + b'}')),
    'that is no UTF-8': body_case(400, 'malformed', sent(b'{"kind":"\xff\xfe"}')),
    'in UTF-16': body_case(400, 'malformed', sent('{"kind":"go"}'.encode('utf-16'))),
    'that is cut': body_case(400, 'malformed', sent(ORDER[:-1])),
    'with unknown fields': body_case(422, 'invalid', sent(ORDER[:-1] + b',"is_admin":true}')),
    'with a number for a text': body_case(422, 'invalid', sent(b'{"kind":"go","drop":7}')),
    'with a text for a number': body_case(
        422, 'invalid', sent(b'{"kind":"go","drop":"x","priority":"7"}')),
    'with half a character': body_case(
        422, 'invalid', sent(b'{"kind":"go","drop":"\\ud800"}')),
    'with control characters': body_case(
        422, 'invalid', sent(b'{"kind":"go","drop":"a\\u0000b"}')),
    'with line breaks': body_case(
        422, 'invalid', sent(b'{"kind":"go","drop":"a\\r\\nb"}')),
    'with too many legs': body_case(
        422, 'invalid', sent(b'{"kind":"sequence","legs":[' + b','.join(
            [b'{"kind":"go"}'] * 40) + b']}')),
    'that is a list': body_case(422, 'invalid', sent(b'[]')),
    'of another type': body_case(
        415, 'wrong-media-type', sent(ORDER), headers=((b'content-type', b'text/plain'),)),
    'of a form': body_case(
        415, 'wrong-media-type', sent(b'kind=go'),
        headers=((b'content-type', b'application/x-www-form-urlencoded'),)),
    'of no type': body_case(415, 'wrong-media-type', sent(ORDER), headers=()),
    'in another encoding': body_case(
        415, 'wrong-media-type', sent(ORDER),
        headers=((b'content-type', b'application/json; charset=utf-16'),)),
    'compressed': body_case(
        415, 'wrong-media-type', sent(ORDER), headers=(JSON, (b'content-encoding', b'gzip'))),
    'of a GET': body_case(400, 'malformed', sent(b'{}'), method='GET', path='/fleet'),
    'missing': body_case(422, 'invalid', headers=(JSON, (b'content-length', b'0'))),
}


@pytest.mark.parametrize('name', BODIES)
def test_a_body_is_refused(rig, name):
    status, kind, messages, headers, method, path = BODIES[name]
    if not any(name in (b'content-length', b'transfer-encoding') for name, _ in headers):
        size = sum(len(one['body']) for one in messages)
        headers = (*headers, (b'content-length', str(size).encode()))
    said = len(rig.fleet.sent)
    answers = rig.raw(messages, method, path, (*headers, (b'idempotency-key', b'a-key')),
                      token=rig.token())
    assert raw_problem(answers) == (status, kind)
    assert len(rig.fleet.sent) == said, 'nothing of it may reach the fleet'


HEADS = {
    'an encoded slash': (400, '/orders/a%2Fb', ()),
    'an encoded dot segment': (400, '/orders/%2e%2e/fleet', ()),
    'a dot segment': (400, '/orders/../fleet', ()),
    'an encoded null': (400, '/orders/a%00', ()),
    'encoded line breaks': (400, '/orders/a%0d%0aSet-Cookie:%20x=y', ()),
    'a backslash': (400, b'/orders\\x', ()),
    'bytes beyond ASCII': (400, '/orders/ä'.encode(), ()),
    'an empty segment': (400, '//fleet', ()),
    'an id of a thousand characters': (414, '/orders/' + 'a' * 1000, ()),
    'an id that is too long': (422, '/orders/' + 'a' * 65, ()),
    'an id that begins with a dot': (422, '/orders/.hidden', ()),
    'two tokens': (400, '/fleet', ((b'authorization', b'Bearer x'),)),
    'two keys': (400, '/fleet', ((b'idempotency-key', b'a'), (b'idempotency-key', b'b'))),
    'two hosts': (400, '/fleet', ((b'host', b'other'),)),
    'a line break in a header': (400, '/fleet', ((b'x-more', b'a\r\nx-role: admin'),)),
    'a null in a header': (400, '/fleet', ((b'x-more', b'a\x00b'),)),
    'a hundred headers': (431, '/fleet', ((b'x-more', b'a'),) * 100),
    'a header of 20,000 bytes': (431, '/fleet', ((b'x-more', b'a' * 20_000),)),
}


@pytest.mark.parametrize('name', HEADS)
def test_a_head_is_refused(rig, name):
    status, path, headers = HEADS[name]
    assert raw_problem(rig.raw([], 'GET', path, headers, token=rig.token()))[0] == status


@pytest.mark.parametrize('query', [
    b'token=abc', b'access_token=abc', b'limit=5&Authorization=Bearer', b'x=1;jwt=abc'])
def test_a_token_in_the_address_is_refused_even_if_another_is_good(rig, query):
    answers = rig.raw([], 'GET', '/orders', query=query, token=rig.token())
    assert raw_problem(answers) == (400, 'malformed')


@pytest.mark.parametrize('query', [b'limit=5&limit=6', b'nonsense=1', b'limit=501', b'limit=-1',
                                   b'limit=1e3', b'after=..%2F', b'limit=' + b'9' * 50])
def test_a_query_is_refused(rig, query):
    assert raw_problem(rig.raw([], 'GET', '/orders', query=query, token=rig.token())) == (
        422, 'invalid')


@pytest.mark.parametrize('key', ['a' * 57, '.a', 'a b', 'a/b', 'ä', '"a', 'a"', '', '../x'])
def test_an_idempotency_key_is_refused(rig, key):
    answer = rig.order(key.encode('latin-1'))
    assert answer.status_code in (400, 422)
    assert problem_of(answer) in ('invalid', 'no-idempotency-key')


@pytest.mark.parametrize('method', ['POST', 'DELETE', 'PATCH'])
def test_a_page_of_another_origin_may_change_nothing(rig, method):
    answer = rig.call(method, '/orders', headers={'Origin': 'https://evil.example'})
    assert (answer.status_code, problem_of(answer)) == (403, 'foreign-origin')


def test_without_keys_a_name_that_is_bound_to_this_machine_does_not_count(tmp_path, rig):
    open_one = GatewayRig(tmp_path, rig.fleet, keys=())
    assert open_one.call('GET', '/fleet').status_code == 200
    open_one.base = 'http://rebound.example:8080'
    answer = open_one.call('GET', '/fleet')
    assert (answer.status_code, problem_of(answer)) == (403, 'foreign-origin')
    open_one.close()
    rig.fleet.attach(rig.desk)


def test_one_client_is_held_to_its_rate_and_others_are_not(tmp_path, rig):
    slow = GatewayRig(tmp_path, rig.fleet, requests_per_s=1.0, requests_burst=3)
    answers = [slow.call('GET', '/fleet', token=slow.token(subject='busy')) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert problem_of(answers[-1]) == 'too-many-requests' and answers[-1].headers['Retry-After']
    assert slow.call('GET', '/fleet', token=slow.token(subject='calm')).status_code == 200
    # An emergency stop is not held up by what its sender does besides.
    assert slow.call('POST', '/emergency-stop', token=slow.token(subject='busy')
                     ).status_code == 200
    slow.close()
    rig.fleet.attach(rig.desk)


def test_guessing_tokens_is_slowed_down_by_address(tmp_path, rig):
    other = GatewayRig(tmp_path, rig.fleet)
    codes = [other.call('GET', '/fleet', token='guess').status_code for _ in range(30)]
    assert codes[0] == 401 and codes[-1] == 429
    assert other.call('GET', '/fleet', token=other.token()).status_code == 200
    other.close()
    rig.fleet.attach(rig.desk)


def test_answers_tell_browsers_to_keep_and_guess_nothing(rig):
    for path in ('/fleet', '/nix', '/docs'):
        headers = rig.call('GET', path).headers
        assert headers['X-Content-Type-Options'] == 'nosniff'
        assert headers['Cache-Control'] == 'no-store'
        assert "default-src 'none'" in headers['Content-Security-Policy']
        assert 'server' not in headers and len(headers['X-Request-Id']) == 32
