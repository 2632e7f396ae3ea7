# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The geometry of movement authority: what the body touches, and how far the base reaches."""

from edge_rig import corner_site, line_site
import pytest

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.base import locate, Roadmap, Track, until_return
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import Pose

CONFIG = RobotConfig()


def track(nodes, site=None):
    """Return a track on the straight street."""
    return Track(Roadmap(site or line_site()), CONFIG, nodes)


@pytest.fixture(scope='module')
def crossing():
    """Two streets that cross without a common node: a conflict node 4 guards both edges."""
    return load_site({'name': 'x', 'nodes': {'w': [-2, 0], 'e': [2, 0], 's': [0, -2], 'n': [0, 2]},
                      'edges': [['w', 'e'], ['s', 'n'], ['w', 's'], ['e', 'n']]})


def test_a_standing_robot_needs_only_the_node_it_stands_at():
    t = track(range(6))
    assert t.committed(0.0, 0.0, 0.0) == 0 and t.needed(0.0, 0.0, 0) == [0]


def test_a_robot_at_full_speed_needs_all_nodes_until_it_can_stop():
    t = track(range(6))
    assert t.committed(0.5, 0.0, 1.5) == 2 and t.needed(0.5, 0.0, 2) == [0, 1, 2]


def test_a_node_is_needed_until_the_body_has_left_it():
    t = track(range(6))
    assert t.needed(1.69, 0.0, 1) == [0, 1] and t.needed(1.71, 0.0, 1) == [1]


def test_a_robot_at_rest_between_nodes_needs_both():
    t = track(range(6))
    assert t.committed(0.9, 0.0, 0.0) == 1 and t.needed(0.9, 0.0, 1) == [0, 1]


def test_nodes_are_passed_at_speed_and_arrived_at_at_rest():
    t = track(range(6))
    assert not t.pass_nodes(1.99, 0.0, False) and t.nodes[0] == 0
    assert t.pass_nodes(1.97, 0.0, True) and t.nodes[0] == 1
    assert t.pass_nodes(6.1, 0.0, False) and t.nodes[0] == 3


@pytest.mark.parametrize('held, x, inside', [
    ((0,), 0.09, True), ((0,), 0.11, False), ((0, 1), 0.11, True), ((1,), 1.65, False),
    ((1,), 1.71, True), ((), 0.0, False)])
def test_a_body_is_inside_at_a_held_node_or_on_an_edge_it_holds(held, x, inside):
    assert track(range(6)).inside(frozenset(held), x, 0.0, 0.1) == inside
    assert not track(range(6)).inside(frozenset(held), x, 0.4, 0.1)


def test_a_robot_that_rolls_past_its_node_by_a_little_does_not_drive_on_unheld_nodes():
    t = track(range(6))
    held = frozenset((0,))
    assert t.committed(0.02, 0.0, 0.15) == 1
    assert t.inside(held, 0.02, 0.0, 0.1) and t.base(held, 0.02, 0.0).edges == ()


def test_the_horizon_names_off_route_nodes_before_the_node_they_guard(crossing):
    t = track((0, 1, 3), crossing)
    ahead = t.horizon(8)
    assert ahead.index(1) < ahead.index(3)
    extras = [node for node in crossing.lock_set(0, 1) if node not in (0, 1)]
    assert extras and ahead[:len(extras)] == extras


def test_the_run_ends_before_the_first_edge_with_a_missing_lock(crossing):
    t = track((0, 1, 3), crossing)
    assert t.base(frozenset((0, 1, 3)), 0.0, 0.0).edges == ()
    everything = frozenset(range(crossing.node_count))
    assert len(t.base(everything, 0.0, 0.0).edges) == 2


def test_the_horizon_does_not_end_on_a_junction():
    # A street n0 .. n6 with side streets at n2, n3 and n4.
    nodes = {f'n{i}': [2.0 * i, 0.0] for i in range(7)}
    nodes.update({f's{i}_{j}': [2.0 * i, 2.0 * j] for i in (2, 3, 4) for j in (1, 2)})
    edges = [[f'n{i}', f'n{i + 1}'] for i in range(6)]
    edges += [edge for i in (2, 3, 4) for edge in ([f'n{i}', f's{i}_1'], [f's{i}_1', f's{i}_2'])]
    site = load_site({'nodes': nodes, 'edges': edges})
    t = Track(Roadmap(site), CONFIG, (1, 2, 3, 4, 5, 6))
    assert site.is_junction(2) and not site.is_junction(5)
    assert t.horizon(1) == [2, 3, 4, 5]


def test_only_the_straight_part_of_the_run_is_room_to_stop_in():
    t = track(range(7), corner_site())
    base = t.base(frozenset(range(7)), 0.0, 0.0)
    assert base.straight_m == pytest.approx(6.0) and base.to_stop_m(1.0, 0.0) == pytest.approx(5.0)
    assert base.turn_edge.a == 3 and not base.waits


def test_a_run_that_ends_for_want_of_a_node_waits():
    base = track(range(6)).base(frozenset((0, 1, 2)), 0.0, 0.0)
    assert base.waits and base.straight_m == pytest.approx(4.0)
    assert not track(range(3)).base(frozenset((0, 1, 2)), 0.0, 0.0).waits


def test_an_entered_edge_belongs_to_the_run_though_its_start_was_given_back():
    t = track(range(6))
    assert len(t.base(frozenset((1, 2)), 1.8, 0.0).edges) == 2
    assert t.base(frozenset((1, 2)), 0.0, 0.0).edges == ()


@pytest.mark.parametrize('held, pose, nodes', [
    ((3,), Pose(6.05, 0.0, 0.0), (3,)),
    ((3,), Pose(6.2, 0.0, 0.0), (4, 3)),
    ((3,), Pose(6.4, 0.0, 0.0), ()),
    ((3, 4), Pose(7.0, 0.05, 0.1), (3, 4)),
    ((3, 4), Pose(7.0, 0.05, 3.1), (4, 3)),
    ((3, 4), Pose(7.0, 0.2, 0.1), ()),
    ((4,), Pose(7.8, 0.0, 0.0), (3, 4)),
    ((4,), Pose(7.5, 0.0, 0.0), ()),
    ((), Pose(6.0, 0.0, 0.0), ()),
])
def test_a_robot_finds_its_place_only_inside_what_it_holds(held, pose, nodes):
    assert locate(Roadmap(line_site()), held, pose, 0.1) == nodes


def test_a_way_round_a_block_is_wanted_only_up_to_the_node_just_left():
    # The robot drives on node 3, has just left 2, and its way leads round to 2 again.
    assert until_return([4, 5, 6, 1, 2], (2, 3, 4, 5), [3]) == [4, 5, 6, 1]
    # Once 2 is given back it is a node as any other.
    assert until_return([4, 5, 6, 1, 2], (3, 4, 5), [3]) == [4, 5, 6, 1, 2]
    # While the body is still in it, there is nothing to give back.
    assert until_return([4, 5, 6, 1, 2], (2, 3, 4, 5), [2, 3]) == [4, 5, 6, 1, 2]


def test_a_lock_node_of_two_edges_in_a_row_ends_no_horizon():
    assert until_return([9, 4, 9, 5], (3, 9), [3]) == [9, 4, 9, 5]
