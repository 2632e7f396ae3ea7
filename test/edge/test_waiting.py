# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""How long a robot stood for its next node."""

from robot_swarm_orch.edge.waiting import NodeWait
from robot_swarm_orch.types import Mode, Pose, Reason, Report


def report(held, wanted, safety=Reason.AUTHORITY, speed=0.0, mode=Mode.AUTOMATIC):
    return Report('r1', 1, 1, mode, 1, held, wanted, Pose(0.0, 0.0, 0.0), speed, safety=safety)


def test_a_wait_lasts_from_standing_to_holding():
    wait = NodeWait()
    assert wait.hear(1.0, report((1, 2), (3,), speed=0.5)) is None
    assert wait.hear(2.0, report((2,), (3, 4))) is None
    assert wait.hear(3.0, report((2,), (3, 4))) is None
    assert wait.hear(5.5, report((2, 3), (4,), Reason.NONE)) == 3.5
    assert wait.hear(6.0, report((2, 3, 4), ())) is None


def test_a_robot_that_never_stood_waited_for_nothing():
    wait = NodeWait()
    wait.hear(1.0, report((1, 2), (3,), speed=0.5))
    assert wait.hear(2.0, report((2, 3), (4,), speed=0.5)) is None


def test_another_way_goes_on_with_the_same_wait():
    wait = NodeWait()
    wait.hear(1.0, report((2,), (3,)))
    wait.hear(4.0, report((2,), (7,)))
    assert wait.hear(5.0, report((2, 7), (), Reason.NONE)) == 4.0


def test_one_wait_can_end_and_the_next_begin_in_one_report():
    wait = NodeWait()
    wait.hear(1.0, report((2,), (3, 4)))
    assert wait.hear(2.0, report((2, 3), (4,))) == 1.0
    assert wait.hear(4.0, report((3, 4), (5,), Reason.NONE)) == 2.0


def test_a_stop_for_another_reason_is_no_wait_for_a_node():
    for other in (report((2,), (3,), Reason.LEASE), report((2,), ()),
                  report((2,), (3,), mode=Mode.MANUAL)):
        wait = NodeWait()
        wait.hear(1.0, report((2,), (3,)))
        wait.hear(2.0, other)
        assert wait.hear(9.0, report((2, 3), (), Reason.NONE)) is None
