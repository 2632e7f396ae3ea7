# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Acts and sights over HTTP, with real coordinators and robots behind."""

from gateway_rig import GatewayRig, problem_of
import pytest
from robot_swarm_orch.acts import AuditNote, Clearance
from virtual_fleet import SITE, VirtualFleet


@pytest.fixture
def rig(tmp_path):
    """Return a gateway over a fleet of two robots, with all acts written down as they are said."""
    made = GatewayRig(tmp_path)
    made.acts = []
    made.overhear(made.acts.append)
    yield made
    made.close()


def notes_of(rig):
    """Return the audit notes that were said, once all are."""
    rig.call('GET', '/health/live', '')
    return [act for act in rig.acts if isinstance(act, AuditNote)]


def test_robots_are_told_with_what_they_report(rig):
    told = rig.call('GET', '/robots', 'viewer').json()['robots']
    assert [one['robot'] for one in told] == rig.robots
    assert all(one['mode'] == 'automatic' and one['pose'] and one['heard_ago_s'] is not None
               for one in told)
    one = rig.call('GET', f'/robots/{rig.robots[0]}', 'viewer').json()
    assert one['robot'] == rig.robots[0] and one['limited_by']


def test_a_robot_that_there_is_not_is_answered_with_those_alike(rig):
    name = rig.robots[0]
    answer = rig.call('GET', f'/robots/{name}0', 'viewer')
    assert (answer.status_code, problem_of(answer)) == (404, 'not-found')
    assert 'did you mean' in answer.json()['detail']


def test_the_fleet_is_told_at_a_glance(rig):
    told = rig.call('GET', '/fleet', 'viewer').json()
    assert told['site'] == SITE.name and told['leader'] == rig.fleet.cluster.leader()
    assert set(told['robots']) == set(rig.robots)


def test_ways_are_blocked_and_opened_by_their_names(rig):
    place = SITE.storage[0]
    node = SITE.places[place].node
    assert rig.call('POST', '/ways/block', json={'nodes': [place]}).status_code == 200
    rig.fleet.cluster.run(1.2)
    assert rig.call('GET', '/fleet').json()['blocked_nodes'] == [SITE.node_names[node]]
    assert rig.call('POST', '/ways/unblock', json={'nodes': [place]}).status_code == 200
    rig.fleet.cluster.run(1.2)
    assert rig.call('GET', '/fleet').json()['blocked_nodes'] == []
    wrong = rig.call('POST', '/ways/block', json={'nodes': [place + 'x']})
    assert (wrong.status_code, problem_of(wrong)) == (422, 'invalid')
    assert 'did you mean' in wrong.json()['detail']
    assert rig.call('POST', '/ways/block', json={}).status_code == 422


def test_what_the_leader_refuses_is_a_conflict_and_is_noted_with_the_name(rig):
    robot = rig.robots[0]
    answer = rig.call('POST', f'/robots/{robot}/settle', json={'happened': True},
                      token=rig.token(subject='kim'))
    assert (answer.status_code, problem_of(answer)) == (409, 'conflict')
    assert 'in doubt' in answer.json()['detail']
    note, = notes_of(rig)
    assert note.operator_id == 'kim'
    assert note.what == f'POST /robots/{robot}/settle' and 'in doubt' in note.result


def test_what_a_role_may_not_is_noted_but_not_without_end(rig):
    for _ in range(40):
        rig.call('POST', '/fleet/pause', 'viewer')
    notes = notes_of(rig)
    assert 1 <= len(notes) <= 12
    assert notes[0].what == 'POST /fleet/pause' and 'operator' in notes[0].result
    assert rig.counts['gateway_notes_dropped'] >= 28


def test_each_act_carries_who_acts(rig):
    robot, token = rig.robots[0], rig.token(subject='kim')
    for path, body in (('/ways/block', {'nodes': [SITE.storage[0]]}),
                       (f'/robots/{robot}/settle', {'happened': False}),
                       (f'/robots/{robot}/drain', None), ('/fleet/pause', None),
                       (f'/robots/{robot}/pause', None),
                       (f'/robots/{robot}/strand', {'place': SITE.storage[0]})):
        rig.call('POST', path, token=token, **({'json': body} if body else {}))
    rig.call('DELETE', '/orders/none', token=token)
    rig.call('PATCH', '/orders/none', token=token, json={'priority': 3})
    said = [act for act in rig.acts if hasattr(act, 'operator_id')]
    assert len({type(act) for act in said}) >= 7
    assert {act.operator_id for act in said} == {'kim'}


def test_pause_resume_drain_and_undrain_say_which_they_are(rig):
    robot = rig.robots[0]
    for path in ('/fleet/pause', '/fleet/resume', f'/robots/{robot}/pause',
                 f'/robots/{robot}/resume', f'/robots/{robot}/drain', f'/robots/{robot}/undrain'):
        rig.call('POST', path)
    said = [(act.robot, getattr(act, 'is_paused', getattr(act, 'is_drained', None)))
            for act in rig.acts if not isinstance(act, AuditNote)]
    assert said == [('', True), ('', False), (robot, True), (robot, False), (robot, True),
                    (robot, False)]
    assert rig.call('POST', '/areas/nowhere/pause').status_code == 404


def test_a_change_says_what_is_changed_and_nothing_else(rig):
    rig.order('wms-1')
    for body, priority, deadline_s in (
            ({'priority': 7}, 7, -1.0), ({'deadline': None}, -1, 0.0),
            ({'deadline': '2027-01-01T00:00:00Z', 'priority': 0}, 0, 1798761600.0)):
        rig.call('PATCH', '/orders/wms-1', json=body)
        act = [act for act in rig.acts if hasattr(act, 'deadline_s')][-1]
        assert (act.priority, act.deadline_s) == (priority, deadline_s)
    assert rig.call('PATCH', '/orders/wms-1', json={}).status_code == 422


def test_changing_an_order_that_there_is_not_is_not_found(rig):
    for method in ('PATCH', 'DELETE'):
        body = {'json': {'priority': 1}} if method == 'PATCH' else {}
        answer = rig.call(method, '/orders/none', **body)
        assert (answer.status_code, problem_of(answer)) == (404, 'not-found')


def test_clearing_takes_two_calls_and_tells_the_facts_between(rig):
    robot = rig.robots[0]
    rig.fleet.cluster.kill_robot(robot)
    rig.fleet.cluster.run(10.0)
    first = rig.call('POST', f'/robots/{robot}/clear', 'admin', json={})
    assert (first.status_code, problem_of(first)) == (409, 'confirmation-needed')
    assert first.json()['facts']['robot'] == robot
    assert not [act for act in rig.acts if isinstance(act, Clearance)], 'nothing is done yet'
    sent = {'confirmation': first.json()['confirmation']}
    done = rig.call('POST', f'/robots/{robot}/clear', 'admin', json=sent)
    assert done.status_code == 200, done.text
    rig.fleet.cluster.run(1.2)
    assert robot not in rig.call('GET', '/fleet').json()['robots']


@pytest.mark.parametrize('change', ['robot', 'who', 'occupied', 'late', 'made up', 'facts'])
def test_a_confirmation_is_good_for_what_it_was_given_for_alone(rig, change):
    one, other = rig.robots
    for robot in (one, other):
        rig.fleet.cluster.kill_robot(robot)
    rig.fleet.cluster.run(10.0)
    first = rig.call('POST', f'/robots/{one}/clear', 'admin', json={})
    body, robot, who = {'confirmation': first.json()['confirmation']}, one, 'wms'
    if change == 'robot':
        robot = other
    elif change == 'who':
        who = 'somebody'
    elif change == 'occupied':
        body['occupied'] = [SITE.storage[0]]
    elif change == 'late':
        rig.now_s += 61.0
    elif change == 'made up':
        body['confirmation'] = f'{int(rig.now_s) + 30:x}.{"0" * 32}'
    elif change == 'facts':
        rig.fleet.cluster.restart_robot(one)
        rig.fleet.cluster.run(3.0)
    again = rig.call('POST', f'/robots/{robot}/clear', json=body,
                     token=rig.token('admin', subject=who))
    # A robot that runs again is heard.
    assert (again.status_code, problem_of(again)) == (
        409, 'conflict' if change == 'facts' else 'confirmation-needed')
    assert not [act for act in rig.acts if isinstance(act, Clearance)]


def test_another_gateway_takes_a_confirmation_too(rig, tmp_path):
    robot = rig.robots[0]
    rig.fleet.cluster.kill_robot(robot)
    rig.fleet.cluster.run(10.0)
    first = rig.call('POST', f'/robots/{robot}/clear', 'admin', json={})
    other = GatewayRig(tmp_path / 'none', rig.fleet, keys=(), config=rig.config)
    other.keys = rig.keys
    done = other.call('POST', f'/robots/{robot}/clear', 'admin',
                      json={'confirmation': first.json()['confirmation']})
    assert done.status_code == 200
    other.close()


def test_a_token_that_was_overheard_cannot_release_a_stop_again(rig):
    token = rig.token('admin')
    assert rig.call('POST', '/emergency-stop', token=token).status_code == 200
    assert rig.call('POST', '/emergency-stop/release', token=token).status_code == 200
    assert rig.call('POST', '/emergency-stop', token=token).status_code == 200
    again = rig.call('POST', '/emergency-stop/release', token=token)
    assert (again.status_code, problem_of(again)) == (401, 'token-used')
    assert all(robot.report.emergency_stop for robot in rig.fleet.cluster.robots.values())
    assert rig.call('POST', '/emergency-stop/release', 'admin').status_code == 200


def test_an_emergency_stop_needs_no_leader_and_says_who_obeys(rig):
    rig.fleet.kill_all()
    first, second = rig.robots
    answer = rig.call('POST', '/emergency-stop', json={'reason': 'oil'})
    assert (answer.json()['obey'], answer.json()['missing']) == ([first, second], [])
    rig.fleet.cluster.kill_robot(second)
    rig.fleet.cluster.run(1.0)
    one = rig.call('POST', '/emergency-stop/release', 'admin', json={'robot': first})
    assert (one.json()['obey'], one.json()['missing']) == ([first], [])
    assert not rig.fleet.cluster.robots[first].report.emergency_stop


def test_nobody_who_obeys_is_no_success(tmp_path):
    rig = GatewayRig(tmp_path, VirtualFleet(robots=1))
    rig.fleet.want_reports = lambda wanted: None
    answer = rig.call('POST', '/emergency-stop')
    assert (answer.status_code, problem_of(answer)) == (503, 'not-heard')
    rig.close()


def test_an_order_is_amended_and_cancelled_and_its_owner_sees_it(rig):
    rig.order('wms-1', kind='move', pick=SITE.storage[0], drop=SITE.stations[0])
    assert rig.call('PATCH', '/orders/wms-1', json={'priority': 250}).status_code == 200
    assert rig.call('GET', '/orders/wms-1').json()['status']['priority'] == 250
    assert rig.call('DELETE', '/orders/wms-1').status_code == 200
    rig.fleet.cluster.run(120.0)
    assert rig.call('GET', '/orders/wms-1').json()['status']['state'] == 'cancelled'
    again = rig.call('PATCH', '/orders/wms-1', json={'priority': 1})
    assert (again.status_code, problem_of(again)) == (409, 'conflict')
    assert again.json()['order']['state'] == 'cancelled'


def test_what_is_paused_and_drained_is_seen(rig):
    robot = rig.robots[0]
    for path in ('/fleet/pause', f'/robots/{robot}/drain'):
        assert rig.call('POST', path).status_code == 200
    rig.fleet.cluster.run(1.2)
    told = rig.call('GET', f'/robots/{robot}').json()
    assert told['is_paused'] and told['is_drained']
    for path in ('/fleet/resume', f'/robots/{robot}/undrain'):
        assert rig.call('POST', path).status_code == 200
    rig.fleet.cluster.run(1.2)
    told = rig.call('GET', f'/robots/{robot}').json()
    assert not told['is_paused'] and not told['is_drained']


def test_a_robot_that_fell_silent_is_told_with_how_long_ago_then_without_a_place(rig):
    robot = rig.robots[0]
    rig.call('GET', '/robots')
    rig.fleet.cluster.kill_robot(robot)
    rig.fleet.cluster.run(4.0)
    told = rig.call('GET', f'/robots/{robot}').json()
    assert 3.0 < told['heard_ago_s'] < 10.0 and told['pose']
    rig.fleet.cluster.run(10.0)
    told = rig.call('GET', f'/robots/{robot}').json()
    assert told['heard_ago_s'] is None and told['pose'] is None and told['robot'] == robot
    assert 0.0 < rig.fleet.slept_s <= 3.5, 'it is waited for, but not for long'
