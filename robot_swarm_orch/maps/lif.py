# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Reads the Layout Interchange Format (VDMA, "LIF - Layout Interchange Format", 1.0.0).

Nodes and edges of one layout become nodes and streets; a station becomes a place at the first of
its interaction nodes. LIF has no kinds of stations, so the actions that vehicles may carry out
there decide (startCharging: charger; pick and drop: station, pick alone: storage), and people's
own rules before them (`Drawing.named`).
"""

from pathlib import Path

from robot_swarm_orch.maps.drawing import Drawing, need
from robot_swarm_orch.maps.json_files import point_of, read_json


def read_layout(path, layout_id: str = '') -> Drawing:
    """Return one layout of a LIF file, by its id if there are several; raises SiteError."""
    path = Path(path)
    layouts = read_json(path).get('layouts')
    need(isinstance(layouts, list) and layouts and all(isinstance(one, dict) for one in layouts),
         f'{path}: this is no LIF file: it has no list `layouts`')
    ids = [str(one.get('layoutId', '')) for one in layouts]
    need(layout_id in ids or not layout_id, f'{path}: there is no layout {layout_id!r}: there are '
         + ', '.join(ids))
    need(layout_id or len(layouts) == 1, f'{path}: there are the layouts {", ".join(ids)}: choose '
         'one of them')
    layout = layouts[ids.index(layout_id) if layout_id else 0]
    drawing, actions = Drawing(), {}
    for where, node in _items(path, layout, 'nodes'):
        name, at = _text(where, node, 'nodeId'), node.get('nodePosition')
        need(name not in drawing.nodes, f'{where}: node {name} stands twice')
        need(isinstance(at, dict), f'{where}: node {name} has no nodePosition')
        drawing.nodes[name] = point_of(where, at.get('x'), at.get('y'))
        actions[name] = _actions(node)
    curved = 0
    for where, edge in _items(path, layout, 'edges'):
        ends = _text(where, edge, 'startNodeId'), _text(where, edge, 'endNodeId')
        for end in ends:
            need(end in drawing.nodes, f'{where}: there is no node {end}')
        need(ends[0] != ends[1], f'{where}: it leads from node {ends[0]} to itself')
        drawing.streets.add(ends)
        curved += any(len((one.get('trajectory') or {}).get('controlPoints') or ()) > 2
                      for one in edge.get('vehicleTypeEdgeProperties') or ()
                      if isinstance(one, dict) and isinstance(one.get('trajectory'), dict))
    if curved:
        drawing.remarks.append(f'{curved} streets are curves and are driven straight: put nodes '
                               'there, if the way is not free')
    _add_stations(drawing, path, layout, actions)
    return drawing


def _add_stations(drawing, path, layout, actions):
    taken = {}
    for where, station in _items(path, layout, 'stations'):
        name, nodes = _text(where, station, 'stationId'), station.get('interactionNodeIds')
        need(isinstance(nodes, list) and nodes,
             f'{where}: station {name} has no interactionNodeIds')
        node = str(nodes[0])
        need(node in drawing.nodes, f'{where}: station {name} is at the unknown node {node}')
        if node in taken:
            drawing.remarks.append(f'station {name} is left out: {taken[node]} is at node {node}')
            continue
        taken[node] = name
        if len(nodes) > 1:
            drawing.remarks.append(f'of the {len(nodes)} nodes of station {name} the first is '
                                   f'used, {node}')
        drawing.places[name] = _kind(actions[node]), node


def _kind(actions):
    if 'startCharging' in actions:
        return 'charger'
    return 'storage' if 'pick' in actions and 'drop' not in actions else 'station'


def _actions(node):
    """Return the types of all actions that any vehicle may carry out at a node."""
    return {str(action.get('actionType')) for one in node.get('vehicleTypeNodeProperties') or ()
            if isinstance(one, dict) for action in one.get('actions') or ()
            if isinstance(action, dict)}


def _items(path, layout, key):
    """Yield (where, item) of a list of a layout."""
    items = layout.get(key, [])
    need(isinstance(items, list), f'{path}: {key} must be a list')
    for number, item in enumerate(items):
        where = f'{path}: {key}[{number}]'
        need(isinstance(item, dict), f'{where}: it must be an object')
        yield where, item


def _text(where, item, key):
    need(isinstance(item.get(key), str) and item[key], f'{where}: {key} is missing')
    return item[key]
