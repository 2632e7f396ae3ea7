# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0

"""What the package declares agrees with what is in it."""

import ast
import importlib
from pathlib import Path
import re
import sys
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ElementTree.parse(ROOT / 'package.xml').getroot()
# rosdep keys of the modules whose key is not simply their own name.
ROSDEP_KEYS = {
    'cv2': 'python3-opencv', 'matplotlib': 'python3-matplotlib', 'msgpack': 'python3-msgpack',
    'numpy': 'python3-numpy', 'prometheus_client': 'python3-prometheus-client',
    'psutil': 'python3-psutil', 'scipy': 'python3-scipy',
    'yaml': 'python3-yaml',
}
# Used where they exist: mcap, numba, onnxruntime, shtab and what the gateway is made of come from
# pip, pypibt and pyrvo run in a Python of their own as peers of a benchmark, the rest only with a
# robot that uses them.
OPTIONAL = {'cryptography', 'fastapi', 'jwt', 'mcap', 'mujoco', 'nav2_msgs', 'numba',
            'onnxruntime', 'pydantic', 'pypibt', 'pyrvo', 'shtab', 'starlette', 'tf2_ros',
            'uvicorn', 'websockets'}


def imported_modules(folder):
    """Return the top-level names of all modules imported below a folder."""
    names = set()
    for path in folder.rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module.partition('.')[0])
    return names - set(sys.stdlib_module_names) - {'robot_swarm_orch'}


def interfaces(kind):
    """Return the names of the messages or services in the sources."""
    return sorted(path.stem for path in (ROOT / kind).glob(f'*.{kind}'))


@pytest.mark.parametrize('folder', ['robot_swarm_orch', 'launch'])
def test_every_imported_package_is_declared(folder):
    """`rosdep install` brings everything that the code imports."""
    declared = {element.text for element in MANIFEST
                if element.tag in ('depend', 'exec_depend')}
    needed = {ROSDEP_KEYS.get(name, name) for name in imported_modules(ROOT / folder) - OPTIONAL}
    assert needed - declared == set()


def test_version_is_the_same_everywhere():
    """The manifest and setup.py are released together."""
    version = MANIFEST.findtext('version')
    assert f"version='{version}'" in (ROOT / 'setup.py').read_text()


def test_every_executable_has_its_main():
    """A console script that names a missing function fails only when someone runs it."""
    entry = re.compile(r"f'(\w+) = \{NAME\}\.([\w.]+):(\w+)'")
    entries = entry.findall((ROOT / 'setup.py').read_text())
    assert entries
    for name, module, function in entries:
        folder = ROOT / 'robot_swarm_orch' / Path(*module.split('.'))
        path = folder / '__init__.py' if folder.is_dir() else folder.with_suffix('.py')
        functions = {node.name for node in ast.parse(path.read_text()).body
                     if isinstance(node, ast.FunctionDef)}
        assert function in functions, name


@pytest.mark.parametrize('path', sorted((ROOT / 'requirements').glob('*.txt')),
                         ids=lambda path: path.name)
def test_every_requirement_is_pinned(path):
    """The environment of ./swarm is the same on every machine."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith('#')]
    assert lines
    unpinned = [line for line in lines if not re.match(r'[\w.-]+(\[\w+\])?==[\w.]+(;|$)', line)]
    assert unpinned == []


@pytest.mark.parametrize('kind', ['msg', 'srv'])
def test_every_interface_is_built(kind):
    """The installed package has a class for each file, loadable with its type support."""
    pytest.importorskip('rclpy', reason='rclpy is not installed')
    try:
        module = importlib.import_module(f'robot_swarm_orch.{kind}')
    except ImportError:
        pytest.skip('the messages are not built; ./swarm test builds them')
    for name in interfaces(kind):
        getattr(module, name).__import_type_support__()


@pytest.mark.parametrize('path', sorted([*ROOT.glob('msg/*.msg'), *ROOT.glob('srv/*.srv')]),
                         ids=lambda path: path.name)
def test_every_field_has_a_comment(path):
    """A comment on the line itself or in the block above says unit, frame and range."""
    bare, commented = [], False
    for line in path.read_text().splitlines():
        text = line.strip()
        if text.startswith('#'):
            commented = True
        elif not text or text == '---':
            commented = False
        elif '#' in text or commented:
            commented = '=' in text.partition('#')[0]
        else:
            bare.append(text)
    assert bare == []
