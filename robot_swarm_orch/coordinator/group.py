# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Operators' acts on the group of coordinators, and what a coordinator says of the group.

Who belongs to the group is Raft's own affair (`raft/members.py`); here acts become Raft calls, and
Raft's outcome becomes an answer in words. An act is answered when it is decided: a change of the
group with the commit of its entry, a transfer when another one leads. Who asks again for what is
so already hears that it is done: an answer may be lost on its way, and the question is repeated.
"""

from robot_swarm_orch.errors import ConfigError, NotLeader
from robot_swarm_orch.raft import MembershipRefused, Role
from robot_swarm_orch.types import GroupVerb

_KINDS = {GroupVerb.ADD: 'add', GroupVerb.REMOVE: 'remove'}
_NEXT = {
    GroupVerb.ADD: '{0} belongs to the group as a learner; it will vote once it has copied the '
                   'log. Start it with join: true and an empty data_dir, if it does not run yet',
    GroupVerb.REMOVE: '{0} belongs to the group no more; it may be stopped'}
_CHANGED = 'the leader changed meanwhile: look, then ask again'


class GroupActs:
    """The acts that wait for their outcome, on one coordinator."""

    __slots__ = ('_changes', '_transfer')

    def __init__(self):
        """Start with none."""
        self._changes = {}  # (index, term) of the entry -> (request ids, act)
        self._transfer = None  # (request id, to or '', term of the old leader)

    def begin(self, raft, act, request_id):
        """Take in a GroupAct; return the answers (request id, done, words) that it has already."""
        try:
            if raft.role is Role.LEADER and not self and (words := _is_so(raft, act)):
                return [(request_id, True, words)]
            if act.verb == GroupVerb.TRANSFER:
                self._begin_transfer(raft, act.coordinator, request_id)
            elif not self._joins(act, request_id):
                index = raft.change_members(_KINDS[act.verb], act.coordinator)
                self._changes[index, raft.term] = [request_id], act
        except (MembershipRefused, NotLeader, ConfigError) as error:
            return [(request_id, False, str(error))]
        return []

    def _joins(self, act, request_id):
        """Let a question that was asked again wait for the change that is under way already."""
        for request_ids, other in self._changes.values():
            if (other.verb, other.coordinator) == (act.verb, act.coordinator):
                request_ids.append(request_id)
                return True
        return False

    def _begin_transfer(self, raft, to, request_id):
        """Ask Raft to hand over; raises NotLeader, ConfigError or MembershipRefused."""
        if raft.role is Role.LEADER:
            if raft.is_handing_over:
                raise MembershipRefused('the lead is being handed over already')
            heirs = reachable(raft)
            if to in raft.members.voters and to not in heirs or not (to or heirs):
                raise MembershipRefused(f'{to or "no other voter"} does not answer now, so it '
                                        'could not take over')
        raft.transfer_leadership(to or None)
        self._transfer = request_id, to, raft.term

    def committed(self, entry):
        """Return the answers that a committed entry gives."""
        request_ids, act = self._changes.pop((entry.index, entry.term), ((), None))
        return [(request_id, True, _NEXT[act.verb].format(act.coordinator))
                for request_id in request_ids]

    def settle(self, raft):
        """Return the answers that Raft's state gives: somebody else leads, or nobody took over."""
        answers = []
        leads = raft.role is Role.LEADER
        for (index, term), (request_ids, _) in list(self._changes.items()):
            if not leads or term != raft.term:
                del self._changes[index, term]
                answers += [(request_id, False, _CHANGED) for request_id in request_ids]
        if self._transfer is not None:
            request_id, to, term = self._transfer
            if leads and raft.term == term:
                if not raft.is_handing_over:
                    answers.append((request_id, False, f'{to or "nobody"} did not take over in '
                                    f'time; {raft.config.node_id} leads on'))
            elif raft.leader_id is not None:
                answers.append((request_id, to in ('', raft.leader_id),
                                f'{raft.leader_id} leads in term {raft.term}'))
            if answers and answers[-1][0] == request_id:
                self._transfer = None
        return answers

    def __bool__(self):
        """Return whether any act waits."""
        return bool(self._changes) or self._transfer is not None


def _is_so(raft, act):
    """Return in words that what a GroupAct asks for is so already; '' if it is not."""
    if act.verb == GroupVerb.TRANSFER and act.coordinator == raft.config.node_id:
        return f'{act.coordinator} leads in term {raft.term}'
    if act.verb == GroupVerb.ADD and act.coordinator in raft.members.all:
        part = 'voter' if act.coordinator in raft.members.voters else 'learner'
        return f'{act.coordinator} belongs to the group already, as a {part}'
    if act.verb == GroupVerb.REMOVE and act.coordinator not in raft.members.all:
        return f'{act.coordinator} does not belong to the group: {", ".join(raft.members.all)}'
    return ''


def reachable(raft):
    """Return the voters that this leader has heard lately, and that could take over."""
    return [peer.node_id for peer in raft.status().peers
            if peer.is_voter and not peer.is_amnesic and peer.contact_tick is not None
            and raft.tick_count - peer.contact_tick <= raft.config.election_ticks_max]


def group_word(raft, applied_index, tick_s):
    """Return what this coordinator knows of the group, as JSON can carry it; ages in seconds."""
    status = raft.status()
    return {
        'node_id': status.node_id, 'role': status.role.value, 'term': status.term,
        'leader': status.leader_id, 'commit_index': status.commit_index,
        'applied_index': applied_index, 'last_index': status.last_index,
        'amnesic': status.is_amnesic, 'voters': list(status.members.voters),
        'learners': list(status.members.learners),
        'peers': {peer.node_id: {
            'match_index': peer.match_index, 'state': peer.state, 'amnesic': peer.is_amnesic,
            'contact_s': None if peer.contact_tick is None
            else round((status.tick_count - peer.contact_tick) * tick_s, 3)}
            for peer in status.peers}}
