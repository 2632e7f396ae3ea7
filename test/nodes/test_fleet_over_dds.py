# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Real processes on real DDS: a coordinator, a simulation, and an edge node with two robots."""

from collections import Counter
import json
from pathlib import Path
import signal
import sys

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from lifecycle_msgs.msg import Transition  # noqa: E402,I100
from lifecycle_msgs.srv import ChangeState  # noqa: E402
from robot_swarm_orch.metrics import Metrics  # noqa: E402
from robot_swarm_orch.srv import Operate, SubmitOrder  # noqa: E402
from robot_swarm_orch.types import (  # noqa: E402
    EmergencyStop, Mode, Order, OrderKind, OrderState, Reason)

sys.path.insert(0, str(Path(__file__).parent))
from fleet_rig import Fleet, running, Watcher  # noqa: E402,I100

pytestmark = pytest.mark.dds


@pytest.fixture(scope='module')
def fleet(tmp_path_factory):
    """Return a running fleet of two robots."""
    with running(Fleet(tmp_path_factory.mktemp('fleet'))) as made:
        yield made


@pytest.fixture(scope='module')
def watcher(fleet):
    """Return a client of the fleet, once both robots have joined."""
    made = Watcher(fleet)
    try:
        made.until(lambda: len(made.reports) == 2 and all(
            report.mode == Mode.AUTOMATIC for report in made.reports.values()),
            'both robots have joined')
        yield made
    finally:
        made.close()


def ended(watcher, order_id):
    """Return whether an order has ended, whichever way."""
    return any(status.state in (OrderState.DONE, OrderState.FAILED, OrderState.CANCELLED)
               for status in watcher.statuses.get(order_id, ()))


def events(fleet):
    """Return the ground truth so far."""
    return [json.loads(line) for line in fleet.truth.read_text().splitlines()]


def test_an_order_on_the_topic_is_carried_out_exactly_once(fleet, watcher):
    """Repeated until it is answered, accepted once, picked once, dropped once."""
    order = Order('dds-1', '', OrderKind.MOVE, 'shelf', 'desk')
    watcher.until(lambda: ended(watcher, 'dds-1'), 'the order has ended',
                  lambda: watcher.orders.send(watcher.wire.write_order(order)))
    assert watcher.statuses['dds-1'][-1].state == OrderState.DONE
    done = Counter(line['event'] for line in events(fleet) if line.get('order') == 'dds-1')
    assert done == {'pick_started': 1, 'pick': 1, 'drop_started': 1, 'drop': 1}
    assert not any(line['event'] == 'overlap' for line in events(fleet))


def test_an_order_handed_in_by_service_is_answered_after_commit(watcher):
    """The same id again is the same order; an unknown place is refused by name."""
    name = '/fleet/ring/submit_order'
    good = watcher.wire.write_order(Order('dds-2', '', OrderKind.MOVE, 'shelf', 'desk'))
    first = watcher.call(SubmitOrder, name, SubmitOrder.Request(order=good))
    again = watcher.call(SubmitOrder, name, SubmitOrder.Request(order=good))
    assert first.accepted and again.accepted
    assert first.status.order_id == again.status.order_id == 'dds-2'
    bad = watcher.wire.write_order(Order('dds-3', '', OrderKind.MOVE, 'shelf', 'nowhere'))
    refused = watcher.call(SubmitOrder, name, SubmitOrder.Request(order=bad))
    assert not refused.accepted and 'nowhere' in refused.status.reason
    watcher.until(lambda: ended(watcher, 'dds-2'), 'the order has ended')


def test_an_act_on_a_robot_that_is_heard_is_refused_with_the_reason(watcher):
    """Clear asserts that a robot is off; one that reports is not."""
    answer = watcher.call(Operate, '/fleet/ring/operate', Operate.Request(
        verb=Operate.Request.CLEAR, robot_id='r001', operator_id='tester'))
    assert not answer.done and answer.reason


def test_an_emergency_stop_latches_until_an_operator_releases_it(watcher):
    """Without a leader's help: the robots hear the topic themselves."""
    def stop(number, active):
        watcher.stops.send(watcher.wire.write_stop(
            EmergencyStop('tester', number, active, 'test')))
    watcher.until(lambda: all(report.emergency_stop for report in watcher.reports.values()),
                  'all robots are latched', lambda: stop(1, True))
    assert all(report.safety == Reason.EMERGENCY for report in watcher.reports.values())
    watcher.until(lambda: not any(report.emergency_stop for report in watcher.reports.values()),
                  'all robots are released', lambda: stop(2, False))


def test_a_deactivated_edge_node_says_so_and_its_robots_stand(watcher):
    """And go on when it is activated again."""
    def change(transition):
        answer = watcher.call(ChangeState, '/edge/change_state', ChangeState.Request(
            transition=Transition(id=transition)))
        assert answer.success
    change(Transition.TRANSITION_DEACTIVATE)
    watcher.until(lambda: all(report.safety == Reason.INACTIVE and abs(report.speed_mps) < 0.02
                              for report in watcher.reports.values()), 'all robots stand')
    change(Transition.TRANSITION_ACTIVATE)
    watcher.until(lambda: not any(report.safety == Reason.INACTIVE
                                  for report in watcher.reports.values()), 'none is inactive')


def test_every_process_tells_its_health(watcher):
    """Metrics come as JSON, and nothing was refused between our own nodes."""
    names = {'/edge', '/sim', '/coordinator_c1'}
    watcher.until(lambda: names <= set(watcher.health), 'all three processes are heard')
    for name in names:
        values = {item.key: item.value for item in watcher.health[name].values}
        metrics = Metrics.from_json(values['metrics'])
        assert metrics.counters['messages_sent'] > 0 and metrics.counters['endpoints'] > 0
        refused = {key: count for key, count in metrics.counters.items()
                   if key.startswith('refused.') and '.' in key[len('refused.'):]}
        assert not refused, f'{name} refused {refused}'
    edge = {item.key: item.value for item in watcher.health['/edge'].values}
    assert Metrics.from_json(edge['metrics']).histograms['decision_s'].count > 0


def test_killing_the_edge_node_stops_its_robots_by_their_own_watchdog(fleet, watcher):
    """The base hears nothing for 0.25 s and brakes; a restarted node joins anew and goes on."""
    order = Order('dds-4', '', OrderKind.MOVE, 'shelf', 'desk')
    watcher.until(lambda: any(abs(report.speed_mps) > 0.5 for report in watcher.reports.values()),
                  'a robot drives', lambda: watcher.orders.send(watcher.wire.write_order(order)))
    before = {robot: report.boot_id for robot, report in watcher.reports.items()}
    fleet.end('edge', signal.SIGKILL)
    watcher.until(lambda: any(line['event'] == 'watchdog' for line in events(fleet)),
                  'a watchdog has tripped')
    moving = {line['robot']: line['event'] for line in events(fleet)
              if line['event'] in ('moves', 'rests')}
    watcher.until(lambda: 'moves' not in {
        line['robot']: line['event'] for line in events(fleet)
        if line['event'] in ('moves', 'rests')}.values(), f'all robots rest, not {moving}')
    fleet.start('edge')
    watcher.until(lambda: ended(watcher, 'dds-4'), 'the order has ended')
    assert watcher.statuses['dds-4'][-1].state == OrderState.DONE
    assert all(watcher.reports[robot].boot_id != boot for robot, boot in before.items())
    drops = [line for line in events(fleet)
             if line['event'] == 'drop_started' and line['order'] == 'dds-4']
    assert len(drops) == 1


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_processes_end_cleanly_when_they_are_asked_to(tmp_path, number):
    """Exit code 0 and not a word, for both signals."""
    fleet = Fleet(tmp_path)
    try:
        fleet.start()
        watcher = Watcher(fleet)
        try:
            watcher.until(lambda: len(watcher.health) >= 3, 'all processes are up')
        finally:
            watcher.close()
        for name in list(fleet.processes):
            code, seconds = fleet.end(name, number)
            assert code == 0, fleet.said(name)
            assert seconds < 10.0
            assert 'Traceback' not in fleet.said(name)
    finally:
        fleet.close()
    assert events(fleet)[-1]['event'] == 'end'


@pytest.mark.parametrize('executable, arguments, word', [
    ('edge_node', ['-p', 'speed_mps:=9.0'], 'speed_mps'),
    ('edge_node', ['-p', 'pose_source:=odom', '-p', 'robots:=[r001]'], 'odom_is_map_pose'),
    ('edge_node', ['-p', 'pose_source:=pose'], 'namespace'),
    ('edge_node', ['-p', 'site_file:=/no/such/file.yaml'], '/no/such/file.yaml'),
    ('coordinator_node', [], 'data_dir'),
    ('coordinator_node', ['-p', 'data_dir:=/tmp/x', '-p', 'node_id:=c9'], 'c9'),
    ('coordinator_node', ['-p', 'data_dir:=/proc/none'], '/proc'),
    ('coordinator_node', ['-p', 'data_dir:=/tmp/x', '-p', 'lease_s:=0.2'], 'lease_s'),
    ('sim_node', ['-p', 'robot_count:=100000'], 'places for'),
    ('sim_node', ['-p', 'physics:=billiards'], 'kinematic or mujoco')])
def test_a_wrong_parameter_ends_a_node_with_one_clear_line(tmp_path, executable, arguments, word):
    """What, where, and no traceback; the exit code is not zero."""
    fleet = Fleet(tmp_path)
    try:
        process = fleet.run('wrong', executable, ['--ros-args', *arguments])
        assert process.wait(40.0) != 0
        said = fleet.said('wrong')
        assert word in said and len(said.splitlines()) == 1, said
    finally:
        fleet.close()
