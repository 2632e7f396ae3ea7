# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Gives processes a part of a core only, as machines that are too small for them would.

A process is stopped as soon as it has used up its time, and let go on when it has some again: a
bucket that fills steadily, as the kernel's own bandwidth control has it (P. Turner et al., "CPU
bandwidth control for CFS", Linux Symposium 2010), but without privileges and control groups. Who
watches is a process of its own: this one's other work must not hold it up.
"""

import multiprocessing
import os
import signal
import time
from typing import Sequence

from robot_swarm_orch.errors import ConfigError

_CYCLE_S = 0.05  # of steady filling; no more than this much can be saved
_LOOK_S = 0.001


class Slowed:
    """Processes that get a part of a core each, from `__enter__` to `__exit__`."""

    def __init__(self, pids: Sequence[int], cores: float):
        """pids: each leads a process group. cores: what each of them gets, above 0."""
        if not cores > 0.0:
            raise ConfigError(f'a process cannot run on {cores:g} cores: more than 0')
        spawn = multiprocessing.get_context('spawn')
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_ration, args=(theirs, tuple(pids), cores),
                                      daemon=True)

    def __enter__(self):
        """Begin."""
        self._process.start()
        return self

    def __exit__(self, *_):
        """Let the processes run as ever."""
        self._pipe.send('end')
        self._process.join()


class _Bucket:
    """The time that one process has left."""

    def __init__(self, pid, cores):
        self._pid, self._cores = pid, cores
        self._clock = (~pid << 3) | 2  # of its time on processors: clock_getcpuclockid(3)
        self._saved_s, self._runs = 0.0, True
        self._looked_s, self._used_s = time.monotonic(), time.clock_gettime(self._clock)

    def look(self):
        """Stop the process or let it go on, as its time is used up or not."""
        now_s, used_s = time.monotonic(), time.clock_gettime(self._clock)
        self._saved_s = min(self._cores * _CYCLE_S,
                            self._saved_s + self._cores * (now_s - self._looked_s))
        self._saved_s -= used_s - self._used_s
        self._looked_s, self._used_s = now_s, used_s
        if self._runs != (self._saved_s > 0.0):
            self._runs = not self._runs
            os.killpg(self._pid, signal.SIGCONT if self._runs else signal.SIGSTOP)


def _ration(pipe, pids, cores):
    """Be the process that watches, until told to end or one of the others has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that told it to begin
    try:
        buckets = [_Bucket(pid, cores) for pid in pids]
        while not pipe.poll(_LOOK_S):
            for bucket in buckets:
                bucket.look()
    except OSError:
        pass  # a process has ended
    for pid in pids:
        try:
            os.killpg(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass
