# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Raft's own errors, as leaves of the package's tree (`robot_swarm_orch.errors`)."""

from robot_swarm_orch.errors import InvariantError, StorageError, SwarmError, WireError


class MalformedMessage(WireError):
    """Bytes that are no Raft message of this version; nothing of them was used."""


class RaftMisuse(InvariantError):
    """The caller broke a duty listed in the docstring of `robot_swarm_orch.raft`."""


class MembershipRefused(SwarmError):
    """A change of the group that cannot be made now, or not at all; nothing was changed."""

    def __init__(self, reason):
        """Keep the `reason`: what stands against it, and what to do."""
        self.reason = reason
        super().__init__(reason)


class CorruptLog(StorageError):
    """A store holds what no crash explains; the text names file, offset and way out."""


class DiskRefused(StorageError):
    """The disk took no write or gave an error; nothing was promised on it. See `reopen`."""


class StoreLocked(StorageError):
    """Another process has the same store open; two replicas must never share one."""
