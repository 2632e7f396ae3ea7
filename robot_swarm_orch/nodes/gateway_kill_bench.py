# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
`swarm bench gateway --kill`: a gateway with many WebSockets is killed while orders go on.

Two gateways serve three coordinators. Orders come in at the second; at the first, which has the
limits that any user gets, clients listen on WebSockets. It is killed and, after the second that
`ros2 launch` waits too, started again.
"""

from itertools import islice
from pathlib import Path
import sys
import time
import uuid

from robot_swarm_orch.bench.audience import Audience
from robot_swarm_orch.bench.gateway import GatewayBenchOptions, order_bodies
from robot_swarm_orch.bench.gateway_kill import kill_lines, kill_report, KillBenchOptions
from robot_swarm_orch.bench.text import publish
from robot_swarm_orch.bringup import default_site_file, FleetPlan
from robot_swarm_orch.nodes.gateway_rig import ENOUGH, HOST, LoadProcess, Rig, UNLIMITED
from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.site import load_site

RESPAWN_S = 1.0  # as launch_actions.Keeper
_OPEN_S = 60.0


def run_kill_bench(options: KillBenchOptions, out: str, as_json: bool = False) -> int:
    """Measure, write report.json into `out`, print it; 0 if the bounds held, else 1."""
    folder, site = Path(out).resolve(), load_site(default_site_file())
    plan = FleetPlan(
        site_file=default_site_file(), site_id=site.name, data_dir=str(folder / 'run' / 'data'),
        cluster_id='bench', coordinator_parameters={'queue_bound': ENOUGH})
    with Rig(plan, folder, [{}, UNLIMITED]) as rig:
        rig.wait_until_ready()
        audience = Audience(HOST, rig.ports[0], rig.listeners(options.sockets))
        try:
            audience.wait_until_open(_OPEN_S)
            audience.forget()
            print('all listen', file=sys.stderr, flush=True)
            figures = _measure(rig, audience, site, options)
        finally:
            audience.end()
    return publish(figures, kill_lines(figures), folder, as_json)


def _measure(rig, audience, site, options) -> dict:
    """Hand orders in and kill; return the figures."""
    before, began_s = rig.supervisor.usage(), time.monotonic()
    bodies = order_bodies(OrderStream(site, 1, 0), uuid.uuid4().hex[:8])
    count = round(options.rate_per_s * options.duration_s)
    load = LoadProcess(
        rig.ports[1], rig.token('bench'), list(islice(bodies, count)), GatewayBenchOptions(
            options.rate_per_s, options.duration_s, options.connections))
    try:
        first_s, killed_s = load.wait_until_begun(), []
        for kill_s in options.kills_s:
            time.sleep(max(0.0, first_s + kill_s - time.monotonic()))
            killed_s.append(rig.supervisor.kill('gateway'))
            time.sleep(RESPAWN_S)
            rig.supervisor.start('gateway')
            print(f'killed {len(killed_s)} of {options.kills}', file=sys.stderr, flush=True)
        handed_in = load.result(options.duration_s)
    finally:
        load.end()
    rig.supervisor.check()
    figures = kill_report(handed_in, audience.finish({}), killed_s, options)
    figures['cores'] = rig.cores(before, time.monotonic() - began_s)
    return figures
