# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The errors of this package, as one tree.

SwarmError
    ConfigError         a parameter, a site file or a relation between them is wrong
        SiteError       the site (roadmap, stations) is wrong; names the offending nodes
    WireError           a message from outside was refused; nothing of it was used
    InvariantError      the program itself is wrong; the process must stop
    NotLeader           ask the coordinator named in `leader_id`
    StorageError        the disk refused, or holds something unusable

Each message says what is wrong, where, and what to do.
"""


class SwarmError(Exception):
    """Root of every error that this package raises on purpose."""


class ConfigError(SwarmError):
    """A parameter, a site file or a relation between them is wrong."""


class SiteError(ConfigError):
    """The site is wrong; the message names the first offending nodes, `nodes` all of them."""

    def __init__(self, text, nodes=()):
        """Remember the names of the offending nodes."""
        self.nodes = tuple(nodes)
        super().__init__(text)


class WireError(SwarmError):
    """A message from outside was refused at the door; nothing of it was used."""


class InvariantError(SwarmError):
    """A law of the program was broken: continuing could do harm, so it must not."""


class NotLeader(SwarmError):
    """This coordinator does not lead; `leader_id` names the one that does, if known."""

    def __init__(self, leader_id=None):
        """Remember the leader's id, or None while nobody is known to lead."""
        self.leader_id = leader_id
        super().__init__(f'not the leader; ask {leader_id}' if leader_id
                         else 'not the leader, and no leader is known: try again shortly')


class StorageError(SwarmError):
    """The disk refused, or holds something that cannot be used; the message says what to do."""
