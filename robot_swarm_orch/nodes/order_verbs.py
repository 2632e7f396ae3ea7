# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The ROS side of `swarm orders`: how many there are, and a table of them."""

import json
import time

from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.fleet_client import FleetClient
from robot_swarm_orch.orders import OrderState
from robot_swarm_orch.spelling import did_you_mean

OPEN = tuple(state for state in OrderState if state not in (
    OrderState.UNKNOWN, OrderState.REFUSED, OrderState.DONE, OrderState.FAILED,
    OrderState.CANCELLED))
_PAGE = 500


def show_orders(client: FleetClient, options) -> int:
    """Print how many orders there are, and those that the options ask for."""
    states = states_of(options.state, options.all)
    view = client.view(options.timeout)
    found = orders(client, options, states)
    counts = {'waiting': view.orders_waiting, 'open': view.orders_open, 'done': view.orders_done}
    if options.json:
        print(json.dumps({**counts, 'orders': [_row(status) for status in found]}, indent=2))
    else:
        print('\n'.join([', '.join(f'{count} {name}' for name, count in counts.items()),
                         *table(found, 1e-9 * client.now_ns())]))
    return 0


def states_of(words, everything: bool) -> tuple:
    """Return the states that words name; of none the open ones, or () for all."""
    if everything and words:
        raise ConfigError('give --state or --all, not both')
    known = {state.name.lower(): state for state in OrderState}
    for word in words:
        if word.lower() not in known:
            raise ConfigError(f'--state {word!r} is no state of an order'
                              + (did_you_mean(word.lower(), known) or ': known are '
                                 + ', '.join(known)))
    return tuple(known[word.lower()] for word in words) or (() if everything else OPEN)


def orders(client: FleetClient, options, states) -> list:
    """Return the newest word on up to `options.limit` orders, by id; raises NoAnswer."""
    found, after, wire = [], '', client.wire
    end_s = time.monotonic() + options.timeout
    while len(found) < options.limit:
        answer = client.ask(topics.LIST_ORDERS, topics.LIST_ORDERS.message.Request(
            states=[int(state) for state in states], robot_id=options.robot,
            client=options.client, after=after, limit=min(_PAGE, options.limit - len(found))),
            max(0.1, end_s - time.monotonic()))
        found += [status for status in (wire.hear(wire.read_status, msg)
                                        for msg in answer.orders) if status is not None]
        after = answer.next
        if not after:
            break
    return found


def _row(status) -> dict:
    """Return an order's status for programs."""
    return {'order': status.order_id, 'state': status.state.name, 'robot': status.robot,
            'leg': status.leg, 'legs': status.legs, 'priority': status.priority,
            'deadline_s': status.deadline_s or None, 'missed_deadline': status.missed_deadline,
            'reason': status.reason}


def table(found, now_s: float) -> list:
    """Return orders as lines; now_s: ROS time, for deadlines [s]."""
    if not found:
        return []
    wide = max(len('order'), *(len(status.order_id) for status in found))
    return [f'{"order":{wide}}  {"state":13}{"robot":10}{"leg":>6}{"prio":>6}{"due in":>9}  why',
            *(_line(status, wide, now_s) for status in found)]


def _line(status, wide, now_s) -> str:
    leg = f'{status.leg + 1}/{status.legs}' if status.legs > 1 else ''
    due = ''
    if status.missed_deadline:
        due = 'missed'
    elif status.deadline_s:
        due = f'{status.deadline_s - now_s:.0f} s'
    return (f'{status.order_id:{wide}}  {status.state.name.lower():13}{status.robot or "-":10}'
            f'{leg:>6}{status.priority:6}{due:>9}  {status.reason}').rstrip()
