# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A leader that is behind takes few orders in, and every act of an operator."""

import pytest

pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')
from robot_swarm_orch.msg import TaskOrder  # noqa: E402,I100
from robot_swarm_orch.nodes.front_desk import FrontDesk  # noqa: E402
from robot_swarm_orch.nodes.wire import Wire  # noqa: E402
from robot_swarm_orch.srv import Operate, SubmitOrder  # noqa: E402


class Calls:
    """A service with calls that wait to be read."""

    def __init__(self, requests):
        """Let these requests wait."""
        self.waiting = list(enumerate(requests))

    def requests(self, most=1000):
        """Return the oldest calls."""
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        return taken


class Leader:
    """A replica that leads and notes what it is given."""

    wants_reports = True

    def __init__(self):
        """Note nothing yet."""
        self.orders, self.acts = [], []

    def submit(self, now_s, order):
        """Note an order."""
        self.orders.append(order.order_id)

    def operate(self, now_s, act, number):
        """Note an act."""
        self.acts.append(act)


def test_orders_wait_in_their_queue_while_acts_are_taken_at_once():
    leader = Leader()
    orders = Calls(SubmitOrder.Request(order=TaskOrder(
        site_id='warehouse', order_id=f'o{number}', trace_id='t', kind=TaskOrder.KIND_MOVE,
        pick='a', drop='b')) for number in range(5))
    acts = Calls([Operate.Request(
        site_id='warehouse', operator='ann', verb=Operate.Request.PAUSE, robot_id='r001')])
    desk = FrontDesk(leader, Wire('warehouse'), orders, acts)
    desk.serve(1.0, 0)
    assert leader.orders == [] and len(leader.acts) == 1
    desk.serve(1.1, 2)
    assert leader.orders == ['o0', 'o1'] and len(orders.waiting) == 3
    desk.serve(1.2, 100)
    assert leader.orders == ['o0', 'o1', 'o2', 'o3', 'o4']
