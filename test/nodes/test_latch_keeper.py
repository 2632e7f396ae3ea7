# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Emergency stops are written down beside the control loop: a slow disk delays no tick."""

from threading import Event
from time import monotonic

import pytest

from robot_swarm_orch.edge.journal import FileJournal, MemoryJournal
from robot_swarm_orch.edge.stop_latch import StopLatch
from robot_swarm_orch.errors import StorageError
from robot_swarm_orch.nodes.latch_keeper import LatchKeeper, SharedJournal
from robot_swarm_orch.types import EmergencyStop


class SlowJournal(MemoryJournal):
    """A journal whose disk does nothing before it is let."""

    def __init__(self):
        super().__init__()
        self.may, self.asked, self.error = Event(), Event(), None

    def write(self, record):
        self.asked.set()
        assert self.may.wait(10.0)
        if self.error is not None:
            raise self.error
        super().write(record)


@pytest.fixture
def keeper():
    """Return a keeper that ends with the test."""
    keeper = LatchKeeper()
    yield keeper
    keeper.close()


def act(seq, active=True):
    """Return an act of the hall."""
    return EmergencyStop('hall', seq, active)


def until(holds, keeping):
    """Tick until something holds, for a bounded time."""
    end = monotonic() + 10.0
    while not holds():
        assert monotonic() < end, 'it never came to that'
        keeping.tick(monotonic())


def test_no_tick_waits_for_a_disk_that_hangs_and_every_robot_is_stopped(keeper):
    """Twelve robots, four threads, and no disk answers."""
    robots = []
    for _ in range(12):
        latch, journal = StopLatch(), SlowJournal()
        robots.append((latch, journal, keeper.keep(latch, SharedJournal(journal))))
    began = monotonic()
    for _ in range(5):
        for latch, journal, keeping in robots:
            latch.hear(act(1))
            assert latch.by == 'hall'
            keeping.tick(monotonic())
    assert monotonic() - began < 1.0
    assert all(journal.load().latch is None for _, journal, _ in robots)
    for _, journal, _ in robots:
        journal.may.set()
    for latch, journal, keeping in robots:
        until(lambda: journal.load().latch is not None, keeping)


def test_a_release_counts_in_the_tick_after_it_is_on_disk(keeper):
    """Until then the robot stands, however often it ticks."""
    latch, journal = StopLatch(), SlowJournal()
    keeping = keeper.keep(latch, SharedJournal(journal))
    latch.hear(act(1))
    latch.hear(act(2, False))
    for _ in range(20):
        keeping.tick(monotonic())
    assert journal.asked.wait(10.0) and latch.by == 'hall'
    journal.may.set()
    until(lambda: latch.by == '', keeping)
    assert journal.load().latch.by == ''


def test_a_disk_that_refuses_is_told_and_tried_again_later(keeper):
    """The robot stands; the error names the reason."""
    latch, journal = StopLatch(), SlowJournal()
    keeping = keeper.keep(latch, SharedJournal(journal))
    journal.error = StorageError('read-only file system')
    journal.may.set()
    latch.hear(act(1))
    until(lambda: latch.trouble, keeping)
    assert latch.by == 'hall' and 'read-only' in latch.trouble
    journal.error = None
    until(lambda: not latch.trouble, keeping)
    assert journal.load().latch.by == 'hall'


def test_what_is_not_written_yet_is_written_when_the_program_ends(tmp_path):
    """A newer act waits behind one that is being written: the end waits for both."""
    journal = FileJournal(tmp_path / 'journal')
    keeper, latch = LatchKeeper(), StopLatch()
    keeping = keeper.keep(latch, SharedJournal(journal))
    latch.hear(act(1))
    keeping.tick(0.0)
    latch.hear(act(2, False))
    latch.hear(EmergencyStop('panel', 1, True))
    keeper.close()
    SharedJournal(journal).close()
    assert FileJournal(tmp_path / 'journal').load().latch.by == 'panel'


def test_a_disk_that_still_refuses_does_not_keep_a_program_from_ending():
    """It ends, latched in memory only; the error was told while it ran."""
    keeper, latch, journal = LatchKeeper(), StopLatch(), SlowJournal()
    journal.error = StorageError('no space left on device')
    journal.may.set()
    keeper.keep(latch, SharedJournal(journal))
    latch.hear(act(1))
    keeper.close()
    assert latch.by == 'hall' and latch.trouble
