# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Refusals as problem documents (RFC 9457), the only shape of an error that a client meets.

`KINDS` names them all: a `type` is `/docs#<kind>`, where the page of the interface explains it.
"""

from json import dumps
from math import ceil
from typing import Callable, Dict, Optional, Tuple

from fastapi.responses import Response
from starlette.exceptions import HTTPException

MEDIA_TYPE = 'application/problem+json'
# kind -> (status, title)
KINDS: Dict[str, Tuple[int, str]] = {
    'malformed': (400, 'The request is malformed'),
    'no-idempotency-key': (400, 'An order needs an Idempotency-Key'),
    'unauthenticated': (401, 'A valid bearer token is needed'),
    'token-used': (401, 'This token was used for such an act before'),
    'forbidden': (403, 'The role does not allow this'),
    'foreign-origin': (403, 'This web page may not call'),
    'not-found': (404, 'There is no such thing'),
    'wrong-method': (405, 'The method is not allowed here'),
    'too-slow': (408, 'The request took too long to arrive'),
    'conflict': (409, 'The fleet refuses this now'),
    'key-reused': (409, 'The Idempotency-Key belongs to another order'),
    'confirmation-needed': (409, 'Confirm this by calling again'),
    'too-large': (413, 'The body is too long'),
    'address-too-long': (414, 'The address is too long'),
    'wrong-media-type': (415, 'The body must be application/json'),
    'invalid': (422, 'The content is not acceptable'),
    'too-many-requests': (429, 'Too many requests'),
    'queue-full': (429, 'Too many orders wait'),
    'head-too-large': (431, 'The head of the request is too large'),
    'fault': (500, 'A fault of the gateway'),
    'no-consensus': (503, 'The coordinators do not answer'),
    'not-heard': (503, 'No robot is heard'),
    'not-obeyed': (503, 'Not all robots obey'),
    'closing': (503, 'The gateway is closing'),
}


class Problem(HTTPException):
    """A refusal; `more` are further members of its document."""

    def __init__(self, kind: str, detail: str, retry_s: Optional[float] = None,
                 headers: Optional[dict] = None, **more):
        """Refuse with one of KINDS; `retry_s`: when it is worth trying again [s]."""
        status, title = KINDS[kind]
        headers = dict(headers or {})
        if retry_s is not None:
            headers['Retry-After'] = str(max(1, ceil(retry_s)))
        if status == 401:
            headers.setdefault('WWW-Authenticate', 'Bearer')
        super().__init__(status, detail, headers)
        self.kind = kind
        self.document = {'type': f'/docs#{kind}', 'title': title, 'status': status,
                         'detail': detail, **more}

    def response(self) -> Response:
        """Return the answer that says so."""
        return Response(self.body(), self.status_code, self.headers, MEDIA_TYPE)

    def body(self) -> bytes:
        """Return the document as bytes."""
        return dumps(self.document, ensure_ascii=False).encode('utf-8', 'replace')


def of_status(status: int, detail: str, headers: Optional[dict] = None) -> Problem:
    """Return the problem for an error that the web framework found by itself."""
    kind = {404: 'not-found', 405: 'wrong-method', 413: 'too-large', 415: 'wrong-media-type',
            422: 'invalid'}.get(status, 'malformed' if 400 <= status < 500 else 'fault')
    return Problem(kind, detail, headers=headers)


def of_errors(errors, words: Callable[[dict], str] = lambda error: error['msg']) -> Problem:
    """
    Return the problem for a content that does not fit its schema; names each place.

    words: says what is wrong at one.
    """
    found = [{'where': '/'.join(map(str, error['loc']))[:200], 'detail': words(error)[:200]}
             for error in list(errors)[:20]]
    return Problem('invalid', '; '.join(f'{one["where"]}: {one["detail"]}' for one in found[:3]),
                   errors=found)
