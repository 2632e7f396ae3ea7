# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Whole groups of replicas: leaders die, robots fall silent, people act, and orders are kept."""

from collections import Counter

from coordinator_bench import Group, move, ring_site, ROBOT, STEP_S
import pytest
from robot_swarm_orch.coordinator.replica import STATUSES_AT_ONCE
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.types import (
    Clearance, CommandKind, Enrolment, GrantStatus, Mode, Order, OrderKind, OrderState, Outcome,
    Settlement)


def ready(**options):
    """Return a group whose robots have joined."""
    group = Group(**options)
    group.run(until=lambda: all(robot.book.mode == Mode.AUTOMATIC
                                for robot in group.robots.values()))
    return group


def ended(group, order_id):
    status = group.status(order_id)
    return status is not None and status.state in (OrderState.DONE, OrderState.FAILED)


def carry_out(group, *orders, limit_s=60.0):
    for order in orders:
        group.submit(order)
    group.run(until=lambda: all(ended(group, order.order_id) for order in orders),
              limit_s=limit_s)


def actions(group):
    """Return how often each (kind, order) was started by any robot."""
    return Counter((kind, order_id) for robot in group.robots.values()
                   for kind, order_id, _ in robot.actions)


def wait_for_state(group, order_id, state):
    group.run(until=lambda: group.status(order_id) is not None
              and group.status(order_id).state == state)


def assert_states_agree(group):
    """Let everybody catch up, then compare all replicas."""
    group.run(seconds=1.0)
    for robot in group.robots.values():
        robot.silent = True
    group.run(seconds=0.5)
    states = [replica.state for replica in group.replicas.values()]
    shared = min(state.index for state in states)
    assert shared > 0
    assert len({state.digest() for state in states if state.index == shared}) == 1


def test_orders_are_carried_out_once_each():
    group = ready(robots=3)
    orders = [move(f'o{i}', f'shelf_{i % 4}', f'shelf_{(i + 1) % 4}') for i in range(6)]
    carry_out(group, *orders)
    assert all(group.status(order.order_id).state == OrderState.DONE for order in orders)
    assert actions(group) == {(kind, order.order_id): 1 for order in orders
                              for kind in (CommandKind.PICK, CommandKind.DROP)}
    assert_states_agree(group)


def test_a_go_order_ends_when_the_robot_is_there():
    group = ready(robots=1)
    carry_out(group, Order('go', 't', OrderKind.GO, '', 'shelf_2'))
    assert group.status('go').state == OrderState.DONE
    assert group.robots['r0'].node == group.site.places['shelf_2'].node
    assert not group.robots['r0'].actions


@pytest.mark.parametrize('state', (OrderState.ACCEPTED, OrderState.ASSIGNED, OrderState.PICKING,
                                   OrderState.CARRYING, OrderState.DROPPING))
def test_a_leader_killed_at_any_stage_loses_and_repeats_nothing(state):
    group = ready(robots=2)
    order = move('precious')
    group.submit(order)
    wait_for_state(group, 'precious', state)
    group.kill(group.leader)
    group.run(until=lambda: ended(group, 'precious'))
    assert group.status('precious').state == OrderState.DONE
    assert actions(group) == {(CommandKind.PICK, 'precious'): 1, (CommandKind.DROP, 'precious'): 1}


def test_leaders_killed_one_after_another_and_restarted_lose_nothing():
    group = ready(robots=3, seed=5)
    orders = [move(f'o{i}', f'shelf_{i % 4}', f'shelf_{(i + 1) % 4}') for i in range(9)]
    for order in orders:
        group.submit(order)
        group.run(seconds=0.2)
    group.run(until=lambda: all(group.status(order.order_id) for order in orders))
    for _ in range(4):
        victim = group.leader
        group.kill(victim)
        group.run(seconds=0.8)
        group.start(victim)
        group.run(until=lambda: group.leader is not None)
    group.run(until=lambda: all(ended(group, order.order_id) for order in orders))
    assert all(count == 1 for count in actions(group).values())
    assert len(actions(group)) == 2 * len(orders)
    assert_states_agree(group)


def test_a_burst_of_orders_is_told_in_slices_between_which_leases_go_out():
    group = ready(robots=1)
    burst = [f'o{number}' for number in range(5 * STATUSES_AT_ONCE)]
    told, leases_before = len(group.statuses), len(group.leases)
    for order_id in burst:
        group.submit(move(order_id))
    slices = []
    while {status.order_id for status in group.statuses[told:]} < set(burst):
        before = len(group.statuses)
        group.run(seconds=STEP_S)
        slices.append(len(group.statuses) - before)
        assert len(slices) < 100
    assert max(slices) == STATUSES_AT_ONCE
    assert len(group.leases) > leases_before


def test_all_replicas_restarted_from_their_stores_remember_everything():
    group = ready(robots=2)
    group.submit(move('kept'))
    wait_for_state(group, 'kept', OrderState.ACCEPTED)
    for voter in group.voters:
        group.kill(voter)
    for voter in group.voters:
        group.start(voter)
    group.run(until=lambda: ended(group, 'kept'))
    assert all(count == 1 for count in actions(group).values())


def test_a_replica_restarts_from_a_snapshot():
    group = ready(robots=2, snapshot_entries=40)
    orders = [move(f'o{i}', f'shelf_{i % 4}', f'shelf_{(i + 1) % 4}') for i in range(4)]
    carry_out(group, *orders)
    follower = next(voter for voter in group.voters if voter != group.leader)
    assert group.stores[follower].load()[1] is not None, 'no snapshot was taken'
    group.kill(follower)
    group.start(follower)
    assert group.replicas[follower].state.index > 0
    carry_out(group, move('after'))
    assert_states_agree(group)


def test_the_same_order_handed_in_again_is_the_same_order():
    group = ready(robots=1)
    carry_out(group, move('twice'))
    group.statuses.clear()
    group.submit(move('twice'))
    group.run(until=lambda: group.status('twice'))
    assert group.status('twice').state == OrderState.DONE
    assert actions(group)[CommandKind.PICK, 'twice'] == 1


@pytest.mark.parametrize('order, reason', (
    (move('bad id!'), 'order_id'),
    (move('o1', pick='nowhere'), 'unknown place'),
    (move('o2', drop='park_0'), 'not for loads'),
    (move('o3', pick='shelf_0', drop='shelf_0'), 'same place')))
def test_an_order_that_cannot_be_carried_out_is_refused_with_the_reason(order, reason):
    group = ready(robots=1)
    group.submit(order)
    group.step()
    assert group.status(order.order_id).state == OrderState.REFUSED
    assert reason in group.status(order.order_id).reason


def test_a_full_queue_refuses_and_says_so():
    group = ready(robots=1, queue_bound=2)
    for robot in group.robots.values():
        robot.silent = True
    group.run(seconds=1.2)
    for number in range(3):
        group.submit(move(f'o{number}'))
    group.run(seconds=0.2)
    assert group.status('o1').state == OrderState.ACCEPTED
    assert group.status('o2').state == OrderState.REFUSED
    assert 'queue full' in group.status('o2').reason


def test_an_order_of_a_robot_that_falls_silent_before_the_pick_goes_to_another():
    group = ready(robots=2, robot_silent_s=2.0)
    group.submit(move('handed_over'))
    wait_for_state(group, 'handed_over', OrderState.ASSIGNED)
    first = group.status('handed_over').robot
    group.robots[first].silent = True
    owned = group.replicas[group.leader].state.keeper.owner.copy()
    group.run(until=lambda: ended(group, 'handed_over'))
    assert group.status('handed_over').robot != first
    keeper = group.replicas[group.leader].state.keeper
    assert all(keeper.owner[node] == number for node, number in owned.items()
               if number == keeper.numbers[first]), 'a silent robot keeps its nodes'
    assert actions(group)[CommandKind.PICK, 'handed_over'] == 1


def test_an_order_whose_pick_was_sent_stays_with_its_silent_robot():
    group = ready(robots=2, robot_silent_s=2.0)
    group.submit(move('stays'))
    wait_for_state(group, 'stays', OrderState.PICKING)
    robot = group.robots[group.status('stays').robot]
    robot.silent = True
    group.run(seconds=6.0)
    assert group.status('stays').state == OrderState.PICKING
    assert robot.name in [name for name, mode in zip(group.views[-1].robots, group.views[-1].modes)
                          if mode == Mode.LOST]
    robot.silent = False
    group.run(until=lambda: ended(group, 'stays'))
    assert group.status('stays').robot == robot.name


def test_a_pick_in_doubt_waits_for_a_person():
    group = ready(robots=1)
    robot = group.robots['r0']
    robot.outcomes[CommandKind.PICK] = Outcome.IN_DOUBT
    group.submit(move('doubtful'))
    wait_for_state(group, 'doubtful', OrderState.IN_DOUBT)
    group.run(seconds=3.0)
    assert actions(group) == {(CommandKind.PICK, 'doubtful'): 1}
    group.operate(Settlement('r0', True), 'settle')
    group.run(until=lambda: ended(group, 'doubtful'))
    assert group.answers == [('settle', True, '')]
    assert group.status('doubtful').state == OrderState.DONE
    assert actions(group)[CommandKind.PICK, 'doubtful'] == 1


def test_a_robot_without_a_payload_device_gets_one_order_to_move_and_then_another_robot_does_it():
    group = ready(robots=2, resend_max_s=0.4, resend_first_s=0.1)
    for number in range(3):
        group.submit(move(f'o{number}'))
        if not number:
            wait_for_state(group, 'o0', OrderState.ASSIGNED)
            bare = group.robots[group.status('o0').robot]
            bare.outcomes[CommandKind.PICK], bare.reason = Outcome.FAILED, 'no_payload'
    group.run(until=lambda: all(ended(group, f'o{number}') for number in range(3)))
    assert [group.status(f'o{number}').state for number in range(3)] == [OrderState.DONE] * 3
    assert [kind for kind, _, _ in bare.actions] == [CommandKind.PICK]


def test_an_order_that_robots_keep_failing_on_fails_in_the_end():
    group = ready(robots=1, resend_max_s=0.4, resend_first_s=0.1)
    group.robots['r0'].outcomes[CommandKind.PICK] = Outcome.FAILED
    carry_out(group, move('hopeless'), limit_s=120.0)
    assert group.status('hopeless').state == OrderState.FAILED
    steps = [step for _, _, step in group.robots['r0'].actions]
    assert len(steps) == len(set(steps)) == 5, 'each attempt has a step number of its own'


def test_an_isolated_leader_steps_down_and_its_leases_stop():
    group = ready(robots=1)
    old = group.leader
    group.cut = {old}
    cut_s, term = group.now_s, group.replicas[old].raft.term
    group.run(until=lambda: group.leader not in (None, old))
    group.run(seconds=1.0)
    assert not group.replicas[old].wants_reports
    latest = max((at_s + lease.duration_s for at_s, lease in group.leases if lease.term == term))
    config = group.replicas[old].config
    assert latest <= cut_s + config.election_max_s + config.lease_s


def test_a_lease_is_shorter_by_the_age_of_the_last_contact_with_a_majority():
    group = ready(robots=1)
    leader = group.replicas[group.leader]
    group.cut = {group.leader}
    durations = []
    for _ in range(40):
        group.now_s += STEP_S
        leader.tick(group.now_s)
        lease = leader.poll(group.now_s).lease
        if lease is not None:
            durations.append((group.now_s, lease.duration_s))
    assert durations, 'a leader in contact a moment ago still gives leases'
    ends = [at_s + duration_s for at_s, duration_s in durations]
    assert max(ends) - min(ends) < 0.03, 'all end when the mandate of the last contact ends'
    assert durations[-1][1] >= leader.config.lease_s - leader.config.election_max_s - 0.011


def test_a_lease_names_the_newest_report_heard_of_each_robot():
    group = ready(robots=2)
    group.run(seconds=1.0)
    heard = dict(group.leases[-1][1].heard)
    assert heard.keys() == group.robots.keys()
    for name, robot in group.robots.items():
        assert 0 <= robot.book.seq - heard[name] <= 1


def test_a_new_leaders_first_lease_leaves_as_soon_as_it_may_speak():
    group = ready(robots=1)
    group.kill(group.leader)
    group.leases.clear()
    group.run(until=lambda: group.leader is not None)
    assert group.leases, 'the first lease must come with the first committed entry'


def test_a_replica_that_was_frozen_steps_down_before_it_says_anything():
    group = ready(robots=1)
    frozen = group.leader
    replica = group.replicas.pop(frozen)
    group.run(seconds=2.0)
    outputs = replica.poll(group.now_s)
    assert outputs.lease is None and not outputs.grants and not outputs.messages
    assert 'away' in replica.status()['last_step_down']


def test_a_second_boot_is_refused_while_the_first_is_heard_and_joins_when_it_is_not():
    group = ready(robots=1)
    first = group.robots['r0']
    second = type(first)('r0', first.node, group.site, group.planner, 99)
    leader = group.replicas[group.leader]
    leader.hear_report(group.now_s, second.report())
    grants = leader.poll(group.now_s).grants
    assert [(grant.boot_id, grant.status) for grant in grants] == [(99, GrantStatus.REFUSED)]
    group.robots['r0'] = second
    silent_from_s = group.now_s
    group.run(until=lambda: second.book.mode == Mode.AUTOMATIC)
    quiet_s = (leader.config.lease_s + ROBOT.tick_s + ROBOT.actuation_delay_s
               + ROBOT.speed_mps / ROBOT.brake_mps2)
    assert group.now_s - silent_from_s >= quiet_s - 0.01
    assert second.book.incarnation == 2


def test_the_old_boot_is_fenced_once_another_has_joined():
    group = ready(robots=1)
    old = group.robots['r0']
    group.robots['r0'] = type(old)('r0', old.node, group.site, group.planner, 99)
    group.run(until=lambda: group.robots['r0'].book.mode == Mode.AUTOMATIC)
    group.run(seconds=1.0)  # the newcomer was refused until now; answers do not come too often
    leader = group.replicas[group.leader]
    leader.hear_report(group.now_s, old.report())
    assert GrantStatus.FENCED in [grant.status for grant in leader.poll(group.now_s).grants]


def test_a_robot_that_reboots_on_its_way_goes_on_with_its_order():
    group = ready(robots=1)
    group.submit(move('unbroken', 'shelf_2', 'shelf_3'))
    wait_for_state(group, 'unbroken', OrderState.ASSIGNED)
    group.run(seconds=0.3)
    old = group.robots['r0']
    new = group.robots['r0'] = type(old)('r0', old.node, group.site, group.planner, 99)
    new.command_seq = old.command_seq
    group.run(until=lambda: ended(group, 'unbroken'))
    assert group.status('unbroken').state == OrderState.DONE


def test_a_stranger_is_told_that_a_person_enrols_it_first():
    group = ready(robots=1)
    stranger = type(group.robots['r0'])('r9', 3, group.site, group.planner, 5)
    leader = group.replicas[group.leader]
    leader.hear_report(group.now_s, stranger.report())
    grants = leader.poll(group.now_s).grants
    assert [grant.status for grant in grants] == [GrantStatus.UNENROLLED]
    leader.hear_report(group.now_s, stranger.report())
    assert not leader.poll(group.now_s).grants, 'answers are limited in rate'


def test_people_enrol_and_clear_and_are_told_why_not():
    group = ready(robots=1)
    node = group.site.places['park_0'].node
    group.operate(Enrolment('r5', node, 'ann'), 1)
    group.operate(Clearance('r0', (), 'ann'), 2)
    group.run(seconds=0.2)
    answers = {request: (done, reason) for request, done, reason in group.answers}
    assert answers[1] == (False, f'node {node} is held by r0')
    assert answers[2][0] is False and 'was heard' in answers[2][1]
    group.robots['r0'].silent = True
    group.run(seconds=3.0)
    group.operate(Clearance('r0', (), 'ann'), 3)
    group.run(seconds=0.2)
    group.operate(Enrolment('r5', node, 'ann'), 4)
    group.run(seconds=0.2)
    assert group.answers[-2:] == [(3, True, ''), (4, True, '')]


def test_a_follower_sends_people_to_the_leader():
    group = ready(robots=1)
    follower = next(voter for voter in group.voters if voter != group.leader)
    group.replicas[follower].operate(group.now_s, Enrolment('r5', 3), 'x')
    (_, done, reason), = group.replicas[follower].poll(group.now_s).answers
    assert not done and group.leader in reason


def test_idle_robots_are_sent_to_parking_places_of_their_own():
    group = ready(robots=3, park_after_s=0.5)
    carry_out(group, *(move(f'o{i}', 'shelf_0', f'shelf_{i + 1}') for i in range(3)))
    parking = {group.site.places[name].node for name in group.site.parking}
    group.run(until=lambda: {robot.node for robot in group.robots.values()} <= parking)
    assert len({robot.node for robot in group.robots.values()}) == 3


def test_a_parked_or_parking_robot_takes_the_next_order():
    group = ready(robots=1, park_after_s=0.0)
    carry_out(group, move('one'))
    group.run(seconds=0.4)
    carry_out(group, move('two'))
    assert group.status('two').state == OrderState.DONE


def test_another_roadmap_than_the_logs_is_refused():
    group = ready(robots=1)
    voter = group.voters[0]
    group.site = ring_site(count=16)
    with pytest.raises(ConfigError, match='roadmap'):
        group.start(voter)
        group.run(seconds=1.0)


def test_a_single_coordinator_leads_alone():
    group = ready(robots=1, replicas=1)
    carry_out(group, move('alone'))
    assert group.status('alone').state == OrderState.DONE


@pytest.mark.parametrize('seed', range(3))
def test_the_same_seed_replays_the_same_log(seed):
    def run():
        group = ready(robots=2, seed=seed)
        carry_out(group, move('a'), move('b', 'shelf_1', 'shelf_2'))
        return [(status.order_id, int(status.state), status.seq) for status in group.statuses]
    assert run() == run()
