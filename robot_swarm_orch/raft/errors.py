# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Raft's own errors, as leaves of the package's tree (`robot_swarm_orch.errors`)."""

from robot_swarm_orch.errors import InvariantError, StorageError, WireError


class MalformedMessage(WireError):
    """Bytes that are no Raft message of this version; nothing of them was used."""


class RaftMisuse(InvariantError):
    """The caller broke a duty listed in the docstring of `robot_swarm_orch.raft`."""


class CorruptLog(StorageError):
    """A store holds what no crash explains; the text names file, offset and way out."""


class StoreLocked(StorageError):
    """Another process has the same store open; two replicas must never share one."""
