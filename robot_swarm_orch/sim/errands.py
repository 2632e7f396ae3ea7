# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Robots that drive from goal to goal: traffic alone, without orders, loads or allocation.

Each robot has goals of its own, one after another. A coordinator that leads gives it the next as
soon as it has reached the one before; everything else is the coordinator's and the robot's own
code. `cluster.Cluster(leader=errands.lead)` runs it.
"""

from dataclasses import dataclass, field
from math import atan2
from typing import Dict, Iterator, List, Mapping, Tuple
from uuid import UUID

from robot_swarm_orch.coordinator import events
from robot_swarm_orch.coordinator.leader import Leader
from robot_swarm_orch.edge.planning import drive_time_s, Planner
from robot_swarm_orch.types import CommandKind


@dataclass
class Errands:
    """Where each robot goes, and what it has reached: (time [s], robot, node)."""

    goals: Mapping[str, Iterator[int]]
    reached: List[Tuple[float, str, int]] = field(default_factory=list)
    _now: Dict[str, Tuple[int, int]] = field(default_factory=dict)  # robot -> (count, node)

    def goal(self, robot: str):
        """Return (count, node) of a robot's present goal, None if it has no more."""
        if robot not in self._now:
            node = next(self.goals[robot], None)
            if node is None:
                return None
            self._now[robot] = (0, node)
        return self._now[robot]

    def done(self, now_s: float, robot: str) -> None:
        """Note that a robot has reached its goal; it is given the next one."""
        count, node = self._now[robot]
        self.reached.append((now_s, robot, node))
        following = next(self.goals[robot], None)
        if following is None:
            self.goals = {**self.goals, robot: iter(())}
            del self._now[robot]
        else:
            self._now[robot] = (count + 1, following)

    def lead(self, parts, state, term, now_s):
        """Return a leader that gives out these errands; the arguments are those of Leader."""
        return _ErrandLeader(self, parts, state, term, now_s)


class _ErrandLeader(Leader):
    """A leader that sends idle robots to their next goals, and knows no orders."""

    def __init__(self, errands, *arguments):
        """Give out these errands."""
        super().__init__(*arguments)
        self._errands = errands

    def decide_tasks(self, now_s):
        """Return who is lost or found, and who is sent where."""
        lost, found = self.reports.silence(now_s)
        decided = [events.RobotLost(name) for name in lost]
        decided += [events.RobotFound(name) for name in found]
        for name in [robot.name for robot in self.tasking.idle(now_s, set(lost))]:
            errand = None if self.state.robots[name].open is not None else self._errands.goal(name)
            if errand is not None:
                command_id = str(UUID(int=self._parts.rng.getrandbits(128), version=4))
                decided.append(events.CommandSent(
                    name, command_id, int(CommandKind.PARK), errand[1], f'{name} {errand[0]}', ''))
        return decided + self.housekeeping(self.log_time_ms(now_s))

    def applied(self, now_s, effects):
        """Count the goals that robots have reached."""
        super().applied(now_s, effects)
        for name, failed in effects.closed:
            if not failed:
                self._errands.done(now_s, name)


def alone(planner: Planner, starts, goals: Mapping[str, Iterator[int]], duration_s: float):
    """
    Return what each robot would reach if it were alone: a list of (time [s], robot, node).

    starts: (robot, node) pairs. Each drives the fastest route at its own speed limits, from rest
    to rest, and gets the next goal at once: the ghost bound of traffic.
    """
    reached, site = [], planner.site
    for robot, node in starts:
        now, yaw = 0.0, _heading(site, node, site.successors[node][0])
        for goal in goals[robot]:
            route = planner.route(node, yaw, goal)
            if len(route) > 1:
                now += drive_time_s(site, route, yaw, planner.robot)
                yaw = _heading(site, *route[-2:])
            if now > duration_s:
                break
            node = goal
            reached.append((now, robot, goal))
    return reached


def _heading(site, a, b):
    dx, dy = site.xy[b] - site.xy[a]
    return atan2(dy, dx)
