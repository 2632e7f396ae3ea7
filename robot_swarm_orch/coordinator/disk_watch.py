# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a replica does about a disk that refuses: it falls silent, and looks again now and then.

A replica that cannot write must not vote, acknowledge or lead: whatever it said it would forget.
It need not end either. People see it on `/diagnostics` with the reason, and when the disk is freed
it reads its log anew, exactly as a new process would, and goes on. Until then it waits longer each
time, since to look at a broken disk may take long itself.
"""

RETRY_S_MIN = 1.0
RETRY_S_MAX = 8.0


class DiskWatch:
    """Whether the log's disk is trusted, and when to look again; times as in Replica [s]."""

    __slots__ = ('refusal', 'refusals', '_wait_s', '_due_s')

    def __init__(self):
        """Trust the disk."""
        self.refusal = ''     # why it refuses and what happens next, for people; '' if it does not
        self.refusals = 0     # how often it did
        self._wait_s = 0.0
        self._due_s = 0.0     # when to look again; while all is well, when it was reopened

    def refused(self, now_s, error):
        """Take in that the disk refused with `error` (raft.DiskRefused)."""
        goes_on = not self.refusal and now_s - self._due_s > RETRY_S_MAX
        self._wait_s = RETRY_S_MIN if goes_on or not self._wait_s else min(
            2.0 * self._wait_s, RETRY_S_MAX)
        self._due_s = now_s + self._wait_s
        self.refusals += 1
        self.refusal = f'{error}. It looks again in {self._wait_s:.0f} s and goes on by itself'

    def is_due(self, now_s):
        """Return True if it is time to look again."""
        return now_s >= self._due_s

    def mended(self, now_s):
        """Trust the disk again: it was read anew."""
        self.refusal = ''
        self._due_s = now_s
