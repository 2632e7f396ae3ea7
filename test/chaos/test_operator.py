# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The operator's commands run one after another, beside everything else."""

import time

from robot_swarm_orch.demo.operator import Operator

PATIENCE_S = 60.0


def attend(operator):
    """Let an operator finish; return the commands that succeeded."""
    done, end_s = [], time.monotonic() + PATIENCE_S
    while not (operator.is_done or operator.failure):
        assert time.monotonic() < end_s, 'the operator is stuck'
        text = operator.turn()
        done += [text] if text else []
        time.sleep(0.01)
    return done


def test_commands_are_carried_out_in_their_order():
    assert attend(Operator([('--help',), ('demo', '--help')])) == [
        'swarm --help', 'swarm demo --help']


def test_a_command_that_fails_is_tried_again_and_then_told_with_its_words():
    operator = Operator([('juggle',), ('--help',)])
    assert attend(operator) == []
    assert '`swarm juggle` ended with 2' in operator.failure
    assert 'invalid choice' in operator.failure
    assert not operator.is_done


def test_leaving_ends_what_still_runs():
    operator = Operator([('demo', '--help')])
    operator.turn()
    process = operator._running
    operator.leave()
    assert process.returncode is not None
