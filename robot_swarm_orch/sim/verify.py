# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
`swarm verify`: many seeds of a fleet under faults, on several processes, with a summary.

A seed that fails is printed with the faults that it met, the commit, and the command that replays
it. `docs/verification.md` says what is simulated, what is judged, and what this cannot show.
"""

from dataclasses import dataclass, fields
import multiprocessing
import os
from pathlib import Path
from statistics import median
import subprocess
import sys
from time import perf_counter
from typing import Optional

from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.sim.faults import FaultOptions
from robot_swarm_orch.sim.trial import Outcome, run_trial, summary_fields, Trial
from robot_swarm_orch.yaml_files import read_yaml

_PROGRESS_EVERY = 50
_LABELS = {
    'virtual_s': 'virtual time [s]', 'faults': 'faults', 'leader_changes': 'changes of leader',
    'orders_done': 'orders done', 'orders_failed': 'orders failed',
    'orders_cancelled': 'orders cancelled', 'calls': 'calls of customers',
    'refused_stale': 'stale commands refused', 'held_back': 'words held back',
    'leader_found_s': 'leader after healing [s]', 'orders_ended_s': 'orders ended after [s]',
    'rest_s': 'motion after loss of consensus [s]'}


@dataclass(frozen=True)
class VerifyOptions:
    """What `swarm verify` was asked to do; `faults_file` may hold fields of `FaultOptions`."""

    seeds: int = 100
    first_seed: int = 1
    robots: int = 10
    workers: int = 2
    profile: str = ''
    faults_file: str = ''


def read_faults(path: str, profile: str) -> FaultOptions:
    """Return the options in a YAML file (empty: the defaults); ConfigError names what is wrong."""
    values = {}
    if path:
        values = read_yaml(path, 'file of faults') or {}
        known = {item.name for item in fields(FaultOptions)}
        if not isinstance(values, dict) or not known.issuperset(values):
            unknown = sorted(set(values) - known) if isinstance(values, dict) else values
            raise ConfigError(f'{path}: {unknown} are no options of faults; known: '
                              f'{", ".join(sorted(known))}')
        values = {name: tuple(value) if isinstance(value, list) else value
                  for name, value in values.items()}
    if profile:
        values['profile'] = profile
    try:
        return FaultOptions(**values)
    except (TypeError, ValueError) as error:
        raise ConfigError(f'{path}: each range is a list of two numbers ({error})') from error


def commit() -> str:
    """Return which commit of the source this is, '' where that is unknown."""
    try:
        found = subprocess.run(
            ['git', 'describe', '--always', '--dirty', '--tags'], capture_output=True, text=True,
            cwd=Path(__file__).resolve().parent, timeout=10.0, check=False)
    except (OSError, subprocess.SubprocessError):
        return ''
    return found.stdout.strip() if found.returncode == 0 else ''


def replay_command(seed: int, options: VerifyOptions) -> str:
    """Return the command that runs one seed again."""
    words = [f'swarm verify --seeds 1 --first-seed {seed} --robots {options.robots}']
    if options.profile:
        words.append(f'--profile {options.profile}')
    if options.faults_file:
        words.append(f'--faults {options.faults_file}')
    return ' '.join(words)


def run_verify(options: VerifyOptions, out=None) -> int:
    """Run the seeds, print what came of them; return 0 if all passed, else 1."""
    out = out or sys.stdout
    faults = read_faults(options.faults_file, options.profile)
    trials = [Trial(seed, options.robots, faults)
              for seed in range(options.first_seed, options.first_seed + options.seeds)]
    started, outcomes, failed = perf_counter(), [], 0
    for outcome in shared_out(run_trial, trials, options.workers):
        outcomes.append(outcome)
        if outcome.violations:
            failed += 1
            print(failure_text(outcome, options), file=out, flush=True)
        elif options.seeds == 1:
            print(*outcome.log, sep='\n', file=out)
        if len(outcomes) % _PROGRESS_EVERY == 0:
            print(f'{len(outcomes)} seeds, {failed} failed, {perf_counter() - started:.0f} s',
                  file=out, flush=True)
    print(summary_text(outcomes, options, perf_counter() - started), file=out, flush=True)
    return 1 if failed else 0


def shared_out(run, jobs, workers: int):
    """Yield `run(job)` of each job, in their order; several processes share them."""
    if workers == 1 or len(jobs) == 1:
        yield from map(run, jobs)
        return
    # Fresh interpreters: no state of this process, and another hash seed, leaks into a run.
    with multiprocessing.get_context('spawn').Pool(min(workers, len(jobs))) as pool:
        yield from pool.imap(run, jobs)


def failure_text(outcome: Outcome, options: VerifyOptions,
                 version: Optional[str] = None) -> str:
    """Return what a person needs who looks into a seed that failed."""
    version = commit() if version is None else version
    lines = [f'seed {outcome.seed} FAILED (profile {outcome.profile}, commit '
             f'{version or "unknown"}, history {outcome.digest})']
    lines += [f'  {text}' for text in outcome.violations[:10]]
    if len(outcome.violations) > 10:
        lines.append(f'  and {len(outcome.violations) - 10} more')
    lines += ['  faults:', *(f'    {line}' for line in outcome.log[-40:]),
              f'  replay: {replay_command(outcome.seed, options)}']
    return '\n'.join(lines)


def summary_text(outcomes, options: VerifyOptions, wall_s: float) -> str:
    """Return the table of medians."""
    failed = [outcome.seed for outcome in outcomes if outcome.violations]
    lines = [f'{"of all seeds":36}{"median":>10}{"least":>10}{"most":>10}']
    for name in summary_fields():
        values = [getattr(outcome, name) for outcome in outcomes]
        lines.append(f'{_LABELS[name]:36}{median(values):10.4g}{min(values):10.4g}'
                     f'{max(values):10.4g}')
    bounds = outcomes[0].bounds
    profiles = {}
    for outcome in outcomes:
        profiles[outcome.profile] = profiles.get(outcome.profile, 0) + 1
    lines += [
        f'bounds: a leader {bounds.leader_s:.1f} s after healing, orders '
        f'{max(outcome.bounds.orders_s for outcome in outcomes):.0f} s after it, rest '
        f'{bounds.rest_s:.2f} s after the loss of consensus',
        'profiles: ' + ', '.join(f'{name} {count}' for name, count in sorted(profiles.items())),
        f'{len(outcomes)} seeds from {options.first_seed} with {options.robots} robots in '
        f'{wall_s:.0f} s on {options.workers} of {os.cpu_count()} cores: '
        + (f'{len(failed)} FAILED: {failed}' if failed else 'all passed')]
    return '\n'.join(lines)
