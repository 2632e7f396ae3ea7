# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The emergency stop: it acts at once, survives a restart, and is released only on disk."""

from math import inf

from edge_rig import joined_rig, line_site
from hypothesis import given, strategies as st
import pytest

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.journal import FileJournal, Latch, MemoryJournal
from robot_swarm_orch.edge.stop_latch import StopLatch
from robot_swarm_orch.errors import StorageError
from robot_swarm_orch.types import CommandKind, EmergencyStop, Mode, Reason

CONFIG = RobotConfig(scan_required=False)


def stop(seq, source='hall', reason=''):
    """Return an act that stops."""
    return EmergencyStop(source, seq, True, reason)


def release(seq, source='hall'):
    """Return an act that releases."""
    return EmergencyStop(source, seq, False)


class StubbornJournal(MemoryJournal):
    """A journal whose disk may refuse, or whose power may go before or after a write."""

    refuses = False
    dies = ''

    def write(self, record):
        if self.refuses:
            raise StorageError('cannot write the journal: no space left')
        if self.dies == 'before':
            raise PowerCut
        super().write(record)
        if self.dies == 'after':
            raise PowerCut


class PowerCut(Exception):
    """The program died here."""


def heard(*acts, journal=None):
    """Return a latch that heard acts, each written down at once, and its journal."""
    journal = journal if journal is not None else MemoryJournal()
    latch = StopLatch(journal.load().latch)
    for act in acts:
        latch.hear(act)
        latch.keep(journal, 0.0)
    return latch, journal


def again(journal):
    """Return the latch of a program that was started again."""
    return StopLatch(journal.load().latch)


def driving(journal=None):
    """Return a rig whose robot drives at full speed."""
    rig = joined_rig(line_site(20), CONFIG, journal=journal)
    rig.send(CommandKind.GO, 19)
    assert rig.run(30.0, lambda: rig.base.v > 1.4) < inf
    return rig


# What counts


def test_a_stop_holds_before_anything_is_written_and_a_release_only_after():
    latch, journal = StopLatch(), MemoryJournal()
    latch.hear(stop(1, reason='smoke'))
    assert latch.by == 'hall (smoke)' and journal.load().latch is None
    latch.keep(journal, 0.0)
    assert journal.load().latch.by == 'hall (smoke)'
    latch.hear(release(2))
    assert latch.by == 'hall (smoke)'
    latch.keep(journal, 0.1)
    assert latch.by == '' == journal.load().latch.by


def test_nothing_is_written_while_nothing_is_heard_or_what_is_heard_is_old():
    latch, journal = heard(stop(1))
    assert latch.unsaved(9.0) is None
    for act in (stop(1), release(1), release(0)):
        assert not latch.hear(act)
    assert latch.unsaved(9.0) is None and latch.by == 'hall'


def test_an_old_stop_that_is_heard_again_after_a_restart_stops_nobody():
    _, journal = heard(stop(1), release(2))
    latch = again(journal)
    assert not latch.hear(stop(1)) and not latch.hear(release(2)) and latch.by == ''


def test_an_old_release_that_is_heard_again_after_a_restart_releases_nobody():
    _, journal = heard(stop(1), release(2), stop(3, 'panel'))
    latch = again(journal)
    assert latch.by == 'panel' and not latch.hear(release(2))
    latch.keep(journal, 0.0)
    assert latch.by == 'panel'


def test_a_stop_from_a_clock_that_was_set_back_still_stops_and_a_release_does_not_release():
    latch, _ = heard(stop(1000), release(1001))
    assert latch.hear(stop(5)) and latch.by == 'hall'
    assert not latch.hear(release(6)) and latch.by == 'hall'


def test_a_stop_heard_while_a_release_is_being_written_holds():
    latch, journal = heard(stop(1))
    latch.hear(release(2))
    record = latch.unsaved(0.0)
    latch.hear(stop(3, 'panel'))
    journal.write(record)
    latch.saved(record)
    assert latch.by == 'panel' and latch.unsaved(0.0).by == 'panel'


def test_another_source_may_release():
    latch, journal = heard(stop(1, 'button'), release(1, 'shift leader'))
    assert latch.by == '' == again(journal).by


def test_however_many_sources_act_what_is_kept_stays_small():
    acts = [act for number in range(200) for act in (stop(2 * number, f's{number % 50}'),
                                                     release(2 * number + 1, f's{number % 50}'))]
    latch, journal = heard(*acts * 2)
    assert latch.by == '' and len(journal.load().latch.seen) == 32
    assert max(len(acts) for _, acts in journal.load().latch.seen) <= 16


ACTS = st.builds(EmergencyStop, st.sampled_from(('a', 'b')), st.integers(0, 8), st.booleans())


@given(st.lists(ACTS, max_size=12), st.randoms())
def test_whatever_was_heard_before_a_restart_changes_nothing_when_it_is_heard_again(acts, random):
    before, journal = heard(*acts)
    latch = again(journal)
    random.shuffle(acts)
    assert not any(latch.hear(act) for act in acts * 2)
    assert latch.by == before.by and latch.unsaved(0.0) is None


def test_a_stop_with_a_low_number_is_remembered_among_many_with_high_ones():
    latch, _ = heard(*map(release, range(100, 140)))
    assert latch.hear(stop(3)) and not latch.hear(stop(3))
    assert not latch.hear(release(138)) and latch.by == 'hall'


# The disk


def test_a_disk_that_refuses_leaves_a_stopped_robot_stopped_and_says_so():
    journal = StubbornJournal()
    latch, _ = heard(stop(1), journal=journal)
    journal.refuses = True
    latch.hear(release(2))
    latch.keep(journal, 1.0)
    assert latch.by == 'hall' and 'no space left' in latch.trouble
    journal.refuses = False
    latch.keep(journal, 1.5)  # it does not try again at once
    assert latch.by == 'hall'
    latch.keep(journal, 2.1)
    assert latch.by == '' == latch.trouble == again(journal).by


def test_a_stop_that_cannot_be_written_stops_all_the_same():
    journal = StubbornJournal()
    journal.refuses = True
    latch, _ = heard(stop(1), journal=journal)
    assert latch.by == 'hall' and latch.trouble


@pytest.mark.parametrize('dies', ['before', 'after'])
@pytest.mark.parametrize('act', [stop(3), release(3)], ids=['stop', 'release'])
def test_a_power_cut_around_a_write_leaves_what_was_safe_and_the_act_may_come_again(act, dies):
    journal = StubbornJournal()
    heard(*((stop(1), release(2)) if act.active else (stop(1),)), journal=journal)
    latch = again(journal)
    before = latch.by
    latch.hear(act)
    journal.dies = dies
    with pytest.raises(PowerCut):
        latch.keep(journal, 0.0)
    journal.dies = ''
    latch = again(journal)
    safe = dies == 'after'
    assert latch.by == (('hall' if act.active else '') if safe else before)
    assert latch.hear(act) is not safe
    latch.keep(journal, 0.0)
    assert latch.by == ('hall' if act.active else '')


def test_a_torn_latch_is_no_latch_and_the_one_before_counts(tmp_path):
    path = tmp_path / 'journal'
    journal = FileJournal(path)
    heard(stop(1), journal=journal)
    whole = path.stat().st_size
    latch = again(journal)
    latch.hear(release(2))
    latch.keep(journal, 0.0)
    journal.close()
    data = path.read_bytes()
    for cut in range(whole, len(data)):
        path.write_bytes(data[:cut])
        journal = FileJournal(path)
        assert again(journal).by == 'hall'
        journal.close()
    path.write_bytes(data)
    assert again(FileJournal(path)).by == ''


# The whole robot


def test_a_robot_that_restarts_in_an_emergency_stays_where_it_is_and_says_by_whom(tmp_path):
    journal = FileJournal(tmp_path / 'r1.journal')
    rig = driving(journal)
    rig.next_mail['stops'] = [stop(1, reason='smoke')]
    assert rig.tick().motion.speed_mps == 0.0
    rig.run(3.0)
    journal.close()
    rig.journal = FileJournal(tmp_path / 'r1.journal')
    rig.boot()
    rig.keeper.enrol('r1', rig.keeper.owned('r1'))
    told = []
    for _ in range(50):
        out = rig.tick()
        told += [out.safety] if out.safety is not None else []
        assert out.motion.speed_mps == 0.0 == out.motion.yaw_rate_radps
    assert [(word.reason, word.detail) for word in told] == [(Reason.EMERGENCY, 'hall (smoke)')]
    assert rig.report.emergency_stop


def test_a_robot_released_after_its_restart_drives_again():
    rig = driving()
    rig.next_mail['stops'] = [stop(1)]
    rig.run(3.0)
    rig.boot()
    rig.run(2.0, lambda: rig.agent.book.mode == Mode.AUTOMATIC)
    assert rig.agent.safety.reason == Reason.EMERGENCY
    rig.next_mail['stops'] = [stop(1), release(2)]
    rig.tick()
    assert rig.agent.safety.reason == Reason.EMERGENCY  # not before it is on disk
    rig.send(CommandKind.GO, 19)
    assert rig.run(5.0, lambda: rig.base.v > 0.2) < inf


def test_a_robot_whose_disk_refuses_stands_and_names_the_journal():
    rig = driving(StubbornJournal())
    rig.journal.refuses = True
    rig.next_mail['stops'] = [stop(1)]
    assert rig.tick().motion.speed_mps == 0.0
    rig.run(2.0)
    rig.next_mail['stops'] = [release(2)]
    rig.run(2.0)
    assert rig.base.v == 0.0 and 'journal' in rig.report.errors
    rig.journal.refuses = False
    assert rig.run(3.0, lambda: rig.base.v > 0.2) < inf
    assert 'journal' not in rig.report.errors


def test_the_journal_keeps_the_latch_beside_commands_and_old_journals_still_load(tmp_path):
    rig = driving()
    rig.next_mail['stops'] = [stop(7, 'panel')]
    rig.tick()
    state = rig.journal.load()
    assert state.latch == Latch('panel', (('panel', (7,)),)) and state.accepted.seq == 1
    old = tmp_path / 'old.journal'
    journal = FileJournal(old)
    journal.write(state.accepted)
    journal.close()
    assert FileJournal(old).load().latch is None
