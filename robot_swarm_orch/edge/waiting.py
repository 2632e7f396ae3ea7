# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""How long a robot stands for its next node: from its own reports, which tell every change."""

from typing import Optional

from robot_swarm_orch.types import Mode, Reason, Report

_STILL_MPS = 0.02


class NodeWait:
    """
    Times one robot's waits for movement authority.

    A wait begins with the report in which the robot stands at the end of its base and wants a
    node, and ends with the first in which it holds that node. If it finds another way meanwhile,
    the wait goes on for the node that it wants then. A wait that ends otherwise (another command,
    a stop for another reason) is not counted: nobody was made to wait for a node then.
    """

    __slots__ = ('_node', '_since_s')

    def __init__(self):
        """Start with no wait."""
        self._node = -1
        self._since_s = 0.0

    def hear(self, now_s: float, report: Report) -> Optional[float]:
        """Take in the robot's newest report; return how long the wait took that it ends [s]."""
        waited_s = None
        if self._node >= 0 and self._node in report.held:
            waited_s = now_s - self._since_s
            self._node = -1
        stands = (report.safety == Reason.AUTHORITY and bool(report.wanted)
                  and report.mode == Mode.AUTOMATIC and abs(report.speed_mps) < _STILL_MPS)
        if not stands:
            self._node = -1
        elif self._node < 0:
            self._node, self._since_s = report.wanted[0], now_s
        else:
            self._node = report.wanted[0]
        return waited_s
