# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Who is to come to rest, and who gets no new orders, by the word of a person.

A paused robot, and one that is in a paused area or about to enter it, is granted no further nodes
(`traffic.py`) and gets no new commands. So it comes to rest at the end of what it holds, keeps
that, and keeps its order. A drained robot finishes what it does, gets no new orders, and parks.
"""

FLEET = '*'
"""How the whole fleet is called among what is paused."""


class Pauses:
    """For reading: `is_fleet`, `robots`, `areas` (names of what is paused), `drained`."""

    def __init__(self, is_fleet=False, robots=(), areas=(), drained=()):
        """Start with what is given."""
        self.is_fleet = is_fleet
        self.robots, self.areas, self.drained = set(robots), set(areas), set(drained)

    def set(self, robot, area, is_paused) -> None:
        """Pause or resume a robot, an area, or (with neither) the fleet."""
        if not robot and not area:
            self.is_fleet = is_paused
        else:
            names, name = (self.robots, robot) if robot else (self.areas, area)
            (names.add if is_paused else names.discard)(name)

    def holds(self, robot) -> bool:
        """Return whether a robot is paused, wherever it is."""
        return self.is_fleet or robot in self.robots

    def told(self) -> tuple:
        """Return the names of all that is paused, as FleetView has them."""
        return (FLEET,) * self.is_fleet + tuple(sorted(self.robots | self.areas))

    def to_plain(self) -> tuple:
        """Return all of it as plain values, the same for equal states."""
        return (self.is_fleet, tuple(sorted(self.robots)), tuple(sorted(self.areas)),
                tuple(sorted(self.drained)))
