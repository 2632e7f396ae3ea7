# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The progress line is rewritten on a terminal and rare elsewhere."""

import io

import demo_evidence as made
import pytest
from robot_swarm_orch.demo.progress import OFF_TERMINAL_S, Progress


class Terminal(io.StringIO):
    """A stream that calls itself a terminal."""

    def isatty(self):
        """Return True."""
        return True


@pytest.fixture
def evidence():
    """Return evidence of a run that has begun."""
    return made.evidence('none')


def test_off_a_terminal_lines_are_whole_and_rare(evidence):
    stream = io.StringIO()
    progress = Progress(stream, evidence)
    for second in range(25):
        progress.show(made.START_S + second)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1 + int(24 // OFF_TERMINAL_S)
    assert '\r' not in stream.getvalue()
    assert 'moving 0/2' in lines[0]
    assert 'worst decision 1.0 ms' in lines[0]
    assert 'late ticks 0.0 %' in lines[0]


def test_on_a_terminal_one_line_is_rewritten_and_events_get_their_own(evidence):
    stream = Terminal()
    progress = Progress(stream, evidence)
    progress.show(made.START_S)
    progress.show(made.START_S + 1.0)
    assert stream.getvalue().count('\n') == 0
    progress.tell('SIGKILL to coordinator_c1 (leader)')
    before, event, rest = stream.getvalue().split('\n')
    assert before.count('\r') == 2
    assert event.endswith('SIGKILL to coordinator_c1 (leader)')
    assert rest == ''


def test_a_fleet_without_a_leader_says_for_how_long(evidence):
    stream = io.StringIO()
    Progress(stream, evidence).show(made.START_S + 6.0)
    assert 'no leader for 6 s' in stream.getvalue()
