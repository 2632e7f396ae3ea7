# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What our nodes say arrives as it was meant; what no healthy sender says is refused."""

from dataclasses import replace
from math import nan
from pathlib import Path
import sys

from hypothesis import given, settings, strategies as st
import pytest

pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from rclpy.serialization import deserialize_message, serialize_message  # noqa: E402
from robot_swarm_orch import msg as messages, types as t  # noqa: E402
from robot_swarm_orch.bids import Bid, CallForBids  # noqa: E402
from robot_swarm_orch.errors import WireError  # noqa: E402
from robot_swarm_orch.nodes.wire import canonical_bytes, Wire  # noqa: E402
from robot_swarm_orch.raft import Append, Entry, Vote  # noqa: E402
from robot_swarm_orch.srv import Operate  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))
from wire_values import NODE_COUNT, SITE, VALUES  # noqa: E402


@pytest.fixture(scope='module')
def wire():
    """Return the wire of the site under test."""
    made = Wire(SITE, NODE_COUNT)
    made.set_time(1_700_000_000_123_456_789)
    return made


def write(wire, kind, value):
    """Return a value's message after a journey through serialization."""
    msg = getattr(wire, f'write_{kind}')(value)
    return deserialize_message(serialize_message(msg), type(msg))


def read(wire, kind, msg):
    """Return the value behind a message."""
    more = (12.5,) if kind == 'state' else ()
    return getattr(wire, f'read_{kind}')(msg, *more)


@pytest.mark.parametrize('kind', sorted(VALUES))
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_value_arrives_as_it_was_sent(wire, kind, data):
    """Writing, serializing, reading: the same value."""
    value = data.draw(VALUES[kind])
    # repr compares NaN with NaN, and the tuple of two equal floats with itself.
    assert repr(read(wire, kind, write(wire, kind, value))) == repr(value)


@pytest.mark.parametrize('kind', sorted(set(VALUES) - {'operation', 'order_event', 'log_line'}))
@given(data=st.data())
@settings(max_examples=3, deadline=None)
def test_a_message_of_another_site_is_refused_and_counted(kind, data):
    """Two sites on one network never hear each other."""
    here, there = Wire(SITE, NODE_COUNT), Wire('south', NODE_COUNT)
    msg = write(there, kind, data.draw(VALUES[kind]))
    with pytest.raises(WireError, match='site_id'):
        read(here, kind, msg)
    reader = getattr(here, f'read_{kind}')
    assert here.hear(reader, msg, *((1.0,) if kind == 'state' else ())) is None
    assert here.counters.refused == {f'{type(msg).__name__}.site_id': 1}


EXAMPLES = {
    'report': t.Report('r1', 7, 1, t.Mode.AUTOMATIC, 5, (1,), (2,), t.Pose(1.0, 2.0, 0.5)),
    'state': t.Peer('r1', 7, 1, t.Mode.AUTOMATIC, t.Pose(1.0, 2.0, 0.5), t.STANDSTILL, 0.7, (1,),
                    12.5),
    'lease': t.Lease(1, 'c1', 1, 1.0, (('r1', 3),)),
    'grant': t.Grant('r1', 7, 5, 1, 1, 1, (1, 2)),
    'command': t.Command('r1', 7, 'id-1', '', 1, 1, 1, 5.0, t.CommandKind.GO, 3),
    'ack': t.Ack('r1', 7, 'id-1', '', 1, 1, 1, t.Outcome.DONE),
    'view': t.FleetView(1, 'c1', 1, 5, ('c1',), ('r1',), (t.Mode.LOST,), (3,), 0, 0, 0),
    'order': t.Order('o1', 'o1', t.OrderKind.MOVE, 'a', 'b'),
    'status': t.OrderStatus('o1', 'o1', 1, 1, t.OrderState.DONE),
    'order_event': t.OrderEvent(7, 1.5, t.OrderState.DONE),
    'log_line': t.LogLine(7, 0, 1.5, 1, 'OrderPlaced', 'order o1 was accepted'),
    'stop': t.EmergencyStop('panel', 1, True),
    'operation': t.Enrolment('r1', 3),
    'call': CallForBids(1, 2, ('r1', 'r2'), (3, 4)),
    'bid': Bid('r1', 7, 1, 2, 3, ((4, 12.5), (5, 20.0)), 0.5, 100.0, ('fork',)),
}


def test_a_word_from_a_free_zone_carries_when_it_was_sent():
    """By the sender's clock, from the header; elsewhere nobody needs it."""
    wire = Wire(SITE, NODE_COUNT)
    wire.set_time(1_700_000_000_250_000_000)
    word = replace(EXAMPLES['state'], roster=17)
    heard = wire.read_state(wire.write_state(word), 12.5)
    assert (heard.sent_s, heard.roster) == (1_700_000_000.25, 17)
    assert wire.read_state(wire.write_state(EXAMPLES['state']), 12.5) == EXAMPLES['state']


INF, BIG, LONG = float('inf'), 1 << 63, 'x' * 10_000
WRONG = {
    'report': [
        ('robot_id', ''), ('robot_id', '1r'), ('robot_id', 'a b'), ('robot_id', 'a__b'),
        ('robot_id', LONG), ('robot_id', '../r1'), ('seq', BIG), ('mode', 9), ('safety', 99),
        ('x', nan), ('y', INF), ('x', 2e6), ('yaw', nan), ('yaw', 3.2), ('speed', nan),
        ('speed', 51.0), ('pose_error', nan), ('pose_error', -0.1), ('footprint_radius', nan),
        ('held', [NODE_COUNT]), ('wanted', [NODE_COUNT]), ('held', [0] * 5000),
        ('goal', -2), ('goal', NODE_COUNT), ('term', BIG), ('lease_seq', BIG),
        ('command_seq', BIG), ('order_id', 'no spaces'), ('order_id', LONG), ('load_mass', INF),
        ('battery', 1.5), ('battery', -0.1), ('errors', [LONG]), ('errors', ['e'] * 33)],
    'state': [
        ('robot_id', ''), ('mode', 200), ('x', nan), ('yaw', INF), ('speed', nan),
        ('yaw_rate', INF), ('held', [NODE_COUNT]), ('pose_error', nan), ('seq', BIG),
        ('footprint_radius', -1.0)],
    'lease': [
        ('term', BIG), ('leader_id', ''), ('leader_id', 'a b'), ('seq', BIG), ('duration', nan),
        ('duration', -0.1), ('duration', INF), ('report_period', nan), ('robots', []),
        ('robots', ['r'] * 2)],
    'grant': [
        ('robot_id', ''), ('term', BIG), ('ack_seq', BIG), ('heard_seq', BIG),
        ('nodes', [NODE_COUNT]), ('status', 4), ('advice', -2), ('advice', NODE_COUNT),
        ('reason', LONG), ('seq', BIG)],
    'command': [
        ('robot_id', 'a-b'), ('command_id', ''), ('command_id', 'a b'), ('trace_id', LONG),
        ('term', BIG), ('seq', BIG), ('heard_seq', BIG), ('ttl', nan), ('ttl', -1.0),
        ('ttl', INF), ('kind', 0), ('kind', 9), ('node', NODE_COUNT), ('place', LONG),
        ('target_seq', BIG), ('order_id', 'a/b')],
    'ack': [
        ('robot_id', ''), ('command_id', 'a b'), ('trace_id', LONG), ('outcome', 0),
        ('outcome', 7), ('reason', LONG), ('seq', BIG), ('ack_seq', BIG), ('term', BIG)],
    'view': [
        ('leader_id', 'a b'), ('robots', ['r1', 'r2']), ('robots', ['1']), ('modes', [9]),
        ('blocked', [NODE_COUNT]), ('coordinators', ['c'] * 65), ('term', BIG),
        ('zone_robots', ['r1'])],
    'order': [
        ('order_id', ''), ('order_id', 'a b'), ('order_id', 'x' * 65), ('kind', 0), ('kind', 7),
        ('pick', LONG), ('drop', LONG), ('load_id', LONG), ('trace_id', LONG),
        ('alternates', [LONG]), ('alternates', ['a'] * 17), ('places', ['p'] * 1001),
        ('tools', [LONG]), ('robot_id', '1'), ('load_mass_kg', nan), ('load_mass_kg', -1.0),
        ('client', LONG), ('legs', [messages.TaskLeg(kind=1)] * 33),
        ('legs', [messages.TaskLeg(kind=6)]), ('legs', [messages.TaskLeg(kind=1, pick=LONG)])],
    'status': [
        ('order_id', ''), ('state', 14), ('robot_id', '1'), ('reason', LONG), ('term', BIG)],
    'order_event': [
        ('index', BIG), ('state', 14), ('robot_id', '1'), ('reason', LONG), ('who', LONG)],
    'log_line': [
        ('index', BIG), ('term', BIG), ('kind', LONG), ('text', LONG), ('order_id', 'a b'),
        ('robot_id', '1'), ('who', LONG), ('json', 'x' * (1 << 21))],
    'stop': [('source', LONG), ('seq', BIG), ('reason', LONG)],
    'call': [
        ('term', BIG), ('robots', ['a b']), ('goals', [NODE_COUNT]), ('goals', [1] * 5000),
        ('robots', ['r1'] * 5000)],
    'bid': [
        ('robot_id', ''), ('term', BIG), ('node', NODE_COUNT), ('goals', [NODE_COUNT, 1]),
        ('goals', [1]), ('battery', 1.5), ('payload_max', nan), ('tools', [LONG])],
    'operation': [
        ('verb', 0), ('verb', 19), ('robot_id', ''), ('node', NODE_COUNT), ('operator_id', LONG)],
}


@pytest.mark.parametrize('kind, field, value', [
    (kind, field, value) for kind, cases in WRONG.items() for field, value in cases])
def test_what_no_healthy_sender_says_is_refused(wire, kind, field, value):
    """One wrong field, and nothing of the message is used; the text names message and field."""
    msg = write(wire, kind, EXAMPLES[kind])
    read(wire, kind, msg)
    setattr(msg, field, value)
    with pytest.raises(WireError) as refusal:
        read(wire, kind, msg)
    assert str(refusal.value).startswith(f'{type(msg).__name__}.')
    assert len(str(refusal.value)) < 300


def test_every_message_of_the_package_has_a_pair_of_functions():
    """Nobody adds a message and reads it unchecked."""
    robot_wire = pytest.importorskip('robot_swarm_orch.nodes.robot_wire')
    written = {type(getattr(Wire(SITE), f'write_{kind}')(value)).__name__
               for kind, value in EXAMPLES.items()}
    own = {'LoadCommand': 'load_request', 'LoadState': 'load_reading', 'SafetyState': 'safety'}
    for name in own.values():
        assert hasattr(robot_wire, f'read_{name}') and hasattr(robot_wire, f'write_{name}')
    # Detections are written and read by `camera_wire.py`, with its own tests.
    known = written | set(own) | {'RaftMessage', 'Detection', 'Detections', 'TaskLeg'}
    assert {name for name in dir(messages) if name[0].isupper()} <= known


APPEND = Append('c2', 'c1', 3, 7, 2, (Entry(3, 8, b'\x00\xff' * 100),), 7)


def test_a_consensus_message_arrives_as_it_was_sent(wire):
    """The envelope adds nothing and loses nothing."""
    msg = wire.write_raft(APPEND, 'demo')
    msg = deserialize_message(serialize_message(msg), type(msg))
    assert wire.read_raft(msg, 'demo') == APPEND


@pytest.mark.parametrize('field, value', [
    ('site_id', 'south'), ('cluster_id', 'other'), ('version', 2), ('sender', 'c3'), ('to', 'c3'),
    ('payload', b''), ('payload', b'\xc1'), ('payload', b'\x00' * 40)])
def test_an_envelope_that_is_not_ours_is_refused(wire, field, value):
    """Another cluster, another version, a sender that differs inside: refused."""
    msg = wire.write_raft(APPEND, 'demo')
    setattr(msg, field, value)
    with pytest.raises(WireError, match='RaftMessage.'):
        wire.read_raft(msg, 'demo')


def test_signatures_cover_all_but_themselves(wire):
    """Equal content gives equal bytes after a journey; any other field changes them."""
    sent = wire.write_report(EXAMPLES['report'])
    heard = deserialize_message(serialize_message(sent), type(sent))
    assert canonical_bytes(sent) == canonical_bytes(heard)
    heard.signature, heard.key_id = [1, 2, 3], 'k1'
    assert canonical_bytes(sent) == canonical_bytes(heard)
    for field, value in (('robot_id', 'r2'), ('seq', 2), ('held', [9]), ('yaw', 0.25),
                         ('site_id', 'south')):
        other = deserialize_message(serialize_message(sent), type(sent))
        setattr(other, field, value)
        assert canonical_bytes(other) != canonical_bytes(sent), field


def test_messages_of_two_types_never_have_the_same_canonical_bytes(wire):
    """A signed order can't be passed off as a signed status."""
    vote = wire.write_raft(Vote('c2', 'c1', 1, 0, 0), 'demo')
    assert len({canonical_bytes(messages.CommandAck()), canonical_bytes(messages.TaskStatus()),
                canonical_bytes(messages.EmergencyStop()), canonical_bytes(vote)}) == 4


def test_operations_name_their_verb(wire):
    """An act written is the act read."""
    assert wire.write_operation(t.Blockage((), ((1, 2),), False)).verb == Operate.Request.UNBLOCK
    assert wire.write_operation(t.Clearance('r1', (3,))).verb == Operate.Request.CLEAR


def test_streets_that_do_not_pair_are_refused(wire):
    """Half a street is no street."""
    with pytest.raises(WireError, match='3 nodes do not pair'):
        wire.read_operation(Operate.Request(verb=Operate.Request.BLOCK, edges=[1, 2, 3]))
