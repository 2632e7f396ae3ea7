# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Freshness without clocks: the leader's words count from when this robot sent what they answer.

Every lease and command names the newest report of this robot that the leader had heard. The robot
remembers when, on its own steady clock, it sent each of its last reports, and counts lease and
time to live from that moment. A word that sat in a queue is as old as the report it answers, and a
leader that no longer hears the robot renews nothing.
"""

from collections import OrderedDict
from math import inf
from typing import Optional

from robot_swarm_orch.types import Lease

_REMEMBERED = 256


class LeaseClock:
    """When reports were sent, until when the robot may move, and the highest term heard."""

    def __init__(self, robot: str, term: int = 0):
        """Start without a lease; `term` is the highest one known from before."""
        self.robot = robot
        self.term = term
        self.lease_seq = 0     # newest lease of that term
        self.leader_id = ''    # who sent it
        self.until_s = -inf    # end of the lease [steady s]
        self.duration_s = 0.0  # of the newest lease [s]
        self.report_period_s = 0.0  # how seldom the leader wants to be told the same [s]; 0: as is
        self.state_index = 0   # newest state of the log that an authority told
        self._sent = OrderedDict()

    def sent(self, seq: int, now_s: float) -> None:
        """Note that a report leaves now."""
        self._sent[seq] = now_s
        if len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)

    def sent_s(self, seq: int) -> Optional[float]:
        """Return when a report was sent [steady s], None if that is not remembered."""
        return self._sent.get(seq)

    def forget(self) -> None:
        """Forget reports and lease: a new boot or incarnation begins."""
        self._sent.clear()
        self.until_s, self.state_index = -inf, 0

    def hear_term(self, term: int) -> bool:
        """Take in a term; return whether it is at least the highest one heard."""
        if term > self.term:
            self.term = term
            self.lease_seq = 0
        return term == self.term

    def hear_state(self, term: int, index: int) -> str:
        """
        Take in the term and the commit index of an authority.

        Returns why it has been overtaken, `stale_term` or `old`; '' if it has not. Only for the
        record: whether it gives anything is decided by the rules of `authority.py`.
        """
        if not self.hear_term(term):
            return 'stale_term'
        if index < self.state_index:
            return 'old'
        self.state_index = index
        return ''

    def hear(self, lease: Lease) -> bool:
        """
        Take in a lease; return whether it counts.

        It must be of the highest term, newer than those heard of that term, and name this robot
        with a report that is remembered.
        """
        if not self.hear_term(lease.term) or lease.seq <= self.lease_seq:
            return False
        self.lease_seq = lease.seq
        self.leader_id = lease.leader_id
        for robot, heard_seq in lease.heard:
            if robot == self.robot:
                sent_s = self._sent.get(heard_seq)
                if sent_s is None:
                    return False
                self.until_s = max(self.until_s, sent_s + lease.duration_s)
                self.duration_s = lease.duration_s
                self.report_period_s = lease.report_period_s
                return True
        return False

    def expired(self, heard_seq: int, life_s: float, now_s: float) -> bool:
        """Return whether a word with a life counted from the report `heard_seq` is too old."""
        sent_s = self._sent.get(heard_seq)
        return sent_s is None or now_s > sent_s + life_s
