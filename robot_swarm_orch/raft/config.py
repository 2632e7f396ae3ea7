# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Raft's settings, checked once and together."""

from dataclasses import dataclass

from robot_swarm_orch.errors import ConfigError


@dataclass(frozen=True, slots=True)
class RaftConfig:
    """
    Settings of one replica; equal on all of a group except for `node_id` and `join`.

    Times are counted in ticks. The shell decides how long a tick is (10 ms by default), so the
    defaults below mean a heartbeat every 50 ms and elections after 150 to 300 ms.

    node_id: this replica, for instance 'c1'.
    voters: the founders of the group; their order carries no meaning. It counts for empty disks
        only: the founding is the log's first entry, and from then on the log says who belongs to
        the group (`Raft.change_members`). Keep it up to date all the same: a sole founder whose
        disk is lost would else found the group anew.
    join: a replica whose disk is empty founds nothing. It waits until the group adds it; `node_id`
        need not be among the founders. Ignored once the disk holds something.
    election_ticks_min, election_ticks_max: a follower that hears no leader waits a random number
        of ticks in this closed range before it asks for votes. The spread keeps votes from
        splitting (paper, sections 5.2 and 9.3). A leader that reaches no majority for
        `election_ticks_max` steps down.
    heartbeat_ticks: a leader speaks to each follower at least this often. Several must fit into
        `election_ticks_min`, or one lost heartbeat starts an election.
    heir_first: the first voter by id that does not lead stands one tick after the shortest
        timeout, whatever it drew. So a lost leader is replaced as soon as the others' loyalty
        allows, and nobody waits for a lucky draw. After a round that failed all timeouts are
        random again, so a dead heir costs no more than its absence.
    start_patience_ticks: how much longer than drawn the first timeout after a restart is. Whoever
        went on running is known to everybody; a process that has just started is not, yet.
    max_batch_bytes: payload of one append message. A single larger entry still goes, alone.
    max_inflight: append messages with entries on their way to one follower, not yet answered.
    snapshot_keep_entries: entries kept behind a snapshot, so that a follower that is a little
        behind is served from the log instead of by a whole snapshot.
    max_chunk_bytes: a snapshot travels in chunks of at most this size, one at a time.
    snapshot_retry_ticks: an unanswered chunk is sent again after this many ticks.
    max_apply_entries: entries handed out for application by one `Ready`, so that a long log after
        a restart can't hold up ticks and become an election.
    """

    node_id: str
    voters: tuple[str, ...]
    join: bool = False
    election_ticks_min: int = 15
    election_ticks_max: int = 30
    heartbeat_ticks: int = 5
    heir_first: bool = False
    start_patience_ticks: int = 0
    max_batch_bytes: int = 64 * 1024
    max_inflight: int = 64
    snapshot_keep_entries: int = 1000
    max_chunk_bytes: int = 64 * 1024
    snapshot_retry_ticks: int = 20
    max_apply_entries: int = 256

    def __post_init__(self):
        """Refuse settings that can't work together, naming both sides (ConfigError)."""
        if isinstance(self.voters, str) or not self.voters:
            raise ConfigError(f'voters must be a non-empty tuple of ids, not {self.voters!r}')
        for voter in self.voters:
            if not isinstance(voter, str) or not voter:
                raise ConfigError(f'each voter id must be a non-empty string, not {voter!r}')
        if len(set(self.voters)) != len(self.voters):
            raise ConfigError(f'voters names one id twice: {self.voters}')
        if not isinstance(self.node_id, str) or not self.node_id:
            raise ConfigError(f'node_id must be a non-empty string, not {self.node_id!r}')
        if self.node_id not in self.voters and not self.join:
            raise ConfigError(
                f'node_id {self.node_id!r} is not among the voters {self.voters}: name it there, '
                'or set join if an existing group is to add it')
        for name, low in (('heartbeat_ticks', 1), ('start_patience_ticks', 0),
                          ('max_batch_bytes', 1), ('max_inflight', 1),
                          ('snapshot_keep_entries', 0), ('max_chunk_bytes', 1),
                          ('snapshot_retry_ticks', 1), ('max_apply_entries', 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < low:
                raise ConfigError(
                    f'{name} must be a whole number of at least {low}, not {value!r}')
        if self.election_ticks_min < 2 * self.heartbeat_ticks:
            raise ConfigError(
                f'election_ticks_min ({self.election_ticks_min}) must be at least twice '
                f'heartbeat_ticks ({self.heartbeat_ticks}), or one lost heartbeat starts an '
                'election')
        if self.election_ticks_max <= self.election_ticks_min:
            raise ConfigError(
                f'election_ticks_max ({self.election_ticks_max}) must exceed election_ticks_min '
                f'({self.election_ticks_min}), or all replicas ask for votes at once')
        object.__setattr__(self, 'voters', tuple(self.voters))
