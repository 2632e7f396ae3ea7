# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Emergency stops over HTTP: whom they reach, when they count as obeyed, what is written down."""

import asyncio
import json

from gateway_rig import GatewayRig, problem_of
import pytest
from robot_swarm_orch.acts import AuditNote
from robot_swarm_orch.gateway.tokens import Caller
from virtual_fleet import VirtualFleet

FORM = (b'content-type', b'application/x-www-form-urlencoded')


@pytest.fixture
def rig(tmp_path):
    """Return a gateway over a fleet of two robots; `notes` are those said while somebody leads."""
    made = GatewayRig(tmp_path, body_max_bytes=2048, body_s=0.1)
    made.notes = []

    def take(question):
        if isinstance(question, AuditNote) and made.fleet.cluster.leader() is not None:
            made.notes.append(question)
    made.overhear(take)
    yield made
    made.close()


def stopped(rig):
    """Return which robots stand for a stop, by their own reports."""
    return [name for name, robot in rig.fleet.cluster.robots.items()
            if robot.report.emergency_stop]


def raw_stop(rig, body, *headers, path='/emergency-stop'):
    """Ask for a stop with raw bytes; return (status, document)."""
    length = (b'content-length', str(len(body)).encode())
    answers = rig.raw([{'type': 'http.request', 'body': body, 'more_body': False}], 'POST', path,
                      (length, *headers), token=rig.token('admin'))
    return answers[0]['status'], json.loads(b''.join(one.get('body', b'') for one in answers[1:]))


def noted(rig, count=1):
    """Return the notes that were written, once there are so many; let time pass meanwhile."""
    for _ in range(200):
        rig.call('GET', '/health/live', '')
        rig.run(asyncio.sleep(0.02))
        rig.fleet.cluster.run(0.1)
        if len(rig.notes) >= count:
            break
    return rig.notes


def test_a_stop_that_one_robot_does_not_obey_is_no_success_and_names_it(rig):
    first, second = rig.robots
    rig.fleet.cluster.kill_robot(second)
    answer = rig.call('POST', '/emergency-stop')
    assert (answer.status_code, problem_of(answer)) == (503, 'not-obeyed')
    assert (answer.json()['obey'], answer.json()['missing']) == ([first], [second])
    assert second in answer.json()['detail']
    one = rig.call('POST', '/emergency-stop', json={'robot': second})
    assert (one.status_code, one.json()['missing']) == (503, [second])


def test_without_a_leader_a_live_robot_that_is_not_heard_is_missing_all_the_same(rig):
    first, second = rig.robots
    rig.fleet.kill_all()
    rig.fleet.cluster.kill_robot(second)
    rig.fleet.cluster.run(20.0)
    began_s = rig.fleet.clock()
    answer = rig.call('POST', '/emergency-stop')
    assert (answer.status_code, answer.json()['missing']) == (503, [second])
    assert rig.fleet.clock() - began_s >= 2.5, 'it is waited for as long as a stop has patience'


def test_a_robot_that_is_heard_late_is_waited_for(rig):
    first, second = rig.robots
    rig.fleet.kill_all()
    rig.fleet.cluster.run(20.0)
    began_s, hear = rig.fleet.clock(), rig.desk.hear_reports
    rig.desk.hear_reports = lambda reports: hear([
        one for one in reports if one.robot == first or rig.fleet.clock() > began_s + 1.5])
    answer = rig.call('POST', '/emergency-stop')
    assert answer.status_code == 200, answer.text
    assert answer.json()['obey'] == [first, second] and answer.json()['missing'] == []


@pytest.mark.parametrize('body', [
    b'{"reason":"fire"}', b'', b'{', b'fire!', b'\xff\xfe', b'[]', b'null', b'"r001"',
    b'{"robot":7}', b'{"robot":"r 001"}', b'{"robot":"r001","robot":"r002"}',
    b'{"robot":null,"zone":4}', b'{"reason":7}', b'{"reason":"a\\u0000b"}', b'{"robot_id":"r001"}',
    b' ' * 4000])
def test_a_stop_does_not_fail_for_its_form(rig, body):
    status, told = raw_stop(rig, body, FORM)
    assert status == 200, told
    assert stopped(rig) == told['obey'] == rig.robots


def test_what_was_wrong_with_a_stop_is_said(rig):
    for body, word in ((b'{', 'JSON'), (b'[]', 'object'), (b'{"robot":7}', 'robot'),
                       (b'{"robot_id":"r001"}', 'robot_id'), (b' ' * 4000, '2048')):
        assert word in raw_stop(rig, body, FORM)[1]['text']


def test_a_stop_whose_body_does_not_end_is_said_all_the_same(rig):
    answers = rig.raw([{'type': 'http.request', 'body': b'{"rea', 'more_body': True}, 5.0], 'POST',
                      '/emergency-stop', (FORM, (b'transfer-encoding', b'chunked')),
                      token=rig.token())
    assert answers[0]['status'] == 200 and stopped(rig) == rig.robots
    assert (b'connection', b'close') in [
        (name.lower(), value.lower()) for name, value in answers[0]['headers']]


def test_a_stop_that_names_a_robot_stops_that_one_alone_however_it_is_sent(rig):
    first, _ = rig.robots
    body = json.dumps({'robot': first, 'why': 'oil'}).encode()
    status, told = raw_stop(rig, body, FORM)
    assert (status, told['obey'], stopped(rig)) == (200, [first], [first])
    status, told = raw_stop(rig, b'{"robot":"r099"}')
    assert (status, stopped(rig)) == (404, [first])


@pytest.mark.parametrize('status, body, headers', [
    (415, b'{}', (FORM,)), (400, b'{', ()), (422, b'{"why":"over"}', ()),
    (422, b'{"robot":7}', ())])
def test_a_release_fails_for_its_form(rig, status, body, headers):
    assert rig.call('POST', '/emergency-stop').status_code == 200
    headers = headers or ((b'content-type', b'application/json'),)
    assert raw_stop(rig, body, *headers, path='/emergency-stop/release')[0] == status
    assert stopped(rig) == rig.robots


def test_a_stop_made_without_a_leader_is_in_the_log_once_there_is_one(rig):
    rig.fleet.kill_all()
    rig.fleet.cluster.run(5.0)
    assert rig.call('POST', '/emergency-stop', json={'reason': 'oil'},
                    token=rig.token(subject='kim')).status_code == 200
    rig.run(asyncio.sleep(0.1))
    rig.fleet.cluster.run(5.0)
    assert not rig.notes
    for name in ('c1', 'c2', 'c3'):
        rig.fleet.cluster.start_replica(name)
    rig.fleet.cluster.run(3.0)
    note = noted(rig)[0]
    assert note.operator_id == 'kim'
    assert (note.what, note.result[:20]) == ('emergency stop of all robots: oil',
                                             '2 of 2 robots obey, ')
    assert 'gateway_notes_dropped' not in rig.counts


def test_notes_of_stops_that_nobody_takes_do_not_pile_up_without_end(tmp_path):
    rig = GatewayRig(tmp_path, VirtualFleet(robots=1))
    rig.fleet.kill_all()

    async def fill():
        for _ in range(1000):
            rig.gateway.gate.keep_note(Caller('kim', 'operator'), 'a stop', 'it was said')
    rig.run(fill())
    assert rig.counts['gateway_notes_dropped'] == 500
    rig.close()


def test_a_note_of_a_stop_without_a_reason_reads_well(rig):
    rig.call('POST', '/emergency-stop', json={'robot': rig.robots[0]})
    assert noted(rig)[0].what == f'emergency stop of {rig.robots[0]}'
    rig.call('POST', '/emergency-stop/release', 'admin')
    assert noted(rig, 2)[1].what == 'release of the emergency stop of all robots'


@pytest.mark.parametrize('status, body', [
    (400, b'{'), (422, b'{"robot":"r001"}'), (422, b'[]'), (422, b'null'), (400, b'{"a":NaN}')])
@pytest.mark.parametrize('path', ['/fleet/pause', '/fleet/resume', '/robots/r001/drain'])
def test_a_body_where_none_is_read_is_refused_and_does_nothing(rig, path, status, body):
    acts, call = [], rig.fleet.call
    rig.fleet.call = lambda number, question: (acts.append(question), call(number, question))
    found, told = raw_stop(rig, body, (b'content-type', b'application/json'), path=path)
    assert (found, [act for act in acts if not isinstance(act, AuditNote)]) == (status, []), told
    assert raw_stop(rig, b'{}', (b'content-type', b'application/json'), path=path)[0] == 200
