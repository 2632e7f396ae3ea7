# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""When what happens in a demo: warm-up, steady state, faults, end. All times from the start."""

from dataclasses import dataclass
import re
from typing import Optional, Tuple

from robot_swarm_orch.config import check
from robot_swarm_orch.errors import ConfigError

LEADER, MAJORITY, EDGE = 'leader', 'majority', 'edge'
KINDS = {
    LEADER: 'the coordinator that leads',
    MAJORITY: 'the leader and as many others as a majority takes',
    EDGE: 'the first process of robots',
}
STEADY_LEAST_S = 180.0  # shorter steady states give no throughput figure
WARM_UP_S = 120.0  # about one order's round: before, too few robots are on their way back
DEFAULT_DOWN_S = {LEADER: 10.0, MAJORITY: 8.0, EDGE: 4.0}
SHORTEST_S = 20.0
_SETTLE_S = 5.0  # kept free between the steady state and the first fault
_RECOVER_S = 75.0  # wanted between the last of the default faults and the end
_FAULT = re.compile(r'(?P<kind>[a-z]+)@(?P<at>\d+(\.\d+)?)(\+(?P<down>\d+(\.\d+)?))?')


@dataclass(frozen=True)
class Fault:
    """SIGKILL to some processes at a time [s], and when they are started again [s]."""

    kind: str
    at_s: float
    down_s: float

    @property
    def until_s(self) -> float:
        """Return when the processes are started again [s]."""
        return self.at_s + self.down_s

    def __str__(self):
        """Return the fault in the notation of `--faults`."""
        return f'{self.kind}@{self.at_s:g}+{self.down_s:g}'


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


def timeline(duration_s: float, faults: str = 'default') -> Timeline:
    """
    Return the phases of a demo.

    faults: 'default' (a leader, later a majority), 'none', or a list such as
    `leader@370,majority@430+8`: kind, seconds from the start, seconds until the restart.
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
        check(fault.at_s >= previous_s,
              f'fault {fault} begins before the one ahead of it is over, at {previous_s:g} s')
        check(fault.until_s < duration_s,
              f'fault {fault} is not over before the demo ends, at {duration_s:g} s')
        previous_s = fault.until_s
    return Timeline(duration_s, min(WARM_UP_S, 0.2 * duration_s), chosen)


def default_faults(duration_s: float) -> Tuple[Fault, ...]:
    """Return a leader's death and, later, that of a majority, after as long a calm as fits."""
    leader_s = 0.35 * duration_s
    calm_s = min(WARM_UP_S, 0.2 * duration_s) + STEADY_LEAST_S + 2 * _SETTLE_S
    gap_s = max(min(12.0, 0.25 * duration_s), 0.1 * duration_s)
    if calm_s + gap_s + _RECOVER_S <= duration_s:
        leader_s = max(calm_s, 370.0 / 600.0 * duration_s)
    return (Fault(LEADER, round(leader_s, 1), min(DEFAULT_DOWN_S[LEADER], 0.8 * gap_s)),
            Fault(MAJORITY, round(leader_s + gap_s, 1),
                  min(DEFAULT_DOWN_S[MAJORITY], 0.2 * duration_s)))


def parse_fault(text: str) -> Fault:
    """Return the fault written as `kind@seconds+seconds`; raise ConfigError if it is none."""
    match = _FAULT.fullmatch(text.strip())
    if not match or match['kind'] not in KINDS:
        raise ConfigError(
            f'--faults: {text.strip()!r} is not KIND@SECONDS[+SECONDS_DOWN] with a kind of '
            f'{", ".join(KINDS)}, as in leader@370,majority@430+8')
    kind = match['kind']
    down_s = float(match['down']) if match['down'] else DEFAULT_DOWN_S[kind]
    return Fault(kind, float(match['at']), down_s)
