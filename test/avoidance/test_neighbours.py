# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0

"""How old words are, without synchronised clocks, and who is remembered."""

from hypothesis import given, settings, strategies as st
import pytest

from robot_swarm_orch.edge.neighbours import AvoidanceConfig, BORN, Neighbours, REST, X
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.types import Mode, Motion, Peer, Pose

DELAY_S = AvoidanceConfig().delay_s
UNSURE_S = 1.0


def word(robot='r1', seq=1, heard_s=10.0, x_m=0.0, boot_id=1):
    """Return a word."""
    return Peer(robot, boot_id, seq, Mode.AUTOMATIC, Pose(x_m, 0.0, 0.0), Motion(0.1, 0.0), 0.35,
                (), heard_s)


@given(st.lists(st.floats(0.0, 3.0), min_size=6, max_size=40), st.floats(0.0, DELAY_S),
       st.floats(-1e5, 1e5))
@settings(max_examples=200, deadline=None)
def test_no_word_is_taken_for_newer_than_it_is(delays_s, prompt_s, clock_s):
    """One word came promptly; then no other is thought to be younger, whatever its delay."""
    neighbours = Neighbours()
    delays_s = [prompt_s, *delays_s]
    for number, delay_s in enumerate(delays_s):
        true_s = 100.0 + 0.1 * number
        taken = neighbours.hear(word(seq=number + 1, heard_s=true_s + delay_s), true_s + clock_s)
        if taken:
            assert neighbours.table[BORN, 0] <= true_s + 1e-6
    # Nor for older than by the bound, once enough were heard.
    if taken:
        assert neighbours.table[BORN, 0] >= true_s - DELAY_S - 1e-6


def test_the_first_words_of_a_robot_count_as_older():
    """Nobody can tell yet whether one of them was prompt."""
    neighbours = Neighbours()
    ages = []
    for number in range(6):
        neighbours.hear(word(seq=number + 1, heard_s=10.0 + number), 5.0 + number)
        ages.append(10.0 + number - neighbours.table[BORN, 0])
    assert ages[:4] == pytest.approx([DELAY_S + UNSURE_S] * 4)
    assert ages[4:] == pytest.approx([DELAY_S] * 2)


def test_a_word_that_was_overtaken_changes_nothing():
    """Only the newest counts; a repeated one is no news."""
    neighbours = Neighbours()
    assert neighbours.hear(word(seq=5, x_m=5.0), 0.0)
    assert not neighbours.hear(word(seq=4, heard_s=10.5, x_m=4.0), -0.1)
    assert not neighbours.hear(word(seq=5, heard_s=10.6, x_m=9.0), 0.0)
    assert neighbours.table[X, 0] == 5.0


def test_a_new_boot_begins_its_numbers_and_its_clock_anew():
    """A restarted robot is heard at once."""
    neighbours = Neighbours()
    for number in range(6):
        neighbours.hear(word(seq=100 + number, heard_s=10.0 + number), 10.0 + number)
    assert neighbours.hear(word(seq=1, heard_s=20.0, boot_id=2, x_m=1.0), 5000.0)
    assert neighbours.table[X, 0] == 1.0
    assert neighbours.table[BORN, 0] == pytest.approx(20.0 - DELAY_S - UNSURE_S)
    # A word of the earlier boot that was held back is no news.
    assert not neighbours.hear(word(seq=107, heard_s=21.0), 10.7)
    assert neighbours.table[X, 0] == 1.0


def test_a_clock_set_back_makes_words_seem_late_until_the_windows_pass():
    """Caution first; after two minutes the new clock is believed."""
    neighbours = Neighbours()
    seq = 0
    for set_back_s, at_s in ((0.0, 10.0), (5.0, 20.0), (5.0, 75.0), (5.0, 140.0), (5.0, 141.0)):
        for _ in range(6):
            seq += 1
            neighbours.hear(word(seq=seq, heard_s=at_s), at_s - set_back_s)
        age_s = at_s - neighbours.table[BORN, 0]
        assert age_s == pytest.approx(DELAY_S + (set_back_s if at_s < 140.0 else 0.0))


def test_robots_that_left_make_room_without_moving_the_others():
    """The table grows beyond its first size, and columns stay with their names."""
    neighbours = Neighbours()
    for number in range(40):
        neighbours.hear(word(f'r{number}', x_m=float(number)), 0.0)
    for number in range(0, 40, 3):
        neighbours.left(f'r{number}')
    neighbours.left('nobody')
    assert len(neighbours) == 26
    for name in neighbours.names:
        assert neighbours.table[X, neighbours.column(name)] == float(name[1:])
    assert neighbours.column('r0') == -1


def test_silence_alone_makes_nobody_forgotten():
    """There is no call that ages: a robot stays until it is said to have left."""
    neighbours = Neighbours()
    neighbours.hear(word(), 0.0)
    neighbours.hear(word('r2', heard_s=1e6), 0.0)
    assert len(neighbours) == 2


def test_a_robot_found_standing_is_there_until_it_is_heard_again():
    """A person's word holds for a dead robot; its own word is newer."""
    neighbours = Neighbours()
    neighbours.hear(word(), 10.0)
    neighbours.found('r1', 3.0, 4.0, 12.0)
    neighbours.found('nobody', 3.0, 4.0, 12.0)
    assert neighbours.table[X, 0] == 3.0
    assert neighbours.table[REST, 0] == 12.0
    neighbours.hear(word(seq=2, heard_s=20.0, x_m=7.0), 20.0)
    assert neighbours.table[X, 0] == 7.0
    assert neighbours.table[REST, 0] == float('inf')


def test_an_expected_robot_has_a_place_in_the_table_but_no_known_one():
    """Its word is older than anything, until its first one comes; to expect again is no news."""
    neighbours = Neighbours()
    neighbours.expect('r1')
    neighbours.stands('r1', 5.0, None)  # nobody can say where: nothing changes
    assert neighbours.table[BORN, 0] < -1e8
    assert neighbours.hear(word(x_m=2.0), 0.0)
    neighbours.expect('r1')
    assert len(neighbours) == 1
    assert neighbours.table[X, 0] == 2.0


def test_settings_outside_their_range_are_named():
    """As everywhere in the package."""
    with pytest.raises(ConfigError, match='margin_m'):
        AvoidanceConfig(margin_m=0.0)
