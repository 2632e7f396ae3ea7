# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
`swarm bench avoidance`: robots that swap sides of a circle over a bad network, in virtual time.

Measures contacts (must be none), arrivals, and how long a decision takes with 99 neighbours whose
words all came in since the last one. The bound on that is one for a core of its own. The bench
pins itself to one core and counts the decisions during which the scheduler gave that to somebody
else; the bound is on the others. What interrupts and the host of a virtual machine take is in
their times, and shows in a control: a fixed sum of about the same length, after each decision.
All decisions are made several times over, from the same words: the least time of each is what it
takes by itself. For figures to keep: `taskset -c CORE swarm bench avoidance`, on an idle core.

With a Python that has `pyrvo`, RVO2 drives the same scene in the same run, with perfect data and
discs that move in any direction at once.
"""

from dataclasses import dataclass
import gc
from itertools import chain
import json
from math import atan2, cos, pi, sin
import os
from pathlib import Path
import platform
import random
import resource
import subprocess
import time
from typing import List, NamedTuple

from robot_swarm_orch.bench.figures import quantile, summary
from robot_swarm_orch.bench.free_zone import ARRIVED_M, circle_swap, Floor, FREE_ROBOT, Scene
from robot_swarm_orch.compiled import IS_COMPILED
from robot_swarm_orch.edge.avoidance import Avoider
from robot_swarm_orch.edge.neighbours import AvoidanceConfig, Neighbours
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.sim.network import NetworkOptions
from robot_swarm_orch.types import Mode, Motion, Odometry, Peer, Pose

UNTIL_S = 600.0
DECISION_S_MAX = 0.001      # p99.9 of a decision with all that was heard, on a core of its own
ARRIVED_SHARE_MIN = 0.95    # of the robots, where words are lost
_NEIGHBOURS = 99
_HALL_M = 20.0
_WARM_UP = 50
_CONTROL_S = 5e-5           # about as long as a decision takes by machine code
_QUANTILES = (('p50', 0.5), ('p99', 0.99), ('p999', 0.999), ('max', 1.0))


@dataclass(frozen=True)
class AvoidanceBenchOptions:
    """What to measure; the command line gives the defaults and explains them."""

    robots: int = 20
    loss: float = 0.0
    delay_s: float = 0.1
    seed: int = 1
    decisions: int = 5000
    peer: str = ''      # a Python that has pyrvo
    repeats: int = 5    # of all decisions


def run_bench(options: AvoidanceBenchOptions, as_json: bool = False) -> int:
    """Measure and print; return 0 if the bounds held, else 1. Raises ConfigError for the peer."""
    report = build_report(options)
    print(json.dumps(report, indent=2) if as_json else '\n'.join(report_lines(report)))
    return 1 if report['broken'] else 0


def build_report(options: AvoidanceBenchOptions) -> dict:
    """Measure; return all figures as JSON can carry them."""
    scene = circle_swap(options.robots)
    network = NetworkOptions(delay_s_mean=options.delay_s, loss_ratio=options.loss)
    started = time.perf_counter()
    floor = Floor(scene, network, options.seed, clock=time.perf_counter)
    outcome = floor.run(UNTIL_S)
    took_s = time.perf_counter() - started
    times = time_decisions(options.decisions, options.seed, options.repeats)
    arrived = sorted(outcome.arrived_s.values())
    report = {
        'setting': f'{os.cpu_count()} cores, Linux {platform.release()}, Python '
                   f'{platform.python_version()}, decisions by '
                   f'{"machine code (Numba)" if IS_COMPILED else "plain Python"}',
        'scene': scene.name, 'robots': options.robots, 'loss': options.loss,
        'delay_s': options.delay_s, 'seed': options.seed,
        'contacts': len(outcome.contacts), 'contact_list': list(outcome.contacts[:10]),
        'arrived': len(arrived), 'wanted': outcome.wanted,
        'arrive_s': {'p50': quantile(arrived, 0.5), 'last': arrived[-1]} if arrived else None,
        'least_gap_m': outcome.least_gap_m, 'virtual_s': outcome.end_s,
        'wall_s': took_s,
        'words': {'sent': outcome.sent, 'lost': outcome.lost},
        'scene_decision_s': summary(outcome.decision_s, _QUANTILES),
        'decision_s': summary(times.alone_s, _QUANTILES),
        'decision_all_s': summary(times.wall_s, _QUANTILES),
        'decision_cpu_s': summary(times.cpu_s, _QUANTILES),
        'decision_least_s': summary(times.least_s, _QUANTILES),
        'control_s': summary(times.control_s, _QUANTILES)}
    if options.peer:
        report['peer'] = compare(report, ask_peer(options, scene))
    report['broken'] = broken_bounds(report)
    return report


def broken_bounds(report: dict) -> List[str]:
    """Return in words which bounds a report breaks."""
    broken = []
    if report['contacts']:
        broken.append(f'{report["contacts"]} contacts, none is allowed')
    share = 1.0 if report['loss'] == 0.0 else ARRIVED_SHARE_MIN
    if report['arrived'] < share * report['wanted'] - 1e-9:
        broken.append(f'{report["arrived"]} of {report["wanted"]} arrived within {UNTIL_S:g} s, '
                      f'required are {100.0 * share:g} %')
    slow_s = report['decision_s']['p999']
    if slow_s > DECISION_S_MAX:
        broken.append(f'p99.9 of a decision is {1000.0 * slow_s:.2f} ms, allowed is '
                      f'{1000.0 * DECISION_S_MAX:g} ms')
    return broken


class Times(NamedTuple):
    """Times of decisions [s]."""

    wall_s: List[float]     # of each
    alone_s: List[float]    # of those during which the core was not given to somebody else
    cpu_s: List[float]      # processor time of each
    least_s: List[float]    # the least wall time of each, of all repeats
    control_s: List[float]  # of a fixed sum after each


def time_decisions(count: int, seed: int, repeats: int = 1) -> Times:
    """
    Time `count` decisions, each with the intake of 99 words, on one core; all several times over.

    One robot drives round through 99 others that cross a hall of 20 m by 20 m at full speed.
    """
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    gc.collect()
    gc.freeze()
    try:
        turns = _control_turns()
        runs = [[(*one, _control(turns)) for one in _decisions(count, seed)][_WARM_UP:]
                for _ in range(repeats)]
    finally:
        gc.unfreeze()
        os.sched_setaffinity(0, cores)
    walls, cpus, taken, controls = map(list, zip(*chain.from_iterable(runs)))
    alone = [wall for wall, switches in zip(walls, taken) if not switches]
    least = [min(wall for wall, *_ in same) for same in zip(*runs)]
    return Times(walls, alone or walls, cpus, least, controls)


def _decisions(count, seed):
    """Yield of each decision its wall and processor time [s], and how often the core was taken."""
    rng, half = random.Random(seed), _HALL_M / 2.0
    others = [[rng.uniform(-half, half), rng.uniform(-half, half), rng.uniform(-pi, pi)]
              for _ in range(_NEIGHBOURS)]
    config = FREE_ROBOT
    neighbours, avoider = Neighbours(), Avoider('robot', config)
    way_m = config.speed_mps * config.tick_s
    for number in range(_WARM_UP + count):
        now_s = number * config.tick_s
        for other in others:
            other[0] += way_m * cos(other[2])
            other[1] += way_m * sin(other[2])
            if max(abs(other[0]), abs(other[1])) > half:
                other[2] = atan2(-other[1], -other[0]) + rng.uniform(-0.5, 0.5)
        words = [_word(index, other, number, now_s) for index, other in enumerate(others)]
        turn = 0.01 * number
        body = Odometry(Pose(0.3 * half * cos(turn), 0.3 * half * sin(turn), turn + pi / 2.0),
                        Motion(0.5 * config.speed_mps, 0.1), now_s, config.position_error_m)
        wanted = (-config.speed_mps * sin(turn), config.speed_mps * cos(turn))
        taken = _times_taken()
        started, began = time.perf_counter(), time.thread_time()
        for word in words:
            neighbours.hear(word, now_s - 0.1)
        avoider.velocity(body, wanted, neighbours, now_s)
        cpu_s = time.thread_time() - began
        wall_s = time.perf_counter() - started
        yield wall_s, cpu_s, _times_taken() - taken


def _times_taken():
    """Return how often the scheduler has taken the core from this thread against its will."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw


def _control(turns):
    """Return how long a fixed sum takes [s]."""
    started = time.perf_counter()
    total = 0
    for number in range(turns):
        total += number
    return time.perf_counter() - started


def _control_turns():
    """Return how long a sum takes about `_CONTROL_S`."""
    return max(1, round(1000 * _CONTROL_S / quantile([_control(1000) for _ in range(99)], 0.5)))


def _word(index, other, number, now_s):
    """Return the word of a robot that drives straight at full speed."""
    return Peer(f'other_{index:02d}', 1, number + 1, Mode.AUTOMATIC, Pose(*other),
                Motion(FREE_ROBOT.speed_mps, 0.0), FREE_ROBOT.footprint_radius_m, (), now_s,
                False, FREE_ROBOT.position_error_m)


def ask_peer(options: AvoidanceBenchOptions, scene: Scene) -> dict:
    """Run the scene by RVO2 in another Python; ConfigError if that has no pyrvo."""
    avoidance = AvoidanceConfig()
    question = {
        'starts': [start[:2] for start in scene.starts], 'goals': scene.goals,
        'radius_m': FREE_ROBOT.footprint_radius_m, 'speed_mps': FREE_ROBOT.speed_mps,
        'horizon_s': avoidance.horizon_s, 'range_m': avoidance.range_m,
        'nearest': avoidance.nearest, 'step_s': FREE_ROBOT.tick_s, 'until_s': UNTIL_S,
        'arrived_m': ARRIVED_M, 'seed': options.seed}
    script = Path(__file__).with_name('rvo_scene.py')
    try:
        done = subprocess.run([options.peer, '-I', str(script)], input=json.dumps(question),
                              capture_output=True, text=True, timeout=UNTIL_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f'--peer {options.peer}: {error}') from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ['no message'])[-1]
        raise ConfigError(f'--peer {options.peer} could not run the scene: {last}; it must be a '
                          'Python with pyrvo (python -m venv V; V/bin/pip install pyrvo)')
    return json.loads(done.stdout)


def compare(report: dict, answer: dict) -> dict:
    """Return the figures of RVO2, and ours over theirs; None where there is nothing to divide."""
    arrived, each_s = answer['arrived_s'], [step / report['robots'] for step in answer['step_s']]
    ours = report['arrive_s']
    result = {
        'version': answer['version'], 'contacts': answer['contacts'],
        'least_gap_m': answer['least_gap_m'], 'arrived': len(arrived),
        'arrive_s': {'p50': quantile(arrived, 0.5), 'last': arrived[-1]} if arrived else None,
        'robot_step_s': summary(each_s, _QUANTILES)}
    result['decision_ratio'] = report['scene_decision_s']['p50'] / result['robot_step_s']['p50']
    result['last_ratio'] = ours['last'] / arrived[-1] if ours and arrived else None
    return result


def report_lines(report: dict) -> List[str]:
    """Return a report as people read it, the verdict last."""
    words = report['words']
    lines = [
        report['setting'],
        f'{report["scene"]}, loss {100.0 * report["loss"]:g} %, mean delay '
        f'{1000.0 * report["delay_s"]:g} ms, seed {report["seed"]}: {report["virtual_s"]:.1f} s '
        f'of virtual time in {report["wall_s"]:.1f} s; {words["lost"]} of {words["sent"]} words '
        'lost', '',
        f'  {"":26}{"swarm":>10}' + _cell(report, lambda peer: 'pyrvo ' + peer['version'])]
    peer = report.get('peer')
    for name, of in (
            ('contacts', lambda r: str(r['contacts'])),
            ('arrived', lambda r: f'{r["arrived"]}/{report["wanted"]}'),
            ('median arrival [s]', lambda r: _seconds(r['arrive_s'], 'p50')),
            ('last arrival [s]', lambda r: _seconds(r['arrive_s'], 'last')),
            ('least gap [m]', lambda r: f'{r["least_gap_m"]:.3f}')):
        lines.append(f'  {name:26}{of(report):>10}' + _cell(report, of))
    own = report['scene_decision_s']['p50']
    lines.append(f'  {"a robot and tick, p50 [us]":26}{1e6 * own:10.1f}' + _cell(
        report, lambda peer: f'{1e6 * peer["robot_step_s"]["p50"]:.1f}'))
    if peer:
        lines.append(f'  ratio of the last: {peer["decision_ratio"]:.0f}')
        lines.append('  pyrvo: perfect data, no kinematics; swarm: what was heard, '
                     'differential drive')
    lines += ['', f'decision with {_NEIGHBOURS} neighbours, all of whose words came in [ms]',
              f'  {"":16}' + ''.join(f'{name:>8}' for name, _ in _QUANTILES) + f'{"count":>8}']
    for title, figures in (('alone on core', report['decision_s']),
                           ('all', report['decision_all_s']),
                           ('processor time', report['decision_cpu_s']),
                           ('least of each', report['decision_least_s']),
                           ('control: a sum', report['control_s'])):
        lines.append(f'  {title:16}' + ''.join(
            f'{1000.0 * figures[name]:8.3f}' for name, _ in _QUANTILES) + f'{figures["count"]:8}')
    lines.append('')
    broken = report['broken']
    return lines + (['bounds: BROKEN', *(f'  {one}' for one in broken)] if broken
                    else ['bounds: kept'])


def _cell(report, of):
    """Return a figure of the peer as a cell, nothing without a peer."""
    return f'{of(report["peer"]):>14}' if 'peer' in report else ''


def _seconds(times, name):
    """Return one of the times of arrival as text."""
    return f'{times[name]:.1f}' if times else 'none'
