# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What a leader measures of orders, deadlines and its own coming into office."""

from random import Random

from coordinator_bench import Group, move, ROBOT
import pytest
from robot_swarm_orch.config import CoordinatorConfig
from robot_swarm_orch.coordinator.replica import Replica
from robot_swarm_orch.coordinator.tally import initial_counts
from robot_swarm_orch.metrics import Metrics
from robot_swarm_orch.types import CommandKind, Mode, Order, OrderKind, OrderState, Outcome

NOON_S = 1_800_000_000.0
"""ROS time when the steady clock of a Group shows 0 [s]."""


class MeasuredGroup(Group):
    """A Group whose replicas keep metrics; all that a restarted one counts adds up."""

    def __init__(self, **options):
        self.metrics = Metrics()
        super().__init__(**options)
        self.run(until=lambda: all(robot.book.mode == Mode.AUTOMATIC
                                   for robot in self.robots.values()))

    def start(self, voter):
        config = CoordinatorConfig(node_id=voter, voters=self.voters, **self.settings)
        self.replicas[voter] = Replica(
            config, self.site, ROBOT, self.stores[voter], Random(f'{self.seed}/{voter}'),
            self.planner, self.placement, observe=self.metrics.observe,
            count=self.metrics.count, ros_time=lambda: NOON_S + self.now_s)

    def counted(self, prefix):
        """Return the counters below a prefix."""
        return {name[len(prefix):]: value for name, value in self.metrics.counters.items()
                if name.startswith(prefix)}

    def finish(self, *orders):
        """Hand orders in and wait for their end."""
        for order in orders:
            self.submit(order)
        self.run(until=lambda: all(
            self.status(order.order_id) is not None and self.status(order.order_id).state in (
                OrderState.DONE, OrderState.FAILED) for order in orders))


def due(order_id, deadline_s):
    """Return a MOVE order with a deadline."""
    return Order(order_id, 't', OrderKind.MOVE, 'shelf_0', 'shelf_1', deadline_s=deadline_s)


def test_each_order_is_counted_once_on_its_way():
    """Once accepted, assigned and done, whoever hands it in how often."""
    group = MeasuredGroup()
    group.finish(move('o1'), move('o1'), move('o2'), Order('g', 't', OrderKind.GO, '', 'shelf_2'))
    group.submit(move('o1'))
    group.run(seconds=1.0)
    assert group.counted('orders.') == {'accepted.move': 2, 'accepted.go': 1, 'done.move': 2,
                                        'done.go': 1}
    assert group.counted('assignments.') == {'assigned': 3}
    assert group.metrics.histograms['task_latency_s.move'].count == 2
    assert group.metrics.histograms['task_latency_s.move'].largest > 0.5
    assert set(group.metrics.counters) <= set(initial_counts())


def test_refused_orders_are_counted():
    group = MeasuredGroup()
    for replica in group.replicas.values():
        replica.submit(group.now_s, move('bad', 'nowhere'))
    group.step()
    assert group.counted('orders.') == {'refused.move': 1}


def test_an_order_that_comes_back_and_fails_is_counted_so():
    """Five robots in a row could not drive to it."""
    group = MeasuredGroup(robots=1, resend_max_s=0.1)
    group.robots['r0'].outcomes[CommandKind.GO] = Outcome.FAILED
    group.finish(move('never'))
    assert group.counted('orders.') == {'accepted.move': 1, 'failed.move': 1}
    counts = group.counted('assignments.')
    assert counts['assigned'] == counts['returned'] == 5
    assert 'task_latency_s.move' not in group.metrics.histograms


@pytest.mark.parametrize('allowed_s, missed', [(0.05, 1), (500.0, 0), (-5.0, 1)])
def test_a_deadline_is_missed_once_when_it_passes_before_the_end(allowed_s, missed):
    group = MeasuredGroup(robots=1)
    order = due('late', NOON_S + group.now_s + allowed_s)
    group.finish(order)
    group.run(seconds=1.0)
    assert group.counted('deadline_misses.').get('move', 0) == missed


def test_a_deadline_is_counted_when_it_passes_not_when_the_order_ends():
    group = MeasuredGroup(robots=1)
    group.robots['r0'].silent = True
    group.submit(due('stuck', NOON_S + group.now_s + 2.0))
    group.run(seconds=1.5)
    assert group.counted('deadline_misses.') == {}
    group.run(seconds=1.0)
    assert group.counted('deadline_misses.') == {'move': 1}


def test_a_deadline_is_watched_on_by_the_next_leader():
    """What had passed before is not counted again."""
    group = MeasuredGroup(robots=1)
    group.robots['r0'].silent = True
    for order in (due('soon', NOON_S + group.now_s + 1.0),
                  due('later', NOON_S + group.now_s + 8.0)):
        group.submit(order)
    group.run(seconds=3.0)
    group.kill(group.leader)
    group.run(until=lambda: group.leader is not None)
    group.run(until=lambda: group.now_s > 120.0)
    assert group.counted('deadline_misses.') == {'move': 2}


def test_a_new_leader_measures_the_gap_since_the_last_words_of_the_old_one():
    """The first leader of all followed nobody, so it measures nothing."""
    group = MeasuredGroup()
    assert 'failover_s' not in group.metrics.histograms
    killed_s = group.now_s
    group.kill(group.leader)
    group.run(until=lambda: group.leader is not None)
    gap_s = group.metrics.histograms['failover_s']
    assert gap_s.count == 1
    assert 0.1 < gap_s.largest < group.now_s - killed_s + 0.1


def test_writes_of_the_log_are_timed():
    group = MeasuredGroup()
    assert group.metrics.histograms['sync_s'].count > 3
