# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The ROS side of `swarm order` and `swarm orders`: hand one in and follow it; a table of all."""

import getpass
import json
import time
from types import SimpleNamespace
import uuid

from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.fleet_client import FleetClient, NoAnswer, on_domain, operator
from robot_swarm_orch.nodes.wire_checks import is_id, is_robot_id
from robot_swarm_orch.orders import OrderKind, OrderState
from robot_swarm_orch.spelling import did_you_mean
from robot_swarm_orch.types import Order

RESEND_S = 0.5
ENDED = (OrderState.DONE, OrderState.FAILED, OrderState.CANCELLED, OrderState.REFUSED)
OPEN = tuple(state for state in OrderState if state not in (OrderState.UNKNOWN, *ENDED))
_PAGE = 500


def follow_order(client: FleetClient, options) -> int:
    """Hand an order in, print what becomes of it; 0 when done (or accepted, if not followed)."""
    order = _order_of(options, client.now_ns())
    heard = SimpleNamespace(last=None)

    def on_status(msg):
        status = client.wire.hear(client.wire.read_status, msg)
        if status is None or status.order_id != order.order_id:
            return
        if heard.last is None or status.seq > heard.last.seq:
            heard.last = status
            print(sentence(status), flush=True)
    client.subscribe(topics.TASK_STATUS, on_status)
    publisher = client.publisher(topics.ORDER)
    end_s = time.monotonic() + options.timeout
    while heard.last is None:
        if time.monotonic() >= end_s:
            raise NoAnswer(f'no leader of site {client.site_id} accepted the order within '
                           f'{options.timeout:g} s. Does the fleet run, with this site id, '
                           f'{on_domain(client.node)}?')
        client.wire.set_time(client.now_ns())
        publisher.publish(client.wire.write_order(order))
        client.wait(RESEND_S, lambda: heard.last is not None)
    if not options.no_follow:
        client.wait(float('inf'), lambda: heard.last.state in ENDED)
        return 0 if heard.last.state == OrderState.DONE else 1
    return 1 if heard.last.state == OrderState.REFUSED else 0


def sentence(status) -> str:
    """Return what has become of an order, as a line for people."""
    words = [status.order_id, status.state.name.lower()]
    if status.robot:
        words.append(f'{"to" if status.state == OrderState.ASSIGNED else "by"} {status.robot}')
    return ' '.join(words + [f'({status.reason})'] * bool(status.reason))


def _order_of(options, now_ns: int) -> Order:
    """Return the order that the options describe; raises ConfigError."""
    order_id = options.id or f'{getpass.getuser()}-{uuid.uuid4().hex[:12]}'
    if not is_id(order_id):
        raise ConfigError(f'--id {order_id!r} must be 1 to 64 of A-Z a-z 0-9 _ . -')
    if not 0 <= options.priority <= 255:
        raise ConfigError(f'--priority {options.priority} must lie in 0 to 255')
    deadline_s = 1e-9 * now_ns + options.deadline if options.deadline else 0.0
    return Order(order_id, uuid.uuid4().hex, _kind_of(options), options.pick or '', options.drop,
                 options.load, options.priority, deadline_s, tuple(options.alternate),
                 tuple(filter(None, options.inspect.split(','))), robot=options.robot,
                 load_mass_kg=options.mass, tools=tuple(options.tool), client=operator())


def _kind_of(options) -> OrderKind:
    """Return the kind of order that the options describe; raises ConfigError."""
    chosen = [kind for kind, given in (
        (OrderKind.MOVE, options.pick), (OrderKind.INSPECT, options.inspect),
        (OrderKind.CHARGE, options.charge), (OrderKind.PARK, options.park)) if given]
    if len(chosen) > 1:
        raise ConfigError('give one of --pick, --inspect, --charge and --park')
    kind = chosen[0] if chosen else OrderKind.GO
    if kind not in (OrderKind.INSPECT, OrderKind.CHARGE) and not options.drop:
        raise ConfigError('DROP is missing: the place where the load, or the robot, is to go')
    if options.robot and not is_robot_id(options.robot):
        raise ConfigError(f'--robot {options.robot!r} is no robot id')
    return kind


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
