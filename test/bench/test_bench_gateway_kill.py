# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""How `swarm bench gateway --kill` and `--robots` judge what they measured."""

from collections import Counter
from dataclasses import replace

import pytest
from robot_swarm_orch.bench.audience import AudienceReport, Told
from robot_swarm_orch.bench.gateway import Load
from robot_swarm_orch.bench.gateway_kill import (
    by_window, kill_lines, kill_report, KillBenchOptions)
from robot_swarm_orch.bench.gateway_moving import (
    bustle, moving_lines, moving_report, MovingBenchOptions, Span, work)
from robot_swarm_orch.bench.group import BenchFailed
from robot_swarm_orch.bench.listeners import Return
from robot_swarm_orch.bringup import default_site_file
from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.site import load_site

KILL = KillBenchOptions(sockets=2, kills=1, rate_per_s=10.0, warm_s=0.0)
KILLED_S = 110.0


def load_of(latency_of, late_s=0.001):
    """Return the load of 30 s from 100 s on, whose orders took `latency_of(due_s)`."""
    due_s = [100.0 + 0.1 * number for number in range(300)]
    return Load([latency_of(one) for one in due_s], Counter({201: 300}), 30.0, due_s=due_s,
                late_s=[late_s] * 300)


def back_after(*after_s, holes=0, gaps=1, behind=0):
    """Return what came of clients that were back so long after the kill."""
    return AudienceReport([
        Told([Return(KILLED_S, KILLED_S + one - 0.1, KILLED_S + one)], gaps, holes, behind, 9)
        for one in after_s], [0.001] * 100)


def test_a_gateway_whose_clients_are_back_in_time_keeps_what_is_promised():
    report = kill_report(load_of(lambda due_s: 0.01), back_after(3.0, 5.0), [KILLED_S], KILL)
    assert report['broken'] == [] and report['back_s'][0]['max'] == pytest.approx(5.0)
    assert any('the last after 5.0 s' in line for line in kill_lines(report))


@pytest.mark.parametrize('load, audience, said', [
    (load_of(lambda due_s: 0.01), back_after(3.0, 10.5), 'after 10.5 s'),
    (load_of(lambda due_s: 0.01), back_after(3.0), '1 of 2 clients'),
    (load_of(lambda due_s: 0.05 if 112.0 < due_s < 113.0 else 0.01), back_after(3.0, 3.0),
     'during a kill is 5.0 times'),
    (load_of(lambda due_s: 0.05 if due_s > 121.0 else 0.01), back_after(3.0, 3.0),
     'after a kill is 5.0 times'),
    (load_of(lambda due_s: 0.01), back_after(3.0, 3.0, holes=1), '2 events were left out'),
    (load_of(lambda due_s: 0.01), back_after(3.0, 3.0, gaps=0), '0 gaps'),
    (load_of(lambda due_s: 0.01), back_after(3.0, 3.0, behind=500), '500 events behind'),
])
def test_what_a_killed_gateway_did_not_keep_is_named(load, audience, said):
    report = kill_report(load, audience, [KILLED_S], KILL)
    assert any(said in text for text in report['broken']), report['broken']


def test_orders_fall_into_the_window_in_which_they_were_due():
    found = by_window(load_of(lambda due_s: due_s), [KILLED_S])
    assert {name: len(times) for name, times in found.items()} == {
        'before': 100, 'during': 100, 'after': 100}
    assert min(found['during']) == pytest.approx(KILLED_S)


def test_a_load_or_an_audience_that_was_itself_late_is_no_measurement():
    late = back_after(3.0, 3.0)
    with pytest.raises(BenchFailed, match='less busy'):
        kill_report(load_of(lambda due_s: 0.01, 0.2), late, [KILLED_S], KILL)
    late.late_s = [0.2] * 100
    with pytest.raises(BenchFailed, match='clients was itself late by 200 ms'):
        kill_report(load_of(lambda due_s: 0.01), late, [KILLED_S], KILL)


MOVING = MovingBenchOptions(robots=10, websockets=1, server_sent=1, duration_s=10.0)
STAMPS = {(f'o{number}', number): 0.0 for number in range(1100)}


def moving(missed=0, lag_s=0.01, late_ticks=1, moving_ratio=0.8):
    """Return the report of a run in which both clients missed so many events."""
    clients = [Told([], 0, 0, 0, 1100, missed=missed, lags_s=[lag_s] * (1100 - missed))
               for _ in range(2)]
    return moving_report(load_of(lambda due_s: 0.01), AudienceReport(clients, [0.0]), STAMPS, {
        'calm': Span(1000, 1, 0.8), 'told': Span(1000, late_ticks, moving_ratio)}, MOVING)


def test_events_beside_a_fleet_under_way_are_judged_by_rate_loss_lag_and_ticks():
    assert moving()['broken'] == []
    assert any('110.0 events/s' in line for line in moving_lines(moving()))
    for report, said in (
            (moving(missed=200), '90.0 events/s'), (moving(missed=1), 'missed 1 events'),
            (moving(lag_s=0.5), 'p99 from commit to client is 0.500 s'),
            (moving(late_ticks=20), '1.90 % more'), (moving(moving_ratio=0.1), '10 %')):
        assert any(said in text for text in report['broken']), report['broken']
    with pytest.raises(BenchFailed, match='no ticks'):
        Span(0, 0, 1.0).late_ratio


def test_bustle_cancels_all_but_the_robots_work_after_a_while():
    options = replace(MOVING, rate_per_s=100.0, robots=100)
    stream = OrderStream(load_site(default_site_file()), 1, 100)
    requests = bustle(stream, 'x', options)
    handed_in = [name for name, body in requests if body is not None]
    cancelled = [name for name, body in requests if body is None]
    assert len(requests) == 1000 and len(set(handed_in)) == len(handed_in)
    assert 400 < len(cancelled) == len(set(cancelled)) <= len(handed_in)
    place = {name: number for number, (name, body) in enumerate(requests) if body is not None}
    after = [number - place[name] for number, (name, body) in enumerate(requests) if body is None]
    assert min(after) >= 50 and max(after) <= 120
    urgent = [name for name, body in requests if body and b'"priority": 200' in body]
    assert 15 <= len(urgent) <= 30 and not set(urgent) & set(cancelled)
    assert all(b'"priority": 200' in body for _, body in work(stream, 'y', 3))


def test_the_first_window_begins_when_all_is_warm():
    options = KillBenchOptions(kills=2, warm_s=5.0)
    assert options.kills_s == [15.0, 45.0] and options.duration_s == 65.0
