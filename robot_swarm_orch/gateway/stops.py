# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The routes of the emergency stop: said until robots obey, with or without a leader.

A stop does not fail for its form. What cannot be read stops the whole fleet, and the answer says
so; a body that names a robot stops that one alone. A release is read as strictly as any act.
"""

from dataclasses import dataclass
import re
from typing import Annotated, Optional

from fastapi import Body, FastAPI, Request
from robot_swarm_orch.gateway.gate import Gate, needs
from robot_swarm_orch.gateway.given import GivenStop, ROBOT_ID
from robot_swarm_orch.gateway.names import Names
from robot_swarm_orch.gateway.problems import Problem
from robot_swarm_orch.gateway.settings import ROLES
from robot_swarm_orch.gateway.shield import STOP_PATH
from robot_swarm_orch.gateway.strict_json import BadJson, parse
from robot_swarm_orch.gateway.told import answer, moment, ToldNotObeyed, ToldStop
from robot_swarm_orch.types import EmergencyStop

_OPERATOR, _ADMIN = ROLES[1:]
_CONTROL = re.compile('[\x00-\x1f\x7f\ud800-\udfff]')
_REASON_MAX, _NAMES_MAX = 128, 10
_BODY = {'requestBody': {'required': False, 'content': {'application/json': {
    'schema': {'$ref': '#/components/schemas/GivenStop'}}}}}


@dataclass(frozen=True)
class Asked:
    """Who is to stop ('' for all), why, and what was wrong with the asking."""

    robot: str = ''
    reason: str = ''
    trouble: str = ''


def read_stop(body: bytes) -> Asked:
    """Return what a body asks for, whatever it is made of."""
    if not body.strip():
        return Asked()
    try:
        value = parse(body)
    except BadJson as error:
        return Asked(trouble=f'the body is not acceptable JSON ({error})')
    if not isinstance(value, dict):
        return Asked(trouble='the body is no JSON object')
    robot, reason = value.get('robot') or '', value.get('reason') or ''
    reason = _CONTROL.sub(' ', reason)[:_REASON_MAX] if isinstance(reason, str) else ''
    if not isinstance(robot, str) or robot and not re.fullmatch(ROBOT_ID, robot):
        return Asked('', reason, f'robot {robot!r:.80} is no robot id')
    unknown = ', '.join(repr(name)[:40] for name in value if name not in ('robot', 'reason'))
    return Asked(robot, reason, f'not read was {unknown[:200]}' if unknown else '')


def add_stop_routes(app: FastAPI, gate: Gate, names: Names) -> None:
    """Add the routes to an application."""
    about = {'response_model': ToldStop, 'tags': ['acts'], 'responses': {503: {
        'model': ToldNotObeyed, 'description': 'Not all robots obey, or none is heard'}}}

    @app.post(STOP_PATH, **about, openapi_extra=needs(
        _OPERATOR, **{'x-unlimited': True}, **_BODY))
    async def stop(request: Request):
        """
        Stop a robot, or all, at once; it needs no leader.

        A body that cannot be read stops all. Answered with 200 once all obey; else with 503 and
        those that are `missing`. It is said all the same, and each robot that heard it stands.
        """
        unread = getattr(request.state, 'unread_body', None)
        asked = Asked(trouble=unread.detail) if unread else read_stop(await request.body())
        told = await _say(gate, names, request.state.caller, asked, True)
        return answer(told, headers=unread.headers if unread else None)

    @app.post(f'{STOP_PATH}/release', **about, openapi_extra=needs(_ADMIN))
    async def release(request: Request, given: Annotated[Optional[GivenStop], Body()] = None):
        """End an emergency stop: a person has looked that nobody is in danger."""
        given = given or GivenStop()
        gate.use_once(request.state.caller)
        return answer(await _say(gate, names, request.state.caller,
                                 Asked(given.robot or '', given.reason), False))


async def _say(gate, names, caller, asked, is_active) -> ToldStop:
    """Say a stop or its release until robots obey; note what came of it; raise Problem."""
    if asked.robot and names.view() is not None:  # it needs no leader to stop a robot
        names.check_robot(asked.robot)
    obeys = await gate.port.stop(EmergencyStop(
        caller.subject, int(gate.wall_clock() * 1e9), is_active,
        asked.reason or 'over the gateway'), asked.robot)
    obey = sorted(robot for robot, does in obeys.items() if does)
    missing = sorted(set(obeys) - set(obey))
    whom = asked.robot or 'all robots'
    what = f'{"" if is_active else "release of the "}emergency stop of {whom}'
    result = f'{len(obey)} of {len(obeys)} robots obey'
    gate.keep_note(caller, f'{what}: {asked.reason}' if asked.reason else what,
                   f'{result}, {moment(gate.wall_clock())}'
                   + (f'; not {_listed(missing)}' if missing else ''))
    about = f'{what}: {result}' + (f'. {asked.trouble}' if asked.trouble else '')
    if not any(does is not None for does in obeys.values()):
        raise Problem('not-heard', f'{about}. It was said for a while, but no robot is heard: '
                      'stop them by their own buttons', 1.0, obey=obey, missing=missing)
    if missing:
        silent = [robot for robot in missing if obeys[robot] is None]
        heard = [robot for robot in missing if robot not in silent]
        raise Problem('not-obeyed', f'{about}. ' + '; '.join(
            f'{_listed(some)} {verb}' for some, verb in (
                (silent, 'not heard'), (heard, 'heard, but not obeying')) if some)
            + ': go and look, and ask again', 1.0, obey=obey, missing=missing)
    return ToldStop(obey=obey, missing=missing, text=about)


def _listed(robots):
    """Return some robots' names, so many as a person reads."""
    more = len(robots) - _NAMES_MAX
    return ', '.join(robots[:_NAMES_MAX]) + (f' and {more} more' if more > 0 else '')
