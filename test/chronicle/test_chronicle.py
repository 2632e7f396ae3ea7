# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The event log holds what was applied, once, whatever happens to whoever writes it."""

import json
from pathlib import Path
import sqlite3
import subprocess
import sys

from chronicle_rig import any_log, Fold, START_MS
from hypothesis import given, HealthCheck, settings, strategies as st
import pytest
from robot_swarm_orch.coordinator import events as ev, wording
from robot_swarm_orch.coordinator.chronicle import Chronicle
from robot_swarm_orch.coordinator.chronicle_file import ChronicleRefused, NAME
from robot_swarm_orch.coordinator.chronicle_writer import Bounds
from robot_swarm_orch.coordinator.fleet_state import FleetState
from robot_swarm_orch.coordinator.notes import Notebook
from robot_swarm_orch.coordinator.replay import first_entry, replay, state_at
from robot_swarm_orch.coordinator.saga import State
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.orders import OrderState
from robot_swarm_orch.raft import Entry
from robot_swarm_orch.types import Outcome

same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture],
                       max_examples=60)


@pytest.fixture
def fold(tmp_path):
    fold = Fold(tmp_path / 'c1')
    yield fold
    fold.chronicle.close()


def all_lines(chronicle, limit=100, **about):
    """Return all lines, page by page, as somebody does who follows."""
    lines, after = [], 0
    while True:
        page, upto = chronicle.lines(after, limit, **about)
        lines += page
        if upto == after:
            return lines
        after = upto


def test_an_orders_history_says_what_became_of_it_when_and_by_whom(fold):
    fold.begin().go('o1').write()
    history = fold.chronicle.order_history('o1')
    assert [(item.index, item.state, item.robot) for item in history] == [
        (2, OrderState.ACCEPTED, ''), (3, OrderState.ASSIGNED, 'r0'), (5, OrderState.DONE, 'r0')]
    assert history[1].reason == 'nearest'
    assert history[0].time_s == pytest.approx(0.001 * (START_MS + 200))
    assert fold.chronicle.order_history('other') == []


def test_lines_tell_events_in_words_and_name_who_acted(fold):
    fold.begin().go('o1', outcome=Outcome.FAILED).write()
    lines = all_lines(fold.chronicle)
    told = {line.kind: line for line in lines}
    assert told['Enrolled'].text == 'r1 is enrolled at node 1'
    assert told['Enrolled'].who == 'ann' and told['Enrolled'].robot == 'r1'
    assert told['OrderPlaced'].text == 'order o1 is accepted: GO d'
    assert told['TaskAssigned'].text == 'order o1 goes to r0 (nearest); order o1 ASSIGNED'
    assert told['CommandAcked'].text == 'r0 answers FAILED; order o1 ACCEPTED'
    assert told['CommandAcked'].order_id == 'o1'
    assert json.loads(told['CommandAcked'].json)['orders'][0]['state'] == 'ACCEPTED'
    assert 'AuthorityChanged' not in told


def test_every_event_that_people_read_has_a_sentence_of_its_own():
    kinds = {kind for kind in vars(ev).values() if isinstance(kind, type)
             and kind.__module__ == ev.__name__ and kind is not ev.Batch}
    silent = {ev.AuthorityChanged, ev.StateDigest}
    assert kinds - silent == set(wording._WORDS)


@pytest.mark.parametrize('event, text', [
    (ev.OrderAmended('o1', 200, 0.0), 'order o1 is amended: priority 200, no deadline'),
    (ev.SlotSet('s1', True, 'p7'), 's1 holds a load p7'),
    (ev.PauseSet(area='dock'), 'area dock is paused'), (ev.PauseSet(), 'the fleet is paused'),
    (ev.PauseSet('r1', is_paused=False), 'r1 goes on'),
    (ev.DeadlinesMissed(('o1', 'o2')), 'deadline missed: orders o1, o2'),
    (ev.Noted('release of r1', 'refused: role too low', 'kim'),
     'tried: release of r1; refused: role too low')])
def test_acts_of_people_are_told_in_words(event, text):
    assert wording._sentence(event, '', ()) == text


def test_an_event_without_effect_says_why(fold):
    fold.begin().apply(ev.TaskAssigned('nobody', 'r0'))
    fold.write()
    line = fold.chronicle.lines(1)[0][0]
    assert line.text.endswith('without effect, the order does not wait')
    assert json.loads(line.json)['why_not'] == 'the order does not wait'


def test_a_term_that_begins_is_a_line(fold):
    fold.begin_term(4)
    fold.write()
    line, = fold.chronicle.lines(0)[0]
    assert (line.kind, line.text, line.term) == ('TermBegan', 'term 4 begins', 4)


def test_an_entry_of_a_newer_release_is_a_line_that_says_so(fold):
    fold.begin().write()
    fold.chronicle._db.execute("UPDATE entry SET data = x'c1'")
    line = fold.chronicle.lines(0)[0][0]
    assert line.kind == 'Unreadable' and 'cannot read' in line.text


def test_lines_are_found_by_order_and_by_robot(fold):
    fold.begin().go('o1', 'r0').go('o2', 'r1').write()
    of_order = all_lines(fold.chronicle, order_id='o2')
    assert [line.kind for line in of_order] == [
        'OrderPlaced', 'TaskAssigned', 'CommandSent', 'CommandAcked']
    of_robot = all_lines(fold.chronicle, robot='r1')
    assert {line.kind for line in of_robot} == {
        'Enrolled', 'BootRegistered', 'TaskAssigned', 'CommandSent', 'CommandAcked'}
    both = all_lines(fold.chronicle, order_id='o2', robot='r1')
    assert [line.kind for line in both] == ['TaskAssigned', 'CommandSent', 'CommandAcked']
    assert all_lines(fold.chronicle, order_id='o1', robot='r1') == []


@pytest.mark.parametrize('limit', (1, 2, 3, 100))
def test_who_follows_sees_each_line_once_however_small_the_pages(fold, limit):
    fold.begin().go('o1').go('o2', 'r1').write()
    seen = [(line.index, line.position) for line in all_lines(fold.chronicle, limit)]
    assert seen == sorted(set(seen))
    assert len(seen) == 5 + 2 * 4


def test_who_follows_skips_traffic_without_reading_it_again(fold):
    fold.begin()
    for _ in range(10):
        fold.apply(ev.AuthorityChanged(((0, 1, (0,), ()),)))
    fold.write()
    assert fold.chronicle.lines(1) == ([], 11)


def test_the_whole_record_of_an_ended_order_is_kept(fold):
    fold.begin()
    for number in range(250):
        fold.go(f'o{number}')
    fold.write()
    assert fold.state.ended['o0'].trace_id == ''
    record = fold.chronicle.ended_order('o0')
    assert (record.trace_id, record.drop, record.state) == ('trace', 'd', State.DONE)
    assert [order.order_id for order in fold.chronicle.ended_orders('o1', 3)] == [
        'o10', 'o100', 'o101']
    assert fold.chronicle.ended_orders('', 10, states=[State.FAILED]) == []
    assert len(fold.chronicle.ended_orders('', 500, [State.DONE], 'r0')) == 250


@same_folder
@given(log=any_log, cuts=st.lists(st.integers(0, 20), max_size=3), data=st.data())
def test_replay_at_each_index_equals_the_live_state(tmp_path_factory, log, cuts, data):
    fold = Fold(tmp_path_factory.mktemp('log'))
    for number, events in enumerate(log):
        fold.apply(*events)
        if number in cuts:
            fold.snapshot()
    fold.write()
    for index, digest in fold.digests.items():
        assert state_at(fold.chronicle, index).digest() == digest
    first = data.draw(st.integers(1, len(log)))
    seen = []
    replay(fold.chronicle, first, len(log),
           lambda kept, batch, effects, state: seen.append((kept.entry.index, state.digest())))
    assert seen == [(index, fold.digests[index]) for index in range(first, len(log) + 1)]
    fold.chronicle.close()


@same_folder
@given(log=any_log, sizes=st.lists(st.integers(1, 5), min_size=1), received=st.integers(0, 20))
def test_the_event_logs_of_two_replicas_agree(tmp_path_factory, log, sizes, received):
    """The second receives a snapshot at some index, and starts again after each few entries."""
    one, two = (Fold(tmp_path_factory.mktemp('log')) for _ in range(2))
    for number, events in enumerate(log, 1):
        one.apply(*events)
        if number == received:
            snapshot = one.snapshot()
    one.write()
    if received and received <= len(log):
        two.state = FleetState.restore(snapshot.data)
        two.notes.snapshot(snapshot, two.state.time_ms)
    since, position = two.state.index, two.state.index
    while position < len(log):
        upto = min(len(log), position + sizes[position % len(sizes)])
        two.state = FleetState.restore(snapshot.data) if since else FleetState()
        for entry, batch in one.log[since:upto]:
            two.take(entry, batch)
        two.write()
        two.reopen()
        position = upto
    after = since
    for about in ({}, {'order_id': 'o0'}, {'robot': 'r1'}):
        assert (two.chronicle.lines(after, 10_000, **about)[0]
                == one.chronicle.lines(after, 10_000, **about)[0])
    assert ([kept.entry for kept in two.chronicle.entries(0)]
            == [kept.entry for kept in one.chronicle.entries(since + 1)])
    assert two.chronicle.gaps() == []
    assert two.state.digest() == one.state.digest()
    one.chronicle.close()
    two.chronicle.close()


def test_a_snapshot_from_another_replica_leaves_a_gap_that_is_told(fold, tmp_path):
    fold.begin().write()
    other = Fold(tmp_path / 'c2')
    for entry, batch in fold.log:
        other.take(entry, batch)
    other.go('o1').go('o2')
    snapshot = other.snapshot()
    fold.notes.snapshot(snapshot, other.state.time_ms)
    fold.state = FleetState.restore(snapshot.data)
    fold.go('o3').write()
    gap = fold.chronicle.lines(1)[0][0]
    assert (gap.kind, gap.index) == ('Gap', 2) and 'entries 2 to 9 are missing' in gap.text
    assert fold.chronicle.gaps() == [(2, 9)]
    assert state_at(fold.chronicle, 11).digest() == fold.digests[11]
    with pytest.raises(ConfigError, match='entry 2 is missing.*it can at 9'):
        state_at(fold.chronicle, 4)
    assert [line.kind for line in all_lines(fold.chronicle, order_id='o1')] == ['Gap']
    other.chronicle.close()


def test_a_gap_closes_when_its_entries_come_after_all(fold, tmp_path):
    other = Fold(tmp_path / 'c2')
    other.begin().go('o1').go('o2')
    notes = other.notes.take()
    fold.chronicle.write(notes[:2] + notes[7:])
    assert fold.chronicle.gaps() == [(3, 7)]
    fold.chronicle.write(notes[3:5])
    assert fold.chronicle.gaps() == [(3, 3), (6, 7)]
    fold.chronicle.write(notes[:7])
    assert fold.chronicle.gaps() == []
    assert state_at(fold.chronicle, 9).digest() == other.digests[9]
    other.chronicle.close()


class Killed(BaseException):
    """Stands for the end of the process."""


class Dying:
    """The connection of a process that dies before its n-th statement."""

    in_transaction = True

    def __init__(self, connection, statements):
        self._connection, self._left = connection, statements

    def __getattr__(self, name):
        def call(*arguments):
            self._left -= 1
            if self._left < 0:
                raise Killed
            return getattr(self._connection, name)(*arguments)
        return call


def test_a_process_that_dies_in_the_midst_of_writing_leaves_whole_entries(fold):
    """A write ends at any statement: nothing of it is there, and written again all of it is."""
    fold.begin().go('o1').write()
    fold.go('o2')
    before, notes, died = all_lines(fold.chronicle), fold.notes.take(), 0
    while True:
        connection = fold.chronicle._db
        fold.chronicle._db = Dying(connection, died)
        try:
            fold.chronicle.write(notes)
            break
        except Killed:
            died += 1
        connection.close()
        fold.chronicle = fold.opened()
        assert all_lines(fold.chronicle) == before
    assert died >= 7
    fold.chronicle._db = connection
    fold.chronicle.write(notes)
    assert state_at(fold.chronicle, 9).digest() == fold.digests[9]
    assert len(all_lines(fold.chronicle)) == len(before) + 4


WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from chronicle_rig import Fold
fold = Fold(Path(sys.argv[2]))
fold.begin()
for number in range(100_000):
    fold.go(f'o{number}').write()
    print(fold.state.index, flush=True)
"""


def test_a_process_killed_as_it_writes_leaves_all_that_it_had_written(tmp_path):
    child = subprocess.Popen(
        [sys.executable, '-c', WRITER, str(Path(__file__).parent), str(tmp_path)],
        stdout=subprocess.PIPE, text=True)
    told = [int(child.stdout.readline()) for _ in range(20)][-1]
    child.kill()
    told = max([told, *map(int, child.stdout.read().split('\n')[:-1])])
    child.wait()
    fold = Fold(tmp_path)
    oldest, newest = fold.chronicle.reach()
    assert (oldest, fold.chronicle.gaps()) == (1, []) and newest in (told, told + 4)
    assert state_at(fold.chronicle, newest).index == newest
    assert len(fold.chronicle.order_history('o0')) == 3
    fold.chronicle.close()


def test_a_full_disk_refuses_and_loses_nothing_that_was_written(fold):
    fold.begin().write()
    db = fold.chronicle._db
    db.execute('PRAGMA max_page_count = 1')  # SQLite sets it to the size that the file has
    fold.apply(ev.AuthorityChanged(((0, 1, tuple(range(60_000)), ()),)))
    notes = fold.notes.take()
    with pytest.raises(ChronicleRefused, match='full'):
        fold.chronicle.write(notes)
    assert fold.chronicle.reach() == (1, 1)
    db.execute('PRAGMA max_page_count = 1000000')
    fold.chronicle.write(notes)
    assert fold.chronicle.reach() == (1, 2) and fold.chronicle.gaps() == []


def test_the_last_of_the_disk_is_left_to_the_raft_log(tmp_path):
    fold = Fold(tmp_path, Bounds(reserve_bytes=1 << 62))
    fold.begin()
    with pytest.raises(ChronicleRefused, match='the log of the coordinators needs them'):
        fold.write()
    fold.chronicle.close()


def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(fold):
    fold.begin().write()
    fold.chronicle.close()
    path = fold.folder / NAME
    path.write_bytes(b'rubbish' * 1000)
    fold.chronicle = fold.opened()
    fold.go('o1').write()
    assert path.with_name(NAME + '.broken').is_file()
    assert fold.chronicle.reach() == (2, 5)


def test_the_notebook_is_bounded_and_what_is_dropped_is_a_gap(fold):
    fold.notes = Notebook(bound_bytes=400)
    fold.begin().go('o1').go('o2')
    assert fold.notes.dropped > 0
    fold.write()
    fold.go('o3').write()
    assert fold.chronicle.gaps()


def test_what_is_old_goes_up_to_a_snapshot_so_that_replay_still_reaches(tmp_path):
    fold = Fold(tmp_path, Bounds(age_s=10.0, reserve_bytes=0))
    fold.begin()
    for number in range(40):
        fold.go(f'o{number}')  # 0.4 s each
        if number % 5 == 4:
            fold.snapshot()
    fold.write()
    while fold.chronicle.prune():
        pass
    oldest, newest = fold.chronicle.reach()
    # 10 s are 100 entries, and 20 entries lie between two snapshots.
    assert newest == 161 and 41 < oldest <= 62
    assert first_entry(fold.chronicle) == oldest
    for index in range(oldest - 1, newest + 1):
        assert state_at(fold.chronicle, index).digest() == fold.digests[index]
    assert fold.chronicle.order_history('o0') == []
    assert fold.chronicle.ended_order('o0') is None
    assert len(fold.chronicle.order_history('o39')) == 3
    fold.chronicle.close()


@pytest.mark.parametrize('snapshots', (True, False))
def test_the_file_stays_within_its_bound(tmp_path, snapshots):
    bound = 400_000
    fold = Fold(tmp_path, Bounds(size_bytes=bound, reserve_bytes=0))
    fold.begin()
    for number in range(300):
        fold.apply(ev.AuthorityChanged(((0, 1, tuple(range(1000, 1500)), ()),) * 3))
        if snapshots and number % 20 == 0:
            fold.snapshot()
        fold.write()
        while fold.chronicle.prune():
            pass
    size = (tmp_path / NAME).stat().st_size
    assert bound / 2 < size < 1.3 * bound
    oldest, newest = fold.chronicle.reach()
    assert newest == 301 and oldest > 100
    if snapshots:
        assert state_at(fold.chronicle, oldest).digest() == fold.digests[oldest]
    fold.chronicle.close()


def test_a_time_is_found_in_the_log(fold):
    fold.begin().go('o1').begin_term(2)
    fold.go('o2').write()
    assert fold.chronicle.index_at(START_MS) == 0
    assert fold.chronicle.index_at(START_MS + 301) == 3
    assert fold.chronicle.index_at(START_MS + 300) == 2
    assert fold.chronicle.index_at(START_MS + 10_000_000) == 10


def test_somebody_may_read_while_it_is_written(fold):
    fold.begin().write()
    with Chronicle.of(fold.folder) as reader:
        fold.go('o1').write()
        assert reader.order_history('o1')[-1].state == OrderState.DONE
        with pytest.raises(sqlite3.OperationalError):
            reader._db.execute('DELETE FROM entry')


def test_a_folder_without_an_event_log_is_named(tmp_path):
    with pytest.raises(ConfigError, match='does not exist: name the data_dir'):
        Chronicle.of(tmp_path)


def test_an_index_that_is_not_kept_is_refused_with_what_is(fold):
    fold.begin().write()
    with pytest.raises(ConfigError, match='entry 7 is not here; it holds 1 to 1'):
        state_at(fold.chronicle, 7)


def test_unknown_entry_kinds_do_not_stop_replay(fold):
    fold.begin().write()
    fold.take(Entry(2, 2, b'', 1), None)
    fold.write()
    assert state_at(fold.chronicle, 2).digest() == fold.digests[2]
