# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Orders and the event log are read from a leader that a majority has confirmed."""

from random import Random
import time

import pytest

pytest.importorskip('rclpy', reason='ROS is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from chronicle_rig import Fold  # noqa: E402,I100
from coordinator_bench import Group, move, ROBOT  # noqa: E402
from robot_swarm_orch.codec import pack  # noqa: E402
from robot_swarm_orch.config import CoordinatorConfig  # noqa: E402
from robot_swarm_orch.coordinator.chronicle import Chronicle  # noqa: E402
from robot_swarm_orch.coordinator.chronicle_file import ChronicleRefused, NAME  # noqa: E402
from robot_swarm_orch.coordinator.chronicle_writer import Bounds, ChronicleWriter  # noqa: E402
from robot_swarm_orch.coordinator.replay import state_at  # noqa: E402
from robot_swarm_orch.coordinator.replica import Replica  # noqa: E402
from robot_swarm_orch.nodes.reading_desk import ReadingDesk  # noqa: E402
from robot_swarm_orch.nodes.scribe import Scribe  # noqa: E402
from robot_swarm_orch.nodes.wire import Wire  # noqa: E402
from robot_swarm_orch.srv import GetLog, GetOrder, ListOrders  # noqa: E402
from robot_swarm_orch.types import Mode, Order, OrderKind, OrderState  # noqa: E402

PATIENCE_S = 20.0


class FakeDesk:
    """A service without DDS."""

    def __init__(self):
        self.calls, self.answers = [], []

    def requests(self):
        calls, self.calls = self.calls, []
        return calls

    def answer(self, ticket, response):
        self.answers.append((ticket, response))


class ReadGroup(Group):
    """Replicas with event logs and reading desks."""

    def __init__(self, folder, bounds=Bounds(reserve_bytes=0), **options):
        self.folder, self.bounds = folder, bounds
        self.scribes, self.desks, self.readers = {}, {}, {}
        super().__init__(**options)

    def start(self, voter):
        folder = self.folder / voter
        folder.mkdir(exist_ok=True)
        self.scribes[voter] = Scribe(folder, self.bounds)
        config = CoordinatorConfig(node_id=voter, voters=self.voters, **self.settings)
        self.replicas[voter] = Replica(
            config, self.site, ROBOT, self.stores[voter], Random(f'{self.seed}/{voter}'),
            self.planner, self.placement, ros_time=lambda: 1000.0 + self.now_s,
            notes=self.scribes[voter].notes)
        self.desks[voter] = [FakeDesk() for _ in range(3)]
        self.readers[voter] = ReadingDesk(
            self.replicas[voter], self.scribes[voter], Wire('ring'), *self.desks[voter])

    def kill(self, voter):
        super().kill(voter)
        self.scribes.pop(voter).close()
        del self.readers[voter]

    def step(self):
        for reader in self.readers.values():
            reader.serve(self.now_s)
        super().step()

    def _send(self, voter, outputs):
        super()._send(voter, outputs)
        self.readers[voter].answer(outputs.reads)

    def call(self, request, voters=None):
        """Call all coordinators (or some), and return (who answered, the first answer)."""
        number = (GetOrder.Request, ListOrders.Request, GetLog.Request).index(type(request))
        for voter in voters or self.replicas:
            self.desks[voter][number].calls.append(('ticket', request))
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            self.step()
            for voter in self.replicas:
                answers = self.desks[voter][number].answers
                if answers:
                    return voter, answers.pop()[1]
            time.sleep(0.001)
        raise AssertionError('nobody answered')

    def done(self, *order_ids):
        self.run(until=lambda: all(
            self.status(order_id) is not None and self.status(order_id).state == OrderState.DONE
            for order_id in order_ids), limit_s=120.0)

    def close(self):
        for scribe in self.scribes.values():
            scribe.close()


@pytest.fixture
def group(tmp_path):
    made = ReadGroup(tmp_path, robots=2)
    made.run(until=lambda: all(robot.book.mode == Mode.AUTOMATIC
                               for robot in made.robots.values()))
    yield made
    made.close()


def test_an_order_is_told_with_its_history(group):
    group.submit(move('o1'))
    group.done('o1')
    voter, answer = group.call(GetOrder.Request(order_id='o1'))
    assert voter == group.leader and answer.found
    assert (answer.order.pick, answer.order.drop) == ('shelf_0', 'shelf_1')
    assert answer.status.state == OrderState.DONE and answer.status.trace_id == 'trace-o1'
    assert [event.state for event in answer.history] == [
        OrderState.ACCEPTED, OrderState.ASSIGNED, OrderState.ASSIGNED, OrderState.PICKING,
        OrderState.CARRYING, OrderState.CARRYING, OrderState.DROPPING, OrderState.DONE]
    stamps = [event.stamp.sec for event in answer.history]
    assert stamps == sorted(stamps) and stamps[0] >= 1100
    assert not group.call(GetOrder.Request(order_id='other'))[1].found


def test_an_order_that_ended_long_ago_is_told_whole(group):
    group.submit(move('o1'))
    group.done('o1')
    leader = group.replicas[group.leader]
    ended = leader.state.ended
    ended._short['o1'] = b''  # not to be looked at: the newest are whole
    assert group.call(GetOrder.Request(order_id='o1'))[1].order.pick == 'shelf_0'
    ended._short['o1'] = pack(ended._whole.pop('o1').short())
    answer = group.call(GetOrder.Request(order_id='o1'))[1]
    assert answer.order.pick == 'shelf_0' and answer.status.trace_id == 'trace-o1'


def test_orders_are_listed_live_and_ended_page_by_page(group):
    for number in range(3):
        group.submit(Order(f'go{number}', 't', OrderKind.GO, '', f'shelf_{number}'))
    group.done('go0', 'go1', 'go2')
    for robot in group.robots.values():
        robot.silent = True
    for number in range(4):
        group.submit(move(f'move{number}'))
    group.run(seconds=0.5)
    told, after = [], ''
    while True:
        answer = group.call(ListOrders.Request(limit=3, after=after))[1]
        told += [status.order_id for status in answer.orders]
        assert answer.live == 4 and len(answer.orders) <= 3
        if not answer.next:
            break
        after = answer.next
    assert told == ['go0', 'go1', 'go2', 'move0', 'move1', 'move2', 'move3']
    done = group.call(ListOrders.Request(states=[OrderState.DONE], robot_id='r0'))[1]
    assert {status.robot_id for status in done.orders} == {'r0'}
    waiting = group.call(ListOrders.Request(states=[OrderState.ACCEPTED]))[1]
    assert [status.order_id for status in waiting.orders] == sorted(
        group.replicas[group.leader].state.waiting)


def test_the_log_is_told_page_by_page_each_line_once(group):
    for number in range(3):
        group.submit(move(f'o{number}'))
    group.done('o0', 'o1', 'o2')
    lines, after = [], 0
    while True:
        answer = group.call(GetLog.Request(after=after, limit=5))[1]
        if not answer.lines:
            break
        assert answer.next > after and answer.oldest == 1
        lines += answer.lines
        after = answer.next
    seen = [(line.index, line.position) for line in lines]
    assert seen == sorted(set(seen))
    assert sum(line.kind == 'OrderPlaced' for line in lines) == 3
    assert lines[0].kind == 'TermBegan' or lines[0].kind == 'GroupChanged'
    of_order = group.call(GetLog.Request(order_id='o1'))[1].lines
    assert of_order[0].text == 'order o1 is accepted: MOVE shelf_0 -> shelf_1'


def test_a_leader_that_was_cut_off_answers_nobody(group):
    group.run(seconds=0.2)
    old = group.leader
    group.cut.add(old)
    group.desks[old][0].calls.append(('ticket', GetOrder.Request(order_id='o1')))
    group.run(seconds=2.0)
    assert group.leader not in (None, old)
    assert not group.desks[old][0].answers
    assert group.call(GetOrder.Request(order_id='o1'))[0] == group.leader


def test_event_logs_of_all_replicas_agree_and_follow_goes_on_at_the_next_leader(group):
    group.submit(move('o1'))
    group.done('o1')
    first = group.call(GetLog.Request(limit=500))[1]
    group.kill(group.leader)
    group.run(until=lambda: group.leader is not None)
    group.submit(move('o2', 'shelf_1', 'shelf_2'))
    group.done('o2')
    second = group.call(GetLog.Request(after=first.next, limit=500))[1]
    seen = [(line.index, line.position) for line in (*first.lines, *second.lines)]
    assert seen == sorted(set(seen))
    group.run(seconds=0.5)
    group.close()
    told = []
    for voter in group.replicas:
        with Chronicle.of(group.folder / voter) as chronicle:
            state = group.replicas[voter].state
            assert state_at(chronicle, state.index).digest() == state.digest()
            told.append([line for line in chronicle.lines(0, 10_000)[0]
                         if line.index <= min(one.state.index for one in group.replicas.values())])
    assert told[0] == told[1] and len(told[0]) > 20


def test_a_disk_that_refuses_the_event_log_stops_no_order(tmp_path):
    group = ReadGroup(tmp_path, Bounds(reserve_bytes=1 << 62), robots=1)
    try:
        group.submit(move('o1'))
        group.run(until=lambda: group.leader is not None)
        group.submit(move('o1'))
        group.done('o1')
        leader = group.leader
        answer = group.call(GetOrder.Request(order_id='o1'))[1]
        assert answer.found and answer.order.pick == 'shelf_0' and not answer.history
        log = group.call(GetLog.Request())[1]
        assert [line.kind for line in log.lines] == ['Gap']
        assert 'the log of the coordinators needs them' in group.scribes[leader].trouble
    finally:
        group.close()


def test_a_file_that_is_damaged_under_way_is_set_aside_and_writing_goes_on(
        tmp_path, monkeypatch):
    monkeypatch.setattr('robot_swarm_orch.nodes.scribe.RETRY_S', 0.0)
    fold = Fold(tmp_path / 'fold').begin().go('o1')
    write, damaged = ChronicleWriter.write, []

    def refuse_once(self, notes):
        if notes and not damaged:
            damaged.append(self.path)
            raise ChronicleRefused('malformed', is_damaged=True)
        write(self, notes)
    monkeypatch.setattr(ChronicleWriter, 'write', refuse_once)
    scribe = Scribe(tmp_path, Bounds(reserve_bytes=0))
    for note in fold.notes.take():
        scribe.notes._put(note)
    answers, end_s = [], time.monotonic() + PATIENCE_S
    while not answers or isinstance(answers[-1], ChronicleRefused) or answers[-1] == (0, 0):
        assert time.monotonic() < end_s
        scribe.ask(lambda chronicle: chronicle.reach(), answers.append)
        scribe.deliver()
        time.sleep(0.01)
    scribe.close()
    assert answers[-1] == (1, 5) and scribe.trouble == ''
    assert (tmp_path / f'{NAME}.broken').is_file()
    fold.chronicle.close()
