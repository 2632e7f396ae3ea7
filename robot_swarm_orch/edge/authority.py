# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Movement authority, the robot's half: which nodes it holds, wants, and may believe it was given.

H (`held`) is the base: nodes that no other robot drives on. W (`wanted`) is the horizon: the next
nodes of the robot's own route. Every report carries both and a `seq` that grows. The keeper, the
replicated log on the coordinators, frees what a report names in neither, and grants nodes of W.
Messages may be lost, doubled, delayed and reordered at will; these rules keep two robots from
holding one node:

1. *Accept.* A grant states what the robot owned when its report `ack_seq` was applied. Node c is
   taken from it only if `ack_seq > wseq(c)`, the last seq that was sent with c in neither H nor W.
   So a grant from before the robot gave c back is worth nothing. Nodes that are not wanted now are
   left alone; the next report frees them.
2. *Drop.* c leaves H only when the body, grown by the error bound, has left c, or never entered
   c and can still stop short of it. Whether that is so is geometry, and is passed in (`base.py`).
3. *Join.* After a start the robot stands and knows nothing. It draws a boot id and reports JOINING
   under incarnation 0, which frees nothing. The log gives that boot the next incarnation and
   answers with all that the robot owns. The robot takes that as H if its body is inside; then
   `wseq` is the first seq of the incarnation, for every node.
4. *Fence.* A boot that the log has replaced or that a person cleared is told so. It forgets
   everything, stands, and joins anew under a new boot id.
5. *Modes.* Only AUTOMATIC reports may free or want, so nothing is dropped or wanted in others.

The state is small and plain, so that a model checker can copy, compare and hash it (`key`).
"""

from enum import Enum
from typing import Iterable, Tuple

from robot_swarm_orch.errors import InvariantError
from robot_swarm_orch.types import first_seq, Grant, GrantStatus, incarnation_of, Mode, Nodes


class Heard(Enum):
    """What became of a grant."""

    NOTHING = 'nothing'        # told nothing new
    GAINED = 'gained'          # some wanted nodes are held now
    JOINED = 'joined'          # the robot knows what it owns and may report as AUTOMATIC
    OUTSIDE = 'outside'        # the answer to a join came, but the body is not inside those nodes
    FENCED = 'fenced'          # this boot is over
    REFUSED = 'refused'        # the coordinators refuse to let this boot join, for now
    FOREIGN = 'foreign'        # meant for another robot or another boot: ignored
    OTHER_SITE = 'other_site'  # made on another roadmap: ignored


class AuthorityBook:
    """What one boot of one robot holds, wants and remembers of its own reports."""

    __slots__ = ('robot', 'site_hash', 'boot_id', 'mode', 'seq', 'held', 'wanted', 'since')

    def __init__(self, robot: str, site_hash: int, boot_id: int):
        """Start as a robot that knows nothing but its roadmap."""
        self.robot = robot
        self.site_hash = site_hash
        self.boot_id = boot_id
        self.mode = Mode.JOINING
        self.seq = 0          # of the last report sent
        self.held = ()        # H, in driving order
        self.wanted = ()      # W, in driving order
        self.since = {}       # node in the H or W last sent -> last seq sent without it

    @property
    def incarnation(self) -> int:
        """Return the incarnation that the log gave this boot; 0 until it did."""
        return incarnation_of(self.seq)

    def wseq(self, node: int) -> int:
        """Return the last seq that was sent with a node in neither H nor W."""
        return self.since.get(node, self.seq)

    def hear(self, grant: Grant, inside: bool = False) -> Heard:
        """
        Take in a movement authority, whatever its age or term, and say what became of it.

        `inside` says whether the robot's pose is well known and its body, grown by the error
        bound, is inside `grant.nodes`; it counts only while joining.
        """
        if grant.robot != self.robot or grant.boot_id != self.boot_id:
            return Heard.FOREIGN
        if grant.site_hash != self.site_hash:
            return Heard.OTHER_SITE
        if grant.status == GrantStatus.FENCED:
            return Heard.FENCED
        if grant.status != GrantStatus.VALID:
            return Heard.REFUSED if self.mode == Mode.JOINING else Heard.NOTHING
        if self.mode == Mode.JOINING:
            return self._join(grant, inside)
        gained = tuple(node for node in self.wanted
                       if node in grant.nodes and grant.ack_seq > self.wseq(node))
        if not gained:
            return Heard.NOTHING
        self.held += gained
        self.wanted = tuple(node for node in self.wanted if node not in gained)
        return Heard.GAINED

    def _join(self, grant, inside):
        """Take the answer to a JOINING report."""
        incarnation = incarnation_of(grant.ack_seq)
        if incarnation == 0 or grant.ack_seq != first_seq(incarnation):
            return Heard.NOTHING
        if not inside:
            return Heard.OUTSIDE
        self.mode = Mode.AUTOMATIC
        self.seq = first_seq(incarnation)
        self.held = tuple(grant.nodes)
        self.since = dict.fromkeys(self.held, self.seq)
        return Heard.JOINED

    def fence(self, boot_id: int) -> None:
        """Give up this boot and begin to join as another one; the robot must stand."""
        if boot_id == self.boot_id:
            raise InvariantError(f'boot id {boot_id} was fenced and must not be used again')
        self.boot_id = boot_id
        self.mode = Mode.JOINING
        self.seq = self.seq if self.incarnation == 0 else 0
        self.held = self.wanted = ()
        self.since = {}

    def set_mode(self, mode: Mode) -> None:
        """Change between AUTOMATIC, MANUAL and LOST; JOINING ends by a grant only."""
        if self.mode == Mode.JOINING or mode not in (Mode.AUTOMATIC, Mode.MANUAL, Mode.LOST):
            raise InvariantError(f'no way from mode {self.mode.name} to {mode.name}')
        self.mode = mode
        if mode != Mode.AUTOMATIC:
            self.wanted = ()

    def drop(self, left: Iterable[int] = (), stoppable: Iterable[int] = ()) -> None:
        """
        Let go of nodes of H that the body has left, or never entered and can still stop short of.

        Other nodes in the arguments are ignored. Nothing is dropped outside mode AUTOMATIC.
        """
        if self.mode == Mode.AUTOMATIC:
            gone = set(left)
            gone.update(stoppable)
            if gone:
                self.held = tuple(node for node in self.held if node not in gone)

    def want(self, nodes: Iterable[int]) -> None:
        """Set W to those of `nodes`, in driving order, that are not held."""
        if self.mode == Mode.AUTOMATIC:
            self.wanted = tuple(dict.fromkeys(n for n in nodes if n not in self.held))

    def order(self, nodes: Iterable[int]) -> None:
        """Put H into driving order: the order of `nodes`, then whatever else is held."""
        place = {node: index for index, node in enumerate(nodes)}
        last = len(place)
        self.held = tuple(sorted(self.held, key=lambda node: place.get(node, last)))

    def report(self) -> Tuple[int, Mode, Nodes, Nodes]:
        """Return (seq, mode, H, W) of the next report, which must then be sent or be lost."""
        before, since = self.seq, self.since
        self.seq += 1
        self.since = {node: since.get(node, before) for node in self.held + self.wanted}
        return self.seq, self.mode, self.held, self.wanted

    def copy(self) -> 'AuthorityBook':
        """Return an independent book with the same state."""
        other = type(self)(self.robot, self.site_hash, self.boot_id)
        other.mode, other.seq = self.mode, self.seq
        other.held, other.wanted, other.since = self.held, self.wanted, dict(self.since)
        return other

    def key(self) -> tuple:
        """Return the whole state as one hashable value: equal keys behave equally."""
        return (self.robot, self.site_hash, self.boot_id, int(self.mode), self.seq, self.held,
                self.wanted, tuple(sorted(self.since.items())))
