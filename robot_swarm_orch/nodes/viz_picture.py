# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Makes a picture of a running fleet from the messages that RViz gets, without RViz or a display.

    ros2 run robot_swarm_orch viz_picture --site warehouse --out fleet.png

It listens to the viz node's topics as RViz does, keeps what RViz would show (markers by name,
deleted or expired ones gone), and draws that from above.
"""

import argparse
from pathlib import Path
import sys
import time

from robot_swarm_orch.errors import SwarmError
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.fleet_client import FleetClient, NoAnswer, on_domain
from robot_swarm_orch.nodes.viz_wire import read_grid, read_markers
from robot_swarm_orch.viz.picture import draw
from robot_swarm_orch.viz.stage import height_m, Stage


class Viewer:
    """Listens to the viz node's topics through a client, and keeps what there is to see."""

    def __init__(self, client: FleetClient):
        """Subscribe."""
        self.stage, self.still = Stage(), Stage()
        self.grid = None
        self.scenes = 0
        client.subscribe(topics.MAP, self._on_map)
        client.subscribe(topics.ROADMAP, self._on_roadmap)
        client.subscribe(topics.MARKERS, self._on_markers)

    def _on_map(self, msg) -> None:
        self.grid = read_grid(msg)

    def _on_roadmap(self, msg) -> None:
        self.still.apply(time.monotonic(), *read_markers(msg))

    def _on_markers(self, msg) -> None:
        self.stage.apply(time.monotonic(), *read_markers(msg))
        self.scenes += 1

    @property
    def complete(self) -> bool:
        """Return whether map, roadmap and markers were heard."""
        now_s = time.monotonic()
        return self.grid is not None and self.scenes > 0 and bool(self.still.shapes(now_s))

    def shapes(self, hidden=()) -> list:
        """Return all that is to be seen now, lower things first, without some namespaces."""
        now_s = time.monotonic()
        return [shape for shape in self.still.shapes(now_s) + self.stage.shapes(now_s)
                if shape.namespace not in hidden]


# As in config/fleet.rviz: names that would cover everything at the scale of a whole site.
HIDDEN = ('storage_name', 'parking_name', 'charger_name')


def take(site_id: str, path: Path, timeout_s: float, settle_s: float, width_px: int,
         bounds=None) -> list:
    """
    Write a picture of a fleet and return the shapes on it.

    Waits until map, roadmap and markers were heard, then for another `settle_s`, since routes
    appear a few at a time. Raises NoAnswer when no viz node is heard.
    """
    with FleetClient(site_id) as client:
        viewer = Viewer(client)
        if not client.wait(timeout_s, lambda: viewer.complete):
            raise NoAnswer(
                f'no drawing of site {site_id} was heard within {timeout_s:g} s. Does viz_node '
                f'run, with this site id, {on_domain(client.node)}?')
        client.wait(settle_s)
        shapes = viewer.shapes(HIDDEN)
        draw(sorted(shapes, key=height_m), viewer.grid, path, width_px, bounds)
    return shapes


def options_of(arguments=None):
    """Return the options given on the command line."""
    parser = argparse.ArgumentParser(
        prog='viz_picture', description='a picture of a running fleet, as RViz would show it')
    parser.add_argument('--site', default='warehouse', help='site id (default: %(default)s)')
    parser.add_argument('--out', default='fleet.png', help='file to write (default: %(default)s)')
    parser.add_argument('--timeout', type=float, default=15.0,
                        help='wait so long for the viz node [s] (default: %(default)s)')
    parser.add_argument('--settle', type=float, default=4.0,
                        help='then watch for so long [s] (default: %(default)s)')
    parser.add_argument('--width', type=int, default=1600,
                        help='width of the picture [pixels] (default: %(default)s)')
    parser.add_argument('--bounds', type=float, nargs=4, metavar=('X0', 'Y0', 'X1', 'Y1'),
                        help='show this part of the map [m] (default: all)')
    return parser.parse_args(arguments)


def main(arguments=None) -> None:
    """Make one picture."""
    options = options_of(arguments)
    try:
        shapes = take(options.site, Path(options.out), options.timeout, options.settle,
                      options.width, options.bounds)
    except (SwarmError, ImportError, OSError) as error:
        sys.exit(f'viz_picture: {error}')
    robots = sum(shape.namespace == 'robot' for shape in shapes)
    print(f'{options.out}: {robots} robots')


if __name__ == '__main__':
    main()
