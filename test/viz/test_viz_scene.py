# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The laws of a scene: each robot once, no node in two bases, names that stay, no remains."""

from collections import Counter
from dataclasses import replace
import math
from pathlib import Path
import sys

import pytest
from robot_swarm_orch.bringup import default_site_file
from robot_swarm_orch.sim.cluster import Cluster
from robot_swarm_orch.site import load_site
from robot_swarm_orch.site.lock_sets import segment_segment_m
from robot_swarm_orch.types import Mode, Pose, Reason
from robot_swarm_orch.viz.scene import REMOVALS, Scene, SEARCHES_AT_ONCE
from robot_swarm_orch.viz.shapes import Kind, MODES, SEVERE

sys.path.insert(0, str(Path(__file__).parent))
from viz_values import NODE, nodes, report, SITE, view  # noqa: E402,I100


@pytest.fixture
def scene():
    """Return a scene that has heard nothing."""
    return Scene(SITE)


def of(drawing, namespace):
    """Return the shapes of a namespace by number."""
    return {shape.number: shape for shape in drawing.shapes if shape.namespace == namespace}


def words(drawing, namespace):
    """Return the texts of a namespace."""
    return sorted(shape.text for shape in of(drawing, namespace).values())


def test_every_robot_is_drawn_once_with_heading_load_and_name(scene):
    scene.hear(0.0, report('r001', 'a', goal=NODE['c']))
    scene.hear(0.0, report('r002', 'd', carrying=True, mode=Mode.MANUAL,
                           pose=Pose(6.0, 0.5, 1.2), footprint_radius_m=0.5))
    drawing = scene.draw(0.0)
    bodies = of(drawing, 'robot')
    assert [body.at[:2] for body in bodies.values()] == [(0.0, 0.0), (6.0, 0.5)]
    assert [body.color for body in bodies.values()] == [MODES[Mode.AUTOMATIC], MODES[Mode.MANUAL]]
    assert [body.size[0] for body in bodies.values()] == [1.5, 1.0]
    assert words(drawing, 'label') == ['r001', 'r002']
    assert [shape.yaw_rad for shape in of(drawing, 'heading').values()] == [0.0, 1.2]
    assert list(of(drawing, 'load')) == [1]


def test_the_base_is_solid_and_the_horizon_dotted(scene):
    scene.hear(0.0, report('r001', 'a', 'abc', 'de'))
    drawing = scene.draw(0.0)
    base, horizon = of(drawing, 'base')[0], of(drawing, 'horizon')[0]
    assert base.kind == Kind.LINE_LIST and horizon.kind == Kind.DOTS
    assert [point[:2] for point in base.points] == [(0, 0), (2, 0), (2, 0), (4, 0)]
    assert [point[0] for point in horizon.points] == [4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0]


def test_a_robot_on_one_node_shows_that_it_holds_it(scene):
    scene.hear(0.0, report('r001', 'g'))
    xs = [point[0] for point in of(scene.draw(0.0), 'base')[0].points]
    assert min(xs) < 4.0 < max(xs)


def test_a_node_named_by_two_robots_belongs_to_the_newest_word(scene):
    """The robot that gave the node back was not heard since; the one that got it was."""
    scene.hear(0.0, report('r001', 'a', 'abc'))
    scene.hear(0.1, report('r002', 'd', 'cd'))
    drawing = scene.draw(0.1)
    assert [point[0] for point in of(drawing, 'base')[0].points] == [0, 2]
    assert [point[0] for point in of(drawing, 'base')[1].points] == [4, 6]
    assert not of(drawing, 'held_twice')


def test_a_node_that_two_robots_go_on_to_name_is_an_alarm(scene):
    for step in range(12):
        scene.hear(0.2 * step, report('r001', 'a', 'abc', count=step))
        scene.hear(0.2 * step, report('r002', 'd', 'cd', count=step))
        drawing = scene.draw(0.2 * step)
    assert list(of(drawing, 'held_twice')) == [NODE['c']]
    assert words(drawing, 'held_twice_text') == ['HELD TWICE: r001, r002']
    scene.hear(2.4, report('r001', 'a', 'ab', count=20))
    drawing = scene.draw(2.4)
    assert ('held_twice', NODE['c']) in drawing.removed and not of(drawing, 'held_twice')


def test_names_stay_when_robots_come_and_move(scene):
    scene.hear(0.0, report('r005', 'a'))
    before = set(of(scene.draw(0.0), 'label'))
    scene.hear(0.2, report('r001', 'd'))
    scene.hear(0.2, report('r005', 'b', count=2))
    labels = of(scene.draw(0.2), 'label')
    assert {number for number, shape in labels.items() if shape.text == 'r005'} == before
    assert len(labels) == 2


def test_what_has_not_changed_is_the_same_object(scene):
    """So the node has nothing to convert for robots that stand."""
    scene.hear(0.0, report('r001', 'a', 'ab', 'c'))
    first = {shape.name: shape for shape in scene.draw(0.0).shapes}
    scene.hear(0.2, report('r001', 'a', 'ab', 'c', count=2))
    second = {shape.name: shape for shape in scene.draw(0.2).shapes}
    assert first.keys() == second.keys()
    assert all(second[name] is shape for name, shape in first.items() if name[0] != 'fleet')


def test_a_load_that_was_set_down_is_removed_and_that_is_said_several_times(scene):
    """A viewer that missed one drawing would go on to show it."""
    scene.hear(0.0, report('r001', 'a', carrying=True))
    assert of(scene.draw(0.0), 'load')
    scene.hear(0.2, report('r001', 'a', count=2))
    for _ in range(REMOVALS):
        assert scene.draw(0.2).removed == (('load', 0),)
    assert scene.draw(0.4).removed == ()


def test_a_shape_that_comes_back_is_not_removed_again(scene):
    for count, carrying in enumerate((True, False, True)):
        scene.hear(0.0, report('r001', 'a', count=count, carrying=carrying))
        drawing = scene.draw(0.0)
    assert of(drawing, 'load') and drawing.removed == ()


def test_a_robot_that_is_gone_is_removed_with_all_its_shapes(scene):
    scene.hear(0.0, report('r001', 'a', 'ab', 'c'))
    scene.hear(0.0, report('r002', 'd'))
    before = scene.draw(0.0)
    gone = {shape.name for shape in before.shapes
            if shape.number == 0 and shape.namespace in ('robot', 'heading', 'label', 'base',
                                                         'horizon')}
    scene.hear(11.0, report('r002', 'd', count=2))
    drawing = scene.draw(11.0)
    assert gone <= set(drawing.removed)
    assert words(drawing, 'label') == ['r002']
    scene.hear(12.0, report('r001', 'a', count=3))
    drawing = scene.draw(12.0)
    assert len(of(drawing, 'robot')) == 2 and len({s.name for s in drawing.shapes}) == len(
        drawing.shapes)


def test_a_silent_robot_that_is_enrolled_stays_where_it_was_heard_last(scene):
    scene.hear(0.0, report('r001', 'a'))
    scene.hear_view(view('r001', modes=(Mode.LOST,)))
    drawing = scene.draw(60.0)
    assert words(drawing, 'alarm_text') == ['SILENT 60 s']
    assert of(drawing, 'robot')[0].color == SEVERE
    scene.hear(60.0, report('r001', 'a', count=2))
    assert not of(scene.draw(60.1), 'alarm'), 'heard again, whatever the older word says'


@pytest.mark.parametrize('change, text', [
    ({'emergency_stop': True}, 'EMERGENCY STOP'), ({'mode': Mode.LOST}, 'LOST: NO POSE'),
    ({'safety': Reason.IN_DOUBT}, 'IN DOUBT: WAS IT LOADED?'),
    ({'safety': Reason.LEASE}, 'NO LEASE'), ({'site_hash': 1}, 'ANOTHER ROADMAP'),
    ({'safety': Reason.STALE_SCAN}, 'NO LASER')])
def test_what_needs_a_person_is_an_alarm_in_words(scene, change, text):
    scene.hear(0.0, report('r001', 'a', **change))
    drawing = scene.draw(0.0)
    assert words(drawing, 'alarm_text') == [text]
    assert of(drawing, 'alarm')[0].at[:2] == (0.0, 0.0)


@pytest.mark.parametrize('reason', [Reason.NONE, Reason.AUTHORITY, Reason.SCAN, Reason.PEER,
                                    Reason.DETECTION, Reason.PAYLOAD, Reason.JOINING])
def test_waiting_and_braking_are_no_alarms(scene, reason):
    scene.hear(0.0, report('r001', 'a', safety=reason))
    assert not of(scene.draw(0.0), 'alarm')


def test_a_robot_on_another_roadmap_is_drawn_without_its_nodes(scene):
    scene.hear(0.0, replace(report('r001', 'a', 'ab'), site_hash=1, held=(10 ** 6,)))
    drawing = scene.draw(0.0)
    assert of(drawing, 'robot') and not of(drawing, 'base')


def test_a_robot_that_is_joining_knows_of_no_base(scene):
    scene.hear(0.0, report('r001', 'a', 'ab', mode=Mode.JOINING))
    assert not of(scene.draw(0.0), 'base')


@pytest.mark.parametrize('change', [
    {'pose': Pose(math.nan, 0.0, 0.0)}, {'pose': Pose(0.0, math.inf, 0.0)},
    {'pose': Pose(0.0, 0.0, math.nan)}, {'pose': Pose(1e9, 0.0, 0.0)}, {'held': (10 ** 6,)},
    {'wanted': (10 ** 6,)}, {'goal': 10 ** 6}])
def test_a_report_that_cannot_be_drawn_is_refused(scene, change):
    assert not scene.hear(0.0, replace(report('r001', 'a'), **change))
    assert not of(scene.draw(0.0), 'robot')


def test_an_older_report_that_comes_late_changes_nothing(scene):
    scene.hear(0.0, report('r001', 'b', count=5))
    assert scene.hear(0.1, report('r001', 'a', count=4))
    assert of(scene.draw(0.1), 'robot')[0].at[0] == 2.0


def test_routes_appear_a_few_at_a_time_and_are_searched_once():
    searched = []

    def route(node, yaw_rad, goal):
        searched.append((node, goal))
        return nodes('abc')
    scene = Scene(SITE, route=route)
    count = 2 * SEARCHES_AT_ONCE + 1
    for number in range(count):
        scene.hear(0.0, report(f'r{number:03d}', 'a', '', goal=NODE['f']))
    shown = []
    for step in range(4):
        for number in range(count):
            scene.hear(0.2 * step, report(f'r{number:03d}', 'b', 'b', 'c', count=2,
                                          goal=NODE['f']))
        shown.append(len(of(scene.draw(0.2 * step), 'route')))
    assert shown == [SEARCHES_AT_ONCE, 2 * SEARCHES_AT_ONCE, count, count]
    assert searched == [(NODE['c'], NODE['f'])] * count


def test_the_banner_tells_of_leader_and_orders_and_of_what_is_wrong(scene):
    scene.hear(0.0, report('r001', 'a', speed_mps=1.0))
    scene.hear_view(view('r001', 'r002', emergency_stop=True, blocked=nodes('f')))
    scene.draw(0.0)
    drawing = scene.draw(3.0)
    banner, trouble = (of(drawing, 'fleet')[number].text for number in (0, 1))
    for part in ('c2 leads', 'term 3', '1 of 2 robots, 1 moving', '1 waiting, 2 open, 3 done'):
        assert part in banner
    for part in ('EMERGENCY STOP', 'NO LEADER HEARD FOR 3 s', 'NOT HEARD: r002'):
        assert part in trouble
    assert len(of(drawing, 'blocked')[0].points) == 4
    scene.hear_view(view('r001', commit_index=9, blocked_edges=(nodes('ab'),)))
    (ax, ay), (bx, by) = SITE.xy[list(nodes('ab'))].tolist()
    crossed = of(scene.draw(3.0), 'blocked')[0].points
    assert sum(x for x, _, _ in crossed) == pytest.approx(2.0 * (ax + bx))
    assert sum(y for _, y, _ in crossed) == pytest.approx(2.0 * (ay + by))
    scene.hear_view(view('r001', commit_index=10))
    scene.hear_lease(3.0)
    drawing = scene.draw(3.1)
    assert ('fleet', 1) in drawing.removed and ('blocked', 0) in drawing.removed


def test_a_deposed_leaders_word_does_not_count(scene):
    scene.hear_view(view(term=4, leader_id='c1'))
    scene.hear_view(view(term=3))
    assert 'c1 leads' in of(scene.draw(0.0), 'fleet')[0].text


def test_zones_show_how_many_robots_are_in_each(scene):
    for number, at in enumerate('abf'):
        scene.hear(0.0, report(f'r{number}', at))
    drawing = scene.draw(0.0)
    assert of(drawing, 'zone')
    assert sorted(text.split(': ')[1] for text in words(drawing, 'zone_text')) == ['1', '2']


@pytest.fixture(scope='module')
def film():
    """Return the drawings of a simulated fleet, five a second for 20 s, and its robots' ids."""
    site = load_site(default_site_file())
    cluster = Cluster(site, 24, seed=5)
    scene = Scene(site, route=cluster.planner.route)
    drawings = []
    for _ in range(100):
        cluster.run(0.2)
        for robot in cluster.robots.values():
            if robot.report is not None:
                scene.hear(cluster.now_s, robot.report)
        drawings.append(scene.draw(cluster.now_s))
    return drawings, list(cluster.robots)


def test_in_a_driving_fleet_every_robot_is_drawn_once_in_every_scene(film):
    drawings, robots = film
    for drawing in drawings[5:]:
        assert words(drawing, 'label') == robots
        assert len(of(drawing, 'robot')) == len(robots)
        names = Counter(shape.name for shape in drawing.shapes)
        assert max(names.values()) == 1, 'RViz rejects two markers of one name'


def test_in_a_driving_fleet_no_base_meets_another(film):
    """Neither at a node nor by crossing: that is what movement authority promises."""
    drawings, _ = film
    met = 0
    for drawing in drawings[5::10]:
        segments = [(number, a[:2], b[:2]) for number, shape in of(drawing, 'base').items()
                    for a, b in zip(shape.points[::2], shape.points[1::2])]
        owner = {}
        for number, a, b in segments:
            for point in (a, b):
                assert owner.setdefault(point, number) == number
        met += _crossings(segments)
        assert len({number for number, _, _ in segments}) == 24
    assert met == 0


def _crossings(segments):
    """Return how many segments of different robots touch."""
    import numpy as np
    number = np.array([number for number, _, _ in segments])
    a, b = (np.array([segment[index] for segment in segments]) for index in (1, 2))
    first, second = np.triu_indices(len(segments), 1)
    other = number[first] != number[second]
    first, second = first[other], second[other]
    return int((segment_segment_m(a[first], b[first], a[second], b[second]) < 0.1).sum())


def test_in_a_driving_fleet_a_label_keeps_its_number(film):
    drawings, _ = film
    numbers = {}
    for drawing in drawings:
        for number, shape in of(drawing, 'label').items():
            assert numbers.setdefault(shape.text, number) == number


def test_in_a_driving_fleet_whatever_ends_is_removed(film):
    """In the very next drawings, each name once in each, and nothing that is drawn."""
    drawings, _ = film
    names = [{shape.name for shape in drawing.shapes} for drawing in drawings]
    removals = 0
    for number, after in enumerate(drawings[REMOVALS:], REMOVALS):
        lately = set().union(*names[number - REMOVALS:number]) - names[number]
        assert set(after.removed) == lately and len(after.removed) == len(lately)
        removals += len(lately)
    assert removals > 0


def test_routes_and_horizons_are_drawn_for_robots_under_way(film):
    last = film[0][-1]
    assert len(of(last, 'horizon')) > 10 and len(of(last, 'route')) > 10
