# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A real process writes to a real folder and is killed with SIGKILL, again and again."""

import os
from pathlib import Path
import random
import select
import signal
import subprocess
import sys
import time

import pytest
from raft_writer import SEGMENT_BYTES, steps, take
from robot_swarm_orch.raft import FileStore, MemoryStore

KILLS = 15


def kill_one(folder, seed, done, delay_s):
    """Start a writer, kill it `delay_s` after its first report; return how many it gave."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
    writer = subprocess.Popen(
        [sys.executable, Path(__file__).with_name('raft_writer.py'), folder, str(seed), str(done)],
        stdout=subprocess.PIPE, env=environment)
    with writer:
        try:
            assert select.select([writer.stdout], [], [], 30.0)[0], 'the writer says nothing'
            time.sleep(delay_s)
        finally:
            writer.kill()
        reports = writer.stdout.read()
    assert writer.returncode == -signal.SIGKILL
    return len(reports)


def load(folder):
    """Return what a store finds in a folder."""
    store = FileStore(folder, segment_bytes=SEGMENT_BYTES)
    try:
        return store.load()
    finally:
        store.close()


@pytest.mark.parametrize('seed', range(2))
def test_a_process_killed_at_a_random_moment_has_kept_all_that_it_reported(tmp_path, seed):
    rng = random.Random(seed)
    done = 0
    for kill in range(KILLS):
        done += kill_one(tmp_path, seed, done, rng.expovariate(1 / 0.01))
        before, after = MemoryStore(), MemoryStore()
        for number, step in zip(range(done + 1), steps(seed)):
            take(after, step)
            if number < done:
                take(before, step)
        found, wanted = load(tmp_path), before.load()
        if found == after.load():
            done += 1
        elif found != wanted:
            # The snapshot came through, and the save behind it did not.
            hard_state, snapshot, entries = found
            assert snapshot == after.load()[1] != wanted[1], f'kill {kill}'
            assert (hard_state.term, hard_state.vote) == (wanted[0].term, wanted[0].vote)
            assert entries == [entry for entry in wanted[2] if entry.index > snapshot.index]
    assert done > KILLS
