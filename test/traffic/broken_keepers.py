# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Keepers of movement authority with one rule broken each."""

from robot_swarm_orch.coordinator.keeper import Keeper, NOBODY
from robot_swarm_orch.types import COUNTER_MASK, first_seq, incarnation_of


class IgnoresSeq(Keeper):
    """Applies reports in whatever order they come."""

    __slots__ = ()

    def _counts(self, row):
        number, seq = row[:2]
        return (self.boots[number] != NOBODY
                and incarnation_of(seq) == self.incarnations[number])


class IgnoresIncarnation(Keeper):
    """Compares the counters of reports only."""

    __slots__ = ()

    def _counts(self, row):
        number, seq = row[:2]
        return (self.boots[number] != NOBODY
                and seq & COUNTER_MASK > self.last_seq[number] & COUNTER_MASK)


class StartsTheIncarnationOver(Keeper):
    """Gives a new boot the incarnation of the one before."""

    __slots__ = ()

    def _next_incarnation(self, number, boot_id):
        self.incarnations[number] = max(1, self.incarnations[number])
        self.boots[number] = boot_id
        self.last_seq[number] = first_seq(self.incarnations[number])


class OnlyNotesTheBoot(Keeper):
    """Registers a boot without an incarnation of its own."""

    __slots__ = ()

    def _next_incarnation(self, number, boot_id):
        self.incarnations[number] = max(1, self.incarnations[number])
        self.last_seq[number] = max(first_seq(1), self.last_seq[number])
        self.boots[number] = boot_id


class ClearsWithoutFence(Keeper):
    """Lets the boot of a robot that is cleared count on."""

    __slots__ = ()

    def clear(self, name, occupied):
        number = self.numbers[name]
        before = self.boots[number], self.incarnations[number], self.last_seq[number]
        why_not = super().clear(name, occupied)
        if not why_not:
            self.boots[number], self.incarnations[number], self.last_seq[number] = before
        return why_not


class ForgetsClearedRobots(Keeper):
    """Begins with the first incarnation again after a clearance."""

    __slots__ = ()

    def clear(self, name, occupied):
        why_not = super().clear(name, occupied)
        if not why_not:
            number = self.numbers[name]
            self.incarnations[number] = self.last_seq[number] = 0
        return why_not


class ClearsWithoutBlocking(Keeper):
    """Frees all nodes of a robot that is cleared, those under its body too."""

    __slots__ = ()

    def clear(self, name, occupied):
        return super().clear(name, ())


class GivesBlockedNodes(Keeper):
    """Does not look whether a node is blocked."""

    __slots__ = ()

    def _give(self, number, keep, grant):
        blocked, self.blocked = self.blocked, {}
        super()._give(number, keep, grant)
        self.blocked = blocked


class UnblocksAtEveryEnrolment(Keeper):
    """Takes the enrolment of one robot for a sign that all blocked nodes are empty."""

    __slots__ = ()

    def _unblock(self, number):
        self.blocked.clear()


class GivesHeldNodes(Keeper):
    """Gives whatever is wanted, held or not."""

    __slots__ = ()

    def _give(self, number, keep, grant):
        for node in grant:
            if node in self.owner:
                self._free(node)
        super()._give(number, keep, grant)


class SkipsHeldNodes(Keeper):
    """Tells a robot that it owns the whole grant, though it could not have all of it."""

    __slots__ = ()

    def _give(self, number, keep, grant):
        super()._give(number, keep, grant)
        self.owned[number].update(grant)


class EnrolsOnHeldNodes(Keeper):
    """Enrols a robot on a node that another one holds."""

    __slots__ = ()

    def enrol(self, name, node):
        self.owner.pop(node, None)
        return super().enrol(name, node)


class EnrolsOnBlockedNodes(Keeper):
    """Enrols a robot on a node in which another one's body is."""

    __slots__ = ()

    def enrol(self, name, node):
        self.blocked.pop(node, None)
        return super().enrol(name, node)


class FreesWithoutForgetting(Keeper):
    """Frees a node, but still names it among those that the robot owns."""

    __slots__ = ()

    def _free(self, node):
        self.owner.pop(node, None)


class LosesInSnapshots(Keeper):
    """The base of those whose snapshots lose something."""

    __slots__ = ()

    @classmethod
    def from_plain(cls, plain):
        keeper = super().from_plain(plain)
        keeper.lose()
        return keeper


class LosesSeqs(LosesInSnapshots):
    """Comes back from a snapshot with the first seq of each incarnation."""

    __slots__ = ()

    def lose(self):
        self.last_seq = [first_seq(incarnation) for incarnation in self.incarnations]


class LosesOwners(LosesInSnapshots):
    """Comes back from a snapshot without knowing who owns the contested nodes."""

    __slots__ = ()

    def lose(self):
        for node in (0, 1):
            if node in self.owner:
                self._free(node)


class LosesBlocked(LosesInSnapshots):
    """Comes back from a snapshot without blocked nodes."""

    __slots__ = ()

    def lose(self):
        self.blocked.clear()


class LosesFences(LosesInSnapshots):
    """Comes back from a snapshot without the incarnations of robots that have no boot."""

    __slots__ = ()

    def lose(self):
        for number, boot_id in enumerate(self.boots):
            if boot_id == NOBODY:
                self.incarnations[number] = self.last_seq[number] = 0


# Not as strict as the keeper, and still safe


class TakesAnEqualSeq(Keeper):
    """Applies the newest report again."""

    __slots__ = ()

    def _counts(self, row):
        number, seq = row[:2]
        return (self.boots[number] != NOBODY and seq >= self.last_seq[number]
                and incarnation_of(seq) == self.incarnations[number])


class GivesUnnamedNodes(Keeper):
    """Gives what the report does not name."""

    __slots__ = ()

    def _give(self, number, keep, grant):
        super()._give(number, keep + grant, grant)
