# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The routes that only look: robots, the fleet, the log, and how the gateway does."""

from typing import Annotated, Optional

from fastapi import FastAPI, Path, Query
from robot_swarm_orch.gateway.gate import ANYBODY, Gate, needs
from robot_swarm_orch.gateway.given import ANY_ORDER_ID, ROBOT_ID
from robot_swarm_orch.gateway.names import Names
from robot_swarm_orch.gateway.port import GetLog
from robot_swarm_orch.gateway.problems import Problem
from robot_swarm_orch.gateway.told import (
    answer, tell_fleet, tell_log, tell_places, tell_robot, ToldFleet, ToldHealth, ToldLog,
    ToldPlaces, ToldRobot, ToldRobots)

_INDEX_MAX = 2 ** 62 - 1


def add_sight_routes(app: FastAPI, gate: Gate, names: Names) -> None:
    """Add the routes to an application."""
    port = gate.port

    def seen():
        """Return the fleet at a glance; raise Problem without a leader."""
        view = names.view()
        if view is None:
            raise Problem('no-consensus', 'no leader was heard lately', 1.0, leader=port.leader())
        return view

    @app.get('/robots', tags=['sights'], response_model=ToldRobots,
             openapi_extra=needs('viewer'))
    async def robots():
        """
        Tell all robots that are enrolled, with what they report themselves.

        Without a leader they are those that the last one named; `is_stale` says so.
        """
        reports = await port.reports()
        view = names.last_view() or seen()
        return answer(ToldRobots(
            robots=[tell_robot(name, view, *reports.get(name, ())) for name in view.robots],
            view_age_s=port.leader()['heard_ago_s'], is_stale=names.view() is None))

    @app.get('/robots/{robot}', tags=['sights'], response_model=ToldRobot,
             openapi_extra=needs('viewer'))
    async def robot(robot: Annotated[str, Path(pattern=ROBOT_ID, examples=['r001'])]):
        """Tell one robot."""
        view = names.check_robot(robot)
        return answer(tell_robot(robot, view, *(await port.reports()).get(robot, ())))

    @app.get('/fleet', tags=['sights'], response_model=ToldFleet, openapi_extra=needs('viewer'))
    async def fleet():
        """Tell the fleet at a glance."""
        return answer(tell_fleet(seen(), names.site))

    @app.get('/places', tags=['sights'], response_model=ToldPlaces, openapi_extra=needs('viewer'))
    async def places():
        """Tell the places of the site, which orders name."""
        return answer(tell_places(names.site))

    @app.get('/audit', tags=['sights'], response_model=ToldLog, openapi_extra=needs('viewer'))
    async def audit(
            after: Annotated[int, Query(
                ge=0, le=_INDEX_MAX, description='`next` of the page before')] = 0,
            limit: Annotated[int, Query(ge=1, le=500)] = 100,
            order_id: Annotated[Optional[str], Query(pattern=ANY_ORDER_ID)] = None,
            robot: Annotated[Optional[str], Query(pattern=ROBOT_ID)] = None):
        """
        Tell what the fleet's log holds, oldest first: who did what to what, and when.

        To begin near the newest, take `after` from `commit_index` of /fleet less some entries.
        """
        return answer(tell_log(await port.ask(GetLog(after, limit, order_id or '', robot or ''))))

    def health(ready):
        leader = port.leader()
        return ToldHealth(ready=ready, leader=leader['leader'], term=leader['term'],
                          heard_ago_s=leader['heard_ago_s'], coordinators=leader['coordinators'])

    @app.get('/health/live', tags=['health'], response_model=ToldHealth,
             openapi_extra=needs(ANYBODY))
    async def live():
        """Answer while this process works at all."""
        return answer(health(names.view() is not None))

    @app.get('/health/ready', tags=['health'], response_model=ToldHealth,
             openapi_extra=needs(ANYBODY))
    async def ready():
        """Answer 200 while a leader is heard, so that orders can be taken; else 503."""
        seen()
        return answer(health(True))
