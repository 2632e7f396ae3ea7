# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The stories in `scenarios/` come out as written; see `raft_scenarios.py` for their language."""

import pytest
from raft_scenarios import FOLDER, replay

STORIES = sorted(FOLDER.glob('*.txt'))


@pytest.mark.parametrize('path', STORIES, ids=lambda path: path.stem)
def test_the_story_comes_out_as_written(path):
    text = path.read_text()
    assert text.startswith('# '), 'each story opens with what it is about'
    assert replay(text) == text


def test_there_are_stories():
    assert len(STORIES) >= 25


def test_a_story_that_comes_out_differently_is_noticed():
    text = STORIES[0].read_text()
    assert replay(text.replace(' is leader in term 1', ' is leader in term 2')) == text
