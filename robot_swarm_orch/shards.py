# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Several sites from one file: each is a shard with its own coordinators, topics, log and ROS domain.

Nothing is shared between shards but the machine, so one that is flooded or broken cannot slow the
consensus of another beyond the cores that it takes; `nice` says who gives way there.
"""

from dataclasses import replace
from pathlib import Path
from typing import Tuple

from robot_swarm_orch.bringup import FleetPlan, processes, ProcessSpec, simulated_fleet
from robot_swarm_orch.config import check
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.site import load_site
from robot_swarm_orch.spelling import did_you_mean
from robot_swarm_orch.yaml_files import read_yaml

DOMAIN_MAX = 101
"""Above it, the ports of a ROS domain may meet those that the system gives to programs."""

# key -> (type, default); None: it must be given
_KEYS = {
    'site': (str, None), 'domain': (int, None), 'robots': (int, 0), 'robot_ids': (list, ()),
    'coordinators': (list, ('c1', 'c2', 'c3')), 'cluster_id': (str, 'main'), 'seed': (int, 1),
    'robots_per_process': (int, 50), 'params_file': (str, ''), 'metrics_port': (int, 0),
}


def read_shards(path, data_dir: str) -> Tuple[FleetPlan, ...]:
    """
    Return the plans of the shards that a file names; their data goes below `data_dir`.

    Raises ConfigError or SiteError, which say which shard is wrong, and how.
    """
    path = Path(path).resolve()
    content = read_yaml(path, 'shards file')
    shards = content.get('shards') if isinstance(content, dict) else None
    check(isinstance(shards, dict) and bool(shards),
          f'{path}: it must hold `shards:` with a mapping for each site id')
    plans = tuple(_plan(path, str(site_id), given, data_dir) for site_id, given in shards.items())
    _check_apart(path, plans)
    return plans


def _plan(path, site_id, given, data_dir):
    """Return the plan of one shard."""
    where = f'{path}: shard {site_id}'
    values = _values(where, given)
    site_file = str((path.parent / values['site']).resolve())
    check(Path(site_file).is_file(), f'{where}: site {site_file}: there is no such file')
    check(0 <= values['domain'] <= DOMAIN_MAX,
          f'{where}: domain {values["domain"]} must lie in 0 to {DOMAIN_MAX}')
    check(not (values['robots'] and values['robot_ids']),
          f'{where}: give robots (how many simulated ones) or robot_ids (of real ones), not both')
    files = ()
    if values['params_file']:
        files = (str((path.parent / values['params_file']).resolve()),)
        check(Path(files[0]).is_file(), f'{where}: params_file {files[0]}: there is no such file')
    options = {
        'site_id': site_id, 'domain': values['domain'], 'cluster_id': values['cluster_id'],
        'coordinators': tuple(map(str, values['coordinators'])),
        'data_dir': str(Path(data_dir) / site_id), 'metrics_port': values['metrics_port'],
        'robot_files': files, 'coordinator_files': files, 'sim_files': files}
    try:
        if values['robots']:
            return simulated_fleet(site_file, values['robots'], seed=values['seed'],
                                   robots_per_process=values['robots_per_process'], **options)
        load_site(site_file)
        return FleetPlan(site_file, robots=tuple(map(str, values['robot_ids'])),
                         robots_per_process=1, **options)
    except ConfigError as error:
        raise type(error)(f'{where}: {error}') from error


def _values(where, given):
    """Return a shard's values, checked and with defaults."""
    check(isinstance(given, dict), f'{where}: it must be a mapping with at least site and domain')
    for key in given:
        check(key in _KEYS, f'{where}: unknown key {key!r}{did_you_mean(str(key), _KEYS)} Known '
              f'are {", ".join(_KEYS)}')
    values = {}
    for key, (kind, default) in _KEYS.items():
        check(key in given or default is not None, f'{where}: {key} is missing')
        value = values[key] = given.get(key, default)
        check(isinstance(value, (list, tuple) if kind is list else kind)
              and not isinstance(value, bool),
              f'{where}: {key} is {value!r}: it must be a '
              + {str: 'text', int: 'whole number', list: 'list'}[kind])
    return values


def _check_apart(path, plans):
    """Raise ConfigError where two shards would share a domain or ports."""
    domains, ports = {}, {}
    for plan in plans:
        other = domains.setdefault(plan.domain, plan.site_id)
        check(other == plan.site_id, f'{path}: shards {other} and {plan.site_id} are both on '
              f'domain {plan.domain}: their words would reach each other')
        for spec in processes(plan):
            port = spec.parameters.get('metrics_port')
            if port:
                other = ports.setdefault(port, plan.site_id)
                check(other == plan.site_id, f'{path}: shards {other} and {plan.site_id} both '
                      f'want metrics port {port}: leave room for each process')


def shard_processes(plan: FleetPlan) -> Tuple[ProcessSpec, ...]:
    """Return a shard's processes under names that are unique among all shards."""
    return tuple(replace(spec, name=f'{plan.site_id}_{spec.name}', node=spec.node_name)
                 for spec in processes(plan))
