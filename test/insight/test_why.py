# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""One sentence for each cause, and for each chain of causes: right, and with what to do."""

from dataclasses import replace

from insight_values import picture, report, safety, waits
import pytest
from robot_swarm_orch.insight.why import explain
from robot_swarm_orch.types import FleetView, Grant, GrantStatus, Mode, Reason


def said(*reports, robot='r1', **fields):
    """Return the sentence about a robot."""
    return explain(picture(*reports, **fields), robot).text


def kinds(*reports, robot='r1', **fields):
    """Return the kinds of the causes about a robot."""
    return [cause.kind for cause in explain(picture(*reports, **fields), robot).causes]


def test_a_chain_is_followed_to_its_end():
    reports = (
        report('r1', Reason.AUTHORITY, wanted=(4,), goal=7, held=(3,)),
        report('r2', Reason.AUTHORITY, wanted=(5,), goal=7, held=(4,)),
        report('r3', Reason.PAYLOAD, held=(5,), order_id='o3'))
    answer = explain(picture(*reports, waits=(waits('r1', 4, 'r2'), waits('r2', 5, 'r3')),
                             safeties={'r3': safety(Reason.PAYLOAD, 'pick at shelf')}), 'r1')
    assert answer.text == ('r1 stands: waiting for node 4 held by r2, which waits for node 5 held '
                           'by r3, which is picking at shelf')
    assert [cause.kind for cause in answer.causes] == ['node_held', 'node_held', 'payload']
    assert answer.unheard == ('r1', 'r2')
    plain = answer.to_plain()
    assert plain['causes'][0]['node'] == 4 and plain['causes'][0]['holder'] == 'r2'
    assert not plain['person_needed']


def test_without_the_leaders_word_the_reports_tell_who_holds_the_node():
    reports = (report('r1', Reason.AUTHORITY, wanted=(4, 5), goal=7),
               report('r2', held=(5,)))
    assert said(*reports) == ('r1 stands: waiting for node 5 held by r2, which stands at node 5 '
                              'without an order')


def test_a_ring_of_waiting_robots_is_named_as_one():
    reports = [report(f'r{i}', Reason.AUTHORITY, wanted=(1 + i % 3,), held=(i,), goal=7)
               for i in (1, 2, 3)]
    ring = [waits('r1', 2, 'r2'), waits('r2', 3, 'r3'), waits('r3', 1, 'r1')]
    text = said(*reports, waits=ring)
    assert 'a ring of 3 robots that wait for each other (r1, r2, r3)' in text
    assert 'manual' in text
    outside = report('r9', Reason.AUTHORITY, wanted=(1,), held=(0,), goal=7)
    text = said(outside, *reports, robot='r9', waits=[waits('r9', 1, 'r1'), *ring])
    assert text.startswith('r9 stands: waiting for node 1 held by r1, which')
    assert 'a ring of 3 robots that wait for each other (r1, r2, r3)' in text


def test_a_robot_behind_a_silent_one_says_so_and_what_to_do():
    text = said(report('r1', Reason.AUTHORITY, wanted=(4,), goal=7), lost=('r2',),
                waits=(waits('r1', 4, 'r2'),), silent_s={'r2': 12.1})
    assert text.startswith('r1 stands: waiting for node 4 held by r2, which is silent for 12 s '
                           'and counts as lost; it keeps its nodes; look after its power')
    assert 'verb: 2, robot_id: r2' in text


@pytest.mark.parametrize('kind, words', [
    ('area', 'waiting for node 4, in an area that has as many robots as it takes'),
    ('shut', 'waiting for node 4, which people have blocked, or the street to it; swarm unblock'),
    ('blocked', 'waiting for node 4 blocked by the body of r2; remove r2 and enrol it anew'),
    ('promised', 'waiting for node 4, which r2 takes first, which'),
    ('ring', 'waiting for node 4 (free, but to enter it would close a ring of waiting robots)')])
def test_other_obstacles_are_told_from_a_held_node(kind, words):
    reports = (report('r1', Reason.AUTHORITY, wanted=(4,), goal=7), report('r2', held=(6,)))
    assert words in said(*reports, waits=(waits('r1', 4, 'r2', kind),))


def test_a_blocked_node_is_named_without_the_leaders_words_too():
    seen = picture(report('r1', Reason.AUTHORITY, wanted=(4,), goal=7))
    seen = replace(seen, view=replace(seen.view, blocked=(4,)))
    assert 'waiting for node 4 blocked' in explain(seen, 'r1').text


def test_no_lease_and_nobody_leads():
    text = said(report('r1', Reason.LEASE), leader=None, alive=frozenset(('c2',)),
                safeties={'r1': safety(Reason.LEASE, 'last leader c1, term 4')})
    assert text == ('r1 stands: safe stop, no lease since 3.2 s, no coordinator leads: of 3 only '
                    'c2 is heard (last leader c1, term 4); start c1, c3, or look after the '
                    'network: a majority must run')


def test_no_lease_and_no_coordinator_at_all():
    text = said(report('r1', Reason.LEASE), leader=None, alive=frozenset())
    assert 'no coordinator leads and none is heard (last heard term 4); start the' in text


@pytest.mark.parametrize('heard, words', [
    (('r2',), 'c1 leads (term 4) but does not hear its reports'),
    (('r1',), 'hears it, but its word does not reach the robot in time')])
def test_no_lease_though_somebody_leads(heard, words):
    seen = picture(report('r1', Reason.LEASE))
    seen = replace(seen, lease=replace(seen.lease, heard=tuple((name, 5) for name in heard)))
    answer = explain(seen, 'r1')
    assert words in answer.text and 'network' in answer.text


@pytest.mark.parametrize('fleet, whom, release', [
    (True, 'of all robots by kim (fire drill)', '`swarm estop --release`'),
    (False, 'of this robot by kim (fire drill)', '`swarm estop --release --robot r1`')])
def test_an_emergency_stop_says_of_whom_by_whom_and_how_it_ends(fleet, whom, release):
    seen = picture(report('r1', Reason.EMERGENCY, emergency_stop=True),
                   safeties={'r1': safety(Reason.EMERGENCY, 'kim (fire drill)')})
    seen = replace(seen, view=replace(seen.view, emergency_stop=fleet))
    assert explain(seen, 'r1').text == (
        f'r1 stands: emergency stop {whom}; when all is safe, release it with {release}')


@pytest.mark.parametrize('seen, detail, kind, words', [
    (report('r1', Reason.POSE, mode=Mode.LOST), 'pose error 0.31 m > 0.10 m', 'pose_error',
     'stands: pose error 0.31 m > 0.10 m; help it to find its place'),
    (report('r1', Reason.POSE, held=(3, 4)), '', 'pose_outside',
     'at (6.00, 0.00) it is off the nodes that it holds (3, 4); push it back'),
    (report('r1', Reason.STALE_ODOM), '0.6 s old', 'stale_odom',
     'no fresh odometry since 3.2 s; look after its base driver'),
    (report('r1', Reason.STALE_SCAN), '', 'stale_scan', 'no fresh laser scan since 3.2 s'),
    (report('r1', Reason.STALE_CAMERA), 'frozen: always the same image', 'camera_frozen',
     'its camera is frozen, always the same image since 3.2 s; restart the camera driver'),
    (report('r1', Reason.STALE_CAMERA), '0.9 s old', 'stale_camera', 'no fresh camera image'),
    (report('r1', Reason.SCAN, wanted=(4,), goal=7), '0.40 m', 'scan',
     'stands: the laser sees something about 0.40 m ahead; clear the way'),
    (report('r1', Reason.SCAN, speed_mps=0.5), '0.90 m', 'scan',
     'drives: the laser sees something about 0.90 m ahead'),
    (report('r1', Reason.DETECTION), 'lane blocked', 'detection',
     'the camera sees something ahead (lane blocked); clear the lane'),
    (report('r1', Reason.INACTIVE, mode=Mode.MANUAL), '', 'manual',
     'is in manual mode: a person drives it; switch it back'),
    (report('r1', Reason.INACTIVE), '', 'inactive', 'its edge node is not active; activate it'),
    (report('r1', Reason.INACTIVE), 'ValueError: odd', 'halted',
     'its program failed (ValueError: odd); restart its edge node'),
    (report('r1', Reason.FENCED), '', 'fenced', 'another program took its name over'),
    (report('r1', Reason.PAYLOAD, carrying=True, held=(7,)), '', 'payload', 'is dropping at desk'),
    (report('r1', Reason.PAYLOAD), 'charge', 'payload', 'is charging at node 3'),
    (report('r1', Reason.JOINING, mode=Mode.JOINING), '', 'joining',
     'stands: joining, and no leader has answered yet')])
def test_each_reason_of_the_limiter_has_its_sentence(seen, detail, kind, words):
    safeties = {'r1': safety(seen.safety, detail)}
    assert words in said(seen, safeties=safeties)
    assert kinds(seen, safeties=safeties) == [kind]


def test_every_reason_that_a_limiter_can_give_has_a_sentence_of_its_own():
    told = {reason: said(report('r1', reason)) for reason in Reason}
    assert len(set(told.values())) >= len(Reason) - 1, told


def test_doubt_about_a_load_says_how_to_settle_it():
    text = said(report('r1', Reason.IN_DOUBT, order_id='o1', errors=('in_doubt',)),
                safeties={'r1': safety(Reason.IN_DOUBT, 'pick at shelf')})
    assert 'nobody can tell whether pick at shelf of order o1 took place' in text
    assert '/fleet/row/operate' in text and 'verb: 3, robot_id: r1, happened: true' in text


@pytest.mark.parametrize('status, reason, kind, words', [
    (GrantStatus.REFUSED, 'r1: another boot of it was heard 0.3 s ago', 'joining_refused',
     'joining is refused, another boot of it was heard 0.3 s ago; if it lasts, switch off'),
    (GrantStatus.REFUSED, 'r1: it drives on the roadmap 5, not 6', 'joining_refused',
     'joining is refused, it drives on the roadmap 5, not 6; if it lasts, give it that roadmap'),
    (GrantStatus.UNENROLLED, 'r1: a person has to enrol it first', 'unenrolled',
     'joining, but it is not enrolled; enrol it where it stands')])
def test_a_robot_that_is_not_let_in_says_why(status, reason, kind, words):
    seen = report('r1', Reason.JOINING, mode=Mode.JOINING, held=())
    grants = {'r1': Grant('r1', 1, 0, 4, 0, 0, (), status, reason=reason)}
    assert words in said(seen, grants=grants)
    assert kinds(seen, grants=grants) == [kind]


def test_a_robot_that_joins_at_the_wrong_place_says_where_it_should_be():
    seen = report('r1', Reason.POSE, mode=Mode.JOINING, held=(), errors=('pose',))
    grants = {'r1': Grant('r1', 1, 0, 4, 0, 0, (12, 13))}
    assert 'outside the nodes that the log keeps for it (12, 13)' in said(seen, grants=grants)


def test_a_neighbour_that_is_near_is_followed():
    reports = (report('r1', Reason.PEER, wanted=(4,), goal=7), report('r2', held=(4,)))
    assert said(*reports, safeties={'r1': safety(Reason.PEER, 'r2')}) == (
        'r1 stands: r2 is near, which stands at node 4 without an order')


def test_a_silent_robot_is_told_with_how_long():
    assert 'r1 is silent for at least 3 s and counts as lost' in said(lost=('r1',))
    assert 'r1 is silent for 12 s' in said(lost=('r1',), silent_s={'r1': 12.0})
    assert 'r1 is silent for 9 s' in said(report('r1'), report_ages_s={'r1': 9.0})


def test_a_robot_that_the_leader_hears_is_not_called_silent():
    lost = picture(lost=('r1',))
    answer = explain(replace(lost, view=replace(lost.view, modes=(Mode.AUTOMATIC,))), 'r1')
    assert answer.text == ('r1 is heard by the leader (AUTOMATIC), but was not heard here within '
                           '3 s: ask again')
    assert not answer.to_plain()['person_needed']


def test_a_robot_without_any_odometry_is_not_just_silent():
    text = said(lost=('r1',), safeties={'r1': safety(Reason.STALE_ODOM, 'none yet')})
    assert 'it has no odometry (none yet), so it knows no place to report' in text


def test_a_halted_robot_is_not_just_silent():
    text = said(lost=('r1',), safeties={'r1': safety(Reason.INACTIVE, 'ValueError: odd')})
    assert 'its program failed (ValueError: odd)' in text


def test_two_programs_of_one_name_are_told_from_a_restart():
    assert kinds(report('r1'), boots={'r1': (1, 2, 1)}) == ['twins']
    assert kinds(report('r1'), boots={'r1': (1, 2)}) == ['idle']


def test_an_unknown_robot_is_told_with_the_known_ones():
    text = said(report('r1'), report('r2'), robot='r999')
    assert 'r999 is unknown on site row' in text and 'known: r1, r2' in text


@pytest.mark.parametrize('seen, words', [
    (report('r1', held=(0,)), 'r1 is idle at shelf: it has no order'),
    (report('r1', goal=7, order_id='o1', speed_mps=1.2, wanted=(4,)),
     'r1 drives to node 7 (desk) for order o1 at 1.2 m/s, and nothing limits it'),
    (report('r1', goal=7, wanted=(4,)), 'turning, or about to start'),
    (report('r1', order_id='o1'), 'r1 stands between two steps of order o1'),
    (report('r1', goal=7, errors=('no_way',)), 'no way leads to node 7 (desk)'),
    (report('r1', Reason.AUTHORITY, goal=7, wanted=(4,), speed_mps=0.7),
     'slowing towards the end of what it holds')])
def test_what_a_robot_does_that_nothing_stops(seen, words):
    assert words in said(seen)


def test_places_are_left_out_on_an_unknown_site():
    assert said(report('r1', held=(0,)), site=None) == 'r1 is idle at node 0: it has no order'


def test_a_chain_is_cut_where_it_gets_too_long():
    count = 20
    reports = [report(f'r{i}', Reason.AUTHORITY, wanted=(i + 1,), held=(i,), goal=99)
               for i in range(count)]
    text = said(*reports, robot='r0', waits=[waits(f'r{i}', i + 1, f'r{i + 1}')
                                             for i in range(count)])
    assert text.endswith(', and so on') and text.count('which') == 11


def test_a_view_of_an_empty_fleet_is_no_trouble():
    empty = FleetView(1, 'c1', 1, 0, ('c1',), (), (), (), 0, 0, 0)
    assert 'known: none' in said(robot='r1', view=empty)
