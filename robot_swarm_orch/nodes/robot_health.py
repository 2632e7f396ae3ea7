# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
One diagnostic status for each robot that a process hosts.

The messages are made once and refilled once a second, and a value is set only when it changed:
for fifty robots that takes well under a millisecond, where making them anew would take several.
"""

from math import inf

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from robot_swarm_orch.telemetry.health import HealthParams, judge_robot, RobotCondition

_LEVELS = (DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR,
           DiagnosticStatus.STALE)
_KEYS = ('mode', 'limited_by', 'order_id', 'pose_age_s', 'scan_age_s', 'lease_left_s', 'battery')


def condition_of(hosted, now_s: float) -> RobotCondition:
    """
    Return what the judgement of a robot (nodes.hosted_robot.HostedRobot) rests on.

    now_s: steady clock. Ages of sensor data are those at the robot's last tick, which acted on
    them.
    """
    agent, inputs = hosted.agent, hosted.inputs
    seen, scan = (None, None) if inputs is None else (inputs.odometry, inputs.scan)
    return RobotCondition(
        halted=hosted.halted, active=inputs is not None and inputs.active,
        mode=agent.book.mode.name, reason=agent.safety.reason.name, stopped=agent.safety.stopped,
        pose_age_s=inf if seen is None else max(0.0, inputs.control_s - seen.taken_s),
        scan_age_s=inf if scan is None else max(0.0, inputs.control_s - scan.taken_s),
        scan_required=agent.config.scan_required, lease_left_s=agent.clock.until_s - now_s,
        emergency=agent.latch.by, order_id=agent.runner.order_id,
        battery=float('nan') if inputs is None else inputs.battery)


class RobotStatus:
    """The status message of one robot."""

    def __init__(self, hosted, limits: HealthParams):
        """Make the message; `<robot>/robot` is its name, below which diagnostics group it."""
        self.hosted, self._limits = hosted, limits
        self._values = {key: KeyValue(key=key) for key in _KEYS}
        self._told = {}
        self.msg = DiagnosticStatus(name=f'/{hosted.robot}/robot', hardware_id=hosted.robot,
                                    values=list(self._values.values()))

    def refilled(self, now_s: float) -> DiagnosticStatus:
        """Return the message as of now [s, steady clock]."""
        robot = condition_of(self.hosted, now_s)
        level, words = judge_robot(robot, self._limits)
        if _LEVELS[level] != self.msg.level:
            self.msg.level = _LEVELS[level]
        if words != self.msg.message:
            self.msg.message = words
        self._tell('mode', robot.mode)
        self._tell('limited_by', robot.reason)
        self._tell('order_id', robot.order_id)
        for key in ('pose_age_s', 'scan_age_s', 'lease_left_s', 'battery'):
            self._tell(key, f'{getattr(robot, key):.2f}')
        return self.msg

    def _tell(self, key, text):
        if self._told.get(key) != text:
            self._told[key] = self._values[key].value = text


class RobotStatuses:
    """The status messages of all robots of a process."""

    def __init__(self, limits: HealthParams):
        """Judge by `limits`."""
        self._limits = limits
        self._made = {}

    def of(self, robots, now_s: float) -> list:
        """Return the messages of some hosted robots as of now [s, steady clock]."""
        result = []
        for hosted in robots:
            made = self._made.get(hosted.robot)
            if made is None or made.hosted is not hosted:
                made = self._made[hosted.robot] = RobotStatus(hosted, self._limits)
            result.append(made.refilled(now_s))
        return result


def samples_of(robots):
    """Return (metric, label values, value) of hosted robots, for a scraper's thread."""
    found = []
    for hosted in tuple(robots):
        found += [('safe_stop_total', (reason.lower(), hosted.robot), count)
                  for reason, count in hosted.stops.copy().items()]
        inputs = hosted.inputs
        if inputs is not None and inputs.battery == inputs.battery:
            found.append(('robot_battery_ratio', (hosted.robot,), inputs.battery))
    return found
