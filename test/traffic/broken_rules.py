# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Logs, leaders and robots that break one rule of movement authority each."""

from authority_rules import grant_of, NAMES, Rules, SITE
from robot_swarm_orch.coordinator.keeper import Keeper
from robot_swarm_orch.types import first_seq, Grant, Mode


class AcknowledgesTheUnlogged(Rules):
    """Acknowledges the newest report heard, logged or not."""

    def told(self, before, keeper, robot, reports):
        grant = grant_of(keeper, robot)
        newest = max([grant.ack_seq] + [report[1] for report in reports])
        return (Grant(grant.robot, grant.boot_id, SITE, 1, newest, 0, grant.nodes),)


class SpeaksBeforeTheCommit(Rules):
    """Tells a robot what a row would give it, and then the row is lost."""

    def told(self, before, keeper, robot, reports):
        return (grant_of(keeper, robot),) + tuple(
            Grant(NAMES[robot], keeper.boots[robot], SITE, 1, report[1], 0, report[3] + report[4])
            for report in reports if report[2] == Mode.AUTOMATIC
            and all(before.owner.get(node, robot) == robot for node in report[4]))


class FreesWhatIsWanted(Rules):
    """Keeps for a robot what it holds and is given now, not all that it wants."""

    def apply_rows(self, keeper, rows):
        return keeper.apply_rows(tuple(
            (robot, seq, keep[0] + grant, grant) for robot, seq, keep, grant in rows))

    def row(self, keeper, robot, report, reports):
        row = super().row(keeper, robot, report, reports)
        return row and (row[0], (report[3], report[4]))


class FreesWhatIsHeld(Rules):
    """Keeps for a robot what it wants, not what it holds."""

    def row(self, keeper, robot, report, reports):
        row = super().row(keeper, robot, report, reports)
        return row and (row[0], report[4])


class MixesReports(Rules):
    """Makes a row of the seq of the newest report and the nodes of an older one."""

    def row(self, keeper, robot, report, reports):
        row = super().row(keeper, robot, report, reports)
        return row and (max(other[1] for other in reports), row[1])


class RowsForJoining(Rules):
    """Takes the empty report of a robot that joins for a robot that needs nothing."""

    def row(self, keeper, robot, report, reports):
        if report[2] == Mode.JOINING and keeper.boots[robot] == report[0]:
            return keeper.last_seq[robot] + 1, ()
        return super().row(keeper, robot, report, reports)


class ExpiresByTime(Rules):
    """Frees the nodes of a robot that has been silent for long."""

    def acts(self):
        return (('the log frees what silent r0 owns', 'expire', (0,)),)

    def expire(self, keeper, number):
        for node in keeper.nodes_of(number):
            keeper._free(node)


class RestoresWithoutFence(Rules):
    """Begins again with an old backup, as if nothing had happened since."""

    def acts(self):
        return (('the backup of the first hour is restored', 'restore', ()),)

    def restore(self, keeper):
        old = Keeper()
        old.lay_site(SITE, 4)
        for number, name in enumerate(NAMES):
            old.enrol(name, 2 + number)
            old.register_boot(name, number + 1)
        for slot in Keeper.__slots__:
            setattr(keeper, slot, getattr(old, slot))


class LetsGoTooEarly(Rules):
    """Lets go of a node before its body has left it."""

    def leave(self, body, node):
        return body


class UsesItsBootAgain(Rules):
    """Starts anew under the same boot id."""

    def boot(self, robot, boot_id):
        return super().boot(robot, robot.book.boot_id)


class TrustsItsDisk(Rules):
    """Goes on after a start with what its disk remembers of its first hour."""

    def boot(self, robot, boot_id):
        book = self.book_class(robot.book.robot, SITE, robot.book.boot_id)
        home = 2 + NAMES.index(book.robot)
        book.hear(Grant(book.robot, book.boot_id, SITE, 1, first_seq(1), 0, (home,)), True)
        return book


class NeverAsksWhatItOwns(Rules):
    """Goes on after a start as a robot that holds what it held, with a new count of reports."""

    def boot(self, robot, boot_id):
        book = robot.book.copy()
        if book.mode != Mode.JOINING:
            book.seq, book.since = first_seq(book.incarnation), {}
        return book


class GivesAnything(Rules):
    """Is a leader that gives what nobody asked for; the keeper sees to it that no harm is done."""

    def grants(self, wanted, wishes):
        return wishes
