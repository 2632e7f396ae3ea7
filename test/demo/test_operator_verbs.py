# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Verbs for operators: which act each makes, and what they refuse before anybody is asked."""

import time

import pytest
from robot_swarm_orch.acts import (
    Amendment, Cancellation, Clearance, Drain, Pause, Settlement, SlotWord, Stranding)
from robot_swarm_orch.cli import main, parser
from robot_swarm_orch.errors import ConfigError


def act_of(*words):
    """Return the act that a command line makes."""
    options = parser().parse_args(words)
    return options.act_of(options)


@pytest.mark.parametrize('words, act', [
    ('cancel o1', Cancellation('o1')),
    ('amend o1 --priority 7', Amendment('o1', 7)),
    ('amend o1 --no-deadline', Amendment('o1', -1, 0.0)),
    ('pause', Pause()), ('resume', Pause(is_paused=False)),
    ('pause --robot r1', Pause('r1')), ('resume --area dock', Pause('', 'dock', False)),
    ('drain r1', Drain('r1')), ('undrain r1', Drain('r1', False)),
    ('clear r1 --confirm r1 --confirm r1', Clearance('r1')),
    ('clear r1 --occupied 3,4 --confirm r1 --confirm r1', Clearance('r1', (3, 4))),
    ('settle r1 happened', Settlement('r1', True)), ('settle r1 not', Settlement('r1', False)),
    ('strand r1 shelf_3', Stranding('r1', 'shelf_3')),
    ('occupy shelf_3 --load p7', SlotWord('shelf_3', True, 'p7')),
    ('vacate shelf_3', SlotWord('shelf_3', False)),
])
def test_each_verb_makes_its_act(words, act):
    assert act_of(*words.split()) == act


def test_a_deadline_counts_from_now():
    act = act_of('amend', 'o1', '--deadline', '60')
    assert act.priority == -1 and act.deadline_s == pytest.approx(time.time() + 60.0, abs=5.0)


@pytest.mark.parametrize('words, says', [
    ('amend o1', 'nothing to amend'), ('amend o1 --priority 256', 'must lie in 0 to 255'),
    ('amend o1 --deadline 5 --no-deadline', 'not both'),
    ('pause --robot r1 --area dock', 'not both'),
    ('clear r1 --confirm r1', 'asks twice'), ('clear r1 --confirm r1 --confirm r2', 'not confirm'),
    ('clear r1', 'asks twice'),
])
def test_what_makes_no_sense_is_refused_before_anybody_is_asked(words, says, monkeypatch):
    monkeypatch.setattr('sys.stdin.isatty', lambda: False, raising=False)
    with pytest.raises(ConfigError, match=says):
        act_of(*words.split())


def test_at_a_terminal_clear_asks_twice_and_a_wrong_answer_does_nothing(monkeypatch):
    asked = []

    def answer(question):
        asked.append(question)
        return 'r1' if len(asked) == 1 else 'yes'
    monkeypatch.setattr('builtins.input', answer)
    monkeypatch.setattr('sys.stdin.isatty', lambda: True, raising=False)
    with pytest.raises(ConfigError, match='nothing was done'):
        act_of('clear', 'r1')
    assert len(asked) == 2


def test_a_shell_gets_what_it_needs_to_complete_every_verb(capsys):
    pytest.importorskip('shtab', reason='shtab is not installed')
    assert main(['completion', 'bash']) == 0
    script = capsys.readouterr().out
    for verb in ('cancel', 'pause', 'shards', 'bench'):
        assert verb in script
