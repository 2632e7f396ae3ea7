# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The command line: `swarm COMMAND ...`; `swarm --help` lists what there is.

ROS is imported inside the verbs, so that `--help` and mistakes are answered at once.
"""

import argparse
import os
import sys

from robot_swarm_orch.cli.acts import add_acts
from robot_swarm_orch.cli.bench import add_bench
from robot_swarm_orch.cli.completion import add_completion
from robot_swarm_orch.cli.coordinators import add_coordinators
from robot_swarm_orch.cli.demo import add_chaos, add_demo
from robot_swarm_orch.cli.fleet import add_block, add_enrol, add_glances, add_stop
from robot_swarm_orch.cli.gateway import add_gateway, add_token
from robot_swarm_orch.cli.insight import add_insight
from robot_swarm_orch.cli.log import add_log, add_replay
from robot_swarm_orch.cli.maps import add_map
from robot_swarm_orch.cli.orders import add_order, add_orders
from robot_swarm_orch.cli.shards import add_shards
from robot_swarm_orch.cli.verify import add_verify
from robot_swarm_orch.errors import SwarmError

USAGE_ERROR = 2


def main(arguments=None) -> int:
    """Carry out one command; return the exit status."""
    options = parser().parse_args(arguments)
    try:
        status = options.verb(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # `| head` has seen enough; at exit Python must not try to write the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SwarmError as error:
        print(f'swarm: {error}', file=sys.stderr)
        return USAGE_ERROR
    except OSError as error:
        where = f'{error.filename}: ' if error.filename else ''
        print(f'swarm: {where}{error.strerror or error}', file=sys.stderr)
        return USAGE_ERROR
    except ImportError as error:
        print(f'swarm: {error}\nROS 2 or the messages of this package are not in the environment: '
              'use ./swarm, or source install/setup.bash', file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    root = argparse.ArgumentParser(
        prog='swarm', description='Fleets of mobile robots that elect their own head over DDS.',
        epilog='./swarm in a checkout also knows: setup (build all that is missing), env (print '
        'the environment for other tools), test [PYTEST ARGUMENTS] (run the tests).')
    verbs = root.add_subparsers(metavar='COMMAND', required=True)
    for add in (
            add_demo, add_chaos, add_map, add_shards, add_order, add_glances, add_orders,
            add_stop, add_acts, add_coordinators, add_enrol, add_block, add_gateway, add_token,
            add_insight, add_log, add_replay, add_bench, add_verify):
        add(verbs)
    add_completion(verbs, root)
    return root
