# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs a demo and writes its report: what `swarm demo` does."""

import contextlib
import fcntl
import json
from pathlib import Path
import sys
import tempfile
from typing import Callable

from robot_swarm_orch.demo.evidence import Evidence
from robot_swarm_orch.demo.history import read_history
from robot_swarm_orch.demo.options import DemoOptions
from robot_swarm_orch.demo.plot import draw
from robot_swarm_orch.demo.report import build_report
from robot_swarm_orch.demo.run import Demo, Stopped
from robot_swarm_orch.demo.text import report_text
from robot_swarm_orch.demo.truth import read_truth, Truth
from robot_swarm_orch.errors import ConfigError, SwarmError
from robot_swarm_orch.sim.ghost import orders_per_hour_ghost
from robot_swarm_orch.sim.world import WorldOptions

PASSED, FAILED, STOPPED = 0, 1, 130


class Taken(SwarmError):
    """Another demo of this machine uses the ROS domain or the folder; the message names it."""


def run_demo(options: DemoOptions, make_client: Callable, network=None) -> int:
    """
    Run a demo, write its report into `options.out`, and return the exit status.

    make_client, network: see Demo. Raises Taken.
    """
    with reserved_folder(Path(options.out)):
        with reserved_domain(options.domain):
            demo = Demo(options, make_client, network=network)
            print(f'{options.robots} robots on {demo.site.name} for {options.duration_s:g} s, ROS '
                  f'domain {options.domain}; logs in {demo.folder / "run" / "logs"}', flush=True)
            try:
                evidence = demo.run()
            except Stopped:
                print('stopped; every process has ended', flush=True)
                return STOPPED
        return judge(demo, evidence)


def judge(demo: Demo, evidence: Evidence) -> int:
    """Write the report on a demo that has ended, and return the exit status."""
    truth = load_truth(demo.truth_path, evidence)
    load_history(demo.data_dir, evidence)
    ghost, options = None, demo.options
    if evidence.timeline.steady and not evidence.trouble:
        print('computing the ghost bound', flush=True)
        ghost = orders_per_hour_ghost(
            demo.site, options.robots, options.seed, world=_world(options),
            backlog=options.backlog, trip_m=options.trip_m)
    report = build_report(evidence, truth, ghost, demo.site)
    write_report(report, evidence, truth, demo)
    return PASSED if report['passed'] else FAILED


def _world(options: DemoOptions) -> WorldOptions:
    """Return how long handling takes, for the ghosts as for the fleet."""
    if not options.handling_s:
        return WorldOptions()
    return WorldOptions(pick_s=options.handling_s, drop_s=options.handling_s)


def load_truth(path: Path, evidence: Evidence) -> Truth:
    """Return the ground truth; what is wrong with it becomes trouble in the evidence."""
    try:
        with open(path, encoding='utf-8') as lines:
            truth = read_truth(lines)
    except (OSError, SwarmError) as error:
        evidence.trouble.append(f'no ground truth: {error}')
        return Truth()
    if not truth.ended:
        evidence.trouble.append('the ground truth is cut short: the simulation did not end well')
    return truth


def load_history(data_dir: Path, evidence: Evidence) -> None:
    """Read the coordinators' event logs; what is wrong with them becomes trouble."""
    try:
        evidence.history = read_history(data_dir)
    except SwarmError as error:
        evidence.trouble.append(f'no history of orders: {error}')


def write_report(report: dict, evidence: Evidence, truth: Truth, demo: Demo) -> None:
    """Write report.json, report.txt and the drawings, and print the text."""
    folder = demo.folder
    text = report_text(report)
    (folder / 'report.json').write_text(json.dumps(report, indent=2) + '\n', encoding='utf-8')
    (folder / 'report.txt').write_text(text + '\n', encoding='utf-8')
    print(f'\n{text}\n')
    written = [str(folder / 'report.json'), str(folder / 'report.txt')]
    try:
        written += draw(evidence, truth, demo.site, folder)
    except ImportError as error:
        print(f'no drawings: {error}', file=sys.stderr)
    print('written: ' + ', '.join(written), flush=True)


def reserved_domain(domain: int):
    """Keep a second demo off the same ROS domain: their fleets would hear each other."""
    return _reserved(Path(tempfile.gettempdir()) / f'robot_swarm_orch-domain-{domain}.lock',
                     f'another demo runs on ROS domain {domain}: stop it, or choose another with '
                     '--domain')


def reserved_folder(folder: Path):
    """Keep a second demo out of the same folder: it would delete what the first one writes."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _reserved(folder / '.lock', f'another demo writes into {folder}: stop it, or '
                         'choose another folder with --out')
    except OSError as error:
        raise ConfigError(f'--out {folder} cannot be written: {error.strerror}') from error


def _reserved(path: Path, taken: str):
    """Return a context that holds a lock file; raise Taken at once if another process does."""
    file = open(path, 'w')
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise Taken(taken) from error
    return contextlib.closing(file)
