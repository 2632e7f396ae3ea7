# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Reads route graphs of Nav2 (nav2_route, `GeoJsonGraphFileLoader`).

A FeatureCollection: a Point feature with an `id` is a node, a MultiLineString (or LineString) with
`startid` and `endid` is a street in one direction. A node's `metadata` may say `name` and `kind`
(storage, station, charger, parking), which makes it a place. Nodes must be in the map frame, or
the transform to it be given.
"""

from pathlib import Path

from robot_swarm_orch.maps.drawing import Drawing, KINDS, need
from robot_swarm_orch.maps.json_files import point_of, read_json


def read_graph(path, is_moved: bool = False) -> Drawing:
    """Return the graph of a GeoJSON file; SiteError. is_moved: a transform is given besides."""
    path = Path(path)
    features = read_json(path).get('features')
    need(isinstance(features, list),
         f'{path}: this is no GeoJSON graph: it has no list `features`')
    drawing, edges = Drawing(), []
    for number, feature in enumerate(features):
        where = f'{path}: features[{number}]'
        shape, facts = _parts(where, feature)
        if shape.get('type') == 'Point':
            _add_node(drawing, where, shape, facts, is_moved)
        elif shape.get('type') in ('MultiLineString', 'LineString'):
            edges.append((where, shape, facts))
        else:
            drawing.remarks.append(f'features[{number}] is left out: a {shape.get("type")} is '
                                   'neither a node nor a street')
    bent = 0
    for where, shape, facts in edges:
        ends = [str(facts.get(key)) for key in ('startid', 'endid')]
        for end in ends:
            need(end in drawing.nodes, f'{where}: it joins {ends[0]} and {ends[1]}, but there is '
                 f'no node {end}')
        need(ends[0] != ends[1], f'{where}: it leads from node {ends[0]} to itself')
        drawing.streets.add((ends[0], ends[1]))
        bent += _is_bent(shape)
    if bent:
        drawing.remarks.append(f'{bent} streets have points between their ends and are driven '
                               'straight: put nodes there, if the way is not free')
    return drawing


def _parts(where, feature):
    need(isinstance(feature, dict) and isinstance(feature.get('geometry'), dict)
         and isinstance(feature.get('properties'), dict),
         f'{where}: a feature needs `geometry` and `properties`')
    return feature['geometry'], feature['properties']


def _add_node(drawing, where, shape, facts, is_moved):
    need('id' in facts, f'{where}: a node needs an `id`')
    name, frame = str(facts['id']), str(facts.get('frame') or 'map')
    need(name not in drawing.nodes, f'{where}: node {name} stands twice')
    need(frame == 'map' or is_moved,
         f'{where}: node {name} is in the frame {frame!r}, not in map: '
         'give the transform from it to the map frame')
    at = shape.get('coordinates')
    need(isinstance(at, list) and len(at) >= 2, f'{where}: node {name} has no coordinates [x, y]')
    drawing.nodes[name] = point_of(where, at[0], at[1])
    metadata = facts.get('metadata')
    if isinstance(metadata, dict) and str(metadata.get('kind')) in KINDS:
        place = str(metadata.get('name') or name)
        need(place not in drawing.places, f'{where}: two places are called {place}')
        drawing.places[place] = str(metadata['kind']), name


def _is_bent(shape):
    lines = shape.get('coordinates') or []
    lines = lines if shape['type'] == 'MultiLineString' else [lines]
    return sum(len(line) for line in lines if isinstance(line, list)) > 2
