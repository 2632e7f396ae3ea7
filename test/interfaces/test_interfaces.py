# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What others build on is as it was: names, types, QoS, parameters, message definitions."""

from pathlib import Path
import sys

import pytest
import yaml

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
sys.path.insert(0, str(Path(__file__).parent))
import interface_snapshot as snapshot  # noqa: E402,I100

pytestmark = pytest.mark.dds

WHAT_TO_DO = {
    'types': 'A changed message type cuts old robots off: robots and coordinators of two versions '
             'do not understand each other, so the whole fleet has to be updated at once.',
    'topics': 'Whoever listens to these topics, or records them, hears nothing any more, or '
              'nothing of the kind that was expected.',
    'services': 'Clients of these services get no answer any more.',
    'nodes': 'Launch files, parameter files and dashboards go by these names.',
    'parameters': 'Parameter files that set these are refused, or mean something else.',
}


@pytest.fixture(scope='module')
def running():
    """Return the interfaces of the fleet as it runs now."""
    return snapshot.capture()


@pytest.mark.parametrize('part', WHAT_TO_DO)
def test_the_running_fleet_offers_what_the_snapshot_says(running, part):
    """Else the message says what changed, whom it hurts, and how to go on."""
    known = yaml.safe_load(snapshot.SNAPSHOT.read_text(encoding='utf-8'))
    changed = snapshot.differences(known[part], running[part], part)
    assert not changed, '\n'.join([
        *changed, '', WHAT_TO_DO[part], 'If that is meant: '
        'python3 test/interfaces/interface_snapshot.py, and a line in CHANGELOG.rst'])


def test_a_changed_a_new_and_a_missing_value_are_each_named_with_their_place():
    """The comparison can fail, and says where."""
    before = {'topics': {'/a': {'type': 'x', 'publishers': {'/n': 'reliable'}}}, 'nodes': ['/n']}
    after = {'topics': {'/a': {'type': 'y', 'publishers': {'/n': 'reliable'}},
                        '/b': {'type': 'z'}}, 'nodes': []}
    assert snapshot.differences(before, after) == [
        'nodes: gone: /n', 'topics /a type: was x; is y', "topics /b: new: {'type': 'z'}"]


def test_a_field_that_moved_is_a_changed_type():
    """The order of fields is the order of bytes."""
    assert snapshot.differences(['int32 a', 'int32 b'], ['int32 b', 'int32 a'], 'types X') == [
        'types X: the order changed']
