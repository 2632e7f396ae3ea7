# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""When a robot reports, and which of its reports the leader can do without."""

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.lease import LeaseClock
from robot_swarm_orch.edge.reporting import ReportClock
from robot_swarm_orch.types import Lease

ROBOT = RobotConfig()
TICKS = [round(0.1 * number, 1) for number in range(1, 201)]


def reports(lease_s, asked_s, news=lambda now_s: 0, heard=lambda now_s: True):
    """Return when the robot spoke, and when to the leader too; leases answer at once."""
    clock, reporting = LeaseClock('r'), ReportClock(ROBOT)
    spoke, told = [], []
    for seq, now_s in enumerate(TICKS, 1):
        if not reporting.is_due(now_s, (news(now_s),), False, clock):
            continue
        spoke.append(now_s)
        clock.sent(seq, now_s)
        if reporting.is_for_leader(now_s, clock):
            told.append(now_s)
            if heard(now_s):
                clock.hear(Lease(1, 'c1', seq, lease_s, (('r', seq),), asked_s))
    return spoke, told


def test_without_back_pressure_the_leader_hears_every_report():
    spoke, told = reports(1.0, 0.0)
    assert spoke == told and len(told) == len(TICKS) // 2


def test_asked_for_less_the_robot_tells_its_neighbours_as_much_and_the_leader_less():
    usual, _ = reports(4.0, 0.0)
    spoke, told = reports(4.0, 0.8)
    assert spoke == usual
    assert len(told) < 0.3 * len(usual)


def test_news_reach_the_leader_at_once_whatever_it_asks():
    _, told = reports(4.0, 1.0, news=lambda now_s: now_s > 5.25)
    assert 5.3 in told


def test_no_leader_can_make_a_robot_lose_its_lease_by_asking_for_too_little():
    _, told = reports(1.0, 100.0)
    assert max(after - before for before, after in zip(told, told[1:])) <= 0.41


def test_while_the_lease_runs_short_the_leader_hears_every_tick_again():
    deaf = (lambda now_s: not 5.0 < now_s < 5.9)
    _, told = reports(1.0, 0.25, heard=deaf)
    short = [now_s for now_s in told if 5.5 <= now_s < 5.9]
    assert len(short) >= 3
