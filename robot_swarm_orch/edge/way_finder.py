# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which way one robot wants to go: to its goal, round what is blocked and whom it has waited for.

It changes what the robot wants, never what it may do. The search itself is `planning.py`, the
leader's word to make way `advice.py`.
"""

from random import Random

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.advice import Advice
from robot_swarm_orch.edge.base import Track
from robot_swarm_orch.edge.peers import PeerTable
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.types import FleetView, Odometry, Reason, Safety

# What driving into a node costs while somebody stands in it, and while it is blocked [s].
_HELD_COST_S = 20.0
_BLOCKED_COST_S = 600.0
# A robot that found no way to its goal looks again after this long [s].
_NO_WAY_RETRY_S = 1.0
# Slower than this a neighbour stands [m/s].
_STILL_MPS = 0.02
# Who stands for one of these for long looks for another way.
_IN_THE_WAY = frozenset((Reason.AUTHORITY, Reason.SCAN, Reason.PEER, Reason.DETECTION))


class WayFinder:
    """Leads the track of one robot."""

    def __init__(self, robot: str, config: RobotConfig, planner: Planner, peers: PeerTable,
                 rng: Random):
        """Know of nothing that is blocked; `rng` spreads the patience of robots that wait."""
        self.advice = Advice()
        self.no_way = False
        self._robot, self._config = robot, config
        self._planner, self._peers, self._rng = planner, peers, rng
        self._blocked = self._blocked_edges = frozenset()
        self._planned_around = (self._blocked, self._blocked_edges)
        self._waiting_since_s = self._look_again_s = None
        self._patience_s = config.replan_after_s

    def hear(self, view: FleetView) -> None:
        """Take in what the leader says is blocked."""
        self._blocked = frozenset(view.blocked)
        self._blocked_edges = frozenset(view.blocked_edges)

    def lead(self, now_s: float, body: Odometry, track: Track, committed: int, standing_at: int,
             held, goal: int, safety: Safety) -> None:
        """
        Lead the track to the goal, from the first node at which the robot can still stop.

        committed: index of that node. standing_at: the node that it stands at, -1 if none. held:
        the nodes that it holds. goal: a node, -1 for none. safety: the limiter's last word.
        """
        if self.advice.lead(now_s, track, committed, standing_at, held):
            return
        if goal < 0:
            track.nodes = track.nodes[:committed + 1]
            self._waiting_since_s = None
            return
        if self.no_way and now_s < self._look_again_s:
            return
        waited = self._has_waited(now_s, standing_at, safety)
        if not waited and self._leads_there(track.nodes[committed:], goal):
            return
        costs = self._blocked_costs(goal)
        if waited:
            costs.update(self._held_by_others(now_s, body, track, held, safety))
        node, yaw_rad = self.set_out(body, track, committed)
        route = self._planner.route(node, yaw_rad, goal, costs or None, self._blocked_edges)
        self.no_way, self._planned_around = not route, (self._blocked, self._blocked_edges)
        track.nodes = (track.nodes[:committed] + tuple(route) if route
                       else track.nodes[:committed + 1])
        self._waiting_since_s, self._look_again_s = None, now_s + _NO_WAY_RETRY_S

    def cost_s(self, node: int, yaw_rad: float, goal: int) -> float:
        """Return the travel time from a node and heading [s], inf if there is no way."""
        return self._planner.cost_s(
            node, yaw_rad, goal, self._blocked_costs(goal) or None, self._blocked_edges)

    @staticmethod
    def set_out(body: Odometry, track: Track, committed: int):
        """Return the node and the heading [rad] with which a new way begins."""
        nodes = track.nodes
        return nodes[committed], (
            track.roadmap.edge(nodes[committed - 1], nodes[committed]).yaw_rad if committed
            else body.pose.yaw_rad)

    def _leads_there(self, ahead, goal):
        """Return whether the way ahead still is the one to the goal."""
        return ahead[-1] == goal and (
            (self._blocked, self._blocked_edges) == self._planned_around
            or self._blocked.isdisjoint(ahead[1:])
            and self._blocked_edges.isdisjoint(zip(ahead, ahead[1:])))

    def _blocked_costs(self, goal):
        """Return the cost of driving into blocked nodes [s]; the goal may be one."""
        return dict.fromkeys(self._blocked - {goal}, _BLOCKED_COST_S)

    def _has_waited(self, now_s, standing_at, safety):
        """Return whether the robot has stood on its way for so long that it looks for another."""
        if standing_at < 0 or safety.reason not in _IN_THE_WAY:
            self._waiting_since_s = None
            return False
        if self._waiting_since_s is None:
            spread = 1.0 + 0.5 * self._rng.random()
            self._waiting_since_s = now_s
            self._patience_s = self._config.replan_after_s * spread
        return now_s - self._waiting_since_s >= self._patience_s

    def _held_by_others(self, now_s, body, track, held, safety):
        """Return the cost of nodes that standing neighbours hold, or where an obstacle is."""
        pose, real_count = body.pose, track.roadmap.site.real_count
        near = self._peers.near(
            pose.x_m, pose.y_m, self._config.peer_radius_m, now_s, self._robot)
        costs = {node: _HELD_COST_S for peer in near
                 if abs(peer.motion.speed_mps) < _STILL_MPS for node in peer.held
                 if node < real_count and node not in held}
        if safety.reason in (Reason.SCAN, Reason.DETECTION) and len(track.nodes) > 1:
            costs[track.nodes[1]] = _HELD_COST_S
        return dict(sorted(costs.items()))
