# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Neighbours: the newest word of each, and who is near."""

from math import hypot

from hypothesis import given, strategies as st

from robot_swarm_orch.edge.peers import PeerTable
from robot_swarm_orch.types import Mode, Motion, Peer, Pose


def peer(robot='p', x=0.0, y=0.0, seq=1, boot=1, heard_s=0.0):
    """Return a standing neighbour."""
    return Peer(robot, boot, seq, Mode.AUTOMATIC, Pose(x, y, 0.0), Motion(0.0, 0.0), 0.75, (),
                heard_s)


def names(table, *args, **options):
    """Return the names of those who are near."""
    return sorted(p.robot for p in table.near(*args, **options))


def test_an_empty_table_knows_nobody():
    assert PeerTable().near(0.0, 0.0, 9.0, 0.0) == []


def test_a_later_word_replaces_an_earlier_one_and_never_the_other_way():
    table = PeerTable()
    assert table.update(peer(seq=5, x=1.0))
    assert not table.update(peer(seq=4, x=2.0, heard_s=0.1))
    assert not table.update(peer(seq=5, x=3.0, heard_s=0.1))
    assert table.update(peer(seq=6, x=4.0, heard_s=0.1)) and table.get('p').pose.x_m == 4.0


def test_a_new_boot_may_count_from_one_again():
    table = PeerTable()
    table.update(peer(seq=900))
    assert table.update(peer(seq=1, boot=2, heard_s=0.1))


def test_silent_robots_are_left_out_and_then_forgotten():
    table = PeerTable(forget_s=2.0)
    table.update(peer(heard_s=1.0))
    assert names(table, 0, 0, 9, 3.0) == ['p'] and names(table, 0, 0, 9, 3.1) == []
    table.forget(3.1)
    assert len(table) == 0


def test_one_is_not_ones_own_neighbour():
    table = PeerTable()
    table.update(peer('a'))
    table.update(peer('b', x=1.0))
    assert names(table, 0, 0, 9, 0.0, but='a') == ['b']


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), max_size=20), st.floats(0, 9))
def test_near_is_within_the_radius(points, radius):
    table = PeerTable()
    for number, (x, y) in enumerate(points):
        table.update(peer(f'{number:02d}', x, y))
    near = set(names(table, 1.0, -2.0, radius, 0.0))
    for number, (x, y) in enumerate(points):
        distance = hypot(x - 1.0, y + 2.0)
        if abs(distance - radius) > 1e-9:
            assert (f'{number:02d}' in near) == (distance < radius)
