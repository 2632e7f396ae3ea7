# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0

"""The parts of ./swarm that decide: when to build, which environment, what to tell."""

import fcntl
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def swarm(tmp_path, monkeypatch):
    """Return the script as a module that believes to lie in an empty checkout."""
    loader = SourceFileLoader('swarm_script', str(ROOT / 'swarm'))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    monkeypatch.setattr(sys, 'dont_write_bytecode', True)
    loader.exec_module(module)
    monkeypatch.setattr(module, 'ROOT', tmp_path)
    return module


@pytest.fixture
def checkout(tmp_path):
    """Return a checkout with the files that the build reads."""
    for name in ('CMakeLists.txt', 'package.xml', 'setup.cfg', 'setup.py', 'setup_interfaces.py'):
        (tmp_path / name).write_text(name)
    (tmp_path / 'msg').mkdir()
    (tmp_path / 'msg' / 'Lease.msg').write_text('uint64 term\n')
    return tmp_path


@pytest.mark.parametrize('name, text', [
    ('msg/Lease.msg', 'uint32 term\n'), ('msg/Order.msg', ''), ('setup.py', 'new')])
def test_a_changed_or_new_source_of_the_build_calls_for_a_build(swarm, checkout, name, text):
    """The digest that is stamped on a build changes with its inputs."""
    before = swarm.digest(swarm.build_inputs())
    assert swarm.digest(swarm.build_inputs()) == before
    (checkout / name).write_text(text)
    assert swarm.digest(swarm.build_inputs()) != before


def test_a_moved_line_between_two_files_changes_the_digest(swarm, tmp_path):
    """Contents are told apart by file, not run together."""
    first, second = tmp_path / 'a', tmp_path / 'b'
    first.write_text('xy')
    second.write_text('z')
    before = swarm.digest([first, second])
    first.write_text('x')
    second.write_text('yz')
    assert swarm.digest([first, second]) != before


def test_the_build_is_done_once_and_again_after_a_change(swarm, checkout, monkeypatch):
    """A second use starts at once."""
    runs = []
    monkeypatch.setattr(swarm, 'run_logged', lambda title, *rest: runs.append(title))
    place = swarm.Workplace('jazzy-py3.12')
    place.install.mkdir(parents=True)
    environment = {'AMENT_PREFIX_PATH': '/opt/ros/jazzy'}
    swarm.ensure_built(place, 'python3', environment)
    swarm.ensure_built(place, 'python3', environment)
    assert len(runs) == 1
    (checkout / 'setup.py').write_text('new')
    swarm.ensure_built(place, 'python3', environment)
    assert len(runs) == 2


def test_a_failing_step_shows_the_end_of_its_log_and_says_where_the_rest_is(
        swarm, tmp_path, capfd):
    """The user sees the cause without opening a file."""
    log = tmp_path / 'step.log'
    command = [sys.executable, '-c', "print('the cause'); raise SystemExit(3)"]
    with pytest.raises(swarm.SetupError, match=f'status 3.*{log}'):
        swarm.run_logged('a step', command, log, {})
    assert 'the cause' in capfd.readouterr().err


def test_ros_stays_on_this_machine_whatever_the_caller_had_set(swarm, monkeypatch):
    """Neither discovery servers nor static peers nor another domain leak in."""
    monkeypatch.setenv('ROS_DOMAIN_ID', '0')
    monkeypatch.setenv('ROS_STATIC_PEERS', '192.0.2.1')
    monkeypatch.setenv('ROS_DISCOVERY_SERVER', '192.0.2.1:11811')
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET')
    monkeypatch.delenv('SWARM_DOMAIN_ID', raising=False)
    environment = swarm.base_environment(swarm.Workplace('jazzy-py3.12'), sourced=False)
    assert environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert environment['ROS_DOMAIN_ID'] == swarm.DOMAIN_ID
    assert 'ROS_STATIC_PEERS' not in environment
    assert 'ROS_DISCOVERY_SERVER' not in environment


def test_a_sourced_ros_keeps_its_search_paths_behind_ours(swarm, monkeypatch):
    """The package comes first, the installation stays reachable."""
    monkeypatch.setenv('AMENT_PREFIX_PATH', '/opt/ros/jazzy')
    monkeypatch.setenv('PYTHONPATH', '/opt/ros/jazzy/lib')
    place = swarm.Workplace('sourced-jazzy-py3.12')
    environment = swarm.run_environment(place, swarm.base_environment(place, sourced=True))
    assert environment['AMENT_PREFIX_PATH'] == f'{place.prefix}:/opt/ros/jazzy'
    assert environment['PYTHONPATH'].split(':')[-1] == '/opt/ros/jazzy/lib'


def test_an_unknown_distribution_is_refused_in_one_line(swarm, monkeypatch):
    """A mistyped name must not end in a page of pip output."""
    monkeypatch.setenv('SWARM_ROS_DISTRO', 'jazy')
    with pytest.raises(swarm.SetupError, match='jazy.*jazzy, kilted'):
        swarm.wheels_workplace()


def test_missing_compiler_headers_and_disk_are_named_with_their_package(
        swarm, tmp_path, monkeypatch):
    """One line says what to install."""
    place = swarm.Workplace('jazzy-py3.12')
    place.folder.mkdir(parents=True)
    monkeypatch.setattr(swarm.sysconfig, 'get_path', lambda name: str(tmp_path))
    with pytest.raises(swarm.SetupError, match='apt install python3.*-dev'):
        swarm.check_machine(place)
    (tmp_path / 'Python.h').touch()
    monkeypatch.setenv('CXX', str(tmp_path / 'missing'))
    with pytest.raises(swarm.SetupError, match=r'apt install g\+\+'):
        swarm.check_machine(place)
    monkeypatch.setenv('CXX', sys.executable)
    monkeypatch.setattr(swarm, 'DISK_NEEDED_GB', 1e9)
    with pytest.raises(swarm.SetupError, match='GB of free disk'):
        swarm.check_machine(place)


def test_one_set_up_at_a_time(swarm, tmp_path):
    """While one process holds the lock, another cannot take it."""
    with swarm.locked(tmp_path / 'place'):
        with open(tmp_path / 'place' / 'lock') as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize('line', [
    '================== 3 passed, 1 skipped in 0.12s ==================',
    '=========== 1 failed, 2 passed, 1 warning in 61.20s (0:01:01) ===========',
    '3 passed in 0.01s', '============ no tests ran in 0.00s ============'])
def test_the_closing_line_of_pytest_is_recognised(swarm, line):
    """With and without rules, whatever it counts."""
    assert swarm.CLOSING_LINE.fullmatch(line)


@pytest.mark.parametrize('line', ['Summary: 1 package finished [3.0s]', 'it took 3 s', ''])
def test_other_lines_are_not_taken_for_the_closing_line(swarm, line):
    """The summary of colcon comes after that of pytest."""
    assert not swarm.CLOSING_LINE.fullmatch(line)


def test_the_printed_environment_is_shell_code_that_keeps_odd_values(swarm, capsys, monkeypatch):
    """`eval "$(./swarm env)"` survives spaces and quotes."""
    monkeypatch.delenv('SWARM_TRIAL', raising=False)
    swarm.print_environment({'SWARM_TRIAL': "it's a $trial"})
    exports = [line for line in capsys.readouterr().out.splitlines() if 'SWARM_TRIAL' in line]
    shown = subprocess.run(['sh', '-c', f'{exports[0]}\nprintf %s "$SWARM_TRIAL"'],
                           capture_output=True, text=True)
    assert shown.stdout == "it's a $trial"
