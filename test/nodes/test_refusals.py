# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A trouble is logged once and shown while it lasts; two robots' troubles are two."""

import pytest

pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from robot_swarm_orch.nodes.refusals import QUIET_S, Troubles  # noqa: E402
from robot_swarm_orch.nodes.wire import Wire  # noqa: E402

WARN, ERROR = 1, 2


@pytest.fixture
def wire():
    """Return a wire that has refused nothing yet."""
    return Wire('depot', 12)


@pytest.fixture
def troubles(wire):
    """Return what watches the wire."""
    return Troubles(wire)


def refuse(wire, kind, text):
    """Let a wire have refused a message of a kind."""
    wire.counters.refuse(kind)
    wire.refusals[kind] = text


def test_a_lasting_trouble_is_logged_once_and_shown_on(troubles):
    """Its figures may change meanwhile; what is shown has the newest."""
    assert troubles.look(0.0, [(WARN, 'r001 is silent for 3.0 s')]) == (
        WARN, ['r001 is silent for 3.0 s'], ['r001 is silent for 3.0 s'])
    assert troubles.look(1.0, [(WARN, 'r001 is silent for 4.0 s')]) == (
        WARN, ['r001 is silent for 4.0 s'], [])


def test_the_same_trouble_of_another_robot_is_news(troubles):
    """The digits of a name are no figure."""
    troubles.look(0.0, [(WARN, 'r001 is silent for 3.0 s')])
    assert troubles.look(1.0, [(WARN, 'r002 is silent for 3.0 s')])[2] == [
        'r002 is silent for 3.0 s']


def test_a_trouble_that_comes_back_is_logged_again(troubles):
    """It counts as over after QUIET_S; the gravest one makes the level."""
    own = [(WARN, 'disk is slow'), (ERROR, 'no lease')]
    assert troubles.look(0.0, own)[0] == ERROR
    assert troubles.look(QUIET_S, own)[2] == []
    assert troubles.look(2 * QUIET_S + 0.1, own)[2] == ['disk is slow', 'no lease']


def test_refusals_are_logged_once_counted_and_over_when_none_come(troubles, wire):
    """A sender that is wrong is mostly wrong a hundred times a second."""
    refuse(wire, 'Ack.site', 'Ack.site is "north", this is "depot"')
    level, current, news = troubles.look(0.0, [])
    assert (level, len(current), len(news)) == (WARN, 1, 1)
    assert 'refused 1 times' in current[0] and 'Ack.site is "north"' in news[0]
    refuse(wire, 'Ack.site', 'Ack.site is "north", this is "depot"')
    level, current, news = troubles.look(1.0, [])
    assert (level, news) == (WARN, []) and 'refused 2 times' in current[0]
    assert troubles.look(1.0 + QUIET_S, []) == (0, [], [])
