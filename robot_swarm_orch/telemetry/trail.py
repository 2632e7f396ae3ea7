# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The trail of an order through the log lines: from its acceptance to the robot's last word.

Statuses, commands and answers are sent again and again; a line is written when something is new.
The coordinators' lines and the robots' lines of one order share its trace id, and those of one
command its command id.
"""

from collections import OrderedDict
from typing import Optional

from robot_swarm_orch.telemetry.event_log import ERROR, EventLog, INFO, WARNING
from robot_swarm_orch.types import OrderState, Outcome

_ORDERS_REMEMBERED = 4096
_OF_ORDERS = {OrderState.REFUSED: WARNING, OrderState.FAILED: WARNING,
              OrderState.IN_DOUBT: ERROR}
# States whose status repeats why that robot was chosen; the line of the assignment has said it.
_OF_COURSE = frozenset((OrderState.PICKING, OrderState.CARRYING, OrderState.DROPPING,
                        OrderState.DONE))
_OF_ANSWERS = {Outcome.FAILED: WARNING, Outcome.REJECTED: WARNING, Outcome.IN_DOUBT: ERROR}


class CoordinatorTrail:
    """What a leader decides about orders, and what robots answer."""

    def __init__(self, log: EventLog):
        """Write into a log."""
        self._log = log
        self._orders = OrderedDict()  # order id -> (state, robot) of the newest line
        self._order_of = OrderedDict()  # trace id -> order id
        self._commands = {}           # robot -> its newest command
        self._acks = {}               # robot -> (command id, outcome) of the newest line
        self._since_index = 0

    def status(self, status) -> None:
        """Note what has become of an order (types.OrderStatus), after commit."""
        _remember(self._order_of, status.trace_id, status.order_id)
        news = (status.state, status.robot)
        if 0 < status.seq <= self._since_index or self._orders.get(status.order_id) == news:
            return
        _remember(self._orders, status.order_id, news)
        self._log.event(
            f'order_{OrderState(status.state).name.lower()}', _OF_ORDERS.get(status.state, INFO),
            trace_id=status.trace_id, order_id=status.order_id, robot_id=status.robot,
            term=status.term, **_reason('' if status.state in _OF_COURSE else status.reason))

    def command(self, command) -> None:
        """
        Note a command that goes out (types.Command).

        A copy is another event, until the robot has answered: then copies only remind it.
        """
        known = self._commands.get(command.robot)
        repeated = known is not None and known.command_id == command.command_id
        if repeated and self._acks.get(command.robot, ('',))[0] == command.command_id:
            return
        self._commands[command.robot] = command
        _remember(self._order_of, command.trace_id, command.order_id)
        self._log.event(
            'command_repeated' if repeated else 'command_sent', trace_id=command.trace_id,
            order_id=command.order_id, robot_id=command.robot, command_id=command.command_id,
            kind=command.kind.name.lower(), place=command.place, seq=command.seq,
            term=command.term)

    def ack(self, ack) -> None:
        """
        Note a robot's answer (types.Ack) that reached the leader.

        The leader before may have sent the command that it answers.
        """
        news = (ack.command_id, ack.outcome)
        if self._acks.get(ack.robot) == news:
            return
        self._acks[ack.robot] = news
        self._log.event(
            'command_acked', _OF_ANSWERS.get(ack.outcome, INFO), trace_id=ack.trace_id,
            order_id=self._order_of.get(ack.trace_id, ''), robot_id=ack.robot,
            command_id=ack.command_id, outcome=Outcome(ack.outcome).name.lower(), seq=ack.seq,
            **_reason(ack.reason))

    def leads(self, since_index: Optional[int], term: int) -> None:
        """
        Note that this coordinator began to lead, or (None) that it no longer does.

        since_index: log entry with which it began. What became of orders before that is told to
        the world again, but was in the log lines of the leader before.
        """
        self._since_index = since_index or 0
        self._log.event('following' if since_index is None else 'leading', term=term)

    def disk(self, refused: str, refuses: str, repaired: str) -> None:
        """Note that the log's disk began or ceased to refuse, not each look at it between."""
        if refuses and not refused:
            self._log.event('disk_refused', ERROR, reason=refuses)
        elif refused and not refuses:
            self._log.event('disk_recovered', WARNING, **_reason(repaired))


class RobotTrail:
    """What one robot hears and answers."""

    def __init__(self, log: EventLog, robot: str):
        """Write into a log, for a robot."""
        self._log, self._robot = log, robot
        self._command = None
        self._told = None  # (command id, outcome) of the newest line

    def command(self, command) -> None:
        """Remember what was heard (types.Command); the answer says what became of it."""
        self._command = command

    def ack(self, ack) -> None:
        """Note an answer that goes out (types.Ack)."""
        news = (ack.command_id, ack.outcome)
        if self._told == news:
            return
        self._told = news
        command = self._command
        known = command is not None and command.command_id == ack.command_id
        self._log.event(
            f'command_{Outcome(ack.outcome).name.lower()}', _OF_ANSWERS.get(ack.outcome, INFO),
            trace_id=ack.trace_id, order_id=command.order_id if known else '',
            robot_id=self._robot, command_id=ack.command_id,
            kind=command.kind.name.lower() if known else '', seq=ack.seq, **_reason(ack.reason))


def _remember(newest: OrderedDict, key: str, value) -> None:
    """Keep a value, and forget the oldest ones beyond a bound."""
    newest[key] = value
    newest.move_to_end(key)
    if len(newest) > _ORDERS_REMEMBERED:
        newest.popitem(last=False)


def _reason(reason: str) -> dict:
    """Return a reason as a field, if there is one."""
    return {'reason': reason} if reason else {}
