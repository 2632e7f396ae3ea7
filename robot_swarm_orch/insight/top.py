# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The table of `swarm top`: who leads, how the work goes, and each robot, trouble first."""

from dataclasses import dataclass
from math import isnan
from typing import List, Tuple

from robot_swarm_orch.insight.causes import Cause, cause_of
from robot_swarm_orch.insight.picture import Picture
from robot_swarm_orch.types import Mode, Report

# What is told first: what needs a person, then what keeps robots from their work, then the rest.
_TROUBLE = (
    'halted', 'in_doubt', 'twins', 'silent', 'pose_outside', 'pose_error', 'stale_odom',
    'stale_scan', 'camera_frozen', 'stale_camera', 'joining_refused', 'unenrolled', 'fenced',
    'no_leader', 'leader_deaf', 'robot_deaf', 'emergency', 'no_way', 'node_blocked',
    'way_blocked', 'inactive', 'manual', 'scan', 'detection', 'joining', 'unheard', 'peer',
    'node_held', 'node_promised', 'area_full', 'paused', 'node_kept_free', 'grant', 'payload',
    'driving', 'starting', 'between_steps', 'idle')
_RANK = {kind: rank for rank, kind in enumerate(_TROUBLE)}
_WORK = _RANK['payload']


@dataclass(frozen=True)
class Row:
    """One robot's line."""

    robot: str
    mode: str
    place: str
    order: str
    battery: str
    says: str
    kind: str
    waited_s: float = 0.0

    @property
    def is_trouble(self) -> bool:
        """Return whether something keeps the robot from its work."""
        return _RANK.get(self.kind, 0) < _WORK


def rows(picture: Picture) -> List[Row]:
    """Return a row for each robot, trouble first, those that wait longest before the others."""
    return sorted((_row(picture, robot) for robot in picture.robots()),
                  key=lambda row: (_RANK.get(row.kind, 0), -row.waited_s, row.robot))


def _row(picture, robot):
    report, cause = picture.reports.get(robot), cause_of(picture, robot)
    wait = picture.waits.get(robot)
    waited_s = wait.waited_s if wait is not None and cause.kind.startswith('node_') else 0.0
    says = _says(cause) + (f' ({waited_s:.0f} s)' if waited_s >= 1.0 else '')
    if report is None:
        mode = picture.mode_in_view(robot)
        return Row(robot, '-' if mode is None else Mode(mode).name.lower(), '-', '', '-', says,
                   cause.kind)
    return Row(robot, report.mode.name.lower(), _place(picture, report), report.order_id,
               '-' if isnan(report.battery) else f'{100.0 * report.battery:.0f} %', says,
               cause.kind, waited_s)


def _says(cause: Cause) -> str:
    """Return a cause in few words."""
    text = cause.text
    for start in ('stands: ', 'is ', 'stands '):
        if text.startswith(start):
            return text[len(start):]
    return text


def _place(picture, report: Report) -> str:
    """Return where a robot is: the place, or its point [m]."""
    place = picture.place(report.held[0]) if len(report.held) == 1 else ''
    return place or f'{report.pose.x_m:.1f} {report.pose.y_m:.1f}'


def worth_a_word(picture: Picture, most: int = 12) -> Tuple[str, ...]:
    """Return the robots in trouble whose limiter could tell more than their report does."""
    return tuple(row.robot for row in rows(picture)[:most]
                 if row.is_trouble and not row.kind.startswith('node_'))


def headline(picture: Picture) -> str:
    """Return the fleet in a line: who leads, the work, the crew, the cores."""
    view, lease = picture.view, picture.lease
    parts = [f'site {picture.site_id}']
    if lease is not None:
        parts.append(f'{lease.leader_id} leads, term {lease.term}')
    else:
        parts.append('NO LEADER')
    if view is not None:
        if view.emergency_stop:
            parts.append('EMERGENCY STOP')
        parts.append(f'orders: {view.orders_waiting} wait, {view.orders_open} under way, '
                     f'{view.orders_done} done')
    if picture.processes:
        cores, count = sum(process.cores for process in picture.processes.values()), len(
            picture.processes)
        parts.append(f'{cores:.2f} cores in {count} process{"es" if count > 1 else ""}')
    return '  |  '.join(parts)


def page(picture: Picture, width: int = 120, height: int = 0) -> Tuple[str, ...]:
    """Return the whole page as lines of at most `width`; `height` 0: as many as there are."""
    table = rows(picture)
    count = sum(row.is_trouble for row in table)
    name = max([6, *(len(row.robot) for row in table)]) + 2
    place = max([5, *(len(row.place) for row in table)]) + 2
    order = min(18, max([5, *(len(row.order) for row in table)])) + 2
    out = [headline(picture), f'{len(table)} robots, {count} kept from their work', '',
           f'{"robot":{name}}{"mode":11}{"place":{place}}{"order":{order}}{"battery":9}why']
    out += [f'{row.robot:{name}}{row.mode:11}{row.place:{place}}'
            f'{row.order[:order - 2]:{order}}{row.battery:9}{row.says}' for row in table]
    if height and len(out) > height:
        hidden = len(out) - height + 1
        out = out[:height - 1] + [f'... and {hidden} more']
    return tuple(line[:width] for line in out)


def to_plain(picture: Picture) -> dict:
    """Return the table as values for JSON."""
    view, lease = picture.view, picture.lease
    return {
        'site': picture.site_id, 'leader': lease.leader_id if lease else None,
        'term': lease.term if lease else None,
        'orders': None if view is None else {
            'waiting': view.orders_waiting, 'open': view.orders_open, 'done': view.orders_done},
        'cores': {name: round(process.cores, 3) for name, process in picture.processes.items()},
        'robots': [{'robot': row.robot, 'mode': row.mode, 'place': row.place,
                    'order': row.order, 'battery': row.battery, 'kind': row.kind,
                    'why': row.says} for row in rows(picture)]}
