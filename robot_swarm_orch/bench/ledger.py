# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The ledger of `swarm bench contacts`: what was driven, a JSON line for each seed.

Lines are only ever added, so runs of days and of several versions stand in one file. The same seed
of the same commit, map and number of robots counts once, the longest run of it: to drive it again
shows nothing new.
"""

from collections import Counter
from dataclasses import dataclass, fields
import json
from math import isfinite
import os
from pathlib import Path
from typing import List, Tuple

from robot_swarm_orch.errors import ConfigError


@dataclass(frozen=True)
class Entry:
    """One seed, as a line of the ledger holds it; a line may hold more."""

    commit: str
    map: str
    robots: int
    seed: int
    coordinators: int
    robot_seconds: float
    driven_m: float
    contacts: int
    violations: int  # broken rules, contacts among them; a line names at most twenty

    @property
    def key(self) -> Tuple[str, str, int, int]:
        """Return what makes two lines the same work."""
        return self.commit, self.map, self.robots, self.seed


def add_line(path, values: dict) -> None:
    """Add a line, which outlives a power cut once this returns."""
    with open(path, 'a', encoding='utf-8') as file:
        file.write(json.dumps(values) + '\n')
        file.flush()
        os.fsync(file.fileno())


def read_ledger(path) -> List[Entry]:
    """Return what counts of a ledger, [] if there is no file; ConfigError names a bad line."""
    path, kept = Path(path), {}
    try:
        lines = path.read_text(encoding='utf-8').splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f'{path}: this ledger cannot be read: {error}') from error
    for number, line in enumerate(lines, 1):
        try:
            entry = _entry(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f'{path}:{number}: this is no line of a ledger of `swarm bench contacts` '
                f'({type(error).__name__}: {error}). A killed run may leave half a line at the '
                'end: delete it; for anything else name another file') from error
        other = kept.get(entry.key)
        if other is None or other.robot_seconds < entry.robot_seconds:
            kept[entry.key] = entry
    return list(kept.values())


def _entry(values):
    """Return a line's values, checked; raises ValueError, KeyError or TypeError."""
    entry = Entry(*(values[item.name] for item in fields(Entry)[:-1]),
                  len(values['violations']))
    if not isinstance(entry.commit, str) or not isinstance(entry.map, str):
        raise ValueError('commit and map must be text')
    whole = (entry.robots, entry.seed, entry.coordinators, entry.contacts)
    if not all(type(number) is int for number in whole) or min(
            entry.robots, entry.coordinators) < 1 or entry.contacts < 0:
        raise ValueError('robots, seed, coordinators and contacts must be whole numbers, robots '
                         'and coordinators at least 1')
    for number in (entry.robot_seconds, entry.driven_m):
        if not isinstance(number, (int, float)) or not isfinite(number) or number < 0.0:
            raise ValueError('robot_seconds and driven_m must be numbers of at least 0')
    return entry


def next_seed(entries, commit: str, of_map: str, robots: int) -> int:
    """Return the seed after the last one driven by this commit on this map; 1 if there is none."""
    return max((entry.seed for entry in entries
                if entry.key[:3] == (commit, of_map, robots)), default=0) + 1


def ledger_lines(path, entries) -> List[str]:
    """Return what a ledger holds as people read it: by commit, then in all."""
    if not entries:
        return [f'{path}: nothing in this ledger yet']
    commits = list(Counter(entry.commit for entry in entries))
    lines = [f'{path}:', f'  {"commit":24}{"seeds":>8}{"robot-seconds":>16}'
             f'{"by a Raft group":>17}{"km":>9}{"contacts":>10}{"violations":>12}']
    for commit in commits:
        lines.append(_row(commit or 'unknown', [one for one in entries if one.commit == commit]))
    return lines if len(commits) == 1 else [*lines, _row('all', entries)]


def _row(title, entries):
    """Return one row of the table: the share is that driven through a Raft group."""
    total_s = sum(entry.robot_seconds for entry in entries)
    group_s = sum(entry.robot_seconds for entry in entries if entry.coordinators > 1)
    share = 100.0 * group_s / total_s if total_s else 0.0
    return (f'  {title:24}{len(entries):8}{total_s:16.0f}{share:15.2f} %'
            f'{sum(entry.driven_m for entry in entries) / 1000.0:9.1f}'
            f'{sum(entry.contacts for entry in entries):10}'
            f'{sum(entry.violations for entry in entries):12}')
