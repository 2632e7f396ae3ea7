# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Fleets that charge several times in a run, judged by what their batteries really hold."""

from dataclasses import replace
from math import inf

import pytest
from robot_swarm_orch.config import CoordinatorConfig
from robot_swarm_orch.sim.endurance import Endurance, run

ONE = CoordinatorConfig(voters=('c1',), charge_enough=0.9)
FEW = Endurance(
    robots=3, duration_s=270.0, drive_h=0.1, charge_h=0.01, start=0.6, coordinator=ONE,
    warehouse=(('columns', 4), ('blocks', 1), ('charger_every', 9)))


def test_few_robots_take_turns_at_chargers_and_none_runs_empty_or_waits_too_long():
    result = run(FEW)
    print(result)
    assert not result.violations
    assert min(result.charges) >= 1 and 0.0 < result.least < 0.5 and result.done >= 3


@pytest.mark.slow
def test_thirty_robots_share_four_chargers_over_several_charges_and_outlive_their_leader():
    what = Endurance(duration_s=1800.0, drive_h=0.25, charge_h=0.025, kill_leader_at_s=900.0)
    small = run(what)
    lasting = run(replace(what, kill_leader_at_s=inf), lasts=True)
    print(small, lasting)
    assert not small.violations and not lasting.violations
    assert min(small.charges) >= 1 and max(small.charges) >= 2
    assert small.done > 0.5 * lasting.done
