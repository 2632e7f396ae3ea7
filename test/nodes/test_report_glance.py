# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A glance at a report's bytes reads the same as the message."""

import math

from hypothesis import given, settings, strategies as st
import pytest

pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from rclpy.serialization import serialize_message  # noqa: E402
from robot_swarm_orch.errors import WireError  # noqa: E402
from robot_swarm_orch.nodes.report_glance import glance, head  # noqa: E402
from robot_swarm_orch.nodes.wire import Wire  # noqa: E402
from robot_swarm_orch.types import Mode, Pose, Reason, Report  # noqa: E402

NODES = st.lists(st.integers(0, 2 ** 31 - 1), max_size=12).map(tuple)
WORD = st.text('abcdefghijklmnopqrstuvwxyz0123456789_', min_size=1, max_size=20)
LARGE = st.integers(0, 2 ** 63 - 1)


@st.composite
def reports(draw):
    """Draw a report as a robot may send it."""
    return Report(
        robot='r' + draw(WORD).strip('_').replace('__', '_'), boot_id=draw(LARGE), seq=draw(LARGE),
        mode=draw(st.sampled_from(Mode)), site_hash=draw(LARGE), held=draw(NODES),
        wanted=draw(NODES), pose=Pose(draw(st.floats(-500, 500)), draw(st.floats(-500, 500)),
                                      draw(st.floats(-3, 3, width=32))),
        speed_mps=draw(st.floats(-2, 2, width=32)),
        pose_error_m=draw(st.floats(0, 2, width=32)),
        footprint_radius_m=draw(st.floats(0, 2, width=32)),
        goal=draw(st.integers(-1, 2 ** 31 - 1)),
        term=draw(LARGE), lease_seq=draw(LARGE), command_seq=draw(LARGE), order_id=draw(WORD),
        carrying=draw(st.booleans()), safety=draw(st.sampled_from(Reason)),
        emergency_stop=draw(st.booleans()), errors=tuple(draw(st.lists(WORD, max_size=3))))


@settings(max_examples=200, deadline=None)
@given(reports(), st.integers(0, 2 ** 60), WORD)
def test_a_glance_reads_what_the_message_says(report, time_ns, site_id):
    wire = Wire(site_id, map_frame=site_id[:3])
    wire.set_time(time_ns)
    data = serialize_message(wire.write_report(report))
    stamp_s, seen = glance(data)
    assert head(data) == (stamp_s, report.robot, report.boot_id)
    assert math.isclose(stamp_s, 1e-9 * time_ns, abs_tol=1e-6)
    for name in ('robot', 'boot_id', 'seq', 'mode', 'site_hash', 'held', 'wanted', 'pose',
                 'speed_mps', 'goal', 'term', 'lease_seq', 'carrying', 'pose_error_m',
                 'footprint_radius_m', 'safety', 'emergency_stop'):
        assert getattr(seen, name) == getattr(report, name), name


@settings(max_examples=100, deadline=None)
@given(reports(), st.data())
def test_cut_off_bytes_are_refused(report, data):
    wire = Wire('site')
    whole = serialize_message(wire.write_report(report))
    cut = data.draw(st.integers(0, 60))
    with pytest.raises(WireError):
        glance(whole[:cut])
