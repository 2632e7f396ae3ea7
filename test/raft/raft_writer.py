# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A process that writes a log until it is killed, and reports each save that has returned.

    python raft_writer.py FOLDER SEED DONE      goes on behind save DONE, writes a dot for each
"""

from itertools import count, islice
import os
import random
import sys

from robot_swarm_orch.raft import Entry, FileStore, HardState, Snapshot
from robot_swarm_orch.raft.messages import Members

SEGMENT_BYTES = 1500
_MEMBERS = Members(('c1', 'c2', 'c3'))


def steps(seed):
    """Yield saves without end: appends, replaced suffixes, snapshots, each a function of seed."""
    rng = random.Random(seed)
    last, term, covered = 0, 1, 0
    for number in count():
        snapshot = None
        first = last + 1
        if number % 9 == 8:
            term += 1
            first = rng.randint(max(covered + 1, last - 2), last + 1)
        if number % 14 == 13:
            covered = first - 1
            snapshot = (covered, rng.randbytes(3000))
        last = first + rng.randint(0, 3)
        rows = tuple(Entry(term, index, rng.randbytes(rng.randint(0, 300)))
                     for index in range(first, last + 1))
        yield HardState(term, rng.choice(('c1', 'c2', None)), covered), rows, snapshot


def take(store, step):
    """Carry out one step; an entry that a snapshot of this life covers gives it its term."""
    hard_state, rows, snapshot = step
    if snapshot is not None:
        index, data = snapshot
        terms = {entry.index: entry.term for entry in store.load()[2]}
        if index in terms:
            store.save(None, (), Snapshot(index, terms[index], data, _MEMBERS))
            store.compact(index)
    store.save(hard_state, rows, None)


def main(folder, seed, done):
    """Go on with the life behind step `done`."""
    store = FileStore(folder, segment_bytes=SEGMENT_BYTES)
    for step in islice(steps(seed), done, None):
        take(store, step)
        os.write(1, b'.')


if __name__ == '__main__':
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
