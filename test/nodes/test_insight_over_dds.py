# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""`swarm why`, `swarm doctor` and `swarm top` on real processes and real DDS, faults included."""

import contextlib
from dataclasses import replace
import io
import json
from pathlib import Path
import signal
import sys
import threading

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from robot_swarm_orch.cli import main  # noqa: E402,I100
from robot_swarm_orch.nodes import topics  # noqa: E402
from robot_swarm_orch.types import Mode, Pose, Reason, Report  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))
from fleet_rig import Fleet, Watcher  # noqa: E402,I100

pytestmark = pytest.mark.dds

VOTERS = ('c1', 'c2', 'c3')
# How long the verbs listen for what does not come.
LISTEN = {verb: ('--timeout', '2') for verb in ('why', 'doctor', 'top')}


@pytest.fixture(scope='module')
def fleet(tmp_path_factory):
    """Return a running fleet of two robots and three coordinators."""
    made = Fleet(tmp_path_factory.mktemp('insight'))
    made.plan = replace(made.plan, coordinators=VOTERS)
    try:
        made.start()
        yield made
    finally:
        for process in made.processes.values():
            process.send_signal(signal.SIGCONT)
        made.close()


@pytest.fixture(scope='module')
def watcher(fleet):
    """Return a client of the fleet, once both robots have joined and are free to move."""
    made = Watcher(fleet)
    try:
        made.until(lambda: len(made.reports) == 2 and all(
            report.mode == Mode.AUTOMATIC and report.safety == Reason.NONE
            for report in made.reports.values()), 'both robots have joined')
        yield made
    finally:
        made.close()


@pytest.fixture()
def ask(fleet, watcher, monkeypatch):
    """Return a function that runs a verb of the command line on the fleet's domain."""
    def run(*words, domain=None):
        monkeypatch.setenv('ROS_DOMAIN_ID', str(domain or fleet.domain))
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = main([words[0], *LISTEN.get(words[0], ()), *words[1:], '--site', 'ring', *(
                ('--site-file', str(fleet.folder / 'ring.yaml')) if words[0] in LISTEN else ())])
        return code, out.getvalue()
    return run


def until_said(ask, watcher, words, *verb, tries=8, code=None):
    """Ask until an answer contains some words, with an exit code; fail with the last answer."""
    for _ in range(tries):
        watcher.hear()
        ended, text = ask(*verb)
        if words in text and code in (None, ended):
            return text
    raise AssertionError(f'{" ".join(verb)} never said {words!r}, but {text!r}')


def findings(ask, fleet, *more, domain=None):
    """Return the exit code of `swarm doctor`, and the texts of its findings by check."""
    code, out = ask('doctor', '--data', str(fleet.folder), '--json', *more, domain=domain)
    return code, {check['name']: [finding['text'] for finding in check['findings']]
                  for check in json.loads(out)['checks']}


def until_found(ask, fleet, check, words, tries=6):
    """Ask the doctor until a check finds something; fail with what it found last."""
    for _ in range(tries):
        code, found = findings(ask, fleet)
        text = next((text for text in found[check] if words in text), None)
        if text is not None:
            assert code == 1
            return text
    raise AssertionError(f'{check} never found {words!r}, but {found}')


@contextlib.contextmanager
def chatter(watcher, report, stamp_offset_s=0.0):
    """Let somebody report as this robot, ten times a second, by a clock that is off."""
    outlet = watcher.endpoints.outlet(watcher.node, topics.ROBOT_REPORT)
    ended = threading.Event()

    def talk():
        seq = report.seq
        while not ended.wait(0.1):
            seq += 1
            now_ns = watcher.node.get_clock().now().nanoseconds
            watcher.wire.set_time(now_ns + int(stamp_offset_s * 1e9))
            outlet.send(watcher.wire.write_report(replace(report, seq=seq)))
    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        watcher.endpoints.drop(outlet)
        watcher.hear()
        watcher.reports.pop(report.robot, None)


def test_a_healthy_fleet_has_no_finding_and_an_idle_robot_says_so(ask, fleet, watcher):
    until_said(ask, watcher, 'r001 is idle at park_1: it has no order', 'why', 'r001')
    # Processes may complain that a busy machine makes them late, and a disk may be slow.
    _, found = findings(ask, fleet)
    healthy = set(found) - {'processes', 'disk', 'shared_memory', 'multicast'}
    assert not {name: found[name] for name in healthy if found[name]}


def test_an_order_says_which_robot_has_it_and_why_that_one(ask, watcher):
    code, _ = ask('order', 'desk', '--pick', 'shelf', '--id', 'w1', '--no-follow', '--timeout',
                  '20')
    assert code == 0
    text = until_said(ask, watcher, 'nearest of 2 idle robots, ', 'why', 'w1')
    assert text.startswith('order w1 is') and 'runner-up r00' in text
    until_said(ask, watcher, 'neither a robot nor an order', 'why', 'w2', code=1)


def test_the_table_shows_leader_work_and_robots(ask, watcher):
    text = until_said(ask, watcher, ' leads, term ', 'top', '--once')
    lines = text.splitlines()
    assert 'orders: ' in lines[0] and ' cores in ' in lines[0]
    assert {line.split()[0] for line in lines[4:]} == {'r001', 'r002'}


def test_an_emergency_stop_is_told_with_who_did_it(ask, watcher):
    try:
        code, text = ask('estop', '--reason', 'fire drill')
        assert code == 0 and 'stopped: all robots of ring; 2 of 2 robots' in text
        text = until_said(ask, watcher, 'emergency stop of all robots', 'why', 'r001')
        assert '(fire drill)' in text and 'swarm estop --release' in text
    finally:
        assert ask('estop', '--release')[0] == 0
    watcher.until(lambda: not any(report.emergency_stop for report in watcher.reports.values()),
                  'all robots are released')


def test_a_wrong_domain_is_told_with_the_right_one(ask, fleet):
    other = fleet.domain - 1 if fleet.domain > 1 else 3
    code, found = findings(ask, fleet, domain=other)
    assert code == 1
    # Another test on this machine may run a fleet of the same name on a domain of its own.
    text, = found['fleet']
    start = f'wrong domain: nothing of site ring is heard on domain {other}, but it is on domain '
    assert text.startswith(start) and str(fleet.domain) in text[len(start):].split(', ')


def test_a_clock_that_is_ten_seconds_off_is_found(ask, fleet, watcher):
    late = Report('r009', 77, 1, Mode.JOINING, fleet.site.hash, (), (), Pose(0.0, 0.0, 0.0),
                  safety=Reason.JOINING)
    with chatter(watcher, late, -10.0):
        until_found(ask, fleet, 'clocks', 'the clock of r009 is 10.')
        until_said(ask, watcher, 'joining, but it is not enrolled', 'why', 'r009')


def test_two_robots_of_one_name_are_found(ask, fleet, watcher):
    twin = replace(watcher.reports['r002'], boot_id=99, mode=Mode.JOINING, held=(), wanted=())
    with chatter(watcher, twin):
        until_found(ask, fleet, 'one_name', 'two programs report under one name: r002')
        until_said(ask, watcher, 'two programs report under this one name', 'why', 'r002')


def test_a_base_that_falls_silent_is_told_from_a_dead_robot(ask, fleet, watcher):
    fleet.processes['sim'].send_signal(signal.SIGSTOP)
    try:
        text = until_said(ask, watcher, 'no fresh odometry since', 'why', 'r001')
        assert 'look after its base driver' in text
    finally:
        fleet.processes['sim'].send_signal(signal.SIGCONT)
    watcher.until(lambda: all(report.safety != Reason.STALE_ODOM
                              for report in watcher.reports.values()), 'the base is back')


def test_without_a_majority_the_missing_coordinators_are_named(ask, fleet, watcher):
    for name in ('c1', 'c2'):
        fleet.end(f'coordinator_{name}', signal.SIGKILL)
    watcher.until(lambda: all(report.safety == Reason.LEASE
                              for report in watcher.reports.values()), 'all robots stand')
    text = until_said(ask, watcher, 'of 3 only c3 is heard', 'why', 'r001')
    assert text.startswith('r001 stands: safe stop, no lease since ')
    assert 'last leader c' in text and 'start c1, c2' in text
    until_found(ask, fleet, 'consensus', 'of 3 only c3 is heard')
    fleet.start('coordinator_c1', 'coordinator_c2')
    watcher.until(lambda: all(report.safety != Reason.LEASE
                              for report in watcher.reports.values()), 'the robots go on')


def test_dead_robots_are_told_with_how_long(ask, fleet, watcher):
    fleet.end('edge', signal.SIGKILL)
    text = until_said(ask, watcher, 'counts as lost', 'why', 'r002')
    assert text.startswith('r002 is silent for ') and 'look after its power' in text
    assert '(and r002)' in until_found(ask, fleet, 'robots', 'r001 is silent')
