# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The gateway's parts by themselves: limits, waits, JSON, keys, settings."""

import json
import random

from hypothesis import given, strategies as st
import pytest
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.gateway.keys import add_to_set, load_keys, make_key, public_part
from robot_swarm_orch.gateway.limits import Buckets, full_jitter_s, Slots
from robot_swarm_orch.gateway.settings import GatewayConfig, is_loopback
from robot_swarm_orch.gateway.strict_json import BadJson, DEPTH_MAX, parse


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.sampled_from('ab')), max_size=80),
       st.floats(0.1, 20.0), st.integers(1, 10))
def test_no_client_gets_more_than_its_burst_and_its_rate(steps, rate_per_s, burst):
    buckets, now_s, served = Buckets(rate_per_s, burst), 0.0, {'a': 0, 'b': 0}
    for pause_s, client in steps:
        now_s += pause_s
        wait_s = buckets.wait_s(now_s, client)
        assert wait_s >= 0.0
        served[client] += wait_s == 0.0
    assert all(count <= burst + rate_per_s * now_s + 1e-6 for count in served.values())


def test_who_waits_as_long_as_told_is_served():
    buckets = Buckets(2.0, 1)
    assert buckets.wait_s(0.0, 'a') == 0.0
    wait_s = buckets.wait_s(0.0, 'a')
    assert buckets.wait_s(wait_s - 0.01, 'a') > 0.0
    assert buckets.wait_s(wait_s + 0.01, 'a') == 0.0


def test_many_clients_take_no_more_memory_than_is_allowed():
    buckets = Buckets(1.0, 1, clients_max=10)
    for number in range(1000):
        buckets.wait_s(0.0, str(number))
    assert len(buckets._levels) == 10


def test_a_clock_that_steps_back_gives_nothing_and_takes_nothing():
    buckets = Buckets(1.0, 2)
    assert [buckets.wait_s(now_s, 'a') == 0.0 for now_s in (10.0, 5.0, 5.0)] == [True, True, False]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from('abc')), max_size=100))
def test_slots_are_never_overdrawn_and_all_come_back(steps):
    slots, held = Slots(3, 5), []
    for takes, client in steps:
        if takes:
            could = held.count(client) < 3 and len(held) < 5
            assert slots.take(client) == could
            held += [client] * could
        elif client in held:
            held.remove(client)
            slots.give_back(client)
    for client in held:
        slots.give_back(client)
    assert slots.total == 0 and not slots._taken


@given(st.integers(0, 2000), st.integers())
def test_waits_grow_to_a_bound_and_are_spread(attempt, seed):
    wait_s = full_jitter_s(attempt, 0.25, 2.0, random.Random(seed))
    assert 0.125 <= wait_s <= 2.0


def test_waits_of_two_gateways_differ_and_grow():
    waits = []
    for seed in (1, 2):
        rng = random.Random(seed)
        waits.append([full_jitter_s(attempt, 0.25, 2.0, rng) for attempt in range(60)])
    assert waits[0] != waits[1]
    assert all(sum(one[10:]) / 50 > 2 * sum(one[:2]) / 2 for one in waits)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-10 ** 18, 10 ** 18)
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8)


def depth(value):
    """Return how deep a value is nested."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (isinstance(value, (dict, list))) + max(map(depth, inner), default=0)


@given(VALUES)
def test_what_json_says_is_what_is_read_unless_it_is_too_deep(value):
    text = json.dumps(value, ensure_ascii=False).encode('utf-8', 'surrogatepass')
    if depth(value) > DEPTH_MAX:
        with pytest.raises(BadJson):
            parse(text)
    else:
        assert parse(text) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(data):
    try:
        value = parse(data)
    except BadJson:
        return
    assert json.loads(data) == value


@pytest.mark.parametrize('address, is_own', [
    ('127.0.0.1', True), ('127.9.9.9', True), ('::1', True), ('localhost', True),
    ('0.0.0.0', False), ('::', False), ('192.168.1.7', False), ('fleet.example', False),
    ('127.0.0.1.example', False), ('', False)])
def test_without_keys_only_addresses_of_this_machine_are_served(address, is_own):
    assert is_loopback(address) == is_own
    if is_own:
        assert GatewayConfig(address=address).address == address
    else:
        with pytest.raises(ConfigError, match='keys_file'):
            GatewayConfig(address=address)
        assert GatewayConfig(address=address, keys_file='keys.json').address == address


@pytest.mark.parametrize('wrong, words', [
    ({'tls_cert_file': 'c.pem'}, 'tls_key_file'), ({'tls_client_ca_file': 'ca.pem'}, 'HTTPS'),
    ({'local_role': 'root'}, 'local_role'), ({'issuer': ''}, 'issuer'),
    ({'events_behind_max': 20_000}, 'events_kept'), ({'port': 70_000}, 'port'),
    ({'repeat_first_s': 3.0}, 'repeat_max_s')])
def test_a_setting_that_makes_no_sense_is_refused_by_name(wrong, words):
    with pytest.raises(ConfigError, match=words):
        GatewayConfig(**wrong)


def key_set(folder, *keys, mode=0o600):
    """Write a key set and return its path."""
    path = folder / 'set.json'
    path.write_text(json.dumps({'keys': list(keys)}))
    path.chmod(mode)
    return str(path)


GOOD = public_part(make_key('k1', 'EdDSA'))


@pytest.mark.parametrize('keys, words', [
    ([], 'holds no keys'), ([{**GOOD, 'kid': ''}], 'no kid'), ([GOOD, GOOD], 'twice'),
    ([{**GOOD, 'alg': 'none'}], 'not one of'), ([{**GOOD, 'alg': 'RS256'}], 'not one of'),
    ([{**GOOD, 'alg': 'HS256'}], 'no key for HS256'), ([{**GOOD, 'x': '!'}], 'malformed'),
    ([make_key('k1', 'EdDSA')], 'private'), ([make_key('k1', 'ES256')], 'private'),
    ([{'kty': 'oct', 'k': 'c2VjcmV0', 'alg': 'HS256', 'kid': 'k1'}], 'guessed'),
    (['k1'], 'no kid')])
def test_a_key_set_that_could_not_be_trusted_is_refused(tmp_path, keys, words):
    with pytest.raises(ConfigError, match=words):
        load_keys(key_set(tmp_path, *keys))


def test_a_shared_secret_that_others_can_read_is_refused(tmp_path):
    secret = make_key('k1', 'HS256')
    assert list(load_keys(key_set(tmp_path, secret))) == ['k1']
    with pytest.raises(ConfigError, match='chmod 600'):
        load_keys(key_set(tmp_path, secret, mode=0o644))
    assert list(load_keys(key_set(tmp_path, GOOD, mode=0o644))) == ['k1'], 'it is public'


def test_files_that_are_no_key_sets_are_refused(tmp_path):
    for content in ('', '{', '[]', '{"keys": 5}'):
        (tmp_path / 'set.json').write_text(content)
        with pytest.raises(ConfigError, match='set.json'):
            load_keys(str(tmp_path / 'set.json'))
    with pytest.raises(ConfigError, match='No such file'):
        load_keys(str(tmp_path / 'nix.json'))


def test_keys_are_added_to_a_set_that_others_cannot_read(tmp_path):
    path = tmp_path / 'made' / 'keys.json'
    for number in (1, 2):
        add_to_set(path, make_key(f'k{number}', 'EdDSA'))
    assert list(load_keys(str(path))) == ['k1', 'k2']
    assert '"d"' not in path.read_text() and path.stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigError, match='already'):
        add_to_set(path, make_key('k1', 'ES256'))
