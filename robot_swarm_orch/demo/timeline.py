# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
When what happens in a demo: warm-up, steady state, faults, end. All times from the start.

A fault is written `KIND[:COORDINATOR]@SECONDS[+SECONDS]`: what is done, to whom, when, and for how
long. `faults.py` carries it out, `fault_judges.py` judges what it did to the fleet.
"""

from dataclasses import dataclass
import re
from typing import Dict, Optional, Tuple

from robot_swarm_orch.config import check
from robot_swarm_orch.errors import ConfigError

LEADER, MAJORITY, EDGE = 'leader', 'majority', 'edge'
FREEZE, FREEZE_EDGE = 'freeze', 'freeze-edge'
RESTART, WIPE, REPLACE = 'restart', 'wipe', 'replace'
LATE = 'late'
CUT, SPLIT, MUTE, DEAF = 'cut', 'split', 'mute', 'deaf'


@dataclass(frozen=True)
class Kind:
    """One kind of fault: what it does, and for how long if nobody says [s]."""

    doc: str
    down_s: float
    targeted: bool = False  # whether a coordinator may be named; the leader else


KINDS: Dict[str, Kind] = {
    LEADER: Kind('SIGKILL to the coordinator that leads, started again', 10.0),
    MAJORITY: Kind('SIGKILL to the leader and as many others as a majority takes', 8.0),
    EDGE: Kind('SIGKILL to the first process of robots', 4.0),
    FREEZE: Kind('SIGSTOP, then SIGCONT; then its last words are said again', 10.0, True),
    FREEZE_EDGE: Kind('SIGSTOP, then SIGCONT, to the first process of robots', 6.0),
    RESTART: Kind('SIGTERM, and started again once it has ended', 2.0, True),
    WIPE: Kind('SIGKILL, its disk emptied, and started again under its id', 4.0, True),
    REPLACE: Kind('SIGKILL for good; another id is added, the dead one is removed', 4.0, True),
    LATE: Kind("the coordinators' last words are said again, so much later", 5.0),
    CUT: Kind('cut off from everybody', 8.0, True),
    SPLIT: Kind('cut off from the other coordinators, not from the robots', 8.0, True),
    MUTE: Kind('nobody hears it, it hears all', 8.0, True),
    DEAF: Kind('it hears nobody, all hear it', 8.0, True),
}
NETWORK_KINDS = frozenset((CUT, SPLIT, MUTE, DEAF))
STEADY_LEAST_S = 180.0  # shorter steady states give no throughput figure
WARM_UP_S = 120.0  # about one order's round: before, too few robots are on their way back
SHORTEST_S = 20.0
_SETTLE_S = 5.0  # kept free between the steady state and the first fault
_RECOVER_S = 75.0  # wanted between the last of the default faults and the end
_FAULT = re.compile(r'(?P<kind>[a-z-]+)(:(?P<target>\w+))?'
                    r'@(?P<at>\d+(\.\d+)?)(\+(?P<down>\d+(\.\d+)?))?')


@dataclass(frozen=True)
class Fault:
    """What is done at a time [s], for how long [s], and to which coordinator, if one is named."""

    kind: str
    at_s: float
    down_s: float
    target: str = ''

    @property
    def until_s(self) -> float:
        """Return when it is undone [s]: processes start again, words arrive, links heal."""
        return self.at_s + self.down_s

    def __str__(self):
        """Return the fault in the notation of `--faults`."""
        whom = f':{self.target}' if self.target else ''
        return f'{self.kind}{whom}@{self.at_s:g}+{self.down_s:g}'


@dataclass(frozen=True)
class Timeline:
    """The phases of a demo [s]; `steady` is None when no time is left for one."""

    duration_s: float
    warm_up_s: float
    faults: Tuple[Fault, ...]

    @property
    def steady(self) -> Optional[Tuple[float, float]]:
        """Return the beginning and the end of the steady state without faults."""
        end = self.faults[0].at_s - _SETTLE_S if self.faults else self.duration_s
        return (self.warm_up_s, end) if end > self.warm_up_s else None

    @property
    def cuts_links(self) -> bool:
        """Return whether some fault needs network namespaces."""
        return any(fault.kind in NETWORK_KINDS for fault in self.faults)

    @property
    def repeats_words(self) -> bool:
        """Return whether some fault says words of the coordinators again."""
        return any(fault.kind in (LATE, FREEZE) for fault in self.faults)


def timeline(duration_s: float, faults: str = 'default') -> Timeline:
    """
    Return the phases of a demo.

    faults: 'default' (a leader, later a majority), 'none', or a list such as
    `leader@370,majority@430+8`: kind, seconds from the start, seconds until it is undone. One
    fault follows the other; only late words overlap with what else goes wrong.
    Raises ConfigError when it can't be read or doesn't fit.
    """
    check(duration_s >= SHORTEST_S, f'--duration {duration_s:g} is too short: at least '
          f'{SHORTEST_S:g} s')
    if faults == 'default':
        chosen = default_faults(duration_s)
    elif faults in ('none', ''):
        chosen = ()
    else:
        chosen = tuple(sorted((parse_fault(text) for text in faults.split(',')),
                              key=lambda fault: fault.at_s))
    previous_s = 0.0
    for fault in chosen:
        check(fault.at_s >= previous_s or fault.kind == LATE,
              f'fault {fault} begins before the one ahead of it is over, at {previous_s:g} s')
        check(fault.until_s < duration_s,
              f'fault {fault} is not over before the demo ends, at {duration_s:g} s')
        if fault.kind != LATE:
            previous_s = fault.until_s
    return Timeline(duration_s, min(WARM_UP_S, 0.2 * duration_s), chosen)


def default_faults(duration_s: float) -> Tuple[Fault, ...]:
    """Return a leader's death and, later, that of a majority, after as long a calm as fits."""
    leader_s = 0.35 * duration_s
    calm_s = min(WARM_UP_S, 0.2 * duration_s) + STEADY_LEAST_S + 2 * _SETTLE_S
    gap_s = max(min(12.0, 0.25 * duration_s), 0.1 * duration_s)
    if calm_s + gap_s + _RECOVER_S <= duration_s:
        leader_s = max(calm_s, 370.0 / 600.0 * duration_s)
    return (Fault(LEADER, round(leader_s, 1), min(KINDS[LEADER].down_s, 0.8 * gap_s)),
            Fault(MAJORITY, round(leader_s + gap_s, 1),
                  min(KINDS[MAJORITY].down_s, 0.2 * duration_s)))


def parse_fault(text: str) -> Fault:
    """Return the fault written as `kind@seconds+seconds`; raise ConfigError if it is none."""
    match = _FAULT.fullmatch(text.strip())
    if not match or match['kind'] not in KINDS:
        raise ConfigError(
            f'--faults: {text.strip()!r} is not KIND[:COORDINATOR]@SECONDS[+SECONDS] with a kind '
            f'of {", ".join(KINDS)}, as in leader@370,majority@430+8,restart:c2@500')
    kind = KINDS[match['kind']]
    check(kind.targeted or not match['target'],
          f'--faults: {match["kind"]} takes no coordinator: write {match["kind"]}@{match["at"]}')
    down_s = float(match['down']) if match['down'] else kind.down_s
    return Fault(match['kind'], float(match['at']), down_s, match['target'] or '')
