# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What answers say to a person who is new to them: examples, wordings, members, what is known."""

import json

from gateway_rig import GatewayRig, problem_of
import pytest
from robot_swarm_orch.acts import Clearance
from robot_swarm_orch.gateway.port import GetLog, GetOrder, LogPage
from robot_swarm_orch.types import LogLine, OrderEvent, OrderState
from virtual_fleet import SITE

SHELF, OTHER = SITE.storage[:2]


@pytest.fixture
def rig(tmp_path):
    """Return a gateway over a fleet of two robots."""
    made = GatewayRig(tmp_path)
    yield made
    made.close()


def test_every_example_of_a_change_is_one_that_works(rig):
    schemas = rig.call('GET', '/openapi.json', '').json()['components']['schemas']
    page = rig.call('GET', '/docs', '').text
    for example in schemas['GivenChange']['examples']:
        rig.order(f'wms-{len(json.dumps(example))}')
        answer = rig.call('PATCH', f'/orders/wms-{len(json.dumps(example))}', json=example)
        assert answer.status_code == 200, (example, answer.text)
    assert '<pre>{}</pre>' not in page.split('<h2>')[5:6]


def test_every_example_of_an_order_is_read(rig):
    examples = rig.call('GET', '/openapi.json', '').json()[
        'components']['schemas']['GivenOrder']['examples']
    assert {one['kind'] for one in examples} == {
        'move', 'go', 'inspect', 'charge', 'park', 'sequence'}
    for number, example in enumerate(examples):
        answer = rig.call('POST', '/orders', json=example,
                          headers={'Idempotency-Key': f'wms-{number}'})
        # The places are those of the demo, so this site may not know them.
        assert answer.status_code == 201 or 'unknown place' in answer.text, answer.text


def test_an_unknown_place_of_an_address_is_not_found(rig):
    wrong = rig.call('POST', f'/places/{SHELF}x/slot', json={'is_occupied': True})
    assert (wrong.status_code, problem_of(wrong)) == (404, 'not-found')
    assert 'did you mean' in wrong.json()['detail']


def test_a_place_that_never_holds_a_load_is_no_matter_of_its_state(rig):
    wrong = rig.call('POST', f'/places/{SITE.stations[0]}/slot', json={'is_occupied': True})
    assert (wrong.status_code, problem_of(wrong)) == (422, 'invalid')
    assert 'station' in wrong.json()['detail']


@pytest.mark.parametrize('path, body, where', [
    ('/robots/{robot}/strand', {'place': 'nix'}, 'body/place'),
    ('/robots/{robot}/enrol', {'place': 'nix'}, 'body/place'),
    ('/robots/{robot}/clear', {'occupied': [SHELF, 'nix']}, 'body/occupied/1'),
    ('/ways/block', {'nodes': [SHELF, 'nix']}, 'body/nodes/1'),
    ('/ways/block', {'streets': [[SHELF, 'nix']]}, 'body/streets/0/1')])
def test_an_unknown_place_of_a_body_is_named_with_its_member(rig, path, body, where):
    wrong = rig.call('POST', path.format(robot=rig.robots[0]), 'admin', json=body)
    assert wrong.status_code == 422
    assert [one['where'] for one in wrong.json()['errors']] == [where]


@pytest.mark.parametrize('content, where', [
    ({'kind': 'go', 'drop': 'nix'}, 'body/drop'),
    ({'kind': 'move', 'pick': 'nix', 'drop': SHELF}, 'body/pick'),
    ({'kind': 'move', 'pick': SHELF, 'drop': OTHER, 'alternates': ['nix']}, 'body/alternates/0'),
    ({'kind': 'sequence', 'drop': '', 'legs': [
        {'kind': 'go', 'drop': SHELF}, {'kind': 'move', 'pick': 'nix', 'drop': SHELF}]},
     'body/legs/1/pick'),
    ({'kind': 'go', 'drop': SHELF, 'robot': 'r999'}, 'body/robot'),
    ({'kind': 'sequence', 'drop': '', 'legs': [{'kind': 'inspect'}]}, 'body/legs/0'),
    ({'kind': 'sequence', 'drop': '', 'legs': []}, 'body')])
def test_what_the_leader_refuses_of_an_order_is_named_with_its_member(rig, content, where):
    wrong = rig.order('wms-1', **content)
    assert (wrong.status_code, problem_of(wrong)) == (422, 'invalid')
    assert [one['where'] for one in wrong.json()['errors']] == [where], wrong.text


def test_an_unknown_member_is_named_with_what_may_be_meant(rig):
    wrong = rig.order('wms-1', pririty=3)
    assert "unknown member 'pririty': did you mean 'priority'?" in wrong.json()['detail']
    wrong = rig.order('wms-1', kind='sequence', drop='', legs=[{'kind': 'go', 'dorp': SHELF}])
    assert "unknown member 'dorp': did you mean 'drop'?" in wrong.json()['detail']


def test_a_key_that_is_too_long_is_answered_in_words(rig):
    for answer in (rig.order('a' * 57), rig.call('POST', '/orders', json={
            'kind': 'go', 'drop': SHELF, 'order_id': 'a' * 57})):
        assert answer.status_code == 422
        assert '56 of A-Z a-z 0-9 _ . -' in answer.json()['detail']
        assert '[A-Za-z' not in answer.text


def test_a_token_for_another_site_is_told_which_this_is(rig):
    answer = rig.call('GET', '/fleet', token=rig.token(audience='elsewhere'))
    assert answer.status_code == 401 and repr(SITE.name) in answer.json()['detail']


def test_a_look_that_nobody_answers_is_no_act_in_doubt(tmp_path):
    rig = GatewayRig(tmp_path, answer_s=0.1)
    rig.fleet.kill_all()
    look, act = rig.call('GET', '/orders'), rig.call('POST', '/fleet/pause')
    assert look.status_code == act.status_code == 503
    assert 'whether it was done' not in look.json()['detail']
    assert 'whether it was done' in act.json()['detail']
    rig.close()


def test_a_deadline_that_has_passed_is_refused_but_a_repetition_is_answered(rig):
    def moment(after_s):
        seconds = rig.fleet.clock() + after_s
        return f'1970-01-01T00:{int(seconds // 60):02}:{seconds % 60:06.3f}Z'
    past, soon = moment(-2.0), moment(3.0)
    wrong = rig.order('wms-1', deadline=past)
    assert (wrong.status_code, wrong.json()['errors'][0]['where']) == (422, 'body/deadline')
    assert rig.order('wms-2', deadline=soon).status_code == 201
    rig.fleet.cluster.run(6.0)
    assert rig.order('wms-2', deadline=soon).status_code == 200
    changed = rig.call('PATCH', '/orders/wms-2', json={'deadline': past})
    assert (changed.status_code, changed.json()['errors'][0]['where']) == (422, 'body/deadline')


def test_an_order_that_is_cancelled_twice_is_told_as_cancelled(rig):
    rig.order('wms-1')
    assert rig.call('DELETE', '/orders/wms-1').status_code == 200
    rig.fleet.cluster.run(5.0)
    again = rig.call('DELETE', '/orders/wms-1')
    assert again.status_code == 200
    assert again.json()['order']['state'] == 'cancelled'


def test_a_history_tells_amendments_and_missed_deadlines_apart(rig):
    rig.order('wms-1')
    call, read = rig.fleet.call, []
    happened = (OrderEvent(5, 1.0, OrderState.ACCEPTED), OrderEvent(7, 2.0, OrderState.ACCEPTED))

    def answering(number, question):
        read.append(question)
        if isinstance(question, GetLog):
            rig.desk.hear_answer(number, LogPage((
                LogLine(5, 0, 1.0, 1, 'order_accepted', 'order wms-1 is accepted'),
                LogLine(7, 0, 2.0, 1, 'deadlines_missed', 'deadline missed: order wms-1')), 9, 1))
        elif isinstance(question, GetOrder):
            hear = rig.desk.hear_answer
            rig.desk.hear_answer = lambda one, page: hear(one, type(page)(
                page.order, page.status, happened))
            call(number, question)
            rig.desk.hear_answer = hear
        else:
            call(number, question)
    rig.fleet.call = answering
    history = rig.call('GET', '/orders/wms-1').json()['history']
    assert [(one['kind'], one['text']) for one in history] == [
        ('order_accepted', 'order wms-1 is accepted'),
        ('deadlines_missed', 'deadline missed: order wms-1')]
    assert GetLog(0, 500, 'wms-1') in read


def test_fields_of_the_log_are_an_object(rig):
    call = rig.fleet.call
    rig.fleet.call = lambda number, question: rig.desk.hear_answer(number, LogPage((
        LogLine(5, 0, 1.0, 1, 'drain_set', 'r001', json='{"robot":"r001"}'),
        LogLine(6, 0, 1.0, 1, 'gap', 'not kept')), 9, 1)) if isinstance(
            question, GetLog) else call(number, question)
    lines = rig.call('GET', '/audit').json()['lines']
    assert [one['fields'] for one in lines] == [{'robot': 'r001'}, {}]


def test_robots_are_told_without_a_leader_and_that_the_view_is_old(rig):
    fresh = rig.call('GET', '/robots').json()
    assert not fresh['is_stale'] and fresh['view_age_s'] < 3.0
    rig.fleet.kill_all()
    rig.fleet.cluster.run(20.0)
    told = rig.call('GET', '/robots')
    assert told.status_code == 200, told.text
    assert told.json()['is_stale'] and told.json()['view_age_s'] > 15.0
    assert [one['robot'] for one in told.json()['robots']] == rig.robots
    assert all(one['pose'] for one in told.json()['robots'])
    assert rig.call('GET', f'/robots/{rig.robots[0]}').status_code == 503


def test_clearing_tells_what_a_person_needs_to_judge(rig):
    robot = rig.robots[0]
    acts, call = [], rig.fleet.call
    rig.fleet.call = lambda number, question: (acts.append(question), call(number, question))
    rig.call('GET', '/robots')
    heard = rig.call('POST', f'/robots/{robot}/clear', 'admin')
    assert (heard.status_code, problem_of(heard)) == (409, 'conflict')
    assert 'heard' in heard.json()['detail'] and 'confirmation' not in heard.json()
    held = rig.fleet.cluster.robots[robot].report.held
    rig.fleet.cluster.kill_robot(robot)
    rig.fleet.cluster.run(20.0)
    first = rig.call('POST', f'/robots/{robot}/clear', 'admin').json()
    assert first['facts']['heard_ago_s'] > 19.0 and set(first['facts']['pose']) == {
        'x_m', 'y_m', 'yaw_rad'}
    assert first['facts']['nodes'] == [SITE.node_names[node] for node in held]
    rig.fleet.cluster.run(5.0)
    done = rig.call('POST', f'/robots/{robot}/clear', 'admin',
                    json={'confirmation': first['confirmation']})
    assert done.status_code == 200, done.text
    assert [act.robot for act in acts if isinstance(act, Clearance)] == [robot]


def test_a_load_that_was_stranded_is_answered_with_the_order_that_fetches_it(rig):
    rig.order('wms-1', kind='move', pick=SHELF, drop=SITE.stations[0])
    robots = rig.fleet.cluster.robots
    rig.fleet.cluster.run(120.0, until=lambda: any(
        robot.report.carrying for robot in robots.values()))
    robot = next(name for name, one in robots.items() if one.report.carrying)
    told = rig.call('POST', f'/robots/{robot}/strand', json={'place': OTHER})
    assert (told.status_code, told.json().get('order_id')) == (200, 'wms-1.r1'), told.text
    assert rig.call('GET', '/orders/wms-1.r1').status_code == 200


def test_the_front_door_leads_to_the_description_and_places_are_told(rig):
    front = rig.call('GET', '/', '')
    assert (front.status_code, front.headers['Location']) == (307, '/docs')
    places = rig.call('GET', '/places', 'viewer').json()['places']
    assert [one['place'] for one in places] == sorted(SITE.places)
    one = next(one for one in places if one['place'] == SHELF)
    assert one['kind'] == 'storage'
    assert one['node'] == SITE.node_names[SITE.places[SHELF].node]
