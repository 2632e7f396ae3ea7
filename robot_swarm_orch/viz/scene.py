# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The fleet as it is now: reports and the leader's words go in, a `Drawing` comes out.

Every shape keeps its name for as long as it is to be seen, so that viewers move it instead of
making it anew. A robot has a number of its own, given when it is first drawn and never given
again; a robot that is neither enrolled nor heard any more is removed. Removals are said several
times, since a slow viewer may miss a drawing.

Reports of two robots differ in age, so both may name one node for a moment: the one that gave it
back was heard before it did, or its report was lost. The newest word counts, and no node is drawn
in two bases. A node that two robots go on to name is held twice, which must never be: an alarm.
"""

from dataclasses import dataclass, field
from math import isfinite
from typing import Callable, Dict, List, Optional, Tuple

from robot_swarm_orch.site import Site
from robot_swarm_orch.types import FleetView, Mode, Nodes, Report
from robot_swarm_orch.viz import fleet_shapes
from robot_swarm_orch.viz.alarms import alarm_of
from robot_swarm_orch.viz.paths import Paths
from robot_swarm_orch.viz.robot_shapes import RobotArtist, Track
from robot_swarm_orch.viz.shapes import Drawing, Name

Route = Callable[[int, float, int], Nodes]  # (from node, heading [rad], goal) -> nodes

SILENT_S = 5.0  # as the coordinators' `robot_silent_s`
HEARD_S = 1.0  # a robot heard within this time is not lost, whatever an older word says
DISPUTE_S = 1.0  # how long two robots may name one node: several reports of each
GRACE_S = 2.0  # after it begins to listen, a scene does not complain of silence for so long
FAR_M = 1e5  # positions beyond this are no places on a site
# A search for a route takes milliseconds; so many fit into one scene.
SEARCHES_AT_ONCE = 8
REMOVALS = 5  # how many drawings say that a shape is gone


@dataclass
class Words:
    """What was heard of the fleet as a whole."""

    view: Optional[FleetView] = None
    lease_s: Optional[float] = None  # when a leader was last heard
    since_s: Optional[float] = None  # when the scene began to listen
    modes: Dict[str, Mode] = field(default_factory=dict)

    def silence_s(self, now_s: float) -> float:
        """Return for how long no leader was heard [s]."""
        heard_s = self.lease_s if self.lease_s is not None else self.since_s
        return 0.0 if heard_s is None else now_s - heard_s


class Scene:
    """What is known of a fleet, and how it is drawn; times are the caller's steady clock [s]."""

    def __init__(self, site: Site, forget_s: float = 10.0, route: Optional[Route] = None):
        """Know the site; `route` finds the way to a goal, None draws no routes."""
        self.site = site
        self._forget_s = forget_s
        self._paths = Paths(site)
        self._artist = RobotArtist(site, self._paths, route)
        self._fleet = fleet_shapes.FleetArtist(site, self._paths)
        self._numbers: Dict[str, int] = {}
        self._next_number = 0
        self.forget()

    def forget(self) -> None:
        """Start anew, as when nobody looked for a while; robots keep their numbers."""
        self._tracks: Dict[str, Track] = {}
        self._words = Words()
        self._drawn: Dict[Name, None] = {}
        self._gone: Dict[Name, int] = {}  # name -> how many drawings are still to say so
        self._disputes: Dict[int, Tuple[float, Tuple[str, str]]] = {}
        self._heard = 0

    @property
    def robots(self) -> int:
        """Return how many robots were heard and are drawn."""
        return len(self._tracks)

    def poses(self):
        """Return (robot, pose) of all robots that are drawn."""
        return [(robot, track.report.pose) for robot, track in self._tracks.items()]

    # -- hearing --------------------------------------------------------------------------------

    def hear(self, now_s: float, report: Report) -> bool:
        """Take in a robot's report; False when it says what cannot be drawn."""
        if not self._sound(report):
            return False
        track = self._tracks.get(report.robot)
        if track is None:
            track = self._tracks[report.robot] = Track(report, now_s, 0)
        elif report.boot_id == track.report.boot_id and report.seq < track.report.seq:
            return True
        self._heard += 1
        track.report, track.heard_s, track.order = report, now_s, self._heard
        return True

    def _sound(self, report):
        """Return whether a report can be drawn: real numbers, and nodes that are on the site."""
        pose = report.pose
        if not (abs(pose.x_m) < FAR_M and abs(pose.y_m) < FAR_M and isfinite(pose.yaw_rad)):
            return False
        limit = self.site.node_count
        return report.site_hash != self.site.hash or (
            report.goal < limit and max(report.held, default=0) < limit
            and max(report.wanted, default=0) < limit)

    def hear_view(self, view: FleetView) -> None:
        """Take in the leader's picture of the fleet; a deposed leader's is ignored."""
        known = self._words.view
        if known is None or (view.term, view.commit_index) >= (known.term, known.commit_index):
            self._words.view = view
            self._words.modes = dict(zip(view.robots, view.modes))

    def hear_lease(self, now_s: float) -> None:
        """Note that a leader spoke."""
        self._words.lease_s = now_s

    # -- drawing --------------------------------------------------------------------------------

    def draw(self, now_s: float) -> Drawing:
        """Return everything that is to be seen now, and what is not to be seen any more."""
        if self._words.since_s is None:
            self._words.since_s = now_s
        self._drop_gone(now_s)
        self._number()
        owner = self._owners(now_s)
        shapes: List = self._fleet.shapes(now_s, self._words, self._tracks, self._missing(now_s))
        shapes += self._fleet.disputes(self._held_twice(now_s))
        self._artist.begin(SEARCHES_AT_ONCE)
        for robot, track in self._tracks.items():
            silent_s = now_s - track.heard_s
            lost = silent_s > SILENT_S or (
                silent_s > HEARD_S and self._words.modes.get(robot) == Mode.LOST)
            report = track.report
            same_site = report.site_hash == self.site.hash
            alarm = alarm_of(report, lost, silent_s, same_site)
            mode = Mode.LOST if lost else report.mode
            base = tuple(node for node in self._paths.real(report.held)
                         if owner.get(node) == robot) if same_site else ()
            shapes += self._artist.shapes(track, self._numbers[robot], mode, base, alarm)
        return Drawing(tuple(shapes), self._removed(shapes))

    def _removed(self, shapes) -> Tuple[Name, ...]:
        """Return what is not drawn any more, for some drawings in a row."""
        drawn = dict.fromkeys(shape.name for shape in shapes)
        gone = {name: left - 1 for name, left in self._gone.items()
                if left > 1 and name not in drawn}
        gone.update((name, REMOVALS) for name in self._drawn if name not in drawn)
        self._drawn, self._gone = drawn, gone
        return tuple(gone)

    def _drop_gone(self, now_s):
        """Forget robots that are neither enrolled nor heard."""
        for robot in [robot for robot, track in self._tracks.items()
                      if now_s - track.heard_s > self._forget_s
                      and robot not in self._words.modes]:
            del self._tracks[robot]
            self._numbers.pop(robot, None)

    def _number(self):
        """Give numbers to robots that are new, in the order of their ids."""
        for robot in sorted(self._tracks.keys() - self._numbers.keys()):
            self._numbers[robot] = self._next_number
            self._next_number += 1

    def _owners(self, now_s) -> Dict[int, str]:
        """Return who holds each node by the newest word, and remember nodes named by two."""
        owner, twice = {}, {}
        for track in sorted(self._tracks.values(), key=lambda track: track.order):
            report = track.report
            if report.mode <= Mode.JOINING or report.site_hash != self.site.hash:
                continue  # a robot that is joining does not know what it holds
            for node in report.held:
                if node in owner:
                    twice[node] = tuple(sorted((owner[node], report.robot)))
                owner[node] = report.robot
        known = self._disputes
        self._disputes = {
            node: (known[node][0] if node in known and known[node][1] == pair else now_s, pair)
            for node, pair in twice.items()}
        return owner

    def _held_twice(self, now_s) -> Dict[int, Tuple[str, str]]:
        """Return the nodes that two robots have named for too long, and who they are."""
        return {node: pair for node, (since_s, pair) in self._disputes.items()
                if now_s - since_s >= DISPUTE_S}

    def _missing(self, now_s) -> List[str]:
        """Return the robots that are enrolled and were not heard since the scene listens."""
        if now_s - self._words.since_s < GRACE_S:
            return []
        return [robot for robot in self._words.modes if robot not in self._tracks]
