# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Names that clients use for places, nodes, areas and robots; unknown ones are refused."""

from typing import Optional, Tuple

from robot_swarm_orch.gateway.problems import Problem
from robot_swarm_orch.site import PlaceKind, Site
from robot_swarm_orch.spelling import did_you_mean
from robot_swarm_orch.types import FleetView


class Names:
    """The names of a site, and of the robots that a port's fleet knows."""

    def __init__(self, site: Site, port):
        """Know a site."""
        self.site, self._port = site, port
        self._nodes = {name: node for node, name in enumerate(
            site.node_names[:site.real_count])}
        self._areas = {area.name for area in site.areas}

    def view(self) -> Optional[FleetView]:
        """Return the fleet at a glance, None if no leader was heard lately."""
        return self._port.view()

    def last_view(self) -> Optional[FleetView]:
        """Return the fleet as a leader told it last, however long ago; None if none ever did."""
        return self._port.last_view()

    def node(self, name: str, where: str) -> int:
        """
        Return the node of a place, or of a node's own name; raise Problem.

        where: the member of the body that gives it.
        """
        place = self.site.places.get(name)
        if place is not None:
            return place.node
        if name in self._nodes:
            return self._nodes[name]
        raise _unknown('place or node', name, [*self.site.places, *self._nodes], where)

    def nodes(self, names, where: str) -> Tuple[int, ...]:
        """Return the nodes of a list of names; raise Problem."""
        return tuple(self.node(name, f'{where}/{number}') for number, name in enumerate(names))

    def check_place(self, name: str, where: str) -> None:
        """Raise Problem for an unknown place in a member of the body."""
        if name not in self.site.places:
            raise _unknown('place', name, self.site.places, where)

    def check_slot(self, name: str) -> None:
        """Raise Problem for a place of the address that there is not, or that holds no loads."""
        place = self.site.places.get(name)
        if place is None:
            raise Problem('not-found', f'there is no place {name!r} on this site'
                          + did_you_mean(name, self.site.places))
        if place.kind != PlaceKind.STORAGE:
            raise Problem('invalid', f'place {name!r} is a {place.kind.name.lower()}: only '
                          'storage places hold loads')

    def check_area(self, name: str) -> None:
        """Raise Problem for an unknown area."""
        if name not in self._areas:
            raise Problem('not-found', f'there is no area {name!r} on this site'
                          + did_you_mean(name, self._areas))

    def check_robot(self, name: str) -> FleetView:
        """Return the fleet at a glance; raise Problem for a robot that is not enrolled there."""
        view = self._port.view()
        if view is None:
            raise Problem('no-consensus', 'no leader was heard lately', 1.0,
                          leader=self._port.leader())
        if name not in view.robots:
            raise Problem('not-found', f'there is no robot {name!r}'
                          + did_you_mean(name, view.robots))
        return view

    @staticmethod
    def mode(view: FleetView, robot: str) -> str:
        """Return a robot's mode as the leader tells it."""
        return view.modes[view.robots.index(robot)].name.lower()


def _unknown(kind, name, known, where):
    text = f'unknown {kind} {name!r}' + did_you_mean(name, known)
    return Problem('invalid', f'{where}: {text}', errors=[{'where': where, 'detail': text}])
