# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's half of movement authority with one rule broken each."""

from dataclasses import replace

from robot_swarm_orch.edge.authority import AuthorityBook, Heard
from robot_swarm_orch.types import Mode


class IgnoresWseq(AuthorityBook):
    """Takes any wanted node of any grant."""

    __slots__ = ()

    def wseq(self, node):
        return -1


class RemembersTheFirstWish(AuthorityBook):
    """Counts from when a node was first named, though it was given back since."""

    __slots__ = ()

    def report(self):
        since = self.since
        result = super().report()
        self.since = {**self.since, **since}
        return result


class TakesGrantsTooOld(AuthorityBook):
    """Takes grants that are one report too old."""

    __slots__ = ()

    def wseq(self, node):
        return super().wseq(node) - 2


class HearsOtherBoots(AuthorityBook):
    """Takes grants for an earlier boot."""

    __slots__ = ()

    def hear(self, grant, inside=False):
        return super().hear(replace(grant, boot_id=self.boot_id), inside)


class HearsOtherRobots(AuthorityBook):
    """Takes grants for another robot."""

    __slots__ = ()

    def hear(self, grant, inside=False):
        return super().hear(replace(grant, robot=self.robot, boot_id=self.boot_id), inside)


class JoinsOnAnyGrant(AuthorityBook):
    """Takes any grant for its robot as the answer to its join, however old."""

    __slots__ = ()

    def hear(self, grant, inside=False):
        if self.mode == Mode.JOINING and grant.robot == self.robot:
            self.mode, self.seq, self.held = Mode.AUTOMATIC, grant.ack_seq, grant.nodes
            self.since = dict.fromkeys(self.held, self.seq)
            return Heard.JOINED
        return super().hear(grant, inside)


class JoinsOutside(AuthorityBook):
    """Joins wherever its body is."""

    __slots__ = ()

    def _join(self, grant, inside):
        return super()._join(grant, True)


class LetsGoWhenLost(AuthorityBook):
    """Lets go of nodes that a wrong pose says it has left."""

    __slots__ = ()

    def drop(self, left=(), stoppable=()):
        self.held = tuple(node for node in self.held if node not in left)


class ForgetsByHand(AuthorityBook):
    """Gives everything back when a person takes over."""

    __slots__ = ()

    def set_mode(self, mode):
        super().set_mode(mode)
        if mode != Mode.AUTOMATIC:
            self.held = ()


class ReportsTooLittle(AuthorityBook):
    """Names in its report only the last node that it holds."""

    __slots__ = ()

    def report(self):
        seq, mode, held, wanted = super().report()
        return seq, mode, held[-1:], wanted


class GivesBackOnWanting(AuthorityBook):
    """Names in its report only what it wants, if it wants anything."""

    __slots__ = ()

    def report(self):
        seq, mode, held, wanted = super().report()
        return seq, mode, () if wanted else held, wanted


class NeverFenced(AuthorityBook):
    """Does not listen when it is told that its boot is over."""

    __slots__ = ()

    def fence(self, boot_id):
        pass


# Not as strict as the book, and still safe


class TakesGrantsAsOld(AuthorityBook):
    """Takes grants that answer the last report without the node."""

    __slots__ = ()

    def wseq(self, node):
        return super().wseq(node) - 1


class JoinsOnLaterGrants(AuthorityBook):
    """Takes any grant for its boot as the answer to its join."""

    __slots__ = ()

    def _join(self, grant, inside):
        if not inside:
            return Heard.OUTSIDE
        self.mode, self.seq, self.held = Mode.AUTOMATIC, grant.ack_seq, grant.nodes
        self.since = dict.fromkeys(self.held, self.seq)
        return Heard.JOINED
