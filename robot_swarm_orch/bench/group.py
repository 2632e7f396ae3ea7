# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What the benchmark asks of a group of three, whichever it is; and what it notes."""

from dataclasses import dataclass
from typing import Protocol

from robot_swarm_orch.errors import SwarmError

MEMBERS = 3
# After a loss both clients hand the same write in again and again, this often [s].
RETRY_S = 0.01
# Nothing that is measured here takes so long, unless something is broken [s].
PATIENCE_S = 20.0


class BenchFailed(SwarmError):
    """The measurement cannot go on; the message says what did not happen."""


@dataclass(frozen=True)
class Timers:
    """Consensus timers of both groups [s]; etcd takes whole milliseconds."""

    heartbeat_s: float = 0.03
    election_s: float = 0.15  # the shortest election timeout; the longest is twice as long


@dataclass(frozen=True)
class Failover:
    """
    What a client outside saw after the leader was killed, counted from the SIGKILL [s].

    write_s: the first write that a new leader acknowledged. lead_s: the first word of the group
    that another one leads.
    """

    write_s: float
    lead_s: float


class Group(Protocol):
    """Three processes that agree on a log, and a client of theirs in this process."""

    name: str

    def open(self) -> None:
        """Start the processes, and wait until one leads and all are in step."""

    def close(self) -> None:
        """Stop the processes and leave nothing behind."""

    def write(self) -> None:
        """Hand one write in and wait until it is acknowledged."""

    def write_many(self, count: int, at_once: int) -> None:
        """Have `count` writes acknowledged, up to `at_once` of them under way."""

    def fail_over(self) -> Failover:
        """Kill the leader and measure what follows."""

    def restore(self) -> None:
        """Start the killed process again, and wait until it is in step with the others."""
