# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
`swarm bench consensus`: three coordinators and, where it is installed, three etcds in turns.

Needs an environment that keeps DDS on this machine (`bringup.one_host_environment`).
"""

import gc
import json
import os
from pathlib import Path
import platform
import random
import sys
from typing import Dict, List

from robot_swarm_orch.bench.consensus import AT_ONCE, BenchOptions, measure, Samples
from robot_swarm_orch.bench.etcd import EtcdGroup, find_etcd
from robot_swarm_orch.bench.figures import compare, group_report
from robot_swarm_orch.bench.group import Timers
from robot_swarm_orch.bench.text import report_lines
from robot_swarm_orch.nodes.swarm_group import SwarmGroup

_ALONE = ('etcd is not installed, so there is nothing to compare with (Debian: apt-get install '
          'etcd-server)')


def run_bench(options: BenchOptions, out: str, robots: int = 0, as_json: bool = False) -> int:
    """Measure, write report.txt and report.json into `out`; 0 if the bounds held, else 1."""
    timers, folder = Timers(), Path(out).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    groups: List = [SwarmGroup(folder / 'swarm', timers, robots, options.seed)]
    executable = find_etcd()
    if executable:
        groups.append(EtcdGroup(executable, folder / 'etcd', timers))
    # The client's own pauses would be measured as the groups'.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    samples = measure(groups, options, random.Random(options.seed),
                      lambda line: print(line, file=sys.stderr, flush=True))
    report = build_report(samples, timers, options, robots)
    text = '\n'.join(report_lines(report))
    (folder / 'report.txt').write_text(text + '\n', encoding='utf-8')
    content = json.dumps(report, indent=2)
    (folder / 'report.json').write_text(content + '\n', encoding='utf-8')
    print(content if as_json else text)
    return 1 if report.get('compared', {}).get('broken') else 0


def build_report(samples: Dict[str, Samples], timers: Timers, options: BenchOptions,
                 robots: int) -> dict:
    """Return all figures as JSON can carry them; `text.report_lines` prints them."""
    groups = {name: group_report(one.commits_s, one.writes_per_s, one.failovers)
              for name, one in samples.items()}
    report = {'setting': setting(timers, robots), 'robots': robots, 'seed': options.seed,
              'at_once': AT_ONCE, 'groups': groups}
    if 'etcd' in groups:
        report['compared'] = compare(groups['swarm'], groups['etcd'])
    else:
        report['alone'] = _ALONE
    return report


def setting(timers: Timers, robots: int) -> List[str]:
    """Return under which circumstances was measured."""
    fleet = f', {robots} simulated robots running beside both' if robots else ''
    shortest, longest = 1000 * timers.election_s, 2000 * timers.election_s
    return [
        f'{os.cpu_count()} cores, Linux {platform.release()}, Python '
        f'{platform.python_version()}{fleet}',
        f'heartbeat {1000 * timers.heartbeat_s:g} ms, election timeout drawn from '
        f'{shortest:g} to {longest:g} ms; logs on disk, synced',
        'a write: swarm: an order, from the order topic to the status ACCEPTED; etcd: a put of '
        '100 bytes at the leader over its HTTP gateway']
