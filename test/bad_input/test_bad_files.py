# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A wrong file ends a node with one line that says what is wrong, where, and what to do."""

from pathlib import Path
import sys

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')

sys.path.insert(0, str(Path(__file__).parent))
from bad_input_rig import Fleet  # noqa: E402,I100

pytestmark = pytest.mark.dds

EDGE = ['-p', 'robots:=[r001]', '-p', 'pose_source:=odom', '-p', 'odom_is_map_pose:=true']
RING = """name: ring
nodes: {a: [0, 0], b: [2, 0], c: [2, 2]}
edges: [[a, b], [b, c]]
"""
# name of the case -> (file's content, arguments, words that must be said, in one line)
FILES = {
    'site_with_a_tab.yaml': (
        'name: ring\nnodes:\n\ta: [0, 0]\n', 'site', ['site_with_a_tab.yaml:3:1:', 'spaces']),
    'site_with_an_open_bracket.yaml': (
        RING.replace('[b, c]]', '[b, c]'), 'site', ['open_bracket.yaml:4:1:', 'line 3']),
    'site_with_a_node_twice.yaml': (
        'name: ring\nnodes:\n  a: [0, 0]\n  b: [2, 0]\n  a: [4, 0]\nedges: [[a, b]]\n', 'site',
        ['node_twice.yaml:5:3:', "'a' stands twice, first in line 3"]),
    'site_with_an_isolated_node.yaml': (
        RING.replace('c: [2, 2]', 'c: [2, 2], lost: [8, 8]'), 'site',
        ['isolated_node.yaml: ', 'drive both to and from the nodes lost:', 'add edges']),
    'site_with_an_unknown_node.yaml': (
        RING.replace('nodes: {a:', 'nodes: {aisle:'), 'site',
        ['unknown_node.yaml: ', "edge ['a', 'b']", 'unknown is a']),
    'site_that_is_a_list.yaml': ('- a\n- b\n', 'site', ['is_a_list.yaml: it must hold a mapping']),
    'site_that_is_a_picture.yaml': (b'\x89PNG\r\n\x1a\n', 'site',
                                    ['is_a_picture.yaml', 'no text in UTF-8: byte 0 is 0x89']),
    'model_that_is_none.onnx': (
        b'not a model', 'camera', ['model_that_is_none.onnx is no ONNX model']),
    'parameters_with_a_bad_indent.yaml': (
        '/**:\n  ros__parameters:\n    speed_mps: 1.0\n   horizon: 4\n', 'params',
        ['parameter file', 'bad_indent.yaml:4:4:']),
    'parameters_without_a_section.yaml': (
        '/**:\n  speed_mps: 1.0\n', 'params', ['section.yaml', 'no section `ros__parameters`']),
    'parameters_that_are_missing.yaml': (
        None, 'params', ['cannot read the parameter file', 'missing.yaml', 'No such file']),
    'parameters_with_a_misspelt_name.yaml': (
        '/**:\n  ros__parameters:\n    brake_mps: 0.5\n', 'params',
        ["there is no parameter 'brake_mps': did you mean 'brake_mps2'"]),
    'parameters_with_a_misspelt_policy.yaml': (
        '/**:\n  ros__parameters:\n    qos_overrides./fleet/ring/leese.subscription.depth: 4\n',
        'params', ["no parameter 'qos_overrides./fleet/ring/leese.subscription.depth'",
                   "'qos_overrides./fleet/ring/lease.subscription.depth'"]),
}


@pytest.fixture(scope='module')
def ended(tmp_path_factory):
    """Start a node on each bad file, two at a time; return {case: (exit code, what it said)}."""
    folder = tmp_path_factory.mktemp('files')
    fleet = Fleet(folder)
    results, running = {}, []

    def collect():
        name, process = running.pop(0)
        results[name] = process.wait(40.0), fleet.said(name)
    try:
        for name, (content, flag, _) in FILES.items():
            path = folder / 'files' / name
            path.parent.mkdir(exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            elif content is not None:
                path.write_text(content)
            site = path if flag == 'site' else folder / 'ring.yaml'
            more = {'params': ['--params-file', str(path)], 'site': [],
                    'camera': ['-p', 'camera:=true', '-p', f'camera_model:={path}']}[flag]
            running.append((name, fleet.run(name, 'edge_node', [
                '--ros-args', *EDGE, '-p', f'site_file:={site}', *more])))
            if len(running) > 2:
                collect()
        while running:
            collect()
        return results
    finally:
        fleet.close()


@pytest.mark.parametrize('name', sorted(FILES))
def test_a_wrong_file_is_named_with_the_place_and_the_way_out(ended, name):
    """One line on stderr, exit code 2 for configuration, and no traceback."""
    code, said = ended[name]
    assert code == 2, said
    assert len(said.splitlines()) == 1, said
    assert said.startswith('edge_node: configuration: ')
    for word in FILES[name][2]:
        assert word in said


def test_a_file_for_a_whole_fleet_may_name_parameters_of_other_nodes(tmp_path):
    """They are unknown to this node, but not to the package."""
    path = tmp_path / 'fleet.yaml'
    path.write_text('/**:\n  ros__parameters:\n    robot_count: 3\n    enrol_count: 3\n'
                    '    use_sim_time: false\n    speed_mps: 9.0\n')
    fleet = Fleet(tmp_path)
    try:
        process = fleet.run('whole', 'edge_node',
                            ['--ros-args', *EDGE, '--params-file', str(path)])
        assert process.wait(40.0) == 2
        assert 'speed_mps' in fleet.said('whole') and 'no parameter' not in fleet.said('whole')
    finally:
        fleet.close()
