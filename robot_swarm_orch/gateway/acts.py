# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The routes of acts: on the fleet, its areas, robots, ways and places.

Each is one entry of the fleet's log, with the caller's name; what the leader refuses is noted
there too. What cannot be taken back needs an admin, and a second call.
"""

import re
from typing import Annotated

from fastapi import Body, FastAPI, Path, Request
from robot_swarm_orch.acts import (
    Blockage, Clearance, Drain, Enrolment, Pause, Settlement, SlotWord, Stranding)
from robot_swarm_orch.gateway.gate import Gate, needs, what_of
from robot_swarm_orch.gateway.given import (
    GivenClearance, GivenOutcome, GivenPlace, GivenSlot, GivenWays, NAME, ROBOT_ID)
from robot_swarm_orch.gateway.names import Names
from robot_swarm_orch.gateway.port import ListOrders, NoConsensus
from robot_swarm_orch.gateway.problems import Problem
from robot_swarm_orch.gateway.settings import ROLES
from robot_swarm_orch.gateway.told import ENDED, tell_pose, ToldAct, ToldConfirmation
from robot_swarm_orch.orders import OrderState

Robot = Annotated[str, Path(pattern=ROBOT_ID, description='id of the robot', examples=['r001'])]
Area = Annotated[str, Path(
    pattern=NAME, description='area of the site file, if it has any', examples=['packing'])]
Place = Annotated[str, Path(
    pattern=NAME, description='storage place', examples=['storage_01_1_01'])]
_LIVE = tuple(state for state in OrderState
              if state.name.lower() not in ENDED and state != OrderState.UNKNOWN)
_OPERATOR, _ADMIN = ROLES[1:]
HEARD_NOW_S = 2.0  # ten reports of a robot


def add_act_routes(app: FastAPI, gate: Gate, names: Names) -> None:
    """Add the routes to an application."""
    _add_pauses(app, gate, names)
    _add_robot_acts(app, gate, names)
    _add_clear(app, gate, names)
    _add_ways(app, gate, names)


def _route(app, path, role, **more):
    """Return the decorator of a route that changes something."""
    return app.post(path, tags=['acts'], response_model=ToldAct,
                    openapi_extra=needs(role, **{'x-conflicts': True}), **more)


async def _operate(gate, request, act):
    """Carry an act out; a refusal is a conflict, and noted."""
    done, reason = await gate.port.operate(act)
    if not done:
        gate.note(request.state.caller, what_of(request), f'refused: {reason}')
        raise Problem('conflict', reason or 'the leader refuses')
    return ToldAct(done=True, text=reason or 'done')


async def _rescue_of(port, orders):
    """Return the id of the newest rescue of one of some orders, None if none is known yet."""
    for stranded in {one.order_id for one in orders}:
        base = re.sub(r'\.r[0-9]+$', '', stranded)  # a rescue is rescued under the first id, too
        try:
            page = await port.ask(ListOrders(after=f'{base}.r', limit=20))
        except NoConsensus:
            return None  # the act is done all the same, and must not be answered as if it were not
        rescues = [one.order_id for one in page.orders if one.order_id != stranded
                   and re.fullmatch(re.escape(base) + r'\.r[0-9]+', one.order_id)]
        if rescues:
            return max(rescues, key=lambda name: (len(name), name))
    return None


def _who(request) -> str:
    return request.state.caller.subject


def _add_pauses(app, gate, names):
    for verb in ('pause', 'resume'):
        @_route(app, f'/fleet/{verb}', _OPERATOR, name=f'{verb}_fleet',
                summary=f'{verb.title()} the fleet')
        async def fleet(request: Request):
            """Robots get no further nodes, come to rest on what they hold, and go on later."""
            return await _operate(gate, request, Pause('', '', _ends_with(request, 'pause'),
                                                       _who(request)))

        @_route(app, f'/areas/{{area}}/{verb}', _OPERATOR, name=f'{verb}_area',
                summary=f'{verb.title()} the robots in an area')
        async def area(request: Request, area: Area):
            """As for the fleet, for the robots in an area of the site."""
            names.check_area(area)
            return await _operate(gate, request, Pause('', area, _ends_with(request, 'pause'),
                                                       _who(request)))

        @_route(app, f'/robots/{{robot}}/{verb}', _OPERATOR, name=f'{verb}_robot',
                summary=f'{verb.title()} a robot')
        async def one(request: Request, robot: Robot):
            """As for the fleet, for one robot."""
            names.check_robot(robot)
            return await _operate(gate, request, Pause(robot, '', _ends_with(request, 'pause'),
                                                       _who(request)))


def _ends_with(request: Request, verb: str) -> bool:
    """Return whether a request's path ends with a verb."""
    return request.url.path.endswith(f'/{verb}')


def _add_robot_acts(app, gate, names):
    for verb in ('drain', 'undrain'):
        @_route(app, f'/robots/{{robot}}/{verb}', _OPERATOR, name=f'{verb}_robot',
                summary=f'{verb.title()} a robot')
        async def drain(request: Request, robot: Robot):
            """Let a robot finish what it does and give it no new orders, or give it some again."""
            names.check_robot(robot)
            return await _operate(gate, request, Drain(robot, _ends_with(request, 'drain'),
                                                       _who(request)))

    @_route(app, '/robots/{robot}/settle', _OPERATOR)
    async def settle(request: Request, robot: Robot, given: GivenOutcome):
        """End the doubt whether a robot's pick or drop took place: a person has looked."""
        names.check_robot(robot)
        return await _operate(gate, request, Settlement(robot, given.happened, _who(request)))

    @_route(app, '/robots/{robot}/strand', _OPERATOR)
    async def strand(request: Request, robot: Robot, given: GivenPlace):
        """Say that the load which a robot had stands at a place; another robot fetches it."""
        names.check_robot(robot)
        names.check_place(given.place, 'body/place')
        page = await gate.port.ask(ListOrders(states=_LIVE, robot=robot, limit=10))
        told = await _operate(gate, request, Stranding(robot, given.place, _who(request)))
        told.order_id = await _rescue_of(gate.port, page.orders)
        return told

    @_route(app, '/robots/{robot}/enrol', _ADMIN)
    async def enrol(request: Request, robot: Robot, given: GivenPlace):
        """Let a robot stand at a node or place, as after it was cleared: a person has looked."""
        return await _operate(gate, request, Enrolment(
            robot, names.node(given.place, 'body/place'), _who(request)))

    @_route(app, '/places/{place}/slot', _OPERATOR)
    async def slot(request: Request, place: Place, given: GivenSlot):
        """Say whether a storage place holds a load."""
        names.check_slot(place)
        return await _operate(gate, request, SlotWord(place, given.is_occupied, given.load_id,
                                                      _who(request)))


def _add_clear(app, gate, names):
    @_route(app, '/robots/{robot}/clear', _ADMIN,
            responses={409: {'model': ToldConfirmation, 'description':
                             'Confirm it by calling again, or the fleet refuses'}})
    async def clear(request: Request, robot: Robot,
                    given: Annotated[GivenClearance, Body()] = GivenClearance()):  # noqa: B008
        """
        Free the nodes of a robot that is switched off or gone.

        The first call changes nothing: it says what is known of the robot and gives a
        confirmation, which the second call sends back. If the facts have changed, it begins anew.
        The facts tell how long ago this gateway heard the robot, where it was then, and which
        nodes it held; null if it did not listen. A robot that is heard now is refused.
        """
        view = names.check_robot(robot)
        caller = request.state.caller
        occupied = tuple(sorted(set(names.nodes(given.occupied, 'body/occupied'))))
        seen = await _last_seen(gate.port, names, robot)
        page = await gate.port.ask(ListOrders(states=_LIVE, robot=robot, limit=10))
        facts = {'robot': robot, 'mode': names.mode(view, robot),
                 'orders': sorted(one.order_id for one in page.orders),
                 'occupied': sorted(given.occupied)}
        if not gate.is_confirmed(caller, facts, given.confirmation):
            stale = 'this confirmation is too old, or the facts have changed; ' \
                if given.confirmation else ''
            raise Problem('confirmation-needed', f'{stale}look whether {robot} is switched off or '
                          'gone, and whether its body is off all nodes but `occupied`, then call '
                          'again with this confirmation',
                          confirmation=gate.confirmation(caller, facts), facts={**facts, **seen})
        gate.use_once(caller)
        return await _operate(gate, request, Clearance(robot, occupied, caller.subject))


async def _last_seen(port, names, robot):
    """Return what this gateway heard of a robot last; raise Problem if that is now."""
    await port.reports()
    report, age_s = port.last_report(robot)
    if report is None:
        return {'heard_ago_s': None, 'pose': None, 'nodes': None}
    if age_s <= HEARD_NOW_S:
        raise Problem('conflict', f'{robot} is heard now ({age_s:.1f} s ago), so it is neither '
                      'off nor gone: switch it off first, and look that it stands')
    return {'heard_ago_s': round(age_s, 1), 'pose': tell_pose(report.pose).model_dump(),
            'nodes': [names.site.node_names[node] for node in report.held
                      if node < len(names.site.node_names)]}


def _add_ways(app, gate, names):
    for verb in ('block', 'unblock'):
        @_route(app, f'/ways/{verb}', _OPERATOR, name=f'{verb}_ways',
                summary=f'{verb.title()} nodes and streets')
        async def ways(request: Request, given: GivenWays):
            """Robots plan around what is blocked; who is on it goes on to its end."""
            nodes = names.nodes(given.nodes, 'body/nodes')
            edges = tuple(names.nodes(ends, f'body/streets/{number}')
                          for number, ends in enumerate(given.streets))
            if not nodes and not edges:
                raise Problem('invalid', 'name nodes or streets')
            return await _operate(gate, request, Blockage(
                nodes, edges, _ends_with(request, 'block'), _who(request)))
