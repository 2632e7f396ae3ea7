# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""One contract for both journals; then torn writes and damage in the file."""

import os
import subprocess
import sys

from hypothesis import given, settings, strategies as st
import pytest

from robot_swarm_orch.edge import journal as journal_module
from robot_swarm_orch.edge.journal import (
    Accepted, FileJournal, Finished, JournalState, MemoryJournal, Started)
from robot_swarm_orch.errors import StorageError
from robot_swarm_orch.types import CommandKind, LoadAction, Outcome

TAKEN = Accepted(4, 2, CommandKind.PICK, 'order-1', 1)
BEGUN = Started(4, 'c4', LoadAction.PICK)
ENDED = Finished(4, Outcome.DONE, 'measured')


@pytest.fixture(params=['memory', 'file'])
def reopen(request, tmp_path):
    """Return a function that opens the journal, or opens it again after a crash."""
    if request.param == 'memory':
        kept = MemoryJournal()
        return lambda: kept
    return lambda: FileJournal(tmp_path / 'r1' / 'journal')


def test_a_new_journal_is_empty(reopen):
    assert reopen().load() == JournalState()


def test_records_survive_and_add_up(reopen):
    for record, state in ((TAKEN, JournalState(TAKEN)), (BEGUN, JournalState(TAKEN, BEGUN)),
                          (ENDED, JournalState(TAKEN, BEGUN, ENDED))):
        journal = reopen()
        journal.write(record)
        assert journal.load() == reopen().load() == state


def test_a_new_command_replaces_the_one_before(reopen):
    journal = reopen()
    for record in (TAKEN, BEGUN, ENDED, Accepted(5, 3, CommandKind.GO)):
        journal.write(record)
    assert reopen().load() == JournalState(Accepted(5, 3, CommandKind.GO))


def test_a_file_cut_anywhere_holds_a_prefix_of_what_was_written(tmp_path):
    path = tmp_path / 'journal'
    journal, ends, states = FileJournal(path), [], []
    for record in (TAKEN, BEGUN, ENDED):
        journal.write(record)
        ends.append(path.stat().st_size)
        states.append(journal.load())
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        state = FileJournal(path).load()
        written = sum(end <= cut for end in ends)
        assert state == (states[written - 1] if written else JournalState())


def test_after_a_torn_record_the_journal_goes_on(tmp_path):
    path = tmp_path / 'journal'
    FileJournal(path).write(TAKEN)
    with open(path, 'ab') as file:
        file.write(b'\x30\x00\x00\x00torn')
    FileJournal(path).write(BEGUN)
    assert FileJournal(path).load() == JournalState(TAKEN, BEGUN)


def test_damage_before_the_end_is_refused_with_advice(tmp_path):
    path = tmp_path / 'journal'
    journal = FileJournal(path)
    for record in (TAKEN, BEGUN, ENDED):
        journal.write(record)
    data = bytearray(path.read_bytes())
    data[30] ^= 1
    path.write_bytes(data)
    with pytest.raises(StorageError, match='damaged at byte .* settle it'):
        FileJournal(path)


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / 'journal'
    path.write_bytes(b'something else entirely\n')
    with pytest.raises(StorageError, match='not a robot journal'):
        FileJournal(path)


def test_a_second_process_on_the_same_journal_is_refused(tmp_path):
    """Two processes of one robot would each start what the other has done."""
    path = tmp_path / 'journal'
    journal = FileJournal(path)
    code = ('import sys; from robot_swarm_orch.edge.journal import FileJournal, StorageError\n'
            'try: FileJournal(sys.argv[1])\n'
            'except StorageError as error: print(error)\n')
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(entry or '.' for entry in sys.path))
    done = subprocess.run([sys.executable, '-c', code, str(path)], env=environment, text=True,
                          stdout=subprocess.PIPE, check=True)
    assert f'{path} is in use by another process' in done.stdout
    journal.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / 'taken').write_text('')
    with pytest.raises(StorageError, match='taken'):
        FileJournal(tmp_path / 'taken' / 'journal')


def test_a_grown_file_is_compacted_and_means_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_module, '_COMPACT_BYTES', 500)
    path = tmp_path / 'journal'
    journal = FileJournal(path)
    for seq in range(1, 200):
        journal.write(Accepted(seq, 1, CommandKind.GO, 'o', 0))
        assert path.stat().st_size < 600
    assert FileJournal(path).load() == journal.load() == JournalState(
        Accepted(199, 1, CommandKind.GO, 'o', 0))
    journal.close()


RECORDS = st.one_of(
    st.builds(Accepted, st.integers(1, 9), st.integers(0, 2**63), st.sampled_from(CommandKind),
              st.text(max_size=9), st.integers(0, 255)),
    st.builds(Started, st.integers(1, 9), st.text(max_size=9), st.sampled_from(LoadAction)),
    st.builds(Finished, st.integers(1, 9), st.sampled_from(Outcome), st.text(max_size=9)))


@settings(max_examples=20)
@given(st.lists(RECORDS, max_size=6))
def test_both_journals_agree_on_any_records(tmp_path_factory, records):
    path = tmp_path_factory.mktemp('j') / 'journal'
    memory, file = MemoryJournal(), FileJournal(path)
    for record in records:
        memory.write(record)
        file.write(record)
    assert FileJournal(path).load() == memory.load()
