# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What clients send, as pydantic models: nothing unknown, nothing converted, all bounded."""

from datetime import datetime, timezone
import re
import struct
from typing import Annotated, List, Literal, Optional

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from robot_swarm_orch.orders import CHOICES_MAX, Leg, LEGS_MAX, Order, OrderKind, PLACES_MAX
from robot_swarm_orch.spelling import did_you_mean

ORDER_ID = r'^[A-Za-z0-9][A-Za-z0-9_.-]{0,55}$'
ANY_ORDER_ID = r'^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'
ROBOT_ID = r'^[A-Za-z](_?[A-Za-z0-9]){0,63}$'
NAME = r'^[^\x00-\x1f\x7f]{1,128}$'
TEXT = r'^[^\x00-\x1f\x7f]{0,128}$'
EVENT_ID = r'^[0-9A-Za-z-]{1,40}$'
IN_WORDS = {
    ORDER_ID: 'must be at most 56 of A-Z a-z 0-9 _ . -, beginning with a letter or digit',
    ANY_ORDER_ID: 'must be at most 64 of A-Z a-z 0-9 _ . -, beginning with a letter or digit',
    ROBOT_ID: 'must be the id of a robot: at most 64 of A-Z a-z 0-9 and single _, beginning with '
              'a letter',
    NAME: 'must be a text of 1 to 128 characters, without control characters',
    TEXT: 'must be a text of at most 128 characters, without control characters'}
"""What the patterns ask for, to people."""
KINDS = Literal['move', 'go', 'inspect', 'charge', 'park', 'sequence']
LEG_KINDS = Literal['move', 'go', 'inspect', 'charge', 'park']
_DATE_TIME = re.compile(
    r'[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?'
    r'([Zz]|[+-][0-9]{2}:[0-9]{2})').fullmatch
_SINGLE = struct.Struct('<f')


def _moment(value):
    """Return a moment [s since the epoch] for an RFC 3339 text; ValueError for what is none."""
    if value is None:
        return None
    found = _DATE_TIME(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('must be a moment as RFC 3339 writes it, such as 2026-01-31T18:00:00Z')
    fraction, zone = found[1] or '', found[2].upper()
    whole = value[:19].upper() + ('+00:00' if zone == 'Z' else zone)
    try:
        moment = datetime.fromisoformat(whole)
        seconds = (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds()
    except (ValueError, OverflowError) as error:
        raise ValueError(f'is no moment: {error}') from error
    if not 0 <= seconds < 2 ** 31:
        raise ValueError('must lie in 1970 to 2038, as ROS times do')
    # ROS carries nanoseconds and the digest of an order is made of what it carries.
    return seconds + round(float(f'0{fraction}'), 3)


Name = Annotated[str, Field(pattern=NAME)]
Text = Annotated[str, Field(pattern=TEXT)]
RobotId = Annotated[str, Field(pattern=ROBOT_ID)]
Priority = Annotated[int, Field(ge=0, le=255)]
Moment = Annotated[Optional[float], BeforeValidator(
    _moment, json_schema_input_type=Optional[Annotated[str, Field(
        json_schema_extra={'format': 'date-time'})]])]
Choices = Annotated[List[Name], Field(max_length=CHOICES_MAX)]
Places = Annotated[List[Name], Field(max_length=PLACES_MAX)]


class Given(BaseModel):
    """What all bodies share: unknown names are refused, and values keep their types."""

    model_config = ConfigDict(extra='forbid', strict=True)


class GivenLeg(Given):
    """One part of a sequence."""

    kind: LEG_KINDS
    pick: Text = ''
    drop: Text = ''
    alternates: Choices = []
    places: Places = []
    load_id: Text = ''

    def value(self) -> Leg:
        """Return the leg."""
        return Leg(OrderKind[self.kind.upper()], self.pick, self.drop, tuple(self.alternates),
                   tuple(self.places), self.load_id)


class GivenOrder(Given):
    """An order to hand in. Which fields a kind needs is for the site's door to say."""

    model_config = ConfigDict(extra='forbid', strict=True, json_schema_extra={'examples': [
        {'kind': 'move', 'pick': 'storage_01_1_01', 'drop': 'station_03', 'load_id': 'pallet 4711',
         'priority': 200, 'deadline': '2036-01-31T18:00:00Z'},
        {'kind': 'go', 'drop': 'station_03', 'priority': 200},
        {'kind': 'inspect', 'places': ['storage_01_1_01', 'storage_01_1_02']},
        {'kind': 'charge', 'robot': 'r001'},
        {'kind': 'park', 'drop': 'parking_001', 'robot': 'r001'},
        {'kind': 'sequence', 'legs': [
            {'kind': 'move', 'pick': 'storage_01_1_01', 'drop': 'station_03'},
            {'kind': 'park', 'drop': 'parking_001'}]}]})

    order_id: Annotated[Optional[str], Field(
        pattern=ORDER_ID, description='instead of the header Idempotency-Key')] = None
    kind: KINDS
    pick: Annotated[Text, Field(description='move: where the load stands')] = ''
    drop: Annotated[Text, Field(description='where the load, or the robot, is to go')] = ''
    alternates: Annotated[Choices, Field(
        description='move: where else it may go if drop is blocked or taken, best first')] = []
    places: Annotated[Places, Field(description='inspect: what to look at')] = []
    legs: Annotated[List[GivenLeg], Field(
        max_length=LEGS_MAX, description='sequence: its parts, done by one robot')] = []
    robot: Annotated[Optional[RobotId], Field(
        description='the only robot that may do it')] = None
    load_id: Text = ''
    load_mass_kg: Annotated[float, Field(ge=0.0, le=1e5, description='0: unknown')] = 0.0
    tools: Annotated[Choices, Field(description='what the robot must have')] = []
    priority: Annotated[Priority, Field(description='higher goes first')] = 100
    deadline: Annotated[Moment, Field(description='by when it should be done')] = None

    def value(self, order_id: str, trace_id: str, client: str) -> Order:
        """Return the order, with what messages do to its numbers done to them here already."""
        return Order(
            order_id, trace_id, OrderKind[self.kind.upper()], self.pick, self.drop, self.load_id,
            self.priority, self.deadline or 0.0, tuple(self.alternates), tuple(self.places),
            tuple(leg.value() for leg in self.legs), self.robot or '',
            _SINGLE.unpack(_SINGLE.pack(self.load_mass_kg))[0], tuple(self.tools), client)


class GivenChange(Given):
    """A change of an order; what is left out stays, a deadline of null is taken away."""

    model_config = ConfigDict(extra='forbid', strict=True, json_schema_extra={
        # Not null, which examples of OpenAPI documents lose here.
        'examples': [{'priority': 250}, {'deadline': '2036-01-31T18:00:00Z'}],
        'minProperties': 1})

    priority: Annotated[Priority, Field()] = 100
    deadline: Moment = None


class GivenPlace(Given):
    """Where something stands."""

    model_config = ConfigDict(extra='forbid', strict=True, json_schema_extra={
        'examples': [{'place': 'storage_01_1_01'}]})

    place: Name


class GivenOutcome(Given):
    """Whether a pick or drop in doubt took place."""

    model_config = ConfigDict(extra='forbid', strict=True, json_schema_extra={
        'examples': [{'happened': True}]})

    happened: bool


class GivenClearance(Given):
    """A robot that is off or gone. `occupied`: nodes or places where its body still is."""

    model_config = ConfigDict(extra='forbid', strict=True, json_schema_extra={
        'examples': [{'occupied': []}, {'occupied': [], 'confirmation': '3a5f...'}]})

    occupied: Annotated[List[Name], Field(max_length=64)] = []
    confirmation: Annotated[Optional[str], Field(
        max_length=100, description='what the first call answered with')] = None


class GivenWays(Given):
    """Nodes (or places), and streets from a node to the next."""

    model_config = ConfigDict(extra='forbid', strict=True, json_schema_extra={
        'examples': [{'nodes': ['storage_01_1_01'], 'streets': []}], 'minProperties': 1})

    nodes: Annotated[List[Name], Field(max_length=256)] = []
    streets: Annotated[List[Annotated[List[Name], Field(min_length=2, max_length=2)]],
                       Field(max_length=256)] = []


class GivenStop(Given):
    """An emergency stop, or its release, of one robot or (without one) of all."""

    model_config = ConfigDict(extra='forbid', strict=True, json_schema_extra={
        'examples': [{'reason': 'spilt oil in aisle 4'}, {'robot': 'r001'}]})

    robot: Optional[RobotId] = None
    reason: Text = ''


class GivenSlot(Given):
    """Whether a storage place holds a load."""

    model_config = ConfigDict(extra='forbid', strict=True, json_schema_extra={
        'examples': [{'is_occupied': True, 'load_id': 'pallet 4711'}]})

    is_occupied: bool
    load_id: Text = ''


def words_of(error: dict) -> str:
    """Return in words what is wrong at one place of a request, for an error of pydantic's."""
    if error['type'] == 'extra_forbidden':
        name = str(error['loc'][-1])[:80]
        return f'unknown member {name!r}' + did_you_mean(name, _members(error['loc']))
    pattern = error.get('ctx', {}).get('pattern', '')
    key = pattern.startswith(ORDER_ID[:-1])  # the header takes it in quotation marks, too
    return IN_WORDS[ORDER_ID] if key else IN_WORDS.get(pattern, error['msg'])


def _members(where):
    """Return the members that may stand where an unknown one does."""
    leg = 'legs' in where[:-1]
    return {name for model in Given.__subclasses__() if (model is GivenLeg) == leg
            for name in model.model_fields}
