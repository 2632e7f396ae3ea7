# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Who belongs to the group, and how that changes: one server at a time, learner first.

The group is kept in the log itself, as entries of kind CONFIG that name all members. The first
leader of an empty log opens it with one that names the founders. A configuration is in effect as
soon as it is in a replica's log, committed or not, and is taken back with its entry when a new
leader overwrites it (thesis, section 4.1). Two majorities of groups that differ by one voter have
a replica in common, so two leaders can't decide apart, provided that

- the next change waits until the last one is committed, and
- a leader changes nothing before an entry of its own term is committed. Without that rule two
  leaders in turn may each build on a different uncommitted change, and their groups differ by two
  voters (found by D. Ongaro after the thesis; raft-dev, "bug in single-server membership changes",
  2015).

A new replica comes as a learner, which gets the log but has no voice, so that the group does not
depend on it before it has caught up (thesis, section 4.2.1).
"""

from bisect import bisect_right

import msgpack

from robot_swarm_orch.raft.errors import MalformedMessage, MembershipRefused
from robot_swarm_orch.raft.messages import CONFIG, Members


def changed(members, kind, node_id):
    """
    Return `members` after `kind` ('add', 'promote' or 'remove') of `node_id`.

    Raises MembershipRefused where that makes no sense.
    """
    if not isinstance(node_id, str) or not node_id:
        raise MembershipRefused(f'the id must be a non-empty string, not {node_id!r}')
    voters, learners = members.voters, members.learners
    if kind == 'add':
        if node_id in members.all:
            raise MembershipRefused(f'{node_id} belongs to the group already')
        return Members(voters, (*learners, node_id))
    if kind == 'promote':
        if node_id not in learners:
            raise MembershipRefused(
                f'{node_id} is no learner of this group ({_names(learners)}): add it first')
        return Members((*voters, node_id), _without(learners, node_id))
    if kind != 'remove':
        raise MembershipRefused(f'unknown change {kind!r}: it is add, promote or remove')
    if node_id not in members.all:
        raise MembershipRefused(f'{node_id} does not belong to the group ({_names(members.all)})')
    if voters == (node_id,):
        raise MembershipRefused(f'{node_id} is the last voter: without it nothing is decided')
    return Members(_without(voters, node_id), _without(learners, node_id))


def _without(names, node_id):
    return tuple(name for name in names if name != node_id)


def _names(names):
    return ', '.join(names) or 'there are none'


def pack_members(members):
    """Return the bytes of `members`, the data of a CONFIG entry."""
    return msgpack.packb([members.voters, members.learners])


def unpack_members(data):
    """Return the Members of a CONFIG entry's `data`; MalformedMessage for anything else."""
    try:
        fields = msgpack.unpackb(data, use_list=True)
    except Exception as error:  # the library's errors share no base class; all mean "not ours"
        raise MalformedMessage(f'not the bytes of a configuration: {error!r}') from error
    return members_of(fields)


def members_of(fields):
    """Return the Members of a list `[[voter, ...], [learner, ...]]`; MalformedMessage if wrong."""
    if type(fields) is not list or len(fields) != 2 or any(
            type(names) is not list for names in fields):
        raise MalformedMessage(f'members are two lists of ids, not {fields!r}')
    names = fields[0] + fields[1]
    for name in names:
        if type(name) is not str or not name:
            raise MalformedMessage(f'expected a non-empty id, not {name!r}')
    if not fields[0] or len(set(names)) != len(names):
        raise MalformedMessage(f'members need a voter, and name nobody twice: {fields!r}')
    return Members(tuple(fields[0]), tuple(fields[1]))


class Configurations:
    """The configurations of one log, by index; the newest is in effect."""

    __slots__ = ('_indices', '_members')

    def __init__(self, index, members):
        """Begin with `members`, in effect from `index` on."""
        self._indices = [index]
        self._members = [members]

    @property
    def members(self):
        """Return the Members in effect."""
        return self._members[-1]

    @property
    def index(self):
        """Return the index of the entry that put them into effect; 0 if none did."""
        return self._indices[-1]

    def at(self, index):
        """Return the Members in effect at `index`, which is not older than the first ones."""
        return self._members[bisect_right(self._indices, index) - 1]

    def take(self, entries):
        """Note what CONFIG entries there are among `entries`, new at the log's end."""
        for entry in entries:
            if entry.kind == CONFIG:
                self._indices.append(entry.index)
                self._members.append(unpack_members(entry.data))

    def take_back(self, index):
        """Forget those of `index` and later: their entries were overwritten."""
        while self._indices[-1] >= index and len(self._indices) > 1:
            self._indices.pop()
            self._members.pop()

    def forget(self, index):
        """Forget those that were not in effect any more at `index`, which a snapshot covers."""
        keep = bisect_right(self._indices, index) - 1
        del self._indices[:keep], self._members[:keep]
