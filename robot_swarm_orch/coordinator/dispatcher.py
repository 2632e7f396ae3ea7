# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
When an open command goes out: at once after commit, then again until the robot has answered.

Repeats back off exponentially with full jitter (M. Brooker, "Exponential backoff and jitter", AWS
Architecture Blog, 2015), so that a hundred robots that come back at once are not all spoken to at
once. A robot that has accepted its command is only reminded, in case its last word got lost. The
robot starts a command once, however often it comes.
"""

from math import inf

from robot_swarm_orch.types import Outcome

_RETRY_REASONS = frozenset(('expired', 'stale_term', 'wrong_boot', 'busy'))


class _Sending:
    """One open command: when it goes out next, and how long the waits have become [s]."""

    __slots__ = ('seq', 'next_s', 'wait_s', 'accepted')

    def __init__(self, seq, now_s, wait_s):
        self.seq = seq
        self.next_s = now_s
        self.wait_s = wait_s
        self.accepted = False


class Dispatcher:
    """The open commands of one leadership, by robot name."""

    def __init__(self, config, rng):
        """Take the waits from a CoordinatorConfig; `rng` is a random.Random."""
        self._config = config
        self._rng = rng
        self._open = {}
        self._next_s = inf

    def opened(self, now_s, robot, seq):
        """Send this robot's command `seq` at the next chance."""
        self._open[robot] = _Sending(seq, now_s, self._config.resend_first_s)
        self._next_s = min(self._next_s, now_s)

    def closed(self, robot):
        """Send nothing more: the command has its last word."""
        self._open.pop(robot, None)

    def accepted(self, now_s, robot, seq):
        """From here on only remind: the robot has said that it is under way."""
        sending = self._open.get(robot)
        if sending is not None and sending.seq == seq and not sending.accepted:
            sending.accepted = True
            sending.next_s = now_s + self._config.resend_max_s * self._rng.uniform(0.5, 1.0)

    def due(self, now_s):
        """Return the robots whose command goes out now, ascending, and plan the next time."""
        if now_s < self._next_s:
            return ()
        config = self._config
        robots = sorted(robot for robot, sending in self._open.items() if sending.next_s <= now_s)
        for robot in robots:
            sending = self._open[robot]
            if sending.accepted:
                wait_s = config.resend_max_s * self._rng.uniform(0.5, 1.0)
            else:
                wait_s = config.resend_first_s + self._rng.uniform(0.0, sending.wait_s)
                sending.wait_s = min(2.0 * sending.wait_s, config.resend_max_s)
            sending.next_s = now_s + wait_s
        self._next_s = min((sending.next_s for sending in self._open.values()), default=inf)
        return robots


def is_last_word(ack):
    """Return whether an ack ends its command, rather than asking for it again or accepting it."""
    if ack.outcome == Outcome.REJECTED:
        return ack.reason not in _RETRY_REASONS
    return ack.outcome in (Outcome.DONE, Outcome.FAILED, Outcome.IN_DOUBT)
