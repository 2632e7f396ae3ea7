# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A gateway process in front of a running fleet, over real DDS and real sockets."""

from dataclasses import replace
import signal
import socket
import time

import httpx
import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from bad_input_rig import run_again, said_within  # noqa: E402,I100
from fleet_rig import Fleet, running  # noqa: E402
from robot_swarm_orch.gateway.keys import add_to_set, make_key  # noqa: E402
from robot_swarm_orch.gateway.tokens import issue  # noqa: E402

pytestmark = pytest.mark.dds


def free_port():
    """Return a port that nobody has."""
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


class Client:
    """Calls gateways with tokens of a key."""

    def __init__(self, key):
        """Know the key."""
        self._key = key

    def call(self, port, method, path, role='operator', **more):
        """Make a request and return the answer."""
        token = issue(self._key, 'wms', role, 'swarm', 'ring', 300.0, time.time())
        return httpx.request(method, f'http://127.0.0.1:{port}{path}', timeout=20.0, headers={
            'Authorization': f'Bearer {token}', **more.pop('headers', {})}, **more)

    def until(self, port, path, holds, patience_s=60.0):
        """Ask again and again until what is answered holds; return it."""
        end_s = time.monotonic() + patience_s
        while True:
            try:
                answer = self.call(port, 'GET', path, 'viewer')
                if holds(answer):
                    return answer
                seen = f'{answer.status_code} {answer.text}'
            except httpx.TransportError as error:
                seen = repr(error)
            assert time.monotonic() < end_s, f'{path} not within {patience_s} s: {seen}'
            time.sleep(0.05)


@pytest.fixture(scope='module')
def served(tmp_path_factory):
    """Return (fleet, ports of two gateways, client): coordinator, two robots, two gateways."""
    folder = tmp_path_factory.mktemp('served')
    key = make_key('k1', 'EdDSA')
    add_to_set(folder / 'keys.json', key)
    ports = free_port(), free_port()
    fleet = Fleet(folder)
    fleet.plan = replace(fleet.plan, gateway=True, gateway_parameters={
        'port': ports[0], 'keys_file': str(folder / 'keys.json')})
    client = Client(key)
    with running(fleet):
        run_again(fleet, 'gateway', 'gateway_2', port=ports[1])
        for port in ports:
            client.until(port, '/robots', lambda answer: answer.status_code == 200 and [
                one['mode'] for one in answer.json()['robots']] == ['automatic'] * 2)
        yield fleet, ports, client


def test_an_order_goes_in_at_one_gateway_and_is_seen_done_at_the_other(served):
    _, (one, other), client = served
    order = {'kind': 'move', 'pick': 'shelf', 'drop': 'desk'}
    key = {'Idempotency-Key': 'wms-1'}
    placed = client.call(one, 'POST', '/orders', json=order, headers=key)
    assert placed.status_code == 201, placed.text
    again = client.call(other, 'POST', '/orders', json=order, headers=key)
    assert again.status_code == 200
    client.until(other, '/orders/wms-1', lambda answer: answer.status_code == 200
                 and answer.json()['status']['state'] == 'done')
    robots = client.call(other, 'GET', '/robots', 'viewer').json()['robots']
    assert all(robot['pose'] and robot['heard_ago_s'] < 2.0 for robot in robots)


def test_acts_and_refusals_come_from_the_leader(served):
    _, (one, _), client = served
    assert client.call(one, 'POST', '/ways/block', json={'nodes': ['i']}).status_code == 200
    client.until(one, '/fleet', lambda answer: answer.json()['blocked_nodes'] == ['i'])
    assert client.call(one, 'POST', '/ways/unblock', json={'nodes': ['i']}).status_code == 200
    wrong = client.call(one, 'POST', '/orders', json={'kind': 'go', 'drop': 'deks'},
                        headers={'Idempotency-Key': 'wms-2'})
    assert wrong.status_code == 422 and "'desk'" in wrong.json()['detail']


def test_an_emergency_stop_reaches_every_robot_and_is_released(served):
    _, (one, other), client = served
    assert client.call(one, 'POST', '/emergency-stop').json()['missing'] == []
    client.until(other, '/fleet', lambda answer: answer.json()['emergency_stop'])
    assert client.call(other, 'POST', '/emergency-stop/release').status_code == 403
    assert client.call(other, 'POST', '/emergency-stop/release', 'admin').json()['missing'] == []


def test_an_emergency_stop_of_one_robot_reaches_it_and_no_other(served):
    _, (one, other), client = served
    stopped = client.call(one, 'POST', '/emergency-stop', json={'robot': 'r001'})
    assert (stopped.status_code, stopped.json()['obey']) == (200, ['r001']), stopped.text
    robots = client.call(other, 'GET', '/robots').json()['robots']
    assert {told['robot']: told['emergency_stop'] for told in robots} == {
        'r001': True, 'r002': False}
    released = client.call(other, 'POST', '/emergency-stop/release', 'admin',
                           json={'robot': 'r001'})
    assert (released.status_code, released.json()['obey']) == (200, ['r001']), released.text


def test_without_coordinators_a_gateway_says_so_and_recovers(served):
    fleet, (one, _), client = served
    coordinator = fleet.processes['coordinator_c1']
    coordinator.send_signal(signal.SIGSTOP)
    try:
        answer = client.call(one, 'POST', '/orders', json={'kind': 'go', 'drop': 'desk'},
                             headers={'Idempotency-Key': 'wms-3'})
        assert answer.status_code == 503 and answer.json()['leader']['coordinators'] == ['c1']
    finally:
        coordinator.send_signal(signal.SIGCONT)
    client.until(one, '/health/ready', lambda answer: answer.status_code == 200)
    again = client.call(one, 'POST', '/orders', json={'kind': 'go', 'drop': 'desk'},
                        headers={'Idempotency-Key': 'wms-3'})
    assert again.status_code in (200, 201)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_gateway_with_open_streams_ends_within_two_seconds(served, number):
    fleet, (one, _), client = served
    port = free_port()
    run_again(fleet, 'gateway', 'gateway_3', port=port)
    client.until(port, '/health/live', lambda answer: answer.status_code == 200)
    with httpx.stream('GET', f'http://127.0.0.1:{port}/events', timeout=20.0, headers={
            'Authorization': f'Bearer {client_token(client)}'}) as stream:
        assert stream.status_code == 200
        next(stream.iter_lines())
        code, took_s = fleet.end('gateway_3', number)
    assert code == 0 and took_s < 2.0, (code, took_s, fleet.said('gateway_3'))
    assert len(fleet.said('gateway_3').splitlines()) == 1, 'but where it serves, nothing to say'


def client_token(client):
    """Return a viewer's token."""
    return issue(client._key, 'screen', 'viewer', 'swarm', 'ring', 300.0, time.time())


def test_without_keys_a_gateway_does_not_serve_others_and_says_what_to_do(served):
    fleet, _, _ = served
    process = run_again(fleet, 'gateway', 'gateway_4', port=free_port(), keys_file='',
                        address='0.0.0.0')
    said = said_within(fleet, 'gateway_4', ['keys_file', '127.0.0.1', 'swarm token key'])
    assert process.wait(20.0) == 2 and said.count('\n') == 1
    process = run_again(fleet, 'gateway', 'gateway_5', port=served[1][0])
    said_within(fleet, 'gateway_5', ['port', str(served[1][0]), 'cannot be opened'])
    assert process.wait(20.0) == 2
