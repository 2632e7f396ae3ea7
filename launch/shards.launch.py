# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Several sites on one machine, each a shard of its own: see config/shards.yaml."""

from dataclasses import replace

from robot_swarm_orch.nodes.launch_actions import data_dir_of, described, file_of, truth_of
from robot_swarm_orch.shards import read_shards

ARGUMENTS = {
    'shards_file': ('', 'which sites there are, see config/shards.yaml'),
    'data_dir': ('', 'where logs and journals are kept, a folder for each site, across restarts; '
                 'empty: robot_swarm_orch/shards in ROS_HOME, which is ~/.ros unless set'),
}
# Each shard has its own.
OF_EACH = ('site', 'site_id', 'params_file', 'metrics_port', 'rviz', 'headless')


def plan(given):
    """Return the plans: one for each shard."""
    plans = read_shards(file_of(given, 'shards_file'),
                        data_dir_of({**given, 'site_id': 'shards'}))
    return tuple(replace(one, log_format=given['log_format'],
                         use_sim_time=truth_of(given, 'use_sim_time')) for one in plans)


def generate_launch_description():
    """Return the launch description."""
    return described(ARGUMENTS, plan, OF_EACH)
