# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Three coordinators on real DDS meet others that ought not to be, and then a full disk."""

from pathlib import Path
import resource
import sys

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from robot_swarm_orch.msg import RaftMessage  # noqa: E402
from robot_swarm_orch.nodes import topics  # noqa: E402
from robot_swarm_orch.raft import segments  # noqa: E402
from robot_swarm_orch.srv import SubmitOrder  # noqa: E402
from robot_swarm_orch.types import Order, OrderKind, OrderState  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))
from bad_input_rig import planned_fleet, run_again, said_within, Stage  # noqa: E402,I100
from fleet_rig import running  # noqa: E402,I100

pytestmark = pytest.mark.dds

IDS = ('c1', 'c2', 'c3')


@pytest.fixture(scope='module')
def fleet(tmp_path_factory):
    """Return three running coordinators."""
    with running(planned_fleet(tmp_path_factory.mktemp('group'), coordinators=IDS)) as made:
        yield made


@pytest.fixture(scope='module')
def stage(fleet):
    """Return a client, once somebody leads."""
    made = Stage(fleet)
    try:
        submit(made, 'first')
        yield made
    finally:
        made.close()


def submit(stage, order_id):
    """Hand an order in until it is accepted; return its state."""
    order = stage.wire.write_order(Order(order_id, '', OrderKind.MOVE, 'shelf', 'desk'))
    for _ in range(20):
        answer = stage.call(SubmitOrder, '/fleet/ring/submit_order',
                            SubmitOrder.Request(order=order))
        if answer.accepted:
            return OrderState(answer.status.state)
    raise AssertionError(f'{order_id} was never accepted: {answer.status.reason}')


def test_a_message_of_another_release_is_refused_and_said_once(fleet, stage):
    """The envelope's version and the payload's; the group goes on and counts the rest."""
    out = stage.endpoints.outlet(stage.node, topics.RAFT, coordinator='c1')
    envelope = {'site_id': 'ring', 'cluster_id': 'demo', 'sender': 'c2', 'to': 'c1'}
    newer = RaftMessage(version=9, payload=b'from the future', **envelope)
    torn = RaftMessage(version=RaftMessage.VERSION, payload=b'\x93\x09\x01', **envelope)

    def told():
        out.send(newer)
        out.send(torn)
        said = fleet.said('coordinator_c1')
        return ('speaks version 9' in said and 'RaftMessage.payload' in said
                and 'refused' in stage.health['/coordinator_c1'].message)
    stage.until(lambda: '/coordinator_c1' in stage.health, 'c1 is heard')
    stage.until(told, 'c1 has said it', patience_s=10.0)
    message = stage.warned('/coordinator_c1', ["'c2' speaks version 9", 'the same release'])
    assert 'RaftMessage.payload' in message
    said = fleet.said('coordinator_c1')
    assert said.count('speaks version 9') == 1, said
    assert submit(stage, 'after-versions') == OrderState.ACCEPTED


@pytest.mark.parametrize('name, changes, words', [
    ('another fleet', {'cluster_id': 'other', 'voters': ['c1']},
     ["two fleets on site_id 'ring'", "cluster 'demo'", 'another site_id']),
    ('another c2', {'node_id': 'c2'},
     ["two processes answer as coordinator 'c2'", 'node_id of its own'])])
def test_who_comes_second_gives_way_and_both_say_it(fleet, stage, tmp_path, name, changes, words):
    """It ends with the code for configuration, before it has voted; the first ones go on."""
    process = run_again(fleet, 'coordinator_c1', 'intruder', data_dir=str(tmp_path), **changes)
    code = process.wait(30.0)
    said = fleet.said('intruder')
    assert code == 2, said
    for word in words:
        assert word in said
    assert said.splitlines()[-1].startswith('coordinator_node: configuration: ')
    assert 'Traceback' not in said
    # All may notice another fleet; discovery decides who does before it ends.
    incumbents = ['coordinator_c2'] if 'node_id' in changes else [
        f'coordinator_{coordinator}' for coordinator in IDS]
    stage.until(lambda: any('the younger one ends' in fleet.said(incumbent)
                            for incumbent in incumbents), 'the first ones say it')
    incumbent = next(incumbent for incumbent in incumbents
                     if 'the younger one ends' in fleet.said(incumbent))
    assert words[0] in fleet.said(incumbent)
    stage.warned(f'/{incumbent}', [words[0]])
    assert submit(stage, f'after-{changes.get("node_id", "fleet")}') == OrderState.ACCEPTED
    for coordinator in IDS:
        assert fleet.processes[f'coordinator_{coordinator}'].poll() is None


def test_a_leader_whose_disk_is_full_falls_silent_and_comes_back_when_there_is_room(fleet, stage):
    """It follows and says why, another one leads, and no acknowledged order is lost."""
    stage.until(lambda: stage.leader, 'somebody says that it leads')
    name = f'coordinator_{stage.leader}'
    process = fleet.processes[name]
    log, = (fleet.folder / name).glob('segment-*.log')
    accepted = []
    limits = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    full = log.stat().st_size + 2000
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (full, limits[1]))
    for number in range(200):
        accepted.append(f'full-{number}')
        submit(stage, accepted[-1])
        if 'disk_refused' in fleet.said(name):
            break
    said = said_within(fleet, name, ['disk_refused', 'File too large', 'Free or mend the disk'])
    assert 'stops leading and voting' in said and 'Traceback' not in said
    message = stage.warned(f'/{name}', ['follower, silent', 'File too large'])
    assert 'goes on by itself' in message
    for order_id in ['first', *accepted]:
        assert submit(stage, order_id) == OrderState.ACCEPTED
    assert process.poll() is None and log.stat().st_size <= full
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
    said_within(fleet, name, ['disk_recovered'])
    stage.until(lambda: 'silent' not in stage.health[f'/{name}'].message, 'its health is good')
    assert submit(stage, 'last') == OrderState.ACCEPTED
    stage.until(lambda: segments.scan(log.read_bytes())[1] > full, 'its log grows again')
