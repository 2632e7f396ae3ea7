# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The description of the interface: OpenAPI for programs, a page without scripts for people."""

from html import escape
import json

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from robot_swarm_orch.gateway.gate import ANYBODY, needs
from robot_swarm_orch.gateway.problems import KINDS, MEDIA_TYPE
from robot_swarm_orch.gateway.shield import STOP_PATH

TITLE = 'robot_swarm_orch gateway'
_ABOUT = """\
Orders, robots and acts of one site's fleet. Errors are problem documents (RFC 9457). A request
that got no answer, 503, or 429 may be repeated; an order is carried out once however often it is
handed in under one Idempotency-Key."""
_ALWAYS = (400, 403, 414, 422, 429, 431, 503)
_STYLE = """\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{background:#eee;color:#111}pre{padding:.5rem;overflow:auto}h2{margin-top:2rem}
td,th{text-align:left;padding:.1rem 1rem .1rem 0;vertical-align:top}"""


def describe(app: FastAPI) -> dict:
    """Return the OpenAPI document: what routes say, and what the gate and the shield add."""
    if app.openapi_schema is None:
        document = get_openapi(title=TITLE, version='1', description=_ABOUT, routes=app.routes)
        document['components']['securitySchemes'] = {
            'bearer': {'type': 'http', 'scheme': 'bearer', 'bearerFormat': 'JWT'}}
        for path, methods in document['paths'].items():
            for method, operation in methods.items():
                _complete(path, method, operation)
        app.openapi_schema = document
    return app.openapi_schema


def _complete(path, method, operation):
    """Add to an operation what it can be refused with, and who may call it."""
    statuses = set(_ALWAYS)
    if operation['x-role'] != ANYBODY:
        operation['security'] = [{'bearer': []}]
        statuses.add(401)
    if '{' in path or path.startswith(STOP_PATH):  # the body of a stop may name a robot
        statuses.add(404)
    if operation.pop('x-unlimited', False):
        statuses.discard(422)  # an emergency stop: whatever it is made of, it is said
        operation['responses'].pop('422', None)
    elif method != 'get':
        statuses |= {408, 413, 415}
    if operation.pop('x-conflicts', False):
        statuses |= {404, 409}
    operation.pop('x-many', None)
    for status in statuses:
        response = operation['responses'].setdefault(str(status), {'description': '; '.join(
            title for number, title in KINDS.values() if number == status)})
        told = response.pop('content', {}).get('application/json')
        own = told is not None and status in (409, 503)
        response['content'] = {MEDIA_TYPE: told if own else {
            'schema': {'$ref': '#/components/schemas/Problem'}}}
        if own:
            told['schema'] = {'anyOf': [{'$ref': '#/components/schemas/Problem'}, told['schema']]}


def add_pages(app: FastAPI) -> None:
    """Serve the description."""
    @app.get('/openapi.json', include_in_schema=False, openapi_extra=needs(ANYBODY))
    async def document():
        return JSONResponse(app.openapi())

    @app.get('/', include_in_schema=False, openapi_extra=needs(ANYBODY))
    async def front():
        return RedirectResponse('/docs', 307)

    @app.get('/docs', include_in_schema=False, openapi_extra=needs(ANYBODY))
    async def page():
        return HTMLResponse(app.state.page)
    app.state.page = render(app.openapi())


def render(document: dict) -> str:
    """Return the page for people."""
    schemas = document['components']['schemas']
    lines = ['<!doctype html><html lang="en"><meta charset="utf-8">',
             f'<title>{TITLE}</title><style>{_STYLE}</style><h1>{TITLE}</h1>',
             f'<p>{escape(document["info"]["description"])}</p>',
             '<p>For programs: <a href="/openapi.json">/openapi.json</a></p>']
    for path, methods in document['paths'].items():
        for method, operation in methods.items():
            lines += _operation(path, method, operation, schemas)
    lines.append('<h2>WebSocket /ws</h2><p>Orders, robots and fleet as JSON messages: '
                 '<code>?topics=orders,robots,fleet&amp;after=&lt;event id&gt;</code>. A browser '
                 'brings its token as the subprotocol <code>bearer.&lt;token&gt;</code>, beside '
                 '<code>swarm.v1</code>. Closed with 4008: too slow, the reason says where to go '
                 'on; 4001: the token has expired.</p>')
    lines.append('<h2>Problems</h2><table><tr><th>type<th>status<th>title')
    lines += [f'<tr id="{kind}"><td><code>/docs#{kind}</code><td>{status}<td>{escape(title)}'
              for kind, (status, title) in KINDS.items()]
    return '\n'.join([*lines, '</table></html>'])


def _operation(path, method, operation, schemas):
    role = operation['x-role']
    yield f'<h2><code>{method.upper()} {escape(path)}</code></h2>'
    yield f'<p>{escape(operation.get("description", operation["summary"]))} Role: {role}.</p>'
    parameters = operation.get('parameters', ())
    if parameters:
        yield '<ul>' + ''.join(
            f'<li><code>{escape(one["name"])}</code> ({one["in"]}) '
            f'{escape(one.get("description", ""))}' for one in parameters) + '</ul>'
    body = operation.get('requestBody', {}).get('content', {}).get('application/json')
    for example in _examples(body, schemas):
        yield f'<pre>{escape(json.dumps(example))}</pre>'
    yield f'<p>Answers: {", ".join(sorted(operation["responses"]))}</p>'


def _examples(body, schemas):
    """Return the examples of a body's schema."""
    if not body:
        return []
    text = json.dumps(body['schema'])
    return [example for name, schema in schemas.items() if f'/{name}"' in text
            for example in schema.get('examples', ())]
