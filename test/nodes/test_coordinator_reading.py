# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What a leader reads first when it has no time for all that robots say."""

from types import SimpleNamespace

import pytest

pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from rclpy.serialization import serialize_message  # noqa: E402,I100
from robot_swarm_orch.nodes import coordinator_node as module  # noqa: E402
from robot_swarm_orch.nodes.wire import Wire  # noqa: E402
from robot_swarm_orch.types import Mode, Pose, Report  # noqa: E402


def report(robot, seq):
    """Return a robot's report as it comes."""
    return serialize_message(Wire('ring', 4).write_report(Report(
        robot, 7, seq, Mode.AUTOMATIC, 1, (1,), (), Pose(1.0, 2.0, 0.0), 0.0)))


@pytest.fixture
def leader():
    """Return what stands for a coordinator that leads, and notes what it has read as `heard`."""
    heard, wire = [], Wire('ring', 4)
    wire.read_ack = wire.read_bid = lambda msg: msg
    made = SimpleNamespace(
        heard=heard, wire=wire, _reports={}, _trail=SimpleNamespace(ack=lambda ack: None),
        _replica=SimpleNamespace(
            hear_report=lambda now_s, said: heard.append((said.robot, said.seq)),
            hear_ack=lambda now_s, ack: heard.append(ack),
            hear_bid=lambda now_s, bid: heard.append(bid)))

    def come(reports=(), acks=(), bids=()):
        made._reports_in = SimpleNamespace(all_raw=lambda: list(reports))
        made._acks_in = SimpleNamespace(all=lambda: list(acks))
        made._bids_in = SimpleNamespace(all=lambda: list(bids))
    made.come = come
    made.read = lambda: module.CoordinatorNode._hear_robots(made, 1.0)
    return made


def test_in_time_all_is_read_and_of_each_robot_the_newest_report(leader):
    leader.come([report('r001', 1), report('r002', 1), report('r001', 2)], ['ack'], ['bid'])
    assert leader.read()
    assert leader.heard == ['ack', 'bid', ('r001', 2), ('r002', 1)]


def test_without_time_answers_are_read_all_the_same_and_reports_go_on_where_they_stopped(
        leader, monkeypatch):
    monkeypatch.setattr(module, 'READING_S', -1.0)
    leader.come([report('r001', 1), report('r002', 1), report('r003', 1)], ['a1', 'a2'])
    assert not leader.read()
    assert leader.heard == ['a1', 'a2', ('r001', 1)]
    leader.come([report('r001', 2), report('r003', 2)], ['a3'])
    assert not leader.read()
    leader.come()
    assert not leader.read() and leader.read()
    assert leader.heard[3:] == ['a3', ('r002', 1), ('r003', 2), ('r001', 2)]


def test_bytes_that_are_no_report_are_refused_and_hold_nobody_up(leader):
    leader.come([b'junk', report('r001', 1)[:60], report('r002', 1)])
    assert leader.read() and leader.heard == [('r002', 1)]
    assert leader.wire.refusals


def test_strangers_by_the_thousand_are_not_kept(leader, monkeypatch):
    monkeypatch.setattr(module, 'ROBOTS_MAX', 2)
    leader.come([report(name, 1) for name in ('r001', 'r002', 'r003')] + [report('r001', 2)])
    assert leader.read() and leader.heard == [('r001', 2), ('r002', 1)]
