# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
`swarm bench gateway`: three coordinators, a gateway before them, and orders over HTTP.

Needs an environment that keeps DDS on this machine (`bringup.one_host_environment`).
"""

import asyncio
from pathlib import Path
import sys
import time
import uuid

from robot_swarm_orch.bench.gateway import (
    GatewayBenchOptions, hand_in, order_bodies, report, report_lines)
from robot_swarm_orch.bench.text import publish
from robot_swarm_orch.bringup import default_site_file, FleetPlan
from robot_swarm_orch.nodes.gateway_rig import ENOUGH, get, HOST, Rig, UNLIMITED
from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.site import load_site

_SETTLE_S = 5.0


def run_bench(options: GatewayBenchOptions, out: str, as_json: bool = False) -> int:
    """Measure, write report.json into `out`, print it; 0 if what was asked was kept, else 1."""
    folder, site = Path(out).resolve(), load_site(default_site_file())
    plan = FleetPlan(
        site_file=default_site_file(), site_id=site.name, data_dir=str(folder / 'run' / 'data'),
        cluster_id='bench', coordinator_parameters={'queue_bound': ENOUGH})
    with Rig(plan, folder, [UNLIMITED]) as rig:
        rig.wait_until_ready()
        print('ready', file=sys.stderr, flush=True)
        figures = _measure(rig, site, options)
    return publish(figures, report_lines(figures), folder, as_json)


def _measure(rig, site, options) -> dict:
    """Hand orders in; return the figures."""
    token, before = rig.token('bench'), rig.supervisor.usage()
    load = asyncio.run(hand_in(
        HOST, rig.ports[0], token, order_bodies(OrderStream(site, 1, 0), uuid.uuid4().hex[:8]),
        options))
    figures = {**report(load, options), 'cores': rig.cores(before, load.wall_s)}
    waiting = _waiting(rig.ports[0], token, figures['accepted'])
    if waiting != figures['accepted']:
        figures['broken'].append(f'{figures["accepted"]} orders were accepted, but the leader '
                                 f'counts {waiting}')
    return figures


def _waiting(port, token, expected):
    """Return how many orders wait as the leader counts them, once that is what is expected."""
    end_s, waiting = time.monotonic() + _SETTLE_S, None
    while time.monotonic() < end_s and waiting != expected:
        content = get(port, '/fleet', token)[1]
        waiting = content['orders_waiting'] if content else None
        time.sleep(0.2)
    return waiting
