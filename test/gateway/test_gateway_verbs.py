# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""`swarm token` makes keys and tokens that a gateway takes, and says what is wrong."""

import subprocess
import sys
import time

import pytest
from robot_swarm_orch.cli import main
from robot_swarm_orch.gateway.keys import load_keys
from robot_swarm_orch.gateway.tokens import BadToken, Verifier


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder in which the commands run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def issued(capsys, *more):
    """Return the token that the command line gives out."""
    capsys.readouterr()
    assert main(['token', 'issue', 'k1.private.json', '--for', 'wms', *more]) == 0
    return capsys.readouterr().out.strip()


@pytest.mark.parametrize('algorithm', ['EdDSA', 'ES256', 'HS256'])
def test_a_token_of_the_command_line_is_good_for_the_role_and_time_it_says(
        folder, capsys, algorithm):
    assert main(['token', 'key', 'k1', '--alg', algorithm]) == 0
    verifier = Verifier(load_keys('gateway_keys.json'), 'swarm', 'hall', 3600.0, 5.0)
    token = issued(capsys, '--role', 'operator', '--site', 'hall', '--life', '60')
    caller = verifier.caller(token, time.time())
    assert (caller.subject, caller.role) == ('wms', 'operator')
    with pytest.raises(BadToken):
        verifier.caller(token, time.time() + 70.0)
    with pytest.raises(BadToken):
        verifier.caller(issued(capsys, '--site', 'elsewhere'), time.time())


def test_a_token_looks_only_unless_told_otherwise(folder, capsys):
    main(['token', 'key', 'k1'])
    verifier = Verifier(load_keys('gateway_keys.json'), 'swarm', 'warehouse', 3600.0, 5.0)
    assert verifier.caller(issued(capsys), time.time()).role == 'viewer'


def test_private_parts_are_readable_by_their_owner_alone(folder):
    main(['token', 'key', 'k1'])
    assert (folder / 'k1.private.json').stat().st_mode & 0o077 == 0
    assert '"d"' not in (folder / 'gateway_keys.json').read_text()


@pytest.mark.parametrize('arguments, words', [
    (['key', 'k1'], 'there already'), (['key', 'a b'], 'no kid'),
    (['issue', 'gateway_keys.json', '--for', 'x'], 'no key'),
    (['issue', 'nix.json', '--for', 'x'], 'No such file')])
def test_a_mistake_is_named_and_changes_nothing(folder, capsys, arguments, words):
    main(['token', 'key', 'k1'])
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert main(['token', *arguments]) == 2
    assert words in capsys.readouterr().err
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_gateway_that_cannot_start_says_who_speaks():
    pytest.importorskip('rclpy', reason='ROS is not installed')
    pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
    ended = subprocess.run(
        [sys.executable, '-m', 'robot_swarm_orch.cli', 'gateway', '--address', '0.0.0.0'],
        capture_output=True, text=True, timeout=60.0)
    assert ended.returncode == 2
    assert ended.stderr.startswith('swarm: configuration: address 0.0.0.0'), ended.stderr
