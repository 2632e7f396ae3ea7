# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Requests that nobody thought of, made up from the OpenAPI document, against real cores."""

from gateway_rig import GatewayRig
from hypothesis import given, HealthCheck, Phase, settings
import pytest

schemathesis = pytest.importorskip('schemathesis', reason='schemathesis is not installed')
from schemathesis.checks import not_a_server_error  # noqa: E402,I100
from schemathesis.specs.openapi import checks  # noqa: E402

CHECKS = [not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
          checks.response_schema_conformance]
GOOD, BAD = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
ENDLESS = '/events'  # test_streams.py has it
REQUESTS = {GOOD: 8, BAD: 8}  # to each operation; that takes some seconds


@pytest.fixture(scope='module')
def rig(tmp_path_factory):
    """Return a gateway that serves as much as is asked, over a fleet that has some orders."""
    made = GatewayRig(tmp_path_factory.mktemp('made_up'), requests_per_s=1e6,
                      requests_burst=1_000_000)
    for number in range(3):
        made.order(f'wms-{number}')
    yield made
    made.close()


def operations(rig):
    """Return the operations of the interface, as Schemathesis reads them."""
    schema = schemathesis.openapi.from_dict(rig.call('GET', '/openapi.json', '').json())
    return [found.ok() for found in schema.get_all_operations() if found.ok().path != ENDLESS]


def call(rig, case):
    """Make a request that was made up, as an admin, and return the answer."""
    asked = case.as_transport_kwargs(base_url=rig.base)
    headers = {name: value for name, value in asked['headers'].items()
               if name.lower() not in ('authorization', 'content-length')}
    body = {'json': asked['json']} if asked.get('json') is not None else {
        'content': asked.get('data') or b''}
    return rig.call(asked['method'], asked['url'], 'admin', headers=headers,
                    params=asked.get('params') or None, **body)


def unobeyed(answer):
    """Return whether a stop is not obeyed: by a robot that was made up and enrolled before."""
    return answer.status_code == 503 and answer.json()['type'] == '/docs#not-obeyed' and (
        answer.json()['missing'])


def met_by(rig, operation, mode):
    """Make up requests to an operation; return the statuses met, all of them documented."""
    met = set()

    @settings(max_examples=REQUESTS[mode], deadline=None, derandomize=True, database=None,
              phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case):
        answer = call(rig, case)
        case.validate_response(answer, checks=[
            check for check in CHECKS if check is not not_a_server_error or not unobeyed(answer)])
        met.add(answer.status_code)
    ask()
    return met


def test_requests_that_fit_the_document_are_answered_as_it_says(rig):
    met = {operation.label: met_by(rig, operation, GOOD) for operation in operations(rig)}
    assert len(met) >= 25
    assert {status for found in met.values() for status in found} >= {200, 404, 409, 422}
    assert rig.order('after-all').status_code == 201, 'the fleet takes orders after all that'


def test_requests_that_do_not_fit_the_document_are_refused_as_it_says(rig):
    met = {operation.label: met_by(rig, operation, BAD) for operation in operations(rig)
           if operation.body or operation.query or operation.path_parameters}
    assert len(met) >= 15
    assert {status for found in met.values() for status in found} >= {400, 404, 422}
