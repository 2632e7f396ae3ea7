# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A wrong name gets the likely right one, quickly however many there are."""

from time import perf_counter

from robot_swarm_orch.spelling import did_you_mean


def test_a_slip_of_the_pen_is_answered_with_what_was_meant():
    assert did_you_mean('speed_mp', ['speed_mps', 'tick_s']) == ": did you mean 'speed_mps'?"
    assert did_you_mean('dekc', ['shelf', 'desk']) == ": did you mean 'desk'?"


def test_a_word_like_no_other_gets_no_advice():
    assert did_you_mean('xyzzy', ['speed_mps', 'tick_s']) == ''


def test_among_thousands_of_names_it_costs_little_and_still_finds_the_neighbour():
    names = [f'storage_{column:03d}_{row:02d}' for column in range(100) for row in range(50)]
    assert "'storage_042_07'" in did_you_mean('storage_042_077', names)
    began_s = perf_counter()
    did_you_mean('storage_xyz', names)
    assert perf_counter() - began_s < 0.1
