# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A replayed state of the fleet as tables for people and as JSON for programs."""

from dataclasses import asdict
import json

from robot_swarm_orch.cli.log import when
from robot_swarm_orch.coordinator import saga
from robot_swarm_orch.coordinator.chronicle import Chronicle
from robot_swarm_orch.coordinator.fleet_state import FleetState
from robot_swarm_orch.coordinator.keeper import NOBODY
from robot_swarm_orch.coordinator.replay import state_at
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.orders import OrderKind, OrderState
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import CommandKind


def show_replay(chronicle: Chronicle, options) -> int:
    """Print the state that the options ask for."""
    history = chronicle.order_history(options.order) if options.order else []
    if options.order and not history:
        raise ConfigError(f'{chronicle.path}: nothing is kept of an order {options.order!r}')
    index = options.at
    if index is None:
        index = history[-1].index if history else chronicle.reach()[1]
    state = state_at(chronicle, index)
    kept = next(chronicle.entries(index, index), None)
    facts = picture(state, _namer(options.site_file, state))
    facts['term'] = kept.entry.term if kept else 0
    facts['ros_time_s'] = 0.001 * kept.ros_time_ms if kept else 0.0
    if options.order:
        facts['history'] = [{**asdict(event), 'state': OrderState(event.state).name}
                            for event in history]
    print(json.dumps(facts, indent=2) if options.json else '\n'.join(lines_of(facts)))
    return 0


def _namer(site_file, state):
    """Return a function from a node's number to its name; ConfigError for another roadmap."""
    if not site_file:
        return str
    site = load_site(site_file)
    if site.hash != state.keeper.site_hash:
        raise ConfigError(f'{site_file} is another roadmap than that of the log')
    return lambda node: site.node_names[node]


def picture(state: FleetState, name_of=str) -> dict:
    """Return a state as JSON can carry it; `name_of` turns a node's number into its name."""
    keeper = state.keeper
    return {
        'index': state.index, 'log_time_s': 0.001 * state.time_ms,
        'digest': state.digest().hex(),
        'robots': [_robot(state, name, name_of) for name in keeper.names],
        'orders': [_order(state, state.live[order_id]) for order_id in sorted(state.live)],
        'waiting': list(state.waiting), 'done': state.done, 'failed': state.failed,
        'remembered': len(state.ended),
        'loads': dict(sorted(state.slots.loads.items())),
        'paused': {'fleet': state.pauses.is_fleet, 'robots': sorted(state.pauses.robots),
                   'areas': sorted(state.pauses.areas)},
        'drained': sorted(state.pauses.drained),
        'blocked': {
            'nodes': [name_of(node) for node in sorted(keeper.shut_nodes)],
            'streets': [[name_of(node) for node in edge] for edge in sorted(keeper.shut_edges)],
            'bodies': [[name_of(node), keeper.names[number]]
                       for node, number in sorted(keeper.blocked.items())]}}


def _robot(state, name, name_of):
    keeper, record = state.keeper, state.robots[name]
    number, command = keeper.numbers[name], record.open
    standing = ('cleared' if not keeper.enrolled[number] else 'lost' if record.lost
                else 'not started' if keeper.boots[number] == NOBODY else 'at work'
                if record.order_id else 'idle')
    return {'robot': name, 'standing': standing, 'order': record.order_id,
            'command': '' if command is None else
            f'{CommandKind(command.kind).name} {command.place}',
            'nodes': [name_of(node) for node in keeper.nodes_of(number)]}


def _order(state, order):
    told = state.status_of(order, 0)
    return {'order_id': order.order_id, 'kind': OrderKind(order.kind).name,
            'state': OrderState(told.state).name, 'step': saga.State(order.state).name,
            'robot': order.robot, 'pick': order.pick, 'drop': order.drop,
            'priority': order.priority, 'reason': told.reason, 'since_entry': order.index}


def lines_of(facts: dict) -> list:
    """Return the facts of `show_replay` as lines."""
    lines = [f'entry {facts["index"]}, term {facts["term"]}, {when(facts["ros_time_s"]).strip()}, '
             f'after {facts["log_time_s"]:.1f} s of leadership; digest {facts["digest"][:16]}',
             '', *_table(facts['robots'], 'robots', ('robot', 'standing', 'order', 'command',
                                                     'nodes')),
             '', *_table(facts['orders'], 'orders', ('order_id', 'kind', 'state', 'robot', 'pick',
                                                     'drop', 'priority', 'reason')),
             f'{facts["done"]} done and {facts["failed"]} not; {facts["remembered"]} ended orders '
             'answer for their ids']
    blocked = facts['blocked']
    told = [f'node {node}' for node in blocked['nodes']]
    told += [f'street {"-".join(edge)}' for edge in blocked['streets']]
    told += [f'node {node} by the body of {robot}' for node, robot in blocked['bodies']]
    lines += ['', 'blocked: ' + ('; '.join(told) or 'nothing')]
    paused = facts['paused']
    told = ['the fleet'] * paused['fleet'] + paused['robots']
    told += [f'area {area}' for area in paused['areas']]
    lines += ['paused: ' + ('; '.join(told) or 'nobody')]
    lines += ['drained: ' + ('; '.join(facts['drained']) or 'nobody')]
    told = [f'{load or "a load"} on {place}' for place, load in facts['loads'].items()]
    lines += ['loads in storage: ' + ('; '.join(told) or 'none known')]
    if 'history' in facts:
        lines += ['', 'history of the order']
        lines += [f'{when(event["time_s"])}  {event["index"]:>8}  {event["state"]:12} '
                  f'{event["robot"]:10} {event["reason"]}'.rstrip() for event in facts['history']]
    return lines


def _table(rows, title, columns):
    """Return rows as aligned columns under a title; empty columns are left out."""
    if not rows:
        return [f'{title}: none']
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    shown = [number for number in range(len(columns)) if any(row[number] for row in cells)]
    widths = {number: max(len(columns[number]), *(len(row[number]) for row in cells))
              for number in shown}
    return ['  '.join(row[number].ljust(widths[number]) for number in shown).rstrip()
            for row in [list(columns), *cells]]


def _cell(value):
    return ' '.join(value) if isinstance(value, list) else str(value)
