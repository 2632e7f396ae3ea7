# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What a run leaves to be judged. Times are the steady clock [s], one for the whole machine."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Set, Tuple

from robot_swarm_orch.demo.history import History
from robot_swarm_orch.demo.observation import Observation
from robot_swarm_orch.demo.options import DemoOptions
from robot_swarm_orch.demo.orders import OrderDesk
from robot_swarm_orch.demo.timeline import Fault, Timeline
from robot_swarm_orch.metrics import Metrics
from robot_swarm_orch.supervisor import Usage


@dataclass
class SaidAgain:
    """
    Words of coordinators that were said a second time, late, and what became of them.

    sent: how many, by kind (raft, lease, authority, command). overtaken: those that the robots
    had certainly heard something newer than. answers: what robots answered to the commands.
    carried_out: commands that a robot accepted only now, each in words.
    """

    sent: Counter = field(default_factory=Counter)
    overtaken: Counter = field(default_factory=Counter)
    late_s: Tuple[float, float] = (0.0, 0.0)  # the least and the most
    terms: Set[int] = field(default_factory=set)
    answers: Counter = field(default_factory=Counter)
    carried_out: List[str] = field(default_factory=list)
    done_s: Optional[float] = None  # when the last one was said


@dataclass
class FaultRecord:
    """What was done to the fleet, when, and what was seen of the victims afterwards."""

    fault: Fault
    victims: tuple  # processes, the leader first
    begun_s: float
    ended_s: Optional[float] = None
    led: bool = True  # whether the leader was among the victims
    term: int = 0  # the newest one when it began
    successor: str = ''  # the process that took the place of a victim that died for good
    group_changed_s: Optional[float] = None  # the operator's commands were carried out
    exit_status: Optional[int] = None  # of a process that was asked to end
    behind: Optional[int] = None  # commit index that a restarted coordinator has to reach
    caught_up_s: Optional[float] = None
    stepped_down_s: Optional[float] = None  # a frozen leader said that it leads no more
    said: Optional[SaidAgain] = None
    refused_before: Dict[str, int] = field(default_factory=dict)
    refused: Optional[Dict[str, int]] = None  # by reason, since the words were said


@dataclass
class Evidence:
    """Everything that the report is made of."""

    options: DemoOptions
    timeline: Timeline
    observation: Observation
    desk: OrderDesk
    bound_s: float
    start_s: float = 0.0
    end_s: float = 0.0
    faults: List[FaultRecord] = field(default_factory=list)
    steady_metrics: Dict[str, Metrics] = field(default_factory=dict)  # 'begin' and 'end'
    usage: Dict[str, Usage] = field(default_factory=dict)
    stolen_ratio: Optional[float] = None  # of the cores' time, what a virtual machine's host took
    vouched: Optional[Set[str]] = None  # open orders that the leader named when asked at the end
    counted: Optional[int] = None  # orders that the leader knew of before it was asked
    history: Optional[History] = None  # of the orders, in the coordinators' event logs
    forced: List[str] = field(default_factory=list)  # processes that only SIGKILL stopped
    segments_left: List[str] = field(default_factory=list)
    trouble: List[str] = field(default_factory=list)  # what went wrong on the way
