# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The whole agent in closed loop: a simulated base, a keeper, and a leader that answers late."""

from math import hypot, inf

from edge_rig import corner_site, grid_site, Keeper, line_site, Rig
import numpy as np
import pytest

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.planning import drive_time_s
from robot_swarm_orch.types import (
    CommandKind, EmergencyStop, FleetView, Grant, GrantStatus, LoadAction, LoadReading,
    LoadStatus, Mode, Motion, Outcome, Peer, Pose, Reason, Scan)

CONFIG = RobotConfig(scan_required=False)
STOP = EmergencyStop('button', 1, True, 'pressed')


def joined(site, node=0, config=CONFIG, **options):
    """Return a rig whose robot has joined and stands at a node."""
    rig = Rig(site, config, node, **options)
    assert rig.run(2.0, lambda: rig.agent.book.mode == Mode.AUTOMATIC) < inf
    rig.run(0.3)
    return rig


def go(rig, node, limit_s=60.0):
    """Send a GO and wait until it is done; return the seconds."""
    sent = rig.send(CommandKind.GO, node)
    return rig.run(limit_s, lambda: any(
        ack.seq == sent.seq and ack.outcome == Outcome.DONE for ack in rig.acks))


def brake(rig, limit_s=10.0):
    """Let the robot come to rest; return the way that took."""
    x, y = rig.base.x, rig.base.y
    assert rig.run(limit_s, lambda: rig.base.v < 0.01) < inf
    return hypot(rig.base.x - x, rig.base.y - y)


@pytest.mark.parametrize('site, goal', [
    (line_site(12), 11), (corner_site(), 6), (grid_site(), 24)],
    ids=['straight', 'corner', 'grid'])
def test_a_robot_joins_and_drives_to_its_goal_nearly_as_fast_as_it_could_alone(site, goal):
    rig = joined(site)
    ideal = drive_time_s(site, rig.planner.route(0, 0.0, goal), 0.0, CONFIG)
    assert go(rig, goal) <= 1.06 * ideal + 0.4
    x, y = site.xy[goal]
    assert hypot(rig.base.x - x, rig.base.y - y) < 0.04
    rig.run(1.0)
    assert rig.agent.book.held == (goal,) == rig.keeper.owned('r1')


def test_the_body_is_always_inside_what_the_log_says_the_robot_owns():
    site = grid_site()
    rig = joined(site)
    rig.send(CommandKind.GO, 24)
    while not any(ack.outcome == Outcome.DONE for ack in rig.acks):
        rig.tick()
        owned = set(rig.keeper.owned('r1'))
        reach = CONFIG.footprint_radius_m + CONFIG.position_error_m
        near = [n for n in range(site.real_count)
                if hypot(rig.base.x - site.xy[n][0], rig.base.y - site.xy[n][1]) < reach]
        assert owned.issuperset(near) and owned.issuperset(rig.agent.book.held)
        assert rig.base.now_s < 60.0


def test_without_any_word_a_robot_stands_and_says_that_it_is_joining():
    rig = Rig(line_site(), CONFIG, 0)
    rig.leading = False
    rig.run(3.0)
    assert rig.base.v == 0.0 and rig.agent.safety.reason == Reason.JOINING
    assert rig.report.mode == Mode.JOINING


def test_a_robot_that_does_not_stand_where_it_owns_says_pose_and_stays():
    rig = Rig(line_site(), CONFIG, 0)
    rig.base.x, rig.base.odometry = 5.0, None
    rig.base._samples.clear()
    rig.run(2.0)
    assert rig.agent.safety.reason == Reason.POSE and rig.agent.book.mode == Mode.JOINING
    assert rig.report.errors == ('pose',)


def test_a_robot_without_odometry_stands_and_reports_nothing():
    rig = Rig(line_site(), CONFIG, 0)
    out = rig.tick(odometry=None)
    assert out.report is None and out.safety.reason == Reason.STALE_ODOM


def test_the_base_grows_only_by_grants():
    rig = joined(line_site())
    rig.granting = False
    rig.send(CommandKind.GO, 11)
    rig.run(3.0)
    assert rig.base.x < 0.01 and rig.agent.safety.reason == Reason.AUTHORITY
    assert rig.report.wanted[:2] == (1, 2) and rig.report.goal == 11


def test_a_robot_whose_grants_stop_comes_to_rest_at_the_end_of_its_base():
    rig = joined(line_site(20))
    rig.send(CommandKind.GO, 19)
    rig.run(30.0, lambda: rig.base.x > 5.0)
    rig.granting = False
    brake(rig, 30.0)
    last = rig.agent.book.held[-1]
    assert abs(rig.base.x - rig.site.xy[last][0]) < 0.05 and last < 19


def test_a_lost_lease_brakes_at_once_within_the_base_and_a_new_one_goes_on():
    rig = joined(line_site(20))
    rig.send(CommandKind.GO, 19)
    rig.run(30.0, lambda: rig.base.v > 1.49)
    rig.leading = False
    since = rig.run(5.0, lambda: rig.agent.safety.reason == Reason.LEASE)
    assert since <= 1.0 + CONFIG.tick_s + rig.answer_s
    assert brake(rig) <= 1.5 ** 2 / 2 + 1.5 * 0.2
    rig.leading = True
    assert rig.run(1.0, lambda: rig.base.v > 0.1) < inf
    assert rig.run(60.0, lambda: any(a.outcome == Outcome.DONE for a in rig.acks)) < inf


def test_with_finish_base_a_lost_lease_lets_the_robot_drive_to_the_end_of_its_base():
    rig = joined(line_site(20), config=RobotConfig(scan_required=False, finish_base=True))
    rig.send(CommandKind.GO, 19)
    rig.run(30.0, lambda: rig.base.v > 1.49)
    rig.leading = False
    brake(rig, 30.0)
    last = rig.agent.book.held[-1]
    assert abs(rig.base.x - rig.site.xy[last][0]) < 0.05


def test_a_robot_braked_between_nodes_keeps_the_nodes_its_body_is_in():
    rig = joined(line_site(20))
    rig.send(CommandKind.GO, 19)
    rig.run(30.0, lambda: rig.base.x > 6.6)
    rig.next_mail['stops'] = [STOP]
    brake(rig)
    rig.run(2.0)
    cell = int(rig.base.x // 2.0)
    along = rig.base.x - 2.0 * cell
    expected = {cell, cell + 1} if 0.1 < along < 1.69 else set(rig.agent.book.held)
    assert set(rig.agent.book.held) == expected and rig.agent.book.wanted == ()


def test_an_emergency_stop_latches_until_an_operator_releases_it():
    rig = joined(line_site(20))
    rig.send(CommandKind.GO, 19)
    rig.run(30.0, lambda: rig.base.v > 1.0)
    rig.next_mail['stops'] = [STOP]
    rig.tick()
    assert rig.agent.safety.reason == Reason.EMERGENCY
    assert rig.outputs.motion == Motion(0.0, 0.0)
    brake(rig)
    rig.run(1.0)
    assert rig.report.emergency_stop
    rig.next_mail['stops'] = [EmergencyStop('operator', 1, False)]
    rig.tick()
    rig.next_mail['stops'] = [STOP]
    assert rig.run(2.0, lambda: rig.base.v > 0.1) < inf


def test_an_emergency_stop_works_without_any_leader():
    rig = joined(line_site(20))
    rig.send(CommandKind.GO, 19)
    rig.run(30.0, lambda: rig.base.v > 1.0)
    rig.leading = False
    rig.next_mail['stops'] = [STOP]
    rig.tick()
    assert rig.agent.safety.reason == Reason.EMERGENCY


def test_a_robot_that_loses_its_goal_stops_at_the_next_node_it_can_and_gives_the_rest_back():
    rig = joined(line_site(20))
    sent = rig.send(CommandKind.GO, 19)
    rig.run(30.0, lambda: rig.base.v > 1.49)
    x = rig.base.x
    rig.send(CommandKind.CANCEL, target_seq=sent.seq)
    brake(rig, 20.0)
    rig.run(0.5)
    assert rig.base.x < x + 4.0 and len(rig.agent.book.held) == 1
    assert rig.keeper.owned('r1') == rig.agent.book.held


def test_a_new_goal_while_driving_changes_the_route_beyond_where_it_can_stop():
    rig = joined(grid_site())
    rig.send(CommandKind.GO, 4)
    rig.run(30.0, lambda: rig.base.x > 2.5)
    rig.send(CommandKind.GO, 20)
    assert rig.run(60.0, lambda: rig.acks and rig.acks[-1].outcome == Outcome.DONE) < inf
    assert hypot(rig.base.x - 0.0, rig.base.y - 8.0) < 0.04


def test_a_fenced_robot_stands_and_joins_anew_under_another_boot_id():
    rig = joined(line_site())
    old = rig.agent.book.boot_id
    rig.next_mail['grants'] = [Grant('r1', old, rig.site.hash, 1, 0, 0, (),
                                     GrantStatus.FENCED)]
    rig.leading = False
    rig.run(0.5)
    assert rig.agent.safety.reason == Reason.FENCED
    assert rig.agent.book.boot_id != old and rig.agent.book.held == ()
    rig.leading = True
    assert rig.run(2.0, lambda: rig.agent.book.mode == Mode.AUTOMATIC) < inf
    rig.run(0.3)
    assert go(rig, 3) < inf


def test_a_robot_restarted_between_two_nodes_joins_there_and_goes_on():
    rig = joined(line_site(20))
    sent = rig.send(CommandKind.GO, 9)
    rig.run(30.0, lambda: rig.base.x > 6.5)
    rig.base.run(3.0)  # the watchdog of the base stops it
    assert rig.base.v == 0.0
    rig.boot()
    assert rig.run(2.0, lambda: rig.agent.book.mode == Mode.AUTOMATIC) < inf
    rig.run(0.3)
    rig.command_count = sent.seq - 1
    assert go(rig, 9) < inf and abs(rig.base.x - 18.0) < 0.04


def test_a_pick_is_asked_of_the_device_and_nothing_moves_meanwhile():
    rig = joined(line_site())
    go(rig, 2)
    sent = rig.send(CommandKind.PICK, 2, order_id='o', step=1)
    rig.run(0.5)
    assert [r.action for r in rig.requests] == [LoadAction.PICK]
    rig.load = LoadReading(sent.command_id, LoadStatus.RUNNING, False, 0.0)
    rig.run(1.0)
    assert rig.agent.safety.reason == Reason.PAYLOAD and len(rig.requests) == 1
    rig.load = LoadReading(sent.command_id, LoadStatus.DONE, True, 300.0)
    rig.run(0.5)
    assert rig.acks[-1].outcome == Outcome.DONE and rig.report.carrying


def test_a_robot_in_doubt_stands_and_says_so():
    rig = joined(line_site())
    rig.send(CommandKind.PICK, 0)
    rig.run(0.5)
    rig.boot()
    rig.load = LoadReading('', LoadStatus.IDLE, False)
    rig.run(2.0)
    assert rig.agent.safety.reason == Reason.IN_DOUBT
    assert 'in_doubt' in rig.agent._errors()


def test_news_is_reported_at_once_and_the_rest_seldom():
    rig = joined(line_site(20))
    assert sum(rig.tick().report is not None for _ in range(40)) == 20
    rig.send(CommandKind.GO, 19)
    silent, changes = 0, 0
    for _ in range(100):
        before = (rig.agent.book.held, rig.agent.book.wanted)
        told = rig.tick().report is not None
        changed = before != (rig.agent.book.held, rig.agent.book.wanted)
        assert told or not changed
        silent, changes = 0 if told else silent + 1, changes + changed
        assert silent <= 1
    assert changes > 5


def test_a_robot_that_waits_for_a_node_reports_every_tick():
    rig = joined(line_site(20))
    rig.keeper.enrol('other', (5,))
    rig.send(CommandKind.GO, 19)
    rig.run(20.0, lambda: rig.base.x > 7.9 and rig.agent.safety.reason == Reason.AUTHORITY)
    assert abs(rig.base.x - 8.0) < 0.05
    assert all(rig.tick().report is not None for _ in range(20))


def test_a_report_tells_the_whole_state():
    rig = joined(line_site(20))
    rig.send(CommandKind.GO, 19, order_id='o7')
    rig.run(3.0)
    report = rig.report
    assert (report.robot, report.mode, report.goal, report.order_id) == (
        'r1', Mode.AUTOMATIC, 19, 'o7')
    assert (report.command_seq, report.term, report.site_hash) == (1, 1, rig.site.hash)
    assert report.lease_seq > 0 and report.speed_mps > 1.0 and report.safety == Reason.NONE
    assert rig.state.held == report.held and rig.state.seq == report.seq


def test_safety_is_told_only_when_reason_or_standstill_changes():
    rig = joined(line_site(20))
    rig.send(CommandKind.GO, 19)
    told = [out.safety.reason for out in (rig.tick() for _ in range(150)) if out.safety]
    assert len(told) <= 4 and told[-1] == Reason.NONE


def test_the_base_and_the_horizon_ahead_are_bounded():
    rig = joined(line_site(30))
    rig.send(CommandKind.GO, 29)
    for _ in range(100):
        rig.tick()
        report = rig.report
        assert len(report.held) + len(report.wanted) <= CONFIG.horizon + 2


def test_blocked_nodes_are_routed_around():
    rig = joined(grid_site())
    rig.next_mail['view'] = ()
    rig.tick(view=FleetView(1, 'c1', 1, rig.site.hash, ('c1',), ('r1',), (Mode.AUTOMATIC,),
                            (2,), 0, 0, 0))
    rig.send(CommandKind.GO, 4)
    rig.run(1.0)
    assert 2 not in rig.outputs.route and rig.outputs.route[-1] == 4


def test_a_blocked_node_without_a_way_around_does_not_stop_the_planning_of_one():
    rig = joined(line_site())
    view = FleetView(1, 'c1', 1, rig.site.hash, ('c1',), ('r1',), (Mode.AUTOMATIC,), (2,), 0, 0, 0)
    rig.tick(view=view)
    rig.send(CommandKind.GO, 4)
    rig.run(1.0)
    assert rig.outputs.route[-1] == 4


def test_a_robot_that_waits_long_looks_for_a_way_around_who_stands_in_it():
    keeper = Keeper(grid_site())
    keeper.enrol('other', (2,))
    rig = joined(keeper.site, keeper=keeper)
    rig.send(CommandKind.GO, 4)
    rig.run(4.0)
    assert 2 in rig.outputs.route
    for seq in range(1, 90):
        rig.peers.update(Peer('other', 1, seq, Mode.AUTOMATIC, Pose(4.0, 0.0, 0.0),
                              Motion(0.0, 0.0), 0.75, (2,), rig.base.now_s))
        rig.tick()
    assert 2 not in rig.outputs.route
    assert rig.run(30.0, lambda: any(a.outcome == Outcome.DONE for a in rig.acks)) < inf


def test_an_obstacle_in_the_scan_stops_the_robot_before_it():
    rig = joined(line_site(20), config=RobotConfig())
    ranges = np.full(72, inf)
    rig.send(CommandKind.GO, 19)
    for _ in range(120):
        ahead = 12.0 - rig.base.x
        ranges[36] = ahead if ahead < 10.0 else inf
        rig.scan = Scan(ranges.copy(), -np.pi, 2 * np.pi / 72, 10.0, rig.base.now_s)
        rig.tick()
    gap = 12.0 - rig.base.x - CONFIG.footprint_radius_m
    assert rig.base.v == 0.0 and 0.1 < gap < 0.3 and rig.agent.safety.reason == Reason.SCAN


def test_a_person_may_take_over_and_hand_back_inside_the_nodes_held():
    rig = joined(line_site())
    rig.tick(manual=True)
    assert rig.agent.safety.reason == Reason.INACTIVE
    assert rig.report.mode == Mode.MANUAL and rig.report.held == (0,)
    rig.run(0.3)
    assert rig.agent.book.mode == Mode.AUTOMATIC and go(rig, 3) < inf


def test_a_pose_that_jumps_out_of_the_nodes_held_stops_the_robot_and_frees_nothing():
    rig = joined(line_site(20))
    rig.send(CommandKind.GO, 19)
    rig.run(30.0, lambda: rig.base.v > 1.0)
    held = rig.agent.book.held
    rig.base.y = 0.5
    rig.run(0.3, lambda: rig.agent.safety.reason == Reason.POSE)
    brake(rig)
    rig.run(2.0)
    assert rig.agent.safety.reason == Reason.POSE
    assert set(rig.agent.book.held) >= set(held[1:3]) and rig.report.wanted == ()
    rig.base.y = 0.0
    assert rig.run(2.0, lambda: rig.base.v > 0.1) < inf


@pytest.mark.parametrize('goal, past', [(3, 0.15), (3, 0.25), (8, 0.15), (3, 0.4), (8, 0.5),
                                        (3, -0.2)])
def test_a_robot_that_rolled_past_the_end_of_its_base_heals_without_a_person(goal, past):
    rig = joined(line_site(), node=2)
    rig.send(CommandKind.GO, goal)
    rig.run(30.0, lambda: rig.base.x > 4.8)
    rig.agent.book.drop(stoppable=range(4, 12))
    rig.granting = False
    rig.run(5.0)
    rig.base.x = 6.0 + past
    rig.run(0.5)
    if past > 0.3:
        assert rig.base.v == 0.0 and 4 in rig.report.wanted
        assert rig.agent.safety.reason == Reason.POSE
    rig.granting = True
    assert rig.run(30.0, lambda: any(a.outcome == Outcome.DONE for a in rig.acks)) < inf
    rig.run(5.0)
    assert abs(rig.base.x - 2.0 * goal) < 0.1


@pytest.mark.parametrize('x, y', [(6.15, 0.0), (6.0, -0.2), (5.9, -0.15)])
def test_a_robot_off_the_node_of_a_corner_heals_by_itself(x, y):
    rig = joined(corner_site(), node=2)
    go(rig, 3)
    rig.base.x, rig.base.y = x, y
    rig.run(1.0)
    rig.send(CommandKind.GO, 6)
    assert rig.run(30.0, lambda: rig.acks[-1].outcome == Outcome.DONE) < inf
    assert rig.agent.safety.reason == Reason.NONE


def test_a_robot_that_rolled_on_does_not_move_while_another_holds_the_node_before_it():
    rig = joined(line_site(), node=2)
    go(rig, 3)
    rig.keeper.enrol('other', (4,))
    rig.base.x = 6.4
    rig.run(3.0)
    assert rig.base.v == 0.0 and rig.agent.safety.reason == Reason.POSE
    assert 4 in rig.report.wanted
    del rig.keeper.owner[4]
    rig.run(8.0)
    assert abs(rig.base.x - 6.0) < 0.05 and rig.agent.book.held == (3,)


def test_a_base_that_does_not_follow_its_commands_is_not_believed_to_be_further():
    # A scanner of its own stops the base; the commands sent meanwhile prove nothing.
    rig = joined(line_site(20))
    rig.send(CommandKind.GO, 19)
    rig.run(30.0, lambda: rig.base.x > 6.6)
    rig.base.command = lambda motion: None
    for _ in range(40):
        cell = int(rig.base.x // 2.0)
        touched = {cell, cell + 1} if rig.base.x - 2.0 * cell < 1.7 else {cell + 1}
        rig.tick()
        assert touched.issubset(rig.agent.book.held)


def test_an_inactive_agent_stands():
    rig = joined(line_site())
    rig.send(CommandKind.GO, 3)
    rig.run(1.0)
    rig.tick(active=False)
    assert rig.agent.safety.reason == Reason.INACTIVE and rig.outputs.motion == Motion(0.0, 0.0)


def test_equal_inputs_give_equal_outputs():
    def drive():
        rig = joined(grid_site(), seed=3)
        rig.send(CommandKind.GO, 24)
        return [repr(rig.tick()) for _ in range(60)]
    assert drive() == drive()
