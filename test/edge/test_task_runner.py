# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Commands are carried out once: across repetitions, refusals, reboots and forgetful devices."""

from dataclasses import replace
from itertools import product
from math import nan

import pytest

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.journal import MemoryJournal
from robot_swarm_orch.edge.lease import LeaseClock
from robot_swarm_orch.edge.task_runner import Event, next_phase, Phase, TABLE, TaskRunner
from robot_swarm_orch.errors import InvariantError
from robot_swarm_orch.types import (
    Command, CommandKind, LoadAction, LoadReading, LoadStatus, Outcome)

BOOT = 5
GO, PICK, DROP = CommandKind.GO, CommandKind.PICK, CommandKind.DROP
EMPTY = LoadReading('', LoadStatus.IDLE, False, 0.0)


class Recording(MemoryJournal):
    """A journal that also remembers the order of writes."""

    def __init__(self):
        super().__init__()
        self.writes = []

    def write(self, record):
        """Remember the kind of record."""
        super().write(record)
        self.writes.append(type(record).__name__)


def make(journal=None, boot_id=BOOT, term=1):
    """Return a runner whose robot sent report 1 at second 0."""
    clock = LeaseClock('r', term)
    clock.sent(1, 0.0)
    return TaskRunner('r', RobotConfig(), journal or MemoryJournal(), clock, boot_id)


def command(seq, kind=GO, node=4, **values):
    """Return a command of order o that is in time for 5 s."""
    return replace(Command('r', BOOT, f'c{seq}', 't', 1, seq, 1, 5.0, kind, node, order_id='o',
                           step=seq), **values)


def reading(action_id, status, carrying=False, mass=0.0):
    """Return what the device says."""
    return LoadReading(action_id, status, carrying, mass)


def answer(runner, *args, now=1.0, at=-1, device=True, **values):
    """Return (outcome, reason) of a command; `device`: whether the payload device has spoken."""
    ack = runner.hear(command(*args, **values), now, at, device)
    return ack.outcome, ack.reason


@pytest.mark.parametrize('phase, event', list(product(Phase, Event)))
def test_every_pair_of_phase_and_event_is_in_the_table_or_raises(phase, event):
    if event in TABLE[phase]:
        assert next_phase(phase, event) in Phase
    else:
        with pytest.raises(InvariantError):
            next_phase(phase, event)


def test_every_phase_is_reached_and_left():
    reached = {after for row in TABLE.values() for after in row.values()}
    assert reached == set(Phase) and all(TABLE[phase] for phase in Phase)


def test_a_go_is_done_when_the_robot_stands_at_the_node():
    runner = make()
    assert answer(runner, 1) == (Outcome.ACCEPTED, '')
    assert (runner.goal, runner.order_id, runner.command_seq) == (4, 'o', 1)
    assert runner.step(1.1, 3, None) is None
    ack = runner.step(1.2, 4, None)
    assert (ack.outcome, ack.command_id, ack.seq, ack.ack_seq) == (Outcome.DONE, 'c1', 1, 1)
    assert (runner.goal, runner.order_id) == (-1, '')


def test_a_go_to_where_the_robot_stands_is_done_at_once():
    assert answer(make(), 1, at=4) == (Outcome.DONE, '')


def test_a_repeated_command_is_answered_as_before_even_when_expired_or_of_an_old_term():
    runner = make()
    answer(runner, 1)
    assert answer(runner, 1, now=99.0) == (Outcome.ACCEPTED, '')
    runner.step(2.0, 4, None)
    assert answer(runner, 1, now=99.0, term=0) == (Outcome.DONE, '')
    answer(runner, 2)
    assert answer(runner, 1) == (Outcome.DONE, '')


def test_a_number_below_the_newest_that_is_not_remembered_is_refused_as_seen():
    runner = make()
    answer(runner, 7)
    assert answer(runner, 3) == (Outcome.REJECTED, 'seen')


@pytest.mark.parametrize('values, reason', [
    ({'boot_id': 6}, 'wrong_boot'),
    ({'term': 2}, 'stale_term'),
    ({'now': 5.01}, 'expired'),
    ({'heard_seq': 2}, 'expired'),
    ({'ttl_s': 1e9, 'now': 30.1}, 'expired'),
])
def test_stale_commands_are_refused_with_a_reason_and_use_up_no_number(values, reason):
    runner = make(term=3)
    fields = {'term': 3, **values}
    assert answer(runner, 1, **fields) == (Outcome.REJECTED, reason)
    assert runner.command_seq == 0
    assert answer(runner, 1, term=3) == (Outcome.ACCEPTED, '')


def test_a_newer_command_supersedes_a_go():
    runner = make()
    answer(runner, 1)
    assert answer(runner, 2, node=9) == (Outcome.ACCEPTED, '') and runner.goal == 9


def test_cancel_ends_a_go_and_is_done_even_when_nothing_is_open():
    runner = make()
    answer(runner, 1)
    assert answer(runner, 2, CommandKind.CANCEL, target_seq=1) == (Outcome.DONE, '')
    assert runner.goal == -1
    assert answer(runner, 3, CommandKind.CANCEL, target_seq=1) == (Outcome.DONE, '')


def test_a_pick_elsewhere_is_refused_and_starts_nothing():
    runner = make()
    assert answer(runner, 1, PICK, at=3) == (Outcome.REJECTED, 'not_there')
    assert runner.load_request(1.0) is None and runner.phase == Phase.IDLE


def test_started_is_on_disk_before_the_device_is_asked_and_the_outcome_before_the_ack():
    journal = Recording()
    runner = make(journal)
    assert answer(runner, 1, PICK, at=4) == (Outcome.ACCEPTED, '')
    assert journal.writes == ['Accepted', 'Started']
    request = runner.load_request(1.0)
    assert (request.action_id, request.action, request.order_id) == ('c1', LoadAction.PICK, 'o')
    ack = runner.step(2.0, 4, reading('c1', LoadStatus.DONE, True, 300.0))
    assert ack.outcome == Outcome.DONE and journal.writes[-1] == 'Finished'


def test_the_device_is_asked_again_until_it_names_the_action():
    runner = make()
    answer(runner, 1, PICK, at=4)
    asked = []
    for tick in range(20):
        runner.step(tick / 10, 4, EMPTY)
        asked.append(runner.load_request(tick / 10) is not None)
    assert asked.count(True) == 4
    runner.step(3.0, 4, reading('c1', LoadStatus.RUNNING))
    assert runner.load_request(3.0) is None


def test_others_must_come_again_while_the_device_works():
    runner = make()
    answer(runner, 1, PICK, at=4)
    assert answer(runner, 2) == (Outcome.RETRY, 'busy')
    runner.step(2.0, 4, reading('c1', LoadStatus.FAILED))
    assert answer(runner, 1) == (Outcome.FAILED, 'device_failed')
    assert answer(runner, 2) == (Outcome.ACCEPTED, '')


def test_cancelling_an_action_asks_the_device_to_stop():
    runner = make()
    answer(runner, 1, PICK, at=4)
    runner.load_request(1.0)
    assert answer(runner, 2, CommandKind.CANCEL, target_seq=1) == (Outcome.RETRY, 'busy')
    assert runner.load_request(2.0).action == LoadAction.CANCEL
    ack = runner.step(2.0, 4, reading('c1', LoadStatus.CANCELLED))
    assert (ack.outcome, ack.reason) == (Outcome.FAILED, 'cancelled')
    assert answer(runner, 2, CommandKind.CANCEL, target_seq=1) == (Outcome.DONE, '')


def rebooted(kind=PICK):
    """Return the runner of a robot that lost its computer after it asked for an action."""
    journal = MemoryJournal()
    answer(make(journal), 1, kind, at=4)
    return make(journal, boot_id=6)


@pytest.mark.parametrize('kind, word, expected', [
    # The device names the action: its word counts.
    (PICK, reading('c1', LoadStatus.DONE, True, 300.0), (Outcome.DONE, '')),
    (PICK, reading('c1', LoadStatus.FAILED), (Outcome.FAILED, 'device_failed')),
    (DROP, reading('c1', LoadStatus.CANCELLED, True), (Outcome.FAILED, 'cancelled')),
    (PICK, reading('c1', LoadStatus.RUNNING), (Outcome.ACCEPTED, '')),
    # It does not: the measured load decides.
    (PICK, reading('', LoadStatus.IDLE, True, 300.0), (Outcome.DONE, 'measured')),
    (PICK, reading('', LoadStatus.IDLE, True, nan), (Outcome.DONE, 'measured')),
    (PICK, reading('c0', LoadStatus.DONE, False, 0.0), (Outcome.FAILED, 'not_happened')),
    (DROP, reading('', LoadStatus.IDLE, False, 0.0), (Outcome.DONE, 'measured')),
    (DROP, reading('', LoadStatus.IDLE, True, 300.0), (Outcome.FAILED, 'not_happened')),
    (CommandKind.CHARGE, reading('', LoadStatus.IDLE), (Outcome.FAILED, 'not_happened')),
    # Neither tells.
    (PICK, reading('', LoadStatus.IDLE, False, nan), (Outcome.IN_DOUBT, 'load_unknown')),
    (DROP, reading('', LoadStatus.IDLE, False, nan), (Outcome.IN_DOUBT, 'load_unknown')),
])
def test_after_a_reboot_the_device_settles_what_was_started(kind, word, expected):
    runner = rebooted(kind)
    assert runner.phase == Phase.SETTLING
    assert runner.step(1.0, 4, word) is None
    assert answer(runner, 1, kind, boot_id=6) == expected
    # Whatever came out, the action is never asked for a second time.
    asked = [runner.load_request(t) for t in (1.0, 2.0, 3.0)]
    assert asked == [None] * 3


def test_after_a_reboot_a_silent_device_leaves_the_action_in_doubt():
    runner = rebooted()
    runner.step(1.0, 4, None)
    runner.step(10.9, 4, None)
    assert runner.phase == Phase.SETTLING
    runner.step(11.0, 4, None)
    assert runner.phase == Phase.IN_DOUBT


@pytest.mark.parametrize('kind', (CommandKind.INSPECT, CommandKind.CHARGE))
def test_an_action_that_may_be_repeated_has_failed_when_nobody_can_tell(kind):
    runner = rebooted(kind)
    runner.step(1.0, 4, None)
    runner.step(11.0, 4, None)
    assert answer(runner, 1, kind, boot_id=6) == (Outcome.FAILED, 'no_reading')
    assert runner.phase == Phase.IDLE


def test_doubt_survives_another_reboot_and_ends_with_the_next_command():
    journal = MemoryJournal()
    answer(make(journal), 1, PICK, at=4)
    make(journal).step(1.0, 4, reading('', LoadStatus.IDLE, False, nan))
    runner = make(journal)
    assert runner.phase == Phase.IN_DOUBT and runner.order_id == 'o'
    assert runner.step(2.0, 4, reading('', LoadStatus.IDLE, True, 300.0)) is None
    assert answer(runner, 1, PICK) == (Outcome.IN_DOUBT, 'load_unknown')
    assert answer(runner, 2) == (Outcome.ACCEPTED, '') and runner.phase == Phase.DRIVING


def test_a_device_that_forgets_the_action_at_work_is_settled_by_the_load():
    runner = make()
    answer(runner, 1, PICK, at=4)
    runner.step(1.0, 4, reading('c1', LoadStatus.RUNNING))
    ack = runner.step(2.0, 4, reading('', LoadStatus.IDLE, True, 250.0))
    assert (ack.outcome, ack.reason) == (Outcome.DONE, 'measured')


def test_a_go_lost_in_a_reboot_is_carried_out_when_it_comes_again():
    journal = MemoryJournal()
    answer(make(journal), 1)
    runner = make(journal, boot_id=6)
    assert (runner.phase, runner.command_seq) == (Phase.IDLE, 1)
    assert answer(runner, 1) == (Outcome.REJECTED, 'wrong_boot')
    assert answer(runner, 1, boot_id=6) == (Outcome.ACCEPTED, '') and runner.goal == 4


def test_a_finished_command_is_answered_from_the_journal_after_a_reboot():
    journal = MemoryJournal()
    answer(make(journal), 1, at=4)
    assert answer(make(journal, boot_id=6), 1) == (Outcome.DONE, '')


def test_a_load_action_without_a_payload_device_fails_after_a_while_and_nothing_was_started():
    journal = Recording()
    runner = make(journal)
    assert answer(runner, 1, PICK, now=1.0, at=4, device=False) == (Outcome.RETRY, 'no_payload')
    assert answer(runner, 1, PICK, now=4.0, at=4, device=False) == (Outcome.RETRY, 'no_payload')
    assert answer(runner, 1, PICK, now=6.1, at=4, device=False, ttl_s=60.0) == (
        Outcome.FAILED, 'no_payload')
    assert 'Started' not in journal.writes and runner.load_request(6.2) is None
    assert runner.phase == Phase.IDLE


def test_a_payload_device_that_speaks_in_time_is_asked():
    runner = make()
    assert answer(runner, 1, PICK, now=1.0, at=4, device=False) == (Outcome.RETRY, 'no_payload')
    assert answer(runner, 1, PICK, now=2.0, at=4) == (Outcome.ACCEPTED, '')
    assert runner.load_request(2.0).action_id == 'c1'


def test_a_robot_without_a_payload_device_drives():
    assert answer(make(), 1, GO, device=False) == (Outcome.ACCEPTED, '')
