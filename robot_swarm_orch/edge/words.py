# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The detail behind a stand: how old, how far off, what is at work, who led last.

The limiter names the reason each tick; the words for people are put together only when the reason
changes, which is when they are published.
"""

from dataclasses import replace

from robot_swarm_orch.types import Mode, Reason, Safety


def explained(safety: Safety, situation, config, clock, runner) -> Safety:
    """
    Return the limiter's word with a detail for people, where it has none.

    situation: safety.Situation of this tick. clock: the robot's LeaseClock. runner: its
    TaskRunner.
    """
    words = _WORDS.get(safety.reason)
    if safety.detail or words is None:
        return safety
    return replace(safety, detail=words(situation, config, clock, runner)[:200])


def errors_of(no_way, outside, in_doubt, journal) -> tuple:
    """Return short words for a report about what is wrong, of what is true."""
    return tuple(word for word, holds in (
        ('no_way', no_way), ('pose', outside), ('in_doubt', in_doubt), ('journal', journal))
        if holds)


def stopped_by(stop) -> str:
    """Return who latched an emergency stop (types.EmergencyStop), and the reason given."""
    by = (stop.source or 'somebody')[:64]
    return f'{by} ({stop.reason[:120]})' if stop.reason else by


def _pose(situation, config, clock, runner):
    if situation.mode == Mode.LOST:
        return (f'pose error {situation.body.pose_error_m:.2f} m > '
                f'{config.position_error_m:.2f} m')
    pose = situation.body.pose
    return f'at ({pose.x_m:.2f}, {pose.y_m:.2f})'


def _odometry(situation, config, clock, runner):
    if situation.body is None:
        return 'none yet'
    return _age(situation.odometry_age_s, config.odometry_stale_s)


def _scan(situation, config, clock, runner):
    if situation.scan is None:
        return 'none yet'
    return _age(situation.control_s - situation.scan.taken_s, config.scan_stale_s)


def _camera(situation, config, clock, runner):
    if situation.sight is None:
        return 'none yet'
    if situation.sight.frozen:
        return 'frozen: always the same image'
    return _age(situation.control_s - situation.sight.taken_s, config.camera_stale_s)


def _age(age_s, allowed_s):
    if age_s < 0.0:
        return f'stamped {-age_s:.1f} s ahead of the clock'
    return f'{age_s:.1f} s old, {allowed_s:g} s allowed'


def _lease(situation, config, clock, runner):
    return f'last leader {clock.leader_id}, term {clock.term}' if clock.leader_id else 'none yet'


def _action(situation, config, clock, runner):
    return runner.action


_WORDS = {Reason.POSE: _pose, Reason.STALE_ODOM: _odometry, Reason.STALE_SCAN: _scan,
          Reason.STALE_CAMERA: _camera,
          Reason.LEASE: _lease, Reason.PAYLOAD: _action, Reason.IN_DOUBT: _action}
