# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a person must see at once: in which words a robot calls for attention, and how loudly.

What belongs to driving (waiting for a node, for a neighbour, for what the laser sees) is no alarm.
"""

from dataclasses import dataclass
from typing import Optional

from robot_swarm_orch.types import Mode, Reason, Report

# Reasons of a standing robot that somebody has to look after: words, and whether they are severe.
_OF_REASON = {
    Reason.EMERGENCY: ('EMERGENCY STOP', True),
    Reason.POSE: ('POSE UNSURE', True),
    Reason.IN_DOUBT: ('IN DOUBT: WAS IT LOADED?', True),
    Reason.FENCED: ('FENCED', True),
    Reason.LEASE: ('NO LEASE', False),
    Reason.STALE_ODOM: ('NO ODOMETRY', False),
    Reason.STALE_SCAN: ('NO LASER', False),
    Reason.STALE_CAMERA: ('NO CAMERA', False),
    Reason.STALE_CAMERA: ('NO CAMERA', False),
    Reason.INACTIVE: ('INACTIVE', False),
}


@dataclass(frozen=True)
class Alarm:
    """What is wrong with a robot, in a few words."""

    words: str
    severe: bool


def alarm_of(report: Report, lost: bool, silent_s: float, same_site: bool) -> Optional[Alarm]:
    """
    Return what is wrong with a robot, the worst first; None when all is well.

    lost: whether the leader lists the robot as lost. silent_s: time since its last report.
    same_site: whether it drives on our roadmap.
    """
    if report.emergency_stop:
        return Alarm(*_OF_REASON[Reason.EMERGENCY])
    if report.mode == Mode.LOST:
        return Alarm('LOST: NO POSE', True)
    if lost:
        return Alarm(f'SILENT {silent_s:.0f} s', True)
    if not same_site:
        return Alarm('ANOTHER ROADMAP', True)
    known = _OF_REASON.get(report.safety)
    return Alarm(*known) if known else None
