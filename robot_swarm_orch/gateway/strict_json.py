# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""JSON as RFC 8259 has it, and bounded: no NaN, no name twice, no depths, no endless numbers."""

import json
from math import isfinite
import re

from robot_swarm_orch.errors import SwarmError

DEPTH_MAX = 8
DIGITS_MAX = 19
_MARKS = re.compile(r'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])', re.DOTALL)


class BadJson(SwarmError):
    """The bytes are no JSON that is accepted here; the message says why."""


def parse(data: bytes):
    """Return the value of some JSON; raise BadJson."""
    try:
        text = data.decode('utf-8')
        _check_depth(text)
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant,
                          parse_float=_number, parse_int=_whole)
    except UnicodeDecodeError as error:
        raise BadJson(f'the body is not UTF-8: byte {error.start}') from error
    except json.JSONDecodeError as error:
        raise BadJson(f'{error.msg}, line {error.lineno} column {error.colno}') from error


def _check_depth(text):
    depth = 0
    for mark in _MARKS.finditer(text):
        if mark[1]:
            depth += 1
            if depth > DEPTH_MAX:
                raise BadJson(f'nested deeper than {DEPTH_MAX}')
        elif mark[2]:
            depth -= 1


def _object(pairs):
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadJson(f'{twice[:80]!r} stands twice in one object')
    return result


def _no_constant(word):
    raise BadJson(f'{word} is no JSON number')


def _number(text):
    value = float(text)
    if not isfinite(value):
        raise BadJson(f'{text[:40]} is beyond what a number holds')
    return value


def _whole(text):
    if len(text) > DIGITS_MAX:
        raise BadJson(f'a number of {len(text)} digits; at most {DIGITS_MAX} are read')
    return int(text)
