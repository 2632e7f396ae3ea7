# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The supervisor starts, watches and kills, and leaves nothing behind."""

import mmap
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest
from robot_swarm_orch.bringup import ProcessSpec
from robot_swarm_orch.supervisor import ProcessDied, SHARED_MEMORY, Supervisor

OBEDIENT = 'import sys, time; print("up", flush=True); time.sleep(60)'
STUBBORN = ('import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); '
            'signal.signal(signal.SIGTERM, signal.SIG_IGN); print("up", flush=True); '
            'time.sleep(60)')
FAILING = 'raise SystemExit("the cause of it")'
PATIENCE_S = 20.0


def make(folder, **programs):
    """Return a supervisor of small Python programs, by name."""
    specs = [ProcessSpec(name, 'none', '/', {}) for name in programs]
    return Supervisor(specs, folder, dict(os.environ),
                      command=lambda spec, _: [sys.executable, '-c', programs[spec.name]])


def until(holds, what):
    """Wait until something holds."""
    end_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s, f'no {what} within {PATIENCE_S} s'
        time.sleep(0.01)


def is_up(folder, name):
    """Return whether a program said that it is up."""
    return 'up' in (folder / 'logs' / f'{name}.log').read_text()


def exists(pid):
    """Return whether a process lives; one that waits to be collected does not."""
    try:
        return ') Z' not in Path(f'/proc/{pid}/stat').read_text()
    except OSError:
        return False


def test_stopping_ends_the_obedient_with_a_signal_and_the_stubborn_with_sigkill(tmp_path):
    supervisor = make(tmp_path, obedient=OBEDIENT, stubborn=STUBBORN)
    supervisor.start()
    until(lambda: is_up(tmp_path, 'obedient') and is_up(tmp_path, 'stubborn'), 'start')
    pids = [supervisor.pid(name) for name in supervisor.names]
    assert supervisor.stop(patience_s=0.3) == ['stubborn']
    assert not any(exists(pid) for pid in pids)


def test_a_process_that_ends_by_itself_is_reported_with_its_log(tmp_path):
    supervisor = make(tmp_path, failing=FAILING)
    supervisor.start()
    with pytest.raises(ProcessDied, match='the cause of it'):
        until(lambda: supervisor.check(), 'report')
    supervisor.check()
    assert supervisor.stop() == []


def test_a_kill_is_no_surprise_and_a_restart_adds_up(tmp_path):
    supervisor = make(tmp_path, one=OBEDIENT)
    supervisor.start()
    until(lambda: is_up(tmp_path, 'one'), 'start')
    first = supervisor.pid('one')
    supervisor.kill('one')
    assert not exists(first)
    supervisor.check()
    used = supervisor.usage()['one'].cpu_s
    supervisor.start('one')
    assert supervisor.pid('one') != first
    supervisor.stop()
    usage = supervisor.usage()['one']
    assert usage.starts == 2
    assert usage.cpu_s > used > 0.0
    assert 1 << 20 < usage.peak_bytes < 1 << 28


def state_of(pid):
    """Return the kernel's letter for a process's state, as proc(5) has it."""
    return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]


def test_a_paused_process_is_no_dead_one_and_obeys_when_all_are_stopped(tmp_path):
    supervisor = make(tmp_path, one=OBEDIENT)
    supervisor.start()
    until(lambda: is_up(tmp_path, 'one'), 'start')
    pid = supervisor.pid('one')
    supervisor.pause('one')
    until(lambda: state_of(pid) == 'T', 'pause')
    supervisor.check()
    supervisor.resume('one')
    until(lambda: state_of(pid) != 'T', 'going on')
    supervisor.pause('one')
    until(lambda: state_of(pid) == 'T', 'pause')
    assert supervisor.stop() == []


def test_a_process_that_is_asked_to_end_is_no_surprise_and_tells_its_status(tmp_path):
    supervisor = make(tmp_path, one=(
        'import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(3)); '
        'print("up", flush=True); time.sleep(60)'))
    supervisor.start()
    until(lambda: is_up(tmp_path, 'one'), 'start')
    assert supervisor.ended_with('one') is None
    supervisor.ask_to_end('one')
    until(lambda: supervisor.ended_with('one') is not None, 'end')
    assert supervisor.ended_with('one') == 3
    supervisor.check()


def test_variables_of_a_process_give_way_to_those_that_are_set(tmp_path):
    spec = ProcessSpec('one', 'none', '/', {}, environment=(('A', '1'), ('B', '1')))
    supervisor = Supervisor(
        [spec], tmp_path, dict(os.environ, B='2'), command=lambda *_: [
            sys.executable, '-c', 'import os; print("up", os.environ["A"] + os.environ["B"])'])
    supervisor.start()
    until(lambda: is_up(tmp_path, 'one'), 'start')
    assert 'up 12' in (tmp_path / 'logs' / 'one.log').read_text()
    supervisor.stop()


def test_a_process_may_be_added_while_others_run(tmp_path):
    supervisor = Supervisor([ProcessSpec('one', 'none', '/', {})], tmp_path, dict(os.environ),
                            command=lambda spec, _: [sys.executable, '-c', OBEDIENT])
    supervisor.start()
    supervisor.add(ProcessSpec('two', 'none', '/', {}))
    supervisor.start('two')
    until(lambda: is_up(tmp_path, 'one') and is_up(tmp_path, 'two'), 'start')
    pids = [supervisor.pid(name) for name in ('one', 'two')]
    assert supervisor.stop() == []
    assert not any(exists(pid) for pid in pids)


def test_processes_are_shielded_from_the_terminals_ctrl_c(tmp_path):
    supervisor = make(tmp_path, one=OBEDIENT)
    supervisor.start()
    try:
        until(lambda: is_up(tmp_path, 'one'), 'start')
        assert os.getpgid(supervisor.pid('one')) != os.getpgid(0)
    finally:
        supervisor.stop()


def test_processes_end_when_their_supervisor_is_killed(tmp_path):
    root = Path(__file__).resolve().parents[2]
    program = (
        f'import sys; sys.path.insert(0, {str(root)!r}); sys.path.insert(0, '
        f'{str(Path(__file__).parent)!r}); from pathlib import Path; import test_supervisor as t; '
        f's = t.make(Path({str(tmp_path)!r}), one=t.OBEDIENT); s.start(); '
        f't.until(lambda: t.is_up(Path({str(tmp_path)!r}), "one"), "start"); '
        'print(s.pid("one"), flush=True); import time; time.sleep(60)')
    parent = subprocess.Popen([sys.executable, '-c', program], stdout=subprocess.PIPE, text=True)
    try:
        pid = int(parent.stdout.readline())
        assert exists(pid)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
    until(lambda: not exists(pid), 'end of the orphan')


def test_a_segment_that_nobody_uses_was_left_behind_and_one_in_use_is_not_ours(tmp_path):
    supervisor = make(tmp_path)
    name = f'fastrtps_test_{os.getpid()}'
    path = SHARED_MEMORY / name
    path.write_bytes(bytes(mmap.PAGESIZE))
    try:
        assert name in supervisor.segments_left()
        with open(path, 'r+b') as file, mmap.mmap(file.fileno(), 0):
            assert name not in supervisor.segments_left()
    finally:
        path.unlink()
