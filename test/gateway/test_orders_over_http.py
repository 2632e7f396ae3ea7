# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Orders over HTTP, with real coordinators behind: what is answered when, and what it means."""

from gateway_rig import GatewayRig, problem_of
import pytest
from robot_swarm_orch.types import OrderState
from virtual_fleet import SITE, VirtualFleet

PLACE, OTHER = SITE.stations[:2]


@pytest.fixture
def rig(tmp_path):
    """Return a gateway over a fleet of two robots."""
    made = GatewayRig(tmp_path)
    yield made
    made.close()


def leading_state(rig):
    """Return the fleet state of the coordinator that leads."""
    return rig.fleet.cluster.replicas[rig.fleet.cluster.leader()].state


def test_an_order_is_created_only_once_a_majority_has_it(rig):
    answer = rig.order('wms-1')
    assert answer.status_code == 201
    assert answer.headers['Location'] == '/orders/wms-1'
    assert answer.json()['order_id'] == 'wms-1'
    having = [name for name, replica in rig.fleet.cluster.replicas.items()
              if replica.state.order('wms-1') is not None
              or replica.raft.log.last_index >= answer.json()['index']]
    assert len(having) >= 2


def test_the_same_order_again_is_no_new_one(rig):
    assert rig.order('wms-1').status_code == 201
    for _ in range(3):
        again = rig.order('wms-1')
        assert again.status_code == 200
        assert again.headers['Location'] == '/orders/wms-1'
    assert len(leading_state(rig).live) + len(leading_state(rig).ended) == 1


def test_a_repeat_at_another_gateway_is_none_either(rig, tmp_path):
    assert rig.order('wms-1').status_code == 201
    (tmp_path / 'other').mkdir()
    other = GatewayRig(tmp_path / 'other', rig.fleet)
    assert other.order('wms-1').status_code == 200
    other.close()


def test_the_key_may_stand_in_the_body_but_must_stand_somewhere(rig):
    content = {'kind': 'go', 'drop': PLACE}
    assert rig.call('POST', '/orders', json={**content, 'order_id': 'b-1'}).status_code == 201
    bare = rig.call('POST', '/orders', json=content)
    assert (bare.status_code, problem_of(bare)) == (400, 'no-idempotency-key')
    both = rig.order('b-2', order_id='b-3')
    assert (both.status_code, problem_of(both)) == (400, 'malformed')
    quoted = rig.call('POST', '/orders', headers={'Idempotency-Key': '"b-1"'}, json=content)
    assert quoted.status_code == 200


def test_an_order_to_nowhere_is_refused_and_is_no_question(rig):
    for kind in ('go', 'move'):
        answer = rig.order('wms-1', kind=kind, drop='')
        assert (answer.status_code, problem_of(answer)) == (422, 'invalid')
    assert rig.fleet.sent == []


def test_an_unknown_place_is_refused_with_what_may_have_been_meant(rig):
    wrong = PLACE[:-1] + 'x'
    answer = rig.order('wms-1', drop=wrong)
    assert (answer.status_code, problem_of(answer)) == (422, 'invalid')
    assert 'did you mean' in answer.json()['detail'] and wrong in answer.json()['detail']
    assert rig.call('GET', '/orders/wms-1').status_code == 404


def test_a_full_queue_is_told_with_when_to_come_back(tmp_path):
    rig = GatewayRig(tmp_path, VirtualFleet(robots=1, queue_bound=3))
    answers = [rig.order(f'wms-{number}', kind='move', pick=SITE.storage[0], drop=PLACE)
               for number in range(8)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused and len(refused) + sum(a.status_code == 201 for a in answers) == 8
    assert problem_of(refused[0]) == 'queue-full'
    assert int(refused[0].headers['Retry-After']) >= 1
    # A repetition of what was accepted is not a new order, so it is no matter of the queue.
    assert rig.order('wms-0', kind='move', pick=SITE.storage[0], drop=PLACE).status_code == 200
    rig.close()


def test_lost_words_are_said_again_and_the_order_is_placed_once(rig):
    rig.fleet.lost = {1, 2, 3}
    assert rig.order('wms-1').status_code == 201
    assert len(rig.fleet.sent) == 4
    assert len({order.trace_id for _, order in rig.fleet.sent}) == 1


def test_without_a_majority_the_answer_says_so_and_what_is_known_of_the_leader(tmp_path):
    rig = GatewayRig(tmp_path, answer_s=0.3)
    rig.fleet.kill_all()
    answer = rig.order('wms-1')
    assert (answer.status_code, problem_of(answer)) == (503, 'no-consensus')
    assert answer.headers['Retry-After']
    assert answer.json()['leader']['coordinators'] == ['c1', 'c2', 'c3']
    for _ in range(4):
        rig.fleet.cluster.run(1.0)
    assert rig.call('GET', '/health/ready', '').status_code == 503
    assert rig.call('GET', '/health/live', '').status_code == 200
    for name in ('c1', 'c2'):
        rig.fleet.cluster.start_replica(name)
    rig.fleet.cluster.run(3.0)
    assert rig.order('wms-1').status_code == 201
    assert rig.call('GET', '/health/ready', '').status_code == 200
    rig.close()


def test_an_order_survives_the_leader_that_took_it(rig):
    assert rig.order('wms-1').status_code == 201
    rig.fleet.cluster.kill_replica(rig.fleet.cluster.leader())
    rig.fleet.cluster.run(2.0)
    assert rig.order('wms-1').status_code == 200
    page = rig.call('GET', '/orders/wms-1').json()
    assert page['order']['kind'] == 'go' and page['status']['order_id'] == 'wms-1'


def test_orders_are_carried_out_and_their_end_is_seen(rig):
    rig.order('wms-1')
    rig.fleet.cluster.run(60.0)
    page = rig.call('GET', '/orders/wms-1').json()
    assert page['status']['state'] == 'done'
    assert page['status']['robot'].startswith('r')


def test_lists_come_in_pages_and_by_state(rig):
    for number in range(7):
        rig.order(f'wms-{number}')
    seen, after = [], None
    for _ in range(4):
        page = rig.call('GET', '/orders', params={
            'limit': 2, **({'after': after} if after else {})}).json()
        seen += [one['order_id'] for one in page['orders']]
        after = page['next']
    assert seen == [f'wms-{number}' for number in range(7)] and after is None
    assert rig.call('GET', '/orders?state=done&state=failed').json()['orders'] == []
    live = rig.call('GET', '/orders').json()
    assert live['live'] == 7
    assert rig.call('GET', '/orders?state=nonsense').status_code == 422


def test_who_handed_an_order_in_is_known(rig):
    rig.order('wms-1', token=rig.token(subject='shop-7'))
    assert rig.fleet.sent[-1][1].client == 'shop-7'


def test_a_deadline_without_a_zone_is_refused_and_one_with_a_zone_is_kept(rig):
    assert rig.order('wms-1', deadline='2027-01-01T00:00:00').status_code == 422
    kept = rig.order('wms-2', deadline='2027-01-01T01:00:00.25+01:00')
    assert kept.json()['deadline'] == '2027-01-01T00:00:00.250Z'
    assert rig.order('wms-2', deadline='2027-01-01T00:00:00.250Z').status_code == 200


def test_a_breaker_refuses_at_once_while_nobody_answers(tmp_path):
    rig = GatewayRig(tmp_path, answer_s=0.05, breaker_failures=2, breaker_open_s=30.0)
    rig.fleet.kill_all()
    for number in range(2):
        assert rig.order(f'wms-{number}').status_code == 503
    said = len(rig.fleet.sent)
    refused = rig.order('wms-3')
    assert refused.status_code == 503 and 'for a while' in refused.json()['detail']
    assert len(rig.fleet.sent) == said
    assert int(refused.headers['Retry-After']) > 1
    rig.close()


def test_states_that_are_told_are_those_of_the_fleet(rig):
    schema = rig.call('GET', '/openapi.json', '').json()['components']['schemas']['ToldStatus']
    assert schema['properties']['state']['enum'] == [state.name.lower() for state in OrderState]


def test_a_key_that_belongs_to_another_order_is_refused_and_changes_nothing(rig):
    assert rig.order('wms-1', drop=PLACE).status_code == 201
    other = rig.order('wms-1', drop=OTHER)
    assert (other.status_code, problem_of(other)) == (409, 'key-reused')
    assert rig.order('wms-1', drop=PLACE, load_mass_kg=12.3).status_code == 409
    assert rig.order('wms-1', drop=PLACE).status_code == 200
    assert rig.call('GET', '/orders/wms-1').json()['order']['drop'] == PLACE


def test_numbers_that_messages_round_do_not_make_a_repetition_another_order(rig):
    content = {'load_mass_kg': 12.3, 'deadline': '2027-01-01T00:00:00.123Z'}
    assert rig.order('wms-1', **content).status_code == 201
    assert rig.order('wms-1', **content).status_code == 200
