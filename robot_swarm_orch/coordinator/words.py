# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What a leader can tell people about robots that stand: who waits for what, who is silent."""

from robot_swarm_orch.types import Reason

_FRESH_S = 1.0


def waits(leader, now_s):
    """
    Return what keeps robots from their next node, as rows (robot, node, kind, holder, waited [s]).

    leader: coordinator.leader.Leader. Only robots that say themselves that they are at the end of
    what they hold; the kinds are those of `Traffic.obstacle`.
    """
    names, rows = leader.keeper.names, []
    for number, name in enumerate(names):
        report = leader.reports.report_of(number)
        if (report is None or report.safety != Reason.AUTHORITY
                or not leader.reports.is_heard(now_s, number, _FRESH_S)):
            continue
        obstacle = leader.traffic.obstacle(number)
        if obstacle is not None:
            node, kind, holder = obstacle
            rows.append((name, node, kind, '' if holder is None else names[holder],
                         round(leader.traffic.waiting_s(now_s, number), 1)))
    return rows


def silent(leader, now_s):
    """Return for how long [s] the leader has not heard robots, of those silent for over 1 s."""
    ages = leader.reports.ages_s(now_s)
    return {name: round(age_s, 1) for name, age_s in ages if age_s > _FRESH_S}
