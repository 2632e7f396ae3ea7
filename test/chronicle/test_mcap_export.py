# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What `swarm log export` writes is read back with the libraries of others, and counted."""

from collections import Counter

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
reader = pytest.importorskip('mcap.reader', reason='mcap is not installed')
decoder = pytest.importorskip('mcap_ros2.decoder', reason='mcap-ros2-support is not installed')
from chronicle_rig import Fold, START_MS  # noqa: E402,I100
from robot_swarm_orch.cli import main  # noqa: E402
from robot_swarm_orch.coordinator import events as ev  # noqa: E402
from robot_swarm_orch.coordinator.chronicle_writer import Bounds  # noqa: E402
from robot_swarm_orch.orders import OrderState  # noqa: E402
from robot_swarm_orch.types import Outcome  # noqa: E402


@pytest.fixture
def data(tmp_path):
    """Return the data_dir of a fleet that has carried out two orders, and failed on one."""
    fold = Fold(tmp_path / 'c1').begin().go('o1').go('o2', 'r1')
    fold.go('o3', 'r0', Outcome.FAILED)
    fold.apply(ev.WayBlocked((3,), ((4, 5),), 'ann'), ev.RobotLost('r1'), step_ms=5000)
    fold.begin_term(2)
    fold.write()
    fold.chronicle.close()
    return fold


def exported(tmp_path, *arguments):
    """Export and return (topic, schema, log time [ns], message) of everything in the file."""
    path = tmp_path / 'log.mcap'
    assert main(['log', 'export', '--mcap', str(path), '--data', str(tmp_path / 'c1'), '--site',
                 'north', *map(str, arguments)]) == 0
    with open(path, 'rb') as file:
        read = reader.make_reader(file, decoder_factories=[decoder.DecoderFactory()])
        assert read.get_header().profile == 'ros2'
        return [(channel.topic, schema, message.log_time, ros)
                for schema, channel, message, ros in read.iter_decoded_messages()]


def test_what_is_written_is_read_back_and_counted(data, tmp_path, capsys):
    found = exported(tmp_path)
    counts = Counter(topic for topic, *_ in found)
    assert counts['/fleet/north/task_status'] == 3 + 3 + 3
    assert counts['/fleet/north/log'] == counts['/rosout'] == 5 + 3 * 4 + 2 + 1
    # r0: enrolled, and a node more with each of two of its orders; the third row frees one again.
    assert counts['/fleet/north/robot/r1/authority'] == 1
    assert counts['/fleet/north/robot/r0/authority'] >= 2
    assert counts['/fleet/north/status'] == 3
    said = capsys.readouterr().out
    assert 'entries 1 to 15' in said
    assert '9 /fleet/north/task_status' in said


def test_messages_have_the_times_and_contents_of_the_log(data, tmp_path):
    found = exported(tmp_path)
    times = [time_ns for _, _, time_ns, _ in found]
    assert times == sorted(times)
    statuses = [(time_ns, ros) for topic, _, time_ns, ros in found
                if topic.endswith('task_status')]
    assert [ros.state for _, ros in statuses[:3]] == [
        OrderState.ACCEPTED, OrderState.ASSIGNED, OrderState.DONE]
    assert statuses[0][0] == 1_000_000 * (START_MS + 200)
    assert statuses[0][1].header.stamp.sec == (START_MS + 200) // 1000
    assert statuses[-1][1].state == OrderState.ACCEPTED and statuses[-1][1].order_id == 'o3'
    authority = [ros for topic, _, _, ros in found if topic.endswith('r0/authority')]
    assert list(authority[0].nodes) == [0] and list(authority[1].nodes) == [0, 2]
    view = [ros for topic, _, _, ros in found if topic.endswith('/status')][-1]
    assert list(view.robots) == ['r0', 'r1'] and list(view.blocked) == [3]
    assert list(view.blocked_edges) == [4, 5]


def test_a_file_does_not_begin_in_1970_though_the_first_entries_have_no_ros_time(tmp_path):
    """As those with which a group begins; players would show half a century of nothing."""
    fold = Fold(tmp_path / 'c1')
    fold.begin_term(1)
    fold.begin().go('o1').write()
    fold.chronicle.close()
    found = exported(tmp_path)
    assert min(time_ns for _, _, time_ns, _ in found) == 1_000_000 * START_MS
    assert all(ros.stamp.sec >= START_MS // 1000 for topic, _, _, ros in found
               if topic == '/rosout')


def test_lines_are_there_for_the_log_panel_with_their_gravity(data, tmp_path):
    found = exported(tmp_path)
    told = {ros.function: ros for topic, _, _, ros in found if topic == '/rosout'}
    assert told['WayBlocked'].msg == 'closed to robots: node 3, street 4-5'
    assert told['WayBlocked'].level == 20 and told['RobotLost'].level == 30
    line = [ros for topic, _, _, ros in found if topic == '/fleet/north/log'][-1]
    assert (line.kind, line.term) == ('TermBegan', 2)


def test_schemas_hold_the_definitions_of_all_that_they_are_made_of(data, tmp_path):
    schemas = {schema.name: schema.data.decode() for _, schema, _, _ in exported(tmp_path)}
    assert set(schemas) == {
        'robot_swarm_orch/msg/TaskStatus', 'robot_swarm_orch/msg/FleetStatus',
        'robot_swarm_orch/msg/MovementAuthority', 'robot_swarm_orch/msg/LogLine',
        'rcl_interfaces/msg/Log'}
    status = schemas['robot_swarm_orch/msg/TaskStatus']
    assert 'MSG: std_msgs/Header' in status and 'MSG: builtin_interfaces/Time' in status


def test_a_part_of_the_log_begins_with_all_that_robots_owned(data, tmp_path):
    found = exported(tmp_path, '--from', 6, '--to', 8)
    counts = Counter(topic for topic, *_ in found)
    assert counts['/fleet/north/robot/r0/authority'] == 1
    assert counts['/fleet/north/robot/r1/authority'] == 1
    assert counts['/fleet/north/task_status'] == 2


def test_an_export_from_what_is_kept_starts_at_the_oldest_snapshot(tmp_path):
    fold = Fold(tmp_path / 'c1', Bounds(age_s=1.0, reserve_bytes=0)).begin()
    for number in range(20):
        fold.go(f'o{number}')
        fold.snapshot()
    fold.write()
    while fold.chronicle.prune():
        pass
    oldest = fold.chronicle.reach()[0]
    fold.chronicle.close()
    found = exported(tmp_path)
    lines = [ros.index for topic, _, _, ros in found if topic == '/fleet/north/log']
    assert oldest > 1 and min(lines) == oldest


def test_nothing_is_written_over_or_left_half_done(data, tmp_path, capsys):
    path = tmp_path / 'log.mcap'
    path.write_text('mine')
    arguments = ['log', 'export', '--mcap', str(path), '--data', str(data.folder)]
    assert main(arguments) == 2 and path.read_text() == 'mine'
    assert 'nothing is written over' in capsys.readouterr().err
    path.unlink()
    assert main([*arguments, '--to', '99']) == 2
    assert not list(tmp_path.glob('log.mcap*'))
