# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults staged in virtual time with the fleet's own minds, each named rightly by a sentence."""

from dataclasses import replace
from math import nan

import pytest
from robot_swarm_orch.config import CoordinatorConfig, RobotConfig
from robot_swarm_orch.coordinator.keeper import Keeper
from robot_swarm_orch.coordinator.traffic import Traffic
from robot_swarm_orch.insight import doctor
from robot_swarm_orch.insight.machine import Machine
from robot_swarm_orch.insight.orders import explain_order
from robot_swarm_orch.insight.picture import Picture, Wait
from robot_swarm_orch.insight.why import explain
from robot_swarm_orch.types import (
    Clearance, EmergencyStop, first_seq, LoadReading, LoadStatus, Mode, OrderState, Pose, Reason,
    Report, Settlement)
from staged_fleet import RING, Staged


@pytest.fixture()
def fleet():
    """Return two robots that have joined and stand at their parking places."""
    return joined()


def joined(**options):
    """Return a fleet that has joined."""
    made = Staged(**options)
    made.until(lambda: len(made.heard_s) == len(made.robots) and made.leader() and all(
        robot.report.mode == Mode.AUTOMATIC and robot.report.safety == Reason.NONE
        for robot in made.robots.values()))
    made.run(1.0)
    return made


def node(name):
    """Return the number of a node of the ring."""
    return RING.node_names.index(name)


def on_its_way(fleet):
    """Return (the robot that has come to node e on its way to the desk, the other one)."""
    fleet.order('o1', pick='', drop='desk')
    fleet.until(lambda: any(robot.report.held[:1] == (node('e'),)
                            for robot in fleet.robots.values()))
    return sorted(fleet.robots, key=lambda name: fleet.robots[name].report.held[:1]
                  != (node('e'),))


def test_idle(fleet):
    assert fleet.why('r001') == 'r001 is idle at park_1: it has no order'


def test_a_dead_robot_and_the_one_behind_it(fleet):
    dead, other = on_its_way(fleet)
    fleet.kill_robot(dead)
    start = f'{other} stands: waiting for node '
    fleet.until(lambda: fleet.why(other).startswith(start) and 'lost' in fleet.why(other))
    assert f'held by {dead}, which is silent for ' in fleet.why(other)
    assert 'look after its power' in fleet.why(other)
    assert fleet.why(dead).startswith(f'{dead} is silent for ')


def test_a_blocked_lane(fleet):
    """A dead robot is cleared away but its body still blocks the only way."""
    dead, other = on_its_way(fleet)
    fleet.kill_robot(dead)
    fleet.run(8.0)
    assert fleet.operate(Clearance(dead, (node('e'),), 'kim')) == ''
    fleet.until(lambda: fleet.why(other).startswith(
        f'{other} stands: waiting for node {node("e")} blocked by the body of {dead}; remove '
        f'{dead} and enrol it anew'))


def test_an_emergency_stop(fleet):
    fleet.stop_all(1, True)
    fleet.run(2.0)
    assert fleet.why('r002') == ('r002 stands: emergency stop of all robots by kim (fire drill); '
                                 'when all is safe, release it with `swarm estop --release`')
    fleet.stop_all(2, False)
    fleet.run(2.0)
    assert 'is idle' in fleet.why('r002')


def test_an_emergency_stop_of_one_robot_is_not_called_one_of_all(fleet):
    fleet.robots['r002'].stops.append(EmergencyStop('kim', 1, True, 'loose wheel'))
    fleet.run(2.0)
    assert fleet.why('r002') == (
        'r002 stands: emergency stop of this robot by kim (loose wheel); when all is safe, '
        'release it with `swarm estop --release --robot r002`')


def test_a_lost_pose(fleet):
    truth = fleet.world.odometry
    fleet.world.odometry = lambda robot: replace(truth(robot), pose_error_m=0.31)
    fleet.run(1.0)
    assert fleet.why('r001').startswith('r001 stands: pose error 0.31 m > 0.10 m; help it')


def test_no_consensus_and_who_is_missing(fleet):
    last = fleet.leader()
    left = next(name for name in fleet.replicas if name != last)
    for name in [name for name in fleet.replicas if name != left]:
        fleet.kill_replica(name)
    fleet.run(5.0)
    text = fleet.why('r001')
    assert 'safe stop, no lease since ' in text
    assert f'no coordinator leads: of 3 only {left} is heard (last leader {last}, term ' in text
    assert 'a majority must run' in text
    finding, = doctor.consensus(doctor.Facts(Machine(62), fleet.picture()))
    assert 'no consensus' in finding.text


def test_a_robot_whose_reports_do_not_reach_the_leader(fleet):
    send = fleet.network.send
    fleet.network.send = lambda now, sender, *rest: None if sender == 'r001' else send(
        now, sender, *rest)
    fleet.run(3.0)
    assert 'leads (term ' in fleet.why('r001') and 'its reports' in fleet.why('r001') or (
        'its word does not reach the robot in time' in fleet.why('r001'))
    assert 'network between the robot and the coordinators' in fleet.why('r001')


def test_stale_odometry(fleet):
    frozen = fleet.world.odometry(0)
    truth = fleet.world.odometry
    fleet.world.odometry = lambda robot: frozen if robot == 0 else truth(robot)
    fleet.run(2.0)
    assert 'r001 stands: no fresh odometry since ' in fleet.why('r001')
    assert 'is idle' in fleet.why('r002')


def test_a_robot_in_doubt_about_its_load(fleet):
    """It restarts in the middle of a pick, and the payload device has forgotten everything."""
    fleet.order('o1')
    fleet.until(lambda: any(robot.report.safety == Reason.PAYLOAD
                            for robot in fleet.robots.values()))
    name = next(name for name, robot in fleet.robots.items()
                if robot.report.safety == Reason.PAYLOAD)
    assert fleet.why(name) == f'{name} is picking at shelf'
    text = explain_order(fleet.picture(), 'o1').text
    assert text.startswith(f'order o1 is being picked up by {name} (nearest of 2 idle robots, ')
    assert 'runner-up' in text and text.endswith('which is picking at shelf')
    fleet.kill_robot(name)
    fleet.world.load = lambda robot: LoadReading('', LoadStatus.IDLE, False, nan)
    fleet.run(3.0)
    fleet.restart_robot(name)
    fleet.until(lambda: fleet.robots[name].report is not None
                and fleet.robots[name].report.safety == Reason.IN_DOUBT)
    fleet.run(1.0)
    assert 'nobody can tell whether pick' in fleet.why(name)
    assert 'happened: true' in fleet.why(name)
    fleet.until(lambda: fleet.statuses['o1'].state == OrderState.IN_DOUBT)
    assert f'whether the pick or drop of {name} took place' in explain_order(
        fleet.picture(), 'o1').text
    assert fleet.operate(Settlement(name, False, 'kim')) == ''


def test_a_full_queue_and_the_order_that_was_refused():
    fleet = joined(coordinator=CoordinatorConfig(queue_bound=3))
    fleet.stop_all(1, True)
    fleet.run(1.0)
    for number in range(5):
        fleet.order(f'o{number}')
    fleet.run(2.0)
    assert fleet.statuses['o4'].state == OrderState.REFUSED
    assert 'was refused: queue full: 3 orders wait' in explain_order(fleet.picture(), 'o4').text
    assert 'emergency stop' in explain_order(fleet.picture(), 'o0').text
    finding, = doctor.queue(doctor.Facts(Machine(62), fleet.picture(), {'queue_bound': 3}))
    assert 'the queue is full: 3 orders wait of 3 allowed' in finding.text


def test_an_order_that_is_asked_about_is_not_placed(fleet):
    """An order without a place is a question: UNKNOWN, or the state of the known one."""
    fleet.order('nobody', pick='', drop='')
    fleet.run(1.0)
    assert fleet.statuses['nobody'].state == OrderState.UNKNOWN
    assert 'is unknown' in explain_order(fleet.picture(), 'nobody').text
    assert fleet.picture().view.orders_waiting == 0
    fleet.order('o1', pick='', drop='desk')
    fleet.until(lambda: 'o1' in fleet.statuses and fleet.statuses['o1'].state == OrderState.DONE)
    done = fleet.statuses.pop('o1')
    fleet.order('o1', pick='', drop='')
    fleet.run(0.5)
    assert fleet.statuses['o1'].state == OrderState.DONE
    assert explain_order(fleet.picture(), 'o1').text.startswith(
        f'order o1 is done, carried out by {done.robot} (nearest of 2 idle robots')


def test_an_order_whose_robot_died_says_why_it_waits_again(fleet):
    fleet.order('o1')
    fleet.until(lambda: 'o1' in fleet.statuses and fleet.statuses['o1'].state
                == OrderState.ASSIGNED)
    first = fleet.statuses['o1'].robot
    for name in list(fleet.robots):
        fleet.kill_robot(name)
    fleet.run(8.0)
    fleet.order('o1', pick='', drop='')
    fleet.run(0.5)
    text = explain_order(fleet.picture(), 'o1').text
    assert f'order o1 waits again ({first} fell silent): no robot can take it: 2 are lost' in text


def test_a_robot_that_nobody_enrolled(fleet):
    stranger = fleet._boot('r009', 0)
    fleet.robots['r009'] = stranger
    fleet._by_slot[0].append('r009')
    fleet.run(2.0)
    assert 'r009 stands: joining, but it is not enrolled; enrol it' in fleet.why('r009')


class Crossroads:
    """A keeper and the leader's traffic policy, with four robots on the corners of a square."""

    NODES = {'a': [0, 0], 'b': [2, 0], 'c': [2, 2], 'd': [0, 2]}

    def __init__(self):
        from robot_swarm_orch.site import load_site
        self.site = load_site({'name': 'square', 'nodes': self.NODES, 'edges': [
            [a, b, 'oneway'] for a, b in ('ab', 'bc', 'cd', 'da')]})
        self.keeper = Keeper()
        self.keeper.lay_site(self.site.hash, self.site.node_count)
        self.traffic = Traffic(self.site, RobotConfig(), CoordinatorConfig(), self.keeper)
        self.reports = {}
        for number in range(4):
            name, goal = f'r{number}', (number + 1) % 4
            self.keeper.enrol(name, number)
            self.keeper.register_boot(name, 1)
            x, y = self.site.xy[number].tolist()
            self.reports[name] = Report(
                name, 1, first_seq(1) + 1, Mode.AUTOMATIC, self.site.hash, (number,), (goal,),
                Pose(x, y, 0.0), goal=goal, safety=Reason.AUTHORITY)
            self.traffic.hear(0.0, number, self.reports[name])
        self.traffic.decide(0.05)

    def picture(self):
        """Return the reports with the traffic's words."""
        waits = {}
        for number in range(4):
            where, kind, holder = self.traffic.obstacle(number)
            waits[f'r{number}'] = Wait(f'r{number}', where, kind, f'r{holder}')
        return Picture('square', 3.0, reports=self.reports, waits=waits,
                       report_ages_s=dict.fromkeys(self.reports, 0.1), site=self.site)


def test_a_ring_of_waiting_robots_is_named_by_the_traffics_own_words():
    text = explain(Crossroads().picture(), 'r0').text
    assert text.startswith('r0 stands: waiting for node 1 held by r1, which waits for node 2 held '
                           'by r2, which waits for node 3 held by r3, which waits for node 0 held '
                           'by r0, which closes a ring of 4 robots')
