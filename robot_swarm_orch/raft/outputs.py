# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What a replica hands to its caller: the work to do, answers to reads, and a look inside."""

from dataclasses import dataclass
import enum

from robot_swarm_orch.raft.leader import PeerStatus
from robot_swarm_orch.raft.messages import Entry, HardState, Members, Snapshot


class Role(enum.Enum):
    """What a replica is at the moment; only PRE_CANDIDATE is not in the paper (thesis, 9.6)."""

    FOLLOWER = 'follower'
    PRE_CANDIDATE = 'pre-candidate'
    CANDIDATE = 'candidate'
    LEADER = 'leader'


@dataclass(frozen=True, slots=True)
class ReadState:
    """
    Answer to `read_index(ctx)`: once `last_applied >= index`, a read is linearizable.

    `index` is None if this replica lost its leadership first: ask the new leader.
    """

    ctx: object
    index: int | None


@dataclass(frozen=True, slots=True)
class Ready:
    """
    What the caller has to do now, in the order of the fields.

    hard_state: to persist, or None if unchanged. entries: to persist; they replace stored entries
    of the same and later indices. snapshot: received from a leader, to persist (it replaces the
    log) and to restore the machine from, before `committed`; else None. messages: to send after
    persisting (`may_precede_save` names the exception). committed: to apply, in order. reads:
    read-index requests that were answered.
    """

    hard_state: HardState | None
    entries: tuple[Entry, ...]
    snapshot: Snapshot | None
    messages: tuple
    committed: tuple[Entry, ...]
    reads: tuple[ReadState, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """A look inside, for metrics and people; nothing may be decided from it."""

    node_id: str
    role: Role
    term: int
    leader_id: str | None
    vote: str | None
    commit_index: int
    last_index: int
    last_applied: int
    first_index: int
    tick_count: int
    elections_started: int
    messages_refused: int
    last_step_down: str
    peers: tuple[PeerStatus, ...]
    members: Members
    is_amnesic: bool
