# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""`swarm log` and `swarm replay` on a data_dir, without ROS."""

import json
from threading import Thread

from chronicle_rig import Fold, START_MS
import pytest
from robot_swarm_orch.cli import log
from robot_swarm_orch.cli import main
from robot_swarm_orch.coordinator import events as ev


@pytest.fixture
def data(tmp_path):
    """Return the data_dir of a coordinator whose fleet has carried an order out."""
    fold = Fold(tmp_path / 'c1').begin().go('o1').go('o2', 'r1')
    fold.apply(ev.WayBlocked((3,), ((4, 5),), 'ann'))
    fold.apply(ev.OrderPlaced('o3', 't', 1, 'shelf', 'desk', '', 100, 0.0))
    fold.write()
    fold.chronicle.close()
    return fold


def said(capsys, *arguments):
    assert main([str(word) for word in arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_log_tells_who_did_what_and_when(data, capsys):
    lines = said(capsys, 'log', '--data', data.folder)
    assert len(lines) == 15
    assert lines[1].endswith('  1  r0 is enrolled at node 0  [ann]')
    assert lines[-2].endswith('10  closed to robots: node 3, street 4-5  [ann]')


def test_log_of_one_order_or_robot(data, capsys):
    lines = said(capsys, 'log', '--data', data.folder, '--order', 'o1')
    assert [line.split('  ')[-1] for line in lines] == [
        'order o1 is accepted: GO d', 'order o1 goes to r0 (nearest); order o1 ASSIGNED',
        'r0 is told to GO at d', 'r0 answers DONE; order o1 DONE']
    lines = said(capsys, 'log', '--data', data.folder, '--robot', 'r1')
    assert not any('r0' in line for line in lines) and len(lines) == 5


def test_log_as_json_has_every_field(data, capsys):
    line = json.loads(said(capsys, 'log', '--data', data.folder, '--json', '--order', 'o2')[1])
    assert line['kind'] == 'TaskAssigned' and line['robot'] == 'r1' and line['index'] == 7
    assert line['event']['why'] == 'nearest'
    assert line['time_s'] == pytest.approx(0.001 * (START_MS + 700))


def test_log_since_counts_back_from_the_newest_entry(data, capsys):
    lines = said(capsys, 'log', '--data', data.folder, '--since', '0.15s')
    assert len(lines) == 2
    assert len(said(capsys, 'log', '--data', data.folder, '--since', 'all')) == 15
    assert said(capsys, 'log', '--data', data.folder, '--since', '2100-01-01T00:00') == []


def test_a_since_that_means_nothing_is_refused(data, capsys):
    assert main(['log', '--data', str(data.folder), '--since', 'yesterday']) == 2
    assert "--since 'yesterday' is no time" in capsys.readouterr().err


def test_a_folder_of_several_coordinators_names_them(data, capsys):
    assert main(['log', '--data', str(data.folder.parent)]) == 2
    assert f'name one of {data.folder}' in capsys.readouterr().err


def test_who_follows_sees_each_line_once(data, capsys, monkeypatch):
    """While the log grows; the last look finds nothing and is interrupted, as by Ctrl-C."""
    looks = []

    def grow(_):
        looks.append(None)
        if len(looks) > 3:
            raise KeyboardInterrupt

        def write():
            data.chronicle = data.opened()
            data.go(f'new{len(looks)}', 'r0').write()
            data.chronicle.close()
        writer = Thread(target=write)
        writer.start()
        writer.join()
    monkeypatch.setattr(log.time, 'sleep', grow)
    assert main(['log', '--data', str(data.folder), '--follow', '--json']) == 130
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    seen = [(line['index'], line['position']) for line in lines]
    assert seen == sorted(set(seen)) and len(seen) == 15 + 3 * 4


def test_replay_shows_the_fleet_as_it_was(data, capsys):
    told = json.loads('\n'.join(said(capsys, 'replay', '--data', data.folder, '--at', 3,
                                     '--json')))
    assert told['digest'] == data.digests[3].hex()
    assert told['robots'][0] == {'robot': 'r0', 'standing': 'at work', 'order': 'o1',
                                 'command': 'GO d', 'nodes': ['0']}
    assert told['orders'][0]['state'] == 'ASSIGNED' and told['blocked']['nodes'] == []


def test_replay_as_tables(data, capsys):
    text = '\n'.join(said(capsys, 'replay', '--data', data.folder))
    assert 'entry 11, term 1' in text
    assert 'robot  standing' in text and 'r0     idle' in text
    assert 'o3        MOVE  ACCEPTED  shelf  desk  100' in text
    assert '2 done and 0 not' in text
    assert 'blocked: node 3; street 4-5' in text


def test_replay_shows_what_people_paused_and_which_loads_stand_where(tmp_path, capsys):
    fold = Fold(tmp_path / 'c1').begin()
    fold.apply(ev.SlotsLaid(('s1', 's2')), ev.SlotSet('s1', True, 'crate-9', 'ann'),
               ev.PauseSet(robot='r0', operator_id='ann'), ev.DrainSet('r1', True, 'bob'))
    index = fold.apply(ev.PauseSet(operator_id='ann'))
    fold.apply(ev.PauseSet(is_paused=False), ev.PauseSet('r0', is_paused=False),
               ev.DrainSet('r1', False), ev.SlotSet('s1', False))
    fold.write()
    fold.chronicle.close()
    text = '\n'.join(said(capsys, 'replay', '--data', fold.folder, '--at', index))
    assert 'paused: the fleet; r0' in text and 'drained: r1' in text
    assert 'loads in storage: crate-9 on s1' in text
    text = '\n'.join(said(capsys, 'replay', '--data', fold.folder))
    assert 'paused: nobody\ndrained: nobody\nloads in storage: none known' in text


def test_replay_of_an_order_shows_its_last_change_and_its_history(data, capsys):
    text = '\n'.join(said(capsys, 'replay', '--data', data.folder, '--order', 'o1'))
    assert 'entry 5, ' in text and 'history of the order' in text
    assert [line.split()[3] for line in text.splitlines()[-3:]] == ['ACCEPTED', 'ASSIGNED', 'DONE']
    assert main(['replay', '--data', str(data.folder), '--order', 'nobody']) == 2
    assert "nothing is kept of an order 'nobody'" in capsys.readouterr().err


def test_replay_beyond_the_end_is_refused_with_what_is_kept(data, capsys):
    assert main(['replay', '--data', str(data.folder), '--at', '99']) == 2
    assert 'it holds 1 to 11' in capsys.readouterr().err
