# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Small maps of every format, written into files."""

import json

import cv2
import numpy as np

HEAD = 'type octile\nheight {}\nwidth {}\nmap\n'
ROOM = ['....', '.@@.', '....']


def written(tmp_path, rows, name='room.map', head=None):
    """Return the path of a map file."""
    path = tmp_path / name
    path.write_text((head or HEAD.format(len(rows), len(rows[0]))) + '\n'.join(rows) + '\n')
    return path


def point(number, x, y, **facts):
    """Return a node of a GeoJSON graph."""
    return {'type': 'Feature', 'properties': {'id': number, 'frame': 'map', **facts},
            'geometry': {'type': 'Point', 'coordinates': [x, y]}}


def line(number, start, end, *between):
    """Return an edge of a GeoJSON graph."""
    return {'type': 'Feature', 'properties': {'id': number, 'startid': start, 'endid': end},
            'geometry': {'type': 'MultiLineString', 'coordinates': [[[0, 0], *between, [1, 1]]]}}


GRAPH = [point(0, 0.0, 0.0), point(1, 4.0, 0.0, metadata={'kind': 'station', 'name': 'desk'}),
         point(2, 4.0, 3.0), line(10, 0, 1), line(11, 1, 0), line(12, 1, 2, [5, 5]),
         line(13, 2, 0)]


def graph(tmp_path, features, **more):
    """Write a GeoJSON graph and return its path."""
    path = tmp_path / 'graph.geojson'
    path.write_text(json.dumps({'type': 'FeatureCollection', 'features': features, **more}))
    return path


def layout(**changes):
    """Return a LIF layout of three nodes."""
    def node(name, x, y, *actions):
        return {'nodeId': name, 'nodePosition': {'x': x, 'y': y}, 'vehicleTypeNodeProperties': [
            {'vehicleTypeId': 'v', 'actions': [{'actionType': word} for word in actions]}]}
    edges = [('n1', 'n2'), ('n2', 'n3'), ('n3', 'n1')]
    return {'layoutId': 'hall', 'nodes': [
        node('n1', 0, 0, 'startCharging'), node('n2', 3, 0, 'pick', 'drop'),
        node('n3', 3, 3, 'pick')],
        'edges': [{'edgeId': f'e{i}', 'startNodeId': a, 'endNodeId': b,
                   'vehicleTypeEdgeProperties': [{'vehicleTypeId': 'v', 'trajectory': {
                       'controlPoints': [{}] * (2 + i)}}]} for i, (a, b) in enumerate(edges)],
        'stations': [{'stationId': f's{i}', 'interactionNodeIds': [f'n{i}', 'n3']}
                     for i in (1, 2)], **changes}


def lif(tmp_path, *layouts):
    """Write a LIF file and return its path."""
    path = tmp_path / 'layout.lif'
    path.write_text(json.dumps({'metaInformation': {'lifVersion': '1.0.0'}, 'layouts': layouts}))
    return path


def hall(columns=200, rows=160, racks=((40, 40, 160, 60), (40, 100, 160, 120))):
    """Return the free pixels of a walled hall with racks, given in pixels."""
    free = np.zeros((rows, columns), dtype=bool)
    free[2:-2, 2:-2] = True
    for x0, y0, x1, y1 in racks:
        free[y0:y1, x0:x1] = False
    return free


def saved(tmp_path, free, name='hall.pgm', **keys):
    """Write an occupancy grid as the map server does; return the path of its YAML file."""
    image = np.where(free, 254, 0).astype(np.uint8)
    image[:1] = 205  # unknown
    assert cv2.imwrite(str(tmp_path / name), image)
    told = {'image': name, 'resolution': 0.1, 'origin': [-3.0, 5.0, 0.0], 'negate': 0,
            'occupied_thresh': 0.65, 'free_thresh': 0.25, **keys}
    path = tmp_path / 'hall.yaml'
    path.write_text('\n'.join(f'{key}: {value}' for key, value in told.items()) + '\n')
    return path
