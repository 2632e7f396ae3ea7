# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Neighbours in a free zone: the newest word of each, and since when at the latest it is true.

Unlike `peers.PeerTable`, nobody is forgotten for being silent: where a robot may be grows with the
age of its last word, and who is never heard again keeps others at a distance until its departure,
or that it stands, is vouched for (`left`, `stands`, `found`).

**How old a word is.** Robots share no clock, so a word's stamp alone tells nothing. But of two
words of one robot, the difference of (heard - sent) is the difference of their delays. The
promptest word of the last minutes therefore tells how much later than it any other came; what
remains unknown is the delay of the promptest, for which `AvoidanceConfig.delay_s` is the bound.
A clock that drifts by 100 parts in a million changes that by 12 ms; one that is set forward is
followed at once, and one that is set back makes words seem late, so the robot careful.
"""

from dataclasses import dataclass
from math import cos, inf, sin
from struct import Struct

import numpy as np

from robot_swarm_orch.config import check_ranges, param
from robot_swarm_orch.types import Peer

# Rows of the table.
X, Y, COS, SIN, SPEED, RATE, RADIUS, BORN, REST = range(9)
_ROWS = 9
# Writes one word into the table in a fraction of the time that an assignment by NumPy takes.
_COLUMN = Struct(f'{_ROWS}d')
_WRITE, _BYTES = _COLUMN.pack_into, _COLUMN.size
# A robot that was never heard is put far off, with a word so old that it may be anywhere.
_NOWHERE_M, _NEVER_S = 1e6, -1e9
# The promptest word is sought among those of the last one to two windows [s].
_WINDOW_S = 60.0
# Of so many words one was prompt; with fewer, the newest may be older than it seems by this much.
_ENOUGH_WORDS = 5
_UNSURE_S = 1.0
# A late word of one of so many earlier boots is known as such.
_BOOTS = 8


@dataclass(frozen=True)
class AvoidanceConfig:
    """How a robot avoids others where there is no roadmap."""

    delay_s: float = param(
        0.25, "the promptest of a neighbour's words take at most this long, from its sensors to "
        'the tick that reads them [s]', 0.0, 10.0)
    listen_s: float = param(
        2.0, 'a robot listens for this long before it first moves in a free zone [s]', 0.0, 60.0)
    margin_m: float = param(
        0.05, 'gap that the gate keeps, beyond footprints and errors [m]', 0.01, 2.0)
    horizon_s: float = param(
        4.0, 'avoidance looks this far ahead for conflicts [s]', 0.5, 30.0)
    range_m: float = param(
        6.0, 'avoidance looks at neighbours within this distance [m]', 1.0, 100.0)
    nearest: int = param(8, 'avoidance looks at so many of the nearest neighbours', 1, 100)
    lead_m: float = param(
        0.15, 'the point that is steered lies this far ahead of the axle [m]', 0.02, 2.0)
    bias_rad: float = param(
        0.3, 'a robot that meets others keeps to the right by this angle [rad]', 0.0, 1.5)

    def __post_init__(self):
        """Check ranges."""
        check_ranges(self)


class _Hearing:
    """What is remembered of one robot besides its row: identity and promptness."""

    __slots__ = ('column', 'boot_id', 'seq', 'count', 'since_s', 'least_s', 'before_s',
                 'radius_m', 'ended')

    def __init__(self, column, boot_id, now_s, ended=()):
        """Know nothing of its promptness yet."""
        self.column, self.boot_id, self.seq = column, boot_id, -1
        self.count, self.radius_m, self.ended = 0, 0.0, ended
        self.since_s = now_s
        self.least_s = self.before_s = inf  # least (heard - sent) of this window, the last


class Neighbours:
    """The newest word of each robot, as columns of one array; see the module's docstring."""

    def __init__(self, config: AvoidanceConfig = AvoidanceConfig()):
        """Start with nobody known."""
        self.config, self._delay_s = config, config.delay_s
        self.names = []
        self._known = {}
        self._make_room(np.zeros((16, _ROWS)))

    def __len__(self) -> int:
        """Return how many robots are known."""
        return len(self.names)

    @property
    def table(self):
        """Return the rows X to REST (9, n): m, m, -, -, m/s, rad/s, m, s, s; map frame."""
        return self._cells[:len(self.names)].T

    def column(self, robot: str) -> int:
        """Return the column of a robot; -1 if it is unknown."""
        known = self._known.get(robot)
        return -1 if known is None else known.column

    def hear(self, peer: Peer, sent_s: float) -> bool:
        """
        Take in a word, sent at `sent_s` of the sender's clock [s].

        Returns False for a word that is older than the newest, or of an earlier boot.
        """
        known = self._known.get(peer.robot)
        if known is None or known.boot_id != peer.boot_id:
            if known is not None and peer.boot_id in known.ended:
                return False
            column = self._enter(peer.robot) if known is None else known.column
            ended = () if known is None else (known.boot_id, *known.ended)[:_BOOTS]
            known = self._known[peer.robot] = _Hearing(column, peer.boot_id, peer.heard_s, ended)
        heard_s, seq = peer.heard_s, peer.seq
        took_s = heard_s - sent_s
        if heard_s - known.since_s > _WINDOW_S:
            known.since_s, known.before_s, known.least_s = heard_s, known.least_s, took_s
        elif took_s < known.least_s:
            known.least_s = took_s
        if seq <= known.seq:
            return False
        known.seq = seq
        prompt_s = known.least_s if known.least_s < known.before_s else known.before_s
        born_s = sent_s + prompt_s - self._delay_s
        if known.count < _ENOUGH_WORDS:
            known.count += 1
            if known.count < _ENOUGH_WORDS:
                born_s -= _UNSURE_S
        known.radius_m = radius_m = peer.footprint_radius_m + peer.pose_error_m
        pose, motion = peer.pose, peer.motion
        yaw_rad = pose.yaw_rad
        _WRITE(self._bytes, known.column * _BYTES, pose.x_m, pose.y_m, cos(yaw_rad),
               sin(yaw_rad), motion.speed_mps, motion.yaw_rate_radps, radius_m, born_s, inf)
        return True

    def expect(self, robot: str) -> None:
        """
        Know of a robot in the zone, as from the coordinators; until it is heard, all must stand.

        A robot that is neither expected nor heard is not reckoned with.
        """
        if robot not in self._known:
            column = self._enter(robot)
            self._known[robot] = _Hearing(column, None, 0.0)
            self._cells[column] = (_NOWHERE_M, _NOWHERE_M, 1.0, 0.0, 0.0, 0.0, 0.0, _NEVER_S, inf)

    def stands(self, robot: str, since_s: float, grown) -> None:
        """
        Take somebody's word for it that a known robot rests since `since_s` [s; own clock].

        A disc that covers all places where it may have come to rest takes the place of its last
        word, until it is heard again. grown: `free_gate.may_be` with the fleet's limits, as a
        function of (table, hours) that returns (fwd, lat). Who stands inside that disc stays there
        until the place is known better (`found`): it cannot tell which way is free.
        """
        column = self.column(robot)
        if column < 0:
            return
        row = self.table[:, column:column + 1]
        if row[REST, 0] < inf or row[BORN, 0] <= _NEVER_S:
            return
        fwd, lat = grown(row, np.full((1, 1), max(0.0, since_s - row[BORN, 0])))
        fwd, lat = float(fwd[0, 0]), float(lat[0, 0])
        if 0.5 * fwd + lat < fwd:
            row[X] += 0.5 * fwd * row[COS]
            row[Y] += 0.5 * fwd * row[SIN]
            row[RADIUS] += 0.5 * fwd + lat
        else:
            row[RADIUS] += fwd
        row[SPEED] = row[RATE] = 0.0
        row[BORN] = row[REST] = since_s

    def found(self, robot: str, x_m: float, y_m: float, since_s: float) -> None:
        """Take a person's word for it that a known robot stands here [m; map], since then."""
        column = self.column(robot)
        if column >= 0:
            row = self.table[:, column]
            row[RADIUS] = self._known[robot].radius_m
            row[[X, Y, SPEED, RATE, BORN, REST]] = x_m, y_m, 0.0, 0.0, since_s, since_s

    def left(self, robot: str) -> None:
        """Forget a robot that left the zone, or that a person took away."""
        table = self.table
        known = self._known.pop(robot, None)
        if known is None:
            return
        last = len(self.names) - 1
        moved = self.names.pop()
        if known.column != last:
            table[:, known.column] = table[:, last]
            self.names[known.column] = moved
            self._known[moved].column = known.column

    def _enter(self, robot):
        """Give a robot a column."""
        column = len(self.names)
        if column == len(self._cells):
            self._make_room(np.concatenate((self._cells, np.zeros_like(self._cells))))
        self.names.append(robot)
        return column

    def _make_room(self, cells):
        """Keep words in this array (robot, row) from now on."""
        self._cells, self._bytes = cells, memoryview(cells).cast('B')
