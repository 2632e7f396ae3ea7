# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Ground truth is read back as it was written."""

import json

import pytest
from robot_swarm_orch.demo.truth import read_truth
from robot_swarm_orch.errors import WireError


def line(t, event, **values):
    """Return one line of ground truth."""
    return json.dumps({'t': t, 'event': event, **values}) + '\n'


def moves(*pairs):
    """Return lines of motion from (time, robot, moves)."""
    return [line(t, 'moves' if on else 'rests', robot=robot) for t, robot, on in pairs]


def test_the_last_robot_at_rest_is_found():
    truth = read_truth(moves((1, 'r1', True), (2, 'r2', True), (11, 'r2', False),
                             (12.5, 'r1', False), (20, 'r1', True)))
    assert truth.moving_at(5.0) == {'r1', 'r2'}
    assert truth.all_at_rest_s(10.0, 19.0) == 12.5
    assert truth.all_at_rest_s(10.0, 12.0) is None
    assert truth.first_move_s('r1', 13.0) == 20
    assert truth.first_move_s('r2', 13.0) is None
    assert truth.first_move_s('r2', 5.0) == 5.0


def test_a_fleet_that_rests_already_is_at_rest_at_once():
    truth = read_truth(moves((1, 'r1', True), (2, 'r1', False)))
    assert truth.all_at_rest_s(10.0, 19.0) == 10.0


def test_a_robot_that_starts_again_after_the_others_stopped_counts():
    truth = read_truth(moves((1, 'r1', True), (11, 'r1', False), (13, 'r2', True),
                             (14, 'r2', False)))
    assert truth.all_at_rest_s(10.0, 19.0) == 14


def test_a_repeated_pick_or_drop_is_named():
    truth = read_truth([line(1, 'pick_started', order='a'), line(2, 'drop_started', order='a'),
                        line(3, 'drop', order='a'), line(4, 'pick_started', order='b'),
                        line(5, 'pick_started', order='b')])
    assert truth.repeated() == {'b': '2 picks'}
    assert truth.dropped() == {'a'}
    assert truth.drops_between(3.0, 4.0) == 1
    assert truth.drops_between(3.1, 4.0) == 0


def test_a_cut_off_last_line_is_left_out():
    truth = read_truth([line(0, 'start', robots=['r1']), '{"t": 3, "ev'])
    assert truth.robots == ('r1',)
    assert not truth.ended


def test_a_malformed_line_in_the_middle_is_refused_with_its_number():
    with pytest.raises(WireError, match='line 2'):
        read_truth([line(0, 'start', robots=[]), '{"t": 3}\n', line(4, 'end')])


def test_moving_robots_are_counted_over_time():
    truth = read_truth(moves((0.0, 'r1', True), (1.5, 'r2', True), (3.2, 'r1', False)))
    assert truth.moving_counts() == [(0.0, 0), (1.0, 1), (2.0, 2), (3.0, 2)]
