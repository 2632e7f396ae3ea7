# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
One process for each coordinator, one fleet for each site: who else is there, and who gives way.

Raft rests on each replica being one: two processes that answer as `c1` could vote twice in one
term, so two leaders could arise. And two fleets on one site would each grant the same robots the
same floor. Neither can be seen from Raft's messages alone, since a group of one sends none. So
each coordinator tells its presence a few times a second: a random boot id, for how long it has
run, and for how long its fleet has.

A coordinator that starts listens before it speaks. The younger one gives way: a process that
meets an older one under its own id, and each process of a fleet that meets an older fleet. Ages
come from steady clocks, and a word that comes late makes its sender look younger, so two never
give way to each other. The older one goes on and says what it meets.
"""

from robot_swarm_orch.codec import pack, unpack
from robot_swarm_orch.errors import ConfigError, WireError

PERIOD_S = 0.2
LISTEN_S = 0.6
# Ages as near as this are the same, and boot ids or names decide [s]. Latency makes each side look
# older to itself, so two that both stayed for a while look again with a wider measure.
_TIE_S = 0.05
_WIDE_TIE_S = 1.0
_BOTH_STAYED_S = 2.0
# Who gives way tells its presence for so much longer, so that the other one notices it too [s].
_FAREWELL_S = 1.0
# Who was not heard for so long is gone [s].
_GONE_S = 5.0
_VERSION = 1
_AGE_MS_MAX = 1 << 50


class Presence:
    """What one coordinator says of itself, and hears of others."""

    def __init__(self, site_id: str, cluster_id: str, node_id: str, boot_id: int, now_s: float):
        """Begin at `now_s` of a steady clock; `boot_id` is a random number below 2^62."""
        self._site_id, self._cluster_id, self._node_id = site_id, cluster_id, node_id
        self._boot_id = boot_id
        self._began_s = now_s
        self._fleet_began_s = now_s
        self._trouble, self._trouble_s = '', -_GONE_S
        self._met_s = {}
        self._verdict, self._verdict_s = '', 0.0
        self._due_s = now_s

    def word(self, now_s: float):
        """Return the bytes to tell all coordinators now, None when it is not time yet."""
        if now_s < self._due_s:
            return None
        self._due_s = now_s + PERIOD_S
        return pack((_VERSION, self._boot_id, _ms(now_s - self._began_s),
                     _ms(now_s - self._fleet_began_s)))

    def may_speak(self, now_s: float) -> bool:
        """Return whether this one has listened for long enough, and need not give way."""
        return now_s - self._began_s >= LISTEN_S and not self._verdict

    def check(self, now_s: float) -> None:
        """Raise ConfigError when this process has to end."""
        if self._verdict and now_s - self._verdict_s >= _FAREWELL_S:
            raise ConfigError(self._verdict)

    def trouble(self, now_s: float) -> str:
        """Return what was met lately that ought not to be, '' if nothing was."""
        return self._trouble if now_s - self._trouble_s < _GONE_S else ''

    def hear(self, now_s: float, cluster_id: str, sender: str, word: bytes) -> None:
        """
        Take in the presence of a coordinator of this site, this one's own included.

        Raises WireError for bytes that are none.
        """
        boot_id, age_s, fleet_age_s = _read(word)
        if boot_id == self._boot_id or self._verdict:
            return
        if cluster_id != self._cluster_id:
            self._meet_fleet(now_s, cluster_id, sender, fleet_age_s)
        elif sender == self._node_id:
            self._meet_double(now_s, boot_id, age_s)
        else:
            self._fleet_began_s = min(self._fleet_began_s, now_s - fleet_age_s)

    def _meet_double(self, now_s, boot_id, age_s):
        """Note another process of this coordinator's id, and give way if that one is the older."""
        mine_s = now_s - self._began_s
        text = (f'two processes answer as coordinator {self._node_id!r} of cluster '
                f'{self._cluster_id!r}: the other one runs for {age_s:.1f} s, this one for '
                f'{mine_s:.1f} s')
        if self._gives_way(now_s, boot_id, age_s - mine_s, boot_id > self._boot_id):
            self._verdict, self._verdict_s = (
                f'{text}, so this one ends. Give each coordinator a node_id of its own among '
                '`voters`, or stop the other process'), now_s
            return
        self._note(now_s, f'{text}; the younger one ends. Give each a node_id of its own')

    def _meet_fleet(self, now_s, cluster_id, sender, fleet_age_s):
        """Note a coordinator of another fleet, and give way if that fleet is the older one."""
        mine_s = now_s - self._fleet_began_s
        text = (f'two fleets on site_id {self._site_id!r}: coordinator {sender!r} of cluster '
                f'{cluster_id!r}, whose fleet runs for {fleet_age_s:.1f} s, and this one of '
                f'cluster {self._cluster_id!r}, for {mine_s:.1f} s')
        if self.may_speak(now_s) and self._gives_way(now_s, cluster_id, fleet_age_s - mine_s,
                                                     cluster_id < self._cluster_id):
            self._verdict, self._verdict_s = (
                f'{text}, so this one ends. Give one of them another site_id or ROS domain, or '
                'stop the other fleet first'), now_s
            return
        self._note(now_s, f'{text}; the younger one ends. Give one of them another site_id')

    def _gives_way(self, now_s, other, older_by_s, loses_ties):
        """Return whether this one gives way to another that is older by some seconds."""
        met_s = self._met_s.setdefault(other, now_s)
        tie_s = _TIE_S if now_s - met_s < _BOTH_STAYED_S else _WIDE_TIE_S
        return loses_ties if abs(older_by_s) <= tie_s else older_by_s > 0.0

    def _note(self, now_s, text):
        self._trouble, self._trouble_s = text, now_s


def _ms(seconds: float) -> int:
    return int(1000.0 * seconds)


def _read(word):
    """Return (boot id, age, age of the fleet [s]) of a presence; raises WireError."""
    values = unpack(word)
    if not (isinstance(values, tuple) and len(values) == 4 and values[0] == _VERSION
            and all(type(value) is int and 0 <= value < 1 << 62 for value in values)
            and max(values[2:]) < _AGE_MS_MAX):
        raise WireError(f'it is no presence of version {_VERSION}')
    return values[1], 1e-3 * values[2], 1e-3 * values[3]
