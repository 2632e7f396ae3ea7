# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The table shows every robot, trouble first, and fits the terminal."""

from dataclasses import replace

from insight_values import picture, report, safety, waits
from robot_swarm_orch.insight import top
from robot_swarm_orch.insight.picture import Process
from robot_swarm_orch.types import Mode, Reason


def busy_fleet():
    """Return a fleet with several kinds of trouble."""
    return picture(
        report('r1', held=(0,), battery=0.815), report('r2', goal=7, speed_mps=1.0, held=(2,)),
        report('r3', Reason.AUTHORITY, wanted=(4,), goal=7, order_id='o3'),
        report('r4', Reason.IN_DOUBT, held=(4,)),
        report('r5', Reason.POSE, mode=Mode.LOST), lost=('r6',),
        waits=(waits('r3', 4, 'r4', waited_s=12.4),),
        safeties={'r5': safety(Reason.POSE, 'pose error 0.31 m > 0.10 m')},
        processes={'/edge': Process('/edge', 0, 'ok', 0.5), '/c1': Process('/c1', 0, 'ok', 0.25)})


def test_what_needs_a_person_comes_first():
    assert [row.robot for row in top.rows(busy_fleet())] == ['r4', 'r6', 'r5', 'r3', 'r2', 'r1']
    assert [row.is_trouble for row in top.rows(busy_fleet())] == [True] * 4 + [False] * 2


def test_a_line_tells_mode_place_order_battery_and_why():
    lines = {line.split()[0]: line for line in top.page(busy_fleet(), 200)[4:]}
    assert lines['r1'].split()[:5] == ['r1', 'automatic', 'shelf', '82', '%']
    assert 'waiting for node 4 held by r4 (12 s)' in lines['r3'] and ' o3 ' in lines['r3']
    assert 'pose error 0.31 m > 0.10 m' in lines['r5']
    assert lines['r6'].split()[1] == 'lost'


def test_the_headline_tells_leader_orders_and_cores():
    line = top.headline(busy_fleet())
    assert 'c1 leads, term 4' in line and '0.75 cores in 2 processes' in line
    assert 'orders: 0 wait, 0 under way, 0 done' in line
    assert 'NO LEADER' in top.headline(replace(busy_fleet(), lease=None))


def test_the_page_fits_the_terminal_whatever_its_size():
    crowd = picture(*(report(f'r{i:03d}') for i in range(100)))
    page = top.page(crowd, 80, 24)
    assert len(page) == 24 and all(len(line) <= 80 for line in page)
    assert page[-1] == '... and 81 more'
    assert len(top.page(crowd, 80)) == 104


def test_every_kind_of_cause_has_its_rank():
    from pathlib import Path
    import re
    import robot_swarm_orch.insight.causes as causes
    kinds = set(re.findall(r"Cause\(\s*'(\w+)'", Path(causes.__file__).read_text()))
    assert len(kinds) > 20
    assert kinds - {'unknown'} <= set(top._RANK)


def test_the_table_is_values_for_programs_too():
    plain = top.to_plain(busy_fleet())
    assert plain['leader'] == 'c1' and len(plain['robots']) == 6
    assert plain['robots'][0]['kind'] == 'in_doubt'
