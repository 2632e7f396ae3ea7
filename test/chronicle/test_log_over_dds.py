# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""`swarm log` on a running fleet: over real DDS, over a leader's death, and from its disk."""

from dataclasses import replace
import json
import os
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from fleet_rig import Fleet, running, Watcher  # noqa: E402,I100
from robot_swarm_orch import bringup  # noqa: E402
from robot_swarm_orch.srv import GetOrder, ListOrders  # noqa: E402
from robot_swarm_orch.types import Order, OrderKind, OrderState  # noqa: E402

pytestmark = pytest.mark.dds

VOTERS = ('c1', 'c2', 'c3')


@pytest.fixture(scope='module')
def fleet(tmp_path_factory):
    """Return a running fleet of two robots and three coordinators."""
    made = Fleet(tmp_path_factory.mktemp('log'))
    made.plan = replace(made.plan, coordinators=VOTERS)
    with running(made):
        yield made


@pytest.fixture(scope='module')
def watcher(fleet):
    made = Watcher(fleet)
    yield made
    made.close()


def carry_out(watcher, order_id, drop):
    order = Order(order_id, f'trace-{order_id}', OrderKind.GO, '', drop)
    watcher.until(
        lambda: watcher.statuses.get(order_id, [None])[-1] is not None
        and watcher.statuses[order_id][-1].state == OrderState.DONE,
        f'{order_id} is done', lambda: watcher.orders.send(watcher.wire.write_order(order)))


def swarm(fleet, *arguments, **more):
    return subprocess.Popen(
        [sys.executable, '-m', 'robot_swarm_orch.cli', *arguments],
        env=bringup.one_host_environment(os.environ, fleet.domain), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, **more)


def said(fleet, *arguments):
    process = swarm(fleet, *arguments)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out.splitlines()


def leader(fleet):
    return json.loads('\n'.join(said(fleet, 'leader', '--json', '--site', 'ring',
                                     '--timeout', '20')))['leader']


def test_who_follows_sees_each_line_once_over_a_leaders_death(fleet, watcher):
    carry_out(watcher, 'before', 'desk')
    follower = swarm(fleet, 'log', '--site', 'ring', '--follow', '--json', '--timeout', '30')
    try:
        seen = [json.loads(follower.stdout.readline())]
        while not (seen[-1]['order_id'] == 'before' and 'DONE' in seen[-1]['text']):
            seen.append(json.loads(follower.stdout.readline()))
        fleet.end(f'coordinator_{leader(fleet)}', signal.SIGKILL)
        carry_out(watcher, 'after', 'shelf')
        while not (seen[-1]['order_id'] == 'after' and 'DONE' in seen[-1]['text']):
            seen.append(json.loads(follower.stdout.readline()))
    finally:
        follower.kill()
        follower.communicate()
    places = [(line['index'], line['position']) for line in seen]
    assert places == sorted(set(places))
    kinds = [line['kind'] for line in seen]
    assert kinds.count('OrderPlaced') == 2 and 'Gap' not in kinds
    assert seen[-1]['time_s'] == pytest.approx(time.time(), abs=120.0)


def test_orders_are_read_from_whoever_leads(fleet, watcher):
    carry_out(watcher, 'one', 'desk')
    answer = watcher.call(GetOrder, '/fleet/ring/get_order', GetOrder.Request(order_id='one'))
    assert answer.found and answer.order.drop == 'desk'
    assert [event.state for event in answer.history][-1] == OrderState.DONE
    listed = watcher.call(ListOrders, '/fleet/ring/list_orders',
                          ListOrders.Request(states=[OrderState.DONE]))
    assert 'one' in [status.order_id for status in listed.orders]


def test_the_disk_of_a_running_coordinator_can_be_read(fleet, watcher):
    carry_out(watcher, 'disk', 'shelf')
    time_end = time.monotonic() + 30.0
    folder = fleet.folder / f'coordinator_{leader(fleet)}'
    while True:
        online = said(fleet, 'log', '--site', 'ring', '--order', 'disk', '--timeout', '20')
        offline = said(fleet, 'log', '--data', str(folder), '--order', 'disk')
        if online == offline and online:
            break
        assert time.monotonic() < time_end, (online, offline)
    told = json.loads('\n'.join(said(fleet, 'replay', '--data', str(folder), '--order', 'disk',
                                     '--json')))
    assert told['history'][-1]['state'] == 'DONE' and len(told['robots']) == 2
