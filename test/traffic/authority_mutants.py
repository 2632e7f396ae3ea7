# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The protocol of movement authority with one rule broken, in many ways.

`MUTANTS` says of each what is broken, what has to be possible for that to do harm, and after how
many steps it does at the earliest. `HARMLESS` are changes that do none: there the protocol is
stricter than it need be.
"""

from typing import NamedTuple, Tuple

from authority_rules import Budget, Rules
import broken_books as books
import broken_keepers as keepers
import broken_rules as rules
from robot_swarm_orch.coordinator.keeper import Keeper
from robot_swarm_orch.edge.authority import AuthorityBook


class Mutant(NamedTuple):
    """
    A broken rule.

    steps: of the shortest way to a collision. budgets: what may happen to r0 and r1. nodes: how
    many both want.
    """

    rules: type
    steps: int
    budgets: Tuple[Budget, Budget] = (Budget(2), Budget(1))
    nodes: int = 1


def broken(keeper=Keeper, book=AuthorityBook, base=Rules, snapshots='ignored'):
    """Return the rules with another keeper or book, or others altogether."""
    return type('Broken', (base,), {
        'keeper_class': keeper, 'book_class': book, 'snapshots': snapshots})


MORE = (Budget(3), Budget(1))
BOOT = (Budget(2, boots=1), Budget(1))
MORE_BOOT = (Budget(3, boots=1), Budget(1))
CLEAR = (Budget(2, clears=1), Budget(1))
TWO_CLEAR = (Budget(1, clears=1), Budget(1, clears=1))
PUSH = (Budget(1, boots=1, pushes=1), Budget(1))
JUMP = (Budget(2, jumps=1), Budget(1))

MUTANTS = {
    # The keeper
    'the keeper ignores seq': Mutant(broken(keepers.IgnoresSeq), 8),
    'the keeper ignores incarnations': Mutant(broken(keepers.IgnoresIncarnation), 11, BOOT),
    'a boot starts the incarnation over': Mutant(
        broken(keepers.StartsTheIncarnationOver), 11, BOOT),
    'a boot gets no incarnation of its own': Mutant(
        broken(keepers.OnlyNotesTheBoot), 13, MORE_BOOT),
    'a clearance fences nothing': Mutant(broken(keepers.ClearsWithoutFence), 7, CLEAR),
    'a clearance begins with the first incarnation again': Mutant(
        broken(keepers.ForgetsClearedRobots), 10, CLEAR),
    'a clearance blocks nothing': Mutant(broken(keepers.ClearsWithoutBlocking), 7, CLEAR),
    'blocked nodes are given': Mutant(broken(keepers.GivesBlockedNodes), 7, CLEAR),
    'an enrolment unblocks for all': Mutant(
        broken(keepers.UnblocksAtEveryEnrolment), 6, TWO_CLEAR),
    'held nodes are given': Mutant(broken(keepers.GivesHeldNodes), 6),
    'a grant names nodes that could not be given': Mutant(broken(keepers.SkipsHeldNodes), 6),
    'a robot is enrolled on a held node': Mutant(broken(keepers.EnrolsOnHeldNodes), 5, CLEAR),
    'a robot is enrolled on a blocked node': Mutant(
        broken(keepers.EnrolsOnBlockedNodes), 6, TWO_CLEAR),
    'freed nodes are still told': Mutant(broken(keepers.FreesWithoutForgetting), 10, MORE),
    'a snapshot lacks seqs': Mutant(broken(keepers.LosesSeqs, snapshots='used'), 8),
    'a snapshot lacks owners': Mutant(broken(keepers.LosesOwners, snapshots='used'), 6),
    'a snapshot lacks blocked nodes': Mutant(
        broken(keepers.LosesBlocked, snapshots='used'), 7, CLEAR),
    'a snapshot lacks fences': Mutant(broken(keepers.LosesFences, snapshots='used'), 10, CLEAR),
    # The robot's book
    'a robot has no wseq': Mutant(broken(book=books.IgnoresWseq), 9, MORE),
    'a robot remembers its first wish': Mutant(
        broken(book=books.RemembersTheFirstWish), 9, MORE),
    'a robot takes grants one report too old': Mutant(
        broken(book=books.TakesGrantsTooOld), 9, MORE),
    'a robot hears grants to its earlier boots': Mutant(
        broken(book=books.HearsOtherBoots), 11, MORE_BOOT),
    'a robot hears grants to other robots': Mutant(broken(book=books.HearsOtherRobots), 5),
    'a robot joins on any grant': Mutant(broken(book=books.JoinsOnAnyGrant), 9, BOOT),
    'a robot joins outside what it owns': Mutant(broken(book=books.JoinsOutside), 8, PUSH),
    'a robot lets go while its pose is wrong': Mutant(
        broken(book=books.LetsGoWhenLost), 11, JUMP),
    'a robot forgets what it holds while lost': Mutant(
        broken(book=books.ForgetsByHand), 10, JUMP),
    'a report names one held node': Mutant(
        broken(book=books.ReportsTooLittle), 8, nodes=2),
    'a report that wants names nothing held': Mutant(
        broken(book=books.GivesBackOnWanting), 8, nodes=2),
    'a robot is not to be fenced': Mutant(broken(book=books.NeverFenced), 8, CLEAR),
    # Leaders, the log, what a robot does around its book
    'a grant acknowledges unlogged reports': Mutant(
        broken(base=rules.AcknowledgesTheUnlogged), 9, MORE),
    'a grant leaves before the commit': Mutant(broken(base=rules.SpeaksBeforeTheCommit), 6),
    'the log frees what is wanted': Mutant(broken(base=rules.FreesWhatIsWanted), 8),
    'the log frees what is held': Mutant(broken(base=rules.FreesWhatIsHeld), 8),
    'a row mixes two reports': Mutant(broken(base=rules.MixesReports), 9, MORE),
    'a joining report makes a row': Mutant(broken(base=rules.RowsForJoining), 10, BOOT),
    'silence frees nodes': Mutant(broken(base=rules.ExpiresByTime), 7),
    'a backup is restored without fence': Mutant(broken(base=rules.RestoresWithoutFence), 7),
    'a robot lets go before it has left': Mutant(broken(base=rules.LetsGoTooEarly), 9),
    'a boot id is used again': Mutant(broken(base=rules.UsesItsBootAgain), 11, MORE_BOOT),
    'a robot trusts its disk after a start': Mutant(
        broken(base=rules.TrustsItsDisk), 10, MORE_BOOT),
    'a robot counts anew after a start': Mutant(
        broken(base=rules.NeverAsksWhatItOwns), 10, MORE_BOOT),
}

HARMLESS = {
    'an equal seq counts again': broken(keepers.TakesAnEqualSeq),
    'nodes not in the report are given': broken(
        keepers.GivesUnnamedNodes, base=rules.GivesAnything),
    'a grant as new as wseq is taken': broken(book=books.TakesGrantsAsOld),
    'a join takes a later grant of its boot': broken(book=books.JoinsOnLaterGrants),
    'a leader gives what nobody wants': rules.GivesAnything,
}
