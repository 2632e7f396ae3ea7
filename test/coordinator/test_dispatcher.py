# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""When open commands go out."""

from random import Random

import pytest
from robot_swarm_orch.config import CoordinatorConfig
from robot_swarm_orch.coordinator.dispatcher import Dispatcher, is_last_word
from robot_swarm_orch.types import Ack, Outcome

CONFIG = CoordinatorConfig(resend_first_s=0.3, resend_max_s=3.0)


def times_sent(dispatcher, until_s, start_s=0.0):
    """Return the times in [start, until) at which robot r is due, asked every 10 ms."""
    steps = range(round(start_s * 100), round(until_s * 100))
    return [step / 100 for step in steps if 'r' in dispatcher.due(step / 100)]


def fresh(seed=1):
    dispatcher = Dispatcher(CONFIG, Random(seed))
    dispatcher.opened(0.0, 'r', 1)
    return dispatcher


def test_a_command_goes_out_at_once():
    assert fresh().due(0.0) == ['r']


@pytest.mark.parametrize('seed', range(5))
def test_an_unanswered_command_is_repeated_ever_more_slowly_up_to_a_bound(seed):
    sent = times_sent(fresh(seed), 60.0)
    gaps = [after - before for before, after in zip(sent, sent[1:])]
    assert min(gaps) >= CONFIG.resend_first_s - 1e-9
    assert max(gaps) <= CONFIG.resend_first_s + CONFIG.resend_max_s + 0.02
    assert sum(gaps[:3]) < sum(gaps[-3:])


def test_two_robots_are_not_repeated_in_step():
    dispatcher = Dispatcher(CONFIG, Random(3))
    for robot in ('a', 'b'):
        dispatcher.opened(0.0, robot, 1)
    together = [dispatcher.due(step / 100) for step in range(1000)]
    assert sum(len(robots) == 2 for robots in together) <= 2


def test_an_accepted_command_is_only_reminded_of():
    dispatcher = fresh()
    dispatcher.due(0.0)
    dispatcher.accepted(0.0, 'r', 1)
    sent = times_sent(dispatcher, 30.0, 0.01)
    assert sent and sent[0] >= CONFIG.resend_max_s / 2
    assert len(sent) <= 30.0 / (CONFIG.resend_max_s / 2) + 1


def test_an_acceptance_of_an_older_command_changes_nothing():
    dispatcher = fresh()
    dispatcher.due(0.0)
    dispatcher.accepted(0.0, 'r', 7)
    assert times_sent(dispatcher, 1.0, 0.01)


def test_an_answered_command_goes_out_no_more():
    dispatcher = fresh()
    dispatcher.closed('r')
    assert not times_sent(dispatcher, 10.0)


@pytest.mark.parametrize('outcome, reason, last', (
    (Outcome.ACCEPTED, '', False), (Outcome.RETRY, 'busy', False), (Outcome.DONE, '', True),
    (Outcome.FAILED, '', True), (Outcome.IN_DOUBT, '', True), (Outcome.REJECTED, 'seen', True),
    (Outcome.REJECTED, 'expired', False), (Outcome.REJECTED, 'stale_term', False),
    (Outcome.REJECTED, 'wrong_boot', False)))
def test_a_last_word_is_told_from_a_request_to_come_again(outcome, reason, last):
    assert is_last_word(Ack('r', 1, 'id', '', 1, 1, 1, outcome, reason)) is last
