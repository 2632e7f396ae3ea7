# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The scenarios of `swarm chaos`: named schedules of faults for the fleet of `swarm demo`.

What a fault does stands in `timeline.KINDS`, how it is judged in `fault_judges.JUDGES`. A scenario
repeats its pattern as often as the duration has room for.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import Callable, Dict, Tuple

from robot_swarm_orch.config import check
from robot_swarm_orch.demo.timeline import (
    CUT, DEAF, EDGE, Fault, FREEZE, FREEZE_EDGE, KINDS, LATE, LEADER, MAJORITY, MUTE,
    REPLACE, RESTART, SPLIT, WIPE)

FIRST_S = 6.0  # robots are under way by then
RECOVER_S = 4.0  # kept free after the last fault
BETWEEN_S = 6.0  # from the end of one pattern to the next

_ON_PROCESSES = (LEADER, MAJORITY, EDGE, FREEZE, FREEZE_EDGE, RESTART, WIPE, REPLACE, LATE)
_ON_LINKS = (CUT, SPLIT, MUTE, DEAF)

Faults = Tuple[Fault, ...]


@dataclass(frozen=True)
class Scenario:
    """
    A named schedule.

    plan(duration [s], coordinators, rng) returns its faults. duration_s: unless another is asked
    for.
    """

    summary: str
    duration_s: float
    plan: Callable[[float, Tuple[str, ...], Random], Faults]


def scenario_faults(name: str, duration_s: float, coordinators: Tuple[str, ...],
                    seed: int) -> str:
    """
    Return the faults of a scenario as `--faults` writes them.

    Raises ConfigError when the duration has no room for any.
    """
    scenario = SCENARIOS[name]
    faults = scenario.plan(duration_s, coordinators, Random(f'chaos/{name}/{seed}'))
    check(bool(faults), f'--duration {duration_s:g} has no room for the scenario {name}: its own '
          f'duration is {scenario.duration_s:g} s')
    return ','.join(map(str, faults))


def needs_network(name: str) -> bool:
    """Return whether a scenario cuts links, so that it needs network namespaces."""
    return name in ('partition', 'storm')


def _fitting(faults: Faults, duration_s: float) -> Faults:
    """Return the faults that are over in time."""
    return tuple(fault for fault in faults if fault.until_s + RECOVER_S <= duration_s)


def _repeated(pattern: Faults, duration_s: float) -> Faults:
    """Return a pattern as often as the duration has room for all of it."""
    begin_s = min(fault.at_s for fault in pattern)
    length_s = max(fault.until_s for fault in pattern) - begin_s
    faults, shift_s = (), 0.0
    while begin_s + shift_s + length_s + RECOVER_S <= duration_s:
        faults += tuple(replace(fault, at_s=fault.at_s + shift_s) for fault in pattern)
        shift_s += length_s + BETWEEN_S
    return faults


def _frozen_leader(duration_s, coordinators, rng) -> Faults:
    return _repeated((Fault(FREEZE, FIRST_S, 10.0),), duration_s)


def _majority_loss(duration_s, coordinators, rng) -> Faults:
    """Let words of the dead leader arrive when all are at rest and nobody leads."""
    return _repeated((Fault(LATE, FIRST_S, 4.5), Fault(MAJORITY, FIRST_S + 0.5, 6.0)), duration_s)


def _rolling(duration_s, coordinators, rng) -> Faults:
    return _repeated(tuple(Fault(RESTART, FIRST_S + 10.0 * number, 2.0, node_id)
                           for number, node_id in enumerate(coordinators)), duration_s)


def _replace(duration_s, coordinators, rng) -> Faults:
    """Take the leader for good, later the disk of another."""
    return _repeated((Fault(REPLACE, FIRST_S, 4.0),
                      Fault(WIPE, FIRST_S + 20.0, 4.0, rng.choice(coordinators))), duration_s)


def _partition(duration_s, coordinators, rng) -> Faults:
    return _repeated(tuple(Fault(kind, FIRST_S + 14.0 * number, 8.0)
                           for number, kind in enumerate((CUT, SPLIT, MUTE, DEAF))), duration_s)


def _delayed(duration_s, coordinators, rng) -> Faults:
    """Let words arrive in calm, across a change of leader, while nobody leads, much later."""
    return _fitting((
        Fault(LATE, FIRST_S, 0.5), Fault(LATE, FIRST_S, 60.0), Fault(LATE, 8.0, 3.0),
        Fault(LATE, 13.0, 3.0), Fault(LEADER, 14.0, 4.0),
        Fault(LATE, 21.5, 4.5), Fault(MAJORITY, 22.0, 6.0),
        Fault(FREEZE_EDGE, 38.0, 6.0), Fault(LATE, 48.0, 10.0)), duration_s)


def _random(duration_s, coordinators, rng) -> Faults:
    return _drawn(_ON_PROCESSES, duration_s, coordinators, rng)


def _storm(duration_s, coordinators, rng) -> Faults:
    return _drawn(_ON_PROCESSES + _ON_LINKS, duration_s, coordinators, rng)


def _drawn(kinds, duration_s, coordinators, rng) -> Faults:
    """Draw each kind as often as the others, victims, lengths and pauses."""
    faults, bag, at_s = (), [], FIRST_S + 4.0 * rng.random()
    while True:
        bag = bag or rng.sample(kinds, len(kinds))
        kind = bag.pop()
        down_s = round(rng.uniform(2.0, 10.0), 1)
        target = rng.choice(coordinators) if KINDS[kind].targeted else ''
        fault = Fault(kind, round(at_s, 1), down_s, target)
        if fault.until_s + RECOVER_S > duration_s:
            return faults
        faults += (fault,)
        at_s = fault.until_s + BETWEEN_S + 4.0 * rng.random()


SCENARIOS: Dict[str, Scenario] = {
    'frozen-leader': Scenario(
        'the leader is stopped for 10 s with SIGSTOP, then goes on', 40.0, _frozen_leader),
    'majority-loss': Scenario(
        'the leader and as many others as a majority takes are killed', 40.0, _majority_loss),
    'rolling': Scenario(
        'all coordinators are restarted, one after another', 40.0, _rolling),
    'replace': Scenario(
        'the leader dies for good and another takes its place; later one loses its disk', 45.0,
        _replace),
    'partition': Scenario(
        'the leader is cut off: from all, from its followers, one way, the other way', 75.0,
        _partition),
    'delayed': Scenario(
        'leases, authorities, commands and consensus arrive 0.5 to 60 s late', 80.0, _delayed),
    'random': Scenario(
        "faults of all these kinds but the partition's, drawn from the seed", 120.0, _random),
    'storm': Scenario(
        'faults of all these kinds, cut links too, drawn from the seed', 180.0, _storm),
}
