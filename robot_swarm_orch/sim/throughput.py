# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
How many orders a fleet carries out in virtual time, and what that costs.

    python -m robot_swarm_orch.sim.throughput --robots 100 --duration 600 --seed 1
    python -m robot_swarm_orch.sim.throughput --robots 20 --physics mujoco --slippery-patches 400
"""

import argparse
import sys
from time import perf_counter

from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions, STEP_S
from robot_swarm_orch.sim.ghost import orders_per_hour_ghost
from robot_swarm_orch.sim.network import NetworkOptions
from robot_swarm_orch.sim.physics import PHYSICS
from robot_swarm_orch.sim.world import WorldOptions
from robot_swarm_orch.site import load_site


def main(arguments=None) -> int:
    """Run a fleet in virtual time and print what it did; return 1 if a judge found something."""
    parser = argparse.ArgumentParser(description='a whole fleet in virtual time')
    parser.add_argument('--site', default='config/site.yaml', help='site file')
    parser.add_argument('--robots', type=int, default=100)
    parser.add_argument('--duration', type=float, default=600.0, help='virtual seconds')
    parser.add_argument('--settle', type=float, default=150.0,
                        help='virtual seconds before orders are counted')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--loss', type=float, default=0.0, help='share of messages lost')
    parser.add_argument('--delay', type=float, default=0.001, help='mean delay [s]')
    parser.add_argument('--physics', choices=sorted(PHYSICS), default='kinematic')
    parser.add_argument('--slippery-patches', type=int, default=0)
    parser.add_argument('--kill-leader-at', type=float, default=0.0, help='virtual second')
    chosen = parser.parse_args(arguments)
    site = load_site(chosen.site)
    network = NetworkOptions(delay_s_mean=chosen.delay, loss_ratio=chosen.loss)
    cluster = Cluster(site, chosen.robots, chosen.seed, ClusterOptions(
        network=network, world=WorldOptions(physics=chosen.physics,
                                            slippery_patches=chosen.slippery_patches)))
    started = perf_counter()
    while cluster.now_s < chosen.duration - STEP_S / 2:
        cluster.run(min(10.0, chosen.duration - cluster.now_s))
        if 0.0 < chosen.kill_leader_at <= cluster.now_s:
            chosen.kill_leader_at = 0.0
            leader = cluster.leader()
            cluster.kill_replica(leader)
            print(f'{cluster.now_s:7.1f} s: killed the leader {leader}')
        if round(cluster.now_s) % 50 == 0:
            print(_progress(cluster), flush=True)
    wall_s = perf_counter() - started
    hours = (chosen.duration - chosen.settle) / 3600.0
    rate = cluster.client.done_between(chosen.settle, chosen.duration) / hours
    ghost = orders_per_hour_ghost(site, chosen.robots, chosen.seed)
    print(f'orders/h {rate:.0f}, ghost {ghost:.0f}, ratio {rate / ghost:.3f}')
    per_tick_us = 1e6 * cluster.cpu_s['agents'] / max(1, cluster.agent_ticks)
    print(f'wall {wall_s:.0f} s; agent tick {per_tick_us:.0f} us; shares of virtual time: '
          + ', '.join(f'{name} {spent / chosen.duration:.3f}'
                      for name, spent in cluster.cpu_s.items()))
    cluster.judges.order.close({name: cluster.client.orders[name].drop
                                for name in cluster.client.done_s})
    violations = cluster.judges.violations()
    print(f'violations: {len(violations)}', *violations[:20], sep='\n  ')
    return 1 if violations else 0


def _progress(cluster) -> str:
    """Return a line about the fleet."""
    moving = int((abs(cluster.world.v) > 0.02).sum())
    client = cluster.client
    return (f'{cluster.now_s:7.1f} s: {len(client.done_s)} orders done, {client.waiting()} '
            f'waiting, {moving} robots moving, leader {cluster.leader()}, '
            f'{len(cluster.judges.overlap.violations)} overlaps, '
            f'{len(cluster.judges.hold.violations)} held twice, stuck {cluster.stuck()[:8]}')


if __name__ == '__main__':
    sys.exit(main())
