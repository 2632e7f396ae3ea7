# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What the benchmark of overload takes from the robots' words."""

import pytest

pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from robot_swarm_orch.bringup import default_site_file  # noqa: E402,I100
from robot_swarm_orch.nodes.overload_bench import OverloadWatch  # noqa: E402
from robot_swarm_orch.site import load_site  # noqa: E402
from robot_swarm_orch.types import Mode, Pose, Report  # noqa: E402


def test_the_watch_adds_up_how_far_robots_drove_and_notes_when_each_obeyed():
    watch = OverloadWatch(load_site(default_site_file()), ('r001',))

    def hear(seq, x_m, stopped=False, boot_id=1):
        watch.hear_report(0.1 * seq, 50.0 + seq, Report(
            'r001', boot_id, seq, Mode.JOINING, 1, (), (), Pose(x_m, 2.0, 0.0), 1.0,
            emergency_stop=stopped))
    for seq, x_m in enumerate((1.0, 2.0, 2.5), 1):
        hear(seq, x_m)
    hear(2, 2.0)  # comes late: it drove no way back
    assert watch.driven_m == pytest.approx(1.5) and not watch.obeyed_s
    hear(1, 9.0, boot_id=2)  # another life begins elsewhere
    hear(4, 9.0, stopped=True, boot_id=2)
    hear(5, 9.0, stopped=True, boot_id=2)
    assert watch.obeyed_s == {'r001': 54.0}
    hear(6, 9.0, boot_id=2)
    assert watch.obeyed_s == {} and watch.driven_m == pytest.approx(1.5)
