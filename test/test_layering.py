# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Who may import whom, read from the source without running it.

ROS stays in `nodes/` and `launch/`. Inside the package the direction is types <- edge, raft <-
coordinator <- sim, nodes; never back.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = 'robot_swarm_orch'

ROS_PACKAGES = {
    'rclpy', 'rclcpp', 'rcl_interfaces', 'rosidl_runtime_py', 'rosgraph_msgs', 'rosbag2_py',
    'builtin_interfaces', 'geometry_msgs', 'std_msgs', 'nav_msgs', 'sensor_msgs',
    'diagnostic_msgs', 'lifecycle_msgs', 'visualization_msgs', 'vision_msgs', 'nav2_msgs',
    'tf2_ros', 'tf2_msgs', 'launch', 'launch_ros', 'launch_testing', 'ament_index_python',
    'cv_bridge', f'{PACKAGE}.msg', f'{PACKAGE}.srv'}

# What each part may import, besides itself and the plain modules that `PLAIN` names.
ALLOWED = {
    'edge': set(),
    'raft': set(),
    'coordinator': {'edge', 'raft'},
    'sim': {'edge', 'raft', 'coordinator'},
    'viz': set(),
    'telemetry': set(),
    'insight': set(),
    'bench': {'edge', 'raft', 'coordinator', 'maps', 'sim'},
    'maps': set(),
    'gateway': set(),
    'nodes': {'edge', 'raft', 'coordinator', 'sim', 'telemetry', 'demo', 'viz', 'insight',
              'bench', 'gateway'},
    'demo': {'edge', 'raft', 'coordinator', 'sim'},
    'cli': {'coordinator', 'sim', 'maps', 'gateway', 'bench', 'demo', 'nodes'},
}
# Modules at the top that the pure parts may import; they import nothing above themselves.
PLAIN = {'types', 'acts', 'bids', 'orders', 'breaker', 'config', 'errors', 'codec', 'site',
         'metrics', 'spelling', 'yaml_files', 'plotting', 'compiled'}
CLOCKS_AND_THREADS = {'time', 'threading', 'multiprocessing', 'asyncio', 'logging', 'socket',
                      'subprocess', 'signal'}
PURE = ('edge', 'raft', 'coordinator', 'sim', 'viz', 'maps')


def imports(path):
    """Return (line, module) of every import in a file, late ones too."""
    tree = ast.parse(path.read_text(encoding='utf-8'), filename=str(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}:{node.lineno} imports relatively'
            yield node.lineno, node.module
            for name in node.names:
                yield node.lineno, f'{node.module}.{name.name}'


def sources(folder=''):
    """Return the Python files of a part of the package."""
    return sorted((ROOT / PACKAGE / folder).rglob('*.py'))


def is_ros(module):
    """Return whether a module belongs to ROS or is generated for it."""
    return any(module == name or module.startswith(name + '.') for name in ROS_PACKAGES)


def part_of(module):
    """Return the part of this package that a module belongs to, '' for others."""
    words = module.split('.')
    return words[1] if words[0] == PACKAGE and len(words) > 1 else ''


def test_ros_is_imported_in_nodes_and_launch_only():
    """The cores run, and are tested, without ROS."""
    wrong = [f'{path.relative_to(ROOT)}:{line} imports {module}'
             for path in sources() if path.relative_to(ROOT / PACKAGE).parts[0] != 'nodes'
             for line, module in imports(path) if is_ros(module)]
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('part', sorted(ALLOWED))
def test_a_part_imports_only_what_lies_below_it(part):
    """No import leads back."""
    parts = set(ALLOWED)
    wrong = [f'{path.relative_to(ROOT)}:{line} imports {module}'
             for path in sources(part) for line, module in imports(path)
             if part_of(module) in parts - ALLOWED[part] - {part}]
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('part', PURE)
def test_the_pure_parts_import_no_module_above_them(part):
    """Bring-up, supervision and the command line are none of their business."""
    known = PLAIN | set(ALLOWED)
    top = {path.stem for path in (ROOT / PACKAGE).glob('*.py')} - {'__init__'}
    wrong = [f'{path.relative_to(ROOT)}:{line} imports {module}'
             for path in sources(part) for line, module in imports(path)
             if part_of(module) in top - known]
    assert not wrong, '\n'.join(wrong)


def test_the_plain_modules_import_no_part():
    """They are the ground that everything stands on."""
    wrong = [f'{name}.py:{line} imports {module}'
             for name in sorted(PLAIN)
             for path in [ROOT / PACKAGE / f'{name}.py', *sources(name)] if path.is_file()
             for line, module in imports(path)
             if part_of(module) and part_of(module) not in PLAIN]
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('part', ('edge', 'raft', 'coordinator', 'site', 'viz'))
def test_the_cores_know_no_clock_thread_or_log(part):
    """Time and randomness are passed in, so that one seed replays everything."""
    wrong = [f'{path.relative_to(ROOT)}:{line} imports {module}'
             for path in sources(part) for line, module in imports(path)
             if module.split('.')[0] in CLOCKS_AND_THREADS]
    assert not wrong, '\n'.join(wrong)


def test_the_judge_finds_a_late_import_of_ros(tmp_path):
    """A check that cannot fail is none: an import inside a function is found too."""
    bad = tmp_path / 'bad.py'
    bad.write_text('def f():\n    from robot_swarm_orch.msg import RobotState\n'
                   '    return RobotState\n')
    assert any(is_ros(module) for _, module in imports(bad))
