# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
r"""
Hours of a fleet on small batteries, beside the same fleet with batteries that last for ever.

    python -m robot_swarm_orch.sim.endurance --hours 0.5 --drive-hours 0.25 --charge-hours 0.025 \
        --kill-leader-at 900

Batteries are small, so that each robot charges several times in a run. A judge
(`battery_checks.py`) watches what they really hold. What the two fleets bring in says what
charging costs.
"""

import argparse
from dataclasses import dataclass, replace
from math import ceil, inf, nan
import sys
from time import perf_counter

from robot_swarm_orch.config import CoordinatorConfig, RobotConfig
from robot_swarm_orch.sim.battery_checks import BatteryJudge
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.sim.panel import Judges
from robot_swarm_orch.sim.world import REST_SHARE, WorldOptions
from robot_swarm_orch.site import load_site

WAREHOUSE = {'columns': 10, 'blocks': 2, 'charger_every': 14}
"""A hall for 30 robots with 4 chargers."""

SETTLE_S = 120.0
"""Orders count from here on: before, robots set out from where they were placed [s]."""

_LASTS_H = 1000.0


@dataclass(frozen=True)
class Endurance:
    """
    A fleet, its batteries and how long it works.

    drive_h, charge_h: how long a full battery drives, and an empty one charges [h]. order_s: how
    long an order takes at most [s]. start: charge at the start, 0 to 1, NaN: as the seed says.
    """

    robots: int = 30
    duration_s: float = 7200.0
    seed: int = 1
    kill_leader_at_s: float = inf
    drive_h: float = 0.5
    charge_h: float = 0.05
    warehouse: tuple = tuple(WAREHOUSE.items())
    coordinator: CoordinatorConfig = CoordinatorConfig(charge_enough=0.9)
    order_s: float = 180.0
    start: float = nan

    def wait_bound_s(self, chargers: int) -> float:
        """
        Return how long a robot may be low at most until it stands at a charger [s].

        It ends its order first, `order_s` at most. Then those that are lower go before it, a
        charger after the other's: each charges from nothing to enough, at worst, and is followed
        by the next within a third of an order's time.
        """
        turns = ceil(self.robots / chargers) - 1
        charge_s = 3600.0 * self.charge_h * self.coordinator.charge_enough / (
            1.0 - REST_SHARE * self.charge_h / self.drive_h)
        return self.order_s + turns * (charge_s + self.order_s / 3.0)


@dataclass(frozen=True)
class Result:
    """
    What came of a run.

    done: orders after SETTLE_S. charges: per robot, how often it came to a charger. wait_s,
    bound_s: longest wait for a charger of a robot that is low, and what is allowed.
    """

    done: int
    least: float
    wait_s: float
    bound_s: float
    charges: tuple
    wall_s: float
    violations: tuple


def run(what: Endurance, lasts: bool = False) -> Result:
    """Let a fleet work; `lasts`: with batteries that do not run down."""
    site = load_site({'name': 'endurance', 'warehouse': dict(what.warehouse)})
    bound_s = what.wait_bound_s(len(site.chargers))
    started = perf_counter()
    cluster = Cluster(site, what.robots, what.seed, _options(what, lasts), judges=lambda cluster:
                      _WithBatteries(cluster, what.coordinator.charge_below, bound_s))
    if what.start == what.start:
        cluster.world.battery[:] = what.start
    end_s = what.duration_s
    if what.kill_leader_at_s < end_s:
        cluster.run(what.kill_leader_at_s)
        cluster.kill_replica(cluster.leader())
    cluster.run(end_s - cluster.now_s)
    judges, client = cluster.judges, cluster.client
    judges.order.close({name: client.orders[name].drop for name in client.done_s})
    battery = judges.battery
    return Result(client.done_between(SETTLE_S, end_s), battery.least, battery.longest_s, bound_s,
                  tuple(battery.charges.tolist()), perf_counter() - started,
                  tuple(judges.violations()))


def _options(what, lasts):
    drive_h = _LASTS_H if lasts else what.drive_h
    return ClusterOptions(
        robot=RobotConfig(scan_required=False, battery_drive_h=drive_h), scans=False,
        coordinator=what.coordinator,
        world=WorldOptions(drive_hours=drive_h, charge_hours=what.charge_h))


class _WithBatteries(Judges):
    """The judges that any fleet has, and one of batteries."""

    def __init__(self, cluster, low, patience_s):
        super().__init__(cluster)
        site, config = cluster.site, cluster.options.robot
        self.battery = BatteryJudge(
            cluster.world.robots, site.xy[[site.places[name].node for name in site.chargers]],
            2.0 * config.position_error_m, low, patience_s)

    def moved(self, happenings) -> None:
        """Look at the world, which has just moved."""
        super().moved(happenings)
        world = self.cluster.world
        self.battery.feed(self.cluster.now_s, world.battery, world.x, world.y)


def main(arguments=None) -> int:
    """Run both fleets and print what they did; return 1 if a judge found something."""
    parser = argparse.ArgumentParser(description='a fleet on small batteries, in virtual time')
    parser.add_argument('--robots', type=int, default=30)
    parser.add_argument('--hours', type=float, default=2.0, help='virtual hours')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--kill-leader-at', type=float, default=inf, help='virtual second')
    parser.add_argument('--drive-hours', type=float, default=0.5, help='of a full battery')
    parser.add_argument('--charge-hours', type=float, default=0.05, help='of an empty battery')
    chosen = parser.parse_args(arguments)
    what = Endurance(chosen.robots, 3600.0 * chosen.hours, chosen.seed, chosen.kill_leader_at,
                     chosen.drive_hours, chosen.charge_hours)
    small = run(what)
    lasting = run(replace(what, kill_leader_at_s=inf), lasts=True)
    print(f'orders done: {small.done}, with endless batteries {lasting.done}, ratio '
          f'{small.done / lasting.done:.3f}\n'
          f'least charge {small.least:.3f}; longest wait for a charger {small.wait_s:.0f} s, '
          f'bound {small.bound_s:.0f} s\n'
          f'charges of a robot: {min(small.charges)} to {max(small.charges)}\n'
          f'wall {small.wall_s:.0f} s and {lasting.wall_s:.0f} s')
    print(f'violations: {len(small.violations)}', *small.violations[:20], sep='\n  ')
    return 1 if small.violations or lasting.violations else 0


if __name__ == '__main__':
    sys.exit(main())
