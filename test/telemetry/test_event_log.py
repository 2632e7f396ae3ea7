# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Log lines: what they hold, how many there may be, and that nobody waits for them."""

import io
import json
import threading
import time

from robot_swarm_orch.telemetry.event_log import ERROR, EventLog
from robot_swarm_orch.telemetry.trail import CoordinatorTrail, RobotTrail
from robot_swarm_orch.types import Ack, Command, CommandKind, OrderState, OrderStatus, Outcome

COMMAND = Command('r1', 7, 'c-1', 'trace', 3, 5, 9, 5.0, CommandKind.PICK, 4, 'shelf',
                  order_id='o1')


class Log:
    """A log into memory."""

    def __init__(self, log_format='json', **options):
        self.stream = io.StringIO()
        self.log = EventLog('c1', log_format, self.stream, **options)

    def lines(self):
        """End the log and return what it wrote."""
        self.log.close()
        return self.stream.getvalue().splitlines()

    def events(self):
        """End the log and return its lines as objects."""
        return [json.loads(line) for line in self.lines()]


def ack(outcome, reason=''):
    return Ack('r1', 7, 'c-1', 'trace', 3, 5, 5, outcome, reason)


def test_a_line_is_an_object_with_the_usual_fields():
    log = Log()
    log.log.event('command_sent', order_id='o1', place='shelf "7"\nlast')
    line, = log.events()
    assert set(line) == {'time', 'node', 'level', 'event', 'trace_id', 'order_id', 'robot_id',
                         'command_id', 'place'}
    assert (line['node'], line['level'], line['event'], line['order_id'], line['trace_id']) == (
        'c1', 'info', 'command_sent', 'o1', '')
    assert line['place'] == 'shelf "7"\nlast'
    assert time.strptime(line['time'][:19], '%Y-%m-%dT%H:%M:%S') and line['time'].endswith('Z')


def test_text_has_warnings_and_errors_only():
    log = Log('text')
    log.log.event('order_accepted', order_id='o1')
    log.log.event('robot_halted', ERROR, robot_id='r1', reason='broken')
    line, = log.lines()
    assert line.startswith('[ERROR] [') and line.endswith(
        '[c1]: robot_halted robot_id=r1 reason=broken')


def test_a_flood_is_cut_and_counted():
    log = Log(lines_per_s=20)
    for number in range(1000):
        log.log.event('command_repeated', seq=number)
    events = log.events()
    told = [event for event in events if event['event'] == 'command_repeated']
    assert 20 <= len(told) <= 60
    assert log.log.dropped == 1000 - len(told)
    assert sum(event['count'] for event in events if event['event'] == 'lines_dropped') == \
        log.log.dropped


def test_whoever_tells_an_event_does_not_wait_for_a_stream_that_is_stuck():
    class Stuck(io.StringIO):
        def write(self, text):
            free.wait(20.0)
            return super().write(text)
    free, log = threading.Event(), Log()
    log.log._stream = log.stream = Stuck()
    for number in range(50):
        log.log.event('a', seq=number)
    began_s = time.perf_counter()
    for number in range(50):
        log.log.event('b', seq=number)
    assert time.perf_counter() - began_s < 1.0
    assert not log.stream.getvalue()
    free.set()
    assert len(log.lines()) == 100


def test_no_thread_runs_before_there_is_a_line():
    before = threading.active_count()
    log = Log('text')
    log.log.event('order_accepted')
    assert threading.active_count() == before
    assert log.lines() == []


def test_a_stream_that_is_gone_ends_nothing():
    log = Log()
    log.log.event('a')
    log.stream.close()
    log.log.close()
    assert log.log.dropped == 1


def test_an_order_is_told_once_for_each_state():
    log = Log()
    trail = CoordinatorTrail(log.log)
    status = OrderStatus('o1', 'trace', 3, 10, OrderState.ACCEPTED)
    for news in (status, status, OrderStatus('o1', 'trace', 3, 12, OrderState.DONE, 'r1'),
                 OrderStatus('o2', 't2', 3, 0, OrderState.REFUSED, reason='unknown place')):
        trail.status(news)
    events = log.events()
    assert [(e['event'], e['order_id'], e['trace_id'], e['level']) for e in events] == [
        ('order_accepted', 'o1', 'trace', 'info'), ('order_done', 'o1', 'trace', 'info'),
        ('order_refused', 'o2', 't2', 'warning')]
    assert events[1]['robot_id'] == 'r1' and events[2]['reason'] == 'unknown place'


def test_a_new_leader_does_not_write_again_what_the_old_one_wrote():
    log = Log()
    trail = CoordinatorTrail(log.log)
    trail.leads(10, 4)
    trail.status(OrderStatus('o1', 't', 4, 9, OrderState.DONE))
    trail.status(OrderStatus('o2', 't', 4, 11, OrderState.DONE))
    trail.leads(None, 5)
    assert [(event['event'], event['order_id']) for event in log.events()] == [
        ('leading', ''), ('order_done', 'o2'), ('following', '')]


def test_an_answer_to_a_command_of_the_leader_before_is_told_with_its_order():
    log = Log()
    trail = CoordinatorTrail(log.log)
    trail.leads(10, 4)
    trail.status(OrderStatus('o1', 'trace', 4, 9, OrderState.ASSIGNED, 'r1'))
    trail.ack(ack(Outcome.ACCEPTED))
    assert [(event['event'], event['order_id']) for event in log.events()] == [
        ('leading', ''), ('command_acked', 'o1')]


def test_a_command_is_followed_from_sending_to_the_last_answer_on_both_sides():
    log = Log()
    leader, robot = CoordinatorTrail(log.log), RobotTrail(log.log, 'r1')
    leader.command(COMMAND)
    for _ in range(2):
        leader.command(COMMAND)
        robot.command(COMMAND)
        robot.ack(ack(Outcome.ACCEPTED))
        leader.ack(ack(Outcome.ACCEPTED))
    robot.ack(ack(Outcome.FAILED, 'jammed'))
    leader.ack(ack(Outcome.FAILED, 'jammed'))
    events = log.events()
    assert [event['event'] for event in events] == [
        'command_sent', 'command_repeated', 'command_accepted', 'command_acked',
        'command_failed', 'command_acked']
    assert {(e['trace_id'], e['order_id'], e['robot_id'], e['command_id']) for e in events} == {
        ('trace', 'o1', 'r1', 'c-1')}
    assert events[-1]['outcome'] == 'failed' and events[-1]['reason'] == 'jammed'
    assert [event['level'] for event in events][-2:] == ['warning', 'warning']
