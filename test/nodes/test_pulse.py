# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The beat of a process: who is late hears first, and steps follow their grid."""

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')
from robot_swarm_orch.nodes import pulse as module  # noqa: E402,I100
from robot_swarm_orch.nodes.pulse import Pulse  # noqa: E402


class Clock:
    """A clock that only what is done moves on."""

    def __init__(self):
        """Start at 100 s."""
        self.now_s = 100.0

    def monotonic(self):
        """Return the time."""
        return self.now_s

    def sleep(self, for_s):
        """Let time pass."""
        self.now_s += for_s


class FakeEars:
    """Ears that have something to hear as often as they are told."""

    def __init__(self, clock):
        """Hear nothing."""
        self.clock, self.words, self.waits = clock, 0, []

    def wait(self, for_s):
        """Note for how long somebody would wait; time passes if there is no word."""
        self.waits.append(round(for_s, 6))
        if self.words:
            self.words -= 1
            return True
        self.clock.now_s += for_s
        return False


@pytest.fixture
def beating(monkeypatch):
    """Return (clock, ears, what was done, pulse) of a pulse of 20 ms."""
    clock = Clock()
    monkeypatch.setattr(module, 'time', clock)
    ears, done = FakeEars(clock), []
    pulse = Pulse(0.02, lambda: done.append('step'), lambda: ears, lambda: done.append('hear'))
    pulse.beat()
    done.clear()
    ears.waits.clear()
    return clock, ears, done, pulse


def test_in_time_it_waits_for_a_word_until_the_next_step_is_due(beating):
    _, ears, done, pulse = beating
    ears.words = 1
    pulse.beat()
    assert done == ['hear'] and ears.waits == [0.02]
    pulse.beat()
    assert done == ['hear', 'step']


def test_late_it_hears_what_has_come_before_it_steps(beating):
    clock, ears, done, pulse = beating
    clock.now_s += 0.5
    ears.words = 1
    pulse.beat()
    assert done == ['hear', 'step'] and ears.waits == [0.0], 'and waits for nothing'


def test_steps_that_a_stall_left_out_are_left_out_and_the_grid_stays(beating):
    clock, _, done, pulse = beating
    clock.now_s += 0.05
    pulse.beat()
    pulse.beat()
    assert done == ['step', 'step'] and clock.now_s == pytest.approx(100.06)
