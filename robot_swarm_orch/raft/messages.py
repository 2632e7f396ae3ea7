# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Everything that Raft keeps and says, as plain frozen values.

Every message names its receiver (`to`), its `sender` and the sender's `term`. `wire.py` turns
messages into bytes and back.

A leader's messages also carry marks, of which the reply echoes the first two:

- `sent_tick`, the leader's tick count when it sent. From the echoes the leader knows how fresh its
  contact with a majority is, without any clock being compared (design of the fleet lease).
- `read_round`, a count of read-index rounds. An echo of round r proves that the follower still
  followed this leader after every read of round r was asked for (thesis, section 6.4).

- `admits` (appends only): the life number of a receiver that had lost its memory, whose answers
  count again from here on; `amnesia.py` tells why.

There is no heartbeat message: a heartbeat is an `Append` without entries (paper, section 5.2). It
checks the follower's log at the same time, so a lost append is noticed at the next heartbeat.
"""

from dataclasses import dataclass

NORMAL = 0
"""Kind of an entry that carries the caller's data."""

NOOP = 1
"""Kind of the empty entry with which a new leader opens its term (paper, section 8)."""

CONFIG = 2
"""Kind of an entry that says who belongs to the group from its index on; see `members.py`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One slot of the log: `data` is opaque; `index` counts from 1 without gaps."""

    term: int
    index: int
    data: bytes
    kind: int = NORMAL


@dataclass(frozen=True, slots=True)
class HardState:
    """
    What a replica must remember across crashes besides log and snapshot (paper, figure 2).

    `vote` is the candidate voted for in `term`, or None. `commit` is a hint that saves work at
    start: an older value is always safe, so a change of it alone need not be synced. `amnesic`
    stands while the replica can't vouch for what it once promised (`amnesia.py`).
    """

    term: int = 0
    vote: str | None = None
    commit: int = 0
    amnesic: bool = False


@dataclass(frozen=True, slots=True)
class Members:
    """
    Who belongs to the group: `voters` decide, `learners` are only kept up to date.

    No voters at all means that the replica has not been told yet who they are.
    """

    voters: tuple[str, ...]
    learners: tuple[str, ...] = ()

    @property
    def all(self):
        """Return voters, then learners."""
        return self.voters + self.learners

    @property
    def quorum(self):
        """Return the smallest number of voters that is a majority."""
        return len(self.voters) // 2 + 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The machine's whole state after entry (`index`, `term`), and who belonged to the group."""

    index: int
    term: int
    data: bytes
    members: Members


@dataclass(frozen=True, slots=True)
class PreVote:
    """
    Would you vote for me in `term`? Changes nothing at the receiver (thesis, section 9.6).

    `term` is the term that the sender would open, one above its own.
    """

    to: str
    sender: str
    term: int
    last_index: int
    last_term: int


@dataclass(frozen=True, slots=True)
class PreVoteReply:
    """Answer to `PreVote`: `term` is the asked one if granted, else the answerer's own."""

    to: str
    sender: str
    term: int
    granted: bool


@dataclass(frozen=True, slots=True)
class Vote:
    """
    Vote for me in `term` (paper, section 5.2).

    `transfer` marks a candidacy that the leader itself asked for; it overrides the receiver's
    loyalty to a leader heard a moment ago (thesis, section 3.10).
    """

    to: str
    sender: str
    term: int
    last_index: int
    last_term: int
    transfer: bool = False


@dataclass(frozen=True, slots=True)
class VoteReply:
    """Answer to `Vote`."""

    to: str
    sender: str
    term: int
    granted: bool


@dataclass(frozen=True, slots=True)
class Append:
    """Entries behind (`prev_index`, `prev_term`), or none: a heartbeat (paper, section 5.3)."""

    to: str
    sender: str
    term: int
    prev_index: int
    prev_term: int
    entries: tuple[Entry, ...]
    commit: int
    sent_tick: int = 0
    read_round: int = 0
    admits: int = 0


@dataclass(frozen=True, slots=True)
class AppendReply:
    """
    Answer to `Append`.

    Accepted: the two logs are equal up to `index`. Rejected: `index` is the refused `prev_index`,
    and (`hint_index`, `hint_term`) is the newest own entry at or before it whose term does not
    exceed the refused `prev_term`; the leader skips to its own counterpart of that entry, so a
    whole diverged term costs one round (end of section 5.3 of the paper, with the term added).
    `life` is 0, or the life number of a replica that has lost its memory (`amnesia.py`).
    """

    to: str
    sender: str
    term: int
    rejected: bool
    index: int
    hint_index: int = 0
    hint_term: int = 0
    sent_tick: int = 0
    read_round: int = 0
    life: int = 0


@dataclass(frozen=True, slots=True)
class InstallSnapshot:
    """
    A chunk of a snapshot, for a follower that needs dropped entries (paper, figure 13).

    The snapshot is the machine's state after entry (`index`, `snapshot_term`), with CRC-32
    `checksum` over all its data; `data` are its bytes from `offset` on, the last ones if `done`.
    """

    to: str
    sender: str
    term: int
    index: int
    snapshot_term: int
    members: Members
    checksum: int
    offset: int
    data: bytes
    done: bool
    sent_tick: int = 0
    read_round: int = 0


@dataclass(frozen=True, slots=True)
class SnapshotReply:
    """
    Answer to `InstallSnapshot`: the logs are equal up to `index`.

    `offset` is how many bytes of the snapshot the follower holds, if it needs it: the leader goes
    on from there.
    """

    to: str
    sender: str
    term: int
    index: int
    offset: int = 0
    sent_tick: int = 0
    read_round: int = 0
    life: int = 0


@dataclass(frozen=True, slots=True)
class TimeoutNow:
    """The leader asks the receiver to stand for election at once (thesis, section 3.10)."""

    to: str
    sender: str
    term: int


def may_precede_save(message):
    """
    Return True if `message` may be sent before the `Ready` that holds it is on disk.

    Only what a leader replicates qualifies: it became leader in a term that is on disk already,
    and it counts its own copy of an entry only after `advance` (thesis, section 10.2.1).
    """
    return type(message) is Append or type(message) is InstallSnapshot
