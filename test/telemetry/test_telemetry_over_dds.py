# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A real fleet that works, loses its leader, and is watched by a real Prometheus."""

from dataclasses import replace
import json
from pathlib import Path
import random
import re
import shutil
import signal
import socket
import subprocess
import time
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
pytest.importorskip('prometheus_client', reason='prometheus_client is not installed')
from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402,I100
from fleet_rig import Fleet, Watcher  # noqa: E402
from rcl_interfaces.srv import SetParameters  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from robot_swarm_orch import bringup  # noqa: E402
from robot_swarm_orch.nodes.params import HostParams  # noqa: E402
from robot_swarm_orch.telemetry.families import BY_NAME, COUNTER, HISTOGRAM  # noqa: E402
from robot_swarm_orch.types import Mode, Order, OrderKind, OrderState  # noqa: E402
import yaml  # noqa: E402

pytestmark = pytest.mark.dds

ROOT = Path(__file__).resolve().parents[2]
PROMISED = (
    'task_deadline_miss_total', 'task_latency_seconds', 'queue_depth', 'orders_total',
    'assignments_total', 'consensus_term', 'commit_latency_seconds', 'failover_seconds',
    'decision_seconds', 'authority_wait_seconds', 'safe_stop_total', 'robots',
    'cpu_utilization')
ORDERS = 3  # one more than robots, so that one waits


def free_ports(count):
    """Return the first of some consecutive ports that nobody uses."""
    while True:
        first = random.SystemRandom().randint(20_000, 60_000)
        with_all = []
        try:
            for port in range(first, first + count):
                with_all.append(socket.create_server(('127.0.0.1', port)))
            return first
        except OSError:
            continue
        finally:
            for server in with_all:
                server.close()


class Prometheus:
    """A Prometheus that scrapes some targets each second."""

    def __init__(self, folder, targets):
        """Start it with the configuration of `deploy/`, rules included, but for the places."""
        self.port = free_ports(1)
        config = yaml.safe_load((ROOT / 'deploy' / 'prometheus.yml').read_text())
        config['global'] = {'scrape_interval': '1s', 'evaluation_interval': '1s'}
        config['rule_files'] = [str(ROOT / 'deploy' / 'alerts.yml')]
        config['scrape_configs'][0]['file_sd_configs'] = [{'files': [str(targets)]}]
        path = folder / 'prometheus.yml'
        path.write_text(yaml.safe_dump(config))
        self._log = open(folder / 'prometheus.log', 'w')
        self._process = subprocess.Popen(
            ['prometheus', f'--config.file={path}', f'--storage.tsdb.path={folder / "tsdb"}',
             f'--web.listen-address=127.0.0.1:{self.port}', '--log.level=warn'],
            stdout=self._log, stderr=subprocess.STDOUT)

    def query(self, expression):
        """Return [(labels, value), ...] of a query; [] while it does not answer."""
        address = f'http://127.0.0.1:{self.port}/api/v1/query?' + urlencode({'query': expression})
        try:
            with urlopen(address, timeout=5.0) as answer:
                found = json.load(answer)
        except (URLError, ConnectionError):
            return []
        return [(one['metric'], float(one['value'][1])) for one in found['data']['result']]

    def close(self):
        """End it."""
        self._process.terminate()
        self._process.wait(20.0)
        self._log.close()


class Watched:
    """A fleet that has done its orders and lost a leader on the way."""

    def __init__(self, folder, with_prometheus):
        """Start everything."""
        self.fleet = Fleet(folder)
        plan = replace(self.fleet.plan, coordinators=('c1', 'c2', 'c3'), log_format='json',
                       sim_parameters={'load_s': 1.0})
        first = free_ports(len(bringup.processes(plan)))
        self.fleet.plan = replace(plan, metrics_port=first)
        self.specs = bringup.processes(self.fleet.plan)
        targets = folder / 'targets.json'
        targets.write_text(json.dumps(bringup.scrape_targets(self.specs)))
        self.prometheus = Prometheus(folder, targets) if with_prometheus else None
        self.fleet.start()
        self.watcher = Watcher(self.fleet)

    def scrape(self, spec):
        """Return the text that a process's endpoint serves."""
        address = f'http://127.0.0.1:{spec.parameters["metrics_port"]}/metrics'
        with urlopen(address, timeout=10.0) as answer:
            return answer.read().decode()

    def leader(self):
        """Return the name of the process that leads, '' if none says so."""
        for spec in self.specs:
            if spec.executable == 'coordinator_node' and spec.name in self.fleet.processes:
                if re.search(r'\nconsensus_is_leader\{.*} 1.0', self.scrape(spec)):
                    return spec.name
        return ''

    def follow(self):
        """Return whether all coordinators hold what was committed: an empty disk has no vote."""
        return all(re.search(r'\nconsensus_commit_index\{.*} [1-9]', self.scrape(spec))
                   for spec in self.specs if spec.executable == 'coordinator_node')

    def work(self):
        """Have orders done, some too late, and the leader killed on the way."""
        watcher = self.watcher
        watcher.until(lambda: len(watcher.reports) == 2 and all(
            report.mode == Mode.AUTOMATIC for report in watcher.reports.values()), 'all joined')
        now_s = time.time()
        orders = [Order(f'o{number}', f'trace-{number}', OrderKind.MOVE, 'shelf', 'desk',
                        deadline_s=now_s + (5.0 if number % 2 else 500.0))
                  for number in range(ORDERS)]

        def hand_in():
            for order in orders:
                if order.order_id not in watcher.statuses:
                    watcher.orders.send(watcher.wire.write_order(order))
        watcher.until(lambda: len(watcher.statuses) == ORDERS, 'all are accepted', hand_in)
        watcher.until(self.leader, 'one says that it leads')
        watcher.until(self.follow, 'the others follow')
        self.killed = self.leader()
        watcher.until(lambda: self.fleet.said(self.killed).count('order_accepted') == ORDERS,
                      'the leader has written down what it accepted')
        self.fleet.end(self.killed, signal.SIGKILL)
        watcher.until(self.leader, 'another leads')
        watcher.until(lambda: all(any(
            status.state == OrderState.DONE for status in watcher.statuses[order.order_id])
            for order in orders), 'all are done', patience_s=150.0)

    def close(self):
        """End everything."""
        self.watcher.close()
        self.fleet.close()
        if self.prometheus is not None:
            self.prometheus.close()


@pytest.fixture(scope='module')
def watched(tmp_path_factory):
    """Return a fleet that has worked, watched by Prometheus if there is one."""
    made = Watched(tmp_path_factory.mktemp('watched'), shutil.which('prometheus') is not None)
    try:
        made.work()
        yield made
    finally:
        made.close()


def test_prometheus_answers_a_query_for_every_metric(watched):
    """None of them is zero after some work: each is really measured."""
    if watched.prometheus is None:
        pytest.skip('prometheus is not installed: apt install prometheus')
    ask = watched.prometheus.query

    def value(name):
        kind = BY_NAME[name].kind
        if kind == HISTOGRAM:
            found = ask(f'sum(max_over_time({name}_count[5m]))')
        elif kind == COUNTER:
            found = ask(f'sum(max_over_time({name}[5m]))')
        else:
            found = ask(f'max(max_over_time({name}[5m]))')
        return found[0][1] if found else 0.0
    watched.watcher.until(lambda: all(value(name) > 0 for name in PROMISED),
                          f'none of {PROMISED} is zero', patience_s=20.0)
    done = ask('sum(max_over_time(orders_total{status="done", task_type="move"}[5m]))')
    assert 0 < done[0][1] <= ORDERS
    kinds = {labels['kind'] for labels, _ in ask('decision_seconds_count > 0')}
    assert kinds == {'robot', 'route', 'traffic', 'allocation', 'leader'}
    assert {labels['robot_id'] for labels, _ in ask('safe_stop_total')} == {'r001', 'r002'}
    assert {labels['site'] for labels, _ in ask('consensus_term')} == {'ring'}


def test_prometheus_sees_one_leader_and_raises_the_alarm_for_the_dead_one(watched):
    """The rules of deploy/ are evaluated on the real thing."""
    if watched.prometheus is None:
        pytest.skip('prometheus is not installed: apt install prometheus')
    ask, until = watched.prometheus.query, watched.watcher.until
    until(lambda: [value for _, value in ask('sum(consensus_is_leader)')] == [1.0], 'one leads')
    until(lambda: {labels['process'] for labels, _ in ask(
        'ALERTS{alertname="ProcessDown"}')} == {watched.killed}, 'the alarm is raised')
    assert not ask('ALERTS{alertname=~"FleetWithoutLeader|TwoLeaders", alertstate="firing"}')


def test_every_figure_of_every_process_has_a_row_in_the_table(watched):
    """What somebody adds to Metrics needs a row in telemetry/families.py."""
    for spec in watched.specs:
        if spec.name in watched.fleet.processes:
            text = watched.scrape(spec)
            names = set(re.findall(r'^# TYPE (\w+) ', text, re.MULTILINE))
            assert names - set(BY_NAME) == {name for name in names if name.startswith('process_')}
            assert 'site="ring"' in text


def trail_of(watched, trace_id):
    """Return the events of a trace in all logs, by time; the last line may be half written."""
    events = []
    for name in [spec.name for spec in watched.specs]:
        for line in watched.fleet.said(name).splitlines(keepends=True):
            if f'"trace_id": "{trace_id}"' in line and line.endswith('\n'):
                events.append(json.loads(line))
    return sorted(events, key=lambda event: event['time'])


def test_an_order_can_be_followed_through_the_logs_by_its_trace_id(watched):
    """From its acceptance to its end, with every command between, on both sides."""
    trace_id = f'trace-{ORDERS - 1}'
    watched.watcher.until(lambda: any(event['event'] == 'order_done'
                                      for event in trail_of(watched, trace_id)),
                          'the end is written down')
    trail = trail_of(watched, trace_id)
    assert {event['order_id'] for event in trail} == {f'o{ORDERS - 1}'}
    happened = list(dict.fromkeys(event['event'] for event in trail
                                  if event['event'].startswith('order_')))
    assert happened == ['order_accepted', 'order_assigned', 'order_picking', 'order_carrying',
                        'order_dropping', 'order_done']
    sent = {event['command_id']: event['kind'] for event in trail
            if event['event'] == 'command_sent'}
    assert sorted(sent.values()) == ['drop', 'go', 'go', 'pick']
    for command_id in sent:
        own = [event for event in trail if event['command_id'] == command_id]
        assert {'command_sent', 'command_done', 'command_acked'} <= {
            event['event'] for event in own}
        assert {event['node'] for event in own} > {'edge'}
        assert len({event['robot_id'] for event in own}) == 1


def test_each_robot_has_a_status_of_its_own_in_diagnostics(watched):
    """Named and grouped by robot, and OK in a fleet in good health."""
    watcher = watched.watcher
    watcher.until(lambda: all(
        name in watcher.health and watcher.health[name].level == DiagnosticStatus.OK
        for name in ('/r001/robot', '/r002/robot')), 'both robots are OK')
    status = watcher.health['/r001/robot']
    values = {item.key: item.value for item in status.values}
    assert status.hardware_id == 'r001' and values['mode'] == 'AUTOMATIC'
    assert 0.0 <= float(values['pose_age_s']) < 0.5 and float(values['lease_left_s']) > 0.0


def changed(watched, node, **values):
    """Set parameters of a running node; return the first answer that refuses, else the last."""
    answer = watched.watcher.call(
        SetParameters, f'/{node}/set_parameters', SetParameters.Request(parameters=[
            Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]))
    return min(answer.results, key=lambda result: result.successful)


def test_diagnostics_may_be_turned_off_and_on_while_the_node_runs(watched):
    """Only what observes may change; a nonsense value changes nothing and is named."""
    spec = next(spec for spec in watched.specs if spec.executable == 'edge_node')
    watcher, name = watched.watcher, f'/{spec.node_name}'
    refused = changed(watched, spec.node_name, log_format='xml')
    assert not refused.successful and "'xml' is not text or json" in refused.reason
    assert not changed(watched, spec.node_name, site_id='north').successful
    assert changed(watched, spec.node_name, diagnostics=False, log_format='text').successful
    time_s = time.monotonic()
    watcher.health.pop(name, None)
    watcher.until(lambda: time.monotonic() - time_s > 2.5, 'two periods have passed')
    # What was on its way when the node took the parameter may still have come, no more.
    watcher.health.pop(name, None)
    time_s = time.monotonic()
    watcher.until(lambda: time.monotonic() - time_s > 1.5, 'another period has passed')
    assert name not in watcher.health
    assert changed(watched, spec.node_name, diagnostics=True, log_format='json').successful
    watcher.until(lambda: name in watcher.health, 'it speaks again')


def test_a_robot_without_a_simulation_is_stale_and_its_process_says_so(watched):
    """Killed last, since nothing moves without it: no pose means nobody knows how it is."""
    watched.fleet.end('sim', signal.SIGKILL)
    health = watched.watcher.health
    watched.watcher.until(
        lambda: health['/r001/robot'].level == DiagnosticStatus.STALE, 'the robot is STALE')
    assert 'no pose for' in health['/r001/robot'].message


def test_metrics_are_off_unless_asked_for():
    assert HostParams().metrics_port == 0 and HostParams().metrics_address == '127.0.0.1'
