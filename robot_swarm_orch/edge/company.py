# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Who else may be in a free zone, and where: from the log, and from what they say of themselves.

Whoever may be in a zone holds one of its spots, so the log knows them all. The leader's view of
the fleet (`FleetView.in_zones`) lists them as of a commit index. Views count in the order of that
index, however late or repeated they come. Three rules make sure that no two robots move in a zone
of which one does not know of the other:

1.  *Know.* Who is in the newest view is expected until it is heard: all others stand. It is
    forgotten only when a view no longer lists it, which is after it left.
2.  *Be known.* Each word of a robot says how new its view is. A robot that was given its spot at
    index i (or joined at i) stays where it is, in a door that it holds, until its own view is as
    new, and every other robot in that view has said so too.
3.  *Late words.* Of a robot that was absent in a view, only words after that view count.

So if A and B are both in a zone, and B came later, at index i: B moves only after A has said that
its view is as new as i; from then on A reckons with B. No clock and no bound on delays is in it.

A robot that the leader calls lost has had no lease for long, so it stands; it joins anew, and is
known anew, before it moves (`free_floor.py`). So others may drive round where it came to rest.

One table serves all robots of a process, as with `peers.PeerTable`.
"""

from dataclasses import replace

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.free_gate import may_be
from robot_swarm_orch.edge.neighbours import AvoidanceConfig, Neighbours
from robot_swarm_orch.types import FleetView, Mode, Peer


class _Room:
    """What is known of the robots in one zone."""

    def __init__(self, zone, config: RobotConfig, avoidance: AvoidanceConfig):
        """Know nobody."""
        self.zone = zone
        self.config = replace(config, speed_mps=min(config.speed_mps, zone.speed_mps))
        self.neighbours = Neighbours(avoidance)
        self.members = {}    # robot -> whether it is lost
        self.absent = {}     # robot -> index of the last view in which it was absent or lost

    def take(self, members, index, before, now_s):
        """
        Take in who is in the zone as of an index: {robot: whether it is lost}.

        before: the index of the view before.
        """
        for robot in self.members.keys() - members.keys():
            self.neighbours.left(robot)
            del self.absent[robot]
        for robot, lost in members.items():
            if robot not in self.members:
                self.absent[robot] = before
            if lost:
                self.absent[robot] = index
            elif self.members.get(robot):
                self.neighbours.left(robot)  # it may move again: what was known of it is over
            self.neighbours.expect(robot)
            if lost:
                self.neighbours.stands(robot, now_s, self._grown)
        self.members = members

    def _grown(self, row, hours):
        return may_be(row, hours, self.config)


class Company:
    """The robots in all free zones of a site, as one process knows them."""

    def __init__(self, site, config: RobotConfig, avoidance: AvoidanceConfig = AvoidanceConfig()):
        """Know nobody; nobody drives in a zone before the first view."""
        self.index = 0       # of the newest view
        self._site = site
        self._rooms = {zone.name: _Room(zone, config, avoidance) for zone in site.free_zones}
        self._said = {}      # robot -> the newest index that it said

    def neighbours(self, zone) -> Neighbours:
        """Return what is known of where the robots in a zone are."""
        return self._rooms[zone.name].neighbours

    def hear_view(self, view: FleetView, now_s: float) -> None:
        """Take in the leader's view, unless a newer one is known."""
        if view.commit_index <= self.index or view.site_hash != self._site.hash:
            return
        before, self.index = self.index, view.commit_index
        alive = {robot for robot, mode in zip(view.robots, view.modes) if mode != Mode.LOST}
        members = {name: {} for name in self._rooms}
        for robot, spot in view.in_zones:
            zone = self._site.free_zone_at(spot)
            if zone is not None:
                members[zone.name][robot] = robot not in alive
        for name, room in self._rooms.items():
            room.take(members[name], self.index, before, now_s)

    def hear(self, peer: Peer) -> None:
        """Take in a robot's word about itself."""
        if peer.roster > self._said.get(peer.robot, 0):
            self._said[peer.robot] = peer.roster
        for room in self._rooms.values():
            if peer.robot in room.members and peer.roster > room.absent.get(peer.robot, 0):
                room.neighbours.hear(peer, peer.sent_s)

    def strangers(self, robot: str, zone, since: int) -> list:
        """
        Return who may not know yet of a robot that came into a zone at index `since`, ascending.

        The robot itself is among them while its own view is too old.
        """
        room = self._rooms[zone.name]
        if self.index < since or room.members.get(robot, True):
            return [robot]
        return sorted(other for other, lost in room.members.items()
                      if other != robot and not lost and self._said.get(other, 0) < since)
