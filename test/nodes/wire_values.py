# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Hypothesis strategies for every value that travels, as healthy senders make them."""

from math import nan

from hypothesis import strategies as st
from robot_swarm_orch import types as t
from robot_swarm_orch.bids import Bid, CallForBids

NODE_COUNT = 1000
SITE = 'north'

f32 = {'width': 32, 'allow_nan': False, 'allow_infinity': False}
numbers = st.integers(0, (1 << 62) - 1)
boots = st.integers(1, (1 << 64) - 1)
robots = st.from_regex(r'[A-Za-z](_?[A-Za-z0-9]){0,20}', fullmatch=True)
ids = st.from_regex(r'[A-Za-z0-9_.-]{1,64}', fullmatch=True)
texts = st.text(st.characters(blacklist_categories=('Cs',), blacklist_characters='\0'),
                max_size=60)
nodes = st.lists(st.integers(0, NODE_COUNT - 1), max_size=30).map(tuple)
node = st.integers(0, NODE_COUNT - 1)
edges = st.lists(st.tuples(node, node), max_size=5).map(tuple)
metres = st.floats(-1e5, 1e5, allow_nan=False)
poses = st.builds(t.Pose, metres, metres, st.floats(-3.140625, 3.140625, **f32))
speeds = st.floats(-5.0, 5.0, **f32)
small = st.floats(0.0, 10.0, **f32)
bytes8 = st.integers(0, 255)
words16 = st.integers(0, (1 << 16) - 1)
# A time in whole milliseconds survives the message's nanoseconds.
times = st.integers(0, 2_000_000_000_000).map(lambda ms: ms / 1000.0)
modes = st.sampled_from(t.Mode)
choices = st.lists(texts, max_size=3).map(tuple)
kinds_of_leg = st.sampled_from([kind for kind in t.OrderKind if kind != t.OrderKind.SEQUENCE])
legs = st.lists(st.builds(t.Leg, kinds_of_leg, texts, texts, choices, choices, texts),
                max_size=3).map(tuple)

VALUES = {
    'call': st.builds(
        CallForBids, numbers, numbers, st.lists(robots, max_size=9).map(tuple),
        st.lists(node, max_size=4).map(tuple)),
    'bid': st.builds(
        Bid, robots, boots, numbers, numbers, node,
        st.lists(st.tuples(node, st.floats(0.0, 1000.0, **f32)), max_size=4).map(tuple),
        st.one_of(st.just(nan), st.floats(0.0, 1.0, **f32)), st.floats(0.0, 1000.0, **f32),
        choices),
    'report': st.builds(
        t.Report, robots, boots, numbers, modes, boots, nodes, nodes, poses, speeds,
        st.integers(-1, NODE_COUNT - 1), numbers, numbers, numbers, st.one_of(st.just(''), ids),
        st.booleans(), st.one_of(st.just(nan), st.floats(0.0, 1000.0, **f32)),
        st.one_of(st.just(nan), st.floats(0.0, 1.0, **f32)), small, small,
        st.sampled_from(t.Reason), st.booleans(), st.lists(texts, max_size=4).map(tuple)),
    'state': st.builds(
        t.Peer, robots, boots, numbers, modes, poses, st.builds(t.Motion, speeds, speeds), small,
        nodes, st.just(12.5), st.booleans(), small),
    'lease': st.builds(
        t.Lease, numbers, ids, numbers, small,
        st.lists(st.tuples(robots, numbers), max_size=20).map(tuple), small),
    'grant': st.builds(
        t.Grant, robots, boots, boots, numbers, numbers, numbers, nodes,
        st.sampled_from(t.GrantStatus), numbers, st.integers(-1, NODE_COUNT - 1), bytes8, texts),
    'command': st.builds(
        t.Command, robots, boots, ids, texts, numbers, numbers, numbers, small,
        st.sampled_from(t.CommandKind), node, texts, numbers, st.one_of(st.just(''), ids), bytes8,
        bytes8, times),
    'ack': st.builds(
        t.Ack, robots, boots, ids, texts, numbers, numbers, numbers, st.sampled_from(t.Outcome),
        texts),
    'view': st.builds(
        lambda term, leader, commit, site, coordinators, pairs, blocked, *rest: t.FleetView(
            term, leader, commit, site, coordinators, tuple(r for r, _ in pairs),
            tuple(m for _, m in pairs), blocked, *rest),
        numbers, ids, numbers, boots, st.lists(ids, max_size=5).map(tuple),
        st.lists(st.tuples(robots, modes), max_size=10), nodes, st.integers(0, 1 << 31),
        st.integers(0, 1 << 31), numbers, st.booleans(), edges,
        st.lists(st.tuples(robots, node), max_size=5).map(tuple), choices,
        st.lists(robots, max_size=3).map(tuple), st.integers(0, 1 << 31)),
    'order': st.builds(
        t.Order, ids, ids, st.sampled_from(t.OrderKind), texts, texts, texts, bytes8, times,
        choices, choices, legs, st.one_of(st.just(''), robots), small, choices, texts),
    'status': st.builds(
        t.OrderStatus, ids, texts, numbers, numbers, st.sampled_from(t.OrderState),
        st.one_of(st.just(''), robots), texts, bytes8, times, numbers, words16, words16,
        st.booleans()),
    'order_event': st.builds(
        t.OrderEvent, numbers, times, st.sampled_from(t.OrderState),
        st.one_of(st.just(''), robots), texts, texts),
    'log_line': st.builds(
        t.LogLine, numbers, words16, times, numbers, texts, texts, st.one_of(st.just(''), ids),
        st.one_of(st.just(''), robots), texts, texts),
    'stop': st.builds(t.EmergencyStop, texts, numbers, st.booleans(), texts),
    'operation': st.one_of(
        st.builds(t.Enrolment, robots, node, texts), st.builds(t.Clearance, robots, nodes, texts),
        st.builds(t.Settlement, robots, st.booleans(), texts),
        st.builds(t.GroupAct, st.sampled_from(t.GroupVerb), ids, texts),
        st.builds(t.Blockage, nodes, edges, st.booleans(), texts),
        st.builds(t.Cancellation, ids, texts),
        st.builds(t.Amendment, ids, st.integers(-1, 255), st.one_of(st.just(-1.0), times), texts),
        st.builds(t.Pause, robots, st.just(''), st.booleans(), texts),
        st.builds(t.Pause, st.just(''), texts, st.booleans(), texts),
        st.builds(t.Drain, robots, st.booleans(), texts),
        st.builds(t.Stranding, robots, texts, texts),
        st.builds(t.SlotWord, texts, st.just(True), texts, texts),
        st.builds(t.AuditNote, texts, texts, texts)),
}
