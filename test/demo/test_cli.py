# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line explains itself and answers mistakes in one line."""

from pathlib import Path
import re
import shlex
import subprocess
import sys

import pytest
from robot_swarm_orch.cli import main, parser
from robot_swarm_orch.demo.main import reserved_folder, Taken
from robot_swarm_orch.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
PAGES = [path for path in (ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md')))
         if path.is_file()]
# A command of ours in a block of code: what follows `swarm` up to a comment, or to two spaces.
COMMAND = re.compile(
    r'^(?:\./|.*robot_swarm_orch |\$ )?swarm ([a-z].*?)(?:  .*|\s#.*)?$', re.MULTILINE)
SCRIPT_VERBS = ('setup', 'env', 'test')

VERBS = ('demo', 'chaos', 'order', 'orders', 'robots', 'leader', 'estop', 'why', 'doctor', 'top',
         'coordinators', 'enrol', 'bench')


@pytest.mark.parametrize('verb', VERBS)
def test_every_verb_has_help(verb, capsys):
    with pytest.raises(SystemExit) as end:
        main([verb, '--help'])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert f'usage: swarm {verb}' in text
    assert '--' in text


def test_the_demo_runs_a_hundred_robots_for_ten_minutes_unless_told_otherwise():
    options = parser().parse_args(['demo'])
    assert (options.robots, options.duration, options.seed, options.faults, options.out) == (
        100, 600.0, 1, 'default', 'swarm-report')


@pytest.mark.parametrize('arguments', [
    ['demo', '--robots', '0'], ['demo', '--duration', '-1'], ['demo', '--domain', '400'],
    ['juggle'], [], ['order', 'dock', '--mass', '-1'], ['cancel']])
def test_a_wrong_argument_ends_with_usage(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert 'usage: swarm' in capsys.readouterr().err


def test_asking_for_help_loads_no_ros():
    code = ('import sys; from robot_swarm_orch.cli import parser; parser().format_help(); '
            'sys.exit("rclpy" in sys.modules)')
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0


def commands_of(page):
    """Return the commands of `swarm` in a page's blocks of code."""
    blocks = re.findall(r'```[a-z]*\n(.*?)```', page.read_text(encoding='utf-8'), re.DOTALL)
    found = [shlex.split(command) for block in blocks for command in COMMAND.findall(block)]
    return [words for words in found if words[0] not in SCRIPT_VERBS]


@pytest.mark.skipif(not PAGES, reason='the pages are not installed with the package')
@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_shows_is_understood(page):
    for words in commands_of(page):
        try:
            parser().parse_args(words)
        except SystemExit:
            raise AssertionError(f'{page.name}: swarm {" ".join(words)}') from None


def test_the_pages_show_commands():
    assert len([words for page in PAGES for words in commands_of(page)]) > 10


def test_a_second_demo_is_kept_out_of_the_folder_that_a_first_one_writes(tmp_path):
    with reserved_folder(tmp_path / 'report'):
        with pytest.raises(Taken, match='choose another folder with --out'):
            reserved_folder(tmp_path / 'report')
    with reserved_folder(tmp_path / 'report'):
        pass


def test_a_folder_that_cannot_be_made_is_refused_by_name(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(ConfigError, match='--out .*file cannot be written'):
        reserved_folder(tmp_path / 'file')


def test_a_domain_that_is_none_is_refused_by_name(monkeypatch, capsys):
    monkeypatch.setenv('SWARM_DOMAIN_ID', 'abc')
    assert main(['demo']) == 2
    assert "SWARM_DOMAIN_ID: 'abc' must be a whole number of 0 to 101" in capsys.readouterr().err


def test_a_demo_with_physics_that_are_not_installed_says_what_to_install(
        monkeypatch, tmp_path, capsys):
    pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
    monkeypatch.setitem(sys.modules, 'mujoco', None)
    assert main(['demo', '--physics', 'mujoco', '--out', str(tmp_path)]) == 2
    assert 'pip install mujoco' in capsys.readouterr().err


def test_a_word_where_a_number_belongs_is_answered_in_words(capsys):
    with pytest.raises(SystemExit):
        main(['demo', '--robots', 'ten'])
    assert "'ten' must be a whole number of at least 1" in capsys.readouterr().err
