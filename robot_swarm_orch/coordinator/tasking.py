# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the leader gives idle robots to do: a charger, then orders, then a place to park.

It follows the waiting orders from entry to entry (`applied`), so that a decision looks at none of
their records but those that it gives out, and those whose drop place could not be used when they
were to be given out: they are held back until it can.
"""

from dataclasses import replace
from itertools import takewhile
from math import inf, nan

from robot_swarm_orch.coordinator import bars, events, saga
from robot_swarm_orch.coordinator.allocation import allocate, Candidate
from robot_swarm_orch.coordinator.backlog import Backlog, Lane
from robot_swarm_orch.coordinator.bid_book import BidBook
from robot_swarm_orch.coordinator.charging import plan_charging
from robot_swarm_orch.coordinator.drop_places import DropPlaces
from robot_swarm_orch.coordinator.energy import Energy
from robot_swarm_orch.coordinator.handing_over import hand_overs
from robot_swarm_orch.coordinator.legs import legs_of
from robot_swarm_orch.coordinator.parking import places_to_park
from robot_swarm_orch.coordinator.preemption import takeovers
from robot_swarm_orch.coordinator.strategies import ALLOCATORS
from robot_swarm_orch.types import CommandKind, OrderKind

# A robot that lacked a payload device gets no load for this long [s]; then it is tried again.
_BARE_S = 60.0
# Orders that may take a robot from a less urgent one in one decision: those that matter most.
_TAKERS = 32


class Tasking:
    """For one leadership: which robots are idle, and what each of them is given."""

    def __init__(self, parts, state, reports, command, why_not_begin, term):
        """
        Begin with what waits.

        parts: replica.Parts. state: FleetState. reports: ReportBook. command(robot, kind, place,
        order_id): makes an events.CommandSent. why_not_begin(now_s, robot): what keeps a robot
        from a command to do something new (Bar), or None. term: that it leads in.
        """
        self._parts, self._state, self._reports = parts, state, reports
        self._command, self._why_not_begin = command, why_not_begin
        self._term = term
        self._strategy = ALLOCATORS[parts.config.allocator]
        self._energy = Energy(parts.site, parts.robot, parts.config.battery_reserve)
        self._drop_places = DropPlaces(parts, state)
        self._held = set()  # waiting orders whose drop place can't be used
        self._bids = BidBook(term, parts.config.bid_period_s)
        self._call = None
        self._charging = frozenset()  # robots that got no order since they charge
        self._bare_until_s = {}  # robot without a payload device -> when it is tried again
        self._backlog = Backlog(self._lane_of, map(state.live.get, state.waiting))
        self._held.update(order_id for order_id in state.waiting if state.live[order_id].held_ms)

    def lacks_payload(self, now_s, robot) -> None:
        """Note that a robot has no payload device that answers."""
        self._bare_until_s[robot] = now_s + _BARE_S

    def applied(self, effects) -> None:
        """Follow what an entry of the log did to orders (records.Effects)."""
        for order_id in effects.orders:
            order = self._state.live.get(order_id)
            if order_id in self._state.waiting:
                self._backlog.put(order)
            else:
                self._backlog.drop(order_id)
            is_held = order_id in self._state.waiting and bool(order.held_ms)
            (self._held.add if is_held else self._held.discard)(order_id)

    def idle(self, now_s, excluded) -> list:
        """Return the robots that could start on an order now, as Candidates."""
        return [self._candidate(now_s, name) for name in self._state.keeper.names
                if name not in excluded and self._why_not_idle(now_s, name) is None]

    def _why_not_idle(self, now_s, name):
        """Return what keeps a robot from starting on any order now (Bar), or None."""
        bar = self._state.why_not_idle(name) or self._why_not_begin(now_s, name)
        return bar or (bars.CARRIES if self._report_of(name).carrying else None)

    def _report_of(self, name):
        return self._reports.report_of(self._state.keeper.numbers[name])

    def status_of(self, order, now_s=None):
        """
        Return what the world is told of an OrderRecord; with a time also who could take it now.

        An order whose drop place can't be used waits for that, and says so.
        """
        status = self._state.status_of(order, self._term)
        if order.state != saga.State.WAITING or order.held_ms:
            return status
        return replace(status, reason=bars.with_words(
            status.reason, self._who_could(order, now_s)))

    def _who_could(self, order, now_s) -> str:
        """
        Return in words who could take a waiting order (OrderRecord) now.

        now_s: None: only say if no robot that is enrolled ever can, else return ''.
        """
        lane, keeper, never = self._lane_of(order), self._state.keeper, []
        names = [lane.robot] if lane.robot else [
            name for name, is_enrolled in zip(keeper.names, keeper.enrolled) if is_enrolled]
        if now_s is not None:
            return bars.words([self._why_not(now_s, name, lane) for name in names], lane)
        if not (lane.robot or lane.mass_kg or lane.tools):  # as most are
            return ''
        for name in names:
            bar = self._why_never(name, lane)
            # Robots that are waited for when a fleet starts are no news.
            if bar is None or bar is bars.UNHEARD and not lane.robot:
                return ''
            never.append(bar)
        return bars.words(never, lane)

    def _why_never(self, name, lane):
        """Return what keeps a robot from a lane's orders until a person acts (Bar), or None."""
        bar = self._state.why_not_idle(name)
        if bar in (bars.NOT_ENROLLED, bars.UNHEARD):
            return bar
        return Candidate(name, -1, 0.0, True, *self._limits(name)).why_not(lane)

    def _why_not(self, now_s, name, lane):
        """Return what keeps a robot from a lane's orders now (Bar), None if nothing does."""
        bar = self._why_never(name, lane) or self._why_not_idle(now_s, name)
        if bar is None and name in self._state.pauses.drained:
            bar = bars.DRAINED
        if bar is not None:
            return bar
        robot = self._candidate(now_s, name)
        if name in self._charging:
            robot = _charging(robot)
        return robot.why_not(lane) or (
            None if robot.lasts(self._to_goal_s(robot.node, lane), lane) else
            bars.CHARGES if name in self._charging else bars.BATTERY)

    def _candidate(self, now_s, name):
        """Return a robot that has reported, as a Candidate."""
        report = self._report_of(name)
        node = report.held[-1]
        return Candidate(
            name, node, report.pose.yaw_rad, self._bare_until_s.get(name, -inf) <= now_s,
            *self._limits(name), self._energy.range_s(report.battery),
            self._bids.offers(now_s, name, self._boot_of(name), node))

    def _limits(self, name):
        """Return (payload [kg], tools) of a robot."""
        return self._bids.limits(name, self._boot_of(name), self._parts.robot)

    def _boot_of(self, name):
        keeper = self._state.keeper
        return keeper.boots[keeper.numbers[name]]

    def decide(self, now_s, now_ms, idle) -> list:
        """
        Return the events that give idle robots (Candidates) something to do.

        now_ms: log time.
        """
        parts, state = self._parts, self._state
        decided = self._drop_places.decide(self._node_of, now_ms)
        decided += hand_overs(state, parts.site, self._energy, self._battery_of, self._node_of,
                              self._drop_places.why_unusable)
        plan = plan_charging(
            parts.site, parts.config, idle,
            {robot.name: self._battery_of(robot.name) for robot in idle}, state,
            self._energy.charge_for(self._backlog.least_tail_s()),
            self._drop_places.chargers_wanted(self._in_turn(self._held)))
        self._charging = plan.busy
        given = set()
        if len(self._backlog):
            given, about = self._allocate(now_s, now_ms, idle, plan.busy)
            decided += about
        decided += [self._command(name, CommandKind.PARK, place)
                    for name, place in plan.to_charge if name not in given]
        idle = [robot for robot in idle if robot.name not in plan.busy | given]
        # Also while orders wait: a robot that can't take them must not stand in others' way.
        return decided + [self._command(name, CommandKind.PARK, place) for name, place in
                          places_to_park(idle, state.robots, parts, state.keeper, now_ms,
                                         plan.leaving)]

    def _allocate(self, now_s, now_ms, idle, busy):
        """
        Return (names of robots that get an order, the events that give it and others).

        busy: names of robots that charge, so that they get no other orders than to do that.
        """
        state, parts = self._state, self._parts
        free = [_charging(robot) if robot.name in busy else robot
                for robot in idle if robot.name not in state.pauses.drained]
        able = [robot for robot in free if robot.name not in busy]
        ready, _, decided = self._drop_places.ready(self._in_turn(self._held), now_ms)
        queues = self._backlog.look(now_ms, parts.ros_time(), without=self._held.difference(
            order.order_id for order in ready))
        self._call = self._call or self._bids.call(
            now_s, self._free_soon(able), queues.urgent_goals())
        robot_of = {order_id: (name, why) for name, order_id, why in allocate(
            self._strategy, free, queues, parts.travel, self._time_box())}
        ready, drops, about = self._drop_places.ready(self._in_turn(robot_of), now_ms)
        decided += about
        given = set()
        for order in ready:
            name, why = robot_of[order.order_id]
            given.add(name)
            decided += self._begin(name, order, 'ordered for this robot' if order.only_robot
                                   else why, drops.get(order.order_id, ''))
        if parts.config.preempt_priority_gap and {robot.name for robot in able}.issubset(
                name for name, _ in robot_of.values()):
            decided += self._take_over(now_s, now_ms, robot_of)
        return given, decided

    def _in_turn(self, order_ids):
        """Return waiting OrderRecords, the first that came first."""
        return sorted((self._state.live[order_id] for order_id in order_ids),
                      key=lambda order: (order.placed_ms, order.order_id))

    def _take_over(self, now_s, now_ms, given):
        """Return the events that take robots from less urgent orders, while none is free."""
        decided = []
        takers = self._backlog.of_highest_priority(_TAKERS, {*given, *self._held})
        ready, drops, _ = self._drop_places.ready(self._in_turn(takers), now_ms)
        for name, loser, order in takeovers(
                self._state, ready, self._parts.config.preempt_priority_gap,
                lambda name, order: self._way_s(now_s, name, order)):
            decided.append(events.TaskPreempted(loser.order_id, name, order.order_id))
            decided += self._begin(name, order, 'taken from the less urgent order '
                                   f'{loser.order_id}', drops.get(order.order_id, ''))
        return decided

    def _way_s(self, now_s, name, order):
        """Return how far a robot is from an order's first place [s], None if it can't do it."""
        node, lane = self._node_of(name), self._lane_of(order)
        if node is None or self._why_not_begin(now_s, name) is not None:
            return None
        robot, way_s = self._candidate(now_s, name), self._to_goal_s(node, lane)
        return way_s if robot.may(lane) and robot.lasts(way_s, lane) else None

    def _to_goal_s(self, node, lane):
        """Return how far it is from a node to where a lane's orders begin [s]."""
        return 0.0 if lane.goal < 0 else self._parts.travel.least_s(lane.goal, node)

    def _node_of(self, name):
        """Return the last node that a robot is known to hold, None if none is."""
        report = self._report_of(name)
        return report.held[-1] if report is not None and report.held else None

    def _battery_of(self, name):
        """Return a robot's charge, 0 to 1; NaN: unknown."""
        report = self._report_of(name)
        return nan if report is None else report.battery

    def hear_bid(self, now_s, bid) -> None:
        """Take in a robot's Bid."""
        self._bids.hear(now_s, bid)

    def take_call(self):
        """Return the CallForBids to send now, or None, and forget it."""
        call, self._call = self._call, None
        return call

    def _free_soon(self, idle):
        """Return the names of robots that are idle, or at their last drop."""
        state = self._state
        return sorted({robot.name for robot in idle}.union(
            order.robot for order in map(state.live.get, state.engaged)
            if order.state == saga.State.DROPPING))

    def _begin(self, name, order, why, drop):
        """Return the events that give an order to a robot and send it on its way."""
        kind, which = saga.STEPS[saga.next_state(
            saga.State.WAITING, saga.assigned_event(order.leg_kind))]
        place = drop if which == 'drop' and drop else order.place(which)
        begun = [events.TaskAssigned(order.order_id, name, why, drop)]
        return begun + [self._command(name, kind, place, order.order_id)] if place else begun

    def _time_box(self):
        """Return what says whether there is time left to improve an allocation that begins now."""
        clock, end_s = self._parts.clock, self._parts.clock() + self._parts.config.allocation_box_s
        return lambda: clock() < end_s

    def _lane_of(self, order):
        """Return the Lane of an OrderRecord."""
        first = order.place('pick' if order.leg_kind == OrderKind.MOVE else 'drop')
        legs = legs_of(order)[order.leg:]
        # A battery has to last until the robot charges, and no longer.
        once = list(takewhile(lambda leg: leg.kind != OrderKind.CHARGE, legs))
        places = self._parts.site.places
        nodes = [places[name].node for leg in once for name in (leg.pick, leg.drop) if name]
        goal = places[first].node if first else -1
        return Lane(goal, any(leg.kind == OrderKind.MOVE for leg in legs),
                    order.load_mass_kg, order.tools, order.only_robot,
                    self._energy.tail_s((goal, *nodes)) if once else -inf)


def _charging(robot):
    """Return a Candidate that charges: it gets no order but one to charge."""
    return robot._replace(range_s=-inf)
