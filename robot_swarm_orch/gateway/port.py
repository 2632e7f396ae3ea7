# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What a gateway asks of a fleet, and hears from it."""

from dataclasses import dataclass
from typing import Dict, Optional, Protocol, Tuple

from robot_swarm_orch.errors import SwarmError
from robot_swarm_orch.types import (
    EmergencyStop, FleetView, LogLine, Order, OrderEvent, OrderStatus, Report)


class NoConsensus(SwarmError):
    """Nobody who leads has answered; `leader` says what is known, `retry_s` when to try again."""

    def __init__(self, text: str, leader: dict, retry_s: float):
        """Remember what is known of the leader."""
        self.leader, self.retry_s = leader, retry_s
        super().__init__(text)


@dataclass(frozen=True)
class GetOrder:
    """A question: all about one order."""

    order_id: str


@dataclass(frozen=True)
class OrderPage:
    """The answer: the order, where it stands, and what happened to it; None each if unknown."""

    order: Optional[Order] = None
    status: Optional[OrderStatus] = None
    history: Tuple[OrderEvent, ...] = ()


@dataclass(frozen=True)
class ListOrders:
    """A question: a page of orders by id, after an id, of some states, a robot, a client."""

    states: tuple = ()
    robot: str = ''
    client: str = ''
    after: str = ''
    limit: int = 100


@dataclass(frozen=True)
class OrdersPage:
    """The answer; `next` is the `after` of the next page, '' if this is the last."""

    orders: Tuple[OrderStatus, ...] = ()
    next: str = ''
    live: int = 0


@dataclass(frozen=True)
class GetLog:
    """A question: a page of the log after an index, about an order or a robot."""

    after: int = 0
    limit: int = 100
    order_id: str = ''
    robot: str = ''


@dataclass(frozen=True)
class LogPage:
    """The answer; `next` is the `after` of the next page, `oldest` the oldest entry kept."""

    lines: Tuple[LogLine, ...] = ()
    next: int = 0
    oldest: int = 0


class Listener(Protocol):
    """Who wants to hear what the fleet says; called in the gateway's own loop."""

    def hear_status(self, status: OrderStatus) -> None:
        """Take in what became of an order."""

    def hear_view(self, view: FleetView) -> None:
        """Take in the fleet at a glance."""

    def hear_report(self, report: Report) -> None:
        """Take in a robot's report; only while somebody wants them."""


class FleetPort(Protocol):
    """A fleet; all methods are called in one asyncio loop. The async ones raise NoConsensus."""

    async def submit(self, order: Order) -> OrderStatus:
        """Hand an order in; return its state once it is decided, which may be REFUSED."""

    async def operate(self, act) -> Tuple[bool, str]:
        """Carry an operator's act (`acts`) out; return (done, reason), after commit if done."""

    async def ask(self, question):
        """Return the answer to a GetOrder, ListOrders or GetLog."""

    async def reports(self) -> Dict[str, Tuple[Report, float]]:
        """Return the newest report of each robot that is heard, and its age [s]."""

    async def stop(self, act: EmergencyStop, robot: str) -> Dict[str, Optional[bool]]:
        """
        Stop or release a robot, or all (''); return for each whether it says that it obeys.

        All are those that the last leader named, and those that report; None stands for one that
        was not heard.
        """

    def view(self) -> Optional[FleetView]:
        """Return the fleet at a glance, None if no leader was heard lately."""

    def last_view(self) -> Optional[FleetView]:
        """Return the fleet as a leader told it last, however long ago; None if none ever did."""

    def last_report(self, robot: str) -> Tuple[Optional[Report], float]:
        """Return the newest report that was heard of a robot, however old, and its age [s]."""

    def time_s(self) -> float:
        """Return the fleet's time, in which deadlines are [s since the epoch]."""

    def leader(self) -> dict:
        """Return what is known of who leads, as JSON can carry it."""

    def listen(self, listener: Listener) -> None:
        """Tell a listener what is heard from now on."""

    def want_reports(self, wanted: bool) -> None:
        """Say that the listener wants (or does not want) reports; calls add up."""
