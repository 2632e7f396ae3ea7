# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Of two that ought to be one, exactly one gives way, whatever the network does to their words."""

from itertools import permutations

from hypothesis import given, settings, strategies as st
import pytest
from robot_swarm_orch.coordinator.presence import LISTEN_S, PERIOD_S, Presence
from robot_swarm_orch.errors import ConfigError, WireError


class Party:
    """One process and what became of it."""

    def __init__(self, cluster, node, boot, began_s):
        self.cluster, self.node, self.began_s = cluster, node, began_s
        self.presence = Presence('site', cluster, node, boot, began_s)
        self.ended = ''

    def hear(self, now_s, other, word):
        """Take in a word of another one, while this one lives."""
        if not self.ended:
            self.presence.hear(now_s, other.cluster, other.node, word)

    def live(self, now_s):
        """Return the word to tell now, if any; note when this one gives way."""
        if self.ended or now_s < self.began_s:
            return None
        try:
            self.presence.check(now_s)
        except ConfigError as error:
            self.ended = str(error)
            return None
        return self.presence.word(now_s)


def live(parties, until_s, delays=None, from_s=0.0):
    """Let processes talk; each word takes the next delay [s]. Ended ones are silent."""
    post, step = [], round(from_s / 0.01)
    while step * 0.01 < until_s:
        now_s = step * 0.01
        step += 1
        for due_s, teller, word in [letter for letter in post if letter[0] <= now_s]:
            for party in parties:
                if party.began_s <= now_s:
                    party.hear(now_s, teller, word)
        post = [letter for letter in post if letter[0] > now_s]
        for party in parties:
            word = party.live(now_s)
            if word is not None:
                post.append((now_s + (next(delays) if delays else 0.001), party, word))


@settings(max_examples=100, deadline=None)
@given(st.floats(0.0, 3.0), st.lists(st.floats(0.0, 0.4), min_size=1), st.booleans())
def test_of_two_processes_under_one_id_exactly_one_ends(later_s, delays, is_swapped):
    boots = (7, 9) if is_swapped else (9, 7)
    parties = [Party('a', 'c1', boots[0], 0.0), Party('a', 'c1', boots[1], later_s)]

    def delayed():
        while True:
            yield from delays
            yield 0.001
    live(parties, later_s + 6.0, delayed())
    ended = [party for party in parties if party.ended]
    assert len(ended) == 1
    # A word that comes late makes its sender look younger: then both may stay at first, and in the
    # end their boot ids decide.
    assert later_s <= max(delays) + 0.06 or ended == [parties[1]]
    assert "two processes answer as coordinator 'c1'" in ended[0].ended


def test_the_one_that_stays_says_so_for_a_while():
    first, second = Party('a', 'c1', 1, 0.0), Party('a', 'c1', 2, 2.0)
    live([first, second], 4.0)
    assert second.ended and 'the younger one ends' in first.presence.trouble(4.0)
    assert first.presence.trouble(20.0) == ''


@pytest.mark.parametrize('order', list(permutations(('c1', 'c2', 'c3'))))
def test_of_two_fleets_on_a_site_the_younger_one_ends_though_its_rival_was_just_restarted(order):
    old = [Party('old', node, 10 + k, 0.0) for k, node in enumerate(order)]
    restarted = Party('old', order[0], 20, 6.0)
    young = [Party('young', node, 30 + k, 5.0) for k, node in enumerate(order)]
    live(old, 4.0)
    live([*old[1:], restarted, *young], 9.0, from_s=4.0)
    assert all('two fleets on site_id' in party.ended for party in young)
    assert not any(party.ended for party in (*old, restarted))


def test_a_coordinator_listens_before_it_speaks():
    presence = Presence('site', 'a', 'c1', 1, 50.0)
    assert not presence.may_speak(50.0 + LISTEN_S - 0.01)
    assert presence.may_speak(50.0 + LISTEN_S)
    assert LISTEN_S > 2.0 * PERIOD_S


def test_it_hears_itself_and_its_peers_without_ado():
    first, peer = Party('a', 'c1', 1, 0.0), Party('a', 'c2', 2, 0.0)
    live([first, peer], 2.0)
    assert not first.ended and not peer.ended and first.presence.trouble(2.0) == ''


@pytest.mark.parametrize('word', [b'', b'\x01', b'\x94\x02\x01\x01\x01', b'\x93\x01\x01\x01',
                                  b'\x94\x01\xc0\x01\x01', b'\x94\x01\x01\xff\x01'])
def test_bytes_that_are_no_presence_are_refused(word):
    with pytest.raises(WireError):
        Presence('site', 'a', 'c1', 1, 0.0).hear(1.0, 'a', 'c2', word)
