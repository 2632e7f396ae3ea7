#!/usr/bin/env python3
# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A site of many short trips, for runs in which the number of orders matters and not the way.

A row of cells, each a square of four nodes: a storage place and a station, 2 m apart, to the
north, a parking place and a node to pass by to the south. With one robot for each cell, and orders
of trips of at most 2 m, each drives to and fro in its own cell; two lanes join the cells, so that
any robot can help any other out. All streets are two-way, every two neighbours lie on a round, and
what is near as the crow flies is near on the road.

    python3 examples/short_trips_site.py --cells 60 > short_trips.yaml
    ./swarm chaos --scenario storm --site-file short_trips.yaml --robots 60 --trip 2 \
        --handling 0.5 --backlog 120 --retries 20 --duration 600
"""

import argparse

import yaml

SIDE_M = 2.0
PERIOD_M = 26.0  # from one cell to the next: so far that helping out seldom pays
ZONES = 12  # in which neighbours talk; few enough for robots to listen to all from the start


def short_trips(cells: int) -> dict:
    """Return the drawing of a site of so many cells, at least one, as `load_site` takes it."""
    if cells < 1:
        raise ValueError(f'{cells} cells: at least one')
    nodes, edges, places = {}, [], {}
    for number in range(cells):
        west_m, around = number * PERIOD_M, [f'{corner}{number + 1}' for corner in 'park']
        p, a, r, k = around
        nodes.update({p: [west_m, 0.0], a: [west_m + SIDE_M, 0.0],
                      r: [west_m + SIDE_M, SIDE_M], k: [west_m, SIDE_M]})
        edges += [[one, other] for one, other in zip(around, (a, r, k, p))]
        if number:
            edges += [[f'a{number}', p], [f'r{number}', k]]
        places.update({f'parking_{number + 1:03d}': ['parking', p],
                       f'storage_{number + 1:03d}': ['storage', k],
                       f'station_{number + 1:03d}': ['station', r]})
    return {'name': 'short_trips', 'zone_size_m': max(25.0, cells * PERIOD_M / ZONES),
            'nodes': nodes, 'edges': edges, 'places': places}


def main() -> None:
    """Print a site file."""
    parser = argparse.ArgumentParser(description='Print the site file of a site of short trips.')
    parser.add_argument('--cells', type=int, default=60, metavar='N',
                        help='how many cells, each with a storage place, a station and a parking '
                        'place (default: %(default)s)')
    options = parser.parse_args()
    try:
        drawing = short_trips(options.cells)
    except ValueError as error:
        parser.error(str(error))
    print(yaml.safe_dump(drawing, sort_keys=False, default_flow_style=None), end='')


if __name__ == '__main__':
    main()
