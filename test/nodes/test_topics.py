# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The topic table is the truth: the page shows it, the message files agree, names are valid."""

from pathlib import Path
import re

import pytest
from robot_swarm_orch.nodes import topics

ROOT = Path(__file__).resolve().parents[2]
PARTS = {'site': 'north', 'robot': 'r001', 'zone': 'z3', 'coordinator': 'c1'}


def test_the_page_shows_the_table():
    """Run `python3 -m robot_swarm_orch.nodes.topics docs/topics.md` after a change."""
    page = (ROOT / 'docs' / 'topics.md').read_text(encoding='utf-8')
    assert topics.with_table(page) == page


def test_every_topic_stands_once():
    """Two rows of one name would be two truths."""
    names = [topic.name(**PARTS) for topic in topics.TOPICS]
    assert len(set(names)) == len(names)
    assert len(topics.BY_KEY) == len(topics.TOPICS)


@pytest.mark.parametrize('topic', topics.TOPICS, ids=lambda topic: topic.key)
def test_a_topic_has_a_valid_name_a_type_and_a_reason(topic):
    """Tokens of letters, digits and underscores that start with no digit."""
    name = topic.name(**PARTS)
    assert re.fullmatch(r'/?[a-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*', name)
    assert re.fullmatch(r'[a-z][a-z0-9_]+/(msg|srv)/[A-Z][A-Za-z]+', topic.type_name)
    assert len(topic.reason) > 20 and topic.qos.depth >= 1


def test_the_message_files_name_the_same_topics():
    """Each .msg file says on which topic it travels; the table knows each of these topics."""
    shown = {topic.template.replace('{', '<').replace('}', '>') for topic in topics.TOPICS}
    for path in sorted((ROOT / 'msg').glob('*.msg')):
        head = path.read_text(encoding='utf-8').split('\n\n')[0]
        for name in re.findall(r'(/fleet/[^\s,]+|<robot>/\S+?)[,.]', head):
            relative = name[len('<robot>/'):] if name.startswith('<robot>/') else name
            assert relative in shown, f'{path.name} names {name}'


def test_from_outside_a_robots_own_topic_stands_in_its_namespace():
    """A relative name would be that of a node in the root namespace, where no robot listens."""
    assert topics.ROBOT_STOP.of_a_robot.name(robot='r001') == '/r001/emergency_stop'
    assert topics.ROBOT_STOP.of_a_robot.shown_name('north') == 'emergency_stop'
    assert topics.AUTHORITY.of_a_robot is topics.AUTHORITY


@pytest.mark.parametrize('topic', topics.TOPICS, ids=lambda topic: topic.key)
def test_a_type_can_be_imported(topic):
    """Ours when they are built, the others wherever ROS is."""
    pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
    if topic is topics.TF:
        pytest.importorskip('tf2_msgs', reason='tf2_msgs comes with ROS, not with the wheels')
    assert topic.message.__name__ == topic.type_name.split('/')[-1]


@pytest.mark.parametrize('coordinator, name', [
    ('c1', '/fleet/north/raft/c1'), ('north-2.a', '/fleet/north/raft/north_2_a'),
    ('7', '/fleet/north/raft/c7')])
def test_a_coordinators_topic_has_a_valid_name_whatever_its_id_holds(coordinator, name):
    """An id may hold dots and dashes and begin with a digit; a topic's name may not."""
    assert topics.RAFT.name(site='north', coordinator=coordinator) == name
    assert topics.RAFT.shown_name('north') == '/fleet/north/raft'
