# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line of `swarm shards`: several sites from one file, each on its own."""

import os
from pathlib import Path
import signal
import sys
import threading

from robot_swarm_orch.bringup import one_host_environment, processes
from robot_swarm_orch.shards import read_shards, shard_processes
from robot_swarm_orch.supervisor import ProcessDied, Supervisor

_CHECK_S = 0.5


def add_shards(verbs) -> None:
    """Add `swarm shards`."""
    command = verbs.add_parser(
        'shards', help='several sites on this machine, from one file',
        description='Several sites from one file (config/shards.yaml), each a shard with its own '
        'coordinators, topics, log and ROS domain. docs/shards.md.')
    acts = command.add_subparsers(metavar='ACT', required=True)
    check = acts.add_parser('check', help='say what a file starts; status 2 if it is wrong')
    check.set_defaults(verb=_check)
    run = acts.add_parser('run', help='run them all on this machine until Ctrl-C, as '
                          '`ros2 launch robot_swarm_orch shards.launch.py` does')
    run.set_defaults(verb=_run)
    for act in (check, run):
        act.add_argument('file', metavar='FILE', help='which sites there are')
        act.add_argument('--data-dir', default='swarm-shards', metavar='DIR',
                         help='logs and journals, a folder for each site (default: %(default)s)')


def _check(options) -> int:
    for plan in read_shards(options.file, options.data_dir):
        kind = 'simulated robots' if plan.simulate else 'robots'
        print(f'{plan.site_id}: ROS domain {plan.domain}, coordinators '
              f'{", ".join(plan.coordinators)}, {len(plan.robots)} {kind}, '
              f'{len(processes(plan))} processes, data in {plan.data_dir}')
    return 0


def _run(options) -> int:
    """Run until a signal; status 1 when a process died."""
    data_dir = Path(options.data_dir).resolve()
    plans = read_shards(options.file, str(data_dir))
    supervisor = Supervisor([spec for plan in plans for spec in shard_processes(plan)], data_dir,
                            one_host_environment(os.environ))
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: asked.set())
    try:
        supervisor.start()
        for plan in plans:
            print(f'{plan.site_id} runs on ROS domain {plan.domain}: SWARM_DOMAIN_ID={plan.domain}'
                  f' swarm top --site {plan.site_id}', flush=True)
        print(f'logs are in {data_dir / "logs"}; Ctrl-C ends all', flush=True)
        while not asked.wait(_CHECK_S):
            supervisor.check()
    except ProcessDied as error:
        print(f'swarm: {error}', file=sys.stderr)
        return 1
    finally:
        supervisor.stop()
    return 0
