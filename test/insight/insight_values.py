# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Plain values for the tests of `insight/`: reports, pictures, machines."""

from robot_swarm_orch.insight.machine import Interface, Machine
from robot_swarm_orch.insight.picture import Picture, Wait
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import FleetView, Lease, Mode, Pose, Reason, Report, Safety

SITE = load_site({
    'name': 'row', 'nodes': {f'n{i}': [2 * i, 0] for i in range(8)},
    'edges': [[f'n{i}', f'n{i + 1}'] for i in range(7)],
    'places': {'shelf': ['storage', 'n0'], 'desk': ['station', 'n7']}})


def report(robot, safety=Reason.NONE, **fields):
    """Return the report of a robot that stands."""
    values = {'mode': Mode.AUTOMATIC, 'held': (3,), 'wanted': (), 'site_hash': SITE.hash,
              'pose': Pose(6.0, 0.0, 0.0), 'term': 4, **fields}
    return Report(robot=robot, boot_id=1, seq=5, safety=safety, **values)


def picture(*reports, lost=(), safeties=None, waits=(), leader='c1', site=SITE, **fields):
    """
    Return a picture of these reports, of a fleet that is led.

    `lost` robots are enrolled and not heard; `leader` None: nobody leads.
    """
    names = sorted([item.robot for item in reports] + list(lost))
    view = FleetView(4, 'c1', 90, SITE.hash, ('c1', 'c2', 'c3'), tuple(names), tuple(
        Mode.LOST if name in lost else Mode.AUTOMATIC for name in names), (), 0, 0, 0)
    lease = None if leader is None else Lease(
        4, leader, 7, 1.0, tuple((name, 5) for name in names if name not in lost))
    told = safeties or {}
    return Picture(**{
        'site_id': 'row', 'listened_s': 3.0, 'domain': 62, 'site': site, 'view': view,
        'lease': lease, 'reports': {item.robot: item for item in reports},
        'report_ages_s': {item.robot: 0.1 for item in reports}, 'safeties': told,
        'safety_ages_s': dict.fromkeys(told, 3.2), 'waits': {wait.robot: wait for wait in waits},
        'alive': frozenset(('c1', 'c2', 'c3')), 'voters': frozenset(('c1', 'c2', 'c3')),
        **fields})


def safety(reason, detail=''):
    """Return the word of a limiter that demands standstill."""
    return Safety(0.0, reason, True, detail)


def waits(robot, node, holder='', kind='held', waited_s=0.0):
    """Return the leader's word that a robot waits for a node."""
    return Wait(robot, node, kind, holder, waited_s)


def machine(**fields):
    """Return a machine with which nothing is wrong."""
    values = {'participants': {62: 5}, 'shm_free_bytes': 2 ** 30, 'data_dir': '/data',
              'sync_times_s': (0.001,) * 50,
              'interfaces': (Interface('lo', True, True, False),
                             Interface('eth0', True, False, True, True)), **fields}
    return Machine(62, **values)
