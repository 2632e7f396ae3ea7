# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
One robot's mind: `RobotAgent.tick` is the whole flow, from what it senses to what it tells.

sense -> hear -> work -> route -> authority -> motion -> safety -> tell

The agent has no clock, no network and no ROS: the caller passes in what is new, publishes what
comes out, and calls it every `tick_s`. It needs no coordinators to be safe: without their words it
stands, and brakes inside what it already holds.
"""

from math import hypot, nan
from random import Random
from typing import Optional, Tuple

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.advice import ADVICE_S
from robot_swarm_orch.edge.authority import AuthorityBook, Heard
from robot_swarm_orch.edge.base import (
    Base, locate, roadmap_of, stop_distance_m, Track, until_return)
from robot_swarm_orch.edge.bidding import bid_of
from robot_swarm_orch.edge.free_floor import floor_of
from robot_swarm_orch.edge.journal import Journal
from robot_swarm_orch.edge.lease import LeaseClock
from robot_swarm_orch.edge.motion import Follower, Reckoner
from robot_swarm_orch.edge.neighbours import AvoidanceConfig
from robot_swarm_orch.edge.peers import PeerTable
from robot_swarm_orch.edge.planning import Planner
from robot_swarm_orch.edge.ports import Inputs, Outputs
from robot_swarm_orch.edge.reporting import ReportClock
from robot_swarm_orch.edge.safety import clamp, is_fresh, Limiter, Situation
from robot_swarm_orch.edge.seams import MotionDriver
from robot_swarm_orch.edge.stop_latch import StopLatch
from robot_swarm_orch.edge.task_runner import Phase, TaskRunner
from robot_swarm_orch.edge.way_finder import WayFinder
from robot_swarm_orch.edge.words import errors_of, explained
from robot_swarm_orch.errors import InvariantError
from robot_swarm_orch.site import Site
from robot_swarm_orch.types import (
    Ack, Counters, Mode, Motion, Odometry, Peer, Reason, Report, Safety, STANDSTILL)

# Slower than this the robot stands; slower than that it has as good as arrived [m/s].
_STILL_MPS = 0.02
_CREEP_MPS = 0.06
# Robots that stand for one of these give back what they have not entered.
_LONG_STANDS = frozenset((Reason.EMERGENCY, Reason.INACTIVE, Reason.IN_DOUBT))


class RobotAgent:
    """The edge node of one robot, without ROS."""

    def __init__(self, robot_id: str, site: Site, config: RobotConfig, boot_id: int,
                 journal: Journal, planner: Planner, peers: PeerTable,
                 rng: Optional[Random] = None, driver: Optional[MotionDriver] = None,
                 company=None, avoidance: AvoidanceConfig = AvoidanceConfig()):
        """
        Start standing, with nothing held.

        `boot_id` is a random number that this robot never used before; `rng` draws the next ones.
        `company` is what the process knows of robots in free zones; None: it hosts this one only.
        """
        self.robot, self.site, self.config = robot_id, site, config
        self.peers = peers
        self.rng = rng if rng is not None else Random(boot_id)
        self.way = WayFinder(robot_id, config, planner, peers, self.rng)
        self.roadmap = roadmap_of(site)
        self.book = AuthorityBook(robot_id, site.hash, boot_id)
        self.clock = LeaseClock(robot_id, _journal_term(journal))
        self.runner = TaskRunner(robot_id, config, journal, self.clock, boot_id)
        self.reckoner = Reckoner(config)
        self.driver = driver if driver is not None else Follower(config, self.reckoner)
        self.limiter = Limiter(config)
        self.floor = floor_of(robot_id, site, config, company, avoidance)
        self.counters = Counters()
        self.track: Optional[Track] = None
        self.safety = Safety(0.0, Reason.JOINING, True)
        self.latch = StopLatch(journal.load().latch)
        self._situation = Situation()
        self._motion = STANDSTILL
        self._fenced = self._outside = self._inside = False
        self._committed = 0
        self._standing_at = -1
        self._reports = ReportClock(config)
        self._told = None

    def tick(self, inputs: Inputs) -> Outputs:
        """Take one control step: called every `tick_s` with all that is new."""
        body = self._sense(inputs)
        acks = self._hear(inputs)
        acks += self._work(inputs)
        self._find_way(inputs, body)
        base = self._hold(inputs, body)
        if self._zone() is not None and base is not None:
            self._motion = self._cross(inputs, body, base)
        else:
            wanted = self._follow(body, base)
            safety = self._judge(inputs, body, base, wanted)
            self._motion = clamp(wanted, safety)
        self.reckoner.sent(inputs.control_s, self._motion)
        return self._tell(inputs, body, acks)

    def _sense(self, inputs) -> Optional[Odometry]:
        """
        Return the pose and speed now, and note where on the track the robot is.

        What the body has left behind is judged by the odometry as it was measured: a base that
        did not follow its commands is never believed to be further than it was seen. What lies
        ahead is judged by the odometry carried forward to now.
        """
        self._standing_at = -1
        seen = inputs.odometry
        if seen is None:
            return None
        body = self.reckoner.at(seen, inputs.control_s)
        self._choose_mode(inputs, seen)
        track = self.track
        if track is None or self.book.mode != Mode.AUTOMATIC:
            return body
        x, y, asked = seen.pose.x_m, seen.pose.y_m, abs(self._motion.speed_mps)
        speed = max(abs(seen.motion.speed_mps), asked)
        if self._zone() is not None and self._sense_zone(seen, speed):
            return body
        track.pass_nodes(x, y, speed < _CREEP_MPS)
        self._committed = track.committed(body.pose.x_m, body.pose.y_m,
                                          max(abs(body.motion.speed_mps), asked))
        self._inside = track.inside(frozenset(self.book.held), x, y,
                                    self.config.position_error_m - seen.pose_error_m)
        if speed < _STILL_MPS and (not self._inside or self._is_off_its_end(x, y)):
            self._find_place(seen)
        if self._inside and self._committed == 0 and speed < _STILL_MPS:
            self._standing_at = self.track.nodes[0]
            if self.floor is not None and self.floor.enter(self.track, self.book.held):
                self._standing_at = -1
        return body

    def _zone(self):
        """Return the free zone that the robot is in, None on the roadmap."""
        return None if self.floor is None else self.floor.zone_of(self.track)

    def _sense_zone(self, seen, speed):
        """Note where in a free zone the robot is; return whether it is in one still."""
        held = frozenset(self.book.held)
        stays, self._inside, self._committed = self.floor.sense(self.track, held, seen, speed)
        if stays and self._committed == 0:
            self._standing_at = self.floor.stands_at(self.track, speed)
        return stays

    def _is_off_its_end(self, x, y):
        """Return whether the robot stands at the end of its track, off by more than the error."""
        nodes = self.track.nodes
        return (len(nodes) == 1 and self.roadmap.off_node_m(nodes[0], x, y)
                > self.config.position_error_m)

    def _choose_mode(self, inputs, seen):
        """Follow the person's switch, and a pose that is not known well enough."""
        book = self.book
        if book.mode == Mode.JOINING:
            return
        mode = Mode.AUTOMATIC
        if inputs.manual:
            mode = Mode.MANUAL
        elif seen.pose_error_m > self.config.position_error_m:
            mode = Mode.LOST
        if mode != book.mode:
            was = book.mode
            book.set_mode(mode)
            if was == Mode.LOST and self._roster():
                self._begin_anew(fenced=False)  # it was taken for one that stands
            elif mode == Mode.AUTOMATIC:
                self._find_place(seen)

    def _find_place(self, seen):
        """
        Start a new track where the robot stands, on the way to its goal or back to where it was.

        A robot that rolled on too far gets the track of the edge that it is on, though it does not
        hold all of it: it stands until it does.
        """
        towards = self.runner.goal if self.runner.goal >= 0 else self.track.nodes[-1]
        held = self.book.held
        nodes = self._place(held, seen, towards) or self._place(held, seen, towards, True)
        if nodes:
            self.track = Track(self.roadmap, self.config, nodes)
            self._committed = len(nodes) - 1
            x, y = seen.pose.x_m, seen.pose.y_m
            self._inside = self._zone() is not None or self.track.inside(
                frozenset(held), x, y, self.config.position_error_m - seen.pose_error_m)

    def _place(self, held, seen, towards=-1, strayed=False):
        """Return the track of a robot that stands inside `held`, () if it does not."""
        nodes = self.floor.place(held, seen) if self.floor is not None else ()
        return nodes or locate(
            self.roadmap, held, seen.pose, self.config.position_error_m - seen.pose_error_m,
            towards, strayed)

    def _hear(self, inputs) -> Tuple[Ack, ...]:
        """Take in stops, leases, authorities, commands, the fleet's view; return the answers."""
        for stop in inputs.stops:
            self.latch.hear(stop)
        for lease in inputs.leases:
            if not self.clock.hear(lease):
                self.counters.refuse('lease')
        for grant in inputs.grants:
            self._hear_grant(grant, inputs)
        if inputs.view is not None and inputs.view.site_hash == self.site.hash:
            self.way.hear(inputs.view)
            if self.floor is not None:
                self.floor.company.hear_view(inputs.view, inputs.now_s)
        if self.floor is not None and self.floor.has_lapsed(
                self.track, self.book.held, self.clock.until_s - inputs.now_s,
                self._stands(inputs)):
            self._begin_anew(fenced=False)
        acks = ()
        for command in inputs.commands:
            acks += (self.runner.hear(
                command, inputs.now_s, self._standing_at, inputs.load is not None),)
        return acks

    def _hear_grant(self, grant, inputs):
        """Take in a movement authority; join, or begin anew, when it says so."""
        nodes = ()
        if self.book.mode == Mode.JOINING and self._stands(inputs):
            nodes = self._place(grant.nodes, inputs.odometry)
        before = self.book.held
        heard = self.book.hear(grant, bool(nodes))
        if self.floor is not None and heard in (Heard.JOINED, Heard.GAINED):
            self.floor.granted(before, self.book.held, grant.commit_index)
        if heard == Heard.JOINED:
            self.clock.forget()
            self.track = Track(self.roadmap, self.config, nodes)
            self._committed = len(nodes) - 1
            self._inside, self._fenced, self._outside = True, False, False
        elif heard == Heard.OUTSIDE:
            self._outside = True
        elif heard == Heard.FENCED:
            self._begin_anew()
        elif heard in (Heard.FOREIGN, Heard.OTHER_SITE, Heard.REFUSED):
            self.counters.refuse(f'grant_{heard.value}')
        if heard not in (Heard.FOREIGN, Heard.OTHER_SITE):
            overtaken = self.clock.hear_state(grant.term, grant.commit_index)
            if overtaken and heard == Heard.NOTHING:
                self.counters.refuse(f'grant_{overtaken}')
            elif grant.advice >= 0 and not self.clock.expired(
                    grant.heard_seq, ADVICE_S, inputs.now_s):
                self.way.advice.hear(inputs.now_s, grant.advice)

    def _stands(self, inputs):
        """Return whether the robot was seen to stand, just now."""
        seen = inputs.odometry
        return (seen is not None and abs(seen.motion.speed_mps) < _STILL_MPS
                and is_fresh(inputs.control_s - seen.taken_s, self.config.odometry_stale_s))

    def _begin_anew(self, fenced=True):
        """Join as another boot: this one was replaced, or cleared by a person."""
        boot_id = self.rng.getrandbits(63)
        if boot_id == self.book.boot_id:
            raise InvariantError('the generator drew the same boot id twice')
        self.book.fence(boot_id)
        self.runner.boot_id = boot_id
        self.clock.forget()
        self.track = None
        self._fenced, self._inside = fenced, False

    def _work(self, inputs) -> Tuple[Ack, ...]:
        """Carry the open command on; return its acknowledgement if it ended."""
        ack = self.runner.step(inputs.now_s, self._standing_at, inputs.load)
        return (ack,) if ack is not None else ()

    def _find_way(self, inputs, body):
        """Lead the track to the goal, if the robot drives by itself."""
        if self.track is not None and body is not None and self.book.mode == Mode.AUTOMATIC:
            self.way.lead(inputs.now_s, body, self.track, self._committed, self._standing_at,
                          self.book.held, self.runner.goal, self.safety)

    def _hold(self, inputs, body) -> Optional[Base]:
        """Give back what is not needed, ask for what comes next; return where the robot may go."""
        track, book, seen = self.track, self.book, inputs.odometry
        if track is None or seen is None or book.mode != Mode.AUTOMATIC:
            return None
        x, y = seen.pose.x_m, seen.pose.y_m
        zone, held = self._zone(), frozenset(book.held)
        speed = max(abs(seen.motion.speed_mps), abs(self._motion.speed_mps))
        needed = (track.needed(x, y, self._committed) if zone is None
                  else self.floor.needed(track, held, (seen.pose, body.pose), speed))
        ahead = until_return(track.horizon(self.config.horizon), book.held, needed)
        if self._standing_at >= 0 and self.safety.reason in _LONG_STANDS:
            ahead = []
        if self._inside:
            in_order = needed + ahead
            keep = set(in_order)
            book.drop(left=[node for node in book.held if node not in keep])
            book.order(in_order)
            book.want(ahead)
        else:
            book.want(() if zone is not None else track.missing(book.held, x, y))
        if zone is not None:
            return self.floor.base(track, frozenset(book.held), seen, bool(book.wanted))
        return track.base(frozenset(book.held), x, y)

    def _follow(self, body, base) -> Motion:
        """Return the motion that follows the base."""
        if base is None:
            return STANDSTILL
        return self.driver.drive(body, base, self.config.speed_mps)

    def _cross(self, inputs, body, base) -> Motion:
        """Return the motion in a free zone; the limiter's word comes first, avoidance last."""
        floor, track = self.floor, self.track
        wish = floor.wish(track, base, body)
        lease_left_s = self.clock.until_s - inputs.now_s
        safety = self._judge(inputs, body, base, Motion(hypot(*wish), 0.0))
        self.safety = floor.unknown_to(track, lease_left_s, safety)
        return floor.drive(track, frozenset(self.book.held), body, base, self.safety,
                           inputs.now_s, self._motion)

    def _judge(self, inputs, body, base, wanted) -> Safety:
        """Return what the safety limiter says to all of this."""
        s = self._situation
        s.active, s.emergency, s.mode = inputs.active, self.latch.by, self.book.mode
        s.fenced = self._fenced
        s.inside = not self._outside if s.mode == Mode.JOINING else self._inside
        s.lease_left_s = self.clock.until_s - inputs.now_s
        s.in_doubt = self.runner.phase == Phase.IN_DOUBT
        s.working = self.runner.phase in (Phase.WORKING, Phase.SETTLING)
        s.control_s, s.now_s = inputs.control_s, inputs.now_s
        s.body, s.base, s.scan, s.wanted = body, base, inputs.scan, wanted
        s.sight = inputs.sight
        if body is not None:
            s.odometry_age_s = inputs.control_s - inputs.odometry.taken_s
            s.peers = (self._near(inputs, body)
                       if wanted.speed_mps > 0.0 and self._zone() is None else ())
        self.safety = self.limiter.limit(s)
        return self.safety

    def _near(self, inputs, body):
        """Return the neighbours that could be met before standstill."""
        config = self.config
        reach = stop_distance_m(config.speed_mps, config.react_s, config.brake_mps2)
        radius = min(config.peer_radius_m, 2.0 * reach + 2.0 * config.footprint_radius_m)
        return self.peers.near(body.pose.x_m, body.pose.y_m, radius, inputs.now_s, self.robot)

    def _tell(self, inputs, body, acks) -> Outputs:
        """Put together what the robot does and says."""
        safety = self.safety
        changed = (safety.reason, safety.stopped) != self._told
        self._told = (safety.reason, safety.stopped)
        if changed:
            safety = explained(safety, self._situation, self.config, self.clock, self.runner)
        report = state = None
        if body is not None and self._report_is_due(inputs, body):
            report = self._report(inputs, body)
            state = Peer(self.robot, report.boot_id, report.seq, report.mode, body.pose,
                         body.motion, self.config.footprint_radius_m, report.held, inputs.now_s,
                         report.carrying, body.pose_error_m, inputs.now_s, self._roster())
            if not self._reports.is_for_leader(inputs.now_s, self.clock):
                report = None
        return Outputs(self._motion, report, state, acks,
                       self.runner.load_request(inputs.now_s), safety if changed else None,
                       self.track.nodes if self.track is not None else (),
                       self._bid(inputs, body))

    def _bid(self, inputs, body):
        """Return what the robot offers to a leader that calls for bids, None if nothing."""
        if (inputs.call is None or body is None or self.track is None
                or self.book.mode != Mode.AUTOMATIC):
            return None
        node, yaw_rad = self.way.set_out(body, self.track, self._committed)
        return bid_of(self.robot, self.book.boot_id, inputs.call, self.clock.term, node,
                      lambda goal: self.way.cost_s(node, yaw_rad, goal), inputs.battery,
                      self.config)

    def _roster(self):
        """Return how new a view of who is in the free zones the robot reckons with; 0: none."""
        return 0 if self.floor is None else self.floor.roster(self.track, self.book.held)

    def _report_is_due(self, inputs, body):
        """Return whether to report now, and note it."""
        book, safety = self.book, self.safety
        news = (book.mode, book.held, book.wanted, self.runner.command_seq, safety.reason,
                abs(body.motion.speed_mps) >= _STILL_MPS,
                inputs.load is not None and inputs.load.carrying)
        if self._roster():
            news += (inputs.now_s,)  # neighbours in a free zone must hear it each tick
        return self._reports.is_due(inputs.now_s, news, safety.reason == Reason.AUTHORITY,
                                    self.clock)

    def _report(self, inputs, body) -> Report:
        """Return the next report, and remember when it was sent."""
        seq, mode, held, wanted = self.book.report()
        self.clock.sent(seq, inputs.now_s)
        load, runner, config = inputs.load, self.runner, self.config
        return Report(
            self.robot, self.book.boot_id, seq, mode, self.site.hash, held, wanted, body.pose,
            body.motion.speed_mps, runner.goal, self.clock.term, self.clock.lease_seq,
            runner.command_seq, runner.order_id, load.carrying if load is not None else False,
            load.load_mass_kg if load is not None else nan, inputs.battery, body.pose_error_m,
            config.footprint_radius_m, self.safety.reason, bool(self.latch.by), self._errors())

    def _errors(self):
        """Return short words about what is wrong."""
        outside = self._outside or (self.book.mode == Mode.AUTOMATIC and not self._inside)
        return errors_of(self.way.no_way, outside, self.runner.phase == Phase.IN_DOUBT,
                         self.latch.trouble)


def _journal_term(journal):
    """Return the highest term that the journal knows of."""
    accepted = journal.load().accepted
    return accepted.term if accepted is not None else 0
