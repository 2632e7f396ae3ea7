# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
One seed of `swarm verify`: a fleet under faults, then healed, judged all the while.

First a phase in which only safety is asked: whatever the faults, no judge may find anything. Then
everything heals, and liveness is asked: somebody leads, all robots move, and every order that was
accepted ends, within bounds that are computed beforehand (`Bounds`).
"""

from dataclasses import dataclass, field, replace
from math import ceil
import random
from typing import Tuple

import numpy as np
from robot_swarm_orch.config import CoordinatorConfig, RobotConfig, safe_stop_bound_s
from robot_swarm_orch.coordinator import saga
from robot_swarm_orch.edge.planning import drive_time_s, Planner
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.sim.customers import Customers
from robot_swarm_orch.sim.faults import draw_schedule, FaultOptions, Schedule
from robot_swarm_orch.sim.injector import Injector
from robot_swarm_orch.sim.linearizability import order_violations
from robot_swarm_orch.sim.network import NetworkOptions
from robot_swarm_orch.sim.strict_panel import StrictJudges
from robot_swarm_orch.sim.world import WorldOptions
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import OrderKind, OrderState, Settlement

WAREHOUSE = {'columns': 6, 'blocks': 1, 'block_cells': 5, 'queue_cells': 1, 'spacing_m': 1.8}
ROBOT = RobotConfig(speed_mps=3.0, acceleration_mps2=3.0, brake_mps2=3.0, yaw_rate_radps=4.0,
                    yaw_acceleration_radps2=12.0)
WORLD = WorldOptions(pick_s=1.5, drop_s=1.5)
COORDINATOR = CoordinatorConfig(cluster_id='verify', snapshot_entries=150, park_after_s=2.0,
                                command_ttl_s=2.0, robot_silent_s=2.5, drop_wait_s=15.0)
_LASERS_EVERY = 8   # one seed in so many has robots with lasers
_FIVE_EVERY = 4     # one seed in so many has five coordinators
_SETTLE_S = 2.0     # what a person needs to look at a load in doubt [s]
# Traffic makes a leg longer than a robot alone would need, and a wave of orders is not carried
# out in step; measured over 1,000 seeds, this leaves room by more than half.
_TRAFFIC_FACTOR = 2.0
_MOVED_M = 0.5


@dataclass(frozen=True)
class Trial:
    """What to run: a seed, a fleet and its faults."""

    seed: int
    robots: int = 10
    faults: FaultOptions = FaultOptions()


@dataclass(frozen=True)
class Bounds:
    """Within what time after healing what has to happen [s]."""

    leader_s: float
    orders_s: float
    rest_s: float


@dataclass
class Outcome:
    """What came of a seed; `violations` is empty if it passed."""

    seed: int
    profile: str
    virtual_s: float = 0.0
    faults: int = 0
    leader_changes: int = 0
    orders_done: int = 0
    orders_failed: int = 0
    orders_cancelled: int = 0
    calls: int = 0
    refused_stale: int = 0
    held_back: int = 0
    leader_found_s: float = 0.0
    orders_ended_s: float = 0.0
    rest_s: float = 0.0
    digest: str = ''
    bounds: Bounds = None
    violations: list = field(default_factory=list)
    log: list = field(default_factory=list)
    schedule: str = ''


class Ground:
    """Site, planner and robots' settings, which all seeds of a process share: made once."""

    def __init__(self):
        """Lay the roadmap and its tables of distances."""
        self.site = load_site({'warehouse': WAREHOUSE})
        self.robots = {True: ROBOT, False: replace(ROBOT, scan_required=False)}
        self.planner = Planner(self.site, ROBOT)
        self.leg_s = self._longest_leg_s()

    def _longest_leg_s(self):
        """Return how long a robot alone drives on the longest way from place to place [s]."""
        site, planner = self.site, self.planner
        nodes = [site.places[name].node for name in (*site.storage, *site.stations)]
        return max(drive_time_s(site, planner.route(a, 0.0, b), 0.0, ROBOT)
                   for a in nodes for b in nodes if a != b)

    def bounds(self, robots: int, orders: int, coordinator: CoordinatorConfig) -> Bounds:
        """
        Return within what time a healed fleet must be through with its orders.

        A leader needs a few rounds of elections. Then robots that lost their programs join anew,
        which takes the silence that the coordinators wait for, and orders are carried out in
        waves, each of two legs with traffic, a pick and a drop; one wave more for those that were
        half way, and one for what failed and is given to another robot.
        """
        leader_s = 20.0 * coordinator.election_max_s
        join_s = coordinator.robot_silent_s + coordinator.lease_s + coordinator.resend_max_s
        wave_s = 2.0 * _TRAFFIC_FACTOR * self.leg_s + WORLD.pick_s + WORLD.drop_s
        waves = ceil(orders / robots) + 2
        return Bounds(leader_s, leader_s + 2.0 * join_s + waves * wave_s,
                      safe_stop_bound_s(ROBOT, coordinator))


_GROUND = []


def ground() -> Ground:
    """Return this process's ground."""
    if not _GROUND:
        _GROUND.append(Ground())
    return _GROUND[0]


class Run:
    """One trial under way."""

    def __init__(self, trial: Trial):
        """Set the fleet up as the seed says."""
        self.trial, self.ground = trial, ground()
        seed, rng = trial.seed, random.Random(f'fleet {trial.seed}')
        self.schedule: Schedule = draw_schedule(seed, trial.faults)
        lasers = rng.randrange(_LASERS_EVERY) == 0
        network = NetworkOptions(delay_s_mean=rng.choice((0.0005, 0.002, 0.008)),
                                 loss_ratio=rng.choice((0.0, 0.0, 0.02)))
        options = ClusterOptions(
            robot=self.ground.robots[lasers], network=network, world=WORLD, orders=False,
            scans=lasers, disks=True, drift_ratio=trial.faults.drift_ratio,
            coordinator=self._coordinator(rng),
            coordinator_network=NetworkOptions(delay_s_mean=rng.choice((0.0005, 0.002))))
        self.cluster = Cluster(self.ground.site, trial.robots, seed, options,
                               self.ground.planner, StrictJudges)
        orders = rng.randint(6, 10)
        self.customers = self.cluster.customers = Customers(
            self.ground.site, seed, orders, 2.0, self.schedule.heal_s)
        self.injector = Injector(self.cluster, self.schedule, trial.faults)
        self.bounds = self.ground.bounds(trial.robots, orders + trial.robots, options.coordinator)
        self._doubts = {}
        self._start = None

    def _coordinator(self, rng):
        """Return the coordinators' settings; some groups are of five, some vote in a hurry."""
        hurried = self.schedule.profile == 'elections' and rng.random() < 0.5
        count = 5 if rng.randrange(2 if hurried else _FIVE_EVERY) == 0 else 3
        # A short range of timeouts makes several replicas stand at once, so that votes split.
        return replace(COORDINATOR, voters=tuple(f'c{i + 1}' for i in range(count)),
                       election_max_s=0.17 if hurried else COORDINATOR.election_max_s)

    # Phases

    def run(self) -> Outcome:
        """Carry the trial out and return what came of it."""
        outcome = Outcome(self.trial.seed, self.schedule.profile, schedule=str(self.schedule),
                          bounds=self.bounds)
        try:
            self._until(lambda: self.injector.healed)
            if not self._found():
                self._ask_for_liveness(outcome)
        except Exception as error:  # a broken program is a finding like any other
            outcome.violations.append(f'{self.cluster.now_s:.2f} s: the run ended with '
                                      f'{type(error).__name__}: {error}')
        return self._close(outcome)

    def _found(self):
        return self.cluster.judges.violations()

    def _until(self, holds, patience_s=1e9):
        """Let time pass until something holds or a judge finds something; return whether so."""
        cluster, end_s = self.cluster, self.cluster.now_s + patience_s
        while not holds():
            if cluster.now_s >= end_s or (cluster.steps % 100 == 0 and self._found()):
                return False
            self._step()
        return True

    def _step(self):
        """Let one step pass: faults, customers, a person, then the fleet."""
        cluster, now = self.cluster, self.cluster.now_s
        self.injector.step()
        if cluster.steps % 5 == 0:
            for number, order in self.customers.calls(now):
                cluster.call(number, order)
            for number, act in self.customers.acts_due(now):
                cluster.act(number, act)
            if self.injector.healed:
                for number, order in self.customers.ask_again(now):
                    cluster.call(number, order)
        if cluster.steps % 50 == 0:
            self._settle_doubts(now)
        cluster.step()

    def _ask_for_liveness(self, outcome):
        """Ask a healed fleet to do its work."""
        cluster, bounds, healed_s = self.cluster, self.bounds, self.cluster.now_s
        self._start = cluster.world.x.copy(), cluster.world.y.copy()
        if not self._until(lambda: cluster.leader() is not None, bounds.leader_s):
            return self._miss(outcome, f'nobody leads {bounds.leader_s:.1f} s after all healed')
        outcome.leader_found_s = cluster.now_s - healed_s
        self._order_drives()
        left_s = healed_s + bounds.orders_s - cluster.now_s
        if not self._until(self._is_through, left_s):
            return self._miss(outcome, f'{bounds.orders_s:.0f} s after all healed '
                              + self._what_is_left())
        outcome.orders_ended_s = cluster.now_s - healed_s
        return None

    def _is_through(self):
        """Return whether every accepted order has ended and every robot has moved."""
        if self.cluster.steps % 10:
            return False
        customers = self.customers
        return customers.is_through and not customers.live() and not self._unmoved()

    def _unmoved(self):
        """Return the robots that have not moved since all healed; give them a reason to."""
        x, y = self._start
        world = self.cluster.world
        gone = (abs(world.x - x) + abs(world.y - y) > _MOVED_M)
        for index in gone.nonzero()[0]:
            x[index] = y[index] = float('inf')
        still = [name for name, index in world.index_of.items() if not gone[index]]
        if still and not self.customers.live():
            self._order_drives()
        return still

    def _order_drives(self):
        """
        Hand in orders to drive until there are as many as robots, so that every idle one gets one.

        Not to parking places: who parks there is not sent away, and would be waited for. Nor to
        where somebody stands: who is there already would have nothing to drive.
        """
        site, world = self.ground.site, self.cluster.world
        places = [site.places[name] for name in (*site.storage, *site.stations)]
        free = [place.name for place in places if np.hypot(
            world.x - site.xy[place.node, 0], world.y - site.xy[place.node, 1]).min()
            > 2.0 * _MOVED_M]
        for number in range(len(self.customers.live()), len(world.robots)):
            self.cluster.call(*self.customers.order_drive(
                self.cluster.now_s, free[number % len(free)]))

    def _miss(self, outcome, text):
        """Note that the fleet did not do what it had to."""
        if not self._found():
            outcome.violations.append(f'{self.cluster.now_s:.2f} s: {text}')

    def _what_is_left(self):
        """Return what keeps the fleet from being through, for people."""
        live, still = self.customers.live(), self._unmoved()
        robots = [f'{name} ({robot.agent.safety.reason.name}, {robot.agent.runner.phase.value})'
                  for name, robot in self.cluster.robots.items() if robot.agent is not None]
        return (f'{len(live)} orders have not ended ({", ".join(live[:4])}), {len(still)} robots '
                f'have not moved ({", ".join(still[:4])}); robots: {", ".join(robots)}')

    def _settle_doubts(self, now):
        """Let a person look at loads in doubt, and say what they find."""
        leader = self.cluster.leader()
        if leader is None or self.cluster.hosts[leader].is_stopped(now):
            return
        replica = self.cluster.replicas[leader]
        for name, record in replica.state.robots.items():
            order = replica.state.live.get(record.order_id)
            if order is None or order.state not in saga.IN_DOUBT:
                self._doubts.pop(name, None)
            elif now - self._doubts.setdefault(name, now) >= _SETTLE_S:
                self._doubts[name] = now
                truth = self.cluster.world.truth
                counts = truth.picks if order.state == saga.State.PICK_IN_DOUBT else truth.drops
                replica.operate(self.cluster.hosts[leader].clock.at(now), Settlement(
                    name, bool(counts.get(order.order_id)), 'simulated person'), None)

    def _close(self, outcome):
        """Ask the judges that look at the whole, and count."""
        cluster, customers, judges = self.cluster, self.customers, self.cluster.judges
        done = customers.ended(OrderState.DONE)
        judges.order.close({
            name: customers.orders[name].drop for name in done
            if customers.orders[name].kind == OrderKind.MOVE})
        judges.load.close(
            {name: (customers.orders[name].pick, customers.orders[name].drop)
             for name in customers.ended(OrderState.CANCELLED)}, customers.promised())
        outcome.violations = judges.violations() + order_violations(customers.history) + [
            f'{name} was amended, as was answered, and is not'
            for name in customers.amended_in_vain()] + outcome.violations
        outcome.virtual_s, outcome.faults = cluster.now_s, self.injector.count
        outcome.leader_changes = max(0, len(judges.leaders) - 1)
        outcome.orders_done = len(done)
        outcome.orders_cancelled = len(customers.ended(OrderState.CANCELLED))
        outcome.orders_failed = len(customers.ended(OrderState.FAILED))
        outcome.calls = len(customers.history)
        outcome.refused_stale = judges.command.refused_stale
        outcome.held_back = cluster.network.held_back + cluster.coordinator_network.held_back
        outcome.rest_s = judges.rest.longest_s
        outcome.digest, outcome.log = judges.digest, self.injector.done
        return outcome


def run_trial(trial: Trial) -> Outcome:
    """Run one seed and return what came of it."""
    return Run(trial).run()


def summary_fields() -> Tuple[str, ...]:
    """Return the counted fields of an Outcome, in the order in which a summary shows them."""
    return ('virtual_s', 'faults', 'leader_changes', 'orders_done', 'orders_failed',
            'orders_cancelled', 'calls', 'refused_stale', 'held_back', 'leader_found_s',
            'orders_ended_s', 'rest_s')
