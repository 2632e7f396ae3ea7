# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
`swarm bench gateway`: three coordinators, a gateway before them, and orders over HTTP.

Needs an environment that keeps DDS on this machine (`bringup.one_host_environment`).
"""

import asyncio
import json
import os
from pathlib import Path
import shutil
import socket
import sys
import time
from urllib.error import URLError
from urllib.request import Request, urlopen
import uuid

from robot_swarm_orch.bench.gateway import (
    GatewayBenchOptions, hand_in, order_bodies, report, report_lines)
from robot_swarm_orch.bench.group import BenchFailed
from robot_swarm_orch.bringup import default_site_file, FleetPlan, processes
from robot_swarm_orch.gateway.keys import add_to_set, make_key
from robot_swarm_orch.gateway.tokens import issue
from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.site import load_site
from robot_swarm_orch.supervisor import Supervisor

HOST = '127.0.0.1'
_START_S, _SETTLE_S = 60.0, 5.0
_ENOUGH = 1_000_000  # the benchmark's orders must wait, not be refused


def run_bench(options: GatewayBenchOptions, out: str, as_json: bool = False) -> int:
    """Measure, write report.json into `out`, print it; 0 if what was asked was kept, else 1."""
    folder = Path(out).resolve()
    shutil.rmtree(folder / 'run', ignore_errors=True)
    site = load_site(default_site_file())
    key, keys_file = make_key('bench', 'EdDSA'), folder / 'run' / 'keys.json'
    add_to_set(keys_file, key)
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    supervisor = Supervisor(processes(FleetPlan(
        site_file=default_site_file(), site_id=site.name, data_dir=str(folder / 'run' / 'data'),
        cluster_id='bench', coordinator_parameters={'queue_bound': _ENOUGH}, gateway=True,
        gateway_parameters={
            'port': port, 'keys_file': str(keys_file), 'requests_per_s': 1e6,
            'requests_burst': _ENOUGH, 'in_flight_max': 10_000, 'connections_max': 10_000,
            'connections_per_address_max': 10_000, 'orders_pending_max': 100_000})),
        folder / 'run', dict(os.environ))
    # A token of the bench's own length: a gateway checks it once and remembers it.
    token = issue(key, 'bench', 'operator', 'swarm', site.name, 3600.0, time.time())
    try:
        supervisor.start()
        _wait_until_ready(supervisor, port)
        before = supervisor.usage()
        load = asyncio.run(hand_in(
            HOST, port, token, order_bodies(OrderStream(site, 1, 0), uuid.uuid4().hex[:8]),
            options))
        after = supervisor.usage()
        figures = report(load, options)
        figures['cores'] = {name: round((after[name].cpu_s - before[name].cpu_s) / load.wall_s, 3)
                            for name in after}
        waiting = _waiting(port, token, figures['accepted'])
        if waiting != figures['accepted']:
            figures['broken'].append(f'{figures["accepted"]} orders were accepted, but the leader '
                                     f'counts {waiting}')
    finally:
        supervisor.stop()
    content = json.dumps(figures, indent=2)
    (folder / 'report.json').write_text(content + '\n', encoding='utf-8')
    print(content if as_json else '\n'.join(report_lines(figures)))
    return 1 if figures['broken'] else 0


def _get(port, path, token=''):
    """Return (status, content) of a GET; (0, None) when nobody listens."""
    headers = {'Authorization': f'Bearer {token}'} if token else {}
    try:
        with urlopen(Request(f'http://{HOST}:{port}{path}', headers=headers), timeout=5.0) as told:
            return told.status, json.load(told)
    except (URLError, OSError) as error:
        return getattr(error, 'code', 0), None


def _wait_until_ready(supervisor, port):
    """Wait until the gateway hears a leader; raises BenchFailed."""
    end_s = time.monotonic() + _START_S
    while _get(port, '/health/ready')[0] != 200:
        if time.monotonic() > end_s:
            raise BenchFailed(f'the gateway was not ready within {_START_S:g} s')
        supervisor.check()
        time.sleep(0.1)
    print('ready', file=sys.stderr, flush=True)


def _waiting(port, token, expected):
    """Return how many orders wait as the leader counts them, once that is what is expected."""
    end_s, waiting = time.monotonic() + _SETTLE_S, None
    while time.monotonic() < end_s and waiting != expected:
        content = _get(port, '/fleet', token)[1]
        waiting = content['orders_waiting'] if content else None
        time.sleep(0.2)
    return waiting
