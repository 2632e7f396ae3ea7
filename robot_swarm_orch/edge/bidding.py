# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What a robot offers when the leader asks how long it would take to work that waits."""

from math import inf
from typing import Optional

from robot_swarm_orch.bids import Bid, CallForBids


def bid_of(robot: str, boot_id: int, call: CallForBids, heard_term: int, node: int, cost_s,
           battery: float, config) -> Optional[Bid]:
    """
    Return a robot's answer to a call, None if it is not asked, or not by the leader.

    heard_term: highest term heard. node: where the robot would set out. cost_s(goal): travel time
    from there by its own search [s], inf if there is no way. config: its RobotConfig.
    """
    if robot not in call.robots or call.term < heard_term:
        return None
    offers = tuple((goal, float(cost_s(goal))) for goal in call.goals)
    return Bid(robot, boot_id, call.term, call.seq, node,
               tuple(offer for offer in offers if offer[1] < inf), battery,
               config.payload_max_kg, config.tools)
