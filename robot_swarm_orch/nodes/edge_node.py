# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The edge node: hosts one robot (on the robot) or several (in a simulation).

On a robot it runs in the robot's namespace, which is the robot's id, and its topics stand there.
With `robots` it hosts those, each with its topics in a namespace of its own. Either way there is
one lifecycle node, one timer and one table of neighbours a process. Deactivated or after an error,
the agents tick on with `active` false, so the robots stand and say so.
"""

from collections import Counter
from pathlib import Path
import random
import secrets
import sys
import time
from time import perf_counter
from types import SimpleNamespace

from robot_swarm_orch.config import check, RobotConfig
from robot_swarm_orch.edge.agent import RobotAgent
from robot_swarm_orch.edge.company import Company
from robot_swarm_orch.edge.journal import FileJournal, MemoryJournal
from robot_swarm_orch.edge.neighbours import AvoidanceConfig
from robot_swarm_orch.edge.peers import PeerTable
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import quiet_node, remappings
from robot_swarm_orch.nodes.hosted_robot import HostedRobot, Shared
from robot_swarm_orch.nodes.latch_keeper import LatchKeeper, SharedJournal
from robot_swarm_orch.nodes.lifecycle import Host, run
from robot_swarm_orch.nodes.pacing import Pace
from robot_swarm_orch.nodes.params import AVOIDANCE, declare, EdgeParams
from robot_swarm_orch.nodes.pose_sources import transform_lookup
from robot_swarm_orch.nodes.robot_health import RobotStatuses, samples_of
from robot_swarm_orch.nodes.wire_checks import is_robot_id
from robot_swarm_orch.nodes.zones import ZoneTopics
from robot_swarm_orch.telemetry.event_log import ERROR
from robot_swarm_orch.types import Lease

# A robot has one goal at a time, and now and then looks for a way round something.
_TABLES_PER_ROBOT = 8


class TimedPlanner:
    """A planner whose route decisions are timed."""

    def __init__(self, planner: Planner, histogram):
        """Wrap a planner."""
        self._planner = planner
        self._histogram = histogram

    def route(self, *args, **kwargs):
        """Return the planner's route."""
        began = perf_counter()
        result = self._planner.route(*args, **kwargs)
        self._histogram.observe(perf_counter() - began)
        return result

    def __getattr__(self, name):
        """Pass everything else on."""
        return getattr(self._planner, name)


class EdgeNode(Host):
    """The lifecycle host of one or several robots."""

    def __init__(self, arguments=()):
        """Declare and check parameters; raises ConfigError. `arguments`: the process's own."""
        super().__init__('edge')
        self._config = declare(self, RobotConfig)
        self._avoidance = declare(self, AvoidanceConfig, AVOIDANCE)
        self._options = declare(self, EdgeParams)
        self._arguments = list(arguments)
        namespace = self.get_namespace().strip('/')
        check(bool(self._options.robots) or is_robot_id(namespace),
              f'the namespace is {self.get_namespace()!r}: run the node in the namespace of its '
              'robot (-r __ns:=/r001), or name the robots to host in the parameter `robots`')
        self._robots = self._options.robots or (namespace,)
        self._hosted, self._nodes, self._journals = [], [], []
        self._memories = {}  # robot -> its journal without `data_dir`: outlives a cleanup
        self._timer = self._transforms = self._lane_model = self._keeper = None
        self._statuses = RobotStatuses(self.limits)

    # -- building -------------------------------------------------------------------------------

    def build(self) -> None:
        """Make the robots with all their endpoints, and start to tick."""
        self._peers = PeerTable(self._config.peer_forget_s)
        self._company = (Company(self.site, self._config, self._avoidance)
                         if self.site.free_zones else None)
        tables = _TABLES_PER_ROBOT * len(self._robots)
        self._planner = TimedPlanner(Planner(self.site, self._config, tables),
                                     self.metrics.histogram('route_s'))
        single = not self._options.robots
        self._keeper = LatchKeeper()
        shared = self._node(f'{self.get_name()}_io', self.get_namespace(), single)
        self._fleet = SimpleNamespace(
            report=self.endpoints.outlet(shared, topics.ROBOT_REPORT),
            ack=self.endpoints.outlet(shared, topics.COMMAND_ACK),
            bid=self.endpoints.outlet(shared, topics.BID),
            zones=ZoneTopics(shared, self.endpoints, self.site, self._config.peer_radius_m))
        self._newest_lease = (0, 0)
        self._leases_in = self.endpoints.inbox(shared, topics.LEASE)
        self._stops_in = self.endpoints.inbox(shared, topics.EMERGENCY_STOP)
        self._view_in = self.endpoints.inbox(shared, topics.FLEET_STATUS)
        self._calls_in = self.endpoints.inbox(shared, topics.CALL_FOR_BIDS)
        for robot in self._robots:
            node = shared if single else self._node('edge_io', f'/{robot}', False)
            self._hosted.append(self._host(robot, node))
        self._of_us = frozenset(self._robots)
        self.metrics.set('robots', len(self._robots))
        self._await_phase()
        self._pace = Pace(self._config.tick_s, self.metrics)
        self._timer = self.create_timer(self._config.tick_s, self._tick, clock=self.steady)

    def _await_phase(self) -> None:
        """Wait for this process's part of the period: processes shall not tick all at once."""
        period, phase = self._config.tick_s, self._options.tick_phase
        if phase < 0.0:
            phase = random.random()
        time.sleep((phase * period - time.monotonic()) % period)

    def _node(self, name, namespace, remapped):
        node = quiet_node(self, name, namespace,
                          remappings(self._arguments) if remapped else None)
        self._nodes.append(node)
        self.traffic.opened()
        return node

    def _host(self, robot, node) -> HostedRobot:
        """Return one robot with its agent."""
        if self._options.data_dir:
            journal = FileJournal(Path(self._options.data_dir) / f'{robot}.journal')
        else:
            journal = self._memories.setdefault(robot, MemoryJournal())
        journal = SharedJournal(journal)
        self._journals.append(journal)
        agent = RobotAgent(robot, self.site, self._config, secrets.randbits(62) + 1, journal,
                           self._planner, self._peers, company=self._company,
                           avoidance=self._avoidance)
        hosted = HostedRobot(agent, node, self.endpoints, self.wire, self.metrics, self._fleet,
                             self._options, self)
        hosted.keeping = self._keeper.keep(agent.latch, journal)
        if self._config.camera:
            hosted.camera = self._camera(robot, node)
        return hosted

    def _camera(self, robot, node):
        """Return one robot's camera; the model is loaded once, and nothing of it without need."""
        from robot_swarm_orch.nodes.lane_camera import LaneCamera, load_lane_model
        if self._lane_model is None:
            self._lane_model = load_lane_model(self._options.camera_model)
        return LaneCamera(robot, self._config, self._lane_model, node, self.endpoints, self.wire,
                          self.metrics)

    def transforms(self):
        """Return the look-up of transforms that all robots share; ConfigError without tf2_ros."""
        if self._transforms is None:
            self._transforms = transform_lookup(self)
        return self._transforms

    def dismantle(self) -> None:
        """Take the robots down."""
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        self.endpoints.close()
        for node in self._nodes:
            node.destroy_node()
            self.traffic.opened(-1)
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None
        for journal in self._journals:
            journal.close()
        self._hosted, self._nodes, self._journals = [], [], []

    def stop_safely(self) -> None:
        """Command standstill to every base."""
        for robot in self._hosted:
            robot.stand()

    # -- running --------------------------------------------------------------------------------

    def _tick(self) -> None:
        """Run one control period of all robots."""
        with self._pace:
            now_s = time.monotonic()
            shared = self._hear(now_s)
            for robot in self._hosted:
                try:
                    robot.tick(shared)
                except Exception as error:
                    self.event_log.event('robot_halted', ERROR, robot_id=robot.robot,
                                         reason=repr(error))
            places = [robot.place for robot in self._hosted if robot.place]
            if self._company is not None:
                for agent in (robot.agent for robot in self._hosted):
                    places += agent.floor.must_hear(agent.track)
            self._fleet.zones.move(places, now_s)

    def times(self):
        """Return the steady clock [s] and ROS time [ns]."""
        return time.monotonic(), self.get_clock().now().nanoseconds

    def _hear(self, now_s) -> Shared:
        """Take in what is meant for all robots, and the neighbours."""
        hear, wire = self.wire.hear, self.wire
        peers = self._peers
        for msg in self._fleet.zones.heard():
            peer = hear(wire.read_state, msg, now_s)
            if peer is not None:
                peers.update(peer)
                if peer.roster and self._company is not None:
                    self._company.hear(peer)
        peers.forget(now_s)
        stops = tuple(stop for stop in (hear(wire.read_stop, msg)
                                        for msg in self._stops_in.all()) if stop is not None)
        msg = self._view_in.newest()
        view = None if msg is None else hear(wire.read_view, msg)
        msg = self._calls_in.newest()
        call = None if msg is None else hear(wire.read_call, msg)
        return Shared(self.active, self._leases(), stops, view, call)

    def _leases(self) -> dict:
        """
        Return each robot's new lease, as a tuple of one, with that robot's own pair only.

        Two come between two ticks; the newer one names reports at least as new as the older one.
        Those that are no newer than one of an earlier tick came late: they are counted.
        """
        fresh = []
        for msg in self._leases_in.all():
            if (msg.term, msg.seq) > self._newest_lease:
                fresh.append(msg)
            else:
                self.wire.counters.refuse('lease_stale_term' if msg.term < self._newest_lease[0]
                                          else 'lease_old')
        for msg in sorted(fresh, key=lambda msg: (msg.term, msg.seq), reverse=True):
            lease = self.wire.hear(self.wire.read_lease, msg)
            if lease is not None:
                self._newest_lease = (lease.term, lease.seq)
                return {pair[0]: (Lease(lease.term, lease.leader_id, lease.seq, lease.duration_s,
                                        (pair,), lease.report_period_s),)
                        for pair in lease.heard if pair[0] in self._of_us}
        return {}

    def gather(self) -> None:
        """Add what the agents refused, and what stopped them."""
        super().gather()
        for prefix, counts in (('refused.', [robot.agent.counters.refused
                                             for robot in self._hosted]),
                               ('stops.', [robot.stops for robot in self._hosted])):
            for name, number in sum(map(Counter, counts), Counter()).items():
                self.metrics.set(prefix + name, number)

    def samples(self):
        """Return what is counted for each robot."""
        return samples_of(self._hosted)

    def robot_statuses(self) -> list:
        """Return how each robot is."""
        return self._statuses.of(self._hosted, time.monotonic())

    def troubles(self) -> list:
        """Return what the robots find wrong."""
        now_s = time.monotonic()
        return [trouble for robot in self._hosted for trouble in robot.troubles(now_s)]

    def health(self):
        """Return the worst that is to be said of the robots."""
        halted = [robot for robot in self._hosted if robot.halted]
        if halted:
            return 2, f'{halted[0].robot} is halted: {halted[0].halted}'
        if not self.active:
            return 1, 'inactive'
        return 0, f'{len(self._hosted)} robots'


def main(args=None) -> None:
    """Run the node."""
    sys.exit(run(lambda: EdgeNode(sys.argv if args is None else args), args))


if __name__ == '__main__':
    main()
