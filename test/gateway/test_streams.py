# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Server-sent events and the WebSocket: no order's news is lost silently, robots' may be."""

import json

from gateway_rig import GatewayRig, raw_problem
import pytest
from robot_swarm_orch.gateway.events import Hub, Reader, Ring
from robot_swarm_orch.types import FleetView, Mode, OrderState, OrderStatus, Pose, Report


@pytest.fixture
def rig(tmp_path):
    """Return a gateway over a fleet of two robots."""
    made = GatewayRig(tmp_path, events_kept=50, events_behind_max=20)
    yield made
    made.close()


def status(order_id, seq, state=OrderState.ACCEPTED):
    """Return an order's state."""
    return OrderStatus(order_id, 'trace', 1, seq, state)


def blocks_of(answers):
    """Return the server-sent events of a raw answer, as dicts of their fields."""
    text = b''.join(one.get('body', b'') for one in answers[1:]).decode()
    return [dict(line.split(': ', 1) for line in block.splitlines() if not line.startswith(':'))
            for block in text.split('\n\n') if block.strip()]


def listen(rig, after=None, until=3, messages=()):
    """Return the events that a client of /events gets, until there are so many."""
    headers = [(b'last-event-id', after.encode())] if after else []
    answers = rig.raw(messages, path='/events', headers=headers, token=rig.token('viewer'),
                      until=lambda answers: len(blocks_of(answers)) >= until)
    assert answers[0]['status'] == 200
    assert dict(answers[0]['headers'])[b'content-type'].startswith(b'text/event-stream')
    return blocks_of(answers)


def tell(rig, *statuses):
    """Let the gateway hear statuses."""
    rig.desk.hear_statuses(statuses)


def test_what_happens_to_orders_is_told_as_it_happens(rig):
    heard = listen(rig, until=3, messages=[
        0.01, lambda: tell(rig, status('a', 901)), 0.01, lambda: tell(rig, status('b', 902))])
    assert [one.get('event') for one in heard] == [None, 'order', 'order']
    assert [json.loads(one['data'])['order_id'] for one in heard[1:]] == ['a', 'b']


def test_a_client_that_comes_back_gets_what_it_missed(rig):
    first = listen(rig, until=2, messages=[0.01, lambda: tell(rig, status('a', 901))])
    tell(rig, status('b', 902), status('c', 903))
    again = listen(rig, first[-1]['id'], until=3)
    assert [json.loads(one['data'])['order_id'] for one in again[1:]] == ['b', 'c']


@pytest.mark.parametrize('after', ['00000000-5', 'nonsense', 'too old', 'of the future'])
def test_a_gap_is_told(rig, after):
    start = rig.gateway.hub.ring.start
    for number in range(60):
        tell(rig, status(f'o{number}', 900 + number))
    after = {'too old': f'{start}-1', 'of the future': f'{start}-999999'}.get(after, after)
    heard = listen(rig, after, until=2)
    assert heard[1]['event'] == 'gap'
    assert json.loads(heard[1]['data'])['audit_until'] >= 959


def test_a_gap_ends_where_the_next_event_begins_so_that_who_goes_on_there_misses_none(rig):
    ring = rig.gateway.hub.ring
    for number in range(60):
        tell(rig, status(f'o{number}', 900 + number))
    first = ring.id_of(ring.first)
    ends = ring.id_of(ring.first - 1)
    gap, event = listen(rig, f'{ring.start}-1', until=3)[1:3]
    assert (json.loads(gap['data'])['next'], event['id']) == (ends, first)
    gap, event = said(socket(
        rig, token=rig.token('viewer'), query=f'topics=orders&after={ring.start}-1'.encode(),
        until=lambda answers: len(said(answers)) >= 2))[:2]
    assert (gap['type'], gap['next'], event['id']) == ('gap', ends, first)


def test_what_was_told_before_is_no_news_and_a_refusal_is_no_event(rig):
    before = rig.gateway.hub.ring.last
    tell(rig, status('a', 901), status('a', 901), status('a', 900), status('b', 0,
                                                                           OrderState.REFUSED))
    assert rig.gateway.hub.ring.last == before + 1


def test_a_stream_ends_with_its_token(rig):
    rig.now_s += 0.0
    answers = rig.raw([], path='/events', until=lambda answers: False,
                      token=rig.token('viewer', life_s=1.0, since_s=0.0))
    assert answers[-1] == {'type': 'http.response.body', 'body': b'', 'more_body': False}


def test_streams_of_one_client_are_counted_and_given_back(tmp_path):
    rig = GatewayRig(tmp_path, streams_per_client_max=1)

    def second():
        answers.extend(rig.loop.create_task(other()) and ())
    refused, answers = [], []

    async def other():
        response = await rig._call('GET', '/events', {
            'Authorization': f'Bearer {rig.token("viewer")}'}, {})
        refused.append(response.status_code)
        tell(rig, status('a', 901))
    listen(rig, until=2, messages=[0.01, second])
    assert refused == [429]
    listen(rig, until=1)
    rig.close()


# -- WebSocket ------------------------------------------------------------------------------------


def socket(rig, messages=(), until=None, query=b'', headers=(), token='', connect=True):
    """Return what is said to a client of /ws."""
    opening = [{'type': 'websocket.connect'}] if connect else []
    return rig.raw([*opening, *messages], path='/ws', kind='websocket', query=query,
                   headers=headers, until=until, token=token)


def said(answers):
    """Return the messages of a WebSocket, as values."""
    return [json.loads(one['text']) for one in answers if one['type'] == 'websocket.send']


def test_a_socket_tells_orders_and_the_newest_of_robots(rig):
    def talk():
        tell(rig, status('a', 901))
        rig.fleet.cluster.run(3.0)
        rig.fleet.want_reports(True)
    answers = socket(rig, [0.01, talk], token=rig.token('viewer'), until=lambda answers: {
        'order', 'robot', 'fleet'} <= {one['type'] for one in said(answers)})
    assert answers[0]['type'] == 'websocket.accept'
    robots = [one['data']['robot'] for one in said(answers) if one['type'] == 'robot']
    assert len(robots) == len(set(robots)), 'each once, however many reports came'


def test_a_browser_brings_its_token_as_a_subprotocol(rig):
    offered = f'swarm.v1, bearer.{rig.token("viewer")}'.encode()
    answers = socket(rig, [0.01, lambda: tell(rig, status('a', 901))], query=b'topics=orders',
                     headers=[(b'sec-websocket-protocol', offered)], until=said)
    assert answers[0]['subprotocol'] == 'swarm.v1'
    assert said(answers)[0]['data']['order_id'] == 'a'


@pytest.mark.parametrize('how, status_code', [
    ('no token', 401), ('bad token', 401), ('token in the address', 400), ('other page', 403),
    ('unknown topic', 422), ('no such socket', 404)])
def test_a_socket_is_refused_before_it_opens(rig, how, status_code):
    good = rig.token('viewer')
    options = {
        'no token': {}, 'bad token': {'token': 'guess'},
        'token in the address': {'query': b'token=' + good.encode()},
        'other page': {'token': good, 'headers': [(b'origin', b'https://evil.example')]},
        'unknown topic': {'token': good, 'query': b'topics=secrets'},
        'no such socket': {'token': good}}[how]
    if how == 'no such socket':
        answers = rig.raw([{'type': 'websocket.connect'}], path='/nix', kind='websocket',
                          **options)
        assert answers[0]['type'] in ('websocket.close', 'websocket.http.response.start')
        return
    answers = socket(rig, **options)
    assert answers[0]['type'] == 'websocket.http.response.start'
    assert raw_problem(answers)[0] == status_code


def closed(answers):
    """Return (code, reason) with which a WebSocket was closed."""
    return next(((one['code'], one['reason']) for one in answers
                 if one['type'] == 'websocket.close'), None)


def test_a_socket_that_speaks_is_closed(rig):
    answers = socket(rig, [{'type': 'websocket.receive', 'text': 'hello'}], until=closed,
                     token=rig.token('viewer'))
    assert closed(answers)[0] == 1003


def test_a_client_that_is_too_slow_is_closed_and_told_where_to_go_on(rig):
    def flood():
        for number in range(30):
            tell(rig, status(f'o{number}', 901 + number))
    answers = socket(rig, [0.01, lambda: tell(rig, status('a', 900)), 0.01, flood], until=closed,
                     token=rig.token('viewer'), query=b'topics=orders')
    code, reason = closed(answers)
    assert code == 4008 and len(reason) <= 123
    assert json.loads(reason)['resume'] == said(answers)[-1]['id']
    again = socket(rig, until=lambda answers: len(said(answers)) >= 20, token=rig.token('viewer'),
                   query=f'topics=orders&after={json.loads(reason)["resume"]}'.encode())
    assert [one['data']['order_id'] for one in said(again)][:2] == ['o0', 'o1']
    assert len(said(again)) >= 20 and not closed(again)


def test_a_socket_ends_with_its_token(rig):
    answers = socket(rig, until=closed, token=rig.token('viewer', life_s=1.0))
    assert closed(answers)[0] == 4001


def test_a_gateway_that_closes_ends_its_streams(rig):
    answers = socket(rig, [0.01, rig.gateway.hub.close], until=closed, token=rig.token('viewer'))
    assert closed(answers)[0] == 1001
    assert rig.call('GET', '/events', 'viewer').status_code == 503


# -- the parts ------------------------------------------------------------------------------------


def test_a_ring_hands_out_what_it_keeps_and_no_more():
    ring = Ring(3, '0123abcd')
    for number in range(5):
        ring.add('order', {'n': number})
    assert (ring.first, ring.last) == (3, 5)
    assert [one.number for one in ring.after(0)] == [3, 4, 5]
    assert [one.number for one in ring.after(4)] == [5]
    assert ring.after(5) == []
    assert ring.number_of(ring.id_of(4)) == 4
    for wrong in ('0123abcd-6', 'ffffffff-4', '4', '0123abcd--4', '0123abcd-4x'):
        assert ring.number_of(wrong) is None


def test_a_reader_that_does_not_want_telemetry_keeps_none(rig):
    hub = Hub(10, lambda status: {})
    view = FleetView(1, 'c1', 5, 0, ('c1',), (), (), (), 0, 0, 0)
    report = Report('r1', 1, 1, Mode.AUTOMATIC, 0, (), (), Pose(0.0, 0.0, 0.0))

    async def hear():
        with Reader(hub, None) as plain, Reader(hub, None, True) as wanting:
            for _ in range(3):
                hub.hear_view(view)
                hub.hear_report(report)
            return len(plain.telemetry), len(wanting.telemetry), plain.behind
    assert rig.run(hear()) == (0, 2, 1)
