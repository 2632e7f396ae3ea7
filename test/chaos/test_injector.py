# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The injector does not take a coordinator from a group that still misses another one."""

from types import SimpleNamespace

import demo_evidence as made
import pytest
from robot_swarm_orch.demo.evidence import FaultRecord
from robot_swarm_orch.demo.faults import Injector
from robot_swarm_orch.demo.timeline import parse_fault


class Hands:
    """Stands in for the supervisor and the network: notes whom they were told to take."""

    def __init__(self):
        self.taken = []

    def kill(self, *names):
        self.taken += names
        return 1.0

    def cut(self, kind, node_id):
        self.taken.append(f'coordinator_{node_id}')


def injector(before, following):
    """Return an injector that has begun one fault at its time, and what it acts on."""
    evidence = made.evidence(f'{before},{following}')
    specs = [SimpleNamespace(name=f'coordinator_{node_id}', executable='coordinator_node',
                             parameters={'node_id': node_id, 'site_id': 's'})
             for node_id in ('c1', 'c2', 'c3')]
    specs.append(SimpleNamespace(name='edge', executable='edge_node', parameters={}))
    hands = Hands()
    subject = Injector(hands, specs, evidence, lambda text: None, network=hands)
    fault = parse_fault(before)
    record = FaultRecord(fault, ('coordinator_c3',), made.START_S + fault.at_s)
    evidence.faults.append(record)
    subject._pending.pop(0)
    return subject, record, hands


@pytest.mark.parametrize('following', ['leader@130+5', 'mute:c2@130+5'])
def test_a_group_that_a_dead_member_has_not_left_yet_loses_no_other_one(following):
    subject, record, hands = injector('replace:c3@100+5', following)
    record.ended_s, record.successor = made.START_S + 105.0, 'coordinator_c4'
    for caught_up_s, changed_s, taken in ((None, None, 0), (1.0, None, 0), (1.0, 1.0, 1)):
        record.caught_up_s, record.group_changed_s = caught_up_s, changed_s
        subject.turn(made.START_S + 131.0)
        assert len(hands.taken) == taken


def test_robots_are_taken_meanwhile():
    subject, record, hands = injector('replace:c3@100+5', 'edge@130+5')
    record.ended_s, record.successor = made.START_S + 105.0, 'coordinator_c4'
    subject.turn(made.START_S + 131.0)
    assert hands.taken == ['edge']
