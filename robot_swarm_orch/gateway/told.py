# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What clients get, as pydantic models, made of the fleet's own values."""

from collections import Counter
from datetime import datetime, timezone
import json
from typing import Annotated, Any, Dict, List, Optional

from fastapi.responses import Response
from pydantic import BaseModel, Field
from robot_swarm_orch.orders import Order, OrderState, OrderStatus
from robot_swarm_orch.site import PlaceKind
from robot_swarm_orch.types import FleetView, Report

STATES = tuple(state.name.lower() for state in OrderState)
ENDED = ('done', 'failed', 'cancelled', 'refused')


class Problem(BaseModel):
    """A refusal (RFC 9457)."""

    type: Annotated[str, Field(description='names the kind; the page of the interface lists them')]
    title: str
    status: int
    detail: str


class ToldStatus(BaseModel):
    """Where an order stands."""

    order_id: str
    trace_id: str
    state: Annotated[str, Field(json_schema_extra={'enum': list(STATES)})]
    robot: Optional[str] = Field(description='who carries it out')
    reason: str = Field(description='what is wrong, else why that robot; for people')
    priority: int
    deadline: Optional[str]
    missed_deadline: bool
    leg: int = Field(description='number of the part under way, from 0')
    legs: int
    index: int = Field(description='log entry that brought the state about')


class ToldLeg(BaseModel):
    """One part of a sequence."""

    kind: str
    pick: str
    drop: str
    alternates: List[str]
    places: List[str]
    load_id: str


class ToldOrder(BaseModel):
    """An order as it was handed in, with later changes."""

    order_id: str
    kind: str
    pick: str
    drop: str
    alternates: List[str]
    places: List[str]
    legs: List[ToldLeg]
    robot: Optional[str]
    load_id: str
    load_mass_kg: float
    tools: List[str]
    priority: int
    deadline: Optional[str]
    client: str


class ToldHappening(BaseModel):
    """One line of an order's history."""

    index: int
    time: Optional[str]
    state: str
    robot: Optional[str]
    reason: str
    who: str
    kind: str = Field(description='what happened, as /audit names it; empty: not kept')
    text: str = Field(description='what happened, in words')


class ToldOrderPage(BaseModel):
    """All about one order."""

    order: Optional[ToldOrder] = Field(
        description='null when it ended long ago, or the disk does not give it')
    status: ToldStatus
    history: List[ToldHappening]


class ToldOrders(BaseModel):
    """A page of orders by id; `next` is the `after` of the next page, null if there is none."""

    orders: List[ToldStatus]
    next: Optional[str]
    live: int = Field(description='orders that have not ended')


class ToldPose(BaseModel):
    """A place and heading in the map frame."""

    x_m: float
    y_m: float
    yaw_rad: float


class ToldRobot(BaseModel):
    """One robot; what only its own reports tell is null while it is not heard."""

    robot: str
    mode: str = Field(description='as the leader hears it')
    is_paused: bool
    is_drained: bool
    heard_ago_s: Optional[float]
    pose: Optional[ToldPose]
    speed_mps: Optional[float]
    battery: Optional[float] = Field(description='0 to 1')
    order_id: Optional[str]
    carrying: Optional[bool]
    limited_by: Optional[str] = Field(description='what limits its speed')
    emergency_stop: Optional[bool]
    errors: List[str]


class ToldRobots(BaseModel):
    """All robots that are enrolled, as the last leader told it."""

    robots: List[ToldRobot]
    view_age_s: float = Field(description='how long ago a leader told the modes and pauses')
    is_stale: bool = Field(description='nobody leads now: who is enrolled may have changed')


class ToldPlace(BaseModel):
    """One place of the site."""

    place: str
    kind: Annotated[str, Field(json_schema_extra={
        'enum': [kind.name.lower() for kind in PlaceKind]})]
    node: str
    areas: List[str]


class ToldPlaces(BaseModel):
    """All places of the site, by name."""

    places: List[ToldPlace]


class ToldFleet(BaseModel):
    """The fleet at a glance, as its leader tells it once a second."""

    site: str
    leader: str
    term: int
    commit_index: int
    coordinators: List[str]
    robots: Dict[str, str] = Field(description='mode of each robot')
    paused: List[str] = Field(description='robots and areas; "*": all')
    drained: List[str]
    blocked_nodes: List[str]
    blocked_streets: List[List[str]]
    orders_waiting: int
    orders_open: int
    orders_done: int
    queue_bound: int = Field(description='waiting orders that are accepted at most; 0: unknown')
    emergency_stop: bool


class ToldLine(BaseModel):
    """One fact of the log."""

    index: int
    position: int
    time: Optional[str]
    term: int
    kind: str
    text: str
    order_id: str
    robot: str
    who: str
    fields: Dict[str, Any] = Field(description='the fact in full')


class ToldLog(BaseModel):
    """
    A page of the log, oldest first; `next` is the `after` of the next page.

    A page without lines is the end; the same `next` brings later what came meanwhile.
    """

    lines: List[ToldLine]
    next: int
    oldest: int = Field(description='oldest entry that is kept')


class ToldAct(BaseModel):
    """What came of an act."""

    done: bool
    text: str
    order_id: Optional[str] = Field(None, description='the order that this brought about, if any')
    order: Optional[ToldStatus] = Field(None, description='where the order stands now, if any')


class ToldConfirmation(Problem):
    """What is about to be done, and what to send with the second call."""

    confirmation: str
    facts: Dict[str, object]


class ToldStop(BaseModel):
    """Which robots say that they obey a stop or release; here all, so none is `missing`."""

    obey: List[str]
    missing: List[str]
    text: str = Field(description='what was said to whom, and what of the asking was not read')


class ToldNotObeyed(Problem):
    """
    A stop or release that was said, but that not all robots obey (`not-obeyed`, `not-heard`).

    Refusals of other kinds are without these members.
    """

    obey: List[str]
    missing: List[str] = Field(description='robots that do not obey, or are not heard')


class ToldHealth(BaseModel):
    """How the gateway does."""

    ready: bool
    leader: Optional[str]
    term: Optional[int]
    heard_ago_s: Optional[float]
    coordinators: List[str]


def answer(told: BaseModel, status: int = 200, headers: Optional[dict] = None) -> Response:
    """Return an answer with a body."""
    return Response(told.model_dump_json(), status, headers, 'application/json')


def moment(seconds: float) -> Optional[str]:
    """Return a ROS time [s] as RFC 3339 writes it, None for 0."""
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(
        timespec='milliseconds').replace('+00:00', 'Z')


def tell_status(status: OrderStatus) -> ToldStatus:
    """Return where an order stands."""
    return ToldStatus(
        order_id=status.order_id, trace_id=status.trace_id, state=status.state.name.lower(),
        robot=status.robot or None, reason=status.reason, priority=status.priority,
        deadline=moment(status.deadline_s), missed_deadline=status.missed_deadline,
        leg=status.leg, legs=status.legs, index=status.seq)


def tell_order(order: Order) -> ToldOrder:
    """Return an order."""
    return ToldOrder(
        order_id=order.order_id, kind=order.kind.name.lower(), pick=order.pick, drop=order.drop,
        alternates=order.alternates, places=order.places, legs=[
            ToldLeg(kind=leg.kind.name.lower(), pick=leg.pick, drop=leg.drop,
                    alternates=leg.alternates, places=leg.places, load_id=leg.load_id)
            for leg in order.legs],
        robot=order.robot or None, load_id=order.load_id, load_mass_kg=order.load_mass_kg,
        tools=order.tools, priority=order.priority, deadline=moment(order.deadline_s),
        client=order.client)


def _object(text: str) -> dict:
    """Return the fields of a fact; a line about a gap has none."""
    fields = json.loads(text) if text else {}
    return fields if isinstance(fields, dict) else {'value': fields}


def tell_page(page, lines=()) -> ToldOrderPage:
    """
    Return all about one order (port.OrderPage), with the log's lines about it.

    A line belongs to what happened at its entry, in the order of both.
    """
    told, counts = {}, Counter(one.index for one in page.history)
    for line in lines:
        told.setdefault(line.index, []).append(line)
    seen = Counter()

    def words(index):
        of_entry, number = told.get(index, []), seen[index]
        seen[index] += 1
        if len(of_entry) == counts[index]:
            of_entry = of_entry[number:number + 1]
        return {'kind': ', '.join(dict.fromkeys(line.kind for line in of_entry)),
                'text': '; '.join(line.text for line in of_entry)}
    return ToldOrderPage(
        order=tell_order(page.order) if page.order else None, status=tell_status(page.status),
        history=[
            ToldHappening(index=one.index, time=moment(one.time_s), state=one.state.name.lower(),
                          robot=one.robot or None, reason=one.reason, who=one.who,
                          **words(one.index))
            for one in page.history])


def tell_log(page) -> ToldLog:
    """Return a page of the log (port.LogPage)."""
    return ToldLog(next=page.next, oldest=page.oldest, lines=[
        ToldLine(index=line.index, position=line.position, time=moment(line.time_s),
                 term=line.term, kind=line.kind, text=line.text, order_id=line.order_id,
                 robot=line.robot, who=line.who, fields=_object(line.json))
        for line in page.lines])


def tell_pose(pose) -> ToldPose:
    """Return a place and heading."""
    return ToldPose(x_m=round(pose.x_m, 3), y_m=round(pose.y_m, 3),
                    yaw_rad=round(pose.yaw_rad, 4))


def tell_places(site) -> ToldPlaces:
    """Return the places of a site."""
    return ToldPlaces(places=[
        ToldPlace(place=name, kind=place.kind.name.lower(), node=site.node_names[place.node],
                  areas=[area.name for area in site.areas if place.node in area.nodes])
        for name, place in sorted(site.places.items())])


def tell_robot(name: str, view: FleetView, report: Optional[Report] = None,
               age_s: float = 0.0) -> ToldRobot:
    """Return what is known of a robot."""
    modes = dict(zip(view.robots, view.modes))
    mode = modes[name] if name in modes else report.mode
    known = dict.fromkeys(('heard_ago_s', 'pose', 'speed_mps', 'battery', 'order_id', 'carrying',
                           'limited_by', 'emergency_stop'))
    if report is not None:
        known = {
            'heard_ago_s': round(age_s, 3), 'speed_mps': round(report.speed_mps, 3),
            'pose': tell_pose(report.pose),
            'battery': None if report.battery != report.battery else round(report.battery, 3),
            'order_id': report.order_id or None, 'carrying': report.carrying,
            'limited_by': report.safety.name.lower(), 'emergency_stop': report.emergency_stop}
    return ToldRobot(
        robot=name, mode=mode.name.lower(), is_paused=name in view.paused or '*' in view.paused,
        is_drained=name in view.drained, errors=list(report.errors) if report else [], **known)


def tell_fleet(view: FleetView, site) -> ToldFleet:
    """Return the fleet at a glance, on a site."""
    def name(node):
        return site.node_names[node] if node < len(site.node_names) else str(node)
    return ToldFleet(
        site=site.name, leader=view.leader_id, term=view.term, commit_index=view.commit_index,
        coordinators=view.coordinators, paused=view.paused, drained=view.drained,
        robots={robot: mode.name.lower() for robot, mode in zip(view.robots, view.modes)},
        blocked_nodes=[name(node) for node in view.blocked],
        blocked_streets=[[name(a), name(b)] for a, b in view.blocked_edges],
        orders_waiting=view.orders_waiting, orders_open=view.orders_open,
        orders_done=view.orders_done, queue_bound=view.queue_bound,
        emergency_stop=view.emergency_stop)
